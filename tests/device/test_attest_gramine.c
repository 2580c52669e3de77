/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence through Gramine's /dev/attestation, answered by an emulated library operating system. */
#include "device/attest_fixture.h"
#include "tee/dcap/quote.h"

#define NAME "gramine"

static void
is_evidence(const struct trial *t, const struct device *d)
{
    struct bl_enclave_report report;
    struct bl_dcap_quote quote;
    struct bulla_error err = { 0 };

    (void)d;
    assert_ok(t->status, &t->err);
    assert_string_equal(t->kind, "sgx");
    assert_int_equal(t->count, 1);
    assert_ok(bl_dcap_quote_decode((struct bulla_bytes){ t->bytes[0], t->sizes[0] }, &quote, &err),
              &err);
    assert_ok(bl_enclave_report_decode(quote.body, &report, &err), &err);
    assert_is_about_the_nonce(report.report_data.data);
}

static void
is_second_try(const struct trial *t, const struct device *d)
{
    is_evidence(t, d);
    assert_int_equal(d->happened.made, 2);
}

static void
test_quote(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, HONEST, PLAINLY, is_evidence));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .type = "dcap\n" }, PLAINLY, is_evidence));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .bytewise = true }, PLAINLY, is_evidence));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .interrupted = 9 }, PLAINLY, is_evidence));
}

/* Another thread of the enclave asked in between. */
static void
test_asked_by_two(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .wrong_count = 1 }, PLAINLY, is_second_try));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .wrong_data = true }, PLAINLY, is_other_data));
}

static void
test_kinds_of_attestation(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .type = "none" }, PLAINLY, is_absent));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .type = "epid" }, PLAINLY, is_unsupported));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .type = "" }, PLAINLY, is_unsupported));
}

static void
is_failure_to_write(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_int_equal(t->err.cause, BULLA_CAUSE_ATTESTER_FAILED);
}

static void
test_lies_and_errors(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .garbage = true }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .more = 100000 }, PLAINLY, is_too_much));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .endless = true }, PLAINLY, is_too_much));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .cut = 1 }, PLAINLY, is_failure_to_write));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = EIO }, PLAINLY, is_failure));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .absent = true }, PLAINLY, is_absent));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .denied = true }, PLAINLY, is_not_permitted));
}

static void
test_no_answer(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest_in_vain(NAME, (struct behaviour){ .never = true }));
}

static void
test_probe(void **state)
{
    struct bl_local_attester_probe found;

    (void)state;
    NEEDS_EMULATOR(probe_device(NAME, HONEST, &found));
    assert_int_equal(found.state, BL_NODE_USABLE);
    assert_string_equal(found.kind, "sgx");
    NEEDS_EMULATOR(probe_device(NAME, (struct behaviour){ .absent = true }, &found));
    assert_int_equal(found.state, BL_NODE_ABSENT);
}

static void
test_each_fault(void **state)
{
    (void)state;
    NEEDS_EMULATOR(each_fault_within(NAME));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_asked_by_two),
        cmocka_unit_test(test_kinds_of_attestation),
        cmocka_unit_test(test_lies_and_errors),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_each_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

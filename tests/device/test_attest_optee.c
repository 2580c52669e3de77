/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of OP-TEE's attestation service through /dev/tee0, answered by an emulated TEE. */
#include "device/attest_fixture.h"

#define NAME "optee"

static const uint8_t application[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                         0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
static const uint8_t no_application[16] = { 1 };

static void
assert_evidence(const struct trial *t, uint8_t digest)
{
    assert_ok(t->status, &t->err);
    assert_string_equal(t->kind, "optee");
    assert_int_equal(t->count, 3);
    assert_string_equal(t->roles[0], "evidence");
    assert_int_equal(t->sizes[0], 32 + 384);
    assert_true(t->bytes[0][0] == digest && t->bytes[0][31] == digest);
    assert_string_equal(t->roles[1], "nonce");
    assert_bytes_equal(((struct bulla_bytes){ t->bytes[1], t->sizes[1] }),
                       BL_BYTES_OF(trial_nonce));
    assert_string_equal(t->roles[2], "device_key");
}

static void
is_of_the_tee(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_evidence(t, 0x7e);
}

static void
is_of_the_application(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_evidence(t, 0x7a);
}

static void
test_measurements(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, HONEST, PLAINLY, is_of_the_tee));
    NEEDS_EMULATOR(attest(NAME, HONEST, (struct asking){ .in_this_process = true }, is_of_the_tee));
    NEEDS_EMULATOR(
        attest(NAME, HONEST, (struct asking){ .ta = application }, is_of_the_application));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .interrupted = 9 }, PLAINLY, is_of_the_tee));
}

static void
is_refusal(const struct trial *t, const struct device *d)
{
    static const struct {
        uint32_t code;
        enum bulla_cause cause;
    } known[] = { { 0xffff0001, BULLA_CAUSE_ATTESTER_NOT_PERMITTED },
                  { 0xffff0008, BULLA_CAUSE_NO_ATTESTER },
                  { 0xffff000a, BULLA_CAUSE_NO_ATTESTER },
                  { 0xffff000d, BULLA_CAUSE_BUSY },
                  { 0xffff0000, BULLA_CAUSE_ATTESTER_FAILED } };

    for (size_t i = 0; i < BL_COUNT_OF(known); i++)
        if (known[i].code == d->does.code)
            assert_int_equal(t->err.cause, known[i].cause);
    assert_int_equal(t->err.detail, d->does.code);
}

static void
test_refusals(void **state)
{
    static const uint32_t codes[] = { 0xffff0001, 0xffff0008, 0xffff000a, 0xffff000d, 0xffff0000 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(codes); i++)
        NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .code = codes[i] }, PLAINLY, is_refusal));
    NEEDS_EMULATOR(attest(NAME, HONEST, (struct asking){ .ta = no_application }, is_absent));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .without_service = true }, PLAINLY, is_absent));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .is_another_tee = true }, PLAINLY, is_absent));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .absent = true }, PLAINLY, is_absent));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .denied = true }, PLAINLY, is_not_permitted));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = EIO }, PLAINLY, is_failure));
}

static void
test_lies(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .wrong_data = true }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .garbage = true }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .cut = 1 }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .cut = 1000 }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .more = 1 }, PLAINLY, is_no_answer));
    /* more than the shared memory has; less of it than was asked for */
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .size_said = 100000 }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .size_said = 1025 }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .size = 16 }, PLAINLY, is_no_answer));
}

static void
test_no_answer(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest_in_vain(NAME, (struct behaviour){ .never = true }));
}

static void
test_each_fault(void **state)
{
    (void)state;
    NEEDS_EMULATOR(each_fault(NAME, BL_FAULT_FILE, /* in_this_process= */ true, application));
    NEEDS_EMULATOR(each_fault(NAME, BL_FAULT_MEMORY, /* in_this_process= */ true, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measurements), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_lies),         cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_each_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

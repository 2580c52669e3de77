/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence through /dev/sev-guest, answered by an emulated driver, hypervisor and firmware. */
#include "device/attest_snp.h"

#define NAME "sev-guest"

static void
is_evidence(const struct trial *t, const struct device *d)
{
    (void)d;
    (void)assert_snp_evidence(t);
}

static void
test_report_and_certificates(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, HONEST, PLAINLY, is_evidence));
    NEEDS_EMULATOR(attest(NAME, HONEST, (struct asking){ .in_this_process = true }, is_evidence));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .interrupted = 20 }, PLAINLY, is_evidence));
    NEEDS_EMULATOR(attest_without_a_usable_table(NAME));
}

static void
is_evidence_at_once(const struct trial *t, const struct device *d)
{
    is_evidence(t, d);
    assert_int_equal(d->happened.calls, 1);
}

static void
is_evidence_at_the_second(const struct trial *t, const struct device *d)
{
    is_evidence(t, d);
    assert_int_equal(d->happened.calls, 2);
}

static void
is_report_at_the_second(const struct trial *t, const struct device *d)
{
    is_report_alone(t, d);
    assert_int_equal(d->happened.calls, 2);
}

static void
is_report_at_the_third(const struct trial *t, const struct device *d)
{
    is_report_alone(t, d);
    assert_int_equal(d->happened.calls, 3);
}

/* More room once, as much as the host says, if that can be; a host that never has enough gets a request
 * without. */
static void
test_room_for_certificates(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .pages = 4 }, PLAINLY, is_evidence_at_once));
    NEEDS_EMULATOR(
        attest(NAME, (struct behaviour){ .pages = 5 }, PLAINLY, is_evidence_at_the_second));
    NEEDS_EMULATOR(
        attest(NAME, (struct behaviour){ .pages = 16 }, PLAINLY, is_evidence_at_the_second));
    NEEDS_EMULATOR(
        attest(NAME, (struct behaviour){ .pages = 17 }, PLAINLY, is_report_at_the_second));
    NEEDS_EMULATOR(
        attest(NAME, (struct behaviour){ .pages_said = 8 }, PLAINLY, is_report_at_the_third));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .pages_said = 4 }, PLAINLY,
                          is_report_at_the_second)); /* no more than it has */
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .pages_said = 0xfffff }, PLAINLY,
                          is_report_at_the_second));
}

static void
test_throttled(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .busy = 2 }, PLAINLY, is_evidence));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .busy = FOREVER },
                          (struct asking){ .timeout_ms = 1200 }, is_busy));
}

static void
is_firmware_failure(const struct trial *t, const struct device *d)
{
    assert_int_equal(t->err.cause, BULLA_CAUSE_ATTESTER_FAILED);
    assert_int_equal(t->err.detail, d->does.code != 0 ? d->does.code : d->does.vmm_error);
    assert_int_equal(d->happened.calls, 1); /* the driver has given its key up: no second try */
}

static void
test_refusals(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = EIO }, PLAINLY, is_failure));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = ENOTTY }, PLAINLY, is_failure));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = EIO, .code = 0x16, .vmm_error = 7 },
                          PLAINLY, is_firmware_failure));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = EIO, .vmm_error = 7 }, PLAINLY,
                          is_firmware_failure));
    /* success of the call is no success of the hypervisor, nor of the firmware */
    NEEDS_EMULATOR(
        attest(NAME, (struct behaviour){ .vmm_error = 7 }, PLAINLY, is_firmware_failure));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .code = 0x16 }, PLAINLY, is_firmware_failure));
}

static void
test_lies(void **state)
{
    static const uint64_t sizes[] = { 1, 0x49f, 0x4a1, 4000, 0xffffffff };

    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .wrong_data = true }, PLAINLY, is_other_data));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .garbage = true }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .cut = 1 }, PLAINLY, is_no_answer));
    for (size_t i = 0; i < BL_COUNT_OF(sizes); i++)
        NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .size = sizes[i] }, PLAINLY, is_no_answer));
}

static void
test_not_there(void **state)
{
    struct bl_local_attester_probe found;

    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .absent = true }, PLAINLY, is_absent));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .denied = true }, PLAINLY, is_not_permitted));
    NEEDS_EMULATOR(probe_device(NAME, HONEST, &found));
    assert_int_equal(found.state, BL_NODE_USABLE);
    NEEDS_EMULATOR(probe_device(NAME, (struct behaviour){ .absent = true }, &found));
    assert_int_equal(found.state, BL_NODE_ABSENT);
    NEEDS_EMULATOR(probe_device(NAME, (struct behaviour){ .denied = true }, &found));
    assert_int_equal(found.state, BL_NODE_NOT_PERMITTED);
}

static void
test_no_answer(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest_in_vain(NAME, (struct behaviour){ .never = true }));
    NEEDS_EMULATOR(attest_in_vain(NAME, (struct behaviour){ .interrupted = FOREVER }));
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
        cmocka_unit_test(test_report_and_certificates),
        cmocka_unit_test(test_room_for_certificates),
        cmocka_unit_test(test_throttled),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_each_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

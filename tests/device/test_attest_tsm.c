/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence through configfs-tsm, answered by an emulated kernel that behaves well, or does not. */
#include "device/attest_snp.h"
#include "device/makers.h"

#define NAME "configfs-tsm"

/* -- what is right ------------------------------------------------------------------------------ */

static void
is_snp_evidence(const struct trial *t, const struct device *d)
{
    struct bl_snp_report fields = assert_snp_evidence(t);

    assert_int_equal(fields.vmpl, d->does.floor);
    assert_int_equal(d->happened.entries_made, 1);
}

static void
test_snp(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, HONEST, PLAINLY, is_snp_evidence));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .floor = 2 }, PLAINLY, is_snp_evidence));
    NEEDS_EMULATOR(
        attest(NAME, HONEST, (struct asking){ .in_this_process = true }, is_snp_evidence));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .bytewise = true }, PLAINLY, is_snp_evidence));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .interrupted = 40 }, PLAINLY, is_snp_evidence));
}

static void
is_tdx_evidence(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_ok(t->status, &t->err);
    assert_string_equal(t->kind, "tdx");
    assert_int_equal(t->count, 1);
}

static void
is_tdx_evidence_with_log(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_ok(t->status, &t->err);
    assert_string_equal(t->kind, "tdx");
    assert_int_equal(t->count, 2);
}

static void
is_cca_evidence(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_ok(t->status, &t->err);
    assert_string_equal(t->kind, "cca");
    assert_int_equal(t->count, 1);
}

static void
test_tdx_and_cca(void **state)
{
    (void)state;
    NEEDS_EMULATOR(
        attest(NAME, (struct behaviour){ .provider = "tdx_guest" }, PLAINLY, is_tdx_evidence));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .provider = "tdx_guest", .with_log = true },
                          PLAINLY, is_tdx_evidence_with_log));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .with_log = true }, PLAINLY, is_snp_evidence));
    /* quotes come in buffers of a fixed size */
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .provider = "tdx_guest", .more = 2000 },
                          PLAINLY, is_tdx_evidence));
    NEEDS_EMULATOR(
        attest(NAME, (struct behaviour){ .provider = "arm_cca_guest" }, PLAINLY, is_cca_evidence));
}

static void
test_snp_without_a_usable_table(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest_without_a_usable_table(NAME));
}

/* -- somebody else, and the kernel itself --------------------------------------------------------- */

static void
is_second_try(const struct trial *t, const struct device *d)
{
    assert_ok(t->status, &t->err);
    assert_int_equal(d->happened.entries_made, 2);
}

/* The generation is looked at after the evidence was read, and tells. */
static void
test_changed_by_somebody_else(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .moves = 1 }, PLAINLY, is_second_try));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .moves = FOREVER }, PLAINLY, is_busy));
}

/* Closing inblob is what makes it count, and its failure is told to nobody. */
static void
test_nonce_that_was_not_taken(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .deaf = true }, PLAINLY, is_busy));
}

static void
test_busy(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .busy = 1 }, PLAINLY, is_second_try));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .busy = FOREVER }, PLAINLY, is_busy));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = EBUSY }, PLAINLY, is_busy));
}

/* -- lies --------------------------------------------------------------------------------------- */

static void
test_evidence_about_something_else(void **state)
{
    static const char *const providers[] = { "sev_guest", "tdx_guest", "arm_cca_guest" };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(providers); i++)
        NEEDS_EMULATOR(attest(NAME,
                              (struct behaviour){ .provider = providers[i], .wrong_data = true },
                              PLAINLY, is_other_data));
}

static void
test_evidence_that_is_none(void **state)
{
    static const char *const providers[] = { "sev_guest", "tdx_guest", "arm_cca_guest" };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(providers); i++) {
        NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .provider = providers[i], .cut = 1 },
                              PLAINLY, is_no_answer));
        NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .provider = providers[i], .cut = 100000 },
                              PLAINLY, is_no_answer));
    }
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .more = 1 }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .provider = "tdx_guest", .garbage = true },
                          PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .provider = "arm_cca_guest", .garbage = true },
                          PLAINLY, is_no_answer));
}

static void
test_texts_that_are_none(void **state)
{
    static const char *const generations[] = { "", "x", "-1", "1 2", "99999999999999999999999" };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(generations); i++)
        NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .generation = generations[i] }, PLAINLY,
                              is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .floor = 4 }, PLAINLY, is_no_answer));
}

static void
test_files_that_do_not_end(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .endless = true }, PLAINLY, is_too_much));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .provider = "tdx_guest", .more = 1100000 },
                          PLAINLY, is_too_much));
}

static void
test_providers_that_are_not_known(void **state)
{
    (void)state;
    NEEDS_EMULATOR(
        attest(NAME, (struct behaviour){ .provider = "new_guest" }, PLAINLY, is_unsupported));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .provider = "" }, PLAINLY, is_no_answer));
}

/* -- what is not there, and what does not answer ---------------------------------------------------- */

static void
test_errors(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .absent = true }, PLAINLY, is_absent));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = ENXIO }, PLAINLY, is_absent));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .denied = true }, PLAINLY, is_not_permitted));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = EIO }, PLAINLY, is_failure));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = ENOTTY }, PLAINLY, is_failure));
}

/* Its directory is removed by who waited for it. */
static void
test_a_kernel_that_does_not_answer(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest_in_vain(NAME, (struct behaviour){ .never = true }));
    NEEDS_EMULATOR(attest_in_vain(NAME, (struct behaviour){ .interrupted = FOREVER }));
}

static void
test_sizes_of_nonces(void **state)
{
    static const uint8_t bytes[65] = { 1 };

    (void)state;
    NEEDS_EMULATOR(attest(NAME, HONEST, (struct asking){ .nonce = { bytes, 65 } }, is_misuse));
    NEEDS_EMULATOR(attest(NAME, HONEST, (struct asking){ .nonce = { bytes, 0 } }, is_misuse));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .provider = "tdx_guest" },
                          (struct asking){ .nonce = { bytes, 64 } }, is_tdx_evidence));
}

/* -- every call that can fail --------------------------------------------------------------------- */

static void
test_each_fault(void **state)
{
    (void)state;
    NEEDS_EMULATOR(each_fault_within(NAME));
    NEEDS_EMULATOR(each_fault(NAME, BL_FAULT_RANDOM, /* in_this_process= */ true, NULL));
}

/* Of the waiting side: no process, no connection. */
static void
test_each_fault_of_the_worker(void **state)
{
    (void)state;
    NEEDS_EMULATOR(each_fault(NAME, BL_FAULT_PROCESS, /* in_this_process= */ false, NULL));
    NEEDS_EMULATOR(each_fault(NAME, BL_FAULT_SOCKET, /* in_this_process= */ false, NULL));
    NEEDS_EMULATOR(each_fault(NAME, BL_FAULT_MEMORY, /* in_this_process= */ false, NULL));
}

/* -- what is there ------------------------------------------------------------------------------ */

static void
test_probe(void **state)
{
    struct bl_local_attester_probe found;

    (void)state;
    NEEDS_EMULATOR(probe_device(NAME, HONEST, &found));
    assert_int_equal(found.state, BL_NODE_USABLE);
    assert_string_equal(found.kind, "snp");
    NEEDS_EMULATOR(probe_device(NAME, (struct behaviour){ .provider = "tdx_guest" }, &found));
    assert_string_equal(found.kind, "tdx");
    NEEDS_EMULATOR(probe_device(NAME, (struct behaviour){ .denied = true }, &found));
    assert_int_equal(found.state, BL_NODE_NOT_PERMITTED);
    NEEDS_EMULATOR(probe_device(NAME, (struct behaviour){ .error = ENXIO }, &found));
    assert_int_equal(found.state, BL_NODE_ABSENT);
    NEEDS_EMULATOR(probe_device(NAME, (struct behaviour){ .provider = "new_guest" }, &found));
    assert_int_equal(found.state, BL_NODE_ABSENT);
    assert_null(found.kind);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snp),
        cmocka_unit_test(test_tdx_and_cca),
        cmocka_unit_test(test_snp_without_a_usable_table),
        cmocka_unit_test(test_changed_by_somebody_else),
        cmocka_unit_test(test_nonce_that_was_not_taken),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_evidence_about_something_else),
        cmocka_unit_test(test_evidence_that_is_none),
        cmocka_unit_test(test_texts_that_are_none),
        cmocka_unit_test(test_files_that_do_not_end),
        cmocka_unit_test(test_providers_that_are_not_known),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_a_kernel_that_does_not_answer),
        cmocka_unit_test(test_sizes_of_nonces),
        cmocka_unit_test(test_each_fault),
        cmocka_unit_test(test_each_fault_of_the_worker),
        cmocka_unit_test(test_probe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

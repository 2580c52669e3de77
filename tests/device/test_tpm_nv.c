/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm_fixture.h"

#define INDEX 0x01800003u

static enum bulla_status
write_once(struct fixture *f, struct bulla_bytes content, enum bl_tpm_nv_lock lock,
           struct bulla_error *err)
{
    return bl_tpm_nv_write_once(f->tpm, INDEX, content, lock, err);
}

static void
assert_content(struct fixture *f, struct bulla_bytes expected)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };

    assert_ok(bl_tpm_nv_read(f->tpm, INDEX, expected.size, &content, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&content), expected);
}

/* TPM2_NV_Write by whoever may, without our code in between. */
static TPM2_RC
overwrite(struct fixture *f)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    TPM2B_MAX_NV_BUFFER data = { .size = 1, .buffer = { 0xee } };

    assert_ok(bl_tpm_nv_open(f->tpm, INDEX, &nv, NULL, &err), &err);
    return bl_tpm_code(Esys_NV_Write(f->tpm->esys, ESYS_TR_RH_PLATFORM, nv.tr, ESYS_TR_PASSWORD,
                                     ESYS_TR_NONE, ESYS_TR_NONE, &data, 0));
}

static void
test_written_once_until_the_next_start(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_name locked = { 0 }, unlocked = { 0 }, again = { 0 };

    assert_ok(write_once(f, BL_LITERAL("12345678"), BL_TPM_NV_LOCKED_UNTIL_START, &err), &err);
    assert_content(f, BL_LITERAL("12345678"));
    assert_ok(write_once(f, BL_LITERAL("12345678"), BL_TPM_NV_LOCKED_UNTIL_START, &err), &err);
    assert_fails(write_once(f, BL_LITERAL("12345679"), BL_TPM_NV_LOCKED_UNTIL_START, &err),
                 BULLA_E_EXISTS, &err);
    assert_fails(write_once(f, BL_LITERAL("12345678"), BL_TPM_NV_LOCKED_FOR_EVER, &err),
                 BULLA_E_EXISTS, &err);
    assert_fails(write_once(f, BL_LITERAL("1234567"), BL_TPM_NV_LOCKED_UNTIL_START, &err),
                 BULLA_E_EXISTS, &err);
    bulla_error_clear(&err);
    assert_int_equal(overwrite(f), TPM2_RC_NV_LOCKED);
    assert_content(f, BL_LITERAL("12345678"));
    assert_ok(bl_tpm_nv_name(f->tpm, INDEX, &locked, &err), &err);

    fixture_close(f);
    fixture_open(f);
    assert_ok(bl_tpm_nv_name(f->tpm, INDEX, &unlocked, &err), &err);
    assert_false(bl_tpm_name_equal(&locked, &unlocked));
    assert_ok(write_once(f, BL_LITERAL("87654321"), BL_TPM_NV_LOCKED_UNTIL_START, &err), &err);
    assert_content(f, BL_LITERAL("87654321"));
    assert_ok(bl_tpm_nv_name(f->tpm, INDEX, &again, &err), &err);
    assert_true(bl_tpm_name_equal(&locked, &again));
}

static void
test_written_once_for_ever(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };

    assert_ok(write_once(f, BL_LITERAL("x"), BL_TPM_NV_LOCKED_FOR_EVER, &err), &err);
    for (int start = 0; start < 2; start++) {
        assert_int_equal(overwrite(f), TPM2_RC_NV_LOCKED);
        assert_fails(write_once(f, BL_LITERAL("y"), BL_TPM_NV_LOCKED_FOR_EVER, &err),
                     BULLA_E_EXISTS, &err);
        bulla_error_clear(&err);
        assert_ok(write_once(f, BL_LITERAL("x"), BL_TPM_NV_LOCKED_FOR_EVER, &err), &err);
        assert_content(f, BL_LITERAL("x"));
        fixture_close(f);
        fixture_open(f);
    }
}

/* The owner cannot put another index in its place: the platform made it. */
static void
test_the_owner_cannot_remove_it(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_tpm_handle) nv = { 0 };

    assert_ok(write_once(f, BL_LITERAL("x"), BL_TPM_NV_LOCKED_FOR_EVER, &err), &err);
    assert_ok(bl_tpm_nv_open(f->tpm, INDEX, &nv, NULL, &err), &err);
    TSS2_RC rc = Esys_NV_UndefineSpace(f->tpm->esys, ESYS_TR_RH_OWNER, nv.tr, ESYS_TR_PASSWORD,
                                       ESYS_TR_NONE, ESYS_TR_NONE);
    assert_int_equal(bl_tpm_code(rc), TPM2_RC_NV_AUTHORIZATION);
}

static void
test_limits_of_an_index(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    static const uint8_t large[513];
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_tpm_name name = { 0 };

    assert_fails(write_once(f, (struct bulla_bytes){ large, 0 }, BL_TPM_NV_LOCKED_FOR_EVER, &err),
                 BULLA_E_LIMIT, &err);
    assert_fails(write_once(f, BL_BYTES_OF(large), BL_TPM_NV_LOCKED_FOR_EVER, &err), BULLA_E_LIMIT,
                 &err);
    assert_fails(write_once(f, BL_LITERAL("x"), 0, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_tpm_nv_read(f->tpm, INDEX, 8, &content, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_tpm_nv_name(f->tpm, INDEX, &name, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_tpm_nv_read(f->tpm, 0x81000001, 8, &content, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_tpm_nv_read(f->tpm, 0x02000000, 8, &content, &err), BULLA_E_ARGUMENT, &err);
    bulla_error_clear(&err);
    assert_ok(write_once(f, (struct bulla_bytes){ large, 512 }, BL_TPM_NV_LOCKED_FOR_EVER, &err),
              &err);
    assert_fails(bl_tpm_nv_read(f->tpm, INDEX, 511, &content, &err), BULLA_E_LIMIT, &err);
    assert_int_equal(content.size, 0);
    assert_content(f, (struct bulla_bytes){ large, 512 });
}

static void
test_an_index_never_written_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };

    assert_ok(bl_tpm_nv_define(f->tpm, ESYS_TR_RH_OWNER, INDEX,
                               TPMA_NV_AUTHREAD | TPMA_NV_OWNERWRITE, 8, &err),
              &err);
    assert_fails(bl_tpm_nv_read(f->tpm, INDEX, 8, &content, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(write_once(f, BL_LITERAL("12345678"), BL_TPM_NV_LOCKED_UNTIL_START, &err),
                 BULLA_E_EXISTS, &err); /* not of our making */
}

static void
test_a_counter_only_grows(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    uint64_t first = 0, value = 0;

    assert_fails(bl_tpm_counter_read(f->tpm, INDEX, &value, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_tpm_counter_increment(f->tpm, INDEX, &value, &err), BULLA_E_NOT_FOUND, &err);
    bulla_error_clear(&err);
    assert_ok(bl_tpm_counter_define(f->tpm, INDEX, &err), &err);
    assert_ok(bl_tpm_counter_read(f->tpm, INDEX, &first, &err), &err);
    assert_ok(bl_tpm_counter_define(f->tpm, INDEX, &err), &err);
    assert_ok(bl_tpm_counter_read(f->tpm, INDEX, &value, &err), &err);
    assert_int_equal(value, first);
    for (uint64_t i = 1; i <= 5; i++) {
        assert_ok(bl_tpm_counter_increment(f->tpm, INDEX, &value, &err), &err);
        assert_int_equal(value, first + i);
    }
    fixture_close(f);
    fixture_open(f);
    assert_ok(bl_tpm_counter_read(f->tpm, INDEX, &value, &err), &err);
    assert_int_equal(value, first + 5);

    struct bl_tpm_handle nv = { 0 };
    assert_ok(bl_tpm_nv_open(f->tpm, INDEX, &nv, NULL, &err), &err);
    assert_int_equal(Esys_NV_UndefineSpace(f->tpm->esys, ESYS_TR_RH_OWNER, nv.tr, ESYS_TR_PASSWORD,
                                           ESYS_TR_NONE, ESYS_TR_NONE),
                     0);
    assert_ok(bl_tpm_counter_define(f->tpm, INDEX, &err), &err);
    assert_ok(bl_tpm_counter_read(f->tpm, INDEX, &value, &err), &err);
    assert_true(value > first + 5); /* removing it takes nothing back */
}

static void
test_something_else_is_no_counter(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    uint64_t value = 7;

    assert_ok(write_once(f, BL_LITERAL("12345678"), BL_TPM_NV_LOCKED_UNTIL_START, &err), &err);
    assert_fails(bl_tpm_counter_define(f->tpm, INDEX, &err), BULLA_E_EXISTS, &err);
    assert_fails(bl_tpm_counter_read(f->tpm, INDEX, &value, &err), BULLA_E_EXISTS, &err);
    assert_fails(bl_tpm_counter_increment(f->tpm, INDEX, &value, &err), BULLA_E_EXISTS, &err);
    assert_int_equal(value, 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tpm(test_written_once_until_the_next_start),   with_tpm(test_written_once_for_ever),
        with_tpm(test_the_owner_cannot_remove_it),          with_tpm(test_limits_of_an_index),
        with_tpm(test_an_index_never_written_is_not_found), with_tpm(test_a_counter_only_grows),
        with_tpm(test_something_else_is_no_counter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

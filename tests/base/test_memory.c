/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"

static void
test_equal_compares_sizes_and_every_byte(void **state)
{
    (void)state;
    uint8_t a[32] = { 0 }, b[32] = { 0 };

    assert_true(bl_equal(BL_BYTES_OF(a), BL_BYTES_OF(b)));
    assert_false(bl_equal(BL_BYTES_OF(a), (struct bulla_bytes){ b, 31 }));
    assert_true(bl_equal((struct bulla_bytes){ NULL, 0 }, (struct bulla_bytes){ a, 0 }));
    for (size_t i = 0; i < sizeof a; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            b[i] = (uint8_t)(1u << bit);
            assert_false(bl_equal(BL_BYTES_OF(a), BL_BYTES_OF(b)));
        }
        b[i] = 0;
    }
}

static void
test_all_zero_sees_every_byte(void **state)
{
    (void)state;
    uint8_t a[16] = { 0 };

    assert_true(bl_all_zero(BL_BYTES_OF(a)));
    for (size_t i = 0; i < sizeof a; i++) {
        a[i] = 1;
        assert_false(bl_all_zero(BL_BYTES_OF(a)));
        a[i] = 0;
    }
}

static void
test_wipe_zeroes(void **state)
{
    (void)state;
    uint8_t a[16];

    memset(a, 0xaa, sizeof a);
    bl_wipe(a, sizeof a);
    assert_true(bl_all_zero(BL_BYTES_OF(a)));
}

static void
test_alloc_zeroes_fails_and_refuses_overflow(void **state)
{
    (void)state;
    uint8_t *memory = bl_alloc(4, 8);

    assert_non_null(memory);
    assert_true(bl_all_zero((struct bulla_bytes){ memory, 32 }));
    bl_free(memory);
    bl_free(NULL);
    assert_null(bl_alloc(SIZE_MAX / 2, 3));
    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    assert_null(bl_alloc(1, 1));
    assert_true(bl_fault_disarm());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_compares_sizes_and_every_byte),
        cmocka_unit_test(test_all_zero_sees_every_byte),
        cmocka_unit_test(test_wipe_zeroes),
        cmocka_unit_test(test_alloc_zeroes_fails_and_refuses_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

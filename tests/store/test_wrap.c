/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "store/wrap.h"

static const uint8_t key[32] = { 7 };

static void
test_a_value_opens_only_in_its_place(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) wrapped = { 0 };
    const struct bl_wrap_place place = { "secrets", BL_LITERAL("db/password"), 3 };
    const struct bl_wrap_place others[] = { { "secretz", BL_LITERAL("db/password"), 3 },
                                            { "secrets", BL_LITERAL("db/passworD"), 3 },
                                            { "secrets", BL_LITERAL("db/password"), 2 } };
    static const uint8_t other_key[32] = { 8 };

    assert_ok(bl_wrap(BL_BYTES_OF(key), &place, BL_LITERAL("hunter2"), &wrapped, &err), &err);
    assert_null(memmem(wrapped.data, wrapped.size, "hunter2", 7));
    {
        BL_AUTO(bl_secret) back = { 0 };
        assert_ok(bl_unwrap(BL_BYTES_OF(key), &place, bulla_buffer_bytes(&wrapped), &back, &err),
                  &err);
        assert_bytes_equal(bl_secret_bytes(&back), BL_LITERAL("hunter2"));
    }
    for (size_t i = 0; i < 3; i++) {
        BL_AUTO(bl_secret) back = { 0 };
        assert_fails(
            bl_unwrap(BL_BYTES_OF(key), &others[i], bulla_buffer_bytes(&wrapped), &back, &err),
            BULLA_E_INTEGRITY, &err);
        assert_null(back.data);
    }
    BL_AUTO(bl_secret) back = { 0 };
    assert_fails(
        bl_unwrap(BL_BYTES_OF(other_key), &place, bulla_buffer_bytes(&wrapped), &back, &err),
        BULLA_E_INTEGRITY, &err);
}

static void
test_every_bit_counts(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) wrapped = { 0 };
    const struct bl_wrap_place place = { "secrets", BL_LITERAL("a"), 1 };

    assert_ok(bl_wrap(BL_BYTES_OF(key), &place, BL_LITERAL("value"), &wrapped, &err), &err);
    for (size_t i = 0; i < 8 * wrapped.size; i++) {
        BL_AUTO(bl_secret) back = { 0 };
        wrapped.data[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_fails(bl_unwrap(BL_BYTES_OF(key), &place, bulla_buffer_bytes(&wrapped), &back, &err),
                     BULLA_E_INTEGRITY, &err);
        wrapped.data[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    for (size_t size = 0; size < wrapped.size; size++) {
        BL_AUTO(bl_secret) back = { 0 };
        assert_fails(bl_unwrap(BL_BYTES_OF(key), &place, (struct bulla_bytes){ wrapped.data, size },
                               &back, &err),
                     BULLA_E_INTEGRITY, &err);
    }
}

static void
test_two_wraps_differ(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) one = { 0 };
    BL_AUTO(bulla_buffer) two = { 0 };
    const struct bl_wrap_place place = { "secrets", BL_LITERAL("a"), 1 };

    assert_ok(bl_wrap(BL_BYTES_OF(key), &place, BL_LITERAL("value"), &one, &err), &err);
    assert_ok(bl_wrap(BL_BYTES_OF(key), &place, BL_LITERAL("value"), &two, &err), &err);
    assert_memory_not_equal(one.data, two.data, 12);
}

static void
test_every_failing_allocation(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const struct bl_wrap_place place = { "secrets", BL_LITERAL("a"), 1 };
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        BL_AUTO(bulla_buffer) wrapped = { 0 };
        bulla_error_clear(&err);
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        enum bulla_status status =
            bl_wrap(BL_BYTES_OF(key), &place, BL_LITERAL("value"), &wrapped, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_MEMORY : BULLA_OK);
        assert_int_equal(wrapped.size, reached ? 0 : 5 + 28);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_value_opens_only_in_its_place),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_two_wraps_differ),
        cmocka_unit_test(test_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/buffer.h"
#include "base/fault.h"

static void
test_appends_and_grows(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) buffer = { 0 };
    struct bulla_error err = { 0 };

    for (unsigned i = 0; i < 1000; i++) {
        uint8_t byte = (uint8_t)i;
        assert_ok(bulla_buffer_append(&buffer, (struct bulla_bytes){ &byte, 1 }, &err), &err);
    }
    assert_int_equal(buffer.size, 1000);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(buffer.data[i], (uint8_t)i);
}

static void
test_failed_append_changes_nothing(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) buffer = { 0 };
    struct bulla_error err = { 0 };
    uint8_t large[1000] = { 1 };

    assert_ok(bulla_buffer_append(&buffer, BL_LITERAL("kept"), &err), &err);
    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    assert_fails(bulla_buffer_append(&buffer, BL_BYTES_OF(large), &err), BULLA_E_MEMORY, &err);
    assert_true(bl_fault_disarm());
    assert_bytes_equal(bulla_buffer_bytes(&buffer), BL_LITERAL("kept"));
    assert_fails(
        bulla_buffer_append(&buffer, (struct bulla_bytes){ large, BL_BUFFER_SIZE_MAX }, &err),
        BULLA_E_LIMIT, &err);
    assert_bytes_equal(bulla_buffer_bytes(&buffer), BL_LITERAL("kept"));
}

static void
test_take_leaves_it_empty(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) buffer = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bulla_buffer_append(&buffer, BL_LITERAL("moved"), &err), &err);
    BL_AUTO(bulla_buffer) taken = bulla_buffer_take(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.size, 0);
    assert_bytes_equal(bulla_buffer_bytes(&taken), BL_LITERAL("moved"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends_and_grows),
        cmocka_unit_test(test_failed_append_changes_nothing),
        cmocka_unit_test(test_take_leaves_it_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

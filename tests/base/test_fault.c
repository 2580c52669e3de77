/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"

static void
test_silent_unless_armed(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_false(bl_fault_point(BL_FAULT_FILE));
    assert_false(bl_fault_disarm());
}

static void
test_fails_once_at_the_nth(void **state)
{
    (void)state;
    bl_fault_arm(BL_FAULT_FILE, 3, false);
    assert_false(bl_fault_point(BL_FAULT_FILE));
    assert_false(bl_fault_point(BL_FAULT_MEMORY));
    assert_false(bl_fault_point(BL_FAULT_FILE));
    assert_true(bl_fault_point(BL_FAULT_FILE));
    assert_false(bl_fault_point(BL_FAULT_FILE));
    assert_true(bl_fault_disarm());
    assert_false(bl_fault_point(BL_FAULT_FILE));
}

static void
test_fails_for_ever_from_the_nth(void **state)
{
    (void)state;
    bl_fault_arm(BL_FAULT_SOCKET, 2, true);
    assert_false(bl_fault_point(BL_FAULT_SOCKET));
    assert_true(bl_fault_point(BL_FAULT_SOCKET));
    assert_true(bl_fault_point(BL_FAULT_SOCKET));
    assert_true(bl_fault_disarm());
}

static void
test_reports_when_the_nth_was_never_reached(void **state)
{
    (void)state;
    bl_fault_arm(BL_FAULT_TPM, 2, false);
    assert_false(bl_fault_point(BL_FAULT_TPM));
    assert_false(bl_fault_disarm());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent_unless_armed),
        cmocka_unit_test(test_fails_once_at_the_nth),
        cmocka_unit_test(test_fails_for_ever_from_the_nth),
        cmocka_unit_test(test_reports_when_the_nth_was_never_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <limits.h>
#include <time.h>

#include "sys/clock.h"

static void
test_wall_clock_is_the_system_one(void **state)
{
    (void)state;
    int64_t before = time(NULL), now = bl_clock_now_s();

    assert_true(now >= before && now <= time(NULL) + 1);
}

static void
test_monotonic_passes_while_sleeping(void **state)
{
    (void)state;
    int64_t before = bl_clock_monotonic_ms();

    bl_clock_sleep_ms(20);
    int64_t passed = bl_clock_monotonic_ms() - before;
    assert_true(passed >= 19 && passed < 10000);
}

static void
test_deadline_counts_down_and_stops_at_zero(void **state)
{
    (void)state;
    int left = bl_clock_left_ms(bl_clock_deadline(60000));

    assert_true(left > 50000 && left <= 60000);
    assert_int_equal(bl_clock_left_ms(bl_clock_monotonic_ms() - 5), 0);
    assert_int_equal(bl_clock_left_ms(INT64_MIN / 2), 0);
    assert_int_equal(bl_clock_left_ms(INT64_MAX / 2), INT_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall_clock_is_the_system_one),
        cmocka_unit_test(test_monotonic_passes_while_sleeping),
        cmocka_unit_test(test_deadline_counts_down_and_stops_at_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

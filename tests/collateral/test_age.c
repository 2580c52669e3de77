/* SPDX-License-Identifier: Apache-2.0 */
/* When collateral is to be renewed, and when an alarm is raised: both sides of each line. */
#include "collateral/age.h"
#include "unit.h"

#define DAY_S 86400

static enum bl_collateral_age
age(int64_t day, int64_t second)
{
    const struct bl_collateral_facts facts = { .issued_s = 0, .until_s = 30 * DAY_S };

    return bl_collateral_age(&facts, day * DAY_S + second);
}

static void
test_lines(void **state)
{
    (void)state;
    assert_int_equal(age(0, -1), BL_AGE_EARLY);
    assert_int_equal(age(0, 0), BL_AGE_FRESH);
    assert_int_equal(age(15, -1), BL_AGE_FRESH);
    assert_int_equal(age(15, 0), BL_AGE_HALF);
    assert_int_equal(age(23, -1), BL_AGE_HALF);
    assert_int_equal(age(23, 0), BL_AGE_WEEK);
    assert_int_equal(age(28, -1), BL_AGE_WEEK);
    assert_int_equal(age(28, 0), BL_AGE_TWO_DAYS);
    assert_int_equal(age(30, -1), BL_AGE_TWO_DAYS);
    assert_int_equal(age(30, 0), BL_AGE_DUE);
    assert_int_equal(age(300, 0), BL_AGE_DUE);
}

/* A list that is made anew each day does not raise an alarm each day. */
static void
test_short_lives(void **state)
{
    const struct bl_collateral_facts facts = { .issued_s = 0, .until_s = DAY_S };

    (void)state;
    assert_int_equal(bl_collateral_age(&facts, DAY_S / 2 - 1), BL_AGE_FRESH);
    assert_int_equal(bl_collateral_age(&facts, DAY_S / 2), BL_AGE_TWO_DAYS);
    assert_int_equal(bl_collateral_age(&facts, DAY_S), BL_AGE_DUE);
}

/* Nobody issues a VCEK anew because half of its seven years have gone by. */
static void
test_certificates(void **state)
{
    const struct bl_collateral_facts facts = { .until_s = 30 * DAY_S, .is_certificate = true };

    (void)state;
    assert_int_equal(bl_collateral_age(&facts, 23 * DAY_S - 1), BL_AGE_FRESH);
    assert_int_equal(bl_collateral_age(&facts, 23 * DAY_S), BL_AGE_WEEK);
    assert_int_equal(bl_collateral_age(&facts, 28 * DAY_S), BL_AGE_TWO_DAYS);
    assert_int_equal(bl_collateral_age(&facts, 30 * DAY_S), BL_AGE_DUE);
}

static void
test_alarms(void **state)
{
    (void)state;
    assert_false(bl_collateral_age_is_alarm(BL_AGE_FRESH));
    assert_false(bl_collateral_age_is_alarm(BL_AGE_HALF));
    assert_true(bl_collateral_age_is_alarm(BL_AGE_WEEK));
    assert_true(bl_collateral_age_is_alarm(BL_AGE_TWO_DAYS));
    assert_true(bl_collateral_age_is_alarm(BL_AGE_DUE));
    assert_true(bl_collateral_age_is_alarm(BL_AGE_EARLY));
    assert_string_equal(bl_collateral_age_word(BL_AGE_WEEK), "7 days");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_short_lives),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_alarms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

static void
test_the_first_failure_stays(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    assert_int_equal(bulla_fail(&err, BULLA_E_MALFORMED, "a", "first", 7), BULLA_E_MALFORMED);
    assert_int_equal(bulla_fail(&err, BULLA_E_IO, "b", "second", 0), BULLA_E_IO);
    assert_int_equal(err.status, BULLA_E_MALFORMED);
    assert_int_equal(err.cause, BULLA_CAUSE_MALFORMED);
    assert_string_equal(err.what, "first");
    assert_int_equal(err.offset, 7);
}

static void
test_a_cause_decides_the_status(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    assert_int_equal(bulla_fail_cause(&err, BULLA_CAUSE_PCR_CHANGED, "tpm", "PCR"), BULLA_E_STATE);
    assert_int_equal(err.cause, BULLA_CAUSE_PCR_CHANGED);
    bulla_error_values(&err, bulla_value_number(1), bulla_value_number(2));
    assert_int_equal(err.found.number, 1);
    assert_int_equal(err.expected.number, 2);
}

static void
test_an_unknown_cause_is_never_success(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    assert_int_equal(bulla_fail_cause(&err, (enum bulla_cause)9999, "x", "y"), BULLA_E_ARGUMENT);
    assert_int_equal(err.cause, BULLA_CAUSE_INTERNAL);
    assert_int_equal(bulla_fail_cause(NULL, BULLA_CAUSE_NONE, "x", "y"), BULLA_E_ARGUMENT);
}

static void
test_every_cause_has_a_status_and_an_exit_code(void **state)
{
    (void)state;
    static const int numbers[] = {
#define NUMBER(symbol, number, status) (number),
        BULLA_CAUSES(NUMBER)
#undef NUMBER
    };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        enum bulla_cause cause = (enum bulla_cause)numbers[i];
        assert_int_not_equal(bulla_cause_status(cause), BULLA_OK);
        assert_in_range(bulla_cause_exit_code(cause), 1, 14);
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(numbers[i], numbers[k]);
    }
}

static void
test_every_status_has_a_general_cause(void **state)
{
    (void)state;
    for (int s = 1; s <= (int)BULLA_E_USAGE; s++)
        assert_int_not_equal(bulla_status_cause((enum bulla_status)s), BULLA_CAUSE_NONE);
    for (int s = (int)BULLA_E_MALFORMED; s <= (int)BULLA_E_LIMIT; s++)
        assert_int_not_equal(bulla_status_cause((enum bulla_status)s), BULLA_CAUSE_NONE);
}

static void
test_values_are_bounded(void **state)
{
    (void)state;
    uint8_t long_value[200];

    memset(long_value, 0x5a, sizeof long_value);
    struct bulla_value value = bulla_value_bytes(BL_BYTES_OF(long_value));
    assert_int_equal(value.size, BULLA_VALUE_BYTES_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_failure_stays),
        cmocka_unit_test(test_a_cause_decides_the_status),
        cmocka_unit_test(test_an_unknown_cause_is_never_success),
        cmocka_unit_test(test_every_cause_has_a_status_and_an_exit_code),
        cmocka_unit_test(test_every_status_has_a_general_cause),
        cmocka_unit_test(test_values_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

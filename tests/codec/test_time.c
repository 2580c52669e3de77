/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/time.h"

#include "unit.h"

static void
test_times(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01T00:00:01Z", 1 },
        { "1972-02-29T23:59:59Z", 68255999 },
        { "2000-02-29T12:00:00Z", 951825600 },
        { "2026-11-22T09:30:00Z", 1795339800 },
        { "2026-11-22T09:30:00.999999999Z", 1795339800 },
        { "2038-01-19T03:14:08Z", 2147483648 },
        { "2100-03-01T00:00:00Z", 4107542400 },
        { "9999-12-31T23:59:59Z", 253402300799 },
    };
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        int64_t seconds = -1;
        assert_ok(bl_time_parse(text_bytes(cases[i].text), &seconds, &err), &err);
        assert_int_equal(seconds, cases[i].seconds);
    }
}

static void
test_what_is_no_time(void **state)
{
    static const char *const cases[] = {
        "",
        "2026-11-22",
        "2026-11-22T09:30:00",
        "2026-11-22T09:30:00+00:00",
        "2026-11-22 09:30:00Z",
        "2026-11-22t09:30:00Z",
        "2026-11-22T09:30:00z",
        "2026-11-22T09:30:00Z ",
        "2026-11-22T09:30:00.Z",
        "2026-11-22T09:30:00.1",
        "2026-11-22T09:30:60Z",
        "2026-11-22T09:60:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-31T09:30:00Z",
        "2026-13-22T09:30:00Z",
        "2026-00-22T09:30:00Z",
        "2026-11-00T09:30:00Z",
        "2025-02-29T09:30:00Z",
        "2100-02-29T09:30:00Z",
        "1969-12-31T23:59:59Z",
        "+026-11-22T09:30:00Z",
        "2026-1 -22T09:30:00Z",
    };
    int64_t seconds = 77;
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++)
        assert_fails(bl_time_parse(text_bytes(cases[i]), &seconds, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(seconds, 77);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_what_is_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

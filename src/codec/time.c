/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/time.h"

#include <stdio.h>

#include "base/cleanup.h"

#define WHERE "time"
#define LEAST_SIZE 20 /* bytes: without a fraction */

static enum bulla_status
fail_at(size_t at, struct bulla_error *err)
{
    return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "not a time in UTC as RFC 3339 has it", at);
}

static bool
read_digits(struct bulla_bytes text, size_t at, size_t count, int least, int most, int *out)
{
    int value = 0;

    for (size_t i = at; i < at + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (text.data[i] - '0');
    }
    *out = value;
    return value >= least && value <= most;
}

static bool
is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
days_in(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

static int64_t
days_before(int year, int month, int day)
{
    int64_t past = year - 1; /* whole years since the year 1 */
    int64_t days = past * 365 + past / 4 - past / 100 + past / 400 - 719162; /* those until 1970 */

    for (int m = 1; m < month; m++)
        days += days_in(year, m);
    return days + day - 1;
}

/* "Z", or a fraction and "Z". */
static bool
ends_well(struct bulla_bytes text)
{
    size_t at = LEAST_SIZE - 1;

    if (text.data[at] == '.') {
        size_t first = ++at;
        while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9')
            at++;
        if (at == first)
            return false;
    }
    return at + 1 == text.size && text.data[at] == 'Z';
}

enum bulla_status
bl_time_parse(struct bulla_bytes text, int64_t *seconds_out, struct bulla_error *err)
{
    static const struct {
        size_t at;
        char sign;
    } signs[] = { { 4, '-' }, { 7, '-' }, { 10, 'T' }, { 13, ':' }, { 16, ':' } };
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

    if (text.size < LEAST_SIZE)
        return fail_at(text.size, err);
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (text.data[signs[i].at] != signs[i].sign)
            return fail_at(signs[i].at, err);
    if (!read_digits(text, 0, 4, 1970, 9999, &year))
        return fail_at(0, err);
    if (!read_digits(text, 5, 2, 1, 12, &month))
        return fail_at(5, err);
    if (!read_digits(text, 8, 2, 1, days_in(year, month), &day))
        return fail_at(8, err);
    if (!read_digits(text, 11, 2, 0, 23, &hour) || !read_digits(text, 14, 2, 0, 59, &minute) ||
        !read_digits(text, 17, 2, 0, 59, &second))
        return fail_at(11, err);
    if (!ends_well(text))
        return fail_at(LEAST_SIZE - 1, err);
    *seconds_out = days_before(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return BULLA_OK;
}

const char *
bl_time_text(int64_t time_s, char out[BL_TIME_TEXT_SIZE])
{
    const int64_t day_s = 86400;
    int64_t time = time_s < 0 ? 0 : time_s > BL_TIME_MAX ? BL_TIME_MAX : time_s;
    int64_t days = time / day_s;
    int year = 1970, month = 1;

    while (days >= days_before(year + 1, 1, 1))
        year++;
    while (month < 12 && days >= days_before(year, month + 1, 1))
        month++;
    int day = (int)(days - days_before(year, month, 1)) + 1;
    int second = (int)(time % day_s);
    (void)snprintf(out, BL_TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day,
                   second / 3600, second / 60 % 60, second % 60);
    return out;
}

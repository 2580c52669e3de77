/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/counter.h"

#include <string.h>

#include "cmd/report.h"
#include "policy/pcr_policy.h"

#define INDEX_FIRST 0x01000000u
#define INDEX_LAST 0x01ffffffu

static enum bulla_status
fail_word(struct bulla_error *err, const char *word, const char *what)
{
    bl_report_object_word(word);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", what);
}

static int
digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

enum bulla_status
bl_number_argument(const char *word, uint64_t maximum, uint64_t *number_out,
                   struct bulla_error *err)
{
    bool is_hex = strncmp(word, "0x", 2) == 0;
    unsigned base = is_hex ? 16 : 10;
    const char *at = is_hex ? word + 2 : word;
    uint64_t number = 0;

    if (*at == 0)
        return fail_word(err, word, "not a number");
    for (; *at != 0; at++) {
        unsigned digit = (unsigned)digit_value(*at);
        if (digit >= base)
            return fail_word(err, word, "not a number");
        if (number > (maximum - digit) / base)
            return fail_word(err, word, "the number is too large");
        number = number * base + digit;
    }
    *number_out = number;
    return BULLA_OK;
}

enum bulla_status
bl_counter_argument(const struct bl_arguments *arguments, uint32_t *index_out,
                    struct bulla_error *err)
{
    const char *word = bl_argument(arguments, "counter");
    uint64_t index = BL_PCR_COUNTER_DEFAULT;

    if (word != NULL && strcmp(word, "none") == 0) {
        *index_out = 0;
        return BULLA_OK;
    }
    if (word != NULL)
        BL_TRY(bl_number_argument(word, UINT32_MAX, &index, err));
    if (index < INDEX_FIRST || index > INDEX_LAST)
        return fail_word(err, word, "an NV index is a number from 0x01000000 to 0x01ffffff");
    *index_out = (uint32_t)index;
    return BULLA_OK;
}

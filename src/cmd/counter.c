/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/counter.h"

#include <string.h>

#include "cmd/arguments.h"
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

/* 0x and hexadecimal digits, as the tools of TPMs write an index. */
static enum bulla_status
parse_index(const char *word, uint64_t *index_out, struct bulla_error *err)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t index = 0;

    if (strncmp(word, "0x", 2) != 0)
        return bl_parse_number(word, UINT32_MAX, index_out, err);
    if (word[2] == 0 || strlen(word) > 2 + 8)
        return fail_word(err, word, "not the number of an NV index");
    for (const char *at = word + 2; *at != 0; at++) {
        const char *digit = strchr(digits, *at);
        if (digit == NULL)
            return fail_word(err, word, "not the number of an NV index");
        index = index << 4 | (uint64_t)(digit - digits);
    }
    *index_out = index;
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
        BL_TRY(parse_index(word, &index, err));
    if (index < INDEX_FIRST || index > INDEX_LAST)
        return fail_word(err, word, "an NV index is a number from 0x01000000 to 0x01ffffff");
    *index_out = (uint32_t)index;
    return BULLA_OK;
}

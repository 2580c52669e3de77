/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/age.h"

#define DAY_S 86400

enum bl_collateral_age
bl_collateral_age(const struct bl_collateral_facts *facts, int64_t now_s)
{
    if (now_s < facts->issued_s)
        return BL_AGE_EARLY;
    if (now_s >= facts->until_s)
        return BL_AGE_DUE;
    const int64_t left_s = facts->until_s - now_s, gone_s = now_s - facts->issued_s;
    if (gone_s < left_s || (facts->is_certificate && left_s > 7 * DAY_S))
        return BL_AGE_FRESH;
    return left_s <= 2 * DAY_S ? BL_AGE_TWO_DAYS : left_s <= 7 * DAY_S ? BL_AGE_WEEK : BL_AGE_HALF;
}

const char *
bl_collateral_age_word(enum bl_collateral_age age)
{
    switch (age) {
    case BL_AGE_FRESH:
        return "fresh";
    case BL_AGE_HALF:
        return "half";
    case BL_AGE_WEEK:
        return "7 days";
    case BL_AGE_TWO_DAYS:
        return "2 days";
    case BL_AGE_DUE:
        return "due";
    case BL_AGE_EARLY:
        return "early";
    }
    return "";
}

bool
bl_collateral_age_is_alarm(enum bl_collateral_age age)
{
    return age != BL_AGE_FRESH && age != BL_AGE_HALF;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/age.h: how long a piece of collateral has left, and when to say so.
 *
 * Alarms are raised 7, 2 and 0 days before the next update is due, and a note when half of the time
 * from issue to next update has gone by (threat model, R11). What lives for days only, as some lists do,
 * is fresh for the first half of them; certificates are fresh until a week before they end.
 */
#ifndef BL_COLLATERAL_AGE_H
#define BL_COLLATERAL_AGE_H

#include "collateral/object.h"

enum bl_collateral_age {
    BL_AGE_FRESH = 0,
    BL_AGE_HALF,     /* more than half of its time has gone by: time to fetch anew */
    BL_AGE_WEEK,     /* seven days left, or less */
    BL_AGE_TWO_DAYS, /* two */
    BL_AGE_DUE,      /* none: it counts only within a grace */
    BL_AGE_EARLY     /* not issued yet, by the time given */
};

enum bl_collateral_age bl_collateral_age(const struct bl_collateral_facts *facts, int64_t now_s);
/** "fresh", "half", "7 days", "2 days", "due", "early". */
const char *bl_collateral_age_word(enum bl_collateral_age age);
/** True for what is to be shown as an alarm, not as a note. */
bool bl_collateral_age_is_alarm(enum bl_collateral_age age);

#endif

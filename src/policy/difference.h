/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/difference.h: what one policy permits that another does not, field by field.
 *
 * Compared is meaning, not text: two policies of different formats can be equal here. Each difference
 * says which of the two permits more because of it; a field that lets each of them permit something
 * that the other refuses gives two.
 */
#ifndef BL_POLICY_DIFFERENCE_H
#define BL_POLICY_DIFFERENCE_H

#include "policy/appraisal_fields.h"

enum bl_side { BL_SIDE_A = 1, BL_SIDE_B };

enum bl_difference_kind {
    BL_DIFFERS_WORD = 1, /* `word`: permitted there, or demanded by the other */
    BL_DIFFERS_ITEM,     /* `item`: accepted there, or demanded or denied by the other */
    BL_DIFFERS_UNTIL,    /* `item` is accepted there for longer: until `time_s` */
    BL_DIFFERS_FREE,     /* `item` names a register that the other compares and this one does not */
    BL_DIFFERS_ANY,      /* anything is accepted there */
    BL_DIFFERS_ABSENT,   /* what says nothing of it is accepted there */
    BL_DIFFERS_LIST,     /* the other wants nothing said; here something may be */
    BL_DIFFERS_FLOOR,    /* less is enough there: `number` */
    BL_DIFFERS_TIME,     /* an earlier or later time is enough there: `time_s` */
    BL_DIFFERS_DAYS,     /* more are accepted there: `number` */
    BL_DIFFERS_FLAG      /* `true` there */
};

struct bl_difference {
    enum bl_side permits; /* whose policy permits more by this */
    enum bl_difference_kind kind;
    const char *name;                    /* of the field */
    const struct bl_policy_field *field; /* NULL for what every policy has at its head */
    bool is_demand;   /* of WORD and ITEM: it is the other's demand, not this one's permission */
    const char *word; /* valid during the call */
    const struct bl_policy_item *item;
    uint64_t number;
    int64_t time_s;
};

/** Tell `seen` each difference, in the order of the fields. */
void bl_policy_compare(const struct bl_appraisal_policy *a, const struct bl_appraisal_policy *b,
                       void (*seen)(void *context, const struct bl_difference *difference),
                       void *context);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/policy_words.h: what stands in a policy, in words for people.
 */
#ifndef BL_CMD_POLICY_WORDS_H
#define BL_CMD_POLICY_WORDS_H

#include "cmd/show.h"
#include "policy/appraisal_fields.h"

#define BL_ITEM_WORDS_SIZE (2 * BL_SHOWN_SIZE)

/** One item of a list, without its source and its end. Returns `out`. */
const char *bl_policy_item_words(const struct bl_policy_field *field,
                                 const struct bl_policy_item *item, char out[BL_ITEM_WORDS_SIZE]);
/** "in 12 days", "3 days ago". Returns `out`. */
const char *bl_distance_words(int64_t time_s, int64_t now_s, char out[BL_SHOWN_SIZE]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/causes.h: what every cause of bulla/cause.h means and what to do next, in words.
 *
 * No text tells anybody to switch a check off; a test reads them all.
 */
#ifndef BL_CMD_CAUSES_H
#define BL_CMD_CAUSES_H

#include "bulla/status.h"

struct bl_cause_text {
    enum bulla_cause cause;
    const char *title;   /* follows "VERB: OBJECT: "; no capital, no stop */
    const char *meaning; /* sentences */
    const char *next;    /* follows "next: " */
};

extern const struct bl_cause_text bl_cause_texts[]; /* ends with BULLA_CAUSE_NONE */

/** The text of a cause, or NULL. */
const struct bl_cause_text *bl_cause_text(enum bulla_cause cause);

#define BL_CAUSE_ID_SIZE 16 /* bytes of "BL-0502" and its terminator, with room */
/** "BL-0502"; returns `out`. */
const char *bl_cause_id(enum bulla_cause cause, char out[BL_CAUSE_ID_SIZE]);
/** The text of the cause that an id names ("BL-0502", either case), or NULL. */
const struct bl_cause_text *bl_cause_from_id(const char *id);
/** True if the word has the form of an id, known or not. */
bool bl_is_cause_id(const char *word);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/review.h: what is weak in a policy, as a careful reader would say it.
 *
 * Does not: refuse anything; a policy may have its reasons, and the findings show them.
 */
#ifndef BL_POLICY_REVIEW_H
#define BL_POLICY_REVIEW_H

#include "policy/appraisal.h"

#define BL_REVIEW_SOON_S (30 * 86400)     /* an end that is nearer is worth a word */
#define BL_REVIEW_FAR_S (2 * 365 * 86400) /* one that is further away is none */

#define BL_REVIEW_GRACE_DAYS 7u /* a grace of more hides what happened meanwhile */

enum bl_severity {
    BL_SEVERITY_NOTE = 1, /* good to know */
    BL_SEVERITY_WEAK,     /* it accepts what is seldom meant */
    BL_SEVERITY_DEAD      /* nothing can ever pass here */
};
/** "note", "weak", "dead"; "none" for anything else. */
const char *bl_severity_word(enum bl_severity severity);

struct bl_finding {
    enum bl_severity severity;
    const char *field;       /* static */
    const char *what;        /* static */
    struct bulla_bytes text; /* the policy's own reason or source; may be empty */
    int64_t time_s;          /* an end; 0: it is about none */
};
/** Tell `seen` each finding, in the order of the fields. */
void bl_policy_review(const struct bl_appraisal_policy *policy, int64_t now_s,
                      void (*seen)(void *context, const struct bl_finding *finding), void *context);

#endif

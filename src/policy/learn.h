/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/learn.h: the policy that accepts what verified evidence shows, and as little else as it can.
 *
 * Guarantees: each reference value has the source and the end that the caller gives. What the evidence
 * does not say is said to be absent. A TCB that is out of date, debug mode and a class that the caller
 * did not name are not learned.
 * Does not: make evidence good that is not; who learns from a platform trusts it from then on.
 */
#ifndef BL_POLICY_LEARN_H
#define BL_POLICY_LEARN_H

#include "policy/appraisal.h"

struct bl_learning {
    struct bulla_bytes source; /* of all values */
    int64_t until_s;           /* end of all values, and of the policy */
    enum bl_binding binding;   /* that it shall ask for */
    uint64_t classes;          /* that may be learned: bit 1 << enum bl_platform_class */
};

/** *policy_out borrows from the claims and from `how`. BULLA_E_DENIED: evidence that nobody should learn
 *  from (debug, not secured, another class); BULLA_E_UNSUPPORTED: no policy is for its kind. */
enum bulla_status bl_policy_learn(const struct bl_claims *claims, const struct bl_learning *how,
                                  struct bl_appraisal_policy *policy_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif

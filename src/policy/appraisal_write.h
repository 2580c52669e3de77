/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal_write.h: a policy of format 2 as people write it, with a comment above each field.
 * What is written reads back as the same policy, digest and all.
 */
#ifndef BL_POLICY_APPRAISAL_WRITE_H
#define BL_POLICY_APPRAISAL_WRITE_H

#include "policy/appraisal.h"

/** Append YAML. BULLA_E_ARGUMENT for a policy of another format. */
enum bulla_status bl_policy_write_yaml(const struct bl_appraisal_policy *policy,
                                       struct bulla_buffer *out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** A policy for one kind that denies everything: nothing is accepted yet, what the kind does not have
 *  is said to be absent, and demands are as strict as they can be. `subject` must be one that the kind
 *  has. Lists are empty; texts are static. */
void bl_policy_deny(enum bl_policy_kind kind, enum bl_policy_subject subject, int64_t not_after_s,
                    struct bl_appraisal_policy *policy_out);
/** The subject that evidence of this kind usually has. */
enum bl_policy_subject bl_policy_usual_subject(enum bl_policy_kind kind);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/policy_new.h: what the verbs that write a policy share.
 */
#ifndef BL_CMD_POLICY_NEW_H
#define BL_CMD_POLICY_NEW_H

#include "cmd/verb.h"
#include "policy/appraisal.h"

/** --name, if it is given. USAGE. */
enum bulla_status bl_policy_name_argument(const struct bl_arguments *arguments,
                                          struct bl_appraisal_policy *policy,
                                          struct bulla_error *err) BULLA_CHECKED;
/** The policy as YAML, to standard output or -o FILE. */
enum bulla_status bl_policy_output(const struct bl_arguments *arguments,
                                   const struct bl_appraisal_policy *policy,
                                   struct bulla_error *err) BULLA_CHECKED;

#endif

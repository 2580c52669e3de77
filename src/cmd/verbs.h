/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/verbs.h: the verbs, one file each; cmd/bulla.c has them in the order of the help.
 */
#ifndef BL_CMD_VERBS_H
#define BL_CMD_VERBS_H

#include "cmd/verb.h"

extern const struct bl_verb bl_verb_admin_anchor_add;
extern const struct bl_verb bl_verb_admin_anchor_list;
extern const struct bl_verb bl_verb_admin_anchor_rm;
extern const struct bl_verb bl_verb_admin_grant;
extern const struct bl_verb bl_verb_admin_grants;
extern const struct bl_verb bl_verb_admin_list;
extern const struct bl_verb bl_verb_admin_promote;
extern const struct bl_verb bl_verb_admin_put;
extern const struct bl_verb bl_verb_admin_ungrant;
extern const struct bl_verb bl_verb_attest;
extern const struct bl_verb bl_verb_audit_verify;
extern const struct bl_verb bl_verb_boot_predict;
extern const struct bl_verb bl_verb_boot_revoke;
extern const struct bl_verb bl_verb_collateral_bundle;
extern const struct bl_verb bl_verb_collateral_fetch;
extern const struct bl_verb bl_verb_collateral_list;
extern const struct bl_verb bl_verb_collateral_verify;
extern const struct bl_verb bl_verb_completion;
extern const struct bl_verb bl_verb_doctor;
extern const struct bl_verb bl_verb_down;
extern const struct bl_verb bl_verb_enclave_build;
extern const struct bl_verb bl_verb_enclave_check;
extern const struct bl_verb bl_verb_enclave_diff;
extern const struct bl_verb bl_verb_enclave_logs;
extern const struct bl_verb bl_verb_enclave_measure;
extern const struct bl_verb bl_verb_enclave_ps;
extern const struct bl_verb bl_verb_enclave_run;
extern const struct bl_verb bl_verb_enclave_sign;
extern const struct bl_verb bl_verb_enclave_stop;
extern const struct bl_verb bl_verb_explain;
extern const struct bl_verb bl_verb_get;
extern const struct bl_verb bl_verb_help;
extern const struct bl_verb bl_verb_inspect;
extern const struct bl_verb bl_verb_key_generate;
extern const struct bl_verb bl_verb_key_tpm_public;
extern const struct bl_verb bl_verb_platform_enroll;
extern const struct bl_verb bl_verb_platform_list;
extern const struct bl_verb bl_verb_platform_revoke;
extern const struct bl_verb bl_verb_policy_check;
extern const struct bl_verb bl_verb_policy_diff;
extern const struct bl_verb bl_verb_policy_learn;
extern const struct bl_verb bl_verb_policy_new;
extern const struct bl_verb bl_verb_policy_replay;
extern const struct bl_verb bl_verb_preflight;
extern const struct bl_verb bl_verb_recover;
extern const struct bl_verb bl_verb_reseal;
extern const struct bl_verb bl_verb_seal;
extern const struct bl_verb bl_verb_serve;
extern const struct bl_verb bl_verb_slot_add;
extern const struct bl_verb bl_verb_slot_rm;
extern const struct bl_verb bl_verb_slot_rotate;
extern const struct bl_verb bl_verb_unseal;
extern const struct bl_verb bl_verb_up;
extern const struct bl_verb bl_verb_verify;
extern const struct bl_verb bl_verb_version;

#endif

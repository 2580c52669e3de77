/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/verbs.h: the verbs, one file each; cmd/bulla.c has them in the order of the help.
 */
#ifndef BL_CMD_VERBS_H
#define BL_CMD_VERBS_H

#include "cmd/verb.h"

extern const struct bl_verb bl_verb_completion;
extern const struct bl_verb bl_verb_doctor;
extern const struct bl_verb bl_verb_explain;
extern const struct bl_verb bl_verb_help;
extern const struct bl_verb bl_verb_inspect;
extern const struct bl_verb bl_verb_key_generate;
extern const struct bl_verb bl_verb_seal;
extern const struct bl_verb bl_verb_unseal;
extern const struct bl_verb bl_verb_version;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/manifest_rules.h: what holds of every manifest, in whichever form it came.
 *
 * A rule answers NULL, or what is wrong, as a literal. Used by policy/manifest*.c only.
 */
#ifndef BL_POLICY_MANIFEST_RULES_H
#define BL_POLICY_MANIFEST_RULES_H

#include "policy/manifest.h"

#define BL_RULE_CPU_MILLI_MAX ((uint64_t)1024 * 1000)
#define BL_RULE_PIDS_MIN 4             /* the agent, its file server, and a program with a helper */
#define BL_RULE_PIDS_MAX 4194304       /* PID_MAX_LIMIT of Linux */
#define BL_RULE_OPEN_FILES_MIN 16      /* fewer and no library starts */
#define BL_RULE_OPEN_FILES_MAX 1048576 /* the kernel's default fs.nr_open */
#define BL_RULE_USER_MAX 65533         /* 65534 is nobody's */
#define BL_RULE_LANDLOCK_MAX 64        /* an ABI number far above any of today */
#define BL_RULE_CGROUP_MAX 2
#define BL_RULE_REPLICAS_MAX 1024
#define BL_RULE_VERSION_MAX ((uint64_t)INT64_MAX) /* JSON and SQL hold it */
#define BL_RULE_MODE_MAX 0777u
#define BL_RULE_BIND_ALL \
    (BL_BIND_SIGNER | BL_BIND_PRODUCT | BL_BIND_VERSION | BL_BIND_CODE | BL_BIND_CONFIG)
#define BL_RULE_LIMIT_ALL (BL_UNENFORCED_MEMORY | BL_UNENFORCED_PIDS | BL_UNENFORCED_CPUS)

const char *bl_rule_name(struct bulla_bytes name);
const char *bl_rule_product(struct bulla_bytes product);
const char *bl_rule_inside_path(struct bulla_bytes path);
const char *bl_rule_outside_path(struct bulla_bytes path);
const char *bl_rule_text(struct bulla_bytes text);
const char *bl_rule_variable_name(struct bulla_bytes name);
const char *bl_rule_secret_file(struct bulla_bytes path);
const char *bl_rule_secret_mode(uint64_t mode);
const char *bl_rule_bind(unsigned bind);
const char *bl_rule_listen(const struct bl_endpoint *outside);

/** What concerns more than one item. The lists must ascend already; *key_out is the part of the
 *  manifest that is at fault. */
const char *bl_rule_whole(const struct bl_manifest *manifest, const char **key_out);

#endif

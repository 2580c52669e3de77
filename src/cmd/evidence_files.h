/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/evidence_files.h: evidence and all that goes with it, as the options of verify and inspect name
 * it.
 */
#ifndef BL_CMD_EVIDENCE_FILES_H
#define BL_CMD_EVIDENCE_FILES_H

#include "cmd/collateral_use.h"
#include "cmd/verb.h"
#include "tee/wrapper.h"

/** --kind, --at, --part, --collateral, --anchor, --input. */
#define BL_EVIDENCE_OPTIONS                                                                     \
    { .name = "kind",                                                                           \
      .argument = "KIND",                                                                       \
      .help = "the kind of evidence, as sgx, tdx, snp, tpm; wrapped evidence says it itself" }, \
        { .name = "at",                                                                         \
          .argument = "TIME",                                                                   \
          .help = "judge as of this time (RFC 3339), not by the clock" },                       \
        { .name = "part",                                                                       \
          .argument = "ROLE=FILE",                                                              \
          .repeats = true,                                                                      \
          .help = "a further piece of the evidence itself" },                                   \
        { .name = "collateral",                                                                 \
          .argument = "ROLE=FILE",                                                              \
          .repeats = true,                                                                      \
          .help = "an endorsement: certificate, CRL, TCB information; adds no trust" },         \
        { .name = "anchor",                                                                     \
          .argument = "ROLE=FILE",                                                              \
          .repeats = true,                                                                      \
          .help = "what you trust besides the pinned roots" },                                  \
    {                                                                                           \
        .name = "input", .argument = "NAME=VALUE", .repeats = true,                             \
        .help = "what it must carry, as nonce=HEX"                                              \
    }

#define BL_ROLE_SIZE 64 /* bytes of a role or name, with its zero */

struct bl_evidence_files {
    const struct bl_scheme *scheme;
    struct bl_verification verification; /* borrows from the rest */
    struct bulla_buffer evidence;
    struct bulla_buffer binder;
    struct bulla_buffer subject_key,
        subject_key_text; /* what the evidence is to be for; or empty */
    struct bl_part parts[BL_PART_COUNT_MAX], inputs[BL_PART_COUNT_MAX];
    struct bl_anchor anchors[BL_ANCHOR_COUNT_MAX];
    /* roles and contents of parts and given anchors, then names of inputs */
    char roles[2 * BL_PART_COUNT_MAX][BL_ROLE_SIZE];
    struct bulla_buffer contents[BL_PART_COUNT_MAX];
    size_t role_count, content_count;
    struct bl_cmw wrapper; /* the file, if it is one */
    struct bl_wrapped_evidence wrapped;
    struct bl_collateral_use collateral; /* --bundle, --cached */
};
/** Read all that the options name. Without --kind the evidence must be in a wrapper, whose parts count
 *  as far as the options name none of that role. USAGE, NOT_FOUND, LIMIT, UNSUPPORTED (no such kind),
 *  MALFORMED (a wrapper). */
enum bulla_status bl_evidence_files_load(struct bl_evidence_files *files,
                                         const struct bl_arguments *arguments,
                                         struct bulla_error *err) BULLA_CHECKED;
void bl_evidence_files_done(struct bl_evidence_files *files);

#endif

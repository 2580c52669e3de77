/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/collateral_use.h: verification fills the roles it needs from a bundle or from the cache, so that
 * offline it is one command.
 *
 * What is filled in is verified with the evidence, like what is given by hand, and adds no trust. A
 * role that was given by hand is left alone.
 */
#ifndef BL_CMD_COLLATERAL_USE_H
#define BL_CMD_COLLATERAL_USE_H

#include "cmd/collateral_files.h"

/** --bundle, --bundle-key, --cached, --cache, --grace. */
#define BL_COLLATERAL_USE_OPTIONS                                                        \
    { .name = "bundle",                                                                  \
      .argument = "FILE",                                                                \
      .help = "take collateral from this bundle: bulla collateral bundle made it" },     \
        { .name = "bundle-key",                                                          \
          .argument = "KEY",                                                             \
          .help = "the public key of who signed the bundle: file or text" },             \
        { .name = "cached", .help = "take collateral from the cache" }, BL_CACHE_OPTION, \
        { .name = "snp-product",                                                         \
          .argument = "NAME",                                                            \
          .choices = bl_snp_product_words,                                               \
          .help = "of which product an SNP report is that does not say it" },            \
    {                                                                                    \
        .name = "grace", .argument = "DAYS",                                             \
        .help = "how long after its next update is due collateral counts (default: 0)"   \
    }

/** What was filled in: owns what the verification then borrows. */
struct bl_collateral_use {
    struct bl_collateral_set *set;
    char floor[24]; /* "tcb_evaluation_floor" in decimal */
};
void bl_collateral_use_done(struct bl_collateral_use *use);
/** Set the grace, and append to `parts` and `inputs` (which v->parts and v->inputs point to, with room
 *  for BL_PART_COUNT_MAX each) what the options ask for. The numbers that the cache remembers hold for
 *  what comes from a bundle, too, unless the input "tcb_evaluation_floor" says otherwise. Parts from
 *  `given_count` on came with the evidence: they say what is needed, and what is filled in takes their
 *  place; the caller puts those behind it again whose roles are still free (bl_wrapper_add_parts()).
 *  *use is zero before. USAGE, NOT_FOUND, CACHE_ALTERED, COSE_SIGNATURE, MALFORMED, LIMIT. */
enum bulla_status bl_collateral_use(const struct bl_arguments *arguments, const char *kind,
                                    struct bl_verification *v, struct bl_part *parts,
                                    size_t given_count, struct bl_part *inputs,
                                    struct bl_collateral_use *use,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif

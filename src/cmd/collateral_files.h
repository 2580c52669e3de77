/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/collateral_files.h: what the verbs of "collateral" have in common: the cache, what is trusted,
 * what is wanted, and how pieces are shown.
 */
#ifndef BL_CMD_COLLATERAL_FILES_H
#define BL_CMD_COLLATERAL_FILES_H

#include "cmd/result.h"
#include "cmd/verb.h"
#include "collateral/age.h"
#include "collateral/bundle.h"
#include "collateral/cache.h"
#include "collateral/wants.h"

/** --cache. */
#define BL_CACHE_OPTION                                                                     \
    {                                                                                       \
        .name = "cache", .argument = "DIRECTORY",                                           \
        .help = "where collateral is kept (default: bulla/collateral of the user's or the " \
                "system's cache)"                                                           \
    }

/** --at, --root. */
#define BL_COLLATERAL_TRUST_OPTIONS                                                  \
    { .name = "at",                                                                  \
      .argument = "TIME",                                                            \
      .help = "judge as of this time (RFC 3339), not by the clock" },                \
    {                                                                                \
        .name = "root", .argument = "FILE", .repeats = true,                         \
        .help = "a vendor's root certificate that you trust besides the pinned ones" \
    }

/** --for, --kind, --fmspc, --tee, --snp-product: what is wanted. */
#define BL_WANTS_OPTIONS                                                                        \
    { .name = "for",                                                                            \
      .argument = "EVIDENCE",                                                                   \
      .repeats = true,                                                                          \
      .help = "what this evidence needs: a quote, report or AK certificate, or a wrapper" },    \
        { .name = "kind",                                                                       \
          .argument = "KIND",                                                                   \
          .help = "the kind of the evidence, where it does not show by itself" },               \
        { .name = "fmspc",                                                                      \
          .argument = "HEX",                                                                    \
          .repeats = true,                                                                      \
          .help = "what Intel platforms of this FMSPC need" },                                  \
        { .name = "tee",                                                                        \
          .argument = "TEE",                                                                    \
          .choices = bl_tee_words,                                                              \
          .help = "of an FMSPC only what sgx or tdx needs (default: both)" },                   \
    {                                                                                           \
        .name = "snp-product", .argument = "NAME", .repeats = true,                             \
        .choices = bl_snp_product_words,                                                        \
        .help = "issuers and lists of milan, genoa or turin; with --for: of which a report is " \
                "that does not say it"                                                          \
    }
extern const char *const bl_tee_words[];
extern const char *const bl_snp_product_words[];

#define BL_ROOT_COUNT_MAX 4

struct bl_collateral_files {
    struct bl_collateral_trust trust; /* borrows from the rest */
    struct bl_anchor anchors[BL_ANCHOR_COUNT_MAX];
    struct bulla_buffer roots[BL_ROOT_COUNT_MAX];
    size_t root_count;
    struct bl_cache *cache;           /* NULL until opened */
    struct bl_wants *wants;           /* NULL until read */
    struct bl_collateral_set *pieces; /* what the verb puts there, or NULL */
};
void bl_collateral_files_done(struct bl_collateral_files *files);
/** --at and --root. *files is zero before. */
enum bulla_status bl_collateral_trust_read(struct bl_collateral_files *files,
                                           const struct bl_arguments *arguments,
                                           struct bulla_error *err) BULLA_CHECKED;
/** --cache, or where the cache is by itself. NOT_FOUND unless `may_create`. */
enum bulla_status bl_collateral_cache_open(struct bl_collateral_files *files,
                                           const struct bl_arguments *arguments, bool may_create,
                                           struct bulla_error *err) BULLA_CHECKED;
/** What the options name; *any_out false if they name nothing. */
enum bulla_status bl_collateral_wants_read(struct bl_collateral_files *files,
                                           const struct bl_arguments *arguments, bool *any_out,
                                           struct bulla_error *err) BULLA_CHECKED;
/** --grace DAYS in seconds; 0 if it is not given. USAGE. */
enum bulla_status bl_collateral_grace_read(const struct bl_arguments *arguments,
                                           int64_t *grace_s_out,
                                           struct bulla_error *err) BULLA_CHECKED;
/** The public key of who signed a bundle: a file, or the text itself. */
enum bulla_status bl_bundle_key_read(const char *given, struct bl_key **key_out,
                                     struct bulla_error *err) BULLA_CHECKED;

/** One piece as it was judged. */
struct bl_judged {
    const struct bl_collateral *piece;
    bool is_good;
    struct bl_collateral_facts facts; /* if it is good */
    struct bulla_error failure;       /* if it is not */
};
/** Judge all of a set; `judged` has room for as many. Returns how many are not good. */
size_t bl_collateral_judge(const struct bl_collateral_set *set,
                           const struct bl_collateral_trust *trust, struct bl_judged *judged);
/** Members of the open object: when it is from, until when, its age, its evaluation. */
void bl_facts_write(struct bl_result *result, const struct bl_collateral_facts *facts,
                    int64_t now_s);
/** The same as the end of a line: "until TIME (7 days), evaluation 17". */
void bl_facts_print(struct bl_page *page, const struct bl_collateral_facts *facts, int64_t now_s);
/** The members of a failure. */
void bl_failure_write(struct bl_result *result, const struct bulla_error *failure);
/** Show them all: what is in it, until when, what is wrong; *alarm_count_out: alarms, and what is not
 *  good. `title` names the place. */
enum bulla_status bl_judged_show(const struct bl_arguments *arguments, const char *title,
                                 int64_t created_s, const struct bl_judged *judged, size_t count,
                                 int64_t now_s, struct bulla_error *err) BULLA_CHECKED;
/** The first failure, as the verb's own; BULLA_OK if all are good. */
enum bulla_status bl_judged_conclude(const struct bl_judged *judged, size_t count,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

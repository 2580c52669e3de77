/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appraise/appraise.h: claims + policy + now -> verdict. The only place that says yes.
 *
 * Guarantees: the decision starts as refusal and becomes a permission only when every check of the
 * table ran and passed; every check is listed, also after one has failed, with found and expected;
 * the verdict carries the digest of the policy that made it. Pure.
 * Tiers: the values of AR4SI (draft-ietf-rats-ar4si) as EAR uses them.
 */
#ifndef BL_APPRAISE_APPRAISE_H
#define BL_APPRAISE_APPRAISE_H

#include "policy/appraisal.h"
#include "tee/claims.h"

enum bl_tier {
    BL_TIER_NONE = 0,            /* nothing can be said */
    BL_TIER_AFFIRMING = 2,       /* as the policy wants it */
    BL_TIER_WARNING = 32,        /* genuine and permitted, but of software class or unbound */
    BL_TIER_CONTRAINDICATED = 96 /* genuine, and not what the policy wants */
};
/** "none", "affirming", "warning", "contraindicated". */
const char *bl_tier_word(enum bl_tier tier);

/* X(symbol, id): the checks, in the order in which they run and are listed. */
#define BL_CHECKS(X)                  \
    X(VERIFIED, "verified")           \
    X(POLICY_EXPIRY, "policy-expiry") \
    X(BINDING, "binding")             \
    X(CLASS, "platform-class")        \
    X(PLATFORM_ID, "platform-id")     \
    X(DEBUG, "debug")                 \
    X(PLATFORM_PCRS, "platform-pcrs") \
    X(IDENTITY, "identity")           \
    X(ISOLATION, "isolation")         \
    X(SIGNER, "signer")               \
    X(PRODUCT, "product")             \
    X(VERSION, "version")             \
    X(CODE, "code")                   \
    X(CONFIG, "config")

enum bl_check_id {
#define BL_CHECK_ENUM_(symbol, id) BL_CHECK_##symbol,
    BL_CHECKS(BL_CHECK_ENUM_)
#undef BL_CHECK_ENUM_
        BL_CHECK_ID_COUNT
};
/** The stable word of a check, as in verdicts and logs. */
const char *bl_check_word(enum bl_check_id id);

/** One check. `found` and `expected` are public values; `expected` shows one of several accepted. */
struct bl_check {
    enum bl_check_id id;
    bool passed;
    unsigned index;        /* the PCR, for PLATFORM_PCRS */
    size_t accepted_count; /* how many values the policy accepts, where it has a list */
    struct bulla_value found;
    struct bulla_value expected;
};

#define BL_CHECK_COUNT_MAX (BL_CHECK_ID_COUNT + BL_POLICY_PCR_COUNT_MAX)

struct bl_verdict {
    bool permitted; /* the decision */
    enum bl_tier tier;
    struct bl_check checks[BL_CHECK_COUNT_MAX];
    size_t check_count;
    uint8_t policy_digest[32];
    uint64_t policy_version;
};

/** Appraise. *verdict_out starts as a refusal, also if `claims` were never verified (zeroed). */
void bl_appraise(const struct bl_claims *claims, const struct bl_appraisal_policy *policy,
                 int64_t now_s, struct bl_verdict *verdict_out);
/** BULLA_OK if permitted; else BULLA_E_DENIED (DENIED) with the first failed check as `what` (its
 *  word), found and expected. */
enum bulla_status bl_verdict_status(const struct bl_verdict *verdict,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif

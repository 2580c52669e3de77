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
    BL_TIER_NONE = 0,      /* nothing can be said */
    BL_TIER_AFFIRMING = 2, /* as the policy wants it */
    BL_TIER_WARNING =
        32, /* genuine and permitted, but of software class, unbound, by exception, or with
              collateral past its next update */
    BL_TIER_CONTRAINDICATED = 96 /* genuine, and not what the policy wants */
};
/** "none", "affirming", "warning", "contraindicated". */
const char *bl_tier_word(enum bl_tier tier);

/* X(symbol, id): the checks, in the order in which they run and are listed. Which of them a policy has
 * depends on its kinds of evidence and on its subject. */
#define BL_CHECKS(X)                        \
    X(VERIFIED, "verified")                 \
    X(POLICY_EXPIRY, "policy-expiry")       \
    X(KIND, "kind")                         \
    X(BINDING, "binding")                   \
    X(CLASS, "platform-class")              \
    X(PLATFORM_ID, "platform-id")           \
    X(PLATFORM_REVOKED, "platform-revoked") \
    X(DEBUG, "debug")                       \
    X(LIFE_CYCLE, "life-cycle")             \
    X(ENDORSEMENTS, "endorsements")         \
    X(COLLATERAL_AGE, "collateral-age")     \
    X(TCB_STATUS, "tcb-status")             \
    X(TCB_ADVISORY, "tcb-advisory")         \
    X(TCB_DATE, "tcb-date")                 \
    X(TCB_EVALUATION, "tcb-evaluation")     \
    X(TDX_MODULE, "tdx-module")             \
    X(FIRMWARE, "firmware")                 \
    X(MITIGATIONS, "mitigations")           \
    X(ATTRIBUTES, "attributes")             \
    X(PLATFORM_INFO, "platform-info")       \
    X(VMPL, "vmpl")                         \
    X(MIGRATION, "migration")               \
    X(SERVICE_TD, "service-td")             \
    X(PLATFORM_PCRS, "platform-pcrs")       \
    X(REGISTERS, "registers")               \
    X(EVENTS, "events")                     \
    X(IDENTITY, "identity")                 \
    X(ISOLATION, "isolation")               \
    X(SIGNER, "signer")                     \
    X(PRODUCT, "product")                   \
    X(VERSION, "version")                   \
    X(CODE, "code")                         \
    X(CONFIG, "config")

enum bl_check_id {
#define BL_CHECK_ENUM_(symbol, id) BL_CHECK_##symbol,
    BL_CHECKS(BL_CHECK_ENUM_)
#undef BL_CHECK_ENUM_
        BL_CHECK_ID_COUNT
};
/** The stable word of a check, as in verdicts and logs. */
const char *bl_check_word(enum bl_check_id id);

/** What there is to say of a check besides found and expected. */
enum bl_check_note {
    BL_NOTE_NONE = 0,
    BL_NOTE_BY_EXCEPTION, /* passed, though a rule refuses it: `until_s` and `text` say why and when it
                             ends */
    BL_NOTE_EXPIRED, /* failed: the value was accepted until `until_s`; `text` is where it came from */
    BL_NOTE_ANY,     /* passed: the policy does not care; `text` is why */
    BL_NOTE_ABSENT /* passed: the evidence has no such thing, and the policy says so */
};
/** "by exception", "expired", "any", "absent"; "none" for anything else. */
const char *bl_check_note_word(enum bl_check_note note);

/** One check. `found` and `expected` are public values; `expected` shows one of several accepted. */
struct bl_check {
    enum bl_check_id id;
    bool passed;
    bool is_text;  /* bytes in found and expected are text, of the evidence or the policy */
    bool is_time;  /* numbers in them are Unix seconds */
    bool is_flags; /* numbers in them are sets of flags */
    enum bl_check_note note;
    const char *of;        /* static: what of several things, as "microcode"; NULL: there is one */
    unsigned index;        /* the PCR or register, for PLATFORM_PCRS, REGISTERS, EVENTS */
    size_t accepted_count; /* how many values the policy accepts, where it has a list */
    struct bulla_value found;
    struct bulla_value expected;
    struct bulla_bytes text; /* of the note; borrowed from the policy */
    int64_t until_s;
};

#define BL_CHECK_COUNT_MAX 256 /* more than that refuse */

struct bl_verdict {
    bool permitted; /* the decision */
    enum bl_tier tier;
    struct bl_check checks[BL_CHECK_COUNT_MAX];
    size_t check_count;
    uint8_t policy_digest[32];
    uint64_t policy_version;
};

/** Appraise. *verdict_out starts as a refusal, also if `claims` were never verified (zeroed); it borrows
 *  from the policy. */
void bl_appraise(const struct bl_claims *claims, const struct bl_appraisal_policy *policy,
                 int64_t now_s, struct bl_verdict *verdict_out);
/** BULLA_OK if permitted; else BULLA_E_DENIED (DENIED) with the first failed check as `what` (its
 *  word), found and expected. */
enum bulla_status bl_verdict_status(const struct bl_verdict *verdict,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif

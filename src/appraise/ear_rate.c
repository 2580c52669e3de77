/* SPDX-License-Identifier: Apache-2.0 */
/* appraise/ear_rate.c: from the checks of a verdict to the trustworthiness vector. */
#include <string.h>

#include "appraise/ear.h"
#include "base/memory.h"

const char *
bl_trust_word(enum bl_trust_claim claim)
{
    static const char *const words[BL_TRUST_CLAIM_COUNT] = {
        "instance-identity", "configuration",  "executables",    "file-system",
        "hardware",          "runtime-opaque", "storage-opaque", "sourced-data",
    };

    return claim < BL_TRUST_CLAIM_COUNT ? words[claim] : "none";
}

enum bl_tier
bl_trust_tier(int64_t value)
{
    if (value >= -1 && value <= 1)
        return BL_TIER_NONE;
    if (value >= -32 && value <= 31)
        return BL_TIER_AFFIRMING;
    return value >= -96 && value <= 95 ? BL_TIER_WARNING : BL_TIER_CONTRAINDICATED;
}

/* AR4SI section 2.3.4. */
enum {
    RECOGNIZED_INSTANCE = 2,
    UNTRUSTWORTHY_INSTANCE = 96,
    UNRECOGNIZED_INSTANCE = 97,
    APPROVED_CONFIGURATION = 2,
    UNSUPPORTABLE_CONFIGURATION = 96,
    APPROVED_RUNTIME = 2,
    APPROVED_BOOT = 3,
    UNSAFE_RUNTIME = 32,
    UNRECOGNIZED_RUNTIME = 33,
    CONTRAINDICATED_RUNTIME = 96,
    GENUINE_HARDWARE = 2,
    UNSAFE_HARDWARE = 32,
    CONTRAINDICATED_HARDWARE = 96,
    UNRECOGNIZED_HARDWARE = 97,
    ENCRYPTED_RUNTIME = 2,
    VISIBLE_RUNTIME = 96
};

/* What a check comes to; 0: nothing. Those that are about the result and not about the attester
 * (policy-expiry, binding) are in the status alone. */
static const struct rule {
    const char *check;
    enum bl_trust_claim claim;
    int8_t passed, failed;
} rules[] = {
    { "verified", BL_TRUST_HARDWARE, GENUINE_HARDWARE, CONTRAINDICATED_HARDWARE },
    { "kind", BL_TRUST_HARDWARE, 0, UNRECOGNIZED_HARDWARE },
    { "platform-class", BL_TRUST_HARDWARE, 0, UNRECOGNIZED_HARDWARE },
    { "life-cycle", BL_TRUST_HARDWARE, 0, CONTRAINDICATED_HARDWARE },
    { "endorsements", BL_TRUST_HARDWARE, 0, UNSAFE_HARDWARE },
    { "collateral-age", BL_TRUST_HARDWARE, 0, UNSAFE_HARDWARE },
    { "tcb-status", BL_TRUST_HARDWARE, 0, UNSAFE_HARDWARE },
    { "tcb-advisory", BL_TRUST_HARDWARE, 0, UNSAFE_HARDWARE },
    { "tcb-date", BL_TRUST_HARDWARE, 0, UNSAFE_HARDWARE },
    { "tcb-evaluation", BL_TRUST_HARDWARE, 0, UNSAFE_HARDWARE },
    { "tdx-module", BL_TRUST_HARDWARE, 0, UNSAFE_HARDWARE },
    { "firmware", BL_TRUST_HARDWARE, 0, UNSAFE_HARDWARE },
    { "mitigations", BL_TRUST_HARDWARE, 0, UNSAFE_HARDWARE },
    { "platform-id", BL_TRUST_INSTANCE_IDENTITY, RECOGNIZED_INSTANCE, UNRECOGNIZED_INSTANCE },
    { "platform-revoked", BL_TRUST_INSTANCE_IDENTITY, 0, UNTRUSTWORTHY_INSTANCE },
    { "debug", BL_TRUST_RUNTIME_OPAQUE, 0, VISIBLE_RUNTIME },
    { "isolation", BL_TRUST_RUNTIME_OPAQUE, 0, 0 }, /* see note_isolation() */
    { "attributes", BL_TRUST_CONFIGURATION, APPROVED_CONFIGURATION, UNSUPPORTABLE_CONFIGURATION },
    { "platform-info", BL_TRUST_CONFIGURATION, APPROVED_CONFIGURATION,
      UNSUPPORTABLE_CONFIGURATION },
    { "vmpl", BL_TRUST_CONFIGURATION, 0, UNSUPPORTABLE_CONFIGURATION },
    { "migration", BL_TRUST_CONFIGURATION, 0, UNSUPPORTABLE_CONFIGURATION },
    { "service-td", BL_TRUST_CONFIGURATION, 0, UNSUPPORTABLE_CONFIGURATION },
    { "config", BL_TRUST_CONFIGURATION, APPROVED_CONFIGURATION, UNSUPPORTABLE_CONFIGURATION },
    { "platform-pcrs", BL_TRUST_EXECUTABLES, APPROVED_BOOT, UNRECOGNIZED_RUNTIME },
    { "registers", BL_TRUST_EXECUTABLES, APPROVED_RUNTIME, UNRECOGNIZED_RUNTIME },
    { "events", BL_TRUST_EXECUTABLES, 0, CONTRAINDICATED_RUNTIME },
    { "identity", BL_TRUST_EXECUTABLES, 0, UNRECOGNIZED_RUNTIME },
    { "signer", BL_TRUST_EXECUTABLES, APPROVED_RUNTIME, UNRECOGNIZED_RUNTIME },
    { "product", BL_TRUST_EXECUTABLES, 0, UNRECOGNIZED_RUNTIME },
    { "version", BL_TRUST_EXECUTABLES, 0, UNSAFE_RUNTIME },
    { "code", BL_TRUST_EXECUTABLES, APPROVED_RUNTIME, UNRECOGNIZED_RUNTIME },
};

static const struct rule *
rule_of(const char *check)
{
    for (size_t i = 0; i < BL_COUNT_OF(rules); i++)
        if (strcmp(rules[i].check, check) == 0)
            return &rules[i];
    return NULL;
}

/* The worse tier stands; within one the lower value, which claims more. */
static void
note(struct bl_ear_appraisal *appraisal, enum bl_trust_claim claim, int64_t value)
{
    int64_t *entry = &appraisal->vector[claim];
    bool is_new = (appraisal->present & 1u << claim) == 0;

    if (value == 0)
        return;
    if (is_new || bl_trust_tier(value) > bl_trust_tier(*entry) ||
        (bl_trust_tier(value) == bl_trust_tier(*entry) && value < *entry))
        *entry = value;
    appraisal->present |= 1u << claim;
}

/* A policy that does not care affirms nothing. */
static bool
is_waived(const struct bl_check *check)
{
    return check->expected.kind == BULLA_VALUE_WORD && check->expected.word != NULL &&
           (strcmp(check->expected.word, "any") == 0 ||
            strcmp(check->expected.word, "absent") == 0);
}

/* Refused for the want of any, or for being of another sort than was asked for? */
static void
note_isolation(const struct bl_claims *claims, const struct bl_check *check,
               struct bl_ear_appraisal *appraisal)
{
    if (check->id == BL_CHECK_ISOLATION && !check->passed && claims->isolation <= BL_ISOLATION_NONE)
        note(appraisal, BL_TRUST_RUNTIME_OPAQUE, VISIBLE_RUNTIME);
}

/* Beside the checks: what stands behind the keys, and memory that the host cannot see. That an enclave
 * is isolated otherwise is for the policy to want, and no claim here. */
static void
note_claims(const struct bl_claims *claims, struct bl_ear_appraisal *appraisal)
{
    if (claims->platform_class == BL_CLASS_SOFTWARE)
        note(appraisal, BL_TRUST_HARDWARE, UNSAFE_HARDWARE);
    if (claims->isolation == BL_ISOLATION_HARDWARE && claims->platform_class == BL_CLASS_HARDWARE)
        note(appraisal, BL_TRUST_RUNTIME_OPAQUE, ENCRYPTED_RUNTIME);
}

enum bl_tier
bl_ear_tier(const struct bl_ear_appraisal *appraisal)
{
    enum bl_tier worst = appraisal->status;

    if (worst == BL_TIER_NONE)
        return worst;
    for (size_t i = 0; i < BL_TRUST_CLAIM_COUNT; i++)
        if ((appraisal->present & 1u << i) != 0 && bl_trust_tier(appraisal->vector[i]) > worst)
            worst = bl_trust_tier(appraisal->vector[i]);
    return worst;
}

void
bl_ear_rate(const struct bl_claims *claims, const struct bl_verdict *verdict,
            struct bl_ear_appraisal *appraisal)
{
    appraisal->present = 0;
    for (size_t i = 0; i < verdict->check_count; i++) {
        const struct bl_check *check = &verdict->checks[i];
        const struct rule *rule = rule_of(bl_check_word(check->id));
        if (rule == NULL || (check->passed && is_waived(check)))
            continue;
        note(appraisal, rule->claim, check->passed ? rule->passed : rule->failed);
        note_isolation(claims, check, appraisal);
    }
    note_claims(claims, appraisal);
    appraisal->status = verdict->permitted ? verdict->tier : BL_TIER_CONTRAINDICATED;
    appraisal->status = bl_ear_tier(appraisal);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/appraise.h"

#include <string.h>

#include "base/memory.h"

static const char *const check_words[] = {
#define CHECK_WORD_(symbol, id) [BL_CHECK_##symbol] = (id),
    BL_CHECKS(CHECK_WORD_)
#undef CHECK_WORD_
};

const char *
bl_check_word(enum bl_check_id id)
{
    return (unsigned)id < BL_CHECK_ID_COUNT ? check_words[id] : "unknown";
}

const char *
bl_tier_word(enum bl_tier tier)
{
    switch (tier) {
    case BL_TIER_AFFIRMING:
        return "affirming";
    case BL_TIER_WARNING:
        return "warning";
    case BL_TIER_CONTRAINDICATED:
        return "contraindicated";
    case BL_TIER_NONE:
        break;
    }
    return "none";
}

/* What every check sees. */
struct appraisal {
    const struct bl_claims *claims;
    const struct bl_appraisal_policy *policy;
    int64_t now_s;
    struct bl_verdict *verdict;
};

static void
record(struct appraisal *a, enum bl_check_id id, bool passed, struct bulla_value found,
       struct bulla_value expected)
{
    struct bl_check check = { .id = id, .passed = passed, .found = found, .expected = expected };

    if (a->verdict->check_count < BL_CHECK_COUNT_MAX)
        a->verdict->checks[a->verdict->check_count++] = check;
}

/* A value that is absent is shown as such, never as zero or as an empty string of bytes. */
static struct bulla_value
shown(struct bulla_bytes bytes)
{
    return bytes.size > 0 ? bulla_value_bytes(bytes) : bulla_value_word("absent");
}

static struct bulla_value
first_of(const struct bl_digest_set *set)
{
    if (set->any)
        return bulla_value_word("any");
    if (set->count == 0)
        return bulla_value_word("nothing is allowed");
    return bulla_value_bytes((struct bulla_bytes){ set->items[0].bytes, set->items[0].size });
}

static void
record_set(struct appraisal *a, enum bl_check_id id, const struct bl_digest_set *set,
           struct bulla_bytes digest)
{
    record(a, id, bl_digest_set_has(set, digest), shown(digest), first_of(set));
    a->verdict->checks[a->verdict->check_count - 1].accepted_count = set->count;
}

/* -- about any evidence ------------------------------------------------------------------------ */

static void
check_verified(struct appraisal *a)
{
    bool verified = a->claims->kind != NULL;

    record(a, BL_CHECK_VERIFIED, verified,
           bulla_value_word(verified ? a->claims->kind : "not verified"),
           bulla_value_word("verified evidence"));
}

static void
check_policy_expiry(struct appraisal *a)
{
    record(a, BL_CHECK_POLICY_EXPIRY, a->now_s >= 0 && a->now_s <= a->policy->not_after_s,
           bulla_value_number((uint64_t)a->now_s),
           bulla_value_number((uint64_t)a->policy->not_after_s));
}

static void
check_binding(struct appraisal *a)
{
    bool passed = a->policy->binding != BL_BINDING_ABSENT &&
                  a->claims->binding >= a->policy->binding &&
                  a->claims->binding <= BL_BINDING_CHANNEL;

    record(a, BL_CHECK_BINDING, passed, bulla_value_word(bl_binding_word(a->claims->binding)),
           bulla_value_word(bl_binding_word(a->policy->binding)));
}

static const char *
lowest_class(unsigned classes)
{
    for (int i = BL_CLASS_SOFTWARE; i <= BL_CLASS_HARDWARE; i++)
        if ((classes >> i & 1u) != 0)
            return bl_platform_class_word((enum bl_platform_class)i);
    return "nothing is allowed";
}

/* The PCRs of a process enclave are its monitor's word. A platform that vouches for them is worth its
 * class if somebody looks at what it measured, the monitor too; if nobody does, it is software. */
static enum bl_platform_class
class_in_force(const struct bl_claims *claims, const struct bl_appraisal_policy *policy)
{
    bool nobody_looks = claims->enclave.is_present && policy->any_platform_state;

    return nobody_looks && claims->platform_class != BL_CLASS_ABSENT ? BL_CLASS_SOFTWARE
                                                                     : claims->platform_class;
}

static void
check_class(struct appraisal *a)
{
    enum bl_platform_class found = class_in_force(a->claims, a->policy);
    bool known = found >= BL_CLASS_SOFTWARE && found <= BL_CLASS_HARDWARE;

    record(a, BL_CHECK_CLASS, known && (a->policy->classes >> found & 1u) != 0,
           bulla_value_word(bl_platform_class_word(found)),
           bulla_value_word(lowest_class(a->policy->classes)));
}

static void
check_debug(struct appraisal *a)
{
    bool debug = a->claims->debug.is_present && a->claims->debug.value;

    record(a, BL_CHECK_DEBUG, !debug, bulla_value_word(debug ? "debug" : "not debug"),
           bulla_value_word("not debug"));
}

/* -- the state of the platform ----------------------------------------------------------------- */

static void
check_pcr(struct appraisal *a, const struct bl_pcr_reference *reference)
{
    const struct bl_tpm_claims *platform = &a->claims->platform;
    unsigned index = (unsigned)__builtin_ctz(reference->pcr.mask);
    struct bulla_bytes value = { NULL, 0 };

    if (platform->is_present && platform->pcrs.hash == reference->pcr.bank)
        value = bl_pcr_value(&platform->pcrs, index);
    record_set(a, BL_CHECK_PLATFORM_PCRS, &reference->values, value);
    a->verdict->checks[a->verdict->check_count - 1].index = index;
}

static void
check_platform_pcrs(struct appraisal *a)
{
    const struct bl_appraisal_policy *p = a->policy;

    if (p->any_platform_state) {
        record(a, BL_CHECK_PLATFORM_PCRS, true, bulla_value_word("any"), bulla_value_word("any"));
        return;
    }
    if (p->platform_pcr_count == 0 || p->platform_pcr_count > BL_POLICY_PCR_COUNT_MAX) {
        record(a, BL_CHECK_PLATFORM_PCRS, false, bulla_value_word("not compared"),
               bulla_value_word("nothing is allowed"));
        return;
    }
    for (size_t i = 0; i < p->platform_pcr_count; i++)
        check_pcr(a, &p->platform_pcrs[i]);
}

/* -- the enclave ------------------------------------------------------------------------------- */

static void
check_identity(struct appraisal *a)
{
    bool is_enclave = a->claims->code.size > 0;
    bool wants_enclave = a->policy->subject == BL_SUBJECT_ENCLAVE;
    bool wants_machine = a->policy->subject == BL_SUBJECT_MACHINE;

    record(a, BL_CHECK_IDENTITY, (is_enclave && wants_enclave) || (!is_enclave && wants_machine),
           bulla_value_word(is_enclave ? "enclave" : "machine"),
           bulla_value_word(bl_policy_subject_word(a->policy->subject)));
}

static void
check_isolation(struct appraisal *a)
{
    enum bl_isolation found = a->claims->isolation;
    bool known = found >= BL_ISOLATION_NONE && found <= BL_ISOLATION_HARDWARE;
    const char *expected = "nothing is allowed";

    for (int i = BL_ISOLATION_HARDWARE; i >= BL_ISOLATION_NONE; i--)
        if ((a->policy->isolations >> i & 1u) != 0)
            expected = bl_isolation_word((enum bl_isolation)i);
    record(a, BL_CHECK_ISOLATION, known && (a->policy->isolations >> found & 1u) != 0,
           bulla_value_word(bl_isolation_word(found)), bulla_value_word(expected));
}

/* Shown as bytes: it is the evidence's text, not ours. */
static void
check_product(struct appraisal *a)
{
    const char *found = a->claims->product;
    const char *expected = a->policy->product;
    size_t found_size = strnlen(found, BL_PRODUCT_SIZE_MAX);
    size_t expected_size = strnlen(expected, BL_PRODUCT_SIZE_MAX);
    struct bulla_bytes f = { (const uint8_t *)found, found_size };
    struct bulla_bytes e = { (const uint8_t *)expected, expected_size };

    record(a, BL_CHECK_PRODUCT, found_size > 0 && bl_equal(f, e), shown(f), shown(e));
}

static void
check_version(struct appraisal *a)
{
    struct bl_claim_number found = a->claims->version;

    record(a, BL_CHECK_VERSION, found.is_present && found.value >= a->policy->version_minimum,
           found.is_present ? bulla_value_number(found.value) : bulla_value_word("absent"),
           bulla_value_number(a->policy->version_minimum));
}

static void
check_enclave(struct appraisal *a)
{
    check_isolation(a);
    record_set(a, BL_CHECK_SIGNER, &a->policy->signers, bl_claim_view(&a->claims->signer));
    check_product(a);
    check_version(a);
    record_set(a, BL_CHECK_CODE, &a->policy->codes, bl_claim_view(&a->claims->code));
    record_set(a, BL_CHECK_CONFIG, &a->policy->configs, bl_claim_view(&a->claims->config));
}

/* -- the decision ------------------------------------------------------------------------------ */

static void
run_checks(struct appraisal *a)
{
    check_verified(a);
    check_policy_expiry(a);
    check_binding(a);
    check_class(a);
    record_set(a, BL_CHECK_PLATFORM_ID, &a->policy->platform_ids,
               bl_claim_view(&a->claims->platform_id));
    check_debug(a);
    check_platform_pcrs(a);
    check_identity(a);
    if (a->policy->subject == BL_SUBJECT_ENCLAVE)
        check_enclave(a);
}

/* How many checks there must be at least: one that was not run has not passed. */
static size_t
checks_expected(const struct bl_appraisal_policy *policy)
{
    return policy->subject == BL_SUBJECT_ENCLAVE ? BL_CHECK_ID_COUNT : BL_CHECK_IDENTITY + 1;
}

static bool
all_passed(const struct bl_verdict *verdict, size_t at_least)
{
    if (verdict->check_count < at_least || verdict->check_count >= BL_CHECK_COUNT_MAX)
        return false;
    for (size_t i = 0; i < verdict->check_count; i++)
        if (!verdict->checks[i].passed)
            return false;
    return true;
}

static enum bl_tier
tier_of(const struct bl_claims *claims, const struct bl_appraisal_policy *policy, bool permitted)
{
    if (claims->kind == NULL)
        return BL_TIER_NONE;
    if (!permitted)
        return BL_TIER_CONTRAINDICATED;
    if (class_in_force(claims, policy) == BL_CLASS_SOFTWARE || claims->binding == BL_BINDING_NONE)
        return BL_TIER_WARNING;
    return BL_TIER_AFFIRMING;
}

void
bl_appraise(const struct bl_claims *claims, const struct bl_appraisal_policy *policy, int64_t now_s,
            struct bl_verdict *verdict_out)
{
    struct bl_verdict verdict = { .permitted = false, .tier = BL_TIER_NONE };
    struct appraisal a = { claims, policy, now_s, &verdict };

    *verdict_out = verdict;
    memcpy(verdict.policy_digest, policy->digest, sizeof verdict.policy_digest);
    verdict.policy_version = policy->version;
    run_checks(&a);
    verdict.permitted = all_passed(&verdict, checks_expected(policy));
    verdict.tier = tier_of(claims, policy, verdict.permitted);
    *verdict_out = verdict;
}

enum bulla_status
bl_verdict_status(const struct bl_verdict *verdict, struct bulla_error *err)
{
    if (verdict->permitted)
        return BULLA_OK;
    for (size_t i = 0; i < verdict->check_count; i++) {
        const struct bl_check *check = &verdict->checks[i];
        if (check->passed)
            continue;
        enum bulla_status status =
            bulla_fail_cause(err, BULLA_CAUSE_DENIED, "appraisal policy", bl_check_word(check->id));
        bulla_error_values(err, check->found, check->expected);
        return status;
    }
    return bulla_fail_cause(err, BULLA_CAUSE_DENIED, "appraisal policy", "nothing was checked");
}

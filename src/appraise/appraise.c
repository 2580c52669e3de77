/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/appraise.h"

#include <string.h>

#include "appraise/checks.h"
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

const char *
bl_check_note_word(enum bl_check_note note)
{
    switch (note) {
    case BL_NOTE_BY_EXCEPTION:
        return "by exception";
    case BL_NOTE_EXPIRED:
        return "expired";
    case BL_NOTE_ANY:
        return "any";
    case BL_NOTE_ABSENT:
        return "absent";
    case BL_NOTE_NONE:
        break;
    }
    return "none";
}

/* -- one check ---------------------------------------------------------------------------------- */

struct bl_check *
bl_check_record(struct bl_appraisal *a, enum bl_check_id id, bool passed, struct bulla_value found,
                struct bulla_value expected)
{
    struct bl_verdict *verdict = a->verdict;
    const size_t last = BL_CHECK_COUNT_MAX - 1;
    const size_t at = verdict->check_count < last ? verdict->check_count : last;

    verdict->checks[at] =
        (struct bl_check){ .id = id, .passed = passed, .found = found, .expected = expected };
    verdict->check_count = at + 1;
    a->recorded |= (uint64_t)1 << id;
    return &verdict->checks[at];
}

struct bulla_value
bl_value_shown(struct bulla_bytes bytes)
{
    return bytes.size > 0 ? bulla_value_bytes(bytes) : bulla_value_word("absent");
}

static struct bulla_value
said_or(enum bl_said said, struct bulla_value otherwise)
{
    if (said == BL_SAID_ANY)
        return bulla_value_word("any");
    return said == BL_SAID_ABSENT ? bulla_value_word("absent") : otherwise;
}

static void
note_waiver(struct bl_check *check, enum bl_said said, struct bulla_bytes reason)
{
    if (said == BL_SAID_LIST || !check->passed)
        return;
    check->note = said == BL_SAID_ANY ? BL_NOTE_ANY : BL_NOTE_ABSENT;
    check->text = reason;
}

struct bl_check *
bl_check_list(struct bl_appraisal *a, enum bl_check_id id, const struct bl_policy_list *list,
              struct bulla_bytes value)
{
    const struct bl_policy_item *item = NULL;
    const enum bl_match match = bl_policy_list_match(list, value, a->now_s, &item);
    const struct bulla_value first = list->count > 0 ? bulla_value_bytes(list->items[0].value)
                                                     : bulla_value_word("nothing is allowed");
    struct bl_check *check = bl_check_record(a, id, match == BL_MATCH_YES, bl_value_shown(value),
                                             said_or(list->said, first));

    check->accepted_count = list->count;
    note_waiver(check, list->said, list->reason);
    if (match == BL_MATCH_EXPIRED) {
        check->note = BL_NOTE_EXPIRED;
        check->until_s = item->until_s;
        check->text = item->source;
        check->expected = bulla_value_bytes(item->value);
    }
    return check;
}

struct bl_check *
bl_check_floor(struct bl_appraisal *a, enum bl_check_id id, const struct bl_floor *floor,
               struct bl_claim_number found)
{
    const struct bulla_value least =
        floor->is_given ? bulla_value_number(floor->least) : bulla_value_word("nothing is allowed");
    bool passed = false;

    switch (floor->said) {
    case BL_SAID_LIST:
        passed = floor->is_given && found.is_present && found.value >= floor->least;
        break;
    case BL_SAID_ANY:
        passed = found.is_present;
        break;
    case BL_SAID_ABSENT:
        passed = !found.is_present;
        break;
    }
    struct bl_check *check = bl_check_record(a, id, passed,
                                             found.is_present ? bulla_value_number(found.value)
                                                              : bulla_value_word("absent"),
                                             said_or(floor->said, least));
    note_waiver(check, floor->said, floor->reason);
    return check;
}

void
bl_check_except(struct bl_appraisal *a, struct bl_check *check, const char *word,
                struct bulla_bytes value)
{
    const struct bl_policy_list *exceptions = &a->policy->exceptions;
    const struct bulla_bytes platform = bl_claim_view(&a->claims->platform_id);

    for (size_t i = 0; !check->passed && i < exceptions->count; i++) {
        const struct bl_policy_item *item = &exceptions->items[i];
        bool is_ours = item->platform.size == 0 || bl_equal(item->platform, platform);
        bool is_current = a->now_s >= 0 && a->now_s <= item->until_s;
        if (strcmp(item->check, word) != 0 || !bl_equal(item->value, value) || !is_ours)
            continue;
        check->passed = is_current;
        check->note = is_current ? BL_NOTE_BY_EXCEPTION : BL_NOTE_EXPIRED;
        check->text = item->source;
        check->until_s = item->until_s;
    }
}

/* -- about any evidence ------------------------------------------------------------------------ */

static void
check_verified(struct bl_appraisal *a)
{
    bool verified = a->claims->kind != NULL;

    bl_check_record(a, BL_CHECK_VERIFIED, verified,
                    bulla_value_word(verified ? a->claims->kind : "not verified"),
                    bulla_value_word("verified evidence"));
}

static void
check_policy_expiry(struct bl_appraisal *a)
{
    bl_check_record(a, BL_CHECK_POLICY_EXPIRY, a->now_s >= 0 && a->now_s <= a->policy->not_after_s,
                    bulla_value_number((uint64_t)a->now_s),
                    bulla_value_number((uint64_t)a->policy->not_after_s))
        ->is_time = true;
}

/* What format 1 is for does not depend on the kind: it knows none. */
static void
check_kind(struct bl_appraisal *a, enum bl_policy_kind kind)
{
    uint64_t kinds = a->policy->kinds;
    bool is_any = a->policy->format == BL_POLICY_FORMAT_1 && a->claims->kind != NULL;
    enum bl_policy_kind first =
        kinds == 0 ? BL_KIND_NONE : (enum bl_policy_kind)__builtin_ctzll(kinds);
    struct bl_check *check = bl_check_record(
        a, BL_CHECK_KIND, is_any || (kind != BL_KIND_NONE && (kinds >> kind & 1u) != 0),
        bulla_value_word(bl_policy_kind_word(kind)),
        bulla_value_word(is_any ? "any" : bl_policy_kind_word(first)));

    check->accepted_count = (size_t)__builtin_popcountll(kinds);
}

static void
check_binding(struct bl_appraisal *a)
{
    bool passed = a->policy->binding != BL_BINDING_ABSENT &&
                  a->claims->binding >= a->policy->binding &&
                  a->claims->binding <= BL_BINDING_CHANNEL;

    bl_check_record(a, BL_CHECK_BINDING, passed,
                    bulla_value_word(bl_binding_word(a->claims->binding)),
                    bulla_value_word(bl_binding_word(a->policy->binding)));
}

static const char *
lowest_class(uint64_t classes)
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
    bool nobody_looks = claims->enclave.is_present && policy->platform_pcrs.said == BL_SAID_ANY;

    return nobody_looks && claims->platform_class != BL_CLASS_ABSENT ? BL_CLASS_SOFTWARE
                                                                     : claims->platform_class;
}

static void
check_class(struct bl_appraisal *a)
{
    enum bl_platform_class found = class_in_force(a->claims, a->policy);
    bool known = found >= BL_CLASS_SOFTWARE && found <= BL_CLASS_HARDWARE;

    bl_check_record(a, BL_CHECK_CLASS, known && (a->policy->classes >> found & 1u) != 0,
                    bulla_value_word(bl_platform_class_word(found)),
                    bulla_value_word(lowest_class(a->policy->classes)));
}

static void
check_platform(struct bl_appraisal *a)
{
    const struct bulla_bytes id = bl_claim_view(&a->claims->platform_id);
    const struct bl_policy_item *revoked = NULL;

    bl_check_list(a, BL_CHECK_PLATFORM_ID, &a->policy->platforms, id);
    (void)bl_policy_list_match(&a->policy->revoked_platforms, id, a->now_s, &revoked);
    struct bl_check *check =
        bl_check_record(a, BL_CHECK_PLATFORM_REVOKED, revoked == NULL,
                        revoked == NULL ? bulla_value_word("not revoked") : bl_value_shown(id),
                        bulla_value_word("not revoked"));
    if (revoked != NULL)
        check->text = revoked->source;
}

/* -- the enclave ------------------------------------------------------------------------------- */

static void
check_identity(struct bl_appraisal *a)
{
    bool is_enclave = a->claims->code.size > 0;
    bool wants_enclave = a->policy->subject == BL_SUBJECT_ENCLAVE;
    bool wants_machine = a->policy->subject == BL_SUBJECT_MACHINE;

    bl_check_record(a, BL_CHECK_IDENTITY,
                    (is_enclave && wants_enclave) || (!is_enclave && wants_machine),
                    bulla_value_word(is_enclave ? "enclave" : "machine"),
                    bulla_value_word(bl_policy_subject_word(a->policy->subject)));
}

static void
check_isolation(struct bl_appraisal *a)
{
    enum bl_isolation found = a->claims->isolation;
    bool known = found >= BL_ISOLATION_NONE && found <= BL_ISOLATION_HARDWARE;
    const char *expected = "nothing is allowed";

    for (int i = BL_ISOLATION_HARDWARE; i >= BL_ISOLATION_NONE; i--)
        if ((a->policy->isolations >> i & 1u) != 0)
            expected = bl_isolation_word((enum bl_isolation)i);
    bl_check_record(a, BL_CHECK_ISOLATION, known && (a->policy->isolations >> found & 1u) != 0,
                    bulla_value_word(bl_isolation_word(found)), bulla_value_word(expected));
}

/* Shown as text, but never as our own: it is the evidence's. */
static void
check_product(struct bl_appraisal *a)
{
    const char *found = a->claims->product;
    const struct bulla_bytes product = { (const uint8_t *)found,
                                         strnlen(found, BL_PRODUCT_SIZE_MAX) };

    bl_check_list(a, BL_CHECK_PRODUCT, &a->policy->products, product)->is_text = true;
}

static void
check_enclave(struct bl_appraisal *a)
{
    const struct bl_appraisal_policy *p = a->policy;

    check_isolation(a);
    bl_check_list(a, BL_CHECK_SIGNER, &p->signers, bl_claim_view(&a->claims->signer));
    check_product(a);
    bl_check_floor(a, BL_CHECK_VERSION, &p->minimum_version, a->claims->version);
    bl_check_list(a, BL_CHECK_CODE, &p->codes, bl_claim_view(&a->claims->code));
    bl_check_list(a, BL_CHECK_CONFIG, &p->configs, bl_claim_view(&a->claims->config));
}

/* -- the decision ------------------------------------------------------------------------------ */

#define CHECK(id) ((uint64_t)1 << BL_CHECK_##id)
#define CHECKS_OF_ALL                                                                       \
    (CHECK(VERIFIED) | CHECK(POLICY_EXPIRY) | CHECK(KIND) | CHECK(BINDING) | CHECK(CLASS) | \
     CHECK(PLATFORM_ID) | CHECK(PLATFORM_REVOKED) | CHECK(DEBUG) | CHECK(LIFE_CYCLE) |      \
     CHECK(ENDORSEMENTS) | CHECK(IDENTITY))
#define CHECKS_OF_ENCLAVES                                                              \
    (CHECK(ISOLATION) | CHECK(SIGNER) | CHECK(PRODUCT) | CHECK(VERSION) | CHECK(CODE) | \
     CHECK(CONFIG))
#define CHECKS_OF_TCB                                                                    \
    (CHECK(COLLATERAL_AGE) | CHECK(TCB_STATUS) | CHECK(TCB_ADVISORY) | CHECK(TCB_DATE) | \
     CHECK(TCB_EVALUATION))
#define CHECKS_OF_GUESTS                                                                \
    (CHECK(COLLATERAL_AGE) | CHECK(FIRMWARE) | CHECK(MITIGATIONS) | CHECK(ATTRIBUTES) | \
     CHECK(PLATFORM_INFO) | CHECK(VMPL) | CHECK(MIGRATION))
#define CHECKS_OF_TDS \
    (CHECKS_OF_TCB | CHECK(TDX_MODULE) | CHECK(ATTRIBUTES) | CHECK(MIGRATION) | CHECK(SERVICE_TD))
#define CHECKS_OF_TPM (CHECK(PLATFORM_PCRS) | CHECK(EVENTS))

/* What a kind has besides. */
static const uint64_t checks_of_kind[BL_KIND_COUNT] = {
    [BL_KIND_SGX] = CHECKS_OF_TCB | CHECK(ATTRIBUTES),
    [BL_KIND_TDX] = CHECKS_OF_TDS | CHECK(REGISTERS) | CHECK(EVENTS),
    [BL_KIND_SNP] = CHECKS_OF_GUESTS,
    [BL_KIND_TPM] = CHECKS_OF_TPM | CHECK(COLLATERAL_AGE),
    [BL_KIND_NITRO] = CHECK(REGISTERS),
    [BL_KIND_NITROTPM] = CHECK(PLATFORM_PCRS),
    [BL_KIND_AZURE_SNP] = CHECKS_OF_GUESTS | CHECKS_OF_TPM,
    [BL_KIND_AZURE_TDX] = CHECKS_OF_TDS | CHECKS_OF_TPM,
    [BL_KIND_CCA] = CHECK(REGISTERS),
};

/* All checks that evidence of this kind must pass under this policy. Format 1 always has PCRs. */
static uint64_t
checks_wanted(const struct bl_appraisal_policy *policy, enum bl_policy_kind kind)
{
    uint64_t wanted = CHECKS_OF_ALL | checks_of_kind[kind];

    if (policy->format == BL_POLICY_FORMAT_1)
        wanted |= CHECK(PLATFORM_PCRS);
    if (policy->subject == BL_SUBJECT_ENCLAVE)
        wanted |= CHECKS_OF_ENCLAVES;
    return wanted;
}

static void
check_condition(struct bl_appraisal *a, enum bl_policy_kind kind, uint64_t wanted)
{
    bl_check_debug(a);
    bl_check_life_cycle(a);
    bl_check_endorsements(a);
    if ((wanted & CHECK(COLLATERAL_AGE)) != 0)
        bl_check_collateral_age(a);
    if ((wanted & CHECK(TCB_STATUS)) != 0)
        bl_check_tcb(a);
    if ((wanted & CHECK(TDX_MODULE)) != 0)
        bl_check_module(a);
    if ((wanted & CHECK(FIRMWARE)) != 0)
        bl_check_firmware(a);
    if ((wanted & CHECK(ATTRIBUTES)) != 0)
        bl_check_flags(a, kind);
    if ((wanted & CHECK(VMPL)) != 0)
        bl_check_guest(a);
    if ((wanted & CHECK(MIGRATION)) != 0)
        bl_check_migration(a);
    if ((wanted & CHECK(SERVICE_TD)) != 0)
        bl_check_service_td(a);
    if ((wanted & CHECK(PLATFORM_PCRS)) != 0)
        bl_check_platform_pcrs(a);
    if ((wanted & CHECK(REGISTERS)) != 0)
        bl_check_registers(a);
    if ((wanted & CHECK(EVENTS)) != 0)
        bl_check_events(a, kind);
}

static void
run_checks(struct bl_appraisal *a, enum bl_policy_kind kind, uint64_t wanted)
{
    check_verified(a);
    check_policy_expiry(a);
    check_kind(a, kind);
    check_binding(a);
    check_class(a);
    check_platform(a);
    check_condition(a, kind, wanted);
    check_identity(a);
    if ((wanted & CHECK(CODE)) != 0)
        check_enclave(a);
}

/* A check that was not run has not passed. */
static bool
all_passed(const struct bl_appraisal *a, uint64_t wanted)
{
    const struct bl_verdict *verdict = a->verdict;

    if ((a->recorded & wanted) != wanted || verdict->check_count == 0 ||
        verdict->check_count >= BL_CHECK_COUNT_MAX)
        return false;
    for (size_t i = 0; i < verdict->check_count; i++)
        if (!verdict->checks[i].passed)
            return false;
    return true;
}

static bool
has_exception(const struct bl_verdict *verdict)
{
    for (size_t i = 0; i < verdict->check_count; i++)
        if (verdict->checks[i].note == BL_NOTE_BY_EXCEPTION)
            return true;
    return false;
}

static enum bl_tier
tier_of(const struct bl_appraisal *a)
{
    if (a->claims->kind == NULL)
        return BL_TIER_NONE;
    if (!a->verdict->permitted)
        return BL_TIER_CONTRAINDICATED;
    if (class_in_force(a->claims, a->policy) == BL_CLASS_SOFTWARE ||
        a->claims->binding == BL_BINDING_NONE || has_exception(a->verdict) ||
        a->claims->late_s.is_present)
        return BL_TIER_WARNING;
    return BL_TIER_AFFIRMING;
}

void
bl_appraise(const struct bl_claims *claims, const struct bl_appraisal_policy *policy, int64_t now_s,
            struct bl_verdict *verdict_out)
{
    const enum bl_policy_kind kind = bl_policy_kind_of(claims);
    const uint64_t wanted = checks_wanted(policy, kind);
    struct bl_appraisal a = { claims, policy, now_s, verdict_out, 0 };

    *verdict_out = (struct bl_verdict){ .permitted = false, .tier = BL_TIER_NONE };
    memcpy(verdict_out->policy_digest, policy->digest, sizeof verdict_out->policy_digest);
    verdict_out->policy_version = policy->version;
    run_checks(&a, kind, wanted);
    verdict_out->permitted = all_passed(&a, wanted);
    verdict_out->tier = tier_of(&a);
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appraise/condition.c: how the platform is: debug, life cycle, what could not be checked, TCB,
 * firmware, flags. Debug mode and a life cycle that is not secured are refused by every policy.
 */
#include <stdio.h>
#include <string.h>

#include "appraise/checks.h"
#include "base/memory.h"
#include "policy/appraisal_fields.h"

#define DAY_S 86400u
#define TD_MIGRATABLE ((uint64_t)1 << 29) /* TD_ATTRIBUTES.MIGRATABLE */

static struct bulla_bytes
text(const char *word)
{
    return (struct bulla_bytes){ (const uint8_t *)word, strlen(word) };
}

void
bl_check_debug(struct bl_appraisal *a)
{
    bool debug = a->claims->debug.is_present && a->claims->debug.value;

    bl_check_record(a, BL_CHECK_DEBUG, !debug, bulla_value_word(debug ? "debug" : "not debug"),
                    bulla_value_word("not debug"));
}

void
bl_check_life_cycle(struct bl_appraisal *a)
{
    const struct bl_claim_flag *secured = &a->claims->secured;
    const char *found = !secured->is_present ? "not claimed"
                        : secured->value     ? "secured"
                                             : "not secured";

    bl_check_record(a, BL_CHECK_LIFE_CYCLE, !secured->is_present || secured->value,
                    bulla_value_word(found), bulla_value_word("secured"));
}

/* -- what could not be checked ------------------------------------------------------------------ */

/* What these stand for is what the policy itself brings, or has its own check (collateral-age). */
static bool
is_judged_elsewhere(const char *word)
{
    return strcmp(word, "reference_values") == 0 || strcmp(word, "what_was_measured") == 0 ||
           strcmp(word, "news since collateral's next update was due") == 0;
}

static void
check_missing(struct bl_appraisal *a, const char *word)
{
    const struct bl_policy_list *list = &a->policy->unchecked;
    const enum bl_match match = bl_policy_list_match(list, text(word), a->now_s, NULL);
    struct bl_check *check =
        bl_check_record(a, BL_CHECK_ENDORSEMENTS, match == BL_MATCH_YES,
                        bulla_value_word("not given"), bulla_value_word("given"));

    check->of = word;
    bl_check_except(a, check, "endorsement", text(word));
}

void
bl_check_endorsements(struct bl_appraisal *a)
{
    const struct bl_claims *claims = a->claims;
    bool any = false;

    for (size_t i = 0; i < claims->unchecked_count && i < BL_UNCHECKED_COUNT_MAX; i++) {
        if (is_judged_elsewhere(claims->unchecked[i]))
            continue;
        check_missing(a, claims->unchecked[i]);
        any = true;
    }
    if (!any)
        bl_check_record(a, BL_CHECK_ENDORSEMENTS, true, bulla_value_word("all given"),
                        bulla_value_word("given"));
}

/* In days that have begun: one that is due counts from the first second on. */
void
bl_check_collateral_age(struct bl_appraisal *a)
{
    const struct bl_claim_number late_s = a->claims->late_s;
    const uint64_t days = late_s.is_present ? late_s.value / DAY_S + 1 : 0;
    const uint64_t grace = a->policy->collateral_grace_days;

    bl_check_record(a, BL_CHECK_COLLATERAL_AGE, days <= grace,
                    late_s.is_present ? bulla_value_number(days) : bulla_value_word("none is late"),
                    bulla_value_number(grace))
        ->of = "days";
}

/* -- as Intel rates it -------------------------------------------------------------------------- */

static void
check_status(struct bl_appraisal *a)
{
    enum bl_tcb_status found = a->claims->tcb.status;
    uint64_t accepted = a->policy->tcb_statuses;
    bool is_known = found > BL_TCB_ABSENT && found < BL_TCB_REVOKED;
    const char *expected = "nothing is allowed";

    for (int i = BL_TCB_REVOKED - 1; i > BL_TCB_ABSENT; i--)
        if ((accepted >> i & 1u) != 0)
            expected = bl_tcb_status_word((enum bl_tcb_status)i);
    struct bl_check *check =
        bl_check_record(a, BL_CHECK_TCB_STATUS, is_known && (accepted >> found & 1u) != 0,
                        bulla_value_word(bl_tcb_status_word(found)), bulla_value_word(expected));
    check->accepted_count = (size_t)__builtin_popcountll(accepted);
    if (is_known)
        bl_check_except(a, check, "tcb-status", text(bl_tcb_status_word(found)));
}

/* One that is denied refuses always; one that is not accepted refuses a platform that is not up to
 * date. */
static bool
is_against(const struct bl_appraisal *a, const char *advisory, struct bulla_value *expected)
{
    const struct bl_appraisal_policy *p = a->policy;

    if (bl_policy_list_match(&p->denied_advisories, text(advisory), a->now_s, NULL) !=
        BL_MATCH_NONE) {
        *expected = bulla_value_word("not this advisory: it is denied");
        return true;
    }
    *expected = bulla_value_word("one of the accepted advisories");
    return a->claims->tcb.status != BL_TCB_UP_TO_DATE &&
           bl_policy_list_match(&p->accepted_advisories, text(advisory), a->now_s, NULL) !=
               BL_MATCH_YES;
}

static void
check_advisories(struct bl_appraisal *a)
{
    const struct bl_tcb_claims *tcb = &a->claims->tcb;
    struct bulla_value expected = { 0 };
    bool any = false;

    for (size_t i = 0; i < tcb->advisory_count && i < BL_ADVISORY_COUNT_MAX; i++) {
        if (!is_against(a, tcb->advisories[i], &expected))
            continue;
        struct bl_check *check = bl_check_record(
            a, BL_CHECK_TCB_ADVISORY, false, bulla_value_bytes(text(tcb->advisories[i])), expected);
        check->is_text = true;
        bl_check_except(a, check, "tcb-advisory", text(tcb->advisories[i]));
        any = true;
    }
    if (!any)
        bl_check_record(a, BL_CHECK_TCB_ADVISORY, true, bulla_value_word("none that is against it"),
                        bulla_value_word("none that is against it"));
}

void
bl_check_tcb(struct bl_appraisal *a)
{
    check_status(a);
    check_advisories(a);
    bl_check_floor(a, BL_CHECK_TCB_DATE, &a->policy->tcb_date, a->claims->tcb.date_s)->is_time =
        true;
    bl_check_floor(a, BL_CHECK_TCB_EVALUATION, &a->policy->tcb_evaluation,
                   a->claims->tcb.evaluation_number);
}

static const struct bl_policy_item *
module_floor(const struct bl_policy_list *modules, struct bl_claim_number version)
{
    for (size_t i = 0; version.is_present && i < modules->count; i++)
        if (modules->items[i].module.version == version.value)
            return &modules->items[i];
    return NULL;
}

static struct bulla_value
number_or_absent(struct bl_claim_number claim)
{
    return claim.is_present ? bulla_value_number(claim.value) : bulla_value_word("absent");
}

/* A line that the policy does not name is refused, and so is one that is older than it wants. */
void
bl_check_module(struct bl_appraisal *a)
{
    const struct bl_policy_list *modules = &a->policy->tdx_modules;
    const struct bl_claim_number version = a->claims->module_version, svn = a->claims->module_svn;
    const struct bl_policy_item *floor = module_floor(modules, version);
    struct bl_check *check;

    if (modules->said == BL_SAID_ANY) {
        check = bl_check_record(a, BL_CHECK_TDX_MODULE, true, number_or_absent(svn),
                                bulla_value_word("any"));
        check->note = BL_NOTE_ANY;
        check->text = modules->reason;
    } else if (floor != NULL) {
        check = bl_check_record(a, BL_CHECK_TDX_MODULE,
                                svn.is_present && svn.value >= floor->module.svn,
                                number_or_absent(svn), bulla_value_number(floor->module.svn));
        check->of = "svn";
        check->text = check->passed ? check->text : floor->source;
    } else {
        check = bl_check_record(a, BL_CHECK_TDX_MODULE, false, number_or_absent(version),
                                modules->count > 0
                                    ? bulla_value_number(modules->items[0].module.version)
                                    : bulla_value_word("nothing is allowed"));
        check->of = "version";
        check->accepted_count = modules->count;
    }
}

/* -- as nobody rates it ------------------------------------------------------------------------- */

static const struct bl_firmware_claims *
floor_of(const struct bl_policy_list *firmware, enum bl_snp_generation generation)
{
    for (size_t i = 0; i < firmware->count; i++)
        if (generation != BL_SNP_GENERATION_NONE &&
            firmware->items[i].floor.generation == generation)
            return &firmware->items[i].floor;
    return NULL;
}

/* An exception names the component and the number down to which it goes: "microcode 219". */
static void
except_component(struct bl_appraisal *a, struct bl_check *check, enum bl_svn component)
{
    char value[BL_POLICY_NAME_SIZE_MAX + 1];

    for (unsigned svn = a->claims->firmware.svns[component] + 1u; !check->passed && svn-- > 0;) {
        (void)snprintf(value, sizeof value, "%s %u", bl_svn_word(component), svn);
        bl_check_except(a, check, "firmware", text(value));
    }
}

static void
check_component(struct bl_appraisal *a, const struct bl_firmware_claims *floor,
                enum bl_svn component)
{
    uint8_t found = a->claims->firmware.svns[component];
    struct bl_check *check =
        bl_check_record(a, BL_CHECK_FIRMWARE, found >= floor->svns[component],
                        bulla_value_number(found), bulla_value_number(floor->svns[component]));

    check->of = bl_svn_word(component);
    except_component(a, check, component);
}

/* What is demanded must be said and set; what else is set does no harm. */
static void
check_mitigations(struct bl_appraisal *a, const char *of, struct bl_claim_number found,
                  uint64_t required)
{
    struct bl_check *check =
        bl_check_record(a, BL_CHECK_MITIGATIONS,
                        required == 0 || (found.is_present && (required & ~found.value) == 0),
                        number_or_absent(found), bulla_value_number(required));

    check->is_flags = true;
    check->of = of;
}

static void
check_firmware(struct bl_appraisal *a)
{
    const struct bl_firmware_claims *found = &a->claims->firmware;
    const struct bl_policy_list *firmware = &a->policy->firmware;
    const struct bl_firmware_claims *floor = floor_of(firmware, found->generation);

    for (size_t i = 0; floor != NULL && i < bl_svn_count(found->generation); i++)
        check_component(a, floor, (enum bl_svn)i);
    if (floor != NULL)
        return;
    bool is_any = firmware->said == BL_SAID_ANY && found->generation != BL_SNP_GENERATION_NONE;
    const char *expected = is_any ? "any"
                           : firmware->count > 0
                               ? bl_snp_generation_word(firmware->items[0].floor.generation)
                               : "nothing is allowed";
    bl_check_record(a, BL_CHECK_FIRMWARE, is_any,
                    bulla_value_word(bl_snp_generation_word(found->generation)),
                    bulla_value_word(expected))
        ->of = "generation";
}

void
bl_check_firmware(struct bl_appraisal *a)
{
    check_firmware(a);
    check_mitigations(a, "launch", a->claims->launch_mitigations, a->policy->launch_mitigations);
    check_mitigations(a, "current", a->claims->current_mitigations, a->policy->current_mitigations);
}

/* What is set must be required or permitted; what is required must be set. */
static void
check_flags(struct bl_appraisal *a, enum bl_check_id id, struct bl_claim_number found,
            uint64_t judged, uint64_t required, uint64_t permitted)
{
    uint64_t set = found.value & judged;
    uint64_t excess = set & ~(required | permitted);
    uint64_t missing = required & ~set;
    struct bulla_value value =
        found.is_present ? bulla_value_number(found.value) : bulla_value_word("absent");
    struct bl_check *check =
        bl_check_record(a, id, found.is_present && excess == 0 && missing == 0, value,
                        bulla_value_number(((found.value & ~excess) | required)));

    check->is_flags = true;
}

void
bl_check_flags(struct bl_appraisal *a, enum bl_policy_kind kind)
{
    const struct bl_appraisal_policy *p = a->policy;

    if (kind == BL_KIND_SGX)
        check_flags(a, BL_CHECK_ATTRIBUTES, a->claims->attributes, BL_SGX_ATTRIBUTES_JUDGED,
                    p->sgx_attributes_required, p->sgx_attributes_permitted);
    else if (kind == BL_KIND_TDX || kind == BL_KIND_AZURE_TDX)
        check_flags(a, BL_CHECK_ATTRIBUTES, a->claims->attributes, BL_TD_ATTRIBUTES_JUDGED,
                    p->td_attributes_required, p->td_attributes_permitted);
    else
        check_flags(a, BL_CHECK_ATTRIBUTES, a->claims->attributes, BL_GUEST_POLICY_JUDGED,
                    p->guest_policy_required, p->guest_policy_permitted);
}

void
bl_check_guest(struct bl_appraisal *a)
{
    const struct bl_claim_number vmpl = a->claims->vmpl;
    const uint64_t accepted = a->policy->vmpls;
    const uint64_t lowest = accepted == 0 ? 0 : (uint64_t)__builtin_ctzll(accepted);

    check_flags(a, BL_CHECK_PLATFORM_INFO, a->claims->platform_info, BL_PLATFORM_INFO_JUDGED,
                a->policy->platform_info_required, a->policy->platform_info_permitted);
    bl_check_record(
        a, BL_CHECK_VMPL, vmpl.is_present && vmpl.value < 64 && (accepted >> vmpl.value & 1u) != 0,
        vmpl.is_present ? bulla_value_number(vmpl.value) : bulla_value_word("absent"),
        accepted == 0 ? bulla_value_word("nothing is allowed") : bulla_value_number(lowest));
}

static bool
is_listed_service(const struct bl_appraisal *a)
{
    return bl_policy_list_match(&a->policy->service_tds, bl_claim_view(&a->claims->service_td),
                                a->now_s, NULL) == BL_MATCH_YES;
}

/* No service TD is what everybody accepts; one that is bound reads the state, or takes it along. */
void
bl_check_service_td(struct bl_appraisal *a)
{
    const struct bulla_bytes found = bl_claim_view(&a->claims->service_td);

    if (found.size == 0) {
        bl_check_record(a, BL_CHECK_SERVICE_TD, true, bulla_value_word("none"),
                        bulla_value_word("none"));
        return;
    }
    bl_check_list(a, BL_CHECK_SERVICE_TD, &a->policy->service_tds, found);
}

/* Is it a service TD that the list names and nothing else which makes it so? */
static struct bl_claim_flag
migration_in_question(const struct bl_appraisal *a)
{
    struct bl_claim_flag found = a->claims->migratable;
    const bool has_attribute =
        !a->claims->attributes.is_present || (a->claims->attributes.value & TD_MIGRATABLE) != 0;

    if (found.is_present && found.value && is_listed_service(a) && !has_attribute)
        found.value = false;
    return found;
}

void
bl_check_migration(struct bl_appraisal *a)
{
    const struct bl_claim_flag judged = migration_in_question(a), *found = &judged;
    const char *word = !found->is_present ? "absent" : found->value ? "migratable" : "it stays";

    bl_check_record(
        a, BL_CHECK_MIGRATION, found->is_present && (!found->value || a->policy->migratable),
        bulla_value_word(word), bulla_value_word(a->policy->migratable ? "either" : "it stays"));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/review.h"

#include "policy/appraisal_fields.h"

struct review {
    const struct bl_appraisal_policy *policy;
    int64_t now_s;
    void (*seen)(void *context, const struct bl_finding *finding);
    void *context;
};

const char *
bl_severity_word(enum bl_severity severity)
{
    switch (severity) {
    case BL_SEVERITY_NOTE:
        return "note";
    case BL_SEVERITY_WEAK:
        return "weak";
    case BL_SEVERITY_DEAD:
        return "dead";
    }
    return "none";
}

static void
tell(const struct review *r, enum bl_severity severity, const char *field, const char *what)
{
    const struct bl_finding finding = { .severity = severity, .field = field, .what = what };

    r->seen(r->context, &finding);
}

/* -- ends --------------------------------------------------------------------------------------- */

/* `text` says which of several things it is about. */
static void
look_at_end(const struct review *r, const char *field, struct bulla_bytes text, int64_t end_s)
{
    struct bl_finding finding = {
        .severity = BL_SEVERITY_NOTE, .field = field, .text = text, .time_s = end_s
    };

    if (end_s < r->now_s) {
        finding.severity = BL_SEVERITY_DEAD;
        finding.what = "has ended";
    } else if (end_s - r->now_s < BL_REVIEW_SOON_S) {
        finding.what = "ends soon";
    } else if (end_s - r->now_s > BL_REVIEW_FAR_S) {
        finding.severity = BL_SEVERITY_WEAK;
        finding.what = "ends so late that nobody will look at it again";
    } else {
        return;
    }
    r->seen(r->context, &finding);
}

/* -- lists -------------------------------------------------------------------------------------- */

static void
look_at_waiver(const struct review *r, const struct bl_policy_field *field, enum bl_said said,
               struct bulla_bytes reason)
{
    const struct bl_finding finding = { .severity = BL_SEVERITY_WEAK,
                                        .field = field->name,
                                        .what = "any: nothing is compared",
                                        .text = reason };

    if (said == BL_SAID_ANY && r->policy->format != BL_POLICY_FORMAT_1 && reason.size > 0)
        r->seen(r->context, &finding);
    else if (said == BL_SAID_ANY && r->policy->format == BL_POLICY_FORMAT_1)
        tell(r, BL_SEVERITY_WEAK, field->name, "any: nothing is compared");
}

/* Lists that accept, and in which therefore something has to stand. */
static bool
must_have_items(const struct bl_policy_field *field)
{
    return field->members != BL_ITEM_TEXT && (field->optional_for == 0 || field->unsaid_is_any) &&
           (field->members & BL_ITEM_CHECK) == 0 &&
           (field->accepts_more || (field->members & BL_ITEM_PCR) != 0) &&
           (field->members & BL_ITEM_EVENT) == 0;
}

static void
look_at_items(const struct review *r, const struct bl_policy_field *field,
              const struct bl_policy_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct bl_policy_item *item = &list->items[i];
        if ((field->members & BL_ITEM_UNTIL) != 0 && item->until_s != BL_POLICY_NEVER)
            look_at_end(r, field->name, item->source, item->until_s);
        if ((field->members & BL_ITEM_EVENT) != 0 && item->value.size == 0)
            tell(r, BL_SEVERITY_WEAK, field->name,
                 "by type alone: types are in no digest, whoever has the log can change them");
        if ((field->members & BL_ITEM_CHECK) != 0 && item->platform.size == 0)
            tell(r, BL_SEVERITY_WEAK, field->name, "an exception for every platform");
        if (item->floor.generation == BL_SNP_MILAN)
            tell(r, BL_SEVERITY_WEAK, field->name,
                 "Milan: its root secrets were extracted by software; list platforms by id");
    }
}

static void
look_at_list(const struct review *r, const struct bl_policy_field *field,
             const struct bl_policy_list *list)
{
    look_at_waiver(r, field, list->said, list->reason);
    if (list->said == BL_SAID_LIST && list->count == 0 && must_have_items(field))
        tell(r, BL_SEVERITY_DEAD, field->name, "empty: nothing is allowed");
    look_at_items(r, field, list);
}

/* -- what particular fields let through ---------------------------------------------------------- */

static bool
has(uint64_t bits, unsigned bit)
{
    return (bits >> bit & 1u) != 0;
}

static void
look_at_platform(const struct review *r)
{
    const struct bl_appraisal_policy *p = r->policy;

    if (p->binding != BL_BINDING_CHANNEL)
        tell(r, BL_SEVERITY_WEAK, "binding",
             p->binding == BL_BINDING_NONE ? "none: evidence of another connection passes"
                                           : "key: bound to a key, not to the connection");
    if (p->classes == 0)
        tell(r, BL_SEVERITY_DEAD, "classes", "empty: nothing is allowed");
    if (has(p->classes, BL_CLASS_SOFTWARE))
        tell(r, BL_SEVERITY_WEAK, "classes",
             "software: whoever holds a key on a disk can forge it");
    if (has(p->classes, BL_CLASS_HYPERVISOR))
        tell(r, BL_SEVERITY_WEAK, "classes", "hypervisor: the operator of the host can forge it");
    if (p->format == BL_POLICY_FORMAT_1)
        tell(r, BL_SEVERITY_NOTE, "format",
             "1: has no word for firmware, flags, exceptions and revoked platforms");
    if (p->format == BL_POLICY_FORMAT && __builtin_popcountll(p->kinds) > 1)
        tell(r, BL_SEVERITY_NOTE, "kinds", "several: the weakest of them decides");
}

static void
look_at_tcb(const struct review *r)
{
    const uint64_t statuses = r->policy->tcb_statuses;

    if (statuses == 0)
        tell(r, BL_SEVERITY_DEAD, "tcb_statuses", "empty: nothing is allowed");
    if (has(statuses, BL_TCB_OUT_OF_DATE) || has(statuses, BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED))
        tell(r, BL_SEVERITY_WEAK, "tcb_statuses",
             "platforms with known holes; an exception would have an end");
    if (has(statuses, BL_TCB_SW_HARDENING_NEEDED) || has(statuses, BL_TCB_CONFIGURATION_NEEDED) ||
        has(statuses, BL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED))
        tell(r, BL_SEVERITY_NOTE, "tcb_statuses",
             "what needs hardening or configuration: is your code hardened?");
}

static void
look_at_grace(const struct review *r)
{
    const uint64_t days = r->policy->collateral_grace_days;

    if (days > BL_REVIEW_GRACE_DAYS)
        tell(r, BL_SEVERITY_WEAK, "collateral_grace",
             "long: for so many days whoever withholds news hides a revocation");
    else if (days > 0)
        tell(r, BL_SEVERITY_NOTE, "collateral_grace",
             "collateral counts past its next update: fetching fails unseen for as long");
}

static void
look_at_td(const struct review *r)
{
    const struct bl_appraisal_policy *p = r->policy;

    if (p->tdx_modules.said == BL_SAID_ANY && p->tdx_modules.reason.size == 0)
        tell(r, BL_SEVERITY_NOTE, "tdx_modules", "not said: any module that Intel rates well");
    if (p->service_tds.count > 0)
        tell(r, BL_SEVERITY_NOTE, "service_tds", "other TDs can read the state of this one");
}

static void
look_at_guest(const struct review *r)
{
    const struct bl_appraisal_policy *p = r->policy;

    if (!has(p->platform_info_required, 5))
        tell(r, BL_SEVERITY_WEAK, "platform_info_required",
             "without alias_check_complete memory modules can lie about their size (BadRAM)");
    if (has(p->platform_info_permitted | p->platform_info_required, 0))
        tell(r, BL_SEVERITY_NOTE, "platform_info_permitted",
             "smt_en: a neighbour on the same core is possible");
    if (p->vmpls == 0)
        tell(r, BL_SEVERITY_DEAD, "vmpls", "empty: nothing is allowed");
    if (p->vmpls > 1)
        tell(r, BL_SEVERITY_WEAK, "vmpls", "a level below 0: the guest's kernel is not the top");
}

static void
look_at_enclave(const struct review *r)
{
    const struct bl_appraisal_policy *p = r->policy;

    if (p->isolations == 0)
        tell(r, BL_SEVERITY_DEAD, "isolation", "empty: nothing is allowed");
    if (has(p->isolations, BL_ISOLATION_NONE))
        tell(r, BL_SEVERITY_WEAK, "isolation", "none: an ordinary process");
    if (p->products.said == BL_SAID_LIST && p->products.count == 0)
        tell(r, BL_SEVERITY_DEAD, "products", "empty: nothing is allowed");
}

static const struct bl_policy_field *
field_named(const void *place, const struct bl_appraisal_policy *policy)
{
    for (size_t i = 0; i < bl_policy_field_count; i++)
        if (bl_field_in(policy, &bl_policy_fields[i]) == place)
            return &bl_policy_fields[i];
    return NULL;
}

/* Format 1 has only some of the fields. */
static bool
is_said(const struct bl_appraisal_policy *policy, const struct bl_policy_field *field)
{
    const void *place = bl_field_in(policy, field);

    if (policy->format != BL_POLICY_FORMAT_1)
        return bl_policy_has_field(policy, field);
    return place == &policy->platforms || place == &policy->platform_pcrs ||
           (policy->subject == BL_SUBJECT_ENCLAVE && field->of_enclave);
}

static bool
says(const struct review *r, const void *place)
{
    const struct bl_policy_field *field = field_named(place, r->policy);

    return field != NULL && is_said(r->policy, field);
}

void
bl_policy_review(const struct bl_appraisal_policy *policy, int64_t now_s,
                 void (*seen)(void *context, const struct bl_finding *finding), void *context)
{
    const struct review r = { policy, now_s, seen, context };
    const struct bulla_bytes itself = { NULL, 0 };

    look_at_end(&r, "not_after", itself, policy->not_after_s);
    look_at_platform(&r);
    for (size_t i = 0; i < bl_policy_field_count; i++) {
        const struct bl_policy_field *field = &bl_policy_fields[i];
        const struct bl_floor *floor = bl_field_in(policy, field);
        if (!is_said(policy, field))
            continue;
        if (field->type == BL_FIELD_LIST)
            look_at_list(&r, field, bl_field_in(policy, field));
        if (field->type == BL_FIELD_FLOOR || field->type == BL_FIELD_TIME)
            look_at_waiver(&r, field, floor->said, floor->reason);
    }
    if (says(&r, &policy->tcb_statuses))
        look_at_tcb(&r);
    if (says(&r, &policy->collateral_grace_days))
        look_at_grace(&r);
    if (says(&r, &policy->td_attributes_required))
        look_at_td(&r);
    if (says(&r, &policy->vmpls))
        look_at_guest(&r);
    if (says(&r, &policy->migratable) && policy->migratable)
        tell(&r, BL_SEVERITY_WEAK, "migratable", "its state can be taken to another machine");
    if (policy->subject == BL_SUBJECT_ENCLAVE)
        look_at_enclave(&r);
    for (size_t i = 0; says(&r, &policy->unchecked) && i < policy->unchecked.count; i++)
        tell(&r, BL_SEVERITY_WEAK, "unchecked", "a missing endorsement passes: no end, no alarm");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appraise/measured.c: what was measured: PCRs and registers against their reference values, and
 * events of a log. A log says something only of PCRs that the quote covers and that it replays to
 * (CVE-2022-0317); of an event the digest is what was extended, its type is whatever the log's
 * holder wrote.
 */
#include "appraise/checks.h"
#include "base/memory.h"
#include "measure/event_log.h"

/* -- registers ---------------------------------------------------------------------------------- */

static bool
is_same_pcr(const struct bl_pcr_selection *a, const struct bl_pcr_selection *b)
{
    return a->bank == b->bank && a->mask == b->mask;
}

/* The values of one register: any one of them that has not expired. */
static void
check_register(struct bl_appraisal *a, enum bl_check_id id, const struct bl_policy_list *list,
               const struct bl_pcr_selection *pcr, struct bulla_bytes found)
{
    const struct bl_policy_item *match = NULL, *expired = NULL, *first = NULL;
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct bl_policy_item *item = &list->items[i];
        if (!is_same_pcr(&item->pcr, pcr) || item->value.size == 0)
            continue;
        first = first == NULL ? item : first;
        count++;
        if (found.size == 0 || !bl_equal(item->value, found))
            continue;
        if (a->now_s >= 0 && a->now_s <= item->until_s)
            match = item;
        else
            expired = item;
    }
    struct bl_check *check = bl_check_record(a, id, match != NULL, bl_value_shown(found),
                                             first == NULL ? bulla_value_word("nothing is allowed")
                                                           : bulla_value_bytes(first->value));
    check->index = (unsigned)__builtin_ctz(pcr->mask);
    check->accepted_count = count;
    if (match == NULL && expired != NULL) {
        check->note = BL_NOTE_EXPIRED;
        check->until_s = expired->until_s;
        check->text = expired->source;
    }
}

/* Has the register of item `at` come before? */
static bool
is_repeated(const struct bl_policy_list *list, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (is_same_pcr(&list->items[i].pcr, &list->items[at].pcr))
            return true;
    return false;
}

/* Every register that the policy names; it must name one. */
static void
check_bank(struct bl_appraisal *a, enum bl_check_id id, const struct bl_policy_list *list,
           const struct bl_pcr_bank *bank)
{
    if (list->said == BL_SAID_ANY) {
        struct bl_check *check =
            bl_check_record(a, id, true, bulla_value_word("any"), bulla_value_word("any"));
        check->note = BL_NOTE_ANY;
        check->text = list->reason;
        return;
    }
    if (list->count == 0)
        bl_check_record(a, id, false, bulla_value_word("not compared"),
                        bulla_value_word("nothing is allowed"));
    for (size_t i = 0; i < list->count; i++) {
        const struct bl_pcr_selection *pcr = &list->items[i].pcr;
        struct bulla_bytes found = { NULL, 0 };
        if (is_repeated(list, i))
            continue;
        if (bank != NULL && bank->hash == pcr->bank)
            found = bl_pcr_value(bank, (unsigned)__builtin_ctz(pcr->mask));
        check_register(a, id, list, pcr, found);
    }
}

void
bl_check_platform_pcrs(struct bl_appraisal *a)
{
    const struct bl_tpm_claims *platform = &a->claims->platform;

    check_bank(a, BL_CHECK_PLATFORM_PCRS, &a->policy->platform_pcrs,
               platform->is_present ? &platform->pcrs : NULL);
}

void
bl_check_registers(struct bl_appraisal *a)
{
    check_bank(a, BL_CHECK_REGISTERS, &a->policy->registers, &a->claims->registers);
}

/* -- events ------------------------------------------------------------------------------------- */

/* What the log digests an event to in the bank of the rule. */
static struct bulla_bytes
digest_of(const struct bl_event_log *log, const struct bl_event *event, enum bl_hash bank)
{
    for (size_t i = 0; i < log->bank_count; i++)
        if (log->banks[i].hash == bank)
            return event->digests[i];
    return (struct bulla_bytes){ NULL, 0 };
}

static bool
is_event(const struct bl_event_log *log, const struct bl_event *event,
         const struct bl_policy_item *rule, unsigned first)
{
    if (event->pcr != (uint32_t)__builtin_ctz(rule->pcr.mask) + first)
        return false;
    if (rule->value.size == 0)
        return event->type == rule->event_type;
    return event->type != BL_EV_NO_ACTION && /* which extends nothing */
           bl_equal(digest_of(log, event, rule->pcr.bank), rule->value);
}

/* A log that was replayed, and to what: PCRs of a TPM, or a TD's RTMRs, which its log counts from 1. */
struct source {
    struct bulla_bytes log;
    enum bl_hash bank;
    uint32_t covers; /* by the numbers that the policy has */
    unsigned first;  /* the log's number for 0 */
};

static struct source
source_of(const struct bl_claims *claims, enum bl_policy_kind kind)
{
    const struct bl_tpm_claims *tpm = &claims->platform;

    if (kind == BL_KIND_TDX)
        return (struct source){ .log = claims->register_log,
                                .bank = claims->registers.hash,
                                .covers = claims->registers.mask & claims->register_log_covers,
                                .first = 1 };
    if (!tpm->is_present)
        return (struct source){ .covers = 0 };
    return (struct source){ .log = tpm->event_log,
                            .bank = tpm->selection.bank,
                            .covers = tpm->selection.mask & tpm->log_covers };
}

/* May the log speak of this PCR, in this bank? */
static bool
is_covered(const struct source *source, const struct bl_pcr_selection *pcr)
{
    return source->log.size > 0 && source->bank == pcr->bank && (source->covers & pcr->mask) != 0;
}

enum finding { UNREADABLE = 0, NOT_IN_LOG, IN_LOG };

static enum finding
look_for(const struct source *source, const struct bl_policy_item *rule)
{
    struct bl_event_log log;
    struct bl_event event;
    bool more = true;

    if (bl_event_log_open(source->log, &log, NULL) != BULLA_OK)
        return UNREADABLE;
    while (more) {
        if (bl_event_log_next(&log, &event, &more, NULL) != BULLA_OK)
            return UNREADABLE;
        if (more && is_event(&log, &event, rule, source->first))
            return IN_LOG;
    }
    return NOT_IN_LOG;
}

static void
check_event(struct bl_appraisal *a, const struct source *source, const struct bl_policy_item *rule,
            enum finding wanted)
{
    static const char *const words[] = { "no verified log of this PCR", "not in the log",
                                         "in the log" };
    bool expired = wanted == IN_LOG && (a->now_s < 0 || a->now_s > rule->until_s);
    enum finding found = is_covered(source, &rule->pcr) ? look_for(source, rule) : UNREADABLE;
    struct bl_check *check =
        bl_check_record(a, BL_CHECK_EVENTS, found == wanted && !expired,
                        bulla_value_word(words[found]), bulla_value_word(words[wanted]));

    check->index = (unsigned)__builtin_ctz(rule->pcr.mask);
    check->text = rule->source;
    if (expired) {
        check->note = BL_NOTE_EXPIRED;
        check->until_s = rule->until_s;
    }
}

void
bl_check_events(struct bl_appraisal *a, enum bl_policy_kind kind)
{
    const struct source source = source_of(a->claims, kind);
    const struct bl_policy_list *required = &a->policy->required_events;
    const struct bl_policy_list *forbidden = &a->policy->forbidden_events;

    for (size_t i = 0; i < required->count; i++)
        check_event(a, &source, &required->items[i], IN_LOG);
    for (size_t i = 0; i < forbidden->count; i++)
        check_event(a, &source, &forbidden->items[i], NOT_IN_LOG);
    if (required->count + forbidden->count == 0)
        bl_check_record(a, BL_CHECK_EVENTS, true, bulla_value_word("nothing is demanded"),
                        bulla_value_word("nothing is demanded"));
}

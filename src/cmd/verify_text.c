/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/verify_text.c: the page that `bulla verify` prints for people, 80 columns wide: the verdict,
 * what stands behind it, each check, what was not checked, what to do next, what the evidence says.
 *
 * A mark is a word and a sign, never a colour alone. What passed is cut to fit its line; what failed
 * is shown whole, found above expected, so that the eye sees where they differ.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/terminal.h"
#include "cmd/verify_outcome.h"

#define LABEL "  %-17s "
#define HEX_LINE 48 /* digits of one line of a value that is shown whole: 24 bytes */
#define HEX_CUT 40  /* digits of a value that is cut */

/* -- values ------------------------------------------------------------------------------------- */

static const char *
value_text(const struct bl_check *check, const struct bulla_value *value, char out[BL_SHOWN_SIZE])
{
    char text[BL_VALUE_TEXT_SIZE];

    if (value->kind == BULLA_VALUE_NUMBER && check->is_time && value->number <= INT64_MAX)
        return bl_show_time((int64_t)value->number, out);
    if (value->kind == BULLA_VALUE_BYTES && check->is_text)
        return bl_show_text((struct bulla_bytes){ value->bytes, value->size }, out);
    if (value->kind == BULLA_VALUE_NUMBER && check->is_flags)
        (void)snprintf(out, BL_SHOWN_SIZE, "0x%" PRIx64, value->number);
    else
        (void)snprintf(out, BL_SHOWN_SIZE, "%s", bl_value_text(value, text));
    return out;
}

#define INDENT 24 /* columns */

static void
print_whole(struct bl_page *page, const char *label, const char *text)
{
    bl_page_print(page, "%14s%-9s ", "", label);
    bl_page_fold(page, INDENT, HEX_LINE, text);
}

static void
print_cut(struct bl_page *page, const struct bulla_value *value, const char *text)
{
    bool is_long = value->kind == BULLA_VALUE_BYTES && strlen(text) > HEX_CUT;

    bl_page_print(page, "%.*s%s\n", is_long ? HEX_CUT : (int)BL_SHOWN_SIZE, text,
                  is_long ? "\xe2\x80\xa6" : "");
}

/* -- checks ------------------------------------------------------------------------------------- */

static void
print_mark(struct bl_page *page, const struct bl_check *check)
{
    const char *mark = "\xe2\x9c\x97 FAIL     ";
    enum bl_tint tint = BL_TINT_BAD;

    if (check->passed && check->note == BL_NOTE_BY_EXCEPTION) {
        mark = "! exception";
        tint = BL_TINT_WARNING;
    } else if (check->passed) {
        mark = "\xe2\x9c\x93 ok       ";
        tint = BL_TINT_GOOD;
    }
    bl_page_print(page, "  %s%s%s ", bl_tint(tint), mark, bl_tint(BL_TINT_NONE));
}

static void
print_name(struct bl_page *page, const struct bl_check *check)
{
    char name[48];

    if (check->id == BL_CHECK_PLATFORM_PCRS && check->note != BL_NOTE_ANY)
        (void)snprintf(name, sizeof name, "PCR %u", check->index);
    else if (check->id == BL_CHECK_REGISTERS && check->note != BL_NOTE_ANY)
        (void)snprintf(name, sizeof name, "register %u", check->index);
    else if (check->of != NULL)
        (void)snprintf(name, sizeof name, "%s %s", bl_check_word(check->id), check->of);
    else
        (void)snprintf(name, sizeof name, "%s", bl_check_word(check->id));
    bl_page_print(page, "%-20s ", name);
}

static void
print_note(struct bl_page *page, const struct bl_check *check)
{
    char shown[BL_SHOWN_SIZE];

    if (check->note == BL_NOTE_EXPIRED)
        bl_page_print(page, "%14s%-9s %s\n", "", "expired", bl_show_time(check->until_s, shown));
    if (check->note == BL_NOTE_BY_EXCEPTION)
        bl_page_print(page, "%14s%-9s %s\n", "", "until", bl_show_time(check->until_s, shown));
    if (check->text.size > 0 && (!check->passed || check->note == BL_NOTE_BY_EXCEPTION))
        print_whole(page, check->note == BL_NOTE_BY_EXCEPTION ? "reason" : "from",
                    bl_show_text(check->text, shown));
}

static void
print_check(struct bl_page *page, const struct bl_check *check)
{
    char text[BL_SHOWN_SIZE];

    print_mark(page, check);
    print_name(page, check);
    if (check->passed) {
        print_cut(page, &check->found, value_text(check, &check->found, text));
        print_note(page, check);
        return;
    }
    bl_page_print(page, "\n");
    print_whole(page, "found", value_text(check, &check->found, text));
    print_whole(page, "expected", value_text(check, &check->expected, text));
    if (check->accepted_count > 1)
        bl_page_print(page, "%24sor one of %zu more\n", "", check->accepted_count - 1);
    print_note(page, check);
}

static void
print_checks(struct bl_page *page, const struct bl_verify_outcome *outcome)
{
    const struct bl_verdict *verdict = &outcome->verdict;

    if (outcome->policy == NULL)
        return;
    bl_page_print(page, "\nchecks\n");
    for (size_t i = 0; i < verdict->check_count; i++)
        print_check(page, &verdict->checks[i]);
}

/* -- the verdict -------------------------------------------------------------------------------- */

static void
print_tinted(struct bl_page *page, enum bl_tint tint, const char *text)
{
    bl_page_print(page, "%s%s%s", bl_tint(tint), text, bl_tint(BL_TINT_NONE));
}

static void
print_policy_verdict(struct bl_page *page, const struct bl_verify_outcome *outcome)
{
    const struct bl_verdict *verdict = &outcome->verdict;
    char shown[BL_SHOWN_SIZE];

    if (!verdict->permitted)
        print_tinted(page, BL_TINT_BAD, "REFUSED");
    else if (verdict->tier == BL_TIER_AFFIRMING)
        print_tinted(page, BL_TINT_GOOD, "PERMITTED");
    else
        print_tinted(page, BL_TINT_WARNING, "PERMITTED, with a warning");
    bl_page_print(page, ": genuine, and policy \"%s\" version %" PRIu64 " %s it\n",
                  bl_show_word(outcome->policy->name, shown), outcome->policy->version,
                  verdict->permitted ? "permits" : "does not permit");
}

static void
print_baseline_verdict(struct bl_page *page, const struct bl_verify_outcome *outcome)
{
    if (outcome->is_inspection) {
        bl_page_print(page, "well-formed and consistent; nothing of it is believed\n");
        return;
    }
    print_tinted(page, outcome->baseline.accepted ? BL_TINT_GOOD : BL_TINT_BAD,
                 outcome->baseline.accepted ? "ACCEPTED" : "REFUSED");
    bl_page_print(page, ": genuine, %s\n",
                  outcome->baseline.accepted ? "and the built-in baseline has nothing against it"
                                             : "but the built-in baseline refuses it");
}

static void
print_list(struct bl_page *page, const char *title, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bl_page_print(page, LABEL "%s\n", i == 0 ? title : "", words[i]);
}

static void
print_part(struct bl_page *page, const char *of, enum bl_tcb_status status)
{
    if (status != BL_TCB_ABSENT)
        bl_page_print(page, LABEL "%s: %s\n", "", of, bl_tcb_status_word(status));
}

/* Advisories as many to a line as go. */
static void
print_advisories(struct bl_page *page, const struct bl_tcb_claims *tcb)
{
    for (size_t i = 0; i < tcb->advisory_count; i++) {
        if (i % 3 == 0)
            bl_page_print(page, i == 0 ? LABEL : "\n" LABEL, i == 0 ? "advisories" : "");
        bl_page_print(page, "%-19s", tcb->advisories[i]);
    }
    if (tcb->advisory_count > 0)
        bl_page_print(page, "\n");
}

static void
print_tcb(struct bl_page *page, const struct bl_tcb_claims *tcb)
{
    char shown[BL_SHOWN_SIZE];

    if (!tcb->is_rated)
        return;
    bl_page_print(page, LABEL "%s", "TCB",
                  tcb->status == BL_TCB_ABSENT ? "not rated (no TCB info was given)"
                                               : bl_tcb_status_word(tcb->status));
    if (tcb->date_s.is_present)
        bl_page_print(page, ", as of %.10s", bl_show_time((int64_t)tcb->date_s.value, shown));
    bl_page_print(page, "\n");
    if (tcb->status != BL_TCB_UP_TO_DATE) {
        print_part(page, "platform", tcb->platform);
        print_part(page, "quoting enclave", tcb->quoter);
        print_part(page, "TDX module", tcb->module);
    }
    print_advisories(page, tcb);
}

static void
print_background(struct bl_page *page, const struct bl_verify_outcome *outcome)
{
    const struct bl_claims *claims = &outcome->claims;
    char shown[BL_SHOWN_SIZE];

    print_list(page, "because", outcome->baseline.reasons,
               outcome->policy == NULL ? outcome->baseline.reason_count : 0);
    if (claims->anchor != NULL)
        bl_page_print(page, LABEL "%s (%s)\n", "anchor", claims->anchor,
                      bl_platform_class_word(claims->platform_class));
    print_tcb(page, &claims->tcb);
    bl_page_print(page, LABEL "%s\n", "as of",
                  bl_show_time(outcome->files->verification.now_s, shown));
    if (outcome->policy == NULL)
        return;
    bl_page_print(page, LABEL "%s\n", "tier", bl_tier_word(outcome->verdict.tier));
    bl_page_print(page, LABEL "sha256:%.*s\xe2\x80\xa6\n", "policy", HEX_CUT,
                  bl_show_hex(BL_BYTES_OF(outcome->policy->digest), shown));
}

static void
print_unchecked(struct bl_page *page, const struct bl_verify_outcome *outcome)
{
    const struct bl_claims *claims = &outcome->claims;
    bool knows_whose = outcome->policy != NULL;
    bool is_fresh = bl_outcome_is_fresh(outcome);

    if (outcome->is_inspection || (knows_whose && is_fresh && claims->unchecked_count == 0))
        return;
    bl_page_print(page, "\nnot checked\n");
    if (!knows_whose)
        bl_page_print(page, LABEL "whose it is: a policy says what it should be\n", "identity");
    if (!is_fresh)
        bl_page_print(page, LABEL "how old it is: no nonce was given\n", "freshness");
    for (size_t i = 0; i < claims->unchecked_count; i++)
        bl_page_print(page, LABEL "%s\n", claims->unchecked[i],
                      strcmp(claims->unchecked[i], "possession_of_key") == 0
                          ? "whoever shows this may not hold its key"
                          : "was not given");
}

static const char *
next_of_check(enum bl_check_id id)
{
    switch (id) {
    case BL_CHECK_VERIFIED:
    case BL_CHECK_IDENTITY:
    case BL_CHECK_KIND:
        return "look at the evidence: it is of another kind than the policy is for";
    case BL_CHECK_POLICY_EXPIRY:
        return "renew the policy: review it, then give it a new version and end";
    case BL_CHECK_BINDING:
        return "ask for fresh evidence with a nonce, and give it: --input nonce=HEX";
    case BL_CHECK_CLASS:
    case BL_CHECK_PLATFORM_ID:
        return "if you know this platform, add it to the policy; otherwise trust it with nothing";
    case BL_CHECK_PLATFORM_REVOKED:
        return "trust nothing that this platform says, and rotate what it was given";
    case BL_CHECK_DEBUG:
    case BL_CHECK_LIFE_CYCLE:
        return "launch it without debug mode on a production device: no policy permits this";
    case BL_CHECK_ENDORSEMENTS:
        return "give what is missing: --collateral ROLE=FILE";
    case BL_CHECK_COLLATERAL_AGE:
        return "fetch what is new: bulla collateral fetch";
    case BL_CHECK_TDX_MODULE:
    case BL_CHECK_MITIGATIONS:
    case BL_CHECK_TCB_STATUS:
    case BL_CHECK_TCB_ADVISORY:
    case BL_CHECK_TCB_DATE:
    case BL_CHECK_FIRMWARE:
        return "update firmware and microcode of the platform, or grant a dated exception";
    case BL_CHECK_TCB_EVALUATION:
        return "fetch newer TCB info and give it: --collateral tcb_info=FILE";
    case BL_CHECK_ATTRIBUTES:
    case BL_CHECK_VMPL:
    case BL_CHECK_MIGRATION:
    case BL_CHECK_SERVICE_TD:
        return "launch it with the settings that the policy asks for";
    case BL_CHECK_PLATFORM_INFO:
        return "change the platform's set-up as the policy asks, as SMT off in the firmware";
    case BL_CHECK_PLATFORM_PCRS:
    case BL_CHECK_REGISTERS:
    case BL_CHECK_EVENTS:
        return "was firmware, boot loader or kernel updated? then review and renew the values";
    case BL_CHECK_ISOLATION:
        return "run it in an enclave of the kind that the policy asks for";
    case BL_CHECK_SIGNER:
    case BL_CHECK_PRODUCT:
    case BL_CHECK_VERSION:
    case BL_CHECK_CODE:
    case BL_CHECK_CONFIG:
        return "if this is your new build, add it to the policy; otherwise treat it as altered";
    case BL_CHECK_ID_COUNT:
        break;
    }
    return "bulla explain BL-0701";
}

static const char *
next_of(const struct bl_verify_outcome *outcome)
{
    const struct bl_verdict *verdict = &outcome->verdict;

    if (outcome->is_inspection)
        return NULL;
    for (size_t i = 0; outcome->policy != NULL && i < verdict->check_count; i++)
        if (!verdict->checks[i].passed)
            return next_of_check(verdict->checks[i].id);
    if (outcome->policy == NULL)
        return "say what it must be: bulla verify --policy FILE";
    return NULL;
}

static void
print_next(struct bl_page *page, const struct bl_verify_outcome *outcome)
{
    const char *next = next_of(outcome);

    if (next != NULL)
        bl_page_print(page, "\nnext\n  %s\n", next);
}

/* -- what the evidence says --------------------------------------------------------------------- */

#define PATH_SIZE 128 /* bytes of "outer.inner" */
#define NAME_SIZE 28  /* columns */
#define CLAIM_CUT 48  /* columns */

static void print_members(struct bl_page *page, const struct bl_json *object, const char *prefix);

static void
print_claim(struct bl_page *page, const char *name, const char *text)
{
    bool is_long = strlen(text) > CLAIM_CUT;

    bl_page_print(page, "  %-*s%.*s%s\n", NAME_SIZE, name, is_long ? CLAIM_CUT - 1 : CLAIM_CUT,
                  text, is_long ? "\xe2\x80\xa6" : "");
}

static void
print_value(struct bl_page *page, const char *name, const struct bl_json *value)
{
    struct bulla_bytes text = { NULL, 0 };
    char shown[BL_SHOWN_SIZE];
    int64_t number = 0;
    bool flag = false;

    if (bl_json_as_object(value, "claim", NULL) == BULLA_OK)
        print_members(page, value, name);
    else if (bl_json_as_text(value, "claim", BL_PART_SIZE_MAX, &text, NULL) == BULLA_OK)
        print_claim(page, name, bl_show_text(text, shown));
    else if (bl_json_as_number(value, "claim", INT64_MIN, INT64_MAX, &number, NULL) == BULLA_OK)
        bl_page_print(page, "  %-*s%lld\n", NAME_SIZE, name, (long long)number);
    else if (bl_json_as_bool(value, "claim", &flag, NULL) == BULLA_OK)
        print_claim(page, name, flag ? "yes" : "no");
    else
        print_claim(page, name, "(a list; --json shows it)");
}

static void
print_members(struct bl_page *page, const struct bl_json *object, const char *prefix)
{
    void *cursor = NULL;
    struct bulla_bytes name = { NULL, 0 };
    const struct bl_json *value = NULL;

    while (bl_json_next(object, &cursor, &name, &value)) {
        char shown[BL_SHOWN_SIZE], path[PATH_SIZE];
        (void)snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".",
                       bl_show_text(name, shown));
        if (!bl_json_is_null(value))
            print_value(page, path, value);
    }
}

static enum bulla_status
print_claims(struct bl_page *page, const struct bl_verify_outcome *outcome, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO_FREE(bl_json) claims = NULL;
    struct bl_json_writer j = bl_json_writer(&text);

    if (outcome->files->scheme->describe == NULL)
        return BULLA_OK;
    bl_json_open_object(&j, NULL);
    BL_TRY(outcome->files->scheme->describe(&outcome->files->verification, &j, err));
    bl_json_close(&j);
    BL_TRY(bl_json_finish(&j, err));
    BL_TRY(bl_json_parse(bulla_buffer_bytes(&text), "claims", text.size, &claims, err));
    bl_page_print(page, "\nit says (--json has it whole)\n");
    print_members(page, claims, "");
    return BULLA_OK;
}

/* -- all of it ---------------------------------------------------------------------------------- */

static void
print_failure(struct bl_page *page, const struct bl_verify_outcome *outcome)
{
    const struct bl_check plain = { .id = BL_CHECK_VERIFIED };
    char text[BL_SHOWN_SIZE];

    print_tinted(page, BL_TINT_BAD, "NOT GENUINE");
    bl_page_print(page, ": %s: %s\n", outcome->failure.where, outcome->failure.what);
    if (outcome->failure.found.kind != BULLA_VALUE_NONE)
        print_whole(page, "found", value_text(&plain, &outcome->failure.found, text));
    if (outcome->failure.expected.kind != BULLA_VALUE_NONE)
        print_whole(page, "expected", value_text(&plain, &outcome->failure.expected, text));
    bl_page_print(page, "\nNothing of it is shown: it says what whoever made it wants.\n");
}

enum bulla_status
bl_outcome_print(const struct bl_verify_outcome *outcome, struct bl_page *page,
                 struct bulla_error *err)
{
    if (!bl_outcome_is_genuine(outcome)) {
        print_failure(page, outcome);
        return BULLA_OK;
    }
    if (outcome->policy != NULL)
        print_policy_verdict(page, outcome);
    else
        print_baseline_verdict(page, outcome);
    print_background(page, outcome);
    print_checks(page, outcome);
    print_unchecked(page, outcome);
    print_next(page, outcome);
    return print_claims(page, outcome, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verify_outcome.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "cmd/show.h"
#include "tee/failure.h"

#define EXACT_MAX ((uint64_t)1 << 53) /* from here on many readers of JSON lose digits */

static void
write_status(struct bl_json_writer *j, const char *name, enum bl_tcb_status status)
{
    if (status != BL_TCB_ABSENT)
        bl_json_write_word(j, name, bl_tcb_status_word(status));
}

static void
write_tcb(struct bl_json_writer *j, const struct bl_tcb_claims *tcb)
{
    char shown[BL_SHOWN_SIZE];

    if (!tcb->is_rated)
        return;
    write_status(j, "tcb_status", tcb->status);
    write_status(j, "platform_tcb_status", tcb->platform);
    write_status(j, "qe_status", tcb->quoter);
    write_status(j, "tdx_module_status", tcb->module);
    if (tcb->date_s.is_present)
        bl_json_write_word(j, "tcb_date", bl_show_time((int64_t)tcb->date_s.value, shown));
    bl_json_open_array(j, "advisories");
    for (size_t i = 0; i < tcb->advisory_count; i++)
        bl_json_write_word(j, NULL, tcb->advisories[i]);
    bl_json_close(j);
}

/* -- what the policy says ----------------------------------------------------------------------- */

static void
write_number(struct bl_json_writer *j, const char *name, uint64_t number)
{
    char digits[sizeof "18446744073709551615"];

    (void)snprintf(digits, sizeof digits, "%" PRIu64, number);
    if (number < EXACT_MAX)
        bl_json_write_u64(j, name, number);
    else
        bl_json_write_word(j, name, digits);
}

static void
write_value(struct bl_json_writer *j, const char *name, const struct bl_check *check,
            const struct bulla_value *value)
{
    const struct bulla_bytes bytes = { value->bytes, value->size };

    switch (value->kind) {
    case BULLA_VALUE_NONE:
        bl_json_write_null(j, name);
        break;
    case BULLA_VALUE_NUMBER:
        write_number(j, name, value->number);
        break;
    case BULLA_VALUE_BYTES:
        if (check->is_text)
            bl_json_write_text(j, name, bytes);
        else
            bl_json_write_hex(j, name, bytes);
        break;
    case BULLA_VALUE_WORD:
        bl_json_write_word(j, name, value->word);
        break;
    }
}

/* Which of several things it is about. */
static void
write_which(struct bl_json_writer *j, const struct bl_check *check)
{
    bool has_index = check->id == BL_CHECK_PLATFORM_PCRS || check->id == BL_CHECK_REGISTERS ||
                     check->id == BL_CHECK_EVENTS;

    if (has_index)
        bl_json_write_u64(j, "index", check->index);
    if (check->of != NULL)
        bl_json_write_word(j, "of", check->of);
}

static void
write_note(struct bl_json_writer *j, const struct bl_check *check)
{
    char shown[BL_SHOWN_SIZE];

    if (check->note != BL_NOTE_NONE)
        bl_json_write_word(j, "note", bl_check_note_word(check->note));
    if (check->note == BL_NOTE_BY_EXCEPTION || check->note == BL_NOTE_EXPIRED)
        bl_json_write_word(j, "until", bl_show_time(check->until_s, shown));
    if (check->text.size > 0)
        bl_json_write_text(j, "reason", check->text);
}

void
bl_verdict_write_json(const struct bl_verdict *verdict, struct bl_json_writer *j)
{
    bl_json_write_bool(j, "permitted", verdict->permitted);
    bl_json_write_word(j, "tier", bl_tier_word(verdict->tier));
    bl_json_open_array(j, "checks");
    for (size_t i = 0; i < verdict->check_count; i++) {
        const struct bl_check *check = &verdict->checks[i];
        bl_json_open_object(j, NULL);
        bl_json_write_word(j, "check", bl_check_word(check->id));
        write_which(j, check);
        bl_json_write_bool(j, "passed", check->passed);
        write_value(j, "found", check, &check->found);
        write_value(j, "expected", check, &check->expected);
        write_note(j, check);
        bl_json_close(j);
    }
    bl_json_close(j);
}

static void
write_policy(struct bl_json_writer *j, const struct bl_verify_outcome *outcome)
{
    const struct bl_appraisal_policy *policy = outcome->policy;

    if (policy == NULL)
        return;
    bl_json_open_object(j, "policy");
    bl_json_write_word(j, "name", policy->name);
    bl_json_write_u64(j, "version", policy->version);
    bl_json_write_hex(j, "digest", BL_BYTES_OF(policy->digest));
    bl_json_close(j);
    bl_verdict_write_json(&outcome->verdict, j);
}

/* -- all of it ---------------------------------------------------------------------------------- */

static void
write_reasons(struct bl_json_writer *j, const struct bl_verify_outcome *outcome)
{
    bl_json_open_array(j, "why");
    if (!bl_outcome_is_genuine(outcome))
        bl_json_write_word(j, NULL, outcome->failure.what);
    for (size_t i = 0; i < outcome->baseline.reason_count; i++)
        bl_json_write_word(j, NULL, outcome->baseline.reasons[i]);
    bl_json_close(j);
}

static void
write_verdict(struct bl_json_writer *j, const struct bl_verify_outcome *outcome)
{
    bool is_genuine = bl_outcome_is_genuine(outcome);

    bl_json_write_word(j, "kind", outcome->files->scheme->kind);
    bl_json_write_word(j, "verdict", is_genuine ? "ok" : "fail");
    if (!is_genuine) {
        bl_json_write_word(j, "failure", bl_failure_word(outcome->failure.cause));
        bl_json_write_word(j, "where", outcome->failure.where);
    }
    if (!outcome->is_inspection)
        bl_json_write_word(j, "baseline", outcome->baseline.accepted ? "accept" : "refuse");
    write_reasons(j, outcome);
}

static void
write_checked(struct bl_json_writer *j, const struct bl_verify_outcome *outcome)
{
    const struct bl_claims *claims = &outcome->claims;

    if (claims->anchor != NULL) {
        bl_json_write_word(j, "anchor", claims->anchor);
        bl_json_write_word(j, "class", bl_platform_class_word(claims->platform_class));
    }
    bl_json_write_word(j, "identity", outcome->policy == NULL ? "not checked" : "checked");
    bl_json_write_word(j, "freshness", bl_outcome_is_fresh(outcome) ? "checked" : "not checked");
    bl_json_open_array(j, "not_checked");
    for (size_t i = 0; i < claims->unchecked_count; i++)
        bl_json_write_word(j, NULL, claims->unchecked[i]);
    bl_json_close(j);
}

static enum bulla_status
write_claims(struct bl_json_writer *j, const struct bl_verify_outcome *outcome,
             struct bulla_error *err)
{
    const struct bl_scheme *scheme = outcome->files->scheme;

    bl_json_open_object(j, "claims");
    if (scheme->describe != NULL)
        BL_TRY(scheme->describe(&outcome->files->verification, j, err));
    bl_json_close(j);
    return BULLA_OK;
}

enum bulla_status
bl_outcome_write_json(const struct bl_verify_outcome *outcome, struct bulla_buffer *text,
                      struct bulla_error *err)
{
    struct bl_json_writer j = bl_json_writer(text);

    bl_json_open_object(&j, NULL);
    write_verdict(&j, outcome);
    write_policy(&j, outcome);
    write_tcb(&j, &outcome->claims.tcb);
    if (bl_outcome_is_genuine(outcome)) {
        write_checked(&j, outcome);
        BL_TRY(write_claims(&j, outcome, err));
    }
    bl_json_close(&j);
    BL_TRY(bl_json_finish(&j, err));
    return bulla_buffer_append(text, BL_LITERAL("\n"), err);
}

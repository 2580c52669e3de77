/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/policy_replay.c: bulla policy replay: recorded evidence under a candidate policy, and under the
 * current one: what would change, and for whom.
 *
 * Evidence is verified as of the time of its record, because certificates end; it is appraised as of
 * now, because that is when the candidate would come into force.
 */
#include <string.h>
#include <unistd.h>

#include "appraise/appraise.h"
#include "base/memory.h"
#include "cmd/evidence_files.h"
#include "cmd/evidence_record.h"
#include "cmd/page.h"
#include "cmd/policy_file.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/terminal.h"
#include "cmd/verbs.h"
#include "codec/time.h"
#include "crypto/memo.h"
#include "sys/clock.h"

#define DAY_S 86400
#define MEMO_COUNT 256              /* entries: those of some thirty platforms */
#define MEMO_SIZE ((size_t)4 << 20) /* bytes: what those entries were found out about */

enum change {
    NOT_GENUINE,
    STILL_PERMITTED,
    STILL_REFUSED,
    NEWLY_PERMITTED,
    NEWLY_REFUSED,
    CHANGES
};

/* All of one run; too large for a stack. */
struct work {
    bool as_json;
    int64_t now_s;
    struct bl_memo *memo; /* records of a fleet have most certificates and collateral in common */
    bool has_current;
    struct bl_appraisal_policy current, candidate;
    struct bl_evidence_record_list records;
    struct bl_evidence_record record;
    struct bl_evidence_files files;
    struct bl_claims claims;
    struct bl_verdict before, after;
    size_t counts[CHANGES];
    struct bl_page page;
    struct bl_result result;
};

static const char *const words[CHANGES] = {
    [NOT_GENUINE] = "not genuine",     [STILL_PERMITTED] = "still permitted",
    [STILL_REFUSED] = "still refused", [NEWLY_PERMITTED] = "newly permitted",
    [NEWLY_REFUSED] = "newly refused",
};

/* Without a current policy everything counts as permitted until now. */
static enum change
change_of(const struct work *work)
{
    bool before = !work->has_current || work->before.permitted;

    if (before)
        return work->after.permitted ? STILL_PERMITTED : NEWLY_REFUSED;
    return work->after.permitted ? NEWLY_PERMITTED : STILL_REFUSED;
}

/* -- one record --------------------------------------------------------------------------------- */

static void
print_checks(struct work *work, const struct bl_verdict *verdict)
{
    char text[BL_VALUE_TEXT_SIZE];

    for (size_t i = 0; i < verdict->check_count; i++) {
        const struct bl_check *check = &verdict->checks[i];
        if (check->passed)
            continue;
        bl_page_print(&work->page, "      %s%s%s: found %.48s", bl_check_word(check->id),
                      check->of == NULL ? "" : " ", check->of == NULL ? "" : check->of,
                      bl_value_text(&check->found, text));
        bl_page_print(&work->page, "%s\n", check->note == BL_NOTE_EXPIRED ? ", expired" : "");
    }
}

static void
print_record(struct work *work, const char *path, enum change change, const struct bulla_error *why)
{
    static const enum bl_tint tints[CHANGES] = { BL_TINT_BAD, BL_TINT_GOOD, BL_TINT_NONE,
                                                 BL_TINT_WARNING, BL_TINT_BAD };
    const struct bl_claims *c = &work->claims;
    char shown[BL_SHOWN_SIZE];

    bl_page_print(&work->page, "  %s%-16s%s %s\n", bl_tint(tints[change]), words[change],
                  bl_tint(BL_TINT_NONE), bl_show_word(path, shown));
    if (change == NOT_GENUINE) {
        bl_page_print(&work->page, "      %s: %s\n", why->where, why->what);
        return;
    }
    if (c->platform_id.size > 0)
        bl_page_print(&work->page, "      platform %.64s\n",
                      bl_show_hex(bl_claim_view(&c->platform_id), shown));
    if (c->product[0] != '\0')
        bl_page_print(&work->page, "      product %.64s\n", bl_show_word(c->product, shown));
    print_checks(work, &work->after);
}

static void
write_record(struct work *work, const char *path, enum change change, const struct bulla_error *why)
{
    const struct bl_claims *c = &work->claims;
    struct bl_result *r = &work->result;

    bl_result_open_object(r, NULL);
    bl_result_word(r, "record", path);
    bl_result_word(r, "change", words[change]);
    if (change == NOT_GENUINE) {
        bl_result_word(r, "why", why->what);
        bl_result_close(r);
        return;
    }
    bl_result_word(r, "kind", c->kind);
    if (c->platform_id.size > 0)
        bl_result_hex(r, "platform", bl_claim_view(&c->platform_id));
    if (c->product[0] != '\0')
        bl_result_word(r, "product", c->product);
    bl_result_open_array(r, "refused_by");
    for (size_t i = 0; i < work->after.check_count; i++)
        if (!work->after.checks[i].passed)
            bl_result_word(r, NULL, bl_check_word(work->after.checks[i].id));
    bl_result_close(r);
    bl_result_close(r);
}

/* -- appraised ---------------------------------------------------------------------------------- */

/* That evidence is not genuine is a finding; whatever else fails ends the replay. */
static bool
is_finding(const struct bulla_error *failure)
{
    return bulla_status_is_finding(failure->status);
}

static enum bulla_status
appraise(struct work *work, const char *path, struct bulla_error *err)
{
    struct bulla_error failure = { 0 };
    enum change change = NOT_GENUINE;

    work->claims = (struct bl_claims){ 0 };
    if (work->files.scheme->verify == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "evidence record",
                                "things of this kind carry no signature");
    if (work->files.scheme->verify(&work->files.verification, &work->claims, &failure) ==
        BULLA_OK) {
        work->claims.binding = work->record.binding;
        bl_appraise(&work->claims, &work->candidate, work->now_s, &work->after);
        if (work->has_current)
            bl_appraise(&work->claims, &work->current, work->now_s, &work->before);
        change = change_of(work);
    } else if (!is_finding(&failure)) {
        *err = failure;
        return failure.status;
    }
    work->counts[change]++;
    if (work->as_json)
        write_record(work, path, change, &failure);
    else
        print_record(work, path, change, &failure);
    return BULLA_OK;
}

/* What neither policy would have looked at anymore is refused by either, by its age. */
static void
widen_grace(struct work *work)
{
    int64_t *grace_s = &work->files.verification.collateral_grace_s;
    const uint64_t a = work->candidate.collateral_grace_days;
    const uint64_t b = work->current.collateral_grace_days;
    const int64_t most_s = (int64_t)(a > b ? a : b) * DAY_S;

    if (*grace_s < most_s)
        *grace_s = most_s;
}

static enum bulla_status
replay(struct work *work, const char *path, struct bulla_error *err)
{
    enum bulla_status status = bl_evidence_record_read(path, &work->record, err);

    if (status == BULLA_OK)
        status = bl_evidence_files_load(&work->files, &work->record.arguments, err);
    if (status == BULLA_OK) {
        widen_grace(work);
        work->files.verification.memo = work->memo;
        status = appraise(work, path, err);
        bl_evidence_files_done(&work->files);
    }
    bl_evidence_record_done(&work->record);
    return status;
}

/* -- all of them -------------------------------------------------------------------------------- */

static enum bulla_status
load(struct work *work, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *candidate = bl_argument(arguments, "policy");
    const char *current = bl_argument(arguments, "against");
    const char *at = bl_argument(arguments, "at");

    if (candidate == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", "--policy FILE is needed");
    work->now_s = bl_clock_now_s();
    if (at != NULL && bl_time_parse((struct bulla_bytes){ (const uint8_t *)at, strlen(at) },
                                    &work->now_s, NULL) != BULLA_OK)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "--at is not a time such as 2026-11-22T09:30:00Z");
    BL_TRY(bl_policy_file_read(candidate, &work->candidate, err));
    work->has_current = current != NULL;
    if (current != NULL)
        BL_TRY(bl_policy_file_read(current, &work->current, err));
    for (size_t i = 0; i < bl_operand_count(arguments); i++)
        BL_TRY(bl_evidence_record_list_add(&work->records, bl_operand(arguments, i), err));
    return BULLA_OK;
}

static void
end_text(struct work *work)
{
    bl_page_print(&work->page, "\n%zu records:", work->records.count);
    for (size_t i = 0; i < CHANGES; i++)
        if (work->counts[i] > 0)
            bl_page_print(&work->page, " %zu %s;", work->counts[i], words[i]);
    bl_page_print(&work->page, "\n");
}

static enum bulla_status
run_all(struct work *work, const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_TRY(load(work, arguments, err));
    BL_TRY(bl_memo_new(MEMO_COUNT, MEMO_SIZE, &work->memo, err));
    bl_result_begin(&work->result);
    bl_result_open_array(&work->result, "records");
    for (size_t i = 0; i < work->records.count; i++)
        BL_TRY(replay(work, work->records.paths[i], err));
    bl_result_close(&work->result);
    bl_result_open_object(&work->result, "counts");
    for (size_t i = 0; i < CHANGES; i++)
        bl_result_number(&work->result, words[i], work->counts[i]);
    end_text(work);
    BL_TRY(work->as_json ? bl_result_write(&work->result, STDOUT_FILENO, err)
                         : bl_page_write(&work->page, STDOUT_FILENO, err));
    if (work->counts[NEWLY_REFUSED] == 0)
        return BULLA_OK;
    bl_report_object_word(bl_argument(arguments, "policy"));
    return bulla_fail_cause(err, BULLA_CAUSE_DENIED, "candidate policy",
                            "it refuses what is permitted now");
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct work *work = bl_alloc(1, sizeof *work);

    if (work == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "replay", "out of memory", 0);
    work->as_json = bl_wants_json(arguments);
    enum bulla_status status = run_all(work, arguments, err);
    bl_memo_free(work->memo);
    bl_evidence_record_list_done(&work->records);
    bl_appraisal_policy_done(&work->current);
    bl_appraisal_policy_done(&work->candidate);
    bl_page_done(&work->page);
    bl_result_done(&work->result);
    bl_free(work);
    return status;
}

static const struct bl_option options[] = {
    { .name = "policy", .argument = "FILE", .help = "the candidate" },
    { .name = "against",
      .argument = "FILE",
      .help = "the policy in force; without it everything counts as permitted until now" },
    { .name = "at", .argument = "TIME", .help = "appraise as of this time, not as of now" },
    { 0 }
};
static const char *const examples[] = {
    "bulla policy replay --policy orders-next.yaml --against orders.yaml records", NULL
};

const struct bl_verb bl_verb_policy_replay = {
    .name = "policy replay",
    .summary = "say what a candidate policy would change for recorded evidence, and for whom",
    .operands = "RECORDED...",
    .operand_count_min = 1,
    .operand_count_max = 1024,
    .options = options,
    .examples = examples,
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/policy_check.c: bulla policy check: can it be read, what is its digest, what is weak in it?
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/page.h"
#include "cmd/policy_file.h"
#include "cmd/policy_words.h"
#include "cmd/result.h"
#include "cmd/terminal.h"
#include "cmd/verb.h"
#include "cmd/verbs.h"
#include "policy/review.h"
#include "sys/clock.h"

struct work {
    const struct bl_appraisal_policy *policy;
    int64_t now_s;
    struct bl_page page;
    struct bl_result result;
    size_t counts[BL_SEVERITY_DEAD + 1];
};

/* -- for people --------------------------------------------------------------------------------- */

#define INDENT 10 /* columns */

static void
print_finding(void *context, const struct bl_finding *finding)
{
    static const char *const marks[] = { "", "- note", "! weak", "\xe2\x9c\x97 dead" };
    static const enum bl_tint tints[] = { BL_TINT_NONE, BL_TINT_NONE, BL_TINT_WARNING,
                                          BL_TINT_BAD };
    struct work *work = context;
    char shown[BL_SHOWN_SIZE], distance[BL_SHOWN_SIZE];

    work->counts[finding->severity]++;
    bl_page_print(&work->page, "  %s%s%s  %s\n", bl_tint(tints[finding->severity]),
                  marks[finding->severity], bl_tint(BL_TINT_NONE), finding->field);
    bl_page_print(&work->page, "%*s", INDENT, "");
    bl_page_fold(&work->page, INDENT, 80 - INDENT, finding->what);
    if (finding->time_s != 0)
        bl_page_print(&work->page, "          %s, %s\n", bl_show_time(finding->time_s, shown),
                      bl_distance_words(finding->time_s, work->now_s, distance));
    if (finding->text.size > 0)
        bl_page_print(&work->page, "          \"%.66s\"\n", bl_show_text(finding->text, shown));
}

static void
print_head(struct work *work)
{
    const struct bl_appraisal_policy *policy = work->policy;
    char shown[BL_SHOWN_SIZE], distance[BL_SHOWN_SIZE];

    bl_page_print(&work->page, "policy \"%s\" version %" PRIu64 ", format %" PRIu64 "\n",
                  bl_show_word(policy->name, shown), policy->version, policy->format);
    bl_page_print(&work->page, "  digest     %s\n",
                  bl_show_hex(BL_BYTES_OF(policy->digest), shown));
    bl_page_print(&work->page, "  subject    %s\n", bl_policy_subject_word(policy->subject));
    if (policy->format != BL_POLICY_FORMAT_1) {
        bl_page_print(&work->page, "  kinds     ");
        for (int i = BL_KIND_NONE + 1; i < BL_KIND_COUNT; i++)
            if ((policy->kinds >> i & 1u) != 0)
                bl_page_print(&work->page, " %s", bl_policy_kind_word((enum bl_policy_kind)i));
        bl_page_print(&work->page, "\n");
    }
    bl_page_print(&work->page, "  binding    %s\n", bl_binding_word(policy->binding));
    bl_page_print(&work->page, "  ends       %s, %s\n\n", bl_show_time(policy->not_after_s, shown),
                  bl_distance_words(policy->not_after_s, work->now_s, distance));
}

static enum bulla_status
print_text(struct work *work, struct bulla_error *err)
{
    print_head(work);
    bl_policy_review(work->policy, work->now_s, print_finding, work);
    bl_page_print(&work->page, "%s%zu weak, %zu dead, %zu notes\n",
                  work->counts[BL_SEVERITY_WEAK] + work->counts[BL_SEVERITY_DEAD] +
                              work->counts[BL_SEVERITY_NOTE] >
                          0
                      ? "\n"
                      : "",
                  work->counts[BL_SEVERITY_WEAK], work->counts[BL_SEVERITY_DEAD],
                  work->counts[BL_SEVERITY_NOTE]);
    return bl_page_write(&work->page, STDOUT_FILENO, err);
}

/* -- as JSON ------------------------------------------------------------------------------------ */

static void
write_finding(void *context, const struct bl_finding *finding)
{
    struct work *work = context;

    bl_result_open_object(&work->result, NULL);
    bl_result_word(&work->result, "severity", bl_severity_word(finding->severity));
    bl_result_word(&work->result, "field", finding->field);
    bl_result_word(&work->result, "what", finding->what);
    if (finding->time_s != 0)
        bl_result_time(&work->result, "ends", finding->time_s);
    if (finding->text.size > 0)
        bl_result_text(&work->result, "text", finding->text);
    bl_result_close(&work->result);
}

static enum bulla_status
write_json(struct work *work, struct bulla_error *err)
{
    const struct bl_appraisal_policy *policy = work->policy;
    struct bl_result *result = &work->result;

    bl_result_begin(result);
    bl_result_word(result, "name", policy->name);
    bl_result_number(result, "version", policy->version);
    bl_result_number(result, "format", policy->format);
    bl_result_hex(result, "digest", BL_BYTES_OF(policy->digest));
    bl_result_word(result, "subject", bl_policy_subject_word(policy->subject));
    bl_result_word(result, "binding", bl_binding_word(policy->binding));
    bl_result_time(result, "not_after", policy->not_after_s);
    bl_result_open_array(result, "findings");
    bl_policy_review(policy, work->now_s, write_finding, work);
    bl_result_close(result);
    return bl_result_write(result, STDOUT_FILENO, err);
}

/* -- the verb ----------------------------------------------------------------------------------- */

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    struct work work = { .policy = &policy, .now_s = bl_clock_now_s() };

    BL_TRY(bl_policy_file_read(bl_operand(arguments, 0), &policy, err));
    enum bulla_status status =
        bl_wants_json(arguments) ? write_json(&work, err) : print_text(&work, err);
    bl_page_done(&work.page);
    bl_result_done(&work.result);
    BL_TRY(status);
    if (policy.not_after_s >= work.now_s)
        return BULLA_OK;
    return bulla_fail_cause(err, BULLA_CAUSE_EXPIRED, "appraisal policy", "it has ended");
}

static const struct bl_option options[] = { { 0 } };
static const char *const examples[] = { "bulla policy check orders.yaml", NULL };

const struct bl_verb bl_verb_policy_check = {
    .name = "policy check",
    .summary = "read an appraisal policy: its digest, what ends, what is weak in it",
    .operands = "POLICY",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};

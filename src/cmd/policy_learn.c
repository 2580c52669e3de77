/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/policy_learn.c: bulla policy learn: a policy from evidence that is genuine and that the operator
 * trusts. Where the policy would refuse this very evidence, that is said.
 */
#include <stdio.h>
#include <string.h>

#include "appraise/appraise.h"
#include "base/memory.h"
#include "cmd/evidence_files.h"
#include "cmd/policy_new.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"
#include "codec/time.h"
#include "policy/learn.h"

#define LIFE_S (365 * 86400)
#define NAME_MAX_SHOWN 160 /* bytes of the evidence's path in the source */

/* All of one run; too large for a stack. */
struct work {
    struct bl_evidence_files files;
    struct bl_claims claims;
    struct bl_appraisal_policy policy;
    struct bl_verdict verdict;
    char source[BL_POLICY_TEXT_SIZE_MAX];
    struct bl_learning how;
};

static struct bulla_bytes
text(const char *word)
{
    return (struct bulla_bytes){ (const uint8_t *)word, strlen(word) };
}

static enum bulla_status
fail_usage(const char *option, const char *what, struct bulla_error *err)
{
    bl_report_object_word(option);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", what);
}

static enum bulla_status
read_how(struct work *work, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *class_word = bl_argument(arguments, "class");
    const char *binding = bl_argument(arguments, "binding");
    const char *until = bl_argument(arguments, "until");
    const int64_t now_s = work->files.verification.now_s;
    enum bl_platform_class class = BL_CLASS_HARDWARE;
    char shown[BL_SHOWN_SIZE], time[BL_TIME_TEXT_SIZE];

    if (class_word != NULL)
        class = bl_platform_class_from_word(text(class_word));
    if (class == BL_CLASS_ABSENT)
        return fail_usage("--class", "it is hardware, hypervisor or software", err);
    work->how.classes = (uint64_t)1 << class;
    work->how.binding = binding == NULL ? BL_BINDING_NONE : bl_binding_from_word(text(binding));
    if (work->how.binding == BL_BINDING_ABSENT)
        return fail_usage("--binding", "it is none, key or channel", err);
    work->how.until_s = now_s + LIFE_S;
    if (until != NULL && bl_time_parse(text(until), &work->how.until_s, NULL) != BULLA_OK)
        return fail_usage("--until", "it is no time such as 2027-06-30T00:00:00Z", err);
    (void)snprintf(work->source, sizeof work->source, "learned from %.*s on %.10s", NAME_MAX_SHOWN,
                   bl_show_word(bl_operand(arguments, 0), shown), bl_time_text(now_s, time));
    work->how.source = text(work->source);
    return BULLA_OK;
}

static enum bulla_status
verify(struct work *work, struct bulla_error *err)
{
    const struct bl_scheme *scheme = work->files.scheme;

    if (scheme->verify == NULL)
        return fail_usage(scheme->kind, "things of this kind carry no signature", err);
    return scheme->verify(&work->files.verification, &work->claims, err);
}

/* What the policy would not even accept of what it was learned from; each check once. */
static void
tell_what_fails(struct work *work)
{
    const struct bl_verdict *verdict = &work->verdict;

    work->claims.binding = work->how.binding; /* not the evidence's fault */
    bl_appraise(&work->claims, &work->policy, work->files.verification.now_s, &work->verdict);
    for (size_t i = 0; i < verdict->check_count; i++)
        if (!verdict->checks[i].passed && (i == 0 || verdict->checks[i - 1].passed ||
                                           verdict->checks[i - 1].id != verdict->checks[i].id))
            bl_note("note: the policy refuses this very evidence by its check %s",
                    bl_check_word(verdict->checks[i].id));
}

static enum bulla_status
learn(struct work *work, const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_TRY(bl_evidence_files_load(&work->files, arguments, err));
    enum bulla_status status = read_how(work, arguments, err);
    if (status == BULLA_OK)
        status = verify(work, err);
    if (status == BULLA_OK)
        status = bl_policy_learn(&work->claims, &work->how, &work->policy, err);
    if (status == BULLA_OK)
        status = bl_policy_name_argument(arguments, &work->policy, err);
    if (status == BULLA_OK) {
        tell_what_fails(work);
        status = bl_policy_output(arguments, &work->policy, err);
    }
    bl_evidence_files_done(&work->files);
    return status;
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct work *work = bl_alloc(1, sizeof *work);

    if (work == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "evidence", "out of memory", 0);
    enum bulla_status status = learn(work, arguments, err);
    bl_appraisal_policy_done(&work->policy);
    bl_free(work);
    return status;
}

static const char *const classes[] = { "hardware", "hypervisor", "software", NULL };
static const char *const bindings[] = { "none", "key", "channel", NULL };
static const struct bl_option options[] = {
    BL_EVIDENCE_OPTIONS,
    BL_COLLATERAL_USE_OPTIONS,
    { .name = "name", .argument = "NAME", .help = "name of the policy" },
    { .name = "until",
      .argument = "TIME",
      .help = "end of the policy and of its values; a year if not given" },
    { .name = "class",
      .argument = "WORD",
      .help = "learn from a platform of this class; hardware if not given",
      .choices = classes },
    { .name = "binding",
      .argument = "WORD",
      .help = "what the policy shall ask for: none, key or channel; none if not given",
      .choices = bindings },
    BL_OUTPUT_OPTIONS,
    { 0 }
};
static const char *const examples[] = {
    "bulla policy learn --kind snp --collateral cert_chain=chain.pem "
    "--collateral vcek=vcek.der -o learned.yaml report.bin",
    NULL
};

const struct bl_verb bl_verb_policy_learn = {
    .name = "policy learn",
    .summary = "write the appraisal policy that accepts this evidence and little else",
    .operands = "EVIDENCE",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};

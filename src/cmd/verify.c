/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/verify.c: bulla verify: is this evidence genuine, and is it good enough? With --policy the
 * policy says so, otherwise the built-in baseline.
 *
 * The verdict goes to standard output whatever it is; exit code 0: genuine and accepted, 7: genuine
 * and refused, 8: not genuine, 9: stale. What is wrong with the call itself has no verdict.
 */
#include "cmd/verify.h"

#include <unistd.h>

#include "base/memory.h"
#include "cmd/attested_certificate.h"
#include "cmd/policy_file.h"
#include "cmd/report.h"
#include "cmd/subject_key.h"
#include "cmd/verbs.h"
#include "cmd/verify_outcome.h"
#include "sys/file.h"

#define DAY_S 86400
enum { EXIT_CORRUPT = 3, EXIT_NOT_GENUINE = 8, EXIT_STALE = 9 };

/* -- the verb ----------------------------------------------------------------------------------- */

static enum bulla_status
show(const struct bl_arguments *arguments, const struct bl_verify_outcome *outcome,
     struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO(bl_page) page = { 0 };

    if (bl_wants_json(arguments)) {
        BL_TRY(bl_outcome_write_json(outcome, &text, err));
        return bl_fd_write(STDOUT_FILENO, bulla_buffer_bytes(&text), err);
    }
    BL_TRY(bl_outcome_print(outcome, &page, err));
    return bl_page_write(&page, STDOUT_FILENO, err);
}

/* A verdict is about the evidence; whatever else fails is about us or the call. */
static bool
is_verdict(const struct bulla_error *failure)
{
    int code = bulla_cause_exit_code(failure->cause);

    return code == EXIT_CORRUPT || code == EXIT_NOT_GENUINE || code == EXIT_STALE;
}

static enum bulla_status
conclude(const struct bl_verify_outcome *outcome, struct bulla_error *err)
{
    const struct bulla_error *failure = &outcome->failure;

    if (!bl_outcome_is_genuine(outcome)) {
        if (bulla_cause_exit_code(failure->cause) != EXIT_CORRUPT) {
            *err = *failure;
            return failure->status;
        }
        enum bulla_status status =
            bulla_fail_cause(err, BULLA_CAUSE_EVIDENCE_MALFORMED, failure->where, failure->what);
        err->offset = failure->offset;
        return status;
    }
    if (outcome->policy != NULL)
        return bl_verdict_status(&outcome->verdict, err);
    if (outcome->is_inspection || outcome->baseline.accepted)
        return BULLA_OK;
    return bulla_fail_cause(err, BULLA_CAUSE_DENIED, "baseline", outcome->baseline.reasons[0]);
}

typedef enum bulla_status look(const struct bl_verification *verification,
                               struct bl_claims *claims_out, struct bulla_error *err);

static enum bulla_status
fail_no_look(const struct bl_verify_outcome *outcome, struct bulla_error *err)
{
    bl_report_object_word(outcome->files->scheme->kind);
    bl_report_next(outcome->is_inspection ? "bulla verify looks at evidence of this kind"
                                          : "bulla inspect looks at things of this kind");
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "evidence",
                            outcome->is_inspection ? "nothing of this kind goes without a signature"
                                                   : "things of this kind carry no signature");
}

/* A result of somebody else's appraisal: not what it is about is judged, but what it says. */
static void
judge_result(struct bl_verify_outcome *outcome)
{
    struct bl_baseline *baseline = &outcome->baseline;
    const char *reason = NULL;

    if (bl_ear_judge(&outcome->files->verification, &reason, NULL) == BULLA_OK && reason == NULL)
        baseline->accepted = true;
    else
        baseline->reasons[baseline->reason_count++] = reason;
}

static void
judge(struct bl_verify_outcome *outcome)
{
    if (!bl_outcome_is_genuine(outcome) || outcome->is_inspection)
        return;
    if (outcome->files->scheme == &bl_ear_scheme) {
        judge_result(outcome);
        return;
    }
    bl_baseline_judge(&outcome->claims, &outcome->baseline);
    if (outcome->policy != NULL)
        bl_appraise(&outcome->claims, outcome->policy, outcome->files->verification.now_s,
                    &outcome->verdict);
}

/* All of one run; too large for a stack, and for two. */
struct work {
    struct bl_evidence_files files;
    struct bl_appraisal_policy policy;
    struct bl_verify_outcome outcome;
    struct bl_result_request result;
    struct bl_certificate_wish certificate;
};

static enum bulla_status
look_at(const struct bl_arguments *arguments, struct work *work, struct bulla_error *err)
{
    struct bl_verify_outcome *outcome = &work->outcome;
    const struct bl_evidence_files *files = outcome->files;
    look *how = outcome->is_inspection ? files->scheme->inspect : files->scheme->verify;

    if (how == NULL)
        return fail_no_look(outcome, err);
    if (files->scheme == &bl_ear_scheme && outcome->policy != NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "a policy appraises evidence, not results");
    if (how(&files->verification, &outcome->claims, &outcome->failure) != BULLA_OK &&
        !is_verdict(&outcome->failure)) {
        *err = outcome->failure;
        return outcome->failure.status;
    }
    /* "It carries nothing" was asked for and holds; that makes nothing fresh. */
    if (files->verification.binder.size == 0)
        outcome->claims.binding = BL_BINDING_ABSENT;
    judge(outcome);
    BL_TRY(bl_result_request_write(&work->result, outcome, arguments, err));
    BL_TRY(bl_certificate_wish_grant(&work->certificate, outcome, arguments, err));
    BL_TRY(show(arguments, outcome, err));
    return conclude(outcome, err);
}

/* With a policy its word counts; who calls may ask for less, and not for more. */
static enum bulla_status
agree_on_grace(struct work *work, const struct bl_arguments *arguments, struct bulla_error *err)
{
    int64_t *grace_s = &work->files.verification.collateral_grace_s;

    if (work->outcome.policy == NULL)
        return BULLA_OK;
    const int64_t most_s = (int64_t)work->policy.collateral_grace_days * DAY_S;
    if (bl_argument(arguments, "grace") == NULL)
        *grace_s = most_s;
    if (*grace_s <= most_s)
        return BULLA_OK;
    bl_report_object_word("--grace");
    bl_report_next("the policy says how long: collateral_grace");
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                            "it is longer than the policy's");
}

static enum bulla_status
load(struct work *work, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *path = bl_argument(arguments, "policy");

    if (path != NULL) {
        BL_TRY(bl_policy_file_read(path, &work->policy, err));
        work->outcome.policy = &work->policy;
    }
    BL_TRY(bl_result_request_read(arguments, &work->result, err));
    BL_TRY(bl_certificate_wish_read(arguments, &work->certificate, err));
    BL_TRY(bl_evidence_files_load(&work->files, arguments, err));
    work->outcome.files = &work->files;
    enum bulla_status status = agree_on_grace(work, arguments, err);
    if (status != BULLA_OK)
        bl_evidence_files_done(&work->files);
    return status;
}

static enum bulla_status
load_and_look(const struct bl_arguments *arguments, bool is_inspection, struct bulla_error *err)
{
    struct work *work = bl_alloc(1, sizeof *work);

    if (work == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "evidence", "out of memory", 0);
    work->outcome.is_inspection = is_inspection;
    enum bulla_status status = load(work, arguments, err);
    if (status == BULLA_OK) {
        status = look_at(arguments, work, err);
        bl_evidence_files_done(&work->files);
    }
    bl_appraisal_policy_done(&work->policy);
    bl_result_request_done(&work->result);
    bl_certificate_wish_done(&work->certificate);
    bl_free(work);
    return status;
}

enum bulla_status
bl_evidence_inspect(const struct bl_arguments *arguments, struct bulla_error *err)
{
    return load_and_look(arguments, /* is_inspection= */ true, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    return load_and_look(arguments, /* is_inspection= */ false, err);
}

static const struct bl_option options[] = {
    BL_EVIDENCE_OPTIONS,
    BL_COLLATERAL_USE_OPTIONS,
    { .name = "policy",
      .argument = "FILE",
      .help = "what it must satisfy (bulla policy new); replaces the baseline" },
    BL_SUBJECT_KEY_OPTION,
    BL_RESULT_OPTIONS,
    BL_CERTIFICATE_OPTIONS,
    { 0 }
};
static const char *const examples[] = { "bulla verify --kind tpm --part signature=quote.sig --part "
                                        "pcrs=pcrs.json --anchor ak_pub=ak.pem "
                                        "--input nonce=00ff quote.msg",
                                        NULL };

const struct bl_verb bl_verb_verify = {
    .name = "verify",
    .summary = "say whether evidence is genuine, and what speaks against it",
    .operands = "EVIDENCE",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/verify.c: bulla verify: is this evidence genuine, and does the built-in baseline accept it?
 *
 * The verdict goes to standard output whatever it is; exit code 0: genuine and accepted, 7: genuine
 * and refused, 8: not genuine, 9: stale. What is wrong with the call itself has no verdict.
 */
#include "cmd/verify.h"

#include <stdio.h>
#include <unistd.h>

#include "appraise/baseline.h"
#include "base/memory.h"
#include "cmd/page.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/verbs.h"
#include "sys/file.h"
#include "tee/failure.h"

enum { EXIT_CORRUPT = 3, EXIT_NOT_GENUINE = 8, EXIT_STALE = 9 };

/* All that was found. */
struct outcome {
    const struct bl_evidence_files *files;
    bool is_inspection;
    struct bl_claims claims;
    struct bl_baseline baseline;
    struct bulla_error failure; /* status OK: genuine, or well-formed */
};

static bool
is_genuine(const struct outcome *outcome)
{
    return outcome->failure.status == BULLA_OK;
}

/* -- as JSON ------------------------------------------------------------------------------------ */

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

static void
write_reasons(struct bl_json_writer *j, const struct outcome *outcome)
{
    bl_json_open_array(j, "why");
    if (!is_genuine(outcome))
        bl_json_write_word(j, NULL, outcome->failure.what);
    for (size_t i = 0; i < outcome->baseline.reason_count; i++)
        bl_json_write_word(j, NULL, outcome->baseline.reasons[i]);
    bl_json_close(j);
}

static void
write_verdict(struct bl_json_writer *j, const struct outcome *outcome)
{
    bl_json_write_word(j, "kind", outcome->files->scheme->kind);
    bl_json_write_word(j, "verdict", is_genuine(outcome) ? "ok" : "fail");
    if (!is_genuine(outcome)) {
        bl_json_write_word(j, "failure", bl_failure_word(outcome->failure.cause));
        bl_json_write_word(j, "where", outcome->failure.where);
    }
    if (!outcome->is_inspection)
        bl_json_write_word(j, "baseline", outcome->baseline.accepted ? "accept" : "refuse");
    write_reasons(j, outcome);
}

static void
write_checks(struct bl_json_writer *j, const struct outcome *outcome)
{
    const struct bl_claims *claims = &outcome->claims;
    bool is_fresh = outcome->files->verification.binding != BL_BINDING_ABSENT;

    if (claims->anchor != NULL) {
        bl_json_write_word(j, "anchor", claims->anchor);
        bl_json_write_word(j, "class", bl_platform_class_word(claims->platform_class));
    }
    bl_json_write_word(j, "identity", "not checked");
    bl_json_write_word(j, "freshness", is_fresh ? "checked" : "not checked");
    bl_json_open_array(j, "not_checked");
    for (size_t i = 0; i < claims->unchecked_count; i++)
        bl_json_write_word(j, NULL, claims->unchecked[i]);
    bl_json_close(j);
}

static enum bulla_status
write_claims(struct bl_json_writer *j, const struct outcome *outcome, struct bulla_error *err)
{
    const struct bl_scheme *scheme = outcome->files->scheme;

    bl_json_open_object(j, "claims");
    if (scheme->describe != NULL)
        BL_TRY(scheme->describe(&outcome->files->verification, j, err));
    bl_json_close(j);
    return BULLA_OK;
}

static enum bulla_status
write_json(const struct outcome *outcome, struct bulla_buffer *text, struct bulla_error *err)
{
    struct bl_json_writer j = bl_json_writer(text);

    bl_json_open_object(&j, NULL);
    write_verdict(&j, outcome);
    write_tcb(&j, &outcome->claims.tcb);
    if (is_genuine(outcome)) {
        write_checks(&j, outcome);
        BL_TRY(write_claims(&j, outcome, err));
    }
    bl_json_close(&j);
    BL_TRY(bl_json_finish(&j, err));
    return bulla_buffer_append(text, BL_LITERAL("\n"), err);
}

/* -- for people --------------------------------------------------------------------------------- */

static void
print_list(struct bl_page *page, const char *title, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bl_page_print(page, "%-16s%s\n", i == 0 ? title : "", words[i]);
}

static void
print_tcb(struct bl_page *page, const struct bl_tcb_claims *tcb)
{
    if (!tcb->is_rated)
        return;
    bl_page_print(page, "%-16s%s (platform %s, quoting enclave %s, TDX module %s)\n",
                  "TCB:", bl_tcb_status_word(tcb->status), bl_tcb_status_word(tcb->platform),
                  bl_tcb_status_word(tcb->quoter), bl_tcb_status_word(tcb->module));
    for (size_t i = 0; i < tcb->advisory_count; i++)
        bl_page_print(page, "%-16s%s\n", i == 0 ? "advisories:" : "", tcb->advisories[i]);
}

#define PATH_SIZE 128 /* bytes of "outer.inner" */

static void print_members(struct bl_page *page, const struct bl_json *object, const char *prefix);

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
        bl_page_print(page, "  %-28s%s\n", name, bl_show_text(text, shown));
    else if (bl_json_as_number(value, "claim", INT64_MIN, INT64_MAX, &number, NULL) == BULLA_OK)
        bl_page_print(page, "  %-28s%lld\n", name, (long long)number);
    else if (bl_json_as_bool(value, "claim", &flag, NULL) == BULLA_OK)
        bl_page_print(page, "  %-28s%s\n", name, flag ? "yes" : "no");
    else
        bl_page_print(page, "  %-28s(a list; --json shows it)\n", name);
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
print_claims(struct bl_page *page, const struct outcome *outcome, struct bulla_error *err)
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
    bl_page_print(page, "it says:\n");
    print_members(page, claims, "");
    return BULLA_OK;
}

static void
print_failure(struct bl_page *page, const struct outcome *outcome)
{
    char value[BL_VALUE_TEXT_SIZE];

    bl_page_print(page, "NOT GENUINE: %s: %s\n", outcome->failure.where, outcome->failure.what);
    bl_value_text(&outcome->failure.found, value);
    if (value[0] != '\0')
        bl_page_print(page, "%-16s%s\n", "found:", value);
    bl_value_text(&outcome->failure.expected, value);
    if (value[0] != '\0')
        bl_page_print(page, "%-16s%s\n", "expected:", value);
}

static enum bulla_status
print_text(const struct outcome *outcome, struct bl_page *page, struct bulla_error *err)
{
    const struct bl_claims *claims = &outcome->claims;
    bool is_fresh = outcome->files->verification.binding != BL_BINDING_ABSENT;

    if (!is_genuine(outcome)) {
        print_failure(page, outcome);
        return BULLA_OK;
    }
    if (outcome->is_inspection)
        bl_page_print(page, "well-formed and consistent; nothing of it is believed\n");
    else if (outcome->baseline.accepted)
        bl_page_print(page, "GENUINE, and the baseline accepts it\n");
    else
        bl_page_print(page, "GENUINE, but the baseline refuses it\n");
    print_list(page, "because:", outcome->baseline.reasons, outcome->baseline.reason_count);
    if (claims->anchor != NULL)
        bl_page_print(page, "%-16s%s (%s)\n", "anchor:", claims->anchor,
                      bl_platform_class_word(claims->platform_class));
    print_tcb(page, &claims->tcb);
    if (!outcome->is_inspection)
        bl_page_print(page, "%-16sidentity (a policy says whose it should be)%s\n",
                      "not checked:", is_fresh ? "" : ", freshness (no nonce was given)");
    print_list(page, "not checked:", claims->unchecked, claims->unchecked_count);
    return print_claims(page, outcome, err);
}

/* -- the verb ----------------------------------------------------------------------------------- */

static enum bulla_status
show(const struct bl_arguments *arguments, const struct outcome *outcome, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO(bl_page) page = { 0 };

    if (bl_wants_json(arguments)) {
        BL_TRY(write_json(outcome, &text, err));
        return bl_fd_write(STDOUT_FILENO, bulla_buffer_bytes(&text), err);
    }
    BL_TRY(print_text(outcome, &page, err));
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
conclude(const struct outcome *outcome, struct bulla_error *err)
{
    const struct bulla_error *failure = &outcome->failure;

    if (!is_genuine(outcome)) {
        if (bulla_cause_exit_code(failure->cause) != EXIT_CORRUPT) {
            *err = *failure;
            return failure->status;
        }
        enum bulla_status status =
            bulla_fail_cause(err, BULLA_CAUSE_EVIDENCE_MALFORMED, failure->where, failure->what);
        err->offset = failure->offset;
        return status;
    }
    if (outcome->is_inspection || outcome->baseline.accepted)
        return BULLA_OK;
    return bulla_fail_cause(err, BULLA_CAUSE_DENIED, "baseline", outcome->baseline.reasons[0]);
}

typedef enum bulla_status look(const struct bl_verification *verification,
                               struct bl_claims *claims_out, struct bulla_error *err);

static enum bulla_status
look_at(const struct bl_arguments *arguments, const struct bl_evidence_files *files,
        bool is_inspection, struct bulla_error *err)
{
    look *how = is_inspection ? files->scheme->inspect : files->scheme->verify;
    struct outcome outcome = { .files = files, .is_inspection = is_inspection };

    if (how == NULL) {
        bl_report_object_word(files->scheme->kind);
        bl_report_next(is_inspection ? "bulla verify looks at evidence of this kind"
                                     : "bulla inspect looks at things of this kind");
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "evidence",
                                is_inspection ? "nothing of this kind goes without a signature"
                                              : "things of this kind carry no signature");
    }
    if (how(&files->verification, &outcome.claims, &outcome.failure) != BULLA_OK &&
        !is_verdict(&outcome.failure)) {
        *err = outcome.failure;
        return outcome.failure.status;
    }
    if (is_genuine(&outcome) && !is_inspection)
        bl_baseline_judge(&outcome.claims, &outcome.baseline);
    BL_TRY(show(arguments, &outcome, err));
    return conclude(&outcome, err);
}

static enum bulla_status
load_and_look(const struct bl_arguments *arguments, bool is_inspection, struct bulla_error *err)
{
    struct bl_evidence_files *files = bl_alloc(1, sizeof *files);

    if (files == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "evidence", "out of memory", 0);
    enum bulla_status status = bl_evidence_files_load(files, arguments, err);
    if (status == BULLA_OK) {
        status = look_at(arguments, files, is_inspection, err);
        bl_evidence_files_done(files);
    }
    bl_free(files);
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

static const struct bl_option options[] = { BL_EVIDENCE_OPTIONS, { 0 } };
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/audit_verify.c: bulla audit verify: hold an audit log against itself, its head and the root.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "broker/audit.h"
#include "cmd/broker_target.h"
#include "cmd/page.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"

/* --head, or audit.head beside the log. */
static enum bulla_status
read_head(const struct bl_arguments *arguments, struct bulla_buffer *head, struct bulla_error *err)
{
    const char *given = bl_argument(arguments, "head");
    const char *log = bl_operand(arguments, 0);
    char beside[4096];

    if (given == NULL) {
        const char *slash = strrchr(log, '/');
        int directory = slash == NULL ? 0 : (int)(slash - log) + 1;
        (void)snprintf(beside, sizeof beside, "%.*saudit.head", directory, log);
        if (access(beside, F_OK) != 0)
            return BULLA_OK; /* the verification says that it is missing */
        given = beside;
    }
    bl_report_object_word(given);
    BL_TRY(bl_input_slurp(given, BL_AUDIT_HEAD_SIZE_MAX, head, err));
    bl_report_object_word("");
    return BULLA_OK;
}

static enum bulla_status
tell(const struct bl_arguments *arguments, const struct bl_audit_report *report,
     struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };
    BL_AUTO(bl_page) page = { 0 };
    char shown[BL_SHOWN_SIZE];

    if (bl_wants_json(arguments)) {
        bl_result_begin(&result);
        bl_result_flag(&result, "verified", true);
        bl_result_number(&result, "lines", report->line_count);
        bl_result_number(&result, "signed_lines", report->head_seq);
        bl_result_number(&result, "refusals", report->refused_count);
        bl_result_number(&result, "refusals_counted", report->counted_count);
        bl_result_number(&result, "counted_in_lines", report->counted_record_count);
        bl_result_hex(&result, "last_hash", BL_BYTES_OF(report->last_hash));
        return bl_result_write(&result, STDOUT_FILENO, err);
    }
    bl_page_print(&page,
                  "verified: %llu lines in an unbroken chain, %llu of them under the signed "
                  "head\nlast %s\n",
                  (unsigned long long)report->line_count, (unsigned long long)report->head_seq,
                  bl_show_hex(BL_BYTES_OF(report->last_hash), shown));
    bl_page_print(&page, "refusals: %llu with a line of their own",
                  (unsigned long long)report->refused_count);
    if (report->counted_count > 0)
        bl_page_print(&page,
                      "; %llu more of peers that proved nothing, only counted, in %llu lines "
                      "\"" BL_AUDIT_EVENT_REFUSED_MANY "\"",
                      (unsigned long long)report->counted_count,
                      (unsigned long long)report->counted_record_count);
    bl_page_print(&page, "\n");
    return bl_page_write(&page, STDOUT_FILENO, err);
}

/* The failure speaks of this line of the file. */
static void
name_line(const char *log, uint64_t line)
{
    char object[4096];

    (void)snprintf(object, sizeof object, "%s line %llu", log, (unsigned long long)line);
    bl_report_object_word(object);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_broker_address address = { 0 };
    struct bl_audit_report report = { 0 };
    BL_AUTO_FREE(bl_key) root = NULL;
    BL_AUTO(bl_input) log = BL_INPUT_NONE;
    BL_AUTO(bulla_buffer) head = { 0 };

    BL_TRY(bl_broker_target(arguments, &address, err));
    BL_TRY(bl_key_from_raw_public(BL_KEY_ED25519, BL_BYTES_OF(address.root), &root, err));
    BL_TRY(read_head(arguments, &head, err));
    bl_report_object_word(bl_operand(arguments, 0));
    BL_TRY(bl_input_open(&log, bl_operand(arguments, 0), err));
    enum bulla_status status =
        bl_audit_verify(log.fd, bulla_buffer_bytes(&head), root, &report, err);
    if (report.bad_line > 0)
        name_line(bl_operand(arguments, 0), report.bad_line);
    BL_TRY(status);
    bl_report_object_word("");
    return tell(arguments, &report, err);
}

static const struct bl_option options[] = {
    BL_BROKER_OPTIONS,
    { .name = "head",
      .argument = "FILE",
      .help = "the signed head (default: audit.head beside the log)" },
    { 0 },
};
static const char *const examples[] = {
    "bulla audit verify audit.log",
    NULL,
};

const struct bl_verb bl_verb_audit_verify = {
    .name = "audit verify",
    .summary = "verify an audit log offline, with nothing but the broker's address",
    .operands = "LOG",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};

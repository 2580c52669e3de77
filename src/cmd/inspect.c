/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/inspect.c: bulla inspect: what a blob, or with --kind a piece of evidence, says of itself.
 * Nothing of it is verified, and the output says so.
 */
#include <inttypes.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/slots.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"
#include "cmd/verify.h"
#include "seal/freshness.h"

static void
print_freshness(struct bl_page *page, const struct bl_freshness_anchor *anchor)
{
    if (anchor->kind == 0)
        bl_page_print(page, "freshness:   none: an older copy looks the same\n");
    else if (anchor->kind != BL_FRESHNESS_TPM)
        bl_page_print(page, "freshness:   an anchor of a kind that is unknown here\n");
    else
        bl_page_print(page,
                      "freshness:   counter 0x%08" PRIx32 " of a TPM at %" PRIu64
                      "; fork window: one version, from the writing of a newer one until it is "
                      "counted\n",
                      anchor->nv_index, anchor->value);
}

static enum bulla_status
print_text(const struct bl_blob_summary *summary, struct bulla_error *err)
{
    char shown[BL_SHOWN_SIZE];
    BL_AUTO(bl_page) page = { 0 };

    bl_page_print(&page, "sealed blob, nothing verified: this is what it says of itself\n");
    bl_page_print(&page, "name:        \"%s\"\n", bl_show_text(summary->name, shown));
    bl_page_print(&page, "created:     %s\n", bl_show_time(summary->created_s, shown));
    if (summary->not_after_s != 0)
        bl_page_print(&page, "not after:   %s\n", bl_show_time(summary->not_after_s, shown));
    bl_page_print(&page, "blob id:     %s\n", bl_show_hex(BL_BYTES_OF(summary->blob_id), shown));
    bl_page_print(&page, "suite:       0x%04x\n", summary->suite);
    bl_page_print(&page, "slots epoch: %" PRIu64 "\n", summary->slots_epoch);
    bl_page_print(&page, "bound data:  %s\n",
                  summary->with_associated_data ? "yes, needs --aad-file" : "none");
    print_freshness(&page, &summary->freshness);
    bl_page_print(&page, "header:      %zu bytes\n", summary->header_size);
    bl_page_print(&page, "opens with:  %s\n",
                  bl_show_text(bulla_buffer_bytes(&summary->tree_text), shown));
    for (size_t i = 0; i < summary->slot_count; i++) {
        bl_page_print(&page, "  ");
        bl_slot_print(&page, &summary->slots[i]);
        bl_page_print(&page, "\n");
    }
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
print_json(const struct bl_blob_summary *summary, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_flag(&result, "verified", false);
    bl_result_text(&result, "name", summary->name);
    bl_result_time(&result, "created", summary->created_s);
    if (summary->not_after_s != 0)
        bl_result_time(&result, "not_after", summary->not_after_s);
    else
        bl_result_null(&result, "not_after");
    bl_result_hex(&result, "blob_id", BL_BYTES_OF(summary->blob_id));
    bl_result_number(&result, "suite", summary->suite);
    bl_result_number(&result, "slots_epoch", summary->slots_epoch);
    bl_result_flag(&result, "associated_data", summary->with_associated_data);
    bl_result_flag(&result, "freshness_anchor", summary->freshness.kind != 0);
    bl_result_open_object(&result, "freshness");
    bl_result_word(&result, "anchor",
                   summary->freshness.kind == 0                  ? "none"
                   : summary->freshness.kind == BL_FRESHNESS_TPM ? "tpm"
                                                                 : "unknown");
    if (summary->freshness.kind == BL_FRESHNESS_TPM) {
        bl_result_number(&result, "counter", summary->freshness.nv_index);
        bl_result_number(&result, "value", summary->freshness.value);
        bl_result_number(&result, "fork_window", 1);
    }
    bl_result_close(&result);
    bl_result_number(&result, "header_size", summary->header_size);
    bl_result_text(&result, "tree", bulla_buffer_bytes(&summary->tree_text));
    bl_result_open_array(&result, "slots");
    for (size_t i = 0; i < summary->slot_count; i++) {
        bl_result_open_object(&result, NULL);
        bl_slot_describe(&result, &summary->slots[i]);
        bl_result_close(&result);
    }
    bl_result_close(&result);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_input) input = BL_INPUT_NONE;
    BL_AUTO(bl_blob_summary) summary = { 0 };

    if (bl_argument(arguments, "kind") != NULL)
        return bl_evidence_inspect(arguments, err);
    BL_TRY(bl_input_open(&input, bl_operand(arguments, 0), err));
    BL_TRY(bl_blob_inspect(input.fd, &summary, err));
    return bl_wants_json(arguments) ? print_json(&summary, err) : print_text(&summary, err);
}

static const struct bl_option options[] = { BL_EVIDENCE_OPTIONS, { 0 } };
static const char *const examples[] = { "bulla inspect demo.bulla",
                                        "bulla inspect --json demo.bulla", NULL };

const struct bl_verb bl_verb_inspect = {
    .name = "inspect",
    .summary = "show what a blob says of itself, believing nothing",
    .operands = "[BLOB]",
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/explain.c: bulla explain: why a blob opens or does not, slot by slot, here and now; or what an
 * error id means. Opens nothing and asks nobody.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/causes.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/slots.h"
#include "cmd/unlock.h"
#include "cmd/verbs.h"
#include "sys/clock.h"

/* -- an error id ------------------------------------------------------------------------------- */

static enum bulla_status
explain_id(const char *id, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const struct bl_cause_text *text = bl_cause_from_id(id);
    char own[BL_CAUSE_ID_SIZE];
    BL_AUTO(bl_page) page = { 0 };
    BL_AUTO(bl_result) result = { 0 };

    if (text == NULL) {
        bl_report_object_word(id);
        bl_report_next("\"bulla help --json\" lists every id that this version knows");
        return bulla_fail(err, BULLA_E_NOT_FOUND, "error id", "there is no such id", 0);
    }
    int exit_code = bulla_cause_exit_code(text->cause);
    if (bl_wants_json(arguments)) {
        bl_result_begin(&result);
        bl_result_word(&result, "id", bl_cause_id(text->cause, own));
        bl_result_number(&result, "exit_code", (uint64_t)exit_code);
        bl_result_word(&result, "title", text->title);
        bl_result_word(&result, "meaning", text->meaning);
        bl_result_word(&result, "next", text->next);
        return bl_result_write(&result, STDOUT_FILENO, err);
    }
    bl_page_print(&page, "%s: %s\n  %s\n  next: %s\n  exit code: %d\n",
                  bl_cause_id(text->cause, own), text->title, text->meaning, text->next, exit_code);
    return bl_page_write(&page, STDOUT_FILENO, err);
}

/* -- a blob ------------------------------------------------------------------------------------ */

/** What the present TPM has in the PCRs that decide for this slot; empty if it cannot be read. */
static void
read_present_values(const struct bl_slot_summary *slot, const struct bl_slot_forecast *forecast,
                    const struct bl_opener *opener, struct bulla_buffer *values_out)
{
    struct bl_pcr_selection pcrs = forecast->branch > 0 ? forecast->branch_pcrs : slot->pcrs;

    if (opener->tpm == NULL || pcrs.mask == 0 ||
        bl_tpm_pcr_read(opener->tpm, pcrs, values_out, NULL) != BULLA_OK)
        bulla_buffer_clear(values_out);
}

static const char *
wanted_input(const struct bl_slot_summary *slot)
{
    if (slot->type == BL_SLOT_PASSPHRASE)
        return "its passphrase";
    if (slot->type == BL_SLOT_HPKE)
        return "the recipient's identity (--identity FILE)";
    return "its PIN";
}

/* Those of `changed` among the values that were bound: what they were, and are. */
static void
print_changed_pcrs(struct bl_page *page, struct bl_pcr_selection pcrs, struct bulla_bytes bound,
                   uint32_t changed, const struct bulla_buffer *present)
{
    size_t size = bl_hash_size(pcrs.bank);
    size_t i = 0;

    for (unsigned pcr = 0; pcr < BL_TPM_PCR_COUNT; pcr++) {
        char sealed[BL_SHOWN_SIZE];
        char now[BL_SHOWN_SIZE];

        if ((pcrs.mask >> pcr & 1) == 0)
            continue;
        size_t at = i++;
        if ((changed >> pcr & 1) == 0)
            continue;
        struct bulla_bytes value = { 0 };
        if ((at + 1) * size <= present->size)
            value = (struct bulla_bytes){ present->data + at * size, size };
        bl_page_print(page, "      PCR %u (%s)\n        sealed %s\n        now    %s\n", pcr,
                      bl_pcr_meaning(pcr),
                      bl_show_hex((struct bulla_bytes){ bound.data + at * size, size }, sealed),
                      bl_show_hex(value, now));
    }
}

/* Which of the states that were signed decides, and the counter. */
static void
print_signed(struct bl_page *page, const struct bl_slot_forecast *forecast)
{
    if (forecast->branch_count == 0)
        return;
    bl_page_print(page, "    signed policy: sequence %" PRIu64 ", %zu states", forecast->sequence,
                  forecast->branch_count);
    if (forecast->branch > 0)
        bl_page_print(page,
                      forecast->pcrs_changed == 0 ? "; state %zu holds" : "; state %zu is nearest",
                      forecast->branch);
    if (forecast->counter_index == 0)
        bl_page_print(page, "; no counter, it cannot be revoked");
    else if (forecast->with_counter)
        bl_page_print(page, "; counter 0x%08" PRIx32 " is %" PRIu64, forecast->counter_index,
                      forecast->counter_value);
    bl_page_print(page, "\n");
}

/* What of a TEE decides. */
static void
print_difference(struct bl_page *page, const struct bl_slot_summary *slot,
                 const struct bulla_error *reason)
{
    char then[BL_VALUE_TEXT_SIZE];
    char now[BL_VALUE_TEXT_SIZE];

    if (slot->root.kind == BL_ROOT_NONE || reason->what == NULL)
        return;
    bl_page_print(page, "      %s\n", reason->what);
    if (reason->expected.kind == BULLA_VALUE_NONE)
        return;
    bl_page_print(page, "        sealed %s\n        now    %s\n",
                  bl_value_text(&reason->expected, then), bl_value_text(&reason->found, now));
}

static void
print_slot(struct bl_page *page, const struct bl_slot_summary *slot,
           const struct bl_slot_forecast *forecast, const struct bulla_buffer *present)
{
    const struct bl_cause_text *text = bl_cause_text(forecast->reason.cause);
    char id[BL_CAUSE_ID_SIZE];

    bl_page_print(page, "  ");
    bl_slot_print(page, slot);
    bl_page_print(page, "\n");
    switch (forecast->outlook) {
    case BL_OUTLOOK_OPENS:
        bl_page_print(page, "    opens, as far as can be told without opening it\n");
        break;
    case BL_OUTLOOK_NEEDS_INPUT:
        bl_page_print(page, "    needs %s\n", wanted_input(slot));
        break;
    case BL_OUTLOOK_REFUSES:
        if (text != NULL)
            bl_page_print(page, "    does not open: %s (%s)\n      next: %s\n", text->title,
                          bl_cause_id(text->cause, id), text->next);
        break;
    }
    print_difference(page, slot, &forecast->reason);
    print_signed(page, forecast);
    if (forecast->branch > 0)
        print_changed_pcrs(page, forecast->branch_pcrs, forecast->branch_values,
                           forecast->pcrs_changed, present);
    else
        print_changed_pcrs(page, slot->pcrs, slot->pcr_values, forecast->pcrs_changed, present);
}

static void
describe_signed(struct bl_result *result, const struct bl_slot_forecast *forecast)
{
    if (forecast->branch_count == 0)
        return;
    bl_result_open_object(result, "signed_policy");
    bl_result_number(result, "sequence", forecast->sequence);
    bl_result_number(result, "states", forecast->branch_count);
    if (forecast->branch > 0)
        bl_result_number(result, "state", forecast->branch);
    bl_result_number(result, "counter", forecast->counter_index);
    if (forecast->with_counter)
        bl_result_number(result, "counter_value", forecast->counter_value);
    bl_result_close(result);
}

static void
describe_forecast(struct bl_result *result, const struct bl_slot_summary *slot,
                  const struct bl_slot_forecast *forecast, const struct bulla_buffer *present)
{
    const struct bl_cause_text *text = bl_cause_text(forecast->reason.cause);
    char id[BL_CAUSE_ID_SIZE];

    bl_result_open_object(result, NULL);
    bl_slot_describe(result, slot);
    bl_result_word(result, "outlook", bl_outlook_word(forecast->outlook));
    if (forecast->outlook == BL_OUTLOOK_REFUSES && text != NULL) {
        bl_result_word(result, "reason", bl_cause_id(text->cause, id));
        bl_result_word(result, "title", text->title);
        bl_result_word(result, "next", text->next);
        if (slot->root.kind != BL_ROOT_NONE) {
            bl_result_word(result, "what", forecast->reason.what);
            bl_result_value(result, "sealed", &forecast->reason.expected);
            bl_result_value(result, "now", &forecast->reason.found);
        }
    } else {
        bl_result_null(result, "reason");
    }
    describe_signed(result, forecast);
    bl_describe_pcrs(result, "pcrs_changed", forecast->pcrs_changed);
    bl_result_hex(result, "pcr_values_now", bulla_buffer_bytes(present));
    bl_result_close(result);
}

struct explanation {
    const struct bl_blob_summary *summary;
    const struct bl_slot_forecast *forecasts;
    const struct bl_opener *opener;
};

static enum bulla_status
print_text(const struct explanation *explanation, struct bulla_error *err)
{
    const struct bl_blob_summary *summary = explanation->summary;
    char shown[BL_SHOWN_SIZE];
    BL_AUTO(bl_page) page = { 0 };

    bl_page_print(&page, "sealed blob \"%s\", not opened: its slots, here and now\n",
                  bl_show_text(summary->name, shown));
    bl_page_print(&page, "opens with: %s\n",
                  bl_show_text(bulla_buffer_bytes(&summary->tree_text), shown));
    for (size_t i = 0; i < summary->slot_count; i++) {
        BL_AUTO(bulla_buffer) present = { 0 };
        read_present_values(&summary->slots[i], &explanation->forecasts[i], explanation->opener,
                            &present);
        print_slot(&page, &summary->slots[i], &explanation->forecasts[i], &present);
    }
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
print_json(const struct explanation *explanation, struct bulla_error *err)
{
    const struct bl_blob_summary *summary = explanation->summary;
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_flag(&result, "verified", false);
    bl_result_text(&result, "name", summary->name);
    bl_result_text(&result, "tree", bulla_buffer_bytes(&summary->tree_text));
    bl_result_open_array(&result, "slots");
    for (size_t i = 0; i < summary->slot_count; i++) {
        BL_AUTO(bulla_buffer) present = { 0 };
        read_present_values(&summary->slots[i], &explanation->forecasts[i], explanation->opener,
                            &present);
        describe_forecast(&result, &summary->slots[i], &explanation->forecasts[i], &present);
    }
    bl_result_close(&result);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
explain_blob(const struct bl_arguments *arguments, struct bl_unlock *unlock,
             struct bulla_error *err)
{
    BL_AUTO(bl_input) input = BL_INPUT_NONE;
    BL_AUTO(bl_blob_summary) summary = { 0 };
    struct bl_slot_forecast forecasts[BL_SLOT_COUNT_MAX] = { 0 };
    struct explanation explanation = { &summary, forecasts, &unlock->opener };

    BL_TRY(bl_input_open(&input, bl_operand(arguments, 0), err));
    BL_TRY(bl_blob_inspect(input.fd, &summary, err));
    BL_TRY(bl_unlock_open(unlock, arguments, &summary, err));
    unlock->opener.ask_passphrase = NULL;
    BL_TRY(bl_blob_explain(&summary, &unlock->opener, bl_clock_now_s(), forecasts, err));
    return bl_wants_json(arguments) ? print_json(&explanation, err) : print_text(&explanation, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_unlock) unlock = BL_UNLOCK_NONE;

    if (bl_is_cause_id(bl_operand(arguments, 0)))
        return explain_id(bl_operand(arguments, 0), arguments, err);
    return explain_blob(arguments, &unlock, err);
}

static const struct bl_option options[] = {
    { .name = "identity",
      .letter = 'i',
      .argument = "FILE",
      .repeats = true,
      .help = "suppose that the identity in FILE is at hand" },
    BL_SIGNED_POLICY_OPTION,
    BL_TPM_OPTIONS,
    { 0 },
};
static const char *const examples[] = { "bulla explain demo.bulla", "bulla explain BL-0502", NULL };

const struct bl_verb bl_verb_explain = {
    .name = "explain",
    .summary = "say why a blob opens or not, here and now; or what an error id means",
    .operands = "BLOB|ERROR-ID",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};

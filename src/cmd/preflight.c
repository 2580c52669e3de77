/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/preflight.c: bulla preflight: would these blobs still open, by this machine alone, after a change?
 *
 * Looks at the slots as explain does, with the PCR values of the change in place of the present ones.
 * Opens nothing and asks nobody.
 */
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/arguments.h"
#include "cmd/causes.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/slots.h"
#include "cmd/unlock.h"
#include "cmd/verbs.h"
#include "codec/hex.h"
#include "sys/clock.h"

#define BANK_COUNT 2

/* The change, and what it comes to. */
struct flight {
    struct bl_pcr_bank assumed[BANK_COUNT];
    struct bl_unlock unlock;
    struct bl_page page;
    struct bl_result result;
    size_t closed_count; /* blobs that would not open by themselves */
};

static enum bulla_status
fail_word(const char *word, const char *what, struct bulla_error *err)
{
    bl_report_object_word(word);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "PCR value", what);
}

/* "7=HEX": the size of the value tells its bank. */
static enum bulla_status
read_pcr(struct flight *flight, const char *word, struct bulla_error *err)
{
    static const enum bl_hash banks[BANK_COUNT] = { BL_SHA256, BL_SHA384 };
    BL_AUTO(bulla_buffer) value = { 0 };
    const char *hex = strchr(word, '=');
    char number[4] = "";
    uint64_t pcr = 0;

    if (hex == NULL || hex == word || (size_t)(hex - word) >= sizeof number)
        return fail_word(word, "not NUMBER=HEX", err);
    memcpy(number, word, (size_t)(hex - word));
    bl_report_object_word(word);
    BL_TRY(bl_parse_number(number, BL_TPM_PCR_COUNT - 1, &pcr, err));
    BL_TRY(bl_hex_decode((struct bulla_bytes){ (const uint8_t *)hex + 1, strlen(hex + 1) }, &value,
                         err));
    for (size_t i = 0; i < BANK_COUNT; i++) {
        if (value.size != bl_hash_size(banks[i]))
            continue;
        flight->assumed[i].hash = banks[i];
        bl_report_object_word("");
        return bl_pcr_set(&flight->assumed[i], (unsigned)pcr, bulla_buffer_bytes(&value), err);
    }
    return fail_word(word, "not the size of a SHA-256 or SHA-384 value", err);
}

static enum bulla_status
read_change(struct flight *flight, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *word;

    for (size_t i = 0; (word = bl_argument_at(arguments, "pcr", i)) != NULL; i++)
        BL_TRY(read_pcr(flight, word, err));
    return BULLA_OK;
}

static void
print_slot(struct flight *flight, const struct bl_slot_summary *slot,
           const struct bl_slot_forecast *forecast)
{
    const struct bl_cause_text *text = bl_cause_text(forecast->reason.cause);
    char id[BL_CAUSE_ID_SIZE];

    bl_page_print(&flight->page, "  ");
    bl_slot_print(&flight->page, slot);
    bl_page_print(&flight->page, ": %s", bl_outlook_word(forecast->outlook));
    if (forecast->outlook == BL_OUTLOOK_REFUSES && text != NULL)
        bl_page_print(&flight->page, ", %s (%s)", text->title, bl_cause_id(text->cause, id));
    for (unsigned pcr = 0; pcr < BL_TPM_PCR_COUNT; pcr++) {
        if ((forecast->pcrs_changed >> pcr & 1) != 0)
            bl_page_print(&flight->page, ", PCR %u", pcr);
    }
    bl_page_print(&flight->page, "\n");
}

static void
describe_slot(struct flight *flight, const struct bl_slot_summary *slot,
              const struct bl_slot_forecast *forecast)
{
    struct bl_result *result = &flight->result;
    char id[BL_CAUSE_ID_SIZE];

    bl_result_open_object(result, NULL);
    bl_slot_describe(result, slot);
    bl_result_word(result, "outlook", bl_outlook_word(forecast->outlook));
    if (forecast->outlook == BL_OUTLOOK_REFUSES)
        bl_result_word(result, "reason", bl_cause_id(forecast->reason.cause, id));
    else
        bl_result_null(result, "reason");
    bl_describe_pcrs(result, "pcrs_changed", forecast->pcrs_changed);
    bl_result_close(result);
}

static const char *
verdict(enum bl_slot_outlook outlook)
{
    switch (outlook) {
    case BL_OUTLOOK_OPENS:
        return "would open";
    case BL_OUTLOOK_NEEDS_INPUT:
        return "would open only with what somebody has to give: reseal it before the change";
    case BL_OUTLOOK_REFUSES:
        break;
    }
    return "would not open at all";
}

static void
tell(struct flight *flight, const char *path, const struct bl_blob_summary *summary,
     const struct bl_slot_forecast *forecasts, enum bl_slot_outlook outlook)
{
    char shown[BL_SHOWN_SIZE];

    bl_page_print(&flight->page, "%s: %s\n", bl_show_word(path, shown), verdict(outlook));
    bl_result_open_object(&flight->result, NULL);
    bl_result_word(&flight->result, "blob", path);
    bl_result_word(&flight->result, "outlook", bl_outlook_word(outlook));
    bl_result_open_array(&flight->result, "slots");
    for (size_t i = 0; i < summary->slot_count; i++) {
        print_slot(flight, &summary->slots[i], &forecasts[i]);
        describe_slot(flight, &summary->slots[i], &forecasts[i]);
    }
    bl_result_close(&flight->result);
    bl_result_close(&flight->result);
}

static enum bulla_status
look_at(struct flight *flight, const char *path, struct bulla_error *err)
{
    BL_AUTO(bl_input) input = BL_INPUT_NONE;
    BL_AUTO(bl_blob_summary) summary = { 0 };
    struct bl_slot_forecast forecasts[BL_SLOT_COUNT_MAX] = { 0 };
    enum bl_slot_outlook outlook = BL_OUTLOOK_REFUSES;

    bl_report_object_word(path);
    BL_TRY(bl_input_open(&input, path, err));
    BL_TRY(bl_blob_inspect(input.fd, &summary, err));
    BL_TRY(bl_blob_explain(&summary, &flight->unlock.opener, bl_clock_now_s(), forecasts, err));
    BL_TRY(bl_blob_outlook(&summary, forecasts, &outlook, err));
    flight->closed_count += outlook != BL_OUTLOOK_OPENS;
    tell(flight, path, &summary, forecasts, outlook);
    return BULLA_OK;
}

static enum bulla_status
show(struct flight *flight, const struct bl_arguments *arguments, struct bulla_error *err)
{
    if (bl_wants_json(arguments))
        return bl_result_write(&flight->result, STDOUT_FILENO, err);
    return bl_page_write(&flight->page, STDOUT_FILENO, err);
}

static enum bulla_status
perform(struct flight *flight, const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_TRY(read_change(flight, arguments, err));
    BL_TRY(bl_unlock_open(&flight->unlock, arguments, NULL, err));
    flight->unlock.opener.ask_passphrase = NULL;
    flight->unlock.opener.assumed_pcrs = flight->assumed;
    flight->unlock.opener.assumed_bank_count = BANK_COUNT;
    bl_result_begin(&flight->result);
    bl_result_open_array(&flight->result, "blobs");
    for (size_t i = 0; i < bl_operand_count(arguments); i++)
        BL_TRY(look_at(flight, bl_operand(arguments, i), err));
    bl_result_close(&flight->result);
    BL_TRY(show(flight, arguments, err));
    bl_report_object_word("");
    if (flight->closed_count == 0)
        return BULLA_OK;
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_WOULD_NOT_OPEN, "preflight",
                                                "not every blob would open by itself");
    bulla_error_values(err, bulla_value_number(flight->closed_count),
                       bulla_value_number(bl_operand_count(arguments)));
    return status;
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct flight flight = { .unlock = BL_UNLOCK_NONE };
    enum bulla_status status = perform(&flight, arguments, err);

    bl_unlock_done(&flight.unlock);
    bl_page_done(&flight.page);
    bl_result_done(&flight.result);
    return status;
}

static const struct bl_option options[] = {
    { .name = "pcr",
      .argument = "N=HEX",
      .repeats = true,
      .help = "suppose that PCR N has this value after the change (SHA-256 or SHA-384)" },
    { .name = "identity",
      .letter = 'i',
      .argument = "FILE",
      .repeats = true,
      .help = "suppose that the identity in FILE is at hand" },
    BL_TPM_OPTIONS,
    { 0 },
};

static const char *const examples[] = {
    "bulla preflight demo.bulla",
    "bulla preflight "
    "--pcr 7=65caf8dd1e0ea7a6347b635d2b379c93b9a1351edc2afc3ecda700e234eb3068 demo.bulla",
    NULL,
};

const struct bl_verb bl_verb_preflight = {
    .name = "preflight",
    .summary = "say whether blobs will still open after a change of this machine",
    .operands = "BLOB...",
    .operand_count_min = 1,
    .operand_count_max = 1024,
    .options = options,
    .examples = examples,
    .run = run,
};

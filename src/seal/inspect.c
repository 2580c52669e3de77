/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/inspect.h"

#include <string.h>

#include "base/memory.h"
#include "codec/hex.h"
#include "codec/writer.h"
#include "seal/format.h"
#include "seal/slot.h"
#include "seal/tree.h"

static const char slot_where[] = "slot of the sealed blob";

/* -- the tree as text -- */

static void
write_text(struct bl_writer *w, const char *text)
{
    bl_write_bytes(w, (struct bulla_bytes){ (const uint8_t *)text, strlen(text) });
}

static void
write_id(struct bl_writer *w, const uint8_t id[BL_SLOT_ID_SIZE])
{
    if (w->status == BULLA_OK)
        w->status = bl_hex_encode((struct bulla_bytes){ id, BL_SLOT_ID_SIZE }, w->buffer, NULL);
}

/* At most 64, by the decoder. */
static void
write_small_number(struct bl_writer *w, size_t number)
{
    if (number >= 10)
        bl_write_u8(w, (uint8_t)('0' + number / 10));
    bl_write_u8(w, (uint8_t)('0' + number % 10));
}

static void
write_inner_head(struct bl_writer *w, const struct bl_tree_node *node)
{
    switch (node->kind) {
    case BL_TREE_ANY:
        write_text(w, "any(");
        return;
    case BL_TREE_ALL:
        write_text(w, "all(");
        return;
    case BL_TREE_THRESHOLD:
        write_small_number(w, node->threshold);
        write_text(w, "-of-");
        write_small_number(w, node->child_count);
        write_text(w, "(");
        return;
    case BL_TREE_LEAF:
        return;
    }
}

static void
write_node(struct bl_writer *w, const struct bl_slot_table *table, size_t *next)
{
    const struct bl_tree_node *node = &table->tree.nodes[(*next)++];

    if (node->kind == BL_TREE_LEAF) {
        write_id(w, table->slots[node->slot].id);
        return;
    }
    write_inner_head(w, node);
    for (size_t i = 0; i < node->child_count; i++) {
        if (i > 0)
            write_text(w, ", ");
        write_node(w, table, next);
    }
    write_text(w, ")");
}

/* -- the summary -- */

static enum bulla_status
summarize_slot(const struct bl_slot *slot, struct bl_slot_summary *summary, struct bulla_error *err)
{
    const struct bl_slot_kind *kind = bl_slot_kind_find(slot->type);

    memcpy(summary->id, slot->id, sizeof summary->id);
    summary->type = (enum bl_slot_type)slot->type;
    summary->label = slot->label;
    summary->is_recovery = slot->is_recovery;
    summary->not_after_s = slot->not_after_s;
    return kind != NULL ? kind->summarize(slot, summary, err) : BULLA_OK;
}

static enum bulla_status
summarize_slots(const struct bl_slot_table *table, struct bl_blob_summary *summary,
                struct bulla_error *err)
{
    struct bl_writer w = bl_writer(&summary->tree_text);
    size_t next = 0;

    summary->slots = bl_alloc(table->slot_count, sizeof summary->slots[0]);
    if (summary->slots == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "summary of the slots", "out of memory", 0);
    summary->slot_count = table->slot_count;
    for (size_t i = 0; i < table->slot_count; i++)
        BL_TRY(summarize_slot(&table->slots[i], &summary->slots[i], err));
    write_node(&w, table, &next);
    return bl_writer_finish(&w, err);
}

static enum bulla_status
summarize(struct bl_header *header, struct bl_blob_summary *summary, struct bulla_error *err)
{
    const struct bl_core *core = &header->core;

    summary->suite = header->suite;
    memcpy(summary->blob_id, header->blob_id, sizeof summary->blob_id);
    summary->slots_epoch = header->slots_epoch;
    summary->name = core->name;
    summary->created_s = core->created_s;
    summary->with_associated_data = core->with_associated_data;
    summary->not_after_s = core->not_after_s;
    summary->freshness = core->freshness;
    summary->header_size = header->bytes.size;
    BL_TRY(summarize_slots(&header->table, summary, err));
    summary->header = bulla_buffer_take(&header->bytes);
    return BULLA_OK;
}

enum bulla_status
bl_blob_inspect(int fd, struct bl_blob_summary *summary_out, struct bulla_error *err)
{
    const struct bl_source source = bl_source_fd(&fd);
    BL_AUTO(bl_header) header = { 0 };
    BL_AUTO(bl_blob_summary) summary = { 0 };

    BL_TRY(bl_header_read(&source, &header, err));
    BL_TRY(summarize(&header, &summary, err));
    *summary_out = summary;
    summary = (struct bl_blob_summary){ 0 };
    return BULLA_OK;
}

void
bl_blob_summary_done(struct bl_blob_summary *summary)
{
    bl_free(summary->slots);
    bulla_buffer_done(&summary->tree_text);
    bulla_buffer_done(&summary->header);
    *summary = (struct bl_blob_summary){ 0 };
}

/* -- the forecast -- */

/* An expired slot does not open, whatever its kind says of the rest. */
static void
look_for_expiry(const struct bl_slot_summary *slot, int64_t now_s,
                struct bl_slot_forecast *forecast)
{
    if (slot->not_after_s == 0 || now_s <= slot->not_after_s)
        return;
    bl_forecast_refuse(forecast, (struct bulla_error){
                                     .cause = BULLA_CAUSE_EXPIRED,
                                     .where = slot_where,
                                     .what = "the slot has expired",
                                     .found = bulla_value_number((uint64_t)now_s),
                                     .expected = bulla_value_number((uint64_t)slot->not_after_s) });
}

enum bulla_status
bl_blob_explain(const struct bl_blob_summary *summary, const struct bl_opener *opener,
                int64_t now_s, struct bl_slot_forecast *forecasts_out, struct bulla_error *err)
{
    for (size_t i = 0; i < summary->slot_count; i++) {
        const struct bl_slot_summary *slot = &summary->slots[i];
        const struct bl_slot_kind *kind = bl_slot_kind_find(slot->type);
        struct bl_slot_forecast forecast = { 0 };
        if (kind != NULL)
            BL_TRY(kind->forecast(slot, opener, &forecast, err));
        else
            bl_forecast_refuse(&forecast,
                               (struct bulla_error){ .cause = BULLA_CAUSE_UNSUPPORTED,
                                                     .where = slot_where,
                                                     .what = "this kind is unsupported here" });
        look_for_expiry(slot, now_s, &forecast);
        forecasts_out[i] = forecast;
    }
    return BULLA_OK;
}

enum bulla_status
bl_blob_outlook(const struct bl_blob_summary *summary, const struct bl_slot_forecast *forecasts,
                enum bl_slot_outlook *outlook_out, struct bulla_error *err)
{
    enum bl_slot_state states[BL_SLOT_COUNT_MAX] = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    BL_TRY(bl_header_decode(bulla_buffer_bytes(&summary->header), &header, err));
    *outlook_out = BL_OUTLOOK_REFUSES;
    for (enum bl_slot_outlook worst = BL_OUTLOOK_OPENS; worst <= BL_OUTLOOK_NEEDS_INPUT; worst++) {
        for (size_t i = 0; i < summary->slot_count; i++)
            states[i] = forecasts[i].outlook <= worst ? BL_SLOT_OPENED : BL_SLOT_FAILED;
        if (!bl_slot_tree_is_satisfied(&header.table.tree, states))
            continue;
        *outlook_out = worst;
        return BULLA_OK;
    }
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_journal.c: records appended to the journal of a volume, and brought back from it.
 *
 * A death of the process leaves a torn record at the end, a power cut leaves anything after the last
 * sync. Neither leaves a bad record before one that says "records up to here were on the disk":
 * that is damage, and refused.
 */
#include <string.h>

#include "base/memory.h"
#include "codec/reader.h"
#include "seal/volume_pages.h"

static const char where[] = "sealed volume";

enum bulla_status
bl_journal_append(struct bl_pages *pages, enum bl_volume_entry_kind kind, struct bulla_error *err)
{
    size_t payload_size = pages->record.size - BL_VOLUME_ENTRY_HEAD_SIZE;
    size_t extent = bl_volume_entry_extent(payload_size);
    uint8_t *rest = NULL;
    struct bl_volume_entry entry = {
        .kind = kind,
        .payload_size = (uint32_t)payload_size,
        .checkpoint = pages->head.checkpoint,
        .sequence = pages->sequence + 1,
        .synced = pages->synced,
        .generation = pages->generation + (kind == BL_VOLUME_SYNC ? 1 : 0),
    };

    if (payload_size > BL_VOLUME_ENTRY_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too much in one call", payload_size);
    memcpy(entry.before, pages->tag, sizeof entry.before);
    BL_TRY(bulla_buffer_extend(&pages->record, extent - pages->record.size, &rest, err));
    BL_TRY(bl_volume_entry_seal(&pages->keys, pages->head.epoch, &entry, pages->record.data, err));
    enum bulla_status status =
        bl_fd_write_at(pages->journal_fd, pages->journal_size,
                       (struct bulla_bytes){ pages->record.data, extent }, err);
    if (status != BULLA_OK) /* how much of it is there, nobody knows */
        return bl_pages_break(pages, status, err);
    pages->journal_size += extent;
    pages->sequence = entry.sequence;
    pages->sealed_count++;
    memcpy(pages->tag, entry.tag, sizeof pages->tag);
    return BULLA_OK;
}

/* Read the record at `offset` into pages->record. False if none is there. */
static enum bulla_status
read_entry(struct bl_pages *pages, uint64_t offset, uint64_t size, bool *is_there_out,
           struct bl_volume_entry *entry_out, struct bulla_error *err)
{
    struct bulla_buffer *record = &pages->record;
    struct bl_volume_entry entry;
    uint8_t *start = NULL;
    size_t got = 0;

    *is_there_out = false;
    if (size - offset < BL_VOLUME_ENTRY_HEAD_SIZE)
        return BULLA_OK;
    bulla_buffer_clear(record);
    BL_TRY(bulla_buffer_extend(record, BL_VOLUME_ENTRY_HEAD_SIZE, &start, err));
    BL_TRY(bl_fd_read_at(pages->journal_fd, offset, start, BL_VOLUME_ENTRY_HEAD_SIZE, &got, err));
    if (got < BL_VOLUME_ENTRY_HEAD_SIZE || !bl_volume_entry_peek(start, &entry) ||
        entry.checkpoint != pages->head.checkpoint)
        return BULLA_OK;
    size_t extent = bl_volume_entry_extent(entry.payload_size);
    if (extent > size - offset)
        return BULLA_OK;
    BL_TRY(bulla_buffer_extend(record, extent - record->size, &start, err));
    BL_TRY(bl_fd_read_at(pages->journal_fd, offset, record->data, extent, &got, err));
    if (got < extent)
        return BULLA_OK;
    enum bulla_status status = bl_volume_entry_open(&pages->keys, pages->head.epoch, entry_out,
                                                    record->data, record->size, NULL);
    if (status != BULLA_OK && status != BULLA_E_INTEGRITY)
        return bulla_fail(err, status, where, "a record cannot be opened", 0);
    *is_there_out = status == BULLA_OK;
    return BULLA_OK;
}

static enum bulla_status
apply_change(struct bl_pages *pages, const struct bl_volume_change *change, struct bulla_error *err)
{
    const struct bl_volume_place place = { 0, change->number };
    struct bl_page *page = bl_page_cache_find(&pages->cache, place);

    if (page == NULL && !change->is_fresh)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "a change of a page not in the journal",
                          change->number);
    if (page == NULL)
        BL_TRY(bl_page_cache_add(&pages->cache, place, &page, err));
    if (change->is_fresh)
        memset(page->data, 0, sizeof page->data);
    if (change->bytes.size > 0)
        memcpy(page->data + change->offset, change->bytes.data, change->bytes.size);
    if (!page->is_dirty)
        pages->dirty_count++;
    page->is_dirty = true;
    return BULLA_OK;
}

static enum bulla_status
apply_changes(struct bl_pages *pages, const struct bl_volume_entry *entry, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(
        (struct bulla_bytes){ pages->record.data + BL_VOLUME_ENTRY_HEAD_SIZE, entry->payload_size },
        where);
    struct bl_volume_change change;

    if (entry->payload_size > 0)
        pages->is_synced = false;
    while (bl_reader_left(&r) > 0 && bl_volume_change_read(&r, &change))
        BL_TRY(apply_change(pages, &change, err));
    return bl_reader_finish(&r, err);
}

static enum bulla_status
apply_sync(struct bl_pages *pages, const struct bl_volume_entry *entry, struct bulla_error *err)
{
    uint8_t state[BL_VOLUME_STATE_SIZE];

    BL_TRY(bl_volume_state_next(&pages->keys, entry->generation, pages->state, entry->tag, state,
                                err));
    memcpy(pages->state_before, pages->state, sizeof state);
    memcpy(pages->state, state, sizeof state);
    pages->generation = entry->generation;
    pages->is_synced = true;
    return BULLA_OK;
}

static enum bulla_status
apply(struct bl_pages *pages, const struct bl_volume_entry *entry, struct bulla_error *err)
{
    const uint64_t step = entry->kind == BL_VOLUME_SYNC ? 1 : 0;

    if (entry->checkpoint != pages->head.checkpoint || entry->sequence != pages->sequence + 1 ||
        entry->generation != pages->generation + step ||
        !bl_equal(BL_BYTES_OF(entry->before), BL_BYTES_OF(pages->tag)))
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "a record of the journal was moved",
                          (size_t)pages->sequence);
    if (entry->kind == BL_VOLUME_SYNC)
        BL_TRY(apply_sync(pages, entry, err));
    else
        BL_TRY(apply_changes(pages, entry, err));
    pages->sequence = entry->sequence;
    pages->synced = entry->synced;
    memcpy(pages->tag, entry->tag, sizeof pages->tag);
    return BULLA_OK;
}

/* After the last good record: does any later one say that more was on the disk once? */
static enum bulla_status
check_end(struct bl_pages *pages, uint64_t offset, uint64_t size, struct bulla_error *err)
{
    for (offset += BL_VOLUME_ENTRY_ALIGNMENT; offset < size; offset += BL_VOLUME_ENTRY_ALIGNMENT) {
        struct bl_volume_entry entry;
        bool is_there = false;
        BL_TRY(read_entry(pages, offset, size, &is_there, &entry, err));
        if (is_there && entry.synced > pages->sequence)
            return bulla_fail(err, BULLA_E_INTEGRITY, where, "its journal is damaged",
                              (size_t)pages->journal_size);
    }
    return BULLA_OK;
}

enum bulla_status
bl_journal_replay(struct bl_pages *pages, struct bulla_error *err)
{
    uint64_t size = 0;

    BL_TRY(bl_fd_size(pages->journal_fd, &size, err));
    for (;;) {
        struct bl_volume_entry entry;
        bool is_there = false;
        BL_TRY(read_entry(pages, pages->journal_size, size, &is_there, &entry, err));
        if (!is_there)
            return check_end(pages, pages->journal_size, size, err);
        BL_TRY(apply(pages, &entry, err));
        pages->journal_size += bl_volume_entry_extent(entry.payload_size);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_pages.c: calls that change pages, syncs, checkpoints.
 */
#include "seal/volume_pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define JOURNAL_SIZE_MAX ((uint64_t)32 << 20)    /* bytes: what an opening replays in a moment */
#define EPOCH_PAGE_COUNT_MAX ((uint64_t)1 << 28) /* random nonces under one key */

static const char where[] = "sealed volume";

enum bulla_status
bl_pages_usable(const struct bl_pages *pages, struct bulla_error *err)
{
    if (pages->broken.status == BULLA_OK)
        return BULLA_OK;
    if (err != NULL && err->status == BULLA_OK)
        *err = pages->broken;
    return pages->broken.status;
}

enum bulla_status
bl_pages_break(struct bl_pages *pages, enum bulla_status status, struct bulla_error *err)
{
    if (pages->broken.status == BULLA_OK) {
        if (err != NULL && err->status != BULLA_OK)
            pages->broken = *err;
        else
            return bulla_fail(&pages->broken, status, where, "a failure before", 0);
    }
    return status;
}

static enum bulla_status
break_if_failed(struct bl_pages *pages, enum bulla_status status, struct bulla_error *err)
{
    return status == BULLA_OK ? BULLA_OK : bl_pages_break(pages, status, err);
}

static enum bulla_status
get(struct bl_pages *pages, uint64_t number, struct bl_page **page_out, struct bulla_error *err)
{
    const struct bl_volume_place place = { 0, number };

    if (number >= BL_VOLUME_PAGE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no such page", 0);
    enum bulla_status status = bl_tree_get(pages, place, page_out, err);
    return status == BULLA_E_INTEGRITY ? bl_pages_break(pages, status, err) : status;
}

enum bulla_status
bl_pages_read(struct bl_pages *pages, uint64_t number, const uint8_t **data_out,
              struct bulla_error *err)
{
    struct bl_page *page = NULL;

    BL_TRY(get(pages, number, &page, err));
    *data_out = page->data;
    return BULLA_OK;
}

/* -- a call -- */

enum bulla_status
bl_pages_begin(struct bl_pages *pages, struct bulla_error *err)
{
    BL_TRY(bl_pages_usable(pages, err));
    if (pages->dirty_count >= pages->dirty_count_max || pages->journal_size >= JOURNAL_SIZE_MAX)
        return bl_pages_checkpoint(pages, err);
    return BULLA_OK;
}

static enum bulla_status
change(struct bl_pages *pages, struct bl_page *page, struct bulla_error *err)
{
    if (page->is_changed)
        return BULLA_OK;
    page->before = bl_alloc(1, BL_VOLUME_PAGE_SIZE);
    if (page->before == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    memcpy(page->before, page->data, BL_VOLUME_PAGE_SIZE);
    bl_page_cache_pin(&pages->cache, page);
    page->is_changed = true;
    page->next_changed = pages->changed;
    pages->changed = page;
    return BULLA_OK;
}

enum bulla_status
bl_pages_write(struct bl_pages *pages, uint64_t number, uint8_t **data_out, struct bulla_error *err)
{
    struct bl_page *page = NULL;

    BL_TRY(get(pages, number, &page, err));
    BL_TRY(change(pages, page, err));
    *data_out = page->data;
    return BULLA_OK;
}

enum bulla_status
bl_pages_fresh(struct bl_pages *pages, uint64_t number, uint8_t **data_out, struct bulla_error *err)
{
    const struct bl_volume_place place = { 0, number };
    struct bl_page *page = bl_page_cache_find(&pages->cache, place);

    if (number >= BL_VOLUME_PAGE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no such page", 0);
    if (page != NULL) {
        BL_TRY(change(pages, page, err));
    } else {
        BL_TRY(bl_page_cache_add(&pages->cache, place, &page, err));
        page->is_changed = true;
        page->next_changed = pages->changed;
        pages->changed = page;
    }
    memset(page->data, 0, sizeof page->data);
    page->is_fresh = true;
    *data_out = page->data;
    return BULLA_OK;
}

static void
forget_before(struct bl_page *page)
{
    if (page->before != NULL)
        bl_wipe(page->before, BL_VOLUME_PAGE_SIZE);
    bl_free(page->before);
    page->before = NULL;
    page->is_changed = page->is_fresh = false;
    page->next_changed = NULL;
}

void
bl_pages_cancel(struct bl_pages *pages)
{
    while (pages->changed != NULL) {
        struct bl_page *page = pages->changed;
        pages->changed = page->next_changed;
        if (page->before == NULL) {
            bl_page_cache_remove(&pages->cache, page);
            continue;
        }
        memcpy(page->data, page->before, BL_VOLUME_PAGE_SIZE);
        forget_before(page);
        if (!page->is_dirty)
            bl_page_cache_settle(&pages->cache, page);
    }
}

/* The bytes that differ, from the first to the last; against zeros where `before` is NULL. */
static struct bl_volume_change
difference(const struct bl_page *page, const uint8_t *before)
{
    size_t start = 0, end = BL_VOLUME_PAGE_SIZE;

    while (start < end && page->data[start] == (before != NULL ? before[start] : 0))
        start++;
    while (end > start && page->data[end - 1] == (before != NULL ? before[end - 1] : 0))
        end--;
    return (struct bl_volume_change){
        .number = page->place.number,
        .is_fresh = before == NULL,
        .offset = (uint16_t)(start < end ? start : 0),
        .bytes = { page->data + start, end - start },
    };
}

static enum bulla_status
put_change(struct bl_pages *pages, const struct bl_page *page, struct bulla_error *err)
{
    bool is_whole = page->is_fresh || !page->is_dirty;
    uint8_t head[BL_VOLUME_CHANGE_HEAD_SIZE];

    if (!page->is_fresh && memcmp(page->data, page->before, BL_VOLUME_PAGE_SIZE) == 0)
        return BULLA_OK;
    const struct bl_volume_change change = difference(page, is_whole ? NULL : page->before);
    bl_volume_change_head(&change, head);
    BL_TRY(bulla_buffer_append(&pages->record, BL_BYTES_OF(head), err));
    return bulla_buffer_append(&pages->record, change.bytes, err);
}

static enum bulla_status
start_record(struct bl_pages *pages, struct bulla_error *err)
{
    uint8_t *start = NULL;

    bulla_buffer_clear(&pages->record);
    return bulla_buffer_extend(&pages->record, BL_VOLUME_ENTRY_HEAD_SIZE, &start, err);
}

static enum bulla_status
journal_changes(struct bl_pages *pages, struct bulla_error *err)
{
    BL_TRY(start_record(pages, err));
    for (const struct bl_page *page = pages->changed; page != NULL; page = page->next_changed)
        BL_TRY(put_change(pages, page, err));
    if (pages->record.size == BL_VOLUME_ENTRY_HEAD_SIZE)
        return BULLA_OK; /* everything is as it was */
    BL_TRY(bl_journal_append(pages, BL_VOLUME_CHANGES, err));
    pages->is_synced = false;
    return BULLA_OK;
}

enum bulla_status
bl_pages_commit(struct bl_pages *pages, struct bulla_error *err)
{
    enum bulla_status status = bl_pages_usable(pages, err);

    if (status == BULLA_OK)
        status = journal_changes(pages, err);
    if (status != BULLA_OK) {
        bl_pages_cancel(pages);
        return status;
    }
    while (pages->changed != NULL) {
        struct bl_page *page = pages->changed;
        bool is_dirty = page->is_dirty || page->is_fresh ||
                        memcmp(page->data, page->before, BL_VOLUME_PAGE_SIZE) != 0;
        pages->changed = page->next_changed;
        forget_before(page);
        if (is_dirty && !page->is_dirty)
            pages->dirty_count++;
        page->is_dirty = is_dirty;
        if (!is_dirty)
            bl_page_cache_settle(&pages->cache, page);
    }
    return BULLA_OK;
}

/* -- sync and checkpoint -- */

static enum bulla_status
pin(struct bl_pages *pages, struct bulla_error *err)
{
    const struct bl_volume_anchor *anchor = pages->anchor;

    if (anchor == NULL || pages->generation_pinned == pages->generation)
        return BULLA_OK;
    BL_TRY(anchor->advance(anchor->context, pages->generation, pages->state, err));
    pages->generation_pinned = pages->generation;
    return BULLA_OK;
}

static enum bulla_status
sync_journal(struct bl_pages *pages, struct bulla_error *err)
{
    uint8_t state[BL_VOLUME_STATE_SIZE];

    BL_TRY(start_record(pages, err));
    BL_TRY(bl_journal_append(pages, BL_VOLUME_SYNC, err));
    BL_TRY(bl_volume_state_next(&pages->keys, pages->generation + 1, pages->state, pages->tag,
                                state, err));
    memcpy(pages->state_before, pages->state, sizeof state);
    memcpy(pages->state, state, sizeof state);
    pages->generation++;
    BL_TRY(bl_fd_sync(pages->journal_fd, err));
    pages->synced = pages->sequence;
    pages->is_synced = true;
    return BULLA_OK;
}

/* Say in the journal that what is before is on the disk: damage there is then known as damage. */
static enum bulla_status
mark_synced(struct bl_pages *pages, struct bulla_error *err)
{
    BL_TRY(start_record(pages, err));
    return bl_journal_append(pages, BL_VOLUME_CHANGES, err);
}

/* The anchor follows what is on the disk, and never by more than one state. */
static enum bulla_status
sync_always(struct bl_pages *pages, struct bulla_error *err)
{
    BL_TRY(bl_pages_usable(pages, err));
    BL_TRY(pin(pages, err));
    BL_TRY(break_if_failed(pages, sync_journal(pages, err), err));
    return pin(pages, err);
}

enum bulla_status
bl_pages_sync(struct bl_pages *pages, struct bulla_error *err)
{
    BL_TRY(bl_pages_usable(pages, err));
    if (pages->is_synced)
        return pin(pages, err);
    BL_TRY(sync_always(pages, err));
    return break_if_failed(pages, mark_synced(pages, err), err);
}

static int
compare_pages(const void *a, const void *b)
{
    const struct bl_page *const *left = a, *const *right = b;

    return ((*left)->place.number > (*right)->place.number) -
           ((*left)->place.number < (*right)->place.number);
}

static size_t
collect_dirty(const struct bl_pages *pages, struct bl_page **dirty)
{
    size_t count = 0;

    for (size_t i = 0; i < BL_PAGES_BUCKETS; i++) {
        for (struct bl_page *page = pages->cache.buckets[i]; page != NULL;
             page = page->next_in_bucket) {
            if (page->is_dirty && count < pages->dirty_count)
                dirty[count++] = page;
        }
    }
    qsort(dirty, count, sizeof *dirty, compare_pages);
    return count;
}

static enum bulla_status
write_head(struct bl_pages *pages, struct bl_volume_head *head, struct bulla_error *err)
{
    uint8_t bytes[BL_VOLUME_HEAD_SIZE];

    BL_TRY(bl_volume_head_encode(&pages->keys, head, bytes, err));
    for (uint64_t copy = 0; copy < 2; copy++) { /* one after the other: one is always whole */
        BL_TRY(bl_fd_write_at(pages->head_fd, copy * BL_VOLUME_HEAD_DISTANCE, BL_BYTES_OF(bytes),
                              err));
        BL_TRY(bl_fd_sync(pages->head_fd, err));
    }
    return BULLA_OK;
}

static enum bulla_status
write_in_place(struct bl_pages *pages, struct bl_volume_head *head, struct bl_page **dirty,
               size_t count, struct bulla_error *err)
{
    BL_TRY(bl_tree_write(pages, head->epoch, dirty, count, &head->root, err));
    BL_TRY(bl_fd_sync(pages->pages_fd, err));
    BL_TRY(bl_fd_sync(pages->tree_fd, err));
    BL_TRY(write_head(pages, head, err)); /* from here on the journal is an old one */
    return bl_fd_resize(pages->journal_fd, 0, err);
}

static void
start_journal(struct bl_pages *pages)
{
    memcpy(pages->tag, pages->head.mac, sizeof pages->tag);
    pages->sequence = pages->synced = 0;
    pages->journal_size = 0;
}

static enum bulla_status
apply_checkpoint(struct bl_pages *pages, struct bl_volume_head *head, struct bulla_error *err)
{
    struct bl_page **dirty = bl_alloc(pages->dirty_count, sizeof(struct bl_page *));

    if (dirty == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    size_t count = collect_dirty(pages, dirty);
    enum bulla_status status =
        break_if_failed(pages, write_in_place(pages, head, dirty, count, err), err);
    for (size_t i = 0; status == BULLA_OK && i < count; i++) {
        dirty[i]->is_dirty = false;
        bl_page_cache_settle(&pages->cache, dirty[i]);
    }
    bl_free(dirty);
    if (status != BULLA_OK)
        return status;
    if (head->epoch != pages->head.epoch)
        pages->sealed_count = 0;
    pages->dirty_count = 0;
    pages->head = *head;
    start_journal(pages);
    bl_page_cache_shrink(&pages->cache);
    return BULLA_OK;
}

static enum bulla_status
checkpoint(struct bl_pages *pages, bool with_new_epoch, struct bulla_error *err)
{
    struct bl_volume_head head = pages->head;

    if (with_new_epoch && head.epoch == BL_VOLUME_EPOCH_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "was opened too often", head.epoch);
    head.checkpoint++;
    head.epoch += with_new_epoch ? 1 : 0;
    head.generation = pages->generation;
    memcpy(head.state, pages->state, sizeof head.state);
    memcpy(head.state_before, pages->state_before, sizeof head.state_before);
    if (pages->anchor != NULL)
        head.flags |= BL_VOLUME_ANCHORED;
    return apply_checkpoint(pages, &head, err);
}

enum bulla_status
bl_pages_checkpoint(struct bl_pages *pages, struct bulla_error *err)
{
    BL_TRY(bl_pages_usable(pages, err));
    if (pages->is_synced)
        BL_TRY(pin(pages, err));
    else
        BL_TRY(sync_always(pages, err));
    if (pages->dirty_count == 0)
        return BULLA_OK;
    return checkpoint(pages, pages->sealed_count >= EPOCH_PAGE_COUNT_MAX / 2, err);
}

enum bulla_status
bl_pages_start(struct bl_pages *pages, struct bulla_error *err)
{
    BL_TRY(bl_fd_resize(pages->journal_fd, pages->journal_size, err)); /* off with a torn end */
    BL_TRY(bl_fd_sync(pages->journal_fd, err)); /* what was replayed is what is pinned */
    pages->synced = pages->sequence;
    BL_TRY(sync_always(pages, err));
    return checkpoint(pages, true, err);
}

void
bl_pages_free(struct bl_pages *pages)
{
    if (pages == NULL)
        return;
    bl_pages_cancel(pages);
    bl_page_cache_done(&pages->cache);
    bl_volume_keys_done(&pages->keys);
    bulla_buffer_done(&pages->record);
    bl_fd_close(&pages->head_fd);
    bl_fd_close(&pages->pages_fd);
    bl_fd_close(&pages->tree_fd);
    bl_fd_close(&pages->journal_fd);
    bl_file_lock_done(&pages->lock);
    bl_free(pages);
}

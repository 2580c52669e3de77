/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_tree.c: the tree of records above the pages. The head has the record of the root, a
 * node those of its 128 children; what is read is checked from the head down.
 *
 * In the file each node stands before its first child, so that a small volume has a small file:
 * node i of level 1 has the position i + (nodes above it that begin at or before it), and those that
 * begin with it stand right before it, the highest first.
 */
#include <string.h>

#include "base/memory.h"
#include "seal/volume_pages.h"

#define CHILD_MASK (((uint64_t)1 << BL_VOLUME_NODE_BITS) - 1)

static const char where[] = "sealed volume";

/* Byte offset of a node's first place; the second one follows it. */
static uint64_t
node_offset(struct bl_volume_place place)
{
    uint64_t first = place.number << ((place.level - 1) * BL_VOLUME_NODE_BITS); /* of level 1 */
    uint64_t position = first;

    for (unsigned above = 1; above < BL_VOLUME_LEVEL_COUNT; above++)
        position += (first >> (above * BL_VOLUME_NODE_BITS)) + 1;
    return (position - (place.level - 1)) * 2 * BL_VOLUME_PAGE_SIZE;
}

static int
file_of(const struct bl_pages *pages, struct bl_volume_place place)
{
    return place.level == 0 ? pages->pages_fd : pages->tree_fd;
}

static uint64_t
offset_of(struct bl_volume_place place, bool second)
{
    if (place.level == 0)
        return place.number * BL_VOLUME_PAGE_SIZE;
    return node_offset(place) + (second ? BL_VOLUME_PAGE_SIZE : 0);
}

static enum bulla_status
read_place(struct bl_pages *pages, struct bl_volume_place place,
           const struct bl_volume_record *record, uint8_t out[BL_VOLUME_PAGE_SIZE],
           struct bulla_error *err)
{
    uint8_t sealed[BL_VOLUME_PAGE_SIZE];
    size_t size = 0;

    BL_TRY(bl_fd_read_at(file_of(pages, place), offset_of(place, record->second), sealed,
                         sizeof sealed, &size, err));
    if (size < sizeof sealed)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "a page is missing", place.number);
    return bl_volume_page_open(&pages->keys, place, record, sealed, out, err);
}

static enum bulla_status
write_place(struct bl_pages *pages, uint32_t epoch, struct bl_volume_place place,
            const uint8_t data[BL_VOLUME_PAGE_SIZE], struct bl_volume_record *record,
            struct bulla_error *err)
{
    uint8_t sealed[BL_VOLUME_PAGE_SIZE];

    record->second = place.level > 0 && !record->second;
    BL_TRY(bl_volume_page_seal(&pages->keys, epoch, place, data, sealed, record, err));
    pages->sealed_count++;
    return bl_fd_write_at(file_of(pages, place), offset_of(place, record->second),
                          BL_BYTES_OF(sealed), err);
}

static struct bl_volume_place
parent_of(struct bl_volume_place place)
{
    return (struct bl_volume_place){ place.level + 1, place.number >> BL_VOLUME_NODE_BITS };
}

static size_t
slot_of(struct bl_volume_place place)
{
    return (place.number & CHILD_MASK) * BL_VOLUME_RECORD_SIZE;
}

static enum bulla_status
load(struct bl_pages *pages, struct bl_volume_place place, const struct bl_volume_record *record,
     struct bl_page **page_out, struct bulla_error *err)
{
    struct bl_page *page = NULL;

    BL_TRY(bl_page_cache_add(&pages->cache, place, &page, err));
    enum bulla_status status = read_place(pages, place, record, page->data, err);
    if (status != BULLA_OK) {
        bl_page_cache_remove(&pages->cache, page);
        return status;
    }
    *page_out = page;
    return BULLA_OK;
}

enum bulla_status
bl_tree_get(struct bl_pages *pages, struct bl_volume_place place, struct bl_page **page_out,
            struct bulla_error *err)
{
    struct bl_volume_record record = pages->head.root;
    struct bl_volume_place at = place;
    struct bl_page *page = bl_page_cache_find(&pages->cache, at);

    while (page == NULL && at.level < BL_VOLUME_LEVEL_COUNT) { /* up to what is known */
        at = parent_of(at);
        page = bl_page_cache_find(&pages->cache, at);
    }
    if (page == NULL)
        BL_TRY(load(pages, at, &record, &page, err));
    while (at.level > place.level) { /* and down again */
        unsigned level = at.level - 1;
        at = (struct bl_volume_place){ level, place.number >>
                                                  ((level - place.level) * BL_VOLUME_NODE_BITS) };
        bl_page_cache_settle(&pages->cache, page);
        bl_volume_record_load(page->data + slot_of(at), &record);
        BL_TRY(load(pages, at, &record, &page, err));
    }
    if (!page->is_dirty && !page->is_changed)
        bl_page_cache_settle(&pages->cache, page);
    *page_out = page;
    return BULLA_OK;
}

/* -- writing: one path of nodes is open at a time -- */

struct path {
    struct {
        bool is_open;
        struct bl_volume_place place;
        struct bl_volume_record record; /* of what is on the disk */
        uint8_t data[BL_VOLUME_PAGE_SIZE];
    } nodes[BL_VOLUME_LEVEL_COUNT + 1]; /* by level; 0 is not used */
    struct bl_volume_record root;
};

/* Where the record of `place` is kept while the path is open. */
static void
keep_record(struct path *path, struct bl_volume_place place, const struct bl_volume_record *record)
{
    if (place.level == BL_VOLUME_LEVEL_COUNT)
        path->root = *record;
    else
        bl_volume_record_store(record, path->nodes[place.level + 1].data + slot_of(place));
}

static void
find_record(const struct path *path, struct bl_volume_place place,
            struct bl_volume_record *record_out)
{
    if (place.level == BL_VOLUME_LEVEL_COUNT)
        *record_out = path->root;
    else
        bl_volume_record_load(path->nodes[place.level + 1].data + slot_of(place), record_out);
}

static enum bulla_status
close_node(struct bl_pages *pages, struct path *path, uint32_t epoch, unsigned level,
           struct bulla_error *err)
{
    if (!path->nodes[level].is_open)
        return BULLA_OK;
    BL_TRY(write_place(pages, epoch, path->nodes[level].place, path->nodes[level].data,
                       &path->nodes[level].record, err));
    keep_record(path, path->nodes[level].place, &path->nodes[level].record);
    struct bl_page *cached = bl_page_cache_find(&pages->cache, path->nodes[level].place);
    if (cached != NULL)
        memcpy(cached->data, path->nodes[level].data, BL_VOLUME_PAGE_SIZE);
    path->nodes[level].is_open = false;
    return BULLA_OK;
}

static enum bulla_status
open_node(struct bl_pages *pages, struct path *path, struct bl_volume_place place,
          struct bulla_error *err)
{
    const struct bl_page *cached = bl_page_cache_find(&pages->cache, place);
    struct bl_volume_record record;
    uint8_t *data = path->nodes[place.level].data;

    find_record(path, place, &record);
    if (record.epoch == 0)
        memset(data, 0, BL_VOLUME_PAGE_SIZE); /* the first page below it */
    else if (cached != NULL)
        memcpy(data, cached->data, BL_VOLUME_PAGE_SIZE);
    else
        BL_TRY(read_place(pages, place, &record, data, err));
    path->nodes[place.level].place = place;
    path->nodes[place.level].record = record;
    path->nodes[place.level].is_open = true;
    return BULLA_OK;
}

/* Close what the next page is not below, from the bottom up; open what is above it, from the top. */
static enum bulla_status
move_path(struct bl_pages *pages, struct path *path, uint32_t epoch, uint64_t number,
          struct bulla_error *err)
{
    for (unsigned level = 1; level <= BL_VOLUME_LEVEL_COUNT; level++) {
        if (path->nodes[level].place.number != number >> (level * BL_VOLUME_NODE_BITS))
            BL_TRY(close_node(pages, path, epoch, level, err));
    }
    for (unsigned level = BL_VOLUME_LEVEL_COUNT; level > 0; level--) {
        struct bl_volume_place place = { level, number >> (level * BL_VOLUME_NODE_BITS) };
        if (!path->nodes[level].is_open)
            BL_TRY(open_node(pages, path, place, err));
    }
    return BULLA_OK;
}

static enum bulla_status
write_all(struct bl_pages *pages, struct path *path, uint32_t epoch, struct bl_page **dirty,
          size_t count, struct bulla_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct bl_volume_record record;
        BL_TRY(move_path(pages, path, epoch, dirty[i]->place.number, err));
        find_record(path, dirty[i]->place, &record);
        BL_TRY(write_place(pages, epoch, dirty[i]->place, dirty[i]->data, &record, err));
        keep_record(path, dirty[i]->place, &record);
    }
    for (unsigned level = 1; level <= BL_VOLUME_LEVEL_COUNT; level++)
        BL_TRY(close_node(pages, path, epoch, level, err));
    return BULLA_OK;
}

enum bulla_status
bl_tree_write(struct bl_pages *pages, uint32_t epoch, struct bl_page **dirty, size_t count,
              struct bl_volume_record *root_out, struct bulla_error *err)
{
    struct path *path = bl_alloc(1, sizeof *path);

    if (path == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    path->root = pages->head.root;
    enum bulla_status status = write_all(pages, path, epoch, dirty, count, err);
    if (status == BULLA_OK)
        *root_out = path->root;
    bl_free(path);
    return status;
}

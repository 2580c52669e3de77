/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_map.c: pages given out and taken back, and maps of them.
 */
#include <string.h>

#include "base/memory.h"
#include "seal/volume_nodes.h"

#define GROUP_PAGE_COUNT ((uint64_t)BL_VOLUME_PAGE_SIZE * 8)
#define POINTER_COUNT ((uint64_t)512) /* in a page */
#define POINTER_BITS 9
#define HEIGHT_MAX 4 /* 512^4 pages are more than a volume has */

static const uint8_t super_magic[8] = { 'B', 'L', 'V', 'F', 'S', 0, 0, 1 };
static const char where[] = "sealed volume";

void
bl_volume_first_pages(uint8_t (*content)[BL_VOLUME_PAGE_SIZE])
{
    uint8_t *root = content[2];

    memcpy(content[0], super_magic, sizeof super_magic);
    bl_volume_put(content[0] + BL_SUPER_PAGES, 8, BL_FIRST_PAGE_COUNT);
    bl_volume_put(content[0] + BL_SUPER_GROUPS, 8, 1);
    bl_volume_put(content[0] + BL_SUPER_NODES, 8, 1);
    bl_volume_put(content[0] + BL_SUPER_NODES_MADE, 8, 1);
    bl_volume_put(content[0] + BL_SUPER_TABLE_ROOT, 8, 2);
    content[1][0] = 0x07;          /* pages 0 to 2 */
    root[0] = BL_VOLUME_DIRECTORY; /* node 1; see volume_nodes.c */
    bl_volume_put(root + 4, 4, 0700);
    bl_volume_put(root + 16, 4, 2);
    bl_volume_put(root + 64, 8, BL_VOLUME_ROOT);
}

enum bulla_status
bl_super_check(struct bl_volume *volume, struct bulla_error *err)
{
    const uint8_t *data = NULL;

    BL_TRY(bl_pages_read(volume->pages, 0, &data, err));
    if (memcmp(data, super_magic, sizeof super_magic) != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_BLOB_VERSION, where, "content of another version");
    return BULLA_OK;
}

enum bulla_status
bl_super_get(struct bl_volume *volume, enum bl_super field, uint64_t *value_out,
             struct bulla_error *err)
{
    const uint8_t *data = NULL;

    BL_TRY(bl_pages_read(volume->pages, 0, &data, err));
    *value_out = bl_volume_get(data + field, 8);
    return BULLA_OK;
}

enum bulla_status
bl_super_put(struct bl_volume *volume, enum bl_super field, uint64_t value, struct bulla_error *err)
{
    uint8_t *data = NULL;

    BL_TRY(bl_pages_write(volume->pages, 0, &data, err));
    bl_volume_put(data + field, 8, value);
    return BULLA_OK;
}

static enum bulla_status
super_add(struct bl_volume *volume, enum bl_super field, int64_t difference,
          struct bulla_error *err)
{
    uint64_t value = 0;

    BL_TRY(bl_super_get(volume, field, &value, err));
    return bl_super_put(volume, field, value + (uint64_t)difference, err);
}

/* -- pages in use -- */

static uint64_t
bits_page(uint64_t group)
{
    return group * GROUP_PAGE_COUNT + 1;
}

static enum bulla_status
make_group(struct bl_volume *volume, uint64_t group, struct bulla_error *err)
{
    uint8_t *bits = NULL;

    BL_TRY(bl_pages_fresh(volume->pages, bits_page(group), &bits, err));
    bits[0] = 0x02; /* itself */
    BL_TRY(bl_super_put(volume, BL_SUPER_GROUPS, group + 1, err));
    return super_add(volume, BL_SUPER_PAGES, 1, err);
}

/* The first free page of the group that is not below `from`; GROUP_PAGE_COUNT: none. */
static uint64_t
find_free(const uint8_t *bits, uint64_t from)
{
    for (uint64_t i = from; i < GROUP_PAGE_COUNT; i++) {
        if (i % 8 == 0 && bits[i / 8] == 0xff)
            i += 7;
        else if ((bits[i / 8] >> i % 8 & 1) == 0)
            return i;
    }
    return GROUP_PAGE_COUNT;
}

static enum bulla_status
take_from(struct bl_volume *volume, uint64_t group, uint64_t from, uint64_t *page_out,
          struct bulla_error *err)
{
    const uint8_t *read = NULL;
    uint8_t *bits = NULL;

    BL_TRY(bl_pages_read(volume->pages, bits_page(group), &read, err));
    uint64_t found = find_free(read, from);
    if (found == GROUP_PAGE_COUNT) {
        *page_out = 0;
        return BULLA_OK;
    }
    BL_TRY(bl_pages_write(volume->pages, bits_page(group), &bits, err));
    bits[found / 8] = (uint8_t)(bits[found / 8] | 1u << found % 8);
    *page_out = group * GROUP_PAGE_COUNT + found;
    return BULLA_OK;
}

static enum bulla_status
page_take(struct bl_volume *volume, uint64_t *page_out, struct bulla_error *err)
{
    uint64_t used = 0, groups = 0, page = 0;

    BL_TRY(bl_super_get(volume, BL_SUPER_PAGES, &used, err));
    BL_TRY(bl_super_get(volume, BL_SUPER_GROUPS, &groups, err));
    if (used + 1 >= volume->page_count_max) /* one more, and perhaps one of bits */
        return bulla_fail(err, BULLA_E_LIMIT, where, "full", 0);
    for (uint64_t group = volume->free_from / GROUP_PAGE_COUNT; page == 0; group++) {
        bool is_first = group == volume->free_from / GROUP_PAGE_COUNT;
        if (group >= BL_VOLUME_PAGE_COUNT_MAX / GROUP_PAGE_COUNT)
            return bulla_fail(err, BULLA_E_LIMIT, where, "full", 0);
        if (group >= groups)
            BL_TRY(make_group(volume, group, err));
        BL_TRY(take_from(volume, group, is_first ? volume->free_from % GROUP_PAGE_COUNT : 0, &page,
                         err));
    }
    BL_TRY(super_add(volume, BL_SUPER_PAGES, 1, err));
    volume->free_from = page; /* if the call is cancelled it is free again: still true */
    *page_out = page;
    return BULLA_OK;
}

static enum bulla_status
page_give(struct bl_volume *volume, uint64_t page, struct bulla_error *err)
{
    uint8_t *bits = NULL;
    uint64_t i = page % GROUP_PAGE_COUNT;

    BL_TRY(bl_pages_write(volume->pages, bits_page(page / GROUP_PAGE_COUNT), &bits, err));
    if ((bits[i / 8] >> i % 8 & 1) == 0)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "a page was given back twice", page);
    bits[i / 8] = (uint8_t)(bits[i / 8] & ~(1u << i % 8));
    if (page < volume->free_from)
        volume->free_from = page;
    return super_add(volume, BL_SUPER_PAGES, -1, err);
}

/* -- maps -- */

static uint64_t
map_capacity(unsigned height)
{
    return (uint64_t)1 << (height * POINTER_BITS);
}

static size_t
pointer_offset(uint64_t index, unsigned level)
{
    return (index >> ((level - 1) * POINTER_BITS) & (POINTER_COUNT - 1)) * 8;
}

static enum bulla_status
check_pointer(uint64_t page, struct bulla_error *err)
{
    if (page >= BL_VOLUME_PAGE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "a pointer out of range", 0);
    return BULLA_OK;
}

enum bulla_status
bl_map_find(struct bl_volume *volume, const struct bl_map *map, uint64_t index, uint64_t *page_out,
            struct bulla_error *err)
{
    uint64_t page = map->root;

    if (map->height > HEIGHT_MAX)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "a map too high", map->height);
    if (index >= map_capacity(map->height))
        page = 0;
    for (unsigned level = map->height; level > 0 && page != 0; level--) {
        const uint8_t *data = NULL;
        BL_TRY(check_pointer(page, err));
        BL_TRY(bl_pages_read(volume->pages, page, &data, err));
        page = bl_volume_get(data + pointer_offset(index, level), 8);
    }
    BL_TRY(check_pointer(page, err));
    *page_out = page;
    return BULLA_OK;
}

static enum bulla_status
make_pointers(struct bl_volume *volume, uint64_t *page_out, uint8_t **data_out,
              struct bulla_error *err)
{
    BL_TRY(page_take(volume, page_out, err));
    return bl_pages_fresh(volume->pages, *page_out, data_out, err);
}

static enum bulla_status
grow(struct bl_volume *volume, struct bl_map *map, uint64_t index, struct bulla_error *err)
{
    while (index >= map_capacity(map->height)) {
        uint8_t *data = NULL;
        uint64_t page = 0;
        if (map->height == HEIGHT_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, where, "a file too large", 0);
        if (map->root != 0) {
            BL_TRY(make_pointers(volume, &page, &data, err));
            bl_volume_put(data, 8, map->root);
            map->root = page;
        }
        map->height++;
    }
    return BULLA_OK;
}

/* The pointers below slot `offset` of `parent`, made if they are not there. */
static enum bulla_status
descend(struct bl_volume *volume, uint64_t parent, size_t offset, bool is_last, uint64_t *page_out,
        bool *is_new_out, struct bulla_error *err)
{
    const uint8_t *read = NULL;
    uint8_t *data = NULL;
    uint64_t page = 0;

    BL_TRY(bl_pages_read(volume->pages, parent, &read, err));
    page = bl_volume_get(read + offset, 8);
    BL_TRY(check_pointer(page, err));
    *is_new_out = page == 0;
    if (page == 0 && is_last)
        BL_TRY(page_take(volume, &page, err));
    else if (page == 0)
        BL_TRY(make_pointers(volume, &page, &data, err));
    if (*is_new_out) {
        BL_TRY(bl_pages_write(volume->pages, parent, &data, err));
        bl_volume_put(data + offset, 8, page);
    }
    *page_out = page;
    return BULLA_OK;
}

enum bulla_status
bl_map_make(struct bl_volume *volume, struct bl_map *map, uint64_t index, uint64_t *page_out,
            bool *is_new_out, struct bulla_error *err)
{
    uint8_t *data = NULL;

    BL_TRY(grow(volume, map, index, err));
    *is_new_out = map->root == 0;
    if (map->root == 0 && map->height == 0)
        BL_TRY(page_take(volume, &map->root, err));
    else if (map->root == 0)
        BL_TRY(make_pointers(volume, &map->root, &data, err));
    uint64_t page = map->root;
    for (unsigned level = map->height; level > 0; level--)
        BL_TRY(descend(volume, page, pointer_offset(index, level), level == 1, &page, is_new_out,
                       err));
    *page_out = page;
    return BULLA_OK;
}

/* One subtree, whose first index is `first`; *is_empty_out: it has nothing any more. */
static enum bulla_status
trim(struct bl_volume *volume, uint64_t page, unsigned level, uint64_t first, uint64_t from,
     size_t *budget, bool *is_empty_out, struct bulla_error *err)
{
    const uint8_t *read = NULL;
    uint8_t *data = NULL;

    *is_empty_out = false;
    BL_TRY(check_pointer(page, err));
    for (uint64_t i = level > 0 ? POINTER_COUNT : 0; i-- > 0 && *budget > 0;) {
        uint64_t child_first = first + i * map_capacity(level - 1);
        bool is_empty = false;
        if (child_first + map_capacity(level - 1) <= from)
            return BULLA_OK;
        BL_TRY(bl_pages_read(volume->pages, page, &read, err));
        uint64_t child = bl_volume_get(read + i * 8, 8);
        if (child == 0)
            continue;
        BL_TRY(trim(volume, child, level - 1, child_first, from, budget, &is_empty, err));
        if (is_empty) {
            BL_TRY(bl_pages_write(volume->pages, page, &data, err));
            bl_volume_put(data + i * 8, 8, 0);
        }
    }
    if (*budget == 0 || first < from)
        return BULLA_OK;
    (*budget)--;
    *is_empty_out = true;
    return page_give(volume, page, err);
}

enum bulla_status
bl_map_trim(struct bl_volume *volume, struct bl_map *map, uint64_t from, size_t *budget,
            struct bulla_error *err)
{
    bool is_empty = false;

    if (map->height > HEIGHT_MAX)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "a map too high", map->height);
    if (map->root == 0)
        return BULLA_OK;
    BL_TRY(trim(volume, map->root, map->height, 0, from, budget, &is_empty, err));
    if (is_empty)
        *map = (struct bl_map){ 0 };
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_nodes.c: the table of nodes, and the entries of directories.
 */
#include "seal/volume_nodes.h"

#include <string.h>

#include "base/memory.h"

#define NODE_SIZE 128
#define NODES_IN_PAGE ((uint64_t)(BL_VOLUME_PAGE_SIZE / NODE_SIZE))
#define NODE_COUNT_MAX ((uint64_t)1 << 32)
#define TRIM_BUDGET ((size_t)256) /* pages: what one step gives back, and its record holds */

static const char where[] = "sealed volume";

static enum bulla_status
load_table(struct bl_volume *volume, struct bl_map *table_out, struct bulla_error *err)
{
    uint64_t height = 0;

    BL_TRY(bl_super_get(volume, BL_SUPER_TABLE_ROOT, &table_out->root, err));
    BL_TRY(bl_super_get(volume, BL_SUPER_TABLE_HEIGHT, &height, err));
    table_out->height = (unsigned)height;
    return BULLA_OK;
}

static enum bulla_status
store_table(struct bl_volume *volume, const struct bl_map *table, struct bulla_error *err)
{
    BL_TRY(bl_super_put(volume, BL_SUPER_TABLE_ROOT, table->root, err));
    return bl_super_put(volume, BL_SUPER_TABLE_HEIGHT, table->height, err);
}

static enum bulla_status
find_node(struct bl_volume *volume, uint64_t number, uint64_t *page_out, struct bulla_error *err)
{
    struct bl_map table = { 0 };

    *page_out = 0;
    if (number == 0 || number > NODE_COUNT_MAX)
        return BULLA_OK;
    BL_TRY(load_table(volume, &table, err));
    return bl_map_find(volume, &table, (number - 1) / NODES_IN_PAGE, page_out, err);
}

static size_t
node_offset(uint64_t number)
{
    return (size_t)((number - 1) % NODES_IN_PAGE) * NODE_SIZE;
}

static void
decode_node(const uint8_t *in, struct bl_node *node)
{
    node->kind = in[0];
    node->map.height = in[1];
    node->flags = (unsigned)bl_volume_get(in + 2, 2);
    node->mode = (uint32_t)bl_volume_get(in + 4, 4);
    node->user = (uint32_t)bl_volume_get(in + 8, 4);
    node->group = (uint32_t)bl_volume_get(in + 12, 4);
    node->link_count = (uint32_t)bl_volume_get(in + 16, 4);
    node->size = bl_volume_get(in + 24, 8);
    node->modified_ns = (int64_t)bl_volume_get(in + 32, 8);
    node->changed_ns = (int64_t)bl_volume_get(in + 40, 8);
    node->map.root = bl_volume_get(in + 48, 8);
    node->next = bl_volume_get(in + 56, 8);
    node->parent = bl_volume_get(in + 64, 8);
    node->entry_count = bl_volume_get(in + 72, 8);
}

static void
encode_node(const struct bl_node *node, uint8_t *out)
{
    out[0] = (uint8_t)node->kind;
    out[1] = (uint8_t)node->map.height;
    bl_volume_put(out + 2, 2, node->flags);
    bl_volume_put(out + 4, 4, node->mode);
    bl_volume_put(out + 8, 4, node->user);
    bl_volume_put(out + 12, 4, node->group);
    bl_volume_put(out + 16, 4, node->link_count);
    bl_volume_put(out + 24, 8, node->size);
    bl_volume_put(out + 32, 8, (uint64_t)node->modified_ns);
    bl_volume_put(out + 40, 8, (uint64_t)node->changed_ns);
    bl_volume_put(out + 48, 8, node->map.root);
    bl_volume_put(out + 56, 8, node->next);
    bl_volume_put(out + 64, 8, node->parent);
    bl_volume_put(out + 72, 8, node->entry_count);
}

/* Also of a node that is not in use. */
static enum bulla_status
load_any(struct bl_volume *volume, uint64_t number, struct bl_node *node_out,
         struct bulla_error *err)
{
    const uint8_t *data = NULL;
    uint64_t page = 0;

    BL_TRY(find_node(volume, number, &page, err));
    if (page == 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, where, "no such node", 0);
    BL_TRY(bl_pages_read(volume->pages, page, &data, err));
    *node_out = (struct bl_node){ .number = number };
    decode_node(data + node_offset(number), node_out);
    return BULLA_OK;
}

enum bulla_status
bl_node_load(struct bl_volume *volume, uint64_t number, struct bl_node *node_out,
             struct bulla_error *err)
{
    struct bl_node node;

    BL_TRY(load_any(volume, number, &node, err));
    if (node.kind == 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, where, "no such node", 0);
    *node_out = node;
    return BULLA_OK;
}

enum bulla_status
bl_node_store(struct bl_volume *volume, const struct bl_node *node, struct bulla_error *err)
{
    uint8_t *data = NULL;
    uint64_t page = 0;

    BL_TRY(find_node(volume, node->number, &page, err));
    if (page == 0)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "a node without its page", 0);
    BL_TRY(bl_pages_write(volume->pages, page, &data, err));
    encode_node(node, data + node_offset(node->number));
    return BULLA_OK;
}

static enum bulla_status
extend_table(struct bl_volume *volume, uint64_t number, struct bulla_error *err)
{
    struct bl_map table = { 0 };
    uint64_t page = 0;
    uint8_t *data = NULL;
    bool is_new = false;

    if (number > NODE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many files", 0);
    BL_TRY(load_table(volume, &table, err));
    BL_TRY(bl_map_make(volume, &table, (number - 1) / NODES_IN_PAGE, &page, &is_new, err));
    if (is_new)
        BL_TRY(bl_pages_fresh(volume->pages, page, &data, err));
    BL_TRY(store_table(volume, &table, err));
    return bl_super_put(volume, BL_SUPER_NODES_MADE, number, err);
}

static enum bulla_status
count_nodes(struct bl_volume *volume, int64_t difference, struct bulla_error *err)
{
    uint64_t count = 0;

    BL_TRY(bl_super_get(volume, BL_SUPER_NODES, &count, err));
    return bl_super_put(volume, BL_SUPER_NODES, count + (uint64_t)difference, err);
}

enum bulla_status
bl_node_make(struct bl_volume *volume, struct bl_node *node, struct bulla_error *err)
{
    struct bl_node free_node;
    uint64_t number = 0;

    BL_TRY(bl_super_get(volume, BL_SUPER_FREE_NODE, &number, err));
    if (number != 0) {
        BL_TRY(load_any(volume, number, &free_node, err));
        BL_TRY(bl_super_put(volume, BL_SUPER_FREE_NODE, free_node.next, err));
    } else {
        BL_TRY(bl_super_get(volume, BL_SUPER_NODES_MADE, &number, err));
        number++;
        BL_TRY(extend_table(volume, number, err));
    }
    node->number = number;
    BL_TRY(count_nodes(volume, 1, err));
    return bl_node_store(volume, node, err);
}

/* -- cleaning up -- */

enum bulla_status
bl_node_list(struct bl_volume *volume, struct bl_node *node, struct bulla_error *err)
{
    if ((node->flags & BL_NODE_LISTED) == 0) {
        BL_TRY(bl_super_get(volume, BL_SUPER_CLEANUP, &node->next, err));
        BL_TRY(bl_super_put(volume, BL_SUPER_CLEANUP, node->number, err));
        node->flags |= BL_NODE_LISTED;
    }
    return bl_node_store(volume, node, err);
}

static enum bulla_status
unlist(struct bl_volume *volume, struct bl_node *node, struct bulla_error *err)
{
    uint64_t at = 0;
    struct bl_node before;

    BL_TRY(bl_super_get(volume, BL_SUPER_CLEANUP, &at, err));
    if (at == node->number) {
        BL_TRY(bl_super_put(volume, BL_SUPER_CLEANUP, node->next, err));
    } else {
        do
            BL_TRY(bl_node_load(volume, at, &before, err));
        while ((at = before.next) != node->number);
        before.next = node->next;
        BL_TRY(bl_node_store(volume, &before, err));
    }
    node->flags &= ~BL_NODE_LISTED;
    node->next = 0;
    return BULLA_OK;
}

static enum bulla_status
free_node(struct bl_volume *volume, uint64_t number, struct bulla_error *err)
{
    struct bl_node node = { .number = number };

    BL_TRY(bl_super_get(volume, BL_SUPER_FREE_NODE, &node.next, err));
    BL_TRY(bl_super_put(volume, BL_SUPER_FREE_NODE, number, err));
    BL_TRY(count_nodes(volume, -1, err));
    return bl_node_store(volume, &node, err);
}

enum bulla_status
bl_node_clean(struct bl_volume *volume, uint64_t number, bool is_held, bool *is_done_out,
              struct bulla_error *err)
{
    struct bl_node node;
    size_t budget = TRIM_BUDGET;

    BL_TRY(bl_node_load(volume, number, &node, err));
    bool is_gone = node.link_count == 0 && !is_held;
    uint64_t from = is_gone ? 0 : (node.size + BL_VOLUME_PAGE_SIZE - 1) / BL_VOLUME_PAGE_SIZE;
    if (is_gone || (node.flags & BL_NODE_TRIMMED) != 0)
        BL_TRY(bl_map_trim(volume, &node.map, from, &budget, err));
    *is_done_out = budget > 0;
    if (budget == 0)
        return bl_node_store(volume, &node, err);
    node.flags &= ~BL_NODE_TRIMMED;
    if ((node.flags & BL_NODE_LISTED) != 0 && (is_gone || node.link_count > 0))
        BL_TRY(unlist(volume, &node, err));
    return is_gone ? free_node(volume, number, err) : bl_node_store(volume, &node, err);
}

/* -- entries of directories -- */

static enum bulla_status
entry_page(struct bl_volume *volume, const struct bl_node *directory, uint64_t slot,
           const uint8_t **data_out, struct bulla_error *err)
{
    uint64_t page = 0;

    BL_TRY(bl_map_find(volume, &directory->map, slot / BL_ENTRY_COUNT, &page, err));
    if (page == 0)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "a directory with a hole", 0);
    return bl_pages_read(volume->pages, page, data_out, err);
}

static uint64_t
slot_count(const struct bl_node *directory)
{
    return directory->size / BL_VOLUME_PAGE_SIZE * BL_ENTRY_COUNT;
}

enum bulla_status
bl_names_find(struct bl_volume *volume, const struct bl_node *directory, struct bulla_bytes name,
              uint64_t *node_out, uint64_t *slot_out, struct bulla_error *err)
{
    uint64_t count = slot_count(directory), free_slot = count;
    const uint8_t *data = NULL;

    for (uint64_t slot = 0; slot < count; slot++) {
        if (slot % BL_ENTRY_COUNT == 0)
            BL_TRY(entry_page(volume, directory, slot, &data, err));
        const uint8_t *entry = data + slot % BL_ENTRY_COUNT * BL_ENTRY_SIZE;
        uint64_t node = bl_volume_get(entry, 8);
        if (node == 0 && free_slot == count)
            free_slot = slot;
        if (node != 0 && entry[8] == name.size && memcmp(entry + 9, name.data, name.size) == 0) {
            *node_out = node;
            *slot_out = slot;
            return BULLA_OK;
        }
    }
    *node_out = 0;
    *slot_out = free_slot;
    return BULLA_OK;
}

enum bulla_status
bl_names_put(struct bl_volume *volume, struct bl_node *directory, uint64_t slot,
             struct bulla_bytes name, uint64_t node, struct bulla_error *err)
{
    uint64_t page = 0;
    uint8_t *data = NULL;
    bool is_new = false;

    BL_TRY(bl_map_make(volume, &directory->map, slot / BL_ENTRY_COUNT, &page, &is_new, err));
    if (is_new) {
        BL_TRY(bl_pages_fresh(volume->pages, page, &data, err));
        directory->size += BL_VOLUME_PAGE_SIZE;
    } else {
        BL_TRY(bl_pages_write(volume->pages, page, &data, err));
    }
    uint8_t *entry = data + slot % BL_ENTRY_COUNT * BL_ENTRY_SIZE;
    directory->entry_count += (node != 0) - (uint64_t)(bl_volume_get(entry, 8) != 0);
    memset(entry, 0, BL_ENTRY_SIZE);
    if (node == 0)
        return BULLA_OK;
    bl_volume_put(entry, 8, node);
    entry[8] = (uint8_t)name.size;
    memcpy(entry + 9, name.data, name.size);
    return BULLA_OK;
}

enum bulla_status
bl_names_next(struct bl_volume *volume, const struct bl_node *directory, uint64_t *slot,
              struct bulla_buffer *name_out, uint64_t *node_out, struct bulla_error *err)
{
    uint64_t count = slot_count(directory);

    *node_out = 0;
    for (; *slot < count && *node_out == 0; (*slot)++) {
        const uint8_t *data = NULL;
        BL_TRY(entry_page(volume, directory, *slot, &data, err));
        const uint8_t *entry = data + *slot % BL_ENTRY_COUNT * BL_ENTRY_SIZE;
        uint64_t node = bl_volume_get(entry, 8);
        if (node == 0)
            continue;
        bulla_buffer_clear(name_out);
        BL_TRY(bulla_buffer_append(name_out, (struct bulla_bytes){ entry + 9, entry[8] }, err));
        *node_out = node;
    }
    return BULLA_OK;
}

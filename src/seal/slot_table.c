/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot_table.c: the mutable part of the header: the access tree and the slots it names.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "seal/format.h"
#include "seal/format_keys.h"

static const char where[] = "slot table of the sealed blob";

enum table_key { TABLE_TREE = 1, TABLE_SLOTS = 2 };

enum slot_key {
    SLOT_TYPE = 1,
    SLOT_PARAMS = 2,
    SLOT_WRAP = 3,
    SLOT_KCV = 4,
    SLOT_LABEL = 5,
    SLOT_TRUST = 6,
    SLOT_NOT_AFTER = 7,
    SLOT_SIGNED_POLICY = 8,
    SLOT_RECOVERY = 9
};
#define SLOT_KEYS_NEEDED 0x1eu /* bits of the keys 1 to 4 */

static uint16_t
read_type(struct bl_reader *r)
{
    uint64_t type = bl_cbor_read_uint(r);

    if (type == 0 || type > UINT16_MAX) {
        bl_reader_fail(r, "slot type out of range");
        return 0;
    }
    return (uint16_t)type;
}

static bool
read_slot_value(struct bl_reader *r, uint64_t key, struct bl_slot *slot)
{
    switch (key) {
    case SLOT_TYPE:
        slot->type = read_type(r);
        return true;
    case SLOT_PARAMS:
        slot->params = bl_cbor_skip(r);
        return true;
    case SLOT_WRAP:
        bl_cbor_read_bytes_exact(r, slot->wrap, sizeof slot->wrap);
        return true;
    case SLOT_KCV:
        bl_cbor_read_bytes_exact(r, slot->kcv, sizeof slot->kcv);
        return true;
    case SLOT_LABEL:
        slot->label = bl_cbor_read_text(r, BL_BLOB_NAME_SIZE_MAX);
        return true;
    case SLOT_TRUST: /* a claim of the sealer's, not believed: nothing here decides by it */
        bl_cbor_read_text(r, BL_BLOB_NAME_SIZE_MAX);
        return true;
    case SLOT_NOT_AFTER:
        slot->not_after_s = bl_format_read_time(r);
        return true;
    case SLOT_SIGNED_POLICY:
        slot->signed_policy = bl_cbor_skip(r);
        return true;
    case SLOT_RECOVERY:
        slot->is_recovery = bl_cbor_read_bool(r);
        if (!slot->is_recovery)
            bl_reader_fail(r, "a recovery mark that is false must be left out");
        return true;
    default:
        bl_cbor_skip(r);
        return bl_format_key_is_optional(key);
    }
}

static enum bulla_status
decode_slot(struct bl_reader *r, struct bl_slot *slot, struct bulla_error *err)
{
    struct bl_cbor_map map = bl_cbor_read_map(r, BL_BLOB_SLOTS_SIZE_MAX);
    uint64_t key = 0;
    uint32_t seen = 0;

    while (bl_cbor_map_next_uint(r, &map, &key)) {
        if (!read_slot_value(r, key, slot))
            return bl_format_unknown_key(where, key, err);
        if (key < 32)
            seen |= (uint32_t)1 << key;
    }
    BL_TRY(bl_reader_ok(r, err));
    if ((seen & SLOT_KEYS_NEEDED) != SLOT_KEYS_NEEDED)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a slot lacks a key", r->offset);
    return BULLA_OK;
}

static enum bulla_status
decode_slots(struct bl_reader *r, struct bl_slot_table *table, struct bulla_error *err)
{
    struct bl_cbor_map map = bl_cbor_read_map(r, BL_SLOT_COUNT_MAX);
    struct bulla_bytes id;

    while (bl_cbor_map_next_bytes(r, &map, BL_SLOT_ID_SIZE, &id)) {
        if (id.size != BL_SLOT_ID_SIZE)
            return bulla_fail(err, BULLA_E_MALFORMED, where, "size of a slot id", r->offset);
        struct bl_slot *slot = &table->slots[table->slot_count++];
        memcpy(slot->id, id.data, sizeof slot->id);
        BL_TRY(decode_slot(r, slot, err));
    }
    return bl_reader_ok(r, err);
}

/* -- the tree -- */

/* A slot id that the tree has named, waiting for the slots to be known. */
struct named_leaf {
    uint8_t id[BL_SLOT_ID_SIZE];
    size_t node;
};
struct tree_reading {
    struct bl_reader *r;
    struct bl_slot_tree *tree;
    struct named_leaf leaves[BL_SLOT_COUNT_MAX];
    size_t leaf_count;
};

static struct bl_tree_node *
new_node(struct tree_reading *reading)
{
    if (reading->tree->node_count == BL_TREE_NODE_COUNT_MAX) {
        bl_reader_fail(reading->r, "access tree too large");
        return NULL;
    }
    return &reading->tree->nodes[reading->tree->node_count++];
}

static void
read_leaf(struct tree_reading *reading, struct bl_tree_node *node)
{
    if (reading->leaf_count == BL_SLOT_COUNT_MAX) {
        bl_reader_fail(reading->r, "too many leaves");
        return;
    }
    struct named_leaf *leaf = &reading->leaves[reading->leaf_count++];
    bl_cbor_read_bytes_exact(reading->r, leaf->id, sizeof leaf->id);
    leaf->node = (size_t)(node - reading->tree->nodes);
    node->kind = BL_TREE_LEAF;
    node->node_count = 1;
}

static bool
text_is(struct bulla_bytes text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

/* The head of an inner node; the number of its children, or 0 after a failure. */
static size_t
read_inner_head(struct bl_reader *r, struct bl_tree_node *node)
{
    size_t item_count = bl_cbor_read_array(r, BL_SLOT_COUNT_MAX + 2);
    struct bulla_bytes kind = bl_cbor_read_text(r, 3);
    size_t head_count = 1;

    if (text_is(kind, "any")) {
        node->kind = BL_TREE_ANY;
    } else if (text_is(kind, "all")) {
        node->kind = BL_TREE_ALL;
    } else if (text_is(kind, "k")) {
        node->kind = BL_TREE_THRESHOLD;
        uint64_t threshold = bl_cbor_read_uint(r);
        node->threshold = threshold <= BL_SLOT_COUNT_MAX ? (size_t)threshold : SIZE_MAX;
        head_count = 2;
    } else {
        bl_reader_fail(r, "unknown node of the access tree");
        return 0;
    }
    node->child_count = item_count > head_count ? item_count - head_count : 0;
    if (node->child_count == 0 || node->child_count > BL_SLOT_COUNT_MAX)
        bl_reader_fail(r, "number of children");
    if (node->kind == BL_TREE_THRESHOLD &&
        (node->threshold == 0 || node->threshold > node->child_count))
        bl_reader_fail(r, "threshold out of range");
    return bl_reader_ok(r, NULL) == BULLA_OK ? node->child_count : 0;
}

static void
read_node(struct tree_reading *reading, size_t inner_above)
{
    struct bl_tree_node *node = new_node(reading);

    if (node == NULL)
        return;
    if (bl_cbor_peek(reading->r) == BL_CBOR_BYTES) {
        read_leaf(reading, node);
        return;
    }
    if (inner_above == BL_TREE_DEPTH_MAX) {
        bl_reader_fail(reading->r, "access tree too deep");
        return;
    }
    size_t first = reading->tree->node_count;
    size_t child_count = read_inner_head(reading->r, node);
    for (size_t i = 0; i < child_count && bl_reader_ok(reading->r, NULL) == BULLA_OK; i++)
        read_node(reading, inner_above + 1);
    node->node_count = 1 + reading->tree->node_count - first;
}

size_t
bl_slot_table_find(const struct bl_slot_table *table, const uint8_t id[BL_SLOT_ID_SIZE])
{
    for (size_t i = 0; i < table->slot_count; i++) {
        if (memcmp(table->slots[i].id, id, BL_SLOT_ID_SIZE) == 0)
            return i;
    }
    return table->slot_count;
}

/* Each slot hangs in the tree exactly once, and nothing else does. */
static enum bulla_status
settle_leaves(const struct tree_reading *reading, struct bl_slot_table *table,
              struct bulla_error *err)
{
    bool used[BL_SLOT_COUNT_MAX] = { 0 };

    for (size_t i = 0; i < reading->leaf_count; i++) {
        size_t slot = bl_slot_table_find(table, reading->leaves[i].id);
        if (slot == table->slot_count)
            return bulla_fail(err, BULLA_E_MALFORMED, where, "the tree names no such slot", i);
        if (used[slot])
            return bulla_fail(err, BULLA_E_MALFORMED, where, "the tree names a slot twice", i);
        used[slot] = true;
        table->tree.nodes[reading->leaves[i].node].slot = slot;
    }
    if (reading->leaf_count != table->slot_count)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a slot is not in the tree",
                          reading->leaf_count);
    return BULLA_OK;
}

enum bulla_status
bl_slot_table_decode(struct bulla_bytes bytes, struct bl_slot_table *table, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, where);
    struct bl_cbor_map map = bl_cbor_read_map(&r, BL_BLOB_SLOTS_SIZE_MAX);
    struct tree_reading reading = { .r = &r, .tree = &table->tree };
    uint64_t key = 0;

    while (bl_cbor_map_next_uint(&r, &map, &key)) {
        if (key == TABLE_TREE) {
            read_node(&reading, 0);
        } else if (key == TABLE_SLOTS) {
            BL_TRY(decode_slots(&r, table, err));
        } else {
            bl_cbor_skip(&r);
            if (!bl_format_key_is_optional(key))
                return bl_format_unknown_key(where, key, err);
        }
    }
    BL_TRY(bl_reader_finish(&r, err));
    if (table->slot_count == 0 || table->tree.node_count == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "no slots or no tree", 0);
    return settle_leaves(&reading, table, err);
}

/* -- writing -- */

static void
write_node(struct bl_writer *w, const struct bl_slot_table *table, size_t *next)
{
    const struct bl_tree_node *node = &table->tree.nodes[(*next)++];

    switch (node->kind) {
    case BL_TREE_LEAF:
        bl_cbor_write_bytes(w, BL_BYTES_OF(table->slots[node->slot].id));
        return;
    case BL_TREE_ANY:
        bl_cbor_write_array(w, 1 + node->child_count);
        bl_cbor_write_text(w, BL_LITERAL("any"));
        break;
    case BL_TREE_ALL:
        bl_cbor_write_array(w, 1 + node->child_count);
        bl_cbor_write_text(w, BL_LITERAL("all"));
        break;
    case BL_TREE_THRESHOLD:
        bl_cbor_write_array(w, 2 + node->child_count);
        bl_cbor_write_text(w, BL_LITERAL("k"));
        bl_cbor_write_uint(w, node->threshold);
        break;
    }
    for (size_t i = 0; i < node->child_count; i++)
        write_node(w, table, next);
}

static void
write_slot(struct bl_writer *w, const struct bl_slot *slot)
{
    bl_cbor_write_map(w, 4 + (size_t)(slot->label.size > 0) + (size_t)(slot->not_after_s != 0) +
                             (size_t)(slot->signed_policy.size > 0) + (size_t)slot->is_recovery);
    bl_cbor_write_uint(w, SLOT_TYPE);
    bl_cbor_write_uint(w, slot->type);
    bl_cbor_write_uint(w, SLOT_PARAMS);
    bl_write_bytes(w, slot->params);
    bl_cbor_write_uint(w, SLOT_WRAP);
    bl_cbor_write_bytes(w, BL_BYTES_OF(slot->wrap));
    bl_cbor_write_uint(w, SLOT_KCV);
    bl_cbor_write_bytes(w, BL_BYTES_OF(slot->kcv));
    if (slot->label.size > 0) {
        bl_cbor_write_uint(w, SLOT_LABEL);
        bl_cbor_write_text(w, slot->label);
    }
    if (slot->not_after_s != 0) {
        bl_cbor_write_uint(w, SLOT_NOT_AFTER);
        bl_cbor_write_uint(w, (uint64_t)slot->not_after_s);
    }
    if (slot->signed_policy.size > 0) {
        bl_cbor_write_uint(w, SLOT_SIGNED_POLICY);
        bl_write_bytes(w, slot->signed_policy);
    }
    if (slot->is_recovery) {
        bl_cbor_write_uint(w, SLOT_RECOVERY);
        bl_cbor_write_bool(w, true);
    }
}

static int
by_id(const void *a, const void *b)
{
    const struct bl_slot *const *left = a;
    const struct bl_slot *const *right = b;

    return memcmp((*left)->id, (*right)->id, BL_SLOT_ID_SIZE);
}

enum bulla_status
bl_slot_table_encode(const struct bl_slot_table *table, struct bulla_buffer *out,
                     struct bulla_error *err)
{
    const struct bl_slot *sorted[BL_SLOT_COUNT_MAX];
    struct bl_writer w = bl_writer(out);
    size_t start = out->size;
    size_t next = 0;

    for (size_t i = 0; i < table->slot_count; i++)
        sorted[i] = &table->slots[i];
    qsort(sorted, table->slot_count, sizeof sorted[0], by_id);

    bl_cbor_write_map(&w, 2);
    bl_cbor_write_uint(&w, TABLE_TREE);
    write_node(&w, table, &next);
    bl_cbor_write_uint(&w, TABLE_SLOTS);
    bl_cbor_write_map(&w, table->slot_count);
    for (size_t i = 0; i < table->slot_count; i++) {
        bl_cbor_write_bytes(&w, BL_BYTES_OF(sorted[i]->id));
        write_slot(&w, sorted[i]);
    }
    BL_TRY(bl_writer_finish(&w, err));
    if (out->size - start > BL_BLOB_SLOTS_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too large", out->size - start);
    return BULLA_OK;
}

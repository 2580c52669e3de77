/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/tree_edit.h"

#include <string.h>

#include "base/memory.h"

static const char where[] = "access tree";

static bool
is_above(const struct bl_slot_tree *tree, size_t place, size_t below)
{
    return place < below && below < place + tree->nodes[place].node_count;
}

static size_t
inner_above(const struct bl_slot_tree *tree, size_t place)
{
    size_t count = 0;

    for (size_t i = 0; i < place; i++)
        count += is_above(tree, i, place);
    return count;
}

/* Place of the node right above; `place` itself for the root. */
static size_t
parent_of(const struct bl_slot_tree *tree, size_t place)
{
    for (size_t i = place; i > 0; i--) {
        if (is_above(tree, i - 1, place))
            return i - 1;
    }
    return place;
}

static bool
is_any(const struct bl_slot_tree *tree, size_t place)
{
    return tree->nodes[place].kind == BL_TREE_ANY;
}

/* Put `node` at `place`; what stood there and after it moves on. */
static enum bulla_status
insert(struct bl_slot_tree *tree, size_t place, struct bl_tree_node node, struct bulla_error *err)
{
    if (tree->node_count == BL_TREE_NODE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many nodes", tree->node_count);
    for (size_t i = 0; i < place; i++) {
        /* An inner node that reaches up to `place` is grown by its new child's caller. */
        if (is_above(tree, i, place))
            tree->nodes[i].node_count++;
    }
    memmove(&tree->nodes[place + 1], &tree->nodes[place],
            (tree->node_count - place) * sizeof tree->nodes[0]);
    tree->nodes[place] = node;
    tree->node_count++;
    return BULLA_OK;
}

static struct bl_tree_node
leaf(size_t slot)
{
    return (struct bl_tree_node){ .kind = BL_TREE_LEAF, .slot = slot, .node_count = 1 };
}

/* Make `slot` the first child of the `any` at `place`. */
static enum bulla_status
add_child(struct bl_slot_tree *tree, size_t place, size_t slot, struct bulla_error *err)
{
    if (tree->nodes[place].child_count >= BL_SLOT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many children", 0);
    BL_TRY(insert(tree, place + 1, leaf(slot), err));
    tree->nodes[place].child_count++;
    return BULLA_OK;
}

/* Put an `any` above the subtree at `place`. */
static enum bulla_status
put_any_above(struct bl_slot_tree *tree, size_t place, struct bulla_error *err)
{
    const size_t below = tree->nodes[place].node_count;

    for (size_t i = place; i < place + below; i++) {
        bool is_inner = tree->nodes[i].kind != BL_TREE_LEAF;
        if (inner_above(tree, i) + (is_inner ? 1 : 0) >= BL_TREE_DEPTH_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, where, "too deep", i);
    }
    return insert(
        tree, place,
        (struct bl_tree_node){ .kind = BL_TREE_ANY, .child_count = 1, .node_count = below + 1 },
        err);
}

static enum bulla_status
add_at(struct bl_slot_tree *tree, size_t place, size_t slot, struct bulla_error *err)
{
    struct bl_slot_tree changed = *tree;
    size_t parent = parent_of(tree, place);
    bool has_any = is_any(tree, place) || (parent != place && is_any(tree, parent));
    size_t any = is_any(tree, place) ? place : parent;

    if (!has_any) {
        BL_TRY(put_any_above(&changed, place, err));
        any = place;
    }
    BL_TRY(add_child(&changed, any, slot, err));
    *tree = changed;
    return BULLA_OK;
}

enum bulla_status
bl_slot_tree_add(struct bl_slot_tree *tree, size_t slot, struct bulla_error *err)
{
    return add_at(tree, 0, slot, err);
}

static size_t
place_of(const struct bl_slot_tree *tree, size_t slot)
{
    size_t place = 0;

    while (tree->nodes[place].kind != BL_TREE_LEAF || tree->nodes[place].slot != slot)
        place++;
    return place;
}

enum bulla_status
bl_slot_tree_add_beside(struct bl_slot_tree *tree, size_t beside, size_t slot,
                        struct bulla_error *err)
{
    return add_at(tree, place_of(tree, beside), slot, err);
}

enum bulla_status
bl_slot_tree_remove(struct bl_slot_tree *tree, size_t slot, struct bulla_error *err)
{
    const size_t place = place_of(tree, slot);
    const size_t parent = parent_of(tree, place);

    if (parent == place || !is_any(tree, parent) || tree->nodes[parent].child_count < 2)
        return bulla_fail_cause(err, BULLA_CAUSE_SLOT_NEEDED, where,
                                "nothing else opens what this slot opens");
    for (size_t i = 0; i < place; i++) {
        if (is_above(tree, i, place))
            tree->nodes[i].node_count--;
    }
    tree->nodes[parent].child_count--;
    tree->node_count--;
    memmove(&tree->nodes[place], &tree->nodes[place + 1],
            (tree->node_count - place) * sizeof tree->nodes[0]);
    for (size_t i = 0; i < tree->node_count; i++) {
        if (tree->nodes[i].kind == BL_TREE_LEAF && tree->nodes[i].slot > slot)
            tree->nodes[i].slot--;
    }
    return BULLA_OK;
}

/* The subtree at `place` as a tree of its own. */
static void
cut_out(const struct bl_slot_tree *tree, size_t place, struct bl_slot_tree *out)
{
    out->node_count = tree->nodes[place].node_count;
    memcpy(out->nodes, &tree->nodes[place], out->node_count * sizeof out->nodes[0]);
}

enum bulla_status
bl_slot_tree_share_of(const struct bl_slot_tree *tree, const enum bl_slot_state *states,
                      const struct bl_secret *shares, const struct bl_secret *content_key,
                      size_t slot, struct bl_secret *share_out, struct bulla_error *err)
{
    const size_t place = place_of(tree, slot);
    struct bl_slot_tree part;

    /* Up from the leaf: below `any` it has what its parent has. */
    for (size_t at = place;; at = parent_of(tree, at)) {
        cut_out(tree, at, &part);
        if (bl_slot_tree_is_satisfied(&part, states))
            return bl_slot_tree_combine(&part, states, shares, share_out, err);
        if (parent_of(tree, at) == at)
            return bl_secret_copy(share_out, bl_secret_bytes(content_key), err);
        if (!is_any(tree, parent_of(tree, at)))
            return bulla_fail(err, BULLA_E_NOT_FOUND, where,
                              "its share belongs to slots that did not open", slot);
    }
}

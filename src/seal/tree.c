/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/tree.h"

#include "base/memory.h"
#include "crypto/shamir.h"

static const char where[] = "access tree";

void
bl_shares_done(struct bl_secret *shares, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bl_secret_done(&shares[i]);
}

/* -- building -- */

struct building {
    struct bl_slot_tree *tree;
    size_t slot_count;
    bool used[BL_SLOT_COUNT_MAX];
    size_t leaf_count;
};

static enum bulla_status
add_leaf(struct building *building, struct bl_tree_node *node, size_t slot, struct bulla_error *err)
{
    if (slot >= building->slot_count)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no such slot", slot);
    if (building->used[slot])
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a slot occurs twice", slot);
    building->used[slot] = true;
    building->leaf_count++;
    *node = (struct bl_tree_node){ .kind = BL_TREE_LEAF, .slot = slot, .node_count = 1 };
    return BULLA_OK;
}

static enum bulla_status
check_inner(const struct bl_tree *description, size_t inner_above, struct bulla_error *err)
{
    if (inner_above == BL_TREE_DEPTH_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too deep", inner_above);
    if (description->child_count == 0 || description->child_count > BL_SLOT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "number of children",
                          description->child_count);
    if (description->kind == BL_TREE_THRESHOLD &&
        (description->threshold == 0 || description->threshold > description->child_count))
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "threshold", description->threshold);
    return BULLA_OK;
}

static enum bulla_status
add_node(struct building *building, const struct bl_tree *description, size_t inner_above,
         struct bulla_error *err)
{
    size_t place = building->tree->node_count;

    if (place == BL_TREE_NODE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many nodes", place);
    building->tree->node_count++;
    struct bl_tree_node *node = &building->tree->nodes[place];
    if (description->kind == BL_TREE_LEAF)
        return add_leaf(building, node, description->slot, err);
    BL_TRY(check_inner(description, inner_above, err));
    for (size_t i = 0; i < description->child_count; i++)
        BL_TRY(add_node(building, &description->children[i], inner_above + 1, err));
    *node = (struct bl_tree_node){
        .kind = description->kind,
        .threshold = description->kind == BL_TREE_THRESHOLD ? description->threshold : 0,
        .child_count = description->child_count,
        .node_count = building->tree->node_count - place,
    };
    return BULLA_OK;
}

static enum bulla_status
build_any_of_all(size_t slot_count, struct bl_slot_tree *tree)
{
    if (slot_count > 1)
        tree->nodes[tree->node_count++] = (struct bl_tree_node){ .kind = BL_TREE_ANY,
                                                                 .child_count = slot_count,
                                                                 .node_count = slot_count + 1 };
    for (size_t i = 0; i < slot_count; i++)
        tree->nodes[tree->node_count++] =
            (struct bl_tree_node){ .kind = BL_TREE_LEAF, .slot = i, .node_count = 1 };
    return BULLA_OK;
}

enum bulla_status
bl_slot_tree_build(const struct bl_tree *description, size_t slot_count,
                   struct bl_slot_tree *tree_out, struct bulla_error *err)
{
    struct building building = { .tree = tree_out, .slot_count = slot_count };

    if (slot_count == 0 || slot_count > BL_SLOT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "number of slots", slot_count);
    tree_out->node_count = 0;
    if (description == NULL)
        return build_any_of_all(slot_count, tree_out);
    BL_TRY(add_node(&building, description, 0, err));
    if (building.leaf_count != slot_count)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a slot does not occur",
                          building.leaf_count);
    return BULLA_OK;
}

/* -- sharing -- */

struct sharing {
    const struct bl_slot_tree *tree;
    const struct bl_entropy *entropy;
    struct bl_secret *shares; /* by slot */
};

static enum bulla_status share_node(const struct sharing *sharing, size_t place,
                                    const struct bl_secret *secret, struct bulla_error *err);

/* The last part is what is left of the secret, all others are random. */
static enum bulla_status
split_all(const struct bl_secret *secret, const struct bl_entropy *entropy, size_t count,
          struct bl_secret *parts, struct bulla_error *err)
{
    struct bl_secret *last = &parts[count - 1];

    BL_TRY(bl_secret_copy(last, bl_secret_bytes(secret), err));
    for (size_t i = 0; i + 1 < count; i++) {
        BL_TRY(bl_secret_new(&parts[i], secret->size, err));
        BL_TRY(bl_entropy_fill(entropy, parts[i].data, parts[i].size, err));
        for (size_t byte = 0; byte < secret->size; byte++)
            last->data[byte] ^= parts[i].data[byte];
    }
    return BULLA_OK;
}

static enum bulla_status
split_threshold(const struct bl_secret *secret, const struct bl_entropy *entropy,
                const struct bl_tree_node *node, struct bl_secret *parts, struct bulla_error *err)
{
    BL_AUTO(bl_secret) coefficients = { 0 };

    BL_TRY(bl_secret_new(&coefficients, (node->threshold - 1) * secret->size, err));
    if (coefficients.size > 0)
        BL_TRY(bl_entropy_fill(entropy, coefficients.data, coefficients.size, err));
    return bl_shamir_split(bl_secret_bytes(secret), bl_secret_bytes(&coefficients), node->threshold,
                           node->child_count, parts, err);
}

static enum bulla_status
split(const struct sharing *sharing, const struct bl_tree_node *node,
      const struct bl_secret *secret, struct bl_secret *parts, struct bulla_error *err)
{
    switch (node->kind) {
    case BL_TREE_ANY:
        for (size_t i = 0; i < node->child_count; i++)
            BL_TRY(bl_secret_copy(&parts[i], bl_secret_bytes(secret), err));
        return BULLA_OK;
    case BL_TREE_ALL:
        return split_all(secret, sharing->entropy, node->child_count, parts, err);
    case BL_TREE_THRESHOLD:
        return split_threshold(secret, sharing->entropy, node, parts, err);
    case BL_TREE_LEAF:
        break;
    }
    return bulla_fail(err, BULLA_E_ARGUMENT, where, "a leaf has no parts", 0);
}

static enum bulla_status
share_children(const struct sharing *sharing, size_t place, const struct bl_secret *parts,
               struct bulla_error *err)
{
    const struct bl_tree_node *nodes = sharing->tree->nodes;
    size_t child = place + 1;

    for (size_t i = 0; i < nodes[place].child_count; i++) {
        BL_TRY(share_node(sharing, child, &parts[i], err));
        child += nodes[child].node_count;
    }
    return BULLA_OK;
}

static enum bulla_status
share_node(const struct sharing *sharing, size_t place, const struct bl_secret *secret,
           struct bulla_error *err)
{
    const struct bl_tree_node *node = &sharing->tree->nodes[place];
    struct bl_secret parts[BL_SLOT_COUNT_MAX] = { 0 };

    if (node->kind == BL_TREE_LEAF)
        return bl_secret_copy(&sharing->shares[node->slot], bl_secret_bytes(secret), err);
    enum bulla_status status = split(sharing, node, secret, parts, err);
    if (status == BULLA_OK)
        status = share_children(sharing, place, parts, err);
    bl_shares_done(parts, node->child_count);
    return status;
}

enum bulla_status
bl_slot_tree_share(const struct bl_slot_tree *tree, const struct bl_secret *secret,
                   const struct bl_entropy *entropy, struct bl_secret *shares_out,
                   struct bulla_error *err)
{
    const struct sharing sharing = { tree, entropy, shares_out };

    return share_node(&sharing, 0, secret, err);
}

/* -- which slots are enough -- */

static size_t
children_needed(const struct bl_tree_node *node)
{
    switch (node->kind) {
    case BL_TREE_ANY:
        return 1;
    case BL_TREE_THRESHOLD:
        return node->threshold;
    case BL_TREE_ALL:
    case BL_TREE_LEAF:
        break;
    }
    return node->child_count;
}

/* `hopeful` counts the slots that were not tried yet as open. */
static bool
is_satisfied(const struct bl_slot_tree *tree, const enum bl_slot_state *states, bool hopeful,
             size_t place)
{
    const struct bl_tree_node *node = &tree->nodes[place];
    size_t child = place + 1;
    size_t satisfied = 0;

    if (node->kind == BL_TREE_LEAF)
        return states[node->slot] == BL_SLOT_OPENED ||
               (hopeful && states[node->slot] == BL_SLOT_UNTRIED);
    for (size_t i = 0; i < node->child_count; i++) {
        satisfied += is_satisfied(tree, states, hopeful, child);
        child += tree->nodes[child].node_count;
    }
    return satisfied >= children_needed(node);
}

bool
bl_slot_tree_is_satisfied(const struct bl_slot_tree *tree, const enum bl_slot_state *states)
{
    return is_satisfied(tree, states, /* hopeful= */ false, 0);
}

static size_t
leaf_of(const struct bl_slot_tree *tree, size_t slot)
{
    size_t place = 0;

    while (tree->nodes[place].kind != BL_TREE_LEAF || tree->nodes[place].slot != slot)
        place++;
    return place;
}

bool
bl_slot_tree_wants(const struct bl_slot_tree *tree, const enum bl_slot_state *states, size_t slot)
{
    size_t leaf = leaf_of(tree, slot);

    for (size_t place = 0; place <= leaf; place++) {
        bool is_above = leaf < place + tree->nodes[place].node_count;
        if (is_above && (is_satisfied(tree, states, /* hopeful= */ false, place) ||
                         !is_satisfied(tree, states, /* hopeful= */ true, place)))
            return false;
    }
    return true;
}

/* -- combining -- */

struct combining {
    const struct bl_slot_tree *tree;
    const enum bl_slot_state *states;
    const struct bl_secret *shares; /* by slot */
};

static enum bulla_status combine_node(const struct combining *combining, size_t place,
                                      struct bl_secret *secret_out, struct bulla_error *err);

/* The first satisfied children, as many as are needed, each with its x. */
static enum bulla_status
combine_children(const struct combining *combining, size_t place, struct bl_secret *parts,
                 struct bl_shamir_share *points, struct bulla_error *err)
{
    const struct bl_tree_node *nodes = combining->tree->nodes;
    size_t needed = children_needed(&nodes[place]);
    size_t child = place + 1;
    size_t found = 0;

    for (size_t i = 0; i < nodes[place].child_count && found < needed; i++) {
        if (is_satisfied(combining->tree, combining->states, /* hopeful= */ false, child)) {
            BL_TRY(combine_node(combining, child, &parts[found], err));
            points[found] =
                (struct bl_shamir_share){ (uint8_t)(i + 1), bl_secret_bytes(&parts[found]) };
            found++;
        }
        child += nodes[child].node_count;
    }
    if (found < needed)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "not satisfied", found);
    return BULLA_OK;
}

static enum bulla_status
join_all(const struct bl_secret *parts, size_t count, struct bl_secret *secret_out,
         struct bulla_error *err)
{
    BL_TRY(bl_secret_copy(secret_out, bl_secret_bytes(&parts[0]), err));
    for (size_t i = 1; i < count; i++) {
        for (size_t byte = 0; byte < secret_out->size; byte++)
            secret_out->data[byte] ^= parts[i].data[byte];
    }
    return BULLA_OK;
}

static enum bulla_status
join(const struct bl_tree_node *node, struct bl_secret *parts, const struct bl_shamir_share *points,
     struct bl_secret *secret_out, struct bulla_error *err)
{
    switch (node->kind) {
    case BL_TREE_ANY:
        *secret_out = bl_secret_take(&parts[0]);
        return BULLA_OK;
    case BL_TREE_ALL:
        return join_all(parts, node->child_count, secret_out, err);
    case BL_TREE_THRESHOLD:
        return bl_shamir_combine(points, node->threshold, secret_out, err);
    case BL_TREE_LEAF:
        break;
    }
    return bulla_fail(err, BULLA_E_ARGUMENT, where, "a leaf has no parts", 0);
}

static enum bulla_status
combine_node(const struct combining *combining, size_t place, struct bl_secret *secret_out,
             struct bulla_error *err)
{
    const struct bl_tree_node *node = &combining->tree->nodes[place];
    struct bl_secret parts[BL_SLOT_COUNT_MAX] = { 0 };
    struct bl_shamir_share points[BL_SLOT_COUNT_MAX];

    if (node->kind == BL_TREE_LEAF)
        return bl_secret_copy(secret_out, bl_secret_bytes(&combining->shares[node->slot]), err);
    enum bulla_status status = combine_children(combining, place, parts, points, err);
    if (status == BULLA_OK)
        status = join(node, parts, points, secret_out, err);
    bl_shares_done(parts, node->child_count);
    return status;
}

enum bulla_status
bl_slot_tree_combine(const struct bl_slot_tree *tree, const enum bl_slot_state *states,
                     const struct bl_secret *shares, struct bl_secret *secret_out,
                     struct bulla_error *err)
{
    const struct combining combining = { tree, states, shares };

    if (!bl_slot_tree_is_satisfied(tree, states))
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "not satisfied", 0);
    return combine_node(&combining, 0, secret_out, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/tree.h: the access tree: which sets of slots give the content key back.
 *
 * any: each child gets the same share; all: an XOR split; k of n: Shamir over the children, child i
 * at x = i + 1. Guarantees: a set of leaves that does not satisfy the tree says nothing about the
 * secret. Does not: notice a wrong share; the header MAC does.
 */
#ifndef BL_SEAL_TREE_H
#define BL_SEAL_TREE_H

#include "seal/entropy.h"
#include "seal/format.h"

/** A tree over `slot_count` slots from the caller's description (NULL: any of them).
 *  BULLA_E_ARGUMENT unless each slot occurs exactly once, within depth and counts. */
enum bulla_status bl_slot_tree_build(const struct bl_tree *description, size_t slot_count,
                                     struct bl_slot_tree *tree_out,
                                     struct bulla_error *err) BULLA_CHECKED;

/** A share for every slot, in shares_out[slot], which must be empty; each as long as `secret`. */
enum bulla_status bl_slot_tree_share(const struct bl_slot_tree *tree,
                                     const struct bl_secret *secret,
                                     const struct bl_entropy *entropy, struct bl_secret *shares_out,
                                     struct bulla_error *err) BULLA_CHECKED;

enum bl_slot_state { BL_SLOT_UNTRIED = 0, BL_SLOT_OPENED, BL_SLOT_FAILED };

/** True if the opened slots satisfy the tree. */
bool bl_slot_tree_is_satisfied(const struct bl_slot_tree *tree, const enum bl_slot_state *states);
/** True if opening `slot` can still help: the tree can be satisfied by slots that have not failed,
 *  and no node above the slot is satisfied already. */
bool bl_slot_tree_wants(const struct bl_slot_tree *tree, const enum bl_slot_state *states,
                        size_t slot);
/** The secret from the shares of the opened slots (the others are empty). *secret_out must be
 *  empty. BULLA_E_ARGUMENT if the tree is not satisfied. */
enum bulla_status bl_slot_tree_combine(const struct bl_slot_tree *tree,
                                       const enum bl_slot_state *states,
                                       const struct bl_secret *shares, struct bl_secret *secret_out,
                                       struct bulla_error *err) BULLA_CHECKED;

/** Release the shares of `count` slots. */
void bl_shares_done(struct bl_secret *shares, size_t count);

#endif

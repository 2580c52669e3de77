/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/tree_edit.h: changing the access tree of a blob that stands, without changing who else can open
 * it.
 *
 * Does not: touch a share. What hangs below `all` or `k of n` has shares that belong together, so
 * that such a leaf can be given a second way to open, but not be taken away.
 */
#ifndef BL_SEAL_TREE_EDIT_H
#define BL_SEAL_TREE_EDIT_H

#include "seal/tree.h"

/** Let `slot` alone open the whole: its share is the content key. BULLA_E_LIMIT beyond depth or
 *  counts. */
enum bulla_status bl_slot_tree_add(struct bl_slot_tree *tree, size_t slot,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Let `slot` do what `beside` does: its share is the same. BULLA_E_LIMIT. */
enum bulla_status bl_slot_tree_add_beside(struct bl_slot_tree *tree, size_t beside, size_t slot,
                                          struct bulla_error *err) BULLA_CHECKED;
/** Take the leaf of `slot` away; later slots move down by one. SLOT_NEEDED unless another way opens
 *  what it opened: it hangs below `any` beside something else. */
enum bulla_status bl_slot_tree_remove(struct bl_slot_tree *tree, size_t slot,
                                      struct bulla_error *err) BULLA_CHECKED;

/** The share of `slot`, where what opened leads to it: by its own, or down from the content key.
 *  *share_out must be empty. BULLA_E_NOT_FOUND where its share belongs to others that did not open. */
enum bulla_status bl_slot_tree_share_of(const struct bl_slot_tree *tree,
                                        const enum bl_slot_state *states,
                                        const struct bl_secret *shares,
                                        const struct bl_secret *content_key, size_t slot,
                                        struct bl_secret *share_out,
                                        struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/parts.h: collateral as `bulla verify --collateral ROLE=FILE` names it.
 *
 * Guarantees: only pieces that the evidence wants are handed out; a role that was given by hand stays
 * alone. Whether they are good is found by the verification that they are for.
 */
#ifndef BL_COLLATERAL_PARTS_H
#define BL_COLLATERAL_PARTS_H

#include "collateral/wants.h"

/** Append to `parts` (room for `part_count_max`, *part_count in use) what of the wanted is in `set`:
 *  views into it. Roles that are in use before are passed over. BULLA_E_LIMIT. */
enum bulla_status bl_collateral_parts(const struct bl_wants *wants,
                                      const struct bl_collateral_set *set, struct bl_part *parts,
                                      size_t part_count_max, size_t *part_count,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif

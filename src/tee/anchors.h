/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/anchors.h: the vendors' roots that this build knows, in one reviewed table.
 *
 * Pinned by key: a root is re-issued now and then with the same one (Intel's has two editions). Where
 * each was taken from and what it was checked against is in docs/anchors.md. Nobody trusts them by
 * their being here: whoever verifies passes the ones that he wants.
 */
#ifndef BL_TEE_ANCHORS_H
#define BL_TEE_ANCHORS_H

#include "tee/scheme.h"

/** All of them, of kind BL_ANCHOR_ROOT_KEY, into `anchors_out`; their number. */
size_t bl_vendor_anchors(struct bl_anchor anchors_out[BL_ANCHOR_COUNT_MAX]);

#endif

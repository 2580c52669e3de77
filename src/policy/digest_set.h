/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/digest_set.h: sets of digests as policies hold them: built in any order, kept sorted.
 */
#ifndef BL_POLICY_DIGEST_SET_H
#define BL_POLICY_DIGEST_SET_H

#include "base/buffer.h"

#include "crypto/hash.h"

struct bl_digest {
    uint8_t bytes[BL_HASH_SIZE_MAX];
    size_t size; /* bytes: BL_DIGEST_SIZE_MIN to BL_HASH_SIZE_MAX */
};
#define BL_DIGEST_SIZE_MIN 16 /* bytes: device and instance ids are not shorter */

/** A set of digests; empty and not `any`: nothing matches. */
struct bl_digest_set {
    bool any;
    struct bl_digest *items; /* owned; ascending by size, then content; distinct */
    size_t count;
};
void bl_digest_set_done(struct bl_digest_set *set);

/** Room for `count` items in an empty set, all of them unset. */
enum bulla_status bl_digest_set_new(struct bl_digest_set *set, size_t count,
                                    struct bulla_error *err) BULLA_CHECKED;
/** Fill item `index`; BULLA_E_MALFORMED for a size that no digest has. */
enum bulla_status bl_digest_set_fill(struct bl_digest_set *set, size_t index,
                                     struct bulla_bytes digest,
                                     struct bulla_error *err) BULLA_CHECKED;
/** Bring the items into order. */
void bl_digest_set_sort(struct bl_digest_set *set);
/** BULLA_E_MALFORMED unless the items ascend and are distinct. */
enum bulla_status bl_digest_set_check(const struct bl_digest_set *set,
                                      struct bulla_error *err) BULLA_CHECKED;
/** True if the set accepts this digest. One that is absent (size 0) is accepted by no set, not even
 *  by `any`, which accepts whatever the evidence says but wants it said. */
bool bl_digest_set_has(const struct bl_digest_set *set, struct bulla_bytes digest);

#endif

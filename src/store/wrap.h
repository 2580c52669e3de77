/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/wrap.h: values as they lie in a database that nobody trusts.
 *
 * AES-256-GCM with a random 96-bit nonce under the broker's store key; associated data is table,
 * row key and version, so that a row cannot pass for another. At most 2^32 values are wrapped under
 * one key (SP 800-38D 8.3); a broker's store stays far below.
 */
#ifndef BL_STORE_WRAP_H
#define BL_STORE_WRAP_H

#include "base/buffer.h"
#include "base/secret.h"

/** Which value it is: the associated data. */
struct bl_wrap_place {
    const char *table;
    struct bulla_bytes key;
    uint64_t version;
};
/** Append nonce | ciphertext | tag. `key` is 32 bytes. */
enum bulla_status bl_wrap(struct bulla_bytes key, const struct bl_wrap_place *place,
                          struct bulla_bytes plaintext, struct bulla_buffer *out,
                          struct bulla_error *err) BULLA_CHECKED;
/** BULLA_E_INTEGRITY unless it is exactly this place's value. */
enum bulla_status bl_unwrap(struct bulla_bytes key, const struct bl_wrap_place *place,
                            struct bulla_bytes wrapped, struct bl_secret *plaintext_out,
                            struct bulla_error *err) BULLA_CHECKED;

#endif

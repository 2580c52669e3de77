/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/hash.h: SHA-2 (FIPS 180-4), HMAC (FIPS 198-1) and HKDF (RFC 5869).
 */
#ifndef BL_CRYPTO_HASH_H
#define BL_CRYPTO_HASH_H

#include "base/cleanup.h"
#include "base/secret.h"
#include "bulla/status.h"

enum bl_hash {
    BL_HASH_NONE = 0,
    BL_SHA1, /* 20 bytes: old event logs and quotes, never a decision */
    BL_SHA256,
    BL_SHA384,
    BL_SHA512
};

#define BL_HASH_SIZE_MAX 64 /* bytes */

/** Size of a digest in bytes; 0 for BL_HASH_NONE. */
size_t bl_hash_size(enum bl_hash hash);

/** Digest of the concatenation of `parts`; `out` holds bl_hash_size(hash) bytes. */
enum bulla_status bl_hash_parts(enum bl_hash hash, const struct bulla_bytes *parts,
                                size_t part_count, uint8_t *out,
                                struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_hash_once(enum bl_hash hash, struct bulla_bytes bytes, uint8_t *out,
                               struct bulla_error *err) BULLA_CHECKED;

/** A digest in progress. */
struct bl_hasher;
enum bulla_status bl_hasher_new(enum bl_hash hash, struct bl_hasher **hasher_out,
                                struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_hasher_update(struct bl_hasher *hasher, struct bulla_bytes bytes,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Writes bl_hash_size() bytes; the hasher is ready for a new message afterwards. */
enum bulla_status bl_hasher_finish(struct bl_hasher *hasher, uint8_t *out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** The digest so far, without ending the message. */
enum bulla_status bl_hasher_peek(const struct bl_hasher *hasher, uint8_t *out,
                                 struct bulla_error *err) BULLA_CHECKED;
void bl_hasher_free(struct bl_hasher *hasher);
BL_DEFINE_FREEP(bl_hasher)

/** HMAC of the concatenation of `parts`; `out` holds bl_hash_size(hash) bytes. */
enum bulla_status bl_hmac(enum bl_hash hash, struct bulla_bytes key,
                          const struct bulla_bytes *parts, size_t part_count, uint8_t *out,
                          struct bulla_error *err) BULLA_CHECKED;

/** HKDF-Extract: *prk must be empty; it gets bl_hash_size(hash) bytes. */
enum bulla_status bl_hkdf_extract(enum bl_hash hash, struct bulla_bytes salt,
                                  struct bulla_bytes input_key, struct bl_secret *prk_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** HKDF-Expand: *out must be empty; it gets `size` bytes (at most 255 digests). `info` is the
 *  concatenation of the parts. */
enum bulla_status bl_hkdf_expand(enum bl_hash hash, struct bulla_bytes prk,
                                 const struct bulla_bytes *info_parts, size_t info_part_count,
                                 size_t size, struct bl_secret *out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif

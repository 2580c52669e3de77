/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/body.h: the body of a sealed blob: C2SP chunked encryption, instance Cobblestone-256.
 *
 *     salt (24) | commitment (32) | chunks of 16 KiB, each with its tag (16); the last one shorter
 *
 * Guarantees: a chunk leaves only after its tag; the end is authenticated (the last chunk is shorter
 * than all others); key and context are committed to; memory does not depend on the size.
 * Does not: take back what it has written when a later chunk turns out to be altered. Who must not
 * use part of a plaintext discards it on failure, or verifies first.
 */
#ifndef BL_SEAL_BODY_H
#define BL_SEAL_BODY_H

#include "seal/keys.h"
#include "seal/stream.h"

#define BL_BODY_SALT_SIZE 24       /* bytes */
#define BL_BODY_COMMITMENT_SIZE 32 /* bytes */
#define BL_BODY_HEAD_SIZE (BL_BODY_SALT_SIZE + BL_BODY_COMMITMENT_SIZE)
#define BL_BODY_CHUNK_SIZE 16384                    /* bytes of plaintext */
#define BL_BODY_CHUNK_COUNT_MAX ((uint64_t)1 << 38) /* by the specification */

enum bulla_status bl_body_seal(const struct bl_secret *key,
                               const uint8_t context[BL_BLOB_DIGEST_SIZE],
                               const uint8_t salt[BL_BODY_SALT_SIZE],
                               const struct bl_source *source, const struct bl_sink *sink,
                               struct bulla_error *err) BULLA_CHECKED;
/** Causes: BODY_ALTERED, BODY_TRUNCATED. */
enum bulla_status bl_body_open(const struct bl_secret *key,
                               const uint8_t context[BL_BLOB_DIGEST_SIZE],
                               const struct bl_source *source, const struct bl_sink *sink,
                               uint64_t *plaintext_size_out, struct bulla_error *err) BULLA_CHECKED;

/** Plaintext size of a body of `size` bytes; false if no body has this size. */
bool bl_body_plaintext_size(uint64_t size, uint64_t *plaintext_size_out);

#endif

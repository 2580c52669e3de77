/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/aead.h: AES-256-GCM (SP 800-38D) and ChaCha20-Poly1305 (RFC 8439), key kept, one message
 * a call. Tags are always 16 bytes, nonces always 12.
 *
 * Does not: choose nonces; every format says why its nonces cannot repeat under one key.
 */
#ifndef BL_CRYPTO_AEAD_H
#define BL_CRYPTO_AEAD_H

#include "base/cleanup.h"
#include "bulla/status.h"

enum bl_aead_algorithm { BL_AES_256_GCM = 1, BL_CHACHA20_POLY1305 = 2 };

#define BL_AEAD_KEY_SIZE 32   /* bytes */
#define BL_AEAD_NONCE_SIZE 12 /* bytes */
#define BL_AEAD_TAG_SIZE 16   /* bytes */

struct bl_aead; /* not for two threads at once */

/** `key` is BL_AEAD_KEY_SIZE bytes; it is copied. */
enum bulla_status bl_aead_new(enum bl_aead_algorithm algorithm, struct bulla_bytes key,
                              struct bl_aead **aead_out, struct bulla_error *err) BULLA_CHECKED;
/** Write plaintext.size + BL_AEAD_TAG_SIZE bytes; `out` may be the plaintext's own place. */
enum bulla_status bl_aead_seal(struct bl_aead *aead, const uint8_t nonce[BL_AEAD_NONCE_SIZE],
                               struct bulla_bytes associated_data, struct bulla_bytes plaintext,
                               uint8_t *out, struct bulla_error *err) BULLA_CHECKED;
/** Write ciphertext.size - BL_AEAD_TAG_SIZE bytes; `out` may be the ciphertext's own place.
 *  BULLA_E_INTEGRITY if the tag is wrong or missing; `out` is then wiped. */
enum bulla_status bl_aead_open(struct bl_aead *aead, const uint8_t nonce[BL_AEAD_NONCE_SIZE],
                               struct bulla_bytes associated_data, struct bulla_bytes ciphertext,
                               uint8_t *out, struct bulla_error *err) BULLA_CHECKED;
void bl_aead_free(struct bl_aead *aead);
BL_DEFINE_FREEP(bl_aead)

#endif

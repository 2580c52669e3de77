/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/cipher.h: AES in full-block CFB mode (SP 800-38A 6.3), as TPM 2.0 wraps credentials and
 * parameters with it (TPM 2.0 part 1, 24 and 21).
 *
 * Does not authenticate: the TPM formats put an HMAC around it. For anything else see aead.h.
 */
#ifndef BL_CRYPTO_CIPHER_H
#define BL_CRYPTO_CIPHER_H

#include "bulla/status.h"

#define BL_AES_BLOCK_SIZE 16 /* bytes */

/** Write bytes.size bytes to `out`, which may be their own place. `key` is 16 or 32 bytes; `iv` is
 *  BL_AES_BLOCK_SIZE bytes, or empty for zeros. */
enum bulla_status bl_aes_cfb_encrypt(struct bulla_bytes key, struct bulla_bytes iv,
                                     struct bulla_bytes bytes, uint8_t *out,
                                     struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_aes_cfb_decrypt(struct bulla_bytes key, struct bulla_bytes iv,
                                     struct bulla_bytes bytes, uint8_t *out,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/private_key.h: private keys as other tools keep them: PEM, unencrypted, PKCS #8 (RFC 5958,
 * version 1) or SEC 1 (RFC 5915); P-256, P-384, Ed25519.
 *
 * Does not: open encrypted keys; look at a public key that stands beside the private one (it is made
 * from it).
 */
#ifndef BL_CRYPTO_PRIVATE_KEY_H
#define BL_CRYPTO_PRIVATE_KEY_H

#include "crypto/key.h"

#define BL_PRIVATE_KEY_FILE_SIZE_MAX 4096 /* bytes */

/** One block, "PRIVATE KEY" or "EC PRIVATE KEY", and nothing else. BULLA_E_MALFORMED,
 *  BULLA_E_UNSUPPORTED (another kind of key). */
enum bulla_status bl_key_from_private_pem(struct bulla_bytes text, struct bl_key **key_out,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif

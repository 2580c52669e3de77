/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/public_key.h: public keys as people and protocols hand them over.
 *
 * Guarantees: points are on their curve (crypto/key.h); coordinates have the curve's size.
 * Does not: take private keys, compressed points, or a key set.
 */
#ifndef BL_CRYPTO_PUBLIC_KEY_H
#define BL_CRYPTO_PUBLIC_KEY_H

#include "crypto/key.h"

/** A COSE_Key (RFC 9052 section 7) of type EC2 on P-256 or P-384, and nothing after it.
 *  BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED. */
enum bulla_status bl_key_from_cose(struct bulla_bytes bytes, struct bl_key **key_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** A JWK (RFC 7517) of type EC on P-256 or P-384. */
enum bulla_status bl_key_from_jwk(struct bulla_bytes text, struct bl_key **key_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** What a file holds: PEM ("PUBLIC KEY"), DER (SubjectPublicKeyInfo), JWK or COSE_Key. */
enum bulla_status bl_key_from_public_file(struct bulla_bytes content, struct bl_key **key_out,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif

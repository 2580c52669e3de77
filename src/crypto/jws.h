/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/jws.h: signed text in three parts: JWS compact serialization (RFC 7515 section 7.1) with ES256
 * and ES384.
 *
 * Guarantees: the algorithm follows from the key, and what the header says must agree; keys and
 * certificates in a header are never used; `crit` is refused; the payload is given out only after the
 * signature was verified.
 * Does not: choose the key, or say what a payload is about.
 */
#ifndef BL_CRYPTO_JWS_H
#define BL_CRYPTO_JWS_H

#include "crypto/key.h"

#define BL_JWS_HEADER_SIZE_MAX 8192 /* bytes decoded; a chain of certificates may be in it */

/** Append the text. `type` is the header's `typ` (static, ASCII). `key` is a pair of P-256 or P-384. */
enum bulla_status bl_jws_sign(const struct bl_key *key, const char *type,
                              struct bulla_bytes payload, struct bulla_buffer *text_out,
                              struct bulla_error *err) BULLA_CHECKED;
/** Append the payload, verified. BULLA_E_MALFORMED; BULLA_E_UNSUPPORTED for `crit`; BULLA_E_SIGNATURE,
 *  also for an algorithm that is not the key's. */
enum bulla_status bl_jws_verify(const struct bl_key *key, struct bulla_bytes text,
                                struct bulla_buffer *payload_out,
                                struct bulla_error *err) BULLA_CHECKED;

#endif

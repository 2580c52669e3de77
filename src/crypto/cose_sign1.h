/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/cose_sign1.h: messages signed with one key (COSE_Sign1, RFC 9052 section 4).
 *
 * Guarantees: the algorithm follows from the key and the message's must agree; the content type is
 * signed and is the one that the caller expects, so that a message of one kind is never taken for
 * one of another. Views are given out only after the signature was verified.
 * Does not: choose the key. The key identifier of a message is a hint of its sender.
 */
#ifndef BL_CRYPTO_COSE_SIGN1_H
#define BL_CRYPTO_COSE_SIGN1_H

#include "codec/cose.h"
#include "crypto/key.h"

/** What stands around a payload; each may be empty. */
struct bl_cose_context {
    struct bulla_bytes content_type; /* UTF-8, of the message; signed */
    struct bulla_bytes external_aad; /* known to both ends, not in the message; signed */
};

/** Append a message with tag 18. `key` is a pair: Ed25519 (EdDSA), P-256 (ES256), P-384 (ES384).
 *  `key_id` may be empty, and is not signed. */
enum bulla_status bl_cose_sign1_sign(const struct bl_key *key,
                                     const struct bl_cose_context *context,
                                     struct bulla_bytes key_id, struct bulla_bytes payload,
                                     struct bulla_buffer *bytes_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** The signature of a message that was decoded. BULLA_E_SIGNATURE, also for an algorithm that is not
 *  the key's. */
enum bulla_status bl_cose_message_verify(const struct bl_key *key, struct bulla_bytes external_aad,
                                         const struct bl_cose_sign1 *message,
                                         struct bulla_error *err) BULLA_CHECKED;
/** Views into `bytes`, verified. BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED, BULLA_E_SIGNATURE (also
 *  for an algorithm that is not the key's), BULLA_E_MISMATCH for another content type. */
enum bulla_status bl_cose_sign1_verify(const struct bl_key *key,
                                       const struct bl_cose_context *context,
                                       struct bulla_bytes bytes, struct bl_cose_sign1 *message_out,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/der_signature.h: what is signed as X.509 signs (RFC 5280 4.1.1.2, 4.1.1.3), apart from
 * certificates themselves: an AlgorithmIdentifier and a BIT STRING.
 *
 * Guarantees: ECDSA, RSASSA-PKCS1-v1_5 and RSASSA-PSS (RFC 4055: one hash for message and MGF1)
 * with SHA-256, SHA-384 or SHA-512; whatever else is read, and verifies nothing.
 */
#ifndef BL_CRYPTO_DER_SIGNATURE_H
#define BL_CRYPTO_DER_SIGNATURE_H

#include "codec/der.h"
#include "crypto/key.h"

struct bl_der_algorithm {
    bool is_known; /* else nothing signed with it is believed */
    enum bl_signature_scheme scheme;
    enum bl_hash hash;
};

/** The next item, an AlgorithmIdentifier; its encoded bytes (to be compared with its twin inside of
 *  what is signed). */
struct bulla_bytes bl_der_read_algorithm(struct bl_reader *r,
                                         struct bl_der_algorithm *algorithm_out);
/** Verify a signature as it stands in the BIT STRING. Cause `cause`, also for an algorithm
 *  that is none of this key's; UNTRUSTED for one that is not known. */
enum bulla_status bl_der_signature_verify(const struct bl_key *key,
                                          const struct bl_der_algorithm *algorithm,
                                          struct bulla_bytes message, struct bulla_bytes signature,
                                          enum bulla_cause cause,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif

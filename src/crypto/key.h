/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/key.h: asymmetric keys: made, read, written, used to sign and to verify.
 *
 * The algorithm of a signature follows from the kind of the key and never from a message.
 * Points of P-256 and P-384 are checked to be on their curve; RSA keys have at least 2048 bits and
 * an odd e >= 65537. Does not judge Ed25519 points before a signature is verified.
 */
#ifndef BL_CRYPTO_KEY_H
#define BL_CRYPTO_KEY_H

#include "base/buffer.h"
#include "base/secret.h"
#include "crypto/hash.h"

enum bl_key_kind {
    BL_KEY_NONE = 0,
    BL_KEY_ED25519,
    BL_KEY_P256,
    BL_KEY_P384,
    BL_KEY_X25519,
    BL_KEY_RSA /* verification and encryption only; 2048 to 4096 bits */
};

struct bl_key; /* a public key, or a key pair; immutable, may be shared by threads */

enum bulla_status bl_key_generate(enum bl_key_kind kind, struct bl_key **key_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Public key from its raw form: 32 bytes (Ed25519, X25519), uncompressed point 04|x|y (P-256,
 *  P-384). BULLA_E_MALFORMED, also for a point that is not on the curve. */
enum bulla_status bl_key_from_raw_public(enum bl_key_kind kind, struct bulla_bytes raw,
                                         struct bl_key **key_out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** RSA public key from big-endian modulus and exponent. */
enum bulla_status bl_key_from_rsa_public(struct bulla_bytes modulus, uint32_t exponent,
                                         struct bl_key **key_out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** Key pair from the raw private value: 32 bytes (Ed25519, X25519, P-256), 48 (P-384). */
enum bulla_status bl_key_from_raw_private(enum bl_key_kind kind, struct bulla_bytes raw,
                                          struct bl_key **key_out,
                                          struct bulla_error *err) BULLA_CHECKED;
/** Public key from a DER SubjectPublicKeyInfo, all of it and in its one encoding: named curve,
 *  uncompressed point. BULLA_E_MALFORMED; BULLA_E_UNSUPPORTED for another algorithm. */
enum bulla_status bl_key_from_spki(struct bulla_bytes der, struct bl_key **key_out,
                                   struct bulla_error *err) BULLA_CHECKED;
void bl_key_free(struct bl_key *key);
BL_DEFINE_FREEP(bl_key)

enum bl_key_kind bl_key_kind(const struct bl_key *key);
bool bl_key_has_private(const struct bl_key *key);
/** Append the raw public form (see bl_key_from_raw_public); not for RSA. */
enum bulla_status bl_key_raw_public(const struct bl_key *key, struct bulla_buffer *out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** The raw private value in *out, which must be empty. */
enum bulla_status bl_key_raw_private(const struct bl_key *key, struct bl_secret *out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** Append the DER SubjectPublicKeyInfo. */
enum bulla_status bl_key_spki(const struct bl_key *key, struct bulla_buffer *out,
                              struct bulla_error *err) BULLA_CHECKED;

#define BL_SIGNATURE_RAW_SIZE_MAX 512 /* bytes: RSA-4096 */

/** Sign the concatenation of `parts`. Ed25519: 64 bytes. P-256: r|s of 64 bytes over SHA-256.
 *  P-384: r|s of 96 bytes over SHA-384. Appended to *signature_out. */
enum bulla_status bl_key_sign(const struct bl_key *key, const struct bulla_bytes *parts,
                              size_t part_count, struct bulla_buffer *signature_out,
                              struct bulla_error *err) BULLA_CHECKED;
/** Verify what bl_key_sign() makes; BULLA_E_SIGNATURE. */
enum bulla_status bl_key_verify(const struct bl_key *key, const struct bulla_bytes *parts,
                                size_t part_count, struct bulla_bytes signature,
                                struct bulla_error *err) BULLA_CHECKED;

enum bl_signature_scheme {
    BL_SCHEME_ECDSA = 1, /* signature r|s, each of the curve's size, big-endian */
    BL_SCHEME_RSASSA,    /* PKCS #1 v1.5 */
    BL_SCHEME_RSAPSS,    /* MGF1 with the same hash; any salt length: TPMs use the longest */
    BL_SCHEME_ED25519    /* over the message itself: by bl_key_verify(), not over a digest */
};
/** Verify a signature of foreign make over a digest of bl_hash_size(hash) bytes. BULLA_E_SIGNATURE,
 *  also for a scheme that is not one of this key; BULLA_E_UNSUPPORTED for SHA-1. */
enum bulla_status bl_key_verify_digest(const struct bl_key *key, enum bl_signature_scheme scheme,
                                       enum bl_hash hash, struct bulla_bytes digest,
                                       struct bulla_bytes signature,
                                       struct bulla_error *err) BULLA_CHECKED;
/** The same for SHA-1, of which somebody who pays can make two messages with one digest: only to say
 *  of old evidence whether it is what it was, where what judges it is told and refuses. */
enum bulla_status bl_key_verify_sha1(const struct bl_key *key, enum bl_signature_scheme scheme,
                                     struct bulla_bytes digest, struct bulla_bytes signature,
                                     struct bulla_error *err) BULLA_CHECKED;

/** ECDH: the x coordinate (or the X25519 output); all-zero results are BULLA_E_MALFORMED. */
enum bulla_status bl_key_agree(const struct bl_key *own, const struct bl_key *peer,
                               struct bl_secret *shared_out, struct bulla_error *err) BULLA_CHECKED;
/** RSAES-OAEP with `hash` for label and MGF1; `label` as is (TPM wants its final zero byte). */
enum bulla_status bl_key_rsa_oaep(const struct bl_key *key, enum bl_hash hash,
                                  struct bulla_bytes label, struct bulla_bytes plaintext,
                                  struct bulla_buffer *out, struct bulla_error *err) BULLA_CHECKED;

#endif

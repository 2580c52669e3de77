/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/library.h: our own instance of libcrypto, shared by the files of this folder only.
 *
 * Guarantees: a private library context with the built-in default provider; no configuration
 * file, module, engine or environment variable chooses an algorithm, also when main() called
 * nothing. Algorithms are fetched once, and those for secrets when the first secret comes: libcrypto
 * takes a millisecond for them. Success of a libcrypto call is a result of 1, never "not 0".
 */
#ifndef BL_CRYPTO_LIBRARY_H
#define BL_CRYPTO_LIBRARY_H

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "bulla/status.h"
#include "crypto/hash.h"

struct bl_library {
    OSSL_LIB_CTX *context;
    EVP_MD *digests[BL_SHA512 + 1]; /* by enum bl_hash; none for BL_HASH_NONE */
    EVP_PKEY *p256;                 /* curves without a point, which keys are made from */
    EVP_PKEY *p384;
    /* from bl_library_secrets() on */
    EVP_MAC *hmac;
    EVP_KDF *scrypt;
    EVP_CIPHER *aes_256_gcm;
    EVP_CIPHER *chacha20_poly1305;
    EVP_CIPHER *aes_128_cfb;
    EVP_CIPHER *aes_256_cfb;
};

/** The instance, made on first use, and an empty error queue; BULLA_E_CRYPTO, then for good. */
enum bulla_status bl_library(const struct bl_library **library_out,
                             struct bulla_error *err) BULLA_CHECKED;
/** The same, with what encrypts, authenticates and derives. */
enum bulla_status bl_library_secrets(const struct bl_library **library_out,
                                     struct bulla_error *err) BULLA_CHECKED;

/** Record that a libcrypto call failed, with its code, and empty its error queue. */
enum bulla_status bl_library_failed(struct bulla_error *err, const char *where,
                                    const char *what) BULLA_CHECKED;

/** As bl_library_failed(), where the input is at fault (`cause`) unless memory was short. */
enum bulla_status bl_library_refused(struct bulla_error *err, enum bulla_cause cause,
                                     const char *where, const char *what) BULLA_CHECKED;

/** The fetched digest, or NULL for BL_HASH_NONE and values outside the enumeration. */
const EVP_MD *bl_library_digest(const struct bl_library *library, enum bl_hash hash);

/** A pointer that libcrypto takes for "empty" rather than for "absent". */
static inline const uint8_t *
bl_library_data(struct bulla_bytes bytes)
{
    static const uint8_t nothing[1] = { 0 };
    return bytes.size > 0 ? bytes.data : nothing;
}

/** libcrypto's parameters point to writable memory, which it only reads when they are set. */
static inline void *
bl_library_unconst(const void *data)
{
    return (void *)(uintptr_t)data;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_optee.h: OP-TEE's attestation service on paper: an RSA key, and digests signed with
 * it and a nonce.
 */
#ifndef TESTS_TEE_PAPER_OPTEE_H
#define TESTS_TEE_PAPER_OPTEE_H

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/buffer.h"
#include "crypto/hash.h"

static inline EVP_PKEY *
paper_optee_key(unsigned bits)
{
    EVP_PKEY *key = EVP_RSA_gen(bits);

    assert_non_null(key);
    return key;
}

/* SubjectPublicKeyInfo, DER. */
static inline void
paper_optee_spki(EVP_PKEY *key, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(key, &der);

    assert_true(size > 0);
    bulla_buffer_clear(out);
    assert_ok(bulla_buffer_append(out, (struct bulla_bytes){ der, (size_t)size }, &err), &err);
    OPENSSL_free(der);
}

/* digest | signature over SHA-256(nonce | digest). */
static inline void
paper_optee_sign(EVP_PKEY *key, int padding, struct bulla_bytes nonce, const uint8_t digest[32],
                 struct bulla_buffer *out)
{
    const struct bulla_bytes covered[] = { nonce, { digest, 32 } };
    struct bulla_error err = { 0 };
    uint8_t hash[32], signature[512];
    size_t size = sizeof signature;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);

    assert_ok(bl_hash_parts(BL_SHA256, covered, 2, hash, &err), &err);
    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 1);
    if (padding == RSA_PKCS1_PSS_PADDING)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 32), 1);
    assert_int_equal(EVP_PKEY_sign(context, signature, &size, hash, sizeof hash), 1);
    EVP_PKEY_CTX_free(context);
    bulla_buffer_clear(out);
    assert_ok(bulla_buffer_append(out, (struct bulla_bytes){ digest, 32 }, &err), &err);
    assert_ok(bulla_buffer_append(out, (struct bulla_bytes){ signature, size }, &err), &err);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/sign.c: signatures made and verified. libcrypto answers 1 for good, 0 for wrong and
 * negative numbers for malformed: only 1 is success.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#include "base/fault.h"
#include "base/memory.h"
#include "codec/der.h"
#include "crypto/key.h"
#include "crypto/library.h"
#include "crypto/pkey.h"

#define ED25519_SIGNATURE_SIZE 64
#define ECDSA_DER_SIZE_MAX 112 /* bytes: two integers of 49 with their headers need 104 */

/* An operation of libcrypto with one key. */
struct operation {
    EVP_PKEY_CTX *context;
};

static void
operation_done(struct operation *operation)
{
    EVP_PKEY_CTX_free(operation->context);
}

/* A digest operation of libcrypto, for Ed25519. */
struct digest_operation {
    EVP_MD_CTX *context;
};

static void
digest_operation_done(struct digest_operation *operation)
{
    EVP_MD_CTX_free(operation->context);
}

static enum bulla_status
verdict(int result, struct bulla_error *err)
{
    if (result == 1)
        return BULLA_OK;
    return bl_library_refused(err, BULLA_CAUSE_SIGNATURE, "signature", "does not verify");
}

/* Ed25519 takes its message in one piece: *message_out is that, in *joined if need be. */
static enum bulla_status
join(const struct bulla_bytes *parts, size_t part_count, struct bulla_buffer *joined,
     struct bulla_bytes *message_out, struct bulla_error *err)
{
    if (part_count == 1) {
        *message_out = parts[0];
        return BULLA_OK;
    }
    for (size_t i = 0; i < part_count; i++)
        BL_TRY(bulla_buffer_append(joined, parts[i], err));
    *message_out = bulla_buffer_bytes(joined);
    return BULLA_OK;
}

static enum bulla_status
ed25519_sign(const struct bl_key *key, const struct bulla_bytes *parts, size_t part_count,
             struct bulla_buffer *signature_out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    BL_AUTO(bulla_buffer) joined = { 0 };
    BL_AUTO(digest_operation) operation = { 0 };
    struct bulla_bytes message = { 0 };
    uint8_t signature[ED25519_SIGNATURE_SIZE];
    size_t size = sizeof signature;

    BL_TRY(join(parts, part_count, &joined, &message, err));
    BL_TRY(bl_library(&library, err));
    operation.context = EVP_MD_CTX_new();
    if (operation.context == NULL ||
        EVP_DigestSignInit_ex(operation.context, NULL, NULL, library->context, NULL, key->pkey,
                              NULL) != 1 ||
        EVP_DigestSign(operation.context, signature, &size, bl_library_data(message),
                       message.size) != 1 ||
        size != sizeof signature)
        return bl_library_failed(err, "signature", "cannot be made");
    return bulla_buffer_append(signature_out, BL_BYTES_OF(signature), err);
}

static enum bulla_status
ed25519_verify(const struct bl_key *key, const struct bulla_bytes *parts, size_t part_count,
               struct bulla_bytes signature, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    BL_AUTO(bulla_buffer) joined = { 0 };
    BL_AUTO(digest_operation) operation = { 0 };
    struct bulla_bytes message = { 0 };

    if (signature.size != ED25519_SIGNATURE_SIZE)
        return bulla_fail(err, BULLA_E_SIGNATURE, "signature", "wrong size", signature.size);
    BL_TRY(join(parts, part_count, &joined, &message, err));
    BL_TRY(bl_library(&library, err));
    operation.context = EVP_MD_CTX_new();
    if (operation.context == NULL ||
        EVP_DigestVerifyInit_ex(operation.context, NULL, NULL, library->context, NULL, key->pkey,
                                NULL) != 1)
        return bl_library_failed(err, "signature", "cannot be verified");
    return verdict(EVP_DigestVerify(operation.context, signature.data, signature.size,
                                    bl_library_data(message), message.size),
                   err);
}

/* DER of libcrypto to r|s of two coordinates. */
static bool
der_to_raw(const uint8_t *der, size_t size, uint8_t *raw, size_t coordinate_size)
{
    const unsigned char *end = der;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &end, (long)size);
    const int n = (int)coordinate_size;
    bool done = signature != NULL && end == der + size &&
                BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, n) == n &&
                BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + n, n) == n;

    ECDSA_SIG_free(signature);
    return done;
}

/* One coordinate as an INTEGER: no leading zeros but the one that keeps it positive. */
static size_t
put_integer(uint8_t *der, const uint8_t *number, size_t size)
{
    while (size > 1 && number[0] == 0) {
        number++;
        size--;
    }
    const size_t sign = number[0] >> 7;
    der[0] = BL_DER_INTEGER;
    der[1] = (uint8_t)(sign + size);
    der[2] = 0;
    memcpy(der + 2 + sign, number, size);
    return 2 + sign + size;
}

/* r|s to Ecdsa-Sig-Value (RFC 3279 section 2.2.3), which is shorter than 128 bytes; its size. */
static size_t
raw_to_der(const uint8_t *raw, size_t coordinate_size, uint8_t der[ECDSA_DER_SIZE_MAX])
{
    size_t size = put_integer(der + 2, raw, coordinate_size);

    size += put_integer(der + 2 + size, raw + coordinate_size, coordinate_size);
    der[0] = BL_DER_SEQUENCE;
    der[1] = (uint8_t)size;
    return 2 + size;
}

static enum bulla_status
ecdsa_sign(const struct bl_key *key, const struct bulla_bytes *parts, size_t part_count,
           struct bulla_buffer *signature_out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    const struct bl_key_traits *traits = bl_key_traits(key->kind);
    BL_AUTO(operation) operation = { 0 };
    uint8_t digest[BL_HASH_SIZE_MAX], der[ECDSA_DER_SIZE_MAX], raw[2 * BL_COORDINATE_SIZE_MAX];
    size_t size = sizeof der;

    BL_TRY(bl_library(&library, err));
    BL_TRY(bl_hash_parts(traits->hash, parts, part_count, digest, err));
    operation.context = EVP_PKEY_CTX_new_from_pkey(library->context, key->pkey, NULL);
    if (operation.context == NULL || EVP_PKEY_sign_init(operation.context) != 1 ||
        bl_fault_point(BL_FAULT_RANDOM) ||
        EVP_PKEY_sign(operation.context, der, &size, digest, bl_hash_size(traits->hash)) != 1 ||
        !der_to_raw(der, size, raw, traits->private_size))
        return bl_library_failed(err, "signature", "cannot be made");
    return bulla_buffer_append(signature_out, (struct bulla_bytes){ raw, 2 * traits->private_size },
                               err);
}

static enum bulla_status
ecdsa_verify_digest(const struct bl_key *key, struct bulla_bytes digest,
                    struct bulla_bytes signature, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    const struct bl_key_traits *traits = bl_key_traits(key->kind);
    BL_AUTO(operation) operation = { 0 };
    uint8_t der[ECDSA_DER_SIZE_MAX];

    if (signature.size != 2 * traits->private_size)
        return bulla_fail(err, BULLA_E_SIGNATURE, "signature", "wrong size", signature.size);
    if (!bl_scalar_in_range(traits, signature.data) ||
        !bl_scalar_in_range(traits, signature.data + traits->private_size))
        return bulla_fail(err, BULLA_E_SIGNATURE, "signature", "r or s out of range", 0);
    BL_TRY(bl_library(&library, err));
    const size_t size = raw_to_der(signature.data, traits->private_size, der);
    operation.context = EVP_PKEY_CTX_new_from_pkey(library->context, key->pkey, NULL);
    if (operation.context == NULL || EVP_PKEY_verify_init(operation.context) != 1)
        return bl_library_failed(err, "signature", "cannot be verified");
    return verdict(EVP_PKEY_verify(operation.context, der, size, digest.data, digest.size), err);
}

static bool
rsa_verify_init(EVP_PKEY_CTX *context, enum bl_signature_scheme scheme, const EVP_MD *digest)
{
    static const char pkcs1[] = OSSL_PKEY_RSA_PAD_MODE_PKCSV15;
    static const char pss[] = OSSL_PKEY_RSA_PAD_MODE_PSS;
    static const char any_salt[] = OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO;
    void *name = bl_library_unconst(EVP_MD_get0_name(digest));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, bl_library_unconst(pkcs1),
                                         0),
        OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };

    if (scheme == BL_SCHEME_RSAPSS) {
        params[1] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE,
                                                     bl_library_unconst(pss), 0);
        params[2] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, name, 0);
        params[3] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN,
                                                     bl_library_unconst(any_salt), 0);
    }
    return EVP_PKEY_verify_init_ex(context, params) == 1;
}

static enum bulla_status
rsa_verify_digest(const struct bl_key *key, enum bl_signature_scheme scheme, enum bl_hash hash,
                  struct bulla_bytes digest, struct bulla_bytes signature, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    BL_AUTO(operation) operation = { 0 };

    if (signature.size != (size_t)EVP_PKEY_get_size(key->pkey))
        return bulla_fail(err, BULLA_E_SIGNATURE, "signature", "wrong size", signature.size);
    BL_TRY(bl_library(&library, err));
    operation.context = EVP_PKEY_CTX_new_from_pkey(library->context, key->pkey, NULL);
    if (operation.context == NULL ||
        !rsa_verify_init(operation.context, scheme, bl_library_digest(library, hash)))
        return bl_library_failed(err, "signature", "cannot be verified");
    return verdict(EVP_PKEY_verify(operation.context, signature.data, signature.size, digest.data,
                                   digest.size),
                   err);
}

static bool
scheme_fits(enum bl_signature_scheme scheme, enum bl_key_kind kind)
{
    switch (scheme) {
    case BL_SCHEME_ECDSA:
        return kind == BL_KEY_P256 || kind == BL_KEY_P384;
    case BL_SCHEME_RSASSA:
    case BL_SCHEME_RSAPSS:
        return kind == BL_KEY_RSA;
    case BL_SCHEME_ED25519:
    default:
        return false;
    }
}

static enum bulla_status
verify_digest(const struct bl_key *key, enum bl_signature_scheme scheme, enum bl_hash hash,
              struct bulla_bytes digest, struct bulla_bytes signature, struct bulla_error *err)
{
    if (!scheme_fits(scheme, key->kind))
        return bulla_fail(err, BULLA_E_SIGNATURE, "signature", "scheme does not fit the key",
                          (size_t)scheme);
    if (bl_hash_size(hash) == 0 || digest.size != bl_hash_size(hash))
        return bulla_fail(err, BULLA_E_ARGUMENT, "signature", "digest of wrong size", digest.size);
    if (scheme == BL_SCHEME_ECDSA)
        return ecdsa_verify_digest(key, digest, signature, err);
    return rsa_verify_digest(key, scheme, hash, digest, signature, err);
}

enum bulla_status
bl_key_verify_digest(const struct bl_key *key, enum bl_signature_scheme scheme, enum bl_hash hash,
                     struct bulla_bytes digest, struct bulla_bytes signature,
                     struct bulla_error *err)
{
    if (hash == BL_SHA1 && scheme_fits(scheme, key->kind))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "signature", "SHA-1 proves nothing", 0);
    return verify_digest(key, scheme, hash, digest, signature, err);
}

enum bulla_status
bl_key_verify_sha1(const struct bl_key *key, enum bl_signature_scheme scheme,
                   struct bulla_bytes digest, struct bulla_bytes signature, struct bulla_error *err)
{
    return verify_digest(key, scheme, BL_SHA1, digest, signature, err);
}

enum bulla_status
bl_key_sign(const struct bl_key *key, const struct bulla_bytes *parts, size_t part_count,
            struct bulla_buffer *signature_out, struct bulla_error *err)
{
    if (key->has_private && key->kind == BL_KEY_ED25519)
        return ed25519_sign(key, parts, part_count, signature_out, err);
    if (key->has_private && scheme_fits(BL_SCHEME_ECDSA, key->kind))
        return ecdsa_sign(key, parts, part_count, signature_out, err);
    return bulla_fail(err, BULLA_E_ARGUMENT, "signature", "the key cannot sign", (size_t)key->kind);
}

enum bulla_status
bl_key_verify(const struct bl_key *key, const struct bulla_bytes *parts, size_t part_count,
              struct bulla_bytes signature, struct bulla_error *err)
{
    uint8_t digest[BL_HASH_SIZE_MAX];

    if (key->kind == BL_KEY_ED25519)
        return ed25519_verify(key, parts, part_count, signature, err);
    if (!scheme_fits(BL_SCHEME_ECDSA, key->kind))
        return bulla_fail(err, BULLA_E_ARGUMENT, "signature", "the key makes no signatures of ours",
                          (size_t)key->kind);
    const enum bl_hash hash = bl_key_traits(key->kind)->hash;
    BL_TRY(bl_hash_parts(hash, parts, part_count, digest, err));
    return ecdsa_verify_digest(key, (struct bulla_bytes){ digest, bl_hash_size(hash) }, signature,
                               err);
}

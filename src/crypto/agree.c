/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/agree.c: what two keys share, and what an RSA key is sent.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>

#include "base/fault.h"
#include "base/memory.h"
#include "crypto/key.h"
#include "crypto/library.h"
#include "crypto/pkey.h"

/* libcrypto refuses the all-zero result of X25519 (RFC 7748 6.1) itself. */
static enum bulla_status
derive_failed(struct bulla_error *err)
{
    if (ERR_GET_REASON(ERR_peek_error()) != PROV_R_FAILED_DURING_DERIVATION)
        return bl_library_failed(err, "key agreement", "failed");
    ERR_clear_error();
    return bulla_fail(err, BULLA_E_MALFORMED, "key agreement", "the peer's key has small order", 0);
}

enum bulla_status
bl_key_agree(const struct bl_key *own, const struct bl_key *peer, struct bl_secret *shared_out,
             struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    const struct bl_key_traits *traits = bl_key_traits(own->kind);
    BL_AUTO(bl_secret) shared = { 0 };

    if (traits == NULL || own->kind == BL_KEY_ED25519 || own->kind != peer->kind ||
        !own->has_private || shared_out->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "key agreement", "these keys share nothing",
                          (size_t)own->kind);
    BL_TRY(bl_library(&library, err));
    BL_TRY(bl_secret_new(&shared, traits->private_size, err));
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(library->context, own->pkey, NULL);
    size_t size = shared.size;
    /* A peer's key was validated when it was read. */
    bool done = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer_ex(context, peer->pkey, /* validate_peer= */ 0) == 1 &&
                EVP_PKEY_derive(context, shared.data, &size) == 1 && size == shared.size;
    EVP_PKEY_CTX_free(context);
    if (!done)
        return derive_failed(err);
    if (bl_all_zero(bl_secret_bytes(&shared)))
        return bulla_fail(err, BULLA_E_MALFORMED, "key agreement", "the result is zero", 0);
    *shared_out = bl_secret_take(&shared);
    return BULLA_OK;
}

static bool
oaep_encrypt(EVP_PKEY_CTX *context, const EVP_MD *digest, struct bulla_bytes label,
             struct bulla_bytes plaintext, uint8_t *out, size_t size)
{
    static const char oaep[] = OSSL_PKEY_RSA_PAD_MODE_OAEP;
    void *name = bl_library_unconst(EVP_MD_get0_name(digest));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, bl_library_unconst(oaep),
                                         0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, name, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
                                          bl_library_unconst(bl_library_data(label)), label.size),
        OSSL_PARAM_construct_end(),
    };
    size_t written = size;

    return EVP_PKEY_encrypt_init_ex(context, params) == 1 && !bl_fault_point(BL_FAULT_RANDOM) &&
           EVP_PKEY_encrypt(context, out, &written, bl_library_data(plaintext), plaintext.size) ==
               1 &&
           written == size;
}

enum bulla_status
bl_key_rsa_oaep(const struct bl_key *key, enum bl_hash hash, struct bulla_bytes label,
                struct bulla_bytes plaintext, struct bulla_buffer *out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    uint8_t ciphertext[BL_SIGNATURE_RAW_SIZE_MAX];
    const size_t hash_size = bl_hash_size(hash);

    if (key->kind != BL_KEY_RSA || hash_size == 0 || hash == BL_SHA1)
        return bulla_fail(err, BULLA_E_ARGUMENT, "RSA-OAEP", "not for this key or hash", 0);
    const size_t size = (size_t)EVP_PKEY_get_size(key->pkey);
    if (plaintext.size > size - 2 * hash_size - 2) /* RFC 8017 7.1.1 */
        return bulla_fail(err, BULLA_E_LIMIT, "RSA-OAEP", "plaintext too long", plaintext.size);
    BL_TRY(bl_library(&library, err));
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(library->context, key->pkey, NULL);
    bool done = context != NULL && oaep_encrypt(context, bl_library_digest(library, hash), label,
                                                plaintext, ciphertext, size);
    EVP_PKEY_CTX_free(context);
    if (!done)
        return bl_library_failed(err, "RSA-OAEP", "cannot encrypt");
    return bulla_buffer_append(out, (struct bulla_bytes){ ciphertext, size }, err);
}

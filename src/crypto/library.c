/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/library.c: the one instance of libcrypto; a named global above the line
 * (tools/layers.json), constant once made (in two steps).
 */
#include "crypto/library.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>

static struct bl_library library;
static bool library_ready;
static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static bool secrets_ready;
static pthread_once_t secrets_once = PTHREAD_ONCE_INIT;

/* The parameters of a curve; NULL on failure. */
static EVP_PKEY *
make_curve(const char *name)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, bl_library_unconst(name), 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(library.context, "EC", NULL);
    EVP_PKEY *curve = NULL;

    if (context != NULL && EVP_PKEY_fromdata_init(context) == 1)
        (void)EVP_PKEY_fromdata(context, &curve, EVP_PKEY_KEY_PARAMETERS, params);
    EVP_PKEY_CTX_free(context);
    return curve;
}

static bool
fetch_for_all(void)
{
    OSSL_LIB_CTX *context = library.context;

    library.digests[BL_SHA1] = EVP_MD_fetch(context, "SHA1", NULL);
    library.digests[BL_SHA256] = EVP_MD_fetch(context, "SHA2-256", NULL);
    library.digests[BL_SHA384] = EVP_MD_fetch(context, "SHA2-384", NULL);
    library.digests[BL_SHA512] = EVP_MD_fetch(context, "SHA2-512", NULL);
    library.p256 = make_curve("P-256");
    library.p384 = make_curve("P-384");
    for (size_t i = BL_SHA1; i <= BL_SHA512; i++) {
        if (library.digests[i] == NULL)
            return false;
    }
    return library.p256 != NULL && library.p384 != NULL;
}

static void
fetch_for_secrets(void)
{
    OSSL_LIB_CTX *context = library.context;

    library.hmac = EVP_MAC_fetch(context, "HMAC", NULL);
    library.scrypt = EVP_KDF_fetch(context, "SCRYPT", NULL);
    library.aes_256_gcm = EVP_CIPHER_fetch(context, "AES-256-GCM", NULL);
    library.chacha20_poly1305 = EVP_CIPHER_fetch(context, "ChaCha20-Poly1305", NULL);
    library.aes_128_cfb = EVP_CIPHER_fetch(context, "AES-128-CFB", NULL);
    library.aes_256_cfb = EVP_CIPHER_fetch(context, "AES-256-CFB", NULL);
    secrets_ready = library.hmac != NULL && library.scrypt != NULL && library.aes_256_gcm != NULL &&
                    library.chacha20_poly1305 != NULL && library.aes_128_cfb != NULL &&
                    library.aes_256_cfb != NULL;
}

static void
make_library(void)
{
    /* Before anything else: the first call decides whether openssl.cnf is read. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return;
    library.context = OSSL_LIB_CTX_new();
    if (library.context == NULL || OSSL_PROVIDER_load(library.context, "default") == NULL)
        return;
    library_ready = fetch_for_all();
}

enum bulla_status
bl_library(const struct bl_library **library_out, struct bulla_error *err)
{
    if (pthread_once(&library_once, make_library) != 0 || !library_ready)
        return bl_library_failed(err, "crypto library", "does not start");
    if (ERR_peek_error() != 0) /* clearing an empty queue takes ten times as long as looking */
        ERR_clear_error();
    *library_out = &library;
    return BULLA_OK;
}

enum bulla_status
bl_library_secrets(const struct bl_library **library_out, struct bulla_error *err)
{
    BL_TRY(bl_library(library_out, err));
    if (pthread_once(&secrets_once, fetch_for_secrets) != 0 || !secrets_ready)
        return bl_library_failed(err, "crypto library", "does not start");
    return BULLA_OK;
}

enum bulla_status
bl_library_refused(struct bulla_error *err, enum bulla_cause cause, const char *where,
                   const char *what)
{
    unsigned long code = ERR_peek_error();
    bool no_memory = ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;

    ERR_clear_error();
    return bulla_fail_detail(err, no_memory ? BULLA_CAUSE_MEMORY : cause, where, what, code);
}

enum bulla_status
bl_library_failed(struct bulla_error *err, const char *where, const char *what)
{
    return bl_library_refused(err, BULLA_CAUSE_CRYPTO, where, what);
}

const EVP_MD *
bl_library_digest(const struct bl_library *instance, enum bl_hash hash)
{
    return (size_t)hash <= BL_SHA512 ? instance->digests[hash] : NULL;
}

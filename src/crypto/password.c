/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/password.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/library.h"

#define BLOCK_SIZE_FACTOR ((uint32_t)8) /* r: a block is 128 * r bytes */

static bool
derive(EVP_KDF_CTX *context, struct bulla_bytes passphrase, struct bulla_bytes salt, unsigned log_n,
       struct bl_secret *out)
{
    uint64_t n = (uint64_t)1 << log_n;
    uint32_t r = BLOCK_SIZE_FACTOR;
    uint32_t p = 1;
    uint64_t memory_max = ((uint64_t)1 << BL_SCRYPT_LOG_N_MAX) * 128 * r + (1 << 20);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD,
                                          bl_library_unconst(bl_library_data(passphrase)),
                                          passphrase.size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT,
                                          bl_library_unconst(bl_library_data(salt)), salt.size),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory_max),
        OSSL_PARAM_construct_end(),
    };

    return EVP_KDF_derive(context, out->data, out->size, params) == 1;
}

enum bulla_status
bl_scrypt(struct bulla_bytes passphrase, struct bulla_bytes salt, unsigned log_n, size_t size,
          struct bl_secret *out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    BL_AUTO(bl_secret) key = { 0 };

    if (log_n < BL_SCRYPT_LOG_N_MIN || log_n > BL_SCRYPT_LOG_N_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "scrypt", "cost outside the limits", log_n);
    if (out->data != NULL || size == 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, "scrypt", "output is in use or empty", 0);
    BL_TRY(bl_library_secrets(&library, err));
    BL_TRY(bl_secret_new(&key, size, err));
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(library->scrypt);
    bool done = context != NULL && derive(context, passphrase, salt, log_n, &key);
    EVP_KDF_CTX_free(context);
    if (!done)
        return bl_library_failed(err, "scrypt", "cannot derive a key");
    *out = bl_secret_take(&key);
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/hash.c: digests, HMAC, and HKDF written as its two sentences over HMAC, because
 * libcrypto's own limits the length of `info`.
 */
#include "crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "base/memory.h"
#include "crypto/library.h"

#define HKDF_BLOCK_COUNT_MAX 255 /* RFC 5869 2.3: the counter is one byte */

struct bl_hasher {
    EVP_MD_CTX *context;
    const EVP_MD *digest;
};

size_t
bl_hash_size(enum bl_hash hash)
{
    switch (hash) {
    case BL_SHA1:
        return 20;
    case BL_SHA256:
        return 32;
    case BL_SHA384:
        return 48;
    case BL_SHA512:
        return 64;
    case BL_HASH_NONE:
    default:
        return 0;
    }
}

enum bulla_status
bl_hasher_new(enum bl_hash hash, struct bl_hasher **hasher_out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;

    BL_TRY(bl_library(&library, err));
    const EVP_MD *digest = bl_library_digest(library, hash);
    if (digest == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "hash", "no such algorithm", (size_t)hash);
    BL_AUTO_FREE(bl_hasher) hasher = bl_alloc(1, sizeof *hasher);
    if (hasher == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "hash", "out of memory", 0);
    hasher->digest = digest;
    hasher->context = EVP_MD_CTX_new();
    if (hasher->context == NULL || EVP_DigestInit_ex2(hasher->context, digest, NULL) != 1)
        return bl_library_failed(err, "hash", "cannot start");
    *hasher_out = hasher;
    hasher = NULL;
    return BULLA_OK;
}

enum bulla_status
bl_hasher_update(struct bl_hasher *hasher, struct bulla_bytes bytes, struct bulla_error *err)
{
    if (EVP_DigestUpdate(hasher->context, bl_library_data(bytes), bytes.size) != 1)
        return bl_library_failed(err, "hash", "cannot take bytes");
    return BULLA_OK;
}

enum bulla_status
bl_hasher_finish(struct bl_hasher *hasher, uint8_t *out, struct bulla_error *err)
{
    if (EVP_DigestFinal_ex(hasher->context, out, NULL) != 1 ||
        EVP_DigestInit_ex2(hasher->context, hasher->digest, NULL) != 1)
        return bl_library_failed(err, "hash", "cannot finish");
    return BULLA_OK;
}

enum bulla_status
bl_hasher_peek(const struct bl_hasher *hasher, uint8_t *out, struct bulla_error *err)
{
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    bool done = copy != NULL && EVP_MD_CTX_copy_ex(copy, hasher->context) == 1 &&
                EVP_DigestFinal_ex(copy, out, NULL) == 1;

    EVP_MD_CTX_free(copy);
    if (!done)
        return bl_library_failed(err, "hash", "cannot be read midway");
    return BULLA_OK;
}

void
bl_hasher_free(struct bl_hasher *hasher)
{
    if (hasher != NULL)
        EVP_MD_CTX_free(hasher->context);
    bl_free(hasher);
}

enum bulla_status
bl_hash_parts(enum bl_hash hash, const struct bulla_bytes *parts, size_t part_count, uint8_t *out,
              struct bulla_error *err)
{
    BL_AUTO_FREE(bl_hasher) hasher = NULL;

    BL_TRY(bl_hasher_new(hash, &hasher, err));
    for (size_t i = 0; i < part_count; i++)
        BL_TRY(bl_hasher_update(hasher, parts[i], err));
    if (EVP_DigestFinal_ex(hasher->context, out, NULL) != 1)
        return bl_library_failed(err, "hash", "cannot finish");
    return BULLA_OK;
}

enum bulla_status
bl_hash_once(enum bl_hash hash, struct bulla_bytes bytes, uint8_t *out, struct bulla_error *err)
{
    return bl_hash_parts(hash, &bytes, 1, out, err);
}

/* An HMAC in progress. */
struct hmac {
    EVP_MAC_CTX *context;
};

static void
hmac_done(struct hmac *mac)
{
    EVP_MAC_CTX_free(mac->context);
}

static enum bulla_status
hmac_start(struct hmac *mac, enum bl_hash hash, struct bulla_bytes key, struct bulla_error *err)
{
    const struct bl_library *library = NULL;

    BL_TRY(bl_library_secrets(&library, err));
    const EVP_MD *digest = bl_library_digest(library, hash);
    if (digest == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "HMAC", "no such algorithm", (size_t)hash);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                         bl_library_unconst(EVP_MD_get0_name(digest)), 0),
        OSSL_PARAM_construct_end(),
    };
    mac->context = EVP_MAC_CTX_new(library->hmac);
    if (mac->context == NULL ||
        EVP_MAC_init(mac->context, bl_library_data(key), key.size, params) != 1)
        return bl_library_failed(err, "HMAC", "cannot start");
    return BULLA_OK;
}

static enum bulla_status
hmac_update(struct hmac *mac, const struct bulla_bytes *parts, size_t part_count,
            struct bulla_error *err)
{
    for (size_t i = 0; i < part_count; i++) {
        if (EVP_MAC_update(mac->context, bl_library_data(parts[i]), parts[i].size) != 1)
            return bl_library_failed(err, "HMAC", "cannot take bytes");
    }
    return BULLA_OK;
}

static enum bulla_status
hmac_finish(struct hmac *mac, uint8_t *out, size_t size, struct bulla_error *err)
{
    size_t written = 0;

    if (EVP_MAC_final(mac->context, out, &written, size) != 1 || written != size)
        return bl_library_failed(err, "HMAC", "cannot finish");
    return BULLA_OK;
}

enum bulla_status
bl_hmac(enum bl_hash hash, struct bulla_bytes key, const struct bulla_bytes *parts,
        size_t part_count, uint8_t *out, struct bulla_error *err)
{
    BL_AUTO(hmac) mac = { 0 };

    BL_TRY(hmac_start(&mac, hash, key, err));
    BL_TRY(hmac_update(&mac, parts, part_count, err));
    return hmac_finish(&mac, out, bl_hash_size(hash), err);
}

enum bulla_status
bl_hkdf_extract(enum bl_hash hash, struct bulla_bytes salt, struct bulla_bytes input_key,
                struct bl_secret *prk_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) prk = { 0 };

    if (prk_out->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "HKDF", "output is in use", 0);
    BL_TRY(bl_secret_new(&prk, bl_hash_size(hash), err));
    BL_TRY(bl_hmac(hash, salt, &input_key, 1, prk.data, err));
    *prk_out = bl_secret_take(&prk);
    return BULLA_OK;
}

/* T(n) = HMAC(PRK, T(n-1) | info | n), of which `size` bytes are kept in `out`. */
static enum bulla_status
expand_block(enum bl_hash hash, struct bulla_bytes prk, struct bulla_bytes previous,
             const struct bulla_bytes *info_parts, size_t info_part_count, uint8_t counter,
             struct bl_secret *block, struct bulla_error *err)
{
    BL_AUTO(hmac) mac = { 0 };

    BL_TRY(hmac_start(&mac, hash, prk, err));
    BL_TRY(hmac_update(&mac, &previous, 1, err));
    BL_TRY(hmac_update(&mac, info_parts, info_part_count, err));
    BL_TRY(hmac_update(&mac, &(struct bulla_bytes){ &counter, 1 }, 1, err));
    return hmac_finish(&mac, block->data, block->size, err);
}

enum bulla_status
bl_hkdf_expand(enum bl_hash hash, struct bulla_bytes prk, const struct bulla_bytes *info_parts,
               size_t info_part_count, size_t size, struct bl_secret *out, struct bulla_error *err)
{
    const size_t hash_size = bl_hash_size(hash);
    BL_AUTO(bl_secret) block = { 0 };
    BL_AUTO(bl_secret) result = { 0 };

    if (out->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "HKDF", "output is in use", 0);
    if (hash_size == 0 || size > HKDF_BLOCK_COUNT_MAX * hash_size)
        return bulla_fail(err, BULLA_E_ARGUMENT, "HKDF", "no such size or algorithm", size);
    BL_TRY(bl_secret_new(&block, hash_size, err));
    BL_TRY(bl_secret_new(&result, size, err));
    struct bulla_bytes previous = { 0 };
    uint8_t counter = 1;
    for (size_t offset = 0; offset < size; offset += hash_size, counter++) {
        BL_TRY(
            expand_block(hash, prk, previous, info_parts, info_part_count, counter, &block, err));
        size_t left = size - offset;
        memcpy(result.data + offset, block.data, left < hash_size ? left : hash_size);
        previous = bl_secret_bytes(&block);
    }
    *out = bl_secret_take(&result);
    return BULLA_OK;
}

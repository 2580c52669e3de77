/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/aead.c: one context for each direction, keyed once; a message sets its nonce only.
 */
#include "crypto/aead.h"

#include "base/memory.h"
#include "crypto/library.h"

#define UPDATE_SIZE_MAX ((size_t)1 << 30) /* bytes: libcrypto counts in int; a multiple of 16 */

struct bl_aead {
    EVP_CIPHER_CTX *sealing;
    EVP_CIPHER_CTX *opening;
};

static const EVP_CIPHER *
find_cipher(const struct bl_library *library, enum bl_aead_algorithm algorithm)
{
    switch (algorithm) {
    case BL_AES_256_GCM:
        return library->aes_256_gcm;
    case BL_CHACHA20_POLY1305:
        return library->chacha20_poly1305;
    default:
        return NULL;
    }
}

enum bulla_status
bl_aead_new(enum bl_aead_algorithm algorithm, struct bulla_bytes key, struct bl_aead **aead_out,
            struct bulla_error *err)
{
    const struct bl_library *library = NULL;

    BL_TRY(bl_library_secrets(&library, err));
    const EVP_CIPHER *cipher = find_cipher(library, algorithm);
    if (cipher == NULL || key.size != BL_AEAD_KEY_SIZE)
        return bulla_fail(err, BULLA_E_ARGUMENT, "AEAD", "no such algorithm or key size", key.size);
    BL_AUTO_FREE(bl_aead) aead = bl_alloc(1, sizeof *aead);
    if (aead == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "AEAD", "out of memory", 0);
    aead->sealing = EVP_CIPHER_CTX_new();
    aead->opening = EVP_CIPHER_CTX_new();
    if (aead->sealing == NULL || aead->opening == NULL ||
        EVP_EncryptInit_ex2(aead->sealing, cipher, key.data, NULL, NULL) != 1 ||
        EVP_DecryptInit_ex2(aead->opening, cipher, key.data, NULL, NULL) != 1)
        return bl_library_failed(err, "AEAD", "cannot set the key");
    *aead_out = aead;
    aead = NULL;
    return BULLA_OK;
}

void
bl_aead_free(struct bl_aead *aead)
{
    if (aead != NULL) {
        EVP_CIPHER_CTX_free(aead->sealing);
        EVP_CIPHER_CTX_free(aead->opening);
    }
    bl_free(aead);
}

/* Pass bytes through the context; `out` is NULL for associated data. */
static bool
update(EVP_CIPHER_CTX *context, uint8_t *out, struct bulla_bytes in)
{
    for (size_t offset = 0; offset < in.size; offset += UPDATE_SIZE_MAX) {
        size_t left = in.size - offset;
        int step = (int)(left < UPDATE_SIZE_MAX ? left : UPDATE_SIZE_MAX);
        int written = 0;
        if (EVP_CipherUpdate(context, out != NULL ? out + offset : NULL, &written, in.data + offset,
                             step) != 1 ||
            written != step)
            return false;
    }
    return true;
}

static bool
seal(EVP_CIPHER_CTX *context, const uint8_t *nonce, struct bulla_bytes associated_data,
     struct bulla_bytes plaintext, uint8_t *out)
{
    uint8_t rest[BL_AEAD_TAG_SIZE];
    int written = 0;

    return EVP_EncryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
           update(context, NULL, associated_data) && update(context, out, plaintext) &&
           EVP_EncryptFinal_ex(context, rest, &written) == 1 && written == 0 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, BL_AEAD_TAG_SIZE,
                               out + plaintext.size) == 1;
}

enum bulla_status
bl_aead_seal(struct bl_aead *aead, const uint8_t nonce[BL_AEAD_NONCE_SIZE],
             struct bulla_bytes associated_data, struct bulla_bytes plaintext, uint8_t *out,
             struct bulla_error *err)
{
    const struct bl_library *library = NULL;

    BL_TRY(bl_library(&library, err));
    if (seal(aead->sealing, nonce, associated_data, plaintext, out))
        return BULLA_OK;
    bl_wipe(out, plaintext.size + BL_AEAD_TAG_SIZE);
    return bl_library_failed(err, "AEAD", "cannot seal");
}

/* Everything before the verdict on the tag. */
static bool
decrypt(EVP_CIPHER_CTX *context, const uint8_t *nonce, struct bulla_bytes associated_data,
        struct bulla_bytes ciphertext, const uint8_t *tag, uint8_t *out)
{
    return EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, BL_AEAD_TAG_SIZE,
                               bl_library_unconst(tag)) == 1 &&
           update(context, NULL, associated_data) && update(context, out, ciphertext);
}

enum bulla_status
bl_aead_open(struct bl_aead *aead, const uint8_t nonce[BL_AEAD_NONCE_SIZE],
             struct bulla_bytes associated_data, struct bulla_bytes ciphertext, uint8_t *out,
             struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    uint8_t rest[BL_AEAD_TAG_SIZE];
    int written = 0;

    BL_TRY(bl_library(&library, err));
    if (ciphertext.size < BL_AEAD_TAG_SIZE)
        return bulla_fail(err, BULLA_E_INTEGRITY, "AEAD", "shorter than a tag", ciphertext.size);
    const size_t size = ciphertext.size - BL_AEAD_TAG_SIZE;
    if (!decrypt(aead->opening, nonce, associated_data,
                 (struct bulla_bytes){ ciphertext.data, size }, ciphertext.data + size, out)) {
        bl_wipe(out, size);
        return bl_library_failed(err, "AEAD", "cannot open");
    }
    if (EVP_DecryptFinal_ex(aead->opening, rest, &written) != 1) {
        bl_wipe(out, size);
        return bulla_fail(err, BULLA_E_INTEGRITY, "AEAD", "the tag does not verify", 0);
    }
    return BULLA_OK;
}

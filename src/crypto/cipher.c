/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cipher.h"

#include <limits.h>

#include "base/memory.h"
#include "crypto/library.h"

static bool
run(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, struct bulla_bytes key, const uint8_t *iv,
    struct bulla_bytes bytes, uint8_t *out, bool encrypting)
{
    int written = 0;

    if (EVP_CipherInit_ex2(context, cipher, key.data, iv, encrypting ? 1 : 0, NULL) != 1)
        return false;
    if (bytes.size == 0)
        return true;
    return EVP_CipherUpdate(context, out, &written, bytes.data, (int)bytes.size) == 1 &&
           (size_t)written == bytes.size;
}

static enum bulla_status
aes_cfb(struct bulla_bytes key, struct bulla_bytes iv, struct bulla_bytes bytes, uint8_t *out,
        bool encrypting, struct bulla_error *err)
{
    static const uint8_t zero_iv[BL_AES_BLOCK_SIZE] = { 0 };
    const struct bl_library *library = NULL;

    BL_TRY(bl_library_secrets(&library, err));
    if ((key.size != 16 && key.size != 32) || (iv.size != 0 && iv.size != BL_AES_BLOCK_SIZE) ||
        bytes.size > INT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "AES-CFB", "wrong size of key, IV or bytes", 0);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done = context != NULL &&
                run(context, key.size == 16 ? library->aes_128_cfb : library->aes_256_cfb, key,
                    iv.size > 0 ? iv.data : zero_iv, bytes, out, encrypting);
    EVP_CIPHER_CTX_free(context);
    if (done)
        return BULLA_OK;
    bl_wipe(out, bytes.size);
    return bl_library_failed(err, "AES-CFB", "the cipher failed");
}

enum bulla_status
bl_aes_cfb_encrypt(struct bulla_bytes key, struct bulla_bytes iv, struct bulla_bytes bytes,
                   uint8_t *out, struct bulla_error *err)
{
    return aes_cfb(key, iv, bytes, out, /* encrypting= */ true, err);
}

enum bulla_status
bl_aes_cfb_decrypt(struct bulla_bytes key, struct bulla_bytes iv, struct bulla_bytes bytes,
                   uint8_t *out, struct bulla_error *err)
{
    return aes_cfb(key, iv, bytes, out, /* encrypting= */ false, err);
}

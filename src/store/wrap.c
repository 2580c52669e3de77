/* SPDX-License-Identifier: Apache-2.0 */
#include "store/wrap.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "crypto/aead.h"
#include "crypto/random.h"

#define OVERHEAD (BL_AEAD_NONCE_SIZE + BL_AEAD_TAG_SIZE)

static enum bulla_status
associated_data(const struct bl_wrap_place *place, struct bulla_buffer *out,
                struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, 4);
    bl_cbor_write_text(&w, BL_LITERAL("bulla-store/1"));
    bl_cbor_write_text(&w,
                       (struct bulla_bytes){ (const uint8_t *)place->table, strlen(place->table) });
    bl_cbor_write_bytes(&w, place->key);
    bl_cbor_write_uint(&w, place->version);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_wrap(struct bulla_bytes key, const struct bl_wrap_place *place, struct bulla_bytes plaintext,
        struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_aead) aead = NULL;
    BL_AUTO(bulla_buffer) data = { 0 };
    uint8_t nonce[BL_AEAD_NONCE_SIZE];
    uint8_t *wrapped = NULL;

    BL_TRY(associated_data(place, &data, err));
    BL_TRY(bl_random(nonce, sizeof nonce, err));
    BL_TRY(bl_aead_new(BL_AES_256_GCM, key, &aead, err));
    size_t before = out->size;
    BL_TRY(bulla_buffer_extend(out, plaintext.size + OVERHEAD, &wrapped, err));
    memcpy(wrapped, nonce, sizeof nonce);
    enum bulla_status status = bl_aead_seal(aead, nonce, bulla_buffer_bytes(&data), plaintext,
                                            wrapped + sizeof nonce, err);
    if (status != BULLA_OK)
        out->size = before;
    return status;
}

enum bulla_status
bl_unwrap(struct bulla_bytes key, const struct bl_wrap_place *place, struct bulla_bytes wrapped,
          struct bl_secret *plaintext_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_aead) aead = NULL;
    BL_AUTO(bulla_buffer) data = { 0 };
    BL_AUTO(bl_secret) plaintext = { 0 };

    if (wrapped.size < OVERHEAD)
        return bulla_fail(err, BULLA_E_INTEGRITY, "stored value", "too short", wrapped.size);
    BL_TRY(associated_data(place, &data, err));
    BL_TRY(bl_aead_new(BL_AES_256_GCM, key, &aead, err));
    BL_TRY(bl_secret_new(&plaintext, wrapped.size - OVERHEAD, err));
    const struct bulla_bytes sealed = { wrapped.data + BL_AEAD_NONCE_SIZE,
                                        wrapped.size - BL_AEAD_NONCE_SIZE };
    BL_TRY(
        bl_aead_open(aead, wrapped.data, bulla_buffer_bytes(&data), sealed, plaintext.data, err));
    *plaintext_out = bl_secret_take(&plaintext);
    return BULLA_OK;
}

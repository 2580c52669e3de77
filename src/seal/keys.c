/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/keys.h"

#include <string.h>

#include "base/memory.h"
#include "codec/writer.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

/* The domain strings. Each ends where the next field begins because a fixed number of bytes
 * follows it. */
#define DOMAIN_BODY BL_LITERAL("bulla.seal/1 body\0")
#define DOMAIN_HEADER_MAC BL_LITERAL("bulla.seal/1 header-mac\0")
#define DOMAIN_SLOT BL_LITERAL("bulla.seal/1 slot")
#define DOMAIN_RECIPIENT BL_LITERAL("bulla.seal/1 recipient\0")

#define IMMUTABLE_PREAMBLE_SIZE 16 /* bytes: magic, version, suite, size of the core */
#define HEADER_MAC_KEY_SIZE 64     /* bytes */

static const char where[] = "sealed blob";

/* A wrap has a key of its own: the slot id in its derivation is fresh for each. */
static const uint8_t zero_nonce[BL_AEAD_NONCE_SIZE];

static void
put_u16be(uint8_t out[2], uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

enum bulla_status
bl_blob_bind(const uint8_t preamble[BL_BLOB_PREAMBLE_SIZE], struct bulla_bytes core,
             struct bl_blob_binding *binding_out, struct bulla_error *err)
{
    struct bl_blob_binding binding = { .suite = (uint16_t)(preamble[10] << 8 | preamble[11]) };

    memcpy(binding.blob_id, preamble + BL_BLOB_PREAMBLE_SIZE - BL_BLOB_ID_SIZE, BL_BLOB_ID_SIZE);
    const struct bulla_bytes parts[] = {
        { preamble, IMMUTABLE_PREAMBLE_SIZE },
        BL_BYTES_OF(binding.blob_id),
        core,
    };
    BL_TRY(bl_hash_parts(BL_SHA512, parts, 3, binding.core_digest, err));
    *binding_out = binding;
    return BULLA_OK;
}

static enum bulla_status
refuse_zeros(const struct bl_secret *key, struct bulla_error *err)
{
    if (bl_all_zero(bl_secret_bytes(key)))
        return bulla_fail(err, BULLA_E_CRYPTO, where, "a key of zeros", 0);
    return BULLA_OK;
}

enum bulla_status
bl_blob_extract(const struct bl_blob_binding *binding, const struct bl_secret *content_key,
                struct bl_secret *prk_out, struct bulla_error *err)
{
    BL_TRY(refuse_zeros(content_key, err));
    return bl_hkdf_extract(BL_SHA512, BL_BYTES_OF(binding->blob_id), bl_secret_bytes(content_key),
                           prk_out, err);
}

enum bulla_status
bl_blob_body_key(const struct bl_blob_binding *binding, const struct bl_secret *prk,
                 struct bl_secret *key_out, struct bulla_error *err)
{
    uint8_t suite[2];

    put_u16be(suite, binding->suite);
    const struct bulla_bytes info[] = { DOMAIN_BODY, BL_BYTES_OF(suite),
                                        BL_BYTES_OF(binding->core_digest) };
    return bl_hkdf_expand(BL_SHA512, bl_secret_bytes(prk), info, 3, BL_CONTENT_KEY_SIZE, key_out,
                          err);
}

enum bulla_status
bl_blob_header_mac(const struct bl_blob_binding *binding, const struct bl_secret *prk,
                   struct bulla_bytes preamble, struct bulla_bytes core, struct bulla_bytes slots,
                   uint8_t mac_out[BL_BLOB_MAC_SIZE], struct bulla_error *err)
{
    BL_AUTO(bl_secret) key = { 0 };
    uint8_t suite[2], mac[BL_HASH_SIZE_MAX];

    put_u16be(suite, binding->suite);
    const struct bulla_bytes info[] = { DOMAIN_HEADER_MAC, BL_BYTES_OF(suite) };
    BL_TRY(
        bl_hkdf_expand(BL_SHA512, bl_secret_bytes(prk), info, 2, HEADER_MAC_KEY_SIZE, &key, err));
    const struct bulla_bytes parts[] = { preamble, core, slots };
    BL_TRY(bl_hmac(BL_SHA512, bl_secret_bytes(&key), parts, 3, mac, err));
    memcpy(mac_out, mac, BL_BLOB_MAC_SIZE);
    return BULLA_OK;
}

enum bulla_status
bl_slot_keys(const struct bl_blob_binding *binding, const struct bl_slot *slot,
             const struct bl_secret *input_key, struct bl_secret *key_out,
             uint8_t kcv_out[BL_SLOT_KCV_SIZE], struct bulla_error *err)
{
    BL_AUTO(bl_secret) prk = { 0 };
    BL_AUTO(bl_secret) both = { 0 };
    uint8_t salt[BL_BLOB_ID_SIZE + BL_SLOT_ID_SIZE], type[2], params[BL_BLOB_DIGEST_SIZE];

    BL_TRY(refuse_zeros(input_key, err));
    memcpy(salt, binding->blob_id, BL_BLOB_ID_SIZE);
    memcpy(salt + BL_BLOB_ID_SIZE, slot->id, BL_SLOT_ID_SIZE);
    put_u16be(type, slot->type);
    BL_TRY(bl_hash_once(BL_SHA512, slot->params, params, err));
    const struct bulla_bytes info[] = { DOMAIN_SLOT, BL_BYTES_OF(type), BL_BYTES_OF(params) };
    BL_TRY(bl_hkdf_extract(BL_SHA512, BL_BYTES_OF(salt), bl_secret_bytes(input_key), &prk, err));
    BL_TRY(bl_hkdf_expand(BL_SHA512, bl_secret_bytes(&prk), info, 3,
                          BL_AEAD_KEY_SIZE + BL_SLOT_KCV_SIZE, &both, err));
    memcpy(kcv_out, both.data + BL_AEAD_KEY_SIZE, BL_SLOT_KCV_SIZE);
    bl_secret_shorten(&both, BL_AEAD_KEY_SIZE);
    *key_out = bl_secret_take(&both);
    return BULLA_OK;
}

static void
wrap_associated_data(const struct bl_blob_binding *binding, const struct bl_slot *slot,
                     uint8_t out[BL_BLOB_DIGEST_SIZE + BL_SLOT_ID_SIZE])
{
    memcpy(out, binding->core_digest, BL_BLOB_DIGEST_SIZE);
    memcpy(out + BL_BLOB_DIGEST_SIZE, slot->id, BL_SLOT_ID_SIZE);
}

enum bulla_status
bl_slot_encrypt(const struct bl_blob_binding *binding, const struct bl_secret *key,
                const struct bl_secret *share, struct bl_slot *slot, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_aead) aead = NULL;
    uint8_t associated[BL_BLOB_DIGEST_SIZE + BL_SLOT_ID_SIZE];

    if (share->size != BL_CONTENT_KEY_SIZE)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "size of a share", share->size);
    wrap_associated_data(binding, slot, associated);
    BL_TRY(bl_aead_new(BL_AES_256_GCM, bl_secret_bytes(key), &aead, err));
    return bl_aead_seal(aead, zero_nonce, BL_BYTES_OF(associated), bl_secret_bytes(share),
                        slot->wrap, err);
}

enum bulla_status
bl_slot_decrypt(const struct bl_blob_binding *binding, const struct bl_secret *key,
                const struct bl_slot *slot, struct bl_secret *share_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_aead) aead = NULL;
    BL_AUTO(bl_secret) share = { 0 };
    uint8_t associated[BL_BLOB_DIGEST_SIZE + BL_SLOT_ID_SIZE];

    wrap_associated_data(binding, slot, associated);
    BL_TRY(bl_aead_new(BL_AES_256_GCM, bl_secret_bytes(key), &aead, err));
    BL_TRY(bl_secret_new(&share, BL_CONTENT_KEY_SIZE, err));
    enum bulla_status status = bl_aead_open(aead, zero_nonce, BL_BYTES_OF(associated),
                                            BL_BYTES_OF(slot->wrap), share.data, NULL);
    if (status == BULLA_E_INTEGRITY)
        return bulla_fail_cause(err, BULLA_CAUSE_SLOT_ALTERED, where,
                                "a slot, or the core that it belongs to, was altered");
    if (status != BULLA_OK)
        return bulla_fail(err, status, where, "a slot could not be decrypted", 0);
    *share_out = bl_secret_take(&share);
    return BULLA_OK;
}

enum bulla_status
bl_recipient_info(const struct bl_blob_binding *binding, struct bulla_buffer *out,
                  struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_write_bytes(&w, DOMAIN_RECIPIENT);
    bl_write_u16be(&w, binding->suite);
    bl_write_bytes(&w, BL_BYTES_OF(binding->core_digest));
    return bl_writer_finish(&w, err);
}

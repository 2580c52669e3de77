/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/keys.h: the key schedule of a sealed blob; the only place of its domain strings.
 * docs/formats/sealed-blob.md, "Keys".
 *
 * Guarantees: every key is bound to the blob's id and to what it protects; the header MAC commits
 * to the content key, the body key to the immutable part of the header, a slot's key to its
 * parameters.
 */
#ifndef BL_SEAL_KEYS_H
#define BL_SEAL_KEYS_H

#include "seal/format.h"

#define BL_CONTENT_KEY_SIZE 32 /* bytes: also of a share and of a slot's input key */

/** What every key of one blob is bound to. */
struct bl_blob_binding {
    uint16_t suite;
    uint8_t blob_id[BL_BLOB_ID_SIZE];
    uint8_t core_digest[BL_BLOB_DIGEST_SIZE]; /* H_core */
};
enum bulla_status bl_blob_bind(const uint8_t preamble[BL_BLOB_PREAMBLE_SIZE],
                               struct bulla_bytes core, struct bl_blob_binding *binding_out,
                               struct bulla_error *err) BULLA_CHECKED;

/** PRK from the content key; *prk_out must be empty. A content key of zeros is BULLA_E_CRYPTO. */
enum bulla_status bl_blob_extract(const struct bl_blob_binding *binding,
                                  const struct bl_secret *content_key, struct bl_secret *prk_out,
                                  struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_blob_body_key(const struct bl_blob_binding *binding,
                                   const struct bl_secret *prk, struct bl_secret *key_out,
                                   struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_blob_header_mac(const struct bl_blob_binding *binding,
                                     const struct bl_secret *prk, struct bulla_bytes preamble,
                                     struct bulla_bytes core, struct bulla_bytes slots,
                                     uint8_t mac_out[BL_BLOB_MAC_SIZE],
                                     struct bulla_error *err) BULLA_CHECKED;

/** The key of one slot and its check value, from the slot's input key. An input key of zeros is
 *  BULLA_E_CRYPTO. */
enum bulla_status bl_slot_keys(const struct bl_blob_binding *binding, const struct bl_slot *slot,
                               const struct bl_secret *input_key, struct bl_secret *key_out,
                               uint8_t kcv_out[BL_SLOT_KCV_SIZE],
                               struct bulla_error *err) BULLA_CHECKED;
/** Fill slot->wrap with the share under the slot's key. */
enum bulla_status bl_slot_encrypt(const struct bl_blob_binding *binding,
                                  const struct bl_secret *key, const struct bl_secret *share,
                                  struct bl_slot *slot, struct bulla_error *err) BULLA_CHECKED;
/** *share_out must be empty. Cause SLOT_ALTERED. */
enum bulla_status bl_slot_decrypt(const struct bl_blob_binding *binding,
                                  const struct bl_secret *key, const struct bl_slot *slot,
                                  struct bl_secret *share_out,
                                  struct bulla_error *err) BULLA_CHECKED;

/** HPKE `info` of a recipient slot, appended; the export context is the slot id. */
enum bulla_status bl_recipient_info(const struct bl_blob_binding *binding, struct bulla_buffer *out,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/hpke.h: Hybrid Public Key Encryption (RFC 9180), base mode, one message.
 *
 * KEMs: DHKEM(X25519, HKDF-SHA256) 0x0020, DHKEM(P-256, HKDF-SHA256) 0x0010,
 * DHKEM(P-384, HKDF-SHA384) 0x0011; KDF: the KEM's own; AEAD: AES-256-GCM 0x0002.
 * The kind of the key decides. Does not authenticate the sender.
 *
 * An encapsulated key that is no valid public key, or of small order, is BULLA_E_MALFORMED.
 */
#ifndef BL_CRYPTO_HPKE_H
#define BL_CRYPTO_HPKE_H

#include "crypto/key.h"

/** Size in bytes of the encapsulated key for a kind: 32, 65, 97; 0 if it cannot be used. */
size_t bl_hpke_enc_size(enum bl_key_kind kind);
/** RFC 9180 KEM id of a kind; 0 if it cannot be used. */
uint16_t bl_hpke_kem_id(enum bl_key_kind kind);

/** Append enc (bl_hpke_enc_size bytes) to *enc_out and ciphertext|tag to *ciphertext_out. */
enum bulla_status bl_hpke_seal(const struct bl_key *recipient, struct bulla_bytes info,
                               struct bulla_bytes associated_data, struct bulla_bytes plaintext,
                               struct bulla_buffer *enc_out, struct bulla_buffer *ciphertext_out,
                               struct bulla_error *err) BULLA_CHECKED;
/** *plaintext_out must be empty. BULLA_E_INTEGRITY if it does not open under this key. */
enum bulla_status bl_hpke_open(const struct bl_key *own, struct bulla_bytes enc,
                               struct bulla_bytes info, struct bulla_bytes associated_data,
                               struct bulla_bytes ciphertext, struct bl_secret *plaintext_out,
                               struct bulla_error *err) BULLA_CHECKED;
/** The exported secret alone (RFC 9180 5.3), `size` bytes for `context`: what a sealed blob's
 *  recipient slot takes as its input key. Sender side: makes enc. */
enum bulla_status bl_hpke_send_export(const struct bl_key *recipient, struct bulla_bytes info,
                                      struct bulla_bytes context, size_t size,
                                      struct bulla_buffer *enc_out, struct bl_secret *secret_out,
                                      struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_hpke_receive_export(const struct bl_key *own, struct bulla_bytes enc,
                                         struct bulla_bytes info, struct bulla_bytes context,
                                         size_t size, struct bl_secret *secret_out,
                                         struct bulla_error *err) BULLA_CHECKED;

#endif

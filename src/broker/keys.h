/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/keys.h: the keys of a broker, all derived from one root secret.
 *
 * HKDF-SHA-512, one label a purpose. The root signing key is the broker's long-lived identity:
 * manifests and addresses pin it. Only the vault holds any of these.
 */
#ifndef BL_BROKER_KEYS_H
#define BL_BROKER_KEYS_H

#include "crypto/key.h"
#include "tee/claims.h"
#include "wire/release.h"

#define BL_ROOT_SECRET_SIZE 32

struct bl_broker_keys {
    struct bl_key *root;  /* Ed25519: challenges, replies, the CA above the gate's TLS key */
    struct bl_key *audit; /* Ed25519: heads of the audit log */
    /* P-256: certificates of attestation keys, one authority a class, so that which of them signed
     * says what stands behind the key; index enum bl_platform_class, [0] unused */
    struct bl_key *ak_issuers[BL_CLASS_HARDWARE + 1];
    struct bulla_buffer ak_issuer_certificates[BL_CLASS_HARDWARE + 1]; /* DER, self-signed CAs */
    struct bl_secret store;                                            /* 32 bytes: wraps values */
    uint8_t broker_id[BL_BROKER_ID_SIZE];
    struct bulla_buffer root_certificate; /* DER, self-signed CA */
};

/** Derive everything; certificates are valid from `now_s` on for ten years, and are made anew, with
 *  the same keys, at every start. */
enum bulla_status bl_broker_keys_derive(struct bulla_bytes root_secret, int64_t now_s,
                                        struct bl_broker_keys *keys_out,
                                        struct bulla_error *err) BULLA_CHECKED;
void bl_broker_keys_done(struct bl_broker_keys *keys);

/** Broker id of a root public key: SHA-256 of its raw form. */
enum bulla_status bl_broker_id(const struct bl_key *root, uint8_t id_out[BL_BROKER_ID_SIZE],
                               struct bulla_error *err) BULLA_CHECKED;

/** A certificate of 24 hours for the gate's TLS key, under the root. Appended. */
enum bulla_status bl_broker_issue_tls(const struct bl_broker_keys *keys, struct bulla_bytes spki,
                                      int64_t now_s, struct bulla_buffer *der_out,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif

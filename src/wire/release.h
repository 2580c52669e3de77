/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/release.h: what is asked and answered inside an open attested channel.
 *
 * A secret travels HPKE-encrypted to the wrap key of the verified evidence, and the whole reply is
 * signed by the broker's root key (COSE_Sign1), so that whoever ends the TLS connection can neither
 * read a secret nor put one of his own in its place.
 */
#ifndef BL_WIRE_RELEASE_H
#define BL_WIRE_RELEASE_H

#include "wire/channel.h"

#define BL_SECRET_NAME_SIZE_MAX 255 /* bytes: [a-z0-9._-]{1,64}, up to four, joined by '/' */
#define BL_RELEASED_SIZE_MAX ((size_t)65536) /* bytes of one secret's value */
#define BL_VERDICT_ID_SIZE 16
#define BL_BROKER_ID_SIZE 32 /* SHA-256 of the raw root public key */

/** True if `name` keeps to the grammar of secret names. */
bool bl_secret_name_is_valid(struct bulla_bytes name);

/** REQUEST content: give me the secret `name`, at least at `version_min`. */
struct bl_get_request {
    struct bulla_bytes name;
    uint64_t version_min;
};
enum bulla_status bl_get_request_encode(const struct bl_get_request *request,
                                        struct bulla_buffer *out,
                                        struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_get_request_decode(struct bulla_bytes content, struct bl_get_request *out,
                                        struct bulla_error *err) BULLA_CHECKED;

/** Payload of the signed REPLY. */
struct bl_get_reply {
    uint8_t broker_id[BL_BROKER_ID_SIZE];
    struct bulla_bytes name;
    uint64_t version;
    uint8_t verdict_id[BL_VERDICT_ID_SIZE];
    uint8_t report_data[BL_REPORT_DATA_SIZE]; /* of the evidence that it answers */
    int64_t lease_end_s;                      /* Unix seconds; 0: none */
    struct bulla_bytes enc;                   /* HPKE, X25519 */
    struct bulla_bytes ciphertext;
};
enum bulla_status bl_get_reply_encode(const struct bl_get_reply *reply, struct bulla_buffer *out,
                                      struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_get_reply_decode(struct bulla_bytes payload, struct bl_get_reply *out,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Associated data of the HPKE message: ["bulla-release/1", broker id, name, version, verdict id,
 *  report data, lease end]. */
enum bulla_status bl_get_reply_binding(const struct bl_get_reply *reply, struct bulla_buffer *out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** HPKE info string of releases. */
struct bulla_bytes bl_release_info(void);

#endif

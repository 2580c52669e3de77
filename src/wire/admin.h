/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/admin.h: administration, signed end to end. Format: docs/formats/admin.md.
 *
 * The broker's vault sends a challenge signed by its root key (a nonce and the key for uploads), the
 * administrator answers with one request signed by the admin key over broker id, nonce and body,
 * and the reply is signed by the root key again. Values are HPKE-encrypted to the upload key. The
 * gate in between can drop, but neither read nor act.
 */
#ifndef BL_WIRE_ADMIN_H
#define BL_WIRE_ADMIN_H

#include "crypto/key.h"
#include "wire/release.h"

#define BL_ADMIN_VERB_SIZE_MAX 32
#define BL_ADMIN_ARGUMENT_COUNT_MAX 16
#define BL_ADMIN_BODY_SIZE_MAX ((size_t)128 * 1024) /* bytes of one argument, and of a reply */

struct bl_admin_challenge {
    uint8_t broker_id[BL_BROKER_ID_SIZE];
    uint8_t nonce[BL_NONCE_SIZE];
    uint8_t upload_key[BL_WRAP_KEY_SIZE]; /* X25519, for this challenge alone */
};
/** Sign with the root key: a COSE_Sign1, appended. */
enum bulla_status bl_admin_challenge_sign(const struct bl_admin_challenge *challenge,
                                          const struct bl_key *root, struct bulla_buffer *out,
                                          struct bulla_error *err) BULLA_CHECKED;
/** BULLA_E_SIGNATURE unless the pinned root signed it; BULLA_E_MALFORMED. */
enum bulla_status bl_admin_challenge_open(struct bulla_bytes content, const struct bl_key *root,
                                          struct bl_admin_challenge *out,
                                          struct bulla_error *err) BULLA_CHECKED;

struct bl_admin_argument {
    struct bulla_bytes name;  /* text */
    struct bulla_bytes value; /* bytes; what they are is the verb's matter */
};
struct bl_admin_request {
    uint8_t broker_id[BL_BROKER_ID_SIZE];
    uint8_t nonce[BL_NONCE_SIZE];
    struct bulla_bytes verb;                                         /* text: "put", "grant", ... */
    struct bl_admin_argument arguments[BL_ADMIN_ARGUMENT_COUNT_MAX]; /* ascending by name */
    size_t argument_count;
};
/** Sign with the admin's key (Ed25519); its id travels as the COSE key id. */
enum bulla_status bl_admin_request_sign(const struct bl_admin_request *request,
                                        const struct bl_key *admin, struct bulla_buffer *out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** First 16 bytes of SHA-256 of a raw public key: how an admin key is named. */
#define BL_ADMIN_KEY_ID_SIZE 16
enum bulla_status bl_admin_key_id(const struct bl_key *admin, uint8_t id_out[BL_ADMIN_KEY_ID_SIZE],
                                  struct bulla_error *err) BULLA_CHECKED;
/** Which admin key a request claims to be signed by; believes nothing. */
enum bulla_status bl_admin_request_key_id(struct bulla_bytes content,
                                          uint8_t id_out[BL_ADMIN_KEY_ID_SIZE],
                                          struct bulla_error *err) BULLA_CHECKED;
/** Verify with the registered key of that id, then decode; borrows from `content`.
 *  BULLA_E_SIGNATURE; BULLA_E_MISMATCH if broker id or nonce are not these. */
enum bulla_status bl_admin_request_open(struct bulla_bytes content, const struct bl_key *admin,
                                        const uint8_t broker_id[BL_BROKER_ID_SIZE],
                                        const uint8_t nonce[BL_NONCE_SIZE],
                                        struct bl_admin_request *out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** Value of a named argument; empty with *found_out false if it is not there. */
struct bulla_bytes bl_admin_argument(const struct bl_admin_request *request, const char *name,
                                     bool *found_out);

struct bl_admin_reply {
    uint8_t nonce[BL_NONCE_SIZE]; /* of the request that it answers */
    enum bulla_cause cause;       /* BULLA_CAUSE_NONE: done. Administrators get the reason. */
    struct bulla_bytes body;      /* the verb's own */
};
enum bulla_status bl_admin_reply_sign(const struct bl_admin_reply *reply, const struct bl_key *root,
                                      struct bulla_buffer *out,
                                      struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_admin_reply_open(struct bulla_bytes content, const struct bl_key *root,
                                      const uint8_t nonce[BL_NONCE_SIZE],
                                      struct bl_admin_reply *out,
                                      struct bulla_error *err) BULLA_CHECKED;

/** HPKE info and associated data for an uploaded value: ["bulla-upload/1", broker id, nonce, name].*/
struct bulla_bytes bl_upload_info(void);
enum bulla_status bl_upload_binding(const uint8_t broker_id[BL_BROKER_ID_SIZE],
                                    const uint8_t nonce[BL_NONCE_SIZE], struct bulla_bytes name,
                                    struct bulla_buffer *out,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/channel.h: the attested channel, version 1, as bytes: its messages, its transcript and what
 * evidence and confirmations are computed over.
 *
 * The exchange runs inside TLS 1.3 right after the handshake and before any application byte
 * (docs/formats/channel.md has the picture). Guarantees: every message has one encoding
 * (deterministic CBOR in a frame with its length); evidence covers transcript, both TLS keys, the
 * wrap key, the claims and the TLS exporter; roles are separated by label.
 * Does not: touch a socket or TLS (channel/), nor judge evidence (tee/, appraise/).
 */
#ifndef BL_WIRE_CHANNEL_H
#define BL_WIRE_CHANNEL_H

#include "base/buffer.h"
#include "base/secret.h"
#include "crypto/hash.h"

#define BL_CHANNEL_VERSION 1
#define BL_FRAME_SIZE_MAX ((size_t)256 * 1024) /* bytes of a frame's body: evidence with its logs */
#define BL_NONCE_SIZE 32
#define BL_WRAP_KEY_SIZE 32    /* X25519 public key, raw */
#define BL_TRANSCRIPT_SIZE 48  /* SHA-384 */
#define BL_EXPORTER_SIZE 48    /* bytes taken from the TLS exporter */
#define BL_REPORT_DATA_SIZE 64 /* SHA-512 */
#define BL_SPKI_HASH_SIZE 48   /* SHA-384 of a DER SubjectPublicKeyInfo */
#define BL_POLICY_ID_SIZE 32
#define BL_EVIDENCE_TYPE_MAX 32 /* bytes of an evidence type's name */
#define BL_EVIDENCE_TYPE_COUNT_MAX 8

enum bl_role { BL_ROLE_CLIENT = 1, BL_ROLE_SERVER = 2 };

/** First item of every frame. What a state allows is in wire/session.h. */
enum bl_message {
    BL_MESSAGE_CLIENT_HELLO = 1,
    BL_MESSAGE_SERVER_HELLO = 2,
    BL_MESSAGE_EVIDENCE = 3,
    BL_MESSAGE_CONFIRM = 4,
    BL_MESSAGE_REQUEST = 5,
    BL_MESSAGE_REPLY = 6,
    BL_MESSAGE_ALERT = 7, /* the one generic refusal; reasons stay in the audit log */
    BL_MESSAGE_ADMIN_OPEN = 8,
    BL_MESSAGE_ADMIN_CHALLENGE = 9,
    BL_MESSAGE_ADMIN_REQUEST = 10,
    BL_MESSAGE_ADMIN_REPLY = 11,
    BL_MESSAGE_ENROLL_REQUEST = 12,
    BL_MESSAGE_ENROLL_CHALLENGE = 13,
    BL_MESSAGE_ENROLL_PROOF = 14,
    BL_MESSAGE_ENROLL_CERTIFICATE = 15
};
#define BL_MESSAGE_COUNT 16 /* one more than the largest */

/** Kind of the message in a frame's body; 0 if it is none of ours. Believes nothing else of it. */
enum bl_message bl_message_kind(struct bulla_bytes body);

#define BL_WANT_PEER_EVIDENCE 1u /* bit of `want`: the sender demands evidence of its peer */

struct bl_client_hello {
    uint64_t version; /* the one offered; a list would only invite downgrades */
    uint64_t epoch;   /* 0 at first, then one more for each attestation anew on this connection */
    struct bulla_bytes evidence_types[BL_EVIDENCE_TYPE_COUNT_MAX]; /* text, in order of choice */
    size_t evidence_type_count;                                    /* 0: offers none */
    uint8_t nonce[BL_NONCE_SIZE];
    uint8_t wrap_key[BL_WRAP_KEY_SIZE]; /* for this exchange alone */
    uint64_t want;
};
struct bl_server_hello {
    uint64_t version;
    uint64_t epoch;
    struct bulla_bytes evidence_type;     /* chosen of the client's; empty: none asked */
    struct bulla_bytes own_evidence_type; /* of the server's evidence; empty: it gives none */
    uint8_t nonce[BL_NONCE_SIZE];
    uint8_t wrap_key[BL_WRAP_KEY_SIZE];
    uint64_t want;
    uint8_t policy_id[BL_POLICY_ID_SIZE];
};
struct bl_evidence_message {
    struct bulla_bytes evidence; /* borrowed */
    struct bulla_bytes claims;   /* borrowed; what the attester says of itself, hashed into it */
};

/** Encoders append the frame's body; decoders take all of it and borrow from it.
 *  BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED (version), BULLA_E_LIMIT. */
enum bulla_status bl_client_hello_encode(const struct bl_client_hello *hello,
                                         struct bulla_buffer *body_out,
                                         struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_client_hello_decode(struct bulla_bytes body, struct bl_client_hello *out,
                                         struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_server_hello_encode(const struct bl_server_hello *hello,
                                         struct bulla_buffer *body_out,
                                         struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_server_hello_decode(struct bulla_bytes body, struct bl_server_hello *out,
                                         struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_evidence_message_encode(const struct bl_evidence_message *message,
                                             struct bulla_buffer *body_out,
                                             struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_evidence_message_decode(struct bulla_bytes body,
                                             struct bl_evidence_message *out,
                                             struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_confirm_encode(const uint8_t mac[BL_TRANSCRIPT_SIZE],
                                    struct bulla_buffer *body_out,
                                    struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_confirm_decode(struct bulla_bytes body, uint8_t mac_out[BL_TRANSCRIPT_SIZE],
                                    struct bulla_error *err) BULLA_CHECKED;
/** Messages that carry one byte string: REQUEST, REPLY, and the ADMIN_ and ENROLL_ ones, whose
 *  content has a format of its own. */
enum bulla_status bl_carrier_encode(enum bl_message kind, struct bulla_bytes content,
                                    struct bulla_buffer *body_out,
                                    struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_carrier_decode(enum bl_message kind, struct bulla_bytes body,
                                    struct bulla_bytes *content_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** The generic refusal; it says nothing more. */
enum bulla_status bl_alert_encode(struct bulla_buffer *body_out,
                                  struct bulla_error *err) BULLA_CHECKED;

/** Everything said so far, both ways, in order: SHA-384 over each frame's length and body. */
struct bl_transcript {
    struct bl_hasher *hasher;
};
enum bulla_status bl_transcript_start(struct bl_transcript *transcript,
                                      struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_transcript_add(struct bl_transcript *transcript, struct bulla_bytes body,
                                    struct bulla_error *err) BULLA_CHECKED;
/** The digest up to here; the transcript goes on. */
enum bulla_status bl_transcript_digest(const struct bl_transcript *transcript,
                                       uint8_t digest_out[BL_TRANSCRIPT_SIZE],
                                       struct bulla_error *err) BULLA_CHECKED;
void bl_transcript_done(struct bl_transcript *transcript);

/** What both ends know of the TLS connection below. */
struct bl_tls_facts {
    uint8_t server_spki_hash[BL_SPKI_HASH_SIZE];
    uint8_t client_spki_hash[BL_SPKI_HASH_SIZE];
    bool has_client_certificate;
    uint16_t cipher_suite; /* IANA number */
};

/** Label of the exporter that binds the evidence of `role`; static. */
const char *bl_evidence_exporter_label(enum bl_role role);
/** Label of the exporter that keys the confirmations; static. */
const char *bl_confirm_exporter_label(void);

/** Context of the exporter: SHA-384(["bulla-atls/1", role, transcript, client SPKI hash / null,
 *  server SPKI hash, cipher suite]). */
enum bulla_status bl_channel_context(enum bl_role role,
                                     const uint8_t transcript[BL_TRANSCRIPT_SIZE],
                                     const struct bl_tls_facts *tls,
                                     uint8_t context_out[BL_TRANSCRIPT_SIZE],
                                     struct bulla_error *err) BULLA_CHECKED;
/** What evidence signs: SHA-512(["bulla-rd/1", role, evidence type, exporter, context,
 *  SHA-384(wrap key), SHA-384(claims)]). */
enum bulla_status bl_report_data(enum bl_role role, struct bulla_bytes evidence_type,
                                 const uint8_t exporter[BL_EXPORTER_SIZE],
                                 const uint8_t context[BL_TRANSCRIPT_SIZE],
                                 const uint8_t wrap_key[BL_WRAP_KEY_SIZE],
                                 struct bulla_bytes claims,
                                 uint8_t report_data_out[BL_REPORT_DATA_SIZE],
                                 struct bulla_error *err) BULLA_CHECKED;
/** For a TPM, whose extraData may be as short as a digest: SHA-256(report data). */
enum bulla_status bl_report_data_for_tpm(const uint8_t report_data[BL_REPORT_DATA_SIZE],
                                         uint8_t qualifying_data_out[32],
                                         struct bulla_error *err) BULLA_CHECKED;
/** HMAC-SHA-384(exporter, role || transcript): the confirmation of `role`. */
enum bulla_status bl_confirm_mac(enum bl_role role, const uint8_t exporter[BL_EXPORTER_SIZE],
                                 const uint8_t transcript[BL_TRANSCRIPT_SIZE],
                                 uint8_t mac_out[BL_TRANSCRIPT_SIZE],
                                 struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/session.h: the vault's side of one connection.
 *
 * It makes the nonces, recomputes transcript, context and report data from the raw frames, asks the
 * gate for nothing but the exporter, and alone decides. Whatever fails, the peer gets the one alert
 * and the connection ends; the reason goes to the audit log (P16).
 */
#ifndef BL_BROKER_SESSION_H
#define BL_BROKER_SESSION_H

#include "broker/vault.h"
#include "channel/exchange.h"
#include "wire/claims_message.h"

/** What a session knows of its peer, in the order in which it learns it. */
struct bl_session {
    struct bl_vault *vault; /* borrowed */
    int gate_fd;
    enum bl_session_state state;
    char peer[65];          /* the gate's word for where it comes from: for the log only */
    bool peer_is_proved;    /* an enrolled platform, an admin or a TPM showed its key; stays */
    int64_t proof_deadline; /* until when the peer has to have come so far */
    struct bl_exchange exchange;
    bool exchange_is_started;
    uint64_t epoch;              /* of the next hello */
    struct bulla_buffer waiting; /* a frame that came while the exporter was asked for */
    bool has_waiting;

    /* after a hello */
    uint8_t wrap_key[BL_WRAP_KEY_SIZE];
    struct bulla_buffer evidence_type;
    /* after evidence */
    struct bl_claims claims;
    bool has_claims;
    uint8_t boot_id[BL_BOOT_ID_SIZE]; /* of the start of the attester that attested */
    uint8_t report_data[BL_REPORT_DATA_SIZE];
    uint8_t verdict_id[BL_VERDICT_ID_SIZE];
    int64_t attested_s;
    /* administration and enrolment */
    uint8_t nonce[BL_NONCE_SIZE];
    struct bl_key *upload_key; /* private; for this challenge alone */
    struct bl_secret credential;
    struct bl_enrolment enrolment;
    struct bulla_buffer ak_public;
};

/** Serve one connection until it ends; closes `gate_fd`. */
void bl_session_run(struct bl_vault *vault, int gate_fd);

/* For the rooms' own files: one handler a message. Each checks everything, then acts; on failure
 * the session is refused and audited by the caller. */
enum bulla_status bl_session_send(struct bl_session *session, struct bulla_bytes body,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Why a request was refused, for the log; the caller answers. */
void bl_session_audit_refusal(struct bl_session *session, const struct bulla_error *why);
/** Is the attested platform still enrolled and active, and this its latest start? In the caller's
 *  transaction. Causes: UNTRUSTED, REVOKED, ROLLED_BACK. */
enum bulla_status bl_session_platform_still_stands(const struct bl_session *session,
                                                   struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_session_on_client_hello(struct bl_session *session, struct bulla_bytes body,
                                             struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_session_on_evidence(struct bl_session *session, struct bulla_bytes body,
                                         struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_session_on_confirm(struct bl_session *session, struct bulla_bytes body,
                                        struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_session_on_request(struct bl_session *session, struct bulla_bytes body,
                                        struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_session_on_admin_open(struct bl_session *session, struct bulla_bytes body,
                                           struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_session_on_admin_request(struct bl_session *session, struct bulla_bytes body,
                                              struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_session_on_enroll_request(struct bl_session *session, struct bulla_bytes body,
                                               struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_session_on_enroll_proof(struct bl_session *session, struct bulla_bytes body,
                                             struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/session.c: the loop of one connection: receive, look the table up, hand to the handler.
 */
#include "broker/session.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "broker/ipc.h"
#include "sys/clock.h"
#include "sys/socket.h"

#define IDLE_MS 70000 /* a little longer than the gate's, which ends an idle connection first */
#define ANSWER_MS 10000
/* All that a stranger gets: a slow discrete TPM makes keys and signs in it, a slow reader does not
 * hold one of the few connections for long. */
#define PROOF_MS 60000

static int64_t
frame_deadline(const struct bl_session *session)
{
    return session->peer_is_proved ? bl_clock_deadline(IDLE_MS) : session->proof_deadline;
}

static enum bulla_status
tell_gate(struct bl_session *session, const struct bl_ipc_message *message, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };

    BL_TRY(bl_ipc_encode(message, &bytes, err));
    return bl_frame_send(session->gate_fd, bulla_buffer_bytes(&bytes), BL_IPC_FRAME_SIZE_MAX,
                         bl_clock_deadline(ANSWER_MS), err);
}

enum bulla_status
bl_session_send(struct bl_session *session, struct bulla_bytes body, struct bulla_error *err)
{
    const struct bl_ipc_message message = { .kind = BL_IPC_SEND, .body = body };

    return tell_gate(session, &message, err);
}

/* Keep a frame that the peer sent ahead; a second one is more than the table allows. */
static enum bulla_status
keep_waiting(struct bl_session *session, struct bulla_bytes body, struct bulla_error *err)
{
    if (session->has_waiting)
        return bulla_fail(err, BULLA_E_LIMIT, "session", "too many frames ahead", 0);
    bulla_buffer_clear(&session->waiting);
    BL_TRY(bulla_buffer_append(&session->waiting, body, err));
    session->has_waiting = true;
    return BULLA_OK;
}

/* bl_exporter: the gate computes, because it ends TLS. */
static enum bulla_status
export_through_gate(void *context, const char *label, struct bulla_bytes exporter_context,
                    size_t size, struct bl_secret *out, struct bulla_error *err)
{
    struct bl_session *session = context;
    const struct bl_ipc_message question = {
        .kind = BL_IPC_EXPORT,
        .label = { (const uint8_t *)label, strlen(label) },
        .context = exporter_context,
        .size = size,
    };

    BL_TRY(tell_gate(session, &question, err));
    for (;;) {
        BL_AUTO(bl_secret) bytes = { 0 };
        struct bl_ipc_message answer = { 0 };
        BL_TRY(bl_frame_receive_secret(session->gate_fd, BL_IPC_FRAME_SIZE_MAX,
                                       bl_clock_deadline(ANSWER_MS), &bytes, err));
        BL_TRY(bl_ipc_decode(bl_secret_bytes(&bytes), &answer, err));
        if (answer.kind == BL_IPC_EXPORTED)
            return bl_secret_copy(out, answer.body, err);
        if (answer.kind != BL_IPC_FRAME)
            return bulla_fail(err, BULLA_E_MALFORMED, "gate message", "not what was asked", 0);
        BL_TRY(keep_waiting(session, answer.body, err));
    }
}

static enum bulla_status
on_opened(struct bl_session *session, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_ipc_message opened = { 0 };

    BL_TRY(bl_frame_receive(session->gate_fd, BL_IPC_FRAME_SIZE_MAX, bl_clock_deadline(ANSWER_MS),
                            &bytes, err));
    BL_TRY(bl_ipc_decode(bulla_buffer_bytes(&bytes), &opened, err));
    if (opened.kind != BL_IPC_OPENED || opened.peer.size >= sizeof session->peer)
        return bulla_fail(err, BULLA_E_MALFORMED, "gate message", "not an introduction", 0);
    memcpy(session->peer, opened.peer.data, opened.peer.size);
    BL_TRY(bl_exchange_start(&session->exchange, &opened.tls, export_through_gate, session, err));
    session->exchange_is_started = true;
    session->state = BL_SESSION_FRESH;
    return BULLA_OK;
}

typedef enum bulla_status (*handler)(struct bl_session *, struct bulla_bytes, struct bulla_error *);

static const handler handlers[BL_MESSAGE_COUNT] = {
    [BL_MESSAGE_CLIENT_HELLO] = bl_session_on_client_hello,
    [BL_MESSAGE_EVIDENCE] = bl_session_on_evidence,
    [BL_MESSAGE_CONFIRM] = bl_session_on_confirm,
    [BL_MESSAGE_REQUEST] = bl_session_on_request,
    [BL_MESSAGE_ADMIN_OPEN] = bl_session_on_admin_open,
    [BL_MESSAGE_ADMIN_REQUEST] = bl_session_on_admin_request,
    [BL_MESSAGE_ENROLL_REQUEST] = bl_session_on_enroll_request,
    [BL_MESSAGE_ENROLL_PROOF] = bl_session_on_enroll_proof,
};

/* The table first, then the handler; the state moves only after the handler is done. */
static enum bulla_status
on_frame(struct bl_session *session, struct bulla_bytes body, struct bulla_error *err)
{
    enum bl_message kind = bl_message_kind(body);
    enum bl_session_state next = bl_session_next(BL_ROLE_SERVER, session->state, kind);

    if (next == BL_SESSION_CLOSED || handlers[kind] == NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, "session", "a message out of its order",
                          (size_t)kind);
    BL_TRY(handlers[kind](session, body, err));
    session->state = next;
    return BULLA_OK;
}

static enum bulla_status
next_frame(struct bl_session *session, struct bulla_buffer *body, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_ipc_message message = { 0 };

    bulla_buffer_clear(body);
    if (session->has_waiting) {
        session->has_waiting = false;
        return bulla_buffer_append(body, bulla_buffer_bytes(&session->waiting), err);
    }
    BL_TRY(bl_frame_receive(session->gate_fd, BL_IPC_FRAME_SIZE_MAX, frame_deadline(session),
                            &bytes, err));
    BL_TRY(bl_ipc_decode(bulla_buffer_bytes(&bytes), &message, err));
    if (message.kind != BL_IPC_FRAME)
        return bulla_fail(err, BULLA_E_MALFORMED, "gate message", "not a frame", 0);
    return bulla_buffer_append(body, message.body, err);
}

void
bl_session_audit_refusal(struct bl_session *session, const struct bulla_error *why)
{
    bl_refusals_add(session->vault->refusals, session->peer_is_proved, session->peer, why,
                    bl_refusals_now());
}

static void
refuse(struct bl_session *session, const struct bulla_error *why)
{
    BL_AUTO(bulla_buffer) alert = { 0 };
    struct bulla_error ignored = { 0 };

    bl_session_audit_refusal(session, why);
    if (bl_alert_encode(&alert, &ignored) != BULLA_OK ||
        bl_session_send(session, bulla_buffer_bytes(&alert), &ignored) != BULLA_OK)
        bulla_error_clear(&ignored); /* the peer is gone: there is nobody to tell */
}

static void
release_all(struct bl_session *session)
{
    const struct bl_ipc_message close_message = { .kind = BL_IPC_CLOSE };

    if (tell_gate(session, &close_message, NULL) != BULLA_OK)
        session->state = BL_SESSION_CLOSED; /* the gate is gone already */
    close(session->gate_fd);
    if (session->exchange_is_started)
        bl_exchange_done(&session->exchange);
    bulla_buffer_done(&session->waiting);
    bulla_buffer_done(&session->evidence_type);
    bulla_buffer_done(&session->ak_public);
    bl_key_free(session->upload_key);
    bl_secret_done(&session->credential);
}

void
bl_session_run(struct bl_vault *vault, int gate_fd)
{
    struct bl_session session = { .vault = vault,
                                  .gate_fd = gate_fd,
                                  .proof_deadline = bl_clock_deadline(
                                      vault->proof_ms > 0 ? vault->proof_ms : PROOF_MS) };
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bulla_error err = { 0 };

    enum bulla_status status = on_opened(&session, &err);
    while (status == BULLA_OK && session.state != BL_SESSION_ENDED) {
        status = next_frame(&session, &body, &err);
        if (status == BULLA_OK)
            status = on_frame(&session, bulla_buffer_bytes(&body), &err);
    }
    if (status != BULLA_OK)
        refuse(&session, &err);
    release_all(&session);
}

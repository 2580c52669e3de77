/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/broker/gate_fixture.h: the test in the place of the gate, and a client behind it. A TLS
 * connection is one secret here: the exporter is a MAC under it, so that a test can let the two
 * ends have different connections, or the gate lie.
 */
#ifndef TESTS_BROKER_GATE_FIXTURE_H
#define TESTS_BROKER_GATE_FIXTURE_H

#include <pthread.h>

#include "broker/vault_fixture.h"

#include "broker/ipc.h"
#include "broker/session.h"
#include "crypto/hpke.h"

#define HEAR_MS 20000

struct gate {
    int fd;
    pthread_t thread;
    struct bl_vault *vault;
    int vault_fd;
    struct bl_tls_facts facts;
    uint8_t connection[32];    /* "the TLS connection" */
    size_t exporter_size;      /* what the gate gives; BL_EXPORTER_SIZE is honest */
    struct bulla_buffer heard; /* everything that the vault ever said to the gate */
    bool closed;
};

static inline void *
session_thread(void *argument)
{
    struct gate *gate = argument;

    bl_session_run(gate->vault, gate->vault_fd);
    return NULL;
}

static inline enum bulla_status
export_of(const uint8_t connection[32], const char *label, struct bulla_bytes context,
          uint8_t out[BL_EXPORTER_SIZE], struct bulla_error *err)
{
    const struct bulla_bytes parts[] = { text_bytes(label), context };

    return bl_hmac(BL_SHA384, (struct bulla_bytes){ connection, 32 }, parts, 2, out, err);
}

static inline void
gate_tell(struct gate *gate, const struct bl_ipc_message *message)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_ipc_encode(message, &bytes, &err), &err);
    /* The vault may have closed already: what counts is what it said. */
    if (bl_frame_send(gate->fd, bulla_buffer_bytes(&bytes), BL_IPC_FRAME_SIZE_MAX,
                      bl_clock_deadline(HEAR_MS), &err) != BULLA_OK)
        bulla_error_clear(&err);
}

static inline void
gate_open(struct gate *gate, struct bl_vault *vault)
{
    struct bulla_error err = { 0 };
    int pair[2];

    *gate = (struct gate){ .vault = vault, .exporter_size = BL_EXPORTER_SIZE };
    memset(gate->facts.server_spki_hash, 0x5e, sizeof gate->facts.server_spki_hash);
    gate->facts.cipher_suite = 0x1302;
    assert_ok(bl_random(gate->connection, sizeof gate->connection, &err), &err);
    assert_ok(bl_unix_pair(BL_UNIX_STREAM, pair, &err), &err);
    gate->fd = pair[0];
    gate->vault_fd = pair[1];
    assert_int_equal(pthread_create(&gate->thread, NULL, session_thread, gate), 0);
}

static inline void
gate_introduce(struct gate *gate)
{
    gate_tell(gate, &(struct bl_ipc_message){ .kind = BL_IPC_OPENED,
                                              .tls = gate->facts,
                                              .peer = BL_LITERAL("192.0.2.7") });
}

static inline void
gate_say(struct gate *gate, struct bulla_bytes body)
{
    gate_tell(gate, &(struct bl_ipc_message){ .kind = BL_IPC_FRAME, .body = body });
}

static inline void
gate_export(struct gate *gate, const struct bl_ipc_message *asked)
{
    struct bulla_error err = { 0 };
    uint8_t exported[BL_EXPORTER_SIZE];
    char label[BL_IPC_LABEL_SIZE_MAX + 1] = { 0 };

    memcpy(label, asked->label.data, asked->label.size);
    assert_int_equal(asked->size, BL_EXPORTER_SIZE);
    assert_ok(export_of(gate->connection, label, asked->context, exported, &err), &err);
    gate_tell(gate, &(struct bl_ipc_message){ .kind = BL_IPC_EXPORTED,
                                              .body = { exported, gate->exporter_size } });
}

/** The next frame for the peer; false when the vault has closed the session. */
static inline bool
gate_hear(struct gate *gate, struct bulla_buffer *body)
{
    bulla_buffer_clear(body);
    for (;;) {
        struct bulla_error err = { 0 };
        BL_AUTO(bulla_buffer) bytes = { 0 };
        struct bl_ipc_message message = { 0 };
        if (gate->closed || bl_frame_receive(gate->fd, BL_IPC_FRAME_SIZE_MAX,
                                             bl_clock_deadline(HEAR_MS), &bytes, &err) != BULLA_OK)
            return false;
        assert_ok(bulla_buffer_append(&gate->heard, bulla_buffer_bytes(&bytes), &err), &err);
        assert_ok(bl_ipc_decode(bulla_buffer_bytes(&bytes), &message, &err), &err);
        if (message.kind == BL_IPC_EXPORT) {
            gate_export(gate, &message);
        } else if (message.kind == BL_IPC_CLOSE) {
            gate->closed = true;
        } else {
            assert_int_equal(message.kind, BL_IPC_SEND);
            assert_ok(bulla_buffer_append(body, message.body, &err), &err);
            return true;
        }
    }
}

static inline void
gate_done(struct gate *gate)
{
    close(gate->fd);
    pthread_join(gate->thread, NULL);
    bulla_buffer_done(&gate->heard);
}

/** The vault's next word is the one alert, then the end. */
static inline void
assert_refused(struct gate *gate)
{
    static const uint8_t alert[] = { 0x81, BL_MESSAGE_ALERT };
    BL_AUTO(bulla_buffer) body = { 0 };

    assert_true(gate_hear(gate, &body));
    assert_bytes_equal(bulla_buffer_bytes(&body), BL_BYTES_OF(alert));
    assert_false(gate_hear(gate, &body));
    assert_true(gate->closed);
}

/* -- administration ---------------------------------------------------------------------------- */

/** A challenge of the vault, verified. */
static inline void
admin_challenge(struct gate *gate, struct bl_admin_challenge *challenge)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bulla_bytes content = { NULL, 0 };
    struct bulla_error err = { 0 };

    assert_ok(
        bl_carrier_encode(BL_MESSAGE_ADMIN_OPEN, (struct bulla_bytes){ NULL, 0 }, &body, &err),
        &err);
    gate_introduce(gate);
    gate_say(gate, bulla_buffer_bytes(&body));
    assert_true(gate_hear(gate, &body));
    assert_ok(
        bl_carrier_decode(BL_MESSAGE_ADMIN_CHALLENGE, bulla_buffer_bytes(&body), &content, &err),
        &err);
    assert_ok(bl_admin_challenge_open(content, gate->vault->keys.root, challenge, &err), &err);
}

static inline void
admin_send(struct gate *gate, const struct bl_admin_request *request, const struct bl_key *admin)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_admin_request_sign(request, admin, &content, &err), &err);
    assert_ok(
        bl_carrier_encode(BL_MESSAGE_ADMIN_REQUEST, bulla_buffer_bytes(&content), &body, &err),
        &err);
    gate_say(gate, bulla_buffer_bytes(&body));
}

static inline enum bulla_cause
admin_reply(struct gate *gate, const uint8_t nonce[BL_NONCE_SIZE], struct bulla_buffer *result)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bulla_bytes content = { NULL, 0 };
    struct bl_admin_reply reply = { 0 };
    struct bulla_error err = { 0 };

    assert_true(gate_hear(gate, &body));
    assert_ok(bl_carrier_decode(BL_MESSAGE_ADMIN_REPLY, bulla_buffer_bytes(&body), &content, &err),
              &err);
    assert_ok(bl_admin_reply_open(content, gate->vault->keys.root, nonce, &reply, &err), &err);
    if (result != NULL)
        assert_ok(bulla_buffer_append(result, reply.body, &err), &err);
    return reply.cause;
}

/** One request in a session of its own. */
static inline enum bulla_cause
admin_run(struct vault_fixture *f, const struct bl_key *admin, const char *verb,
          const struct bl_admin_argument *arguments, size_t argument_count,
          struct bulla_buffer *result)
{
    struct gate gate;
    struct bl_admin_challenge challenge = { 0 };
    struct bl_admin_request request = { .verb = text_bytes(verb),
                                        .argument_count = argument_count };

    gate_open(&gate, &f->vault);
    admin_challenge(&gate, &challenge);
    memcpy(request.broker_id, challenge.broker_id, sizeof request.broker_id);
    memcpy(request.nonce, challenge.nonce, sizeof request.nonce);
    for (size_t i = 0; i < argument_count; i++)
        request.arguments[i] = arguments[i];
    admin_send(&gate, &request, admin);
    enum bulla_cause cause = admin_reply(&gate, request.nonce, result);
    gate_done(&gate);
    return cause;
}

/** `put`: the value encrypted to the upload key of the challenge. */
static inline enum bulla_cause
admin_put_by(struct vault_fixture *f, const struct bl_key *admin, const char *name,
             struct bulla_bytes value)
{
    struct gate gate;
    struct bl_admin_challenge challenge = { 0 };
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) upload = NULL;
    BL_AUTO(bulla_buffer) binding = { 0 };
    BL_AUTO(bulla_buffer) enc = { 0 };
    BL_AUTO(bulla_buffer) ciphertext = { 0 };

    gate_open(&gate, &f->vault);
    admin_challenge(&gate, &challenge);
    assert_ok(
        bl_key_from_raw_public(BL_KEY_X25519, BL_BYTES_OF(challenge.upload_key), &upload, &err),
        &err);
    assert_ok(
        bl_upload_binding(challenge.broker_id, challenge.nonce, text_bytes(name), &binding, &err),
        &err);
    assert_ok(bl_hpke_seal(upload, bl_upload_info(), bulla_buffer_bytes(&binding), value, &enc,
                           &ciphertext, &err),
              &err);
    struct bl_admin_request request = {
        .verb = BL_LITERAL("put"),
        .arguments = { { BL_LITERAL("ciphertext"), bulla_buffer_bytes(&ciphertext) },
                       { BL_LITERAL("enc"), bulla_buffer_bytes(&enc) },
                       { BL_LITERAL("name"), text_bytes(name) } },
        .argument_count = 3
    };
    memcpy(request.broker_id, challenge.broker_id, sizeof request.broker_id);
    memcpy(request.nonce, challenge.nonce, sizeof request.nonce);
    admin_send(&gate, &request, admin);
    enum bulla_cause cause = admin_reply(&gate, request.nonce, NULL);
    assert_false(holds_bytes(&gate.heard, value));
    gate_done(&gate);
    return cause;
}

static inline enum bulla_cause
admin_put(struct vault_fixture *f, const char *name, struct bulla_bytes value)
{
    return admin_put_by(f, f->admin, name, value);
}

#endif

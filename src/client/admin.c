/* SPDX-License-Identifier: Apache-2.0 */
#include "client/admin.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "crypto/hpke.h"

enum bulla_status
bl_admin_session_open(const struct bl_broker_connection *connection, unsigned timeout_ms,
                      struct bl_admin_session *session_out, struct bulla_error *err)
{
    struct bl_admin_session session = { .connection = connection,
                                        .state = BL_SESSION_ADMIN_OPENED };
    BL_AUTO(bulla_buffer) content = { 0 };

    BL_TRY(bl_broker_exchange(connection, BL_MESSAGE_ADMIN_OPEN, (struct bulla_bytes){ NULL, 0 },
                              BL_MESSAGE_ADMIN_CHALLENGE, &session.state, timeout_ms, &content,
                              err));
    BL_TRY(bl_admin_challenge_open(bulla_buffer_bytes(&content), connection->root,
                                   &session.challenge, err));
    if (!bl_equal(BL_BYTES_OF(session.challenge.broker_id), BL_BYTES_OF(connection->broker_id)))
        return bulla_fail(err, BULLA_E_MISMATCH, "admin challenge", "of another broker", 0);
    *session_out = session;
    return BULLA_OK;
}

enum bulla_status
bl_admin_ask(struct bl_admin_session *session, const struct bl_key *admin, const char *verb,
             const struct bl_admin_argument *arguments, size_t argument_count, unsigned timeout_ms,
             struct bulla_buffer *body_out, struct bulla_error *err)
{
    struct bl_admin_request request = { .verb = { (const uint8_t *)verb, strlen(verb) } };
    struct bl_admin_reply reply = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };

    if (argument_count > BL_ADMIN_ARGUMENT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "admin request", "too many arguments", 0);
    memcpy(request.broker_id, session->challenge.broker_id, sizeof request.broker_id);
    memcpy(request.nonce, session->challenge.nonce, sizeof request.nonce);
    for (size_t i = 0; i < argument_count; i++)
        request.arguments[i] = arguments[i];
    request.argument_count = argument_count;
    BL_TRY(bl_admin_request_sign(&request, admin, &content, err));
    struct bulla_error failure = { 0 };
    enum bulla_status status = bl_broker_exchange(
        session->connection, BL_MESSAGE_ADMIN_REQUEST, bulla_buffer_bytes(&content),
        BL_MESSAGE_ADMIN_REPLY, &session->state, timeout_ms, &answer, &failure);
    if (status == BULLA_E_REFUSED) /* an admin would have got a reply */
        return bulla_fail_cause(err, BULLA_CAUSE_ADMIN_REFUSED, "broker", "it refused");
    if (status != BULLA_OK) {
        if (err != NULL)
            *err = failure;
        return status;
    }
    BL_TRY(bl_admin_reply_open(bulla_buffer_bytes(&answer), session->connection->root,
                               session->challenge.nonce, &reply, err));
    if (reply.cause != BULLA_CAUSE_NONE)
        return bulla_fail_cause(err, reply.cause, "broker", "it did not do what was asked");
    return bulla_buffer_append(body_out, reply.body, err);
}

enum bulla_status
bl_admin_put(struct bl_admin_session *session, const struct bl_key *admin, struct bulla_bytes name,
             struct bulla_bytes value, unsigned timeout_ms, uint64_t *version_out,
             struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) upload_key = NULL;
    BL_AUTO(bulla_buffer) binding = { 0 };
    BL_AUTO(bulla_buffer) enc = { 0 };
    BL_AUTO(bulla_buffer) ciphertext = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };
    const struct bl_admin_challenge *challenge = &session->challenge;

    BL_TRY(bl_key_from_raw_public(BL_KEY_X25519, BL_BYTES_OF(challenge->upload_key), &upload_key,
                                  err));
    BL_TRY(bl_upload_binding(challenge->broker_id, challenge->nonce, name, &binding, err));
    BL_TRY(bl_hpke_seal(upload_key, bl_upload_info(), bulla_buffer_bytes(&binding), value, &enc,
                        &ciphertext, err));
    const struct bl_admin_argument arguments[] = {
        { BL_LITERAL("ciphertext"), bulla_buffer_bytes(&ciphertext) },
        { BL_LITERAL("enc"), bulla_buffer_bytes(&enc) },
        { BL_LITERAL("name"), name },
    };
    BL_TRY(bl_admin_ask(session, admin, "put", arguments, 3, timeout_ms, &body, err));
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&body), "admin reply");
    uint64_t version = bl_cbor_read_uint(&r);
    BL_TRY(bl_reader_finish(&r, err));
    *version_out = version;
    return BULLA_OK;
}

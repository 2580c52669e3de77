/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/admin.c: administration: challenge, one signed request, one signed reply.
 *
 * The verbs are one table: name, role that may use it, what it does. A verb that changes something
 * runs in one transaction with its audit record; the reply comes after both are durable.
 */
#include "broker/admin.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/random.h"
#include "sys/clock.h"

enum bulla_status
bl_session_on_admin_open(struct bl_session *session, struct bulla_bytes body,
                         struct bulla_error *err)
{
    struct bl_admin_challenge challenge = { 0 };
    struct bulla_bytes content = { NULL, 0 };
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO(bulla_buffer) signed_challenge = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };

    BL_TRY(bl_carrier_decode(BL_MESSAGE_ADMIN_OPEN, body, &content, err));
    if (content.size != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "admin session", "an opening says nothing", 0);
    BL_TRY(bl_random(session->nonce, sizeof session->nonce, err));
    BL_TRY(bl_key_generate(BL_KEY_X25519, &session->upload_key, err));
    BL_TRY(bl_key_raw_public(session->upload_key, &raw, err));
    memcpy(challenge.upload_key, raw.data, sizeof challenge.upload_key);
    memcpy(challenge.nonce, session->nonce, sizeof challenge.nonce);
    memcpy(challenge.broker_id, session->vault->keys.broker_id, sizeof challenge.broker_id);
    BL_TRY(bl_admin_challenge_sign(&challenge, session->vault->keys.root, &signed_challenge, err));
    BL_TRY(bl_carrier_encode(BL_MESSAGE_ADMIN_CHALLENGE, bulla_buffer_bytes(&signed_challenge),
                             &answer, err));
    return bl_session_send(session, bulla_buffer_bytes(&answer), err);
}

struct admin_row {
    bool found;
    uint8_t public_key[32];
    char roles[64];
};

static enum bulla_status
read_admin(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    struct admin_row *admin = context;
    struct bulla_bytes roles = { NULL, 0 };

    BL_TRY(bl_store_column_exact(row, 0, admin->public_key, sizeof admin->public_key, err));
    BL_TRY(bl_store_column_bytes(row, 1, &roles, err));
    if (roles.size >= sizeof admin->roles)
        return bulla_fail(err, BULLA_E_MALFORMED, "admins", "not our roles", 0);
    if (roles.size > 0)
        memcpy(admin->roles, roles.data, roles.size);
    admin->found = true;
    return BULLA_OK;
}

static enum bulla_status
find_admin(struct bl_session *session, struct bulla_bytes content, struct admin_row *admin,
           uint8_t key_id[BL_ADMIN_KEY_ID_SIZE], struct bl_key **key_out, struct bulla_error *err)
{
    BL_TRY(bl_admin_request_key_id(content, key_id, err));
    const struct bl_store_value values[] = {
        bl_store_text(BL_LITERAL(BL_TENANT)),
        bl_store_bytes((struct bulla_bytes){ key_id, BL_ADMIN_KEY_ID_SIZE }),
    };
    BL_TRY(bl_store_query(session->vault->store,
                          "SELECT public_key, roles FROM admins WHERE tenant = ? AND key_id = ?",
                          values, 2, read_admin, admin, NULL, err));
    if (!admin->found)
        return bulla_fail_cause(err, BULLA_CAUSE_ADMIN_UNKNOWN, "admin request",
                                "not a registered admin key");
    return bl_key_from_raw_public(BL_KEY_ED25519, BL_BYTES_OF(admin->public_key), key_out, err);
}

/* `roles` is words with single spaces between them. */
static bool
has_role(const char *roles, const char *wanted)
{
    const size_t size = strlen(wanted);

    for (const char *at = roles; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ' ? 1 : 0;
        if (strncmp(at, wanted, size) == 0 && (at[size] == ' ' || at[size] == '\0'))
            return true;
    }
    return false;
}

static const struct bl_admin_verb *
find_verb(struct bulla_bytes name)
{
    for (size_t i = 0; bl_admin_verbs[i].name != NULL; i++) {
        const char *verb = bl_admin_verbs[i].name;
        if (bl_equal(name, (struct bulla_bytes){ (const uint8_t *)verb, strlen(verb) }))
            return &bl_admin_verbs[i];
    }
    return NULL;
}

static enum bulla_status
audit_request(struct bl_session *session, const struct bl_admin_verb *verb,
              const struct bl_admin_request *request, const uint8_t key_id[BL_ADMIN_KEY_ID_SIZE],
              struct bulla_error *err)
{
    bool found = false;
    const struct bl_audit_field fields[] = {
        { .name = "admin", .kind = BL_AUDIT_BYTES, .bytes = { key_id, BL_ADMIN_KEY_ID_SIZE } },
        { .name = "name",
          .kind = BL_AUDIT_TEXT,
          .bytes = bl_admin_argument(request, "name", &found) },
        { .name = "peer",
          .kind = BL_AUDIT_TEXT,
          .bytes = { (const uint8_t *)session->peer, strlen(session->peer) } },
        { .name = "verb",
          .kind = BL_AUDIT_TEXT,
          .bytes = { (const uint8_t *)verb->name, strlen(verb->name) } },
    };

    return bl_audit_append(session->vault->audit, bl_clock_now_s(), "admin", fields, 4, err);
}

static enum bulla_status
run_verb(struct bl_session *session, const struct bl_admin_verb *verb,
         const struct bl_admin_request *request, const uint8_t key_id[BL_ADMIN_KEY_ID_SIZE],
         struct bulla_buffer *body, struct bulla_error *err)
{
    struct bl_store *store = session->vault->store;

    BL_TRY(bl_store_begin(store, err));
    enum bulla_status status = verb->run(session, request, body, err);
    if (status == BULLA_OK)
        status = audit_request(session, verb, request, key_id, err);
    if (status == BULLA_OK)
        return bl_store_commit(store, err);
    bl_store_rollback(store);
    return status;
}

static enum bulla_status
reply(struct bl_session *session, enum bulla_cause cause, struct bulla_bytes body,
      struct bulla_error *err)
{
    struct bl_admin_reply message = { .cause = cause, .body = body };
    BL_AUTO(bulla_buffer) signed_reply = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };

    memcpy(message.nonce, session->nonce, sizeof message.nonce);
    BL_TRY(bl_admin_reply_sign(&message, session->vault->keys.root, &signed_reply, err));
    BL_TRY(
        bl_carrier_encode(BL_MESSAGE_ADMIN_REPLY, bulla_buffer_bytes(&signed_reply), &answer, err));
    return bl_session_send(session, bulla_buffer_bytes(&answer), err);
}

/* Who did not sign as a registered admin gets the alert; who did, gets the reason. */
enum bulla_status
bl_session_on_admin_request(struct bl_session *session, struct bulla_bytes body,
                            struct bulla_error *err)
{
    struct bulla_bytes content = { NULL, 0 };
    struct admin_row admin = { 0 };
    struct bl_admin_request request = { 0 };
    uint8_t key_id[BL_ADMIN_KEY_ID_SIZE];
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) result = { 0 };
    struct bulla_error failure = { 0 };

    BL_TRY(bl_carrier_decode(BL_MESSAGE_ADMIN_REQUEST, body, &content, err));
    BL_TRY(find_admin(session, content, &admin, key_id, &key, err));
    BL_TRY(bl_admin_request_open(content, key, session->vault->keys.broker_id, session->nonce,
                                 &request, err));
    session->peer_is_proved = true;
    const struct bl_admin_verb *verb = find_verb(request.verb);
    enum bulla_status status = BULLA_OK;
    if (verb == NULL)
        status = bulla_fail(&failure, BULLA_E_UNSUPPORTED, "admin request", "no such verb", 0);
    else if (verb->role != NULL && !has_role(admin.roles, verb->role))
        status = bulla_fail(&failure, BULLA_E_DENIED, "admin request", "not this admin's role", 0);
    else
        status = run_verb(session, verb, &request, key_id, &result, &failure);
    if (status != BULLA_OK) {
        bl_session_audit_refusal(session, &failure);
        bulla_buffer_clear(&result);
    }
    return reply(session, failure.cause, bulla_buffer_bytes(&result), err);
}

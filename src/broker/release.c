/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/release.c: the release rule. Nothing else in the broker decrypts a stored secret.
 *
 * Order: a live verdict exists; its platform still stands; a grant's policy permits it now; the version is not below the floor;
 * the record is on the disk; the transaction is whole; only then the reply (G1, G14).
 */
#include <string.h>

#include "appraise/appraise.h"
#include "base/memory.h"
#include "broker/session.h"
#include "crypto/cose_sign1.h"
#include "crypto/hpke.h"
#include "store/wrap.h"
#include "sys/clock.h"

#define ATTESTATION_AGE_MAX_S ((int64_t)300) /* after that the peer must attest anew */

struct secret_row {
    bool found;
    uint64_t version;
    struct bulla_buffer wrapped;
};

static enum bulla_status
read_secret(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    struct secret_row *secret = context;
    int64_t version = 0;
    struct bulla_bytes wrapped = { NULL, 0 };

    BL_TRY(bl_store_column_integer(row, 0, &version, err));
    BL_TRY(bl_store_column_bytes(row, 1, &wrapped, err));
    bulla_buffer_clear(&secret->wrapped);
    BL_TRY(bulla_buffer_append(&secret->wrapped, wrapped, err));
    secret->version = (uint64_t)version;
    secret->found = true;
    return BULLA_OK;
}

static enum bulla_status
find_secret(struct bl_store *store, struct bulla_bytes name, struct secret_row *secret,
            struct bulla_error *err)
{
    const struct bl_store_value values[] = { bl_store_text(BL_LITERAL(BL_TENANT)),
                                             bl_store_text(name) };

    BL_TRY(bl_store_query(store,
                          "SELECT version, value_wrapped FROM secrets"
                          " WHERE tenant = ? AND name = ? ORDER BY version DESC LIMIT 1",
                          values, 2, read_secret, secret, NULL, err));
    if (!secret->found)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "secret", "there is none of this name", 0);
    return BULLA_OK;
}

/* All grants of a secret are tried; the first that permits decides, else the last refusal tells. */
struct grant_search {
    const struct bl_session *session;
    int64_t now_s;
    bool permitted;
    struct bl_verdict verdict;
    struct bulla_error refusal;
};

static enum bulla_status
try_grant(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    struct grant_search *search = context;
    struct bulla_bytes body = { NULL, 0 };
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    struct bl_verdict verdict = { 0 };

    if (search->permitted)
        return BULLA_OK;
    BL_TRY(bl_store_column_bytes(row, 0, &body, err));
    BL_TRY(bl_appraisal_policy_decode(body, &policy, err));
    bl_appraise(&search->session->claims, &policy, search->now_s, &verdict);
    bulla_error_clear(&search->refusal);
    search->permitted = bl_verdict_status(&verdict, &search->refusal) == BULLA_OK;
    search->verdict = verdict;
    return BULLA_OK;
}

static enum bulla_status
check_grants(const struct bl_session *session, struct bulla_bytes name, int64_t now_s,
             struct bl_verdict *verdict_out, struct bulla_error *err)
{
    struct grant_search search = { .session = session, .now_s = now_s };
    const struct bl_store_value values[] = { bl_store_text(BL_LITERAL(BL_TENANT)),
                                             bl_store_text(name) };

    BL_TRY(bl_store_query(session->vault->store,
                          "SELECT p.body FROM grants g JOIN policies p"
                          " ON p.tenant = g.tenant AND p.digest = g.policy"
                          " WHERE g.tenant = ? AND g.secret = ? ORDER BY p.digest",
                          values, 2, try_grant, &search, NULL, err));
    if (search.permitted) {
        *verdict_out = search.verdict;
        return BULLA_OK;
    }
    if (search.refusal.status == BULLA_OK) /* no grant at all: missing means deny */
        return bulla_fail(err, BULLA_E_DENIED, "secret", "nobody was granted it", 0);
    if (err != NULL)
        *err = search.refusal;
    return search.refusal.status;
}

static enum bulla_status
read_floor(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    return bl_store_column_integer(row, 0, context, err);
}

/* An enclave older than the promoted version gets nothing, whatever its policy says. */
static enum bulla_status
check_floor(const struct bl_session *session, struct bulla_error *err)
{
    const struct bl_claims *claims = &session->claims;
    struct bl_enclave_identity identity = { 0 };
    uint8_t digests[BL_ENCLAVE_PCR_COUNT][32];
    int64_t floor = 0;

    if (claims->signer.size != sizeof identity.signer || claims->product[0] == '\0')
        return BULLA_OK; /* a machine, not an enclave: it has no version */
    memcpy(identity.signer, claims->signer.bytes, sizeof identity.signer);
    memcpy(identity.product, claims->product, sizeof identity.product);
    BL_TRY(bl_enclave_digests(&identity, digests, err));
    const struct bl_store_value values[] = {
        bl_store_text(BL_LITERAL(BL_TENANT)),
        bl_store_bytes(BL_BYTES_OF(digests[BL_ENCLAVE_PCR_SIGNER - BL_ENCLAVE_PCR_FIRST])),
    };
    BL_TRY(bl_store_query(session->vault->store,
                          "SELECT version FROM floors WHERE tenant = ? AND signer_product = ?",
                          values, 2, read_floor, &floor, NULL, err));
    if (floor == 0 || (claims->version.is_present && claims->version.value >= (uint64_t)floor))
        return BULLA_OK;
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_VERSION_BELOW_FLOOR, "enclave",
                                                "its version is below the promoted one");
    bulla_error_values(err, bulla_value_number(claims->version.value),
                       bulla_value_number((uint64_t)floor));
    return status;
}

static enum bulla_status
audit_release(const struct bl_session *session, const struct bl_get_reply *reply,
              const struct bl_verdict *verdict, int64_t now_s, struct bulla_error *err)
{
    const struct bl_claims *claims = &session->claims;
    const char *class_word = bl_platform_class_word(claims->platform_class);
    const struct bl_audit_field fields[] = {
        { .name = "class",
          .kind = BL_AUDIT_TEXT,
          .bytes = { (const uint8_t *)class_word, strlen(class_word) } },
        { .name = "code", .kind = BL_AUDIT_BYTES, .bytes = bl_claim_view(&claims->code) },
        { .name = "peer",
          .kind = BL_AUDIT_TEXT,
          .bytes = { (const uint8_t *)session->peer, strlen(session->peer) } },
        { .name = "platform",
          .kind = BL_AUDIT_BYTES,
          .bytes = bl_claim_view(&claims->platform_id) },
        { .name = "policy", .kind = BL_AUDIT_BYTES, .bytes = BL_BYTES_OF(verdict->policy_digest) },
        { .name = "secret", .kind = BL_AUDIT_TEXT, .bytes = reply->name },
        { .name = "secret_version", .kind = BL_AUDIT_NUMBER, .number = reply->version },
        { .name = "verdict", .kind = BL_AUDIT_BYTES, .bytes = BL_BYTES_OF(reply->verdict_id) },
    };

    return bl_audit_append(session->vault->audit, now_s, "released", fields,
                           sizeof fields / sizeof fields[0], err);
}

/* The stored value, encrypted to the wrap key of the verified evidence. */
static enum bulla_status
encrypt_value(const struct bl_session *session, const struct secret_row *secret,
              struct bl_get_reply *reply, struct bulla_buffer *enc, struct bulla_buffer *ciphertext,
              struct bulla_error *err)
{
    BL_AUTO(bl_secret) value = { 0 };
    BL_AUTO(bulla_buffer) binding = { 0 };
    BL_AUTO_FREE(bl_key) recipient = NULL;
    const struct bl_wrap_place place = { "secrets", reply->name, reply->version };

    BL_TRY(bl_unwrap(bl_secret_bytes(&session->vault->keys.store), &place,
                     bulla_buffer_bytes(&secret->wrapped), &value, err));
    BL_TRY(bl_key_from_raw_public(BL_KEY_X25519, BL_BYTES_OF(session->wrap_key), &recipient, err));
    BL_TRY(bl_get_reply_binding(reply, &binding, err));
    BL_TRY(bl_hpke_seal(recipient, bl_release_info(), bulla_buffer_bytes(&binding),
                        bl_secret_bytes(&value), enc, ciphertext, err));
    reply->enc = bulla_buffer_bytes(enc);
    reply->ciphertext = bulla_buffer_bytes(ciphertext);
    return BULLA_OK;
}

static enum bulla_status
release(struct bl_session *session, const struct bl_get_request *request,
        struct bulla_buffer *signed_reply, struct bulla_error *err)
{
    const struct bl_vault *vault = session->vault;
    int64_t now_s = bl_clock_now_s();
    struct secret_row secret = { 0 };
    struct bl_verdict verdict = { 0 };
    struct bl_get_reply reply = { .name = request->name };
    BL_AUTO(bulla_buffer) enc = { 0 };
    BL_AUTO(bulla_buffer) ciphertext = { 0 };
    BL_AUTO(bulla_buffer) payload = { 0 };

    if (!session->has_claims || now_s - session->attested_s > ATTESTATION_AGE_MAX_S ||
        now_s < session->attested_s)
        return bulla_fail(err, BULLA_E_STALE, "session", "it must attest anew", 0);
    enum bulla_status status = bl_session_platform_still_stands(session, err);
    if (status == BULLA_OK)
        status = find_secret(vault->store, request->name, &secret, err);
    if (status == BULLA_OK && secret.version < request->version_min)
        status = bulla_fail(err, BULLA_E_NOT_FOUND, "secret", "not at this version yet", 0);
    if (status == BULLA_OK)
        status = check_grants(session, request->name, now_s, &verdict, err);
    if (status == BULLA_OK)
        status = check_floor(session, err);
    if (status == BULLA_OK) {
        reply.version = secret.version;
        memcpy(reply.broker_id, vault->keys.broker_id, sizeof reply.broker_id);
        memcpy(reply.verdict_id, session->verdict_id, sizeof reply.verdict_id);
        memcpy(reply.report_data, session->report_data, sizeof reply.report_data);
        status = encrypt_value(session, &secret, &reply, &enc, &ciphertext, err);
    }
    bulla_buffer_done(&secret.wrapped);
    BL_TRY(status);
    BL_TRY(bl_get_reply_encode(&reply, &payload, err));
    const struct bl_cose_context purpose = { .content_type = bl_release_info() };
    BL_TRY(bl_cose_sign1_sign(vault->keys.root, &purpose, (struct bulla_bytes){ NULL, 0 },
                              bulla_buffer_bytes(&payload), signed_reply, err));
    return audit_release(session, &reply, &verdict, now_s, err);
}

enum bulla_status
bl_session_on_request(struct bl_session *session, struct bulla_bytes body, struct bulla_error *err)
{
    struct bulla_bytes content = { NULL, 0 };
    struct bl_get_request request = { 0 };
    BL_AUTO(bulla_buffer) signed_reply = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };

    BL_TRY(bl_carrier_decode(BL_MESSAGE_REQUEST, body, &content, err));
    BL_TRY(bl_get_request_decode(content, &request, err));
    /* One transaction, so that policy, grant and floor are those of one moment (TOCTOU). */
    BL_TRY(bl_store_begin(session->vault->store, err));
    enum bulla_status status = release(session, &request, &signed_reply, err);
    bl_store_rollback(session->vault->store); /* it only read */
    BL_TRY(status);
    BL_TRY(bl_carrier_encode(BL_MESSAGE_REPLY, bulla_buffer_bytes(&signed_reply), &answer, err));
    return bl_session_send(session, bulla_buffer_bytes(&answer), err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/attestation.c: hello, evidence and confirmation: how a peer becomes an attested one.
 */
#include <string.h>

#include "base/memory.h"
#include "broker/session.h"
#include "codec/cbor.h"
#include "crypto/random.h"
#include "sys/clock.h"
#include "wire/claims_message.h"

#define WRAP_KEY_MEMORY_S ((int64_t)30 * 86400) /* how long a used wrap key is remembered */

/* A wrap key lives for one exchange; one that was seen before is refused. Called with evidence that
 * was verified: a stranger cannot make the store grow. */
static enum bulla_status
claim_wrap_key(struct bl_session *session, const uint8_t wrap_key[BL_WRAP_KEY_SIZE],
               struct bulla_error *err)
{
    uint8_t hash[32];
    int64_t now_s = bl_clock_now_s();

    BL_TRY(bl_hash_once(BL_SHA256, (struct bulla_bytes){ wrap_key, BL_WRAP_KEY_SIZE }, hash, err));
    const struct bl_store_value old[] = { bl_store_text(BL_LITERAL(BL_TENANT)),
                                          bl_store_integer(now_s - WRAP_KEY_MEMORY_S) };
    BL_TRY(bl_store_run(session->vault->store,
                        "DELETE FROM wrap_keys WHERE tenant = ? AND used_s < ?", old, 2, NULL,
                        err));
    const struct bl_store_value values[] = { bl_store_text(BL_LITERAL(BL_TENANT)),
                                             bl_store_bytes(BL_BYTES_OF(hash)),
                                             bl_store_integer(now_s) };
    struct bulla_error failure = { 0 };
    enum bulla_status status = bl_store_run(
        session->vault->store, "INSERT INTO wrap_keys (tenant, hash, used_s) VALUES (?, ?, ?)",
        values, 3, NULL, &failure);
    if (status == BULLA_E_EXISTS)
        return bulla_fail_cause(err, BULLA_CAUSE_REPLAYED, "client hello",
                                "the wrap key was used before");
    if (status != BULLA_OK && err != NULL)
        *err = failure;
    return status;
}

static enum bulla_status
add_grant(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    struct bl_hasher *hasher = context;
    struct bulla_bytes secret = { NULL, 0 };
    struct bulla_bytes policy = { NULL, 0 };

    BL_TRY(bl_store_column_bytes(row, 0, &secret, err));
    BL_TRY(bl_store_column_bytes(row, 1, &policy, err));
    BL_TRY(bl_hasher_update(hasher, secret, err));
    BL_TRY(bl_hasher_update(hasher, BL_LITERAL("\n"), err));
    return bl_hasher_update(hasher, policy, err);
}

/* Names all policies in force, so that both ends agree on which ones they spoke of (P8). */
static enum bulla_status
policy_id(struct bl_store *store, uint8_t id_out[BL_POLICY_ID_SIZE], struct bulla_error *err)
{
    const struct bl_store_value tenant = bl_store_text(BL_LITERAL(BL_TENANT));
    BL_AUTO_FREE(bl_hasher) hasher = NULL;

    BL_TRY(bl_hasher_new(BL_SHA256, &hasher, err));
    BL_TRY(bl_store_query(store,
                          "SELECT secret, policy FROM grants WHERE tenant = ?"
                          " ORDER BY secret, policy",
                          &tenant, 1, add_grant, hasher, NULL, err));
    return bl_hasher_finish(hasher, id_out, err);
}

/* The first offered kind that we can verify. */
static enum bulla_status
choose_evidence_type(const struct bl_client_hello *hello, struct bulla_buffer *chosen,
                     struct bulla_error *err)
{
    bulla_buffer_clear(chosen);
    for (size_t i = 0; i < hello->evidence_type_count; i++) {
        char kind[BL_EVIDENCE_TYPE_MAX + 1] = { 0 };
        memcpy(kind, hello->evidence_types[i].data, hello->evidence_types[i].size);
        if (strlen(kind) == hello->evidence_types[i].size && bl_scheme_find_verifier(kind) != NULL)
            return bulla_buffer_append(chosen, hello->evidence_types[i], err);
    }
    return bulla_fail(err, BULLA_E_UNSUPPORTED, "client hello",
                      "no kind of evidence that we can verify", 0);
}

enum bulla_status
bl_session_on_client_hello(struct bl_session *session, struct bulla_bytes body,
                           struct bulla_error *err)
{
    struct bl_client_hello hello = { 0 };
    struct bl_server_hello answer = { .version = BL_CHANNEL_VERSION };
    BL_AUTO_FREE(bl_key) wrap_key = NULL;
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO(bulla_buffer) answer_body = { 0 };

    session->has_claims = false; /* an attestation anew starts from nothing */
    BL_TRY(bl_client_hello_decode(body, &hello, err));
    if (hello.epoch != session->epoch)
        return bulla_fail(err, BULLA_E_MISMATCH, "client hello", "another epoch", 0);
    if (hello.want != 0)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "client hello",
                          "this broker gives no evidence of itself", 0);
    BL_TRY(choose_evidence_type(&hello, &session->evidence_type, err));

    answer.epoch = hello.epoch;
    answer.evidence_type = bulla_buffer_bytes(&session->evidence_type);
    BL_TRY(bl_random(answer.nonce, sizeof answer.nonce, err));
    BL_TRY(bl_key_generate(BL_KEY_X25519, &wrap_key, err));
    BL_TRY(bl_key_raw_public(wrap_key, &raw, err));
    memcpy(answer.wrap_key, raw.data, sizeof answer.wrap_key);
    BL_TRY(policy_id(session->vault->store, answer.policy_id, err));
    BL_TRY(bl_server_hello_encode(&answer, &answer_body, err));

    BL_TRY(bl_exchange_add(&session->exchange, body, err));
    BL_TRY(bl_exchange_add(&session->exchange, bulla_buffer_bytes(&answer_body), err));
    BL_TRY(bl_exchange_hellos_done(&session->exchange, err));
    memcpy(session->wrap_key, hello.wrap_key, sizeof session->wrap_key);
    session->epoch++;
    return bl_session_send(session, bulla_buffer_bytes(&answer_body), err);
}

/* Our own authorities for attestation keys, one a class. */
static size_t
list_anchors(const struct bl_broker_keys *keys, struct bl_anchor anchors_out[BL_CLASS_HARDWARE])
{
    size_t count = 0;

    for (enum bl_platform_class c = BL_CLASS_SOFTWARE; c <= BL_CLASS_HARDWARE; c++)
        anchors_out[count++] = (struct bl_anchor){
            .name = bl_platform_class_word(c),
            .kind = BL_ANCHOR_AK_AUTHORITY,
            .der = bulla_buffer_bytes(&keys->ak_issuer_certificates[c]),
            .platform_class = c,
        };
    return count;
}

struct platform_row {
    bool is_active;
    int64_t reset_count;
    uint8_t boot_id[BL_BOOT_ID_SIZE];
};

static enum bulla_status
read_platform(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    struct platform_row *platform = context;
    struct bulla_bytes state = { NULL, 0 };

    BL_TRY(bl_store_column_bytes(row, 0, &state, err));
    platform->is_active = bl_equal(state, BL_LITERAL("active"));
    BL_TRY(bl_store_column_integer(row, 1, &platform->reset_count, err));
    return bl_store_column_exact(row, 2, platform->boot_id, sizeof platform->boot_id, err);
}

static enum bulla_status
fail_reset_count(uint64_t found, uint64_t last, struct bulla_error *err)
{
    enum bulla_status status =
        bulla_fail_cause(err, BULLA_CAUSE_ROLLED_BACK, "platform",
                         found < last ? "its TPM was reset fewer times than it was before"
                                      : "its TPM state runs a second time");

    bulla_error_values(err, bulla_value_number(found), bulla_value_number(last));
    return status;
}

/* The TPM whose quote names the attester: its reset count must not run backwards, and one start of
 * it has one boot id. A state that was put back, or runs twice, shows here (G8). */
static enum bulla_status
check_not_rolled_back(const struct platform_row *platform, uint64_t reset_count,
                      const uint8_t boot_id[BL_BOOT_ID_SIZE], struct bulla_error *err)
{
    const uint64_t last = (uint64_t)platform->reset_count;
    const bool same_boot =
        bl_equal(BL_BYTES_OF(platform->boot_id), (struct bulla_bytes){ boot_id, BL_BOOT_ID_SIZE });
    const bool first = bl_all_zero(BL_BYTES_OF(platform->boot_id));

    if (first || reset_count > last || (reset_count == last && same_boot))
        return BULLA_OK;
    return fail_reset_count(reset_count, last, err);
}

static const struct bl_tpm_claims *
attesting_tpm(const struct bl_claims *claims)
{
    return claims->enclave.is_present ? &claims->enclave : &claims->platform;
}

/* True where the attester's TPM is inside another one's machine, which vouched for it. */
static bool
has_host(const struct bl_claims *claims)
{
    return claims->enclave.is_present && claims->platform.is_present;
}

/* The enrolled platform whose key signed. */
static enum bulla_status
find_platform(struct bl_store *store, const struct bl_tpm_claims *tpm,
              struct platform_row *platform_out, struct bulla_error *err)
{
    const struct bl_store_value find[] = { bl_store_text(BL_LITERAL(BL_TENANT)),
                                           bl_store_bytes(bl_claim_view(&tpm->ak_name)) };
    size_t count = 0;

    BL_TRY(bl_store_query(store,
                          "SELECT state, reset_count, boot_id FROM platforms"
                          " WHERE tenant = ? AND ak_name = ?",
                          find, 2, read_platform, platform_out, &count, err));
    if (count != 1)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "platform", "it is not enrolled", 0);
    if (!platform_out->is_active)
        return bulla_fail_cause(err, BULLA_CAUSE_REVOKED, "platform", "it was revoked");
    return BULLA_OK;
}

enum bulla_status
bl_session_platform_still_stands(const struct bl_session *session, struct bulla_error *err)
{
    struct platform_row platform = { 0 };

    if (has_host(&session->claims))
        BL_TRY(find_platform(session->vault->store, &session->claims.platform, &platform, err));
    BL_TRY(find_platform(session->vault->store, attesting_tpm(&session->claims), &platform, err));
    if (!bl_equal(BL_BYTES_OF(platform.boot_id), BL_BYTES_OF(session->boot_id)))
        return bulla_fail_cause(err, BULLA_CAUSE_ROLLED_BACK, "platform",
                                "a later start of it attested since");
    return BULLA_OK;
}

static enum bulla_status
need_count(const struct bl_tpm_claims *tpm, struct bulla_error *err)
{
    if (tpm->ak_name.size == 0 || !tpm->reset_count.is_present ||
        tpm->reset_count.value > INT64_MAX)
        return bulla_fail(err, BULLA_E_MISMATCH, "evidence", "it does not name its key", 0);
    return BULLA_OK;
}

static enum bulla_status
write_platform(struct bl_store *store, const struct bl_tpm_claims *tpm,
               const uint8_t boot_id[BL_BOOT_ID_SIZE], struct bulla_error *err)
{
    const struct bl_store_value values[] = {
        bl_store_integer((int64_t)tpm->reset_count.value),
        bl_store_bytes((struct bulla_bytes){ boot_id, BL_BOOT_ID_SIZE }),
        bl_store_text(BL_LITERAL(BL_TENANT)),
        bl_store_bytes(bl_claim_view(&tpm->ak_name)),
    };

    return bl_store_run(store,
                        "UPDATE platforms SET reset_count = ?, boot_id = ?"
                        " WHERE tenant = ? AND ak_name = ?",
                        values, 4, NULL, err);
}

/* The TPM around the attester's. Its own boot id is not said here: after a reset the first one that
 * it says itself will count. */
static enum bulla_status
note_host(struct bl_store *store, const struct bl_tpm_claims *tpm, struct bulla_error *err)
{
    static const uint8_t not_said[BL_BOOT_ID_SIZE];
    struct platform_row platform = { 0 };

    BL_TRY(need_count(tpm, err));
    BL_TRY(find_platform(store, tpm, &platform, err));
    const uint64_t last = (uint64_t)platform.reset_count;
    if (tpm->reset_count.value < last)
        return fail_reset_count(tpm->reset_count.value, last, err);
    return tpm->reset_count.value == last ? BULLA_OK : write_platform(store, tpm, not_said, err);
}

static enum bulla_status
note_platform(struct bl_session *session, const struct bl_claims *claims,
              const struct bl_claims_message *said, struct bulla_error *err)
{
    const struct bl_tpm_claims *tpm = attesting_tpm(claims);
    struct bl_store *store = session->vault->store;
    struct platform_row platform = { 0 };

    BL_TRY(need_count(tpm, err));
    BL_TRY(find_platform(store, tpm, &platform, err));
    session->peer_is_proved = true;
    if (has_host(claims))
        BL_TRY(note_host(store, &claims->platform, err));
    BL_TRY(check_not_rolled_back(&platform, tpm->reset_count.value, said->boot_id, err));
    return write_platform(store, tpm, said->boot_id, err);
}

/* Read and write of the platform's row in one transaction: two sessions cannot both be first. */
static enum bulla_status
note_platform_once(struct bl_session *session, const struct bl_claims *claims,
                   const struct bl_claims_message *said, struct bulla_error *err)
{
    struct bl_store *store = session->vault->store;

    BL_TRY(bl_store_begin(store, err));
    enum bulla_status status = note_platform(session, claims, said, err);
    if (status == BULLA_OK)
        status = claim_wrap_key(session, session->wrap_key, err);
    if (status == BULLA_OK)
        return bl_store_commit(store, err);
    bl_store_rollback(store);
    return status;
}

static enum bulla_status
verify_evidence(struct bl_session *session, const struct bl_evidence_message *message,
                struct bl_claims *claims_out, struct bulla_error *err)
{
    struct bl_anchor anchors[BL_CLASS_HARDWARE];
    uint8_t binder[32];
    char kind[BL_EVIDENCE_TYPE_MAX + 1] = { 0 };

    BL_TRY(bl_exchange_report_data(&session->exchange, BL_ROLE_CLIENT,
                                   bulla_buffer_bytes(&session->evidence_type), session->wrap_key,
                                   message->claims, session->report_data, err));
    BL_TRY(bl_report_data_for_tpm(session->report_data, binder, err));
    memcpy(kind, session->evidence_type.data, session->evidence_type.size);
    const struct bl_verification verification = {
        .evidence = message->evidence,
        .anchors = anchors,
        .anchor_count = list_anchors(&session->vault->keys, anchors),
        .now_s = bl_clock_now_s(),
        .binder = BL_BYTES_OF(binder),
        .binding = BL_BINDING_CHANNEL,
    };
    return bl_appraiser_verify(session->vault->appraiser, kind, &verification, claims_out, err);
}

enum bulla_status
bl_session_on_evidence(struct bl_session *session, struct bulla_bytes body, struct bulla_error *err)
{
    struct bl_evidence_message message = { 0 };
    struct bl_claims_message said = { 0 };
    struct bl_claims claims = { 0 };

    BL_TRY(bl_evidence_message_decode(body, &message, err));
    BL_TRY(bl_claims_message_decode(message.claims, &said, err));
    BL_TRY(verify_evidence(session, &message, &claims, err));
    BL_TRY(note_platform_once(session, &claims, &said, err));
    BL_TRY(bl_random(session->verdict_id, sizeof session->verdict_id, err));
    BL_TRY(bl_exchange_add(&session->exchange, body, err));
    BL_TRY(bl_exchange_evidence_done(&session->exchange, err));
    session->claims = claims;
    memcpy(session->boot_id, said.boot_id, sizeof session->boot_id);
    session->has_claims = true;
    session->attested_s = bl_clock_now_s();
    return BULLA_OK;
}

enum bulla_status
bl_session_on_confirm(struct bl_session *session, struct bulla_bytes body, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) own = { 0 };

    BL_TRY(bl_exchange_check_confirm(&session->exchange, BL_ROLE_CLIENT, body, err));
    BL_TRY(bl_exchange_confirm(&session->exchange, BL_ROLE_SERVER, &own, err));
    BL_TRY(bl_exchange_add(&session->exchange, body, err));
    BL_TRY(bl_exchange_add(&session->exchange, bulla_buffer_bytes(&own), err));
    return bl_session_send(session, bulla_buffer_bytes(&own), err);
}

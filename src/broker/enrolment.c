/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/enrolment.c: certify the attestation key of a platform (TPM credential activation).
 *
 * The appraiser checks the EK's chain against the anchors that an administrator registered; the
 * credential is made here and must come back; the certificate's issuer is the authority of the
 * class that the anchor entry gives.
 */
#include <string.h>

#include "base/memory.h"
#include "broker/session.h"
#include "crypto/random.h"
#include "crypto/x509.h"
#include "http/fetch.h"
#include "sys/clock.h"
#include "tee/tpm/ak.h"
#include "tee/tpm/credential.h"
#include "wire/enroll.h"

#define CERTIFICATE_LIFE_S ((int64_t)30 * 86400)
#define CLOCK_SKEW_S ((int64_t)300)
#define CREDENTIAL_SIZE 32

struct anchor_list {
    struct bl_anchor anchors[BL_ANCHOR_COUNT_MAX];
    struct bulla_buffer certificates[BL_ANCHOR_COUNT_MAX];
    char names[BL_ANCHOR_COUNT_MAX][65];
    size_t count;
    struct bulla_buffer hosts; /* where issuers may be fetched from, all anchors together */
};

static enum bulla_status
read_anchor(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    struct anchor_list *list = context;
    struct bulla_bytes name = { NULL, 0 };
    struct bulla_bytes class_word = { NULL, 0 };
    struct bulla_bytes certificate = { NULL, 0 };
    struct bulla_bytes hosts = { NULL, 0 };

    if (list->count >= BL_ANCHOR_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "anchors", "more than can be used", list->count);
    BL_TRY(bl_store_column_bytes(row, 0, &name, err));
    BL_TRY(bl_store_column_bytes(row, 1, &class_word, err));
    BL_TRY(bl_store_column_bytes(row, 2, &certificate, err));
    BL_TRY(bl_store_column_bytes(row, 3, &hosts, err));
    if (hosts.size > 0 && list->hosts.size > 0)
        BL_TRY(bulla_buffer_append(&list->hosts, BL_LITERAL(" "), err));
    BL_TRY(bulla_buffer_append(&list->hosts, hosts, err));
    enum bl_platform_class platform_class = bl_platform_class_from_word(class_word);
    if (name.size >= sizeof list->names[0] || platform_class == BL_CLASS_ABSENT)
        return bulla_fail(err, BULLA_E_MALFORMED, "anchors", "an entry is not ours", 0);
    struct bulla_buffer *der = &list->certificates[list->count];
    BL_TRY(bulla_buffer_append(der, certificate, err));
    memcpy(list->names[list->count], name.data, name.size);
    list->anchors[list->count] = (struct bl_anchor){ .name = list->names[list->count],
                                                     .kind = BL_ANCHOR_EK_AUTHORITY,
                                                     .der = bulla_buffer_bytes(der),
                                                     .platform_class = platform_class };
    list->count++;
    return BULLA_OK;
}

static void
anchor_list_free(struct anchor_list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++)
        bulla_buffer_done(&list->certificates[i]);
    bulla_buffer_done(&list->hosts);
    bl_free(list);
}

/* The document at the place that the last certificate names, if an administrator allowed it. */
static enum bulla_status
fetch_issuer(struct bl_session *session, const struct anchor_list *list,
             struct bulla_bytes certificate, struct bulla_buffer *issuer_out,
             struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) url = { 0 };
    struct bl_endpoint endpoint = { 0 };

    BL_TRY(bl_appraiser_issuer_url(session->vault->appraiser, certificate, &url, err));
    BL_TRY(bl_url_endpoint(bulla_buffer_bytes(&url), &endpoint, err));
    if (!bl_hosts_allow(bulla_buffer_bytes(&list->hosts), &endpoint))
        return bulla_fail(err, BULLA_E_DENIED, "issuer", "its host is on no anchor's list", 0);
    return bl_fetcher_get(session->vault->fetcher, bulla_buffer_bytes(&url), issuer_out, err);
}

/* Ask the appraiser; where the chain ends too early, add the issuer that its end names, and ask
 * again. What was fetched is as hostile as the rest. */
static enum bulla_status
judge_with_fetching(struct bl_session *session, const struct anchor_list *list,
                    struct bl_enroll_request *request, struct bl_enrolment *enrolment_out,
                    struct bulla_error *err)
{
    struct bulla_buffer fetched[BL_ENROLL_CERTIFICATE_COUNT_MAX] = { 0 };
    enum bulla_status status = BULLA_OK;

    for (size_t round = 0; round < BL_ENROLL_CERTIFICATE_COUNT_MAX; round++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        bulla_error_clear(err);
        status = bl_enroll_request_encode(request, &bytes, err);
        if (status == BULLA_OK)
            status = bl_appraiser_enrol(session->vault->appraiser, bulla_buffer_bytes(&bytes),
                                        list->anchors, list->count, bl_clock_now_s(), enrolment_out,
                                        err);
        const size_t count = request->certificate_count;
        if (status != BULLA_E_UNTRUSTED || count == 0 || count == BL_ENROLL_CERTIFICATE_COUNT_MAX ||
            fetch_issuer(session, list, request->certificates[count - 1], &fetched[round], NULL) !=
                BULLA_OK)
            break; /* `status` and *err are the appraiser's */
        request->certificates[request->certificate_count++] = bulla_buffer_bytes(&fetched[round]);
    }
    for (size_t i = 0; i < BL_ENROLL_CERTIFICATE_COUNT_MAX; i++)
        bulla_buffer_done(&fetched[i]);
    return status;
}

static enum bulla_status
judge_request(struct bl_session *session, struct bl_enroll_request request,
              struct bl_enrolment *enrolment_out, struct bulla_error *err)
{
    const struct bl_store_value values[] = { bl_store_text(BL_LITERAL(BL_TENANT)) };
    struct anchor_list *list = bl_alloc(1, sizeof *list);

    if (list == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "enrolment", "out of memory", 0);
    enum bulla_status status = bl_store_query(session->vault->store,
                                              "SELECT name, class, certificate, hosts FROM anchors"
                                              " WHERE tenant = ? AND kind = 'ek' ORDER BY name",
                                              values, 1, read_anchor, list, NULL, err);
    if (status == BULLA_OK)
        status = judge_with_fetching(session, list, &request, enrolment_out, err);
    anchor_list_free(list);
    return status;
}

static enum bulla_status
make_challenge(struct bl_session *session, const struct bl_enroll_request *request,
               struct bulla_buffer *content_out, struct bulla_error *err)
{
    struct bl_tpm_public ek = { 0 };
    struct bl_tpm_name ak_name = { 0 };
    BL_AUTO(bulla_buffer) id_object = { 0 };
    BL_AUTO(bulla_buffer) encrypted_secret = { 0 };
    const struct bl_claim_bytes *name = &session->enrolment.ak_name;

    if (name->size > sizeof ak_name.bytes)
        return bulla_fail(err, BULLA_E_MALFORMED, "enrolment", "not a Name", name->size);
    memcpy(ak_name.bytes, name->bytes, name->size);
    ak_name.size = name->size;
    BL_TRY(bl_tpm2b_public_decode(request->ek_public, &ek, err));
    bl_secret_done(&session->credential);
    BL_TRY(bl_random_secret(&session->credential, CREDENTIAL_SIZE, err));
    BL_TRY(bl_tpm_make_credential(&ek, &ak_name, &session->credential, &id_object,
                                  &encrypted_secret, err));
    const struct bl_enroll_challenge challenge = { bulla_buffer_bytes(&id_object),
                                                   bulla_buffer_bytes(&encrypted_secret) };
    return bl_enroll_challenge_encode(&challenge, content_out, err);
}

enum bulla_status
bl_session_on_enroll_request(struct bl_session *session, struct bulla_bytes body,
                             struct bulla_error *err)
{
    struct bulla_bytes content = { NULL, 0 };
    struct bl_enroll_request request = { 0 };
    BL_AUTO(bulla_buffer) challenge = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };

    BL_TRY(bl_carrier_decode(BL_MESSAGE_ENROLL_REQUEST, body, &content, err));
    BL_TRY(bl_enroll_request_decode(content, &request, err));
    BL_TRY(judge_request(session, request, &session->enrolment, err));
    bulla_buffer_clear(&session->ak_public);
    BL_TRY(bulla_buffer_append(&session->ak_public, request.ak_public, err));
    BL_TRY(make_challenge(session, &request, &challenge, err));
    BL_TRY(bl_carrier_encode(BL_MESSAGE_ENROLL_CHALLENGE, bulla_buffer_bytes(&challenge), &answer,
                             err));
    return bl_session_send(session, bulla_buffer_bytes(&answer), err);
}

static enum bulla_status
issue_certificate(const struct bl_session *session, struct bulla_buffer *der_out,
                  struct bulla_error *err)
{
    static const char *const usages[] = { BL_TPM_AK_USAGE, NULL };
    const struct bl_broker_keys *keys = &session->vault->keys;
    const enum bl_platform_class platform_class = session->enrolment.platform_class;
    struct bl_tpm_public ak = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO_FREE(bl_certificate) issuer = NULL;
    BL_AUTO(bulla_buffer) platform_id = { 0 };
    const int64_t now_s = bl_clock_now_s();

    if (platform_class < BL_CLASS_SOFTWARE || platform_class > BL_CLASS_HARDWARE)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "enrolment", "it has no class", 0);
    BL_TRY(bl_tpm2b_public_decode(bulla_buffer_bytes(&session->ak_public), &ak, err));
    BL_TRY(bl_tpm_public_key(&ak, &key, err));
    BL_TRY(bl_certificate_parse(bulla_buffer_bytes(&keys->ak_issuer_certificates[platform_class]),
                                &issuer, err));
    BL_TRY(bl_tpm_platform_id_encode(session->enrolment.platform_id, &platform_id, err));
    const struct bl_certificate_request request = {
        .common_name = "Bulla attestation key",
        .subject = key,
        .not_before_s = now_s - CLOCK_SKEW_S,
        .not_after_s = now_s + CERTIFICATE_LIFE_S,
        .usage_oids = usages,
        .extension_oid = BL_TPM_PLATFORM_ID_OID,
        .extension_value = bulla_buffer_bytes(&platform_id),
    };
    return bl_certificate_issue(&request, issuer, keys->ak_issuers[platform_class], der_out, err);
}

static enum bulla_status
read_state(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    struct bulla_bytes state = { NULL, 0 };

    BL_TRY(bl_store_column_bytes(row, 0, &state, err));
    if (!bl_equal(state, BL_LITERAL("active")))
        *(bool *)context = true;
    return BULLA_OK;
}

/* A platform that was revoked stays so, also with a new attestation key. */
static enum bulla_status
store_platform(const struct bl_session *session, struct bulla_error *err)
{
    static const uint8_t no_boot_id[32];
    const struct bl_enrolment *enrolment = &session->enrolment;
    const char *class_word = bl_platform_class_word(enrolment->platform_class);
    struct bl_store *store = session->vault->store;
    bool is_revoked = false;

    const struct bl_store_value find[] = { bl_store_text(BL_LITERAL(BL_TENANT)),
                                           bl_store_bytes(BL_BYTES_OF(enrolment->platform_id)) };
    BL_TRY(bl_store_query(store, "SELECT state FROM platforms WHERE tenant = ? AND platform_id = ?",
                          find, 2, read_state, &is_revoked, NULL, err));
    if (is_revoked)
        return bulla_fail_cause(err, BULLA_CAUSE_REVOKED, "enrolment", "the platform was revoked");
    const struct bl_store_value values[] = {
        bl_store_text(BL_LITERAL(BL_TENANT)),
        bl_store_bytes(bl_claim_view(&enrolment->ak_name)),
        bl_store_bytes(BL_BYTES_OF(enrolment->platform_id)),
        bl_store_text((struct bulla_bytes){ (const uint8_t *)class_word, strlen(class_word) }),
        bl_store_integer(bl_clock_now_s()),
        bl_store_bytes(BL_BYTES_OF(no_boot_id)),
    };
    /* Enrolling the same key again renews its certificate and forgets nothing that was seen. */
    return bl_store_run(store,
                        "INSERT INTO platforms (tenant, ak_name, platform_id, class, state,"
                        " enrolled_s, reset_count, boot_id)"
                        " VALUES (?, ?, ?, ?, 'active', ?, 0, ?)"
                        " ON CONFLICT (tenant, ak_name) DO UPDATE SET"
                        " enrolled_s = excluded.enrolled_s, class = excluded.class",
                        values, 6, NULL, err);
}

static enum bulla_status
record_enrolment(const struct bl_session *session, struct bulla_error *err)
{
    const struct bl_enrolment *enrolment = &session->enrolment;
    const char *class_word = bl_platform_class_word(enrolment->platform_class);
    const struct bl_audit_field fields[] = {
        { .name = "ak_name", .kind = BL_AUDIT_BYTES, .bytes = bl_claim_view(&enrolment->ak_name) },
        { .name = "class",
          .kind = BL_AUDIT_TEXT,
          .bytes = { (const uint8_t *)class_word, strlen(class_word) } },
        { .name = "peer",
          .kind = BL_AUDIT_TEXT,
          .bytes = { (const uint8_t *)session->peer, strlen(session->peer) } },
        { .name = "platform",
          .kind = BL_AUDIT_BYTES,
          .bytes = BL_BYTES_OF(enrolment->platform_id) },
    };

    BL_TRY(bl_store_begin(session->vault->store, err));
    enum bulla_status status = store_platform(session, err);
    if (status == BULLA_OK)
        status =
            bl_audit_append(session->vault->audit, bl_clock_now_s(), "enrolled", fields, 4, err);
    if (status == BULLA_OK)
        return bl_store_commit(session->vault->store, err);
    bl_store_rollback(session->vault->store);
    return status;
}

enum bulla_status
bl_session_on_enroll_proof(struct bl_session *session, struct bulla_bytes body,
                           struct bulla_error *err)
{
    struct bulla_bytes proof = { NULL, 0 };
    BL_AUTO(bulla_buffer) der = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };

    BL_TRY(bl_carrier_decode(BL_MESSAGE_ENROLL_PROOF, body, &proof, err));
    if (session->credential.size != CREDENTIAL_SIZE ||
        !bl_equal(proof, bl_secret_bytes(&session->credential)))
        return bulla_fail(err, BULLA_E_MISMATCH, "enrolment",
                          "the TPM did not give the credential back", 0);
    session->peer_is_proved = true;
    bl_secret_done(&session->credential); /* compared once */
    BL_TRY(issue_certificate(session, &der, err));
    BL_TRY(record_enrolment(session, err));
    const struct bl_enroll_certificate certificate = {
        bulla_buffer_bytes(&der), bulla_buffer_bytes(&session->vault->keys.root_certificate)
    };
    BL_TRY(bl_enroll_certificate_encode(&certificate, &content, err));
    BL_TRY(bl_carrier_encode(BL_MESSAGE_ENROLL_CERTIFICATE, bulla_buffer_bytes(&content), &answer,
                             err));
    return bl_session_send(session, bulla_buffer_bytes(&answer), err);
}

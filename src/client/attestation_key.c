/* SPDX-License-Identifier: Apache-2.0 */
#include "client/attestation_key.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "crypto/x509.h"
#include "wire/enroll.h"

#define PART_SIZE_MAX BL_ENROLL_PART_SIZE_MAX
#define RENEW_BEFORE_S ((int64_t)3 * 24 * 3600)

void
bl_attestation_key_done(struct bl_attestation_key *key)
{
    bl_tpm_key_done(&key->key);
    bulla_buffer_done(&key->certificate);
    *key = (struct bl_attestation_key){ 0 };
}

enum bulla_status
bl_attestation_key_encode(const struct bl_attestation_key *key, struct bulla_buffer *out,
                          struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, 6);
    bl_cbor_write_text(&w, BL_LITERAL("bulla-attestation-key/1"));
    bl_cbor_write_bytes(&w, BL_BYTES_OF(key->broker_id));
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&key->key.public_area));
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&key->key.private_area));
    bl_cbor_write_bytes(&w,
                        (struct bulla_bytes){ key->key.srk_name.bytes, key->key.srk_name.size });
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&key->certificate));
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_attestation_key_decode(struct bulla_bytes bytes, struct bl_attestation_key *out,
                          struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "attestation key");
    struct bl_attestation_key key = { 0 };

    if (bl_cbor_read_array(&r, 6) != 6 ||
        !bl_equal(bl_cbor_read_text(&r, 32), BL_LITERAL("bulla-attestation-key/1")))
        bl_reader_fail(&r, "not an attestation key of ours");
    bl_cbor_read_bytes_exact(&r, key.broker_id, sizeof key.broker_id);
    struct bulla_bytes public_area = bl_cbor_read_bytes(&r, PART_SIZE_MAX);
    struct bulla_bytes private_area = bl_cbor_read_bytes(&r, PART_SIZE_MAX);
    struct bulla_bytes srk_name = bl_cbor_read_bytes(&r, sizeof key.key.srk_name.bytes);
    struct bulla_bytes certificate = bl_cbor_read_bytes(&r, PART_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    if (srk_name.size > 0)
        memcpy(key.key.srk_name.bytes, srk_name.data, srk_name.size);
    key.key.srk_name.size = srk_name.size;
    enum bulla_status status = bulla_buffer_append(&key.key.public_area, public_area, err);
    if (status == BULLA_OK)
        status = bulla_buffer_append(&key.key.private_area, private_area, err);
    if (status == BULLA_OK)
        status = bulla_buffer_append(&key.certificate, certificate, err);
    if (status != BULLA_OK) {
        bl_attestation_key_done(&key);
        return status;
    }
    *out = key;
    return BULLA_OK;
}

bool
bl_attestation_key_is_current(const struct bl_attestation_key *key,
                              const uint8_t broker_id[BL_BROKER_ID_SIZE], int64_t now_s)
{
    BL_AUTO_FREE(bl_certificate) certificate = NULL;
    int64_t not_before_s = 0, not_after_s = 0;

    if (!bl_equal(BL_BYTES_OF(key->broker_id),
                  (struct bulla_bytes){ broker_id, BL_BROKER_ID_SIZE }) ||
        bl_certificate_parse(bulla_buffer_bytes(&key->certificate), &certificate, NULL) != BULLA_OK)
        return false;
    bl_certificate_validity(certificate, &not_before_s, &not_after_s);
    return now_s >= not_before_s && now_s < not_after_s - RENEW_BEFORE_S;
}

/* -- enrolment --------------------------------------------------------------------------------- */

static enum bulla_status
make_request(struct bl_tpm *tpm, const struct bulla_bytes *issuers, size_t issuer_count,
             struct bulla_bytes ak_public, struct bulla_buffer *content_out,
             struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) ek_certificate = { 0 };
    BL_AUTO(bulla_buffer) ek_public = { 0 };
    struct bl_enroll_request request = { .ak_public = ak_public };

    if (issuer_count >= BL_ENROLL_CERTIFICATE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "enrolment", "too many issuer certificates", 0);
    BL_TRY(bl_tpm_ek_certificate(tpm, &ek_certificate, err));
    BL_TRY(bl_tpm_ek_public(tpm, &ek_public, err));
    request.certificates[request.certificate_count++] = bulla_buffer_bytes(&ek_certificate);
    for (size_t i = 0; i < issuer_count; i++)
        request.certificates[request.certificate_count++] = issuers[i];
    request.ek_public = bulla_buffer_bytes(&ek_public);
    return bl_enroll_request_encode(&request, content_out, err);
}

static enum bulla_status
answer_challenge(struct bl_tpm *tpm, const struct bl_tpm_key *ak, struct bulla_bytes content,
                 struct bl_secret *credential_out, struct bulla_error *err)
{
    struct bl_enroll_challenge challenge = { 0 };

    BL_TRY(bl_enroll_challenge_decode(content, &challenge, err));
    return bl_tpm_activate_credential(tpm, ak, challenge.id_object, challenge.encrypted_secret,
                                      credential_out, err);
}

enum bulla_status
bl_client_enroll(const struct bl_broker_connection *connection, struct bl_tpm *tpm,
                 const struct bulla_bytes *issuers, size_t issuer_count, unsigned timeout_ms,
                 struct bl_attestation_key *key, struct bulla_error *err)
{
    enum bl_session_state state = BL_SESSION_ENROLL_REQUESTED;
    BL_AUTO(bulla_buffer) request = { 0 };
    BL_AUTO(bulla_buffer) challenge = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };
    BL_AUTO(bl_secret) credential = { 0 };
    struct bl_enroll_certificate certificate = { 0 };

    if (key->key.public_area.size == 0)
        BL_TRY(bl_tpm_ak_create(tpm, &key->key, err));
    BL_TRY(make_request(tpm, issuers, issuer_count, bulla_buffer_bytes(&key->key.public_area),
                        &request, err));
    BL_TRY(bl_broker_exchange(connection, BL_MESSAGE_ENROLL_REQUEST, bulla_buffer_bytes(&request),
                              BL_MESSAGE_ENROLL_CHALLENGE, &state, timeout_ms, &challenge, err));
    BL_TRY(answer_challenge(tpm, &key->key, bulla_buffer_bytes(&challenge), &credential, err));
    BL_TRY(bl_broker_exchange(connection, BL_MESSAGE_ENROLL_PROOF, bl_secret_bytes(&credential),
                              BL_MESSAGE_ENROLL_CERTIFICATE, &state, timeout_ms, &answer, err));
    BL_TRY(bl_enroll_certificate_decode(bulla_buffer_bytes(&answer), &certificate, err));
    bulla_buffer_clear(&key->certificate);
    BL_TRY(bulla_buffer_append(&key->certificate, certificate.ak_certificate, err));
    memcpy(key->broker_id, connection->broker_id, sizeof key->broker_id);
    return BULLA_OK;
}

/* -- evidence ---------------------------------------------------------------------------------- */

enum bulla_status
bl_machine_quote(const struct bl_machine_attester *machine,
                 const uint8_t extra_data[BL_TPM_BINDER_SIZE], struct bulla_buffer *evidence_out,
                 struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) attest = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    BL_AUTO(bulla_buffer) pcr_values = { 0 };

    BL_TRY(bl_tpm_quote(machine->tpm, &machine->key->key, machine->selection,
                        (struct bulla_bytes){ extra_data, BL_TPM_BINDER_SIZE }, &attest, &signature,
                        err));
    BL_TRY(bl_tpm_pcr_read(machine->tpm, machine->selection, &pcr_values, err));
    const struct bl_tpm_evidence evidence = {
        .platform = {
            .is_present = true,
            .attest = bulla_buffer_bytes(&attest),
            .signature = bulla_buffer_bytes(&signature),
            .ak_public = bulla_buffer_bytes(&machine->key->key.public_area),
            .ak_chain = { bulla_buffer_bytes(&machine->key->certificate) },
            .ak_chain_count = 1,
            .selection = machine->selection,
            .pcr_values = bulla_buffer_bytes(&pcr_values),
        },
    };
    return bl_tpm_evidence_encode(&evidence, evidence_out, err);
}

enum bulla_status
bl_machine_collect(void *attester, const uint8_t report_data[BL_REPORT_DATA_SIZE],
                   struct bulla_buffer *evidence_out, struct bulla_error *err)
{
    uint8_t extra_data[BL_TPM_BINDER_SIZE];

    BL_TRY(bl_report_data_for_tpm(report_data, extra_data, err));
    return bl_machine_quote(attester, extra_data, evidence_out, err);
}

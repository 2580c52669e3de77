/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_attest.c: attestation keys, quotes, and the proof that both keys live in one TPM.
 *
 * Spec: TPM 2.0 Part 3, 12.1 (Create), 12.5 (ActivateCredential), 18.4 (Quote). A restricted signing
 * key signs what the TPM itself made and nothing that looks like it (magic TPM_GENERATED_VALUE).
 */
#include <string.h>

#include <tss2/tss2_mu.h>

#include "base/memory.h"
#include "device/tpm_internal.h"

#define AK_ATTRIBUTES                                                                       \
    (TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_FIXEDTPM |             \
     TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH | \
     TPMA_OBJECT_NODA)
#define QUALIFYING_DATA_SIZE_MAX 32 /* bytes: a SHA-256 digest, as the binding makes it */

static TPM2B_PUBLIC
ak_template(void)
{
    return (
        TPM2B_PUBLIC){ .publicArea = { .type = TPM2_ALG_ECC,
                                       .nameAlg = TPM2_ALG_SHA256,
                                       .objectAttributes = AK_ATTRIBUTES,
                                       .parameters.eccDetail = {
                                           .symmetric.algorithm = TPM2_ALG_NULL,
                                           .scheme = { .scheme = TPM2_ALG_ECDSA,
                                                       .details.ecdsa.hashAlg = TPM2_ALG_SHA256 },
                                           .curveID = TPM2_ECC_NIST_P256,
                                           .kdf.scheme = TPM2_ALG_NULL } } };
}

void
bl_tpm_key_done(struct bl_tpm_key *key)
{
    bulla_buffer_done(&key->public_area);
    bulla_buffer_done(&key->private_area);
    key->srk_name = (struct bl_tpm_name){ 0 };
}

enum bulla_status
bl_tpm_ak_create(struct bl_tpm *tpm, struct bl_tpm_key *key_out, struct bulla_error *err)
{
    static const TPM2B_SENSITIVE_CREATE no_secret;
    static const TPM2B_DATA no_data;
    static const TPML_PCR_SELECTION no_pcr;
    BL_AUTO(bl_tpm_key) key = { 0 };
    BL_AUTO(bl_tpm_handle) srk = { 0 };
    TPM2B_PUBLIC template = ak_template();
    TPM2B_PUBLIC *public_area = NULL;
    TPM2B_PRIVATE *private_area = NULL;

    BL_TRY(bl_tpm_srk(tpm, NULL, &srk, err));
    BL_TRY(bl_tpm_key_name(&srk, &key.srk_name, err));
    TSS2_RC rc =
        Esys_Create(tpm->esys, srk.tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &no_secret,
                    &template, &no_data, &no_pcr, &private_area, &public_area, NULL, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "no attestation key can be made", err);
    enum bulla_status status = bl_tpm_public_encode(public_area, &key.public_area, err);
    if (status == BULLA_OK)
        status = bl_tpm_private_encode(private_area, &key.private_area, err);
    Esys_Free(public_area);
    Esys_Free(private_area);
    BL_TRY(status);
    bl_tpm_key_done(key_out);
    *key_out = key;
    key = (struct bl_tpm_key){ 0 };
    return BULLA_OK;
}

/* Load the key; its parent is gone again afterwards: a TPM has room for three objects only. */
static enum bulla_status
load_ak(struct bl_tpm *tpm, const struct bl_tpm_key *ak, struct bl_tpm_handle *ak_out,
        struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) srk = { 0 };
    TPM2B_PUBLIC public_area = { 0 };
    TPM2B_PRIVATE private_area = { 0 };
    ESYS_TR tr = ESYS_TR_NONE;

    BL_TRY(bl_tpm_public_decode(bulla_buffer_bytes(&ak->public_area), &public_area, err));
    BL_TRY(bl_tpm_private_decode(bulla_buffer_bytes(&ak->private_area), &private_area, err));
    BL_TRY(bl_tpm_srk(tpm, ak->srk_name.size != 0 ? &ak->srk_name : NULL, &srk, err));
    TSS2_RC rc = Esys_Load(tpm->esys, srk.tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                           &private_area, &public_area, &tr);
    if (bl_tpm_code(rc) == TPM2_RC_INTEGRITY)
        return bulla_fail_detail(err, BULLA_CAUSE_WRONG_TPM, "attestation key",
                                 "the TPM finds it was not made by it", rc);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the attestation key cannot be loaded", err);
    *ak_out = (struct bl_tpm_handle){ .tpm = tpm, .tr = tr };
    return BULLA_OK;
}

enum bulla_status
bl_tpm_ak_name(struct bl_tpm *tpm, const struct bl_tpm_key *ak, struct bl_tpm_name *name_out,
               struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) loaded = { 0 };

    BL_TRY(load_ak(tpm, ak, &loaded, err));
    return bl_tpm_key_name(&loaded, name_out, err);
}

/* -- quote ------------------------------------------------------------------------------------- */

static enum bulla_status
take_quote(const TPM2B_ATTEST *attest, const TPMT_SIGNATURE *signature,
           struct bulla_buffer *attest_out, struct bulla_buffer *signature_out,
           struct bulla_error *err)
{
    uint8_t bytes[sizeof *signature];
    size_t size = 0;
    TSS2_RC rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, bytes, sizeof bytes, &size);

    if (rc != TSS2_RC_SUCCESS)
        return bulla_fail_detail(err, BULLA_CAUSE_TPM_FAILED, "quote", "no signature of ours", rc);
    size_t before = attest_out->size;
    BL_TRY(bulla_buffer_append(attest_out,
                               (struct bulla_bytes){ attest->attestationData, attest->size }, err));
    enum bulla_status status =
        bulla_buffer_append(signature_out, (struct bulla_bytes){ bytes, size }, err);
    if (status != BULLA_OK)
        attest_out->size = before;
    return status;
}

enum bulla_status
bl_tpm_quote(struct bl_tpm *tpm, const struct bl_tpm_key *ak, struct bl_pcr_selection selection,
             struct bulla_bytes qualifying_data, struct bulla_buffer *attest_out,
             struct bulla_buffer *signature_out, struct bulla_error *err)
{
    static const TPMT_SIG_SCHEME scheme_of_key = { .scheme = TPM2_ALG_NULL };
    BL_AUTO(bl_tpm_handle) loaded = { 0 };
    TPM2B_DATA qualifying = { .size = (uint16_t)qualifying_data.size };
    TPM2B_ATTEST *attest = NULL;
    TPMT_SIGNATURE *signature = NULL;

    if (qualifying_data.size > QUALIFYING_DATA_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "quote", "too much qualifying data",
                          qualifying_data.size);
    BL_TRY(bl_tpm_selection_check(selection, err));
    if (qualifying_data.size > 0)
        memcpy(qualifying.buffer, qualifying_data.data, qualifying_data.size);
    TPML_PCR_SELECTION pcrs = bl_tpm_selection(selection);
    BL_TRY(load_ak(tpm, ak, &loaded, err));
    TSS2_RC rc = Esys_Quote(tpm->esys, loaded.tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                            &qualifying, &scheme_of_key, &pcrs, &attest, &signature);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "it gives no quote", err);
    enum bulla_status status = take_quote(attest, signature, attest_out, signature_out, err);
    Esys_Free(attest);
    Esys_Free(signature);
    return status;
}

/* -- credential activation --------------------------------------------------------------------- */

static enum bulla_status
decode_challenge(struct bulla_bytes id_object, struct bulla_bytes encrypted_secret,
                 TPM2B_ID_OBJECT *object_out, TPM2B_ENCRYPTED_SECRET *secret_out,
                 struct bulla_error *err)
{
    size_t object_end = 0;
    size_t secret_end = 0;

    if (Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(id_object.data, id_object.size, &object_end,
                                          object_out) != TSS2_RC_SUCCESS ||
        object_end != id_object.size)
        return bulla_fail(err, BULLA_E_MALFORMED, "credential", "not a TPM2B_ID_OBJECT",
                          object_end);
    if (Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(encrypted_secret.data, encrypted_secret.size,
                                                 &secret_end, secret_out) != TSS2_RC_SUCCESS ||
        secret_end != encrypted_secret.size)
        return bulla_fail(err, BULLA_E_MALFORMED, "credential", "not a TPM2B_ENCRYPTED_SECRET",
                          secret_end);
    return BULLA_OK;
}

/* The EK's own policy: knowledge of the endorsement hierarchy's authorization, which is empty. */
static enum bulla_status
open_ek_session(struct bl_tpm *tpm, const struct bl_tpm_handle *ek,
                struct bl_tpm_handle *session_out, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) session = { 0 };

    BL_TRY(bl_tpm_session(tpm, ek, TPM2_SE_POLICY, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT,
                          &session, err));
    TSS2_RC rc = Esys_PolicySecret(tpm->esys, ESYS_TR_RH_ENDORSEMENT, session.tr, ESYS_TR_PASSWORD,
                                   ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the endorsement key cannot be used", err);
    *session_out = session;
    session = (struct bl_tpm_handle){ 0 };
    return BULLA_OK;
}

static enum bulla_status
fail_activation(struct bl_tpm *tpm, TSS2_RC rc, struct bulla_error *err)
{
    switch (bl_tpm_code(rc)) {
    case TPM2_RC_INTEGRITY: /* made for another AK, or altered */
    case TPM2_RC_ECC_POINT:
    case TPM2_RC_VALUE:
    case TPM2_RC_SIZE:
    case TPM2_RC_INSUFFICIENT:
        return bulla_fail(err, BULLA_E_IDENTITY, "credential", "not made for this EK and AK", 0);
    default:
        return bl_tpm_fail(tpm, rc, "the credential cannot be activated", err);
    }
}

enum bulla_status
bl_tpm_activate_credential(struct bl_tpm *tpm, const struct bl_tpm_key *ak,
                           struct bulla_bytes id_object, struct bulla_bytes encrypted_secret,
                           struct bl_secret *credential_out, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) loaded = { 0 };
    BL_AUTO(bl_tpm_handle) ek = { 0 };
    BL_AUTO(bl_tpm_handle) session = { 0 };
    TPM2B_ID_OBJECT object = { 0 };
    TPM2B_ENCRYPTED_SECRET secret = { 0 };
    TPM2B_DIGEST *credential = NULL;

    if (credential_out->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "credential", "the result is in use", 0);
    BL_TRY(decode_challenge(id_object, encrypted_secret, &object, &secret, err));
    BL_TRY(load_ak(tpm, ak, &loaded, err));
    BL_TRY(bl_tpm_ek(tpm, &ek, err));
    BL_TRY(open_ek_session(tpm, &ek, &session, err));
    TSS2_RC rc = Esys_ActivateCredential(tpm->esys, loaded.tr, ek.tr, ESYS_TR_PASSWORD, session.tr,
                                         ESYS_TR_NONE, &object, &secret, &credential);
    if (rc != TSS2_RC_SUCCESS)
        return fail_activation(tpm, rc, err);
    enum bulla_status status = bl_secret_copy(
        credential_out, (struct bulla_bytes){ credential->buffer, credential->size }, err);
    bl_wipe(credential, sizeof *credential);
    Esys_Free(credential);
    return status;
}

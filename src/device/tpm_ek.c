/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_ek.c: the endorsement key and its certificate.
 *
 * Spec: TCG EK Credential Profile for TPM 2.0, 2.5: templates L-1 (RSA 2048) and L-2 (ECC P-256),
 * B.3.3 and B.3.4; certificates in NV at 0x01c00002 and 0x01c0000a, 2.2.1.4. The key is a function of
 * the endorsement seed and the template, so it is made anew whenever it is needed.
 * Does not: use the high range (P-384 and others), nor a nonce or template index (0x01c00003,
 * 0x01c0000b and so on); verify the certificate: who relies on it does.
 */
#include <string.h>

#include "base/memory.h"
#include "device/tpm_internal.h"

#define EK_ATTRIBUTES                                                                   \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
     TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)

/* PolicySecret(endorsement hierarchy), B.6.2 of the profile. */
static const uint8_t ek_policy[32] = { 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8,
                                       0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
                                       0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64,
                                       0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa };

const struct bl_tpm_ek_kind bl_tpm_ek_ecc = { TPM2_ALG_ECC, 0x01c0000a };
const struct bl_tpm_ek_kind bl_tpm_ek_rsa = { TPM2_ALG_RSA, 0x01c00002 };

static TPM2B_PUBLIC
ek_template(const struct bl_tpm_ek_kind *kind)
{
    static const TPMT_SYM_DEF_OBJECT aes_128_cfb = { .algorithm = TPM2_ALG_AES,
                                                     .keyBits.aes = 128,
                                                     .mode.aes = TPM2_ALG_CFB };
    TPM2B_PUBLIC p = { .publicArea = { .type = kind->type,
                                       .nameAlg = TPM2_ALG_SHA256,
                                       .objectAttributes = EK_ATTRIBUTES,
                                       .authPolicy.size = sizeof ek_policy } };

    memcpy(p.publicArea.authPolicy.buffer, ek_policy, sizeof ek_policy);
    if (kind->type == TPM2_ALG_ECC) {
        p.publicArea.parameters.eccDetail = (TPMS_ECC_PARMS){ .symmetric = aes_128_cfb,
                                                              .scheme.scheme = TPM2_ALG_NULL,
                                                              .curveID = TPM2_ECC_NIST_P256,
                                                              .kdf.scheme = TPM2_ALG_NULL };
        p.publicArea.unique.ecc.x.size = 32;
        p.publicArea.unique.ecc.y.size = 32;
    } else {
        p.publicArea.parameters.rsaDetail = (TPMS_RSA_PARMS){ .symmetric = aes_128_cfb,
                                                              .scheme.scheme = TPM2_ALG_NULL,
                                                              .keyBits = 2048 };
        p.publicArea.unique.rsa.size = 256;
    }
    return p;
}

enum bulla_status
bl_tpm_ek_make(struct bl_tpm *tpm, const struct bl_tpm_ek_kind *kind, struct bl_tpm_handle *ek_out,
               TPM2B_PUBLIC *public_out, struct bulla_error *err)
{
    static const TPM2B_SENSITIVE_CREATE no_secret;
    static const TPM2B_DATA no_data;
    static const TPML_PCR_SELECTION no_pcr;
    TPM2B_PUBLIC template = ek_template(kind);
    TPM2B_PUBLIC *public_area = NULL;
    ESYS_TR tr = ESYS_TR_NONE;

    TSS2_RC rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD,
                                    ESYS_TR_NONE, ESYS_TR_NONE, &no_secret, &template, &no_data,
                                    &no_pcr, &tr, &public_area, NULL, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the endorsement key cannot be made", err);
    *ek_out = (struct bl_tpm_handle){ .tpm = tpm, .tr = tr };
    *public_out = *public_area;
    Esys_Free(public_area);
    return BULLA_OK;
}

enum bulla_status
bl_tpm_ek_is_certified(struct bl_tpm *tpm, const struct bl_tpm_ek_kind *kind, bool *has_out,
                       struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    struct bulla_error missing = { 0 };
    enum bulla_status status = bl_tpm_nv_open(tpm, kind->certificate_index, &nv, NULL, &missing);

    *has_out = status == BULLA_OK;
    if (status == BULLA_OK || status == BULLA_E_NOT_FOUND)
        return BULLA_OK;
    if (err != NULL && err->status == BULLA_OK)
        *err = missing;
    return status;
}

/* ECC, unless RSA alone is certified. */
static enum bulla_status
choose_kind(struct bl_tpm *tpm, const struct bl_tpm_ek_kind **kind_out, struct bulla_error *err)
{
    bool has_ecc = false;
    bool has_rsa = false;

    BL_TRY(bl_tpm_ek_is_certified(tpm, &bl_tpm_ek_ecc, &has_ecc, err));
    if (!has_ecc)
        BL_TRY(bl_tpm_ek_is_certified(tpm, &bl_tpm_ek_rsa, &has_rsa, err));
    *kind_out = has_rsa ? &bl_tpm_ek_rsa : &bl_tpm_ek_ecc;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_ek(struct bl_tpm *tpm, struct bl_tpm_handle *ek_out, struct bulla_error *err)
{
    const struct bl_tpm_ek_kind *kind = NULL;
    TPM2B_PUBLIC public_area = { 0 };

    BL_TRY(choose_kind(tpm, &kind, err));
    return bl_tpm_ek_make(tpm, kind, ek_out, &public_area, err);
}

enum bulla_status
bl_tpm_ek_public(struct bl_tpm *tpm, struct bulla_buffer *public_out, struct bulla_error *err)
{
    const struct bl_tpm_ek_kind *kind = NULL;
    BL_AUTO(bl_tpm_handle) ek = { 0 };
    TPM2B_PUBLIC public_area = { 0 };

    BL_TRY(choose_kind(tpm, &kind, err));
    BL_TRY(bl_tpm_ek_make(tpm, kind, &ek, &public_area, err));
    return bl_tpm_public_encode(&public_area, public_out, err);
}

/* -- certificate ------------------------------------------------------------------------------- */

size_t
bl_tpm_ek_der_size(struct bulla_bytes bytes)
{
    if (bytes.size < 4 || bytes.data[0] != 0x30 || bytes.data[1] != 0x82)
        return 0;
    size_t size = 4 + ((size_t)bytes.data[2] << 8 | bytes.data[3]);
    return size <= bytes.size ? size : 0;
}

enum bulla_status
bl_tpm_ek_certificate(struct bl_tpm *tpm, struct bulla_buffer *der_out, struct bulla_error *err)
{
    const struct bl_tpm_ek_kind *kind = NULL;
    BL_AUTO(bulla_buffer) content = { 0 };

    BL_TRY(choose_kind(tpm, &kind, err));
    BL_TRY(bl_tpm_nv_read(tpm, kind->certificate_index, BL_TPM_EK_CERTIFICATE_MAX, &content, err));
    size_t size = bl_tpm_ek_der_size(bulla_buffer_bytes(&content));
    if (size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "EK certificate", "not a certificate in DER", 0);
    return bulla_buffer_append(der_out, (struct bulla_bytes){ content.data, size }, err);
}

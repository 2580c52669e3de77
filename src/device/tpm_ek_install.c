/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_ek_install.c: give a TPM the certificate of its endorsement key.
 *
 * Spec: TCG EK Credential Profile for TPM 2.0, 2.5, 2.2.1.4: the index belongs to the platform
 * hierarchy, and owner and anybody may read it. On real machines the manufacturer did this.
 * Guarantees: only a certificate of an EK of this very TPM goes in.
 * Does not: verify who issued it.
 */
#include <string.h>

#include "base/memory.h"
#include "crypto/x509.h"
#include "device/tpm_internal.h"

#define CERTIFICATE_NV_ATTRIBUTES                                                    \
    (((TPMA_NV)TPM2_NT_ORDINARY << TPMA_NV_TPM2_NT_SHIFT) | TPMA_NV_PLATFORMCREATE | \
     TPMA_NV_PPREAD | TPMA_NV_PPWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA)
#define RSA_EXPONENT_DEFAULT 65537

static enum bulla_status
ecc_key(const TPMS_ECC_POINT *point, struct bl_key **key_out, struct bulla_error *err)
{
    uint8_t raw[65] = { 0x04 };

    if (point->x.size > 32 || point->y.size > 32)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "EK", "not a point of P-256", point->x.size);
    memcpy(raw + 33 - point->x.size, point->x.buffer, point->x.size);
    memcpy(raw + 65 - point->y.size, point->y.buffer, point->y.size);
    return bl_key_from_raw_public(BL_KEY_P256, BL_BYTES_OF(raw), key_out, err);
}

static enum bulla_status
public_spki(const TPMT_PUBLIC *area, struct bulla_buffer *spki_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;

    if (area->type == TPM2_ALG_ECC) {
        BL_TRY(ecc_key(&area->unique.ecc, &key, err));
    } else {
        uint32_t exponent = area->parameters.rsaDetail.exponent;
        struct bulla_bytes modulus = { area->unique.rsa.buffer, area->unique.rsa.size };
        BL_TRY(bl_key_from_rsa_public(modulus, exponent != 0 ? exponent : RSA_EXPONENT_DEFAULT,
                                      &key, err));
    }
    return bl_key_spki(key, spki_out, err);
}

static enum bulla_status
check_certified(struct bl_tpm *tpm, const struct bl_tpm_ek_kind *kind,
                struct bulla_bytes certified_spki, bool *is_certified_out, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) ek = { 0 };
    BL_AUTO(bulla_buffer) spki = { 0 };
    TPM2B_PUBLIC public_area = { 0 };

    BL_TRY(bl_tpm_ek_make(tpm, kind, &ek, &public_area, err));
    BL_TRY(public_spki(&public_area.publicArea, &spki, err));
    *is_certified_out = bl_equal(bulla_buffer_bytes(&spki), certified_spki);
    return BULLA_OK;
}

/* Which of our endorsement keys is it for? */
static enum bulla_status
match_certificate(struct bl_tpm *tpm, struct bulla_bytes der,
                  const struct bl_tpm_ek_kind **kind_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_certificate) certificate = NULL;
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) spki = { 0 };
    bool is_ours = false;

    BL_TRY(bl_certificate_parse(der, &certificate, err));
    BL_TRY(bl_certificate_key(certificate, &key, err));
    BL_TRY(bl_key_spki(key, &spki, err));
    *kind_out = bl_key_kind(key) == BL_KEY_RSA ? &bl_tpm_ek_rsa : &bl_tpm_ek_ecc;
    BL_TRY(check_certified(tpm, *kind_out, bulla_buffer_bytes(&spki), &is_ours, err));
    if (!is_ours)
        return bulla_fail(err, BULLA_E_MISMATCH, "EK certificate", "not for this TPM's EK", 0);
    return BULLA_OK;
}

static enum bulla_status
remove_old(struct bl_tpm *tpm, uint32_t index, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    TSS2_RC rc = TSS2_RC_SUCCESS;

    BL_TRY(bl_tpm_nv_open(tpm, index, &nv, NULL, err));
    rc = Esys_NV_UndefineSpace(tpm->esys, ESYS_TR_RH_PLATFORM, nv.tr, ESYS_TR_PASSWORD,
                               ESYS_TR_NONE, ESYS_TR_NONE);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the old EK certificate cannot be removed", err);
    nv = (struct bl_tpm_handle){ 0 }; /* ESYS closed it */
    return BULLA_OK;
}

enum bulla_status
bl_tpm_ek_certificate_install(struct bl_tpm *tpm, struct bulla_bytes der, struct bulla_error *err)
{
    const struct bl_tpm_ek_kind *kind = NULL;
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    bool has_old = false;

    if (der.size > BL_TPM_EK_CERTIFICATE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "EK certificate", "too large", der.size);
    if (der.size == 0 || bl_tpm_ek_der_size(der) != der.size)
        return bulla_fail(err, BULLA_E_MALFORMED, "EK certificate", "not a certificate in DER", 0);
    BL_TRY(match_certificate(tpm, der, &kind, err));
    BL_TRY(bl_tpm_ek_is_certified(tpm, kind, &has_old, err));
    if (has_old)
        BL_TRY(remove_old(tpm, kind->certificate_index, err));
    BL_TRY(bl_tpm_nv_define(tpm, ESYS_TR_RH_PLATFORM, kind->certificate_index,
                            CERTIFICATE_NV_ATTRIBUTES, der.size, err));
    BL_TRY(bl_tpm_nv_open(tpm, kind->certificate_index, &nv, NULL, err));
    return bl_tpm_nv_write(&nv, ESYS_TR_RH_PLATFORM, der, err);
}

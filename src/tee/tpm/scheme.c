/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tpm/scheme.h"

#include "base/memory.h"
#include "tee/tpm/log_claims.h"
#include "tee/tpm/pieces.h"
#include "tee/tpm/revocation.h"

static const char kind[] = "tpm";

/* Our evidence holds all its pieces, and carries a binder always. */
static enum bulla_status
verify_evidence(const struct bl_verification *v, struct bl_claims *claims_out,
                struct bulla_error *err)
{
    if (v->binding != BL_BINDING_ABSENT && v->binder.size == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_NONCE_MISMATCH, "TPM evidence",
                                "always carries something");
    return bl_tpm_verify(v, claims_out, err);
}

/* Who gives a key and a certificate means one key: neither is passed over for the other. */
static enum bulla_status
check_one_key(const struct bl_tpm_pieces *pieces, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) spki = { 0 };
    const struct bulla_buffer *const given[] = { &pieces->enrolled, &pieces->named };

    if (pieces->certificates.count == 0)
        return BULLA_OK;
    BL_TRY(bl_certificate_key(pieces->certificates.items[0], &key, err));
    BL_TRY(bl_key_spki(key, &spki, err));
    for (size_t i = 0; i < BL_COUNT_OF(given); i++)
        if (given[i]->size > 0 &&
            !bl_equal(bulla_buffer_bytes(given[i]), bulla_buffer_bytes(&spki)))
            return bulla_fail_cause(err, BULLA_CAUSE_KEY_MISMATCH, "TPM certificate",
                                    "is for another key than the one given");
    return BULLA_OK;
}

static enum bulla_status
verify_quote(const struct bl_verification *v, struct bl_claims *claims_out, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_pieces) pieces = { 0 };
    struct bulla_error found = { 0 };
    struct bl_claims claims = { 0 };

    BL_TRY(bl_tpm_pieces_read(v, &pieces, err));
    if (pieces.bare.signature.size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "TPM quote", "there is no signature beside it",
                          0);
    BL_TRY(check_one_key(&pieces, err));
    pieces.bare.allows_sha1 = true; /* the baseline refuses it by name */
    enum bulla_status status = bl_tpm_verify_bare(&pieces.bare, &pieces.context, &claims, &found);
    bool is_leaf_key = pieces.bare.chain_count > 0 && pieces.bare.ak_public.size == 0;
    if (status == BULLA_E_SIGNATURE && is_leaf_key)
        return bulla_fail_cause(err, BULLA_CAUSE_KEY_MISMATCH, "TPM quote",
                                "was not signed with the key of this certificate");
    if (status != BULLA_OK && err != NULL)
        *err = found;
    BL_TRY(status);
    if (pieces.bare.chain_count > 0)
        BL_TRY(bl_tpm_check_revocation(v, &pieces, &claims, err));
    *claims_out = claims;
    return BULLA_OK;
}

/* -- the certificate of an attestation key ------------------------------------------------------- */

/* Authorities alone count: that the operator trusts the key says nothing of its certificate. */
static enum bulla_status
verify_certificate(const struct bl_verification *v, struct bl_claims *claims_out,
                   struct bulla_error *err)
{
    BL_AUTO(bl_tpm_pieces) pieces = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bl_claims claims = { .kind = kind };
    struct bl_tpm_trust trust;

    if (v->binding != BL_BINDING_ABSENT)
        return bulla_fail_cause(err, BULLA_CAUSE_NONCE_MISMATCH, "TPM certificate",
                                "carries nothing that was asked for");
    BL_TRY(bl_tpm_pieces_read(v, &pieces, err));
    BL_TRY(bl_certificate_key(pieces.certificates.items[0], &key, err));
    BL_TRY(check_one_key(&pieces, err));
    BL_TRY(bl_tpm_ak_trust(key, pieces.chain, pieces.certificates.count, pieces.anchors,
                           pieces.authority_count, v->now_s, &trust, err));
    claims.anchor = trust.anchor->name;
    claims.platform_class = trust.anchor->platform_class;
    claims.platform_id = trust.platform_id;
    BL_TRY(bl_tpm_check_revocation(v, &pieces, &claims, err));
    *claims_out = claims;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_scheme_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
                     struct bulla_error *err)
{
    enum bl_tpm_form form = bl_tpm_form_of(verification->evidence);

    /* Or whoever hands over the file would choose what is verified of it. */
    if (form != BL_TPM_FORM_QUOTE && bl_tpm_has_quote_pieces(verification))
        return bulla_fail_cause(err, BULLA_CAUSE_NOT_A_QUOTE, "TPM evidence",
                                "pieces of a quote were given, but this is none");
    switch (form) {
    case BL_TPM_FORM_EVIDENCE:
        return verify_evidence(verification, claims_out, err);
    case BL_TPM_FORM_QUOTE:
        return verify_quote(verification, claims_out, err);
    case BL_TPM_FORM_CERTIFICATE:
        return verify_certificate(verification, claims_out, err);
    case BL_TPM_FORM_UNKNOWN:
        break;
    }
    return bulla_fail(err, BULLA_E_MALFORMED, "TPM evidence",
                      "neither evidence of ours nor a quote nor a certificate", 0);
}

/* -- an event log -------------------------------------------------------------------------------- */

enum bulla_status
bl_tpm_scheme_inspect(const struct bl_verification *verification, struct bl_claims *claims_out,
                      struct bulla_error *err)
{
    BL_TRY(bl_log_check(verification->evidence, BL_PCR_MASK_BOOT, err));
    *claims_out = (struct bl_claims){ .kind = kind };
    return BULLA_OK;
}

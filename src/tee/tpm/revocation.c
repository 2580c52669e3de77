/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tpm/revocation.h"

#include "base/memory.h"
#include "crypto/crl.h"

static const struct bl_certificate *
find_issuer(const struct bl_tpm_pieces *pieces, const struct bl_crl *crl)
{
    for (size_t i = 1; i < pieces->certificates.count; i++)
        if (bl_crl_is_of(crl, pieces->certificates.items[i]))
            return pieces->certificates.items[i];
    for (size_t i = 0; i < pieces->roots.count; i++)
        if (bl_crl_is_of(crl, pieces->roots.items[i]))
            return pieces->roots.items[i];
    return NULL;
}

/* One list: it is good, and none of the certificates that its issuer made is in it. */
static enum bulla_status
check_list(struct bulla_bytes bytes, const struct bl_tpm_pieces *pieces,
           const struct bl_verification *v, struct bl_claims *claims, bool *tells_of_leaf,
           struct bulla_error *err)
{
    BL_AUTO_FREE(bl_crl) crl = NULL;

    BL_TRY(bl_crl_parse(bytes, &crl, err));
    const struct bl_certificate *issuer = find_issuer(pieces, crl);
    if (issuer == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_CRL_ISSUER_MISMATCH, "revocation list",
                                "is of no authority of this chain");
    BL_TRY(bl_crl_verify_late(crl, issuer, v->now_s, v->collateral_grace_s, v->memo, err));
    if (bl_crl_late_s(crl, v->now_s) >= 0)
        bl_claims_late(claims, bl_crl_late_s(crl, v->now_s));
    for (size_t i = 0; i < pieces->certificates.count; i++) {
        const struct bl_certificate *certificate = pieces->certificates.items[i];
        if (!bl_certificate_is_issued_by(certificate, issuer))
            continue;
        if (bl_crl_lists(crl, certificate))
            return bulla_fail_cause(err, BULLA_CAUSE_REVOKED, "TPM certificate",
                                    "its issuer revoked it, or one above it");
        if (i == 0)
            *tells_of_leaf = true;
    }
    return BULLA_OK;
}

enum bulla_status
bl_tpm_check_revocation(const struct bl_verification *verification,
                        const struct bl_tpm_pieces *pieces, struct bl_claims *claims,
                        struct bulla_error *err)
{
    static const char *const roles[] = { "crl", "crls" };
    bool is_required = bl_equal(bl_input_find(verification, "require_crl"), BL_LITERAL("true"));
    bool tells_of_leaf = false;
    struct bulla_bytes list;

    for (size_t k = 0; k < BL_COUNT_OF(roles); k++)
        for (size_t i = 0; (list = bl_part_at(verification, roles[k], i)).size > 0; i++)
            BL_TRY(check_list(list, pieces, verification, claims, &tells_of_leaf, err));
    if (!tells_of_leaf && is_required)
        return bulla_fail_cause(err, BULLA_CAUSE_CRL_MISSING, "TPM certificate",
                                "no revocation list of its issuer");
    if (!tells_of_leaf)
        bl_claims_unchecked(claims, "crl");
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tpm/revocation.h: is the certificate of an attestation key, or one of its issuers, revoked?
 *
 * Lists come as parts "crl" or "crls" and are checked whenever they are there: fetched is not
 * verified. Input: "require_crl" ("true": a list of the key's issuer must be there).
 */
#ifndef BL_TEE_TPM_REVOCATION_H
#define BL_TEE_TPM_REVOCATION_H

#include "tee/tpm/pieces.h"

/** Of a chain that verified. Notes "crl" in `claims` if no list tells of the key itself. REVOKED,
 *  CRL_MISSING, CRL_ISSUER_MISMATCH (a list that is of none of them), and those of bl_crl_verify(). */
enum bulla_status bl_tpm_check_revocation(const struct bl_verification *verification,
                                          const struct bl_tpm_pieces *pieces,
                                          struct bl_claims *claims,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif

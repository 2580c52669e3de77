/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/dcap/collateral.h: what Intel says of a platform besides the quote: revocation lists, TCB info
 * and the identity of the quoting enclave, verified.
 *
 * Parts: "root_ca_crl", "pck_crl" (one of each authority may be there), "tcb_info",
 * "tcb_info_issuer_chain", "qe_identity", "qe_identity_issuer_chain" (or that of the TCB info).
 * Inputs: "require_crl" ("true": both lists must be there), "tcb_evaluation_floor" (the lowest
 * tcbEvaluationDataNumber that is taken: several are valid at once, and a host may serve the oldest).
 *
 * Guarantees: what is in struct bl_dcap_collateral was signed by Intel's TCB signing key, is of now,
 * and its signer is on no list. Fetched is not verified: there is no other way to get one.
 */
#ifndef BL_TEE_DCAP_COLLATERAL_H
#define BL_TEE_DCAP_COLLATERAL_H

#include "tee/dcap/pck.h"
#include "tee/dcap/tcb.h"

struct bl_dcap_collateral {
    struct bl_tcb_info *tcb_info;       /* NULL: not given */
    struct bl_qe_identity *qe_identity; /* NULL: not given */
};
void bl_dcap_collateral_done(struct bl_dcap_collateral *collateral);

/** Verify all that is given, against the root of a PCK chain that verified; what is missing but not
 *  fatal is noted in `claims`. *collateral is zero before. Causes: CRL_MISSING (with TCB info or
 *  identity, without the root's list), CRL_ISSUER_MISMATCH, REVOKED, COLLATERAL_SIGNATURE,
 *  COLLATERAL_EXPIRED, NOT_YET_VALID, EXPIRED, UNTRUSTED, WRONG_ROOT, MALFORMED, UNSUPPORTED;
 *  USAGE for a part given twice. */
enum bulla_status bl_dcap_collateral_verify(const struct bl_verification *v,
                                            const struct bl_pck *pck,
                                            struct bl_dcap_collateral *collateral,
                                            struct bl_claims *claims,
                                            struct bulla_error *err) BULLA_CHECKED;

/** The same without a platform: of documents as they are kept. Parts besides: "pck_crl_issuer_chain"
 *  (then the list is of that authority), or "root_ca_crl_issuer_chain" (the root itself) with the
 *  list of the root alone. The root is the one that the documents' certificates end at, and must be
 *  pinned. Says nothing of what a document is about. */
enum bulla_status bl_dcap_collateral_verify_alone(const struct bl_verification *v,
                                                  struct bl_dcap_collateral *collateral,
                                                  struct bulla_error *err) BULLA_CHECKED;

/** A decimal number from the inputs; *is_given_out false if there is none. Causes: USAGE. */
enum bulla_status bl_dcap_input_number(const struct bl_verification *v, const char *name,
                                       uint64_t most, bool *is_given_out, uint64_t *number_out,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif

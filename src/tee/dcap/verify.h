/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/dcap/verify.h: all checks that quotes of SGX and of TDX share, in their order.
 *
 * The chain of the PCK to Intel's root; revocation; TCB info and identity of the quoting enclave
 * (signature, dates); their fit to this platform; the TDX module; the quoting enclave's report and
 * that it vouches for the attestation key; which enclave that is; the quote's own signature; how the
 * platform is rated, and what that comes to with the ratings of module and quoting enclave; what
 * stands behind the quote.
 *
 * A rating is a claim, not a verdict: a genuine quote of a platform that is out of date is genuine.
 * Only a platform that reaches no level at all is refused here (TCB_NOT_SUPPORTED).
 */
#ifndef BL_TEE_DCAP_VERIFY_H
#define BL_TEE_DCAP_VERIFY_H

#include "tee/dcap/quote.h"
#include "tee/scheme.h"

/** What of a TD report is rated. */
struct bl_dcap_td {
    struct bulla_bytes tee_tcb_svn;     /* 16 bytes */
    struct bulla_bytes mr_signer_seam;  /* 48 */
    struct bulla_bytes seam_attributes; /* 8 */
    struct bulla_bytes tee_tcb_svn_2;   /* 16, or empty: a report of version 1.0 */
};

/** Verify a decoded quote and fill platform class, anchor, binding, platform id, TCB and what is
 *  unchecked. `td` is NULL for SGX. Causes: those of tee/dcap/pck.h and tee/dcap/collateral.h,
 *  TCB_INFO_MISMATCH, FMSPC_MISMATCH, PCEID_MISMATCH, TDX_MODULE_MISMATCH, REPORT_SIGNATURE,
 *  BINDING_MISMATCH, QE_IDENTITY_MISMATCH, QUOTE_SIGNATURE, TCB_NOT_SUPPORTED, NONCE_MISMATCH.
 *  On failure *claims is zero, but for claims->tcb if the rating is what failed. */
enum bulla_status bl_dcap_verify(const struct bl_verification *v, const struct bl_dcap_quote *quote,
                                 const struct bl_dcap_td *td, struct bulla_bytes report_data,
                                 struct bl_claims *claims, struct bulla_error *err) BULLA_CHECKED;

/** Write the members that all quotes have. */
enum bulla_status bl_dcap_describe(const struct bl_verification *v,
                                   const struct bl_dcap_quote *quote, struct bl_json_writer *out,
                                   struct bulla_error *err) BULLA_CHECKED;

/** A claim of at most 68 bytes. */
struct bl_claim_bytes bl_dcap_claim(struct bulla_bytes bytes);
/** The first 64 flags of at least 8 bytes. */
struct bl_claim_number bl_dcap_claim_flags(struct bulla_bytes attributes);

#endif

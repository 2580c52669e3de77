/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tpm/verify.h: the scheme "tpm".
 *
 * Evidence is what tee/tpm/evidence.h decodes. The class of the result is that of the anchor of the
 * platform layer; an enclave layer alone is `software`, whatever its anchor says, because
 * whoever holds an AK of a TPM can extend PCR 8 to 12 as he likes. Enclave identity comes only from
 * the enclave layer; platform id only from the layer that it belongs to.
 */
#ifndef BL_TEE_TPM_VERIFY_H
#define BL_TEE_TPM_VERIFY_H

#include "tee/scheme.h"

/** bl_scheme.verify of "tpm". */
enum bulla_status bl_tpm_verify(const struct bl_verification *verification,
                                struct bl_claims *claims_out,
                                struct bulla_error *err) BULLA_CHECKED;

/** A quote as other makers ship it, in pieces. */
struct bl_tpm_bare {
    struct bulla_bytes attest;
    struct bulla_bytes signature;    /* TPMT_SIGNATURE, or a bare RSASSA/SHA-256 value */
    struct bulla_bytes ak_public;    /* TPMT_PUBLIC, or empty */
    const struct bulla_bytes *chain; /* AK certificate and intermediates, DER, leaf first */
    size_t chain_count;
    const struct bl_pcr_bank *pcrs; /* the quoted values, or NULL: the claims have none */
    struct bulla_bytes event_log;   /* or empty */
    bool allows_sha1; /* of the signature: claims.platform.signature_hash then says so */
};
/** Verify one as a platform layer. The key is that of `ak_public`, else of the leaf, else the one
 *  enrolled AK among the anchors (whose attributes then are the operator's word). `evidence` and
 *  `parts` of *context are not used. */
enum bulla_status bl_tpm_verify_bare(const struct bl_tpm_bare *bare,
                                     const struct bl_verification *context,
                                     struct bl_claims *claims_out,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

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

/** A bare quote as other makers ship it: evidence = TPMS_ATTEST; parts "signature", "pcrs" (values
 *  of `requested`, ascending) and "event_log", and "ak_tpmt_public" or "ak_cert" (with
 *  "intermediate") for the key. Anchors as ever. Gives a platform layer. */
enum bulla_status bl_tpm_verify_bare(const struct bl_verification *verification,
                                     struct bl_claims *claims_out,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

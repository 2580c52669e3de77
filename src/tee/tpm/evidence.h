/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tpm/evidence.h: TPM evidence of one or two layers as one deterministic-CBOR structure.
 *
 * Format: docs/formats/tpm-evidence.md. A machine shows the layer "platform" alone. A process
 * enclave shows the layer "enclave" (its own vTPM, which the monitor holds) and, where the host has
 * a TPM that measured kernel and monitor, the layer "platform" around it: the outer quote's
 * extraData then commits to the Name of the inner AK and to the same binder, so that neither layer
 * can be swapped for another one's.
 * Does not: verify; see tee/tpm/verify.h.
 */
#ifndef BL_TEE_TPM_EVIDENCE_H
#define BL_TEE_TPM_EVIDENCE_H

#include "tee/tpm/ak.h"

#define BL_TPM_EVIDENCE_VERSION 1
#define BL_TPM_BINDER_SIZE 32 /* bytes: SHA-256 of the channel's report data, or a nonce */

/** One quote with all that goes with it. Views: borrowed. */
struct bl_tpm_layer {
    bool is_present;
    struct bulla_bytes attest;    /* TPMS_ATTEST */
    struct bulla_bytes signature; /* TPMT_SIGNATURE */
    struct bulla_bytes ak_public; /* TPM2B_PUBLIC */
    struct bulla_bytes
        ak_chain[BL_TPM_CHAIN_COUNT_MAX]; /* DER, leaf first; none for an enrolled AK */
    size_t ak_chain_count;
    struct bl_pcr_selection selection; /* what `pcr_values` are */
    struct bulla_bytes pcr_values;     /* ascending, concatenated */
    struct bulla_bytes event_log;      /* empty: none */
};
struct bl_tpm_evidence {
    struct bl_tpm_layer platform;
    struct bl_tpm_layer enclave;
};

/** Append the encoded evidence. BULLA_E_ARGUMENT without any layer. */
enum bulla_status bl_tpm_evidence_encode(const struct bl_tpm_evidence *evidence,
                                         struct bulla_buffer *out,
                                         struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_tpm_evidence_decode(struct bulla_bytes bytes,
                                         struct bl_tpm_evidence *evidence_out,
                                         struct bulla_error *err) BULLA_CHECKED;

/** extraData of the platform layer when it stands around an enclave layer:
 *  SHA-256(det-CBOR ["bulla-tpm-platform/1", name of the inner AK, binder]). The enclave layer, and
 *  a platform layer alone, carry the binder itself. */
enum bulla_status bl_tpm_platform_binder(const struct bl_tpm_name *inner_ak,
                                         const uint8_t binder[BL_TPM_BINDER_SIZE], uint8_t out[32],
                                         struct bulla_error *err) BULLA_CHECKED;

#endif

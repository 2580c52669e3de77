/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tpm/ak.h: may an attestation key be believed, and what stands behind it?
 *
 * Spec: TCG EK Credential Profile 2.5 (EK certificates, EKU 2.23.133.8.1), TCG IWG TPM Keys for
 * Platform Identity and Attestation 1.0 (AK certificates, EKU 2.23.133.8.3).
 * Guarantees: a certificate counts only for the very key that it certifies; roots come from the
 * caller's anchors alone; the platform class is the anchor entry's.
 */
#ifndef BL_TEE_TPM_AK_H
#define BL_TEE_TPM_AK_H

#include "tee/scheme.h"
#include "tee/tpm/structures.h"

#define BL_TPM_AK_USAGE "2.23.133.8.3" /* tcg-kp-AIKCertificate */
#define BL_TPM_EK_USAGE "2.23.133.8.1" /* tcg-kp-EKCertificate */
/* Extension of AK certificates that a broker of ours issues after credential activation: an OCTET
 * STRING with the platform id. An arc of X.667: made from a random UUID, nobody else's. */
#define BL_TPM_PLATFORM_ID_OID "2.25.160583692355776661242685381223140146238"

#define BL_TPM_CHAIN_COUNT_MAX 4 /* certificates from the leaf on, anchor not included */

/** What an anchor vouches for. */
struct bl_tpm_trust {
    const struct bl_anchor *anchor;
    struct bl_claim_bytes platform_id; /* absent if neither certificate nor anchor says it */
};

/** KEY_ATTRIBUTES unless restricted, sign, fixedTPM, fixedParent, sensitiveDataOrigin and not
 *  decrypt, with a signing scheme of its own. */
enum bulla_status bl_tpm_ak_attributes(const struct bl_tpm_public *ak,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Find the anchor of an AK: an enrolled key, else the chain (leaf first, DER). Causes: UNTRUSTED,
 *  KEY_MISMATCH (the certificate is for another key), EXPIRED, SIGNATURE, MALFORMED. */
enum bulla_status bl_tpm_ak_trust(const struct bl_key *key, const struct bulla_bytes *chain,
                                  size_t chain_count, const struct bl_anchor *anchors,
                                  size_t anchor_count, int64_t now_s,
                                  struct bl_tpm_trust *trust_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Verify an EK: certificate chain to an EK authority, EKU, for the very key of `ek`, which must be
 *  a restricted decryption key fixed to its TPM. The platform id is SHA-256 of its SPKI. */
enum bulla_status bl_tpm_ek_trust(const struct bl_tpm_public *ek, const struct bulla_bytes *chain,
                                  size_t chain_count, const struct bl_anchor *anchors,
                                  size_t anchor_count, int64_t now_s,
                                  struct bl_tpm_trust *trust_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** The value of the BL_TPM_PLATFORM_ID_OID extension: DER OCTET STRING of 32 bytes, appended. */
enum bulla_status bl_tpm_platform_id_encode(const uint8_t platform_id[32],
                                            struct bulla_buffer *der_out,
                                            struct bulla_error *err) BULLA_CHECKED;

#endif

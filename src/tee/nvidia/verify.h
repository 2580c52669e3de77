/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/nvidia/verify.h: attestation reports of NVIDIA GPUs.
 *
 * The device's certificates are the part "cert_chain" (PEM); their root is one of those pinned for
 * "nvidia", whether it stands in the chain or is given as "root". The leaf signs the report (ECDSA
 * P-384 with SHA-384); the digest of firmware in the report is one of those in the leaf.
 * Claims: platform_id is the SHA-256 of the key of the device's identity, which issued the leaf;
 * secured and debug as the leaf's flags have them, absent where it has none.
 * Does not: compare measurements with NVIDIA's reference manifests ("rim" is noted as not checked:
 * there is no code claim), or ask whether a certificate was revoked ("ocsp").
 */
#ifndef BL_TEE_NVIDIA_VERIFY_H
#define BL_TEE_NVIDIA_VERIFY_H

#include "tee/scheme.h"

enum bulla_status bl_nvidia_verify(const struct bl_verification *verification,
                                   struct bl_claims *claims_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** See bl_scheme.describe. */
enum bulla_status bl_nvidia_describe(const struct bl_verification *verification,
                                     struct bl_json_writer *out,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

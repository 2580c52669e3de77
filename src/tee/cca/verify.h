/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/cca/verify.h: Arm CCA attestation tokens.
 *
 * The platform token is signed by the CPAK, an anchor that the operator gives as "cpak" (several may
 * be given). It vouches for the realm's key (RAK) by carrying its digest as challenge, and that key
 * signs the realm token: without the digest, any realm token could be shown beside any platform
 * token. What the verifier asked for is the realm's challenge; of a platform token alone, its own.
 * Claims: code is the realm's initial measurement, config its personalization value, platform_id the
 * platform's instance id, secured and debug the platform's life cycle. A platform token alone speaks
 * of the platform's software: code and signer as in tee/psa/verify.h.
 * Does not: compare the platform's software components, its configuration or the realm's extensible
 * measurements with reference values ("reference_values" is noted as not checked).
 */
#ifndef BL_TEE_CCA_VERIFY_H
#define BL_TEE_CCA_VERIFY_H

#include "tee/scheme.h"

enum bulla_status bl_cca_verify(const struct bl_verification *verification,
                                struct bl_claims *claims_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** See bl_scheme.describe. */
enum bulla_status bl_cca_describe(const struct bl_verification *verification,
                                  struct bl_json_writer *out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif

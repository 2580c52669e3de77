/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/psa/verify.h: PSA attestation tokens (RFC 9783 and the two profiles before it), COSE_Sign1 with
 * ES256 or ES384.
 *
 * The initial attestation key is an anchor that the operator gives as "iak"; several may be given.
 * Claims: platform_id is the instance id, code the SHA-256 of all software components as they were
 * signed, signer the one who signed all of them (if one did), secured and debug the life cycle.
 * Does not: compare software components with a maker's reference values ("reference_values" is noted
 * as not checked), take COSE_Mac0, or know which key belongs to which instance.
 */
#ifndef BL_TEE_PSA_VERIFY_H
#define BL_TEE_PSA_VERIFY_H

#include "tee/scheme.h"

enum bulla_status bl_psa_verify(const struct bl_verification *verification,
                                struct bl_claims *claims_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** See bl_scheme.describe. */
enum bulla_status bl_psa_describe(const struct bl_verification *verification,
                                  struct bl_json_writer *out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif

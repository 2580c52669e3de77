/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/optee/verify.h: evidence of OP-TEE's attestation service (a measurement signed by the device).
 *
 * The key is made on the device at first use, and no vendor vouches for it: the operator enrols it and
 * gives it as the anchor "key"; several may be given. The nonce is covered by the signature and not in
 * the evidence: it is the part "nonce", or what the caller asked for. Claims: code is the digest,
 * platform_id the SHA-256 of the key's SubjectPublicKeyInfo.
 * Does not: know what the digest is of (a trusted application or the TEE itself): the service signs
 * both alike, so that only its value tells, by reference values; nor whether the device booted
 * securely before it made the key.
 */
#ifndef BL_TEE_OPTEE_VERIFY_H
#define BL_TEE_OPTEE_VERIFY_H

#include "tee/scheme.h"

/** Causes: MALFORMED, CLAIM_MISSING (no nonce), UNTRUSTED (no key given), KEY_ATTRIBUTES,
 *  REPORT_SIGNATURE, NONCE_MISMATCH. */
enum bulla_status bl_optee_verify(const struct bl_verification *verification,
                                  struct bl_claims *claims_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** See bl_scheme.describe. */
enum bulla_status bl_optee_describe(const struct bl_verification *verification,
                                    struct bl_json_writer *out,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif

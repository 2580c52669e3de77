/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/cert/verify.h: evidence in certificates: attested TLS as others do it.
 *
 * The certificate: signed by its own key, or up to an authority that the operator trusts as `ca`;
 * valid now. The evidence in it, by its own kind (SGX, TDX, SEV-SNP), with report data that stand for
 * the certificate's public key as the format defines it.
 * Claims: those of the evidence, its kind among them; binding none.
 *
 * Does not: prove that whoever showed the certificate holds its key, nor that the evidence is fresh:
 * both are TLS's and the relying party's to know, and a certificate can be shown again as long as it
 * is valid. What a certificate says besides its key (names, purposes) is nobody's word but the
 * `ca`'s.
 */
#ifndef BL_TEE_CERT_VERIFY_H
#define BL_TEE_CERT_VERIFY_H

#include "tee/scheme.h"

/** bl_scheme.verify of "cert". Causes besides the evidence's own: CLAIM_MISSING (no evidence),
 *  BINDING_MISMATCH (evidence for another key), UNTRUSTED, EXPIRED, NOT_YET_VALID, NONCE_MISMATCH. */
enum bulla_status bl_cert_verify(const struct bl_verification *verification,
                                 struct bl_claims *claims_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe of "cert". */
enum bulla_status bl_cert_describe(const struct bl_verification *verification,
                                   struct bl_json_writer *out,
                                   struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/nitro/verify.h: kind "nitro": attestation documents of AWS Nitro.
 *
 * Guarantees: the root in the document is compared with the pinned one and held to its own
 * signature; certificates on P-384, whose dates, path lengths and usages hold at the given time; the
 * signature is ES384 of the leaf; the nonce is the caller's. Debug mode is claimed, not judged.
 * Does not: look at the document's own time, which is the hypervisor's; nor ask for revocation: AWS
 * publishes no lists, its certificates live for hours.
 *
 *   root        collateral, optional: must be the pinned root, too
 *   user_data, public_key   inputs, optional: what the document must carry, in hexadecimal
 *
 * Claims of an enclave: code = SHA-384(PCR0 | PCR1 | PCR2), signer = PCR8 unless zero, debug,
 * isolation "vm". Of a machine (NitroTPM): its registers, as those of any TPM. platform_id of both:
 * SHA-256 of the instance's id.
 */
#ifndef BL_TEE_NITRO_VERIFY_H
#define BL_TEE_NITRO_VERIFY_H

#include "tee/nitro/structures.h"
#include "tee/scheme.h"

/** bl_scheme.verify. Causes: MALFORMED, UNSUPPORTED, CLAIM_MISSING, WRONG_ROOT, UNTRUSTED, EXPIRED,
 *  NOT_YET_VALID, COSE_SIGNATURE, NONCE_MISMATCH, BINDING_MISMATCH. */
enum bulla_status bl_nitro_verify(const struct bl_verification *verification,
                                  struct bl_claims *claims_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe. */
enum bulla_status bl_nitro_describe(const struct bl_verification *verification,
                                    struct bl_json_writer *out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** SHA-384 over the registers that measure an enclave's image: boundaries between kernel, command
 *  line and file systems show in PCR1 and PCR2 only. */
enum bulla_status bl_nitro_code(const struct bl_nitro_document *document, uint8_t digest_out[48],
                                struct bulla_error *err) BULLA_CHECKED;

#endif

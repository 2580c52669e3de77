/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/optee/structures.h: what OP-TEE's attestation service returns.
 *
 *   offset  size      field
 *   0       32        digest: SHA-256 of what was measured
 *   32      the rest  RSASSA-PSS (MGF1, SHA-256, salt of 32 bytes) over SHA-256(nonce | digest)
 *
 * Spec: OP-TEE OS, lib/libutee/include/pta_attestation.h and core/pta/attestation.c (4.x): pseudo
 * TA 39800861-182a-4720-9b67-2bcd622bc0b5. The signature is as long as the modulus, which the build
 * chooses: 2048 to 4096 bits here, 3072 by default.
 * Guarantees: total. Does not: know what was measured. The bytes do not say whether the digest is of
 * a trusted application or of the TEE itself; nor is the nonce in them.
 */
#ifndef BL_TEE_OPTEE_STRUCTURES_H
#define BL_TEE_OPTEE_STRUCTURES_H

#include "bulla/status.h"

#define BL_OPTEE_DIGEST_SIZE 32u     /* bytes */
#define BL_OPTEE_SIGNATURE_MIN 256u  /* bytes: RSA-2048 */
#define BL_OPTEE_SIGNATURE_MAX 512u  /* bytes: RSA-4096, MAX_KEY_SIZE of the service */
#define BL_OPTEE_NONCE_SIZE_MAX 1024 /* bytes; the service takes any size but none */

/** Views into the evidence. */
struct bl_optee_report {
    struct bulla_bytes digest;
    struct bulla_bytes signature;
};
/** BULLA_E_MALFORMED. */
enum bulla_status bl_optee_decode(struct bulla_bytes bytes, struct bl_optee_report *report_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tpm/credential.h: what only a TPM that is elsewhere can open: a credential for one of its keys
 * (TPM2_MakeCredential, done without a TPM), and an object to be imported.
 *
 * Spec: TPM 2.0 Library Part 1, 23.3 (duplication), 24 (credential protection), B.10.4 and C.6.4
 * (secret sharing, RSA and ECC), 11.4.10 (KDFa, KDFe).
 * Guarantees: only the TPM that holds the EK, and only while it holds a key of that Name, can give
 * the credential back. Intermediate keys live in locked memory.
 * Does not: judge EK or AK; call bl_tpm_ek_trust() and bl_tpm_ak_attributes() first, and compare
 * the answer with bl_equal(), once.
 */
#ifndef BL_TEE_TPM_CREDENTIAL_H
#define BL_TEE_TPM_CREDENTIAL_H

#include "base/secret.h"
#include "tee/tpm/structures.h"

/** Appended: *id_object_out a TPM2B_ID_OBJECT, *encrypted_secret_out a TPM2B_ENCRYPTED_SECRET, as
 *  TPM2_ActivateCredential takes them. `credential` is 1 to 32 bytes. EKs: RSA-2048 to 4096, P-256,
 *  P-384, name algorithm SHA-256 or SHA-384, AES-128 or AES-256 in CFB mode. */
enum bulla_status bl_tpm_make_credential(const struct bl_tpm_public *ek,
                                         const struct bl_tpm_name *ak_name,
                                         const struct bl_secret *credential,
                                         struct bulla_buffer *id_object_out,
                                         struct bulla_buffer *encrypted_secret_out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** Appended: *duplicate_out a TPM2B_PRIVATE, *encrypted_seed_out a TPM2B_ENCRYPTED_SECRET, as
 *  TPM2_Import takes them below `parent`, without an inner wrapper. `sensitive` is the TPMT_SENSITIVE
 *  of the object with this Name. */
enum bulla_status bl_tpm_make_duplicate(const struct bl_tpm_public *parent,
                                        const struct bl_tpm_name *object_name,
                                        const struct bl_secret *sensitive,
                                        struct bulla_buffer *duplicate_out,
                                        struct bulla_buffer *encrypted_seed_out,
                                        struct bulla_error *err) BULLA_CHECKED;

#endif

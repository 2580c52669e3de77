/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/identity.h: what an enclave is, said by its signer (`NAME.id`): a COSE_Sign1 over product,
 * version, code and config. Format: docs/formats/enclave-identity.md.
 *
 * Guarantees: verified with the key that the manifest pins, and compared field by field with what
 * is at hand; the predicted PCR values are computed again, never believed.
 * Does not: say that a version is the newest (the floor is the monitor's and the broker's), nor
 * what isolation will be in force (PCR 11).
 */
#ifndef BL_ENCLAVE_IDENTITY_H
#define BL_ENCLAVE_IDENTITY_H

#include "crypto/key.h"
#include "enclave/image.h"
#include "policy/appraisal.h"

#define BL_IDENTITY_DOCUMENT_SIZE_MAX 4096u /* bytes */

/** What is signed. */
struct bl_identity_document {
    char name[BL_MANIFEST_NAME_SIZE_MAX + 1];
    char product[BL_PRODUCT_SIZE_MAX + 1];
    uint64_t version;
    uint8_t code[32];   /* image digest */
    uint8_t config[32]; /* manifest digest */
    uint8_t signer[32]; /* SHA-256 of the signer's SubjectPublicKeyInfo */
};

/** The document of a manifest and an image. */
struct bl_identity_document bl_identity_document_make(const struct bl_manifest *manifest,
                                                      const uint8_t code[32]);
/** Append it signed by `signer` (Ed25519). BULLA_E_IDENTITY if that is not the manifest's signer,
 *  whose digest is in the document. */
enum bulla_status bl_identity_document_sign(const struct bl_identity_document *document,
                                            const struct bl_key *signer,
                                            struct bulla_buffer *bytes_out,
                                            struct bulla_error *err) BULLA_CHECKED;
/** Verify with the key that the manifest pins, then read. BULLA_E_SIGNATURE, BULLA_E_MALFORMED,
 *  BULLA_E_MISMATCH if the PCR values in it are not those of its fields. */
enum bulla_status bl_identity_document_open(struct bulla_bytes bytes, const uint8_t signer_raw[32],
                                            struct bl_identity_document *document_out,
                                            struct bulla_error *err) BULLA_CHECKED;

/** Bits of what differs. */
enum bl_identity_part {
    BL_PART_CODE = 1 << 0,
    BL_PART_CONFIG = 1 << 1,
    BL_PART_VERSION = 1 << 2,
    BL_PART_PRODUCT = 1 << 3,
    BL_PART_SIGNER = 1 << 4,
    BL_PART_NAME = 1 << 5
};
/** Which parts of `found` are not those of `expected`. */
unsigned bl_identity_document_differs(const struct bl_identity_document *found,
                                      const struct bl_identity_document *expected);
/** BULLA_OK if nothing differs; else BULLA_E_IDENTITY naming the first part that does, in the order
 *  signer, product, version, config, code, name, with found and expected. */
enum bulla_status bl_identity_document_match(const struct bl_identity_document *found,
                                             const struct bl_identity_document *expected,
                                             struct bulla_error *err) BULLA_CHECKED;

/** As the vTPM has it, with no isolation claimed: for bl_enclave_digests() once that is known. */
struct bl_enclave_identity bl_identity_document_enclave(
    const struct bl_identity_document *document);

/** The appraisal policy that lets exactly this enclave, or newer versions of its code and config
 *  only by another policy, have secrets: binding channel, isolation os or better. */
struct bl_identity_policy {
    const char *name;
    uint64_t version;                   /* of the policy */
    unsigned classes;                   /* bit 1 << enum bl_platform_class; never 0 */
    const struct bl_pcr_bank *platform; /* values (SHA-256) that the platform below must have; NULL:
                                           any, so that the enclave counts as software */
    int64_t not_after_s;
};
enum bulla_status bl_identity_document_policy(const struct bl_identity_document *document,
                                              const struct bl_identity_policy *how,
                                              struct bl_appraisal_policy *policy_out,
                                              struct bulla_error *err) BULLA_CHECKED;

#endif

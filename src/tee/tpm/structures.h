/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tpm/structures.h: the TPM 2.0 structures that evidence is made of, decoded strictly.
 *
 * Spec: TCG TPM 2.0 Library Part 2, rev 1.59: TPMT_PUBLIC (12.2.4), TPMS_ATTEST (10.12.8),
 * TPMS_QUOTE_INFO (10.12.1), TPML_PCR_SELECTION (10.9.7), TPMT_SIGNATURE (11.3.4); Part 1, 16 (Names).
 * All integers big-endian.
 * Guarantees: nothing short, nothing left over, unknown algorithms refused (BULLA_E_UNSUPPORTED).
 * Does not: verify a signature or judge attributes; views are borrowed from the input.
 */
#ifndef BL_TEE_TPM_STRUCTURES_H
#define BL_TEE_TPM_STRUCTURES_H

#include "crypto/key.h"
#include "measure/pcr.h"
#include "tee/tpm/name.h"

/* TPM_ALG_ID (TCG Algorithm Registry) */
enum {
    BL_TPM_ALG_RSA = 0x0001,
    BL_TPM_ALG_AES = 0x0006,
    BL_TPM_ALG_NULL = 0x0010,
    BL_TPM_ALG_RSASSA = 0x0014,
    BL_TPM_ALG_RSAPSS = 0x0016,
    BL_TPM_ALG_ECDSA = 0x0018,
    BL_TPM_ALG_ECC = 0x0023,
    BL_TPM_ALG_CFB = 0x0043
};
enum { BL_TPM_CURVE_P256 = 0x0003, BL_TPM_CURVE_P384 = 0x0004 };
#define BL_TPM_GENERATED 0xff544347u
#define BL_TPM_ST_ATTEST_QUOTE 0x8018u

/* TPMA_OBJECT (Part 2, 8.3) */
#define BL_TPM_FIXED_TPM 0x00000002u
#define BL_TPM_ST_CLEAR 0x00000004u
#define BL_TPM_FIXED_PARENT 0x00000010u
#define BL_TPM_SENSITIVE_DATA_ORIGIN 0x00000020u
#define BL_TPM_USER_WITH_AUTH 0x00000040u
#define BL_TPM_ADMIN_WITH_POLICY 0x00000080u
#define BL_TPM_RESTRICTED 0x00010000u
#define BL_TPM_DECRYPT 0x00020000u
#define BL_TPM_SIGN 0x00040000u

/** A key's public area: RSA, or ECC on P-256 or P-384. */
struct bl_tpm_public {
    struct bulla_bytes encoded; /* the TPMT_PUBLIC, whole */
    uint16_t type;              /* BL_TPM_ALG_RSA or BL_TPM_ALG_ECC */
    enum bl_hash name_hash;
    uint32_t attributes;
    struct bulla_bytes policy;
    uint16_t symmetric; /* BL_TPM_ALG_NULL, or of a storage key */
    uint16_t symmetric_bits;
    uint16_t symmetric_mode;
    uint16_t scheme; /* BL_TPM_ALG_NULL if the key has none */
    enum bl_hash scheme_hash;
    uint16_t rsa_bits;
    uint32_t rsa_exponent; /* never 0: the default is filled in */
    uint16_t curve;
    struct bulla_bytes unique_x; /* ECC x, or the RSA modulus */
    struct bulla_bytes unique_y;
};
/** A TPMT_PUBLIC. */
enum bulla_status bl_tpmt_public_decode(struct bulla_bytes bytes, struct bl_tpm_public *public_out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** A TPM2B_PUBLIC, as device/tpm.h gives it. */
enum bulla_status bl_tpm2b_public_decode(struct bulla_bytes bytes, struct bl_tpm_public *public_out,
                                         struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_tpm_public_name(const struct bl_tpm_public *public_area,
                                     struct bl_tpm_name *name_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** The key; BULLA_E_MALFORMED for a point off its curve or an RSA key below 2048 bits. */
enum bulla_status bl_tpm_public_key(const struct bl_tpm_public *public_area,
                                    struct bl_key **key_out, struct bulla_error *err) BULLA_CHECKED;
/** SHA-256 of the DER SubjectPublicKeyInfo: how platforms (EK) and enrolled AKs are named. */
enum bulla_status bl_tpm_key_digest(const struct bl_key *key, uint8_t digest_out[32],
                                    struct bulla_error *err) BULLA_CHECKED;

#define BL_TPM_SELECTION_COUNT_MAX 8 /* banks in one TPML_PCR_SELECTION */

/** A TPMS_ATTEST of type quote. */
struct bl_tpm_attest {
    struct bulla_bytes qualified_signer;
    struct bulla_bytes extra_data;
    uint64_t clock_ms;
    uint32_t reset_count;
    uint32_t restart_count;
    bool clock_is_safe;
    uint64_t firmware_version;
    struct bl_pcr_selection selections[BL_TPM_SELECTION_COUNT_MAX];
    size_t selection_count;
    struct bulla_bytes pcr_digest;
};
/** BULLA_E_MALFORMED for any other magic or type, or trailing bytes. */
enum bulla_status bl_tpm_attest_decode(struct bulla_bytes bytes, struct bl_tpm_attest *attest_out,
                                       struct bulla_error *err) BULLA_CHECKED;

#define BL_TPM_SIGNATURE_SIZE_MAX 512 /* bytes: RSA-4096 */

/** A TPMT_SIGNATURE in the raw form of bl_key_verify_digest(). */
struct bl_tpm_signature {
    uint16_t scheme; /* BL_TPM_ALG_RSASSA, _RSAPSS or _ECDSA */
    enum bl_hash hash;
    uint8_t raw[BL_TPM_SIGNATURE_SIZE_MAX]; /* r|s, padded to the curve's size, or the RSA value */
    size_t raw_size;
};
/** `key` tells the size of r and s. */
enum bulla_status bl_tpm_signature_decode(struct bulla_bytes bytes, const struct bl_key *key,
                                          struct bl_tpm_signature *signature_out,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif

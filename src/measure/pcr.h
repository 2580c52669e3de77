/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure/pcr.h: arithmetic of platform configuration registers.
 *
 * Spec: TCG TPM 2.0 Library Part 1, 17 (PCR operations); TCG PC Client Platform TPM Profile 1.05,
 * table 6 (values after Startup).
 * Does not: read a TPM, nor believe anything; a bank is what somebody says until a quote covers it.
 */
#ifndef BL_MEASURE_PCR_H
#define BL_MEASURE_PCR_H

#include "base/buffer.h"
#include "codec/reader.h"
#include "crypto/hash.h"

#define BL_PCR_COUNT 24
#define BL_PCR_MASK_ALL 0x00ffffffu
#define BL_PCR_MASK_BOOT 0x000000ffu /* PCR 0 to 7: firmware, its configuration, secure boot */
/* What stands around an enclave: those, loader, kernel, initrd, command line and their extensions
 * (8, 9, 11 to 14; UAPI Group Linux TPM PCR Registry). Not 10: IMA extends it at any moment, between
 * a quote and the reading of its values. */
#define BL_PCR_MASK_PLATFORM 0x00007bffu

/** PCRs of one bank; bit i of `mask` is PCR i. */
struct bl_pcr_selection {
    enum bl_hash bank; /* BL_SHA256, or BL_SHA384 where the TPM has it */
    uint32_t mask;     /* bits 0 to 23 */
};

/** Values of one bank. What is not in `mask` is not known; absent is not zero. */
struct bl_pcr_bank {
    enum bl_hash hash;
    uint32_t mask;                                  /* bit i: values[i] is known */
    uint8_t values[BL_PCR_COUNT][BL_HASH_SIZE_MAX]; /* the first bl_hash_size(hash) bytes count */
};

/** Hash of a TPM_ALG_ID (TCG Algorithm Registry); BL_HASH_NONE if it is not a digest we know. */
enum bl_hash bl_tcg_hash(uint16_t algorithm);
/** The reverse; 0 for BL_HASH_NONE. */
uint16_t bl_tcg_algorithm(enum bl_hash hash);

/** "sha1", "sha256", "sha384", "sha512": how banks are called in text; "none" for anything else. */
const char *bl_bank_word(enum bl_hash hash);
/** BL_HASH_NONE for an unknown word. */
enum bl_hash bl_bank_from_word(struct bulla_bytes word);

/** The value of one PCR, borrowed from *bank; empty if it is not known. */
struct bulla_bytes bl_pcr_value(const struct bl_pcr_bank *bank, unsigned index);
/** Set one PCR; `index` below BL_PCR_COUNT and `value` of the bank's size, else
 *  BULLA_E_MALFORMED. */
enum bulla_status bl_pcr_set(struct bl_pcr_bank *bank, unsigned index, struct bulla_bytes value,
                             struct bulla_error *err) BULLA_CHECKED;
/** A bank from the values of `selection`, concatenated in ascending order (as
 *  bl_tpm_pcr_read() gives them); BULLA_E_MALFORMED unless the size fits exactly. */
enum bulla_status bl_pcr_bank_read(struct bl_pcr_selection selection, struct bulla_bytes values,
                                   struct bl_pcr_bank *bank_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Values after TPM2_Startup(CLEAR): zeros, all ones for PCR 17 to 22 (no dynamic launch yet), and
 *  the locality of the start as the last byte of PCR 0. All 24 are known. */
enum bulla_status bl_pcr_bank_start(enum bl_hash hash, uint8_t startup_locality,
                                    struct bl_pcr_bank *bank_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** value = H(value | digest). The PCR must be known and the digest of the bank's size. */
enum bulla_status bl_pcr_extend(struct bl_pcr_bank *bank, unsigned index, struct bulla_bytes digest,
                                struct bulla_error *err) BULLA_CHECKED;
/** The digest of a quote or of PolicyPCR: H(values of the selection, ascending), with `hash` for H
 *  (the signing scheme's, not the bank's). BULLA_E_MISMATCH (PCR_MISMATCH, offset = PCR) if a
 *  selected value is not in *bank. Writes bl_hash_size(hash) bytes. */
enum bulla_status bl_pcr_composite(const struct bl_pcr_bank *bank,
                                   struct bl_pcr_selection selection, enum bl_hash hash,
                                   uint8_t *digest_out, struct bulla_error *err) BULLA_CHECKED;

#endif

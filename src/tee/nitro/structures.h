/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/nitro/structures.h: attestation documents of AWS Nitro as bytes.
 *
 * Spec: aws-nitro-enclaves-nsm-api, docs/attestation_process.md section 3.1; a COSE_Sign1 around a
 * CBOR map. Two types of document, told apart by the name of their registers: an enclave's
 * ("pcrs", 0 to 31), and that of an instance with NitroTPM ("nitrotpm_pcrs", all of 0 to 23).
 * Guarantees: total; nothing left over; every field once and within its limits; no field that we
 * do not know. Does not: verify anything.
 */
#ifndef BL_TEE_NITRO_STRUCTURES_H
#define BL_TEE_NITRO_STRUCTURES_H

#include "codec/cose.h"
#include "crypto/hash.h"
#include "crypto/x509.h"

#define BL_NITRO_PCR_COUNT 32
#define BL_NITRO_TPM_PCR_COUNT 24
#define BL_NITRO_CA_COUNT_MAX (BL_CHAIN_COUNT_MAX - 1) /* root included; documents have 4 */
#define BL_NITRO_MODULE_SIZE_MAX 128                   /* bytes; ids have about 40 */

/** A field that may be null, or not there. */
struct bl_nitro_field {
    bool is_present;
    struct bulla_bytes bytes;
};

/** Views into the document. */
struct bl_nitro_document {
    struct bl_cose_sign1 message;
    bool is_tagged;
    bool is_of_tpm;
    struct bulla_bytes module_id;
    enum bl_hash digest; /* of the registers */
    uint64_t timestamp_ms;
    uint32_t pcr_mask; /* bit i: pcrs[i] is there */
    struct bulla_bytes pcrs[BL_NITRO_PCR_COUNT];
    struct bulla_bytes certificate;                     /* DER: of the key that signed */
    struct bulla_bytes cabundle[BL_NITRO_CA_COUNT_MAX]; /* DER, from the root down */
    size_t cabundle_count;
    struct bl_nitro_field public_key;
    struct bl_nitro_field user_data;
    struct bl_nitro_field nonce;
};

/** BULLA_E_MALFORMED; BULLA_E_UNSUPPORTED for another algorithm or digest; CLAIM_MISSING without one
 *  of the fields that every document has. */
enum bulla_status bl_nitro_decode(struct bulla_bytes bytes, struct bl_nitro_document *document_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** An enclave in debug mode: the hypervisor leaves the registers that measure its image (0 to 2) at
 *  zero. True if any of them is: none can be by chance. */
bool bl_nitro_is_debug(const struct bl_nitro_document *document);

#endif

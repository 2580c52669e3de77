/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal.h: an appraisal policy with its reference values: data, canonical, hashed.
 *
 * Two forms of the same thing: JSON, which people write, and deterministic CBOR, whose SHA-256 is
 * the policy's digest. Format: docs/formats/appraisal-policy.md.
 * Guarantees: every field must be said; an empty list allows nothing; "do not care" is its own
 * explicit word (`any`), and only where it can be justified; unknown and repeated fields are
 * refused; lists are sets, sorted in the canonical form, so that equal policies have equal digests.
 * Does not: appraise (appraise/appraise.h), nor know who signed it.
 */
#ifndef BL_POLICY_APPRAISAL_H
#define BL_POLICY_APPRAISAL_H

#include "tee/claims.h"

#define BL_POLICY_SIZE_MAX ((size_t)1 << 20) /* bytes, of either form */
#define BL_POLICY_LIST_COUNT_MAX 4096        /* platform ids, code digests, ... */
#define BL_POLICY_NAME_SIZE_MAX 64           /* bytes */

enum bl_policy_subject {
    BL_SUBJECT_ABSENT = 0,
    BL_SUBJECT_MACHINE, /* a machine's own TPM; no enclave identity is asked for */
    BL_SUBJECT_ENCLAVE
};

/** A set of 32-byte digests; empty and not `any`: nothing matches. */
struct bl_digest_set {
    bool any;
    uint8_t (*digests)[32]; /* owned, ascending, distinct */
    size_t count;
};

/** Values that one PCR of the platform may have: any one of them. */
struct bl_pcr_reference {
    enum bl_hash bank;
    unsigned pcr;
    uint8_t (*values)[BL_HASH_SIZE_MAX]; /* owned, ascending, distinct */
    size_t count;
};

struct bl_appraisal_policy {
    char name[BL_POLICY_NAME_SIZE_MAX + 1];
    uint64_t version;
    enum bl_policy_subject subject;
    enum bl_binding binding; /* weakest accepted */
    unsigned classes;        /* bit 1 << enum bl_platform_class */
    struct bl_digest_set platform_ids;
    bool any_platform_state;                /* no reference values for the platform's PCRs */
    struct bl_pcr_reference *platform_pcrs; /* owned; all of them must match; by bank, then PCR */
    size_t platform_pcr_count;
    int64_t not_after_s; /* Unix seconds: the policy itself expires */
    /* subject enclave only */
    unsigned isolations;          /* bit 1 << enum bl_isolation */
    struct bl_digest_set signers; /* `any` is not permitted */
    char product[BL_PRODUCT_SIZE_MAX + 1];
    uint64_t version_minimum;
    struct bl_digest_set codes;
    struct bl_digest_set configs;
    uint8_t digest[32]; /* SHA-256 of the canonical form; set by the decoders */
};
void bl_appraisal_policy_done(struct bl_appraisal_policy *policy);

/** From canonical CBOR; BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED (another format version). */
enum bulla_status bl_appraisal_policy_decode(struct bulla_bytes cbor,
                                             struct bl_appraisal_policy *policy_out,
                                             struct bulla_error *err) BULLA_CHECKED;
/** Append the canonical CBOR. */
enum bulla_status bl_appraisal_policy_encode(const struct bl_appraisal_policy *policy,
                                             struct bulla_buffer *out,
                                             struct bulla_error *err) BULLA_CHECKED;
/** From the JSON that people write. */
enum bulla_status bl_appraisal_policy_from_json(struct bulla_bytes json,
                                                struct bl_appraisal_policy *policy_out,
                                                struct bulla_error *err) BULLA_CHECKED;

#endif

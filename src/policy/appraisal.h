/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal.h: an appraisal policy with its reference values: data, canonical, hashed.
 *
 * Two forms of the same thing: YAML (or JSON, which the strict profile reads as well), which people
 * write, and deterministic CBOR, whose SHA-256 is the policy's digest. Format:
 * docs/formats/appraisal-policy.md.
 * Guarantees: every field must be said; an empty list allows nothing; "do not care" is its own
 * explicit word (`any`), and only where it can be justified; unknown and repeated fields are
 * refused; lists are sets, sorted in the canonical form, so that equal policies have equal digests.
 * Does not: appraise (appraise/appraise.h), nor know who signed it.
 */
#ifndef BL_POLICY_APPRAISAL_H
#define BL_POLICY_APPRAISAL_H

#include "policy/digest_set.h"
#include "tee/claims.h"

#define BL_POLICY_FORMAT 1
#define BL_POLICY_SIZE_MAX ((size_t)1 << 20) /* bytes of the canonical form */
#define BL_POLICY_LIST_COUNT_MAX 1024        /* platform ids, code digests, ... */
#define BL_POLICY_PCR_COUNT_MAX 48           /* two banks of 24 */
#define BL_POLICY_NAME_SIZE_MAX 64           /* bytes */

enum bl_policy_subject {
    BL_SUBJECT_ABSENT = 0,
    BL_SUBJECT_MACHINE, /* a machine's own TPM; no enclave identity is asked for */
    BL_SUBJECT_ENCLAVE
};

/** Values that one PCR of the platform may have: any one of them. */
struct bl_pcr_reference {
    struct bl_pcr_selection pcr; /* one bit of the mask */
    struct bl_digest_set values; /* never `any` */
};

struct bl_appraisal_policy {
    char name[BL_POLICY_NAME_SIZE_MAX + 1];
    uint64_t version;
    enum bl_policy_subject subject;
    enum bl_binding binding; /* weakest accepted */
    unsigned classes;        /* bit 1 << enum bl_platform_class */
    struct bl_digest_set platform_ids;
    bool any_platform_state;                /* no reference values for the platform's PCRs */
    struct bl_pcr_reference *platform_pcrs; /* owned; all must match; ascending by bank, then PCR */
    size_t platform_pcr_count;
    int64_t not_after_s; /* Unix seconds: the policy itself expires */
    /* subject enclave only */
    unsigned isolations;          /* bit 1 << enum bl_isolation */
    struct bl_digest_set signers; /* `any` is not permitted */
    char product[BL_PRODUCT_SIZE_MAX + 1];
    uint64_t version_minimum;
    struct bl_digest_set codes;
    struct bl_digest_set configs;
    uint8_t digest[32]; /* SHA-256 of the canonical form: set by whatever reads a policy */
};
void bl_appraisal_policy_done(struct bl_appraisal_policy *policy);
/** "machine", "enclave"; "absent" for anything else. */
const char *bl_policy_subject_word(enum bl_policy_subject subject);
/** BL_SUBJECT_ABSENT for an unknown word. */
enum bl_policy_subject bl_policy_subject_from_word(struct bulla_bytes word);

/** Room for `count` references in a policy that has none. */
enum bulla_status bl_appraisal_policy_new_pcrs(struct bl_appraisal_policy *policy, size_t count,
                                               struct bulla_error *err) BULLA_CHECKED;

/** From canonical CBOR; BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED (another format version). */
enum bulla_status bl_appraisal_policy_decode(struct bulla_bytes cbor,
                                             struct bl_appraisal_policy *policy_out,
                                             struct bulla_error *err) BULLA_CHECKED;
/** Append the canonical CBOR. */
enum bulla_status bl_appraisal_policy_encode(const struct bl_appraisal_policy *policy,
                                             struct bulla_buffer *out,
                                             struct bulla_error *err) BULLA_CHECKED;
/** From the YAML or JSON that people write: lists in any order, the canonical form is made here. */
enum bulla_status bl_appraisal_policy_from_yaml(struct bulla_bytes yaml,
                                                struct bl_appraisal_policy *policy_out,
                                                struct bulla_error *err) BULLA_CHECKED;

#endif

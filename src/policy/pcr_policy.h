/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/pcr_policy.h: states of a boot chain that somebody signed, each a branch of PCR values.
 *
 * What is sealed names the key that may sign (PolicyAuthorize) and opens in whatever state that key
 * has signed since; a counter in the TPM takes back what was signed below its value.
 * Spec: docs/formats/pcr-policy.md; TPM 2.0 Part 3, 23.16.
 * Guarantees: decoded policies are canonical and within the caps; the signature covers the states,
 * the sequence, the counter and the class.
 * Does not: say whether a state is a good one; whoever signs does.
 */
#ifndef BL_POLICY_PCR_POLICY_H
#define BL_POLICY_PCR_POLICY_H

#include "crypto/key.h"
#include "measure/policy_digest.h"
#include "tee/tpm/name.h"

#define BL_PCR_BRANCH_COUNT_MAX 4096 /* four levels of PolicyOR */
#define BL_PCR_POLICY_LEVEL_MAX 4
#define BL_PCR_POLICY_SIZE_MAX ((size_t)768 << 10) /* bytes: it has to fit into a blob's slots */
#define BL_PCR_POLICY_CLASS_SIZE_MAX 64            /* bytes of UTF-8 */
#define BL_PCR_POLICY_SIGNATURE_SIZE 64            /* bytes: P-256, r|s */
#define BL_PCR_POLICY_REF_SIZE 32                  /* bytes */
#define BL_PCR_COUNTER_DEFAULT 0x01800b10u         /* NV index of the revocation counter */

/** One state that opens. */
struct bl_pcr_branch {
    struct bl_pcr_selection pcrs;
    struct bulla_bytes values; /* borrowed; of the selection, ascending */
};

struct bl_pcr_policy {
    uint64_t sequence; /* it holds while the counter is not above; 0 without a counter */
    struct bl_pcr_branch *branches;
    size_t branch_count;
    uint32_t counter_index;          /* 0: none, it cannot be revoked */
    struct bl_tpm_name counter_name; /* size 0: none */
    struct bulla_bytes class_name;   /* borrowed; what kind of blobs it is for; may be empty */
    uint8_t signature[BL_PCR_POLICY_SIGNATURE_SIZE];
};
/** Frees the branches; what they borrow is not its own. */
void bl_pcr_policy_done(struct bl_pcr_policy *policy);

/** The views stay borrowed from `bytes`. */
enum bulla_status bl_pcr_policy_decode(struct bulla_bytes bytes, struct bl_pcr_policy *policy_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Append. BULLA_E_LIMIT beyond a cap, BULLA_E_ARGUMENT for what decoding would refuse. */
enum bulla_status bl_pcr_policy_encode(const struct bl_pcr_policy *policy, struct bulla_buffer *out,
                                       struct bulla_error *err) BULLA_CHECKED;

/** The policyRef: what the sealer bound to and the signer signs for, so that a policy for another
 *  counter, another class or none does not open. `counter_name` is empty without a counter. */
enum bulla_status bl_pcr_policy_ref(struct bulla_bytes counter_name, struct bulla_bytes class_name,
                                    uint8_t ref_out[BL_PCR_POLICY_REF_SIZE],
                                    struct bulla_error *err) BULLA_CHECKED;
/** The digest that a session has once one branch and the counter were asserted. */
enum bulla_status bl_pcr_policy_digest(const struct bl_pcr_policy *policy,
                                       struct bl_policy_digest *digest_out,
                                       struct bulla_error *err) BULLA_CHECKED;

/** Sign with a P-256 key pair; sets policy->signature. */
enum bulla_status bl_pcr_policy_sign(struct bl_pcr_policy *policy, const struct bl_key *key,
                                     struct bulla_error *err) BULLA_CHECKED;
/** POLICY_NOT_SIGNED, also if it is for another reference than `ref`. */
enum bulla_status bl_pcr_policy_verify(const struct bl_pcr_policy *policy,
                                       const struct bl_key *authority,
                                       const uint8_t ref[BL_PCR_POLICY_REF_SIZE],
                                       struct bulla_error *err) BULLA_CHECKED;

/** Append the TPMT_PUBLIC under which a TPM knows the key; BULLA_E_UNSUPPORTED unless P-256. */
enum bulla_status bl_pcr_authority_public(const struct bl_key *authority, struct bulla_buffer *out,
                                          struct bulla_error *err) BULLA_CHECKED;
/** Its Name. */
enum bulla_status bl_pcr_authority_name(const struct bl_key *authority,
                                        struct bl_tpm_name *name_out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** The Name of a counter as bl_tpm_counter_define() leaves it, the same in every TPM. */
enum bulla_status bl_pcr_counter_name(uint32_t index, struct bl_tpm_name *name_out,
                                      struct bulla_error *err) BULLA_CHECKED;

/** How one branch compares with a machine. */
struct bl_pcr_match {
    size_t branch;
    uint32_t differs; /* mask; 0: it holds */
};
/** The first branch that holds, or else the first of those that differ least. `banks` are what the
 *  machine has, for every bank that the policy uses; a PCR not in them differs. */
struct bl_pcr_match bl_pcr_policy_match(const struct bl_pcr_policy *policy,
                                        const struct bl_pcr_bank *banks, size_t bank_count);
/** The value of a PCR in a branch; empty if it is not in it. */
struct bulla_bytes bl_pcr_branch_value(const struct bl_pcr_branch *branch, unsigned pcr);
/** The PCRs of one bank that some branch binds. */
uint32_t bl_pcr_policy_mask(const struct bl_pcr_policy *policy, enum bl_hash bank);

/** The way from one branch to the root: the PolicyOR lists to be given, from below. A branch that
 *  stands alone on a level passes it without one. */
struct bl_pcr_path {
    struct bl_policy_digest lists[BL_PCR_POLICY_LEVEL_MAX][BL_POLICY_OR_MAX];
    size_t counts[BL_PCR_POLICY_LEVEL_MAX];
    size_t list_count;
};
enum bulla_status bl_pcr_policy_path(const struct bl_pcr_policy *policy, size_t branch,
                                     struct bl_pcr_path *path_out,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot/predict.h: the PCR states that a machine may come up in, made into one signed policy.
 *
 * Each PCR has one or more values that are fine; every combination of them is a branch. Branches of a
 * policy that was signed before can stay, so that the system of today opens as well as that of tomorrow.
 * Format: docs/formats/pcr-policy.md.
 * Does not: know where a value comes from (an image, an event log, the TPM); the caller does.
 */
#ifndef BL_BOOT_PREDICT_H
#define BL_BOOT_PREDICT_H

#include "policy/pcr_policy.h"

/** Values collected so far. Zero-initialised but for `bank`. */
struct bl_prediction {
    enum bl_hash bank;                        /* SHA-256 or SHA-384 */
    struct bulla_buffer values[BL_PCR_COUNT]; /* one after another */
    struct bulla_buffer earlier;              /* an earlier policy, encoded; empty: none */
};
void bl_prediction_done(struct bl_prediction *prediction);

/** One more value of a PCR; one that is there already is not doubled. BULLA_E_MALFORMED for another
 *  size or no such PCR. */
enum bulla_status bl_prediction_add(struct bl_prediction *prediction, unsigned pcr,
                                    struct bulla_bytes value,
                                    struct bulla_error *err) BULLA_CHECKED;

/** What the policy is for. */
struct bl_prediction_terms {
    uint64_t sequence;
    uint32_t counter_index; /* 0: none: it cannot be revoked, and the sequence is 0 */
    struct bulla_bytes class_name;
    const struct bl_key *key; /* P-256 pair */
};
/** Append the policy of all combinations, then the branches of the earlier one that are not among them.
 *  BULLA_E_USAGE without a value, LIMIT beyond 4096 branches or 768 KiB. */
enum bulla_status bl_prediction_sign(const struct bl_prediction *prediction,
                                     const struct bl_prediction_terms *terms,
                                     struct bulla_buffer *policy_out, size_t *branch_count_out,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure/policy_digest.h: the digest of a TPM 2.0 policy, computed without a TPM.
 *
 * Spec: TPM 2.0 Part 3, 23.6 (PolicyOR), 23.7 (PolicyPCR), 23.9 (PolicyNV), 23.16 (PolicyAuthorize),
 * 23.17 (PolicyAuthValue). Each assertion replaces the digest by H(digest || command code ||
 * arguments), beginning with zeros. H is SHA-256 throughout.
 * Does not: ask a TPM whether an assertion holds.
 */
#ifndef BL_MEASURE_POLICY_DIGEST_H
#define BL_MEASURE_POLICY_DIGEST_H

#include "measure/pcr.h"

#define BL_POLICY_DIGEST_SIZE 32 /* bytes */
#define BL_POLICY_NAME_SIZE 34   /* bytes: a Name with SHA-256, the only kind bound here */
#define BL_POLICY_OR_MIN 2
#define BL_POLICY_OR_MAX 8 /* branches of one PolicyOR */

struct bl_policy_digest {
    uint8_t bytes[BL_POLICY_DIGEST_SIZE];
};

/** TPM_EO (Part 2, 6.8): content of the index, operation, operand. */
enum bl_policy_operation { BL_POLICY_AT_LEAST = 0x0007, BL_POLICY_AT_MOST = 0x0009 };

/** `values` are those of the selection, ascending, concatenated: SHA-256 or SHA-384, bits 0 to 23. */
enum bulla_status bl_policy_assert_pcrs(struct bl_policy_digest *digest,
                                        struct bl_pcr_selection pcrs, struct bulla_bytes values,
                                        struct bulla_error *err) BULLA_CHECKED;
/** The first eight bytes of the index with this Name, big-endian, compared with `operand`. */
enum bulla_status bl_policy_assert_nv(struct bl_policy_digest *digest, struct bulla_bytes nv_name,
                                      enum bl_policy_operation operation, uint64_t operand,
                                      struct bulla_error *err) BULLA_CHECKED;
/** One of `count` branches holds, 2 to 8. What was asserted before is in the branches. */
enum bulla_status bl_policy_assert_or(struct bl_policy_digest *digest,
                                      const struct bl_policy_digest *branches, size_t count,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Whatever the key of this Name signed for `policy_ref`. What was asserted before is in what was
 *  signed: the digest depends on the key and on the reference alone. */
enum bulla_status bl_policy_assert_authorize(struct bl_policy_digest *digest,
                                             struct bulla_bytes key_name,
                                             struct bulla_bytes policy_ref,
                                             struct bulla_error *err) BULLA_CHECKED;
/** The authorization value of the object is asked for as well. */
enum bulla_status bl_policy_assert_auth_value(struct bl_policy_digest *digest,
                                              struct bulla_error *err) BULLA_CHECKED;

#endif

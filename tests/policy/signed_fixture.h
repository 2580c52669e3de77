/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/policy/signed_fixture.h: an authority, and policies that it signs.
 */
#ifndef TESTS_POLICY_SIGNED_FIXTURE_H
#define TESTS_POLICY_SIGNED_FIXTURE_H

#include "unit.h"

#include "policy/pcr_policy.h"

#define REVOCATION_COUNTER 0x01800020u

static inline struct bl_key *
new_authority(void)
{
    struct bulla_error err = { 0 };
    struct bl_key *key = NULL;

    assert_ok(bl_key_generate(BL_KEY_P256, &key, &err), &err);
    return key;
}

/** A policy with these branches, for the counter where there is one; not signed yet. */
static inline struct bl_pcr_policy
new_policy(const struct bl_pcr_branch *branches, size_t branch_count, uint32_t counter,
           uint64_t sequence)
{
    struct bulla_error err = { 0 };
    struct bl_pcr_policy policy = { .sequence = sequence,
                                    .branches = bl_alloc(branch_count, sizeof branches[0]),
                                    .branch_count = branch_count,
                                    .counter_index = counter };

    assert_non_null(policy.branches);
    memcpy(policy.branches, branches, branch_count * sizeof branches[0]);
    if (counter != 0)
        assert_ok(bl_pcr_counter_name(counter, &policy.counter_name, &err), &err);
    return policy;
}

static inline void
sign_policy(struct bl_pcr_policy *policy, const struct bl_key *key)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_pcr_policy_sign(policy, key, &err), &err);
}

static inline void
ref_of(const struct bl_pcr_policy *policy, uint8_t ref[BL_PCR_POLICY_REF_SIZE])
{
    struct bulla_error err = { 0 };

    assert_ok(bl_pcr_policy_ref(
                  (struct bulla_bytes){ policy->counter_name.bytes, policy->counter_name.size },
                  policy->class_name, ref, &err),
              &err);
}

#endif

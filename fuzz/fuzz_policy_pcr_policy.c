/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever policy is taken has one encoding, every branch has a value for each of its PCRs, and each
 * way leads to a digest.
 */
#include "fuzz.h"

#include "policy/pcr_policy.h"

static void
check_branch(const struct bl_pcr_branch *branch)
{
    size_t count = 0;

    for (unsigned pcr = 0; pcr < BL_PCR_COUNT; pcr++)
        count += bl_pcr_branch_value(branch, pcr).size > 0;
    FUZZ_ASSERT(count > 0 && count * bl_hash_size(branch->pcrs.bank) == branch->values.size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bulla_bytes input = { data, size };
    BL_AUTO(bl_pcr_policy) policy = { 0 };
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bl_policy_digest digest;
    struct bl_pcr_path path;

    if (bl_pcr_policy_decode(input, &policy, NULL) != BULLA_OK) {
        FUZZ_ASSERT(policy.branches == NULL);
        return 0;
    }
    for (size_t i = 0; i < policy.branch_count; i++)
        check_branch(&policy.branches[i]);
    FUZZ_ASSERT(bl_pcr_policy_encode(&policy, &again, NULL) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&again), input));
    FUZZ_ASSERT(bl_pcr_policy_digest(&policy, &digest, NULL) == BULLA_OK);
    FUZZ_ASSERT(bl_pcr_policy_path(&policy, policy.branch_count - 1, &path, NULL) == BULLA_OK);
    return 0;
}

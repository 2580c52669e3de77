/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy in canonical form has one encoding; one that people write comes back from its canonical
 * form with the same digest; signers are never `any`, and `any` never accepts what is absent.
 */
#include "fuzz.h"

#include "policy/appraisal.h"

static void
check_policy(const struct bl_appraisal_policy *policy, struct bulla_bytes original)
{
    BL_AUTO(bulla_buffer) canonical = { 0 };
    BL_AUTO(bl_appraisal_policy) again = { 0 };

    FUZZ_ASSERT(bl_appraisal_policy_encode(policy, &canonical, NULL) == BULLA_OK);
    FUZZ_ASSERT(original.size == 0 || fuzz_same_bytes(bulla_buffer_bytes(&canonical), original));
    FUZZ_ASSERT(bl_appraisal_policy_decode(bulla_buffer_bytes(&canonical), &again, NULL) ==
                BULLA_OK);
    FUZZ_ASSERT(memcmp(again.digest, policy->digest, sizeof again.digest) == 0);
    FUZZ_ASSERT(!policy->signers.any);
    FUZZ_ASSERT(!bl_digest_set_has(&policy->codes, (struct bulla_bytes){ NULL, 0 }));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bl_appraisal_policy) decoded = { 0 };
    BL_AUTO(bl_appraisal_policy) written = { 0 };
    struct bulla_error err = { 0 };
    struct bulla_bytes bytes = { data, size };
    enum bulla_status status = bl_appraisal_policy_decode(bytes, &decoded, &err);

    if (status == BULLA_OK)
        check_policy(&decoded, bytes);
    else
        fuzz_check_refusal(status, &err);
    err = (struct bulla_error){ 0 };
    status = bl_appraisal_policy_from_yaml(bytes, &written, &err);
    if (status == BULLA_OK)
        check_policy(&written, (struct bulla_bytes){ NULL, 0 });
    else
        fuzz_check_refusal(status, &err);
    return 0;
}

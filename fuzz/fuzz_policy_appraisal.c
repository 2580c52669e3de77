/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy in canonical form has one encoding; one that people write comes back from its canonical
 * form with the same digest; some of code and signer is named, `any` never accepts what is absent, and
 * a revoked TCB is never accepted.
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
    FUZZ_ASSERT(policy->format != BL_POLICY_FORMAT_1 || policy->signers.said == BL_SAID_LIST);
    FUZZ_ASSERT(policy->codes.said != BL_SAID_ANY || policy->signers.said == BL_SAID_LIST ||
                policy->subject != BL_SUBJECT_ENCLAVE);
    FUZZ_ASSERT(bl_policy_list_match(&policy->codes, (struct bulla_bytes){ NULL, 0 }, 0, NULL) ==
                BL_MATCH_NONE);
    FUZZ_ASSERT((policy->tcb_statuses >> BL_TCB_REVOKED & 1u) == 0);
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

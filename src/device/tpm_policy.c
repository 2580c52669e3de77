/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_policy.c: the digest of a policy, computed without a TPM.
 */
#include <string.h>

#include "base/memory.h"
#include "device/tpm_internal.h"

static enum bulla_status
assert_authority(const struct bl_tpm_policy *policy, struct bl_policy_digest *digest,
                 struct bulla_error *err)
{
    struct bl_tpm_name name;

    BL_TRY(bl_pcr_authority_name(policy->authority, &name, err));
    return bl_policy_assert_authorize(digest, (struct bulla_bytes){ name.bytes, name.size },
                                      BL_BYTES_OF(policy->policy_ref), err);
}

enum bulla_status
bl_tpm_policy_digest(const struct bl_tpm_policy *policy, uint8_t digest_out[32],
                     struct bulla_error *err)
{
    struct bl_policy_digest digest = { { 0 } };

    if (policy->authority != NULL)
        BL_TRY(assert_authority(policy, &digest, err));
    if (policy->pcrs.mask != 0)
        BL_TRY(bl_policy_assert_pcrs(&digest, policy->pcrs, policy->pcr_values, err));
    if (policy->nv_index != 0)
        BL_TRY(bl_policy_assert_nv(&digest, policy->nv_name, BL_POLICY_AT_LEAST, policy->nv_minimum,
                                   err));
    if (policy->with_pin)
        BL_TRY(bl_policy_assert_auth_value(&digest, err));
    memcpy(digest_out, digest.bytes, sizeof digest.bytes);
    return BULLA_OK;
}

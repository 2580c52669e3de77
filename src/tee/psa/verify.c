/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/psa/verify.h"

#include "tee/psa/structures.h"

enum bulla_status
bl_psa_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
              struct bulla_error *err)
{
    struct bl_claims claims = { .kind = "psa", .binding = verification->binding };
    const struct bl_anchor *anchor = NULL;
    struct bl_psa_token token;

    BL_TRY(bl_psa_token_decode(verification->evidence, &token, err));
    BL_TRY(bl_arm_verify(verification, "iak", &token.message, &anchor, err));
    BL_TRY(bl_check_binder(verification, token.claims.nonce, err));
    bl_arm_claim_platform(anchor, token.claims.instance_id, token.claims.lifecycle, &claims);
    claims.isolation = BL_ISOLATION_HARDWARE; /* the secure processing environment */
    if (token.claims.components.count > 0)
        BL_TRY(bl_arm_claim_components(&token.claims.components, &claims, err));
    bl_claims_unchecked(&claims, "reference_values");
    *claims_out = claims;
    return BULLA_OK;
}

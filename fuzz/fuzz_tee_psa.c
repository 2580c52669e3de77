/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token that decodes has everything that its profile demands, and is shown as JSON that our own
 * reader takes. Without a key to trust, none is believed.
 */
#include "fuzz_scheme.h"

#include "tee/psa/structures.h"
#include "tee/psa/verify.h"

static void
check(const struct bl_psa_token *token)
{
    const struct bl_psa_claims *claims = &token->claims;

    FUZZ_ASSERT(token->message.algorithm == BL_COSE_ES256 ||
                token->message.algorithm == BL_COSE_ES384);
    FUZZ_ASSERT(fuzz_is_digest(claims->nonce));
    FUZZ_ASSERT(claims->instance_id.size == 33 && claims->instance_id.data[0] == 0x01);
    FUZZ_ASSERT(claims->implementation_id.size == 32);
    FUZZ_ASSERT((claims->lifecycle & 0x0f00) == 0 && claims->lifecycle < 0x6100);
    FUZZ_ASSERT(claims->components.count > 0 || claims->is_profile_1);
    FUZZ_ASSERT(!claims->is_profile_1 || claims->boot_seed.size == 32);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_verification v = { .evidence = { data, size } };
    struct bl_psa_token token = { 0 };
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_psa_token_decode(v.evidence, &token, &err);

    if (status == BULLA_OK) {
        check(&token);
        FUZZ_ASSERT(fuzz_describe(bl_psa_describe, &v, NULL) == BULLA_OK);
        FUZZ_ASSERT(bl_psa_verify(&v, &claims, &err) == BULLA_E_UNTRUSTED);
    } else {
        FUZZ_ASSERT(token.message.payload.data == NULL);
        fuzz_check_refusal(status, &err);
        FUZZ_ASSERT(bl_psa_verify(&v, &claims, NULL) == status);
    }
    FUZZ_ASSERT(claims.kind == NULL);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token that decodes has everything that its profile demands, and is shown as JSON that our own
 * reader takes. Without a key to trust, none is believed.
 */
#include "fuzz_scheme.h"

#include "tee/cca/structures.h"
#include "tee/cca/verify.h"

static void
check(const struct bl_cca_token *token)
{
    const struct bl_cca_platform *platform = &token->platform;
    const struct bl_cca_realm *realm = &token->realm;

    FUZZ_ASSERT(token->has_realm == (token->tag != 0));
    FUZZ_ASSERT(fuzz_is_digest(platform->challenge) && platform->components.count > 0);
    FUZZ_ASSERT(platform->instance_id.size == 33 && platform->implementation_id.size == 32);
    if (!token->has_realm)
        return;
    FUZZ_ASSERT(realm->challenge.size == 64 && realm->personalization.size == 64);
    FUZZ_ASSERT(fuzz_is_digest(realm->initial_measurement));
    for (size_t i = 0; i < BL_CCA_REM_COUNT; i++)
        FUZZ_ASSERT(fuzz_is_digest(realm->extensible_measurements[i]));
    FUZZ_ASSERT(bl_hash_size(realm->public_key_hash) >= 32);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_verification v = { .evidence = { data, size } };
    struct bl_cca_token token = { 0 };
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_cca_token_decode(v.evidence, &token, &err);

    if (status == BULLA_OK) {
        check(&token);
        FUZZ_ASSERT(fuzz_describe(bl_cca_describe, &v, NULL) == BULLA_OK);
        FUZZ_ASSERT(bl_cca_verify(&v, &claims, &err) == BULLA_E_UNTRUSTED);
    } else {
        FUZZ_ASSERT(token.platform.message.payload.data == NULL);
        fuzz_check_refusal(status, &err);
        FUZZ_ASSERT(bl_cca_verify(&v, &claims, NULL) == status);
    }
    FUZZ_ASSERT(claims.kind == NULL);
    return 0;
}

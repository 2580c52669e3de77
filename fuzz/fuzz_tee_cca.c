/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token that decodes has everything that its profile demands, and is shown as JSON that our own
 * reader takes. Without a key to trust, none is believed.
 */
#include "fuzz.h"

#include "tee/cca/structures.h"
#include "tee/cca/verify.h"

static void
show(const struct bl_verification *v)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO_FREE(bl_json) value = NULL;
    struct bl_json_writer j = bl_json_writer(&text);

    bl_json_open_object(&j, NULL);
    FUZZ_ASSERT(bl_cca_describe(v, &j, NULL) == BULLA_OK);
    bl_json_close(&j);
    FUZZ_ASSERT(bl_json_finish(&j, NULL) == BULLA_OK);
    FUZZ_ASSERT(bl_json_parse(bulla_buffer_bytes(&text), "fuzz", text.size, &value, NULL) ==
                BULLA_OK);
}

static bool
is_digest(struct bulla_bytes bytes)
{
    return bytes.size == 32 || bytes.size == 48 || bytes.size == 64;
}

static void
check(const struct bl_cca_token *token)
{
    const struct bl_cca_platform *platform = &token->platform;
    const struct bl_cca_realm *realm = &token->realm;

    FUZZ_ASSERT(token->has_realm == (token->tag != 0));
    FUZZ_ASSERT(is_digest(platform->challenge) && platform->components.count > 0);
    FUZZ_ASSERT(platform->instance_id.size == 33 && platform->implementation_id.size == 32);
    if (!token->has_realm)
        return;
    FUZZ_ASSERT(realm->challenge.size == 64 && realm->personalization.size == 64);
    FUZZ_ASSERT(is_digest(realm->initial_measurement));
    for (size_t i = 0; i < BL_CCA_REM_COUNT; i++)
        FUZZ_ASSERT(is_digest(realm->extensible_measurements[i]));
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
        show(&v);
        FUZZ_ASSERT(bl_cca_verify(&v, &claims, &err) == BULLA_E_UNTRUSTED);
    } else {
        FUZZ_ASSERT(token.platform.message.payload.data == NULL);
        fuzz_check_refusal(status, &err);
        FUZZ_ASSERT(bl_cca_verify(&v, &claims, NULL) == status);
    }
    FUZZ_ASSERT(claims.kind == NULL);
    return 0;
}

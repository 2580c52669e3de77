/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/cca/verify.h"

#include "base/memory.h"
#include "crypto/cose_sign1.h"
#include "crypto/public_key.h"
#include "tee/cca/structures.h"
#include "tee/signature.h"

#define RAW_POINT_SIZE 97    /* bytes: P-384 */
#define RAW_POINT_FIRST 0x04 /* SEC 1 2.3.3: uncompressed; no CBOR map begins so */

/* The platform's challenge is the digest of the claim's content, in whichever form the key is. */
static enum bulla_status
check_binding(const struct bl_cca_token *token, struct bulla_error *err)
{
    uint8_t digest[BL_HASH_SIZE_MAX];
    enum bl_hash hash = token->realm.public_key_hash;

    BL_TRY(bl_hash_once(hash, token->realm.public_key, digest, err));
    struct bulla_bytes expected = { digest, bl_hash_size(hash) };
    if (bl_equal(token->platform.challenge, expected))
        return BULLA_OK;
    enum bulla_status status =
        bulla_fail_cause(err, BULLA_CAUSE_BINDING_MISMATCH, "CCA platform token",
                         "its challenge is not the digest of the realm's key");
    bulla_error_values(err, bulla_value_bytes(token->platform.challenge),
                       bulla_value_bytes(expected));
    return status;
}

static enum bulla_status
realm_key(struct bulla_bytes claim, struct bl_key **key_out, struct bulla_error *err)
{
    if (claim.size == RAW_POINT_SIZE && claim.data[0] == RAW_POINT_FIRST)
        return bl_key_from_raw_public(BL_KEY_P384, claim, key_out, err);
    return bl_key_from_cose(claim, key_out, err);
}

static enum bulla_status
check_realm_signature(const struct bl_cca_realm *realm, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bulla_error inner = { 0 };

    BL_TRY(realm_key(realm->public_key, &key, err));
    enum bulla_status status =
        bl_cose_message_verify(key, (struct bulla_bytes){ NULL, 0 }, &realm->message, &inner);
    return bl_signature_told(status, &inner,
                             (struct bl_signature_blame){ BULLA_CAUSE_COSE_SIGNATURE,
                                                          "CCA realm token",
                                                          "its signature is not by its key" },
                             err);
}

/* The realm says which hash made its measurements; a register of another size than the first
 * measurement is none. */
static void
claim_registers(const struct bl_cca_realm *realm, struct bl_pcr_bank *bank)
{
    static const enum bl_hash hashes[] = { BL_SHA256, BL_SHA384, BL_SHA512 };

    for (size_t i = 0; i < BL_COUNT_OF(hashes); i++)
        if (bl_hash_size(hashes[i]) == realm->initial_measurement.size)
            bank->hash = hashes[i];
    for (unsigned i = 0; i < BL_CCA_REM_COUNT; i++)
        if (bl_pcr_set(bank, i, realm->extensible_measurements[i], NULL) != BULLA_OK)
            continue;
}

static void
claim_realm(const struct bl_cca_realm *realm, struct bl_claims *claims)
{
    claims->code = bl_arm_claim(realm->initial_measurement);
    claims->config = bl_arm_claim(realm->personalization);
    claims->isolation = BL_ISOLATION_HARDWARE;
    claim_registers(realm, &claims->registers);
}

enum bulla_status
bl_cca_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
              struct bulla_error *err)
{
    struct bl_claims claims = { .kind = "cca", .binding = verification->binding };
    const struct bl_anchor *anchor = NULL;
    struct bl_cca_token token;

    BL_TRY(bl_cca_token_decode(verification->evidence, &token, err));
    BL_TRY(bl_arm_verify(verification, "cpak", &token.platform.message, &anchor, err));
    if (token.has_realm) {
        BL_TRY(check_binding(&token, err));
        BL_TRY(check_realm_signature(&token.realm, err));
        BL_TRY(bl_check_report_data(verification, token.realm.challenge, err));
        claim_realm(&token.realm, &claims);
    } else {
        BL_TRY(bl_check_binder(verification, token.platform.challenge, err));
        BL_TRY(bl_arm_claim_components(&token.platform.components, &claims, err));
    }
    bl_arm_claim_platform(anchor, token.platform.instance_id, token.platform.lifecycle, &claims);
    bl_claims_unchecked(&claims, "reference_values");
    *claims_out = claims;
    return BULLA_OK;
}

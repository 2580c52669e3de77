/* SPDX-License-Identifier: Apache-2.0 */
/* tee/cca/describe.c: what is shown, by the names of docs/formats/claims.md. */
#include "codec/cbor_json.h"
#include "tee/cca/structures.h"
#include "tee/cca/verify.h"

static enum bulla_status
describe_claims(struct bl_json_writer *out, const char *name, struct bulla_bytes claims,
                struct bulla_error *err)
{
    struct bl_reader r = bl_reader(claims, "claims");

    bl_cbor_to_json(&r, out, name);
    return bl_reader_finish(&r, err);
}

static enum bulla_status
describe_platform_alone(struct bl_json_writer *out, struct bulla_bytes claims,
                        struct bulla_error *err)
{
    struct bl_reader r = bl_reader(claims, "claims");

    bl_cbor_members_to_json(&r, out);
    return bl_reader_finish(&r, err);
}

static const char *
hash_name(enum bl_hash hash)
{
    return hash == BL_SHA256 ? "sha-256" : hash == BL_SHA384 ? "sha-384" : "sha-512";
}

enum bulla_status
bl_cca_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                struct bulla_error *err)
{
    struct bl_cca_token token;

    BL_TRY(bl_cca_token_decode(verification->evidence, &token, err));
    if (!token.has_realm)
        return describe_platform_alone(out, token.platform.message.payload, err);
    bl_json_write_u64(out, "outer_tag", token.tag);
    if (token.tag == BL_CCA_TAG_COLLECTION)
        bl_json_write_number(out, "cmw_content_format", BL_CCA_CONTENT_FORMAT);
    bl_json_write_number(out, "platform_alg", token.platform.message.algorithm);
    bl_json_write_number(out, "realm_alg", token.realm.message.algorithm);
    bl_json_write_word(out, "rak_hash_alg", hash_name(token.realm.public_key_hash));
    BL_TRY(describe_claims(out, "platform_claims", token.platform.message.payload, err));
    return describe_claims(out, "realm_claims", token.realm.message.payload, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tee/psa/describe.c: what is shown, by the names of docs/formats/claims.md. */
#include "codec/cbor_json.h"
#include "tee/psa/structures.h"
#include "tee/psa/verify.h"

enum bulla_status
bl_psa_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                struct bulla_error *err)
{
    struct bl_psa_token token;

    BL_TRY(bl_psa_token_decode(verification->evidence, &token, err));
    struct bl_reader protected = bl_reader(token.message.protected, "protected header");
    struct bl_reader unprotected = bl_reader(token.message.unprotected, "unprotected header");
    struct bl_reader claims = bl_reader(token.message.payload, "claims");
    bl_json_write_number(out, "cose_tag", BL_COSE_TAG_SIGN1);
    bl_cbor_to_json(&protected, out, "protected");
    bl_cbor_to_json(&unprotected, out, "unprotected");
    bl_cbor_to_json(&claims, out, "claims");
    BL_TRY(bl_reader_finish(&protected, err));
    BL_TRY(bl_reader_finish(&unprotected, err));
    return bl_reader_finish(&claims, err);
}

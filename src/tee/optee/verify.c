/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/optee/verify.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/public_key.h"
#include "tee/optee/structures.h"

static const char where[] = "OP-TEE attestation";

/* What the signature covers besides the digest: as it came along, else as the caller wants it. */
static enum bulla_status
find_nonce(const struct bl_verification *v, struct bulla_bytes *nonce_out, struct bulla_error *err)
{
    struct bulla_bytes nonce = bl_part_find(v, "nonce");

    if (nonce.size == 0 && v->binding != BL_BINDING_ABSENT)
        nonce = v->binder;
    if (nonce.size == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, where,
                                "no nonce: the signature covers it");
    if (nonce.size > BL_OPTEE_NONCE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "nonce too long", nonce.size);
    *nonce_out = nonce;
    return BULLA_OK;
}

static enum bulla_status
read_key(const struct bl_anchor *anchor, struct bl_key **key_out, struct bulla_error *err)
{
    struct bulla_error inner = { 0 };
    enum bulla_status status = bl_key_from_public_file(anchor->der, key_out, &inner);

    if (status == BULLA_OK && bl_key_kind(*key_out) == BL_KEY_RSA)
        return BULLA_OK;
    if (status == BULLA_OK || bulla_status_is_finding(status))
        return bulla_fail_cause(err, BULLA_CAUSE_KEY_ATTRIBUTES, "key given to trust",
                                "no public RSA key of 2048 to 4096 bits");
    if (err != NULL)
        *err = inner;
    return status;
}

/* A signature that does not verify is no failure yet: there may be more keys. */
static enum bulla_status
try_key(const struct bl_key *key, const uint8_t digest[32], struct bulla_bytes signature,
        bool *fits_out, struct bulla_error *err)
{
    struct bulla_error inner = { 0 };
    enum bulla_status status = bl_key_verify_digest(
        key, BL_SCHEME_RSAPSS, BL_SHA256, (struct bulla_bytes){ digest, 32 }, signature, &inner);

    *fits_out = status == BULLA_OK;
    if (status == BULLA_OK || status == BULLA_E_SIGNATURE)
        return BULLA_OK;
    if (err != NULL)
        *err = inner;
    return status;
}

static enum bulla_status
claim_platform(const struct bl_anchor *anchor, const struct bl_key *key, struct bl_claims *claims,
               struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) spki = { 0 };

    claims->anchor = anchor->name;
    claims->platform_class = anchor->platform_class;
    claims->platform_id.size = bl_hash_size(BL_SHA256);
    BL_TRY(bl_key_spki(key, &spki, err));
    return bl_hash_once(BL_SHA256, bulla_buffer_bytes(&spki), claims->platform_id.bytes, err);
}

/* All keys are looked at, so that one which is none is refused whether it is needed or not. */
static enum bulla_status
check_signature(const struct bl_verification *v, const uint8_t digest[32],
                struct bulla_bytes signature, struct bl_claims *claims, struct bulla_error *err)
{
    const struct bl_anchor *anchor = NULL;
    bool is_found = false;
    size_t count = 0;

    for (; (anchor = bl_anchor_given(v, "key", count)) != NULL; count++) {
        BL_AUTO_FREE(bl_key) key = NULL;
        bool fits = false;
        BL_TRY(read_key(anchor, &key, err));
        if (!is_found)
            BL_TRY(try_key(key, digest, signature, &fits, err));
        if (fits)
            BL_TRY(claim_platform(anchor, key, claims, err));
        is_found |= fits;
    }
    if (count == 0)
        return bulla_fail(err, BULLA_E_UNTRUSTED, where, "no key given to trust", 0);
    if (!is_found)
        return bulla_fail_cause(err, BULLA_CAUSE_REPORT_SIGNATURE, where,
                                "it is by none of the keys given, or for another nonce");
    return BULLA_OK;
}

enum bulla_status
bl_optee_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
                struct bulla_error *err)
{
    struct bl_claims claims = { .kind = "optee", .binding = verification->binding };
    struct bulla_bytes nonce = { NULL, 0 };
    struct bl_optee_report report;
    uint8_t digest[32];

    BL_TRY(bl_optee_decode(verification->evidence, &report, err));
    BL_TRY(find_nonce(verification, &nonce, err));
    const struct bulla_bytes covered[] = { nonce, report.digest };
    BL_TRY(bl_hash_parts(BL_SHA256, covered, BL_COUNT_OF(covered), digest, err));
    BL_TRY(check_signature(verification, digest, report.signature, &claims, err));
    BL_TRY(bl_check_binder(verification, nonce, err));
    claims.isolation = BL_ISOLATION_HARDWARE; /* the secure world */
    claims.code.size = report.digest.size;
    memcpy(claims.code.bytes, report.digest.data, report.digest.size);
    bl_claims_unchecked(&claims, "what_was_measured");
    *claims_out = claims;
    return BULLA_OK;
}

enum bulla_status
bl_optee_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                  struct bulla_error *err)
{
    struct bulla_bytes nonce = { NULL, 0 };
    struct bl_optee_report report;

    BL_TRY(bl_optee_decode(verification->evidence, &report, err));
    bl_json_write_hex(out, "digest", report.digest);
    if (find_nonce(verification, &nonce, NULL) == BULLA_OK)
        bl_json_write_hex(out, "nonce", nonce);
    bl_json_write_number(out, "signature_bits", (int64_t)report.signature.size * 8);
    return BULLA_OK;
}

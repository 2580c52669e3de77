/* SPDX-License-Identifier: Apache-2.0 */
/* appraise/ear_verify.c: whose attestation result this is, whether it is in force, and for whom. */
#include <string.h>

#include "appraise/ear.h"
#include "base/memory.h"
#include "codec/base64.h"
#include "crypto/cose_sign1.h"
#include "crypto/jws.h"
#include "crypto/public_key.h"

static const char where[] = "attestation result";

#define CWT_TAG 61 /* RFC 8392 section 6 */

/* -- the signature ------------------------------------------------------------------------------- */

static enum bulla_status
open_jwt(struct bulla_bytes token, const struct bl_key *key, struct bl_ear *ear,
         struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) claims = { 0 };

    while (token.size > 0 &&
           (token.data[token.size - 1] == '\n' || token.data[token.size - 1] == '\r'))
        token.size--; /* of a text file */
    BL_TRY(bl_jws_verify(key, token, &claims, err));
    return bl_ear_decode(bulla_buffer_bytes(&claims), BL_EAR_JWT, ear, err);
}

static enum bulla_status
open_cwt(struct bulla_bytes token, const struct bl_key *key, struct bl_ear *ear,
         struct bulla_error *err)
{
    struct bl_reader r = bl_reader(token, where);
    struct bl_cose_sign1 message = { 0 };

    (void)bl_cbor_read_if_tag(&r, CWT_TAG);
    token = (struct bulla_bytes){ token.data + r.offset, token.size - r.offset };
    BL_TRY(bl_cose_foreign_decode(token, &message, err));
    BL_TRY(bl_cose_message_verify(key, (struct bulla_bytes){ NULL, 0 }, &message, err));
    return bl_ear_decode(message.payload, BL_EAR_CWT, ear, err);
}

enum bulla_status
bl_ear_open(struct bulla_bytes token, const struct bl_key *key, struct bl_ear *ear_out,
            struct bulla_error *err)
{
    if (token.size > BL_EAR_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too long", BL_EAR_SIZE_MAX);
    if (token.size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "empty", 0);
    /* the first byte of Base64 text is none of a message's */
    if (token.data[0] < 0x80)
        return open_jwt(token, key, ear_out, err);
    return open_cwt(token, key, ear_out, err);
}

/* One of the keys that the operator trusts; what the token says of its key is not looked at. */
static enum bulla_status
open_by_anchors(const struct bl_verification *v, struct bl_ear *ear,
                const struct bl_anchor **anchor_out, struct bulla_error *err)
{
    const struct bl_anchor *anchor = NULL;
    struct bulla_error failure = { 0 };

    for (size_t i = 0; (anchor = bl_anchor_given(v, "issuer", i)) != NULL; i++) {
        BL_AUTO_FREE(bl_key) key = NULL;
        BL_TRY(bl_key_from_public_file(anchor->der, &key, err));
        bl_ear_done(ear);
        bulla_error_clear(&failure);
        *anchor_out = anchor;
        if (bl_ear_open(v->evidence, key, ear, &failure) == BULLA_OK)
            return BULLA_OK;
        if (failure.status != BULLA_E_SIGNATURE)
            break;
    }
    if (failure.status == BULLA_OK)
        return bulla_fail(err, BULLA_E_UNTRUSTED, where, "no key was given as issuer", 0);
    if (err != NULL && err->status == BULLA_OK)
        *err = failure;
    return failure.status;
}

/* -- in force, and for whom ---------------------------------------------------------------------- */

static enum bulla_status
fail_time(enum bulla_cause cause, const char *what, int64_t now_s, uint64_t limit_s,
          struct bulla_error *err)
{
    enum bulla_status status = bulla_fail_cause(err, cause, where, what);

    bulla_error_values(err, bulla_value_number((uint64_t)now_s), bulla_value_number(limit_s));
    return status;
}

/* What the caller asks for under this name, once; empty: nothing. */
static enum bulla_status
asked_for(const struct bl_verification *v, const char *name, struct bulla_bytes *asked_out,
          struct bulla_error *err)
{
    size_t count = 0;

    *asked_out = bl_input_find(v, name);
    for (size_t i = 0; i < v->input_count; i++)
        count += strcmp(v->inputs[i].role, name) == 0 ? 1 : 0;
    if (count > 1 || (count == 1 && asked_out->size == 0))
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "input", "given twice, or empty");
    return BULLA_OK;
}

/* Digits alone. */
static bool
parse_seconds(struct bulla_bytes text, uint64_t *seconds_out)
{
    *seconds_out = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || text.size > 9)
            return false;
        *seconds_out = *seconds_out * 10 + (uint64_t)(text.data[i] - '0');
    }
    return text.size > 0;
}

static enum bulla_status
check_end(const struct bl_verification *v, const struct bl_ear *ear, struct bulla_error *err)
{
    struct bulla_bytes max_age;
    uint64_t age_s = 0;

    BL_TRY(asked_for(v, "max_age", &max_age, err));
    if (ear->expires_s.is_present && (uint64_t)v->now_s >= ear->expires_s.value)
        return fail_time(BULLA_CAUSE_EXPIRED, "it is not in force any more", v->now_s,
                         ear->expires_s.value, err);
    if (max_age.size == 0)
        return ear->expires_s.is_present
                   ? BULLA_OK
                   : bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, where,
                                      "it has no end, and no max_age was given");
    if (!parse_seconds(max_age, &age_s))
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "max_age", "not a number of seconds");
    if (v->now_s - ear->issued_s > (int64_t)age_s)
        return fail_time(BULLA_CAUSE_EXPIRED, "it is older than was asked for", v->now_s,
                         (uint64_t)ear->issued_s + age_s, err);
    return BULLA_OK;
}

static enum bulla_status
check_time(const struct bl_verification *v, const struct bl_ear *ear, struct bulla_error *err)
{
    if (ear->issued_s > v->now_s)
        return fail_time(BULLA_CAUSE_NOT_YET_VALID, "it is from the future", v->now_s,
                         (uint64_t)ear->issued_s, err);
    if (ear->not_before_s.is_present && ear->not_before_s.value > (uint64_t)v->now_s)
        return fail_time(BULLA_CAUSE_NOT_YET_VALID, "it is not in force yet", v->now_s,
                         ear->not_before_s.value, err);
    return check_end(v, ear, err);
}

/* Whole and exact: neither a prefix, nor one of several. What a result does not say is not what was
 * asked for; and one for somebody is for nobody who does not say that it is them. */
static enum bulla_status
check_names(const struct bl_verification *v, const struct bl_ear *ear, struct bulla_error *err)
{
    struct bulla_bytes issuer, audience;

    BL_TRY(asked_for(v, "issuer", &issuer, err));
    BL_TRY(asked_for(v, "audience", &audience, err));
    if (issuer.size > 0 && !bl_equal(issuer, ear->issuer))
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_MISMATCH, where,
                                "it is of another issuer");
    if (!bl_equal(audience, ear->audience))
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_MISMATCH, where,
                                "it is for another audience");
    return BULLA_OK;
}

static bool
is_nonce(const struct bl_ear *ear, struct bulla_bytes carried, struct bulla_bytes asked)
{
    static const enum bl_base64 alphabets[] = { BL_BASE64_URL, BL_BASE64_STANDARD };

    if (!ear->is_json)
        return bl_equal(carried, asked);
    for (size_t i = 0; i < BL_COUNT_OF(alphabets); i++) {
        BL_AUTO(bulla_buffer) text = { 0 };
        if (bl_base64_encode(alphabets[i], asked, &text, NULL) == BULLA_OK &&
            bl_equal(carried, bulla_buffer_bytes(&text)))
            return true;
    }
    return false;
}

static enum bulla_status
check_nonce(const struct bl_verification *v, const struct bl_ear *ear, struct bulla_error *err)
{
    if (v->binding == BL_BINDING_ABSENT || is_nonce(ear, ear->nonce, v->binder))
        return BULLA_OK;
    for (size_t i = 0; i < ear->appraisal_count; i++)
        if (!is_nonce(ear, ear->appraisals[i].nonce, v->binder))
            return bulla_fail_cause(err, BULLA_CAUSE_NONCE_MISMATCH, where,
                                    "it does not carry the nonce that was asked for");
    return BULLA_OK;
}

static enum bulla_status
verify(const struct bl_verification *v, struct bl_ear *ear, const struct bl_anchor **anchor_out,
       struct bulla_error *err)
{
    BL_TRY(open_by_anchors(v, ear, anchor_out, err));
    BL_TRY(check_time(v, ear, err));
    BL_TRY(check_names(v, ear, err));
    return check_nonce(v, ear, err);
}

static enum bulla_status
ear_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
           struct bulla_error *err)
{
    const struct bl_anchor *anchor = NULL;
    BL_AUTO(bl_ear) ear = { 0 };

    BL_TRY(verify(verification, &ear, &anchor, err));
    *claims_out = (struct bl_claims){ .kind = "ear",
                                      .anchor = anchor->name,
                                      .binding = verification->binding };
    return BULLA_OK;
}

enum bulla_status
bl_ear_judge(const struct bl_verification *verification, const char **reason_out,
             struct bulla_error *err)
{
    const struct bl_anchor *anchor = NULL;
    BL_AUTO(bl_ear) ear = { 0 };

    *reason_out = "not verified";
    BL_TRY(verify(verification, &ear, &anchor, err));
    *reason_out = NULL;
    if (ear.has_status && ear.status != BL_TIER_AFFIRMING)
        *reason_out = "status not affirming";
    for (size_t i = 0; i < ear.appraisal_count; i++)
        if (bl_ear_tier(&ear.appraisals[i]) != BL_TIER_AFFIRMING)
            *reason_out = "an attester that is not affirmed";
    return BULLA_OK;
}

/* -- what is shown -------------------------------------------------------------------------------- */

static void
describe_appraisal(const struct bl_ear *ear, const struct bl_ear_appraisal *appraisal,
                   struct bl_json_writer *out)
{
    bl_json_open_object(out, NULL);
    bl_json_write_text(out, "attester", appraisal->label);
    bl_json_write_word(out, "status", bl_tier_word(appraisal->status));
    for (unsigned i = 0; i < BL_TRUST_CLAIM_COUNT; i++)
        if ((appraisal->present & 1u << i) != 0)
            bl_json_write_number(out, bl_trust_word((enum bl_trust_claim)i), appraisal->vector[i]);
    bl_json_open_array(out, "policy_ids");
    for (size_t i = 0; i < appraisal->policy_id_count; i++)
        bl_json_write_text(out, NULL, appraisal->policy_ids[i]);
    bl_json_close(out);
    if (appraisal->nonce.size > 0 && ear->is_json)
        bl_json_write_text(out, "nonce", appraisal->nonce);
    else if (appraisal->nonce.size > 0)
        bl_json_write_hex(out, "nonce", appraisal->nonce);
    bl_json_close(out);
}

static enum bulla_status
ear_describe(const struct bl_verification *verification, struct bl_json_writer *out,
             struct bulla_error *err)
{
    const struct bl_anchor *anchor = NULL;
    BL_AUTO(bl_ear) ear = { 0 };

    BL_TRY(verify(verification, &ear, &anchor, err));
    if (ear.issuer.size > 0)
        bl_json_write_text(out, "issuer", ear.issuer);
    if (ear.audience.size > 0)
        bl_json_write_text(out, "audience", ear.audience);
    bl_json_write_number(out, "issued", ear.issued_s);
    if (ear.expires_s.is_present)
        bl_json_write_u64(out, "expires", ear.expires_s.value);
    bl_json_write_text(out, "developer", ear.developer);
    bl_json_write_text(out, "build", ear.build);
    if (ear.has_status)
        bl_json_write_word(out, "status", bl_tier_word(ear.status));
    bl_json_open_array(out, "attesters");
    for (size_t i = 0; i < ear.appraisal_count; i++)
        describe_appraisal(&ear, &ear.appraisals[i], out);
    bl_json_close(out);
    return BULLA_OK;
}

const struct bl_scheme bl_ear_scheme = { .kind = "ear",
                                         .verify = ear_verify,
                                         .describe = ear_describe };

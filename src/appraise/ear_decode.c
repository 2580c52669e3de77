/* SPDX-License-Identifier: Apache-2.0 */
/* appraise/ear_decode.c: the claims of attestation results, as JSON or CBOR. */
#include <string.h>

#include "appraise/ear.h"
#include "base/memory.h"
#include "codec/cbor.h"

static const char where[] = "attestation result";

static bool
is_word(struct bulla_bytes text, const char *word)
{
    return bl_equal(text, (struct bulla_bytes){ (const uint8_t *)word, strlen(word) });
}

static enum bulla_status
fail_missing(const char *what, struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, where, what);
}

static enum bulla_status
check_profile(struct bulla_bytes profile, struct bulla_error *err)
{
    if (profile.size == 0)
        return fail_missing("no profile", err);
    if (!is_word(profile, BL_EAR_PROFILE))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "another profile", 0);
    return BULLA_OK;
}

static bool
is_tier(int64_t value)
{
    return value == BL_TIER_NONE || value == BL_TIER_AFFIRMING || value == BL_TIER_WARNING ||
           value == BL_TIER_CONTRAINDICATED;
}

/* -- JSON --------------------------------------------------------------------------------------- */

/* Room for all was made before: the buffer does not move. */
static enum bulla_status
keep(struct bl_ear *ear, struct bulla_bytes text, struct bulla_bytes *kept_out,
     struct bulla_error *err)
{
    size_t start = ear->text.size;

    BL_TRY(bulla_buffer_append(&ear->text, text, err));
    *kept_out = (struct bulla_bytes){ ear->text.data + start, text.size };
    return BULLA_OK;
}

/* A member that is text; empty if it is absent. */
static enum bulla_status
take_text(struct bl_ear *ear, const struct bl_json *object, const char *name,
          struct bulla_bytes *text_out, struct bulla_error *err)
{
    const struct bl_json *value = bl_json_find(object, name);
    struct bulla_bytes text;

    if (value == NULL)
        return BULLA_OK;
    BL_TRY(bl_json_as_text(value, name, BL_EAR_TEXT_SIZE_MAX, &text, err));
    if (text.size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, name, "empty", 0);
    return keep(ear, text, text_out, err);
}

/* RFC 9711 section 4.3.1: whole seconds only. */
static enum bulla_status
take_time(const struct bl_json *object, const char *name, struct bl_claim_number *time_out,
          struct bulla_error *err)
{
    const struct bl_json *value = bl_json_find(object, name);
    int64_t number = 0;

    if (value == NULL)
        return BULLA_OK;
    BL_TRY(bl_json_as_number(value, name, 0, INT64_MAX, &number, err));
    *time_out = (struct bl_claim_number){ true, (uint64_t)number };
    return BULLA_OK;
}

static enum bulla_status
take_status(const struct bl_json *object, bool *is_there_out, enum bl_tier *status_out,
            struct bulla_error *err)
{
    static const enum bl_tier tiers[] = { BL_TIER_NONE, BL_TIER_AFFIRMING, BL_TIER_WARNING,
                                          BL_TIER_CONTRAINDICATED };
    const struct bl_json *value = bl_json_find(object, "ear_status");
    struct bulla_bytes word;

    *is_there_out = value != NULL;
    if (value == NULL)
        return BULLA_OK;
    BL_TRY(bl_json_as_text(value, "ear_status", BL_EAR_TEXT_SIZE_MAX, &word, err));
    for (size_t i = 0; i < BL_COUNT_OF(tiers); i++) {
        if (!is_word(word, bl_tier_word(tiers[i])))
            continue;
        *status_out = tiers[i];
        return BULLA_OK;
    }
    return bulla_fail(err, BULLA_E_MALFORMED, "ear_status", "none of the four tiers", 0);
}

static enum bulla_status
take_vector(const struct bl_json *object, struct bl_ear_appraisal *appraisal,
            struct bulla_error *err)
{
    const struct bl_json *vector = bl_json_find(object, "ear_trustworthiness_vector");

    if (vector == NULL)
        return BULLA_OK;
    BL_TRY(bl_json_as_object(vector, "ear_trustworthiness_vector", err));
    for (unsigned i = 0; i < BL_TRUST_CLAIM_COUNT; i++) {
        const char *name = bl_trust_word((enum bl_trust_claim)i);
        const struct bl_json *value = bl_json_find(vector, name);
        if (value == NULL)
            continue;
        BL_TRY(bl_json_as_number(value, name, -128, 127, &appraisal->vector[i], err));
        appraisal->present |= 1u << i;
    }
    return BULLA_OK;
}

static enum bulla_status
take_policies(struct bl_ear *ear, const struct bl_json *object, struct bl_ear_appraisal *appraisal,
              struct bulla_error *err)
{
    static const char name[] = "ear_appraisal_policy_ids";
    const struct bl_json *list = bl_json_find(object, name);
    struct bulla_bytes text;

    if (list == NULL)
        return BULLA_OK;
    BL_TRY(bl_json_as_array(list, name, BL_EAR_POLICY_COUNT_MAX, &appraisal->policy_id_count, err));
    for (size_t i = 0; i < appraisal->policy_id_count; i++) {
        BL_TRY(bl_json_as_text(bl_json_at(list, i), name, BL_EAR_TEXT_SIZE_MAX, &text, err));
        BL_TRY(keep(ear, text, &appraisal->policy_ids[i], err));
    }
    return BULLA_OK;
}

static enum bulla_status
take_appraisal(struct bl_ear *ear, const struct bl_json *object, struct bl_ear_appraisal *appraisal,
               struct bulla_error *err)
{
    bool has_status = false;

    BL_TRY(bl_json_as_object(object, "submods", err));
    BL_TRY(take_status(object, &has_status, &appraisal->status, err));
    if (!has_status)
        return fail_missing("an attester without a status", err);
    BL_TRY(take_vector(object, appraisal, err));
    BL_TRY(take_policies(ear, object, appraisal, err));
    return take_text(ear, object, "eat_nonce", &appraisal->nonce, err);
}

static enum bulla_status
take_appraisals(struct bl_ear *ear, const struct bl_json *claims, struct bulla_error *err)
{
    const struct bl_json *submods = bl_json_find(claims, "submods"), *value = NULL;
    struct bulla_bytes label;
    void *cursor = NULL;

    if (submods == NULL)
        return fail_missing("no attesters", err);
    BL_TRY(bl_json_as_object(submods, "submods", err));
    while (bl_json_next(submods, &cursor, &label, &value)) {
        if (ear->appraisal_count == BL_EAR_APPRAISAL_COUNT_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, where, "too many attesters",
                              BL_EAR_APPRAISAL_COUNT_MAX);
        struct bl_ear_appraisal *appraisal = &ear->appraisals[ear->appraisal_count++];
        BL_TRY(keep(ear, label, &appraisal->label, err));
        BL_TRY(take_appraisal(ear, value, appraisal, err));
    }
    return BULLA_OK;
}

static enum bulla_status
take_verifier(struct bl_ear *ear, const struct bl_json *claims, struct bulla_error *err)
{
    const struct bl_json *verifier = bl_json_find(claims, "ear_verifier_id");

    if (verifier == NULL)
        return fail_missing("no verifier", err);
    BL_TRY(bl_json_as_object(verifier, "ear_verifier_id", err));
    BL_TRY(take_text(ear, verifier, "developer", &ear->developer, err));
    return take_text(ear, verifier, "build", &ear->build, err);
}

static enum bulla_status
take_claims(struct bl_ear *ear, const struct bl_json *claims, struct bl_claim_number *issued_s,
            struct bulla_error *err)
{
    struct bulla_bytes profile = { NULL, 0 };

    BL_TRY(bl_json_as_object(claims, where, err));
    BL_TRY(take_text(ear, claims, "eat_profile", &profile, err));
    BL_TRY(check_profile(profile, err));
    BL_TRY(take_text(ear, claims, "iss", &ear->issuer, err));
    BL_TRY(take_text(ear, claims, "aud", &ear->audience, err));
    BL_TRY(take_text(ear, claims, "eat_nonce", &ear->nonce, err));
    BL_TRY(take_time(claims, "iat", issued_s, err));
    BL_TRY(take_time(claims, "exp", &ear->expires_s, err));
    BL_TRY(take_time(claims, "nbf", &ear->not_before_s, err));
    BL_TRY(take_status(claims, &ear->has_status, &ear->status, err));
    BL_TRY(take_verifier(ear, claims, err));
    return take_appraisals(ear, claims, err);
}

static enum bulla_status
decode_json(struct bulla_bytes bytes, struct bl_ear *ear, struct bl_claim_number *issued_s,
            struct bulla_error *err)
{
    BL_AUTO_FREE(bl_json) claims = NULL;
    uint8_t *room = NULL;

    BL_TRY(bl_json_parse(bytes, where, BL_EAR_SIZE_MAX, &claims, err));
    /* no string is longer than what stood for it */
    BL_TRY(bulla_buffer_extend(&ear->text, bytes.size, &room, err));
    bulla_buffer_clear(&ear->text);
    ear->is_json = true;
    return take_claims(ear, claims, issued_s, err);
}

/* -- CBOR --------------------------------------------------------------------------------------- */

static enum bl_tier
read_status(struct bl_reader *r)
{
    uint64_t value = bl_cbor_read_uint(r);

    if (r->failed == NULL && (value > INT8_MAX || !is_tier((int64_t)value)))
        bl_reader_fail(r, "none of the four tiers");
    return (enum bl_tier)value;
}

static void
read_vector(struct bl_reader *r, struct bl_ear_appraisal *appraisal)
{
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;

    bl_cbor_read_keyed_map(r, &map);
    while (bl_cbor_keyed_next(r, &map, &key)) {
        if (key.is_text || key.number < 0 || key.number >= BL_TRUST_CLAIM_COUNT) {
            (void)bl_cbor_skip_foreign(r);
            continue;
        }
        int64_t value = bl_cbor_read_int(r);
        if (value < -128 || value > 127)
            bl_reader_fail(r, "no value of the vector");
        appraisal->vector[key.number] = value;
        appraisal->present |= 1u << key.number;
    }
}

static void
read_policies(struct bl_reader *r, struct bl_ear_appraisal *appraisal)
{
    appraisal->policy_id_count = bl_cbor_read_array(r, BL_EAR_POLICY_COUNT_MAX);
    for (size_t i = 0; i < appraisal->policy_id_count; i++)
        appraisal->policy_ids[i] = bl_cbor_read_text(r, BL_EAR_TEXT_SIZE_MAX);
}

static enum bulla_status
read_appraisal(struct bl_reader *r, struct bl_ear_appraisal *appraisal, struct bulla_error *err)
{
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;
    bool has_status = false;

    bl_cbor_read_keyed_map(r, &map);
    while (bl_cbor_keyed_next(r, &map, &key)) {
        switch (key.is_text ? 0 : key.number) {
        case 10:
            appraisal->nonce = bl_cbor_read_bytes(r, BL_EAR_TEXT_SIZE_MAX);
            break;
        case 1000:
            has_status = true;
            appraisal->status = read_status(r);
            break;
        case 1001:
            read_vector(r, appraisal);
            break;
        case 1003:
            read_policies(r, appraisal);
            break;
        default:
            (void)bl_cbor_skip_foreign(r);
            break;
        }
    }
    BL_TRY(bl_reader_ok(r, err));
    return has_status ? BULLA_OK : fail_missing("an attester without a status", err);
}

static enum bulla_status
read_appraisals(struct bl_reader *r, struct bl_ear *ear, struct bulla_error *err)
{
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;

    bl_cbor_read_keyed_map(r, &map);
    while (bl_cbor_keyed_next(r, &map, &key)) {
        if (!key.is_text)
            bl_reader_fail(r, "an attester without a name");
        if (ear->appraisal_count == BL_EAR_APPRAISAL_COUNT_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, where, "too many attesters",
                              BL_EAR_APPRAISAL_COUNT_MAX);
        struct bl_ear_appraisal *appraisal = &ear->appraisals[ear->appraisal_count++];
        appraisal->label = key.text;
        BL_TRY(bl_reader_ok(r, err));
        BL_TRY(read_appraisal(r, appraisal, err));
    }
    return bl_reader_ok(r, err);
}

static void
read_verifier(struct bl_reader *r, struct bl_ear *ear)
{
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;

    bl_cbor_read_keyed_map(r, &map);
    while (bl_cbor_keyed_next(r, &map, &key)) {
        if (!key.is_text && key.number == 0)
            ear->developer = bl_cbor_read_text(r, BL_EAR_TEXT_SIZE_MAX);
        else if (!key.is_text && key.number == 1)
            ear->build = bl_cbor_read_text(r, BL_EAR_TEXT_SIZE_MAX);
        else
            (void)bl_cbor_skip_foreign(r);
    }
}

static struct bl_claim_number
read_time(struct bl_reader *r)
{
    uint64_t value = bl_cbor_read_uint(r);

    if (value > INT64_MAX)
        bl_reader_fail(r, "a time out of range");
    return (struct bl_claim_number){ r->failed == NULL, value };
}

/* What was there besides what a field of its own shows. */
struct seen {
    struct bl_claim_number issued_s;
    struct bulla_bytes profile;
    bool has_verifier;
};

static enum bulla_status
read_claim(struct bl_reader *r, int64_t key, struct bl_ear *ear, struct seen *seen,
           struct bulla_error *err)
{
    switch (key) {
    case 1:
        ear->issuer = bl_cbor_read_text(r, BL_EAR_TEXT_SIZE_MAX);
        break;
    case 3:
        ear->audience = bl_cbor_read_text(r, BL_EAR_TEXT_SIZE_MAX);
        break;
    case 4:
        ear->expires_s = read_time(r);
        break;
    case 5:
        ear->not_before_s = read_time(r);
        break;
    case 6:
        seen->issued_s = read_time(r);
        break;
    case 10:
        ear->nonce = bl_cbor_read_bytes(r, BL_EAR_TEXT_SIZE_MAX);
        break;
    case 265:
        seen->profile = bl_cbor_read_text(r, BL_EAR_TEXT_SIZE_MAX);
        break;
    case 266:
        return read_appraisals(r, ear, err);
    case 1000:
        ear->has_status = true;
        ear->status = read_status(r);
        break;
    case 1004:
        seen->has_verifier = true;
        read_verifier(r, ear);
        break;
    default:
        (void)bl_cbor_skip_foreign(r);
        break;
    }
    return BULLA_OK;
}

static enum bulla_status
decode_cbor(struct bulla_bytes bytes, struct bl_ear *ear, struct bl_claim_number *issued_s,
            struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, where);
    struct seen seen = { .has_verifier = false };
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;

    bl_cbor_read_keyed_map(&r, &map);
    while (bl_cbor_keyed_next(&r, &map, &key))
        BL_TRY(read_claim(&r, key.is_text ? 0 : key.number, ear, &seen, err));
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(check_profile(seen.profile, err));
    if (!seen.has_verifier)
        return fail_missing("no verifier", err);
    *issued_s = seen.issued_s;
    return BULLA_OK;
}

enum bulla_status
bl_ear_decode(struct bulla_bytes claims, enum bl_ear_format format, struct bl_ear *ear_out,
              struct bulla_error *err)
{
    struct bl_claim_number issued_s = { 0 };

    if (claims.size > BL_EAR_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too long", BL_EAR_SIZE_MAX);
    BL_TRY(format == BL_EAR_JWT ? decode_json(claims, ear_out, &issued_s, err)
                                : decode_cbor(claims, ear_out, &issued_s, err));
    if (ear_out->developer.size == 0 || ear_out->build.size == 0)
        return fail_missing("no verifier", err);
    if (!issued_s.is_present)
        return fail_missing("no time of issue", err);
    if (ear_out->appraisal_count == 0)
        return fail_missing("no attesters", err);
    ear_out->issued_s = (int64_t)issued_s.value;
    return BULLA_OK;
}

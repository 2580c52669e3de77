/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose attestation result it is, whether it is in force, and for whom. Flaws that others published are
 * named after their rows: 21 (keys from the token), 22 (audiences that are nearly right).
 */
#include "unit.h"

#include "appraise/ear.h"
#include "codec/base64.h"
#include "codec/pem.h"
#include "crypto/cose_sign1.h"
#include "crypto/jws.h"

#define NOW ((int64_t)1790000000)

/* A verifier, what it signed, and what the caller asks for. */
struct desk {
    struct bl_key *key, *stranger;
    struct bulla_buffer pem, stranger_pem, token;
    struct bl_anchor anchors[3];
    struct bl_part inputs[6];
    struct bl_verification v;
    struct bl_ear ear;
};

static void
put_pem(const struct bl_key *key, struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) spki = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_key_spki(key, &spki, &err), &err);
    assert_ok(bl_pem_encode(bulla_buffer_bytes(&spki), "PUBLIC KEY", out, &err), &err);
}

static void
trust(struct desk *d, const struct bulla_buffer *pem)
{
    d->anchors[d->v.anchor_count++] = (struct bl_anchor){
        .name = "given", .kind = BL_ANCHOR_GIVEN, .role = "issuer", .der = bulla_buffer_bytes(pem)
    };
    d->v.anchors = d->anchors;
}

static void
ask(struct desk *d, const char *name, const char *value)
{
    d->inputs[d->v.input_count++] = (struct bl_part){ name, text_bytes(value) };
    d->v.inputs = d->inputs;
}

static struct bl_ear
result(void)
{
    struct bl_ear ear = { .developer = BL_LITERAL("someone"),
                          .build = BL_LITERAL("1"),
                          .issued_s = NOW,
                          .expires_s = { true, (uint64_t)NOW + 300 },
                          .appraisal_count = 1 };

    ear.appraisals[0].label = BL_LITERAL("x");
    ear.appraisals[0].status = BL_TIER_AFFIRMING;
    ear.appraisals[0].present = 1u << BL_TRUST_HARDWARE;
    ear.appraisals[0].vector[BL_TRUST_HARDWARE] = 2;
    return ear;
}

static void
desk_make(struct desk *d, enum bl_key_kind kind)
{
    struct bulla_error err = { 0 };

    *d = (struct desk){ .v = { .now_s = NOW }, .ear = result() };
    assert_ok(bl_key_generate(kind, &d->key, &err), &err);
    assert_ok(bl_key_generate(kind, &d->stranger, &err), &err);
    put_pem(d->key, &d->pem);
    put_pem(d->stranger, &d->stranger_pem);
    trust(d, &d->pem);
}

static void
desk_done(struct desk *d)
{
    bl_key_free(d->key);
    bl_key_free(d->stranger);
    bulla_buffer_done(&d->pem);
    bulla_buffer_done(&d->stranger_pem);
    bulla_buffer_done(&d->token);
}

static void
desk_sign(struct desk *d, enum bl_ear_format format)
{
    struct bulla_error err = { 0 };

    bulla_buffer_clear(&d->token);
    assert_ok(bl_ear_sign(&d->ear, format, d->key, &d->token, &err), &err);
    d->v.evidence = bulla_buffer_bytes(&d->token);
}

static void
accepted(const struct desk *d)
{
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_ear_scheme.verify(&d->v, &claims, &err), &err);
    assert_string_equal(claims.kind, "ear");
    assert_int_equal(claims.platform_class, BL_CLASS_ABSENT);
}

static void
refused(const struct desk *d, enum bulla_cause cause)
{
    struct bl_claims claims = { .kind = "untouched" };
    struct bulla_error err = { 0 };

    assert_cause(bl_ear_scheme.verify(&d->v, &claims, &err), cause, &err);
    assert_string_equal(claims.kind, "untouched");
}

static const enum bl_ear_format formats[] = { BL_EAR_JWT, BL_EAR_CWT };

/* -- the signature ------------------------------------------------------------------------------- */

static void
test_both_formats_and_both_curves(void **state)
{
    static const enum bl_key_kind kinds[] = { BL_KEY_P256, BL_KEY_P384 };
    struct desk d;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        desk_make(&d, kinds[i / 2]);
        desk_sign(&d, formats[i % 2]);
        accepted(&d);
        d.v.anchor_count = 0; /* a stranger's key first */
        trust(&d, &d.stranger_pem);
        refused(&d, BULLA_CAUSE_SIGNATURE);
        trust(&d, &d.pem);
        accepted(&d);
        desk_done(&d);
    }
}

static void
test_a_file_may_end_in_a_line_end(void **state)
{
    struct bulla_error err = { 0 };
    struct desk d;

    (void)state;
    desk_make(&d, BL_KEY_P256);
    desk_sign(&d, BL_EAR_JWT);
    assert_ok(bulla_buffer_append(&d.token, BL_LITERAL("\r\n"), &err), &err);
    d.v.evidence = bulla_buffer_bytes(&d.token);
    accepted(&d);
    assert_ok(bulla_buffer_append(&d.token, BL_LITERAL("x"), &err), &err);
    d.v.evidence = bulla_buffer_bytes(&d.token);
    refused(&d, BULLA_CAUSE_MALFORMED);
    desk_done(&d);
}

static void
test_no_byte_may_change(void **state)
{
    struct desk d;

    (void)state;
    for (size_t f = 0; f < BL_COUNT_OF(formats); f++) {
        desk_make(&d, BL_KEY_P256);
        desk_sign(&d, formats[f]);
        for (size_t i = 0; i < d.token.size; i++) {
            struct bl_claims claims = { 0 };
            d.token.data[i] ^= 1;
            assert_int_not_equal(bl_ear_scheme.verify(&d.v, &claims, NULL), BULLA_OK);
            d.token.data[i] ^= 1;
        }
        for (size_t size = 0; size < d.token.size; size++) {
            struct bl_claims claims = { 0 };
            d.v.evidence.size = size;
            assert_int_not_equal(bl_ear_scheme.verify(&d.v, &claims, NULL), BULLA_OK);
        }
        desk_done(&d);
    }
}

/* A token with this header, signed by `key` over what stands there. */
static void
sign_with_header(struct desk *d, const char *header, const struct bl_key *key)
{
    BL_AUTO(bulla_buffer) claims = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    struct bulla_error err = { 0 };

    bulla_buffer_clear(&d->token);
    assert_ok(bl_ear_encode(&d->ear, BL_EAR_JWT, &claims, &err), &err);
    assert_ok(bl_base64_encode(BL_BASE64_URL, text_bytes(header), &d->token, &err), &err);
    assert_ok(bulla_buffer_append(&d->token, BL_LITERAL("."), &err), &err);
    assert_ok(bl_base64_encode(BL_BASE64_URL, bulla_buffer_bytes(&claims), &d->token, &err), &err);
    struct bulla_bytes part = bulla_buffer_bytes(&d->token);
    assert_ok(bl_key_sign(key, &part, 1, &signature, &err), &err);
    assert_ok(bulla_buffer_append(&d->token, BL_LITERAL("."), &err), &err);
    assert_ok(bl_base64_encode(BL_BASE64_URL, bulla_buffer_bytes(&signature), &d->token, &err),
              &err);
    d->v.evidence = bulla_buffer_bytes(&d->token);
}

/* The public key as a JWK, for who wants to be believed by it. */
static void
put_jwk(const struct bl_key *key, char *out, size_t size)
{
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO(bulla_buffer) x = { 0 };
    BL_AUTO(bulla_buffer) y = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_key_raw_public(key, &raw, &err), &err);
    assert_ok(bl_base64_encode(BL_BASE64_URL, (struct bulla_bytes){ raw.data + 1, 32 }, &x, &err),
              &err);
    assert_ok(bl_base64_encode(BL_BASE64_URL, (struct bulla_bytes){ raw.data + 33, 32 }, &y, &err),
              &err);
    snprintf(
        out, size,
        "{\"alg\":\"ES256\",\"kid\":\"the operator\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\","
        "\"x\":\"%.*s\",\"y\":\"%.*s\"}}",
        (int)x.size, (const char *)x.data, (int)y.size, (const char *)y.data);
}

/* Row 21: a key in the token itself vouches for nothing, and without a trusted key nothing is said. */
static void
test_flaw_21_keys_come_from_the_operator_alone(void **state)
{
    struct desk d;
    char header[512];

    (void)state;
    desk_make(&d, BL_KEY_P256);
    put_jwk(d.stranger, header, sizeof header);
    sign_with_header(&d, header, d.stranger);
    refused(&d, BULLA_CAUSE_SIGNATURE);
    sign_with_header(&d, header, d.key); /* a header that speaks of another key */
    accepted(&d);
    d.v.anchor_count = 0;
    refused(&d, BULLA_CAUSE_UNTRUSTED);
    desk_done(&d);
}

static void
test_the_algorithm_is_the_keys(void **state)
{
    static const struct {
        const char *header;
        enum bulla_cause cause;
    } headers[] = {
        { "{\"alg\":\"none\"}", BULLA_CAUSE_SIGNATURE },
        { "{\"alg\":\"HS256\"}", BULLA_CAUSE_SIGNATURE },
        { "{\"alg\":\"ES384\"}", BULLA_CAUSE_SIGNATURE },
        { "{\"alg\":\"ES256K\"}", BULLA_CAUSE_SIGNATURE },
        { "{\"alg\":\"es256\"}", BULLA_CAUSE_SIGNATURE },
        { "{}", BULLA_CAUSE_MALFORMED },
        { "{\"alg\":256}", BULLA_CAUSE_MALFORMED },
        { "{\"alg\":\"none\",\"alg\":\"ES256\"}", BULLA_CAUSE_MALFORMED },
        { "[\"ES256\"]", BULLA_CAUSE_MALFORMED },
        { "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", BULLA_CAUSE_UNSUPPORTED },
    };
    struct desk d;

    (void)state;
    desk_make(&d, BL_KEY_P256);
    for (size_t i = 0; i < BL_COUNT_OF(headers); i++) {
        sign_with_header(&d, headers[i].header, d.key);
        refused(&d, headers[i].cause);
    }
    sign_with_header(&d, "{\"typ\":\"x\",\"alg\":\"ES256\"}", d.key);
    accepted(&d);
    desk_done(&d);
}

static void
test_a_cwt_may_have_its_tag(void **state)
{
    struct bulla_error err = { 0 };
    struct desk d;

    (void)state;
    desk_make(&d, BL_KEY_P256);
    desk_sign(&d, BL_EAR_CWT);
    BL_AUTO(bulla_buffer) tagged = { 0 };
    assert_ok(bulla_buffer_append(&tagged, BL_LITERAL("\xd8\x3d"), &err), &err);
    assert_ok(bulla_buffer_append(&tagged, bulla_buffer_bytes(&d.token), &err), &err);
    d.v.evidence = bulla_buffer_bytes(&tagged);
    accepted(&d);
    desk_done(&d);
}

/* -- in force ------------------------------------------------------------------------------------ */

static void
test_times_are_exact(void **state)
{
    static const struct {
        int64_t now_s;
        enum bulla_cause cause;
    } times[] = { { NOW - 1, BULLA_CAUSE_NOT_YET_VALID },
                  { NOW, BULLA_CAUSE_NONE },
                  { NOW + 299, BULLA_CAUSE_NONE },
                  { NOW + 300, BULLA_CAUSE_EXPIRED } };
    struct desk d;

    (void)state;
    for (size_t f = 0; f < BL_COUNT_OF(formats); f++) {
        desk_make(&d, BL_KEY_P256);
        desk_sign(&d, formats[f]);
        for (size_t i = 0; i < BL_COUNT_OF(times); i++) {
            d.v.now_s = times[i].now_s;
            if (times[i].cause == BULLA_CAUSE_NONE)
                accepted(&d);
            else
                refused(&d, times[i].cause);
        }
        d.ear.not_before_s = (struct bl_claim_number){ true, (uint64_t)NOW + 10 };
        desk_sign(&d, formats[f]);
        d.v.now_s = NOW + 9;
        refused(&d, BULLA_CAUSE_NOT_YET_VALID);
        d.v.now_s = NOW + 10;
        accepted(&d);
        desk_done(&d);
    }
}

static void
test_what_has_no_end_needs_an_age(void **state)
{
    struct desk d;

    (void)state;
    desk_make(&d, BL_KEY_P256);
    d.ear.expires_s.is_present = false;
    desk_sign(&d, BL_EAR_JWT);
    refused(&d, BULLA_CAUSE_CLAIM_MISSING);
    ask(&d, "max_age", "60");
    accepted(&d);
    d.v.now_s = NOW + 60;
    accepted(&d);
    d.v.now_s = NOW + 61;
    refused(&d, BULLA_CAUSE_EXPIRED);
    static const char *const wrong[] = { "", "1m", "-1", "9999999999" };
    for (size_t i = 0; i < BL_COUNT_OF(wrong); i++) {
        d.v.input_count = 0;
        ask(&d, "max_age", wrong[i]);
        refused(&d, BULLA_CAUSE_USAGE);
    }
    desk_done(&d);
}

/* -- for whom ------------------------------------------------------------------------------------ */

/* Row 22: an audience is compared whole, and one that is named must be asked for. */
static void
test_flaw_22_audiences_that_are_nearly_right(void **state)
{
    static const char *const wrong[] = { "https://rp.exampl", "https://rp.example/", "rp.example",
                                         "HTTPS://RP.EXAMPLE", "[\"https://rp.example\"]" };
    struct desk d;

    (void)state;
    for (size_t f = 0; f < BL_COUNT_OF(formats); f++) {
        desk_make(&d, BL_KEY_P256);
        desk_sign(&d, formats[f]);
        ask(&d, "audience", "https://rp.example");
        refused(&d, BULLA_CAUSE_BINDING_MISMATCH); /* it names none */
        d.ear.audience = BL_LITERAL("https://rp.example");
        desk_sign(&d, formats[f]);
        accepted(&d);
        for (size_t i = 0; i < BL_COUNT_OF(wrong); i++) {
            d.v.input_count = 0;
            ask(&d, "audience", wrong[i]);
            refused(&d, BULLA_CAUSE_BINDING_MISMATCH);
        }
        d.v.input_count = 0;
        refused(&d, BULLA_CAUSE_BINDING_MISMATCH); /* nobody said who asks */
        ask(&d, "audience", "https://rp.example");
        ask(&d, "audience", "https://rp.example");
        refused(&d, BULLA_CAUSE_USAGE);
        desk_done(&d);
    }
}

static void
test_issuers(void **state)
{
    struct desk d;

    (void)state;
    desk_make(&d, BL_KEY_P256);
    d.ear.issuer = BL_LITERAL("verifier 1");
    desk_sign(&d, BL_EAR_JWT);
    accepted(&d);
    ask(&d, "issuer", "verifier 1");
    accepted(&d);
    d.v.input_count = 0;
    ask(&d, "issuer", "verifier 10");
    refused(&d, BULLA_CAUSE_BINDING_MISMATCH);
    d.ear.issuer = BL_LITERAL("");
    desk_sign(&d, BL_EAR_JWT);
    refused(&d, BULLA_CAUSE_BINDING_MISMATCH);
    desk_done(&d);
}

static void
test_nonces(void **state)
{
    struct desk d;

    (void)state;
    for (size_t f = 0; f < BL_COUNT_OF(formats); f++) {
        desk_make(&d, BL_KEY_P256);
        desk_sign(&d, formats[f]);
        d.v.binding = BL_BINDING_NONE;
        d.v.binder = BL_LITERAL("nonce\xff\xfe\x01");
        refused(&d, BULLA_CAUSE_NONCE_MISMATCH);
        d.ear.appraisals[0].nonce = d.v.binder;
        desk_sign(&d, formats[f]);
        accepted(&d);
        d.ear.appraisals[1] = d.ear.appraisals[0]; /* one of two attesters is not fresh */
        d.ear.appraisals[1].label = BL_LITERAL("y");
        d.ear.appraisals[1].nonce = BL_LITERAL("nonce\xff\xfe\x02");
        d.ear.appraisal_count = 2;
        desk_sign(&d, formats[f]);
        refused(&d, BULLA_CAUSE_NONCE_MISMATCH);
        d.ear.nonce = d.v.binder; /* of who asked for the result */
        desk_sign(&d, formats[f]);
        accepted(&d);
        desk_done(&d);
    }
}

/* -- what it says -------------------------------------------------------------------------------- */

static const char *
judged(struct desk *d)
{
    const char *reason = "untouched";
    struct bulla_error err = { 0 };

    desk_sign(d, BL_EAR_CWT);
    assert_ok(bl_ear_judge(&d->v, &reason, &err), &err);
    return reason;
}

static void
test_only_what_is_affirmed_is_accepted(void **state)
{
    static const enum bl_tier others[] = { BL_TIER_NONE, BL_TIER_WARNING, BL_TIER_CONTRAINDICATED };
    struct desk d;

    (void)state;
    desk_make(&d, BL_KEY_P256);
    assert_null(judged(&d));
    for (size_t i = 0; i < BL_COUNT_OF(others); i++) {
        d.ear = result();
        d.ear.appraisals[0].status = others[i];
        assert_non_null(judged(&d));
        d.ear.appraisals[1] = d.ear.appraisals[0]; /* the second of two */
        d.ear.appraisals[0].status = BL_TIER_AFFIRMING;
        d.ear.appraisals[1].label = BL_LITERAL("y");
        d.ear.appraisal_count = 2;
        assert_non_null(judged(&d));
    }
    d.ear = result(); /* a status that is better than what is beside it */
    d.ear.appraisals[0].vector[BL_TRUST_HARDWARE] = 97;
    assert_non_null(judged(&d));
    d.v.anchor_count = 0;
    const char *reason = NULL;
    assert_int_not_equal(bl_ear_judge(&d.v, &reason, NULL), BULLA_OK);
    assert_non_null(reason);
    desk_done(&d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_formats_and_both_curves),
        cmocka_unit_test(test_a_file_may_end_in_a_line_end),
        cmocka_unit_test(test_no_byte_may_change),
        cmocka_unit_test(test_flaw_21_keys_come_from_the_operator_alone),
        cmocka_unit_test(test_the_algorithm_is_the_keys),
        cmocka_unit_test(test_a_cwt_may_have_its_tag),
        cmocka_unit_test(test_times_are_exact),
        cmocka_unit_test(test_what_has_no_end_needs_an_age),
        cmocka_unit_test(test_flaw_22_audiences_that_are_nearly_right),
        cmocka_unit_test(test_issuers),
        cmocka_unit_test(test_nonces),
        cmocka_unit_test(test_only_what_is_affirmed_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

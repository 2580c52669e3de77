/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation results: what a verdict comes to, what is written, what is read of others' and what of it
 * is refused. Who signed one and whom it is for: test_ear_verify.c.
 */
#include "unit.h"

#include "appraise/ear.h"
#include "codec/cbor.h"
#include "faults.h"

#define NOW ((int64_t)1790000000)

static struct bl_claims
good_claims(void)
{
    struct bl_claims claims = { .kind = "tdx",
                                .platform_class = BL_CLASS_HARDWARE,
                                .anchor = "test",
                                .binding = BL_BINDING_CHANNEL,
                                .product = "orders",
                                .version = { .is_present = true, .value = 5 },
                                .isolation = BL_ISOLATION_HARDWARE };

    claims.code = (struct bl_claim_bytes){ .bytes = { 0xc0, 0xde }, .size = 2 };
    return claims;
}

static struct bl_verdict
verdict_of(const enum bl_check_id *ids, size_t count)
{
    struct bl_verdict verdict = {
        .permitted = true, .tier = BL_TIER_AFFIRMING, .policy_digest = { 0xd1 }, .policy_version = 3
    };

    for (size_t i = 0; i < count; i++)
        verdict.checks[verdict.check_count++] =
            (struct bl_check){ .id = ids[i],
                               .passed = true,
                               .found = bulla_value_number(1),
                               .expected = bulla_value_number(1) };
    return verdict;
}

static struct bl_verdict
good_verdict(void)
{
    static const enum bl_check_id ids[] = { BL_CHECK_VERIFIED, BL_CHECK_PLATFORM_ID, BL_CHECK_CODE,
                                            BL_CHECK_CONFIG, BL_CHECK_DEBUG };

    return verdict_of(ids, BL_COUNT_OF(ids));
}

static struct bl_appraisal_policy policy = { .name = "orders", .version = 3 };

static void
make(struct bl_ear *ear, const struct bl_claims *claims, const struct bl_verdict *verdict)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_ear_from_verdict(claims, verdict, &policy, BL_LITERAL("12345678"), NOW, ear, &err),
              &err);
}

/* -- what a verdict comes to ---------------------------------------------------------------------- */

static void
test_a_permission_is_affirming(void **state)
{
    struct bl_claims claims = good_claims();
    struct bl_verdict verdict = good_verdict();
    struct bl_ear_appraisal appraisal = { 0 };

    (void)state;
    bl_ear_rate(&claims, &verdict, &appraisal);
    assert_int_equal(appraisal.status, BL_TIER_AFFIRMING);
    assert_int_equal(appraisal.present, 1u << BL_TRUST_HARDWARE | 1u << BL_TRUST_INSTANCE_IDENTITY |
                                            1u << BL_TRUST_EXECUTABLES |
                                            1u << BL_TRUST_CONFIGURATION |
                                            1u << BL_TRUST_RUNTIME_OPAQUE);
    for (unsigned i = 0; i < BL_TRUST_CLAIM_COUNT; i++)
        assert_int_equal(appraisal.vector[i], (appraisal.present & 1u << i) != 0 ? 2 : 0);
}

/* Whatever check fails, the status is contraindicated, and the vector says where to look; but for what
 * is about the policy and the session, and not about the attester. */
static void
test_every_check_that_fails_is_seen(void **state)
{
    (void)state;
    for (unsigned id = 0; id < BL_CHECK_ID_COUNT; id++) {
        const enum bl_check_id ids[] = { (enum bl_check_id)id };
        struct bl_claims claims = good_claims();
        struct bl_verdict verdict = verdict_of(ids, 1);
        struct bl_ear_appraisal appraisal = { 0 };
        claims.isolation = BL_ISOLATION_NONE;
        verdict.permitted = false;
        verdict.tier = BL_TIER_CONTRAINDICATED;
        verdict.checks[0].passed = false;
        bl_ear_rate(&claims, &verdict, &appraisal);
        assert_int_equal(appraisal.status, BL_TIER_CONTRAINDICATED);
        bool is_about_attester = id != BL_CHECK_POLICY_EXPIRY && id != BL_CHECK_BINDING;
        print_message("# %s\n", bl_check_word((enum bl_check_id)id));
        assert_int_equal(appraisal.present != 0, is_about_attester);
        for (unsigned i = 0; i < BL_TRUST_CLAIM_COUNT; i++)
            if ((appraisal.present & 1u << i) != 0)
                assert_true(bl_trust_tier(appraisal.vector[i]) >= BL_TIER_WARNING);
    }
}

static void
test_the_worse_of_two_checks_stands(void **state)
{
    static const enum bl_check_id ids[] = { BL_CHECK_VERSION, BL_CHECK_CODE };
    struct bl_claims claims = good_claims();
    struct bl_verdict verdict = verdict_of(ids, 2);
    struct bl_ear_appraisal appraisal = { 0 };

    (void)state;
    verdict.permitted = false;
    verdict.checks[0].passed = false;
    bl_ear_rate(&claims, &verdict, &appraisal);
    assert_int_equal(appraisal.vector[BL_TRUST_EXECUTABLES],
                     32); /* not 2, though the code is right */
}

static void
test_what_the_policy_waives_is_not_affirmed(void **state)
{
    static const char *const words[] = { "any", "absent" };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(words); i++) {
        struct bl_claims claims = good_claims();
        struct bl_verdict verdict = good_verdict();
        struct bl_ear_appraisal appraisal = { 0 };
        verdict.checks[1].expected = bulla_value_word(words[i]);
        bl_ear_rate(&claims, &verdict, &appraisal);
        assert_int_equal(appraisal.present & 1u << BL_TRUST_INSTANCE_IDENTITY, 0);
        assert_int_equal(appraisal.status, BL_TIER_AFFIRMING);
    }
}

static void
test_a_status_is_never_better_than_what_is_beside_it(void **state)
{
    struct bl_claims claims = good_claims();
    struct bl_verdict verdict = good_verdict();
    struct bl_ear_appraisal appraisal = { 0 };

    (void)state;
    claims.platform_class = BL_CLASS_SOFTWARE;
    bl_ear_rate(&claims, &verdict, &appraisal);
    assert_int_equal(appraisal.vector[BL_TRUST_HARDWARE], 32);
    assert_int_equal(appraisal.present & 1u << BL_TRUST_RUNTIME_OPAQUE, 0);
    assert_int_equal(appraisal.status, BL_TIER_WARNING);
    verdict.tier = BL_TIER_WARNING;
    claims = good_claims();
    bl_ear_rate(&claims, &verdict, &appraisal);
    assert_int_equal(appraisal.status, BL_TIER_WARNING);
    verdict.permitted = false; /* whatever its tier says */
    verdict.tier = BL_TIER_AFFIRMING;
    bl_ear_rate(&claims, &verdict, &appraisal);
    assert_int_equal(appraisal.status, BL_TIER_CONTRAINDICATED);
}

static void
test_tiers_of_values(void **state)
{
    static const struct {
        int64_t value;
        enum bl_tier tier;
    } values[] = {
        { -128, BL_TIER_CONTRAINDICATED },
        { -97, BL_TIER_CONTRAINDICATED },
        { -96, BL_TIER_WARNING },
        { -33, BL_TIER_WARNING },
        { -32, BL_TIER_AFFIRMING },
        { -2, BL_TIER_AFFIRMING },
        { -1, BL_TIER_NONE },
        { 0, BL_TIER_NONE },
        { 1, BL_TIER_NONE },
        { 2, BL_TIER_AFFIRMING },
        { 31, BL_TIER_AFFIRMING },
        { 32, BL_TIER_WARNING },
        { 95, BL_TIER_WARNING },
        { 96, BL_TIER_CONTRAINDICATED },
        { 127, BL_TIER_CONTRAINDICATED },
    };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(values); i++)
        assert_int_equal(bl_trust_tier(values[i].value), values[i].tier);
}

static void
test_nothing_is_said_of_what_was_not_verified(void **state)
{
    struct bl_claims none = { 0 }, claims = good_claims();
    struct bl_verdict verdict = good_verdict(), empty = { .permitted = true };
    struct bl_ear ear = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_fails(bl_ear_from_verdict(&none, &verdict, &policy, BL_LITERAL(""), NOW, &ear, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(bl_ear_from_verdict(&claims, &empty, &policy, BL_LITERAL(""), NOW, &ear, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_int_equal(ear.appraisal_count, 0);
}

/* -- what is written ----------------------------------------------------------------------------- */

#define D1 "d100000000000000000000000000000000000000000000000000000000000000"

static void
test_the_claims_as_json(void **state)
{
    struct bl_claims claims = good_claims();
    struct bl_verdict verdict = good_verdict();
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO(bl_ear) ear = { 0 };

    (void)state;
    make(&ear, &claims, &verdict);
    ear.issuer = BL_LITERAL("verifier");
    ear.build = BL_LITERAL("b");
    assert_ok(bl_ear_encode(&ear, BL_EAR_JWT, &text, &err), &err);
    assert_bytes_equal(
        bulla_buffer_bytes(&text),
        text_bytes("{\"iss\":\"verifier\",\"exp\":1790000300,\"iat\":1790000000,"
                   "\"eat_profile\":\"tag:ietf.org,2026:rats/ear#03\","
                   "\"ear_verifier_id\":{\"developer\":\"bulla\",\"build\":\"b\"},"
                   "\"submods\":{\"tdx\":{\"ear_status\":\"affirming\","
                   "\"ear_trustworthiness_vector\":{\"instance-identity\":2,\"configuration\":2,"
                   "\"executables\":2,\"hardware\":2,\"runtime-opaque\":2},"
                   "\"ear_appraisal_policy_ids\":[\"sha256:" D1 "\"],"
                   "\"eat_nonce\":\"MTIzNDU2Nzg\","
                   "\"tag:bulla.invalid,2026:subject\":{\"code\":\"c0de\",\"kind\":\"tdx\","
                   "\"class\":\"hardware\",\"policy\":\"orders\",\"binding\":\"channel\","
                   "\"product\":\"orders\",\"version\":5,\"policy_version\":3}}}}"));
}

static void
check_same(const struct bl_ear *a, const struct bl_ear *b)
{
    assert_bytes_equal(a->issuer, b->issuer);
    assert_bytes_equal(a->audience, b->audience);
    assert_bytes_equal(a->developer, b->developer);
    assert_bytes_equal(a->build, b->build);
    assert_int_equal(a->issued_s, b->issued_s);
    assert_int_equal(a->expires_s.is_present, b->expires_s.is_present);
    assert_int_equal(a->expires_s.value, b->expires_s.value);
    assert_int_equal(a->not_before_s.value, b->not_before_s.value);
    assert_int_equal(a->appraisal_count, b->appraisal_count);
    for (size_t i = 0; i < a->appraisal_count; i++) {
        const struct bl_ear_appraisal *x = &a->appraisals[i], *y = &b->appraisals[i];
        assert_bytes_equal(x->label, y->label);
        assert_int_equal(x->status, y->status);
        assert_int_equal(x->present, y->present);
        assert_memory_equal(x->vector, y->vector, sizeof x->vector);
        assert_int_equal(x->policy_id_count, y->policy_id_count);
        assert_bytes_equal(x->policy_ids[0], y->policy_ids[0]);
    }
}

static const enum bl_ear_format formats[] = { BL_EAR_JWT, BL_EAR_CWT };

static void
test_what_is_written_is_read(void **state)
{
    struct bl_claims claims = good_claims();
    struct bl_verdict verdict = good_verdict();
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(formats); i++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        BL_AUTO(bl_ear) ear = { 0 };
        BL_AUTO(bl_ear) read = { 0 };
        make(&ear, &claims, &verdict);
        ear.issuer = BL_LITERAL("me");
        ear.audience = BL_LITERAL("you");
        ear.nonce = BL_LITERAL("abcdefgh");
        ear.not_before_s = (struct bl_claim_number){ true, 7 };
        assert_ok(bl_ear_encode(&ear, formats[i], &bytes, &err), &err);
        assert_ok(bl_ear_decode(bulla_buffer_bytes(&bytes), formats[i], &read, &err), &err);
        check_same(&ear, &read);
        assert_bytes_equal(read.appraisals[0].nonce,
                           i == 0 ? BL_LITERAL("MTIzNDU2Nzg") : BL_LITERAL("12345678"));
    }
}

static void
test_cbor_is_deterministic(void **state)
{
    struct bl_claims claims = good_claims();
    struct bl_verdict verdict = good_verdict();
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_ear) ear = { 0 };

    (void)state;
    claims.signer = claims.config = claims.code;
    make(&ear, &claims, &verdict);
    ear.issuer = ear.audience = BL_LITERAL("x");
    assert_ok(bl_ear_encode(&ear, BL_EAR_CWT, &bytes, &err), &err);
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "test");
    (void)bl_cbor_skip(&r); /* the strict one */
    assert_ok(bl_reader_finish(&r, &err), &err);
}

/* -- what is read -------------------------------------------------------------------------------- */

#define HEAD "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#03\",\"iat\":1666529184,"
#define BY                                                                                 \
    "\"ear_verifier_id\":{\"developer\":\"https://veraison-project.org\",\"build\":\"vts " \
    "0.0.1\"},"
#define SUBMOD(inside) "\"submods\":{\"PSA\":{" inside "}}}"

static enum bulla_status
decode_text(const char *text, struct bl_ear *ear, struct bulla_error *err)
{
    bl_ear_done(ear);
    bulla_error_clear(err);
    return bl_ear_decode(text_bytes(text), BL_EAR_JWT, ear, err);
}

static void
test_the_examples_of_the_draft(void **state)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_ear) ear = { 0 };

    (void)state;
    assert_ok(decode_text(HEAD BY "\"ear_raw_evidence\":\"NzQ3MjY5NzM2NTYzNzQK\"," SUBMOD(
                              "\"ear_status\":\"contraindicated\","
                              "\"ear_trustworthiness_vector\":{\"instance-identity\":2,"
                              "\"executables\":96,\"hardware\":2},"
                              "\"ear_appraisal_policy_ids\":"
                              "[\"https://veraison.example/policy/1/60a0068d\"]"),
                          &ear, &err),
              &err);
    assert_int_equal(ear.issued_s, 1666529184);
    assert_false(ear.expires_s.is_present);
    assert_bytes_equal(ear.appraisals[0].label, text_bytes("PSA"));
    assert_int_equal(ear.appraisals[0].status, BL_TIER_CONTRAINDICATED);
    assert_int_equal(ear.appraisals[0].present, 0x15);
    assert_int_equal(ear.appraisals[0].vector[BL_TRUST_EXECUTABLES], 96);

    assert_ok(decode_text(HEAD BY "\"ear_status\":\"warning\",\"submods\":{"
                                  "\"CCA Platform\":{\"ear_status\":\"affirming\"},"
                                  "\"CCA Realm\":{\"ear_status\":\"none\","
                                  "\"ear_veraison_key_attestation\":{\"akpub\":\"AA\"}}}}",
                          &ear, &err),
              &err);
    assert_int_equal(ear.appraisal_count, 2);
    assert_true(ear.has_status);
    assert_int_equal(ear.status, BL_TIER_WARNING);
}

static void
test_what_is_refused(void **state)
{
#define OK_SUBMOD SUBMOD("\"ear_status\":\"affirming\"")
    static const struct {
        const char *text;
        enum bulla_cause cause;
    } refused[] = {
        { "{\"iat\":1," BY OK_SUBMOD, BULLA_CAUSE_CLAIM_MISSING },
        { "{\"eat_profile\":\"tag:github.com,2023:veraison/ear\",\"iat\":1," BY OK_SUBMOD,
          BULLA_CAUSE_UNSUPPORTED },
        { "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#03\"," BY OK_SUBMOD,
          BULLA_CAUSE_CLAIM_MISSING },
        { "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#03\",\"iat\":1.5," BY OK_SUBMOD,
          BULLA_CAUSE_MALFORMED },
        { "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#03\",\"iat\":1.666529184e+09," BY
              OK_SUBMOD,
          BULLA_CAUSE_MALFORMED },
        { "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#03\",\"iat\":\"1\"," BY OK_SUBMOD,
          BULLA_CAUSE_MALFORMED },
        { "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#03\",\"iat\":-1," BY OK_SUBMOD,
          BULLA_CAUSE_MALFORMED },
        { HEAD OK_SUBMOD, BULLA_CAUSE_CLAIM_MISSING }, /* no verifier */
        { HEAD "\"ear_verifier_id\":{\"developer\":\"x\"}," OK_SUBMOD, BULLA_CAUSE_CLAIM_MISSING },
        { HEAD BY "\"x\":1}", BULLA_CAUSE_CLAIM_MISSING }, /* no attester */
        { HEAD BY "\"submods\":{}}", BULLA_CAUSE_CLAIM_MISSING },
        { HEAD BY "\"submods\":[]}", BULLA_CAUSE_MALFORMED },
        { HEAD BY SUBMOD("\"x\":1"), BULLA_CAUSE_CLAIM_MISSING }, /* no status */
        { HEAD BY SUBMOD("\"ear_status\":2"), BULLA_CAUSE_MALFORMED },
        { HEAD BY SUBMOD("\"ear_status\":\"fine\""), BULLA_CAUSE_MALFORMED },
        { HEAD BY SUBMOD("\"ear_status\":\"none\",\"ear_status\":\"affirming\""),
          BULLA_CAUSE_MALFORMED },
        { HEAD BY SUBMOD(
              "\"ear_status\":\"none\",\"ear_trustworthiness_vector\":{\"hardware\":128}"),
          BULLA_CAUSE_MALFORMED },
        { HEAD BY SUBMOD(
              "\"ear_status\":\"none\",\"ear_trustworthiness_vector\":{\"hardware\":\"2\"}"),
          BULLA_CAUSE_MALFORMED },
        { HEAD BY SUBMOD("\"ear_status\":\"none\",\"ear_appraisal_policy_ids\":\"x\""),
          BULLA_CAUSE_MALFORMED },
        { HEAD "\"aud\":[\"you\"]," BY OK_SUBMOD, BULLA_CAUSE_MALFORMED },
        { HEAD "\"aud\":\"\"," BY OK_SUBMOD, BULLA_CAUSE_MALFORMED },
        { HEAD "\"exp\":1.0," BY OK_SUBMOD, BULLA_CAUSE_MALFORMED },
        { HEAD "\"nbf\":null," BY OK_SUBMOD, BULLA_CAUSE_MALFORMED },
        { HEAD "\"ear_status\":\"x\"," BY OK_SUBMOD, BULLA_CAUSE_MALFORMED },
        { "[]", BULLA_CAUSE_MALFORMED },
    };
    struct bulla_error err = { 0 };
    BL_AUTO(bl_ear) ear = { 0 };

    (void)state;
    assert_ok(decode_text(HEAD BY OK_SUBMOD, &ear, &err), &err);
    for (size_t i = 0; i < BL_COUNT_OF(refused); i++) {
        assert_int_not_equal(decode_text(refused[i].text, &ear, &err), BULLA_OK);
        assert_int_equal(err.cause, refused[i].cause);
    }
}

static void
test_cbor_that_is_refused(void **state)
{
    static const char *const changed[][2] = {
        /* what stands there, what is put there; of the same size */
        { "\x19\x03\xe8\x02", "\x19\x03\xe8\x03" }, /* no tier */
        { "\x19\x03\xe8\x02", "\x19\x03\xe8\xf5" }, /* no number */
        { "rats/ear#03", "rats/ear#04" },           /* another profile */
        { "\x63tdx", "\x43tdx" },                   /* no name */
        { "\x06\x1a", "\x07\x1a" },                 /* no time of issue */
        { "\x19\x03\xec\xa2", "\x19\x03\xed\xa2" }, /* no verifier */
        { "\x19\x01\x0a\xa1", "\x19\x01\x0b\xa1" }, /* no attesters */
    };
    struct bl_claims claims = good_claims();
    struct bl_verdict verdict = good_verdict();
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(changed); i++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        BL_AUTO(bl_ear) ear = { 0 };
        BL_AUTO(bl_ear) read = { 0 };
        make(&ear, &claims, &verdict);
        assert_ok(bl_ear_encode(&ear, BL_EAR_CWT, &bytes, &err), &err);
        uint8_t *at = memmem(bytes.data, bytes.size, changed[i][0], strlen(changed[i][0]));
        assert_non_null(at);
        memcpy(at, changed[i][1], strlen(changed[i][1]));
        assert_int_not_equal(bl_ear_decode(bulla_buffer_bytes(&bytes), BL_EAR_CWT, &read, NULL),
                             BULLA_OK);
    }
}

static void
test_every_truncation_and_one_byte_over(void **state)
{
    struct bl_claims claims = good_claims();
    struct bl_verdict verdict = good_verdict();
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(formats); i++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        BL_AUTO(bl_ear) ear = { 0 };
        make(&ear, &claims, &verdict);
        assert_ok(bl_ear_encode(&ear, formats[i], &bytes, &err), &err);
        for (size_t size = 0; size < bytes.size; size++) {
            BL_AUTO(bl_ear) read = { 0 };
            assert_int_not_equal(
                bl_ear_decode((struct bulla_bytes){ bytes.data, size }, formats[i], &read, NULL),
                BULLA_OK);
        }
        BL_AUTO(bl_ear) read = { 0 };
        assert_ok(bulla_buffer_append(&bytes, BL_LITERAL("\x01"), &err), &err);
        assert_fails(bl_ear_decode(bulla_buffer_bytes(&bytes), formats[i], &read, &err),
                     BULLA_E_MALFORMED, &err);
    }
}

static void
test_attesters_are_counted(void **state)
{
    struct bl_claims claims = good_claims();
    struct bl_verdict verdict = good_verdict();
    struct bulla_error err = { 0 };
    char labels[BL_EAR_APPRAISAL_COUNT_MAX][3];
    BL_AUTO(bl_ear) ear = { 0 };

    (void)state;
    make(&ear, &claims, &verdict);
    for (size_t n = 0; n < BL_EAR_APPRAISAL_COUNT_MAX; n++) {
        ear.appraisals[n] = ear.appraisals[0];
        snprintf(labels[n], sizeof labels[n], "%02zu", n);
        ear.appraisals[n].label = text_bytes(labels[n]);
    }
    ear.appraisal_count = BL_EAR_APPRAISAL_COUNT_MAX;
    for (size_t i = 0; i < BL_COUNT_OF(formats); i++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        BL_AUTO(bl_ear) read = { 0 };
        BL_AUTO(bl_ear) again = { 0 };
        assert_ok(bl_ear_encode(&ear, formats[i], &bytes, &err), &err);
        assert_ok(bl_ear_decode(bulla_buffer_bytes(&bytes), formats[i], &read, &err), &err);
        assert_int_equal(read.appraisal_count, BL_EAR_APPRAISAL_COUNT_MAX);
        /* one more: of CBOR by the size of the map, of JSON by a member */
        BL_AUTO(bulla_buffer) more = { 0 };
        const char *const from = i == 0 ? "\"submods\":{" : "\x19\x01\x0a\xb0";
        const char *const to = i == 0 ? "\"submods\":{\"x\":{\"ear_status\":\"none\"},"
                                      : "\x19\x01\x0a\xb1\x61x\xa1\x19\x03\xe8\x02";
        uint8_t *at = memmem(bytes.data, bytes.size, from, strlen(from));
        assert_non_null(at);
        size_t before = (size_t)(at - bytes.data), after = before + strlen(from);
        assert_ok(bulla_buffer_append(&more, (struct bulla_bytes){ bytes.data, before }, &err),
                  &err);
        assert_ok(bulla_buffer_append(&more, text_bytes(to), &err), &err);
        assert_ok(bulla_buffer_append(
                      &more, (struct bulla_bytes){ bytes.data + after, bytes.size - after }, &err),
                  &err);
        assert_fails(bl_ear_decode(bulla_buffer_bytes(&more), formats[i], &again, &err),
                     BULLA_E_LIMIT, &err);
    }
}

static enum bulla_status
write_and_read(const void *context, struct bulla_error *err)
{
    const enum bl_ear_format *format = context;
    struct bl_claims claims = good_claims();
    struct bl_verdict verdict = good_verdict();
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_ear) ear = { 0 };
    BL_AUTO(bl_ear) read = { 0 };

    BL_TRY(bl_ear_from_verdict(&claims, &verdict, &policy, BL_LITERAL("12345678"), NOW, &ear, err));
    BL_TRY(bl_ear_encode(&ear, *format, &bytes, err));
    return bl_ear_decode(bulla_buffer_bytes(&bytes), *format, &read, err);
}

static void
test_memory_that_runs_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(formats); i++)
        assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, write_and_read, &formats[i]) >= 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_permission_is_affirming),
        cmocka_unit_test(test_every_check_that_fails_is_seen),
        cmocka_unit_test(test_the_worse_of_two_checks_stands),
        cmocka_unit_test(test_what_the_policy_waives_is_not_affirmed),
        cmocka_unit_test(test_a_status_is_never_better_than_what_is_beside_it),
        cmocka_unit_test(test_tiers_of_values),
        cmocka_unit_test(test_nothing_is_said_of_what_was_not_verified),
        cmocka_unit_test(test_the_claims_as_json),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_cbor_is_deterministic),
        cmocka_unit_test(test_the_examples_of_the_draft),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_cbor_that_is_refused),
        cmocka_unit_test(test_every_truncation_and_one_byte_over),
        cmocka_unit_test(test_attesters_are_counted),
        cmocka_unit_test(test_memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* PSA attestation tokens, made here: what is taken, and each rule broken alone. */
#include "tee/paper_arm.h"

#include "appraise/baseline.h"
#include "tee/psa/verify.h"
#include "tee/scheme_fixture.h"

#define NONCE 0x0a
#define INSTANCE 0x01

struct bench {
    struct paper_signer signer;
    struct bl_anchor anchor;
    struct paper_claims claims;
    struct bulla_buffer token;
    uint8_t nonce[32];
};

static void
bench_done(struct bench *b)
{
    paper_signer_done(&b->signer);
    paper_claims_done(&b->claims);
    bulla_buffer_done(&b->token);
}

/* In no order that CBOR calls deterministic, as in life. */
static void
write_2_0(struct paper_claims *c, const char *profile)
{
    paper_bytes(c, 2397, 0x5e, 32);
    paper_bytes(c, 10, NONCE, 32);
    paper_number(c, 2394, -7);
    paper_bytes(c, 2396, 0x1d, 32);
    paper_bytes(c, 256, INSTANCE, 33);
    paper_text(c, 265, profile);
    paper_number(c, 2395, 0x3000);
    paper_components(c, 2399);
    paper_text(c, 2398, "1234567890123-12345");
    paper_text(c, 2400, "https://verifier.example");
}

static void
write_profile_1(struct paper_claims *c)
{
    paper_bytes(c, -75004, 0x5e, 32);
    paper_bytes(c, -75008, NONCE, 32);
    paper_number(c, -75001, 2);
    paper_bytes(c, -75003, 0x1d, 32);
    paper_bytes(c, -75009, INSTANCE, 33);
    paper_text(c, -75000, "PSA_IOT_PROFILE_1");
    paper_number(c, -75002, 0x3000);
    paper_components(c, -75006);
    paper_text(c, -75005, "1234567890123");
    paper_text(c, -75010, "https://verifier.example");
}

static void
setup(struct bench *b, enum bl_key_kind kind)
{
    b->signer = paper_signer(kind);
    b->anchor = paper_given("iak", bulla_buffer_bytes(&b->signer.spki));
    memset(b->nonce, NONCE, sizeof b->nonce);
    write_2_0(&b->claims, "http://arm.com/psa/2.0.0");
}

static struct bl_verification
verification(const struct bench *b)
{
    return (struct bl_verification){ .evidence = bulla_buffer_bytes(&b->token),
                                     .anchors = &b->anchor,
                                     .anchor_count = 1,
                                     .binder = BL_BYTES_OF(b->nonce),
                                     .binding = BL_BINDING_NONE };
}

/* Sign the claims as they are, and verify. */
static enum bulla_status
verify(struct bench *b, struct bl_claims *claims, struct bulla_error *err)
{
    paper_sign(b->signer.key, &b->claims, &b->token);
    struct bl_verification v = verification(b);

    return scheme_verify("psa", &v, claims, err);
}

static void
assert_taken(struct bench *b)
{
    paper_sign(b->signer.key, &b->claims, &b->token);
    struct bl_verification v = verification(b);
    assert_scheme_takes("psa", &v);
}

static void
assert_refused(struct bench *b, enum bulla_cause cause)
{
    paper_sign(b->signer.key, &b->claims, &b->token);
    struct bl_verification v = verification(b);
    assert_scheme_refuses("psa", &v, cause);
}

static void
test_tokens_of_all_profiles_and_keys(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        BL_AUTO(bench) b = { 0 };
        setup(&b, i % 2 == 0 ? BL_KEY_P256 : BL_KEY_P384);
        if (i / 2 > 0)
            paper_claims_done(&b.claims);
        if (i / 2 == 1)
            write_profile_1(&b.claims);
        else if (i / 2 == 2)
            write_2_0(&b.claims, "tag:psacertified.org,2023:psa#tfm");
        assert_taken(&b);
    }
}

static void
test_what_a_token_claims(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_baseline baseline;
    struct bl_claims claims;
    uint8_t instance[33], signer[32], code[32];

    setup(&b, BL_KEY_P256);
    assert_ok(verify(&b, &claims, &err), &err);
    memset(instance, INSTANCE, sizeof instance);
    memset(signer, 0x51, sizeof signer);
    assert_ok(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&b.claims.values[7]), code, &err), &err);
    assert_int_equal(b.claims.keys[7], 2399);
    assert_bytes_equal(bl_claim_view(&claims.platform_id), BL_BYTES_OF(instance));
    assert_bytes_equal(bl_claim_view(&claims.signer), BL_BYTES_OF(signer));
    assert_bytes_equal(bl_claim_view(&claims.code), BL_BYTES_OF(code));
    assert_int_equal(claims.config.size, 0);
    assert_string_equal(claims.anchor, "paper");
    assert_int_equal(claims.platform_class, BL_CLASS_HARDWARE);
    assert_int_equal(claims.binding, BL_BINDING_NONE);
    assert_true(claims.secured.is_present && claims.secured.value);
    assert_true(claims.debug.is_present && !claims.debug.value);
    assert_int_equal(claims.unchecked_count, 1);
    assert_string_equal(claims.unchecked[0], "reference_values");
    bl_baseline_judge(&claims, &baseline);
    assert_true(baseline.accepted);
}

/* Whichever component changes, the code is another; a second signer is no signer of all. */
static void
test_code_is_of_every_component(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims before, after;

    setup(&b, BL_KEY_P256);
    assert_ok(verify(&b, &before, &err), &err);
    for (int i = 0; i < 3; i++) {
        struct bl_writer w = paper_set(&b.claims, 2399);
        bl_cbor_write_array(&w, 2);
        paper_component(&w, i == 0 ? 0x99 : 0x21, 32, 0x51, 32);
        paper_component(&w, i == 1 ? 0x99 : 0x22, 32, i == 2 ? 0x52 : 0x51, 32);
        assert_ok(verify(&b, &after, &err), &err);
        assert_false(bl_equal(bl_claim_view(&before.code), bl_claim_view(&after.code)));
        assert_int_equal(after.signer.size, i == 2 ? 0 : 32);
    }
}

static void
test_each_mandatory_claim(void **state)
{
    (void)state;
    static const int64_t newer[] = { 10, 256, 265, 2394, 2395, 2396, 2399 };
    static const int64_t older[] = { -75001, -75002, -75003, -75004, -75006, -75008, -75009 };
    static const int64_t optional[] = { 2397, 2398, 2400, -75000, -75005, -75010 };

    for (size_t i = 0; i < BL_COUNT_OF(newer) + BL_COUNT_OF(older) + BL_COUNT_OF(optional); i++) {
        BL_AUTO(bench) b = { 0 };
        size_t mandatory = BL_COUNT_OF(newer) + BL_COUNT_OF(older);
        int64_t key = i < BL_COUNT_OF(newer) ? newer[i]
                      : i < mandatory        ? older[i - BL_COUNT_OF(newer)]
                                             : optional[i - mandatory];
        setup(&b, BL_KEY_P256);
        if (key < 0) {
            paper_claims_done(&b.claims);
            write_profile_1(&b.claims);
        }
        paper_drop(&b.claims, key);
        if (i < mandatory)
            assert_refused(&b, BULLA_CAUSE_CLAIM_MISSING);
        else
            assert_taken(&b);
    }
}

static void
test_each_size(void **state)
{
    (void)state;
    static const struct {
        int64_t key;
        uint8_t fill;
        size_t size;
        bool taken;
    } sizes[] = {
        { 10, NONCE, 0, false },      { 10, NONCE, 31, false },     { 10, NONCE, 33, false },
        { 10, NONCE, 65, false },     { 256, INSTANCE, 32, false }, { 256, INSTANCE, 34, false },
        { 256, INSTANCE, 33, true },  { 256, 0x02, 33, false },     { 256, 0x00, 33, false },
        { 2396, 0x1d, 31, false },    { 2396, 0x1d, 33, false },    { 2396, 0x1d, 0, false },
        { 2397, 0x5e, 7, false },     { 2397, 0x5e, 8, true },      { 2397, 0x5e, 33, false },
        { -75004, 0x5e, 31, false },  { -75004, 0x5e, 33, false },  { -75004, 0x5e, 8, false },
        { -75008, NONCE, 16, false }, { -75009, 0x02, 33, false },  { -75003, 0x1d, 16, false },
    };

    for (size_t i = 0; i < BL_COUNT_OF(sizes); i++) {
        BL_AUTO(bench) b = { 0 };
        setup(&b, BL_KEY_P256);
        if (sizes[i].key < 0) {
            paper_claims_done(&b.claims);
            write_profile_1(&b.claims);
        }
        paper_bytes(&b.claims, sizes[i].key, sizes[i].fill, sizes[i].size);
        if (sizes[i].taken)
            assert_taken(&b);
        else
            assert_refused(&b, BULLA_CAUSE_MALFORMED);
    }
}

static void
test_each_type(void **state)
{
    (void)state;
    static const int64_t keys[] = { 10, 256, 265, 2394, 2395, 2396, 2397, 2398, 2399, 2400 };

    for (size_t i = 0; i < BL_COUNT_OF(keys); i++) {
        BL_AUTO(bench) b = { 0 };
        setup(&b, BL_KEY_P256);
        struct bl_writer w = paper_set(&b.claims, keys[i]);
        bl_cbor_write_bool(&w, true);
        assert_refused(&b, BULLA_CAUSE_MALFORMED);
    }
}

static void
test_states_of_the_life_cycle(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        bool taken, secured, debug;
    } states[] = {
        { 0x0000, true, false, false },   { 0x00ff, true, false, false },
        { 0x0100, false, false, false },  { 0x1000, true, false, false },
        { 0x2010, true, false, false },   { 0x2fff, false, false, false },
        { 0x3000, true, true, false },    { 0x30ff, true, true, false },
        { 0x3100, false, false, false },  { 0x4000, true, false, true },
        { 0x50ff, true, false, true },    { 0x6000, true, false, false },
        { 0x6100, false, false, false },  { 0x7000, false, false, false },
        { 0x13000, false, false, false }, { -1, false, false, false },
    };

    for (size_t i = 0; i < BL_COUNT_OF(states); i++) {
        BL_AUTO(bench) b = { 0 };
        struct bulla_error err = { 0 };
        struct bl_baseline baseline;
        struct bl_claims claims;
        setup(&b, BL_KEY_P256);
        paper_number(&b.claims, 2395, states[i].value);
        if (!states[i].taken) {
            assert_refused(&b, BULLA_CAUSE_MALFORMED);
            continue;
        }
        assert_ok(verify(&b, &claims, &err), &err);
        assert_int_equal(claims.secured.value, states[i].secured);
        assert_int_equal(claims.debug.value, states[i].debug);
        bl_baseline_judge(&claims, &baseline);
        assert_int_equal(baseline.accepted, states[i].secured);
    }
}

static void
test_software_components(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    setup(&b, BL_KEY_P256);

    struct bl_writer w = paper_set(&b.claims, 2399);
    bl_cbor_write_array(&w, 0);
    assert_refused(&b, BULLA_CAUSE_CLAIM_MISSING);
    for (int i = 0; i < 5; i++) {
        w = paper_set(&b.claims, 2399);
        bl_cbor_write_array(&w, 2);
        paper_component(&w, 0x21, 64, 0x51, 48);
        paper_component(&w, 0x22,
                        i == 0   ? 0
                        : i == 1 ? 31
                                 : 32,
                        0x51,
                        i == 2   ? 0
                        : i == 3 ? 33
                                 : 32);
        if (i == 4)
            assert_taken(&b);
        else
            assert_refused(&b, i % 2 == 0 ? BULLA_CAUSE_CLAIM_MISSING : BULLA_CAUSE_MALFORMED);
    }
    w = paper_set(&b.claims, 2399); /* more than there may be */
    bl_cbor_write_array(&w, 65);
    for (int i = 0; i < 65; i++)
        paper_component(&w, 0x21, 32, 0x51, 32);
    assert_refused(&b, BULLA_CAUSE_MALFORMED);
}

static void
test_nothing_measured(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims;

    setup(&b, BL_KEY_P256);
    paper_claims_done(&b.claims);
    write_profile_1(&b.claims);
    paper_number(&b.claims, -75007, 1);
    assert_refused(&b, BULLA_CAUSE_MALFORMED); /* and measured */
    paper_drop(&b.claims, -75006);
    assert_ok(verify(&b, &claims, &err), &err);
    assert_int_equal(claims.code.size, 0); /* absent, not the digest of nothing */
    assert_int_equal(claims.signer.size, 0);
    paper_number(&b.claims, -75007, 0);
    assert_refused(&b, BULLA_CAUSE_MALFORMED);
}

static void
test_profiles(void **state)
{
    (void)state;
    static const char *const others[] = { "", "http://arm.com/psa/2.0.1", "PSA_IOT_PROFILE_1",
                                          "http://arm.com/psa/2.0.0/" };

    for (size_t i = 0; i < BL_COUNT_OF(others); i++) {
        BL_AUTO(bench) b = { 0 };
        setup(&b, BL_KEY_P256);
        paper_text(&b.claims, 265, others[i]);
        assert_refused(&b, BULLA_CAUSE_UNSUPPORTED);
    }
    BL_AUTO(bench) b = { 0 };
    setup(&b, BL_KEY_P256);
    paper_drop(&b.claims, 2400);
    paper_text(&b.claims, -75010, "https://verifier.example"); /* of the other family */
    assert_refused(&b, BULLA_CAUSE_MALFORMED);
}

static void
test_claims_said_twice_or_unknown(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };

    setup(&b, BL_KEY_P256);
    paper_number(&b.claims, 99999, 1);
    paper_text(&b.claims, -1, "of the vendor");
    assert_taken(&b);
    paper_bytes(&b.claims, 268, 0x5e, 32); /* the boot seed by its other key */
    assert_refused(&b, BULLA_CAUSE_MALFORMED);
    paper_drop(&b.claims, 268);
    struct bl_writer w = paper_add(&b.claims, 2395);
    bl_cbor_write_uint(&w, 0x3000);
    assert_refused(&b, BULLA_CAUSE_MALFORMED);
}

static void
test_the_nonce(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    setup(&b, BL_KEY_P256);
    paper_bytes(&b.claims, 10, NONCE + 1, 32);
    assert_refused(&b, BULLA_CAUSE_NONCE_MISMATCH);
    paper_bytes(&b.claims, 10, NONCE, 48);
    assert_refused(&b, BULLA_CAUSE_NONCE_MISMATCH); /* the same start */
    struct bl_verification v = verification(&b);
    v.binding = BL_BINDING_ABSENT;
    bulla_error_clear(&err);
    assert_ok(bl_psa_verify(&v, &claims, &err), &err);
    assert_int_equal(claims.binding, BL_BINDING_ABSENT);
}

/* -- keys ---------------------------------------------------------------------------------------- */

static void
test_keys_given_to_trust(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(paper_signer) other = paper_signer(BL_KEY_P256);
    BL_AUTO(paper_signer) wide = paper_signer(BL_KEY_P384);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    setup(&b, BL_KEY_P256);
    paper_sign(b.signer.key, &b.claims, &b.token);
    struct bl_verification v = verification(&b);
    struct bl_anchor anchors[] = { paper_given("iak", bulla_buffer_bytes(&wide.spki)),
                                   paper_given("iak", bulla_buffer_bytes(&other.spki)),
                                   paper_given("cpak", b.anchor.der), b.anchor };
    anchors[3].name = "fourth";
    v.anchors = anchors;
    for (v.anchor_count = 0; v.anchor_count < 4; v.anchor_count++)
        assert_cause(bl_psa_verify(&v, &claims, &err),
                     v.anchor_count == 0 ? BULLA_CAUSE_UNTRUSTED : BULLA_CAUSE_COSE_SIGNATURE,
                     &err);
    bulla_error_clear(&err);
    assert_ok(bl_psa_verify(&v, &claims, &err), &err);
    assert_string_equal(claims.anchor, "fourth");
}

/* A point off its curve makes an anchor that anybody can sign for: it is no key, and that is said
 * even where another key would have done. */
static void
test_an_anchor_off_its_curve(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(paper_signer) off = paper_signer(BL_KEY_P256);
    BL_AUTO(paper_signer) edwards = paper_signer(BL_KEY_ED25519);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    setup(&b, BL_KEY_P256);
    paper_sign(b.signer.key, &b.claims, &b.token);
    off.spki.data[off.spki.size - 1] ^= 1;
    for (int i = 0; i < 4; i++) {
        struct bl_verification v = verification(&b);
        struct bulla_bytes bad = bulla_buffer_bytes(i % 2 == 0 ? &off.spki : &edwards.spki);
        struct bl_anchor anchors[] = { b.anchor, b.anchor };
        anchors[i / 2].der = bad;
        v.anchors = anchors;
        v.anchor_count = 2;
        assert_cause(bl_psa_verify(&v, &claims, &err), BULLA_CAUSE_KEY_ATTRIBUTES, &err);
    }
    assert_null(claims.kind);
}

/* -- the signature ------------------------------------------------------------------------------- */

static void
test_every_bit_is_signed(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };

    setup(&b, BL_KEY_P256);
    paper_sign(b.signer.key, &b.claims, &b.token);
    assert_scheme_refuses_changes("psa", verification(&b), &b.token);
    assert_scheme_refuses_more("psa", verification(&b), &b.token);
}

static void
assert_cover_refused(const struct paper_cover *cover, enum bulla_cause cause)
{
    BL_AUTO(bench) b = { 0 };

    setup(&b, BL_KEY_P256);
    paper_sign_in(b.signer.key, cover, &b.claims, &b.token);
    struct bl_verification v = verification(&b);
    assert_scheme_refuses("psa", &v, cause);
}

/* Published: verifiers of signatures that took a COSE_Mac0, with a public key as its secret. */
static void
test_flaw_mac0_is_no_signature(void **state)
{
    (void)state;
    const struct paper_cover tagged = { .tag = 17 };
    const struct paper_cover keyed = { .tag = 17, .protected = BL_LITERAL("\xa1\x01\x05") };
    const struct paper_cover untagged = { .protected = BL_LITERAL("\xa1\x01\x05") };

    assert_cover_refused(&tagged, BULLA_CAUSE_MESSAGE_AUTHENTICATION_CODE);
    assert_cover_refused(&keyed, BULLA_CAUSE_MESSAGE_AUTHENTICATION_CODE);
    assert_cover_refused(&untagged, BULLA_CAUSE_MESSAGE_AUTHENTICATION_CODE);
}

/* Published: an algorithm outside the protected header, where whoever carries the token chooses it;
 * and one that is not the key's. */
static void
test_flaw_algorithm_of_the_carrier(void **state)
{
    (void)state;
    const struct paper_cover none = { .protected = BL_LITERAL("\xa0") };
    const struct paper_cover unprotected = { .protected = BL_LITERAL("\xa0"),
                                             .unprotected = BL_LITERAL("\xa1\x01\x26") };
    const struct paper_cover both = { .unprotected = BL_LITERAL("\xa1\x01\x26") };
    const struct paper_cover wider = { .protected = BL_LITERAL("\xa1\x01\x38\x22") };

    assert_cover_refused(&none, BULLA_CAUSE_ALGORITHM_MISSING);
    assert_cover_refused(&unprotected, BULLA_CAUSE_ALGORITHM_MISSING);
    assert_cover_refused(&both, BULLA_CAUSE_MALFORMED);
    assert_cover_refused(&wider, BULLA_CAUSE_COSE_SIGNATURE);
}

/* -- the rest ------------------------------------------------------------------------------------ */

static void
test_memory_fails(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };

    setup(&b, BL_KEY_P384);
    paper_sign(b.signer.key, &b.claims, &b.token);
    struct bl_verification v = verification(&b);
    assert_scheme_survives_no_memory("psa", &v, 0);
}

static void
test_what_is_shown(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(bulla_buffer) text = { 0 };
    static const char start[] = "{\"cose_tag\":18,\"protected\":{\"1\":-7},\"unprotected\":{},"
                                "\"claims\":{\"2397\":\"5e5e";

    setup(&b, BL_KEY_P256);
    paper_sign(b.signer.key, &b.claims, &b.token);
    struct bl_verification v = verification(&b);
    assert_memory_equal(scheme_text("psa", &v, &text), start, sizeof start - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_of_all_profiles_and_keys),
        cmocka_unit_test(test_what_a_token_claims),
        cmocka_unit_test(test_code_is_of_every_component),
        cmocka_unit_test(test_each_mandatory_claim),
        cmocka_unit_test(test_each_size),
        cmocka_unit_test(test_each_type),
        cmocka_unit_test(test_states_of_the_life_cycle),
        cmocka_unit_test(test_software_components),
        cmocka_unit_test(test_nothing_measured),
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_claims_said_twice_or_unknown),
        cmocka_unit_test(test_the_nonce),
        cmocka_unit_test(test_keys_given_to_trust),
        cmocka_unit_test(test_an_anchor_off_its_curve),
        cmocka_unit_test(test_every_bit_is_signed),
        cmocka_unit_test(test_flaw_mac0_is_no_signature),
        cmocka_unit_test(test_flaw_algorithm_of_the_carrier),
        cmocka_unit_test(test_memory_fails),
        cmocka_unit_test(test_what_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Arm CCA attestation tokens, made here: what is taken, and each rule broken alone. */
#include "tee/paper_cca.h"

#include "appraise/baseline.h"
#include "tee/cca/verify.h"
#include "tee/scheme_fixture.h"

static struct bl_verification
verification(const struct bench *b)
{
    return (struct bl_verification){ .evidence = bulla_buffer_bytes(&b->token),
                                     .anchors = &b->anchor,
                                     .anchor_count = 1,
                                     .binder = BL_BYTES_OF(b->challenge),
                                     .binding = BL_BINDING_NONE };
}

/* What was packed. */
static enum bulla_status
verify_packed(const struct bench *b, struct bl_claims *claims, struct bulla_error *err)
{
    struct bl_verification v = verification(b);

    return scheme_verify("cca", &v, claims, err);
}

static enum bulla_status
verify(struct bench *b, struct bl_claims *claims, struct bulla_error *err)
{
    sign(b);
    pack(b, BL_CCA_TAG_TOKEN);
    return verify_packed(b, claims, err);
}

static void
assert_taken(struct bench *b)
{
    sign(b);
    pack(b, BL_CCA_TAG_TOKEN);
    struct bl_verification v = verification(b);
    assert_scheme_takes("cca", &v);
}

/* What was packed. */
static void
assert_packed_refused(const struct bench *b, enum bulla_cause cause)
{
    struct bl_verification v = verification(b);

    assert_scheme_refuses("cca", &v, cause);
}

static void
assert_refused(struct bench *b, enum bulla_cause cause)
{
    sign(b);
    pack(b, BL_CCA_TAG_TOKEN);
    assert_packed_refused(b, cause);
}

static void
test_tokens_in_all_forms(void **state)
{
    (void)state;
    static const struct {
        enum bl_hash hash;
        const char *name;
    } hashes[] = { { BL_SHA256, "sha-256" }, { BL_SHA384, "sha-384" }, { BL_SHA512, "sha-512" } };

    for (size_t i = 0; i < 12; i++) {
        BL_AUTO(bench) b = { 0 };
        struct bulla_error err = { 0 };
        struct bl_claims claims;
        setup(&b);
        bind(&b, i % 2 == 0, hashes[i % 3].hash, hashes[i % 3].name);
        if (i % 4 == 0)
            paper_text(&b.platform, 265, "http://arm.com/CCA-SSD/1.0.0");
        if (i % 4 == 1)
            paper_drop(&b.realm, 265); /* from before there were profiles */
        if (i % 4 == 2)
            paper_text(&b.realm, 265, "tag:arm.com,2024:realm#2.0.0");
        sign(&b);
        pack(&b, i < 6 ? BL_CCA_TAG_TOKEN : BL_CCA_TAG_COLLECTION);
        assert_ok(verify_packed(&b, &claims, &err), &err);
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
    uint8_t instance[33], rim[32], personalization[64];

    setup(&b);
    assert_ok(verify(&b, &claims, &err), &err);
    memset(instance, INSTANCE, sizeof instance);
    memset(rim, RIM, sizeof rim);
    memset(personalization, PERSONALIZATION, sizeof personalization);
    assert_bytes_equal(bl_claim_view(&claims.code), BL_BYTES_OF(rim));
    assert_bytes_equal(bl_claim_view(&claims.config), BL_BYTES_OF(personalization));
    assert_bytes_equal(bl_claim_view(&claims.platform_id), BL_BYTES_OF(instance));
    assert_int_equal(claims.signer.size, 0); /* nobody signs a realm */
    assert_int_equal(claims.isolation, BL_ISOLATION_HARDWARE);
    assert_int_equal(claims.registers.hash, BL_SHA256);
    assert_int_equal(claims.registers.mask, 0xf);
    assert_true(claims.secured.is_present && claims.secured.value);
    assert_true(claims.debug.is_present && !claims.debug.value);
    assert_int_equal(claims.platform_class, BL_CLASS_HARDWARE);
    assert_string_equal(claims.unchecked[0], "reference_values");
    bl_baseline_judge(&claims, &baseline);
    assert_true(baseline.accepted);

    paper_number(&b.platform, 2395, 0x4000);
    assert_ok(verify(&b, &claims, &err), &err);
    assert_true(claims.debug.value && !claims.secured.value);
    bl_baseline_judge(&claims, &baseline);
    assert_false(baseline.accepted);
}

static void
test_a_platform_token_alone(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    setup(&b);
    paper_bytes(&b.platform, 10, CHALLENGE, 64);
    sign(&b);
    struct bl_verification v = verification(&b);
    v.evidence = bulla_buffer_bytes(&b.platform_token);
    assert_ok(bl_cca_verify(&v, &claims, &err), &err);
    assert_int_equal(claims.code.size, 32);
    assert_int_equal(claims.signer.size, 32);
    assert_int_equal(claims.config.size, 0);
    v.binder.size = 32;
    assert_cause(bl_cca_verify(&v, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    v.evidence = bulla_buffer_bytes(&b.realm_token); /* no platform vouches for it */
    assert_cause(bl_cca_verify(&v, &claims, &err), BULLA_CAUSE_CLAIM_MISSING, &err);
}

/* -- what holds the two together ----------------------------------------------------------------- */

/* Published (ccatoken, bug 33): the realm token of one's own beside the genuine platform token of
 * another machine. Each verifies alone; the challenge of the platform is another key's digest. */
static void
test_flaw_bug_33_platform_of_another_realm(void **state)
{
    (void)state;
    BL_AUTO(bench) genuine = { 0 };
    BL_AUTO(bench) forged = { 0 };

    setup(&genuine);
    setup(&forged);
    sign(&genuine);
    sign(&forged);
    bulla_buffer_clear(&genuine.realm_token);
    assert_int_equal(
        bulla_buffer_append(&genuine.realm_token, bulla_buffer_bytes(&forged.realm_token), NULL),
        BULLA_OK);
    pack(&genuine, BL_CCA_TAG_TOKEN);
    assert_packed_refused(&genuine, BULLA_CAUSE_BINDING_MISMATCH);
    pack(&genuine, BL_CCA_TAG_COLLECTION);
    assert_packed_refused(&genuine, BULLA_CAUSE_BINDING_MISMATCH);
}

static void
test_the_digest_is_of_the_claim_by_its_algorithm(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(bulla_buffer) point = { 0 };

    setup(&b);
    paper_text(&b.realm, 44240, "sha-512"); /* the challenge is by SHA-256 */
    assert_refused(&b, BULLA_CAUSE_BINDING_MISMATCH);
    bind(&b, false, BL_SHA512, "sha-512");
    assert_taken(&b);
    write_public_key(&b, /* as_point= */ true, &point); /* the same key, another claim */
    paper_view(&b.realm, 44237, bulla_buffer_bytes(&point));
    assert_refused(&b, BULLA_CAUSE_BINDING_MISMATCH);
    paper_text(&b.realm, 44240, "sha-1");
    assert_refused(&b, BULLA_CAUSE_UNSUPPORTED);
}

static void
test_a_realm_signed_by_another_key(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(paper_signer) other = paper_signer(BL_KEY_P384);

    setup(&b);
    sign(&b);
    paper_sign(other.key, &b.realm, &b.realm_token);
    pack(&b, BL_CCA_TAG_TOKEN);
    assert_packed_refused(&b, BULLA_CAUSE_COSE_SIGNATURE);
}

static void
test_a_realm_key_off_its_curve(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(bulla_buffer) key = { 0 };
    struct bulla_error err = { 0 };
    uint8_t digest[32];

    setup(&b);
    for (int i = 0; i < 2; i++) {
        bulla_buffer_clear(&key);
        write_public_key(&b, i == 0, &key);
        key.data[key.size - 1] ^= 1;
        assert_ok(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&key), digest, &err), &err);
        paper_view(&b.realm, 44237, bulla_buffer_bytes(&key));
        paper_view(&b.platform, 10, BL_BYTES_OF(digest));
        assert_refused(&b, BULLA_CAUSE_MALFORMED);
    }
}

static void
test_a_platform_signed_by_another_key(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    setup(&b);
    sign(&b);
    pack(&b, BL_CCA_TAG_TOKEN);
    struct bl_verification v = verification(&b);
    struct bl_anchor rak = paper_given("cpak", bulla_buffer_bytes(&b.rak.spki));
    v.anchors = &rak;
    assert_cause(bl_cca_verify(&v, &claims, &err), BULLA_CAUSE_COSE_SIGNATURE, &err);
    struct bl_anchor iak = paper_given("iak", b.anchor.der);
    v.anchors = &iak;
    assert_cause(bl_cca_verify(&v, &claims, &err), BULLA_CAUSE_UNTRUSTED, &err);
}

/* Published (a verifier that only warned): the challenge that was asked for is the realm's. The
 * platform's own is the digest of a key and answers nobody. */
static void
test_flaw_the_challenge_is_the_realms(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };
    struct bl_cca_token token;

    setup(&b);
    sign(&b);
    pack(&b, BL_CCA_TAG_TOKEN);
    struct bl_verification v = verification(&b);
    assert_ok(bl_cca_token_decode(v.evidence, &token, &err), &err);
    v.binder = token.platform.challenge;
    assert_cause(bl_cca_verify(&v, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    v.binder = (struct bulla_bytes){ b.challenge, 63 };
    assert_cause(bl_cca_verify(&v, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    v.binding = BL_BINDING_ABSENT;
    bulla_error_clear(&err);
    assert_ok(bl_cca_verify(&v, &claims, &err), &err);
}

static void
test_flaw_mac0_and_algorithms_of_the_carrier(void **state)
{
    (void)state;
    static const struct paper_cover mac0 = { .tag = 17 };
    const struct paper_cover unprotected = { .protected = BL_LITERAL("\xa0"),
                                             .unprotected = BL_LITERAL("\xa1\x01\x38\x22") };

    for (int i = 0; i < 4; i++) {
        BL_AUTO(bench) b = { 0 };
        setup(&b);
        *(i % 2 == 0 ? &b.platform_cover : &b.realm_cover) = i < 2 ? mac0 : unprotected;
        assert_refused(&b, i < 2 ? BULLA_CAUSE_MESSAGE_AUTHENTICATION_CODE
                                 : BULLA_CAUSE_ALGORITHM_MISSING);
    }
}

/* -- claims -------------------------------------------------------------------------------------- */

static void
test_each_mandatory_claim(void **state)
{
    (void)state;
    static const int64_t platform[] = { 265, 10, 2396, 256, 2395, 2399, 2401, 2402 };
    static const int64_t realm[] = { 10, 44235, 44238, 44239, 44236, 44237, 44240 };

    for (size_t i = 0; i < BL_COUNT_OF(platform) + BL_COUNT_OF(realm); i++) {
        BL_AUTO(bench) b = { 0 };
        setup(&b);
        if (i < BL_COUNT_OF(platform))
            paper_drop(&b.platform, platform[i]);
        else
            paper_drop(&b.realm, realm[i - BL_COUNT_OF(platform)]);
        assert_refused(&b, BULLA_CAUSE_CLAIM_MISSING);
    }
    BL_AUTO(bench) b = { 0 };
    setup(&b);
    paper_drop(&b.platform, 2400);
    paper_number(&b.platform, 77777, 1);
    paper_number(&b.realm, 44243, 1);
    assert_taken(&b);
}

static void
test_each_size(void **state)
{
    (void)state;
    static const struct {
        bool of_realm;
        int64_t key;
        uint8_t fill;
        size_t size;
        bool taken;
    } sizes[] = {
        { false, 10, 0xee, 31, false },     { false, 2396, 0x1d, 31, false },
        { false, 2396, 0x1d, 33, false },   { false, 256, INSTANCE, 32, false },
        { false, 256, 0x02, 33, false },    { false, 2401, 0, 0, true },
        { false, 2401, 0, 200, true },      { true, 10, CHALLENGE, 63, false },
        { true, 10, CHALLENGE, 65, false }, { true, 10, CHALLENGE, 32, false },
        { true, 44235, 0x77, 63, false },   { true, 44235, 0x77, 65, false },
        { true, 44238, RIM, 31, false },    { true, 44238, RIM, 48, true },
        { true, 44238, RIM, 64, true },     { true, 44238, RIM, 0, false },
    };

    for (size_t i = 0; i < BL_COUNT_OF(sizes); i++) {
        BL_AUTO(bench) b = { 0 };
        setup(&b);
        paper_bytes(sizes[i].of_realm ? &b.realm : &b.platform, sizes[i].key, sizes[i].fill,
                    sizes[i].size);
        if (sizes[i].taken)
            assert_taken(&b);
        else
            assert_refused(&b, BULLA_CAUSE_MALFORMED);
    }
}

static void
test_extensible_measurements(void **state)
{
    (void)state;
    static const uint8_t measurement[64] = { 1 };
    static const struct {
        size_t count, size;
        bool taken;
    } lists[] = { { 4, 64, true },  { 4, 48, true },  { 4, 31, false },
                  { 3, 32, false }, { 5, 32, false }, { 0, 32, false } };

    for (size_t i = 0; i < BL_COUNT_OF(lists); i++) {
        BL_AUTO(bench) b = { 0 };
        setup(&b);
        struct bl_writer w = paper_set(&b.realm, 44239);
        bl_cbor_write_array(&w, lists[i].count);
        for (size_t j = 0; j < lists[i].count; j++)
            bl_cbor_write_bytes(&w, (struct bulla_bytes){ measurement, lists[i].size });
        if (lists[i].taken)
            assert_taken(&b);
        else
            assert_refused(&b, BULLA_CAUSE_MALFORMED);
    }
}

static void
test_profiles(void **state)
{
    (void)state;
    static const char *const platform[] = { "", "PSA_IOT_PROFILE_1", "http://arm.com/psa/2.0.0",
                                            "tag:arm.com,2026:cca_platform#2.0.0" };
    static const char *const realm[] = { "", PLATFORM_1, "tag:arm.com,2026:realm#2.0.0" };

    for (size_t i = 0; i < BL_COUNT_OF(platform) + BL_COUNT_OF(realm); i++) {
        BL_AUTO(bench) b = { 0 };
        setup(&b);
        if (i < BL_COUNT_OF(platform))
            paper_text(&b.platform, 265, platform[i]);
        else
            paper_text(&b.realm, 265, realm[i - BL_COUNT_OF(platform)]);
        assert_refused(&b, BULLA_CAUSE_UNSUPPORTED);
    }
}

/* Profile 2.0.0 of the platform made the signer optional; those before it did not. */
static void
test_a_component_without_its_signer(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };

    setup(&b);
    struct bl_writer w = paper_set(&b.platform, 2399);
    bl_cbor_write_array(&w, 2);
    paper_component(&w, 0x21, 32, 0x51, 32);
    paper_component(&w, 0x22, 32, 0, 0);
    assert_refused(&b, BULLA_CAUSE_CLAIM_MISSING);
    paper_text(&b.platform, 265, PLATFORM_2);
    assert_taken(&b);
    w = paper_set(&b.platform, 2399);
    bl_cbor_write_array(&w, 1);
    paper_component(&w, 0, 0, 0x51, 32);
    assert_refused(&b, BULLA_CAUSE_CLAIM_MISSING);
}

/* -- what stands around the two ------------------------------------------------------------------ */

struct entry {
    int64_t key; /* of the platform 44234, of the realm 44241 */
    size_t record;
    uint64_t format;
};

static void
pack_entries(struct bench *b, uint64_t tag, const struct entry *entries, size_t count)
{
    struct bl_writer w = bl_writer(&b->token);

    bulla_buffer_clear(&b->token);
    bl_cbor_write_tag(&w, tag);
    bl_cbor_write_map(&w, count);
    for (size_t i = 0; i < count; i++)
        write_entry(&w, entries[i].key,
                    entries[i].key == 44241 ? &b->realm_token : &b->platform_token,
                    entries[i].record, entries[i].format);
    assert_int_equal(bl_writer_finish(&w, NULL), BULLA_OK);
}

static void
test_collections(void **state)
{
    (void)state;
    static const struct {
        uint64_t tag;
        struct entry entries[3];
        size_t count;
        enum bulla_cause cause; /* NONE: taken */
    } collections[] = {
        { 907, { { 44234, 3, 263 }, { 44241, 3, 263 } }, 2, BULLA_CAUSE_NONE },
        { 907, { { 44234, 2, 263 }, { 44241, 2, 263 }, { 1, 2, 0 } }, 3, BULLA_CAUSE_NONE },
        { 399, { { 44234, 0, 0 }, { 44241, 0, 0 }, { 44242, 0, 0 } }, 3, BULLA_CAUSE_NONE },
        { 907, { { 44234, 0, 0 }, { 44241, 0, 0 } }, 2, BULLA_CAUSE_MALFORMED },
        { 399, { { 44234, 2, 263 }, { 44241, 2, 263 } }, 2, BULLA_CAUSE_MALFORMED },
        { 907, { { 44234, 2, 264 }, { 44241, 2, 263 } }, 2, BULLA_CAUSE_MALFORMED },
        { 907, { { 44234, 2, 263 }, { 44241, 2, 0 } }, 2, BULLA_CAUSE_MALFORMED },
        { 907, { { 44234, 4, 263 }, { 44241, 2, 263 } }, 2, BULLA_CAUSE_MALFORMED },
        { 399, { { 44234, 0, 0 }, { 44234, 0, 0 }, { 44241, 0, 0 } }, 3, BULLA_CAUSE_MALFORMED },
        { 399, { { 44241, 0, 0 }, { 44234, 0, 0 }, { 44241, 0, 0 } }, 3, BULLA_CAUSE_MALFORMED },
        { 399, { { 44234, 0, 0 } }, 1, BULLA_CAUSE_CLAIM_MISSING },
        { 399, { { 44241, 0, 0 } }, 1, BULLA_CAUSE_CLAIM_MISSING },
        { 399, { { 0 } }, 0, BULLA_CAUSE_CLAIM_MISSING },
        { 400, { { 44234, 0, 0 }, { 44241, 0, 0 } }, 2, BULLA_CAUSE_MALFORMED },
    };
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims;

    setup(&b);
    sign(&b);
    for (size_t i = 0; i < BL_COUNT_OF(collections); i++) {
        pack_entries(&b, collections[i].tag, collections[i].entries, collections[i].count);
        if (collections[i].cause == BULLA_CAUSE_NONE)
            assert_ok(verify_packed(&b, &claims, &err), &err);
        else
            assert_packed_refused(&b, collections[i].cause);
    }
}

static void
test_every_bit_is_signed(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };

    setup(&b);
    sign(&b);
    pack(&b, BL_CCA_TAG_COLLECTION);
    assert_scheme_refuses_changes("cca", verification(&b), &b.token);
    assert_scheme_refuses_more("cca", verification(&b), &b.token);
}

static void
test_memory_fails(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };

    setup(&b);
    sign(&b);
    pack(&b, BL_CCA_TAG_TOKEN);
    struct bl_verification v = verification(&b);
    assert_scheme_survives_no_memory("cca", &v, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_in_all_forms),
        cmocka_unit_test(test_what_a_token_claims),
        cmocka_unit_test(test_a_platform_token_alone),
        cmocka_unit_test(test_flaw_bug_33_platform_of_another_realm),
        cmocka_unit_test(test_the_digest_is_of_the_claim_by_its_algorithm),
        cmocka_unit_test(test_a_realm_signed_by_another_key),
        cmocka_unit_test(test_a_realm_key_off_its_curve),
        cmocka_unit_test(test_a_platform_signed_by_another_key),
        cmocka_unit_test(test_flaw_the_challenge_is_the_realms),
        cmocka_unit_test(test_flaw_mac0_and_algorithms_of_the_carrier),
        cmocka_unit_test(test_each_mandatory_claim),
        cmocka_unit_test(test_each_size),
        cmocka_unit_test(test_extensible_measurements),
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_a_component_without_its_signer),
        cmocka_unit_test(test_collections),
        cmocka_unit_test(test_every_bit_is_signed),
        cmocka_unit_test(test_memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of OP-TEE's attestation service, made here: what is taken, and each rule broken alone. */
#include "tee/paper_optee.h"

#include "appraise/baseline.h"
#include "codec/json.h"
#include "crypto/key.h"
#include "tee/optee/structures.h"
#include "tee/optee/verify.h"
#include "tee/scheme_fixture.h"

static EVP_PKEY *device_key, *other_key;
static const uint8_t digest[32] = { 0x14, 0xb9, 0x9f };
static const uint8_t nonce[24] = { 7, 7, 7 };

static int
make_keys(void **state)
{
    (void)state;
    device_key = paper_optee_key(3072);
    other_key = paper_optee_key(2048);
    return 0;
}

static int
free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(device_key);
    EVP_PKEY_free(other_key);
    return 0;
}

struct bench {
    struct bulla_buffer spki, other_spki, evidence;
    struct bl_anchor anchors[2];
    struct bl_part nonce_part;
    struct bl_verification v;
};

static void
bench_done(struct bench *b)
{
    bulla_buffer_done(&b->spki);
    bulla_buffer_done(&b->other_spki);
    bulla_buffer_done(&b->evidence);
}

static struct bl_anchor
given(const char *name, const struct bulla_buffer *spki)
{
    return (struct bl_anchor){ .name = name,
                               .kind = BL_ANCHOR_GIVEN,
                               .role = "key",
                               .der = bulla_buffer_bytes(spki),
                               .platform_class = BL_CLASS_HARDWARE };
}

/* Genuine evidence with its nonce beside it; the device's key is the second of two. */
static void
setup(struct bench *b)
{
    paper_optee_spki(device_key, &b->spki);
    paper_optee_spki(other_key, &b->other_spki);
    paper_optee_sign(device_key, RSA_PKCS1_PSS_PADDING, BL_BYTES_OF(nonce), digest, &b->evidence);
    b->anchors[0] = given("other", &b->other_spki);
    b->anchors[1] = given("device", &b->spki);
    b->nonce_part = (struct bl_part){ "nonce", BL_BYTES_OF(nonce) };
    b->v = (struct bl_verification){ .evidence = bulla_buffer_bytes(&b->evidence),
                                     .parts = &b->nonce_part,
                                     .part_count = 1,
                                     .anchors = b->anchors,
                                     .anchor_count = 2,
                                     .binder = BL_BYTES_OF(nonce),
                                     .binding = BL_BINDING_NONE };
}

static void
assert_refused(const struct bl_verification *v, enum bulla_cause cause)
{
    assert_scheme_refuses("optee", v, cause);
}

static void
test_what_evidence_claims(void **state)
{
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };
    struct bl_baseline baseline;
    uint8_t id[32];

    (void)state;
    setup(&b);
    assert_ok(bl_optee_verify(&b.v, &claims, &err), &err);
    assert_string_equal(claims.kind, "optee");
    assert_string_equal(claims.anchor, "device");
    assert_int_equal(claims.platform_class, BL_CLASS_HARDWARE);
    assert_int_equal(claims.binding, BL_BINDING_NONE);
    assert_bytes_equal(bl_claim_view(&claims.code), BL_BYTES_OF(digest));
    assert_ok(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&b.spki), id, &err), &err);
    assert_bytes_equal(bl_claim_view(&claims.platform_id), BL_BYTES_OF(id));
    assert_int_equal(claims.unchecked_count, 1);
    bl_baseline_judge(&claims, &baseline);
    assert_true(baseline.accepted);
}

static void
test_the_nonce_comes_along_or_is_asked_for(void **state)
{
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };
    static const uint8_t another[24] = { 8 };
    static const uint8_t endless[BL_OPTEE_NONCE_SIZE_MAX + 1];

    (void)state;
    setup(&b);
    b.v.part_count = 0; /* asked for alone */
    assert_ok(bl_optee_verify(&b.v, &claims, &err), &err);
    b.v.binder = BL_BYTES_OF(another);
    assert_refused(&b.v, BULLA_CAUSE_REPORT_SIGNATURE);
    b.v.part_count = 1; /* both, and they differ: an older answer */
    assert_refused(&b.v, BULLA_CAUSE_NONCE_MISMATCH);
    b.v.binding = BL_BINDING_ABSENT; /* along alone: genuine, of whatever age */
    assert_ok(bl_optee_verify(&b.v, &claims, &err), &err);
    assert_int_equal(claims.binding, BL_BINDING_ABSENT);
    b.v.part_count = 0;
    assert_refused(&b.v, BULLA_CAUSE_CLAIM_MISSING);
    b.nonce_part.bytes = BL_BYTES_OF(endless);
    b.v.part_count = 1;
    assert_refused(&b.v, BULLA_CAUSE_MALFORMED);
}

/* Bytes may not wander from the nonce into the digest: the digest has its fixed size. */
static void
test_every_byte_is_covered(void **state)
{
    BL_AUTO(bench) b = { 0 };

    (void)state;
    setup(&b);
    for (size_t i = 0; i < b.evidence.size; i++) {
        b.evidence.data[i] ^= 1;
        assert_refused(&b.v, BULLA_CAUSE_REPORT_SIGNATURE);
        b.evidence.data[i] ^= 1;
    }
}

static void
test_every_truncation(void **state)
{
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_optee_report report = { 0 };

    (void)state;
    setup(&b);
    assert_ok(bulla_buffer_append(&b.evidence, BL_LITERAL("12345678"), &err), &err);
    const size_t size = b.evidence.size - 8;
    for (size_t i = 0; i <= size + 8; i++) {
        b.v.evidence = (struct bulla_bytes){ b.evidence.data, i };
        struct bl_claims claims = { 0 };
        bulla_error_clear(&err);
        bool taken = bl_optee_verify(&b.v, &claims, &err) == BULLA_OK;
        assert_true(taken == (i == size));
        if (!taken)
            assert_true(err.cause == BULLA_CAUSE_MALFORMED ||
                        err.cause == BULLA_CAUSE_REPORT_SIGNATURE);
    }
    b.v.evidence.size = BL_OPTEE_DIGEST_SIZE + BL_OPTEE_SIGNATURE_MIN - 8;
    assert_cause(bl_optee_decode(b.v.evidence, &report, &err), BULLA_CAUSE_MALFORMED, &err);
    assert_null(report.digest.data);
}

static void
test_sizes_of_signatures(void **state)
{
    static const uint8_t bytes[BL_OPTEE_DIGEST_SIZE + BL_OPTEE_SIGNATURE_MAX + 8];
    struct bl_optee_report report = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t size = 0; size <= BL_OPTEE_SIGNATURE_MAX + 8; size++) {
        bool fits =
            size >= BL_OPTEE_SIGNATURE_MIN && size <= BL_OPTEE_SIGNATURE_MAX && size % 8 == 0;
        struct bulla_bytes evidence = { bytes, BL_OPTEE_DIGEST_SIZE + size };
        assert_int_equal(bl_optee_decode(evidence, &report, &err),
                         fits ? BULLA_OK : BULLA_E_MALFORMED);
    }
}

static void
test_only_keys_that_are_given(void **state)
{
    BL_AUTO(bench) b = { 0 };

    (void)state;
    setup(&b);
    b.v.anchor_count = 1; /* the other one alone */
    assert_refused(&b.v, BULLA_CAUSE_REPORT_SIGNATURE);
    b.v.anchor_count = 0;
    assert_refused(&b.v, BULLA_CAUSE_UNTRUSTED);
    b.v.anchor_count = 2;
    b.anchors[1].role = "iak"; /* trusted for something else */
    assert_refused(&b.v, BULLA_CAUSE_REPORT_SIGNATURE);
}

static void
test_keys_of_another_kind(void **state)
{
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(bulla_buffer) spki = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bulla_error err = { 0 };

    (void)state;
    setup(&b);
    assert_ok(bl_key_generate(BL_KEY_P256, &key, &err), &err);
    assert_ok(bl_key_spki(key, &spki, &err), &err);
    b.anchors[0] = given("elliptic", &spki);
    assert_refused(&b.v, BULLA_CAUSE_KEY_ATTRIBUTES);
    b.anchors[0].der = BL_LITERAL("no key");
    assert_refused(&b.v, BULLA_CAUSE_KEY_ATTRIBUTES);
}

static void
test_only_pss(void **state)
{
    BL_AUTO(bench) b = { 0 };

    (void)state;
    setup(&b);
    paper_optee_sign(device_key, RSA_PKCS1_PADDING, BL_BYTES_OF(nonce), digest, &b.evidence);
    b.v.evidence = bulla_buffer_bytes(&b.evidence);
    assert_refused(&b.v, BULLA_CAUSE_REPORT_SIGNATURE);
}

static void
test_what_is_shown(void **state)
{
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(bulla_buffer) text = { 0 };

    (void)state;
    setup(&b);
    const char *said = scheme_text("optee", &b.v, &text);
    assert_non_null(strstr(said, "\"digest\":\"14b99f00"));
    assert_non_null(strstr(said, "\"nonce\":\"07070700"));
    assert_non_null(strstr(said, "\"signature_bits\":3072"));
}

static void
test_no_memory(void **state)
{
    BL_AUTO(bench) b = { 0 };

    (void)state;
    setup(&b);
    assert_scheme_survives_no_memory("optee", &b.v, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_evidence_claims),
        cmocka_unit_test(test_the_nonce_comes_along_or_is_asked_for),
        cmocka_unit_test(test_every_byte_is_covered),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_sizes_of_signatures),
        cmocka_unit_test(test_only_keys_that_are_given),
        cmocka_unit_test(test_keys_of_another_kind),
        cmocka_unit_test(test_only_pss),
        cmocka_unit_test(test_what_is_shown),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}

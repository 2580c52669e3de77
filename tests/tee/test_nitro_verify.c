/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nitro documents verified under a root of our own: each link of the chain, each date and each
 * binding broken alone.
 */
#include "tee/nitro_fixture.h"

#include "tee/scheme_fixture.h"

/* A verification under the root of a house, as the operator gives it. */
struct question {
    struct bl_anchor anchor;
    struct bl_verification v;
};

static struct question
ask(const struct paper_house *of, const struct bulla_buffer *document)
{
    return (struct question){
        .anchor = { .name = "paper",
                    .kind = BL_ANCHOR_GIVEN,
                    .der = bl_certificate_der(of->parties[ROOT].certificate),
                    .platform_class = BL_CLASS_SOFTWARE,
                    .role = "root" },
        .v = { .evidence = bulla_buffer_bytes(document), .now_s = NOW_S, .anchor_count = 1 },
    };
}

/* On failure the claims are as they were. */
static enum bulla_status
verify(struct question *q, struct bl_claims *claims, struct bulla_error *err)
{
    const struct bl_claims before = *claims;

    q->v.anchors = &q->anchor;
    enum bulla_status status = bl_nitro_verify(&q->v, claims, err);
    if (status != BULLA_OK)
        assert_memory_equal(claims, &before, sizeof before);
    return status;
}

static void
assert_genuine(struct question *q)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    assert_ok(verify(q, &claims, &err), &err);
}

static void
assert_refused(struct question *q, enum bulla_cause cause)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims = { .anchor = "untouched" };

    assert_cause(verify(q, &claims, &err), cause, &err);
}

/* A document under a house in which one certificate says something else. */
static enum bulla_cause
cause_with(int who, struct saying instead)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };
    struct paper_house other = paper_house(who, instead);
    BL_AUTO(bulla_buffer) document = paper_document(&other, (struct paper_document){ 0 });
    struct question q = ask(&other, &document);

    (void)verify(&q, &claims, &err);
    paper_house_done(&other);
    return err.cause;
}

static void
test_what_an_enclave_claims(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };
    BL_AUTO(bulla_buffer) document = paper_document(&house, (struct paper_document){ 0 });
    struct question q = ask(&house, &document);
    uint8_t pcrs[3 * 48], code[48], id[32];

    for (int i = 0; i < 3; i++)
        memset(pcrs + 48 * i, i + 1, 48);
    assert_int_equal(EVP_Digest(pcrs, sizeof pcrs, code, NULL, EVP_sha384(), NULL), 1);
    assert_int_equal(EVP_Digest("i-0123456789abcdef0", 19, id, NULL, EVP_sha256(), NULL), 1);
    assert_ok(verify(&q, &claims, &err), &err);
    assert_string_equal(claims.kind, "nitro");
    assert_string_equal(claims.anchor, "paper");
    assert_int_equal(claims.platform_class, BL_CLASS_SOFTWARE);
    assert_int_equal(claims.binding, BL_BINDING_ABSENT);
    assert_bytes_equal(bl_claim_view(&claims.code), BL_BYTES_OF(code));
    assert_bytes_equal(bl_claim_view(&claims.platform_id), BL_BYTES_OF(id));
    assert_true(claims.signer.size == 48 && claims.signer.bytes[0] == 9);
    assert_true(claims.debug.is_present && !claims.debug.value);
    assert_int_equal(claims.isolation, BL_ISOLATION_VM);
    assert_int_equal(claims.registers.hash, BL_SHA384);
    assert_int_equal(bl_pcr_value(&claims.registers, 8).data[0], 9);
    assert_false(claims.platform.is_present || claims.enclave.is_present);
}

/* Known flaws of others: debug documents taken (base/base #4042), PCR0 compared alone. */
static void
test_debug_and_each_register_of_the_image_show(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_claims plain = { 0 };
    BL_AUTO(bulla_buffer) document = paper_document(&house, (struct paper_document){ 0 });
    struct question q = ask(&house, &document);

    assert_ok(verify(&q, &plain, &err), &err);
    for (unsigned i = 0; i < 9; i++) {
        struct bl_claims claims = { 0 };
        BL_AUTO(bulla_buffer)
        other = paper_document(&house, (struct paper_document){ .zero_mask = 1u << i });
        q.v.evidence = bulla_buffer_bytes(&other);
        assert_ok(verify(&q, &claims, &err), &err);
        assert_int_equal(claims.debug.value, i < 3);
        assert_int_equal(memcmp(claims.code.bytes, plain.code.bytes, 48) != 0, i < 3);
        assert_int_equal(claims.signer.size, i == 8 ? 0 : 48);
    }
}

static void
test_what_a_machine_claims(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };
    BL_AUTO(bulla_buffer)
    document = paper_document(&house,
                              (struct paper_document){ .is_of_tpm = true, .module = "i-0a-tpm0b" });
    struct question q = ask(&house, &document);
    uint8_t id[32];

    assert_ok(verify(&q, &claims, &err), &err);
    assert_int_equal(EVP_Digest("i-0a", 4, id, NULL, EVP_sha256(), NULL), 1);
    assert_bytes_equal(bl_claim_view(&claims.platform_id), BL_BYTES_OF(id));
    assert_true(claims.platform.is_present && !claims.debug.is_present && claims.code.size == 0);
    assert_int_equal(claims.isolation, BL_ISOLATION_ABSENT);
    assert_true(claims.platform.selection.bank == BL_SHA384 &&
                claims.platform.selection.mask == 0x00ffffff &&
                claims.platform.pcrs.mask == 0x00ffffff);
    for (unsigned i = 0; i < 24; i++)
        assert_int_equal(bl_pcr_value(&claims.platform.pcrs, i).data[47], i + 1);
}

/* Known flaw of others: cabundle[0] trusted because it is there (tkhq/qos #772). */
static void
test_root_of_the_document_is_not_trusted(void **state)
{
    (void)state;
    struct paper_house other = paper_house(-1, (struct saying){ 0 }); /* of the same names */
    BL_AUTO(bulla_buffer) document = paper_document(&other, (struct paper_document){ 0 });
    struct question q = ask(&house, &document);
    uint8_t digest[32];

    assert_refused(&q, BULLA_CAUSE_WRONG_ROOT);
    q.v.anchor_count = 0;
    assert_refused(&q, BULLA_CAUSE_WRONG_ROOT);
    q = ask(&other, &document);
    assert_genuine(&q);
    assert_int_equal(bl_certificate_spki_digest(other.parties[ROOT].certificate, digest, NULL),
                     BULLA_OK);
    q.anchor.kind = BL_ANCHOR_ROOT_KEY;
    q.anchor.der = BL_BYTES_OF(digest);
    q.anchor.role = "aws-nitro";
    assert_genuine(&q);
    q.anchor.role = "intel";
    assert_refused(&q, BULLA_CAUSE_WRONG_ROOT);
    paper_house_done(&other);
}

static void
test_given_root_adds_no_trust(void **state)
{
    (void)state;
    struct paper_house other = paper_house(-1, (struct saying){ 0 });
    BL_AUTO(bulla_buffer) document = paper_document(&house, (struct paper_document){ 0 });
    BL_AUTO(bulla_buffer) foreign = paper_document(&other, (struct paper_document){ 0 });
    struct question q = ask(&house, &document);
    struct bl_part part = { .role = "root",
                            .bytes = bl_certificate_der(house.parties[ROOT].certificate) };

    q.v.parts = &part;
    q.v.part_count = 1;
    assert_genuine(&q);
    part.bytes = bl_certificate_der(other.parties[ROOT].certificate);
    assert_refused(&q, BULLA_CAUSE_WRONG_ROOT);
    q.v.evidence = bulla_buffer_bytes(&foreign);
    assert_refused(&q, BULLA_CAUSE_WRONG_ROOT);
    paper_house_done(&other);
}

/* The key is pinned; the rest of the root is what was signed with it, and nothing else. */
static void
test_root_with_other_dates(void **state)
{
    (void)state;
    struct paper_house other = house;
    X509 *x509 = native(house.parties[ROOT].certificate);
    uint8_t digest[32];

    set_time(X509_getm_notAfter(x509), "20400101000000Z");
    assert_true(i2d_re_X509_tbs(x509, NULL) > 0); /* as it is now, under the old signature */
    other.parties[ROOT].certificate = parse_native(x509);
    BL_AUTO(bulla_buffer) document = paper_document(&other, (struct paper_document){ 0 });
    struct question q = ask(&other, &document);
    assert_int_equal(bl_certificate_spki_digest(house.parties[ROOT].certificate, digest, NULL),
                     BULLA_OK);
    q.anchor.kind = BL_ANCHOR_ROOT_KEY;
    q.anchor.der = BL_BYTES_OF(digest);
    q.anchor.role = "aws-nitro";
    assert_refused(&q, BULLA_CAUSE_UNTRUSTED);
    bl_certificate_free(other.parties[ROOT].certificate);
    X509_free(x509);
}

static void
test_each_link(void **state)
{
    (void)state;
    const struct paper_house stranger = paper_house(-1, (struct saying){ 0 });

    for (int i = REGION; i <= LEAF; i++) { /* a namesake stands in for each */
        struct paper_house mixed = house;
        mixed.parties[i] = stranger.parties[i];
        BL_AUTO(bulla_buffer) document = paper_document(&mixed, (struct paper_document){ 0 });
        struct question q = ask(&house, &document);
        assert_refused(&q, BULLA_CAUSE_UNTRUSTED);
    }
    BL_AUTO(bulla_buffer)
    shorter = paper_document(&house, (struct paper_document){ .authority_count = 2 });
    BL_AUTO(bulla_buffer)
    longer = paper_document(&house, (struct paper_document){ .authority_count = 4 });
    struct question q = ask(&house, &shorter);
    assert_refused(&q, BULLA_CAUSE_UNTRUSTED);
    q.v.evidence = bulla_buffer_bytes(&longer);
    assert_refused(&q, BULLA_CAUSE_UNTRUSTED);
    struct paper_house swapped = house;
    swapped.parties[REGION] = house.parties[ZONE];
    swapped.parties[ZONE] = house.parties[REGION];
    BL_AUTO(bulla_buffer) disordered = paper_document(&swapped, (struct paper_document){ 0 });
    q.v.evidence = bulla_buffer_bytes(&disordered);
    assert_refused(&q, BULLA_CAUSE_UNTRUSTED);
    struct paper_house gone = stranger;
    paper_house_done(&gone);
}

static void
test_who_may_issue_and_sign(void **state)
{
    (void)state;
    struct saying says = paper_saying(ZONE);

    says.constraints = "critical,CA:FALSE";
    assert_int_equal(cause_with(ZONE, says), BULLA_CAUSE_UNTRUSTED);
    says = paper_saying(ZONE);
    says.key_usage = "critical,digitalSignature";
    assert_int_equal(cause_with(ZONE, says), BULLA_CAUSE_UNTRUSTED);
    says = paper_saying(REGION);
    says.constraints = "critical,CA:TRUE,pathlen:0";
    assert_int_equal(cause_with(REGION, says), BULLA_CAUSE_UNTRUSTED);
    says = paper_saying(LEAF);
    assert_int_equal(cause_with(LEAF, says), BULLA_CAUSE_NONE);
    says.key_usage = "critical,keyCertSign";
    assert_int_equal(cause_with(LEAF, says), BULLA_CAUSE_UNTRUSTED);
}

static void
test_another_curve(void **state)
{
    (void)state;
    struct paper_house other = house;

    other.parties[LEAF] =
        certify(make_key(WITH_P256), WITH_P256, paper_saying(LEAF), &house.parties[ZONE]);
    struct paper_document says = { .signer = &house.parties[LEAF] };
    BL_AUTO(bulla_buffer) document = paper_document(&other, says);
    struct question q = ask(&house, &document);
    assert_refused(&q, BULLA_CAUSE_UNTRUSTED);
    party_done(&other.parties[LEAF]);
}

static void
test_dates_on_both_sides(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) document = paper_document(&house, (struct paper_document){ 0 });
    struct question q = ask(&house, &document);
    int64_t not_before_s = 0, not_after_s = 0;

    bl_certificate_validity(house.parties[LEAF].certificate, &not_before_s, &not_after_s);
    q.v.now_s = not_before_s;
    assert_genuine(&q);
    q.v.now_s = not_after_s;
    assert_genuine(&q);
    q.v.now_s = not_before_s - 1;
    assert_refused(&q, BULLA_CAUSE_NOT_YET_VALID);
    q.v.now_s = not_after_s + 1;
    assert_refused(&q, BULLA_CAUSE_EXPIRED);
    for (int i = ROOT; i < LEAF; i++) { /* the others', with a leaf that holds */
        struct saying says = paper_saying(i);
        says.not_after = "20270115075959Z";
        assert_int_equal(cause_with(i, says), BULLA_CAUSE_EXPIRED);
        says.not_after = NULL;
        says.not_before = "20270115080001Z";
        assert_int_equal(cause_with(i, says), BULLA_CAUSE_NOT_YET_VALID);
    }
}

/* Known flaw of others: the registers compared, the signature never (worldcoin/world-chain #698). */
static void
test_signature(void **state)
{
    (void)state;
    struct paper_document says = { .signer = &house.parties[ZONE] };
    BL_AUTO(bulla_buffer) document = paper_document(&house, (struct paper_document){ 0 });
    BL_AUTO(bulla_buffer) others = paper_document(&house, says);
    struct question q = ask(&house, &document);

    assert_genuine(&q);
    document.data[document.size - 1] ^= 1;
    assert_refused(&q, BULLA_CAUSE_COSE_SIGNATURE);
    q.v.evidence = bulla_buffer_bytes(&others);
    assert_refused(&q, BULLA_CAUSE_COSE_SIGNATURE);
}

static void
test_no_byte_can_change(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer)
    document = paper_document(&house, (struct paper_document){ .with_nonce = true });
    struct question q = ask(&house, &document);
    struct bl_claims claims = { 0 };

    for (size_t i = 0; i < document.size; i += i < 100 || i + 120 > document.size ? 1 : 11) {
        document.data[i] ^= (uint8_t)(1 << i % 8);
        assert_int_not_equal(verify(&q, &claims, NULL), BULLA_OK);
        document.data[i] ^= (uint8_t)(1 << i % 8);
    }
    assert_genuine(&q);
}

static void
test_nonce(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer)
    with = paper_document(&house, (struct paper_document){ .with_nonce = true });
    BL_AUTO(bulla_buffer) without = paper_document(&house, (struct paper_document){ 0 });
    struct question q = ask(&house, &with);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    q.v.binding = BL_BINDING_KEY;
    q.v.binder = BL_LITERAL("nonce");
    assert_ok(verify(&q, &claims, &err), &err);
    assert_int_equal(claims.binding, BL_BINDING_KEY);
    static const struct bulla_bytes others[] = { { (const uint8_t *)"nonc", 4 },
                                                 { (const uint8_t *)"nonce\0", 6 },
                                                 { (const uint8_t *)"Nonce", 5 },
                                                 { NULL, 0 } };
    for (size_t i = 0; i < BL_COUNT_OF(others); i++) {
        q.v.binder = others[i];
        assert_refused(&q, BULLA_CAUSE_NONCE_MISMATCH);
    }
    q.v.evidence = bulla_buffer_bytes(&without);
    q.v.binder = BL_LITERAL("nonce");
    assert_refused(&q, BULLA_CAUSE_NONCE_MISMATCH);
}

static void
test_other_bindings(void **state)
{
    (void)state;
    static const struct bl_part wanted[] = {
        { "user_data", { (const uint8_t *)"64617461", 8 } },
        { "public_key", { (const uint8_t *)"6b6579", 6 } },
        { "user_data", { (const uint8_t *)"64617462", 8 } },
        { "public_key", { (const uint8_t *)"6b65", 4 } },
        { "public_key", { (const uint8_t *)"6b657", 5 } },
    };
    BL_AUTO(bulla_buffer)
    with = paper_document(
        &house, (struct paper_document){ .with_user_data = true, .with_public_key = true });
    BL_AUTO(bulla_buffer) without = paper_document(&house, (struct paper_document){ 0 });
    struct question q = ask(&house, &with);

    q.v.inputs = wanted;
    q.v.input_count = 2;
    assert_genuine(&q);
    q.v.input_count = 3; /* the second demand for the same field counts as well */
    assert_refused(&q, BULLA_CAUSE_BINDING_MISMATCH);
    q.v.inputs = wanted + 3;
    q.v.input_count = 1;
    assert_refused(&q, BULLA_CAUSE_BINDING_MISMATCH);
    q.v.inputs = wanted + 4;
    assert_refused(&q, BULLA_CAUSE_USAGE);
    q.v.inputs = wanted;
    q.v.evidence = bulla_buffer_bytes(&without);
    assert_refused(&q, BULLA_CAUSE_BINDING_MISMATCH);
}

static void
test_each_allocation_fails(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) document = paper_document(&house, (struct paper_document){ 0 });
    struct question q = ask(&house, &document);

    q.v.anchors = &q.anchor;
    assert_scheme_survives_no_memory("nitro", &q.v, 10);
}

static void
test_what_is_described(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer)
    document = paper_document(
        &house, (struct paper_document){ .with_nonce = true, .is_tagged = true, .pcr_mask = 7 });
    struct question q = ask(&house, &document);
    BL_AUTO(bulla_buffer) text = { 0 };
    const char *said = scheme_text("nitro", &q.v, &text);
    static const char *const parts[] = {
        "\"module_id\":\"" PAPER_MODULE "\"",
        "\"digest\":\"SHA384\"",
        "\"timestamp_ms\":1799999990123",
        "\"pcr_map_key\":\"pcrs\"",
        "\"nonce\":\"6e6f6e6365\"",
        "\"cabundle_len\":3",
        "\"cose_alg\":-35",
        "\"tagged\":true",
        "\"debug_mode\":false",
        "\"2\":\"0303",
    };
    for (size_t i = 0; i < BL_COUNT_OF(parts); i++)
        assert_non_null(strstr(said, parts[i]));
    assert_null(strstr(said, "user_data"));
    assert_null(strstr(said, "\"3\":"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_an_enclave_claims),
        cmocka_unit_test(test_debug_and_each_register_of_the_image_show),
        cmocka_unit_test(test_what_a_machine_claims),
        cmocka_unit_test(test_root_of_the_document_is_not_trusted),
        cmocka_unit_test(test_given_root_adds_no_trust),
        cmocka_unit_test(test_root_with_other_dates),
        cmocka_unit_test(test_each_link),
        cmocka_unit_test(test_who_may_issue_and_sign),
        cmocka_unit_test(test_another_curve),
        cmocka_unit_test(test_dates_on_both_sides),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_no_byte_can_change),
        cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_other_bindings),
        cmocka_unit_test(test_each_allocation_fails),
        cmocka_unit_test(test_what_is_described),
    };
    return cmocka_run_group_tests(tests, build, tear_down);
}

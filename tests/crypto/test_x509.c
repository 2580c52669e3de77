/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates issued and parsed.
 */
#include "certificate_fixture.h"

#include "faults.h"

/* A second opinion on what we issue: libcrypto's own path validation, strict. */
static void
test_libcrypto_agrees(void **state)
{
    (void)state;
    struct house h = build_house(BL_KEY_P256);
    const unsigned char *p = bl_certificate_der(h.root).data;
    X509 *root = d2i_X509(NULL, &p, (long)bl_certificate_der(h.root).size);
    p = bl_certificate_der(h.leaf).data;
    X509 *leaf = d2i_X509(NULL, &p, (long)bl_certificate_der(h.leaf).size);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();

    assert_int_equal(X509_STORE_add_cert(store, root), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, leaf, NULL), 1);
    X509_STORE_CTX_set_time(context, 0, (time_t)NOW_S);
    X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    assert_int_equal(X509_verify_cert(context), 1);
    assert_int_equal(
        X509_check_host(leaf, "broker.example", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL), 1);
    const ASN1_INTEGER *serial = X509_get0_serialNumber(leaf);
    assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER); /* not negative */
    assert_int_equal(ASN1_STRING_length(serial), 20);
    assert_int_not_equal(ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(root)), 0);
    assert_int_equal(X509_get_pathlen(root), 0);
    assert_int_equal(X509_get_key_usage(root), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(root);
    X509_free(leaf);
    house_done(&h);
}

static void
test_what_a_certificate_says(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    struct bulla_bytes value = { NULL, 0 };
    BL_AUTO(bulla_buffer) found = { 0 };
    BL_AUTO(bulla_buffer) expected = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    int64_t before = 0, after = 0;

    assert_ok(bl_certificate_key(h.leaf, &key, &err), &err);
    assert_ok(bl_key_spki(key, &found, &err), &err);
    assert_ok(bl_key_spki(h.leaf_key, &expected, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&found), bulla_buffer_bytes(&expected));
    bl_certificate_validity(h.leaf, &before, &after);
    assert_true(before == BEFORE_S && after == AFTER_S);
    assert_true(bl_certificate_has_usage(h.leaf, SERVER_OID));
    assert_true(bl_certificate_has_usage(h.leaf, "2.23.133.8.3"));
    assert_false(bl_certificate_has_usage(h.leaf, "2.23.133.8.1"));
    assert_false(bl_certificate_has_usage(h.leaf, "serverAuth"));
    assert_false(bl_certificate_has_usage(h.root, SERVER_OID));
    assert_true(bl_certificate_extension(h.leaf, OWN_OID, &value));
    assert_bytes_equal(value, BL_LITERAL("\x04\x01\x2a"));
    assert_false(bl_certificate_extension(h.root, OWN_OID, &value));
    assert_false(bl_certificate_extension(h.leaf, "not an oid", &value));
    assert_int_equal(value.size, 3);
    house_done(&h);
}

/* RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime afterwards. */
static void
test_the_year_2050(void **state)
{
    (void)state;
    static const int64_t ends[] = { 0, 2524607999, 2524608000, 253402300799 };
    static const int types[] = { V_ASN1_UTCTIME, V_ASN1_UTCTIME, V_ASN1_GENERALIZEDTIME,
                                 V_ASN1_GENERALIZEDTIME };
    struct house h = build_house(BL_KEY_P256);

    for (size_t i = 0; i < 4; i++) {
        struct bl_certificate_request request = leaf_request(h.leaf_key);
        request.not_before_s = 0;
        request.not_after_s = ends[i];
        struct bl_certificate *leaf = issue(request, h.root, h.root_key);
        int64_t before = -1, after = -1;
        bl_certificate_validity(leaf, &before, &after);
        assert_true(before == 0 && after == ends[i]);
        const unsigned char *p = bl_certificate_der(leaf).data;
        X509 *x509 = d2i_X509(NULL, &p, (long)bl_certificate_der(leaf).size);
        assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(x509)), types[i]);
        X509_free(x509);
        bl_certificate_free(leaf);
    }
    house_done(&h);
}

static void
test_truncated_and_longer(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_ED25519);
    BL_AUTO(bulla_buffer) der = { 0 };
    struct bl_certificate *certificate = NULL;

    assert_ok(bulla_buffer_append(&der, bl_certificate_der(h.leaf), &err), &err);
    assert_ok(bulla_buffer_append(&der, BL_LITERAL("\0"), &err), &err);
    for (size_t size = 0; size <= der.size; size++) {
        if (size != der.size - 1)
            assert_fails(
                bl_certificate_parse((struct bulla_bytes){ der.data, size }, &certificate, &err),
                BULLA_E_MALFORMED, &err);
    }
    static const uint8_t large[BL_CERTIFICATE_SIZE_MAX + 1] = { 0x30 };
    assert_fails(bl_certificate_parse(BL_BYTES_OF(large), &certificate, &err), BULLA_E_LIMIT, &err);
    assert_null(certificate);
    house_done(&h);
}

static void
repeat_own(X509 *x509)
{
    add_unknown_harmless(x509);
    add_unknown_harmless(x509);
}

static void
make_version_2(X509 *x509)
{
    assert_int_equal(X509_set_version(x509, X509_VERSION_2), 1);
}

static void
break_constraints(X509 *x509)
{
    X509_EXTENSION *extension =
        X509_get_ext(x509, X509_get_ext_by_NID(x509, NID_basic_constraints, -1));
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

    assert_int_equal(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x30\x05\x01", 3), 1);
    assert_int_equal(X509_EXTENSION_set_data(extension, value), 1);
    ASN1_OCTET_STRING_free(value);
}

static void
use_an_odd_date(X509 *x509)
{
    ASN1_TIME *time = ASN1_TIME_new();

    assert_int_equal(ASN1_STRING_set(time, "270115080000+0100", -1), 1);
    time->type = V_ASN1_UTCTIME;
    assert_int_equal(X509_set1_notAfter(x509, time), 1);
    ASN1_TIME_free(time);
}

static void
test_malformed_ones_do_not_parse(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    static const struct {
        alteration alter;
        enum bulla_status expected;
    } rows[] = {
        { repeat_own, BULLA_E_MALFORMED },
        { make_version_2, BULLA_E_UNSUPPORTED },
        { break_constraints, BULLA_E_MALFORMED },
        { use_an_odd_date, BULLA_E_MALFORMED },
    };
    struct bl_certificate *certificate = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        BL_AUTO(bulla_buffer) der = altered_der(h.leaf, rows[i].alter, h.root_key, EVP_sha256());
        assert_fails(bl_certificate_parse(bulla_buffer_bytes(&der), &certificate, &err),
                     rows[i].expected, &err);
    }
    assert_null(certificate);
    house_done(&h);
}

static void
test_what_is_not_issued(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    BL_AUTO(bulla_buffer) out = { 0 };
    static const char long_name[] =
        "a name of sixty-five characters is one more than X.520 permits....";
    struct bl_certificate_request requests[9];

    for (size_t i = 0; i < 9; i++)
        requests[i] = leaf_request(h.leaf_key);
    requests[0].common_name = NULL;
    requests[1].common_name = "";
    requests[2].common_name = long_name;
    requests[3].not_before_s = AFTER_S + 1;
    requests[4].not_before_s = -1;
    requests[5].not_after_s = INT64_C(253402300800);
    requests[6].dns_name = "two words";
    requests[7].is_authority = true; /* the root permits none below it */
    requests[8].is_self_signed = true;
    for (size_t i = 0; i < 9; i++)
        assert_fails(bl_certificate_issue(&requests[i], h.root, h.root_key, &out, &err),
                     BULLA_E_ARGUMENT, &err);
    const struct bl_certificate_request good = leaf_request(h.leaf_key);
    const struct bl_certificate_request other_root = root_request(h.leaf_key);
    assert_fails(bl_certificate_issue(&good, h.root, h.leaf_key, &out, &err), BULLA_E_ARGUMENT,
                 &err);
    assert_fails(bl_certificate_issue(&good, h.leaf, h.leaf_key, &out, &err), BULLA_E_ARGUMENT,
                 &err);
    assert_fails(bl_certificate_issue(&good, NULL, h.root_key, &out, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_certificate_issue(&other_root, NULL, h.root_key, &out, &err), BULLA_E_ARGUMENT,
                 &err);
    assert_int_equal(out.size, 0);
    house_done(&h);
}

static enum bulla_status
issue_and_verify(const void *context, struct bulla_error *err)
{
    const struct house *h = context;
    const struct bl_certificate_request request = leaf_request(h->leaf_key);
    BL_AUTO(bulla_buffer) der = { 0 };
    BL_AUTO_FREE(bl_certificate) leaf = NULL;

    BL_TRY(bl_certificate_issue(&request, h->root, h->root_key, &der, err));
    BL_TRY(bl_certificate_parse(bulla_buffer_bytes(&der), &leaf, err));
    return verify_at(leaf, h->root, NOW_S, err);
}

static void
test_every_allocation_and_draw_can_fail(void **state)
{
    (void)state;
    struct house h = build_house(BL_KEY_P256);

    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, issue_and_verify, &h) > 0);
    assert_true(fail_each(BL_FAULT_RANDOM, BULLA_E_CRYPTO, issue_and_verify, &h) > 0);
    house_done(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_libcrypto_agrees),
        cmocka_unit_test(test_what_a_certificate_says),
        cmocka_unit_test(test_the_year_2050),
        cmocka_unit_test(test_truncated_and_longer),
        cmocka_unit_test(test_malformed_ones_do_not_parse),
        cmocka_unit_test(test_what_is_not_issued),
        cmocka_unit_test(test_every_allocation_and_draw_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

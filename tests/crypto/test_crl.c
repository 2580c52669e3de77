/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocation lists: whose they are, until when, of what scope, and who is in them.
 */
#include "authority_fixture.h"

#include <stdlib.h>

#include "codec/pem.h"
#include "faults.h"

static struct party
authority(enum algorithm algorithm)
{
    return certify(make_key(algorithm), algorithm, (struct saying){ .name = "Authority" }, NULL);
}

static struct party
subject(const struct party *issuer, const char *serial)
{
    return certify(make_key(WITH_P256), WITH_P256,
                   (struct saying){ .name = "subject", .serial = serial }, issuer);
}

static void
test_a_list_verifies(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct party ca = authority((enum algorithm)i);
        BL_AUTO_FREE(bl_crl) crl = make_list(&ca, &ca, (struct listing){ 0 });
        assert_ok(bl_crl_verify(crl, ca.certificate, NOW_S, &err), &err);
        assert_false(bl_crl_lists(crl, ca.certificate));
        party_done(&ca);
    }
}

static void
test_pem_is_read_too(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct party ca = authority(WITH_P256);
    BL_AUTO(bulla_buffer) der = list_der(&ca, &ca, (struct listing){ 0 });
    BL_AUTO(bulla_buffer) pem = { 0 };
    BL_AUTO(bulla_buffer) other = { 0 };
    BL_AUTO_FREE(bl_crl) crl = NULL;

    assert_ok(bl_pem_encode(bulla_buffer_bytes(&der), "X509 CRL", &pem, &err), &err);
    assert_ok(bl_pem_encode(bulla_buffer_bytes(&der), "CERTIFICATE", &other, &err), &err);
    assert_fails(bl_crl_parse(bulla_buffer_bytes(&other), &crl, &err), BULLA_E_MALFORMED, &err);
    bulla_error_clear(&err);
    assert_ok(bl_crl_parse(bulla_buffer_bytes(&pem), &crl, &err), &err);
    assert_ok(bl_crl_verify(crl, ca.certificate, NOW_S, &err), &err);
    party_done(&ca);
}

static void
test_another_authority(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct party ca = authority(WITH_P256), namesake = authority(WITH_P256);
    struct party other =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "Another" }, NULL);
    BL_AUTO_FREE(bl_crl) crl = make_list(&ca, &ca, (struct listing){ 0 });
    BL_AUTO_FREE(bl_crl) bare = make_list(&ca, &ca, (struct listing){ .without_key_id = true });
    BL_AUTO_FREE(bl_crl) forged = make_list(&ca, &namesake, (struct listing){ 0 });

    assert_true(bl_crl_is_of(crl, namesake.certificate));
    assert_false(bl_crl_is_of(crl, other.certificate));
    assert_cause(bl_crl_verify(crl, other.certificate, NOW_S, &err),
                 BULLA_CAUSE_CRL_ISSUER_MISMATCH, &err);
    assert_string_equal(err.what, "another authority's by its name");
    assert_cause(bl_crl_verify(crl, namesake.certificate, NOW_S, &err),
                 BULLA_CAUSE_CRL_ISSUER_MISMATCH, &err);
    assert_string_equal(err.what, "of another key than the authority's");
    bulla_error_clear(&err);
    assert_ok(bl_crl_verify(bare, ca.certificate, NOW_S, &err), &err);
    assert_cause(bl_crl_verify(bare, namesake.certificate, NOW_S, &err),
                 BULLA_CAUSE_COLLATERAL_SIGNATURE, &err);
    assert_cause(bl_crl_verify(forged, ca.certificate, NOW_S, &err),
                 BULLA_CAUSE_COLLATERAL_SIGNATURE, &err);
    party_done(&other);
    party_done(&namesake);
    party_done(&ca);
}

/* A list of one algorithm is no list of a namesake whose key is of another. */
static void
test_algorithm_of_another_key(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct party ca = authority((enum algorithm)i);
        struct party other = authority((enum algorithm)((i + 1) % ALGORITHM_COUNT));
        BL_AUTO_FREE(bl_crl) crl = make_list(&ca, &ca, (struct listing){ .without_key_id = true });
        assert_cause(bl_crl_verify(crl, other.certificate, NOW_S, &err),
                     BULLA_CAUSE_COLLATERAL_SIGNATURE, &err);
        party_done(&other);
        party_done(&ca);
    }
}

static void
test_weak_algorithms(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct party ca = authority((enum algorithm)i);
        BL_AUTO_FREE(bl_crl) weak = make_list(&ca, &ca, (struct listing){ .digest = EVP_sha1() });
        BL_AUTO_FREE(bl_crl)
        strong = make_list(&ca, &ca, (struct listing){ .digest = EVP_sha512() });
        bulla_error_clear(&err);
        assert_ok(bl_crl_verify(strong, ca.certificate, NOW_S, &err), &err);
        assert_cause(bl_crl_verify(weak, ca.certificate, NOW_S, &err), BULLA_CAUSE_UNTRUSTED, &err);
        party_done(&ca);
    }
}

static void
test_key_usage(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct party ca =
        certify(make_key(WITH_P256), WITH_P256,
                (struct saying){ .name = "Authority", .key_usage = "critical,keyCertSign" }, NULL);
    BL_AUTO_FREE(bl_crl) crl = make_list(&ca, &ca, (struct listing){ 0 });

    assert_cause(bl_crl_verify(crl, ca.certificate, NOW_S, &err), BULLA_CAUSE_UNTRUSTED, &err);
    assert_string_equal(err.what, "the authority's key may not sign it");
    party_done(&ca);
}

static void
test_dates_on_both_sides(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct party ca = authority(WITH_P256);
    const int64_t start_s = INT64_C(1799971200), end_s = start_s + 86400; /* 2027-01-15, -16 */
    BL_AUTO_FREE(bl_crl) crl = make_list(&ca, &ca, (struct listing){ 0 });
    BL_AUTO_FREE(bl_crl)
    late = make_list(
        &ca, &ca,
        (struct listing){ .this_update = "20510101000000Z", .next_update = "99991231235959Z" });

    assert_ok(bl_crl_verify(crl, ca.certificate, start_s, &err), &err);
    assert_ok(bl_crl_verify(crl, ca.certificate, end_s - 1, &err), &err);
    assert_cause(bl_crl_verify(crl, ca.certificate, start_s - 1, &err), BULLA_CAUSE_NOT_YET_VALID,
                 &err);
    assert_cause(bl_crl_verify(crl, ca.certificate, end_s, &err), BULLA_CAUSE_COLLATERAL_EXPIRED,
                 &err);
    bulla_error_clear(&err);
    assert_ok(bl_crl_verify(late, ca.certificate, INT64_C(253402300798), &err), &err);
    assert_cause(bl_crl_verify(late, ca.certificate, NOW_S, &err), BULLA_CAUSE_NOT_YET_VALID, &err);
    party_done(&ca);
}

static const char *const listed_serials[] = {
    "00",
    "-01",
    "7F",
    "80",
    "-80",
    "1234",
    "-1234",
    "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20",
    "-F102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20",
};
static const char *const other_serials[] = {
    "01",
    "-7F",
    "FF",
    "-FF",
    "12",
    "123400",
    "34",
    "F102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20",
    "-0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20",
    "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
};

static void
test_who_is_listed(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct party ca = authority(WITH_P256);
    BL_AUTO_FREE(bl_crl)
    crl = make_list(
        &ca, &ca,
        (struct listing){ .serials = listed_serials, .serial_count = BL_COUNT_OF(listed_serials) });

    assert_ok(bl_crl_verify(crl, ca.certificate, NOW_S, &err), &err);
    for (size_t i = 0; i < BL_COUNT_OF(listed_serials); i++) {
        struct party revoked = subject(&ca, listed_serials[i]);
        assert_true(bl_crl_lists(crl, revoked.certificate));
        party_done(&revoked);
    }
    for (size_t i = 0; i < BL_COUNT_OF(other_serials); i++) {
        struct party good = subject(&ca, other_serials[i]);
        assert_false(bl_crl_lists(crl, good.certificate));
        party_done(&good);
    }
    party_done(&ca);
}

static void
add_ext(X509_CRL *crl, const char *oid, int critical, struct bulla_bytes value)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();

    assert_int_equal(ASN1_OCTET_STRING_set(octets, value.data, (int)value.size), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, octets);
    assert_int_equal(X509_CRL_add_ext(crl, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(object);
}

static void
make_delta(X509_CRL *crl)
{
    add_ext(crl, "2.5.29.27", 1, BL_LITERAL("\x02\x01\x06"));
}

static void
make_silent_delta(X509_CRL *crl)
{
    add_ext(crl, "2.5.29.27", 0, BL_LITERAL("\x02\x01\x06"));
}

static void
make_partial(X509_CRL *crl) /* onlyContainsUserCerts */
{
    add_ext(crl, "2.5.29.28", 1, BL_LITERAL("\x30\x03\x81\x01\xff"));
}

static void
make_silently_partial(X509_CRL *crl)
{
    add_ext(crl, "2.5.29.28", 0, BL_LITERAL("\x30\x03\x81\x01\xff"));
}

static void
make_critical(X509_CRL *crl)
{
    add_ext(crl, "1.3.6.1.4.1.55555.9", 1, BL_LITERAL("\x05\x00"));
}

static void
make_harmless(X509_CRL *crl)
{
    add_ext(crl, "1.3.6.1.4.1.55555.9", 0, BL_LITERAL("\x05\x00"));
}

static void
test_scope(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct party ca = authority(WITH_P256);
    void (*const alterations[])(X509_CRL *) = { make_delta, make_silent_delta, make_partial,
                                                make_silently_partial, make_critical };

    for (size_t i = 0; i < BL_COUNT_OF(alterations); i++) {
        BL_AUTO_FREE(bl_crl) crl = make_list(&ca, &ca, (struct listing){ .alter = alterations[i] });
        assert_cause(bl_crl_verify(crl, ca.certificate, NOW_S, &err), BULLA_CAUSE_UNTRUSTED, &err);
    }
    bulla_error_clear(&err);
    BL_AUTO_FREE(bl_crl) crl = make_list(&ca, &ca, (struct listing){ .alter = make_harmless });
    assert_ok(bl_crl_verify(crl, ca.certificate, NOW_S, &err), &err);
    party_done(&ca);
}

static void
entry_ext(X509_REVOKED *entry, const char *oid, int critical, struct bulla_bytes value)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();

    assert_int_equal(ASN1_OCTET_STRING_set(octets, value.data, (int)value.size), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, octets);
    assert_int_equal(X509_REVOKED_add_ext(entry, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(object);
}

static void
with_critical_reason(X509_REVOKED *entry) /* removeFromCRL: of no meaning in a complete list */
{
    entry_ext(entry, "2.5.29.21", 1, BL_LITERAL("\x0a\x01\x08"));
}

static void
with_unknown(X509_REVOKED *entry)
{
    entry_ext(entry, "1.3.6.1.4.1.55555.9", 1, BL_LITERAL("\x05\x00"));
}

static void
with_other_issuer(X509_REVOKED *entry)
{
    entry_ext(entry, "2.5.29.29", 0, BL_LITERAL("\x30\x00"));
}

static void
test_extensions_of_entries(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct party ca = authority(WITH_P256), revoked = subject(&ca, "1234");
    static const char *const serials[] = { "55", "1234" };
    struct listing says = { .serials = serials, .serial_count = 2 };

    says.alter_entry = with_critical_reason;
    BL_AUTO_FREE(bl_crl) known = make_list(&ca, &ca, says);
    assert_ok(bl_crl_verify(known, ca.certificate, NOW_S, &err), &err);
    assert_true(bl_crl_lists(known, revoked.certificate));
    says.alter_entry = with_unknown;
    BL_AUTO_FREE(bl_crl) unknown = make_list(&ca, &ca, says);
    assert_cause(bl_crl_verify(unknown, ca.certificate, NOW_S, &err), BULLA_CAUSE_UNTRUSTED, &err);
    says.alter_entry = with_other_issuer;
    BL_AUTO_FREE(bl_crl) indirect = make_list(&ca, &ca, says);
    assert_cause(bl_crl_verify(indirect, ca.certificate, NOW_S, &err), BULLA_CAUSE_UNTRUSTED, &err);
    party_done(&revoked);
    party_done(&ca);
}

static void
repeat_key_id(X509_CRL *crl)
{
    add_ext(crl, "2.5.29.35", 0, BL_LITERAL("\x30\x00"));
}

static void
test_what_is_not_read(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct party ca = authority(WITH_P256);
    struct bl_crl *const untouched = (struct bl_crl *)&ca;
    struct bl_crl *crl = untouched;
    BL_AUTO(bulla_buffer) old = list_der(&ca, &ca, (struct listing){ .is_version_1 = true });
    BL_AUTO(bulla_buffer) endless = list_der(&ca, &ca, (struct listing){ .next_update = "" });
    BL_AUTO(bulla_buffer) twice = list_der(&ca, &ca, (struct listing){ .alter = repeat_key_id });
    BL_AUTO(bulla_buffer) large = { 0 };
    uint8_t *start = NULL;

    assert_fails(bl_crl_parse(bulla_buffer_bytes(&old), &crl, &err), BULLA_E_UNSUPPORTED, &err);
    assert_fails(bl_crl_parse(bulla_buffer_bytes(&endless), &crl, &err), BULLA_E_UNSUPPORTED, &err);
    assert_fails(bl_crl_parse(bulla_buffer_bytes(&twice), &crl, &err), BULLA_E_MALFORMED, &err);
    assert_fails(bl_crl_parse(BL_LITERAL(""), &crl, &err), BULLA_E_MALFORMED, &err);
    assert_fails(bl_crl_parse(bl_certificate_der(ca.certificate), &crl, &err), BULLA_E_UNSUPPORTED,
                 &err);
    assert_ok(bulla_buffer_extend(&large, BL_CRL_SIZE_MAX + 1, &start, &err), &err);
    start[0] = 0x30;
    assert_fails(bl_crl_parse(bulla_buffer_bytes(&large), &crl, &err), BULLA_E_LIMIT, &err);
    assert_ptr_equal(crl, untouched);
    party_done(&ca);
}

static void
test_every_truncation_and_change(void **state)
{
    (void)state;
    struct party ca = authority(WITH_P256);
    static const char *const serials[] = { "55", "-1234" };
    BL_AUTO(bulla_buffer)
    der =
        list_der(&ca, &ca,
                 (struct listing){
                     .serials = serials, .serial_count = 2, .alter_entry = with_critical_reason });
    const size_t size = der.size;

    for (size_t i = 0; i < size; i++) {
        struct bl_crl *crl = NULL;
        assert_int_not_equal(bl_crl_parse((struct bulla_bytes){ der.data, i }, &crl, NULL),
                             BULLA_OK);
        assert_null(crl);
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        BL_AUTO_FREE(bl_crl) crl = NULL;
        der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (bl_crl_parse(bulla_buffer_bytes(&der), &crl, NULL) == BULLA_OK)
            assert_int_not_equal(bl_crl_verify(crl, ca.certificate, NOW_S, NULL), BULLA_OK);
        der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    struct bl_crl *crl = NULL;
    assert_int_equal(bulla_buffer_append(&der, BL_LITERAL("\x00"), NULL), BULLA_OK);
    assert_int_equal(bl_crl_parse(bulla_buffer_bytes(&der), &crl, NULL), BULLA_E_MALFORMED);
    party_done(&ca);
}

/* The parameters of RSA-PSS are part of what is believed: MGF1 with the same hash, trailer 1. */
static void
test_pss_parameters(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct party ca = authority(WITH_PSS);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    BL_AUTO(bulla_buffer) der = list_der(&ca, &ca, (struct listing){ 0 });
    const unsigned char *p = der.data;
    X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.size);
    unsigned char *mixed = NULL;

    assert_int_equal(EVP_DigestSignInit(context, &parameters, EVP_sha384(), NULL, ca.key), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, EVP_sha256()), 1);
    assert_true(X509_CRL_sign_ctx(crl, context) > 0);
    int size = i2d_X509_CRL(crl, &mixed);
    BL_AUTO_FREE(bl_crl) parsed = NULL;
    assert_ok(bl_crl_parse((struct bulla_bytes){ mixed, (size_t)size }, &parsed, &err), &err);
    assert_cause(bl_crl_verify(parsed, ca.certificate, NOW_S, &err), BULLA_CAUSE_UNTRUSTED, &err);
    OPENSSL_free(mixed);
    X509_CRL_free(crl);
    EVP_MD_CTX_free(context);
    party_done(&ca);
}

/* What is signed names its algorithm, too: what stands outside must be the same. */
static void
test_two_algorithms(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct party ca = authority(WITH_P256);
    BL_AUTO(bulla_buffer) der = list_der(&ca, &ca, (struct listing){ 0 });
    static const uint8_t ecdsa_sha256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
    size_t outer = der.size - sizeof ecdsa_sha256;
    BL_AUTO_FREE(bl_crl) crl = NULL;

    while (memcmp(der.data + outer, ecdsa_sha256, sizeof ecdsa_sha256) != 0)
        outer--;
    der.data[outer + sizeof ecdsa_sha256 - 1] = 0x03;
    assert_fails(bl_crl_parse(bulla_buffer_bytes(&der), &crl, &err), BULLA_E_MALFORMED, &err);
    assert_string_equal(err.what, "two different signature algorithms");
    party_done(&ca);
}

struct attempt {
    struct party ca;
    struct bulla_buffer der;
};

static enum bulla_status
parse_and_verify(const void *context, struct bulla_error *err)
{
    const struct attempt *attempt = context;
    BL_AUTO_FREE(bl_crl) crl = NULL;

    BL_TRY(bl_crl_parse(bulla_buffer_bytes(&attempt->der), &crl, err));
    return bl_crl_verify(crl, attempt->ca.certificate, NOW_S, err);
}

static void
test_each_allocation_fails(void **state)
{
    (void)state;
    struct attempt attempt = { .ca = authority(WITH_P256) };

    attempt.der = list_der(&attempt.ca, &attempt.ca, (struct listing){ 0 });
    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, parse_and_verify, &attempt) >= 3);
    bulla_buffer_done(&attempt.der);
    party_done(&attempt.ca);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_verifies),
        cmocka_unit_test(test_pem_is_read_too),
        cmocka_unit_test(test_another_authority),
        cmocka_unit_test(test_algorithm_of_another_key),
        cmocka_unit_test(test_weak_algorithms),
        cmocka_unit_test(test_key_usage),
        cmocka_unit_test(test_dates_on_both_sides),
        cmocka_unit_test(test_who_is_listed),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_extensions_of_entries),
        cmocka_unit_test(test_what_is_not_read),
        cmocka_unit_test(test_every_truncation_and_change),
        cmocka_unit_test(test_pss_parameters),
        cmocka_unit_test(test_two_algorithms),
        cmocka_unit_test(test_each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

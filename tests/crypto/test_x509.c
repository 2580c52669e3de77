/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates issued, parsed and verified. What our own authority would never issue is made from
 * what it does: decoded by libcrypto, altered, and signed again with the authority's key.
 */
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/fault.h"
#include "crypto/x509.h"

#define NOW_S INT64_C(1800000000)
#define BEFORE_S (NOW_S - 1000)
#define AFTER_S (NOW_S + 1000)
#define OWN_OID "1.3.6.1.4.1.55555.1"
#define SERVER_OID "1.3.6.1.5.5.7.3.1"

struct house {
    struct bl_key *root_key, *leaf_key;
    struct bl_certificate *root, *leaf;
};

static struct bl_certificate *
parse(const struct bulla_buffer *der)
{
    struct bulla_error err = { 0 };
    struct bl_certificate *certificate = NULL;

    assert_ok(bl_certificate_parse(bulla_buffer_bytes(der), &certificate, &err), &err);
    return certificate;
}

static const char *const usages[] = { SERVER_OID, "2.23.133.8.3", NULL };

static struct bl_certificate_request
leaf_request(const struct bl_key *subject)
{
    return (struct bl_certificate_request){ .common_name = "leaf",
                                            .subject = subject,
                                            .not_before_s = BEFORE_S,
                                            .not_after_s = AFTER_S,
                                            .usage_oids = usages,
                                            .extension_oid = OWN_OID,
                                            .extension_value = BL_LITERAL("\x04\x01\x2a"),
                                            .dns_name = "broker.example" };
}

static struct bl_certificate_request
root_request(const struct bl_key *subject)
{
    return (struct bl_certificate_request){ .common_name = "root",
                                            .subject = subject,
                                            .not_before_s = BEFORE_S - 1000,
                                            .not_after_s = AFTER_S + 1000,
                                            .is_authority = true,
                                            .is_self_signed = true };
}

static struct bl_certificate *
issue(struct bl_certificate_request request, const struct bl_certificate *issuer,
      const struct bl_key *key)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) der = { 0 };

    assert_ok(bl_certificate_issue(&request, issuer, key, &der, &err), &err);
    return parse(&der);
}

static struct house
build_house(enum bl_key_kind kind)
{
    struct bulla_error err = { 0 };
    struct house h = { 0 };

    assert_ok(bl_key_generate(kind, &h.root_key, &err), &err);
    assert_ok(bl_key_generate(kind, &h.leaf_key, &err), &err);
    h.root = issue(root_request(h.root_key), NULL, h.root_key);
    h.leaf = issue(leaf_request(h.leaf_key), h.root, h.root_key);
    return h;
}

static void
house_done(struct house *h)
{
    bl_key_free(h->root_key);
    bl_key_free(h->leaf_key);
    bl_certificate_free(h->root);
    bl_certificate_free(h->leaf);
}

static enum bulla_status
verify_at(const struct bl_certificate *leaf, const struct bl_certificate *anchor, int64_t now_s,
          struct bulla_error *err)
{
    return bl_chain_verify(&leaf, 1, anchor, now_s, NULL, err);
}

/* libcrypto's form of a key pair of P-256. */
static EVP_PKEY *
native_key(const struct bl_key *key)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) raw = { 0 };
    uint8_t der[128];
    /* ECPrivateKey (RFC 5915): version 1, the private value, the named curve. */
    static const uint8_t head[] = { 0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20 };
    static const uint8_t tail[] = { 0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
    const unsigned char *p = der;

    assert_ok(bl_key_raw_private(key, &raw, &err), &err);
    memcpy(der, head, sizeof head);
    memcpy(der + sizeof head, raw.data, 32);
    memcpy(der + sizeof head + 32, tail, sizeof tail);
    EVP_PKEY *pkey = d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, (long)(sizeof head + 32 + sizeof tail));
    assert_non_null(pkey);
    return pkey;
}

typedef void (*alteration)(X509 *x509);

/* The DER of a certificate, altered and signed again. */
static struct bulla_buffer
altered_der(const struct bl_certificate *certificate, alteration alter, const struct bl_key *signer,
            const EVP_MD *digest)
{
    struct bulla_error err = { 0 };
    struct bulla_buffer result = { 0 };
    const struct bulla_bytes der = bl_certificate_der(certificate);
    const unsigned char *p = der.data;
    unsigned char *out = NULL;
    X509 *x509 = d2i_X509(NULL, &p, (long)der.size);
    EVP_PKEY *pkey = native_key(signer);

    assert_non_null(x509);
    if (alter != NULL)
        alter(x509);
    assert_true(X509_sign(x509, pkey, digest) > 0);
    int size = i2d_X509(x509, &out);
    assert_true(size > 0);
    assert_ok(bulla_buffer_append(&result, (struct bulla_bytes){ out, (size_t)size }, &err), &err);
    OPENSSL_free(out);
    X509_free(x509);
    EVP_PKEY_free(pkey);
    return result;
}

static struct bl_certificate *
altered(const struct bl_certificate *certificate, alteration alter, const struct bl_key *signer)
{
    BL_AUTO(bulla_buffer) der = altered_der(certificate, alter, signer, EVP_sha256());
    return parse(&der);
}

static void
replace_extension(X509 *x509, int nid, const char *value)
{
    int place = X509_get_ext_by_NID(x509, nid, -1);

    if (place >= 0)
        X509_EXTENSION_free(X509_delete_ext(x509, place));
    if (value != NULL) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(x509, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
}

static void
test_a_chain_verifies(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const enum bl_key_kind kinds[] = { BL_KEY_ED25519, BL_KEY_P256, BL_KEY_P384 };

    for (size_t i = 0; i < 3; i++) {
        struct house h = build_house(kinds[i]);
        assert_ok(verify_at(h.leaf, h.root, NOW_S, &err), &err);
        house_done(&h);
    }
}

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
    BL_AUTO(bulla_buffer) value = { 0 };
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
    assert_ok(bl_certificate_extension(h.leaf, OWN_OID, &value, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&value), BL_LITERAL("\x04\x01\x2a"));
    assert_fails(bl_certificate_extension(h.root, OWN_OID, &value, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_certificate_extension(h.leaf, "not an oid", &value, &err), BULLA_E_ARGUMENT,
                 &err);
    assert_int_equal(value.size, 3);
    house_done(&h);
}

static void
test_dates_on_both_sides(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    struct bl_certificate_request long_lived = leaf_request(h.leaf_key);
    long_lived.not_before_s = 0;
    long_lived.not_after_s = INT64_C(253402300799);
    struct bl_certificate *leaf = issue(long_lived, h.root, h.root_key);

    assert_ok(verify_at(h.leaf, h.root, BEFORE_S, &err), &err);
    assert_ok(verify_at(h.leaf, h.root, AFTER_S, &err), &err);
    assert_cause(verify_at(h.leaf, h.root, BEFORE_S - 1, &err), BULLA_CAUSE_EXPIRED, &err);
    assert_cause(verify_at(h.leaf, h.root, AFTER_S + 1, &err), BULLA_CAUSE_EXPIRED, &err);
    bulla_error_clear(&err); /* the anchor's */
    assert_ok(verify_at(leaf, h.root, AFTER_S + 1000, &err), &err);
    assert_ok(verify_at(leaf, h.root, BEFORE_S - 1000, &err), &err);
    assert_cause(verify_at(leaf, h.root, AFTER_S + 1001, &err), BULLA_CAUSE_EXPIRED, &err);
    assert_int_equal(err.offset, 1);
    assert_cause(verify_at(leaf, h.root, BEFORE_S - 1001, &err), BULLA_CAUSE_EXPIRED, &err);
    bl_certificate_free(leaf);
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
test_another_authority(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    struct house other = build_house(BL_KEY_P256); /* of the same name */
    struct bl_certificate_request request = root_request(other.root_key);
    request.common_name = "Root"; /* another name under the same key */
    struct bl_certificate *renamed = issue(request, NULL, other.root_key);

    assert_fails(verify_at(h.leaf, other.root, NOW_S, &err), BULLA_E_SIGNATURE, &err);
    assert_fails(verify_at(other.leaf, renamed, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    assert_fails(verify_at(h.root, h.leaf, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    bl_certificate_free(renamed);
    house_done(&other);
    house_done(&h);
}

static void
test_no_byte_can_change(void **state)
{
    (void)state;
    struct house h = build_house(BL_KEY_P256);
    const struct bulla_bytes der = bl_certificate_der(h.leaf);
    uint8_t *copy = malloc(der.size);

    assert_non_null(copy);
    for (size_t i = 0; i < der.size; i++) {
        memcpy(copy, der.data, der.size);
        copy[i] ^= 1;
        BL_AUTO_FREE(bl_certificate) certificate = NULL;
        if (bl_certificate_parse((struct bulla_bytes){ copy, der.size }, &certificate, NULL) !=
            BULLA_OK)
            continue;
        assert_int_not_equal(verify_at(certificate, h.root, NOW_S, NULL), BULLA_OK);
    }
    free(copy);
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
make_authority(X509 *x509)
{
    replace_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
    replace_extension(x509, NID_key_usage, "critical,keyCertSign");
}

static void
allow_one_below(X509 *x509)
{
    replace_extension(x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:1");
}

static void
take_signing_away(X509 *x509)
{
    replace_extension(x509, NID_key_usage, "critical,digitalSignature");
}

static void
drop_constraints(X509 *x509)
{
    replace_extension(x509, NID_basic_constraints, NULL);
}

static void
name_issuer_leaf(X509 *x509)
{
    X509_NAME *name = X509_NAME_new();

    assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                                (const unsigned char *)"leaf", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x509, name), 1);
    X509_NAME_free(name);
}

/* bottom <- middle <- root, the middle one altered in one way and the root in another. */
static enum bulla_status
verify_three(const struct house *h, alteration of_root, alteration of_middle,
             struct bulla_error *err)
{
    BL_AUTO_FREE(bl_certificate) root = altered(h->root, of_root, h->root_key);
    BL_AUTO_FREE(bl_certificate) middle = altered(h->leaf, of_middle, h->root_key);
    BL_AUTO_FREE(bl_certificate) bottom = altered(h->leaf, name_issuer_leaf, h->leaf_key);
    const struct bl_certificate *const chain[] = { bottom, middle };

    return bl_chain_verify(chain, 2, root, NOW_S, NULL, err);
}

static void
test_who_may_issue(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);

    assert_ok(verify_three(&h, allow_one_below, make_authority, &err), &err);
    assert_fails(verify_three(&h, NULL, make_authority, &err), BULLA_E_UNTRUSTED, &err);
    assert_string_equal(err.what, "longer than an issuer permits");
    assert_fails(verify_three(&h, allow_one_below, NULL, &err), BULLA_E_UNTRUSTED, &err);
    assert_string_equal(err.what, "an issuer is no certification authority");
    assert_fails(verify_three(&h, allow_one_below, drop_constraints, &err), BULLA_E_UNTRUSTED,
                 &err);
    assert_string_equal(err.what, "an issuer is no certification authority");
    assert_fails(verify_three(&h, take_signing_away, make_authority, &err), BULLA_E_UNTRUSTED,
                 &err);
    assert_string_equal(err.what, "an issuer's key may not sign certificates");
    house_done(&h);
}

static void
test_counts(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    const struct bl_certificate *chain[BL_CHAIN_COUNT_MAX] = { h.leaf, h.leaf, h.leaf,
                                                               h.leaf, h.leaf, h.leaf };

    assert_fails(bl_chain_verify(chain, 0, h.root, NOW_S, NULL, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_chain_verify(chain, BL_CHAIN_COUNT_MAX, h.root, NOW_S, NULL, &err),
                 BULLA_E_LIMIT, &err);
    house_done(&h);
}

static void
add_unknown(X509 *x509, int critical)
{
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.55555.2", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

    assert_int_equal(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05", 2), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, critical, value);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static void
add_unknown_critical(X509 *x509)
{
    add_unknown(x509, 1);
}

static void
add_unknown_harmless(X509 *x509)
{
    add_unknown(x509, 0);
}

static void
add_name_constraints(X509 *x509)
{
    replace_extension(x509, NID_name_constraints, "critical,permitted;DNS:example.org");
}

static void
test_critical_extensions(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    BL_AUTO_FREE(bl_certificate) critical = altered(h.leaf, add_unknown_critical, h.root_key);
    BL_AUTO_FREE(bl_certificate) harmless = altered(h.leaf, add_unknown_harmless, h.root_key);
    BL_AUTO_FREE(bl_certificate) of_root = altered(h.root, add_unknown_critical, h.root_key);
    BL_AUTO_FREE(bl_certificate) constrained = altered(h.root, add_name_constraints, h.root_key);
    const struct bl_certificate *const chain[] = { critical };
    static const char *const known[] = { "2.5.29.99", "1.3.6.1.4.1.55555.2", NULL };
    static const char *const others[] = { "1.3.6.1.4.1.55555.22", "1.3.6.1.4.1.55555", NULL };

    assert_ok(verify_at(harmless, h.root, NOW_S, &err), &err);
    assert_fails(verify_at(critical, h.root, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    assert_fails(bl_chain_verify(chain, 1, h.root, NOW_S, others, &err), BULLA_E_UNTRUSTED, &err);
    assert_fails(verify_at(h.leaf, of_root, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    assert_fails(verify_at(h.leaf, constrained, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    bulla_error_clear(&err);
    assert_ok(bl_chain_verify(chain, 1, h.root, NOW_S, known, &err), &err);
    house_done(&h);
}

static void
test_signatures_that_prove_nothing(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    BL_AUTO(bulla_buffer) sha1 = altered_der(h.leaf, NULL, h.root_key, EVP_sha1());
    BL_AUTO(bulla_buffer) sha512 = altered_der(h.leaf, NULL, h.root_key, EVP_sha512());
    BL_AUTO_FREE(bl_certificate) weak = parse(&sha1);
    BL_AUTO_FREE(bl_certificate) strong = parse(&sha512);

    assert_ok(verify_at(strong, h.root, NOW_S, &err), &err);
    assert_fails(verify_at(weak, h.root, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
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
issue_and_verify(const struct house *h, struct bulla_error *err)
{
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
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    static const enum bl_fault kinds[] = { BL_FAULT_MEMORY, BL_FAULT_RANDOM };
    static const enum bulla_status expected[] = { BULLA_E_MEMORY, BULLA_E_CRYPTO };

    for (size_t k = 0; k < 2; k++) {
        uint64_t n = 1;
        for (;; n++) {
            bl_fault_arm(kinds[k], n, false);
            bulla_error_clear(&err);
            enum bulla_status status = issue_and_verify(&h, &err);
            if (!bl_fault_disarm()) {
                assert_int_equal(status, BULLA_OK);
                break;
            }
            assert_int_equal(status, expected[k]);
        }
        assert_true(n > 1);
    }
    house_done(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_chain_verifies),
        cmocka_unit_test(test_libcrypto_agrees),
        cmocka_unit_test(test_what_a_certificate_says),
        cmocka_unit_test(test_dates_on_both_sides),
        cmocka_unit_test(test_the_year_2050),
        cmocka_unit_test(test_another_authority),
        cmocka_unit_test(test_no_byte_can_change),
        cmocka_unit_test(test_truncated_and_longer),
        cmocka_unit_test(test_who_may_issue),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_critical_extensions),
        cmocka_unit_test(test_signatures_that_prove_nothing),
        cmocka_unit_test(test_malformed_ones_do_not_parse),
        cmocka_unit_test(test_what_is_not_issued),
        cmocka_unit_test(test_every_allocation_and_draw_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

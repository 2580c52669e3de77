/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/crypto/authority_fixture.h: certificates and revocation lists as other people's authorities
 * make them: RSA-PSS as AMD's, ECDSA on P-256 and P-384, RSA with PKCS #1, serial numbers and dates
 * of all sizes, extensions of any kind. Made with libcrypto, one statement at a time.
 */
#ifndef TESTS_CRYPTO_AUTHORITY_FIXTURE_H
#define TESTS_CRYPTO_AUTHORITY_FIXTURE_H

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "crypto/crl.h"

#define NOW_TEXT "20270115080000Z"
#define NOW_S INT64_C(1800000000) /* the same moment */

enum algorithm { WITH_P256, WITH_P384, WITH_RSA, WITH_PSS };
#define ALGORITHM_COUNT 4

static inline const EVP_MD *
digest_of(enum algorithm algorithm)
{
    return algorithm == WITH_P256 || algorithm == WITH_RSA ? EVP_sha256() : EVP_sha384();
}

static inline EVP_PKEY *
make_key(enum algorithm algorithm)
{
    EVP_PKEY *key = algorithm == WITH_P256   ? EVP_EC_gen("P-256")
                    : algorithm == WITH_P384 ? EVP_EC_gen("P-384")
                                             : EVP_RSA_gen(2048);

    assert_non_null(key);
    return key;
}

/* With what it is signed: for RSA-PSS a salt as long as the hash. */
static inline EVP_MD_CTX *
signing(EVP_PKEY *key, enum algorithm algorithm, const EVP_MD *digest)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;

    assert_int_equal(EVP_DigestSignInit(context, &parameters, digest, NULL, key), 1);
    if (algorithm == WITH_PSS) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    return context;
}

struct party {
    enum algorithm algorithm;
    EVP_PKEY *key;
    struct bl_certificate *certificate;
};

/* What a certificate says; NULL or 0: the usual. */
struct saying {
    const char *name;       /* common name */
    const char *not_before; /* GeneralizedTime, or UTCTime by its length */
    const char *not_after;
    const char *serial;      /* hexadecimal, with a minus sign if negative */
    const char *constraints; /* basic constraints */
    const char *key_usage;
    bool without_key_id;
    const char *extension_oid; /* one more, not critical */
    struct bulla_bytes extension_value;
};

static inline void
set_time(ASN1_TIME *time, const char *text)
{
    assert_int_equal(ASN1_TIME_set_string(time, text), 1);
}

static inline ASN1_INTEGER *
make_integer(const char *hex)
{
    BIGNUM *number = NULL;

    assert_true(BN_hex2bn(&number, hex) > 0);
    ASN1_INTEGER *integer = BN_to_ASN1_INTEGER(number, NULL);
    assert_non_null(integer);
    BN_free(number);
    return integer;
}

static inline void
set_name(X509_NAME *name, const char *common_name)
{
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "C", MBSTRING_UTF8,
                                                (const unsigned char *)"DE", -1, -1, 0),
                     1);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)common_name, -1, -1, 0),
                     1);
}

static inline void
add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static inline void
add_extension_of(X509 *x509, const char *oid, struct bulla_bytes content)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

    assert_int_equal(ASN1_OCTET_STRING_set(value, content.data, (int)content.size), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
}

static inline X509 *
native(const struct bl_certificate *certificate)
{
    const unsigned char *p = bl_certificate_der(certificate).data;
    X509 *x509 = d2i_X509(NULL, &p, (long)bl_certificate_der(certificate).size);

    assert_non_null(x509);
    return x509;
}

static inline struct bl_certificate *
parse_native(X509 *x509)
{
    struct bulla_error err = { 0 };
    struct bl_certificate *certificate = NULL;
    unsigned char *der = NULL;
    int size = i2d_X509(x509, &der);

    assert_true(size > 0);
    assert_ok(bl_certificate_parse((struct bulla_bytes){ der, (size_t)size }, &certificate, &err),
              &err);
    OPENSSL_free(der);
    return certificate;
}

/* `issuer` NULL: self-signed. The key is the party's own from then on. */
static inline struct party
certify(EVP_PKEY *key, enum algorithm algorithm, struct saying says, const struct party *issuer)
{
    struct party party = { .algorithm = algorithm, .key = key };
    const struct party *by = issuer != NULL ? issuer : &party;
    X509 *x509 = X509_new();
    X509 *above = issuer != NULL ? native(issuer->certificate) : X509_dup(x509);
    ASN1_INTEGER *serial = make_integer(says.serial != NULL ? says.serial : "1234");

    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(X509_set_serialNumber(x509, serial), 1);
    ASN1_INTEGER_free(serial);
    set_name(X509_get_subject_name(x509), says.name);
    assert_int_equal(
        X509_set_issuer_name(x509, X509_get_subject_name(issuer != NULL ? above : x509)), 1);
    set_time(X509_getm_notBefore(x509), says.not_before ? says.not_before : "20200101000000Z");
    set_time(X509_getm_notAfter(x509), says.not_after ? says.not_after : "20300101000000Z");
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    add_extension(x509, above, NID_basic_constraints,
                  says.constraints ? says.constraints : "critical,CA:TRUE");
    add_extension(x509, above, NID_key_usage,
                  says.key_usage ? says.key_usage : "critical,keyCertSign,cRLSign");
    if (!says.without_key_id)
        add_extension(x509, above, NID_subject_key_identifier, "hash");
    if (says.extension_oid != NULL)
        add_extension_of(x509, says.extension_oid, says.extension_value);
    EVP_MD_CTX *context = signing(by->key, by->algorithm, digest_of(by->algorithm));
    assert_true(X509_sign_ctx(x509, context) > 0);
    EVP_MD_CTX_free(context);
    party.certificate = parse_native(x509);
    X509_free(above);
    X509_free(x509);
    return party;
}

static inline void
party_done(struct party *party)
{
    EVP_PKEY_free(party->key);
    bl_certificate_free(party->certificate);
}

/* What a revocation list says; NULL or 0: the usual. */
struct listing {
    const char *this_update;
    const char *next_update; /* "": none */
    const char *const *serials;
    size_t serial_count;
    const EVP_MD *digest;
    bool without_key_id;
    bool is_version_1;
    void (*alter)(X509_CRL *crl);
    void (*alter_entry)(X509_REVOKED *entry); /* the last one */
};

static inline void
revoke(X509_CRL *crl, const char *hex, void (*alter)(X509_REVOKED *entry))
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *serial = make_integer(hex);
    ASN1_TIME *time = ASN1_TIME_new();

    set_time(time, "20260101000000Z");
    assert_int_equal(X509_REVOKED_set_serialNumber(entry, serial), 1);
    assert_int_equal(X509_REVOKED_set_revocationDate(entry, time), 1);
    if (alter != NULL)
        alter(entry);
    assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
    ASN1_TIME_free(time);
    ASN1_INTEGER_free(serial);
}

static inline void
identify_key(X509_CRL *crl, X509 *issuer)
{
    AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();

    id->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(issuer));
    assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, id, 0, 0), 1);
    AUTHORITY_KEYID_free(id);
}

/* The DER of a list of `issuer`, signed with the key of `signer`. */
static inline struct bulla_buffer
list_der(const struct party *issuer, const struct party *signer, struct listing says)
{
    struct bulla_error err = { 0 };
    struct bulla_buffer result = { 0 };
    X509_CRL *crl = X509_CRL_new();
    X509 *x509 = native(issuer->certificate);
    ASN1_TIME *time = ASN1_TIME_new();
    ASN1_INTEGER *number = make_integer("07");
    unsigned char *der = NULL;

    if (!says.is_version_1)
        assert_int_equal(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
    assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(x509)), 1);
    set_time(time, says.this_update ? says.this_update : "20270115000000Z");
    assert_int_equal(X509_CRL_set1_lastUpdate(crl, time), 1);
    if (says.next_update == NULL || says.next_update[0] != '\0') {
        set_time(time, says.next_update ? says.next_update : "20270116000000Z");
        assert_int_equal(X509_CRL_set1_nextUpdate(crl, time), 1);
    }
    for (size_t i = 0; i < says.serial_count; i++)
        revoke(crl, says.serials[i], i + 1 == says.serial_count ? says.alter_entry : NULL);
    if (!says.is_version_1)
        assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0), 1);
    if (!says.without_key_id && !says.is_version_1)
        identify_key(crl, x509);
    if (says.alter != NULL)
        says.alter(crl);
    EVP_MD_CTX *context = signing(signer->key, signer->algorithm,
                                  says.digest ? says.digest : digest_of(signer->algorithm));
    assert_true(X509_CRL_sign_ctx(crl, context) > 0);
    int size = i2d_X509_CRL(crl, &der);
    assert_true(size > 0);
    assert_ok(bulla_buffer_append(&result, (struct bulla_bytes){ der, (size_t)size }, &err), &err);
    OPENSSL_free(der);
    EVP_MD_CTX_free(context);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(time);
    X509_free(x509);
    X509_CRL_free(crl);
    return result;
}

static inline struct bl_crl *
make_list(const struct party *issuer, const struct party *signer, struct listing says)
{
    struct bulla_error err = { 0 };
    struct bl_crl *crl = NULL;
    BL_AUTO(bulla_buffer) der = list_der(issuer, signer, says);

    assert_ok(bl_crl_parse(bulla_buffer_bytes(&der), &crl, &err), &err);
    return crl;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/crypto/certificate_fixture.h: an authority with one certificate below it. What it would
 * never issue is made from what it does: decoded by libcrypto, altered, and signed again with its
 * key.
 */
#ifndef TESTS_CRYPTO_CERTIFICATE_FIXTURE_H
#define TESTS_CRYPTO_CERTIFICATE_FIXTURE_H

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

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

static inline struct bl_certificate *
parse(const struct bulla_buffer *der)
{
    struct bulla_error err = { 0 };
    struct bl_certificate *certificate = NULL;

    assert_ok(bl_certificate_parse(bulla_buffer_bytes(der), &certificate, &err), &err);
    return certificate;
}

static const char *const usages[] = { SERVER_OID, "2.23.133.8.3", NULL };

static inline struct bl_certificate_request
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

static inline struct bl_certificate_request
root_request(const struct bl_key *subject)
{
    return (struct bl_certificate_request){ .common_name = "root",
                                            .subject = subject,
                                            .not_before_s = BEFORE_S - 1000,
                                            .not_after_s = AFTER_S + 1000,
                                            .is_authority = true,
                                            .is_self_signed = true };
}

static inline struct bl_certificate *
issue(struct bl_certificate_request request, const struct bl_certificate *issuer,
      const struct bl_key *key)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) der = { 0 };

    assert_ok(bl_certificate_issue(&request, issuer, key, &der, &err), &err);
    return parse(&der);
}

static inline struct house
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

static inline void
house_done(struct house *h)
{
    bl_key_free(h->root_key);
    bl_key_free(h->leaf_key);
    bl_certificate_free(h->root);
    bl_certificate_free(h->leaf);
}

static inline enum bulla_status
verify_at(const struct bl_certificate *leaf, const struct bl_certificate *anchor, int64_t now_s,
          struct bulla_error *err)
{
    return bl_chain_verify(&leaf, 1, anchor, now_s, NULL, err);
}

/* libcrypto's form of a key pair of P-256. */
static inline EVP_PKEY *
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
static inline struct bulla_buffer
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

static inline struct bl_certificate *
altered(const struct bl_certificate *certificate, alteration alter, const struct bl_key *signer)
{
    BL_AUTO(bulla_buffer) der = altered_der(certificate, alter, signer, EVP_sha256());
    return parse(&der);
}

static inline void
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

static inline void
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

static inline void
add_unknown_harmless(X509 *x509)
{
    add_unknown(x509, 0);
}

#endif

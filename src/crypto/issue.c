/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/issue.c: certificates of our own authorities, in the profile of RFC 5280 4.
 */
#include <limits.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "crypto/library.h"
#include "crypto/pkey.h"
#include "crypto/random.h"
#include "crypto/x509.h"
#include "crypto/x509_internal.h"

#define COMMON_NAME_SIZE_MAX 64          /* characters: ub-common-name (RFC 5280 A.1) */
#define DNS_NAME_SIZE_MAX 253            /* RFC 1035 */
#define SERIAL_SIZE 20                   /* bytes, the most that RFC 5280 4.1.2.2 permits */
#define DAY_S 86400                      /* seconds */
#define KEY_ID_SIZE 20                   /* bytes: RFC 7093 2, method 1 */
#define TIME_MAX_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z, no later date can be written */

static bool
is_dns_name(const char *name)
{
    size_t size = strlen(name);

    return size > 0 && size <= DNS_NAME_SIZE_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == size;
}

/* True if both are the same public key. */
static enum bulla_status
check_same_key(const struct bl_key *a, const struct bl_key *b, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) a_spki = { 0 };
    BL_AUTO(bulla_buffer) b_spki = { 0 };

    BL_TRY(bl_key_spki(a, &a_spki, err));
    BL_TRY(bl_key_spki(b, &b_spki, err));
    if (!bl_equal(bulla_buffer_bytes(&a_spki), bulla_buffer_bytes(&b_spki)))
        return bulla_fail(err, BULLA_E_ARGUMENT, "new certificate", "not the issuer's key", 0);
    return BULLA_OK;
}

/* What the issuer signs must verify later: a CA certificate, its own key, a path length left. */
static enum bulla_status
check_issuing(const struct bl_certificate_request *request, const struct bl_certificate *issuer,
              const struct bl_key *issuer_key, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) certified = NULL;

    if (!bl_key_has_private(issuer_key))
        return bulla_fail(err, BULLA_E_ARGUMENT, "new certificate", "the key cannot sign", 0);
    if (request->is_self_signed)
        return issuer != NULL ? bulla_fail(err, BULLA_E_ARGUMENT, "new certificate",
                                           "self-signed, but with an issuer", 0)
                              : check_same_key(request->subject, issuer_key, err);
    if (issuer == NULL || !issuer->is_authority ||
        (request->is_authority && issuer->limits_path && issuer->path_length == 0))
        return bulla_fail(err, BULLA_E_ARGUMENT, "new certificate", "the issuer may not issue it",
                          0);
    BL_TRY(bl_certificate_key(issuer, &certified, err));
    return check_same_key(certified, issuer_key, err);
}

static enum bulla_status
check_request(const struct bl_certificate_request *request, struct bulla_error *err)
{
    const char *name = request->common_name;

    if (name == NULL || name[0] == '\0' || strlen(name) > COMMON_NAME_SIZE_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "new certificate", "no or too long a name", 0);
    if (request->dns_name != NULL && !is_dns_name(request->dns_name))
        return bulla_fail(err, BULLA_E_ARGUMENT, "new certificate", "not a DNS name", 0);
    if (request->not_before_s < 0 || request->not_after_s > TIME_MAX_S ||
        request->not_before_s > request->not_after_s)
        return bulla_fail(err, BULLA_E_ARGUMENT, "new certificate", "dates out of order", 0);
    return BULLA_OK;
}

static bool
set_name(X509 *x509, const struct bl_certificate_request *request,
         const struct bl_certificate *issuer)
{
    X509_NAME *name = X509_NAME_new();
    const unsigned char *encoded = issuer != NULL ? issuer->subject.data : NULL;
    X509_NAME *issuer_name =
        issuer != NULL ? d2i_X509_NAME(NULL, &encoded, (long)issuer->subject.size) : NULL;
    bool done =
        name != NULL && (issuer == NULL || issuer_name != NULL) &&
        X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                   bl_library_unconst(request->common_name), -1, -1, 0) == 1 &&
        X509_set_subject_name(x509, name) == 1 &&
        X509_set_issuer_name(x509, issuer_name != NULL ? issuer_name : name) == 1;

    X509_NAME_free(issuer_name);
    X509_NAME_free(name);
    return done;
}

/* UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5). By arithmetic and text:
 * ASN1_TIME_set() would ask libc, which reads the time zone of the machine. NULL on failure. */
static ASN1_TIME *
time_from_seconds(int64_t seconds)
{
    struct tm date = { .tm_year = 70, .tm_mday = 1 };
    char text[24];

    if (seconds < 0 || seconds / DAY_S > INT_MAX ||
        OPENSSL_gmtime_adj(&date, (int)(seconds / DAY_S), (long)(seconds % DAY_S)) != 1)
        return NULL;
    int size = snprintf(text, sizeof text, "%04d%02d%02d%02d%02d%02dZ", date.tm_year + 1900,
                        date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec);
    ASN1_TIME *time = ASN1_TIME_new();
    if (time == NULL || size != 15 || ASN1_TIME_set_string_X509(time, text) != 1) {
        ASN1_TIME_free(time);
        return NULL;
    }
    return time;
}

static bool
set_validity(X509 *x509, const struct bl_certificate_request *request)
{
    ASN1_TIME *before = time_from_seconds(request->not_before_s);
    ASN1_TIME *after = time_from_seconds(request->not_after_s);
    bool done = before != NULL && after != NULL && X509_set1_notBefore(x509, before) == 1 &&
                X509_set1_notAfter(x509, after) == 1;

    ASN1_TIME_free(before);
    ASN1_TIME_free(after);
    return done;
}

/* Positive, never zero, unpredictable, of fixed length. */
static enum bulla_status
set_serial(X509 *x509, struct bulla_error *err)
{
    uint8_t serial[SERIAL_SIZE];

    BL_TRY(bl_random(serial, sizeof serial, err));
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    bool done = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL;
    BN_free(number);
    return done ? BULLA_OK : bl_library_failed(err, "new certificate", "cannot be made");
}

/* An identifier with this content, or by RFC 7093 2, method 1: the first 160 bits of SHA-256 over the
 * key's BIT STRING. */
static enum bulla_status
make_key_id(struct bulla_bytes stated, struct bulla_bytes key_bits, ASN1_OCTET_STRING **id_out,
            struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    uint8_t digest[BL_HASH_SIZE_MAX];

    BL_TRY(bl_hash_once(BL_SHA256, key_bits, digest, err));
    if (stated.size == 0)
        stated = (struct bulla_bytes){ digest, KEY_ID_SIZE };
    BL_TRY(bl_library(&library, err));
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    if (id == NULL || ASN1_OCTET_STRING_set(id, stated.data, (int)stated.size) != 1) {
        ASN1_OCTET_STRING_free(id);
        return bl_library_failed(err, "new certificate", "cannot be made");
    }
    *id_out = id;
    return BULLA_OK;
}

/* Content of the BIT STRING of a SubjectPublicKeyInfo that was read before. */
static struct bulla_bytes
key_bits_of(struct bulla_bytes spki)
{
    struct bl_reader r = bl_reader(spki, "public key");
    struct bl_reader inside = bl_der_enter(&r, BL_DER_SEQUENCE, "public key");

    (void)bl_der_skip(&inside);
    return bl_der_read_bits(&inside, spki.size);
}

/* The issuer's identifier as its own certificate states it, else as we would have made it. */
static enum bulla_status
add_key_ids(X509 *x509, const struct bl_certificate *issuer, struct bulla_error *err)
{
    const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(x509);
    const struct bulla_bytes key_bits = { ASN1_STRING_get0_data(bits),
                                          (size_t)ASN1_STRING_length(bits) };
    const struct bulla_bytes none = { NULL, 0 };
    ASN1_OCTET_STRING *own = NULL, *of_issuer = NULL;

    enum bulla_status status = make_key_id(none, key_bits, &own, err);
    if (status == BULLA_OK)
        status = issuer != NULL
                     ? make_key_id(issuer->key_id, key_bits_of(issuer->spki), &of_issuer, err)
                     : make_key_id(none, key_bits, &of_issuer, err);
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    if (status == BULLA_OK && authority != NULL) {
        authority->keyid = of_issuer;
        of_issuer = NULL;
    }
    if (status == BULLA_OK &&
        (authority == NULL || X509_add1_ext_i2d(x509, NID_subject_key_identifier, own, 0, 0) != 1 ||
         X509_add1_ext_i2d(x509, NID_authority_key_identifier, authority, 0, 0) != 1))
        status = bl_library_failed(err, "new certificate", "cannot be made");
    AUTHORITY_KEYID_free(authority);
    ASN1_OCTET_STRING_free(own);
    ASN1_OCTET_STRING_free(of_issuer);
    return status;
}

static bool
add_basic_constraints(X509 *x509, bool is_authority)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    bool done = constraints != NULL;

    if (done && is_authority) {
        constraints->ca = 0xff; /* TRUE in DER */
        constraints->pathlen = ASN1_INTEGER_new();
        done = constraints->pathlen != NULL && ASN1_INTEGER_set(constraints->pathlen, 0) == 1;
    }
    done = done && X509_add1_ext_i2d(x509, NID_basic_constraints, constraints, 1, 0) == 1;
    BASIC_CONSTRAINTS_free(constraints);
    return done;
}

/* Bits of KeyUsage, RFC 5280 4.2.1.3. */
enum usage_bit {
    USAGE_DIGITAL_SIGNATURE = 0,
    USAGE_KEY_ENCIPHERMENT = 2,
    USAGE_KEY_AGREEMENT = 4,
    USAGE_KEY_CERT_SIGN = 5,
    USAGE_CRL_SIGN = 6
};

static int
leaf_usage(enum bl_key_kind kind)
{
    switch (kind) {
    case BL_KEY_X25519:
        return USAGE_KEY_AGREEMENT;
    case BL_KEY_RSA: /* for us an endorsement key: it decrypts */
        return USAGE_KEY_ENCIPHERMENT;
    case BL_KEY_ED25519:
    case BL_KEY_P256:
    case BL_KEY_P384:
    case BL_KEY_NONE:
    default:
        return USAGE_DIGITAL_SIGNATURE;
    }
}

static bool
add_key_usage(X509 *x509, const struct bl_certificate_request *request)
{
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
    bool done = usage != NULL;

    if (done && request->is_authority)
        done = ASN1_BIT_STRING_set_bit(usage, USAGE_KEY_CERT_SIGN, 1) == 1 &&
               ASN1_BIT_STRING_set_bit(usage, USAGE_CRL_SIGN, 1) == 1;
    else if (done)
        done = ASN1_BIT_STRING_set_bit(usage, leaf_usage(bl_key_kind(request->subject)), 1) == 1;
    done = done && X509_add1_ext_i2d(x509, NID_key_usage, usage, 1, 0) == 1;
    ASN1_BIT_STRING_free(usage);
    return done;
}

static bool
add_usage_oids(X509 *x509, const char *const *oids)
{
    EXTENDED_KEY_USAGE *usages = EXTENDED_KEY_USAGE_new();
    bool done = usages != NULL;

    for (; done && *oids != NULL; oids++) {
        ASN1_OBJECT *oid = OBJ_txt2obj(*oids, /* dotted text only= */ 1);
        done = oid != NULL && sk_ASN1_OBJECT_push(usages, oid) > 0;
        if (!done)
            ASN1_OBJECT_free(oid);
    }
    done = done && X509_add1_ext_i2d(x509, NID_ext_key_usage, usages, 0, 0) == 1;
    EXTENDED_KEY_USAGE_free(usages);
    return done;
}

static bool
add_dns_name(X509 *x509, const char *text)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();
    bool done =
        names != NULL && name != NULL && value != NULL && ASN1_STRING_set(value, text, -1) == 1;

    if (done) {
        GENERAL_NAME_set0_value(name, GEN_DNS, value);
        value = NULL;
        done = sk_GENERAL_NAME_push(names, name) > 0;
        if (done)
            name = NULL;
    }
    done = done && X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0) == 1;
    ASN1_IA5STRING_free(value);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return done;
}

static bool
add_own(X509 *x509, const char *oid_text, struct bulla_bytes value)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(oid_text, /* dotted text only= */ 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;

    if (oid != NULL && octets != NULL && value.size <= BL_CERTIFICATE_SIZE_MAX &&
        ASN1_OCTET_STRING_set(octets, bl_library_data(value), (int)value.size) == 1)
        extension = X509_EXTENSION_create_by_OBJ(NULL, oid, /* critical= */ 0, octets);
    bool done = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(oid);
    return done;
}

static bool
add_extensions(X509 *x509, const struct bl_certificate_request *request)
{
    return add_basic_constraints(x509, request->is_authority) && add_key_usage(x509, request) &&
           (request->usage_oids == NULL || add_usage_oids(x509, request->usage_oids)) &&
           (request->dns_name == NULL || add_dns_name(x509, request->dns_name)) &&
           (request->extension_oid == NULL ||
            add_own(x509, request->extension_oid, request->extension_value));
}

static enum bulla_status
fill_and_sign(X509 *x509, const struct bl_certificate_request *request,
              const struct bl_certificate *issuer, const struct bl_key *issuer_key,
              struct bulla_error *err)
{
    const struct bl_library *library = NULL;

    BL_TRY(set_serial(x509, err));
    if (X509_set_version(x509, X509_VERSION_3) != 1 || !set_name(x509, request, issuer) ||
        !set_validity(x509, request) || X509_set_pubkey(x509, request->subject->pkey) != 1)
        return bl_library_failed(err, "new certificate", "cannot be made");
    BL_TRY(add_key_ids(x509, issuer, err));
    if (!add_extensions(x509, request))
        return bl_library_failed(err, "new certificate", "cannot be made");
    BL_TRY(bl_library(&library, err));
    /* No digest for Ed25519, which has its own. */
    const EVP_MD *digest = bl_library_digest(library, bl_key_traits(bl_key_kind(issuer_key))->hash);
    if (X509_sign(x509, issuer_key->pkey, digest) <= 0)
        return bl_library_failed(err, "new certificate", "cannot be signed");
    return BULLA_OK;
}

enum bulla_status
bl_certificate_issue(const struct bl_certificate_request *request,
                     const struct bl_certificate *issuer, const struct bl_key *issuer_key,
                     struct bulla_buffer *der_out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    const enum bl_key_kind kind = bl_key_kind(issuer_key);

    if (kind != BL_KEY_ED25519 && kind != BL_KEY_P256 && kind != BL_KEY_P384)
        return bulla_fail(err, BULLA_E_ARGUMENT, "new certificate", "the key cannot sign",
                          (size_t)kind);
    BL_TRY(check_request(request, err));
    BL_TRY(check_issuing(request, issuer, issuer_key, err));
    BL_TRY(bl_library(&library, err));
    X509 *x509 = X509_new_ex(library->context, NULL);
    if (x509 == NULL)
        return bl_library_failed(err, "new certificate", "cannot be made");
    unsigned char *der = NULL;
    enum bulla_status status = fill_and_sign(x509, request, issuer, issuer_key, err);
    int size = status == BULLA_OK ? i2d_X509(x509, &der) : 0;
    if (status == BULLA_OK)
        status = size > 0
                     ? bulla_buffer_append(der_out, (struct bulla_bytes){ der, (size_t)size }, err)
                     : bl_library_failed(err, "new certificate", "cannot be written");
    OPENSSL_free(der);
    X509_free(x509);
    return status;
}

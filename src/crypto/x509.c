/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/x509.c: one certificate: parsed whole, held to the profile, asked about.
 *
 * Guarantees of a parsed certificate: version 3, its own DER, dates in the two forms of RFC 5280
 * 4.1.2.5, no extension twice (4.2), extensions that libcrypto knows are well formed.
 */
#include "crypto/x509.h"

#include <openssl/x509v3.h>

#include "base/memory.h"
#include "codec/der.h"
#include "crypto/library.h"
#include "crypto/x509_internal.h"

#define EXTENSION_COUNT_MAX 32 /* Intel's PCK certificates have 7; comparing pairs stays cheap */
#define DAY_S 86400            /* seconds */

void
bl_certificate_free(struct bl_certificate *certificate)
{
    if (certificate != NULL) {
        X509_free(certificate->x509);
        bulla_buffer_done(&certificate->der);
    }
    bl_free(certificate);
}

/* RFC 5280 4.1.2.5: YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ, nothing else that ASN.1 would allow. */
static bool
read_time(const ASN1_TIME *time, const ASN1_TIME *epoch, int64_t *out)
{
    int days = 0, seconds = 0;
    const int type = ASN1_STRING_type(time);
    const int size = ASN1_STRING_length(time);

    if (!(type == V_ASN1_UTCTIME && size == 13) && !(type == V_ASN1_GENERALIZEDTIME && size == 15))
        return false;
    if (ASN1_STRING_get0_data(time)[size - 1] != 'Z' ||
        ASN1_TIME_diff(&days, &seconds, epoch, time) != 1)
        return false;
    *out = (int64_t)days * DAY_S + seconds;
    return true;
}

static enum bulla_status
read_validity(struct bl_certificate *certificate, struct bulla_error *err)
{
    /* From text: ASN1_TIME_set() would ask libc, which reads the time zone of the machine. */
    ASN1_TIME *epoch = ASN1_TIME_new();

    if (epoch == NULL || ASN1_TIME_set_string(epoch, "19700101000000Z") != 1) {
        ASN1_TIME_free(epoch);
        return bl_library_failed(err, "certificate", "cannot be read");
    }
    bool read =
        read_time(X509_get0_notBefore(certificate->x509), epoch, &certificate->not_before_s) &&
        read_time(X509_get0_notAfter(certificate->x509), epoch, &certificate->not_after_s);
    ASN1_TIME_free(epoch);
    if (!read)
        return bulla_fail(err, BULLA_E_MALFORMED, "certificate", "dates of another form", 0);
    return BULLA_OK;
}

static enum bulla_status
check_extensions(X509 *x509, struct bulla_error *err)
{
    const int count = X509_get_ext_count(x509);

    if (count > EXTENSION_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "certificate", "too many extensions", (size_t)count);
    for (int i = 0; i < count; i++) {
        const ASN1_OBJECT *oid = X509_EXTENSION_get_object(X509_get_ext(x509, i));
        if (X509_get_ext_by_OBJ(x509, oid, i) >= 0)
            return bulla_fail(err, BULLA_E_MALFORMED, "certificate", "an extension occurs twice",
                              (size_t)i);
    }
    /* Makes libcrypto parse those that it knows, once: the accessors below rely on it. */
    if (X509_check_purpose(x509, -1, 0) != 1)
        return bl_library_refused(err, BULLA_CAUSE_MALFORMED, "certificate",
                                  "an extension is malformed");
    return BULLA_OK;
}

/* d2i takes what follows the certificate, and some encodings that are not DER, for granted. */
static enum bulla_status
decode(struct bl_certificate *certificate, struct bulla_bytes der, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    const unsigned char *end = der.data;

    BL_TRY(bl_library(&library, err));
    certificate->x509 = X509_new_ex(library->context, NULL);
    if (certificate->x509 == NULL)
        return bl_library_failed(err, "certificate", "cannot be read");
    X509 *parsed = certificate->x509;
    if (d2i_X509(&parsed, &end, (long)der.size) == NULL) {
        certificate->x509 = NULL; /* d2i released it */
        return bl_library_refused(err, BULLA_CAUSE_MALFORMED, "certificate",
                                  "not an X.509 certificate");
    }
    if (end != der.data + der.size)
        return bulla_fail(err, BULLA_E_MALFORMED, "certificate", "bytes left over", der.size);
    unsigned char *again = NULL;
    int size = i2d_X509(certificate->x509, &again);
    bool same = size > 0 && bl_equal(der, (struct bulla_bytes){ again, (size_t)size });
    OPENSSL_free(again);
    if (!same)
        return bulla_fail(err, BULLA_E_MALFORMED, "certificate", "not its canonical DER", 0);
    if (X509_get_version(certificate->x509) != X509_VERSION_3)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "certificate", "not version 3", 0);
    return BULLA_OK;
}

/* RFC 5280 4.1: Certificate { TBSCertificate { [0] version, serialNumber, ... */
static enum bulla_status
find_serial(struct bl_certificate *certificate, struct bulla_error *err)
{
    struct bl_reader whole = bl_reader(bulla_buffer_bytes(&certificate->der), "certificate");
    struct bl_reader outer = bl_der_enter(&whole, BL_DER_SEQUENCE, "certificate");
    struct bl_reader inner = bl_der_enter(&outer, BL_DER_SEQUENCE, "certificate");

    (void)bl_der_read(&inner, BL_DER_CONTEXT(0));
    certificate->serial = bl_der_read(&inner, BL_DER_INTEGER);
    return bl_reader_ok(&inner, err);
}

enum bulla_status
bl_certificate_parse(struct bulla_bytes der, struct bl_certificate **out, struct bulla_error *err)
{
    if (der.size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "certificate", "empty", 0);
    if (der.size > BL_CERTIFICATE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "certificate", "too large", der.size);
    BL_AUTO_FREE(bl_certificate) certificate = bl_alloc(1, sizeof *certificate);
    if (certificate == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "certificate", "out of memory", 0);
    BL_TRY(decode(certificate, der, err));
    BL_TRY(read_validity(certificate, err));
    BL_TRY(check_extensions(certificate->x509, err));
    BL_TRY(bulla_buffer_append(&certificate->der, der, err));
    BL_TRY(find_serial(certificate, err));
    *out = certificate;
    certificate = NULL;
    return BULLA_OK;
}

struct bulla_bytes
bl_certificate_der(const struct bl_certificate *certificate)
{
    return bulla_buffer_bytes(&certificate->der);
}

enum bulla_status
bl_certificate_key(const struct bl_certificate *certificate, struct bl_key **key_out,
                   struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    unsigned char *der = NULL;

    BL_TRY(bl_library(&library, err));
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate->x509), &der);
    if (size <= 0)
        return bl_library_failed(err, "certificate", "cannot be read");
    enum bulla_status status =
        bl_key_from_spki((struct bulla_bytes){ der, (size_t)size }, key_out, err);
    OPENSSL_free(der);
    return status;
}

struct bulla_bytes
bl_certificate_serial(const struct bl_certificate *certificate)
{
    return certificate->serial;
}

enum bulla_status
bl_certificate_spki_digest(const struct bl_certificate *certificate, uint8_t digest_out[32],
                           struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    unsigned char *der = NULL;

    BL_TRY(bl_library(&library, err));
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate->x509), &der);
    if (size <= 0)
        return bl_library_failed(err, "certificate", "cannot be read");
    enum bulla_status status =
        bl_hash_once(BL_SHA256, (struct bulla_bytes){ der, (size_t)size }, digest_out, err);
    OPENSSL_free(der);
    return status;
}

void
bl_certificate_validity(const struct bl_certificate *certificate, int64_t *not_before_s_out,
                        int64_t *not_after_s_out)
{
    *not_before_s_out = certificate->not_before_s;
    *not_after_s_out = certificate->not_after_s;
}

bool
bl_certificate_has_usage(const struct bl_certificate *certificate, const char *oid)
{
    ASN1_OBJECT *wanted = OBJ_txt2obj(oid, /* dotted text only= */ 1);
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate->x509, NID_ext_key_usage, NULL, NULL);
    bool found = false;

    for (int i = 0; wanted != NULL && i < sk_ASN1_OBJECT_num(usages) && !found; i++)
        found = OBJ_cmp(sk_ASN1_OBJECT_value(usages, i), wanted) == 0;
    EXTENDED_KEY_USAGE_free(usages);
    ASN1_OBJECT_free(wanted);
    return found;
}

bool
bl_certificate_may_sign_data(const struct bl_certificate *certificate)
{
    return (X509_get_extension_flags(certificate->x509) & EXFLAG_KUSAGE) != 0 &&
           (X509_get_key_usage(certificate->x509) & KU_DIGITAL_SIGNATURE) != 0;
}

enum bulla_status
bl_certificate_extension(const struct bl_certificate *certificate, const char *oid,
                         struct bulla_buffer *value_out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;

    BL_TRY(bl_library(&library, err));
    ASN1_OBJECT *wanted = OBJ_txt2obj(oid, /* dotted text only= */ 1);
    if (wanted == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "certificate", "not an object identifier", 0);
    int place = X509_get_ext_by_OBJ(certificate->x509, wanted, -1);
    ASN1_OBJECT_free(wanted);
    if (place < 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "certificate", "no such extension", 0);
    const ASN1_OCTET_STRING *value =
        X509_EXTENSION_get_data(X509_get_ext(certificate->x509, place));
    return bulla_buffer_append(
        value_out,
        (struct bulla_bytes){ ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value) },
        err);
}

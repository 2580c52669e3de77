/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/issuer_url.c: where a certificate says that its issuer's can be had, and its issuer's list.
 *
 * Authority Information Access, RFC 5280 4.2.2.1; CRL distribution points, 4.2.1.13. What is fetched from there is believed only once
 * it was verified against an anchor.
 */
#include "base/memory.h"
#include "codec/der.h"
#include "crypto/x509.h"

#define AUTHORITY_INFORMATION_ACCESS "1.3.6.1.5.5.7.1.1"
#define ACCESS_DESCRIPTIONS_MAX 8

/* id-ad-caIssuers, 1.3.6.1.5.5.7.48.2, encoded */
static const uint8_t ca_issuers[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02 };

enum bulla_status
bl_certificate_issuer_url(const struct bl_certificate *certificate, struct bulla_buffer *url_out,
                          struct bulla_error *err)
{
    struct bulla_bytes value, url = { NULL, 0 };

    if (!bl_certificate_extension(certificate, AUTHORITY_INFORMATION_ACCESS, &value))
        return bulla_fail(err, BULLA_E_NOT_FOUND, "certificate", "it names no place", 0);
    struct bl_reader r = bl_reader(value, "authority information access");
    struct bl_reader list = bl_der_enter(&r, BL_DER_SEQUENCE, r.where);
    BL_TRY(bl_reader_finish(&r, err));
    for (size_t i = 0; i < ACCESS_DESCRIPTIONS_MAX && bl_reader_left(&list) > 0; i++) {
        struct bl_reader description = bl_der_enter(&list, BL_DER_SEQUENCE, r.where);
        struct bulla_bytes method = bl_der_read_oid(&description);
        bool wanted = bl_equal(method, BL_BYTES_OF(ca_issuers)) && url.size == 0 &&
                      bl_der_next_is(&description, BL_DER_CONTEXT_PRIMITIVE(6));
        struct bulla_bytes name = wanted ? bl_der_read(&description, BL_DER_CONTEXT_PRIMITIVE(6))
                                         : bl_der_skip(&description);
        BL_TRY(bl_reader_finish(&description, err));
        if (wanted)
            url = name;
    }
    BL_TRY(bl_reader_finish(&list, err));
    if (url.size == 0 || url.size > BL_ISSUER_URL_SIZE_MAX)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "certificate", "it names no place", 0);
    return bulla_buffer_append(url_out, url, err);
}

/* -- the list ------------------------------------------------------------------------------------ */

#define CRL_DISTRIBUTION_POINTS "2.5.29.31"
#define DISTRIBUTION_POINTS_MAX 8

/* The first URI of a fullName; names of other forms and points without a name are passed over. */
static struct bulla_bytes
read_point(struct bl_reader *points, const char *where)
{
    struct bl_reader point = bl_der_enter(points, BL_DER_SEQUENCE, where);
    struct bulla_bytes url = { NULL, 0 };

    if (!bl_der_next_is(&point, BL_DER_CONTEXT(0)))
        return url;
    struct bl_reader name = bl_der_enter(&point, BL_DER_CONTEXT(0), where);
    if (!bl_der_next_is(&name, BL_DER_CONTEXT(0)))
        return url;
    struct bl_reader names = bl_der_enter(&name, BL_DER_CONTEXT(0), where);
    while (names.failed == NULL && bl_reader_left(&names) > 0 && url.size == 0) {
        if (bl_der_next_is(&names, BL_DER_CONTEXT_PRIMITIVE(6)))
            url = bl_der_read(&names, BL_DER_CONTEXT_PRIMITIVE(6));
        else
            (void)bl_der_skip(&names);
    }
    if (names.failed != NULL)
        bl_reader_fail(points, names.failed);
    return url;
}

enum bulla_status
bl_certificate_crl_url(const struct bl_certificate *certificate, struct bulla_buffer *url_out,
                       struct bulla_error *err)
{
    struct bulla_bytes value, url = { NULL, 0 };

    if (!bl_certificate_extension(certificate, CRL_DISTRIBUTION_POINTS, &value))
        return bulla_fail(err, BULLA_E_NOT_FOUND, "certificate", "it names no place", 0);
    struct bl_reader r = bl_reader(value, "CRL distribution points");
    struct bl_reader points = bl_der_enter(&r, BL_DER_SEQUENCE, r.where);
    BL_TRY(bl_reader_finish(&r, err));
    for (size_t i = 0; i < DISTRIBUTION_POINTS_MAX && bl_reader_left(&points) > 0; i++) {
        struct bulla_bytes found = read_point(&points, r.where);
        if (url.size == 0)
            url = found;
    }
    BL_TRY(bl_reader_finish(&points, err));
    if (url.size == 0 || url.size > BL_ISSUER_URL_SIZE_MAX)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "certificate", "it names no place", 0);
    return bulla_buffer_append(url_out, url, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/certificate_extension.c: what the extensions of a certificate say (RFC 5280 4.2).
 *
 * One that is known is read when the certificate is, so that nobody meets a malformed one later.
 */
#include "base/memory.h"
#include "codec/oid.h"
#include "crypto/x509_internal.h"

static const char where[] = "extension of a certificate";

struct bl_extension
bl_extension_read(struct bl_reader *r, const char *of)
{
    struct bl_extension extension = { 0 };
    struct bl_reader part = bl_der_enter(r, BL_DER_SEQUENCE, of);

    extension.oid = bl_der_read_oid(&part);
    if (bl_der_next_is(&part, BL_DER_BOOLEAN))
        extension.is_critical = bl_der_read_bool(&part);
    extension.value = bl_der_read(&part, BL_DER_OCTET_STRING);
    if (r->failed == NULL && bl_reader_finish(&part, NULL) != BULLA_OK)
        bl_reader_fail(r, "not an extension");
    return extension;
}

const struct bl_extension *
bl_certificate_find_extension(const struct bl_certificate *certificate, struct bulla_bytes oid)
{
    for (size_t i = 0; i < certificate->extension_count; i++)
        if (bl_equal(certificate->extensions[i].oid, oid))
            return &certificate->extensions[i];
    return NULL;
}

/* -- the known ones ------------------------------------------------------------------------------ */

/* BasicConstraints, 4.2.1.9. A path length is for authorities. */
static void
read_constraints(struct bl_certificate *certificate, struct bl_reader *r)
{
    struct bl_reader part = bl_der_enter(r, BL_DER_SEQUENCE, where);

    if (bl_der_next_is(&part, BL_DER_BOOLEAN))
        certificate->is_authority = bl_der_read_bool(&part);
    if (bl_der_next_is(&part, BL_DER_INTEGER)) {
        certificate->limits_path = true;
        certificate->path_length = bl_der_read_u64(&part);
    }
    if (r->failed == NULL && (bl_reader_finish(&part, NULL) != BULLA_OK ||
                              (certificate->limits_path && !certificate->is_authority)))
        bl_reader_fail(r, "basic constraints that say nothing");
}

/* KeyUsage, 4.2.1.3: at least one bit. AMD and makers of TPMs write zero bits behind the last one,
 * which X.690 11.2.2 forbids and which change nothing. */
static void
read_key_usage(struct bl_certificate *certificate, struct bl_reader *r)
{
    const struct bulla_bytes content = bl_der_read(r, BL_DER_BIT_STRING);
    const unsigned unused = content.size > 0 ? content.data[0] : 0;
    uint32_t bits = 0;

    for (size_t i = 1; i < content.size && i <= 4; i++)
        bits |= (uint32_t)content.data[i] << (32 - 8 * i);
    if (r->failed == NULL && (content.size > 1 + 4 || unused > 7 || bits == 0 ||
                              (content.data[content.size - 1] & ((1u << unused) - 1)) != 0))
        bl_reader_fail(r, "not a key usage");
    certificate->has_key_usage = true;
    certificate->key_usage = bits;
}

static void
read_key_id(struct bl_certificate *certificate, struct bl_reader *r)
{
    certificate->key_id = bl_der_read(r, BL_DER_OCTET_STRING);
}

/* ExtKeyUsageSyntax, 4.2.1.12. */
static void
read_usages(struct bl_certificate *certificate, struct bl_reader *r)
{
    struct bl_reader list = bl_der_enter(r, BL_DER_SEQUENCE, where);

    (void)certificate;
    do
        (void)bl_der_read_oid(&list);
    while (list.failed == NULL && bl_reader_left(&list) > 0);
    if (r->failed == NULL && list.failed != NULL)
        bl_reader_fail(r, list.failed);
}

/* Of the others the shape: a SEQUENCE. */
static void
read_shape(struct bl_certificate *certificate, struct bl_reader *r)
{
    (void)certificate;
    if (!bl_der_next_is(r, BL_DER_SEQUENCE))
        bl_reader_fail(r, "a SEQUENCE is missing");
    (void)bl_der_skip(r);
}

/* Those whose meaning is dealt with by crypto/chain.c or the accessors, or that bind nobody when no
 * policy is asked for, are processed: critical ones may be there. */
static const struct known {
    uint8_t oid[3]; /* 2.5.29.n, encoded */
    bool is_processed;
    void (*read)(struct bl_certificate *certificate, struct bl_reader *r);
} known[] = {
    { { 0x55, 0x1d, 14 }, false, read_key_id }, { { 0x55, 0x1d, 15 }, true, read_key_usage },
    { { 0x55, 0x1d, 17 }, true, read_shape },   { { 0x55, 0x1d, 19 }, true, read_constraints },
    { { 0x55, 0x1d, 30 }, false, read_shape },  { { 0x55, 0x1d, 31 }, true, read_shape },
    { { 0x55, 0x1d, 32 }, true, read_shape },   { { 0x55, 0x1d, 35 }, false, read_shape },
    { { 0x55, 0x1d, 37 }, true, read_usages },
};

static const struct known *
find_known(struct bulla_bytes oid)
{
    for (size_t i = 0; i < BL_COUNT_OF(known); i++)
        if (bl_equal(oid, BL_BYTES_OF(known[i].oid)))
            return &known[i];
    return NULL;
}

enum bulla_status
bl_certificate_read_extensions(struct bl_certificate *certificate, struct bulla_error *err)
{
    for (size_t i = 0; i < certificate->extension_count; i++) {
        const struct known *of = find_known(certificate->extensions[i].oid);
        struct bl_reader r = bl_reader(certificate->extensions[i].value, where);
        if (of == NULL)
            continue;
        of->read(certificate, &r);
        BL_TRY(bl_reader_finish(&r, err));
    }
    return BULLA_OK;
}

bool
bl_extension_is_processed(const struct bl_extension *extension)
{
    const struct known *of = find_known(extension->oid);

    return of != NULL && of->is_processed;
}

/* -- questions ----------------------------------------------------------------------------------- */

bool
bl_certificate_has_usage(const struct bl_certificate *certificate, const char *oid)
{
    static const uint8_t usages[] = { 0x55, 0x1d, 37 };
    const struct bl_extension *extension =
        bl_certificate_find_extension(certificate, BL_BYTES_OF(usages));

    if (extension == NULL)
        return false;
    struct bl_reader r = bl_reader(extension->value, where);
    struct bl_reader list = bl_der_enter(&r, BL_DER_SEQUENCE, where);
    while (list.failed == NULL && bl_reader_left(&list) > 0)
        if (bl_oid_is(bl_der_read_oid(&list), oid))
            return true;
    return false;
}

bool
bl_certificate_may_sign_data(const struct bl_certificate *certificate)
{
    return certificate->has_key_usage && (certificate->key_usage & BL_KEY_USAGE_SIGN_DATA) != 0;
}

bool
bl_certificate_extension(const struct bl_certificate *certificate, const char *oid,
                         struct bulla_bytes *value_out)
{
    uint8_t wanted[BL_OID_SIZE_MAX];
    const size_t size = bl_oid_from_text(oid, wanted);
    const struct bl_extension *extension =
        bl_certificate_find_extension(certificate, (struct bulla_bytes){ wanted, size });

    if (extension == NULL)
        return false;
    *value_out = extension->value;
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/crl.c: revocation lists: parsed whole, held to the profile, asked about.
 *
 * What the parts of a list mean is judged after its signature only: until then its extensions are
 * looked at for their shape.
 */
#include "crypto/crl.h"

#include "base/memory.h"
#include "codec/pem.h"
#include "crypto/x509_internal.h"

static const char where[] = "revocation list";

#define VERSION_2 1

static const uint8_t oid_number[] = { 0x55, 0x1d, 20 };          /* cRLNumber */
static const uint8_t oid_authority_key[] = { 0x55, 0x1d, 35 };   /* 2.5.29.35 */
static const uint8_t oid_distribution[] = { 0x55, 0x1d, 28 };    /* issuingDP */
static const uint8_t oid_delta[] = { 0x55, 0x1d, 27 };           /* base number */
static const uint8_t oid_reason[] = { 0x55, 0x1d, 21 };          /* of an entry */
static const uint8_t oid_invalidity_date[] = { 0x55, 0x1d, 24 }; /* of an entry */
static const uint8_t oid_entry_issuer[] = { 0x55, 0x1d, 29 };    /* of an entry */

struct bl_crl {
    struct bulla_buffer der; /* owns what the rest borrows */
    struct bulla_bytes signed_part;
    struct bulla_bytes issuer;  /* Name, encoded */
    struct bulla_bytes entries; /* content of revokedCertificates */
    struct bulla_bytes key_id;  /* of the authority's key; empty if absent */
    struct bulla_bytes signature;
    struct bl_der_algorithm algorithm;
    int64_t this_update_s, next_update_s;
    const char *unusable; /* why nobody may go by it, or NULL */
};

void
bl_crl_free(struct bl_crl *crl)
{
    if (crl != NULL)
        bulla_buffer_done(&crl->der);
    bl_free(crl);
}

/* Section 5.3: an entry that is about somebody else's certificate, or that says what we do not know,
 * makes the whole list unusable. */
static void
read_entry(struct bl_reader *r, struct bulla_bytes *serial_out, const char **unusable)
{
    struct bl_reader entry = bl_der_enter(r, BL_DER_SEQUENCE, where);

    *serial_out = bl_serial_read(&entry);
    (void)bl_der_read_time_s(&entry);
    if (entry.failed == NULL && bl_reader_left(&entry) > 0) {
        struct bl_reader extensions = bl_der_enter(&entry, BL_DER_SEQUENCE, where);
        while (extensions.failed == NULL && bl_reader_left(&extensions) > 0) {
            struct bl_extension extension = bl_extension_read(&extensions, where);
            if (bl_equal(extension.oid, BL_BYTES_OF(oid_entry_issuer)))
                *unusable = "an entry is about another issuer's certificate";
            else if (extension.is_critical && !bl_equal(extension.oid, BL_BYTES_OF(oid_reason)) &&
                     !bl_equal(extension.oid, BL_BYTES_OF(oid_invalidity_date)))
                *unusable = "a critical extension of an entry is not known";
        }
        if (extensions.failed != NULL)
            bl_reader_fail(&entry, extensions.failed);
    }
    if (r->failed == NULL && bl_reader_finish(&entry, NULL) != BULLA_OK)
        bl_reader_fail(r, "not an entry of a revocation list");
}

static void
read_entries(struct bl_crl *crl, struct bl_reader *r)
{
    struct bulla_bytes serial = { NULL, 0 };

    crl->entries = bl_der_read(r, BL_DER_SEQUENCE);
    struct bl_reader entries = bl_reader(crl->entries, where);
    while (r->failed == NULL && bl_reader_left(&entries) > 0) {
        read_entry(&entries, &serial, &crl->unusable);
        if (entries.failed != NULL)
            bl_reader_fail(r, entries.failed);
    }
}

/* AuthorityKeyIdentifier, section 4.2.1.1: of it the key identifier; issuer and serial may follow. */
static void
read_key_id(struct bl_crl *crl, struct bl_reader *r, struct bulla_bytes value)
{
    struct bl_reader whole = bl_reader(value, where);
    struct bl_reader part = bl_der_enter(&whole, BL_DER_SEQUENCE, where);

    if (bl_der_next_is(&part, BL_DER_CONTEXT_PRIMITIVE(0)))
        crl->key_id = bl_der_read(&part, BL_DER_CONTEXT_PRIMITIVE(0));
    while (part.failed == NULL && bl_reader_left(&part) > 0)
        (void)bl_der_skip(&part);
    if (part.failed != NULL || bl_reader_finish(&whole, NULL) != BULLA_OK)
        bl_reader_fail(r, "not an authority key identifier");
}

static void
read_extensions(struct bl_crl *crl, struct bl_reader *r)
{
    struct bl_reader explicit = bl_der_enter(r, BL_DER_CONTEXT(0), where);
    struct bl_reader list = bl_der_enter(&explicit, BL_DER_SEQUENCE, where);
    bool has_key_id = false;

    while (list.failed == NULL && bl_reader_left(&list) > 0) {
        struct bl_extension extension = bl_extension_read(&list, where);
        if (list.failed != NULL)
            break;
        if (bl_equal(extension.oid, BL_BYTES_OF(oid_authority_key))) {
            if (has_key_id)
                bl_reader_fail(&list, "an extension occurs twice");
            has_key_id = true;
            read_key_id(crl, &list, extension.value);
        } else if (bl_equal(extension.oid, BL_BYTES_OF(oid_delta))) {
            crl->unusable = "it lists changes only";
        } else if (bl_equal(extension.oid, BL_BYTES_OF(oid_distribution))) {
            crl->unusable = "it is about some of the certificates only, or about others' too";
        } else if (extension.is_critical && !bl_equal(extension.oid, BL_BYTES_OF(oid_number))) {
            crl->unusable = "a critical extension is not known";
        }
    }
    if (list.failed != NULL)
        bl_reader_fail(r, list.failed);
    else if (bl_reader_finish(&explicit, NULL) != BULLA_OK)
        bl_reader_fail(r, "bytes behind the extensions");
}

static bool
next_is_time(const struct bl_reader *r)
{
    return bl_der_next_is(r, BL_DER_UTC_TIME) || bl_der_next_is(r, BL_DER_GENERALIZED_TIME);
}

/* TBSCertList, section 5.1.2. */
static enum bulla_status
decode_signed_part(struct bl_crl *crl, struct bulla_bytes outer_algorithm, struct bulla_error *err)
{
    struct bl_reader whole = bl_reader(crl->signed_part, where);
    struct bl_reader r = bl_der_enter(&whole, BL_DER_SEQUENCE, where);
    struct bl_der_algorithm ignored;

    if (!bl_der_next_is(&r, BL_DER_INTEGER))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "not version 2", 0);
    const uint64_t version = bl_der_read_u64(&r);
    const struct bulla_bytes algorithm = bl_der_read_algorithm(&r, &ignored);
    if (!bl_der_next_is(&r, BL_DER_SEQUENCE))
        bl_reader_fail(&r, "no issuer's name");
    crl->issuer = bl_der_skip(&r);
    crl->this_update_s = bl_der_read_time_s(&r);
    BL_TRY(bl_reader_ok(&r, err));
    if (version != VERSION_2)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "not version 2", (size_t)version);
    if (!bl_equal(algorithm, outer_algorithm))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "two different signature algorithms", 0);
    if (!next_is_time(&r))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "does not say until when it holds", 0);
    crl->next_update_s = bl_der_read_time_s(&r);
    if (bl_der_next_is(&r, BL_DER_SEQUENCE))
        read_entries(crl, &r);
    if (bl_der_next_is(&r, BL_DER_CONTEXT(0)))
        read_extensions(crl, &r);
    return bl_reader_finish(&r, err);
}

/* CertificateList, section 5.1.1. */
static enum bulla_status
decode(struct bl_crl *crl, struct bulla_error *err)
{
    struct bl_reader whole = bl_reader(bulla_buffer_bytes(&crl->der), where);
    struct bl_reader r = bl_der_enter(&whole, BL_DER_SEQUENCE, where);

    crl->signed_part = bl_der_skip(&r);
    const struct bulla_bytes algorithm = bl_der_read_algorithm(&r, &crl->algorithm);
    crl->signature = bl_der_read_bits(&r, BL_SIGNATURE_RAW_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(bl_reader_finish(&whole, err));
    return decode_signed_part(crl, algorithm, err);
}

enum bulla_status
bl_crl_parse(struct bulla_bytes der_or_pem, struct bl_crl **out, struct bulla_error *err)
{
    const bool is_der = der_or_pem.size > 0 && der_or_pem.data[0] == BL_DER_SEQUENCE;

    if (der_or_pem.size > 2 * BL_CRL_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too large", der_or_pem.size);
    BL_AUTO_FREE(bl_crl) crl = bl_alloc(1, sizeof *crl);
    if (crl == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    BL_TRY(is_der ? bulla_buffer_append(&crl->der, der_or_pem, err)
                  : bl_pem_decode(der_or_pem, "X509 CRL", &crl->der, err));
    if (crl->der.size > BL_CRL_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too large", crl->der.size);
    BL_TRY(decode(crl, err));
    *out = crl;
    crl = NULL;
    return BULLA_OK;
}

bool
bl_crl_is_of(const struct bl_crl *crl, const struct bl_certificate *issuer)
{
    return bl_equal(issuer->subject, crl->issuer) && !bl_name_is_empty(crl->issuer);
}

static enum bulla_status
check_issuer(const struct bl_crl *crl, const struct bl_certificate *issuer, struct bulla_error *err)
{
    if (!bl_crl_is_of(crl, issuer))
        return bulla_fail_cause(err, BULLA_CAUSE_CRL_ISSUER_MISMATCH, where,
                                "another authority's by its name");
    if (issuer->key_id.size > 0 && crl->key_id.size > 0 && !bl_equal(crl->key_id, issuer->key_id))
        return bulla_fail_cause(err, BULLA_CAUSE_CRL_ISSUER_MISMATCH, where,
                                "of another key than the authority's");
    if (issuer->has_key_usage && (issuer->key_usage & BL_KEY_USAGE_SIGN_LISTS) == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_UNTRUSTED, where,
                                "the authority's key may not sign it");
    return BULLA_OK;
}

static enum bulla_status
check_dates(const struct bl_crl *crl, int64_t now_s, int64_t grace_s, struct bulla_error *err)
{
    if (now_s >= crl->this_update_s && now_s - grace_s < crl->next_update_s)
        return BULLA_OK;
    const bool early = now_s < crl->this_update_s;
    enum bulla_status status =
        bulla_fail_cause(err, early ? BULLA_CAUSE_NOT_YET_VALID : BULLA_CAUSE_COLLATERAL_EXPIRED,
                         where, early ? "not valid yet" : "not valid any more");
    bulla_error_values(
        err, bulla_value_number((uint64_t)now_s),
        bulla_value_number((uint64_t)(early ? crl->this_update_s : crl->next_update_s)));
    return status;
}

enum bulla_status
bl_crl_verify_late(const struct bl_crl *crl, const struct bl_certificate *issuer, int64_t now_s,
                   int64_t grace_s, struct bl_memo *memo, struct bulla_error *err)
{
    BL_TRY(check_issuer(crl, issuer, err));
    BL_TRY(bl_certificate_verify(issuer, &crl->algorithm, crl->signed_part, crl->signature,
                                 BULLA_CAUSE_COLLATERAL_SIGNATURE, memo, err));
    if (crl->unusable != NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_UNTRUSTED, where, crl->unusable);
    return check_dates(crl, now_s, grace_s, err);
}

enum bulla_status
bl_crl_verify(const struct bl_crl *crl, const struct bl_certificate *issuer, int64_t now_s,
              struct bulla_error *err)
{
    return bl_crl_verify_late(crl, issuer, now_s, /* grace_s= */ 0, NULL, err);
}

void
bl_crl_window(const struct bl_crl *crl, int64_t *this_update_s_out, int64_t *next_update_s_out)
{
    *this_update_s_out = crl->this_update_s;
    *next_update_s_out = crl->next_update_s;
}

int64_t
bl_crl_late_s(const struct bl_crl *crl, int64_t now_s)
{
    return now_s - crl->next_update_s;
}

bool
bl_crl_lists(const struct bl_crl *crl, const struct bl_certificate *certificate)
{
    struct bl_reader entries = bl_reader(crl->entries, where);
    const struct bulla_bytes serial = bl_certificate_serial(certificate);

    while (bl_reader_left(&entries) > 0) {
        struct bulla_bytes listed = { NULL, 0 };
        const char *ignored = NULL;
        read_entry(&entries, &listed, &ignored);
        if (entries.failed != NULL || bl_equal(listed, serial))
            return true; /* what cannot be read again says nothing good */
    }
    return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/x509.c: one certificate: read whole, held to the profile, asked about.
 *
 * Read by our own strict reader: decoding by libcrypto costs more than a signature. That one is the
 * oracle of tests/crypto/test_x509_oracle.c: what is accepted here it accepts too, and says the same.
 * Guarantees of a parsed certificate: version 3, DER throughout, names and dates of the forms of
 * RFC 5280 4.1.2.4 and 4.1.2.5, one signature algorithm inside and outside, no extension twice (4.2),
 * extensions that are known are well formed.
 */
#include "crypto/x509.h"

#include "base/memory.h"
#include "crypto/hash.h"
#include "crypto/x509_internal.h"

static const char where[] = "certificate";

#define VERSION_3 2

void
bl_certificate_free(struct bl_certificate *certificate)
{
    if (certificate == NULL)
        return;
    if (certificate->sharer_count > 0) {
        certificate->sharer_count--;
        return;
    }
    bulla_buffer_done(&certificate->der);
    bl_free(certificate);
}

struct bl_certificate *
bl_certificate_share(struct bl_certificate *certificate)
{
    certificate->sharer_count++;
    return certificate;
}

struct bulla_bytes
bl_serial_read(struct bl_reader *r)
{
    struct bulla_bytes content = bl_der_read(r, BL_DER_INTEGER);

    if (r->failed == NULL &&
        (content.size == 0 ||
         (content.size > 1 && ((content.data[0] == 0x00 && content.data[1] < 0x80) ||
                               (content.data[0] == 0xff && content.data[1] >= 0x80)))))
        bl_reader_fail(r, "INTEGER not in the fewest bytes");
    return content;
}

/* Of a whole item, which must be a SEQUENCE. */
static struct bulla_bytes
read_sequence(struct bl_reader *r)
{
    if (r->failed == NULL && !bl_der_next_is(r, BL_DER_SEQUENCE))
        bl_reader_fail(r, "a SEQUENCE is missing");
    return bl_der_skip(r);
}

static void
read_validity(struct bl_certificate *certificate, struct bl_reader *r)
{
    struct bl_reader validity = bl_der_enter(r, BL_DER_SEQUENCE, where);

    certificate->not_before_s = bl_der_read_time_s(&validity);
    certificate->not_after_s = bl_der_read_time_s(&validity);
    if (r->failed == NULL && bl_reader_finish(&validity, NULL) != BULLA_OK)
        bl_reader_fail(r, "dates of another form");
}

/* SubjectPublicKeyInfo as a whole: an algorithm and the key, of whatever kind. */
static struct bulla_bytes
read_key_info(struct bl_reader *r)
{
    const struct bulla_bytes encoded = read_sequence(r);
    struct bl_reader whole = bl_reader(encoded, where);
    struct bl_reader part = bl_der_enter(&whole, BL_DER_SEQUENCE, where);
    struct bl_reader algorithm = bl_der_enter(&part, BL_DER_SEQUENCE, where);

    (void)bl_der_read_oid(&algorithm);
    if (bl_der_next_is(&algorithm, BL_DER_OID))
        (void)bl_der_read_oid(&algorithm);
    else if (bl_der_next_is(&algorithm, BL_DER_SEQUENCE))
        (void)bl_der_skip(&algorithm);
    else if (bl_reader_left(&algorithm) > 0)
        bl_der_read_null(&algorithm);
    (void)bl_der_read_bits(&part, encoded.size);
    if (r->failed == NULL && (bl_reader_finish(&algorithm, NULL) != BULLA_OK ||
                              bl_reader_finish(&part, NULL) != BULLA_OK))
        bl_reader_fail(r, "not a SubjectPublicKeyInfo");
    return encoded;
}

static enum bulla_status
read_extension_list(struct bl_certificate *certificate, struct bl_reader *r,
                    struct bulla_error *err)
{
    struct bl_reader explicit = bl_der_enter(r, BL_DER_CONTEXT(3), where);
    struct bl_reader list = bl_der_enter(&explicit, BL_DER_SEQUENCE, where);

    BL_TRY(bl_reader_finish(&explicit, err));
    while (list.failed == NULL && bl_reader_left(&list) > 0) {
        struct bl_extension extension = bl_extension_read(&list, where);
        if (list.failed != NULL)
            break;
        if (bl_certificate_find_extension(certificate, extension.oid) != NULL)
            return bulla_fail(err, BULLA_E_MALFORMED, where, "an extension occurs twice",
                              certificate->extension_count);
        if (certificate->extension_count == BL_EXTENSION_COUNT_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, where, "too many extensions",
                              certificate->extension_count);
        certificate->extensions[certificate->extension_count++] = extension;
    }
    return bl_reader_finish(&list, err);
}

/* [1] and [2], which nobody uses: BIT STRINGs. */
static void
skip_unique_id(struct bl_reader *r, unsigned number)
{
    if (bl_der_next_is(r, BL_DER_CONTEXT_PRIMITIVE(number)))
        (void)bl_der_read(r, BL_DER_CONTEXT_PRIMITIVE(number));
}

static enum bulla_status
read_version(struct bl_reader *r, struct bulla_error *err)
{
    if (!bl_der_next_is(r, BL_DER_CONTEXT(0)))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "not version 3", 0);
    struct bl_reader explicit = bl_der_enter(r, BL_DER_CONTEXT(0), where);
    const uint64_t version = bl_der_read_u64(&explicit);
    BL_TRY(bl_reader_finish(&explicit, err));
    return version == VERSION_3
               ? BULLA_OK
               : bulla_fail(err, BULLA_E_UNSUPPORTED, where, "not version 3", (size_t)version);
}

/* TBSCertificate, RFC 5280 4.1. */
static enum bulla_status
read_signed_part(struct bl_certificate *certificate, struct bulla_bytes outer_algorithm,
                 struct bulla_error *err)
{
    struct bl_reader whole = bl_reader(certificate->signed_part, where);
    struct bl_reader r = bl_der_enter(&whole, BL_DER_SEQUENCE, where);
    struct bl_der_algorithm ignored;

    BL_TRY(read_version(&r, err));
    certificate->serial = bl_serial_read(&r);
    const struct bulla_bytes algorithm = bl_der_read_algorithm(&r, &ignored);
    certificate->issuer = read_sequence(&r);
    read_validity(certificate, &r);
    certificate->subject = read_sequence(&r);
    certificate->spki = read_key_info(&r);
    skip_unique_id(&r, 1);
    skip_unique_id(&r, 2);
    BL_TRY(bl_reader_ok(&r, err));
    if (!bl_equal(algorithm, outer_algorithm))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "two different signature algorithms", 0);
    if (!bl_name_is_well_formed(certificate->issuer) ||
        !bl_name_is_well_formed(certificate->subject))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a name of another form", 0);
    if (bl_reader_left(&r) > 0)
        BL_TRY(read_extension_list(certificate, &r, err));
    return bl_reader_finish(&r, err);
}

/* Certificate, RFC 5280 4.1. */
static enum bulla_status
decode(struct bl_certificate *certificate, struct bulla_error *err)
{
    struct bl_reader whole = bl_reader(bulla_buffer_bytes(&certificate->der), where);
    struct bl_reader r = bl_der_enter(&whole, BL_DER_SEQUENCE, where);

    certificate->signed_part = read_sequence(&r);
    const struct bulla_bytes algorithm = bl_der_read_algorithm(&r, &certificate->algorithm);
    certificate->signature = bl_der_read_bits(&r, BL_SIGNATURE_RAW_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(bl_reader_finish(&whole, err));
    BL_TRY(read_signed_part(certificate, algorithm, err));
    return bl_certificate_read_extensions(certificate, err);
}

enum bulla_status
bl_certificate_parse(struct bulla_bytes der, struct bl_certificate **out, struct bulla_error *err)
{
    if (der.size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "empty", 0);
    if (der.size > BL_CERTIFICATE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too large", der.size);
    BL_AUTO_FREE(bl_certificate) certificate = bl_alloc(1, sizeof *certificate);
    if (certificate == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    BL_TRY(bulla_buffer_append(&certificate->der, der, err));
    BL_TRY(decode(certificate, err));
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
    return bl_key_from_spki(certificate->spki, key_out, err);
}

static void
release_key(void *key)
{
    bl_key_free(key);
}

/* The key that was made of this SubjectPublicKeyInfo before, or a new one. */
static enum bulla_status
verify_by_key(const struct bl_certificate *signer, const struct bl_der_algorithm *algorithm,
              struct bulla_bytes message, struct bulla_bytes signature, enum bulla_cause cause,
              struct bl_memo *memo, struct bulla_error *err)
{
    const struct bl_memo_question question = { "public key", { signer->spki } };
    const struct bl_key *known = bl_memo_find(memo, &question);
    BL_AUTO_FREE(bl_key) key = NULL;

    if (known != NULL)
        return bl_der_signature_verify(known, algorithm, message, signature, cause, err);
    BL_TRY(bl_certificate_key(signer, &key, err));
    BL_TRY(bl_der_signature_verify(key, algorithm, message, signature, cause, err));
    struct bl_key *made = key;
    key = NULL;
    return bl_memo_keep(memo, &question, made, release_key, err);
}

enum bulla_status
bl_certificate_verify(const struct bl_certificate *signer, const struct bl_der_algorithm *algorithm,
                      struct bulla_bytes message, struct bulla_bytes signature,
                      enum bulla_cause cause, struct bl_memo *memo, struct bulla_error *err)
{
    const uint8_t how[] = { (uint8_t)algorithm->scheme, (uint8_t)algorithm->hash };
    const struct bl_memo_question question = {
        "X.509 signature", { signer->spki, BL_BYTES_OF(how), message, signature }
    };

    if (bl_memo_find(memo, &question) != NULL)
        return BULLA_OK;
    BL_TRY(verify_by_key(signer, algorithm, message, signature, cause, memo, err));
    return bl_memo_note(memo, &question, err);
}

struct bulla_bytes
bl_certificate_spki(const struct bl_certificate *certificate)
{
    return certificate->spki;
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
    return bl_hash_once(BL_SHA256, certificate->spki, digest_out, err);
}

void
bl_certificate_validity(const struct bl_certificate *certificate, int64_t *not_before_s_out,
                        int64_t *not_after_s_out)
{
    *not_before_s_out = certificate->not_before_s;
    *not_after_s_out = certificate->not_after_s;
}

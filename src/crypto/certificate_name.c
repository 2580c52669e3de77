/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/certificate_name.c: the names in a certificate: compared, and as text for people.
 *
 * Names are compared as they are encoded: who issues under a name spells it the same way each time,
 * and RFC 5280's rules for the same name in other letters are nothing to trust.
 */
#include <openssl/asn1.h>
#include <string.h>

#include "base/memory.h"
#include "codec/oid.h"
#include "codec/utf8.h"
#include "crypto/library.h"
#include "crypto/x509_internal.h"

static const char where[] = "name in a certificate";

#define NAME_SET_COUNT_MAX 64

/* A name is walked set by set: RDNSequence, RelativeDistinguishedName, AttributeTypeAndValue. */
static struct bl_reader
enter_name(struct bulla_bytes name)
{
    struct bl_reader whole = bl_reader(name, where);

    return bl_der_enter(&whole, BL_DER_SEQUENCE, where);
}

struct attribute {
    struct bulla_bytes type; /* content of the OID */
    uint8_t tag;
    struct bulla_bytes value;
};

/* The string types of DirectoryString, and those of e-mail addresses, domain components and serial
 * numbers (RFC 5280 A.1): size of a character in bytes, 0 for another tag. */
static size_t
character_size(uint8_t tag)
{
    switch (tag) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_NUMERICSTRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_T61STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_VISIBLESTRING:
        return 1;
    case V_ASN1_BMPSTRING:
        return 2;
    case V_ASN1_UNIVERSALSTRING:
        return 4;
    default:
        return 0;
    }
}

/* The next of a set. */
static struct attribute
read_attribute(struct bl_reader *set)
{
    struct bl_reader part = bl_der_enter(set, BL_DER_SEQUENCE, where);
    struct attribute attribute = { .type = bl_der_read_oid(&part) };

    attribute.tag = bl_reader_left(&part) > 0 ? part.input.data[part.offset] : 0;
    attribute.value = bl_der_read(&part, attribute.tag);
    const size_t size = character_size(attribute.tag);
    if (set->failed == NULL &&
        (bl_reader_finish(&part, NULL) != BULLA_OK || size == 0 ||
         attribute.value.size % size != 0 ||
         (attribute.tag == V_ASN1_UTF8STRING && !bl_utf8_is_valid(attribute.value))))
        bl_reader_fail(set, "not an attribute");
    return attribute;
}

bool
bl_name_is_well_formed(struct bulla_bytes name)
{
    struct bl_reader sets = enter_name(name);

    while (sets.failed == NULL && bl_reader_left(&sets) > 0) {
        struct bl_reader set = bl_der_enter(&sets, BL_DER_SET, where);
        do
            (void)read_attribute(&set);
        while (set.failed == NULL && bl_reader_left(&set) > 0);
        if (set.failed != NULL)
            return false;
    }
    return sets.failed == NULL;
}

bool
bl_name_is_empty(struct bulla_bytes name)
{
    struct bl_reader sets = enter_name(name);

    return bl_reader_left(&sets) == 0;
}

bool
bl_certificate_is_issued_by(const struct bl_certificate *certificate,
                            const struct bl_certificate *issuer)
{
    return bl_equal(certificate->issuer, issuer->subject) && !bl_name_is_empty(issuer->subject);
}

bool
bl_certificate_is_self_issued(const struct bl_certificate *certificate)
{
    return bl_certificate_is_issued_by(certificate, certificate);
}

/* RFC 4514 section 2.4: what must be escaped in this place. */
static bool
is_special(struct bulla_bytes text, size_t i)
{
    const uint8_t c = text.data[i];

    return memchr("\"+,;<>\\", c, 7) != NULL || (i == 0 && (c == '#' || c == ' ')) ||
           (i == text.size - 1 && c == ' ');
}

static enum bulla_status
append_text(struct bulla_buffer *out, const char *text, struct bulla_error *err)
{
    return bulla_buffer_append(out, (struct bulla_bytes){ (const uint8_t *)text, strlen(text) },
                               err);
}

static enum bulla_status
append_escaped(struct bulla_buffer *out, struct bulla_bytes text, struct bulla_error *err)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == 0) {
            BL_TRY(append_text(out, "\\00", err));
            continue;
        }
        if (is_special(text, i))
            BL_TRY(append_text(out, "\\", err));
        BL_TRY(bulla_buffer_append(out, (struct bulla_bytes){ &text.data[i], 1 }, err));
    }
    return BULLA_OK;
}

/* Text that is its own UTF-8, as nearly all is. */
static bool
is_ascii(const struct attribute *attribute)
{
    uint8_t all = 0;

    for (size_t i = 0; i < attribute->value.size; i++)
        all |= attribute->value.data[i];
    return character_size(attribute->tag) == 1 && all < 0x80;
}

/* The value of one attribute, in UTF-8: libcrypto knows the string types of forty years. */
static enum bulla_status
append_value(struct bulla_buffer *out, const struct attribute *attribute, bool is_escaped,
             struct bulla_error *err)
{
    unsigned char *utf8 = NULL;
    const struct bl_library *library = NULL;

    if (is_ascii(attribute))
        return is_escaped ? append_escaped(out, attribute->value, err)
                          : bulla_buffer_append(out, attribute->value, err);
    BL_TRY(bl_library(&library, err));
    ASN1_STRING *string = ASN1_STRING_type_new(attribute->tag);
    if (string == NULL || ASN1_STRING_set(string, bl_library_data(attribute->value),
                                          (int)attribute->value.size) != 1) {
        ASN1_STRING_free(string);
        return bl_library_failed(err, where, "cannot be read");
    }
    int size = ASN1_STRING_to_UTF8(&utf8, string);
    ASN1_STRING_free(string);
    if (size < 0)
        return bl_library_refused(err, BULLA_CAUSE_MALFORMED, where, "not text");
    const struct bulla_bytes text = { utf8, (size_t)size };
    enum bulla_status status =
        is_escaped ? append_escaped(out, text, err) : bulla_buffer_append(out, text, err);
    OPENSSL_free(utf8);
    return status;
}

/* RFC 4514 section 3 has short words for these; others go by their number. */
static const struct {
    const char *oid;
    const char *word;
} type_words[] = {
    { "2.5.4.3", "CN" },
    { "2.5.4.7", "L" },
    { "2.5.4.8", "ST" },
    { "2.5.4.10", "O" },
    { "2.5.4.11", "OU" },
    { "2.5.4.6", "C" },
    { "2.5.4.9", "STREET" },
    { "0.9.2342.19200300.100.1.25", "DC" },
    { "0.9.2342.19200300.100.1.1", "UID" },
};

static enum bulla_status
append_type(struct bulla_buffer *out, struct bulla_bytes type, struct bulla_error *err)
{
    for (size_t i = 0; i < BL_COUNT_OF(type_words); i++)
        if (bl_oid_is(type, type_words[i].oid))
            return append_text(out, type_words[i].word, err);
    return bl_oid_to_text(type, out, err);
}

/* Attributes of one set (a multi-valued part) stay in their order, joined with '+'. */
static enum bulla_status
append_set(struct bulla_buffer *out, struct bl_reader set, struct bulla_error *err)
{
    for (bool is_first = true; bl_reader_left(&set) > 0; is_first = false) {
        const struct attribute attribute = read_attribute(&set);
        BL_TRY(bl_reader_ok(&set, err));
        if (!is_first)
            BL_TRY(append_text(out, "+", err));
        BL_TRY(append_type(out, attribute.type, err));
        BL_TRY(append_text(out, "=", err));
        BL_TRY(append_value(out, &attribute, /* is_escaped= */ true, err));
    }
    return BULLA_OK;
}

static size_t
set_count(struct bulla_bytes name)
{
    struct bl_reader sets = enter_name(name);
    size_t count = 0;

    for (; sets.failed == NULL && bl_reader_left(&sets) > 0; count++)
        (void)bl_der_read(&sets, BL_DER_SET);
    return count;
}

/* The last set first. */
static enum bulla_status
append_name(struct bulla_buffer *out, struct bulla_bytes name, struct bulla_error *err)
{
    const size_t count = set_count(name);

    if (count > NAME_SET_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many parts", count);
    for (size_t i = count; i-- > 0;) {
        struct bl_reader sets = enter_name(name);
        for (size_t j = 0; j < i; j++)
            (void)bl_der_read(&sets, BL_DER_SET);
        if (i + 1 < count)
            BL_TRY(append_text(out, ",", err));
        BL_TRY(append_set(out, bl_der_enter(&sets, BL_DER_SET, where), err));
    }
    return BULLA_OK;
}

enum bulla_status
bl_certificate_name_text(const struct bl_certificate *certificate, bool of_issuer,
                         struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    BL_TRY(append_name(&text, of_issuer ? certificate->issuer : certificate->subject, err));
    return bulla_buffer_append(out, bulla_buffer_bytes(&text), err);
}

/* The attributes of this type; the last of them. */
static size_t
find_attribute(struct bulla_bytes name, const char *type, struct attribute *found)
{
    struct bl_reader sets = enter_name(name);
    size_t count = 0;

    while (sets.failed == NULL && bl_reader_left(&sets) > 0) {
        struct bl_reader set = bl_der_enter(&sets, BL_DER_SET, where);
        while (set.failed == NULL && bl_reader_left(&set) > 0) {
            const struct attribute attribute = read_attribute(&set);
            if (!bl_oid_is(attribute.type, type))
                continue;
            *found = attribute;
            count++;
        }
    }
    return count;
}

enum bulla_status
bl_certificate_common_name(const struct bl_certificate *certificate, struct bulla_buffer *out,
                           struct bulla_error *err)
{
    struct attribute attribute = { 0 };
    const size_t count = find_attribute(certificate->subject, "2.5.4.3", &attribute);
    BL_AUTO(bulla_buffer) text = { 0 };

    if (count == 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, where, "no common name", 0);
    if (count > 1)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "more than one common name", 0);
    BL_TRY(append_value(&text, &attribute, /* is_escaped= */ false, err));
    if (text.size > 0 && memchr(text.data, 0, text.size) != NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a zero in a common name", 0);
    return bulla_buffer_append(out, bulla_buffer_bytes(&text), err);
}

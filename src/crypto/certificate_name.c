/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/certificate_name.c: the names in a certificate: compared, and as text for people.
 *
 * Names are compared as they are encoded: who issues under a name spells it the same way each time,
 * and RFC 5280's rules for the same name in other letters are nothing to trust.
 */
#include <string.h>

#include "base/memory.h"
#include "crypto/library.h"
#include "crypto/x509_internal.h"

static const char where[] = "name in a certificate";

static bool
same_name(const X509_NAME *a, const X509_NAME *b)
{
    struct bulla_bytes a_der = { NULL, 0 }, b_der = { NULL, 0 };

    return X509_NAME_get0_der(a, &a_der.data, &a_der.size) == 1 &&
           X509_NAME_get0_der(b, &b_der.data, &b_der.size) == 1 && X509_NAME_entry_count(a) > 0 &&
           bl_equal(a_der, b_der);
}

bool
bl_certificate_is_issued_by(const struct bl_certificate *certificate,
                            const struct bl_certificate *issuer)
{
    return same_name(X509_get_issuer_name(certificate->x509), X509_get_subject_name(issuer->x509));
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

/* The value of one attribute, in UTF-8. */
static enum bulla_status
append_value(struct bulla_buffer *out, const X509_NAME_ENTRY *entry, bool is_escaped,
             struct bulla_error *err)
{
    unsigned char *utf8 = NULL;
    const struct bl_library *library = NULL;

    BL_TRY(bl_library(&library, err));
    int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    if (size < 0)
        return bl_library_refused(err, BULLA_CAUSE_MALFORMED, where, "not text");
    const struct bulla_bytes text = { utf8, (size_t)size };
    enum bulla_status status =
        is_escaped ? append_escaped(out, text, err) : bulla_buffer_append(out, text, err);
    OPENSSL_free(utf8);
    return status;
}

/* RFC 4514 section 3 has short words for these; others go by their number. */
static const char *
type_word(const ASN1_OBJECT *type)
{
    switch (OBJ_obj2nid(type)) {
    case NID_commonName:
        return "CN";
    case NID_localityName:
        return "L";
    case NID_stateOrProvinceName:
        return "ST";
    case NID_organizationName:
        return "O";
    case NID_organizationalUnitName:
        return "OU";
    case NID_countryName:
        return "C";
    case NID_streetAddress:
        return "STREET";
    case NID_domainComponent:
        return "DC";
    case NID_userId:
        return "UID";
    default:
        return NULL;
    }
}

static enum bulla_status
append_attribute(struct bulla_buffer *out, const X509_NAME_ENTRY *entry, struct bulla_error *err)
{
    const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
    const char *word = type_word(type);
    char dotted[128];

    if (word == NULL) {
        int size = OBJ_obj2txt(dotted, sizeof dotted, type, /* dotted text= */ 1);
        if (size <= 0 || size >= (int)sizeof dotted)
            return bulla_fail(err, BULLA_E_LIMIT, where, "an attribute's type is too long", 0);
        word = dotted;
    }
    BL_TRY(append_text(out, word, err));
    BL_TRY(append_text(out, "=", err));
    return append_value(out, entry, /* is_escaped= */ true, err);
}

/* Attributes of one set (a multi-valued part) stay in their order, joined with '+'. */
static enum bulla_status
append_name(struct bulla_buffer *out, const X509_NAME *name, struct bulla_error *err)
{
    int end = X509_NAME_entry_count(name);
    const int last = end;

    while (end > 0) {
        const int set = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, end - 1));
        int start = end - 1;
        while (start > 0 && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, start - 1)) == set)
            start--;
        for (int i = start; i < end; i++) {
            if (i > start || end < last)
                BL_TRY(append_text(out, i > start ? "+" : ",", err));
            BL_TRY(append_attribute(out, X509_NAME_get_entry(name, i), err));
        }
        end = start;
    }
    return BULLA_OK;
}

enum bulla_status
bl_certificate_name_text(const struct bl_certificate *certificate, bool of_issuer,
                         struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    BL_TRY(append_name(&text,
                       of_issuer ? X509_get_issuer_name(certificate->x509)
                                 : X509_get_subject_name(certificate->x509),
                       err));
    return bulla_buffer_append(out, bulla_buffer_bytes(&text), err);
}

enum bulla_status
bl_certificate_common_name(const struct bl_certificate *certificate, struct bulla_buffer *out,
                           struct bulla_error *err)
{
    const X509_NAME *name = X509_get_subject_name(certificate->x509);
    const int place = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    BL_AUTO(bulla_buffer) text = { 0 };

    if (place < 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, where, "no common name", 0);
    if (X509_NAME_get_index_by_NID(name, NID_commonName, place) >= 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "more than one common name", 0);
    BL_TRY(append_value(&text, X509_NAME_get_entry(name, place), /* is_escaped= */ false, err));
    if (text.size > 0 && memchr(text.data, 0, text.size) != NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a zero in a common name", 0);
    return bulla_buffer_append(out, bulla_buffer_bytes(&text), err);
}

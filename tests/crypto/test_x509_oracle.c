/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our reader of certificates against libcrypto's, which is slow and whom many have attacked: what ours
 * accepts, that one accepts, and both say the same of it.
 */
#include "crypto/authority_fixture.h"

#include "codec/der.h"
#include "crypto/certificate_fixture.h"
#include "crypto/x509_internal.h"

/* -- the oracle ---------------------------------------------------------------------------------- */

/* The whole of it as libcrypto reads it; NULL if it does not. */
static X509 *
oracle_parse(struct bulla_bytes der)
{
    const unsigned char *end = der.data;
    X509 *x509 = d2i_X509(NULL, &end, (long)der.size);

    if (x509 != NULL && end == der.data + der.size && X509_get_version(x509) == X509_VERSION_3)
        return x509;
    X509_free(x509);
    return NULL;
}

/* Of these extensions nothing is used here but that they are there: only their shape is looked at. */
static bool
has_unused_extension(const struct bl_certificate *certificate)
{
    static const uint8_t unused[][3] = {
        { 0x55, 0x1d, 17 }, { 0x55, 0x1d, 30 }, { 0x55, 0x1d, 31 },
        { 0x55, 0x1d, 32 }, { 0x55, 0x1d, 35 },
    };

    for (size_t i = 0; i < BL_COUNT_OF(unused); i++)
        if (bl_certificate_find_extension(certificate, BL_BYTES_OF(unused[i])) != NULL)
            return true;
    return false;
}

static int64_t
oracle_time_s(const ASN1_TIME *time)
{
    int days = 0, seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_new();

    assert_int_equal(ASN1_TIME_set_string(epoch, "19700101000000Z"), 1);
    assert_int_equal(ASN1_TIME_diff(&days, &seconds, epoch, time), 1);
    ASN1_TIME_free(epoch);
    return (int64_t)days * 86400 + seconds;
}

static void
same_name(const X509_NAME *name, struct bulla_bytes ours)
{
    struct bulla_bytes der = { NULL, 0 };

    assert_int_equal(X509_NAME_get0_der(name, &der.data, &der.size), 1);
    assert_true(bl_equal(der, ours));
    assert_int_equal(X509_NAME_entry_count(name) == 0, bl_name_is_empty(ours));
}

static void
same_extensions(X509 *x509, const struct bl_certificate *certificate)
{
    const uint32_t flags = X509_get_extension_flags(x509);
    const ASN1_OCTET_STRING *key_id = X509_get0_subject_key_id(x509);
    const long path_length = X509_get_pathlen(x509);

    assert_int_equal(X509_get_ext_count(x509), certificate->extension_count);
    for (size_t i = 0; i < certificate->extension_count; i++) {
        X509_EXTENSION *theirs = X509_get_ext(x509, (int)i);
        const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(theirs);
        const struct bl_extension *ours = &certificate->extensions[i];
        assert_int_equal(X509_EXTENSION_get_critical(theirs) != 0, ours->is_critical);
        assert_true(
            bl_equal(ours->value, (struct bulla_bytes){ ASN1_STRING_get0_data(value),
                                                        (size_t)ASN1_STRING_length(value) }));
    }
    assert_int_equal((flags & EXFLAG_CA) != 0, certificate->is_authority);
    assert_int_equal(path_length >= 0, certificate->limits_path);
    if (path_length >= 0)
        assert_int_equal(path_length, certificate->path_length);
    assert_int_equal((flags & EXFLAG_KUSAGE) != 0, certificate->has_key_usage);
    if (certificate->has_key_usage) {
        const uint32_t usage = X509_get_key_usage(x509);
        assert_int_equal((usage & KU_DIGITAL_SIGNATURE) != 0,
                         (certificate->key_usage & BL_KEY_USAGE_SIGN_DATA) != 0);
        assert_int_equal((usage & KU_KEY_CERT_SIGN) != 0,
                         (certificate->key_usage & BL_KEY_USAGE_SIGN_CERTIFICATES) != 0);
        assert_int_equal((usage & KU_CRL_SIGN) != 0,
                         (certificate->key_usage & BL_KEY_USAGE_SIGN_LISTS) != 0);
    }
    assert_int_equal(key_id != NULL, certificate->key_id.data != NULL);
    if (key_id != NULL)
        assert_true(bl_equal(certificate->key_id,
                             (struct bulla_bytes){ ASN1_STRING_get0_data(key_id),
                                                   (size_t)ASN1_STRING_length(key_id) }));
}

static void
same_names(X509 *x509, const struct bl_certificate *certificate)
{
    BL_AUTO(bulla_buffer) common_name = { 0 };
    const X509_NAME *subject = X509_get_subject_name(x509);
    const int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *utf8 = NULL;

    same_name(subject, certificate->subject);
    same_name(X509_get_issuer_name(x509), certificate->issuer);
    if (bl_certificate_common_name(certificate, &common_name, NULL) != BULLA_OK)
        return;
    assert_true(place >= 0);
    int size =
        ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
    assert_true(size >= 0);
    assert_true(
        bl_equal(bulla_buffer_bytes(&common_name), (struct bulla_bytes){ utf8, (size_t)size }));
    OPENSSL_free(utf8);
}

static void
same_answers(X509 *x509, const struct bl_certificate *certificate)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    unsigned char *spki = NULL;
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);

    assert_int_equal(oracle_time_s(X509_get0_notBefore(x509)), certificate->not_before_s);
    assert_int_equal(oracle_time_s(X509_get0_notAfter(x509)), certificate->not_after_s);
    assert_int_equal(BN_is_negative(number), certificate->serial.data[0] >> 7);
    BN_free(number);
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
    assert_true(bl_equal(certificate->spki, (struct bulla_bytes){ spki, (size_t)size }));
    OPENSSL_free(spki);
    same_names(x509, certificate);
    same_extensions(x509, certificate);
}

/* Signed by this key, both say; or both that it is not. */
static void
same_verdict(X509 *x509, const struct bl_certificate *certificate, EVP_PKEY *issuer_key,
             const struct bl_certificate *issuer)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bulla_error err = { 0 };

    assert_ok(bl_certificate_key(issuer, &key, &err), &err);
    const bool ours =
        bl_der_signature_verify(key, &certificate->algorithm, certificate->signed_part,
                                certificate->signature, BULLA_CAUSE_SIGNATURE, &err) == BULLA_OK;
    assert_true(!ours || X509_verify(x509, issuer_key) == 1);
}

/* Ours must not be the more lenient one. What is signed with an algorithm that is not known is never
 * believed, whatever it says. */
static bool
check(struct bulla_bytes der, EVP_PKEY *issuer_key, const struct bl_certificate *issuer)
{
    BL_AUTO_FREE(bl_certificate) certificate = NULL;
    struct bulla_error err = { 0 };

    if (bl_certificate_parse(der, &certificate, &err) != BULLA_OK ||
        !certificate->algorithm.is_known)
        return false;
    X509 *x509 = oracle_parse(der);
    assert_non_null(x509);
    if (X509_check_purpose(x509, -1, 0) == 1)
        same_answers(x509, certificate);
    else
        assert_true(has_unused_extension(certificate));
    same_verdict(x509, certificate, issuer_key, issuer);
    X509_free(x509);
    return true;
}

/* -- cases --------------------------------------------------------------------------------------- */

static const struct saying sayings[] = {
    { .name = "usual" },
    { .name = "leaf", .constraints = "CA:FALSE", .key_usage = "digitalSignature" },
    { .name = "limited", .constraints = "critical,CA:TRUE,pathlen:3" },
    { .name = "negative", .serial = "-8000", .without_key_id = true },
    { .name = "late", .not_before = "19500101000000Z", .not_after = "99991231235959Z" },
};

/* Each byte of each certificate altered in two ways: 3,700 strangers. */
static void
altered_bytes(void **state)
{
    static const uint8_t masks[] = { 0x01, 0x20 };

    (void)state;
    for (size_t s = 0; s < BL_COUNT_OF(sayings); s++) {
        struct party root = certify(make_key(WITH_P256), WITH_P256, sayings[s], NULL);
        const struct bulla_bytes der = bl_certificate_der(root.certificate);
        uint8_t bytes[1024];
        size_t accepted = 0;
        assert_true(der.size <= sizeof bytes);
        memcpy(bytes, der.data, der.size);
        assert_true(check(der, root.key, root.certificate));
        for (size_t i = 0; i < 2 * der.size; i++) {
            bytes[i / 2] ^= masks[i % 2];
            accepted += check((struct bulla_bytes){ bytes, der.size }, root.key, root.certificate);
            bytes[i / 2] ^= masks[i % 2];
        }
        assert_true(accepted > 100); /* names, dates, key and signature may be any */
        party_done(&root);
    }
}

static void
all_algorithms(void **state)
{
    (void)state;
    for (int algorithm = WITH_P256; algorithm < ALGORITHM_COUNT; algorithm++) {
        struct party root = certify(make_key((enum algorithm)algorithm), (enum algorithm)algorithm,
                                    (struct saying){ .name = "root" }, NULL);
        struct party leaf =
            certify(make_key(WITH_P256), WITH_P256,
                    (struct saying){ .name = "leaf", .constraints = "CA:FALSE" }, &root);
        const struct bl_certificate *chain[] = { leaf.certificate };
        struct bulla_error err = { 0 };
        assert_true(check(bl_certificate_der(leaf.certificate), root.key, root.certificate));
        assert_ok(bl_chain_verify(chain, 1, root.certificate, NOW_S, NULL, &err), &err);
        party_done(&leaf);
        party_done(&root);
    }
}

/* Ed25519, as our own authorities sign. */
static void
our_own(void **state)
{
    struct house h = build_house(BL_KEY_ED25519);
    struct bulla_error err = { 0 };
    const unsigned char *p = h.root->spki.data;
    EVP_PKEY *root_key = d2i_PUBKEY(NULL, &p, (long)h.root->spki.size);

    (void)state;
    assert_non_null(root_key);
    assert_true(check(bl_certificate_der(h.root), root_key, h.root));
    assert_true(check(bl_certificate_der(h.leaf), root_key, h.root));
    assert_ok(verify_at(h.leaf, h.root, NOW_S, &err), &err);
    assert_fails(verify_at(h.leaf, h.leaf, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    EVP_PKEY_free(root_key);
    house_done(&h);
}

/* -- forms of its own making --------------------------------------------------------------------- */

struct shape {
    uint8_t version; /* of the INTEGER */
    bool has_other_algorithm;
    struct bulla_bytes name;       /* content of both names */
    struct bulla_bytes extensions; /* content of the list */
};

static const uint8_t usual_name[] = { 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03,
                                      0x55, 0x04, 0x03, 0x0c, 0x01, 'x' };

static void
put(struct bl_writer *w, uint8_t tag, struct bulla_bytes content)
{
    bl_der_write(w, tag, content);
}

static void
put_algorithm(struct bl_writer *w, uint8_t last)
{
    const uint8_t oid[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last };
    const size_t mark = bl_der_open(w, BL_DER_SEQUENCE);

    put(w, BL_DER_OID, BL_BYTES_OF(oid));
    bl_der_close(w, mark);
}

static void
put_signed_part(struct bl_writer *w, const struct shape *shape, struct bulla_bytes spki)
{
    static const uint8_t serial[] = { 0x05 };
    const size_t mark = bl_der_open(w, BL_DER_SEQUENCE);
    size_t inner = bl_der_open(w, BL_DER_CONTEXT(0));

    put(w, BL_DER_INTEGER, (struct bulla_bytes){ &shape->version, 1 });
    bl_der_close(w, inner);
    put(w, BL_DER_INTEGER, BL_BYTES_OF(serial));
    put_algorithm(w, 2);
    put(w, BL_DER_SEQUENCE, shape->name);
    inner = bl_der_open(w, BL_DER_SEQUENCE);
    put(w, BL_DER_UTC_TIME, BL_LITERAL("200101000000Z"));
    put(w, BL_DER_UTC_TIME, BL_LITERAL("300101000000Z"));
    bl_der_close(w, inner);
    put(w, BL_DER_SEQUENCE, shape->name);
    bl_write_bytes(w, spki);
    if (shape->extensions.data != NULL) {
        inner = bl_der_open(w, BL_DER_CONTEXT(3));
        put(w, BL_DER_SEQUENCE, shape->extensions);
        bl_der_close(w, inner);
    }
    bl_der_close(w, mark);
}

static enum bulla_status
parse_shape(struct shape shape, struct bulla_error *err)
{
    static const uint8_t signature[] = { 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01 };
    BL_AUTO(bulla_buffer) der = { 0 };
    BL_AUTO(bulla_buffer) spki = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO_FREE(bl_certificate) certificate = NULL;
    struct bl_writer w = bl_writer(&der);

    assert_ok(bl_key_generate(BL_KEY_P256, &key, err), err);
    assert_ok(bl_key_spki(key, &spki, err), err);
    if (shape.name.data == NULL)
        shape.name = BL_BYTES_OF(usual_name);
    const size_t mark = bl_der_open(&w, BL_DER_SEQUENCE);
    put_signed_part(&w, &shape, bulla_buffer_bytes(&spki));
    put_algorithm(&w, shape.has_other_algorithm ? 3 : 2);
    bl_der_write_bits(&w, BL_BYTES_OF(signature));
    bl_der_close(&w, mark);
    assert_ok(bl_writer_finish(&w, err), err);
    bulla_error_clear(err);
    enum bulla_status status = bl_certificate_parse(bulla_buffer_bytes(&der), &certificate, err);
    if (status == BULLA_OK) {
        X509 *x509 = oracle_parse(bulla_buffer_bytes(&der));
        assert_non_null(x509);
        assert_int_equal(X509_check_purpose(x509, -1, 0), 1);
        same_answers(x509, certificate);
        X509_free(x509);
    }
    return status;
}

#define REFUSED(status, ...)                                                         \
    do {                                                                             \
        struct bulla_error err_ = { 0 };                                             \
        assert_int_equal(parse_shape((struct shape){ __VA_ARGS__ }, &err_), status); \
    } while (0)

static void
forms(void **state)
{
    static const uint8_t no_utf8[] = { 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03,
                                       0x55, 0x04, 0x03, 0x0c, 0x01, 0xff };
    static const uint8_t set_without_attribute[] = { 0x31, 0x00 },
                         no_set[] = { 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, 'x' },
                         three_in_one[] = { 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55, 0x04,
                                            0x03, 0x0c, 0x01, 'x',  0x0c, 0x01, 'y' };
    static const uint8_t path_of_leaf[] = { 0x30, 0x0c, 0x06, 0x03, 0x55, 0x1d, 0x13,
                                            0x04, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00 },
                         usage_of_no_bits[] = { 0x30, 0x0b, 0x06, 0x03, 0x55, 0x1d, 0x0f,
                                                0x04, 0x04, 0x03, 0x02, 0x08, 0x80 },
                         usage_with_rest[] = { 0x30, 0x0b, 0x06, 0x03, 0x55, 0x1d, 0x0f,
                                               0x04, 0x04, 0x03, 0x02, 0x01, 0x81 },
                         usage_padded[] = { 0x30, 0x0b, 0x06, 0x03, 0x55, 0x1d, 0x0f,
                                            0x04, 0x04, 0x03, 0x02, 0x00, 0x80 },
                         no_usage[] = { 0x30, 0x09, 0x06, 0x03, 0x55, 0x1d,
                                        0x25, 0x04, 0x02, 0x30, 0x00 };

    (void)state;
    REFUSED(BULLA_OK, .version = 2);
    REFUSED(BULLA_E_UNSUPPORTED, .version = 1);
    REFUSED(BULLA_E_UNSUPPORTED, .version = 0);
    REFUSED(BULLA_E_UNSUPPORTED, .version = 3);
    REFUSED(BULLA_E_MALFORMED, .version = 2, .has_other_algorithm = true);
    REFUSED(BULLA_E_MALFORMED, .version = 2, .name = BL_BYTES_OF(set_without_attribute));
    REFUSED(BULLA_E_MALFORMED, .version = 2, .name = BL_BYTES_OF(no_utf8));
    REFUSED(BULLA_E_MALFORMED, .version = 2, .name = BL_BYTES_OF(no_set));
    REFUSED(BULLA_E_MALFORMED, .version = 2, .name = BL_BYTES_OF(three_in_one));
    REFUSED(BULLA_E_MALFORMED, .version = 2, .extensions = BL_BYTES_OF(path_of_leaf));
    REFUSED(BULLA_E_MALFORMED, .version = 2, .extensions = BL_BYTES_OF(usage_of_no_bits));
    REFUSED(BULLA_E_MALFORMED, .version = 2, .extensions = BL_BYTES_OF(usage_with_rest));
    REFUSED(BULLA_OK, .version = 2, .extensions = BL_BYTES_OF(usage_padded));
    REFUSED(BULLA_E_MALFORMED, .version = 2, .extensions = BL_BYTES_OF(no_usage));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(altered_bytes),
        cmocka_unit_test(all_algorithms),
        cmocka_unit_test(our_own),
        cmocka_unit_test(forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

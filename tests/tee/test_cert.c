/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence in certificates: each format with quotes of a platform on paper, and each rule broken alone:
 * the certificate, where the evidence stands in it, and what ties it to the key. Flaws that others
 * published are named after their rows: 7, 9, 46.
 */
#include "tee/paper_cert.h"

#include "faults.h"

/* -- what is accepted --------------------------------------------------------------------------- */

static void
test_each_format(void **state)
{
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_formats); i++) {
        struct card c = card_make(all_formats[i].format, all_formats[i].oid, all_formats[i].kind);
        struct bl_claims claims = { 0 };
        c.is_json = all_formats[i].kind == PAPER_TD10;
        card_build(&c);
        assert_ok(card_verify(&c, &claims, &err), &err);
        assert_string_equal(claims.kind, all_formats[i].kind == PAPER_SGX ? "sgx" : "tdx");
        assert_int_equal(claims.code.size, all_formats[i].kind == PAPER_SGX ? 32 : 48);
        assert_int_equal(claims.platform_class, BL_CLASS_HARDWARE);
        assert_int_equal(claims.tcb.status, BL_TCB_UP_TO_DATE);
        assert_true(is_unchecked(&claims, "possession_of_key"));
        assert_true(baseline_accepts(&claims));
        card_done(&c);
    }
}

/* Row 46: a certificate can be shown again as long as it lives, by anybody who has seen it. That is
 * said, and nothing that asks for more is satisfied by it. */
static void
test_flaw_46_a_certificate_shown_again_is_unbound(void **state)
{
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_formats); i++) {
        struct card c = card_make(all_formats[i].format, all_formats[i].oid, all_formats[i].kind);
        struct bl_claims first = { 0 }, again = { 0 };
        card_build(&c);
        assert_ok(card_verify(&c, &first, &err), &err);
        c.p->v.now_s += 500;
        assert_ok(card_verify(&c, &again, &err), &err);
        assert_int_equal(again.binding, BL_BINDING_NONE);
        assert_true(again.binding < BL_BINDING_KEY);
        assert_true(is_unchecked(&again, "possession_of_key"));
        card_done(&c);
    }
}

/* -- the key -------------------------------------------------------------------------------------- */

static void
test_evidence_for_another_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_formats); i++) {
        struct card c = card_make(all_formats[i].format, all_formats[i].oid, all_formats[i].kind);
        c.is_for_another = true;
        card_refused(&c, BULLA_CAUSE_BINDING_MISMATCH);
    }
}

/* Claims about the right key that the quote does not vouch for. */
static void
test_claims_that_the_quote_does_not_have(void **state)
{
    static const enum bl_cert_format formats[] = { BL_CERT_TAGGED, BL_CERT_OE_EVIDENCE };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(formats); i++) {
        struct card c =
            card_make(formats[i], i == 0 ? "2.23.133.5.4.9" : "1.3.6.1.4.1.311.105.2", PAPER_SGX);
        BL_AUTO(bulla_buffer) claims = { 0 };
        struct bulla_error err = { 0 };
        struct bl_claims out = marked();
        c.is_for_another = true;
        card_build(&c);
        c.is_for_another = false;
        bulla_buffer_clear(&c.spki);
        assert_ok(bl_key_spki(c.key, &c.spki, &err), &err);
        write_claims(&c, &claims);
        write_value(&c, bulla_buffer_bytes(&c.p->quote), bulla_buffer_bytes(&claims));
        write_certificate(&c);
        c.p->v.evidence = bulla_buffer_bytes(&c.der);
        assert_cause(card_verify(&c, &out, &err), BULLA_CAUSE_BINDING_MISMATCH, &err);
        assert_untouched(&out);
        card_done(&c);
    }
}

static void
test_nonces(void **state)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };
    struct card c = card_make(BL_CERT_TAGGED, "2.23.133.5.4.9", PAPER_SGX);

    (void)state;
    c.nonce = "12345678";
    card_build(&c);
    c.p->v.binding = BL_BINDING_NONE;
    c.p->v.binder = BL_LITERAL("12345678");
    assert_ok(card_verify(&c, &claims, &err), &err);
    c.p->v.binder = BL_LITERAL("12345679");
    claims = marked();
    assert_cause(card_verify(&c, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    assert_untouched(&claims);
    card_done(&c);

    /* where the format has none, none is made up */
    c = card_make(BL_CERT_GRAMINE, "1.2.840.113741.1337.6", PAPER_SGX);
    card_build(&c);
    c.p->v.binding = BL_BINDING_NONE;
    c.p->v.binder = BL_LITERAL("12345678");
    assert_cause(card_verify(&c, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    card_done(&c);
}

/* -- the certificate ----------------------------------------------------------------------------- */

static void
test_dates(void **state)
{
    static const struct {
        int64_t now_s;
        enum bulla_cause cause;
    } dates[] = { { BEFORE_S - 1, BULLA_CAUSE_NOT_YET_VALID },
                  { BEFORE_S, BULLA_CAUSE_NONE },
                  { AFTER_S, BULLA_CAUSE_NONE },
                  { AFTER_S + 1, BULLA_CAUSE_EXPIRED } };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(dates); i++) {
        struct card c = card_make(BL_CERT_GRAMINE, "1.2.840.113741.1337.6", PAPER_SGX);
        struct bulla_error err = { 0 };
        struct bl_claims claims = marked();
        card_build(&c);
        c.p->v.now_s = dates[i].now_s;
        enum bulla_status status = card_verify(&c, &claims, &err);
        if (dates[i].cause == BULLA_CAUSE_NONE) {
            assert_ok(status, &err);
        } else {
            assert_int_equal(err.cause, dates[i].cause);
            assert_untouched(&claims);
        }
        card_done(&c);
    }
}

static void
test_a_signature_by_another_key(void **state)
{
    struct card c = card_make(BL_CERT_GRAMINE, "1.2.840.113741.1337.6", PAPER_SGX);
    struct bulla_error err = { 0 };
    struct bl_claims claims = marked();

    (void)state;
    card_build(&c);
    c.der.data[c.der.size - 1] ^= 1;
    assert_cause(card_verify(&c, &claims, &err), BULLA_CAUSE_SIGNATURE, &err);
    assert_untouched(&claims);
    card_done(&c);
}

static void
add_unknown_critical(X509 *x509)
{
    add_unknown(x509, 1);
}

static void
test_unknown_critical_extension(void **state)
{
    struct card c = card_make(BL_CERT_GRAMINE, "1.2.840.113741.1337.6", PAPER_SGX);

    (void)state;
    c.alter = add_unknown_critical;
    card_refused(&c, BULLA_CAUSE_UNTRUSTED);
}

/* Row 7: each certificate is checked with the key of the one above it, whatever identifiers say. */
static void
test_flaw_7_certificates_of_an_authority(void **state)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims = marked();
    struct house h = build_house(BL_KEY_P256), stranger = build_house(BL_KEY_P256);
    struct card c = card_make(BL_CERT_GRAMINE, "1.2.840.113741.1337.6", PAPER_SGX);
    struct bl_anchor anchors[2];

    (void)state;
    c.authority = h.root;
    c.authority_key = h.root_key;
    card_build(&c);
    assert_cause(card_verify(&c, &claims, &err), BULLA_CAUSE_UNTRUSTED, &err);
    anchors[0] = c.p->anchor;
    anchors[1] = (struct bl_anchor){ .name = "ca",
                                     .kind = BL_ANCHOR_GIVEN,
                                     .role = "ca",
                                     .der = bl_certificate_der(stranger.root) };
    c.p->v.anchors = anchors;
    c.p->v.anchor_count = 2;
    assert_cause(card_verify(&c, &claims, &err), BULLA_CAUSE_SIGNATURE, &err); /* of one name */
    assert_untouched(&claims);
    anchors[1].der = bl_certificate_der(h.root);
    bulla_error_clear(&err);
    assert_ok(card_verify(&c, &claims, &err), &err);
    h.root = NULL;
    h.root_key = NULL; /* went with the card */
    card_done(&c);
    house_done(&h);
    house_done(&stranger);
}

/* -- where the evidence stands -------------------------------------------------------------------- */

static const char *changed_oid; /* of what the alterations below alter */

static int
place_of(X509 *x509, const char *oid)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    int place = X509_get_ext_by_OBJ(x509, object, -1);

    ASN1_OBJECT_free(object);
    assert_true(place >= 0);
    return place;
}

static void
make_critical(X509 *x509)
{
    X509_EXTENSION *extension = X509_get_ext(x509, place_of(x509, changed_oid));

    assert_int_equal(X509_EXTENSION_set_critical(extension, 1), 1);
}

static void
make_double(X509 *x509)
{
    X509_EXTENSION *extension = X509_get_ext(x509, place_of(x509, changed_oid));

    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
}

/* The extension, whole, inside another one that stands before it; the real one is gone. */
static void
hide(X509 *x509)
{
    X509_EXTENSION *extension = X509_delete_ext(x509, place_of(x509, changed_oid));
    unsigned char *encoded = NULL;
    int size = i2d_X509_EXTENSION(extension, &encoded);
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.55555.3", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

    assert_int_equal(ASN1_OCTET_STRING_set(value, encoded, size), 1);
    X509_EXTENSION *other = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
    assert_int_equal(X509_add_ext(x509, other, 0), 1);
    X509_EXTENSION_free(other);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
    OPENSSL_free(encoded);
}

/* Row 9: found by walking the ASN.1, once, critical or not. */
static void
test_flaw_9_extensions_are_found_by_walking(void **state)
{
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_formats); i++) {
        struct card c = card_make(all_formats[i].format, all_formats[i].oid, all_formats[i].kind);
        struct bl_claims claims = { 0 };
        changed_oid = c.oid;
        c.alter = make_critical;
        card_build(&c);
        assert_ok(card_verify(&c, &claims, &err), &err);
        card_done(&c);

        c = card_make(all_formats[i].format, all_formats[i].oid, all_formats[i].kind);
        c.alter = make_double;
        card_refused(&c, BULLA_CAUSE_MALFORMED);

        c = card_make(all_formats[i].format, all_formats[i].oid, all_formats[i].kind);
        c.alter = hide;
        card_refused(&c, BULLA_CAUSE_CLAIM_MISSING);
    }
}

/* -- the evidence itself ------------------------------------------------------------------------- */

static void
test_a_quote_that_is_not_genuine(void **state)
{
    struct card c = card_make(BL_CERT_GRAMINE, "1.2.840.113741.1337.6", PAPER_SGX);

    (void)state;
    c.p->is_signed_by_other = true;
    card_refused(&c, BULLA_CAUSE_QUOTE_SIGNATURE);
}

static void
test_kinds_that_bind_no_key(void **state)
{
    static const char *const kinds[] = { "cert", "tpm", "psa" };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(kinds); i++) {
        struct card c = card_make(BL_CERT_WRAPPED, "1.3.6.1.5.5.7.1.35", PAPER_SGX);
        c.wrapped_kind = kinds[i];
        card_refused(&c, BULLA_CAUSE_UNSUPPORTED);
    }
}

static void
test_pieces_in_a_certificate_replace_none_that_are_given(void **state)
{
    struct card c = card_make(BL_CERT_WRAPPED, "1.3.6.1.5.5.7.1.35", PAPER_SGX);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    (void)state;
    c.wrapped_part = (struct bl_part){ "pck_crl", BL_LITERAL("spoilt") };
    card_build(&c);
    assert_ok(card_verify(&c, &claims, &err), &err);
    assert_false(is_unchecked(&claims, "pck_crl"));
    card_done(&c);
}

static void
test_a_platform_that_reaches_no_level(void **state)
{
    struct card c = card_make(BL_CERT_TAGGED, "2.23.133.5.4.9", PAPER_TD15);
    struct bulla_error err = { 0 };
    struct bl_claims claims = marked();

    (void)state;
    c.p->body[0] = 1; /* the module is below all levels */
    card_build(&c);
    assert_cause(card_verify(&c, &claims, &err), BULLA_CAUSE_TCB_NOT_SUPPORTED, &err);
    assert_null(claims.kind); /* nothing is claimed but how the parts are rated */
    assert_true(claims.tcb.is_rated);
    assert_int_equal(claims.binding, BL_BINDING_ABSENT);
    card_done(&c);
}

/* -- the decoder ---------------------------------------------------------------------------------- */

static enum bulla_status
decode(enum bl_cert_format format, struct bulla_bytes value, struct bulla_error *err)
{
    struct bl_cert_evidence *evidence = calloc(1, sizeof *evidence);

    bulla_error_clear(err);
    enum bulla_status status = bl_cert_evidence_decode(format, value, evidence, err);
    assert_true(status == BULLA_OK || (err->where != NULL && err->what != NULL));
    bl_cert_evidence_done(evidence);
    free(evidence);
    return status;
}

/* A bare quote has no length of its own here, and the end of custom claims is that of the value. */
static void
test_every_truncation(void **state)
{
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_formats); i++) {
        struct card c = card_make(all_formats[i].format, all_formats[i].oid, all_formats[i].kind);
        card_build(&c);
        enum bl_cert_format format =
            strcmp(c.oid, "2.23.133.5.4.9") == 0 ? BL_CERT_TAGGED : c.format;
        size_t least = c.format == BL_CERT_GRAMINE ? 8 : c.value.size;
        assert_ok(decode(format, bulla_buffer_bytes(&c.value), &err), &err);
        for (size_t size = 0; size < least; size++)
            assert_int_not_equal(decode(format, (struct bulla_bytes){ c.value.data, size }, &err),
                                 BULLA_OK);
        put(&c.value, BL_LITERAL("\x01"));
        assert_int_equal(decode(format, bulla_buffer_bytes(&c.value), &err),
                         c.format == BL_CERT_GRAMINE ? BULLA_OK : BULLA_E_MALFORMED);
        card_done(&c);
    }
}

static void
test_fields_out_of_range(void **state)
{
    static const struct {
        enum bl_cert_format format;
        const char *oid;
        size_t at;
        uint8_t value;
        enum bulla_status status;
    } wrong[] = {
        { BL_CERT_TAGGED, "2.23.133.5.4.9", 2, 0x61, BULLA_E_UNSUPPORTED }, /* 60001 */
        { BL_CERT_TAGGED, "2.23.133.5.4.9", 3, 0x83, BULLA_E_MALFORMED },
        { BL_CERT_OE_EVIDENCE, "1.3.6.1.4.1.311.105.2", 0, 2, BULLA_E_UNSUPPORTED },
        { BL_CERT_OE_EVIDENCE, "1.3.6.1.4.1.311.105.2", 4, 0, BULLA_E_UNSUPPORTED },
        { BL_CERT_OE_EVIDENCE, "1.3.6.1.4.1.311.105.2", 24, 0, BULLA_E_MALFORMED },
        { BL_CERT_OE_REPORT, "1.3.6.1.4.1.311.105.1", 0, 2, BULLA_E_UNSUPPORTED },
        { BL_CERT_OE_REPORT, "1.3.6.1.4.1.311.105.1", 4, 1, BULLA_E_UNSUPPORTED },
        { BL_CERT_OE_REPORT, "1.3.6.1.4.1.311.105.1", 8, 0, BULLA_E_MALFORMED },
        { BL_CERT_GRAMINE, "1.2.840.113741.1337.6", 4, 1, BULLA_E_UNSUPPORTED },
        { BL_CERT_DSTACK, "1.3.6.1.4.1.62397.1.1", 0, 5, BULLA_E_MALFORMED },
    };
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(wrong); i++) {
        struct card c = card_make(wrong[i].format, wrong[i].oid, PAPER_SGX);
        card_build(&c);
        c.value.data[wrong[i].at] = wrong[i].value;
        assert_int_equal(decode(c.format, bulla_buffer_bytes(&c.value), &err), wrong[i].status);
        card_done(&c);
    }
}

/* Claims of a tagged quote, as hexadecimal bytes in C: each is wrong in one way. */
static void
test_tagged_claims(void **state)
{
#define KEY "\x6bpubkey-hash"
    const struct {
        struct bulla_bytes claims;
        enum bulla_cause cause;
    } wrong[] = {
        { BL_LITERAL("\xa0"), BULLA_CAUSE_CLAIM_MISSING },
        { BL_LITERAL("\xa1\x65nonce\x41\x01"), BULLA_CAUSE_CLAIM_MISSING },
        { BL_LITERAL("\xa1" KEY "\x45\x82\x01\x42\x01\x02"), BULLA_CAUSE_MALFORMED }, /* size */
        { BL_LITERAL("\xa1" KEY "\x45\x82\x02\x42\x01\x02"), BULLA_CAUSE_UNSUPPORTED },
        { BL_LITERAL("\xa1" KEY "\x42\x81\x01"), BULLA_CAUSE_MALFORMED },
        { BL_LITERAL("\xa2" KEY "\x41\x01" KEY "\x41\x01"), BULLA_CAUSE_MALFORMED }, /* twice */
    };
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(wrong); i++) {
        BL_AUTO(bulla_buffer) value = { 0 };
        struct bl_writer w = bl_writer(&value);
        static const uint8_t quote[8] = { 3 };
        bl_cbor_write_tag(&w, 60000);
        bl_cbor_write_array(&w, 2);
        bl_cbor_write_bytes(&w, BL_BYTES_OF(quote));
        bl_cbor_write_bytes(&w, wrong[i].claims);
        assert_int_not_equal(decode(BL_CERT_TAGGED, bulla_buffer_bytes(&value), &err), BULLA_OK);
        assert_int_equal(err.cause, wrong[i].cause);
    }
}

static void
test_the_choice_says_what_is_in_it(void **state)
{
    struct bulla_error err = { 0 };

    (void)state;
    assert_int_equal(decode(BL_CERT_WRAPPED, BL_LITERAL("\x0c\x00"), &err), BULLA_E_MALFORMED);
    for (int is_json = 0; is_json < 2; is_json++) {
        struct card c = card_make(BL_CERT_WRAPPED, "1.3.6.1.5.5.7.1.35", PAPER_SGX);
        c.is_json = is_json == 1;
        c.swaps_choice = true;
        card_refused(&c, BULLA_CAUSE_MALFORMED);
    }
}

/* -- the world ----------------------------------------------------------------------------------- */

static enum bulla_status
verify_faulty(const void *context, struct bulla_error *err)
{
    struct bl_claims claims = marked();
    enum bulla_status status = card_verify(context, &claims, err);

    if (status != BULLA_OK)
        assert_untouched(&claims);
    return status;
}

static void
test_memory_that_runs_out(void **state)
{
    struct card c = card_make(BL_CERT_WRAPPED, "1.3.6.1.5.5.7.1.35", PAPER_SGX);

    (void)state;
    card_build(&c);
    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, verify_faulty, &c) > 10);
    card_done(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_format),
        cmocka_unit_test(test_flaw_46_a_certificate_shown_again_is_unbound),
        cmocka_unit_test(test_evidence_for_another_key),
        cmocka_unit_test(test_claims_that_the_quote_does_not_have),
        cmocka_unit_test(test_nonces),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_a_signature_by_another_key),
        cmocka_unit_test(test_unknown_critical_extension),
        cmocka_unit_test(test_flaw_7_certificates_of_an_authority),
        cmocka_unit_test(test_flaw_9_extensions_are_found_by_walking),
        cmocka_unit_test(test_a_quote_that_is_not_genuine),
        cmocka_unit_test(test_kinds_that_bind_no_key),
        cmocka_unit_test(test_pieces_in_a_certificate_replace_none_that_are_given),
        cmocka_unit_test(test_a_platform_that_reaches_no_level),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_fields_out_of_range),
        cmocka_unit_test(test_tagged_claims),
        cmocka_unit_test(test_the_choice_says_what_is_in_it),
        cmocka_unit_test(test_memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

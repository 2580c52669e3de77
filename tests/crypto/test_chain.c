/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains of certificates verified: dates, names, signatures, who may issue, what is critical.
 */
#include "certificate_fixture.h"

#include <stdlib.h>

static void
test_a_chain_verifies(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const enum bl_key_kind kinds[] = { BL_KEY_ED25519, BL_KEY_P256, BL_KEY_P384 };

    for (size_t i = 0; i < 3; i++) {
        struct house h = build_house(kinds[i]);
        assert_ok(verify_at(h.leaf, h.root, NOW_S, &err), &err);
        house_done(&h);
    }
}

static void
test_dates_on_both_sides(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    struct bl_certificate_request long_lived = leaf_request(h.leaf_key);
    long_lived.not_before_s = 0;
    long_lived.not_after_s = INT64_C(253402300799);
    struct bl_certificate *leaf = issue(long_lived, h.root, h.root_key);

    assert_ok(verify_at(h.leaf, h.root, BEFORE_S, &err), &err);
    assert_ok(verify_at(h.leaf, h.root, AFTER_S, &err), &err);
    assert_cause(verify_at(h.leaf, h.root, BEFORE_S - 1, &err), BULLA_CAUSE_NOT_YET_VALID, &err);
    assert_cause(verify_at(h.leaf, h.root, AFTER_S + 1, &err), BULLA_CAUSE_EXPIRED, &err);
    bulla_error_clear(&err); /* the anchor's */
    assert_ok(verify_at(leaf, h.root, AFTER_S + 1000, &err), &err);
    assert_ok(verify_at(leaf, h.root, BEFORE_S - 1000, &err), &err);
    assert_cause(verify_at(leaf, h.root, AFTER_S + 1001, &err), BULLA_CAUSE_EXPIRED, &err);
    assert_int_equal(err.offset, 1);
    assert_cause(verify_at(leaf, h.root, BEFORE_S - 1001, &err), BULLA_CAUSE_NOT_YET_VALID, &err);
    bl_certificate_free(leaf);
    house_done(&h);
}

static void
test_another_authority(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    struct house other = build_house(BL_KEY_P256); /* of the same name */
    struct bl_certificate_request request = root_request(other.root_key);
    request.common_name = "Root"; /* another name under the same key */
    struct bl_certificate *renamed = issue(request, NULL, other.root_key);

    assert_fails(verify_at(h.leaf, other.root, NOW_S, &err), BULLA_E_SIGNATURE, &err);
    assert_fails(verify_at(other.leaf, renamed, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    assert_fails(verify_at(h.root, h.leaf, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    bl_certificate_free(renamed);
    house_done(&other);
    house_done(&h);
}

static void
test_no_byte_can_change(void **state)
{
    (void)state;
    struct house h = build_house(BL_KEY_P256);
    const struct bulla_bytes der = bl_certificate_der(h.leaf);
    uint8_t *copy = malloc(der.size);

    assert_non_null(copy);
    for (size_t i = 0; i < der.size; i++) {
        memcpy(copy, der.data, der.size);
        copy[i] ^= 1;
        BL_AUTO_FREE(bl_certificate) certificate = NULL;
        if (bl_certificate_parse((struct bulla_bytes){ copy, der.size }, &certificate, NULL) !=
            BULLA_OK)
            continue;
        assert_int_not_equal(verify_at(certificate, h.root, NOW_S, NULL), BULLA_OK);
    }
    free(copy);
    house_done(&h);
}

static void
make_authority(X509 *x509)
{
    replace_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
    replace_extension(x509, NID_key_usage, "critical,keyCertSign");
}

static void
allow_one_below(X509 *x509)
{
    replace_extension(x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:1");
}

static void
take_signing_away(X509 *x509)
{
    replace_extension(x509, NID_key_usage, "critical,digitalSignature");
}

static void
drop_constraints(X509 *x509)
{
    replace_extension(x509, NID_basic_constraints, NULL);
}

static void
name_issuer_leaf(X509 *x509)
{
    X509_NAME *name = X509_NAME_new();

    assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                                (const unsigned char *)"leaf", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x509, name), 1);
    X509_NAME_free(name);
}

/* bottom <- middle <- root, the middle one altered in one way and the root in another. */
static enum bulla_status
verify_three(const struct house *h, alteration of_root, alteration of_middle,
             struct bulla_error *err)
{
    BL_AUTO_FREE(bl_certificate) root = altered(h->root, of_root, h->root_key);
    BL_AUTO_FREE(bl_certificate) middle = altered(h->leaf, of_middle, h->root_key);
    BL_AUTO_FREE(bl_certificate) bottom = altered(h->leaf, name_issuer_leaf, h->leaf_key);
    const struct bl_certificate *const chain[] = { bottom, middle };

    return bl_chain_verify(chain, 2, root, NOW_S, NULL, err);
}

static void
test_who_may_issue(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);

    assert_ok(verify_three(&h, allow_one_below, make_authority, &err), &err);
    assert_fails(verify_three(&h, NULL, make_authority, &err), BULLA_E_UNTRUSTED, &err);
    assert_string_equal(err.what, "longer than an issuer permits");
    assert_fails(verify_three(&h, allow_one_below, NULL, &err), BULLA_E_UNTRUSTED, &err);
    assert_string_equal(err.what, "an issuer is no certification authority");
    assert_fails(verify_three(&h, allow_one_below, drop_constraints, &err), BULLA_E_UNTRUSTED,
                 &err);
    assert_string_equal(err.what, "an issuer is no certification authority");
    assert_fails(verify_three(&h, take_signing_away, make_authority, &err), BULLA_E_UNTRUSTED,
                 &err);
    assert_string_equal(err.what, "an issuer's key may not sign certificates");
    house_done(&h);
}

/* A memo makes an answer faster, and never another one. */
static void
test_a_memo(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256), other = build_house(BL_KEY_P256);
    BL_AUTO_FREE(bl_memo) memo = NULL;
    BL_AUTO_FREE(bl_certificate) forged = altered(h.leaf, make_authority, other.root_key);
    BL_AUTO(bulla_buffer) der = { 0 };
    const struct bl_certificate *const leaf[] = { h.leaf }, *const stranger[] = { forged };

    assert_ok(bl_memo_new(8, 1 << 20, &memo, &err), &err);
    for (int i = 0; i < 2; i++) {
        assert_ok(bl_chain_verify_known(leaf, 1, h.root, NOW_S, NULL, memo, &err), &err);
        /* the same signature, another message: one byte of the leaf's own key differs */
        der.size = 0;
        assert_ok(bulla_buffer_append(&der, bl_certificate_der(h.leaf), &err), &err);
        const struct bulla_bytes spki = bl_certificate_spki(h.leaf);
        der.data[(size_t)(spki.data - bl_certificate_der(h.leaf).data) + spki.size - 1] ^= 1;
        BL_AUTO_FREE(bl_certificate) changed = parse(&der);
        const struct bl_certificate *const lie[] = { changed };
        assert_fails(bl_chain_verify_known(lie, 1, h.root, NOW_S, NULL, memo, &err),
                     BULLA_E_SIGNATURE, &err);
        /* the same message and signature, another key of the same name */
        assert_fails(bl_chain_verify_known(leaf, 1, other.root, NOW_S, NULL, memo, &err),
                     BULLA_E_SIGNATURE, &err);
        assert_fails(bl_chain_verify_known(stranger, 1, h.root, NOW_S, NULL, memo, &err),
                     BULLA_E_SIGNATURE, &err);
        /* what is known to be signed may be out of date */
        assert_fails(bl_chain_verify_known(leaf, 1, h.root, AFTER_S + 1, NULL, memo, &err),
                     BULLA_E_STALE, &err);
        bulla_error_clear(&err);
    }
    house_done(&h);
    house_done(&other);
}

static void
test_counts(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    const struct bl_certificate *chain[BL_CHAIN_COUNT_MAX] = { h.leaf, h.leaf, h.leaf,
                                                               h.leaf, h.leaf, h.leaf };

    assert_fails(bl_chain_verify(chain, 0, h.root, NOW_S, NULL, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_chain_verify(chain, BL_CHAIN_COUNT_MAX, h.root, NOW_S, NULL, &err),
                 BULLA_E_LIMIT, &err);
    house_done(&h);
}

static void
add_unknown_critical(X509 *x509)
{
    add_unknown(x509, 1);
}

static void
add_name_constraints(X509 *x509)
{
    replace_extension(x509, NID_name_constraints, "critical,permitted;DNS:example.org");
}

static void
test_critical_extensions(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    BL_AUTO_FREE(bl_certificate) critical = altered(h.leaf, add_unknown_critical, h.root_key);
    BL_AUTO_FREE(bl_certificate) harmless = altered(h.leaf, add_unknown_harmless, h.root_key);
    BL_AUTO_FREE(bl_certificate) of_root = altered(h.root, add_unknown_critical, h.root_key);
    BL_AUTO_FREE(bl_certificate) constrained = altered(h.root, add_name_constraints, h.root_key);
    const struct bl_certificate *const chain[] = { critical };
    static const char *const known[] = { "2.5.29.99", "1.3.6.1.4.1.55555.2", NULL };
    static const char *const others[] = { "1.3.6.1.4.1.55555.22", "1.3.6.1.4.1.55555", NULL };

    assert_ok(verify_at(harmless, h.root, NOW_S, &err), &err);
    assert_fails(verify_at(critical, h.root, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    assert_fails(bl_chain_verify(chain, 1, h.root, NOW_S, others, &err), BULLA_E_UNTRUSTED, &err);
    assert_fails(verify_at(h.leaf, of_root, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    assert_fails(verify_at(h.leaf, constrained, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    bulla_error_clear(&err);
    assert_ok(bl_chain_verify(chain, 1, h.root, NOW_S, known, &err), &err);
    house_done(&h);
}

static void
test_signatures_that_prove_nothing(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct house h = build_house(BL_KEY_P256);
    BL_AUTO(bulla_buffer) sha1 = altered_der(h.leaf, NULL, h.root_key, EVP_sha1());
    BL_AUTO(bulla_buffer) sha512 = altered_der(h.leaf, NULL, h.root_key, EVP_sha512());
    BL_AUTO_FREE(bl_certificate) weak = parse(&sha1);
    BL_AUTO_FREE(bl_certificate) strong = parse(&sha512);

    assert_ok(verify_at(strong, h.root, NOW_S, &err), &err);
    assert_fails(verify_at(weak, h.root, NOW_S, &err), BULLA_E_UNTRUSTED, &err);
    house_done(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_chain_verifies),
        cmocka_unit_test(test_dates_on_both_sides),
        cmocka_unit_test(test_another_authority),
        cmocka_unit_test(test_no_byte_can_change),
        cmocka_unit_test(test_who_may_issue),
        cmocka_unit_test(test_a_memo),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_critical_extensions),
        cmocka_unit_test(test_signatures_that_prove_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

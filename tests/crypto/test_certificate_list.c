/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of other people's make: verified as a chain, read as a list, put into order, named.
 */
#include "authority_fixture.h"

#include "codec/pem.h"
#include "crypto/certificate_list.h"

/* leaf <- middle <- root. */
struct line {
    struct party root, middle, leaf;
};

static struct line
make_line(enum algorithm algorithm, struct saying of_leaf)
{
    struct line line;

    of_leaf.name = of_leaf.name != NULL ? of_leaf.name : "leaf";
    of_leaf.constraints = "critical,CA:FALSE";
    of_leaf.key_usage = "critical,digitalSignature";
    line.root = certify(make_key(algorithm), algorithm, (struct saying){ .name = "root" }, NULL);
    line.middle =
        certify(make_key(algorithm), algorithm, (struct saying){ .name = "middle" }, &line.root);
    line.leaf = certify(make_key(WITH_P256), WITH_P256, of_leaf, &line.middle);
    return line;
}

static void
line_done(struct line *line)
{
    party_done(&line->root);
    party_done(&line->middle);
    party_done(&line->leaf);
}

static enum bulla_status
verify_line(const struct line *line, int64_t now_s, struct bulla_error *err)
{
    const struct bl_certificate *const chain[] = { line->leaf.certificate,
                                                   line->middle.certificate };

    return bl_chain_verify(chain, 2, line->root.certificate, now_s, NULL, err);
}

static void
test_algorithms(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct line line = make_line((enum algorithm)i, (struct saying){ 0 });
        struct line other = make_line((enum algorithm)i, (struct saying){ 0 });
        assert_ok(verify_line(&line, NOW_S, &err), &err);
        const struct bl_certificate *const mixed[] = { line.leaf.certificate,
                                                       other.middle.certificate };
        assert_fails(bl_chain_verify(mixed, 2, other.root.certificate, NOW_S, NULL, &err),
                     BULLA_E_SIGNATURE, &err);
        bulla_error_clear(&err);
        line_done(&other);
        line_done(&line);
    }
}

static void
test_serials_and_dates(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const char *const serials[] = {
        "00",
        "-01",
        "-FF00",
        "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20",
    };
    static const struct bulla_bytes contents[] = {
        { (const uint8_t *)"\x00", 1 },
        { (const uint8_t *)"\xff", 1 },
        { (const uint8_t *)"\xff\x01\x00", 3 },
        { (const uint8_t *)"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
                           "\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x20",
          32 },
    };

    for (size_t i = 0; i < BL_COUNT_OF(serials); i++) {
        struct line line = make_line(
            WITH_P384, (struct saying){ .serial = serials[i], .not_after = "99991231235959Z" });
        int64_t before_s = 0, after_s = 0;
        bl_certificate_validity(line.leaf.certificate, &before_s, &after_s);
        assert_true(after_s == INT64_C(253402300799));
        assert_bytes_equal(bl_certificate_serial(line.leaf.certificate), contents[i]);
        assert_ok(verify_line(&line, NOW_S, &err), &err);
        line_done(&line);
    }
    struct line late = make_line(WITH_P256, (struct saying){ .not_before = "20510101000000Z",
                                                             .not_after = "21220101000000Z" });
    assert_cause(verify_line(&late, NOW_S, &err), BULLA_CAUSE_NOT_YET_VALID, &err);
    line_done(&late);
}

static struct bulla_buffer
pem_of(const struct line *line)
{
    struct bulla_error err = { 0 };
    struct bulla_buffer pem = { 0 };
    const struct party *const order[] = { &line->middle, &line->root, &line->leaf };

    for (size_t i = 0; i < 3; i++)
        assert_ok(
            bl_pem_encode(bl_certificate_der(order[i]->certificate), "CERTIFICATE", &pem, &err),
            &err);
    return pem;
}

static void
assert_same(const struct bl_certificate *a, const struct bl_certificate *b)
{
    assert_bytes_equal(bl_certificate_der(a), bl_certificate_der(b));
}

static void
test_read_and_put_into_order(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct line line = make_line(WITH_P256, (struct saying){ 0 });
    BL_AUTO(bulla_buffer) pem = pem_of(&line);
    BL_AUTO(bl_certificate_list) list = { 0 };
    BL_AUTO(bl_certificate_list) one = { 0 };

    assert_ok(bl_certificate_list_read(bulla_buffer_bytes(&pem), &list, &err), &err);
    assert_int_equal(list.count, 3);
    assert_same(list.items[0], line.middle.certificate);
    assert_ok(bl_certificate_list_order(&list, &err), &err);
    assert_same(list.items[0], line.leaf.certificate);
    assert_same(list.items[1], line.middle.certificate);
    assert_same(list.items[2], line.root.certificate);
    assert_ok(bl_certificate_list_read(bl_certificate_der(line.leaf.certificate), &one, &err),
              &err);
    assert_int_equal(one.count, 1);
    assert_ok(bl_certificate_list_order(&one, &err), &err);
    assert_ok(bl_certificate_list_read(bulla_buffer_bytes(&pem), &list, &err), &err);
    assert_fails(bl_certificate_list_read(bl_certificate_der(line.leaf.certificate), &list, &err),
                 BULLA_E_LIMIT, &err);
    assert_int_equal(list.count, BL_CHAIN_COUNT_MAX);
    line_done(&line);
}

static void
test_what_is_not_read(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct line line = make_line(WITH_P256, (struct saying){ 0 });
    BL_AUTO(bulla_buffer) pem = pem_of(&line);
    BL_AUTO(bulla_buffer) key = { 0 };
    BL_AUTO(bulla_buffer) long_der = { 0 };
    BL_AUTO(bl_certificate_list) list = { 0 };

    for (size_t size = 0; size + 1 < pem.size; size++) {
        const struct bulla_bytes part = { pem.data, size };
        enum bulla_status status = bl_certificate_list_read(part, &list, NULL);
        const bool ends_a_block = list.count > 0;
        assert_int_equal(status, ends_a_block ? BULLA_OK : BULLA_E_MALFORMED);
        assert_true(!ends_a_block || part.data[size - 1] == '-' || part.data[size - 1] == '\n');
        bl_certificate_list_done(&list);
    }
    assert_ok(bl_pem_encode(bl_certificate_der(line.leaf.certificate), "PUBLIC KEY", &key, &err),
              &err);
    assert_fails(bl_certificate_list_read(bulla_buffer_bytes(&key), &list, &err), BULLA_E_MALFORMED,
                 &err);
    assert_ok(bulla_buffer_append(&pem, BL_LITERAL("x"), NULL), &err);
    assert_fails(bl_certificate_list_read(bulla_buffer_bytes(&pem), &list, &err), BULLA_E_MALFORMED,
                 &err);
    assert_ok(bulla_buffer_append(&long_der, bl_certificate_der(line.leaf.certificate), NULL),
              &err);
    assert_ok(bulla_buffer_append(&long_der, bl_certificate_der(line.leaf.certificate), NULL),
              &err);
    assert_fails(bl_certificate_list_read(bulla_buffer_bytes(&long_der), &list, &err),
                 BULLA_E_MALFORMED, &err);
    assert_int_equal(list.count, 0);
    line_done(&line);
}

/* What came before is not parsed again, outlives the lists that it is in, and nothing else passes for it. */
static void
test_known_ones(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct line line = make_line(WITH_P256, (struct saying){ 0 });
    struct line other = make_line(WITH_P256, (struct saying){ 0 });
    BL_AUTO(bulla_buffer) pem = pem_of(&line);
    BL_AUTO(bulla_buffer) other_pem = pem_of(&other);
    BL_AUTO(bl_certificate_list) list = { 0 };
    BL_AUTO(bl_certificate_list) again = { 0 };
    BL_AUTO(bl_certificate_list) others = { 0 };
    BL_AUTO_FREE(bl_memo) memo = NULL;

    assert_ok(bl_memo_new(8, 1 << 20, &memo, &err), &err);
    for (int i = 0; i < 2; i++) {
        assert_ok(bl_certificate_list_read_known(bulla_buffer_bytes(&pem), memo, &list, &err),
                  &err);
        assert_ok(bl_certificate_list_read_known(bulla_buffer_bytes(&pem), memo, &again, &err),
                  &err);
        assert_int_equal(again.count, 3);
        for (size_t j = 0; j < 3; j++)
            assert_ptr_equal(list.items[j], again.items[j]);
        bl_certificate_list_done(&list);
        assert_same(again.items[0], line.middle.certificate);
        assert_same(again.items[2], line.leaf.certificate);
        bl_certificate_list_done(&again);
        assert_ok(
            bl_certificate_list_read_known(bulla_buffer_bytes(&other_pem), memo, &others, &err),
            &err);
        assert_same(others.items[0], other.middle.certificate);
        assert_same(others.items[2], other.leaf.certificate);
        bl_certificate_list_done(&others);
        assert_ok(bl_certificate_list_read_known(bl_certificate_der(line.leaf.certificate), memo,
                                                 &list, &err),
                  &err);
        assert_same(list.items[0], line.leaf.certificate);
        for (int j = 0; j < 3; j++)
            assert_ok(bl_certificate_list_read_known(bl_certificate_der(other.leaf.certificate),
                                                     memo, &list, &err),
                      &err);
        assert_same(list.items[3], other.leaf.certificate);
        assert_fails(bl_certificate_list_read_known(bulla_buffer_bytes(&pem), memo, &list, &err),
                     BULLA_E_LIMIT, &err);
        bulla_error_clear(&err);
        bl_certificate_list_done(&list);
    }
    assert_ok(bl_certificate_list_read_known(bulla_buffer_bytes(&pem), memo, &list, &err), &err);
    for (int i = 0; i < 2; i++)
        assert_ok(bulla_buffer_append(&other_pem, bulla_buffer_bytes(&pem), &err), &err);
    assert_fails(
        bl_certificate_list_read_known(bulla_buffer_bytes(&other_pem), memo, &others, &err),
        BULLA_E_LIMIT, &err);
    assert_int_equal(others.count, 0);
    bl_memo_free(memo);
    memo = NULL;
    assert_same(list.items[1], line.root.certificate);
    line_done(&line);
    line_done(&other);
}

static void
append(struct bl_certificate_list *list, const struct party *party)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_certificate_list_read(bl_certificate_der(party->certificate), list, &err), &err);
}

/* Refused, and left as it was. */
static void
assert_no_chain(struct bl_certificate_list *list)
{
    struct bulla_error err = { 0 };
    const struct bl_certificate_list before = *list;

    assert_fails(bl_certificate_list_order(list, &err), BULLA_E_UNTRUSTED, &err);
    assert_memory_equal(list, &before, sizeof before);
    bl_certificate_list_done(list);
}

static void
test_what_is_no_chain(void **state)
{
    (void)state;
    struct line line = make_line(WITH_P256, (struct saying){ 0 });
    struct line other = make_line(WITH_P256, (struct saying){ .name = "another leaf" });
    struct saying same = { .name = "same" };
    struct party first = certify(make_key(WITH_P256), WITH_P256, same, NULL);
    struct saying says_b = { .name = "b" };
    struct party b = certify(make_key(WITH_P256), WITH_P256, says_b, &first);
    struct party back = certify(make_key(WITH_P256), WITH_P256, same, &b);
    struct party entry =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "entry" }, &b);
    struct party renewed =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "middle" }, &line.middle);
    BL_AUTO(bl_certificate_list) list = { 0 };

    assert_no_chain(&list); /* nothing */
    append(&list, &line.leaf);
    append(&list, &line.root);
    assert_no_chain(&list); /* a gap */
    append(&list, &line.leaf);
    append(&list, &line.middle);
    append(&list, &line.leaf);
    assert_no_chain(&list); /* the same twice */
    append(&list, &line.leaf);
    append(&list, &line.middle);
    append(&list, &other.leaf);
    assert_no_chain(&list); /* two leaves */
    append(&list, &line.leaf);
    append(&list, &line.middle);
    append(&list, &other.middle);
    assert_no_chain(&list); /* two issuers of one name */
    append(&list, &b);
    append(&list, &back);
    assert_no_chain(&list); /* a circle */
    append(&list, &b);
    append(&list, &first);
    append(&list, &back);
    assert_no_chain(&list); /* two of one name in it */
    append(&list, &entry);
    append(&list, &b);
    append(&list, &back);
    assert_no_chain(&list); /* a way into a circle */
    append(&list, &line.leaf);
    append(&list, &line.middle);
    append(&list, &renewed);
    assert_no_chain(&list); /* an issuer, and the same with a new key */
    party_done(&renewed);
    party_done(&entry);
    party_done(&back);
    party_done(&b);
    party_done(&first);
    line_done(&other);
    line_done(&line);
}

static void
test_names(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct line line = make_line(WITH_P256, (struct saying){ .name = " #a,b+c\"d\\e<f>;g " });
    BL_AUTO(bulla_buffer) subject = { 0 };
    BL_AUTO(bulla_buffer) issuer = { 0 };
    BL_AUTO(bulla_buffer) common = { 0 };

    assert_true(bl_certificate_is_issued_by(line.leaf.certificate, line.middle.certificate));
    assert_false(bl_certificate_is_issued_by(line.leaf.certificate, line.root.certificate));
    assert_false(bl_certificate_is_issued_by(line.middle.certificate, line.leaf.certificate));
    assert_true(bl_certificate_is_self_issued(line.root.certificate));
    assert_false(bl_certificate_is_self_issued(line.middle.certificate));
    assert_ok(bl_certificate_name_text(line.leaf.certificate, false, &subject, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&subject),
                       BL_LITERAL("CN=\\ #a\\,b\\+c\\\"d\\\\e\\<f\\>\\;g\\ ,C=DE"));
    assert_ok(bl_certificate_name_text(line.leaf.certificate, true, &issuer, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&issuer), BL_LITERAL("CN=middle,C=DE"));
    assert_ok(bl_certificate_common_name(line.leaf.certificate, &common, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&common), BL_LITERAL(" #a,b+c\"d\\e<f>;g "));
    line_done(&line);
}

/* The subject's name of a certificate like `like`, with one more attribute. */
static struct bl_certificate *
with_attribute(const struct party *like, const char *type, const char *value, size_t size, int set)
{
    X509 *x509 = native(like->certificate);

    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), type, MBSTRING_UTF8,
                                                (const unsigned char *)value, (int)size, -1, set),
                     1);
    assert_true(X509_sign(x509, like->key, EVP_sha256()) > 0);
    struct bl_certificate *renamed = parse_native(x509);
    X509_free(x509);
    return renamed;
}

static void
test_unusual_names(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct party party =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "x" }, NULL);
    BL_AUTO_FREE(bl_certificate) joined = with_attribute(&party, "OU", "y", 1, -1);
    BL_AUTO_FREE(bl_certificate) numbered = with_attribute(&party, "serialNumber", "530D", 4, 0);
    BL_AUTO_FREE(bl_certificate) zeroed = with_attribute(&party, "O", "5\0a", 3, 0);
    BL_AUTO_FREE(bl_certificate) twice = with_attribute(&party, "CN", "y", 1, 0);
    BL_AUTO(bulla_buffer) text = { 0 };

    assert_ok(bl_certificate_name_text(joined, false, &text, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&text), BL_LITERAL("CN=x+OU=y,C=DE"));
    bulla_buffer_clear(&text);
    assert_ok(bl_certificate_name_text(numbered, false, &text, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&text), BL_LITERAL("2.5.4.5=530D,CN=x,C=DE"));
    bulla_buffer_clear(&text);
    assert_ok(bl_certificate_name_text(zeroed, false, &text, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&text), BL_LITERAL("O=5\\00a,CN=x,C=DE"));
    assert_fails(bl_certificate_common_name(twice, &text, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(text.size, 17);
    party_done(&party);
}

static void
test_digest_of_the_key(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct party party = certify(make_key((enum algorithm)i), (enum algorithm)i,
                                     (struct saying){ .name = "x" }, NULL);
        unsigned char *spki = NULL;
        uint8_t found[32], expected[32];
        int size = i2d_PUBKEY(party.key, &spki);
        assert_int_equal(EVP_Digest(spki, (size_t)size, expected, NULL, EVP_sha256(), NULL), 1);
        assert_ok(bl_certificate_spki_digest(party.certificate, found, &err), &err);
        assert_memory_equal(found, expected, sizeof expected);
        OPENSSL_free(spki);
        party_done(&party);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_serials_and_dates),
        cmocka_unit_test(test_read_and_put_into_order),
        cmocka_unit_test(test_what_is_not_read),
        cmocka_unit_test(test_known_ones),
        cmocka_unit_test(test_what_is_no_chain),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_unusual_names),
        cmocka_unit_test(test_digest_of_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

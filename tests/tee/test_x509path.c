/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kind "x509": paths with revocation, as NIST's PKITS asks for (sections 4.1, 4.2, 4.4): made here.
 */
#include "crypto/authority_fixture.h"

#include "tee/x509path/inspect.h"
#include "tee/x509path/path.h"

#define CRL_COUNT 3

/* leaf <- middle <- root, and lists of both authorities. */
struct scene {
    struct party root, middle, leaf;
    struct bulla_buffer crls[CRL_COUNT]; /* of the root, of the middle one, one more */
    struct bl_part parts[1 + CRL_COUNT];
    struct bl_anchor anchor;
    struct bl_verification v;
};

static const char *const of_leaf[] = { "0102" };
static const char *const of_middle[] = { "0a0b" };

static void
set_list(struct scene *s, size_t i, const struct party *issuer, const struct party *signer,
         struct listing says)
{
    bulla_buffer_done(&s->crls[i]);
    s->crls[i] = list_der(issuer, signer, says);
    s->parts[1 + i] = (struct bl_part){ "crls", bulla_buffer_bytes(&s->crls[i]) };
    if (s->v.part_count < 2 + i)
        s->v.part_count = 2 + i;
}

static struct scene *
set_scene(void)
{
    static struct scene scene;
    struct scene *s = &scene;

    *s = (struct scene){ 0 };
    s->root = certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "root" }, NULL);
    s->middle = certify(make_key(WITH_P256), WITH_P256,
                        (struct saying){ .name = "middle", .serial = of_middle[0] }, &s->root);
    s->leaf = certify(
        make_key(WITH_P256), WITH_P256,
        (struct saying){ .name = "leaf", .serial = of_leaf[0], .constraints = "critical,CA:FALSE" },
        &s->middle);
    s->anchor = (struct bl_anchor){ .name = "given",
                                    .kind = BL_ANCHOR_GIVEN,
                                    .der = bl_certificate_der(s->root.certificate),
                                    .role = "root" };
    s->parts[0] = (struct bl_part){ "intermediates", bl_certificate_der(s->middle.certificate) };
    s->v = (struct bl_verification){ .evidence = bl_certificate_der(s->leaf.certificate),
                                     .parts = s->parts,
                                     .part_count = 1,
                                     .anchors = &s->anchor,
                                     .anchor_count = 1,
                                     .now_s = NOW_S };
    set_list(s, 0, &s->root, &s->root, (struct listing){ 0 });
    set_list(s, 1, &s->middle, &s->middle, (struct listing){ 0 });
    return s;
}

static void
clear(struct scene *s)
{
    party_done(&s->root);
    party_done(&s->middle);
    party_done(&s->leaf);
    for (size_t i = 0; i < CRL_COUNT; i++)
        bulla_buffer_done(&s->crls[i]);
}

static void
assert_good(const struct scene *s)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    assert_ok(bl_x509path_inspect(&s->v, &claims, &err), &err);
    assert_string_equal(claims.kind, "x509");
    assert_null(claims.anchor); /* nothing of it is believed */
}

static void
assert_refused(const struct scene *s, enum bulla_cause cause)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims = { .anchor = "untouched" };
    const struct bl_claims before = claims;

    assert_cause(bl_x509path_inspect(&s->v, &claims, &err), cause, &err);
    assert_memory_equal(&claims, &before, sizeof before);
}

static void
test_a_good_path(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct scene *s = set_scene();
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bl_json_writer j = bl_json_writer(&text);

    assert_good(s);
    bl_json_open_object(&j, NULL);
    assert_ok(bl_x509path_describe(&s->v, &j, &err), &err);
    bl_json_close(&j);
    assert_ok(bl_json_finish(&j, &err), &err);
    assert_ok(bulla_buffer_append(&text, BL_LITERAL("\0"), &err), &err);
    assert_non_null(strstr((const char *)text.data,
                           "\"subject\":\"CN=leaf,C=DE\",\"issuer\":\"CN=middle,C=DE\","
                           "\"serial\":\"0102\""));
    clear(s);
}

static void
test_revoked_at_each_place(void **state)
{
    (void)state;
    struct scene *s = set_scene();

    set_list(s, 0, &s->root, &s->root, (struct listing){ .serials = of_leaf, .serial_count = 1 });
    assert_good(s); /* another issuer's number */
    set_list(s, 0, &s->root, &s->root, (struct listing){ .serials = of_middle, .serial_count = 1 });
    assert_refused(s, BULLA_CAUSE_REVOKED);
    set_list(s, 0, &s->root, &s->root, (struct listing){ 0 });
    set_list(s, 1, &s->middle, &s->middle,
             (struct listing){ .serials = of_leaf, .serial_count = 1 });
    assert_refused(s, BULLA_CAUSE_REVOKED);
    clear(s);
}

static void
test_lists_that_are_missing(void **state)
{
    (void)state;
    struct scene *s = set_scene();

    s->v.part_count = 2;
    assert_refused(s, BULLA_CAUSE_CRL_MISSING);
    s->v.part_count = 1;
    assert_refused(s, BULLA_CAUSE_CRL_MISSING);
    s->v.part_count = 3;
    set_list(s, 0, &s->middle, &s->middle, (struct listing){ 0 });
    assert_refused(s, BULLA_CAUSE_CRL_MISSING);
    clear(s);
}

static void
test_lists_that_cannot_be_believed(void **state)
{
    (void)state;
    struct scene *s = set_scene();

    set_list(s, 1, &s->middle, &s->root, (struct listing){ 0 });
    assert_refused(s, BULLA_CAUSE_COLLATERAL_SIGNATURE);
    set_list(
        s, 1, &s->middle, &s->middle,
        (struct listing){ .this_update = "20260101000000Z", .next_update = "20270115080000Z" });
    assert_refused(s, BULLA_CAUSE_COLLATERAL_EXPIRED);
    set_list(s, 1, &s->middle, &s->middle, (struct listing){ .this_update = "20270115080001Z" });
    assert_refused(s, BULLA_CAUSE_NOT_YET_VALID);
    s->parts[2].bytes = BL_LITERAL("no list");
    assert_refused(s, BULLA_CAUSE_MALFORMED);
    clear(s);
}

/* PKITS 4.4.7: a list that cannot be believed says nothing, neither good nor bad, if there is one that
 * can; of two that can, either may revoke. */
static void
test_two_lists(void **state)
{
    (void)state;
    struct scene *s = set_scene();
    const struct listing revoking = { .serials = of_leaf, .serial_count = 1 };

    set_list(s, 2, &s->middle, &s->root, revoking);
    assert_good(s);
    set_list(s, 1, &s->middle, &s->middle, revoking);
    set_list(s, 2, &s->middle, &s->root, (struct listing){ 0 });
    assert_refused(s, BULLA_CAUSE_REVOKED);
    set_list(s, 2, &s->middle, &s->middle, (struct listing){ 0 });
    assert_refused(s, BULLA_CAUSE_REVOKED);
    set_list(s, 1, &s->middle, &s->middle, (struct listing){ 0 });
    set_list(s, 2, &s->middle, &s->middle, revoking);
    assert_refused(s, BULLA_CAUSE_REVOKED);
    clear(s);
}

static void
test_the_path_itself(void **state)
{
    (void)state;
    struct scene *s = set_scene();
    struct party namesake =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "root" }, NULL);
    struct party other =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "other" }, NULL);

    s->anchor.der = bl_certificate_der(namesake.certificate);
    assert_refused(s, BULLA_CAUSE_UNTRUSTED); /* not "report_signature": nothing else is signed */
    s->anchor.der = bl_certificate_der(other.certificate);
    assert_refused(s, BULLA_CAUSE_WRONG_ROOT);
    s->v.anchor_count = 0;
    assert_refused(s, BULLA_CAUSE_WRONG_ROOT);
    s->v.anchor_count = 1;
    s->anchor.der = bl_certificate_der(s->root.certificate);
    s->parts[0].bytes = bl_certificate_der(other.certificate);
    assert_refused(s, BULLA_CAUSE_UNTRUSTED);
    s->parts[0].role = "unread";
    assert_refused(s, BULLA_CAUSE_WRONG_ROOT);
    s->parts[0].role = "intermediates";
    s->parts[0].bytes = bl_certificate_der(s->leaf.certificate);
    s->v.evidence = bl_certificate_der(s->middle.certificate);
    assert_refused(s, BULLA_CAUSE_UNTRUSTED); /* one chain, but not from the evidence on */
    party_done(&other);
    party_done(&namesake);
    clear(s);
}

static void
test_dates_on_both_sides(void **state)
{
    (void)state;
    struct scene *s = set_scene();
    const struct listing always = { .this_update = "20000101000000Z",
                                    .next_update = "20990101000000Z" };
    const int64_t first_s = INT64_C(1577836800), last_s = INT64_C(1893456000); /* 2020, 2030 */

    set_list(s, 0, &s->root, &s->root, always);
    set_list(s, 1, &s->middle, &s->middle, always);
    s->v.now_s = first_s;
    assert_good(s);
    s->v.now_s = last_s;
    assert_good(s);
    s->v.now_s = first_s - 1;
    assert_refused(s, BULLA_CAUSE_NOT_YET_VALID);
    s->v.now_s = last_s + 1;
    assert_refused(s, BULLA_CAUSE_EXPIRED);
    clear(s);
}

/* -- roots that are pinned ----------------------------------------------------------------------- */

/* Of a root whose key is pinned, an edition that nobody looked at must sign itself. */
static void
editions(void **state)
{
    struct scene *s = set_scene();
    struct party twin =
        certify(EVP_PKEY_dup(s->root.key), WITH_P256, (struct saying){ .name = "root" }, NULL);
    struct party author =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "root" }, NULL);
    struct party forged =
        certify(EVP_PKEY_dup(s->root.key), WITH_P256, (struct saying){ .name = "root" }, &author);
    struct bulla_error err = { 0 };
    uint8_t key[32], edition[2][32] = { { 0 } };
    struct bl_anchor anchor = { .name = "pinned",
                                .kind = BL_ANCHOR_ROOT_KEY,
                                .der = BL_BYTES_OF(key),
                                .role = "vendor",
                                .editions = { edition[0], sizeof edition } };
    const struct bl_anchor *found = NULL;

    (void)state;
    assert_ok(bl_certificate_spki_digest(s->root.certificate, key, &err), &err);
    s->v.anchors = &anchor;
    assert_ok(bl_path_verify_root(&s->v, "vendor", s->root.certificate, &found, &err), &err);
    assert_ptr_equal(found, &anchor);
    assert_ok(bl_path_verify_root(&s->v, "vendor", twin.certificate, &found, &err), &err);
    assert_cause(bl_path_verify_root(&s->v, "vendor", forged.certificate, &found, &err),
                 BULLA_CAUSE_UNTRUSTED, &err);
    assert_cause(bl_path_verify_root(&s->v, "other", s->root.certificate, &found, &err),
                 BULLA_CAUSE_WRONG_ROOT, &err);
    assert_cause(bl_path_verify_root(&s->v, "vendor", author.certificate, &found, &err),
                 BULLA_CAUSE_WRONG_ROOT, &err);
    bulla_error_clear(&err);
    /* One that was looked at is known as a whole, whoever signed it. */
    assert_ok(bl_hash_once(BL_SHA256, bl_certificate_der(forged.certificate), edition[1], &err),
              &err);
    assert_ok(bl_path_verify_root(&s->v, "vendor", forged.certificate, &found, &err), &err);
    edition[1][31] ^= 1;
    assert_cause(bl_path_verify_root(&s->v, "vendor", forged.certificate, &found, &err),
                 BULLA_CAUSE_UNTRUSTED, &err);
    party_done(&twin);
    party_done(&author);
    party_done(&forged);
    clear(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_path),
        cmocka_unit_test(test_revoked_at_each_place),
        cmocka_unit_test(test_lists_that_are_missing),
        cmocka_unit_test(test_lists_that_cannot_be_believed),
        cmocka_unit_test(test_two_lists),
        cmocka_unit_test(test_the_path_itself),
        cmocka_unit_test(test_dates_on_both_sides),
        cmocka_unit_test(editions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

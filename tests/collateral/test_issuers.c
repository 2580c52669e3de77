/* SPDX-License-Identifier: Apache-2.0 */
/* Authorities of TPM keys: what their certificates name, and what of it is believed. */
#include "crypto/authority_fixture.h"

#include "codec/der.h"
#include "collateral/parts.h"
#include "collateral/pieces.h"
#include "collateral/wants.h"

#define ROOT "issuer/http://pki.example.org/root.crt"
#define MIDDLE "issuer/http://pki.example.org/middle.crt"
#define LIST "issuer-crl/http://pki.example.org/middle.crl"

struct world {
    struct party root, middle;
    struct bl_collateral_set *set;
    uint8_t pin[32];
    struct bl_anchor anchor;
};

static void
put_certificate(struct bl_collateral_set *set, const char *name, const struct party *party)
{
    put_piece(set, name, bl_certificate_der(party->certificate), BL_LITERAL(""));
}

static void
put_list(struct world *w, const struct party *issuer, const struct party *signer,
         struct listing says)
{
    BL_AUTO(bulla_buffer) list = list_der(issuer, signer, says);

    put_piece(w->set, LIST, bulla_buffer_bytes(&list), BL_LITERAL(""));
}

static void
world_start(struct world *w)
{
    struct bulla_error err = { 0 };

    w->root = certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "Root" }, NULL);
    w->middle =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "Middle" }, &w->root);
    w->set = bl_collateral_set_new();
    put_certificate(w->set, ROOT, &w->root);
    put_certificate(w->set, MIDDLE, &w->middle);
    put_list(w, &w->middle, &w->middle, (struct listing){ 0 });
    assert_ok(bl_certificate_spki_digest(w->root.certificate, w->pin, &err), &err);
    w->anchor = (struct bl_anchor){
        .name = "test root", .kind = BL_ANCHOR_ROOT_KEY, .der = BL_BYTES_OF(w->pin), .role = "gce"
    };
}

static void
world_end(struct world *w)
{
    party_done(&w->root);
    party_done(&w->middle);
    bl_collateral_set_free(w->set);
}

static enum bulla_cause
judge_at(const struct world *w, const char *name, int64_t now_s, int64_t grace_s)
{
    const struct bl_collateral_trust trust = {
        .anchors = &w->anchor, .anchor_count = 1, .now_s = now_s, .grace_s = grace_s
    };
    struct bl_collateral_facts facts;
    struct bulla_error err = { 0 };

    return bl_collateral_verify(piece_named(w->set, name), w->set, &trust, &facts, &err) == BULLA_OK
               ? BULLA_CAUSE_NONE
               : err.cause;
}

static enum bulla_cause
judge(const struct world *w, const char *name)
{
    return judge_at(w, name, NOW_S, 0);
}

/* -- what is believed ---------------------------------------------------------------------------- */

static void
test_up_to_a_pinned_root(void **state)
{
    struct world w = { 0 };

    (void)state;
    world_start(&w);
    assert_int_equal(judge(&w, ROOT), BULLA_CAUSE_NONE);
    assert_int_equal(judge(&w, MIDDLE), BULLA_CAUSE_NONE);
    assert_int_equal(judge(&w, LIST), BULLA_CAUSE_NONE);
    w.anchor.role = "intel"; /* pinned, but for something else */
    assert_int_equal(judge(&w, MIDDLE), BULLA_CAUSE_WRONG_ROOT);
    w.anchor.role = "gce";
    w.pin[0] ^= 0x01;
    assert_int_equal(judge(&w, ROOT), BULLA_CAUSE_WRONG_ROOT);
    assert_int_equal(judge(&w, MIDDLE), BULLA_CAUSE_WRONG_ROOT);
    assert_int_equal(judge(&w, LIST), BULLA_CAUSE_WRONG_ROOT);
    w.anchor = (struct bl_anchor){ .name = "given",
                                   .kind = BL_ANCHOR_GIVEN,
                                   .der = bl_certificate_der(w.root.certificate),
                                   .role = "root" };
    drop_piece(w.set, ROOT);
    assert_int_equal(judge(&w, MIDDLE), BULLA_CAUSE_NONE); /* the one that was given is at hand */
    world_end(&w);
}

static void
test_what_is_not_at_hand(void **state)
{
    struct world w = { 0 };

    (void)state;
    world_start(&w);
    drop_piece(w.set, ROOT);
    assert_int_equal(judge(&w, MIDDLE), BULLA_CAUSE_UNTRUSTED);
    assert_int_equal(judge(&w, LIST), BULLA_CAUSE_UNTRUSTED);
    put_certificate(w.set, ROOT, &w.root);
    drop_piece(w.set, MIDDLE);
    assert_int_equal(judge(&w, LIST), BULLA_CAUSE_CRL_ISSUER_MISMATCH);
    world_end(&w);
}

/* The right names are anybody's to write. */
static void
test_names_are_not_signatures(void **state)
{
    struct world w = { 0 };

    (void)state;
    world_start(&w);
    struct party other =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "Root" }, NULL);
    struct party below =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "Middle" }, &other);
    put_certificate(w.set, MIDDLE, &below);
    assert_int_equal(judge(&w, MIDDLE), BULLA_CAUSE_SIGNATURE);
    put_list(&w, &w.middle, &other, (struct listing){ .without_key_id = true });
    put_certificate(w.set, MIDDLE, &w.middle);
    assert_int_equal(judge(&w, LIST), BULLA_CAUSE_COLLATERAL_SIGNATURE);
    party_done(&below);
    party_done(&other);
    world_end(&w);
}

static void
test_dates(void **state)
{
    const int64_t next_update_s = 1800057600, end_s = 1893456000; /* 2027-01-16, 2030-01-01 */
    struct world w = { 0 };

    (void)state;
    world_start(&w);
    assert_int_equal(judge_at(&w, LIST, next_update_s, 0), BULLA_CAUSE_COLLATERAL_EXPIRED);
    assert_int_equal(judge_at(&w, LIST, next_update_s, 1), BULLA_CAUSE_NONE);
    assert_int_equal(judge_at(&w, LIST, next_update_s + 1, 1), BULLA_CAUSE_COLLATERAL_EXPIRED);
    assert_int_equal(judge_at(&w, MIDDLE, end_s, 0), BULLA_CAUSE_NONE);
    assert_int_equal(judge_at(&w, MIDDLE, end_s + 1, 100), BULLA_CAUSE_EXPIRED);
    world_end(&w);
}

/* Each is the other's issuer, for ever. */
static void
test_a_circle_ends(void **state)
{
    struct world w = { 0 };

    (void)state;
    world_start(&w);
    struct party first = { .algorithm = WITH_P256, .key = make_key(WITH_P256) };
    struct party seed =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "Second" }, NULL);
    first = certify(first.key, WITH_P256, (struct saying){ .name = "First" }, &seed);
    struct party second =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "Second" }, &first);
    drop_piece(w.set, ROOT);
    put_certificate(w.set, MIDDLE, &first);
    put_certificate(w.set, "issuer/http://pki.example.org/second.crt", &second);
    assert_int_equal(judge(&w, MIDDLE), BULLA_CAUSE_UNTRUSTED);
    party_done(&second);
    party_done(&seed);
    party_done(&first);
    world_end(&w);
}

static void
test_two_certificates_are_not_one(void **state)
{
    struct world w = { 0 };
    BL_AUTO(bulla_buffer) both = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    world_start(&w);
    assert_ok(bulla_buffer_append(&both, bl_certificate_der(w.middle.certificate), &err), &err);
    assert_ok(bulla_buffer_append(&both, bl_certificate_der(w.root.certificate), &err), &err);
    put_piece(w.set, MIDDLE, bulla_buffer_bytes(&both), BL_LITERAL(""));
    assert_int_equal(judge(&w, MIDDLE), BULLA_CAUSE_MALFORMED);
    world_end(&w);
}

/* -- what certificates name ---------------------------------------------------------------------- */

#define CRL_POINTS "2.5.29.31"

static struct party
naming(const char *oid, struct bulla_bytes value)
{
    return certify(make_key(WITH_P256), WITH_P256,
                   (struct saying){ .name = "Key", .extension_oid = oid, .extension_value = value },
                   NULL);
}

/* SEQUENCE { SEQUENCE { [0] { [0] { [6] URL } } } } */
static void
write_points(const char *url, unsigned tag, struct bulla_buffer *out)
{
    struct bl_writer w = bl_writer(out);
    struct bulla_error err = { 0 };
    size_t marks[4];

    marks[0] = bl_der_open(&w, BL_DER_SEQUENCE);
    marks[1] = bl_der_open(&w, BL_DER_SEQUENCE);
    marks[2] = bl_der_open(&w, BL_DER_CONTEXT(0));
    marks[3] = bl_der_open(&w, BL_DER_CONTEXT(0));
    bl_der_write(&w, BL_DER_CONTEXT_PRIMITIVE(tag), text_bytes(url));
    for (size_t i = 4; i > 0; i--)
        bl_der_close(&w, marks[i - 1]);
    assert_ok(bl_writer_finish(&w, &err), &err);
}

static void
test_where_the_list_is(void **state)
{
    static const char url[] = "http://pki.example.org/middle.crl";
    BL_AUTO(bulla_buffer) points = { 0 };
    BL_AUTO(bulla_buffer) found = { 0 };
    BL_AUTO(bulla_buffer) other = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    write_points(url, 6, &points);
    struct party key = naming(CRL_POINTS, bulla_buffer_bytes(&points));
    assert_ok(bl_certificate_crl_url(key.certificate, &found, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&found), text_bytes(url));
    party_done(&key);
    write_points("DNS name", 2, &other);
    key = naming(CRL_POINTS, bulla_buffer_bytes(&other));
    assert_fails(bl_certificate_crl_url(key.certificate, &found, &err), BULLA_E_NOT_FOUND, &err);
    party_done(&key);
    key = certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "Key" }, NULL);
    assert_fails(bl_certificate_crl_url(key.certificate, &found, &err), BULLA_E_NOT_FOUND, &err);
    party_done(&key);
}

static void
test_what_a_certificate_wants(void **state)
{
    BL_AUTO_FREE(bl_wants) wants = bl_wants_new();
    BL_AUTO(bulla_buffer) points = { 0 };
    BL_AUTO(bulla_buffer) bad = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    write_points("http://pki.example.org/middle.crl", 6, &points);
    struct party key = naming(CRL_POINTS, bulla_buffer_bytes(&points));
    assert_string_equal(bl_evidence_kind(bl_certificate_der(key.certificate)), "tpm");
    const struct bl_verification v = { .evidence = bl_certificate_der(key.certificate) };
    assert_ok(bl_wants_of_evidence(wants, "tpm", &v, BL_SNP_GENERATION_NONE, &err), &err);
    assert_int_equal(wants->count, 1);
    assert_string_equal(wants->items[0].text, LIST);
    party_done(&key);
    write_points("file:///etc/passwd", 6, &bad);
    key = naming(CRL_POINTS, bulla_buffer_bytes(&bad));
    assert_int_equal(bl_wants_add_issuers(wants, key.certificate, &err), BULLA_E_MALFORMED);
    assert_int_equal(wants->count, 1);
    party_done(&key);
}

/* -- as parts ------------------------------------------------------------------------------------ */

static void
test_roles(void **state)
{
    static const char *const names[] = { ROOT, MIDDLE, LIST, "intel/root-crl" };
    BL_AUTO_FREE(bl_wants) wants = bl_wants_new();
    struct bl_part parts[4] = { { "crl", BL_LITERAL("given by hand") } };
    struct world w = { 0 };
    struct bulla_error err = { 0 };
    size_t count = 0;

    (void)state;
    world_start(&w);
    for (size_t i = 0; i < BL_COUNT_OF(names); i++) {
        const struct bl_collateral_name name = named(names[i]);
        assert_ok(bl_wants_add(wants, &name, &err), &err);
        assert_ok(bl_wants_add(wants, &name, &err), &err);
    }
    assert_int_equal(wants->count, BL_COUNT_OF(names));
    assert_ok(bl_collateral_parts(wants, w.set, parts, 4, &count, &err), &err);
    assert_int_equal(count, 3);
    assert_string_equal(parts[0].role, "root");
    assert_string_equal(parts[1].role, "intermediate");
    assert_string_equal(parts[2].role, "crl");
    parts[0] = (struct bl_part){ "crl", BL_LITERAL("given by hand") };
    count = 1;
    assert_ok(bl_collateral_parts(wants, w.set, parts, 4, &count, &err), &err);
    assert_int_equal(count, 3); /* the role that was given stays alone */
    assert_bytes_equal(parts[0].bytes, BL_LITERAL("given by hand"));
    count = 1;
    assert_fails(bl_collateral_parts(wants, w.set, parts, 2, &count, &err), BULLA_E_LIMIT, &err);
    world_end(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_up_to_a_pinned_root),
        cmocka_unit_test(test_what_is_not_at_hand),
        cmocka_unit_test(test_names_are_not_signatures),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_a_circle_ends),
        cmocka_unit_test(test_two_certificates_are_not_one),
        cmocka_unit_test(test_where_the_list_is),
        cmocka_unit_test(test_what_a_certificate_wants),
        cmocka_unit_test(test_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

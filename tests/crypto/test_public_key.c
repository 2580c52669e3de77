/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as files and messages have them: PEM, DER, JWK, COSE_Key; all say the same key. */
#include "faults.h"

#include "codec/base64.h"
#include "codec/cbor.h"
#include "codec/pem.h"
#include "crypto/public_key.h"

struct forms {
    struct bl_key *key;
    struct bulla_buffer raw, spki, pem, jwk, cose;
};

static void
forms_done(struct forms *f)
{
    bl_key_free(f->key);
    bulla_buffer_done(&f->raw);
    bulla_buffer_done(&f->spki);
    bulla_buffer_done(&f->pem);
    bulla_buffer_done(&f->jwk);
    bulla_buffer_done(&f->cose);
}

/* A COSE_Key; `tail` is more of it, `count` pairs in all. */
static void
write_cose(uint64_t type, uint64_t curve, struct bulla_bytes x, struct bulla_bytes y, size_t count,
           struct bulla_bytes tail, struct bulla_buffer *out)
{
    struct bl_writer w = bl_writer(out);

    bulla_buffer_clear(out);
    bl_cbor_write_map(&w, count);
    bl_cbor_write_int(&w, -3);
    bl_cbor_write_bytes(&w, y);
    bl_cbor_write_int(&w, 1);
    bl_cbor_write_uint(&w, type);
    bl_cbor_write_int(&w, -2);
    bl_cbor_write_bytes(&w, x);
    bl_cbor_write_int(&w, -1);
    bl_cbor_write_uint(&w, curve);
    bl_write_bytes(&w, tail);
    assert_int_equal(bl_writer_finish(&w, NULL), BULLA_OK);
}

static void
append_text(struct bulla_buffer *out, const char *text)
{
    assert_int_equal(bulla_buffer_append(out, text_bytes(text), NULL), BULLA_OK);
}

static void
write_jwk(const char *curve, struct bulla_bytes x, struct bulla_bytes y, const char *tail,
          struct bulla_buffer *out)
{
    bulla_buffer_clear(out);
    append_text(out, "{\"kty\":\"EC\",\"crv\":\"");
    append_text(out, curve);
    append_text(out, "\",\"x\":\"");
    assert_int_equal(bl_base64_encode(BL_BASE64_URL, x, out, NULL), BULLA_OK);
    append_text(out, "\",\"y\":\"");
    assert_int_equal(bl_base64_encode(BL_BASE64_URL, y, out, NULL), BULLA_OK);
    append_text(out, "\"");
    append_text(out, tail);
    append_text(out, "}");
}

static struct bulla_bytes
half(const struct forms *f, int which)
{
    size_t size = (f->raw.size - 1) / 2;

    return (struct bulla_bytes){ f->raw.data + 1 + (which == 0 ? 0 : size), size };
}

static struct forms
make(enum bl_key_kind kind)
{
    struct forms f = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_key_generate(kind, &f.key, &err), &err);
    assert_ok(bl_key_raw_public(f.key, &f.raw, &err), &err);
    assert_ok(bl_key_spki(f.key, &f.spki, &err), &err);
    assert_ok(bl_pem_encode(bulla_buffer_bytes(&f.spki), "PUBLIC KEY", &f.pem, &err), &err);
    write_cose(2, kind == BL_KEY_P256 ? 1 : 2, half(&f, 0), half(&f, 1), 4, BL_LITERAL(""),
               &f.cose);
    write_jwk(kind == BL_KEY_P256 ? "P-256" : "P-384", half(&f, 0), half(&f, 1),
              ",\"kid\":\"1\",\"alg\":\"ES256\"", &f.jwk);
    return f;
}

static void
assert_same_key(const struct bulla_buffer *content, const struct forms *f)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) raw = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_key_from_public_file(bulla_buffer_bytes(content), &key, &err), &err);
    assert_ok(bl_key_raw_public(key, &raw, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&raw), bulla_buffer_bytes(&f->raw));
    assert_false(bl_key_has_private(key));
}

static void
test_all_forms_are_one_key(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        BL_AUTO(forms) f = make(i == 0 ? BL_KEY_P256 : BL_KEY_P384);
        assert_same_key(&f.spki, &f);
        assert_same_key(&f.pem, &f);
        assert_same_key(&f.jwk, &f);
        assert_same_key(&f.cose, &f);
    }
}

static void
assert_refused(const struct bulla_buffer *content, enum bulla_status expected)
{
    struct bulla_error err = { 0 };
    struct bl_key *key = NULL;

    assert_fails(bl_key_from_public_file(bulla_buffer_bytes(content), &key, &err), expected, &err);
    assert_null(key);
}

static void
test_cose_keys_that_are_none(void **state)
{
    (void)state;
    BL_AUTO(forms) f = make(BL_KEY_P384);
    BL_AUTO(bulla_buffer) bad = { 0 };
    uint8_t off[48];
    struct bulla_bytes x = half(&f, 0), y = half(&f, 1), none = BL_LITERAL("");

    memcpy(off, y.data, sizeof off);
    off[47] ^= 1;
    write_cose(2, 2, x, BL_BYTES_OF(off), 4, none, &bad);
    assert_refused(&bad, BULLA_E_MALFORMED); /* not on the curve */
    write_cose(2, 2, x, (struct bulla_bytes){ y.data, 47 }, 4, none, &bad);
    assert_refused(&bad, BULLA_E_MALFORMED);
    write_cose(2, 1, x, y, 4, none, &bad); /* P-256 with coordinates of P-384 */
    assert_refused(&bad, BULLA_E_MALFORMED);
    write_cose(1, 2, x, y, 4, none, &bad);
    assert_refused(&bad, BULLA_E_UNSUPPORTED);
    write_cose(2, 3, x, y, 4, none, &bad);
    assert_refused(&bad, BULLA_E_UNSUPPORTED);
    write_cose(2, 2, x, y, 5, BL_LITERAL("\x03\x26"), &bad); /* ES256 on P-384 */
    assert_refused(&bad, BULLA_E_UNSUPPORTED);
    write_cose(2, 2, x, y, 5, BL_LITERAL("\x23\x41\x01"), &bad); /* with the private value */
    assert_refused(&bad, BULLA_E_MALFORMED);
    write_cose(2, 2, x, y, 5, BL_LITERAL("\x01\x02"), &bad); /* the type twice */
    assert_refused(&bad, BULLA_E_MALFORMED);
    write_cose(2, 2, x, y, 4, BL_LITERAL("\x00"), &bad);
    assert_refused(&bad, BULLA_E_MALFORMED);                     /* something behind */
    write_cose(2, 2, x, y, 5, BL_LITERAL("\x03\x38\x22"), &bad); /* ES384 */
    assert_same_key(&bad, &f);
    write_cose(2, 2, x, y, 6, BL_LITERAL("\x02\x41\x31\x61\x61\xf5"), &bad); /* others */
    assert_same_key(&bad, &f);
}

static void
test_jwks_that_are_none(void **state)
{
    (void)state;
    BL_AUTO(forms) f = make(BL_KEY_P256);
    BL_AUTO(bulla_buffer) bad = { 0 };
    struct bulla_bytes x = half(&f, 0), y = half(&f, 1);

    write_jwk("P-256", y, x, "", &bad);
    assert_refused(&bad, BULLA_E_MALFORMED); /* not on the curve */
    write_jwk("P-384", x, y, "", &bad);
    assert_refused(&bad, BULLA_E_MALFORMED);
    write_jwk("secp256k1", x, y, "", &bad);
    assert_refused(&bad, BULLA_E_UNSUPPORTED);
    write_jwk("P-256", x, y, ",\"d\":\"AQ\"", &bad);
    assert_refused(&bad, BULLA_E_MALFORMED); /* with the private value */
    write_jwk("P-256", x, y, "}", &bad);
    assert_refused(&bad, BULLA_E_MALFORMED);
    bulla_buffer_clear(&bad);
    append_text(&bad, "{\"kty\":\"RSA\"}");
    assert_refused(&bad, BULLA_E_UNSUPPORTED);
    bulla_buffer_clear(&bad);
    append_text(&bad, "{}");
    assert_refused(&bad, BULLA_E_MALFORMED);
}

static void
test_files_cut_short(void **state)
{
    (void)state;
    BL_AUTO(forms) f = make(BL_KEY_P256);
    const struct bulla_buffer *const whole[] = { &f.spki, &f.pem, &f.jwk, &f.cose };

    for (size_t i = 0; i < BL_COUNT_OF(whole); i++)
        for (size_t size = 0; size < whole[i]->size - 1; size++) { /* PEM's last byte: its line */
            struct bulla_error err = { 0 };
            struct bl_key *key = NULL;
            struct bulla_bytes part = { whole[i]->data, size };
            assert_true(bulla_status_is_finding(bl_key_from_public_file(part, &key, &err)));
            assert_null(key);
        }
}

static enum bulla_status
read_file(const void *context, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;

    return bl_key_from_public_file(bulla_buffer_bytes(context), &key, err);
}

static void
test_memory_fails(void **state)
{
    (void)state;
    BL_AUTO(forms) f = make(BL_KEY_P256);

    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, read_file, &f.pem) > 0);
    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, read_file, &f.jwk) > 0);
    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, read_file, &f.cose) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_forms_are_one_key),
        cmocka_unit_test(test_cose_keys_that_are_none),
        cmocka_unit_test(test_jwks_that_are_none),
        cmocka_unit_test(test_files_cut_short),
        cmocka_unit_test(test_memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

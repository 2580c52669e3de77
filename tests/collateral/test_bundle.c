/* SPDX-License-Identifier: Apache-2.0 */
/* The signed bundle: one form for one content, nothing before its signature. */
#include "collateral/bundle.h"
#include "collateral/pieces.h"
#include "crypto/cose_sign1.h"
#include "faults.h"

#define CREATED_S 1800000000

static struct bl_collateral_set *
three_pieces(void)
{
    struct bl_collateral_set *set = bl_collateral_set_new();

    assert_non_null(set);
    put_piece(set, "intel/root-crl", BL_LITERAL("a list"), BL_LITERAL("certificates"));
    put_piece(set, "amd/milan/vcek-chain", BL_LITERAL("a chain"), BL_LITERAL(""));
    put_piece(set, "issuer/http://pki.example.org/ca", BL_LITERAL("a certificate"), BL_LITERAL(""));
    return set;
}

static struct bl_key *
new_key(void)
{
    struct bl_key *key = NULL;
    struct bulla_error err = { 0 };

    assert_ok(bl_key_generate(BL_KEY_ED25519, &key, &err), &err);
    return key;
}

static struct bulla_buffer
payload_of(const struct bl_collateral_set *set)
{
    struct bulla_buffer payload = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_bundle_encode(set, CREATED_S, &payload, &err), &err);
    return payload;
}

static enum bulla_status
decode(struct bulla_bytes payload, struct bulla_error *err)
{
    struct bl_collateral_set *set = bl_collateral_set_new();
    int64_t created_s = 77;

    assert_non_null(set);
    enum bulla_status status = bl_bundle_decode(payload, set, &created_s, err);
    assert_int_equal(created_s, status == BULLA_OK ? CREATED_S : 77);
    bl_collateral_set_free(set);
    return status;
}

static void
test_round_trip(void **state)
{
    struct bl_collateral_set *set = three_pieces(), *again = bl_collateral_set_new();
    BL_AUTO_FREE(bl_key) key = new_key();
    BL_AUTO(bulla_buffer) bundle = { 0 };
    BL_AUTO(bulla_buffer) first = payload_of(set);
    struct bulla_error err = { 0 };
    int64_t created_s = 0;

    (void)state;
    assert_ok(bl_bundle_sign(set, CREATED_S, key, &bundle, &err), &err);
    assert_ok(bl_bundle_open(bulla_buffer_bytes(&bundle), key, again, &created_s, &err), &err);
    assert_int_equal(created_s, CREATED_S);
    assert_int_equal(again->count, 3);
    BL_AUTO(bulla_buffer) second = payload_of(again);
    assert_bytes_equal(bulla_buffer_bytes(&first), bulla_buffer_bytes(&second));
    assert_bytes_equal(bulla_buffer_bytes(&piece_named(again, "intel/root-crl")->issuers),
                       BL_LITERAL("certificates"));
    bl_collateral_set_free(again);
    bl_collateral_set_free(set);
}

static void
test_every_truncation_and_one_more(void **state)
{
    struct bl_collateral_set *set = three_pieces();
    BL_AUTO(bulla_buffer) payload = payload_of(set);
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t size = 0; size < payload.size; size++) {
        bulla_error_clear(&err);
        assert_int_not_equal(decode((struct bulla_bytes){ payload.data, size }, &err), BULLA_OK);
    }
    assert_ok(bulla_buffer_append(&payload, BL_LITERAL("\0"), &err), &err);
    assert_cause(decode(bulla_buffer_bytes(&payload), &err), BULLA_CAUSE_MALFORMED, &err);
    bl_collateral_set_free(set);
}

/* [1, CREATED_S, [piece, ...]] with each part as the test wants it. */
static enum bulla_cause
decode_of(uint64_t version, size_t count, const char *const *names, struct bulla_bytes body)
{
    BL_AUTO(bulla_buffer) payload = { 0 };
    struct bl_writer w = bl_writer(&payload);
    struct bulla_error err = { 0 };

    bl_cbor_write_array(&w, 3);
    bl_cbor_write_uint(&w, version);
    bl_cbor_write_int(&w, CREATED_S);
    bl_cbor_write_array(&w, count);
    for (size_t i = 0; i < count; i++) {
        bl_cbor_write_array(&w, 4);
        bl_cbor_write_text(&w, text_bytes(names[i]));
        bl_cbor_write_bytes(&w, body);
        bl_cbor_write_bytes(&w, BL_LITERAL(""));
        bl_cbor_write_int(&w, 0);
    }
    return decode(bulla_buffer_bytes(&payload), &err) == BULLA_OK ? BULLA_CAUSE_NONE : err.cause;
}

static void
test_what_is_no_bundle(void **state)
{
    static const char *const right[] = { "amd/milan/vcek-chain", "intel/root-crl" };
    static const char *const twice[] = { "intel/root-crl", "intel/root-crl" };
    static const char *const swapped[] = { "intel/root-crl", "amd/milan/vcek-chain" };
    static const char *const unknown[] = { "intel/../root-crl" };

    (void)state;
    assert_int_equal(decode_of(1, 2, right, BL_LITERAL("x")), BULLA_CAUSE_NONE);
    assert_int_equal(decode_of(1, 0, right, BL_LITERAL("x")), BULLA_CAUSE_NONE);
    assert_int_equal(decode_of(2, 2, right, BL_LITERAL("x")), BULLA_CAUSE_UNSUPPORTED);
    assert_int_equal(decode_of(0, 2, right, BL_LITERAL("x")), BULLA_CAUSE_UNSUPPORTED);
    assert_int_equal(decode_of(1, 2, twice, BL_LITERAL("x")), BULLA_CAUSE_MALFORMED);
    assert_int_equal(decode_of(1, 2, swapped, BL_LITERAL("x")), BULLA_CAUSE_MALFORMED);
    assert_int_equal(decode_of(1, 1, unknown, BL_LITERAL("x")), BULLA_CAUSE_MALFORMED);
    assert_int_equal(decode_of(1, 1, right, BL_LITERAL("")), BULLA_CAUSE_MALFORMED);
}

static void
test_a_piece_too_large(void **state)
{
    static const char *const name[] = { "intel/root-crl" };
    uint8_t *large = bl_alloc(1, BL_COLLATERAL_BODY_SIZE_MAX + 1);

    (void)state;
    assert_non_null(large);
    assert_int_equal(
        decode_of(1, 1, name, (struct bulla_bytes){ large, BL_COLLATERAL_BODY_SIZE_MAX }),
        BULLA_CAUSE_NONE);
    assert_int_equal(
        decode_of(1, 1, name, (struct bulla_bytes){ large, BL_COLLATERAL_BODY_SIZE_MAX + 1 }),
        BULLA_CAUSE_MALFORMED);
    bl_free(large);
}

/* -- signature ----------------------------------------------------------------------------------- */

static enum bulla_cause
open_with(const struct bl_key *key, struct bulla_bytes bundle)
{
    struct bl_collateral_set *set = bl_collateral_set_new();
    struct bulla_error err = { 0 };
    int64_t created_s = 77;

    assert_non_null(set);
    enum bulla_status status = bl_bundle_open(bundle, key, set, &created_s, &err);
    if (status != BULLA_OK) {
        assert_int_equal(set->count, 0);
        assert_int_equal(created_s, 77);
    }
    bl_collateral_set_free(set);
    return status == BULLA_OK ? BULLA_CAUSE_NONE : err.cause;
}

static void
test_nothing_before_the_signature(void **state)
{
    struct bl_collateral_set *set = three_pieces();
    BL_AUTO_FREE(bl_key) key = new_key();
    BL_AUTO_FREE(bl_key) other = new_key();
    BL_AUTO(bulla_buffer) bundle = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_bundle_sign(set, CREATED_S, key, &bundle, &err), &err);
    assert_int_equal(open_with(other, bulla_buffer_bytes(&bundle)), BULLA_CAUSE_COSE_SIGNATURE);
    for (size_t at = 0; at < bundle.size; at++) {
        bundle.data[at] ^= 0x01;
        assert_int_not_equal(open_with(key, bulla_buffer_bytes(&bundle)), BULLA_CAUSE_NONE);
        bundle.data[at] ^= 0x01;
    }
    for (size_t size = 0; size < bundle.size; size++)
        assert_int_not_equal(open_with(key, (struct bulla_bytes){ bundle.data, size }),
                             BULLA_CAUSE_NONE);
    assert_int_equal(open_with(key, bulla_buffer_bytes(&bundle)), BULLA_CAUSE_NONE);
    bl_collateral_set_free(set);
}

/* The operator signs other things with other content types; none of them is a bundle. */
static void
test_another_content_type(void **state)
{
    const struct bl_cose_context purpose = { .content_type = BL_LITERAL("application/other") };
    const struct bulla_bytes no_key_id = { NULL, 0 };
    struct bl_collateral_set *set = three_pieces();
    BL_AUTO(bulla_buffer) payload = payload_of(set);
    BL_AUTO_FREE(bl_key) key = new_key();
    BL_AUTO(bulla_buffer) message = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(
        bl_cose_sign1_sign(key, &purpose, no_key_id, bulla_buffer_bytes(&payload), &message, &err),
        &err);
    assert_int_equal(open_with(key, bulla_buffer_bytes(&message)), BULLA_CAUSE_MISMATCH);
    bl_collateral_set_free(set);
}

static enum bulla_status
sign_and_open(const void *context, struct bulla_error *err)
{
    const struct bl_key *key = context;
    struct bl_collateral_set *from = NULL, *to = NULL;
    BL_AUTO(bulla_buffer) payload = { 0 };
    int64_t created_s;

    from = bl_collateral_set_new();
    to = bl_collateral_set_new();
    enum bulla_status status = BULLA_OK;
    if (from == NULL || to == NULL)
        status = bulla_fail(err, BULLA_E_MEMORY, "test", "no memory", 0);
    if (status == BULLA_OK)
        status = bl_bundle_sign(from, CREATED_S, key, &payload, err);
    if (status == BULLA_OK)
        status = bl_bundle_open(bulla_buffer_bytes(&payload), key, to, &created_s, err);
    bl_collateral_set_free(from);
    bl_collateral_set_free(to);
    return status;
}

static void
test_each_allocation_fails(void **state)
{
    BL_AUTO_FREE(bl_key) key = new_key();

    (void)state;
    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, sign_and_open, key) > 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_truncation_and_one_more),
        cmocka_unit_test(test_what_is_no_bundle),
        cmocka_unit_test(test_a_piece_too_large),
        cmocka_unit_test(test_nothing_before_the_signature),
        cmocka_unit_test(test_another_content_type),
        cmocka_unit_test(test_each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* COSE messages as other people write them: what is taken, and which of them are refused by name. */
#include "unit.h"

#include "codec/cose.h"
#include "codec/hex.h"

#define ES256 "a10126"
#define ES384 "a1013822"

/* A message of these parts, in hexadecimal; its payload is 01 and its signature 02. */
static void
make(const char *tag, const char *protected, const char *unprotected, struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(out);

    bulla_buffer_clear(out);
    assert_ok(bl_hex_decode(text_bytes(tag), out, &err), &err);
    bl_cbor_write_array(&w, 4);
    assert_ok(bl_hex_decode(text_bytes(protected), &bytes, &err), &err);
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&bytes));
    assert_ok(bl_hex_decode(text_bytes(unprotected), out, &err), &err);
    bl_cbor_write_bytes(&w, BL_LITERAL("\x01"));
    bl_cbor_write_bytes(&w, BL_LITERAL("\x02"));
    assert_ok(bl_writer_finish(&w, &err), &err);
}

static enum bulla_status
decode(const char *tag, const char *protected, const char *unprotected,
       struct bl_cose_sign1 *message, struct bulla_error *err)
{
    static struct bulla_buffer bytes; /* the message is views into it */

    bulla_buffer_done(&bytes);
    make(tag, protected, unprotected, &bytes);
    enum bulla_status status = bl_cose_foreign_decode(bulla_buffer_bytes(&bytes), message, err);
    if (status != BULLA_OK)
        bulla_buffer_done(&bytes);
    return status;
}

static void
test_messages_that_are_taken(void **state)
{
    (void)state;
    static const struct {
        const char *tag, *protected, *unprotected;
        enum bl_cose_algorithm algorithm;
    } taken[] = {
        { "d2", ES256, "a0", BL_COSE_ES256 },
        { "", ES384, "a0", BL_COSE_ES384 },
        { "d2", "a3044161012603183d", "a0", BL_COSE_ES256 },    /* any order, other parameters */
        { "d2", ES256, "a2182181410004420000", BL_COSE_ES256 }, /* certificates, key id */
        { "d2", ES256,
          "a104584100000000000000000000000000000000000000000000000000000000000000"
          "000000000000000000000000000000000000000000000000000000000000000000"
          "00",
          BL_COSE_ES256 }, /* a key id longer than ours */
    };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < BL_COUNT_OF(taken); i++) {
        struct bl_cose_sign1 message = { 0 };
        assert_ok(decode(taken[i].tag, taken[i].protected, taken[i].unprotected, &message, &err),
                  &err);
        assert_int_equal(message.algorithm, taken[i].algorithm);
        assert_bytes_equal(message.payload, BL_LITERAL("\x01"));
        assert_bytes_equal(message.signature, BL_LITERAL("\x02"));
        assert_int_equal(message.protected.size, strlen(taken[i].protected) / 2);
        assert_int_equal(message.unprotected.size, strlen(taken[i].unprotected) / 2);
        assert_int_equal(message.key_id.size, 0);
    }
}

static void
test_messages_that_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *tag, *protected, *unprotected;
        enum bulla_cause cause;
    } refused[] = {
        { "d1", ES256, "a0", BULLA_CAUSE_MESSAGE_AUTHENTICATION_CODE },
        { "d1", "a10105", "a0", BULLA_CAUSE_MESSAGE_AUTHENTICATION_CODE },
        { "d2", "a10104", "a0", BULLA_CAUSE_MESSAGE_AUTHENTICATION_CODE }, /* without its tag */
        { "", "a10107", "a0", BULLA_CAUSE_MESSAGE_AUTHENTICATION_CODE },
        { "d2", "", "a0", BULLA_CAUSE_ALGORITHM_MISSING },
        { "d2", "a0", "a0", BULLA_CAUSE_ALGORITHM_MISSING },
        { "d2", "", ES256, BULLA_CAUSE_ALGORITHM_MISSING }, /* of whoever carries the message */
        { "d2", "a1044161", ES256, BULLA_CAUSE_ALGORITHM_MISSING },
        { "d2", ES256, ES256, BULLA_CAUSE_MALFORMED },
        { "d2", "a201260126", "a0", BULLA_CAUSE_MALFORMED },
        { "d2", "a2012602810a", "a0", BULLA_CAUSE_UNSUPPORTED }, /* critical parameters */
        { "d2", ES256, "a102810a", BULLA_CAUSE_UNSUPPORTED },
        { "d2", "a10127", "a0", BULLA_CAUSE_UNSUPPORTED },       /* EdDSA: no token has it */
        { "d2", "a1013823", "a0", BULLA_CAUSE_UNSUPPORTED },     /* ES512 */
        { "d2", "a1016545533238", "a0", BULLA_CAUSE_MALFORMED }, /* text cut short */
        { "d2", "a101654553323536", "a0", BULLA_CAUSE_UNSUPPORTED },
        { "d2", "a1014126", "a0", BULLA_CAUSE_MALFORMED },
        { "d2", "a1012600", "a0", BULLA_CAUSE_MALFORMED }, /* something behind */
        { "d2", "26", "a0", BULLA_CAUSE_MALFORMED },
        { "d2", "bf0126", "a0", BULLA_CAUSE_MALFORMED },
        { "d2", ES256, "80", BULLA_CAUSE_MALFORMED },
        { "d3", ES256, "a0", BULLA_CAUSE_MALFORMED }, /* another tag */
        { "d2d2", ES256, "a0", BULLA_CAUSE_MALFORMED },
    };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < BL_COUNT_OF(refused); i++) {
        struct bl_cose_sign1 message = { 0 };
        assert_cause(
            decode(refused[i].tag, refused[i].protected, refused[i].unprotected, &message, &err),
            refused[i].cause, &err);
        assert_int_equal(message.algorithm, BL_COSE_NONE);
    }
}

static void
test_every_truncation_and_one_byte_more(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_cose_sign1 message = { 0 };
    struct bulla_error err = { 0 };

    make("d2", ES256, "a10441aa", &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        struct bulla_bytes part = { bytes.data, size };
        assert_fails(bl_cose_foreign_decode(part, &message, &err), BULLA_E_MALFORMED, &err);
    }
    bulla_error_clear(&err);
    assert_ok(bulla_buffer_append(&bytes, BL_LITERAL("\0"), &err), &err);
    assert_fails(bl_cose_foreign_decode(bulla_buffer_bytes(&bytes), &message, &err),
                 BULLA_E_MALFORMED, &err);
    assert_int_equal(message.algorithm, BL_COSE_NONE);
}

static void
test_a_detached_payload_is_none(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_cose_sign1 message = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_hex_decode(text_bytes("d28443" ES256 "a0f64102"), &bytes, &err), &err);
    assert_fails(bl_cose_foreign_decode(bulla_buffer_bytes(&bytes), &message, &err),
                 BULLA_E_MALFORMED, &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_that_are_taken),
        cmocka_unit_test(test_messages_that_are_refused_by_name),
        cmocka_unit_test(test_every_truncation_and_one_byte_more),
        cmocka_unit_test(test_a_detached_payload_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

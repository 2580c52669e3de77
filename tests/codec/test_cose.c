/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of RFC 9052 appendix C.2.1, whose payload and key identifier are used here. */
#include "unit.h"

#include "codec/cose.h"
#include "codec/hex.h"

#define KID "11"
#define CONTENT "This is the content."

static void
from_hex(const char *hex, struct bulla_buffer *out)
{
    bulla_buffer_clear(out);
    assert_int_equal(bl_hex_decode(text_bytes(hex), out, NULL), BULLA_OK);
}

static void
make(struct bulla_buffer *out)
{
    static const uint8_t signature[64] = { 0x87, 1 };
    BL_AUTO(bulla_buffer) protected = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_cose_protected(BL_COSE_ES256, text_bytes(""), &protected, &err), &err);
    struct bl_cose_sign1 message = { .protected = bulla_buffer_bytes(&protected),
                                     .key_id = text_bytes(KID),
                                     .payload = text_bytes(CONTENT),
                                     .signature = BL_BYTES_OF(signature) };
    assert_ok(bl_cose_sign1_encode(&message, out, &err), &err);
}

static void
test_a_message_is_written_and_read_back(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) start = { 0 };
    struct bl_cose_sign1 message = { 0 };
    struct bulla_error err = { 0 };

    make(&bytes);
    from_hex("d28443a10126a10442313154546869732069732074686520636f6e74656e742e5840", &start);
    assert_int_equal(bytes.size, start.size + 64);
    assert_memory_equal(bytes.data, start.data, start.size);

    for (size_t untagged = 0; untagged < 2; untagged++) {
        struct bulla_bytes view = { bytes.data + untagged, bytes.size - untagged };
        assert_ok(bl_cose_sign1_decode(view, &message, &err), &err);
        assert_int_equal(message.algorithm, BL_COSE_ES256);
        assert_bytes_equal(message.key_id, text_bytes(KID));
        assert_bytes_equal(message.payload, text_bytes(CONTENT));
        assert_int_equal(message.signature.size, 64);
        assert_int_equal(message.protected.size, 3);
        assert_int_equal(message.content_type.size, 0);
    }
}

static void
test_what_is_signed(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) expected = { 0 };
    BL_AUTO(bulla_buffer) protected = { 0 };
    struct bulla_error err = { 0 };

    from_hex("846a5369676e61747572653143a101264054546869732069732074686520636f6e74656e742e",
             &expected);
    assert_ok(bl_cose_protected(BL_COSE_ES256, text_bytes(""), &protected, &err), &err);
    assert_ok(bl_cose_sig_structure(bulla_buffer_bytes(&protected), text_bytes(""),
                                    text_bytes(CONTENT), &bytes, &err),
              &err);
    assert_bytes_equal(bulla_buffer_bytes(&bytes), bulla_buffer_bytes(&expected));

    bulla_buffer_clear(&protected);
    assert_ok(bl_cose_protected(BL_COSE_ES384, text_bytes("a/b"), &protected, &err), &err);
    from_hex("a20138220363612f62", &expected);
    assert_bytes_equal(bulla_buffer_bytes(&protected), bulla_buffer_bytes(&expected));
    assert_fails(bl_cose_protected(BL_COSE_NONE, text_bytes(""), &protected, &err),
                 BULLA_E_ARGUMENT, &err);
}

static void
test_what_is_not_one_message_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum bulla_status status;
    } cases[] = {
        { "8443a10126a0404100", BULLA_OK },
        { "d28443a10127a0404100", BULLA_OK },
        { "8444a1013822a0404100", BULLA_OK },
        { "8448a201260363612f62a0404100", BULLA_OK },
        { "8446a20126044131a0404100", BULLA_OK },        /* protected key id */
        { "d18443a10126a0404100", BULLA_E_MALFORMED },   /* COSE_Mac0's tag */
        { "d28443a10126a040410000", BULLA_E_MALFORMED }, /* one byte more */
        { "d2d28443a10126a0404100", BULLA_E_MALFORMED },
        { "8343a10126a040", BULLA_E_MALFORMED },
        { "8543a10126a040410000", BULLA_E_MALFORMED },
        { "8440a0404100", BULLA_E_MALFORMED },           /* no protected header */
        { "8441a0a0404100", BULLA_E_MALFORMED },         /* no algorithm */
        { "8441a0a10126404100", BULLA_E_MALFORMED },     /* algorithm unprotected */
        { "8443a10126a10126404100", BULLA_E_MALFORMED }, /* algorithm in both */
        { "8443a10100a0404100", BULLA_E_MALFORMED },     /* algorithm 0 is reserved */
        { "8444a1013824a0404100", BULLA_E_UNSUPPORTED }, /* PS256 */
        { "8443a10101a0404100", BULLA_E_UNSUPPORTED },   /* A128GCM */
        { "8443a1012fa0404100", BULLA_E_UNSUPPORTED },
        { "8446a20126028101a0404100", BULLA_E_MALFORMED },       /* crit */
        { "8445a201260100a0404100", BULLA_E_MALFORMED },         /* algorithm twice */
        { "8446a20126044131a1044131404100", BULLA_E_MALFORMED }, /* key id in both */
        { "8443a10126a10440404100", BULLA_E_MALFORMED },         /* empty key id */
        { "8443a10126a1054131404100", BULLA_E_MALFORMED },       /* unknown unprotected */
        { "8444a1012600a0404100", BULLA_E_MALFORMED },           /* tail in the header */
        { "8443a10126a0f64100", BULLA_E_MALFORMED },             /* detached */
        { "8443a10126a061004100", BULLA_E_MALFORMED },
        { "845803a10126a0404100", BULLA_E_MALFORMED }, /* not the shortest */
        { "9f43a10126a0404100ff", BULLA_E_MALFORMED },
        { "84a10126a0404100", BULLA_E_MALFORMED },
    };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bl_cose_sign1 message = { .algorithm = BL_COSE_EDDSA };
        struct bulla_error err = { 0 };
        from_hex(cases[i].hex, &bytes);
        enum bulla_status status = bl_cose_sign1_decode(bulla_buffer_bytes(&bytes), &message, &err);
        if (status != cases[i].status)
            print_message("# %s\n", cases[i].hex);
        assert_int_equal(status, cases[i].status);
        assert_int_equal(message.signature.data == NULL, status != BULLA_OK);
    }

    struct bl_cose_sign1 message = { 0 };
    struct bulla_error err = { 0 };
    bulla_buffer_clear(&bytes);
    make(&bytes);
    for (size_t size = 0; size < bytes.size; size++)
        assert_fails(bl_cose_sign1_decode((struct bulla_bytes){ bytes.data, size }, &message, &err),
                     BULLA_E_MALFORMED, &err);
    assert_null(message.payload.data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_is_written_and_read_back),
        cmocka_unit_test(test_what_is_signed),
        cmocka_unit_test(test_what_is_not_one_message_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The values of RFC 4648 section 10, and every way to write a value twice. */
#include "unit.h"

#include "base/fault.h"
#include "codec/base64.h"

static void
test_the_values_of_the_rfc(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *standard, *url;
    } vectors[] = {
        { "", "", "" },
        { "f", "Zg==", "Zg" },
        { "fo", "Zm8=", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg==", "Zm9vYg" },
        { "fooba", "Zm9vYmE=", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
        { "\xfb\xff\xfe", "+//+", "-__-" },
    };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        for (enum bl_base64 alphabet = BL_BASE64_STANDARD; alphabet <= BL_BASE64_URL; alphabet++) {
            BL_AUTO(bulla_buffer) text = { 0 };
            BL_AUTO(bulla_buffer) bytes = { 0 };
            const char *expected = alphabet == BL_BASE64_URL ? vectors[i].url : vectors[i].standard;
            assert_ok(bl_base64_encode(alphabet, text_bytes(vectors[i].bytes), &text, &err), &err);
            assert_bytes_equal(bulla_buffer_bytes(&text), text_bytes(expected));
            assert_ok(bl_base64_decode(alphabet, text_bytes(expected), &bytes, &err), &err);
            assert_bytes_equal(bulla_buffer_bytes(&bytes), text_bytes(vectors[i].bytes));
        }
    }
}

static void
test_every_character_has_one_meaning(void **state)
{
    (void)state;
    static const char *const characters[] = {
        NULL, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    };

    for (enum bl_base64 alphabet = BL_BASE64_STANDARD; alphabet <= BL_BASE64_URL; alphabet++) {
        for (unsigned c = 0; c < 256; c++) {
            BL_AUTO(bulla_buffer) bytes = { 0 };
            uint8_t text[4] = { (uint8_t)c, 'A', 'A', 'A' };
            const char *place = c == 0 ? NULL : strchr(characters[alphabet], (int)c);
            enum bulla_status status = bl_base64_decode(alphabet, BL_BYTES_OF(text), &bytes, NULL);
            assert_int_equal(status, place != NULL ? BULLA_OK : BULLA_E_MALFORMED);
            if (place != NULL)
                assert_int_equal(bytes.data[0] >> 2, place - characters[alphabet]);
            else
                assert_int_equal(bytes.size, 0);
        }
    }
}

static void
test_a_second_text_for_a_value_is_refused(void **state)
{
    (void)state;
    static const char *const standard[] = {
        "Zg",       "Zg=",  "Zg===", "Zm8",  "Zm8==", "Zm9v=",     "Zm9v====", "=",        "==",
        "====",     "Z===", "Zh==",  "Zm9=", "Zv==",  "Zm8=\n",    "Zm\n8=",   " Zm8=",    "Zm8= ",
        "Zg==Zg==", "Z=g=", "Zm=8",  "-__-", "Zm9vZ", "Zm9vZg=\n", "Zg=A",     "Zm9v\r\n",
    };
    static const char *const url[] = {
        "Zg==", "Zm8=", "Z", "Zm9vZ", "Zh", "Zm9", "+//+", "Zm8\n", "Zm 8", "Zg=", "=", "Zm9v=",
    };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof standard / sizeof standard[0] + sizeof url / sizeof url[0]; i++) {
        size_t count = sizeof standard / sizeof standard[0];
        enum bl_base64 alphabet = i < count ? BL_BASE64_STANDARD : BL_BASE64_URL;
        struct bulla_bytes text = text_bytes(i < count ? standard[i] : url[i - count]);
        BL_AUTO(bulla_buffer) bytes = { 0 };
        BL_AUTO(bl_secret) secret = { 0 };
        assert_ok(bulla_buffer_append(&bytes, text_bytes("x"), NULL), &err);
        assert_fails(bl_base64_decode(alphabet, text, &bytes, &err), BULLA_E_MALFORMED, &err);
        assert_bytes_equal(bulla_buffer_bytes(&bytes), text_bytes("x"));
        assert_fails(bl_base64_decode_secret(alphabet, text, &secret, &err), BULLA_E_MALFORMED,
                     &err);
        assert_null(secret.data);
        bulla_error_clear(&err);
    }
}

static void
test_secrets_take_the_same_way(void **state)
{
    (void)state;
    BL_AUTO(bl_secret) text = { 0 };
    BL_AUTO(bl_secret) bytes = { 0 };
    BL_AUTO(bl_secret) none = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_base64_encode_secret(BL_BASE64_STANDARD, text_bytes("fooba"), &text, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&text), text_bytes("Zm9vYmE="));
    assert_ok(bl_base64_decode_secret(BL_BASE64_STANDARD, bl_secret_bytes(&text), &bytes, &err),
              &err);
    assert_bytes_equal(bl_secret_bytes(&bytes), text_bytes("fooba"));
    assert_fails(bl_base64_decode_secret(BL_BASE64_URL, text_bytes(""), &none, &err),
                 BULLA_E_MALFORMED, &err);

    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    enum bulla_status status =
        bl_base64_decode_secret(BL_BASE64_URL, text_bytes("Zm9v"), &none, NULL);
    assert_true(bl_fault_disarm());
    assert_int_equal(status, BULLA_E_MEMORY);
    assert_null(none.data);
    BL_AUTO(bulla_buffer) buffer = { 0 };
    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    status = bl_base64_encode(BL_BASE64_URL, text_bytes("foo"), &buffer, NULL);
    assert_true(bl_fault_disarm());
    assert_int_equal(status, BULLA_E_MEMORY);
    assert_int_equal(buffer.size, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_values_of_the_rfc),
        cmocka_unit_test(test_every_character_has_one_meaning),
        cmocka_unit_test(test_a_second_text_for_a_value_is_refused),
        cmocka_unit_test(test_secrets_take_the_same_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

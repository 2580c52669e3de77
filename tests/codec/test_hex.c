/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "codec/hex.h"

static void
test_every_byte_comes_back(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO(bulla_buffer) back = { 0 };
    struct bulla_error err = { 0 };
    uint8_t all[256];

    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    assert_ok(bl_hex_encode(BL_BYTES_OF(all), &text, &err), &err);
    assert_int_equal(text.size, 512);
    assert_ok(bl_hex_decode(bulla_buffer_bytes(&text), &back, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&back), BL_BYTES_OF(all));
}

static void
test_refuses_what_is_not_hexadecimal(void **state)
{
    (void)state;
    static const char *const bad[] = { "0", "0g", "g0", " 00", "0x00", "00 ", "00:11", "-1" };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        BL_AUTO(bulla_buffer) out = { 0 };
        assert_fails(bl_hex_decode(text_bytes(bad[i]), &out, &err), BULLA_E_MALFORMED, &err);
        assert_int_equal(out.size, 0);
    }
}

static void
test_exact_wants_the_length(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t out[2] = { 7, 7 };

    assert_fails(bl_hex_decode_exact(text_bytes("00"), out, 2, &err), BULLA_E_MALFORMED, &err);
    assert_fails(bl_hex_decode_exact(text_bytes("00112"), out, 2, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(out[0], 7);
    bulla_error_clear(&err);
    assert_ok(bl_hex_decode_exact(text_bytes("AbcD"), out, 2, &err), &err);
    assert_int_equal(out[0], 0xab);
    assert_int_equal(out[1], 0xcd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte_comes_back),
        cmocka_unit_test(test_refuses_what_is_not_hexadecimal),
        cmocka_unit_test(test_exact_wants_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

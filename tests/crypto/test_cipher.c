/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers: SP 800-38A F.3.13 (CFB128-AES128) and F.3.17 (CFB128-AES256).
 */
#include "vector.h"

#include "crypto/cipher.h"

static const char iv_text[] = "000102030405060708090a0b0c0d0e0f";
static const char plain_text[] = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                                 "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

static const struct {
    const char *key, *ciphertext;
} cases[] = {
    { "2b7e151628aed2a6abf7158809cf4f3c",
      "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"
      "26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6" },
    { "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
      "dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407b"
      "df10132415e54b92a13ed0a8267ae2f975a385741ab9cef82031623d55b1e471" },
};

static void
test_known_answers(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) iv = from_hex(iv_text);
    BL_AUTO(bulla_buffer) plain = from_hex(plain_text);

    for (size_t i = 0; i < 2; i++) {
        BL_AUTO(bulla_buffer) key = from_hex(cases[i].key);
        uint8_t out[64];
        assert_ok(bl_aes_cfb_encrypt(bulla_buffer_bytes(&key), bulla_buffer_bytes(&iv),
                                     bulla_buffer_bytes(&plain), out, &err),
                  &err);
        assert_hex(BL_BYTES_OF(out), cases[i].ciphertext);
        assert_ok(bl_aes_cfb_decrypt(bulla_buffer_bytes(&key), bulla_buffer_bytes(&iv),
                                     BL_BYTES_OF(out), out, &err),
                  &err);
        assert_hex(BL_BYTES_OF(out), plain_text);
    }
}

static void
test_any_size_and_the_zero_iv(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const uint8_t zero[16] = { 0 };
    const struct bulla_bytes key = BL_LITERAL("0123456789abcdef");
    const struct bulla_bytes text = BL_LITERAL("thirty-three bytes of TPM secrets");

    for (size_t size = 0; size <= text.size; size++) {
        uint8_t implicit[64] = { 0 }, stated[64] = { 0 };
        const struct bulla_bytes part = { text.data, size };
        assert_ok(bl_aes_cfb_encrypt(key, (struct bulla_bytes){ 0 }, part, implicit, &err), &err);
        assert_ok(bl_aes_cfb_encrypt(key, BL_BYTES_OF(zero), part, stated, &err), &err);
        assert_memory_equal(implicit, stated, sizeof implicit);
        assert_ok(bl_aes_cfb_decrypt(key, (struct bulla_bytes){ 0 },
                                     (struct bulla_bytes){ implicit, size }, implicit, &err),
                  &err);
        assert_bytes_equal(((struct bulla_bytes){ implicit, size }), part);
    }
}

static void
test_wrong_sizes(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const uint8_t bytes[64] = { 0 };
    uint8_t out[16] = { 0 };
    const struct bulla_bytes text = { bytes, 16 };

    for (size_t size = 0; size <= 33; size++) {
        if (size != 16 && size != 32)
            assert_fails(bl_aes_cfb_encrypt((struct bulla_bytes){ bytes, size },
                                            (struct bulla_bytes){ 0 }, text, out, &err),
                         BULLA_E_ARGUMENT, &err);
        if (size != 0 && size != 16)
            assert_fails(bl_aes_cfb_decrypt((struct bulla_bytes){ bytes, 16 },
                                            (struct bulla_bytes){ bytes, size }, text, out, &err),
                         BULLA_E_ARGUMENT, &err);
    }
    assert_true(bl_all_zero(BL_BYTES_OF(out)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_any_size_and_the_zero_iv),
        cmocka_unit_test(test_wrong_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

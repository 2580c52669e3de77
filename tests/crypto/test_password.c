/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answer: RFC 7914 12, third vector (N = 2^14, r = 8, p = 1). The empty passphrase and salt:
 * computed by Python's hashlib.scrypt.
 */
#include "vector.h"

#include "base/fault.h"
#include "crypto/password.h"

static void
test_known_answer(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) key = { 0 };
    BL_AUTO(bl_secret) of_nothing = { 0 };

    assert_ok(
        bl_scrypt(BL_LITERAL("pleaseletmein"), BL_LITERAL("SodiumChloride"), 14, 64, &key, &err),
        &err);
    assert_hex(bl_secret_bytes(&key),
               "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
               "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
    assert_ok(
        bl_scrypt((struct bulla_bytes){ 0 }, (struct bulla_bytes){ 0 }, 14, 32, &of_nothing, &err),
        &err);
    assert_hex(bl_secret_bytes(&of_nothing),
               "d72c87d0f077c7766f2985dfab30e8955c373a13a1e93d315203939f542ff86e");
}

static void
test_limits(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const struct bulla_bytes text = BL_LITERAL("x");
    struct bl_secret key = { 0 };
    static const unsigned refused[] = { 0, 13, 21, 63, 64, ~0U };

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_fails(bl_scrypt(text, text, refused[i], 32, &key, &err), BULLA_E_LIMIT, &err);
    assert_fails(bl_scrypt(text, text, 14, 0, &key, &err), BULLA_E_ARGUMENT, &err);
    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    assert_fails(bl_scrypt(text, text, 14, 32, &key, &err), BULLA_E_MEMORY, &err);
    assert_true(bl_fault_disarm());
    assert_null(key.data);
    assert_ok(bl_secret_copy(&key, text, &err), &err);
    assert_fails(bl_scrypt(text, text, 14, 32, &key, &err), BULLA_E_ARGUMENT, &err);
    bl_secret_done(&key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answer),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

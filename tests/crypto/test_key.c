/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys read and written, and what is refused. Encodings to compare with are made by libcrypto.
 */
#include "vector.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/key.h"
#include "faults.h"

static const enum bl_key_kind kinds[] = { BL_KEY_ED25519, BL_KEY_P256, BL_KEY_P384, BL_KEY_X25519 };
#define KIND_COUNT (sizeof kinds / sizeof *kinds)

/* libcrypto's SubjectPublicKeyInfo of a key that it made; *pkey is released. */
static struct bulla_buffer
spki_of(EVP_PKEY *pkey)
{
    struct bulla_error err = { 0 };
    struct bulla_buffer spki = { 0 };
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(pkey, &der);

    assert_true(size > 0);
    assert_ok(bulla_buffer_append(&spki, (struct bulla_bytes){ der, (size_t)size }, &err), &err);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    return spki;
}

static EVP_PKEY *
foreign_key(enum bl_key_kind kind)
{
    switch (kind) {
    case BL_KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case BL_KEY_X25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    case BL_KEY_P256:
        return EVP_EC_gen("P-256");
    case BL_KEY_P384:
        return EVP_EC_gen("P-384");
    case BL_KEY_RSA:
        return EVP_RSA_gen(2048);
    case BL_KEY_NONE:
    default:
        return NULL;
    }
}

static void
test_a_generated_key_survives_its_forms(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < KIND_COUNT; i++) {
        BL_AUTO_FREE(bl_key) key = NULL;
        BL_AUTO_FREE(bl_key) from_private = NULL;
        BL_AUTO_FREE(bl_key) from_public = NULL;
        BL_AUTO(bl_secret) private_raw = { 0 };
        BL_AUTO(bulla_buffer) raw = { 0 };
        BL_AUTO(bulla_buffer) again = { 0 };
        assert_ok(bl_key_generate(kinds[i], &key, &err), &err);
        assert_int_equal(bl_key_kind(key), kinds[i]);
        assert_true(bl_key_has_private(key));
        assert_ok(bl_key_raw_private(key, &private_raw, &err), &err);
        assert_ok(bl_key_raw_public(key, &raw, &err), &err);
        assert_ok(
            bl_key_from_raw_private(kinds[i], bl_secret_bytes(&private_raw), &from_private, &err),
            &err);
        assert_ok(bl_key_raw_public(from_private, &again, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&raw), bulla_buffer_bytes(&again));
        assert_ok(bl_key_from_raw_public(kinds[i], bulla_buffer_bytes(&raw), &from_public, &err),
                  &err);
        assert_false(bl_key_has_private(from_public));
        struct bl_secret none = { 0 };
        assert_fails(bl_key_raw_private(from_public, &none, &err), BULLA_E_ARGUMENT, &err);
        assert_fails(bl_key_raw_private(key, &private_raw, &err), BULLA_E_ARGUMENT, &err);
        bulla_error_clear(&err);
    }
}

static void
test_spki_is_what_libcrypto_writes(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const enum bl_key_kind all[] = { BL_KEY_ED25519, BL_KEY_P256, BL_KEY_P384, BL_KEY_X25519,
                                            BL_KEY_RSA };

    for (size_t i = 0; i < 5; i++) {
        BL_AUTO(bulla_buffer) spki = spki_of(foreign_key(all[i]));
        BL_AUTO(bulla_buffer) again = { 0 };
        BL_AUTO_FREE(bl_key) key = NULL;
        assert_ok(bl_key_from_spki(bulla_buffer_bytes(&spki), &key, &err), &err);
        assert_int_equal(bl_key_kind(key), all[i]);
        assert_false(bl_key_has_private(key));
        assert_ok(bl_key_spki(key, &again, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&spki), bulla_buffer_bytes(&again));
    }
}

static void
test_truncated_and_longer_spki(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const enum bl_key_kind some[] = { BL_KEY_P256, BL_KEY_ED25519, BL_KEY_RSA };

    for (size_t i = 0; i < 3; i++) {
        BL_AUTO(bulla_buffer) spki = spki_of(foreign_key(some[i]));
        struct bl_key *key = NULL;
        const size_t right_size = spki.size;
        assert_ok(bulla_buffer_append(&spki, BL_LITERAL("\0"), &err), &err);
        for (size_t size = 0; size <= right_size + 1; size++) {
            if (size != right_size)
                assert_fails(bl_key_from_spki((struct bulla_bytes){ spki.data, size }, &key, &err),
                             BULLA_E_MALFORMED, &err);
        }
        assert_null(key);
        bulla_error_clear(&err);
    }
}

/* One key, one encoding: otherwise a pinned key could come in a form that compares as another. */
static void
test_other_encodings_of_a_point(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    EVP_PKEY *compressed = EVP_EC_gen("P-256");
    EVP_PKEY *explicit_curve = EVP_EC_gen("P-256");
    struct bl_key *key = NULL;

    assert_int_equal(EVP_PKEY_set_utf8_string_param(compressed, "point-format", "compressed"), 1);
    assert_int_equal(EVP_PKEY_set_utf8_string_param(explicit_curve, "encoding", "explicit"), 1);
    BL_AUTO(bulla_buffer) first = spki_of(compressed);
    BL_AUTO(bulla_buffer) second = spki_of(explicit_curve);
    assert_fails(bl_key_from_spki(bulla_buffer_bytes(&first), &key, &err), BULLA_E_UNSUPPORTED,
                 &err);
    assert_fails(bl_key_from_spki(bulla_buffer_bytes(&second), &key, &err), BULLA_E_UNSUPPORTED,
                 &err);
    assert_null(key);
}

static EVP_PKEY *
rsa_pss_key(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY *pkey = NULL;

    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static void
test_other_algorithms(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) p521 = spki_of(EVP_EC_gen("P-521"));
    BL_AUTO(bulla_buffer) k256 = spki_of(EVP_EC_gen("secp256k1"));
    BL_AUTO(bulla_buffer) ed448 = spki_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"));
    BL_AUTO(bulla_buffer) pss = spki_of(rsa_pss_key());
    const struct bulla_buffer *others[] = { &p521, &k256, &ed448, &pss };
    struct bl_key *key = NULL;

    for (size_t i = 0; i < 4; i++)
        assert_fails(bl_key_from_spki(bulla_buffer_bytes(others[i]), &key, &err),
                     BULLA_E_UNSUPPORTED, &err);
    assert_null(key);
}

static void
test_points_off_the_curve(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 1; i <= 2; i++) { /* P-256, P-384 */
        BL_AUTO_FREE(bl_key) key = NULL;
        BL_AUTO(bulla_buffer) raw = { 0 };
        struct bl_key *refused = NULL;
        bulla_error_clear(&err);
        assert_ok(bl_key_generate(kinds[i], &key, &err), &err);
        assert_ok(bl_key_raw_public(key, &raw, &err), &err);
        raw.data[raw.size - 1] ^= 1; /* y */
        assert_fails(bl_key_from_raw_public(kinds[i], bulla_buffer_bytes(&raw), &refused, &err),
                     BULLA_E_MALFORMED, &err);
        raw.data[raw.size - 1] ^= 1;
        raw.data[0] = (uint8_t)(6 + raw.data[raw.size - 1] % 2); /* the hybrid form of X9.62 */
        assert_fails(bl_key_from_raw_public(kinds[i], bulla_buffer_bytes(&raw), &refused, &err),
                     BULLA_E_MALFORMED, &err);
        memset(raw.data, 0xff, raw.size); /* coordinates beyond the field */
        raw.data[0] = 4;
        assert_fails(bl_key_from_raw_public(kinds[i], bulla_buffer_bytes(&raw), &refused, &err),
                     BULLA_E_MALFORMED, &err);
        memset(raw.data + 1, 0, raw.size - 1);
        assert_fails(bl_key_from_raw_public(kinds[i], bulla_buffer_bytes(&raw), &refused, &err),
                     BULLA_E_MALFORMED, &err);
        assert_null(refused);
    }
}

static void
test_raw_forms_of_wrong_size(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const size_t public_sizes[] = { 32, 65, 97, 32 };
    static const size_t private_sizes[] = { 32, 32, 48, 32 };
    static const uint8_t bytes[128] = { 4 };
    struct bl_key *key = NULL;

    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t size = 0; size <= sizeof bytes; size++) {
            const struct bulla_bytes raw = { bytes, size };
            if (size != public_sizes[i])
                assert_fails(bl_key_from_raw_public(kinds[i], raw, &key, &err), BULLA_E_MALFORMED,
                             &err);
            if (size != private_sizes[i])
                assert_fails(bl_key_from_raw_private(kinds[i], raw, &key, &err), BULLA_E_MALFORMED,
                             &err);
        }
    }
    assert_null(key);
}

static void
test_kinds_without_a_raw_form(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const enum bl_key_kind none[] = { BL_KEY_NONE, BL_KEY_RSA, (enum bl_key_kind)6,
                                             (enum bl_key_kind) - 1 };
    const struct bulla_bytes raw = BL_LITERAL("0123456789abcdef0123456789abcdef");
    struct bl_key *key = NULL;

    for (size_t i = 0; i < 4; i++) {
        assert_fails(bl_key_generate(none[i], &key, &err), BULLA_E_ARGUMENT, &err);
        assert_fails(bl_key_from_raw_public(none[i], raw, &key, &err), BULLA_E_ARGUMENT, &err);
        assert_fails(bl_key_from_raw_private(none[i], raw, &key, &err), BULLA_E_ARGUMENT, &err);
    }
    assert_null(key);
    bl_key_free(NULL);
}

/* One odd modulus of `size` bytes with the given first byte. */
static enum bulla_status
rsa_of(size_t size, uint8_t first, uint8_t last, uint32_t exponent, struct bulla_error *err)
{
    uint8_t modulus[520];
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) spki = { 0 };

    memset(modulus, 0x5a, sizeof modulus);
    modulus[1] = 0xff;
    modulus[0] = first;
    modulus[size - 1] = last;
    BL_TRY(bl_key_from_rsa_public((struct bulla_bytes){ modulus, size }, exponent, &key, err));
    assert_int_equal(bl_key_kind(key), BL_KEY_RSA);
    return bl_key_spki(key, &spki, err);
}

static void
test_rsa_keys_of_numbers(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    assert_ok(rsa_of(256, 0x80, 1, 65537, &err), &err);
    assert_ok(rsa_of(257, 0x00, 1, 65537, &err), &err);
    assert_ok(rsa_of(512, 0xff, 1, 0xffffffff, &err), &err);
    assert_fails(rsa_of(256, 0x7f, 1, 65537, &err), BULLA_E_MALFORMED, &err);
    assert_fails(rsa_of(256, 0x00, 1, 65537, &err), BULLA_E_MALFORMED, &err);
    assert_fails(rsa_of(255, 0xff, 1, 65537, &err), BULLA_E_MALFORMED, &err);
    assert_fails(rsa_of(1, 0, 0, 65537, &err), BULLA_E_MALFORMED, &err);
    assert_fails(rsa_of(513, 0x01, 1, 65537, &err), BULLA_E_MALFORMED, &err);
    assert_fails(rsa_of(256, 0x80, 2, 65537, &err), BULLA_E_MALFORMED, &err);
    assert_fails(rsa_of(256, 0x80, 1, 65538, &err), BULLA_E_MALFORMED, &err);
    assert_fails(rsa_of(256, 0x80, 1, 3, &err), BULLA_E_MALFORMED, &err);
    assert_fails(rsa_of(256, 0x80, 1, 0, &err), BULLA_E_MALFORMED, &err);
    assert_fails(rsa_of(256, 0x80, 1, 65535, &err), BULLA_E_MALFORMED, &err);
}

static void
test_a_short_rsa_key_in_spki(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) spki = spki_of(EVP_RSA_gen(1024));
    struct bl_key *key = NULL;

    assert_fails(bl_key_from_spki(bulla_buffer_bytes(&spki), &key, &err), BULLA_E_MALFORMED, &err);
    assert_null(key);
}

static enum bulla_status
make_and_write(const void *context, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO_FREE(bl_key) again = NULL;
    BL_AUTO(bl_secret) raw = { 0 };
    BL_AUTO(bulla_buffer) spki = { 0 };

    (void)context;
    BL_TRY(bl_key_generate(BL_KEY_P384, &key, err));
    BL_TRY(bl_key_raw_private(key, &raw, err));
    BL_TRY(bl_key_spki(key, &spki, err));
    return bl_key_from_raw_private(BL_KEY_P384, bl_secret_bytes(&raw), &again, err);
}

static void
test_every_allocation_can_fail(void **state)
{
    (void)state;
    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, make_and_write, NULL) > 4);
    assert_true(fail_each(BL_FAULT_RANDOM, BULLA_E_CRYPTO, make_and_write, NULL) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_generated_key_survives_its_forms),
        cmocka_unit_test(test_spki_is_what_libcrypto_writes),
        cmocka_unit_test(test_truncated_and_longer_spki),
        cmocka_unit_test(test_other_encodings_of_a_point),
        cmocka_unit_test(test_other_algorithms),
        cmocka_unit_test(test_points_off_the_curve),
        cmocka_unit_test(test_raw_forms_of_wrong_size),
        cmocka_unit_test(test_kinds_without_a_raw_form),
        cmocka_unit_test(test_rsa_keys_of_numbers),
        cmocka_unit_test(test_a_short_rsa_key_in_spki),
        cmocka_unit_test(test_every_allocation_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

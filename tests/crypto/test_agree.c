/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers of key agreement: computed by pyca/cryptography 50.0.2. RSA-OAEP: decrypted by
 * libcrypto with a key made here.
 */
#include "vector.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/fault.h"
#include "crypto/key.h"

struct agree_case {
    enum bl_key_kind kind;
    const char *own_private, *own_public, *peer_public, *shared;
};

static const struct agree_case cases[] = {
    { BL_KEY_X25519, "4ff3ba0930d08308889ce4d766a54acf15f015fb91f3247ddaf58e3083d9452e",
      "b2e1cb4831101661cf4902644180330372ee595dcf5372c067ffbea2093e5e1c",
      "09853e3e06baf76c1766fc96745ab2bd162855a7589dbd5f1d2eda3f1ab87925",
      "b90fe2bcd43e9bc6e657958a3ceded8c9a8c4b1387924e46b887ac1739c04d4c" },
    { BL_KEY_P256, "fef0d6fefb01e0579e41e1c81da9356853003bdce3a48886be22b293bc5e65c0",
      "048c371823aceb6fa4606cec99739036c12fcb8076959117a60771e2c37fcb71"
      "9d79afd12569a98dc0a72a8fadc64cfd8baf0c9618dc41ce443c20151da88d88"
      "d4",
      "0475a611c710c80bda535f3ddb43a221e8c3b61fd8f297f1bad61728616b37d1"
      "c06d2c73da393d4ca4c02cb23130843c9b50a304e44cb63b94bc02438e9cd2b8"
      "b3",
      "79fb7eb1cf0078e2c81dc96fbbf6870bf37af2c39ffd3fd708a64e8cf7768dbe" },
    { BL_KEY_P384,
      "ae7b776b432a45e1a409adb323070f0588b96801704cf1d5ff71b69de39c06c6"
      "595c8b6a7122ece650e78c860f551975",
      "041c5412770974a7b3e41db3b5d57ca5ef69cdae1cc7f10e7ce9ba28b1aa5c1c"
      "8c48e35946cf49aa318a1ef0de47757c219167ebb030c86a40b83c202fe7d5ec"
      "5684ae52223289ad13e3bd2538e3f83cd9cef4fa55ed6cea0de9ed9ebe4deb4d"
      "2f",
      "0458146e6b95f6f9dae40eb64d684cbad18c7cd86c25959c0db81e2a0457341b"
      "a165d77dca03947d9e86c17888597646415a15f1b729d1effc5514fa9e774d2d"
      "8e46261d6e75b81a25ff56f7a35afbe0781a7c8adc1035165c034a874c8d25e0"
      "6b",
      "c88739d473c8fdfb80ef2d086756108f8cb2bb9060c79f35cf453c45d3e7e546"
      "190aa744028389b575993988de0b8134" },
};

#define CASE_COUNT (sizeof cases / sizeof *cases)

static void
test_known_answers(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < CASE_COUNT; i++) {
        const struct agree_case *c = &cases[i];
        BL_AUTO(bulla_buffer) peer_raw = from_hex(c->peer_public);
        BL_AUTO(bulla_buffer) public_raw = { 0 };
        BL_AUTO_FREE(bl_key) own = key_from_hex(c->kind, c->own_private);
        BL_AUTO_FREE(bl_key) peer = NULL;
        BL_AUTO(bl_secret) shared = { 0 };
        assert_ok(bl_key_raw_public(own, &public_raw, &err), &err);
        assert_hex(bulla_buffer_bytes(&public_raw), c->own_public);
        assert_ok(bl_key_from_raw_public(c->kind, bulla_buffer_bytes(&peer_raw), &peer, &err),
                  &err);
        assert_ok(bl_key_agree(own, peer, &shared, &err), &err);
        assert_hex(bl_secret_bytes(&shared), c->shared);
        assert_fails(bl_key_agree(own, peer, &shared, &err), BULLA_E_ARGUMENT, &err); /* in use */
    }
}

/* The points of small order of Curve25519 and its non-canonical encodings of them. */
static void
test_small_order_is_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    BL_AUTO_FREE(bl_key) own = NULL;

    assert_ok(bl_key_generate(BL_KEY_X25519, &own, &err), &err);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        BL_AUTO(bulla_buffer) raw = from_hex(points[i]);
        BL_AUTO_FREE(bl_key) peer = NULL;
        struct bl_secret shared = { 0 };
        bulla_error_clear(&err);
        assert_ok(bl_key_from_raw_public(BL_KEY_X25519, bulla_buffer_bytes(&raw), &peer, &err),
                  &err);
        assert_fails(bl_key_agree(own, peer, &shared, &err), BULLA_E_MALFORMED, &err);
        assert_null(shared.data);
    }
}

static void
test_keys_that_share_nothing(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) p256 = NULL;
    BL_AUTO_FREE(bl_key) p384 = NULL;
    BL_AUTO_FREE(bl_key) ed25519 = NULL;
    BL_AUTO_FREE(bl_key) public_only = NULL;
    BL_AUTO(bulla_buffer) raw = { 0 };
    struct bl_secret shared = { 0 };

    assert_ok(bl_key_generate(BL_KEY_P256, &p256, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_P384, &p384, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_ED25519, &ed25519, &err), &err);
    assert_ok(bl_key_raw_public(p256, &raw, &err), &err);
    assert_ok(bl_key_from_raw_public(BL_KEY_P256, bulla_buffer_bytes(&raw), &public_only, &err),
              &err);
    assert_fails(bl_key_agree(p256, p384, &shared, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_key_agree(ed25519, ed25519, &shared, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_key_agree(public_only, p256, &shared, &err), BULLA_E_ARGUMENT, &err);
    bulla_error_clear(&err);
    assert_ok(bl_key_agree(p256, public_only, &shared, &err), &err);
    bl_secret_done(&shared);
}

static struct bl_key *
key_of(EVP_PKEY *pkey)
{
    struct bulla_error err = { 0 };
    unsigned char *der = NULL;
    struct bl_key *key = NULL;
    int size = i2d_PUBKEY(pkey, &der);

    assert_true(size > 0);
    assert_ok(bl_key_from_spki((struct bulla_bytes){ der, (size_t)size }, &key, &err), &err);
    OPENSSL_free(der);
    return key;
}

static bool
oaep_decrypt(EVP_PKEY *pkey, const char *digest, const char *label, size_t label_size,
             struct bulla_bytes ciphertext, uint8_t *out, size_t *size)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    void *copy = label_size > 0 ? OPENSSL_memdup(label, label_size) : NULL;

    assert_int_equal(EVP_PKEY_decrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md_name(context, digest, NULL), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, digest, NULL), 1);
    if (copy != NULL)
        assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, (int)label_size), 1);
    bool done = EVP_PKEY_decrypt(context, out, size, ciphertext.data, ciphertext.size) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

static void
test_rsa_oaep(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    BL_AUTO_FREE(bl_key) key = key_of(pkey);
    static const char label[] = "DUPLICATE"; /* TPM 2.0 part 1, B.4: its final zero belongs to it */
    const struct bulla_bytes labels[] = { { 0 }, { (const uint8_t *)label, sizeof label } };
    const struct bulla_bytes seed = BL_LITERAL("0123456789abcdef0123456789abcdef");
    static const enum bl_hash hashes[] = { BL_SHA256, BL_SHA384 };
    static const char *const names[] = { "SHA256", "SHA384" };

    for (size_t i = 0; i < 4; i++) {
        BL_AUTO(bulla_buffer) out = { 0 };
        uint8_t plain[256];
        size_t size = sizeof plain;
        assert_ok(bl_key_rsa_oaep(key, hashes[i / 2], labels[i % 2], seed, &out, &err), &err);
        assert_int_equal(out.size, 256);
        assert_true(oaep_decrypt(pkey, names[i / 2], label, labels[i % 2].size,
                                 bulla_buffer_bytes(&out), plain, &size));
        assert_bytes_equal(((struct bulla_bytes){ plain, size }), seed);
        size = sizeof plain;
        assert_false(
            oaep_decrypt(pkey, names[i / 2], "OTHER", 5, bulla_buffer_bytes(&out), plain, &size));
    }
    EVP_PKEY_free(pkey);
}

static void
test_rsa_oaep_refuses(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    BL_AUTO_FREE(bl_key) rsa = key_of(pkey);
    BL_AUTO_FREE(bl_key) p256 = NULL;
    BL_AUTO(bulla_buffer) out = { 0 };
    static const uint8_t plain[191] = { 1 };
    const struct bulla_bytes none = { 0 };

    EVP_PKEY_free(pkey);
    assert_ok(bl_key_generate(BL_KEY_P256, &p256, &err), &err);
    assert_fails(bl_key_rsa_oaep(p256, BL_SHA256, none, none, &out, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_key_rsa_oaep(rsa, BL_SHA1, none, none, &out, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_key_rsa_oaep(rsa, BL_HASH_NONE, none, none, &out, &err), BULLA_E_ARGUMENT,
                 &err);
    assert_fails(bl_key_rsa_oaep(rsa, BL_SHA256, none, BL_BYTES_OF(plain), &out, &err),
                 BULLA_E_LIMIT, &err);
    bl_fault_arm(BL_FAULT_RANDOM, 1, false);
    assert_fails(bl_key_rsa_oaep(rsa, BL_SHA256, none, none, &out, &err), BULLA_E_CRYPTO, &err);
    assert_true(bl_fault_disarm());
    assert_int_equal(out.size, 0);
    bulla_error_clear(&err);
    assert_ok(bl_key_rsa_oaep(rsa, BL_SHA256, none, (struct bulla_bytes){ plain, 190 }, &out, &err),
              &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_small_order_is_refused),
        cmocka_unit_test(test_keys_that_share_nothing),
        cmocka_unit_test(test_rsa_oaep),
        cmocka_unit_test(test_rsa_oaep_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

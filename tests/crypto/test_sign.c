/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers: RFC 8032 7.1 (Ed25519, tests 1 and 2), RFC 6979 A.2.5 and A.2.6 ("sample" with
 * the curve's own hash). RSA signatures are made here by libcrypto.
 */
#include "vector.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/fault.h"
#include "crypto/key.h"

struct sign_case {
    enum bl_key_kind kind;
    const char *private_key, *message, *signature;
};

static const struct sign_case cases[] = {
    { BL_KEY_ED25519, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
    { BL_KEY_ED25519, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "r",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
    { BL_KEY_P256, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", "sample",
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
      "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8" },
    { BL_KEY_P384,
      "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba"
      "9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
      "sample",
      "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fa"
      "be46"
      "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a3862"
      "8ac8" },
};

#define CASE_COUNT (sizeof cases / sizeof *cases)

/* Orders of the base points of P-256 and P-384 (SEC 2). */
static const char p256_order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char p384_order[] = "ffffffffffffffffffffffffffffffffffffffffffffffff"
                                 "c7634d81f4372ddf581a0db248b0a77aecec196accc52973";

static void
test_known_answers(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < CASE_COUNT; i++) {
        BL_AUTO_FREE(bl_key) key = key_from_hex(cases[i].kind, cases[i].private_key);
        BL_AUTO(bulla_buffer) signature = from_hex(cases[i].signature);
        const struct bulla_bytes message = text_bytes(cases[i].message);
        assert_ok(bl_key_verify(key, &message, 1, bulla_buffer_bytes(&signature), &err), &err);
        if (cases[i].kind == BL_KEY_ED25519) { /* deterministic */
            BL_AUTO(bulla_buffer) made = { 0 };
            assert_ok(bl_key_sign(key, &message, 1, &made, &err), &err);
            assert_hex(bulla_buffer_bytes(&made), cases[i].signature);
        }
    }
}

static void
test_what_is_signed_verifies(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const struct bulla_bytes parts[] = { BL_LITERAL("one "), { NULL, 0 }, BL_LITERAL("message") };
    const struct bulla_bytes whole = BL_LITERAL("one message");
    const struct bulla_bytes other = BL_LITERAL("one massage");

    for (size_t i = 0; i < CASE_COUNT; i++) {
        BL_AUTO_FREE(bl_key) key = key_from_hex(cases[i].kind, cases[i].private_key);
        BL_AUTO(bulla_buffer) signature = { 0 };
        assert_ok(bl_key_sign(key, parts, 3, &signature, &err), &err);
        assert_ok(bl_key_verify(key, &whole, 1, bulla_buffer_bytes(&signature), &err), &err);
        assert_fails(bl_key_verify(key, &other, 1, bulla_buffer_bytes(&signature), &err),
                     BULLA_E_SIGNATURE, &err);
        assert_fails(bl_key_verify(key, NULL, 0, bulla_buffer_bytes(&signature), &err),
                     BULLA_E_SIGNATURE, &err);
        bulla_error_clear(&err);
    }
}

static void
test_altered_signatures_do_not_verify(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < CASE_COUNT; i++) {
        BL_AUTO_FREE(bl_key) key = key_from_hex(cases[i].kind, cases[i].private_key);
        BL_AUTO(bulla_buffer) signature = from_hex(cases[i].signature);
        const struct bulla_bytes message = text_bytes(cases[i].message);
        const size_t right_size = signature.size;
        for (size_t bit = 0; bit < right_size * 8; bit += 5) {
            signature.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_fails(bl_key_verify(key, &message, 1, bulla_buffer_bytes(&signature), &err),
                         BULLA_E_SIGNATURE, &err);
            signature.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        bulla_error_clear(&err);
        assert_ok(bulla_buffer_append(&signature, BL_LITERAL("\0"), &err), &err);
        for (size_t size = 0; size <= right_size + 1; size++) {
            if (size != right_size)
                assert_fails(bl_key_verify(key, &message, 1,
                                           (struct bulla_bytes){ signature.data, size }, &err),
                             BULLA_E_SIGNATURE, &err);
        }
    }
}

/* r or s of 0, of the order, and above it: refused before libcrypto sees them. */
static void
test_ecdsa_values_out_of_range(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 2; i < CASE_COUNT; i++) {
        BL_AUTO_FREE(bl_key) key = key_from_hex(cases[i].kind, cases[i].private_key);
        BL_AUTO(bulla_buffer)
        order = from_hex(cases[i].kind == BL_KEY_P256 ? p256_order : p384_order);
        const struct bulla_bytes message = text_bytes(cases[i].message);
        for (size_t half = 0; half < 2; half++) {
            for (int value = 0; value < 3; value++) {
                BL_AUTO(bulla_buffer) signature = from_hex(cases[i].signature);
                uint8_t *place = signature.data + half * order.size;
                memset(place, value == 2 ? 0xff : 0, order.size);
                if (value == 1)
                    memcpy(place, order.data, order.size);
                assert_fails(bl_key_verify(key, &message, 1, bulla_buffer_bytes(&signature), &err),
                             BULLA_E_SIGNATURE, &err);
                assert_string_equal(err.what, "r or s out of range");
            }
        }
    }
}

static void
test_private_values_out_of_range(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const enum bl_key_kind kinds[] = { BL_KEY_P256, BL_KEY_P384 };

    for (size_t i = 0; i < 2; i++) {
        BL_AUTO(bulla_buffer) order = from_hex(i == 0 ? p256_order : p384_order);
        BL_AUTO_FREE(bl_key) largest = NULL;
        struct bl_key *key = NULL;
        assert_fails(bl_key_from_raw_private(kinds[i], bulla_buffer_bytes(&order), &key, &err),
                     BULLA_E_MALFORMED, &err);
        order.data[order.size - 1]--;
        bulla_error_clear(&err);
        assert_ok(bl_key_from_raw_private(kinds[i], bulla_buffer_bytes(&order), &largest, &err),
                  &err);
        memset(order.data, 0, order.size);
        assert_fails(bl_key_from_raw_private(kinds[i], bulla_buffer_bytes(&order), &key, &err),
                     BULLA_E_MALFORMED, &err);
        assert_null(key);
    }
}

static void
test_another_key_does_not_verify(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < CASE_COUNT; i++) {
        BL_AUTO(bulla_buffer) signature = from_hex(cases[i].signature);
        BL_AUTO_FREE(bl_key) other = NULL;
        const struct bulla_bytes message = text_bytes(cases[i].message);
        bulla_error_clear(&err);
        assert_ok(bl_key_generate(cases[i].kind, &other, &err), &err);
        assert_fails(bl_key_verify(other, &message, 1, bulla_buffer_bytes(&signature), &err),
                     BULLA_E_SIGNATURE, &err);
    }
}

static void
test_keys_that_cannot_sign(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) x25519 = NULL;
    BL_AUTO_FREE(bl_key) own = key_from_hex(cases[2].kind, cases[2].private_key);
    BL_AUTO_FREE(bl_key) public_only = NULL;
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO(bulla_buffer) out = { 0 };
    const struct bulla_bytes message = BL_LITERAL("x");

    assert_ok(bl_key_generate(BL_KEY_X25519, &x25519, &err), &err);
    assert_ok(bl_key_raw_public(own, &raw, &err), &err);
    assert_ok(bl_key_from_raw_public(BL_KEY_P256, bulla_buffer_bytes(&raw), &public_only, &err),
              &err);
    assert_fails(bl_key_sign(x25519, &message, 1, &out, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_key_sign(public_only, &message, 1, &out, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_key_verify(x25519, &message, 1, message, &err), BULLA_E_ARGUMENT, &err);
    bl_fault_arm(BL_FAULT_RANDOM, 1, false);
    assert_fails(bl_key_sign(own, &message, 1, &out, &err), BULLA_E_CRYPTO, &err);
    assert_true(bl_fault_disarm());
    assert_int_equal(out.size, 0);
}

struct rsa_signer {
    EVP_PKEY *pkey;
    struct bl_key *key;
};

static int
make_rsa(void **state)
{
    static struct rsa_signer signer;
    struct bulla_error err = { 0 };
    unsigned char *der = NULL;

    signer.pkey = EVP_RSA_gen(2048);
    int size = i2d_PUBKEY(signer.pkey, &der);
    if (size <= 0 ||
        bl_key_from_spki((struct bulla_bytes){ der, (size_t)size }, &signer.key, &err) != BULLA_OK)
        return -1;
    OPENSSL_free(der);
    *state = &signer;
    return 0;
}

static int
free_rsa(void **state)
{
    struct rsa_signer *signer = *state;

    EVP_PKEY_free(signer->pkey);
    bl_key_free(signer->key);
    return 0;
}

static struct bulla_bytes
rsa_sign(EVP_PKEY *pkey, int padding, int salt_size, const EVP_MD *md, struct bulla_bytes digest,
         uint8_t out[256])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    size_t size = 256;

    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, md), 1);
    if (padding == RSA_PKCS1_PSS_PADDING)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_size), 1);
    assert_int_equal(EVP_PKEY_sign(context, out, &size, digest.data, digest.size), 1);
    EVP_PKEY_CTX_free(context);
    return (struct bulla_bytes){ out, size };
}

static void
test_rsa_signatures(void **state)
{
    const struct rsa_signer *signer = *state;
    struct bulla_error err = { 0 };
    uint8_t digest[32], out[256];
    static const struct {
        int padding, salt_size;
        enum bl_signature_scheme scheme, wrong;
    } rows[] = {
        { RSA_PKCS1_PADDING, 0, BL_SCHEME_RSASSA, BL_SCHEME_RSAPSS },
        { RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST, BL_SCHEME_RSAPSS, BL_SCHEME_RSASSA },
        { RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_MAX, BL_SCHEME_RSAPSS, BL_SCHEME_ECDSA },
        { RSA_PKCS1_PSS_PADDING, 0, BL_SCHEME_RSAPSS, (enum bl_signature_scheme)0 },
    };

    assert_ok(bl_hash_once(BL_SHA256, BL_LITERAL("quote"), digest, &err), &err);
    for (size_t i = 0; i < 4; i++) {
        const struct bulla_bytes d = BL_BYTES_OF(digest);
        struct bulla_bytes s =
            rsa_sign(signer->pkey, rows[i].padding, rows[i].salt_size, EVP_sha256(), d, out);
        assert_ok(bl_key_verify_digest(signer->key, rows[i].scheme, BL_SHA256, d, s, &err), &err);
        assert_fails(bl_key_verify_digest(signer->key, rows[i].wrong, BL_SHA256, d, s, &err),
                     BULLA_E_SIGNATURE, &err);
        s.size--;
        assert_fails(bl_key_verify_digest(signer->key, rows[i].scheme, BL_SHA256, d, s, &err),
                     BULLA_E_SIGNATURE, &err);
        s.size++;
        out[100] ^= 1;
        assert_fails(bl_key_verify_digest(signer->key, rows[i].scheme, BL_SHA256, d, s, &err),
                     BULLA_E_SIGNATURE, &err);
        out[100] ^= 1;
        digest[0] ^= 1;
        assert_fails(bl_key_verify_digest(signer->key, rows[i].scheme, BL_SHA256, d, s, &err),
                     BULLA_E_SIGNATURE, &err);
        digest[0] ^= 1;
        bulla_error_clear(&err);
    }
}

static void
test_digests_that_prove_nothing(void **state)
{
    const struct rsa_signer *signer = *state;
    struct bulla_error err = { 0 };
    uint8_t digest[32] = { 0 }, out[256];
    const struct bulla_bytes sha1 = { digest, 20 };
    const struct bulla_bytes s =
        rsa_sign(signer->pkey, RSA_PKCS1_PADDING, 0, EVP_sha1(), sha1, out);

    assert_fails(bl_key_verify_digest(signer->key, BL_SCHEME_RSASSA, BL_SHA1, sha1, s, &err),
                 BULLA_E_UNSUPPORTED, &err);
    assert_fails(bl_key_verify_digest(signer->key, BL_SCHEME_RSASSA, BL_SHA256, sha1, s, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(bl_key_verify_digest(signer->key, BL_SCHEME_RSASSA, BL_HASH_NONE,
                                      (struct bulla_bytes){ 0 }, s, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(bl_key_verify_digest(signer->key, BL_SCHEME_RSASSA, BL_SHA256, BL_BYTES_OF(digest),
                                      s, &err),
                 BULLA_E_SIGNATURE, &err);
}

static void
test_ecdsa_over_a_foreign_digest(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) key = key_from_hex(cases[2].kind, cases[2].private_key);
    BL_AUTO_FREE(bl_key) ed25519 = key_from_hex(cases[0].kind, cases[0].private_key);
    BL_AUTO(bulla_buffer) signature = from_hex(cases[2].signature);
    uint8_t digest[32];
    const struct bulla_bytes s = bulla_buffer_bytes(&signature);

    assert_ok(bl_hash_once(BL_SHA256, BL_LITERAL("sample"), digest, &err), &err);
    assert_ok(bl_key_verify_digest(key, BL_SCHEME_ECDSA, BL_SHA256, BL_BYTES_OF(digest), s, &err),
              &err);
    assert_fails(
        bl_key_verify_digest(key, BL_SCHEME_RSASSA, BL_SHA256, BL_BYTES_OF(digest), s, &err),
        BULLA_E_SIGNATURE, &err);
    assert_string_equal(err.what, "scheme does not fit the key");
    assert_fails(
        bl_key_verify_digest(ed25519, BL_SCHEME_ECDSA, BL_SHA256, BL_BYTES_OF(digest), s, &err),
        BULLA_E_SIGNATURE, &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_what_is_signed_verifies),
        cmocka_unit_test(test_altered_signatures_do_not_verify),
        cmocka_unit_test(test_ecdsa_values_out_of_range),
        cmocka_unit_test(test_private_values_out_of_range),
        cmocka_unit_test(test_another_key_does_not_verify),
        cmocka_unit_test(test_keys_that_cannot_sign),
        cmocka_unit_test(test_rsa_signatures),
        cmocka_unit_test(test_digests_that_prove_nothing),
        cmocka_unit_test(test_ecdsa_over_a_foreign_digest),
    };
    return cmocka_run_group_tests(tests, make_rsa, free_rsa);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers: RFC 9180 appendix A has none with AES-256-GCM over these KEMs; these were
 * computed with pyhpke 0.6.5 (which is held to the RFC's) from a fixed ephemeral key, and messages
 * of it opened by a second implementation, pyca/cryptography 50.0.2.
 */
#include "vector.h"

#include "crypto/hpke.h"
#include "faults.h"

struct hpke_case {
    enum bl_key_kind kind;
    const char *private_key, *enc, *ciphertext, *exported;
};

static const struct hpke_case cases[] = {
    { BL_KEY_X25519, "4ff3ba0930d08308889ce4d766a54acf15f015fb91f3247ddaf58e3083d9452e",
      "09853e3e06baf76c1766fc96745ab2bd162855a7589dbd5f1d2eda3f1ab87925",
      "1717083dbabc72da9b68cf5cb562b4786b5ed7ce28868d048b7c6a7d06ae2c59"
      "362ad8678916b5cdebca9db976",
      "bc41d998e7721d908cfcaff31be80b80aa469540ff98c3bc26989946abad0fc4"
      "75b64b1824619f9066e3245ee0c85827b87690f670362c0a81fe1c844342cf0b" },
    { BL_KEY_P256, "fef0d6fefb01e0579e41e1c81da9356853003bdce3a48886be22b293bc5e65c0",
      "0475a611c710c80bda535f3ddb43a221e8c3b61fd8f297f1bad61728616b37d1"
      "c06d2c73da393d4ca4c02cb23130843c9b50a304e44cb63b94bc02438e9cd2b8"
      "b3",
      "13fef41920f1fc7268f8e1e7f95fa32d0164efceb534efafd009f03da0aac917"
      "9a62a0727cf342956e718605ac",
      "2c9d3b3c339266cfec6e7c29f5020b25d0c341272eef8a36187b88843c8d8589"
      "06456cf0c077b009283ad4e7b3ba8f289a5abe1768c9ce1f128aa7759cb7249c" },
    { BL_KEY_P384,
      "ae7b776b432a45e1a409adb323070f0588b96801704cf1d5ff71b69de39c06c6"
      "595c8b6a7122ece650e78c860f551975",
      "0458146e6b95f6f9dae40eb64d684cbad18c7cd86c25959c0db81e2a0457341b"
      "a165d77dca03947d9e86c17888597646415a15f1b729d1effc5514fa9e774d2d"
      "8e46261d6e75b81a25ff56f7a35afbe0781a7c8adc1035165c034a874c8d25e0"
      "6b",
      "cf3feb96f7178f312d94e633e206e54c5f26c42120ec9b4882767191cc396696"
      "4dcc1e4dad6c86aef74b23b8fc",
      "43e0e586517dc5072920f181402447e5bb6ee11d804f1a10149963ecd407f1a9"
      "1754805e98db6e08b259139bf3699c0de3da4165606390979eb005bed3666018" },
};

#define CASE_COUNT (sizeof cases / sizeof *cases)

static const struct bulla_bytes info = { (const uint8_t *)"bulla test info", 15 };
static const struct bulla_bytes aad = { (const uint8_t *)"count 0", 7 };
static const struct bulla_bytes plaintext = { (const uint8_t *)"Beauty is truth, truth beauty",
                                              29 };
static const struct bulla_bytes context = { (const uint8_t *)"bulla export", 12 };

static void
test_known_answers(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < CASE_COUNT; i++) {
        BL_AUTO_FREE(bl_key) own = key_from_hex(cases[i].kind, cases[i].private_key);
        BL_AUTO(bulla_buffer) enc = from_hex(cases[i].enc);
        BL_AUTO(bulla_buffer) ciphertext = from_hex(cases[i].ciphertext);
        BL_AUTO(bl_secret) opened = { 0 };
        BL_AUTO(bl_secret) exported = { 0 };
        assert_ok(bl_hpke_open(own, bulla_buffer_bytes(&enc), info, aad,
                               bulla_buffer_bytes(&ciphertext), &opened, &err),
                  &err);
        assert_bytes_equal(bl_secret_bytes(&opened), plaintext);
        assert_ok(bl_hpke_receive_export(own, bulla_buffer_bytes(&enc), info, context, 64,
                                         &exported, &err),
                  &err);
        assert_hex(bl_secret_bytes(&exported), cases[i].exported);
    }
}

static void
test_what_is_sealed_opens(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < CASE_COUNT; i++) {
        BL_AUTO_FREE(bl_key) own = key_from_hex(cases[i].kind, cases[i].private_key);
        BL_AUTO(bulla_buffer) enc = { 0 };
        BL_AUTO(bulla_buffer) enc_again = { 0 };
        BL_AUTO(bulla_buffer) ciphertext = { 0 };
        BL_AUTO(bl_secret) opened = { 0 };
        BL_AUTO(bl_secret) sent = { 0 };
        BL_AUTO(bl_secret) received = { 0 };
        assert_ok(bl_hpke_seal(own, info, aad, plaintext, &enc, &ciphertext, &err), &err);
        assert_int_equal(enc.size, bl_hpke_enc_size(cases[i].kind));
        assert_int_equal(ciphertext.size, plaintext.size + 16);
        assert_ok(bl_hpke_open(own, bulla_buffer_bytes(&enc), info, aad,
                               bulla_buffer_bytes(&ciphertext), &opened, &err),
                  &err);
        assert_bytes_equal(bl_secret_bytes(&opened), plaintext);
        assert_ok(bl_hpke_send_export(own, info, context, 32, &enc_again, &sent, &err), &err);
        assert_false(bl_equal(bulla_buffer_bytes(&enc), bulla_buffer_bytes(&enc_again)));
        assert_ok(bl_hpke_receive_export(own, bulla_buffer_bytes(&enc_again), info, context, 32,
                                         &received, &err),
                  &err);
        assert_bytes_equal(bl_secret_bytes(&sent), bl_secret_bytes(&received));
    }
}

static void
test_every_altered_part_is_noticed(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < CASE_COUNT; i++) {
        BL_AUTO_FREE(bl_key) own = key_from_hex(cases[i].kind, cases[i].private_key);
        BL_AUTO_FREE(bl_key) other = NULL;
        BL_AUTO(bulla_buffer) enc = from_hex(cases[i].enc);
        BL_AUTO(bulla_buffer) ciphertext = from_hex(cases[i].ciphertext);
        const struct bulla_bytes e = bulla_buffer_bytes(&enc);
        struct bulla_bytes c = bulla_buffer_bytes(&ciphertext);
        struct bl_secret out = { 0 };
        assert_fails(bl_hpke_open(own, e, aad, aad, c, &out, &err), BULLA_E_INTEGRITY, &err);
        assert_fails(bl_hpke_open(own, e, info, info, c, &out, &err), BULLA_E_INTEGRITY, &err);
        bulla_error_clear(&err);
        assert_ok(bl_key_generate(cases[i].kind, &other, &err), &err);
        assert_fails(bl_hpke_open(other, e, info, aad, c, &out, &err), BULLA_E_INTEGRITY, &err);
        for (size_t size = 0; size < ciphertext.size; size++) {
            c.size = size;
            assert_fails(bl_hpke_open(own, e, info, aad, c, &out, &err), BULLA_E_INTEGRITY, &err);
        }
        for (size_t size = 0; size < enc.size; size++)
            assert_fails(bl_hpke_open(own, (struct bulla_bytes){ enc.data, size }, info, aad,
                                      bulla_buffer_bytes(&ciphertext), &out, &err),
                         BULLA_E_MALFORMED, &err);
        ciphertext.data[0] ^= 1;
        assert_fails(bl_hpke_open(own, e, info, aad, bulla_buffer_bytes(&ciphertext), &out, &err),
                     BULLA_E_INTEGRITY, &err);
        assert_null(out.data);
    }
}

static void
test_keys_that_cannot(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) signer = NULL;
    BL_AUTO_FREE(bl_key) own = key_from_hex(cases[0].kind, cases[0].private_key);
    BL_AUTO_FREE(bl_key) public_only = NULL;
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO(bulla_buffer) out = { 0 };
    BL_AUTO(bulla_buffer) enc = from_hex(cases[0].enc);
    struct bl_secret secret = { 0 };

    assert_ok(bl_key_generate(BL_KEY_ED25519, &signer, &err), &err);
    assert_ok(bl_key_raw_public(own, &raw, &err), &err);
    assert_ok(bl_key_from_raw_public(BL_KEY_X25519, bulla_buffer_bytes(&raw), &public_only, &err),
              &err);
    assert_int_equal(bl_hpke_enc_size(BL_KEY_ED25519), 0);
    assert_int_equal(bl_hpke_kem_id(BL_KEY_RSA), 0);
    assert_int_equal(bl_hpke_kem_id(BL_KEY_X25519), 0x0020);
    assert_int_equal(bl_hpke_kem_id(BL_KEY_P256), 0x0010);
    assert_int_equal(bl_hpke_kem_id(BL_KEY_P384), 0x0011);
    assert_fails(bl_hpke_seal(signer, info, aad, plaintext, &out, &out, &err), BULLA_E_ARGUMENT,
                 &err);
    assert_fails(bl_hpke_receive_export(public_only, bulla_buffer_bytes(&enc), info, context, 32,
                                        &secret, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_int_equal(out.size, 0);
}

/* An all-zero encapsulated key would make the shared secret known to everybody. */
static void
test_small_order_is_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) own = key_from_hex(cases[0].kind, cases[0].private_key);
    static const uint8_t zero[32] = { 0 };
    static const uint8_t one[32] = { 1 };
    struct bl_secret out = { 0 };

    assert_fails(bl_hpke_receive_export(own, BL_BYTES_OF(zero), info, context, 32, &out, &err),
                 BULLA_E_MALFORMED, &err);
    assert_fails(bl_hpke_receive_export(own, BL_BYTES_OF(one), info, context, 32, &out, &err),
                 BULLA_E_MALFORMED, &err);
    assert_null(out.data);
}

/* Both ways, with nothing left behind in the outputs by a failure. */
static enum bulla_status
there_and_back(const void *key, struct bulla_error *err)
{
    const struct bl_key *own = key;
    BL_AUTO(bulla_buffer) enc = { 0 };
    BL_AUTO(bulla_buffer) ciphertext = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    enum bulla_status status = bl_hpke_seal(own, info, aad, plaintext, &enc, &ciphertext, err);
    if (status != BULLA_OK)
        assert_true(enc.size == 0 && ciphertext.size == 0);
    BL_TRY(status);
    status = bl_hpke_open(own, bulla_buffer_bytes(&enc), info, aad, bulla_buffer_bytes(&ciphertext),
                          &opened, err);
    if (status != BULLA_OK)
        assert_null(opened.data);
    BL_TRY(status);
    bulla_buffer_clear(&enc);
    status = bl_hpke_send_export(own, info, context, 32, &enc, &secret, err);
    if (status != BULLA_OK)
        assert_true(enc.size == 0 && secret.data == NULL);
    return status;
}

static void
test_every_allocation_and_draw_can_fail(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) own = key_from_hex(cases[1].kind, cases[1].private_key);

    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, there_and_back, own) >= 20);
    assert_true(fail_each(BL_FAULT_RANDOM, BULLA_E_CRYPTO, there_and_back, own) >= 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_what_is_sealed_opens),
        cmocka_unit_test(test_every_altered_part_is_noticed),
        cmocka_unit_test(test_keys_that_cannot),
        cmocka_unit_test(test_small_order_is_refused),
        cmocka_unit_test(test_every_allocation_and_draw_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

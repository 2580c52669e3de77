/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers: AES-256-GCM test cases 13, 14 and 16 of the GCM specification (McGrew, Viega);
 * ChaCha20-Poly1305 of RFC 8439 2.8.2.
 */
#include "vector.h"

#include "base/fault.h"
#include "crypto/aead.h"

struct aead_case {
    enum bl_aead_algorithm algorithm;
    const char *key, *nonce, *associated_data, *plaintext, *ciphertext;
};

static const struct aead_case cases[] = {
    { BL_AES_256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
      "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
    { BL_AES_256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
      "000000000000000000000000", "", "00000000000000000000000000000000",
      "cea7403d4d606b6e074ec5d3baf39d18"
      "d0d1c8a799996bf0265b98b5d48ab919" },
    { BL_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
      "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b" },
    { BL_CHACHA20_POLY1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
      "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
      "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
      "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
      "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
      "637265656e20776f756c642062652069742e",
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
      "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
      "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
      "3ff4def08e4b7a9de576d26586cec64b6116"
      "1ae10b594f09e26a7e902ecbd0600691" },
};

#define CASE_COUNT (sizeof cases / sizeof *cases)
#define MESSAGE_SIZE_MAX 256

/* A case with its bytes, and a context for its key. */
struct prepared {
    struct bulla_buffer key, nonce, associated_data, plaintext, ciphertext;
    struct bl_aead *aead;
};

static struct prepared
prepare(const struct aead_case *c)
{
    struct bulla_error err = { 0 };
    struct prepared p = {
        from_hex(c->key),       from_hex(c->nonce),      from_hex(c->associated_data),
        from_hex(c->plaintext), from_hex(c->ciphertext), NULL
    };

    assert_ok(bl_aead_new(c->algorithm, bulla_buffer_bytes(&p.key), &p.aead, &err), &err);
    return p;
}

static void
release(struct prepared *p)
{
    bulla_buffer_done(&p->key);
    bulla_buffer_done(&p->nonce);
    bulla_buffer_done(&p->associated_data);
    bulla_buffer_done(&p->plaintext);
    bulla_buffer_done(&p->ciphertext);
    bl_aead_free(p->aead);
}

static void
test_known_answers(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct prepared p = prepare(&cases[i]);
        uint8_t out[MESSAGE_SIZE_MAX];
        for (int round = 0; round < 2; round++) { /* a used context is as good as new */
            assert_ok(bl_aead_seal(p.aead, p.nonce.data, bulla_buffer_bytes(&p.associated_data),
                                   bulla_buffer_bytes(&p.plaintext), out, &err),
                      &err);
            assert_bytes_equal(((struct bulla_bytes){ out, p.ciphertext.size }),
                               bulla_buffer_bytes(&p.ciphertext));
            assert_ok(bl_aead_open(p.aead, p.nonce.data, bulla_buffer_bytes(&p.associated_data),
                                   bulla_buffer_bytes(&p.ciphertext), out, &err),
                      &err);
            assert_bytes_equal(((struct bulla_bytes){ out, p.plaintext.size }),
                               bulla_buffer_bytes(&p.plaintext));
        }
        release(&p);
    }
}

static void
test_in_place(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct prepared p = prepare(&cases[i]);
        const struct bulla_bytes associated_data = bulla_buffer_bytes(&p.associated_data);
        uint8_t out[MESSAGE_SIZE_MAX];
        if (p.plaintext.size > 0)
            memcpy(out, p.plaintext.data, p.plaintext.size);
        assert_ok(bl_aead_seal(p.aead, p.nonce.data, associated_data,
                               (struct bulla_bytes){ out, p.plaintext.size }, out, &err),
                  &err);
        assert_memory_equal(out, p.ciphertext.data, p.ciphertext.size);
        assert_ok(bl_aead_open(p.aead, p.nonce.data, associated_data,
                               (struct bulla_bytes){ out, p.ciphertext.size }, out, &err),
                  &err);
        assert_bytes_equal(((struct bulla_bytes){ out, p.plaintext.size }),
                           bulla_buffer_bytes(&p.plaintext));
        release(&p);
    }
}

/* The open must fail, say so, and leave zeros where the plaintext would be. */
static void
assert_does_not_open(struct bl_aead *aead, const uint8_t *nonce, struct bulla_bytes associated_data,
                     struct bulla_bytes ciphertext)
{
    struct bulla_error err = { 0 };
    uint8_t out[MESSAGE_SIZE_MAX];

    memset(out, 0xaa, sizeof out);
    assert_fails(bl_aead_open(aead, nonce, associated_data, ciphertext, out, &err),
                 BULLA_E_INTEGRITY, &err);
    if (ciphertext.size > BL_AEAD_TAG_SIZE)
        assert_true(bl_all_zero((struct bulla_bytes){ out, ciphertext.size - BL_AEAD_TAG_SIZE }));
}

static void
test_every_altered_bit_is_noticed(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct prepared p = prepare(&cases[i]);
        struct bulla_buffer *fields[] = { &p.nonce, &p.associated_data, &p.ciphertext };
        for (size_t f = 0; f < 3; f++) {
            for (size_t bit = 0; bit < fields[f]->size * 8; bit++) {
                fields[f]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
                assert_does_not_open(p.aead, p.nonce.data, bulla_buffer_bytes(&p.associated_data),
                                     bulla_buffer_bytes(&p.ciphertext));
                fields[f]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
        }
        uint8_t out[MESSAGE_SIZE_MAX]; /* a failure leaves the context usable */
        assert_ok(bl_aead_open(p.aead, p.nonce.data, bulla_buffer_bytes(&p.associated_data),
                               bulla_buffer_bytes(&p.ciphertext), out, &err),
                  &err);
        release(&p);
    }
}

static void
test_every_truncation_is_noticed(void **state)
{
    (void)state;

    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct prepared p = prepare(&cases[i]);
        for (size_t size = 0; size < p.ciphertext.size; size++)
            assert_does_not_open(p.aead, p.nonce.data, bulla_buffer_bytes(&p.associated_data),
                                 (struct bulla_bytes){ p.ciphertext.data, size });
        release(&p);
    }
}

static void
test_another_key_does_not_open(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct prepared p = prepare(&cases[i]);
        BL_AUTO_FREE(bl_aead) other = NULL;
        p.key.data[31] ^= 1;
        assert_ok(bl_aead_new(cases[i].algorithm, bulla_buffer_bytes(&p.key), &other, &err), &err);
        assert_does_not_open(other, p.nonce.data, bulla_buffer_bytes(&p.associated_data),
                             bulla_buffer_bytes(&p.ciphertext));
        release(&p);
    }
}

static void
test_wrong_arguments(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const uint8_t key[33] = { 0 };
    static const size_t sizes[] = { 0, 16, 31, 33 };
    struct bl_aead *aead = NULL;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_fails(
            bl_aead_new(BL_AES_256_GCM, (struct bulla_bytes){ key, sizes[i] }, &aead, &err),
            BULLA_E_ARGUMENT, &err);
    assert_fails(
        bl_aead_new((enum bl_aead_algorithm)0, (struct bulla_bytes){ key, 32 }, &aead, &err),
        BULLA_E_ARGUMENT, &err);
    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    assert_fails(bl_aead_new(BL_AES_256_GCM, (struct bulla_bytes){ key, 32 }, &aead, &err),
                 BULLA_E_MEMORY, &err);
    assert_true(bl_fault_disarm());
    assert_null(aead);
    bl_aead_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_every_altered_bit_is_noticed),
        cmocka_unit_test(test_every_truncation_is_noticed),
        cmocka_unit_test(test_another_key_does_not_open),
        cmocka_unit_test(test_wrong_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

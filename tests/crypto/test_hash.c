/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers: FIPS 180 examples; RFC 4231 (HMAC; its inputs, with SHA-1 computed aside); HKDF
 * with the inputs of RFC 5869 A.1 to A.3, whose SHA-256 answers these are, and the SHA-384 and
 * SHA-512 answers computed by two other implementations (Python's hmac, pyca/cryptography).
 */
#include "vector.h"

#include <pthread.h>

#include "crypto/hash.h"
#include "faults.h"

struct digest_case {
    enum bl_hash hash;
    const char *message;
    const char *digest;
};

static const struct digest_case digest_cases[] = {
    { BL_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
    { BL_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { BL_SHA384, "",
      "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebf"
      "e76f65fbd51ad2f14898b95b" },
    { BL_SHA512, "",
      "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c"
      "5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e" },
    { BL_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
    { BL_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { BL_SHA384, "abc",
      "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072b"
      "a1e7cc2358baeca134c825a7" },
    { BL_SHA512, "abc",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a"
      "274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
    { BL_SHA1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
    { BL_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { BL_SHA384, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a85"
      "20bc4e6f5fe95b1fe3c8452b" },
    { BL_SHA512, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c33596fd15c1"
      "3b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445" },
};

struct hmac_case {
    enum bl_hash hash;
    size_t input;
    const char *mac;
};

/* Inputs 0, 1 and 2: RFC 4231 test cases 1, 2 and 6. */
static const struct hmac_case hmac_cases[] = {
    { BL_SHA1, 0, "b617318655057264e28bc0b6fb378c8ef146be00" },
    { BL_SHA256, 0, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { BL_SHA384, 0,
      "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9"
      "076ede7f4af152e8b2fa9cb6" },
    { BL_SHA512, 0,
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7"
      "d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
    { BL_SHA1, 1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
    { BL_SHA256, 1, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    { BL_SHA384, 1,
      "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca"
      "5e69e2c78b3239ecfab21649" },
    { BL_SHA512, 1,
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75"
      "c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
    { BL_SHA1, 2, "90d0dace1c1bdc957339307803160335bde6df2b" },
    { BL_SHA256, 2, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
    { BL_SHA384, 2,
      "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab"
      "4030fe8296248df163f44952" },
    { BL_SHA512, 2,
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037"
      "e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
};

struct hkdf_case {
    enum bl_hash hash;
    size_t input;
    const char *prk;
    const char *okm;
};

/* Inputs 0, 1 and 2: RFC 5869 A.1, A.2 and A.3. */
static const struct hkdf_case hkdf_cases[] = {
    { BL_SHA256, 0, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208"
      "d5b887185865" },
    { BL_SHA256, 1, "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99"
      "cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87"
      "c14c01d5c1f3434f1d87" },
    { BL_SHA256, 2, "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395"
      "faa4b61a96c8" },
    { BL_SHA384, 0,
      "704b39990779ce1dc548052c7dc39f303570dd13fb39f7acc564680bef80e8dec70ee9a7"
      "e1f3e293ef68eceb072a5ade",
      "9b5097a86038b805309076a44b3a9f38063e25b516dcbf369f394cfab43685f748b64577"
      "63e4f0204fc5" },
    { BL_SHA384, 1,
      "b319f6831dff9314efb643baa29263b30e4a8d779fe31e9c901efd7de737c85b62e676d4"
      "dc87b0895c6a7dc97b52cebb",
      "484ca052b8cc724fd1c4ec64d57b4e818c7e25a8e0f4569ed72a6a05fe0649eebf69f8d5"
      "c832856bf4e4fbc17967d54975324a94987f7f41835817d8994fdbd6f4c09c5500dca24a"
      "56222fea53d8967a8b2e" },
    { BL_SHA384, 2,
      "10e40cf072a4c5626e43dd22c1cf727d4bb140975c9ad0cbc8e45b40068f8f0ba57cdb59"
      "8af9dfa6963a96899af047e5",
      "c8c96e710f89b0d7990bca68bcdec8cf854062e54c73a7abc743fade9b242daacc1cea56"
      "70415b52849c" },
    { BL_SHA512, 0,
      "665799823737ded04a88e47e54a5890bb2c3d247c7a4254a8e61350723590a26c3623812"
      "7d8661b88cf80ef802d57e2f7cebcf1e00e083848be19929c61b4237",
      "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362c"
      "b8d9f925d7cb" },
    { BL_SHA512, 1,
      "35672542907d4e142c00e84499e74e1de08be86535f924e022804ad775dde27ec86cd1e5"
      "b7d178c74489bdbeb30712beb82d4f97416c5a94ea81ebdf3e629e4a",
      "ce6c97192805b346e6161e821ed165673b84f400a2b514b2fe23d84cd189ddf1b695b48c"
      "bd1c8388441137b3ce28f16aa64ba33ba466b24df6cfcb021ecff235f6a2056ce3af1de4"
      "4d572097a8505d9e7a93" },
    { BL_SHA512, 2,
      "fd200c4987ac491313bd4a2a13287121247239e11c9ef82802044b66ef357e5b194498d0"
      "682611382348572a7b1611de54764094286320578a863f36562b0df6",
      "f5fa02b18298a72a8c23898a8703472c6eb179dc204c03425c970e3b164bf90fff22d048"
      "36d0e2343bac" },
};

static void
test_digests(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof digest_cases / sizeof *digest_cases; i++) {
        const struct digest_case *c = &digest_cases[i];
        uint8_t digest[BL_HASH_SIZE_MAX];
        assert_ok(bl_hash_once(c->hash, text_bytes(c->message), digest, &err), &err);
        assert_hex(((struct bulla_bytes){ digest, bl_hash_size(c->hash) }), c->digest);
    }
}

static void
test_parts_and_pieces_are_one_message(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t whole[32], parts[32], pieces[32];
    const struct bulla_bytes abc[] = { BL_LITERAL("a"), { NULL, 0 }, BL_LITERAL("bc") };
    BL_AUTO_FREE(bl_hasher) hasher = NULL;

    assert_ok(bl_hash_once(BL_SHA256, BL_LITERAL("abc"), whole, &err), &err);
    assert_ok(bl_hash_parts(BL_SHA256, abc, 3, parts, &err), &err);
    assert_memory_equal(whole, parts, 32);
    assert_ok(bl_hasher_new(BL_SHA256, &hasher, &err), &err);
    for (int round = 0; round < 2; round++) { /* finishing starts a new message */
        assert_ok(bl_hasher_update(hasher, BL_LITERAL("ab"), &err), &err);
        assert_ok(bl_hasher_peek(hasher, pieces, &err), &err);
        assert_hex(BL_BYTES_OF(pieces),
                   "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603");
        assert_ok(bl_hasher_update(hasher, BL_LITERAL("c"), &err), &err);
        assert_ok(bl_hasher_finish(hasher, pieces, &err), &err);
        assert_memory_equal(whole, pieces, 32);
    }
}

static void
test_hmac(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t key_0[20], key_2[131];
    memset(key_0, 0x0b, sizeof key_0);
    memset(key_2, 0xaa, sizeof key_2);
    const struct bulla_bytes keys[] = { BL_BYTES_OF(key_0), BL_LITERAL("Jefe"),
                                        BL_BYTES_OF(key_2) };
    const struct bulla_bytes messages[][2] = {
        { BL_LITERAL("Hi "), BL_LITERAL("There") },
        { BL_LITERAL("what do ya want "), BL_LITERAL("for nothing?") },
        { BL_LITERAL("Test Using Larger Than Block-Size Key"), BL_LITERAL(" - Hash Key First") }
    };

    for (size_t i = 0; i < sizeof hmac_cases / sizeof *hmac_cases; i++) {
        const struct hmac_case *c = &hmac_cases[i];
        uint8_t mac[BL_HASH_SIZE_MAX];
        assert_ok(bl_hmac(c->hash, keys[c->input], messages[c->input], 2, mac, &err), &err);
        assert_hex(((struct bulla_bytes){ mac, bl_hash_size(c->hash) }), c->mac);
    }
}

/* HMAC-SHA256 of nothing under an empty key: computed by Python's hmac. */
static void
test_hmac_of_nothing(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t mac[32];

    assert_ok(bl_hmac(BL_SHA256, (struct bulla_bytes){ 0 }, NULL, 0, mac, &err), &err);
    assert_hex(BL_BYTES_OF(mac),
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

struct hkdf_input {
    struct bulla_bytes key, salt, info[2];
    size_t size;
};

static void
test_hkdf(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t counting[256], key_0[22];
    for (size_t i = 0; i < sizeof counting; i++)
        counting[i] = (uint8_t)i;
    memset(key_0, 0x0b, sizeof key_0);
    const struct hkdf_input inputs[] = {
        { BL_BYTES_OF(key_0),
          { counting, 13 },
          { { counting + 0xf0, 4 }, { counting + 0xf4, 6 } },
          42 },
        { { counting, 0x50 }, { counting + 0x60, 0x50 }, { { counting + 0xb0, 0x50 }, { 0 } }, 82 },
        { BL_BYTES_OF(key_0), { 0 }, { { 0 }, { 0 } }, 42 },
    };

    for (size_t i = 0; i < sizeof hkdf_cases / sizeof *hkdf_cases; i++) {
        const struct hkdf_case *c = &hkdf_cases[i];
        const struct hkdf_input *in = &inputs[c->input];
        BL_AUTO(bl_secret) prk = { 0 };
        BL_AUTO(bl_secret) okm = { 0 };
        assert_ok(bl_hkdf_extract(c->hash, in->salt, in->key, &prk, &err), &err);
        assert_hex(bl_secret_bytes(&prk), c->prk);
        assert_ok(bl_hkdf_expand(c->hash, bl_secret_bytes(&prk), in->info, 2, in->size, &okm, &err),
                  &err);
        assert_hex(bl_secret_bytes(&okm), c->okm);
    }
}

static void
test_hkdf_size_limits(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) most = { 0 };
    BL_AUTO(bl_secret) more = { 0 };
    const struct bulla_bytes prk = BL_LITERAL("0123456789abcdef0123456789abcdef");

    assert_ok(bl_hkdf_expand(BL_SHA256, prk, NULL, 0, (size_t)255 * 32, &most, &err), &err);
    assert_int_equal(most.size, 255 * 32);
    assert_fails(bl_hkdf_expand(BL_SHA256, prk, NULL, 0, (size_t)255 * 32 + 1, &more, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_null(more.data);
    assert_fails(bl_hkdf_expand(BL_SHA256, prk, NULL, 0, 32, &most, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_hkdf_extract(BL_SHA256, prk, prk, &most, &err), BULLA_E_ARGUMENT, &err);
}

static void
test_unknown_algorithms_are_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const enum bl_hash unknown[] = { BL_HASH_NONE, (enum bl_hash)5, (enum bl_hash) - 1 };
    uint8_t out[BL_HASH_SIZE_MAX] = { 0 };
    struct bl_hasher *hasher = NULL;
    struct bl_secret secret = { 0 };

    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_int_equal(bl_hash_size(unknown[i]), 0);
        assert_fails(bl_hash_once(unknown[i], BL_LITERAL("x"), out, &err), BULLA_E_ARGUMENT, &err);
        assert_fails(bl_hasher_new(unknown[i], &hasher, &err), BULLA_E_ARGUMENT, &err);
        assert_fails(bl_hmac(unknown[i], BL_LITERAL("k"), NULL, 0, out, &err), BULLA_E_ARGUMENT,
                     &err);
        assert_fails(bl_hkdf_extract(unknown[i], BL_LITERAL("s"), BL_LITERAL("k"), &secret, &err),
                     BULLA_E_ARGUMENT, &err);
        assert_fails(bl_hkdf_expand(unknown[i], BL_LITERAL("k"), NULL, 0, 1, &secret, &err),
                     BULLA_E_ARGUMENT, &err);
    }
    assert_true(bl_all_zero(BL_BYTES_OF(out)));
    assert_null(hasher);
    assert_null(secret.data);
}

static enum bulla_status
hash_and_derive(const void *context, struct bulla_error *err)
{
    BL_AUTO(bl_secret) prk = { 0 };
    BL_AUTO(bl_secret) okm = { 0 };
    uint8_t digest[32];

    (void)context;
    BL_TRY(bl_hash_once(BL_SHA256, BL_LITERAL("x"), digest, err));
    BL_TRY(bl_hkdf_extract(BL_SHA256, BL_LITERAL("s"), BL_LITERAL("k"), &prk, err));
    return bl_hkdf_expand(BL_SHA256, bl_secret_bytes(&prk), NULL, 0, 64, &okm, err);
}

static void
test_every_allocation_can_fail(void **state)
{
    (void)state;
    assert_int_equal(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, hash_and_derive, NULL), 4);
}

static void *
hash_in_thread(void *out)
{
    struct bulla_error err = { 0 };
    return bl_hash_once(BL_SHA512, BL_LITERAL("abc"), out, &err) == BULLA_OK ? out : NULL;
}

static void
test_threads_share_the_library(void **state)
{
    (void)state;
    pthread_t threads[8];
    uint8_t digests[8][64];

    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_in_thread, digests[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, digests[i]);
        assert_memory_equal(digests[i], digests[0], 64);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_share_the_library), /* first: they race to make it */
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_parts_and_pieces_are_one_message),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_hmac_of_nothing),
        cmocka_unit_test(test_hkdf),
        cmocka_unit_test(test_hkdf_size_limits),
        cmocka_unit_test(test_unknown_algorithms_are_refused),
        cmocka_unit_test(test_every_allocation_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

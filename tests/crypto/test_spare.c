/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keys leave behind for the next ones is no key: each key has its own point, alive beside others,
 * after others went, and in several threads; what a private key was made of is never used again.
 */
#include "unit.h"

#include <openssl/core_names.h>
#include <pthread.h>

#include "crypto/pkey.h"

enum { KEY_COUNT = 24, ROUND_COUNT = 2, THREAD_COUNT = 4, THREAD_ROUNDS = 150 };

static const uint8_t text[] = "message";
static const struct bulla_bytes message = { text, sizeof text };

/* One signer of either curve by turns, in forms that outlive its key. */
struct signer {
    enum bl_key_kind kind;
    struct bulla_buffer raw, signature;
};

static struct signer signers[KEY_COUNT];

static int
make_signers(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < KEY_COUNT; i++) {
        struct signer *signer = &signers[i];
        BL_AUTO_FREE(bl_key) key = NULL;
        signer->kind = i % 3 == 2 ? BL_KEY_P384 : BL_KEY_P256;
        assert_ok(bl_key_generate(signer->kind, &key, &err), &err);
        assert_ok(bl_key_raw_public(key, &signer->raw, &err), &err);
        assert_ok(bl_key_sign(key, &message, 1, &signer->signature, &err), &err);
    }
    return 0;
}

static int
free_signers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        bulla_buffer_done(&signers[i].raw);
        bulla_buffer_done(&signers[i].signature);
    }
    return 0;
}

static enum bulla_status
make_public(const struct signer *signer, struct bl_key **key_out)
{
    return bl_key_from_raw_public(signer->kind, bulla_buffer_bytes(&signer->raw), key_out, NULL);
}

static bool
is_key_of(const struct bl_key *key, const struct signer *signer)
{
    BL_AUTO(bulla_buffer) raw = { 0 };

    return bl_key_raw_public(key, &raw, NULL) == BULLA_OK &&
           bl_equal(bulla_buffer_bytes(&raw), bulla_buffer_bytes(&signer->raw));
}

static bool
verifies(const struct bl_key *key, const struct signer *signer)
{
    return bl_key_verify(key, &message, 1, bulla_buffer_bytes(&signer->signature), NULL) ==
           BULLA_OK;
}

static void
test_each_key_is_itself_alone(void **state)
{
    (void)state;
    struct bl_key *keys[KEY_COUNT] = { NULL };

    for (size_t round = 0; round < ROUND_COUNT; round++) {
        for (size_t i = 0; i < KEY_COUNT; i++)
            assert_int_equal(make_public(&signers[(i + round) % KEY_COUNT], &keys[i]), BULLA_OK);
        for (size_t i = 0; i < KEY_COUNT; i++) {
            assert_true(is_key_of(keys[i], &signers[(i + round) % KEY_COUNT]));
            for (size_t k = 0; k < KEY_COUNT; k++)
                assert_int_equal(verifies(keys[i], &signers[k]), k == (i + round) % KEY_COUNT);
        }
        for (size_t i = 0; i < KEY_COUNT; i++)
            bl_key_free(keys[i]);
    }
}

/* One key goes, another comes: what the first one signed is nothing to the second. */
static void
test_a_key_that_went_verifies_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct signer *next = &signers[(i + 3) % KEY_COUNT]; /* of the same curve */
        BL_AUTO_FREE(bl_key) second = NULL;
        struct bl_key *first = NULL;
        assert_int_equal(make_public(&signers[i], &first), BULLA_OK);
        assert_true(verifies(first, &signers[i]));
        bl_key_free(first);
        assert_int_equal(make_public(next, &second), BULLA_OK);
        assert_false(verifies(second, &signers[i]));
        assert_true(verifies(second, next));
    }
}

/* A point that is none is refused, whatever point was there before, and spoils nothing. */
static void
test_a_bad_point_after_a_good_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        struct signer *signer = &signers[i];
        uint8_t *last = &signer->raw.data[signer->raw.size - 1];
        BL_AUTO_FREE(bl_key) good = NULL;
        struct bl_key *bad = NULL;
        assert_int_equal(make_public(signer, &good), BULLA_OK);
        bl_key_free(good);
        good = NULL;
        *last ^= 1;
        assert_int_equal(make_public(signer, &bad), BULLA_E_MALFORMED);
        *last ^= 1;
        assert_null(bad);
        assert_int_equal(make_public(signer, &good), BULLA_OK);
        assert_true(is_key_of(good, signer));
        assert_true(verifies(good, signer));
    }
}

static void
test_nothing_of_a_private_key_is_used_again(void **state)
{
    (void)state;
    struct bl_key *pairs[KEY_COUNT] = { NULL }, *keys[KEY_COUNT] = { NULL };

    for (size_t i = 0; i < KEY_COUNT; i++)
        assert_int_equal(bl_key_generate(signers[i].kind, &pairs[i], NULL), BULLA_OK);
    for (size_t i = 0; i < KEY_COUNT; i++)
        bl_key_free(pairs[i]);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        BIGNUM *scalar = NULL;
        assert_int_equal(make_public(&signers[i], &keys[i]), BULLA_OK);
        assert_int_not_equal(
            EVP_PKEY_get_bn_param(keys[i]->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &scalar), 1);
        assert_null(scalar);
    }
    for (size_t i = 0; i < KEY_COUNT; i++)
        bl_key_free(keys[i]);
}

/* NULL if all went well; cmocka's checks belong to the main thread. */
static void *
make_and_verify(void *first)
{
    const size_t start = (size_t)((const struct signer *)first - signers);

    for (size_t round = 0; round < THREAD_ROUNDS; round++) {
        const struct signer *signer = &signers[(start + round) % KEY_COUNT];
        const struct signer *other = &signers[(start + round + 3) % KEY_COUNT];
        BL_AUTO_FREE(bl_key) key = NULL;
        if (make_public(signer, &key) != BULLA_OK || !verifies(key, signer) ||
            verifies(key, other) || !is_key_of(key, signer))
            return first;
    }
    return NULL;
}

static void
test_threads_share_no_key(void **state)
{
    (void)state;
    pthread_t threads[THREAD_COUNT];

    for (size_t i = 0; i < THREAD_COUNT; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_and_verify, &signers[i * 5]), 0);
    for (size_t i = 0; i < THREAD_COUNT; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_key_is_itself_alone),
        cmocka_unit_test(test_a_key_that_went_verifies_nothing),
        cmocka_unit_test(test_a_bad_point_after_a_good_one),
        cmocka_unit_test(test_nothing_of_a_private_key_is_used_again),
        cmocka_unit_test(test_threads_share_no_key),
    };
    return cmocka_run_group_tests(tests, make_signers, free_signers);
}

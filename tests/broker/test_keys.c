/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "broker/keys.h"
#include "crypto/x509.h"

#define NOW ((int64_t)1750000000)
#define DAY ((int64_t)86400)

static const uint8_t secret_a[BL_ROOT_SECRET_SIZE] = { 1 };
static const uint8_t secret_b[BL_ROOT_SECRET_SIZE] = { 2 };

static void
derive(const uint8_t *secret, struct bl_broker_keys *keys)
{
    struct bulla_error err = { 0 };

    assert_ok(
        bl_broker_keys_derive((struct bulla_bytes){ secret, BL_ROOT_SECRET_SIZE }, NOW, keys, &err),
        &err);
}

#define SPKI_COUNT (2 + BL_CLASS_HARDWARE)

/* The public halves of all signing keys. */
static void
list_keys(const struct bl_broker_keys *keys, struct bulla_buffer spkis[SPKI_COUNT])
{
    struct bulla_error err = { 0 };

    assert_ok(bl_key_spki(keys->root, &spkis[0], &err), &err);
    assert_ok(bl_key_spki(keys->audit, &spkis[1], &err), &err);
    for (size_t c = BL_CLASS_SOFTWARE; c <= BL_CLASS_HARDWARE; c++)
        assert_ok(bl_key_spki(keys->ak_issuers[c], &spkis[1 + c], &err), &err);
}

static void
test_one_secret_gives_the_same_keys_again(void **state)
{
    (void)state;
    struct bl_broker_keys keys[3] = { 0 };
    struct bulla_buffer spkis[3][SPKI_COUNT] = { 0 };

    derive(secret_a, &keys[0]);
    derive(secret_a, &keys[1]);
    derive(secret_b, &keys[2]);
    for (size_t i = 0; i < 3; i++)
        list_keys(&keys[i], spkis[i]);
    assert_bytes_equal(bl_secret_bytes(&keys[0].store), bl_secret_bytes(&keys[1].store));
    assert_memory_equal(keys[0].broker_id, keys[1].broker_id, BL_BROKER_ID_SIZE);
    assert_memory_not_equal(keys[0].broker_id, keys[2].broker_id, BL_BROKER_ID_SIZE);
    assert_false(bl_equal(bl_secret_bytes(&keys[0].store), bl_secret_bytes(&keys[2].store)));
    for (size_t i = 0; i < SPKI_COUNT; i++) {
        assert_bytes_equal(bulla_buffer_bytes(&spkis[0][i]), bulla_buffer_bytes(&spkis[1][i]));
        for (size_t k = 0; k < SPKI_COUNT; k++) { /* and no two purposes share one */
            if (i != k)
                assert_false(
                    bl_equal(bulla_buffer_bytes(&spkis[0][i]), bulla_buffer_bytes(&spkis[0][k])));
            assert_false(
                bl_equal(bulla_buffer_bytes(&spkis[0][i]), bulla_buffer_bytes(&spkis[2][k])));
        }
    }
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < SPKI_COUNT; k++)
            bulla_buffer_done(&spkis[i][k]);
        bl_broker_keys_done(&keys[i]);
    }
}

static void
test_what_is_no_root_secret(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_broker_keys keys = { 0 };
    static const uint8_t zeros[BL_ROOT_SECRET_SIZE];

    assert_fails(bl_broker_keys_derive(BL_BYTES_OF(zeros), NOW, &keys, &err), BULLA_E_ARGUMENT,
                 &err);
    assert_fails(bl_broker_keys_derive((struct bulla_bytes){ secret_a, 31 }, NOW, &keys, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_null(keys.root);
}

/* Is `der` a certificate under `authority` at `at`? */
static enum bulla_status
chain(struct bulla_bytes der, struct bulla_bytes authority, int64_t at, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_certificate) leaf = NULL;
    BL_AUTO_FREE(bl_certificate) anchor = NULL;

    bulla_error_clear(err);
    BL_TRY(bl_certificate_parse(der, &leaf, err));
    BL_TRY(bl_certificate_parse(authority, &anchor, err));
    const struct bl_certificate *const leaf_only[] = { leaf };
    return bl_chain_verify(leaf_only, 1, anchor, at, NULL, err);
}

static void
test_the_gates_certificate_is_short_and_the_roots(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_broker_keys keys = { 0 };
    struct bl_broker_keys other = { 0 };
    BL_AUTO_FREE(bl_key) tls = NULL;
    BL_AUTO(bulla_buffer) spki = { 0 };
    BL_AUTO(bulla_buffer) der = { 0 };

    derive(secret_a, &keys);
    derive(secret_b, &other);
    assert_ok(bl_key_generate(BL_KEY_P256, &tls, &err), &err);
    assert_ok(bl_key_spki(tls, &spki, &err), &err);
    assert_ok(bl_broker_issue_tls(&keys, bulla_buffer_bytes(&spki), NOW, &der, &err), &err);
    const struct bulla_bytes leaf = bulla_buffer_bytes(&der);
    const struct bulla_bytes root = bulla_buffer_bytes(&keys.root_certificate);
    assert_ok(chain(leaf, root, NOW, &err), &err);
    assert_ok(chain(leaf, root, NOW + DAY, &err), &err);
    assert_int_equal(chain(leaf, root, NOW + DAY + 1, &err), BULLA_E_STALE);
    assert_int_equal(chain(leaf, root, NOW - 301, &err), BULLA_E_STALE);
    assert_int_not_equal(chain(leaf, bulla_buffer_bytes(&other.root_certificate), NOW, &err),
                         BULLA_OK);
    for (size_t c = BL_CLASS_SOFTWARE; c <= BL_CLASS_HARDWARE; c++)
        assert_int_not_equal(
            chain(leaf, bulla_buffer_bytes(&keys.ak_issuer_certificates[c]), NOW, &err), BULLA_OK);
    bl_broker_keys_done(&keys);
    bl_broker_keys_done(&other);
}

static void
test_only_a_p256_key_becomes_the_gates(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_broker_keys keys = { 0 };
    static const enum bl_key_kind kinds[] = { BL_KEY_ED25519, BL_KEY_P384, BL_KEY_X25519 };
    BL_AUTO(bulla_buffer) der = { 0 };

    derive(secret_a, &keys);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        BL_AUTO_FREE(bl_key) key = NULL;
        BL_AUTO(bulla_buffer) spki = { 0 };
        bulla_error_clear(&err);
        assert_ok(bl_key_generate(kinds[i], &key, &err), &err);
        assert_ok(bl_key_spki(key, &spki, &err), &err);
        assert_fails(bl_broker_issue_tls(&keys, bulla_buffer_bytes(&spki), NOW, &der, &err),
                     BULLA_E_UNSUPPORTED, &err);
    }
    assert_fails(bl_broker_issue_tls(&keys, BL_LITERAL("no key"), NOW, &der, &err),
                 BULLA_E_MALFORMED, &err);
    assert_int_equal(der.size, 0);
    bl_broker_keys_done(&keys);
}

static void
test_no_allocation_that_fails_leaks_or_half_derives(void **state)
{
    (void)state;
    bool reached = true;

    for (uint64_t n = 1; reached; n++) {
        struct bulla_error err = { 0 };
        struct bl_broker_keys keys = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, n, false);
        enum bulla_status status = bl_broker_keys_derive(BL_BYTES_OF(secret_a), NOW, &keys, &err);
        reached = bl_fault_disarm();
        assert_true(status == BULLA_OK || keys.root == NULL);
        assert_true(reached || status == BULLA_OK);
        bl_broker_keys_done(&keys);
        assert_true(n < 1000);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_secret_gives_the_same_keys_again),
        cmocka_unit_test(test_what_is_no_root_secret),
        cmocka_unit_test(test_the_gates_certificate_is_short_and_the_roots),
        cmocka_unit_test(test_only_a_p256_key_becomes_the_gates),
        cmocka_unit_test(test_no_allocation_that_fails_leaks_or_half_derives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "codec/hex.h"
#include "measure/pcr.h"

static void
assert_hex(struct bulla_bytes bytes, const char *hex)
{
    uint8_t expected[BL_HASH_SIZE_MAX];
    struct bulla_error err = { 0 };

    assert_ok(bl_hex_decode_exact(text_bytes(hex), expected, strlen(hex) / 2, &err), &err);
    assert_bytes_equal(bytes, ((struct bulla_bytes){ expected, strlen(hex) / 2 }));
}

static void
test_start_values_are_those_of_the_profile(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_pcr_bank bank;

    assert_ok(bl_pcr_bank_start(BL_SHA256, 3, &bank, &err), &err);
    assert_int_equal(bank.mask, BL_PCR_MASK_ALL);
    assert_int_equal(bl_pcr_value(&bank, 0).data[31], 3);
    assert_int_equal(bl_pcr_value(&bank, 0).data[30], 0);
    for (unsigned i = 1; i < BL_PCR_COUNT; i++)
        for (size_t k = 0; k < 32; k++)
            assert_int_equal(bl_pcr_value(&bank, i).data[k], i >= 17 && i <= 22 ? 0xff : 0);
    assert_fails(bl_pcr_bank_start(BL_HASH_NONE, 0, &bank, &err), BULLA_E_UNSUPPORTED, &err);
}

static void
test_extend_is_the_hash_of_old_and_digest(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_pcr_bank bank;
    static const uint8_t digest[32] = { 0 };

    assert_ok(bl_pcr_bank_start(BL_SHA256, 0, &bank, &err), &err);
    assert_ok(bl_pcr_extend(&bank, 7, BL_BYTES_OF(digest), &err), &err);
    /* SHA-256 of 64 zero bytes */
    assert_hex(bl_pcr_value(&bank, 7),
               "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
}

static void
test_extend_refuses_other_indexes_and_sizes(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_pcr_bank bank;
    static const uint8_t digest[33] = { 0 };

    assert_ok(bl_pcr_bank_start(BL_SHA256, 0, &bank, &err), &err);
    const unsigned beyond[] = { 24, 25, 31, 32, 0xffffffffu };
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        struct bulla_bytes d = { digest, 32 };
        assert_fails(bl_pcr_extend(&bank, beyond[i], d, &err), BULLA_E_ARGUMENT, &err);
        assert_fails(bl_pcr_set(&bank, beyond[i], d, &err), BULLA_E_MALFORMED, &err);
        assert_int_equal(bl_pcr_value(&bank, beyond[i]).size, 0);
    }
    for (size_t size = 0; size <= 33; size++) {
        struct bulla_bytes d = { digest, size };
        if (size == 32)
            continue;
        assert_fails(bl_pcr_extend(&bank, 23, d, &err), BULLA_E_ARGUMENT, &err);
        assert_fails(bl_pcr_set(&bank, 23, d, &err), BULLA_E_MALFORMED, &err);
    }
}

static void
test_values_are_read_in_ascending_order_and_exactly(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_pcr_bank bank = { 0 };
    uint8_t values[3 * 32 + 1];
    const struct bl_pcr_selection selection = { BL_SHA256, 1u << 0 | 1u << 7 | 1u << 23 };

    for (size_t i = 0; i < sizeof values; i++)
        values[i] = (uint8_t)(i / 32 + 1);
    for (size_t size = 0; size <= sizeof values; size++) {
        if (size == 96)
            continue;
        assert_fails(bl_pcr_bank_read(selection, (struct bulla_bytes){ values, size }, &bank, &err),
                     BULLA_E_MALFORMED, &err);
        assert_int_equal(bank.mask, 0); /* untouched */
    }
    assert_ok(bl_pcr_bank_read(selection, (struct bulla_bytes){ values, 96 }, &bank, &err), &err);
    assert_int_equal(bank.mask, selection.mask);
    assert_int_equal(bl_pcr_value(&bank, 0).data[0], 1);
    assert_int_equal(bl_pcr_value(&bank, 7).data[0], 2);
    assert_int_equal(bl_pcr_value(&bank, 23).data[0], 3);
    assert_int_equal(bl_pcr_value(&bank, 1).size, 0); /* absent, not zero */

    const struct bl_pcr_selection beyond = { BL_SHA256, 1u << 24 };
    assert_fails(bl_pcr_bank_read(beyond, (struct bulla_bytes){ values, 32 }, &bank, &err),
                 BULLA_E_MALFORMED, &err);
}

static void
test_composite_needs_each_selected_value(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_pcr_bank bank;
    uint8_t digest[BL_HASH_SIZE_MAX];

    assert_ok(bl_pcr_bank_start(BL_SHA256, 0, &bank, &err), &err);
    const struct bl_pcr_selection two = { BL_SHA256, 0x3 };
    assert_ok(bl_pcr_composite(&bank, two, BL_SHA256, digest, &err), &err);
    assert_hex((struct bulla_bytes){ digest, 32 },
               "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
    assert_ok(bl_pcr_composite(&bank, two, BL_SHA384, digest, &err), &err); /* H is the scheme's */

    bank.mask &= ~0x2u;
    assert_cause(bl_pcr_composite(&bank, two, BL_SHA256, digest, &err), BULLA_CAUSE_PCR_MISMATCH,
                 &err);
    const struct bl_pcr_selection other_bank = { BL_SHA384, 0x1 };
    assert_cause(bl_pcr_composite(&bank, other_bank, BL_SHA256, digest, &err),
                 BULLA_CAUSE_PCR_MISMATCH, &err);
    const struct bl_pcr_selection beyond = { BL_SHA256, 1u << 24 };
    assert_cause(bl_pcr_composite(&bank, beyond, BL_SHA256, digest, &err), BULLA_CAUSE_PCR_MISMATCH,
                 &err);
}

static void
test_algorithms_go_there_and_back(void **state)
{
    (void)state;
    const enum bl_hash hashes[] = { BL_SHA1, BL_SHA256, BL_SHA384, BL_SHA512 };

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(bl_tcg_hash(bl_tcg_algorithm(hashes[i])), hashes[i]);
    assert_int_equal(bl_tcg_algorithm(BL_HASH_NONE), 0);
    assert_int_equal(bl_tcg_hash(0x0012), BL_HASH_NONE); /* SM3 */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_values_are_those_of_the_profile),
        cmocka_unit_test(test_extend_is_the_hash_of_old_and_digest),
        cmocka_unit_test(test_extend_refuses_other_indexes_and_sizes),
        cmocka_unit_test(test_values_are_read_in_ascending_order_and_exactly),
        cmocka_unit_test(test_composite_needs_each_selected_value),
        cmocka_unit_test(test_algorithms_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

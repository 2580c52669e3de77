/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "crypto/shamir.h"

#define SHARE_COUNT 6

static void
release(struct bl_secret *shares, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bl_secret_done(&shares[i]);
}

/* FIPS 197 section 4.2: {57} x {83} = {c1}. Shares of s + c*x at x = 1 and 2, by hand:
 * s = 0xc1, c = 0x57: at 1: 0xc1 ^ 0x57 = 0x96; at 2: 0xc1 ^ 0xae = 0x6f; at 3: 0xc1 ^ 0xf9. */
static void
shares_are_points_of_the_polynomial(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_secret shares[3] = { 0 };
    const uint8_t secret[] = { 0xc1 }, coefficients[] = { 0x57 };

    assert_ok(bl_shamir_split(BL_BYTES_OF(secret), BL_BYTES_OF(coefficients), 2, 3, shares, &err),
              &err);
    assert_int_equal(shares[0].data[0], 0x96);
    assert_int_equal(shares[1].data[0], 0x6f);
    assert_int_equal(shares[2].data[0], 0xc1 ^ 0xf9);
    release(shares, 3);
}

/* f(x) = s + a*x + b*x^2 with s = 0x2a, a = 0x83, b = 0x57 at x = 0x83 would need many shares; at
 * x = 3: a*3 = 0x83 ^ 0x1d = 0x9e, x^2 = 5, b*5 = 0x57 ^ 0x47 = 0x10 (0x57*4 = 0x47). */
static void
a_quadratic_by_hand(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_secret shares[3] = { 0 };
    const uint8_t secret[] = { 0x2a }, coefficients[] = { 0x83, 0x57 };

    assert_ok(bl_shamir_split(BL_BYTES_OF(secret), BL_BYTES_OF(coefficients), 3, 3, shares, &err),
              &err);
    assert_int_equal(shares[2].data[0], 0x2a ^ 0x9e ^ 0x10);
    release(shares, 3);
}

/* Every subset of the right size gives the secret back; one share less or a wrong one does not. */
static void
any_threshold_of_shares_combines(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t secret[32], coefficients[SHARE_COUNT * 32];

    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)(i * 37 + 1);
    for (size_t i = 0; i < sizeof coefficients; i++)
        coefficients[i] = (uint8_t)(i * 151 + (i >> 3) + 7);
    for (size_t k = 1; k <= SHARE_COUNT; k++) {
        struct bl_secret shares[SHARE_COUNT] = { 0 };
        struct bulla_bytes random = { coefficients, (k - 1) * sizeof secret };
        assert_ok(bl_shamir_split(BL_BYTES_OF(secret), random, k, SHARE_COUNT, shares, &err), &err);
        for (unsigned mask = 1; mask < (1u << SHARE_COUNT); mask++) {
            struct bl_shamir_share chosen[SHARE_COUNT];
            size_t count = 0;
            for (size_t i = 0; i < SHARE_COUNT; i++) {
                if (mask & (1u << i))
                    chosen[count++] =
                        (struct bl_shamir_share){ (uint8_t)(i + 1), bl_secret_bytes(&shares[i]) };
            }
            BL_AUTO(bl_secret) combined = { 0 };
            assert_ok(bl_shamir_combine(chosen, count, &combined, &err), &err);
            assert_int_equal(bl_equal(bl_secret_bytes(&combined), BL_BYTES_OF(secret)), count >= k);
        }
        release(shares, SHARE_COUNT);
    }
}

static void
nonsense_is_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_secret shares[3] = { 0 }, out = { 0 };
    const uint8_t secret[2] = { 1, 2 }, coefficients[2] = { 3, 4 };
    const struct bulla_bytes s = BL_BYTES_OF(secret), c = BL_BYTES_OF(coefficients);

    assert_fails(bl_shamir_split(s, c, 0, 3, shares, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_shamir_split(s, c, 4, 3, shares, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_shamir_split(s, c, 3, 3, shares, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_shamir_split(s, c, 2, 256, shares, &err), BULLA_E_ARGUMENT, &err);
    assert_null(shares[0].data);

    const struct bl_shamir_share twice[] = { { 1, s }, { 1, c } };
    const struct bl_shamir_share zero[] = { { 0, s }, { 1, c } };
    const struct bl_shamir_share uneven[] = { { 1, s }, { 2, { coefficients, 1 } } };
    assert_fails(bl_shamir_combine(twice, 2, &out, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_shamir_combine(zero, 2, &out, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_shamir_combine(uneven, 2, &out, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_shamir_combine(twice, 0, &out, &err), BULLA_E_ARGUMENT, &err);
    assert_null(out.data);
}

static void
without_memory_nothing_is_left(void **state)
{
    (void)state;
    const uint8_t secret[2] = { 1, 2 }, coefficients[2] = { 3, 4 };

    for (uint64_t nth = 1; nth <= 3; nth++) {
        struct bulla_error err = { 0 };
        struct bl_secret shares[3] = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        assert_fails(
            bl_shamir_split(BL_BYTES_OF(secret), BL_BYTES_OF(coefficients), 2, 3, shares, &err),
            BULLA_E_MEMORY, &err);
        assert_true(bl_fault_disarm());
        for (size_t i = 0; i < 3; i++)
            assert_null(shares[i].data);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_points_of_the_polynomial),
        cmocka_unit_test(a_quadratic_by_hand),
        cmocka_unit_test(any_threshold_of_shares_combines),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(without_memory_nothing_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/shamir.h"

#include "base/memory.h"

static const char where[] = "secret sharing";

/* Product in GF(2^8): eight steps whatever the operands. */
static uint8_t
multiply(uint8_t a, uint8_t b)
{
    unsigned product = 0;
    unsigned shifted = a;

    for (unsigned bit = 0; bit < 8; bit++) {
        product ^= shifted & (0u - ((b >> bit) & 1u));
        shifted = (shifted << 1) ^ (0x11bu & (0u - (shifted >> 7)));
    }
    return (uint8_t)product;
}

/* a^254, which is 1/a; 0 for 0. */
static uint8_t
invert(uint8_t a)
{
    uint8_t result = 1;

    for (unsigned bit = 0; bit < 8; bit++) {
        result = multiply(result, result);
        if (bit < 7) /* 254 = 0b11111110 */
            result = multiply(result, a);
    }
    return result;
}

/* Horner's rule from the highest coefficient down to the secret. */
static void
evaluate(struct bulla_bytes secret, struct bulla_bytes coefficients, size_t threshold, uint8_t x,
         uint8_t *out)
{
    for (size_t byte = 0; byte < secret.size; byte++) {
        uint8_t value = 0;
        for (size_t degree = threshold - 1; degree > 0; degree--) {
            uint8_t coefficient = coefficients.data[(degree - 1) * secret.size + byte];
            value = multiply((uint8_t)(value ^ coefficient), x);
        }
        out[byte] = (uint8_t)(value ^ secret.data[byte]);
    }
}

enum bulla_status
bl_shamir_split(struct bulla_bytes secret, struct bulla_bytes coefficients, size_t threshold,
                size_t share_count, struct bl_secret *shares_out, struct bulla_error *err)
{
    if (threshold == 0 || threshold > share_count || share_count > BL_SHAMIR_SHARE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "threshold or count", share_count);
    if (coefficients.size != (threshold - 1) * secret.size)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "coefficients", coefficients.size);

    enum bulla_status status = BULLA_OK;
    size_t made = 0;
    for (; made < share_count && status == BULLA_OK; made++) {
        status = bl_secret_new(&shares_out[made], secret.size, err);
        if (status == BULLA_OK)
            evaluate(secret, coefficients, threshold, (uint8_t)(made + 1), shares_out[made].data);
    }
    if (status != BULLA_OK) {
        for (size_t i = 0; i < made; i++)
            bl_secret_done(&shares_out[i]);
    }
    return status;
}

/* Lagrange weight of share i at x = 0: the product over j of x_j / (x_j - x_i). */
static uint8_t
weight(const struct bl_shamir_share *shares, size_t share_count, size_t i)
{
    uint8_t result = 1;

    for (size_t j = 0; j < share_count; j++) {
        if (j == i)
            continue;
        uint8_t difference = (uint8_t)(shares[j].x ^ shares[i].x);
        result = multiply(result, multiply(shares[j].x, invert(difference)));
    }
    return result;
}

static enum bulla_status
check_shares(const struct bl_shamir_share *shares, size_t share_count, struct bulla_error *err)
{
    if (share_count == 0 || share_count > BL_SHAMIR_SHARE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "number of shares", share_count);
    for (size_t i = 0; i < share_count; i++) {
        if (shares[i].x == 0 || shares[i].value.size != shares[0].value.size)
            return bulla_fail(err, BULLA_E_ARGUMENT, where, "share", i);
        for (size_t j = 0; j < i; j++) {
            if (shares[j].x == shares[i].x)
                return bulla_fail(err, BULLA_E_ARGUMENT, where, "the same share twice", i);
        }
    }
    return BULLA_OK;
}

enum bulla_status
bl_shamir_combine(const struct bl_shamir_share *shares, size_t share_count,
                  struct bl_secret *secret_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) secret = { 0 };

    BL_TRY(check_shares(shares, share_count, err));
    BL_TRY(bl_secret_new(&secret, shares[0].value.size, err));
    for (size_t i = 0; i < share_count; i++) {
        uint8_t factor = weight(shares, share_count, i);
        for (size_t byte = 0; byte < secret.size; byte++)
            secret.data[byte] ^= multiply(shares[i].value.data[byte], factor);
    }
    *secret_out = bl_secret_take(&secret);
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/shamir.h: k-of-n secret sharing over GF(2^8) with the polynomial x^8+x^4+x^3+x+1, byte by
 * byte (Shamir 1979).
 *
 * Guarantees: fewer than `threshold` shares say nothing about the secret if the coefficients are
 * uniformly random; no branch or index depends on a secret.
 * Does not: notice a wrong share. Whoever stores shares authenticates them.
 */
#ifndef BL_CRYPTO_SHAMIR_H
#define BL_CRYPTO_SHAMIR_H

#include "base/secret.h"

#define BL_SHAMIR_SHARE_COUNT_MAX 255 /* x is one byte and never 0 */

/** Share i of `share_count` (at x = i + 1) in shares_out[i], which must be empty; each is as long
 *  as the secret. `coefficients` are (threshold - 1) * secret.size fresh random bytes. */
enum bulla_status bl_shamir_split(struct bulla_bytes secret, struct bulla_bytes coefficients,
                                  size_t threshold, size_t share_count,
                                  struct bl_secret *shares_out,
                                  struct bulla_error *err) BULLA_CHECKED;

struct bl_shamir_share {
    uint8_t x; /* 1 to 255 */
    struct bulla_bytes value;
};
/** The secret from exactly the threshold of shares, all of one size, each x once. *secret_out must
 *  be empty. */
enum bulla_status bl_shamir_combine(const struct bl_shamir_share *shares, size_t share_count,
                                    struct bl_secret *secret_out,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/random.h: randomness of 256 bits of strength, public and secret from separate generators
 * (SP 800-90A), reseeded in a forked child.
 */
#ifndef BL_CRYPTO_RANDOM_H
#define BL_CRYPTO_RANDOM_H

#include "base/secret.h"

/** Fill `out` with public randomness (nonces, ids); BULLA_E_CRYPTO if the generator fails. */
enum bulla_status bl_random(void *out, size_t size, struct bulla_error *err) BULLA_CHECKED;
/** A fresh random secret of `size` bytes in *out, which must be empty. */
enum bulla_status bl_random_secret(struct bl_secret *out, size_t size,
                                   struct bulla_error *err) BULLA_CHECKED;

#endif

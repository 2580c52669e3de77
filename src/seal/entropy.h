/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/entropy.h: where sealing takes its randomness from, so that test vectors can be made from a
 * recorded tape. Everything but the tests passes &bl_entropy_system.
 *
 * Order in which sealing draws (the tape's layout): blob id (32), content key (32), a slot id (8)
 * for each slot, the shares and coefficients of the tree from the root down, then for each slot
 * what its kind needs (tpm2: 32, passphrase: 32, hpke: nothing, snp, sgx and tdx: 64), and the body's salt (24).
 */
#ifndef BL_SEAL_ENTROPY_H
#define BL_SEAL_ENTROPY_H

#include "base/secret.h"

struct bl_entropy {
    enum bulla_status (*fill)(void *context, void *out, size_t size, struct bulla_error *err);
    void *context;
};

extern const struct bl_entropy bl_entropy_system;

enum bulla_status bl_entropy_fill(const struct bl_entropy *entropy, void *out, size_t size,
                                  struct bulla_error *err) BULLA_CHECKED;
/** *secret must be empty. BULLA_E_CRYPTO if all bytes came out zero. */
enum bulla_status bl_entropy_secret(const struct bl_entropy *entropy, struct bl_secret *secret,
                                    size_t size, struct bulla_error *err) BULLA_CHECKED;

#endif

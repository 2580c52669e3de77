/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/entropy.h"

#include "base/memory.h"
#include "crypto/random.h"

static enum bulla_status
fill_from_system(void *context, void *out, size_t size, struct bulla_error *err)
{
    (void)context;
    return bl_random(out, size, err);
}

const struct bl_entropy bl_entropy_system = { fill_from_system, NULL };

enum bulla_status
bl_entropy_fill(const struct bl_entropy *entropy, void *out, size_t size, struct bulla_error *err)
{
    return entropy->fill(entropy->context, out, size, err);
}

enum bulla_status
bl_entropy_secret(const struct bl_entropy *entropy, struct bl_secret *secret, size_t size,
                  struct bulla_error *err)
{
    BL_AUTO(bl_secret) fresh = { 0 };

    BL_TRY(bl_secret_new(&fresh, size, err));
    BL_TRY(bl_entropy_fill(entropy, fresh.data, size, err));
    if (bl_all_zero(bl_secret_bytes(&fresh)))
        return bulla_fail(err, BULLA_E_CRYPTO, "random secret", "all bytes are zero", 0);
    *secret = bl_secret_take(&fresh);
    return BULLA_OK;
}

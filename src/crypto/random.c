/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/random.c: libcrypto's generators, seeded by the kernel and anew after fork.
 */
#include "crypto/random.h"

#include <openssl/rand.h>

#include "base/fault.h"
#include "base/memory.h"
#include "crypto/library.h"

#define STRENGTH_BITS 256

enum bulla_status
bl_random(void *out, size_t size, struct bulla_error *err)
{
    const struct bl_library *library = NULL;

    BL_TRY(bl_library(&library, err));
    if (bl_fault_point(BL_FAULT_RANDOM) ||
        RAND_bytes_ex(library->context, out, size, STRENGTH_BITS) != 1) {
        bl_wipe(out, size);
        return bl_library_failed(err, "random numbers", "the generator failed");
    }
    return BULLA_OK;
}

enum bulla_status
bl_random_secret(struct bl_secret *out, size_t size, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    BL_AUTO(bl_secret) secret = { 0 };

    if (out->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "random numbers", "output is in use", 0);
    BL_TRY(bl_library(&library, err));
    BL_TRY(bl_secret_new(&secret, size, err));
    if (bl_fault_point(BL_FAULT_RANDOM) ||
        RAND_priv_bytes_ex(library->context, secret.data, size, STRENGTH_BITS) != 1)
        return bl_library_failed(err, "random numbers", "the generator failed");
    *out = bl_secret_take(&secret);
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/spare.c: each slot is exchanged as a whole, so that no two threads get what is in it.
 */
#include "crypto/spare.h"

#include <stdatomic.h>

#define SPARE_COUNT 8 /* of a curve: a quote of SGX or TDX is verified by six keys */

enum { SPARE_P256, SPARE_P384, SPARE_CURVES };

static EVP_PKEY *_Atomic spares[SPARE_CURVES][SPARE_COUNT];

EVP_PKEY *
bl_spare_take(const struct bl_library *library, enum bl_key_kind kind)
{
    EVP_PKEY *_Atomic *slots = spares[kind == BL_KEY_P256 ? SPARE_P256 : SPARE_P384];

    for (size_t i = 0; i < SPARE_COUNT; i++) {
        EVP_PKEY *spare = atomic_exchange(&slots[i], NULL);
        if (spare != NULL)
            return spare;
    }
    EVP_PKEY *made = EVP_PKEY_new();
    if (made != NULL &&
        EVP_PKEY_copy_parameters(made, kind == BL_KEY_P256 ? library->p256 : library->p384) == 1)
        return made;
    EVP_PKEY_free(made);
    return NULL;
}

void
bl_spare_give(enum bl_key_kind kind, EVP_PKEY *pkey)
{
    EVP_PKEY *_Atomic *slots = spares[kind == BL_KEY_P256 ? SPARE_P256 : SPARE_P384];

    for (size_t i = 0; i < SPARE_COUNT; i++) {
        EVP_PKEY *empty = NULL;
        if (atomic_compare_exchange_strong(&slots[i], &empty, pkey))
            return;
    }
    EVP_PKEY_free(pkey);
}

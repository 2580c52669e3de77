/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz_key.h: the signing key whose messages are among the seeds.
 */
#ifndef FUZZ_FUZZ_KEY_H
#define FUZZ_FUZZ_KEY_H

#include "fuzz.h"

#include "crypto/key.h"

static inline const struct bl_key *
fuzz_known_key(void)
{
    static struct bl_key *key;
    static const uint8_t seed[32] = { 7 };

    if (key == NULL)
        FUZZ_ASSERT(bl_key_from_raw_private(BL_KEY_ED25519, (struct bulla_bytes){ seed, 32 }, &key,
                                            NULL) == BULLA_OK);
    return key;
}

#endif

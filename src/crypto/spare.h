/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/spare.h: libcrypto's objects for public keys on a curve, kept when a key goes for one that
 * comes: to set another point takes a fifth of the time of another object.
 *
 * Guarantees: an object has one owner at a time, in whatever thread; a few are kept and no more. Who
 * takes one sets its point, which libcrypto checks, and gives it back only after that succeeded.
 * Never given back: a private key, and what somebody else still has a reference to.
 */
#ifndef BL_CRYPTO_SPARE_H
#define BL_CRYPTO_SPARE_H

#include "crypto/key.h"
#include "crypto/library.h"

/** An object on the curve of `kind` (P-256 or P-384) with no point or anybody's; NULL without memory. */
EVP_PKEY *bl_spare_take(const struct bl_library *library, enum bl_key_kind kind);
/** Keep `pkey`, which is taken over, for the next key of this kind, or free it. */
void bl_spare_give(enum bl_key_kind kind, EVP_PKEY *pkey);

#endif

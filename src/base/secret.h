/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/secret.h: owned bytes that are locked in memory, left out of core dumps and of forked
 * children, and wiped when released.
 *
 * Guarantees: released memory is zero; an overrun of a mapping meets a guard page.
 * Does not: promise the lock where RLIMIT_MEMLOCK forbids it (bl_secret_is_locked() tells).
 */
#ifndef BL_BASE_SECRET_H
#define BL_BASE_SECRET_H

#include "base/cleanup.h"
#include "bulla/status.h"

struct bl_secret {
    uint8_t *data;
    size_t size; /* bytes */
};

#define BL_SECRET_SIZE_MAX ((size_t)64 << 20) /* bytes: 64 MiB; what is larger is streamed */

/** A zeroed secret of `size` bytes in *secret, which must be empty. */
enum bulla_status bl_secret_new(struct bl_secret *secret, size_t size,
                                struct bulla_error *err) BULLA_CHECKED;
/** A copy of `bytes`; the caller wipes the original if it is one. */
enum bulla_status bl_secret_copy(struct bl_secret *secret, struct bulla_bytes bytes,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Wipe the tail and shorten; `size` at most the present one. */
void bl_secret_shorten(struct bl_secret *secret, size_t size);
/** Wipe and release; accepts what is already empty. */
void bl_secret_done(struct bl_secret *secret);
/** Move: the source is left empty. */
struct bl_secret bl_secret_take(struct bl_secret *secret);

/** False if a secret could not be locked since the process started. */
bool bl_secret_is_locked(void);

static inline struct bulla_bytes
bl_secret_bytes(const struct bl_secret *secret)
{
    return (struct bulla_bytes){ secret->data, secret->size };
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/memory.h: allocation, wiping and constant-time comparison.
 *
 * Every heap allocation of ours goes through bl_alloc(), so that tests can make the n-th one fail.
 */
#ifndef BL_BASE_MEMORY_H
#define BL_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "bulla/bytes.h"

/** Zeroed memory for `count` items of `size` bytes, or NULL (also when the product overflows). */
void *bl_alloc(size_t count, size_t size) __attribute__((warn_unused_result));
/** Accepts NULL. */
void bl_free(void *memory);
/** Overwrite with zeros in a way that the compiler may not remove. */
void bl_wipe(void *memory, size_t size);
/** True if both have the same size and content; the time depends on the sizes only. */
bool bl_equal(struct bulla_bytes a, struct bulla_bytes b);
/** True if `bytes` is empty or all zero; the time depends on the size only. */
bool bl_all_zero(struct bulla_bytes bytes);

/** The bytes of an object with a size known to the compiler: an array or a struct member. */
#define BL_BYTES_OF(object) ((struct bulla_bytes){ (const uint8_t *)(object), sizeof(object) })
/** The number of elements of an array. */
#define BL_COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
/** The bytes of a string literal, without its terminator. */
#define BL_LITERAL(text) ((struct bulla_bytes){ (const uint8_t *)("" text), sizeof(text) - 1 })

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

void *
bl_alloc(size_t count, size_t size)
{
    size_t total = 0;

    if (bl_fault_point(BL_FAULT_MEMORY) || __builtin_mul_overflow(count, size, &total))
        return NULL;
    return calloc(total > 0 ? total : 1, 1);
}

void
bl_free(void *memory)
{
    free(memory);
}

void
bl_wipe(void *memory, size_t size)
{
    if (size > 0)
        explicit_bzero(memory, size);
}

/* A value that the compiler knows nothing about: it cannot see that a loop has made up its mind. */
static uint64_t
hide(uint64_t value)
{
    __asm__ volatile("" : "+r"(value));
    return value;
}

bool
bl_equal(struct bulla_bytes a, struct bulla_bytes b)
{
    uint64_t difference = 0, x, y;
    size_t i = 0;

    if (a.size != b.size)
        return false;
    for (; a.size - i >= sizeof x; i += sizeof x) {
        memcpy(&x, a.data + i, sizeof x);
        memcpy(&y, b.data + i, sizeof y);
        difference = hide(difference | (x ^ y));
    }
    for (; i < a.size; i++)
        difference = hide(difference | (a.data[i] ^ b.data[i]));
    return difference == 0;
}

bool
bl_all_zero(struct bulla_bytes bytes)
{
    uint64_t any = 0;

    for (size_t i = 0; i < bytes.size; i++)
        any = hide(any | bytes.data[i]);
    return any == 0;
}

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

bool
bl_equal(struct bulla_bytes a, struct bulla_bytes b)
{
    if (a.size != b.size)
        return false;
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < a.size; i++)
        difference = (uint8_t)(difference | (a.data[i] ^ b.data[i]));
    return difference == 0;
}

bool
bl_all_zero(struct bulla_bytes bytes)
{
    volatile uint8_t any = 0;
    for (size_t i = 0; i < bytes.size; i++)
        any = (uint8_t)(any | bytes.data[i]);
    return any == 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <string.h>

#include "base/memory.h"

#define CAPACITY_MIN 64 /* bytes: most of what we append is short */

static enum bulla_status
reserve(struct bulla_buffer *buffer, size_t extra, struct bulla_error *err)
{
    if (extra > BL_BUFFER_SIZE_MAX - buffer->size)
        return bulla_fail(err, BULLA_E_LIMIT, "buffer", "too large", buffer->size);
    size_t needed = buffer->size + extra;
    if (needed <= buffer->capacity)
        return BULLA_OK;

    size_t capacity = buffer->capacity > CAPACITY_MIN ? buffer->capacity : CAPACITY_MIN;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *data = bl_alloc(capacity, 1);
    if (data == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "buffer", "out of memory", capacity);
    if (buffer->size > 0)
        memcpy(data, buffer->data, buffer->size);
    bl_free(buffer->data);
    buffer->data = data;
    buffer->capacity = capacity;
    return BULLA_OK;
}

enum bulla_status
bulla_buffer_extend(struct bulla_buffer *buffer, size_t size, uint8_t **start_out,
                    struct bulla_error *err)
{
    BL_TRY(reserve(buffer, size, err));
    *start_out = size > 0 ? buffer->data + buffer->size : buffer->data;
    if (size > 0)
        memset(*start_out, 0, size);
    buffer->size += size;
    return BULLA_OK;
}

enum bulla_status
bulla_buffer_append(struct bulla_buffer *buffer, struct bulla_bytes bytes, struct bulla_error *err)
{
    BL_TRY(reserve(buffer, bytes.size, err));
    if (bytes.size > 0)
        memcpy(buffer->data + buffer->size, bytes.data, bytes.size);
    buffer->size += bytes.size;
    return BULLA_OK;
}

void
bulla_buffer_clear(struct bulla_buffer *buffer)
{
    buffer->size = 0;
}

void
bulla_buffer_done(struct bulla_buffer *buffer)
{
    bl_free(buffer->data);
    *buffer = (struct bulla_buffer){ 0 };
}

struct bulla_buffer
bulla_buffer_take(struct bulla_buffer *buffer)
{
    struct bulla_buffer taken = *buffer;

    *buffer = (struct bulla_buffer){ 0 };
    return taken;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/stream.h"

#include <string.h>

#include "sys/file.h"

static enum bulla_status
read_fd(void *context, void *out, size_t size, size_t *size_out, struct bulla_error *err)
{
    const int *fd = context;

    return bl_fd_read(*fd, out, size, size_out, err);
}

struct bl_source
bl_source_fd(int *fd)
{
    return (struct bl_source){ read_fd, fd, UINT64_MAX };
}

static enum bulla_status
read_bytes(void *context, void *out, size_t size, size_t *size_out, struct bulla_error *err)
{
    struct bl_bytes_cursor *cursor = context;
    size_t taken = size < cursor->left.size ? size : cursor->left.size;

    (void)err;
    if (taken > 0)
        memcpy(out, cursor->left.data, taken);
    cursor->left.data += taken;
    cursor->left.size -= taken;
    *size_out = taken;
    return BULLA_OK;
}

struct bl_source
bl_source_bytes(struct bl_bytes_cursor *cursor)
{
    return (struct bl_source){ read_bytes, cursor, cursor->left.size };
}

enum bulla_status
bl_ahead_fill(struct bl_ahead *ahead, const struct bl_source *source, size_t size,
              struct bulla_error *err)
{
    BL_TRY(bl_secret_new(&ahead->head, size, err));
    ahead->source = *source;
    return source->read(source->context, ahead->head.data, size, &ahead->size, err);
}

void
bl_ahead_done(struct bl_ahead *ahead)
{
    bl_secret_done(&ahead->head);
}

static enum bulla_status
read_ahead(void *context, void *out, size_t size, size_t *size_out, struct bulla_error *err)
{
    struct bl_ahead *ahead = context;
    size_t left = ahead->size - ahead->taken;
    size_t own = size < left ? size : left;
    bool is_over = ahead->size < ahead->head.size;

    if (own > 0)
        memcpy(out, ahead->head.data + ahead->taken, own);
    ahead->taken += own;
    *size_out = own;
    if (own == size || is_over)
        return BULLA_OK;
    size_t more = 0;
    BL_TRY(ahead->source.read(ahead->source.context, (uint8_t *)out + own, size - own, &more, err));
    *size_out = own + more;
    return BULLA_OK;
}

struct bl_source
bl_source_ahead(struct bl_ahead *ahead)
{
    bool is_over = ahead->size < ahead->head.size;

    return (struct bl_source){ read_ahead, ahead, is_over ? ahead->size : ahead->source.size_max };
}

static enum bulla_status
write_fd(void *context, struct bulla_bytes bytes, struct bulla_error *err)
{
    const int *fd = context;

    return bl_fd_write(*fd, bytes, err);
}

struct bl_sink
bl_sink_fd(int *fd)
{
    return (struct bl_sink){ write_fd, fd };
}

static enum bulla_status
write_buffer(void *context, struct bulla_bytes bytes, struct bulla_error *err)
{
    return bulla_buffer_append(context, bytes, err);
}

struct bl_sink
bl_sink_buffer(struct bulla_buffer *buffer)
{
    return (struct bl_sink){ write_buffer, buffer };
}

static enum bulla_status
write_secret(void *context, struct bulla_bytes bytes, struct bulla_error *err)
{
    struct bl_secret_cursor *cursor = context;

    if (bytes.size > cursor->secret->size - cursor->filled)
        return bulla_fail(err, BULLA_E_LIMIT, "plaintext", "larger than announced", cursor->filled);
    if (bytes.size > 0)
        memcpy(cursor->secret->data + cursor->filled, bytes.data, bytes.size);
    cursor->filled += bytes.size;
    return BULLA_OK;
}

struct bl_sink
bl_sink_secret(struct bl_secret_cursor *cursor)
{
    return (struct bl_sink){ write_secret, cursor };
}

static enum bulla_status
write_nowhere(void *context, struct bulla_bytes bytes, struct bulla_error *err)
{
    (void)context;
    (void)bytes;
    (void)err;
    return BULLA_OK;
}

struct bl_sink
bl_sink_nowhere(void)
{
    return (struct bl_sink){ write_nowhere, NULL };
}

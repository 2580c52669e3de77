/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/writer.h"

struct bl_writer
bl_writer(struct bulla_buffer *buffer)
{
    return (struct bl_writer){ .buffer = buffer, .status = BULLA_OK };
}

void
bl_write_bytes(struct bl_writer *w, struct bulla_bytes bytes)
{
    if (w->status == BULLA_OK)
        w->status = bulla_buffer_append(w->buffer, bytes, NULL);
}

static void
write_le(struct bl_writer *w, uint64_t value, size_t size)
{
    uint8_t b[8];

    for (size_t i = 0; i < size; i++)
        b[i] = (uint8_t)(value >> (8 * i));
    bl_write_bytes(w, (struct bulla_bytes){ b, size });
}

static void
write_be(struct bl_writer *w, uint64_t value, size_t size)
{
    uint8_t b[8];

    for (size_t i = 0; i < size; i++)
        b[size - 1 - i] = (uint8_t)(value >> (8 * i));
    bl_write_bytes(w, (struct bulla_bytes){ b, size });
}

void
bl_write_u8(struct bl_writer *w, uint8_t value)
{
    write_be(w, value, 1);
}

void
bl_write_u16be(struct bl_writer *w, uint16_t value)
{
    write_be(w, value, 2);
}

void
bl_write_u32be(struct bl_writer *w, uint32_t value)
{
    write_be(w, value, 4);
}

void
bl_write_u64be(struct bl_writer *w, uint64_t value)
{
    write_be(w, value, 8);
}

void
bl_write_u16le(struct bl_writer *w, uint16_t value)
{
    write_le(w, value, 2);
}

void
bl_write_u32le(struct bl_writer *w, uint32_t value)
{
    write_le(w, value, 4);
}

void
bl_write_u64le(struct bl_writer *w, uint64_t value)
{
    write_le(w, value, 8);
}

void
bl_write_sized_u16be(struct bl_writer *w, struct bulla_bytes bytes)
{
    if (bytes.size > UINT16_MAX && w->status == BULLA_OK)
        w->status = BULLA_E_LIMIT;
    bl_write_u16be(w, (uint16_t)bytes.size);
    bl_write_bytes(w, bytes);
}

enum bulla_status
bl_writer_finish(const struct bl_writer *w, struct bulla_error *err)
{
    if (w->status != BULLA_OK)
        return bulla_fail(err, w->status, "writer", "the message could not be written", 0);
    return BULLA_OK;
}

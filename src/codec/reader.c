/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/reader.h"

#include <string.h>

struct bl_reader
bl_reader(struct bulla_bytes input, const char *where)
{
    return (struct bl_reader){ .input = input, .where = where };
}

void
bl_reader_fail(struct bl_reader *r, const char *what)
{
    if (r->failed == NULL)
        r->failed = what;
}

size_t
bl_reader_left(const struct bl_reader *r)
{
    return r->input.size - r->offset;
}

struct bulla_bytes
bl_read_view(struct bl_reader *r, size_t size)
{
    if (size > bl_reader_left(r))
        bl_reader_fail(r, "too short");
    if (r->failed != NULL)
        return (struct bulla_bytes){ NULL, 0 };

    const uint8_t *start = r->input.data == NULL ? NULL : r->input.data + r->offset;
    r->offset += size;
    return (struct bulla_bytes){ start, size };
}

void
bl_read_into(struct bl_reader *r, void *out, size_t size)
{
    struct bulla_bytes view = bl_read_view(r, size);

    if (view.size == size && size > 0)
        memcpy(out, view.data, size);
    else
        memset(out, 0, size);
}

static uint64_t
read_le(struct bl_reader *r, size_t size)
{
    uint8_t b[8];
    uint64_t value = 0;

    bl_read_into(r, b, size);
    for (size_t i = size; i > 0; i--)
        value = value << 8 | b[i - 1];
    return value;
}

static uint64_t
read_be(struct bl_reader *r, size_t size)
{
    uint8_t b[8];
    uint64_t value = 0;

    bl_read_into(r, b, size);
    for (size_t i = 0; i < size; i++)
        value = value << 8 | b[i];
    return value;
}

uint8_t
bl_read_u8(struct bl_reader *r)
{
    return (uint8_t)read_le(r, 1);
}

uint16_t
bl_read_u16le(struct bl_reader *r)
{
    return (uint16_t)read_le(r, 2);
}

uint32_t
bl_read_u32le(struct bl_reader *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t
bl_read_u64le(struct bl_reader *r)
{
    return read_le(r, 8);
}

uint16_t
bl_read_u16be(struct bl_reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t
bl_read_u32be(struct bl_reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t
bl_read_u64be(struct bl_reader *r)
{
    return read_be(r, 8);
}

void
bl_skip(struct bl_reader *r, size_t size)
{
    (void)bl_read_view(r, size);
}

struct bl_reader
bl_read_part(struct bl_reader *r, size_t size, const char *where)
{
    struct bl_reader part = bl_reader(bl_read_view(r, size), where);

    part.failed = r->failed;
    return part;
}

enum bulla_status
bl_reader_ok(const struct bl_reader *r, struct bulla_error *err)
{
    if (r->failed != NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, r->where, r->failed, r->offset);
    return BULLA_OK;
}

enum bulla_status
bl_reader_finish(struct bl_reader *r, struct bulla_error *err)
{
    if (r->offset != r->input.size)
        bl_reader_fail(r, "trailing bytes");
    return bl_reader_ok(r, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The writer of codec/json.h: text straight into a buffer, so that the order is the caller's. */
#include <string.h>

#include "base/memory.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "codec/utf8.h"

static void
fail(struct bl_json_writer *j)
{
    if (j->w.status == BULLA_OK)
        j->w.status = BULLA_E_ARGUMENT;
}

struct bl_json_writer
bl_json_writer(struct bulla_buffer *buffer)
{
    return (struct bl_json_writer){ .w = bl_writer(buffer) };
}

static void
write_escape(struct bl_writer *w, uint32_t unit)
{
    static const char digits[] = "0123456789abcdef";

    bl_write_bytes(w, BL_LITERAL("\\u"));
    for (unsigned shift = 16; shift > 0; shift -= 4)
        bl_write_u8(w, (uint8_t)digits[unit >> (shift - 4) & 0xf]);
}

/* Controls, and characters that reorder or break the line a reviewer sees. */
static bool
needs_escape(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

static void
write_quoted(struct bl_writer *w, struct bulla_bytes text)
{
    bl_write_u8(w, '"');
    for (size_t at = 0; at < text.size;) {
        struct bulla_bytes rest = { text.data + at, text.size - at };
        uint32_t c = 0xfffd;
        size_t size = bl_utf8_next(rest, &c);
        if (size == 0) {
            bl_write_bytes(w, BL_LITERAL("\xef\xbf\xbd"));
            size = 1;
        } else if (needs_escape(c)) {
            write_escape(w, c);
        } else {
            if (c == '"' || c == '\\')
                bl_write_u8(w, '\\');
            bl_write_bytes(w, (struct bulla_bytes){ rest.data, size });
        }
        at += size;
    }
    bl_write_u8(w, '"');
}

/* What stands before a value: a comma, and in an object its name. */
static void
begin_value(struct bl_json_writer *j, const char *name)
{
    bool named = j->depth > 0 && j->in_object[j->depth - 1];

    if (named != (name != NULL) || (j->depth == 0 && j->has_items[0]))
        fail(j);
    if (j->has_items[j->depth])
        bl_write_u8(&j->w, ',');
    j->has_items[j->depth] = true;
    if (name == NULL)
        return;
    struct bulla_bytes text = { (const uint8_t *)name, strlen(name) };
    if (!bl_utf8_is_valid(text))
        fail(j);
    write_quoted(&j->w, text);
    bl_write_u8(&j->w, ':');
}

static void
open_value(struct bl_json_writer *j, const char *name, bool object)
{
    if (j->depth == BL_JSON_DEPTH_MAX) {
        fail(j);
        return;
    }
    begin_value(j, name);
    bl_write_u8(&j->w, object ? '{' : '[');
    j->in_object[j->depth] = object;
    j->depth++;
    j->has_items[j->depth] = false;
}

void
bl_json_open_object(struct bl_json_writer *j, const char *name)
{
    open_value(j, name, true);
}

void
bl_json_open_array(struct bl_json_writer *j, const char *name)
{
    open_value(j, name, false);
}

void
bl_json_close(struct bl_json_writer *j)
{
    if (j->depth == 0) {
        fail(j);
        return;
    }
    j->depth--;
    bl_write_u8(&j->w, j->in_object[j->depth] ? '}' : ']');
}

void
bl_json_write_text(struct bl_json_writer *j, const char *name, struct bulla_bytes text)
{
    begin_value(j, name);
    write_quoted(&j->w, text);
}

void
bl_json_write_word(struct bl_json_writer *j, const char *name, const char *word)
{
    bl_json_write_text(
        j, name, (struct bulla_bytes){ (const uint8_t *)word, word == NULL ? 0 : strlen(word) });
}

void
bl_json_write_hex(struct bl_json_writer *j, const char *name, struct bulla_bytes bytes)
{
    begin_value(j, name);
    bl_write_u8(&j->w, '"');
    if (j->w.status == BULLA_OK)
        j->w.status = bl_hex_encode(bytes, j->w.buffer, NULL);
    bl_write_u8(&j->w, '"');
}

static void
write_digits(struct bl_writer *w, uint64_t number)
{
    uint8_t digits[20]; /* 2^64 has 20 */
    size_t at = sizeof digits;

    do {
        digits[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    bl_write_bytes(w, (struct bulla_bytes){ digits + at, sizeof digits - at });
}

void
bl_json_write_number(struct bl_json_writer *j, const char *name, int64_t number)
{
    begin_value(j, name);
    if (number < 0)
        bl_write_u8(&j->w, '-');
    write_digits(&j->w, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void
bl_json_write_u64(struct bl_json_writer *j, const char *name, uint64_t number)
{
    begin_value(j, name);
    write_digits(&j->w, number);
}

void
bl_json_write_bool(struct bl_json_writer *j, const char *name, bool value)
{
    begin_value(j, name);
    bl_write_bytes(&j->w, value ? BL_LITERAL("true") : BL_LITERAL("false"));
}

void
bl_json_write_null(struct bl_json_writer *j, const char *name)
{
    begin_value(j, name);
    bl_write_bytes(&j->w, BL_LITERAL("null"));
}

enum bulla_status
bl_json_finish(const struct bl_json_writer *j, struct bulla_error *err)
{
    if (j->w.status == BULLA_OK && (j->depth != 0 || !j->has_items[0]))
        return bulla_fail(err, BULLA_E_ARGUMENT, "JSON writer", "not one whole value", j->depth);
    return bl_writer_finish(&j->w, err);
}

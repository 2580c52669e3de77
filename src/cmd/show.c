/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/show.c: see show.h.
 */
#include "cmd/show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "codec/utf8.h"

struct range {
    uint32_t first;
    uint32_t last;
};

/* Controls, soft hyphen, bidirectional and zero-width characters, line and paragraph separators,
 * fillers that look empty, variation selectors, byte order mark, annotations, tags, private use and
 * noncharacters at the end of the planes. */
static const struct range hidden[] = {
    { 0x00, 0x1f },       { 0x7f, 0x9f },       { 0xad, 0xad },        { 0x34f, 0x34f },
    { 0x61c, 0x61c },     { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },    { 0x180b, 0x180f },
    { 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },    { 0x3164, 0x3164 },
    { 0xe000, 0xf8ff },   { 0xfdd0, 0xfdef },   { 0xfe00, 0xfe0f },    { 0xfeff, 0xfeff },
    { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },   { 0xfffe, 0xffff },    { 0x1bca0, 0x1bca3 },
    { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }, { 0xf0000, 0x10ffff },
};

static bool
may_be_shown(uint32_t point)
{
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (point >= hidden[i].first && point <= hidden[i].last)
            return false;
    }
    return true;
}

#define ELLIPSIS "\xe2\x80\xa6" /* U+2026 */

const char *
bl_show_text(struct bulla_bytes text, char out[BL_SHOWN_SIZE])
{
    size_t used = 0;

    for (size_t at = 0; at < text.size;) {
        char piece[16];
        uint32_t point = 0;
        size_t size = bl_utf8_next((struct bulla_bytes){ text.data + at, text.size - at }, &point);

        if (size == 0)
            (void)snprintf(piece, sizeof piece, "\\x%02x", text.data[at]);
        else if (point == '\\')
            (void)snprintf(piece, sizeof piece, "\\\\");
        else if (!may_be_shown(point))
            (void)snprintf(piece, sizeof piece, "\\u{%x}", (unsigned)point);
        else
            (void)snprintf(piece, sizeof piece, "%.*s", (int)size, (const char *)text.data + at);

        size_t piece_size = strlen(piece);
        if (used + piece_size + sizeof ELLIPSIS > BL_SHOWN_SIZE) {
            memcpy(out + used, ELLIPSIS, sizeof ELLIPSIS);
            return out;
        }
        memcpy(out + used, piece, piece_size);
        used += piece_size;
        at += size == 0 ? 1 : size;
    }
    out[used] = '\0';
    return out;
}

const char *
bl_show_word(const char *word, char out[BL_SHOWN_SIZE])
{
    return bl_show_text((struct bulla_bytes){ (const uint8_t *)word, strlen(word) }, out);
}

const char *
bl_show_hex(struct bulla_bytes bytes, char out[BL_SHOWN_SIZE])
{
    size_t count_max = (BL_SHOWN_SIZE - sizeof ELLIPSIS) / 2;
    size_t count = bytes.size < count_max ? bytes.size : count_max;

    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", bytes.data[i]);
    if (count < bytes.size)
        memcpy(out + 2 * count, ELLIPSIS, sizeof ELLIPSIS);
    return out;
}

const char *
bl_show_time(int64_t time_s, char out[BL_SHOWN_SIZE])
{
    time_t time = (time_t)time_s;
    struct tm broken_down;

    if (gmtime_r(&time, &broken_down) == NULL ||
        strftime(out, BL_SHOWN_SIZE, "%Y-%m-%dT%H:%M:%SZ", &broken_down) == 0)
        (void)snprintf(out, BL_SHOWN_SIZE, "%lld s", (long long)time_s);
    return out;
}

const char *
bl_show_size(uint64_t size, char out[BL_SHOWN_SIZE])
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    size_t unit = 0;
    double shown = (double)size / 1024;

    if (size < 1024) {
        (void)snprintf(out, BL_SHOWN_SIZE, "%u bytes", (unsigned)size);
        return out;
    }
    while (shown >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        shown /= 1024;
        unit++;
    }
    (void)snprintf(out, BL_SHOWN_SIZE, "%.1f %s", shown, units[unit]);
    return out;
}

bool
bl_is_plain_text(struct bulla_bytes text)
{
    for (size_t at = 0; at < text.size;) {
        uint32_t point = 0;
        size_t size = bl_utf8_next((struct bulla_bytes){ text.data + at, text.size - at }, &point);
        bool is_layout = point == '\n' || point == '\t' || point == '\r';

        if (size == 0 || (!may_be_shown(point) && !is_layout))
            return false;
        at += size;
    }
    return true;
}

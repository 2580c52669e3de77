/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/result.c: see result.h.
 */
#include "cmd/result.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/show.h"
#include "codec/utf8.h"
#include "sys/file.h"

static void
print_string(struct bl_page *page, struct bulla_bytes text)
{
    bl_page_print(page, "\"");
    for (size_t at = 0; at < text.size;) {
        uint32_t point = 0xfffd;
        size_t size = bl_utf8_next((struct bulla_bytes){ text.data + at, text.size - at }, &point);

        if (point == '"' || point == '\\')
            bl_page_print(page, "\\%c", (char)point);
        else if (point >= 0x20 && point < 0x7f)
            bl_page_print(page, "%c", (char)point);
        else if (point < 0x10000)
            bl_page_print(page, "\\u%04x", (unsigned)point);
        else
            bl_page_print(page, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (point >> 10)),
                          (unsigned)(0xdc00 + (point & 0x3ff)));
        at += size == 0 ? 1 : size;
    }
    bl_page_print(page, "\"");
}

/** The comma and the name before a value. */
static void
begin_member(struct bl_result *result, const char *name)
{
    if (result->depth > 0 && result->has_member[result->depth - 1])
        bl_page_print(&result->page, ",");
    if (result->depth > 0)
        result->has_member[result->depth - 1] = true;
    if (name != NULL)
        bl_page_print(&result->page, "\"%s\":", name);
}

static void
open_level(struct bl_result *result, const char *name, char opening, char closing)
{
    begin_member(result, name);
    if (result->depth == BL_RESULT_DEPTH_MAX) {
        result->page.failed = true;
        return;
    }
    bl_page_print(&result->page, "%c", opening);
    result->has_member[result->depth] = false;
    result->closing[result->depth++] = closing;
}

void
bl_result_begin(struct bl_result *result)
{
    open_level(result, NULL, '{', '}');
}

void
bl_result_open_object(struct bl_result *result, const char *name)
{
    open_level(result, name, '{', '}');
}

void
bl_result_open_array(struct bl_result *result, const char *name)
{
    open_level(result, name, '[', ']');
}

void
bl_result_close(struct bl_result *result)
{
    if (result->depth > 0)
        bl_page_print(&result->page, "%c", result->closing[--result->depth]);
}

void
bl_result_text(struct bl_result *result, const char *name, struct bulla_bytes text)
{
    begin_member(result, name);
    print_string(&result->page, text);
}

void
bl_result_word(struct bl_result *result, const char *name, const char *word)
{
    bl_result_text(result, name, (struct bulla_bytes){ (const uint8_t *)word, strlen(word) });
}

void
bl_result_number(struct bl_result *result, const char *name, uint64_t number)
{
    begin_member(result, name);
    bl_page_print(&result->page, "%" PRIu64, number);
}

void
bl_result_flag(struct bl_result *result, const char *name, bool flag)
{
    begin_member(result, name);
    bl_page_print(&result->page, flag ? "true" : "false");
}

void
bl_result_null(struct bl_result *result, const char *name)
{
    begin_member(result, name);
    bl_page_print(&result->page, "null");
}

void
bl_result_hex(struct bl_result *result, const char *name, struct bulla_bytes bytes)
{
    begin_member(result, name);
    bl_page_print(&result->page, "\"");
    for (size_t i = 0; i < bytes.size; i++)
        bl_page_print(&result->page, "%02x", bytes.data[i]);
    bl_page_print(&result->page, "\"");
}

void
bl_result_time(struct bl_result *result, const char *name, int64_t time_s)
{
    char text[BL_SHOWN_SIZE];

    bl_result_word(result, name, bl_show_time(time_s, text));
}

void
bl_result_value(struct bl_result *result, const char *name, const struct bulla_value *value)
{
    switch (value->kind) {
    case BULLA_VALUE_NONE:
        bl_result_null(result, name);
        break;
    case BULLA_VALUE_NUMBER:
        bl_result_number(result, name, value->number);
        break;
    case BULLA_VALUE_BYTES:
        bl_result_hex(result, name, (struct bulla_bytes){ value->bytes, value->size });
        break;
    case BULLA_VALUE_WORD:
        bl_result_word(result, name, value->word);
        break;
    }
}

void
bl_result_end(struct bl_result *result)
{
    while (result->depth > 0)
        bl_result_close(result);
    bl_page_print(&result->page, "\n");
}

enum bulla_status
bl_result_write(struct bl_result *result, int fd, struct bulla_error *err)
{
    bl_result_end(result);
    return bl_page_write(&result->page, fd, err);
}

void
bl_result_done(struct bl_result *result)
{
    bl_page_done(&result->page);
}

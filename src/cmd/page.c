/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/page.c: see page.h.
 */
#include "cmd/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sys/file.h"

void
bl_page_print(struct bl_page *page, const char *format, ...)
{
    va_list list;
    va_list again;
    uint8_t *start = NULL;

    va_start(list, format);
    va_copy(again, list);
    int size = vsnprintf(NULL, 0, format, list);
    if (size < 0 || bulla_buffer_extend(&page->text, (size_t)size + 1, &start, NULL) != BULLA_OK) {
        page->failed = true;
    } else {
        (void)vsnprintf((char *)start, (size_t)size + 1, format, again);
        page->text.size--; /* the terminator */
    }
    va_end(again);
    va_end(list);
}

/* Where a piece of at most `room` columns ends: at the last space that fits, if there is one. */
static size_t
piece_of(const char *text, size_t size, size_t room)
{
    if (size <= room)
        return size;
    for (size_t at = room; at > 0; at--)
        if (text[at] == ' ')
            return at;
    return room;
}

void
bl_page_fold(struct bl_page *page, int indent, size_t room, const char *text)
{
    size_t left = strlen(text);

    while (left > room) {
        size_t size = piece_of(text, left, room);
        bl_page_print(page, "%.*s\n%*s", (int)size, text, indent, "");
        size += text[size] == ' ';
        text += size;
        left -= size;
    }
    bl_page_print(page, "%s\n", text);
}

enum bulla_status
bl_page_write(const struct bl_page *page, int fd, struct bulla_error *err)
{
    if (page->failed)
        return bulla_fail(err, BULLA_E_MEMORY, "result", "no memory", 0);
    return bl_fd_write(fd, bulla_buffer_bytes(&page->text), err);
}

void
bl_page_done(struct bl_page *page)
{
    bulla_buffer_done(&page->text);
    page->failed = false;
}

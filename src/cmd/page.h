/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/page.h: a textual result, made whole in memory and then written at once,
 * so that nothing is printed by a command that fails.
 */
#ifndef BL_CMD_PAGE_H
#define BL_CMD_PAGE_H

#include "base/buffer.h"

struct bl_page {
    struct bulla_buffer text;
    bool failed; /* no memory: bl_page_write() tells */
};

/** Append; foreign text must have been escaped (cmd/show.h). */
void bl_page_print(struct bl_page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Append the rest of a line that begins at column `indent`, in pieces of at most `room` columns that
 *  are broken at spaces where that goes; the later ones are indented. Text of one byte a column. */
void bl_page_fold(struct bl_page *page, int indent, size_t room, const char *text);
/** Everything to `fd`. BULLA_E_MEMORY, BULLA_E_IO. */
enum bulla_status bl_page_write(const struct bl_page *page, int fd,
                                struct bulla_error *err) BULLA_CHECKED;
void bl_page_done(struct bl_page *page);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/show.h: foreign text and values made fit for a terminal.
 *
 * Guarantees: what comes out is valid UTF-8 without control characters, without characters that
 * change the direction or the order of text or have no width, and of bounded length; two different
 * inputs that fit within the bound look different.
 * Does not: tell apart letters of different scripts that look alike.
 */
#ifndef BL_CMD_SHOW_H
#define BL_CMD_SHOW_H

#include "bulla/status.h"

#define BL_SHOWN_SIZE 512 /* bytes: room for what bl_show_text() makes, with its terminator */

/** Escape `text`: a backslash is doubled, a byte that is not UTF-8 becomes \xNN, a character that
 *  may not be shown \u{N}; what does not fit ends in an ellipsis. Returns `out`. */
const char *bl_show_text(struct bulla_bytes text, char out[BL_SHOWN_SIZE]);
/** The same for a C string. */
const char *bl_show_word(const char *word, char out[BL_SHOWN_SIZE]);
/** Lower-case hexadecimal; what does not fit ends in an ellipsis. Returns `out`. */
const char *bl_show_hex(struct bulla_bytes bytes, char out[BL_SHOWN_SIZE]);
/** "2026-11-21T21:53:12Z" (RFC 3339); returns `out`. */
const char *bl_show_time(int64_t time_s, char out[BL_SHOWN_SIZE]);
/** "1.5 MiB"; returns `out`. */
const char *bl_show_size(uint64_t size, char out[BL_SHOWN_SIZE]);
/** True if a terminal can show it as it is: UTF-8, line ends and tabs, nothing to be escaped. */
bool bl_is_plain_text(struct bulla_bytes text);

#endif

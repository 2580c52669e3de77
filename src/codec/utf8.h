/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/utf8.h: UTF-8 (RFC 3629), checked.
 *
 * Guarantees: overlong forms, surrogates, values above U+10FFFF and cut-off sequences are refused.
 * Does not: normalise, or judge characters; NUL and control characters are valid UTF-8.
 */
#ifndef BL_CODEC_UTF8_H
#define BL_CODEC_UTF8_H

#include <stdbool.h>

#include "bulla/bytes.h"

/** Size (1 to 4 bytes) of the character at the start of `text` and its scalar value in
 *  *character_out; 0, and *character_out untouched, if there is none or it is not valid. */
size_t bl_utf8_next(struct bulla_bytes text, uint32_t *character_out);
/** Size in bytes of the longest valid start of `text`; the whole size if all of it is valid. */
size_t bl_utf8_valid_size(struct bulla_bytes text);

static inline bool
bl_utf8_is_valid(struct bulla_bytes text)
{
    return bl_utf8_valid_size(text) == text.size;
}

#endif

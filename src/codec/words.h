/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/words.h: the words that stand for the values of an enum, in a list indexed by them. Its
 * first one, for the value 0, says that there is none; no text reads as that value.
 */
#ifndef BL_CODEC_WORDS_H
#define BL_CODEC_WORDS_H

#include <stddef.h>

#include "bulla/bytes.h"

/** The word of `value`; the first one for what is not in the list. */
const char *bl_word_of(const char *const *words, size_t word_count, int value);
/** The value whose word all of `text` is; 0 if there is none. */
int bl_word_value(const char *const *words, size_t word_count, struct bulla_bytes text);

#endif

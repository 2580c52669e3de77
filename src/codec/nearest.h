/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_CODEC_NEAREST_H
#define BL_CODEC_NEAREST_H

#include "bulla/bytes.h"

/** The one of `words` that `text` was probably meant to be: at most a third of its letters (and one
 *  at least) inserted, left out, replaced or swapped with a neighbour. NULL if none is that near. */
const char *bl_nearest_word(struct bulla_bytes text, const char *const *words, size_t word_count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/words.h"

#include <string.h>

#include "base/memory.h"

const char *
bl_word_of(const char *const *words, size_t word_count, int value)
{
    bool known = value > 0 && (size_t)value < word_count;

    return words[known ? value : 0];
}

int
bl_word_value(const char *const *words, size_t word_count, struct bulla_bytes text)
{
    for (size_t i = 1; i < word_count; i++)
        if (bl_equal(text, (struct bulla_bytes){ (const uint8_t *)words[i], strlen(words[i]) }))
            return (int)i;
    return 0;
}

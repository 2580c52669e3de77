/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/nearest.h"

#include <string.h>

#define WORD_SIZE_MAX 40 /* bytes: no key or verb of ours is longer */

static size_t
least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance; row i is the distance of the first i bytes of `a`. */
static size_t
distance(struct bulla_bytes a, struct bulla_bytes b)
{
    size_t rows[3][WORD_SIZE_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b.size; j++)
        last[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t change = a.data[i - 1] != b.data[j - 1];
            row[j] = least_of(least_of(row[j - 1], last[j]) + 1, last[j - 1] + change);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                row[j] = least_of(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b.size];
}

const char *
bl_nearest_word(struct bulla_bytes text, const char *const *words, size_t word_count)
{
    const char *nearest = NULL;
    size_t limit = 1 + text.size / 3;

    if (text.size > WORD_SIZE_MAX)
        return NULL;
    for (size_t i = 0; i < word_count; i++) {
        struct bulla_bytes word = { (const uint8_t *)words[i], strlen(words[i]) };
        if (word.size > WORD_SIZE_MAX)
            continue;
        size_t off = distance(text, word);
        if (off < limit || (off == limit && nearest == NULL)) {
            nearest = words[i];
            limit = off;
        }
    }
    return nearest;
}

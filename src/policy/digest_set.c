/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/digest_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void
bl_digest_set_done(struct bl_digest_set *set)
{
    bl_free(set->items);
    *set = (struct bl_digest_set){ 0 };
}

enum bulla_status
bl_digest_set_new(struct bl_digest_set *set, size_t count, struct bulla_error *err)
{
    struct bl_digest *items = NULL;

    if (count > 0) {
        items = bl_alloc(count, sizeof *items);
        if (items == NULL)
            return bulla_fail(err, BULLA_E_MEMORY, "digest set", "no memory", count);
    }
    *set = (struct bl_digest_set){ .items = items, .count = count };
    return BULLA_OK;
}

enum bulla_status
bl_digest_set_fill(struct bl_digest_set *set, size_t index, struct bulla_bytes digest,
                   struct bulla_error *err)
{
    if (digest.size < BL_DIGEST_SIZE_MIN || digest.size > BL_HASH_SIZE_MAX)
        return bulla_fail(err, BULLA_E_MALFORMED, "digest set", "is of no digest's size", index);
    memcpy(set->items[index].bytes, digest.data, digest.size);
    set->items[index].size = digest.size;
    return BULLA_OK;
}

static int
compare(const void *a, const void *b)
{
    const struct bl_digest *left = a;
    const struct bl_digest *right = b;

    if (left->size != right->size)
        return left->size < right->size ? -1 : 1;
    return memcmp(left->bytes, right->bytes, left->size);
}

void
bl_digest_set_sort(struct bl_digest_set *set)
{
    if (set->count > 1)
        qsort(set->items, set->count, sizeof *set->items, compare);
}

enum bulla_status
bl_digest_set_check(const struct bl_digest_set *set, struct bulla_error *err)
{
    for (size_t i = 1; i < set->count; i++)
        if (compare(&set->items[i - 1], &set->items[i]) >= 0)
            return bulla_fail(err, BULLA_E_MALFORMED, "digest set",
                              "items repeat, or do not ascend", i);
    return BULLA_OK;
}

bool
bl_digest_set_has(const struct bl_digest_set *set, struct bulla_bytes digest)
{
    bool found = false;

    if (digest.size == 0)
        return false;
    for (size_t i = 0; i < set->count; i++)
        found |= bl_equal(digest, (struct bulla_bytes){ set->items[i].bytes, set->items[i].size });
    return found || set->any;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/set.c: pieces and sets of them.
 */
#include <string.h>

#include "base/memory.h"
#include "collateral/object.h"

void
bl_collateral_free(struct bl_collateral *object)
{
    if (object == NULL)
        return;
    bulla_buffer_done(&object->body);
    bulla_buffer_done(&object->issuers);
    bl_free(object);
}

struct bl_collateral_set *
bl_collateral_set_new(void)
{
    return bl_alloc(1, sizeof(struct bl_collateral_set));
}

void
bl_collateral_set_free(struct bl_collateral_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        bl_collateral_free(set->items[i]);
    bl_free(set);
}

/* Where the name is, or belongs. */
static size_t
place_of(const struct bl_collateral_set *set, const char *text, bool *is_there_out)
{
    size_t low = 0, high = set->count;

    *is_there_out = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(set->items[middle]->name.text, text);
        if (order == 0) {
            *is_there_out = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct bl_collateral *
bl_collateral_find(const struct bl_collateral_set *set, const struct bl_collateral_name *name)
{
    bool is_there = false;
    size_t place = place_of(set, name->text, &is_there);

    return is_there ? set->items[place] : NULL;
}

enum bulla_status
bl_collateral_set_put(struct bl_collateral_set *set, struct bl_collateral **object,
                      struct bulla_error *err)
{
    bool is_there = false;
    size_t place = place_of(set, (*object)->name.text, &is_there);

    if (is_there) {
        bl_collateral_free(set->items[place]);
    } else {
        if (set->count == BL_COLLATERAL_COUNT_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, "collateral", "too many pieces", set->count);
        memmove(set->items + place + 1, set->items + place,
                (set->count - place) * sizeof set->items[0]);
        set->count++;
    }
    set->items[place] = *object;
    *object = NULL;
    return BULLA_OK;
}

struct bl_collateral *
bl_collateral_set_take(struct bl_collateral_set *set, const struct bl_collateral_name *name)
{
    bool is_there = false;
    size_t place = place_of(set, name->text, &is_there);

    if (!is_there)
        return NULL;
    struct bl_collateral *object = set->items[place];
    set->count--;
    memmove(set->items + place, set->items + place + 1,
            (set->count - place) * sizeof set->items[0]);
    return object;
}

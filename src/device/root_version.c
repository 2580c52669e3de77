/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/root_version.c: vectors of versions, compared. Pure.
 */
#include <string.h>

#include "device/sealing_root.h"

void
bl_root_version_add(struct bl_root_version *version, const char *name, uint64_t value)
{
    if (version->count < BL_ROOT_COMPONENT_COUNT_MAX)
        version->components[version->count++] = (struct bl_root_component){ name, value };
}

const struct bl_root_component *
bl_root_version_find(const struct bl_root_version *version, const char *name)
{
    for (size_t i = 0; i < version->count; i++)
        if (strcmp(version->components[i].name, name) == 0)
            return &version->components[i];
    return NULL;
}

/* Let this component decide, unless one before it did. */
static void
decide(struct bl_root_comparison *comparison, const struct bl_root_component *recorded,
       const struct bl_root_component *present)
{
    if (comparison->component != NULL)
        return;
    comparison->component = recorded->name;
    comparison->recorded = recorded->value;
    comparison->present = present != NULL ? present->value : 0;
}

struct bl_root_comparison
bl_root_version_compare(const struct bl_root_version *recorded,
                        const struct bl_root_version *present)
{
    struct bl_root_comparison ahead = { .order = BL_ROOT_AHEAD };
    struct bl_root_comparison behind = { .order = BL_ROOT_BEHIND };
    bool is_missing = false;

    for (size_t i = 0; i < recorded->count; i++) {
        const struct bl_root_component *then = &recorded->components[i];
        const struct bl_root_component *now = bl_root_version_find(present, then->name);
        is_missing |= now == NULL;
        if (now == NULL || then->value > now->value)
            decide(&ahead, then, now);
        else if (then->value < now->value)
            decide(&behind, then, now);
    }
    if (ahead.component != NULL) {
        ahead.order = is_missing || behind.component != NULL ? BL_ROOT_INCOMPARABLE : BL_ROOT_AHEAD;
        return ahead;
    }
    if (behind.component != NULL)
        return behind;
    return (struct bl_root_comparison){ .order = BL_ROOT_EQUAL };
}

bool
bl_root_version_reaches(const struct bl_root_comparison *comparison)
{
    return comparison->order == BL_ROOT_EQUAL || comparison->order == BL_ROOT_BEHIND;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_node.h"

#include <string.h>

#include "base/memory.h"
#include "codec/nearest.h"

static bool
is_kind(const struct bl_json *value, enum bl_json_kind kind)
{
    return value != NULL && value->kind == kind;
}

const struct bl_json *
bl_json_find(const struct bl_json *object, const char *name)
{
    const struct bulla_bytes wanted = { (const uint8_t *)name, strlen(name) };

    if (!is_kind(object, BL_JSON_OBJECT))
        return NULL;
    for (const struct bl_json *member = object->first; member != NULL; member = member->next)
        if (bl_equal(member->name, wanted))
            return member;
    return NULL;
}

enum bulla_status
bl_json_require(const struct bl_json *object, const char *name, const struct bl_json **value_out,
                struct bulla_error *err)
{
    const struct bl_json *value = bl_json_find(object, name);

    if (value == NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, name, "required and missing", 0);
    *value_out = value;
    return BULLA_OK;
}

bool
bl_json_is_null(const struct bl_json *value)
{
    return is_kind(value, BL_JSON_NULL);
}

enum bulla_status
bl_json_as_object(const struct bl_json *value, const char *name, struct bulla_error *err)
{
    if (!is_kind(value, BL_JSON_OBJECT))
        return bulla_fail(err, BULLA_E_MALFORMED, name, "not an object", 0);
    return BULLA_OK;
}

enum bulla_status
bl_json_as_object_of(const struct bl_json *value, const char *name, const char *const *known,
                     size_t known_count, struct bulla_error *err)
{
    struct bulla_bytes member;
    void *cursor = NULL;

    BL_TRY(bl_json_as_object(value, name, err));
    while (bl_json_next(value, &cursor, &member, NULL)) {
        size_t i = 0;
        while (i < known_count &&
               (strlen(known[i]) != member.size || memcmp(known[i], member.data, member.size) != 0))
            i++;
        if (i < known_count)
            continue;
        bool first = err != NULL && err->status == BULLA_OK;
        enum bulla_status status = bulla_fail(err, BULLA_E_MALFORMED, name, "unknown member", 0);
        const char *nearest = bl_nearest_word(member, known, known_count);
        if (first && nearest != NULL)
            bulla_error_values(err, (struct bulla_value){ 0 }, bulla_value_word(nearest));
        return status;
    }
    return BULLA_OK;
}

enum bulla_status
bl_json_as_array(const struct bl_json *value, const char *name, size_t count_max, size_t *count_out,
                 struct bulla_error *err)
{
    if (!is_kind(value, BL_JSON_ARRAY))
        return bulla_fail(err, BULLA_E_MALFORMED, name, "not an array", 0);
    if (value->count > count_max)
        return bulla_fail(err, BULLA_E_LIMIT, name, "too many items", count_max);
    *count_out = value->count;
    return BULLA_OK;
}

const struct bl_json *
bl_json_at(const struct bl_json *array, size_t i)
{
    return is_kind(array, BL_JSON_ARRAY) && i < array->count ? array->items[i] : NULL;
}

enum bulla_status
bl_json_as_text(const struct bl_json *value, const char *name, size_t size_max,
                struct bulla_bytes *text_out, struct bulla_error *err)
{
    if (!is_kind(value, BL_JSON_STRING))
        return bulla_fail(err, BULLA_E_MALFORMED, name, "not a string", 0);
    if (value->text.size > size_max)
        return bulla_fail(err, BULLA_E_LIMIT, name, "too long", size_max);
    *text_out = value->text;
    return BULLA_OK;
}

enum bulla_status
bl_json_as_number(const struct bl_json *value, const char *name, int64_t least, int64_t most,
                  int64_t *number_out, struct bulla_error *err)
{
    if (!is_kind(value, BL_JSON_INTEGER))
        return bulla_fail(err, BULLA_E_MALFORMED, name, "not an integer", 0);
    if (value->integer < least || value->integer > most)
        return bulla_fail(err, BULLA_E_MALFORMED, name,
                          value->integer < least ? "too small" : "too large", 0);
    *number_out = value->integer;
    return BULLA_OK;
}

enum bulla_status
bl_json_as_bool(const struct bl_json *value, const char *name, bool *value_out,
                struct bulla_error *err)
{
    if (!is_kind(value, BL_JSON_TRUE) && !is_kind(value, BL_JSON_FALSE))
        return bulla_fail(err, BULLA_E_MALFORMED, name, "neither true nor false", 0);
    *value_out = value->kind == BL_JSON_TRUE;
    return BULLA_OK;
}

bool
bl_json_next(const struct bl_json *object, void **cursor, struct bulla_bytes *name_out,
             const struct bl_json **value_out)
{
    const struct bl_json *last = *cursor;
    const struct bl_json *member = is_kind(object, BL_JSON_OBJECT) ? object->first : NULL;

    if (last != NULL)
        member = last->next;
    if (member == NULL)
        return false;
    *cursor = (void *)(uintptr_t)member;
    *name_out = member->name;
    if (value_out != NULL)
        *value_out = member;
    return true;
}

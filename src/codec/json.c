/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"

#include <string.h>

#include <jansson.h>

#include "base/fault.h"
#include "codec/nearest.h"

static struct bl_json *
from_library(json_t *value)
{
    return (struct bl_json *)value;
}

/* The library's accessors count no references and change nothing; they want no const. */
static json_t *
to_library(const struct bl_json *value)
{
    return (json_t *)(uintptr_t)value;
}

/* The library recurses to 2048; bound the nesting before it sees the text. */
static enum bulla_status
check_depth(struct bulla_bytes text, const char *where, struct bulla_error *err)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '[' || c == '{') && ++depth > BL_JSON_DEPTH_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, where, "nested too deeply", i);
        else if (!in_string && (c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return BULLA_OK;
}

/* The library's own text quotes the input; a record of ours must not. */
static const char *
parse_fault(enum json_error_code code)
{
    switch (code) {
    case json_error_duplicate_key:
        return "duplicate name";
    case json_error_premature_end_of_input:
        return "cut off";
    case json_error_end_of_input_expected:
        return "trailing bytes";
    case json_error_invalid_utf8:
        return "not UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "NUL in a string";
    case json_error_numeric_overflow:
        return "number out of range";
    case json_error_unknown:
    case json_error_out_of_memory:
    case json_error_stack_overflow:
    case json_error_cannot_open_file:
    case json_error_invalid_argument:
    case json_error_invalid_syntax:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_value:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
        break;
    }
    return "not valid JSON";
}

enum bulla_status
bl_json_parse(struct bulla_bytes text, const char *where, size_t size_max,
              struct bl_json **value_out, struct bulla_error *err)
{
    json_error_t fault = { 0 };

    if (text.size > size_max)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too long", size_max);
    BL_TRY(check_depth(text, where, err));
    if (bl_fault_point(BL_FAULT_MEMORY))
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    json_t *value = json_loadb(text.size == 0 ? "" : (const char *)text.data, text.size,
                               JSON_REJECT_DUPLICATES, &fault);
    if (value != NULL) {
        *value_out = from_library(value);
        return BULLA_OK;
    }
    enum json_error_code code = json_error_code(&fault);
    if (code == json_error_out_of_memory)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    struct bulla_error failure = { 0 };
    enum bulla_status status =
        bulla_fail(&failure, BULLA_E_MALFORMED, where, parse_fault(code), (size_t)fault.position);
    failure.detail = (unsigned long)fault.line;
    if (err != NULL && err->status == BULLA_OK)
        *err = failure;
    return status;
}

void
bl_json_free(struct bl_json *value)
{
    json_decref(to_library(value));
}

const struct bl_json *
bl_json_find(const struct bl_json *object, const char *name)
{
    return from_library(json_object_get(to_library(object), name));
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
    return json_is_null(to_library(value));
}

enum bulla_status
bl_json_as_object(const struct bl_json *value, const char *name, struct bulla_error *err)
{
    if (!json_is_object(to_library(value)))
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
    if (!json_is_array(to_library(value)))
        return bulla_fail(err, BULLA_E_MALFORMED, name, "not an array", 0);
    size_t count = json_array_size(to_library(value));
    if (count > count_max)
        return bulla_fail(err, BULLA_E_LIMIT, name, "too many items", count_max);
    *count_out = count;
    return BULLA_OK;
}

const struct bl_json *
bl_json_at(const struct bl_json *array, size_t i)
{
    return from_library(json_array_get(to_library(array), i));
}

enum bulla_status
bl_json_as_text(const struct bl_json *value, const char *name, size_t size_max,
                struct bulla_bytes *text_out, struct bulla_error *err)
{
    if (!json_is_string(to_library(value)))
        return bulla_fail(err, BULLA_E_MALFORMED, name, "not a string", 0);
    size_t size = json_string_length(to_library(value));
    if (size > size_max)
        return bulla_fail(err, BULLA_E_LIMIT, name, "too long", size_max);
    *text_out = (struct bulla_bytes){ (const uint8_t *)json_string_value(to_library(value)), size };
    return BULLA_OK;
}

enum bulla_status
bl_json_as_number(const struct bl_json *value, const char *name, int64_t least, int64_t most,
                  int64_t *number_out, struct bulla_error *err)
{
    if (!json_is_integer(to_library(value)))
        return bulla_fail(err, BULLA_E_MALFORMED, name, "not an integer", 0);
    int64_t number = json_integer_value(to_library(value));
    if (number < least || number > most)
        return bulla_fail(err, BULLA_E_MALFORMED, name, number < least ? "too small" : "too large",
                          0);
    *number_out = number;
    return BULLA_OK;
}

enum bulla_status
bl_json_as_bool(const struct bl_json *value, const char *name, bool *value_out,
                struct bulla_error *err)
{
    if (!json_is_boolean(to_library(value)))
        return bulla_fail(err, BULLA_E_MALFORMED, name, "neither true nor false", 0);
    *value_out = json_is_true(to_library(value));
    return BULLA_OK;
}

bool
bl_json_next(const struct bl_json *object, void **cursor, struct bulla_bytes *name_out,
             const struct bl_json **value_out)
{
    json_t *members = to_library(object);

    *cursor = *cursor == NULL ? json_object_iter(members) : json_object_iter_next(members, *cursor);
    if (*cursor == NULL)
        return false;
    const char *name = json_object_iter_key(*cursor);
    *name_out = (struct bulla_bytes){ (const uint8_t *)name, strlen(name) };
    if (value_out != NULL)
        *value_out = from_library(json_object_iter_value(*cursor));
    return true;
}

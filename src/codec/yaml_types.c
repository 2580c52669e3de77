/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the tree, read as the type that a schema asks for. */
#include <string.h>

#include "codec/nearest.h"
#include "codec/yaml_node.h"

enum bl_yaml_kind
bl_yaml_kind(const struct bl_yaml_node *node)
{
    return node->kind;
}

size_t
bl_yaml_line(const struct bl_yaml_node *node)
{
    return node->line;
}

size_t
bl_yaml_column(const struct bl_yaml_node *node)
{
    return node->column;
}

size_t
bl_yaml_count(const struct bl_yaml_node *node)
{
    return node->count;
}

const struct bl_yaml_node *
bl_yaml_first(const struct bl_yaml_node *node)
{
    return node->first;
}

const struct bl_yaml_node *
bl_yaml_next(const struct bl_yaml_node *node)
{
    return node->next;
}

struct bulla_bytes
bl_yaml_key(const struct bl_yaml_node *node)
{
    return node->key;
}

static bool
is_word(struct bulla_bytes text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

const struct bl_yaml_node *
bl_yaml_find_bytes(const struct bl_yaml_node *node, struct bulla_bytes key)
{
    if (node->kind != BL_YAML_MAPPING)
        return NULL;
    for (const struct bl_yaml_node *value = node->first; value != NULL; value = value->next)
        if (value->key.size == key.size && memcmp(value->key.data, key.data, key.size) == 0)
            return value;
    return NULL;
}

const struct bl_yaml_node *
bl_yaml_find(const struct bl_yaml_node *node, const char *key)
{
    return bl_yaml_find_bytes(node, (struct bulla_bytes){ (const uint8_t *)key, strlen(key) });
}

enum bulla_status
bl_yaml_fail(const struct bl_yaml_node *node, const char *key, const char *what,
             struct bulla_error *err)
{
    return bl_yaml_fail_at(err, BULLA_E_MALFORMED, key, what, node->line, node->column);
}

static enum bulla_status
fail_limit(const struct bl_yaml_node *node, const char *key, const char *what,
           struct bulla_error *err)
{
    return bl_yaml_fail_at(err, BULLA_E_LIMIT, key, what, node->line, node->column);
}

/* Fail with the word that was probably meant. */
static enum bulla_status
fail_word(const struct bl_yaml_node *node, const char *key, const char *what,
          struct bulla_bytes found, const char *const *words, size_t word_count,
          struct bulla_error *err)
{
    bool first = err != NULL && err->status == BULLA_OK;
    enum bulla_status status = bl_yaml_fail(node, key, what, err);
    const char *nearest = bl_nearest_word(found, words, word_count);

    if (first && nearest != NULL)
        bulla_error_values(err, (struct bulla_value){ 0 }, bulla_value_word(nearest));
    return status;
}

enum bulla_status
bl_yaml_require(const struct bl_yaml_node *node, const char *key,
                const struct bl_yaml_node **value_out, struct bulla_error *err)
{
    const struct bl_yaml_node *value = bl_yaml_find(node, key);

    if (value == NULL)
        return bl_yaml_fail(node, key, "required and missing", err);
    *value_out = value;
    return BULLA_OK;
}

enum bulla_status
bl_yaml_as_table(const struct bl_yaml_node *node, const char *key, size_t count_max,
                 struct bulla_error *err)
{
    if (node->kind != BL_YAML_MAPPING)
        return bl_yaml_fail(node, key, "not a mapping (key: value)", err);
    if (node->count > count_max)
        return fail_limit(node, key, "too many entries", err);
    return BULLA_OK;
}

enum bulla_status
bl_yaml_as_mapping(const struct bl_yaml_node *node, const char *key, const char *const *known,
                   size_t known_count, struct bulla_error *err)
{
    BL_TRY(bl_yaml_as_table(node, key, BL_YAML_ITEMS_MAX, err));
    for (const struct bl_yaml_node *value = node->first; value != NULL; value = value->next) {
        size_t i = 0;
        while (i < known_count && !is_word(value->key, known[i]))
            i++;
        if (i == known_count)
            return fail_word(value, key, "unknown key", value->key, known, known_count, err);
    }
    return BULLA_OK;
}

enum bulla_status
bl_yaml_as_sequence(const struct bl_yaml_node *node, const char *key, size_t count_max,
                    struct bulla_error *err)
{
    if (node->kind != BL_YAML_SEQUENCE)
        return bl_yaml_fail(node, key, "not a list (- item)", err);
    if (node->count > count_max)
        return fail_limit(node, key, "too many items", err);
    return BULLA_OK;
}

/* The text of a scalar that is there: neither left empty nor null. */
static enum bulla_status
scalar_text(const struct bl_yaml_node *node, const char *key, struct bulla_bytes *text_out,
            struct bulla_error *err)
{
    static const char *const nulls[] = { "~", "null", "Null", "NULL" };

    if (node->kind != BL_YAML_SCALAR)
        return bl_yaml_fail(node, key, "not a single value", err);
    if (node->plain && node->text.size == 0)
        return bl_yaml_fail(node, key, "has no value", err);
    for (size_t i = 0; node->plain && i < sizeof nulls / sizeof nulls[0]; i++)
        if (is_word(node->text, nulls[i]))
            return bl_yaml_fail(node, key, "null is not a value (quote it if it is a word)", err);
    *text_out = node->text;
    return BULLA_OK;
}

enum bulla_status
bl_yaml_as_text_or_empty(const struct bl_yaml_node *node, const char *key, size_t size_max,
                         struct bulla_bytes *text_out, struct bulla_error *err)
{
    struct bulla_bytes text = { 0 };

    BL_TRY(scalar_text(node, key, &text, err));
    if (text.size > size_max)
        return fail_limit(node, key, "too long", err);
    *text_out = text;
    return BULLA_OK;
}

enum bulla_status
bl_yaml_as_text(const struct bl_yaml_node *node, const char *key, size_t size_max,
                struct bulla_bytes *text_out, struct bulla_error *err)
{
    struct bulla_bytes text = { 0 };

    BL_TRY(bl_yaml_as_text_or_empty(node, key, size_max, &text, err));
    if (text.size == 0)
        return bl_yaml_fail(node, key, "empty", err);
    *text_out = text;
    return BULLA_OK;
}

/* Leading digits without a leading zero; their number in *size_out. False if there are none, or if
 * the value does not fit. */
static bool
leading_number(struct bulla_bytes text, uint64_t *number_out, size_t *size_out)
{
    uint64_t number = 0;
    size_t size = 0;

    while (size < text.size && text.data[size] >= '0' && text.data[size] <= '9') {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text.data[size] - '0'), &number))
            return false;
        size++;
    }
    if (size == 0 || (size > 1 && text.data[0] == '0'))
        return false;
    *number_out = number;
    *size_out = size;
    return true;
}

static enum bulla_status
settle_number(const struct bl_yaml_node *node, const char *key, uint64_t number, uint64_t least,
              uint64_t most, uint64_t *number_out, struct bulla_error *err)
{
    if (number < least || number > most) {
        bool first = err != NULL && err->status == BULLA_OK;
        enum bulla_status status =
            bl_yaml_fail(node, key, number < least ? "too small" : "too large", err);
        if (first)
            bulla_error_values(err, bulla_value_number(number),
                               bulla_value_number(number < least ? least : most));
        return status;
    }
    *number_out = number;
    return BULLA_OK;
}

enum bulla_status
bl_yaml_as_number(const struct bl_yaml_node *node, const char *key, uint64_t least, uint64_t most,
                  uint64_t *number_out, struct bulla_error *err)
{
    struct bulla_bytes text = { 0 };
    uint64_t number = 0;
    size_t digits = 0;

    BL_TRY(scalar_text(node, key, &text, err));
    if (!node->plain || !leading_number(text, &number, &digits) || digits != text.size)
        return bl_yaml_fail(node, key, "not a number (digits only, no sign, no leading zero)", err);
    return settle_number(node, key, number, least, most, number_out, err);
}

enum bulla_status
bl_yaml_as_bool(const struct bl_yaml_node *node, const char *key, bool *value_out,
                struct bulla_error *err)
{
    struct bulla_bytes text = { 0 };

    BL_TRY(scalar_text(node, key, &text, err));
    bool yes = node->plain && is_word(text, "true");
    if (!yes && !(node->plain && is_word(text, "false")))
        return bl_yaml_fail(node, key, "neither true nor false", err);
    *value_out = yes;
    return BULLA_OK;
}

struct unit {
    const char *name;
    uint64_t factor;
};

static enum bulla_status
with_unit(const struct bl_yaml_node *node, const char *key, const struct unit *units,
          size_t unit_count, const char *otherwise, uint64_t *value_out, struct bulla_error *err)
{
    struct bulla_bytes text = { 0 };
    uint64_t number = 0;
    size_t digits = 0;

    BL_TRY(scalar_text(node, key, &text, err));
    if (!leading_number(text, &number, &digits))
        return bl_yaml_fail(node, key, otherwise, err);
    struct bulla_bytes name = { text.data + digits, text.size - digits };
    for (size_t i = 0; i < unit_count; i++) {
        if (!is_word(name, units[i].name))
            continue;
        if (__builtin_mul_overflow(number, units[i].factor, &number))
            return bl_yaml_fail(node, key, "too large", err);
        *value_out = number;
        return BULLA_OK;
    }
    return bl_yaml_fail(node, key, otherwise, err);
}

enum bulla_status
bl_yaml_as_size(const struct bl_yaml_node *node, const char *key, uint64_t least, uint64_t most,
                uint64_t *bytes_out, struct bulla_error *err)
{
    static const struct unit units[] = {
        { "", 1 },
        { "K", 1ULL << 10 },
        { "KiB", 1ULL << 10 },
        { "M", 1ULL << 20 },
        { "MiB", 1ULL << 20 },
        { "G", 1ULL << 30 },
        { "GiB", 1ULL << 30 },
        { "T", 1ULL << 40 },
        { "TiB", 1ULL << 40 },
    };
    uint64_t bytes = 0;

    BL_TRY(with_unit(node, key, units, sizeof units / sizeof units[0],
                     "not a size (a number, then K, M, G, T or nothing)", &bytes, err));
    return settle_number(node, key, bytes, least, most, bytes_out, err);
}

enum bulla_status
bl_yaml_as_duration(const struct bl_yaml_node *node, const char *key, uint64_t least_ms,
                    uint64_t most_ms, uint64_t *value_ms_out, struct bulla_error *err)
{
    static const struct unit units[] = {
        { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 3600 * 1000 }, { "d", 86400 * 1000 },
    };
    uint64_t value_ms = 0;

    BL_TRY(with_unit(node, key, units, sizeof units / sizeof units[0],
                     "not a duration (a number, then ms, s, m, h or d)", &value_ms, err));
    return settle_number(node, key, value_ms, least_ms, most_ms, value_ms_out, err);
}

enum bulla_status
bl_yaml_as_choice(const struct bl_yaml_node *node, const char *key, const char *const *words,
                  size_t word_count, size_t *index_out, struct bulla_error *err)
{
    struct bulla_bytes text = { 0 };

    BL_TRY(scalar_text(node, key, &text, err));
    for (size_t i = 0; i < word_count; i++) {
        if (is_word(text, words[i])) {
            *index_out = i;
            return BULLA_OK;
        }
    }
    return fail_word(node, key, "not one of the known words", text, words, word_count, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/json_parse.c: JSON into nodes that lie in one block of memory, behind a copy of the text in which
 * strings were decoded in place.
 *
 * Two passes: the first bounds nesting and counts what could be a value, so that there is one
 * allocation; the second reads, without recursion. Jansson, which we had here before, took longer
 * over a TCB info than its signature takes; it is the oracle of tests/codec/test_json_oracle.c.
 */
#include "codec/json_node.h"

#include <string.h>

#include "base/memory.h"
#include "codec/utf8.h"

#define VALUE_COUNT_MAX 131072
#define MEMBER_COUNT_MAX 512 /* of one object: each name is compared with those before it */

/* -- the first pass ------------------------------------------------------------------------------ */

/* An upper bound of the number of values: one, one for each comma, and one inside of each bracket. */
static enum bulla_status
measure(struct bulla_bytes text, const char *where, size_t *value_count_out,
        struct bulla_error *err)
{
    size_t depth = 0, count = 1;
    bool in_string = false;

    for (size_t i = 0; i < text.size; i++) {
        const uint8_t c = text.data[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '[' || c == '{') && ++depth > BL_JSON_DEPTH_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, where, "nested too deeply", i);
        else if (!in_string && (c == ']' || c == '}') && depth > 0)
            depth--;
        count += !in_string && (c == ',' || c == '[' || c == '{');
    }
    if (count > VALUE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many values", count);
    *value_count_out = count;
    return BULLA_OK;
}

/* -- the second pass ----------------------------------------------------------------------------- */

struct parser {
    uint8_t *text; /* the copy; strings shrink into themselves */
    size_t size;
    size_t at;
    struct bl_json *nodes;
    size_t node_count, node_room;
    struct bl_json **items; /* room for each node to be an item */
    size_t item_count;
    const char *failed; /* static */
};

static void
fail(struct parser *p, const char *what)
{
    if (p->failed == NULL)
        p->failed = what;
}

/* The next byte that is no white space, or 0 at the end or after a failure. */
static uint8_t
peek(struct parser *p)
{
    while (p->failed == NULL && p->at < p->size) {
        const uint8_t c = p->text[p->at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return c;
        p->at++;
    }
    if (p->at == p->size)
        fail(p, "cut off");
    return 0;
}

static bool
take(struct parser *p, uint8_t wanted)
{
    if (peek(p) != wanted)
        return false;
    p->at++;
    return true;
}

static uint32_t
take_hex4(struct parser *p)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++) {
        const uint8_t c = p->at < p->size ? p->text[p->at] : 0;
        const uint32_t digit = c >= '0' && c <= '9'   ? c - (uint32_t)'0'
                               : c >= 'a' && c <= 'f' ? c - (uint32_t)'a' + 10
                               : c >= 'A' && c <= 'F' ? c - (uint32_t)'A' + 10
                                                      : 16;
        if (digit == 16) {
            fail(p, "not valid JSON");
            return 0;
        }
        value = value << 4 | digit;
        p->at++;
    }
    return value;
}

/* Of \uXXXX, and of the pair that stands for a character above U+FFFF (RFC 8259 section 7). */
static uint32_t
take_escaped_character(struct parser *p)
{
    const uint32_t high = take_hex4(p);

    if (high == 0)
        fail(p, "NUL in a string");
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || p->size - p->at < 2 || p->text[p->at] != '\\' ||
        p->text[p->at + 1] != 'u') {
        fail(p, "not valid JSON");
        return 0;
    }
    p->at += 2;
    const uint32_t low = take_hex4(p);
    if (low < 0xdc00 || low > 0xdfff)
        fail(p, "not valid JSON");
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* As UTF-8: never more bytes than its escape took. */
static size_t
put_character(uint8_t *out, uint32_t character)
{
    if (character < 0x80) {
        out[0] = (uint8_t)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (uint8_t)(0xc0 | character >> 6);
        out[1] = (uint8_t)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        out[0] = (uint8_t)(0xe0 | character >> 12);
        out[1] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (character & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | character >> 18);
    out[1] = (uint8_t)(0x80 | (character >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (character & 0x3f));
    return 4;
}

static size_t
take_escape(struct parser *p, uint8_t *out)
{
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    const uint8_t c = p->at < p->size ? p->text[p->at++] : 0;

    if (c == 'u')
        return put_character(out, take_escaped_character(p));
    const char *letter = c != 0 ? strchr(letters, c) : NULL;
    if (letter == NULL) {
        fail(p, "not valid JSON");
        return 0;
    }
    *out = (uint8_t)bytes[letter - letters];
    return 1;
}

/* After its opening quote, to its closing one. */
static struct bulla_bytes
take_string(struct parser *p)
{
    uint8_t *start = p->text + p->at;
    uint8_t *end = start;

    while (p->failed == NULL) {
        if (p->at == p->size) {
            fail(p, "cut off");
            break;
        }
        const uint8_t c = p->text[p->at++];
        if (c == '"')
            break;
        if (c == '\\')
            end += take_escape(p, end);
        else if (c == 0)
            fail(p, "NUL in a string");
        else if (c < ' ')
            fail(p, "not valid JSON");
        else
            *end++ = c;
    }
    if (p->failed == NULL)
        *end = 0; /* for whoever wants a C string: where the closing quote was, or before it */
    const struct bulla_bytes text = { start, (size_t)(end - start) };
    if (p->failed == NULL && !bl_utf8_is_valid(text))
        fail(p, "not UTF-8");
    return text;
}

static size_t
take_digits(struct parser *p)
{
    const size_t start = p->at;

    while (p->at < p->size && p->text[p->at] >= '0' && p->text[p->at] <= '9')
        p->at++;
    if (p->at == start)
        fail(p, "not valid JSON");
    return p->at - start;
}

/* Digits of an integer without its sign; false if it has no place in 64 bits. */
static bool
value_of(const uint8_t *digits, size_t count, bool is_negative, int64_t *value_out)
{
    uint64_t value = 0;
    const uint64_t most = (uint64_t)INT64_MAX + is_negative;

    for (size_t i = 0; i < count; i++) {
        const uint64_t digit = digits[i] - (uint64_t)'0';
        if (value > (most - digit) / 10)
            return false;
        value = 10 * value + digit;
    }
    *value_out = is_negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* A fraction and an exponent, RFC 8259 section 6; false if there is neither. */
static bool
take_rest_of_real(struct parser *p)
{
    const size_t start = p->at;

    if (p->at < p->size && p->text[p->at] == '.') {
        p->at++;
        (void)take_digits(p);
    }
    if (p->failed == NULL && p->at < p->size && (p->text[p->at] | 0x20) == 'e') {
        p->at++;
        if (p->at < p->size && (p->text[p->at] == '+' || p->text[p->at] == '-'))
            p->at++;
        (void)take_digits(p);
    }
    return p->at > start;
}

static void
take_number(struct parser *p, struct bl_json *value)
{
    const bool is_negative = p->text[p->at] == '-';

    p->at += is_negative;
    const uint8_t *digits = p->text + p->at;
    const size_t count = take_digits(p);
    if (p->failed == NULL && count > 1 && digits[0] == '0')
        fail(p, "not valid JSON");
    value->kind = take_rest_of_real(p) ? BL_JSON_REAL : BL_JSON_INTEGER;
    if (p->failed == NULL && value->kind == BL_JSON_INTEGER &&
        !value_of(digits, count, is_negative, &value->integer))
        fail(p, "number out of range");
}

static void
take_word(struct parser *p, struct bl_json *value)
{
    static const struct {
        const char *word;
        enum bl_json_kind kind;
    } words[] = { { "null", BL_JSON_NULL }, { "false", BL_JSON_FALSE }, { "true", BL_JSON_TRUE } };

    for (size_t i = 0; i < BL_COUNT_OF(words); i++) {
        const size_t size = strlen(words[i].word);
        if (p->size - p->at < size || memcmp(p->text + p->at, words[i].word, size) != 0)
            continue;
        p->at += size;
        value->kind = words[i].kind;
        return;
    }
    fail(p, "not valid JSON");
}

static struct bl_json *
new_node(struct parser *p)
{
    if (p->node_count == p->node_room) { /* the first pass counted too few */
        fail(p, "not valid JSON");
        return NULL;
    }
    return &p->nodes[p->node_count++];
}

/* A value as far as it can be read at once: of an array or object its opening bracket. */
static void
take_value(struct parser *p, struct bl_json *value)
{
    const uint8_t c = peek(p);

    if (c == '{' || c == '[') {
        p->at++;
        value->kind = c == '{' ? BL_JSON_OBJECT : BL_JSON_ARRAY;
    } else if (c == '"') {
        p->at++;
        value->kind = BL_JSON_STRING;
        value->text = take_string(p);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        take_number(p, value);
    } else if (p->failed == NULL) {
        take_word(p, value);
    }
}

static uint32_t
hash_of(struct bulla_bytes name)
{
    uint32_t hash = 2166136261u; /* FNV-1a: only to compare less */

    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ name.data[i]) * 16777619u;
    return hash;
}

static void
take_name(struct parser *p, const struct bl_json *object, struct bl_json *member)
{
    if (!take(p, '"')) {
        fail(p, "not valid JSON");
        return;
    }
    member->name = take_string(p);
    member->name_hash = hash_of(member->name);
    if (object->count == MEMBER_COUNT_MAX)
        fail(p, "too many members");
    for (const struct bl_json *other = object->first; other != NULL; other = other->next)
        if (other->name_hash == member->name_hash && bl_equal(other->name, member->name))
            fail(p, "duplicate name");
    if (!take(p, ':'))
        fail(p, "not valid JSON");
}

/* What is open: an array or object, and its last item so far. */
struct open {
    struct bl_json *value;
    struct bl_json *last;
};

/* An array is whole: its items by number. */
static void
number_items(struct parser *p, struct bl_json *array)
{
    array->items = p->items + p->item_count;
    for (struct bl_json *item = array->first; item != NULL; item = item->next)
        p->items[p->item_count++] = item;
}

/* The next item of what is open, after its comma; NULL where the closing bracket was, or at a
 * failure. */
static struct bl_json *
take_item(struct parser *p, struct open *open)
{
    struct bl_json *value = open->value;

    if (take(p, value->kind == BL_JSON_OBJECT ? '}' : ']'))
        return NULL;
    if (open->last != NULL && !take(p, ','))
        fail(p, "not valid JSON");
    struct bl_json *item = p->failed == NULL ? new_node(p) : NULL;
    if (item == NULL)
        return NULL;
    if (value->kind == BL_JSON_OBJECT)
        take_name(p, value, item);
    take_value(p, item);
    *(open->last != NULL ? &open->last->next : &value->first) = item;
    open->last = item;
    value->count++;
    return item;
}

/* One object or array, with all that is in it. */
static void
take_document(struct parser *p)
{
    struct open stack[BL_JSON_DEPTH_MAX];
    struct bl_json *root = new_node(p);
    size_t depth = 0;

    take_value(p, root);
    if (p->failed == NULL && root->kind < BL_JSON_ARRAY)
        fail(p, "not valid JSON");
    if (p->failed == NULL)
        stack[depth++] = (struct open){ .value = root };
    while (p->failed == NULL && depth > 0) {
        struct bl_json *item = take_item(p, &stack[depth - 1]);
        if (item == NULL) {
            if (p->failed == NULL && stack[depth - 1].value->kind == BL_JSON_ARRAY)
                number_items(p, stack[depth - 1].value);
            depth--;
        } else if (item->kind >= BL_JSON_ARRAY) {
            if (depth == BL_JSON_DEPTH_MAX)
                fail(p, "nested too deeply");
            else
                stack[depth++] = (struct open){ .value = item };
        }
    }
    if (p->failed != NULL)
        return;
    while (p->at < p->size && memchr(" \t\n\r", p->text[p->at], 4) != NULL)
        p->at++;
    if (p->at < p->size)
        fail(p, "trailing bytes");
}

static size_t
line_of(struct bulla_bytes text, size_t offset)
{
    size_t line = 1;

    for (size_t i = 0; i < offset && i < text.size; i++)
        line += text.data[i] == '\n';
    return line;
}

enum bulla_status
bl_json_parse(struct bulla_bytes text, const char *where, size_t size_max,
              struct bl_json **value_out, struct bulla_error *err)
{
    size_t count = 0;

    if (text.size > size_max)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too long", size_max);
    BL_TRY(measure(text, where, &count, err));
    struct bl_json *nodes =
        bl_alloc(1, count * (sizeof *nodes + sizeof(struct bl_json *)) + text.size);
    if (nodes == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    struct bl_json **items = (struct bl_json **)(nodes + count);
    struct parser p = { .text = (uint8_t *)(items + count),
                        .size = text.size,
                        .nodes = nodes,
                        .node_room = count,
                        .items = items };
    if (text.size > 0)
        memcpy(p.text, text.data, text.size);
    take_document(&p);
    if (p.failed == NULL) {
        *value_out = nodes;
        return BULLA_OK;
    }
    bl_free(nodes);
    struct bulla_error failure = { 0 };
    enum bulla_status status = bulla_fail(&failure, BULLA_E_MALFORMED, where, p.failed, p.at);
    failure.detail = (unsigned long)line_of(text, p.at);
    if (err != NULL && err->status == BULLA_OK)
        *err = failure;
    return status;
}

void
bl_json_free(struct bl_json *value)
{
    bl_free(value);
}

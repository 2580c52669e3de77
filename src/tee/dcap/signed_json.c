/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/signed_json.h"

#include <string.h>

#include "base/memory.h"
#include "codec/hex.h"
#include "codec/reader.h"
#include "codec/time.h"

#define WHERE "signed collateral"
#define TIME_SIZE_MAX 32 /* bytes of "2026-11-22T09:30:00Z", with a fraction */

/* The next byte that is no white space; 0 at the end, which no JSON has outside of strings. */
static uint8_t
peek(struct bl_reader *r)
{
    while (r->failed == NULL && bl_reader_left(r) > 0) {
        uint8_t c = r->input.data[r->offset];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return c;
        r->offset++;
    }
    return 0;
}

static void
expect(struct bl_reader *r, uint8_t wanted)
{
    if (peek(r) == wanted && wanted != 0)
        bl_skip(r, 1);
    else
        bl_reader_fail(r, "not the object that is expected");
}

/* A string without escapes, without its quotes. */
static struct bulla_bytes
read_plain_string(struct bl_reader *r)
{
    expect(r, '"');
    size_t start = r->offset;
    while (r->failed == NULL) {
        uint8_t c = bl_read_u8(r);
        if (c == '"' && r->failed == NULL)
            return (struct bulla_bytes){ r->input.data + start, r->offset - 1 - start };
        if (c == '\\' || c < ' ')
            bl_reader_fail(r, "a string with escapes where none belong");
    }
    return (struct bulla_bytes){ NULL, 0 };
}

/* Size of the object at the start of these bytes, to its "}"; 0 if it has none. Strings are passed
 * over: brackets inside them do not count. */
static size_t
object_size(struct bulla_bytes bytes)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < bytes.size; i++) {
        const uint8_t c = bytes.data[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && c == '{')
            depth++;
        else if (!in_string && c == '}' && --depth == 0)
            return i + 1;
    }
    return 0;
}

static struct bulla_bytes
read_object(struct bl_reader *r)
{
    if (peek(r) != '{') {
        bl_reader_fail(r, "not an object");
        return (struct bulla_bytes){ NULL, 0 };
    }
    const size_t size =
        object_size((struct bulla_bytes){ r->input.data + r->offset, bl_reader_left(r) });
    if (size == 0)
        bl_reader_fail(r, "an object without an end");
    return bl_read_view(r, size);
}

static bool
is_named(struct bulla_bytes key, const char *name)
{
    return bl_equal(key, (struct bulla_bytes){ (const uint8_t *)name, strlen(name) });
}

static void
read_member(struct bl_reader *r, const char *name, struct bulla_bytes *object,
            struct bulla_bytes *signature)
{
    struct bulla_bytes key = read_plain_string(r);

    expect(r, ':');
    if (is_named(key, name) && object->data == NULL)
        *object = read_object(r);
    else if (is_named(key, "signature") && signature->data == NULL)
        *signature = read_plain_string(r);
    else
        bl_reader_fail(r, "a member that is unknown, or there twice");
}

enum bulla_status
bl_signed_json_find(struct bulla_bytes text, const char *name, struct bl_signed_json *found_out,
                    struct bulla_error *err)
{
    struct bl_reader r = bl_reader(text, WHERE);
    struct bulla_bytes object = { NULL, 0 }, signature = { NULL, 0 };
    struct bl_signed_json found;

    if (text.size > BL_COLLATERAL_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "too long", text.size);
    expect(&r, '{');
    read_member(&r, name, &object, &signature);
    expect(&r, ',');
    read_member(&r, name, &object, &signature);
    expect(&r, '}');
    (void)peek(&r);
    BL_TRY(bl_reader_finish(&r, err));
    found.object = object;
    BL_TRY(bl_hex_decode_exact(signature, found.signature, sizeof found.signature, err));
    *found_out = found;
    return BULLA_OK;
}

enum bulla_status
bl_member_text(const struct bl_json *object, const char *name, size_t size_max,
               struct bulla_bytes *text_out, struct bulla_error *err)
{
    const struct bl_json *value = NULL;

    BL_TRY(bl_json_require(object, name, &value, err));
    return bl_json_as_text(value, name, size_max, text_out, err);
}

enum bulla_status
bl_member_hex(const struct bl_json *object, const char *name, uint8_t *out, size_t size,
              struct bulla_error *err)
{
    struct bulla_bytes text;

    BL_TRY(bl_member_text(object, name, 2 * size, &text, err));
    enum bulla_status status = bl_hex_decode_exact(text, out, size, NULL);
    if (status == BULLA_E_MALFORMED)
        return bulla_fail(err, status, name, "not hexadecimal digits of this size", size);
    return status == BULLA_OK ? BULLA_OK : bulla_fail(err, status, name, "out of memory", 0);
}

enum bulla_status
bl_member_number(const struct bl_json *object, const char *name, int64_t least, int64_t most,
                 int64_t *number_out, struct bulla_error *err)
{
    const struct bl_json *value = NULL;

    BL_TRY(bl_json_require(object, name, &value, err));
    return bl_json_as_number(value, name, least, most, number_out, err);
}

enum bulla_status
bl_member_time(const struct bl_json *object, const char *name, int64_t *seconds_out,
               struct bulla_error *err)
{
    struct bulla_bytes text;

    BL_TRY(bl_member_text(object, name, TIME_SIZE_MAX, &text, err));
    if (bl_time_parse(text, seconds_out, NULL) == BULLA_OK)
        return BULLA_OK;
    return bulla_fail(err, BULLA_E_MALFORMED, name, "not a time in UTC as RFC 3339 has it", 0);
}

enum bulla_status
bl_member_array(const struct bl_json *object, const char *name, size_t count_max,
                const struct bl_json **array_out, size_t *count_out, struct bulla_error *err)
{
    const struct bl_json *value = NULL;

    BL_TRY(bl_json_require(object, name, &value, err));
    BL_TRY(bl_json_as_array(value, name, count_max, count_out, err));
    if (*count_out == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, name, "empty", 0);
    *array_out = value;
    return BULLA_OK;
}

bool
bl_members_unknown(const struct bl_json *object, const char *const *known, size_t known_count)
{
    return bl_json_as_object_of(object, WHERE, known, known_count, NULL) != BULLA_OK;
}

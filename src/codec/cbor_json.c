/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8      /* below it, encodings are shown: JSON is nested around us, too */
#define NAME_SIZE_MAX 65 /* bytes of a member's name, with its zero */

static void write_item(struct bl_reader *r, struct bl_json_writer *j, const char *name,
                       unsigned depth);

static bool
is_word(struct bulla_bytes text)
{
    if (text.size == 0 || text.size >= NAME_SIZE_MAX || text.data[0] == '-' ||
        (text.data[0] >= '0' && text.data[0] <= '9'))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '\'')
            return false;
    return true;
}

/* Name of the member of the key at `position`: "-75000", or a word. Other text could be taken for one
 * of those, or for another key once it is shown: it becomes its position. */
static void
name_of(const struct bl_cbor_key *key, size_t position, char name[NAME_SIZE_MAX])
{
    if (!key->is_text) {
        (void)snprintf(name, NAME_SIZE_MAX, "%" PRId64, key->number);
    } else if (is_word(key->text)) {
        memcpy(name, key->text.data, key->text.size);
        name[key->text.size] = '\0';
    } else {
        (void)snprintf(name, NAME_SIZE_MAX, "'%zu'", position);
    }
}

static void
write_members(struct bl_reader *r, struct bl_json_writer *j, unsigned depth)
{
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;
    char name[NAME_SIZE_MAX];

    bl_cbor_read_keyed_map(r, &map);
    while (bl_cbor_keyed_next(r, &map, &key)) {
        name_of(&key, map.count, name);
        write_item(r, j, name, depth + 1);
    }
}

static void
write_array(struct bl_reader *r, struct bl_json_writer *j, const char *name, unsigned depth)
{
    bl_json_open_array(j, name);
    for (size_t left = bl_cbor_read_array(r, SIZE_MAX); left > 0 && r->failed == NULL; left--)
        write_item(r, j, NULL, depth + 1);
    bl_json_close(j);
}

static void
write_map(struct bl_reader *r, struct bl_json_writer *j, const char *name, unsigned depth)
{
    bl_json_open_object(j, name);
    write_members(r, j, depth);
    bl_json_close(j);
}

/* A number, or the encoding of one that is too large. */
static void
write_number(struct bl_reader *r, struct bl_json_writer *j, const char *name)
{
    struct bl_reader ahead = *r;
    int64_t number = bl_cbor_read_int(&ahead);

    if (ahead.failed != NULL) {
        bl_json_write_hex(j, name, bl_cbor_skip_foreign(r));
        return;
    }
    *r = ahead;
    bl_json_write_number(j, name, number);
}

/* A text, or the encoding of one with a NUL, which no reader of ours takes. */
static void
write_text(struct bl_reader *r, struct bl_json_writer *j, const char *name)
{
    struct bl_reader ahead = *r;
    struct bulla_bytes text = bl_cbor_read_text(&ahead, SIZE_MAX);

    if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL) {
        bl_json_write_hex(j, name, bl_cbor_skip_foreign(r));
        return;
    }
    *r = ahead;
    bl_json_write_text(j, name, text);
}

static void
write_simple(struct bl_reader *r, struct bl_json_writer *j, const char *name)
{
    if (bl_cbor_read_if_null(r))
        bl_json_write_null(j, name);
    else
        bl_json_write_bool(j, name, bl_cbor_read_bool(r));
}

static void
write_item(struct bl_reader *r, struct bl_json_writer *j, const char *name, unsigned depth)
{
    enum bl_cbor_type type = bl_cbor_peek(r);

    switch (type) {
    case BL_CBOR_UINT:
    case BL_CBOR_NEGATIVE:
        write_number(r, j, name);
        return;
    case BL_CBOR_BYTES:
        bl_json_write_hex(j, name, bl_cbor_read_bytes(r, SIZE_MAX));
        return;
    case BL_CBOR_TEXT:
        write_text(r, j, name);
        return;
    case BL_CBOR_SIMPLE:
        write_simple(r, j, name);
        return;
    case BL_CBOR_ARRAY:
        if (depth < DEPTH_MAX) {
            write_array(r, j, name, depth);
            return;
        }
        break;
    case BL_CBOR_MAP:
        if (depth < DEPTH_MAX) {
            write_map(r, j, name, depth);
            return;
        }
        break;
    case BL_CBOR_TAG:
    case BL_CBOR_END:
        break;
    }
    bl_json_write_hex(j, name, bl_cbor_skip_foreign(r));
}

void
bl_cbor_to_json(struct bl_reader *r, struct bl_json_writer *j, const char *name)
{
    write_item(r, j, name, 0);
}

void
bl_cbor_members_to_json(struct bl_reader *r, struct bl_json_writer *j)
{
    write_members(r, j, 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"

#include <string.h>

#include "codec/utf8.h"

/* RFC 8949 section 3: the first byte is three bits of major type and five of additional
 * information, which holds the argument or says in how many bytes it follows. */
enum major {
    MAJOR_UINT = 0,
    MAJOR_NEGATIVE = 1,
    MAJOR_BYTES = 2,
    MAJOR_TEXT = 3,
    MAJOR_ARRAY = 4,
    MAJOR_MAP = 5,
    MAJOR_TAG = 6,
    MAJOR_SIMPLE = 7
};

#define INFO_1_BYTE 24
#define INFO_8_BYTES 27
#define INFO_INDEFINITE 31

#define BREAK 0xff /* ends what is of indefinite length */

#define SIMPLE_FALSE 20
#define SIMPLE_TRUE 21
#define SIMPLE_NULL 22

struct head {
    enum major major;
    uint64_t argument;
    size_t size; /* bytes of the head itself */
};

/* Least value that needs 1, 2, 4 or 8 bytes after the first: RFC 8949 section 4.2.1, "MUST be as
 * short as possible". */
static const uint64_t least[] = { 24, 0x100, 0x10000, 0x100000000 };

/* The head at the cursor, which does not move. NULL, or what is wrong. */
static const char *
peek_head(const struct bl_reader *r, struct head *head)
{
    if (bl_reader_left(r) == 0)
        return "too short";
    const uint8_t *at = r->input.data + r->offset;
    unsigned info = at[0] & 0x1f;

    *head = (struct head){ .major = (enum major)(at[0] >> 5), .argument = info, .size = 1 };
    if (info < INFO_1_BYTE)
        return NULL;
    if (info == INFO_INDEFINITE)
        return "indefinite length";
    if (info > INFO_8_BYTES)
        return "reserved form";
    if (head->major == MAJOR_SIMPLE)
        return "a float or a simple value that we do not take";

    size_t extra = (size_t)1 << (info - INFO_1_BYTE);
    if (bl_reader_left(r) < 1 + extra)
        return "too short";
    head->argument = 0;
    for (size_t i = 1; i <= extra; i++)
        head->argument = head->argument << 8 | at[i];
    head->size = 1 + extra;
    if (head->argument < least[info - INFO_1_BYTE])
        return "not the shortest form";
    return NULL;
}

/* Pass over a head that must be of type `major`; its argument, or 0 and a failure. */
static uint64_t
read_head(struct bl_reader *r, enum major major, const char *otherwise)
{
    struct head head = { 0 };

    if (r->failed != NULL)
        return 0;
    const char *wrong = peek_head(r, &head);
    if (wrong == NULL && head.major != major)
        wrong = otherwise;
    if (wrong != NULL) {
        bl_reader_fail(r, wrong);
        return 0;
    }
    bl_skip(r, head.size);
    return head.argument;
}

enum bl_cbor_type
bl_cbor_peek(const struct bl_reader *r)
{
    static const enum bl_cbor_type types[] = { BL_CBOR_UINT, BL_CBOR_NEGATIVE, BL_CBOR_BYTES,
                                               BL_CBOR_TEXT, BL_CBOR_ARRAY,    BL_CBOR_MAP,
                                               BL_CBOR_TAG,  BL_CBOR_SIMPLE };

    if (r->failed != NULL || bl_reader_left(r) == 0)
        return BL_CBOR_END;
    return types[r->input.data[r->offset] >> 5];
}

uint64_t
bl_cbor_read_uint(struct bl_reader *r)
{
    return read_head(r, MAJOR_UINT, "not an unsigned integer");
}

int64_t
bl_cbor_read_int(struct bl_reader *r)
{
    struct head head = { 0 };

    if (r->failed != NULL)
        return 0;
    const char *wrong = peek_head(r, &head);
    if (wrong == NULL && head.major != MAJOR_UINT && head.major != MAJOR_NEGATIVE)
        wrong = "not an integer";
    if (wrong == NULL && head.argument > INT64_MAX)
        wrong = "integer out of range";
    if (wrong != NULL) {
        bl_reader_fail(r, wrong);
        return 0;
    }
    bl_skip(r, head.size);
    int64_t value = (int64_t)head.argument;
    return head.major == MAJOR_UINT ? value : -1 - value;
}

/* Pass over null, or over true or false; another simple value fails and stays. */
static uint64_t
read_simple(struct bl_reader *r, bool wanted_null, const char *otherwise)
{
    size_t start = r->offset;
    uint64_t value = read_head(r, MAJOR_SIMPLE, otherwise);
    bool fits = wanted_null ? value == SIMPLE_NULL : value == SIMPLE_TRUE || value == SIMPLE_FALSE;

    if (fits && r->failed == NULL)
        return value;
    bl_reader_fail(r, otherwise);
    r->offset = start;
    return 0;
}

bool
bl_cbor_read_bool(struct bl_reader *r)
{
    return read_simple(r, false, "not true or false") == SIMPLE_TRUE;
}

bool
bl_cbor_read_if_null(struct bl_reader *r)
{
    struct head head = { 0 };

    if (r->failed != NULL || peek_head(r, &head) != NULL)
        return false;
    if (head.major != MAJOR_SIMPLE || head.argument != SIMPLE_NULL)
        return false;
    bl_skip(r, head.size);
    return true;
}

void
bl_cbor_read_null(struct bl_reader *r)
{
    (void)read_simple(r, true, "not null");
}

/* The content of a byte or text string. A string that is refused is not passed over. */
static struct bulla_bytes
read_string(struct bl_reader *r, enum major major, size_t size_max, const char *otherwise)
{
    size_t start = r->offset;
    uint64_t size = read_head(r, major, otherwise);

    if (size > size_max)
        bl_reader_fail(r, "string too long");
    else if (size > bl_reader_left(r))
        bl_reader_fail(r, "too short");
    if (r->failed != NULL) {
        r->offset = start;
        return (struct bulla_bytes){ NULL, 0 };
    }
    struct bulla_bytes content = bl_read_view(r, (size_t)size);
    if (major == MAJOR_TEXT && !bl_utf8_is_valid(content)) {
        bl_reader_fail(r, "text is not UTF-8");
        r->offset = start;
        return (struct bulla_bytes){ NULL, 0 };
    }
    return content;
}

struct bulla_bytes
bl_cbor_read_bytes(struct bl_reader *r, size_t size_max)
{
    return read_string(r, MAJOR_BYTES, size_max, "not a byte string");
}

struct bulla_bytes
bl_cbor_read_text(struct bl_reader *r, size_t size_max)
{
    return read_string(r, MAJOR_TEXT, size_max, "not a text string");
}

void
bl_cbor_read_bytes_exact(struct bl_reader *r, void *out, size_t size)
{
    size_t start = r->offset;
    struct bulla_bytes content = bl_cbor_read_bytes(r, size);

    if (r->failed == NULL && content.size != size) {
        bl_reader_fail(r, "byte string of another length");
        r->offset = start;
    }
    if (r->failed != NULL)
        memset(out, 0, size);
    else if (size > 0)
        memcpy(out, content.data, size);
}

void
bl_cbor_read_tag(struct bl_reader *r, uint64_t tag)
{
    size_t start = r->offset;

    if (read_head(r, MAJOR_TAG, "not a tag") != tag && r->failed == NULL) {
        bl_reader_fail(r, "another tag");
        r->offset = start;
    }
}

/* Every item takes a byte or more, so that a count can be held against what is left. */
static size_t
read_count(struct bl_reader *r, enum major major, size_t items_each, size_t count_max,
           const char *otherwise)
{
    size_t start = r->offset;
    uint64_t count = read_head(r, major, otherwise);

    if (count > count_max)
        bl_reader_fail(r, "too many items");
    else if (count > bl_reader_left(r) / items_each)
        bl_reader_fail(r, "too short");
    if (r->failed != NULL) {
        r->offset = start;
        return 0;
    }
    return (size_t)count;
}

size_t
bl_cbor_read_array(struct bl_reader *r, size_t count_max)
{
    return read_count(r, MAJOR_ARRAY, 1, count_max, "not an array");
}

struct bl_cbor_map
bl_cbor_read_map(struct bl_reader *r, size_t count_max)
{
    return (struct bl_cbor_map){ .left = read_count(r, MAJOR_MAP, 2, count_max, "not a map") };
}

struct bl_cbor_map
bl_cbor_read_foreign_map(struct bl_reader *r, size_t count_max)
{
    struct bl_cbor_map map = { .is_foreign = true };

    if (r->failed == NULL && bl_reader_left(r) > 0 &&
        r->input.data[r->offset] == (MAJOR_MAP << 5 | INFO_INDEFINITE)) {
        bl_skip(r, 1);
        map.is_endless = true;
        map.left = count_max;
    } else {
        map.left = bl_cbor_read_map(r, count_max).left;
    }
    return map;
}

/* Is there one more pair? Passes over the end of a map of indefinite length. */
static bool
has_next(struct bl_reader *r, struct bl_cbor_map *map)
{
    if (r->failed != NULL)
        return false;
    if (!map->is_endless)
        return map->left > 0;
    if (bl_reader_left(r) > 0 && r->input.data[r->offset] == BREAK) {
        bl_skip(r, 1);
        *map = (struct bl_cbor_map){ .is_foreign = true };
        return false;
    }
    if (map->left == 0)
        bl_reader_fail(r, "too many items");
    return map->left > 0;
}

/* True if `a` sorts before `b`: RFC 8949 section 4.2.1, bytewise lexicographic order. */
static bool
sorts_before(struct bulla_bytes a, struct bulla_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    return order < 0 || (order == 0 && a.size < b.size);
}

/* Settle the key that was read from `start` on. Equal keys do not ascend: duplicates fail here. */
static bool
settle_key(struct bl_reader *r, struct bl_cbor_map *map, size_t start)
{
    if (r->failed != NULL)
        return false;
    struct bulla_bytes key = { r->input.data + start, r->offset - start };
    if (!map->is_foreign && map->last_key.size != 0 && !sorts_before(map->last_key, key)) {
        bl_reader_fail(r, "map keys do not ascend");
        r->offset = start;
        return false;
    }
    map->last_key = key;
    map->left--;
    return true;
}

bool
bl_cbor_map_next_uint(struct bl_reader *r, struct bl_cbor_map *map, uint64_t *key_out)
{
    size_t start = r->offset;

    *key_out = 0;
    if (!has_next(r, map))
        return false;
    uint64_t key = bl_cbor_read_uint(r);
    if (!settle_key(r, map, start))
        return false;
    *key_out = key;
    return true;
}

static bool
map_next_string(struct bl_reader *r, struct bl_cbor_map *map, enum major major, size_t size_max,
                struct bulla_bytes *key_out)
{
    size_t start = r->offset;

    *key_out = (struct bulla_bytes){ NULL, 0 };
    if (!has_next(r, map))
        return false;
    struct bulla_bytes key = read_string(r, major, size_max, "map key of another type");
    if (!settle_key(r, map, start))
        return false;
    *key_out = key;
    return true;
}

bool
bl_cbor_map_next_text(struct bl_reader *r, struct bl_cbor_map *map, size_t size_max,
                      struct bulla_bytes *key_out)
{
    return map_next_string(r, map, MAJOR_TEXT, size_max, key_out);
}

bool
bl_cbor_map_next_bytes(struct bl_reader *r, struct bl_cbor_map *map, size_t size_max,
                       struct bulla_bytes *key_out)
{
    return map_next_string(r, map, MAJOR_BYTES, size_max, key_out);
}

bool
bl_cbor_read_if_tag(struct bl_reader *r, uint64_t tag)
{
    struct head head = { 0 };

    if (r->failed != NULL || peek_head(r, &head) != NULL || head.major != MAJOR_TAG ||
        head.argument != tag)
        return false;
    bl_skip(r, head.size);
    return true;
}

void
bl_cbor_read_keyed_map(struct bl_reader *r, struct bl_cbor_keyed_map *map)
{
    map->count = 0;
    map->map = bl_cbor_read_foreign_map(r, BL_CBOR_KEYED_COUNT_MAX);
}

/* Keep the key that was settled last. One value has one encoding, its shortest: keys that differ as
 * bytes differ. */
static bool
keep_key(struct bl_reader *r, struct bl_cbor_keyed_map *map, size_t start)
{
    struct bulla_bytes key = map->map.last_key;

    for (size_t i = 0; i < map->count; i++) {
        if (map->keys[i].size != key.size || memcmp(map->keys[i].data, key.data, key.size) != 0)
            continue;
        bl_reader_fail(r, "map key that comes twice");
        r->offset = start;
        return false;
    }
    map->keys[map->count++] = key;
    return true;
}

bool
bl_cbor_keyed_next(struct bl_reader *r, struct bl_cbor_keyed_map *map, struct bl_cbor_key *key_out)
{
    *key_out = (struct bl_cbor_key){ 0 };
    if (!has_next(r, &map->map))
        return false;
    size_t start = r->offset;
    struct bl_cbor_key key = { .is_text = bl_cbor_peek(r) == BL_CBOR_TEXT };
    if (key.is_text)
        key.text = bl_cbor_read_text(r, SIZE_MAX);
    else
        key.number = bl_cbor_read_int(r);
    if (!settle_key(r, &map->map, start) || !keep_key(r, map, start))
        return false;
    *key_out = key;
    return true;
}

typedef void skip_map_function(struct bl_reader *r, unsigned depth);
static void skip_item(struct bl_reader *r, skip_map_function *skip_map, unsigned depth);

static void
skip_ordered_map(struct bl_reader *r, unsigned depth)
{
    struct bl_cbor_map map = bl_cbor_read_map(r, SIZE_MAX);

    while (map.left > 0) {
        size_t start = r->offset;
        skip_item(r, skip_ordered_map, depth + 1);
        if (!settle_key(r, &map, start))
            return;
        skip_item(r, skip_ordered_map, depth + 1);
    }
}

static void
skip_foreign_map(struct bl_reader *r, unsigned depth)
{
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;

    bl_cbor_read_keyed_map(r, &map);
    while (bl_cbor_keyed_next(r, &map, &key))
        skip_item(r, skip_foreign_map, depth + 1);
}

/* Recursion is bounded by BL_CBOR_DEPTH_MAX; tags count as a level, else they could be endless. */
static void
skip_item(struct bl_reader *r, skip_map_function *skip_map, unsigned depth)
{
    enum bl_cbor_type type = bl_cbor_peek(r);

    if (depth >= BL_CBOR_DEPTH_MAX &&
        (type == BL_CBOR_ARRAY || type == BL_CBOR_MAP || type == BL_CBOR_TAG)) {
        bl_reader_fail(r, "nested too deeply");
        return;
    }
    switch (type) {
    case BL_CBOR_UINT:
        (void)bl_cbor_read_uint(r);
        break;
    case BL_CBOR_NEGATIVE:
        (void)read_head(r, MAJOR_NEGATIVE, "not a negative integer");
        break;
    case BL_CBOR_BYTES:
        (void)bl_cbor_read_bytes(r, SIZE_MAX);
        break;
    case BL_CBOR_TEXT:
        (void)bl_cbor_read_text(r, SIZE_MAX);
        break;
    case BL_CBOR_ARRAY:
        for (size_t left = bl_cbor_read_array(r, SIZE_MAX); left > 0 && r->failed == NULL; left--)
            skip_item(r, skip_map, depth + 1);
        break;
    case BL_CBOR_MAP:
        skip_map(r, depth);
        break;
    case BL_CBOR_TAG:
        (void)read_head(r, MAJOR_TAG, "not a tag");
        skip_item(r, skip_map, depth + 1);
        break;
    case BL_CBOR_SIMPLE:
        if (!bl_cbor_read_if_null(r))
            (void)bl_cbor_read_bool(r);
        break;
    case BL_CBOR_END:
        bl_reader_fail(r, "too short");
        break;
    }
}

static struct bulla_bytes
skip_whole(struct bl_reader *r, skip_map_function *skip_map)
{
    size_t start = r->offset;

    skip_item(r, skip_map, 0);
    if (r->failed != NULL)
        return (struct bulla_bytes){ NULL, 0 };
    return (struct bulla_bytes){ r->input.data + start, r->offset - start };
}

struct bulla_bytes
bl_cbor_skip(struct bl_reader *r)
{
    return skip_whole(r, skip_ordered_map);
}

struct bulla_bytes
bl_cbor_skip_foreign(struct bl_reader *r)
{
    return skip_whole(r, skip_foreign_map);
}

static void
write_head(struct bl_writer *w, enum major major, uint64_t argument)
{
    uint8_t bytes[9] = { 0 };
    size_t extra = 0;

    for (size_t form = 0; form < sizeof least / sizeof least[0]; form++)
        if (argument >= least[form])
            extra = (size_t)1 << form;
    unsigned info = (unsigned)argument & 0x1f;
    if (extra > 0)
        info = INFO_1_BYTE + (unsigned)__builtin_ctz((unsigned)extra);
    bytes[0] = (uint8_t)((unsigned)major << 5 | info);
    for (size_t i = 0; i < extra; i++)
        bytes[extra - i] = (uint8_t)(argument >> (8 * i));
    bl_write_bytes(w, (struct bulla_bytes){ bytes, 1 + extra });
}

void
bl_cbor_write_uint(struct bl_writer *w, uint64_t value)
{
    write_head(w, MAJOR_UINT, value);
}

void
bl_cbor_write_int(struct bl_writer *w, int64_t value)
{
    if (value >= 0)
        write_head(w, MAJOR_UINT, (uint64_t)value);
    else
        write_head(w, MAJOR_NEGATIVE, (uint64_t)(-1 - value));
}

void
bl_cbor_write_bool(struct bl_writer *w, bool value)
{
    write_head(w, MAJOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void
bl_cbor_write_null(struct bl_writer *w)
{
    write_head(w, MAJOR_SIMPLE, SIMPLE_NULL);
}

void
bl_cbor_write_bytes(struct bl_writer *w, struct bulla_bytes bytes)
{
    write_head(w, MAJOR_BYTES, bytes.size);
    bl_write_bytes(w, bytes);
}

void
bl_cbor_write_text(struct bl_writer *w, struct bulla_bytes text)
{
    if (!bl_utf8_is_valid(text) && w->status == BULLA_OK)
        w->status = BULLA_E_ARGUMENT;
    write_head(w, MAJOR_TEXT, text.size);
    bl_write_bytes(w, text);
}

void
bl_cbor_write_tag(struct bl_writer *w, uint64_t tag)
{
    write_head(w, MAJOR_TAG, tag);
}

void
bl_cbor_write_array(struct bl_writer *w, size_t count)
{
    write_head(w, MAJOR_ARRAY, count);
}

void
bl_cbor_write_map(struct bl_writer *w, size_t count)
{
    write_head(w, MAJOR_MAP, count);
}

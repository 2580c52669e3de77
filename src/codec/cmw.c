/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cmw.h"

#include <string.h>

#include "base/memory.h"
#include "codec/base64.h"
#include "codec/json.h"

static const char where[] = "message wrapper";

#define TYPE_KEY "__cmwc_t" /* of a collection: reserved for its type */
#define BREAK 0xff          /* ends a record of indefinite length */
#define ARRAY_INDEFINITE 0x9f
#define MAP_INDEFINITE 0xbf

void
bl_cmw_done(struct bl_cmw *cmw)
{
    bulla_buffer_done(&cmw->text);
    *cmw = (struct bl_cmw){ 0 };
}

enum bl_cmw_encoding
bl_cmw_encoding_of(uint8_t first, enum bl_cmw_form *form_out)
{
    enum bl_cmw_encoding encoding = BL_CMW_CBOR;
    enum bl_cmw_form form = BL_CMW_FORM_NONE;

    if (first == 0x82 || first == 0x83 || first == ARRAY_INDEFINITE) {
        form = BL_CMW_RECORD;
    } else if (first == 0xda) { /* a tag of four bytes */
        form = BL_CMW_TAG;
    } else if ((first >= 0xa0 && first <= 0xbb) || first == MAP_INDEFINITE) {
        form = BL_CMW_COLLECTION;
    } else {
        encoding = BL_CMW_JSON;
        form = first == '[' ? BL_CMW_RECORD : first == '{' ? BL_CMW_COLLECTION : BL_CMW_FORM_NONE;
    }
    *form_out = form;
    return form == BL_CMW_FORM_NONE ? BL_CMW_ENCODING_NONE : encoding;
}

#define TAG_LEAST 1668546817 /* 0x63740101 */
#define TAG_MOST 1668612095  /* of content format 65024 */

uint64_t
bl_cmw_tag_of(uint16_t content_format)
{
    return (uint64_t)TAG_LEAST + content_format / 255 * 256 + content_format % 255;
}

bool
bl_cmw_content_format_of(uint64_t tag, uint16_t *content_format_out)
{
    if (tag < TAG_LEAST || tag > TAG_MOST || (tag - TAG_LEAST) % 256 == 255)
        return false;
    *content_format_out = (uint16_t)((tag - TAG_LEAST) / 256 * 255 + (tag - TAG_LEAST) % 256);
    return true;
}

static bool
is_word(struct bulla_bytes text, const char *word)
{
    return text.size == strlen(word) && (text.size == 0 || memcmp(text.data, word, text.size) == 0);
}

const struct bl_cmw_item *
bl_cmw_find(const struct bl_cmw *cmw, size_t parent, const char *label)
{
    for (size_t i = 1; i < cmw->count; i++)
        if (cmw->items[i].parent == parent && cmw->items[i].label.is_text &&
            is_word(cmw->items[i].label.text, label))
            return &cmw->items[i];
    return NULL;
}

const struct bl_cmw_item *
bl_cmw_find_number(const struct bl_cmw *cmw, size_t parent, int64_t label)
{
    for (size_t i = 1; i < cmw->count; i++)
        if (cmw->items[i].parent == parent && !cmw->items[i].label.is_text &&
            cmw->items[i].label.number == label)
            return &cmw->items[i];
    return NULL;
}

/* The next item of the list, in the collection `parent`. */
static enum bulla_status
take_item(struct bl_cmw *cmw, size_t parent, const struct bl_cbor_key *label,
          struct bl_cmw_item **item_out, struct bulla_error *err)
{
    if (cmw->count == BL_CMW_ITEM_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many items", BL_CMW_ITEM_COUNT_MAX);
    if (label->is_text && (label->text.size == 0 || label->text.size > BL_CMW_LABEL_SIZE_MAX))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a label that is empty or too long", 0);
    *item_out = &cmw->items[cmw->count++];
    **item_out = (struct bl_cmw_item){ .parent = parent, .label = *label };
    return BULLA_OK;
}

/* What both encodings ask of a record or tag. */
static enum bulla_status
check_message(const struct bl_cmw_item *item, struct bulla_error *err)
{
    if (!item->has_content_format && !bl_cmw_is_media_type(item->type))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "not a media type", 0);
    return BULLA_OK;
}

static enum bulla_status
check_collection(const struct bl_cmw *cmw, size_t self, bool has_type, struct bulla_error *err)
{
    if (has_type && !bl_cmw_is_collection_type(cmw->items[self].type))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a type that is no URI and no OID", 0);
    if (cmw->count == self + 1)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a collection of nothing", 0);
    return BULLA_OK;
}

static enum bulla_status
check_depth(size_t depth, struct bulla_error *err)
{
    if (depth == BL_CMW_DEPTH_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "nested too deeply", BL_CMW_DEPTH_MAX);
    return BULLA_OK;
}

static const struct bl_cbor_key no_label = { 0 };

/* -- CBOR --------------------------------------------------------------------------------------- */

static void
read_type(struct bl_reader *r, struct bl_cmw_item *item)
{
    if (bl_cbor_peek(r) != BL_CBOR_UINT) {
        item->type = bl_cbor_read_text(r, BL_CMW_TYPE_SIZE_MAX);
        return;
    }
    uint64_t content_format = bl_cbor_read_uint(r);
    if (content_format > BL_CMW_CONTENT_FORMAT_MAX)
        bl_reader_fail(r, "no content format");
    item->has_content_format = true;
    item->content_format = (uint16_t)content_format;
}

static void
read_indicator(struct bl_reader *r, struct bl_cmw_item *item)
{
    uint64_t indicator = bl_cbor_read_uint(r);

    if (indicator == 0 || indicator > BL_CMW_INDICATOR_MAX)
        bl_reader_fail(r, "indicator with no bit, or with one that means nothing");
    item->indicator = (uint32_t)indicator;
}

/* True, and moves on, at the end of a record of indefinite length. */
static bool
read_if_break(struct bl_reader *r)
{
    if (r->failed != NULL || bl_reader_left(r) == 0 || r->input.data[r->offset] != BREAK)
        return false;
    bl_skip(r, 1);
    return true;
}

static void
read_record(struct bl_reader *r, struct bl_cmw_item *item)
{
    bool is_endless = r->input.data[r->offset] == ARRAY_INDEFINITE;
    size_t count = 3;

    item->form = BL_CMW_RECORD;
    if (is_endless)
        bl_skip(r, 1);
    else
        count = bl_cbor_read_array(r, 3);
    if (r->failed == NULL && count < 2)
        bl_reader_fail(r, "a record of fewer than two");
    read_type(r, item);
    item->value = bl_cbor_read_bytes(r, BL_CMW_SIZE_MAX);
    if (is_endless && read_if_break(r))
        return;
    if (count == 3)
        read_indicator(r, item);
    if (is_endless && !read_if_break(r))
        bl_reader_fail(r, "a record of more than three");
}

/* The four bytes of the tag number are read after its head byte 0xda. */
static void
read_tag(struct bl_reader *r, struct bl_cmw_item *item)
{
    item->form = BL_CMW_TAG;
    item->has_content_format = true;
    bl_skip(r, 1);
    if (!bl_cmw_content_format_of(bl_read_u32be(r), &item->content_format))
        bl_reader_fail(r, "a tag of no content format");
    item->value = bl_cbor_read_bytes(r, BL_CMW_SIZE_MAX);
}

static enum bulla_status read_wrapper(struct bl_reader *r, struct bl_cmw *cmw, size_t parent,
                                      const struct bl_cbor_key *label, size_t depth,
                                      struct bulla_error *err);

static enum bulla_status
read_collection(struct bl_reader *r, struct bl_cmw *cmw, size_t self, size_t depth,
                struct bulla_error *err)
{
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key label;
    bool has_type = false;

    BL_TRY(check_depth(depth, err));
    cmw->items[self].form = BL_CMW_COLLECTION;
    bl_cbor_read_keyed_map(r, &map);
    while (bl_cbor_keyed_next(r, &map, &label)) {
        if (label.is_text && is_word(label.text, TYPE_KEY)) {
            has_type = true;
            cmw->items[self].type = bl_cbor_read_text(r, BL_CMW_TYPE_SIZE_MAX);
        } else {
            BL_TRY(read_wrapper(r, cmw, self, &label, depth + 1, err));
        }
    }
    BL_TRY(bl_reader_ok(r, err));
    return check_collection(cmw, self, has_type, err);
}

static enum bulla_status
read_wrapper(struct bl_reader *r, struct bl_cmw *cmw, size_t parent,
             const struct bl_cbor_key *label, size_t depth, struct bulla_error *err)
{
    size_t self = cmw->count;
    struct bl_cmw_item *item = NULL;
    enum bl_cmw_form form = BL_CMW_FORM_NONE;

    BL_TRY(take_item(cmw, parent, label, &item, err));
    if (bl_reader_left(r) == 0 ||
        bl_cmw_encoding_of(r->input.data[r->offset], &form) != BL_CMW_CBOR)
        bl_reader_fail(r, "no record, tag or collection");
    BL_TRY(bl_reader_ok(r, err));
    if (form == BL_CMW_COLLECTION)
        return read_collection(r, cmw, self, depth, err);
    if (form == BL_CMW_RECORD)
        read_record(r, item);
    else
        read_tag(r, item);
    BL_TRY(bl_reader_ok(r, err));
    return check_message(item, err);
}

static enum bulla_status
decode_cbor(struct bulla_bytes bytes, struct bl_cmw *cmw, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, where);

    BL_TRY(read_wrapper(&r, cmw, 0, &no_label, 0, err));
    return bl_reader_finish(&r, err);
}

/* -- JSON --------------------------------------------------------------------------------------- */

/* Room for all was made before: the buffer does not move. */
static enum bulla_status
keep(struct bl_cmw *cmw, struct bulla_bytes text, struct bulla_bytes *kept_out,
     struct bulla_error *err)
{
    size_t start = cmw->text.size;

    BL_TRY(bulla_buffer_append(&cmw->text, text, err));
    *kept_out = (struct bulla_bytes){ cmw->text.data + start, text.size };
    return BULLA_OK;
}

static enum bulla_status
keep_text(struct bl_cmw *cmw, const struct bl_json *json, struct bulla_bytes *kept_out,
          struct bulla_error *err)
{
    struct bulla_bytes text;

    BL_TRY(bl_json_as_text(json, where, BL_CMW_TYPE_SIZE_MAX, &text, err));
    return keep(cmw, text, kept_out, err);
}

static enum bulla_status
keep_value(struct bl_cmw *cmw, const struct bl_json *json, struct bulla_bytes *value_out,
           struct bulla_error *err)
{
    size_t start = cmw->text.size;
    struct bulla_bytes text;

    BL_TRY(bl_json_as_text(json, where, BL_CMW_SIZE_MAX, &text, err));
    if (text.size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a value of nothing", 0);
    BL_TRY(bl_base64_decode(BL_BASE64_URL, text, &cmw->text, err));
    *value_out = (struct bulla_bytes){ cmw->text.data + start, cmw->text.size - start };
    return BULLA_OK;
}

static enum bulla_status
take_record(const struct bl_json *json, struct bl_cmw *cmw, struct bl_cmw_item *item,
            struct bulla_error *err)
{
    size_t count = 0;
    int64_t indicator = 0;

    item->form = BL_CMW_RECORD;
    BL_TRY(bl_json_as_array(json, where, 3, &count, err));
    if (count < 2)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a record of fewer than two", 0);
    BL_TRY(keep_text(cmw, bl_json_at(json, 0), &item->type, err));
    BL_TRY(keep_value(cmw, bl_json_at(json, 1), &item->value, err));
    if (count == 3)
        BL_TRY(bl_json_as_number(bl_json_at(json, 2), where, 1, BL_CMW_INDICATOR_MAX, &indicator,
                                 err));
    item->indicator = (uint32_t)indicator;
    return check_message(item, err);
}

static enum bulla_status take_wrapper(const struct bl_json *json, struct bl_cmw *cmw, size_t parent,
                                      const struct bl_cbor_key *label, size_t depth,
                                      struct bulla_error *err);

static enum bulla_status
take_collection(const struct bl_json *json, struct bl_cmw *cmw, size_t self, size_t depth,
                struct bulla_error *err)
{
    const struct bl_json *value = NULL;
    struct bl_cbor_key label = { .is_text = true };
    struct bulla_bytes name;
    void *cursor = NULL;
    bool has_type = false;

    BL_TRY(check_depth(depth, err));
    cmw->items[self].form = BL_CMW_COLLECTION;
    while (bl_json_next(json, &cursor, &name, &value)) {
        if (is_word(name, TYPE_KEY)) {
            has_type = true;
            BL_TRY(keep_text(cmw, value, &cmw->items[self].type, err));
        } else {
            BL_TRY(keep(cmw, name, &label.text, err));
            BL_TRY(take_wrapper(value, cmw, self, &label, depth + 1, err));
        }
    }
    return check_collection(cmw, self, has_type, err);
}

static enum bulla_status
take_wrapper(const struct bl_json *json, struct bl_cmw *cmw, size_t parent,
             const struct bl_cbor_key *label, size_t depth, struct bulla_error *err)
{
    size_t self = cmw->count;
    struct bl_cmw_item *item = NULL;

    BL_TRY(take_item(cmw, parent, label, &item, err));
    if (bl_json_as_object(json, where, NULL) == BULLA_OK)
        return take_collection(json, cmw, self, depth, err);
    return take_record(json, cmw, item, err);
}

static enum bulla_status
decode_json(struct bulla_bytes bytes, struct bl_cmw *cmw, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_json) json = NULL;
    uint8_t *room = NULL;

    BL_TRY(bl_json_parse(bytes, where, BL_CMW_SIZE_MAX, &json, err));
    /* no string is longer than what stood for it */
    BL_TRY(bulla_buffer_extend(&cmw->text, bytes.size, &room, err));
    bulla_buffer_clear(&cmw->text);
    return take_wrapper(json, cmw, 0, &no_label, 0, err);
}

/* -- both --------------------------------------------------------------------------------------- */

enum bulla_status
bl_cmw_decode(struct bulla_bytes bytes, struct bl_cmw *cmw_out, struct bulla_error *err)
{
    BL_AUTO(bl_cmw) cmw = { 0 };
    enum bl_cmw_form form = BL_CMW_FORM_NONE;

    if (bytes.size > BL_CMW_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too long", BL_CMW_SIZE_MAX);
    if (bytes.size > 0 && bl_cmw_encoding_of(bytes.data[0], &form) == BL_CMW_JSON)
        BL_TRY(decode_json(bytes, &cmw, err));
    else
        BL_TRY(decode_cbor(bytes, &cmw, err));
    *cmw_out = cmw;
    cmw.text = (struct bulla_buffer){ 0 };
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* codec/cmw_write.c: making conceptual message wrappers, and the form of their types. */
#include <string.h>

#include "base/memory.h"
#include "codec/base64.h"
#include "codec/cmw.h"
#include "codec/json.h"

static const char where[] = "message wrapper";

#define TAGGED_FORMAT_MAX 65024 /* RFC 9277 appendix B */

/* -- the form of types (RFC 9193 and RFC 6838 section 4.2; RFC 3986 section 4.3) --------------------- */

static bool
is_alphanumeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_name_character(uint8_t c)
{
    return is_alphanumeric(c) || (c != 0 && strchr("!#$&-^_.+", c) != NULL);
}

static bool
is_token_character(uint8_t c)
{
    return is_name_character(c) || (c != 0 && strchr("%'*`|~", c) != NULL);
}

static uint8_t
look(struct bulla_bytes text, size_t at)
{
    return at < text.size ? text.data[at] : 0;
}

/* Pass over as many as there are; false if there is none. */
static bool
pass(struct bulla_bytes text, size_t *at, bool is_one(uint8_t))
{
    size_t start = *at;

    while (*at < text.size && is_one(text.data[*at]))
        (*at)++;
    return *at > start;
}

static bool
pass_name(struct bulla_bytes text, size_t *at)
{
    size_t start = *at;

    return is_alphanumeric(look(text, *at)) && pass(text, at, is_name_character) &&
           *at - start <= 127;
}

static bool
pass_quoted(struct bulla_bytes text, size_t *at)
{
    for ((*at)++; look(text, *at) != '"'; (*at)++) {
        if (look(text, *at) == '\\')
            (*at)++;
        if (look(text, *at) < 0x20 || look(text, *at) > 0x7e)
            return false;
    }
    (*at)++;
    return true;
}

static bool
pass_parameter(struct bulla_bytes text, size_t *at)
{
    while (look(text, *at) == ' ')
        (*at)++;
    if (look(text, (*at)++) != ';')
        return false;
    while (look(text, *at) == ' ')
        (*at)++;
    if (!pass(text, at, is_token_character) || look(text, (*at)++) != '=')
        return false;
    return look(text, *at) == '"' ? pass_quoted(text, at) : pass(text, at, is_token_character);
}

bool
bl_cmw_is_media_type(struct bulla_bytes text)
{
    size_t at = 0;

    if (!pass_name(text, &at) || look(text, at++) != '/' || !pass_name(text, &at))
        return false;
    while (at < text.size)
        if (!pass_parameter(text, &at))
            return false;
    return true;
}

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool
is_oid(struct bulla_bytes text)
{
    size_t at = 1;

    if (look(text, 0) < '0' || look(text, 0) > '2')
        return false;
    while (at < text.size) {
        size_t start = at + 1;
        if (look(text, at++) != '.' || !pass(text, &at, is_digit))
            return false;
        if (look(text, start) == '0' && at > start + 1)
            return false;
    }
    return true;
}

static bool
is_scheme_character(uint8_t c)
{
    return is_alphanumeric(c) || c == '+' || c == '-' || c == '.';
}

static bool
is_uri(struct bulla_bytes text)
{
    size_t at = 0;

    if (!is_alphanumeric(look(text, 0)) || is_digit(look(text, 0)) ||
        !pass(text, &at, is_scheme_character) || look(text, at++) != ':' || at == text.size)
        return false;
    for (; at < text.size; at++)
        if (text.data[at] <= ' ' || text.data[at] > '~' || strchr("\"<>\\^`{|}", text.data[at]))
            return false;
    return true;
}

bool
bl_cmw_is_collection_type(struct bulla_bytes text)
{
    return is_uri(text) || is_oid(text);
}

/* -- making one ---------------------------------------------------------------------------------- */

static struct bulla_bytes
text_of(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text, text == NULL ? 0 : strlen(text) };
}

void
bl_cmw_start(struct bl_cmw *cmw, const char *type)
{
    cmw->items[0] = (struct bl_cmw_item){ .form = BL_CMW_COLLECTION, .type = text_of(type) };
    cmw->count = 1;
}

enum bulla_status
bl_cmw_add(struct bl_cmw *cmw, const char *label, const char *media_type, struct bulla_bytes value,
           enum bl_cmw_indicator indicator, struct bulla_error *err)
{
    if (cmw->count == BL_CMW_ITEM_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many items", BL_CMW_ITEM_COUNT_MAX);
    cmw->items[cmw->count++] = (struct bl_cmw_item){
        .form = BL_CMW_RECORD,
        .label = { .is_text = true, .text = text_of(label) },
        .type = text_of(media_type),
        .value = value,
        .indicator = indicator,
    };
    return BULLA_OK;
}

/* RFC 8949 section 4.2.1: bytewise order of encoded keys, the type's among them (its label is that
 * of no item): numbers before text, the shorter text first. */
static int
compare_labels(const struct bl_cbor_key *a, const struct bl_cbor_key *b)
{
    if (a->is_text != b->is_text)
        return a->is_text ? 1 : -1;
    if (!a->is_text) {
        bool a_negative = a->number < 0, b_negative = b->number < 0;
        if (a_negative != b_negative)
            return a_negative ? 1 : -1;
        return a->number == b->number ? 0 : (a->number < b->number) != a_negative ? -1 : 1;
    }
    if (a->text.size != b->text.size)
        return a->text.size < b->text.size ? -1 : 1;
    return a->text.size == 0 ? 0 : memcmp(a->text.data, b->text.data, a->text.size);
}

static const struct bl_cbor_key type_label = {
    .is_text = true, .text = { (const uint8_t *)"__cmwc_t", sizeof "__cmwc_t" - 1 }
};

/* The item of the collection `parent` with the least label after `last` (NULL: of all); the count if
 * there is none. */
static size_t
next_item(const struct bl_cmw *cmw, size_t parent, const struct bl_cbor_key *last)
{
    size_t least = cmw->count;

    for (size_t i = 1; i < cmw->count; i++) {
        const struct bl_cbor_key *label = &cmw->items[i].label;
        if (cmw->items[i].parent == parent && (last == NULL || compare_labels(label, last) > 0) &&
            (least == cmw->count || compare_labels(label, &cmw->items[least].label) < 0))
            least = i;
    }
    return least;
}

static void
write_key(struct bl_writer *w, const struct bl_cbor_key *key)
{
    if (key->is_text)
        bl_cbor_write_text(w, key->text);
    else
        bl_cbor_write_int(w, key->number);
}

static void write_wrapper(struct bl_writer *w, const struct bl_cmw *cmw, size_t self);

static void
write_type(struct bl_writer *w, const struct bl_cmw_item *item)
{
    write_key(w, &type_label);
    bl_cbor_write_text(w, item->type);
}

static void
write_collection(struct bl_writer *w, const struct bl_cmw *cmw, size_t self)
{
    const struct bl_cbor_key *last = NULL;
    bool owes_type = cmw->items[self].type.size > 0;
    size_t count = owes_type ? 1 : 0;

    for (size_t i = 1; i < cmw->count; i++)
        count += cmw->items[i].parent == self ? 1 : 0;
    bl_cbor_write_map(w, count);
    for (size_t i = next_item(cmw, self, NULL); i < cmw->count; i = next_item(cmw, self, last)) {
        last = &cmw->items[i].label;
        if (owes_type && compare_labels(last, &type_label) > 0) {
            write_type(w, &cmw->items[self]);
            owes_type = false;
        }
        write_key(w, last);
        write_wrapper(w, cmw, i);
    }
    if (owes_type)
        write_type(w, &cmw->items[self]);
}

static void
write_wrapper(struct bl_writer *w, const struct bl_cmw *cmw, size_t self)
{
    const struct bl_cmw_item *item = &cmw->items[self];

    if (item->form == BL_CMW_COLLECTION) {
        write_collection(w, cmw, self);
        return;
    }
    if (item->form == BL_CMW_TAG) {
        bl_cbor_write_tag(w, bl_cmw_tag_of(item->content_format));
        bl_cbor_write_bytes(w, item->value);
        return;
    }
    bl_cbor_write_array(w, item->indicator == 0 ? 2 : 3);
    if (item->has_content_format)
        bl_cbor_write_uint(w, item->content_format);
    else
        bl_cbor_write_text(w, item->type);
    bl_cbor_write_bytes(w, item->value);
    if (item->indicator != 0)
        bl_cbor_write_uint(w, item->indicator);
}

/* A label is terminated for the writer. */
struct name {
    char text[BL_CMW_LABEL_SIZE_MAX + 1];
};

static enum bulla_status write_json(struct bl_json_writer *j, const char *name,
                                    const struct bl_cmw *cmw, size_t self, struct bulla_error *err);

static enum bulla_status
write_json_collection(struct bl_json_writer *j, const char *name, const struct bl_cmw *cmw,
                      size_t self, struct bulla_error *err)
{
    const struct bl_cbor_key *last = NULL;

    bl_json_open_object(j, name);
    if (cmw->items[self].type.size > 0)
        bl_json_write_text(j, "__cmwc_t", cmw->items[self].type);
    for (size_t i = next_item(cmw, self, NULL); i < cmw->count; i = next_item(cmw, self, last)) {
        struct name label = { { 0 } };
        last = &cmw->items[i].label;
        if (!last->is_text || memchr(last->text.data, 0, last->text.size) != NULL)
            return bulla_fail(err, BULLA_E_ARGUMENT, where, "JSON has no such label", 0);
        memcpy(label.text, last->text.data, last->text.size);
        BL_TRY(write_json(j, label.text, cmw, i, err));
    }
    bl_json_close(j);
    return BULLA_OK;
}

static enum bulla_status
write_json(struct bl_json_writer *j, const char *name, const struct bl_cmw *cmw, size_t self,
           struct bulla_error *err)
{
    const struct bl_cmw_item *item = &cmw->items[self];
    BL_AUTO(bulla_buffer) value = { 0 };

    if (item->form == BL_CMW_COLLECTION)
        return write_json_collection(j, name, cmw, self, err);
    if (item->has_content_format || item->value.size == 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "JSON has no such message", 0);
    BL_TRY(bl_base64_encode(BL_BASE64_URL, item->value, &value, err));
    bl_json_open_array(j, name);
    bl_json_write_text(j, NULL, item->type);
    bl_json_write_text(j, NULL, bulla_buffer_bytes(&value));
    if (item->indicator != 0)
        bl_json_write_number(j, NULL, item->indicator);
    bl_json_close(j);
    return BULLA_OK;
}

static bool
is_label_fit(const struct bl_cmw *cmw, size_t self)
{
    const struct bl_cmw_item *item = &cmw->items[self];

    if (item->parent >= self || cmw->items[item->parent].form != BL_CMW_COLLECTION ||
        compare_labels(&item->label, &type_label) == 0)
        return false;
    if (item->label.is_text &&
        (item->label.text.size == 0 || item->label.text.size > BL_CMW_LABEL_SIZE_MAX))
        return false;
    for (size_t i = 1; i < self; i++)
        if (cmw->items[i].parent == item->parent &&
            compare_labels(&cmw->items[i].label, &item->label) == 0)
            return false;
    return true;
}

/* What was decoded passes; what a caller put together may be anything. */
static bool
is_fit(const struct bl_cmw *cmw, size_t self)
{
    const struct bl_cmw_item *item = &cmw->items[self];

    if ((self > 0 && !is_label_fit(cmw, self)) || item->type.size > BL_CMW_TYPE_SIZE_MAX ||
        item->value.size > BL_CMW_SIZE_MAX)
        return false;
    if (item->form == BL_CMW_TAG)
        return item->has_content_format && item->content_format <= TAGGED_FORMAT_MAX;
    if (item->form == BL_CMW_RECORD)
        return item->indicator <= BL_CMW_INDICATOR_MAX &&
               (item->has_content_format || bl_cmw_is_media_type(item->type));
    return item->form == BL_CMW_COLLECTION && next_item(cmw, self, NULL) < cmw->count &&
           (item->type.size == 0 || bl_cmw_is_collection_type(item->type));
}

static enum bulla_status
encode_json(const struct bl_cmw *cmw, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_json_writer j = bl_json_writer(out);

    BL_TRY(write_json(&j, NULL, cmw, 0, err));
    return bl_json_finish(&j, err);
}

static enum bulla_status
encode_cbor(const struct bl_cmw *cmw, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    write_wrapper(&w, cmw, 0);
    return bl_writer_finish(&w, err);
}

static bool
is_too_deep(const struct bl_cmw *cmw, size_t self)
{
    size_t depth = cmw->items[self].form == BL_CMW_COLLECTION ? 1 : 0;

    for (size_t at = self; at > 0; at = cmw->items[at].parent)
        depth++;
    return depth > BL_CMW_DEPTH_MAX;
}

enum bulla_status
bl_cmw_encode(const struct bl_cmw *cmw, enum bl_cmw_encoding encoding, struct bulla_buffer *out,
              struct bulla_error *err)
{
    size_t before = out->size;

    if (cmw->count == 0 || cmw->count > BL_CMW_ITEM_COUNT_MAX ||
        (encoding != BL_CMW_CBOR && encoding != BL_CMW_JSON))
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "nothing to encode", 0);
    for (size_t i = 0; i < cmw->count; i++)
        if (!is_fit(cmw, i) || is_too_deep(cmw, i))
            return bulla_fail(err, BULLA_E_ARGUMENT, where, "no record, tag or collection", i);
    enum bulla_status status =
        encoding == BL_CMW_JSON ? encode_json(cmw, out, err) : encode_cbor(cmw, out, err);
    if (status != BULLA_OK)
        out->size = before;
    return status;
}

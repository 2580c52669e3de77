/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/wrapper.h"

#include <string.h>

#include "base/memory.h"

static const char where[] = "wrapped evidence";

/* Types that others give to evidence of one kind. RFC 9783 section 10.2 (content formats as in IANA's
 * "CoAP Content-Formats"); Veraison's names where nothing is registered. */
static const struct known_type {
    const char *media_type;
    uint16_t content_format; /* 0: it has none (that of text/plain) */
    const char *kind;
} known_types[] = {
    { "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"", 10003, "psa" },
    { "application/eat+cwt; eat_profile=\"tag:psacertified.org,2019:psa#legacy\"", 10004, "psa" },
    { "application/psa-attestation-token", 0, "psa" },
    { "application/eat-collection; profile=\"http://arm.com/CCA-SSD/1.0.0\"", 0, "cca" },
    { "application/aws-nitro-document", 0, "nitro" },
};

static bool
is_word(struct bulla_bytes text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

/* The kind that our own type names, or NULL. */
static const struct bl_scheme *
scheme_of_own_type(struct bulla_bytes type)
{
    size_t prefix = sizeof BL_WRAPPER_TYPE_PREFIX - 1, count = 0;
    const struct bl_scheme *schemes = bl_schemes(&count);

    if (type.size <= prefix || memcmp(type.data, BL_WRAPPER_TYPE_PREFIX, prefix) != 0)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (is_word((struct bulla_bytes){ type.data + prefix, type.size - prefix },
                    schemes[i].kind))
            return &schemes[i];
    return NULL;
}

static const struct bl_scheme *
scheme_of(const struct bl_cmw_item *item)
{
    if (!item->has_content_format && scheme_of_own_type(item->type) != NULL)
        return scheme_of_own_type(item->type);
    for (size_t i = 0; i < BL_COUNT_OF(known_types); i++) {
        const struct known_type *known = &known_types[i];
        if (item->has_content_format
                ? known->content_format != 0 && item->content_format == known->content_format
                : is_word(item->type, known->media_type))
            return bl_scheme_find(known->kind);
    }
    return NULL;
}

static enum bulla_status
check_size(const struct bl_cmw_item *item, struct bulla_error *err)
{
    if (item->value.size > BL_PART_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too long", BL_PART_SIZE_MAX);
    return BULLA_OK;
}

/* The message that the evidence is. */
static enum bulla_status
take_evidence(const struct bl_cmw_item *item, struct bl_wrapped_evidence *wrapped,
              struct bulla_error *err)
{
    if (item->form == BL_CMW_COLLECTION)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "a collection in place of evidence", 0);
    if (item->indicator != 0 && (item->indicator & BL_CMW_EVIDENCE) == 0)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "a message that is no evidence", 0);
    wrapped->scheme = scheme_of(item);
    if (wrapped->scheme == NULL)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "a type that names no kind", 0);
    wrapped->evidence = item->value;
    return check_size(item, err);
}

static enum bulla_status
take_part(const struct bl_cbor_key *label, const struct bl_cmw_item *item,
          struct bl_wrapped_evidence *wrapped, struct bulla_error *err)
{
    if (!label->is_text || label->text.size >= BL_WRAPPER_ROLE_SIZE ||
        memchr(label->text.data, 0, label->text.size) != NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a label that is no role", 0);
    if (item->form == BL_CMW_COLLECTION)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a collection in place of a part", 0);
    if (wrapped->part_count == BL_PART_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many parts", BL_PART_COUNT_MAX);
    size_t at = wrapped->part_count++;
    memcpy(wrapped->roles[at], label->text.data, label->text.size);
    wrapped->parts[at] = (struct bl_part){ .role = wrapped->roles[at], .bytes = item->value };
    return check_size(item, err);
}

/* Several parts of one role: a collection whose labels count from 0. */
static enum bulla_status
take_parts(const struct bl_cmw *cmw, size_t self, struct bl_wrapped_evidence *wrapped,
           struct bulla_error *err)
{
    const struct bl_cmw_item *item = NULL;
    int64_t taken = 0, present = 0;

    if (cmw->items[self].type.size != 0)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "a typed collection of parts", 0);
    for (size_t i = self + 1; i < cmw->count; i++)
        present += cmw->items[i].parent == self ? 1 : 0;
    for (; (item = bl_cmw_find_number(cmw, self, taken)) != NULL; taken++)
        BL_TRY(take_part(&cmw->items[self].label, item, wrapped, err));
    if (taken != present)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "parts that are not counted from 0", 0);
    return BULLA_OK;
}

static enum bulla_status
open_collection(const struct bl_cmw *cmw, struct bl_wrapped_evidence *wrapped,
                struct bulla_error *err)
{
    const struct bl_cmw_item *evidence = bl_cmw_find(cmw, 0, BL_WRAPPER_EVIDENCE);

    if (!is_word(cmw->items[0].type, BL_WRAPPER_TYPE))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "a collection of another type", 0);
    if (evidence == NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a collection without evidence", 0);
    BL_TRY(take_evidence(evidence, wrapped, err));
    for (size_t i = 1; i < cmw->count; i++) {
        const struct bl_cmw_item *item = &cmw->items[i];
        if (item->parent != 0 || item == evidence)
            continue;
        BL_TRY(item->form == BL_CMW_COLLECTION ? take_parts(cmw, i, wrapped, err)
                                               : take_part(&item->label, item, wrapped, err));
    }
    return BULLA_OK;
}

static enum bulla_status
open_any(const struct bl_cmw *cmw, struct bl_wrapped_evidence *wrapped, struct bulla_error *err)
{
    if (cmw->items[0].form == BL_CMW_COLLECTION)
        return open_collection(cmw, wrapped, err);
    return take_evidence(&cmw->items[0], wrapped, err);
}

enum bulla_status
bl_wrapper_open(const struct bl_cmw *cmw, struct bl_wrapped_evidence *wrapped_out,
                struct bulla_error *err)
{
    struct bl_wrapped_evidence wrapped = { 0 };

    BL_TRY(open_any(cmw, &wrapped, err));
    *wrapped_out = wrapped;
    for (size_t i = 0; i < wrapped_out->part_count; i++)
        wrapped_out->parts[i].role = wrapped_out->roles[i];
    return BULLA_OK;
}

/* The number of the first `count` parts that have this role. */
static size_t
count_role(const struct bl_part *parts, size_t count, const char *role)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        found += strcmp(parts[i].role, role) == 0 ? 1 : 0;
    return found;
}

enum bulla_status
bl_wrapper_add_parts(const struct bl_wrapped_evidence *wrapped, struct bl_part *parts,
                     size_t *count, struct bulla_error *err)
{
    size_t given_count = *count;

    for (size_t i = 0; i < wrapped->part_count; i++) {
        if (count_role(parts, given_count, wrapped->parts[i].role) > 0)
            continue;
        if (*count == BL_PART_COUNT_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, where, "too many parts", BL_PART_COUNT_MAX);
        parts[(*count)++] = wrapped->parts[i];
    }
    return BULLA_OK;
}

/* -- making one ---------------------------------------------------------------------------------- */

static enum bulla_status
add_item(struct bl_cmw *cmw, struct bl_cmw_item item, struct bulla_error *err)
{
    if (cmw->count == BL_CMW_ITEM_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many parts", BL_PART_COUNT_MAX);
    cmw->items[cmw->count++] = item;
    return BULLA_OK;
}

static struct bl_cbor_key
label_of(const char *role)
{
    return (struct bl_cbor_key){ .is_text = true, .text = { (const uint8_t *)role, strlen(role) } };
}

/* Index of the collection for the parts of one role, which is made for the first of them. */
static enum bulla_status
collection_of(struct bl_cmw *cmw, const char *role, size_t *index_out, struct bulla_error *err)
{
    const struct bl_cmw_item *found = bl_cmw_find(cmw, 0, role);

    if (found != NULL) {
        *index_out = (size_t)(found - cmw->items);
        return BULLA_OK;
    }
    *index_out = cmw->count;
    return add_item(cmw, (struct bl_cmw_item){ .form = BL_CMW_COLLECTION, .label = label_of(role) },
                    err);
}

static enum bulla_status
add_part(struct bl_cmw *cmw, const struct bl_part *parts, size_t part_count, size_t i,
         struct bulla_error *err)
{
    static const char type[] = BL_WRAPPER_PART_TYPE;
    struct bl_cmw_item item = { .form = BL_CMW_RECORD,
                                .label = label_of(parts[i].role),
                                .type = { (const uint8_t *)type, sizeof type - 1 },
                                .value = parts[i].bytes };

    if (strlen(parts[i].role) >= BL_WRAPPER_ROLE_SIZE)
        return bulla_fail(err, BULLA_E_LIMIT, where, "a role that is too long", i);
    if (count_role(parts, part_count, parts[i].role) > 1) {
        BL_TRY(collection_of(cmw, parts[i].role, &item.parent, err));
        item.label = (struct bl_cbor_key){ .number = (int64_t)count_role(parts, i, parts[i].role) };
    }
    return add_item(cmw, item, err);
}

enum bulla_status
bl_wrapper_make(const char *kind, struct bulla_bytes evidence, const struct bl_part *parts,
                size_t part_count, struct bulla_buffer *out, struct bulla_error *err)
{
    char type[sizeof BL_WRAPPER_TYPE_PREFIX + 32] = BL_WRAPPER_TYPE_PREFIX;
    struct bl_cmw cmw = { 0 };

    if (bl_scheme_find(kind) == NULL || strlen(kind) > 32)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no such kind", 0);
    if (part_count > BL_PART_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many parts", BL_PART_COUNT_MAX);
    memcpy(type + sizeof BL_WRAPPER_TYPE_PREFIX - 1, kind, strlen(kind));
    bl_cmw_start(&cmw, BL_WRAPPER_TYPE);
    BL_TRY(bl_cmw_add(&cmw, BL_WRAPPER_EVIDENCE, type, evidence, BL_CMW_EVIDENCE, err));
    for (size_t i = 0; i < part_count; i++)
        BL_TRY(add_part(&cmw, parts, part_count, i, err));
    return bl_cmw_encode(&cmw, BL_CMW_CBOR, out, err);
}

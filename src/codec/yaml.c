/* SPDX-License-Identifier: Apache-2.0 */
/* The tree: libyaml's events, held against the profile as they come. codec/yaml_types.c reads it. */
#include <string.h>

#include <yaml.h>

#include "base/fault.h"
#include "base/memory.h"
#include "codec/utf8.h"
#include "codec/yaml_node.h"

struct bl_yaml {
    struct bl_yaml_node *root;
    struct bl_yaml_node *all; /* every node, for the release */
};

/* The collections that are open while events come. */
struct builder {
    struct bl_yaml *document;
    const char *where;
    struct bulla_error *err;
    struct bl_yaml_node *open[BL_YAML_DEPTH_MAX];
    struct bl_yaml_node *last_child[BL_YAML_DEPTH_MAX];
    size_t depth;
    size_t node_count;
    struct bl_yaml_node *pending_key; /* read, its value not yet; among document->all */
    bool started;                     /* a document start was seen */
    bool ended;
};

enum bulla_status
bl_yaml_fail_at(struct bulla_error *err, enum bulla_status status, const char *where,
                const char *what, size_t line, size_t column)
{
    struct bulla_error failure = { 0 };

    status = bulla_fail(&failure, status, where, what, line);
    failure.detail = column;
    if (err != NULL && err->status == BULLA_OK)
        *err = failure;
    return status;
}

static enum bulla_status
fail_mark(struct builder *b, enum bulla_status status, const char *what, yaml_mark_t mark)
{
    return bl_yaml_fail_at(b->err, status, b->where, what, mark.line + 1, mark.column + 1);
}

/* YAML 1.1 breaks lines at characters where other readers do not; what a reviewer sees as one line
 * must be one line. Controls would reach terminals. */
static const char *
refused_character(uint32_t c)
{
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0))
        return "control character";
    if (c == 0x2028 || c == 0x2029)
        return "line separator other than a newline";
    if (c == 0xfeff)
        return "byte order mark";
    return NULL;
}

static enum bulla_status
check_characters(struct bulla_bytes text, const char *where, struct bulla_error *err)
{
    size_t line = 1, line_start = 0;

    for (size_t at = 0; at < text.size;) {
        uint32_t c = 0;
        size_t size = bl_utf8_next((struct bulla_bytes){ text.data + at, text.size - at }, &c);
        const char *wrong = size == 0 ? "not UTF-8" : refused_character(c);
        if (wrong != NULL)
            return bl_yaml_fail_at(err, BULLA_E_MALFORMED, where, wrong, line, at - line_start + 1);
        at += size;
        if (c == '\n') {
            line++;
            line_start = at;
        }
    }
    return BULLA_OK;
}

static enum bulla_status
new_node(struct builder *b, const yaml_event_t *event, enum bl_yaml_kind kind,
         struct bulla_bytes text, struct bl_yaml_node **node_out)
{
    struct bl_yaml_node *node = bl_alloc(1, sizeof *node + text.size);

    if (node == NULL)
        return fail_mark(b, BULLA_E_MEMORY, "out of memory", event->start_mark);
    node->kind = kind;
    node->line = event->start_mark.line + 1;
    node->column = event->start_mark.column + 1;
    if (text.size > 0)
        memcpy(node->bytes, text.data, text.size);
    node->text = (struct bulla_bytes){ node->bytes, text.size };
    node->all = b->document->all;
    b->document->all = node;
    *node_out = node;
    return BULLA_OK;
}

/* Hang the node where it belongs: root, next item, or value of the pending key. */
static enum bulla_status
place(struct builder *b, struct bl_yaml_node *node, yaml_mark_t mark)
{
    if (++b->node_count > BL_YAML_NODES_MAX)
        return fail_mark(b, BULLA_E_LIMIT, "too many values", mark);
    if (b->depth == 0) {
        b->document->root = node;
        return BULLA_OK;
    }
    struct bl_yaml_node *parent = b->open[b->depth - 1];
    if (parent->count == BL_YAML_ITEMS_MAX)
        return fail_mark(b, BULLA_E_LIMIT, "too many items in one collection", mark);
    parent->count++;
    if (b->last_child[b->depth - 1] == NULL)
        parent->first = node;
    else
        b->last_child[b->depth - 1]->next = node;
    b->last_child[b->depth - 1] = node;
    if (parent->kind == BL_YAML_MAPPING) {
        node->key = b->pending_key->text;
        b->pending_key = NULL;
    }
    return BULLA_OK;
}

static bool
key_is_next(const struct builder *b)
{
    return b->depth > 0 && b->open[b->depth - 1]->kind == BL_YAML_MAPPING && b->pending_key == NULL;
}

static enum bulla_status
take_key(struct builder *b, const yaml_event_t *event, struct bulla_bytes text, bool plain)
{
    yaml_mark_t mark = event->start_mark;

    if (text.size == 0)
        return fail_mark(b, BULLA_E_MALFORMED, "empty key", mark);
    if (plain && text.size == 2 && memcmp(text.data, "<<", 2) == 0)
        return fail_mark(b, BULLA_E_MALFORMED, "merge keys are not taken", mark);
    if (bl_yaml_find_bytes(b->open[b->depth - 1], text) != NULL)
        return fail_mark(b, BULLA_E_MALFORMED, "duplicate key", mark);
    return new_node(b, event, BL_YAML_SCALAR, text, &b->pending_key);
}

static enum bulla_status
take_scalar(struct builder *b, const yaml_event_t *event)
{
    struct bulla_bytes text = { event->data.scalar.value, event->data.scalar.length };
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct bl_yaml_node *node = NULL;

    if (event->data.scalar.anchor != NULL)
        return fail_mark(b, BULLA_E_MALFORMED, "anchors are not taken", event->start_mark);
    if (event->data.scalar.tag != NULL)
        return fail_mark(b, BULLA_E_MALFORMED, "tags are not taken", event->start_mark);
    /* Escapes inside double quotes can make what the text itself may not hold. */
    if (check_characters(text, b->where, NULL) != BULLA_OK)
        return fail_mark(b, BULLA_E_MALFORMED, "control character in a value", event->start_mark);
    if (key_is_next(b))
        return take_key(b, event, text, plain);
    BL_TRY(new_node(b, event, BL_YAML_SCALAR, text, &node));
    node->plain = plain;
    return place(b, node, event->start_mark);
}

static enum bulla_status
open_collection(struct builder *b, const yaml_event_t *event, enum bl_yaml_kind kind,
                const yaml_char_t *anchor, const yaml_char_t *tag)
{
    struct bl_yaml_node *node = NULL;

    if (anchor != NULL)
        return fail_mark(b, BULLA_E_MALFORMED, "anchors are not taken", event->start_mark);
    if (tag != NULL)
        return fail_mark(b, BULLA_E_MALFORMED, "tags are not taken", event->start_mark);
    if (key_is_next(b))
        return fail_mark(b, BULLA_E_MALFORMED, "a key must be a word", event->start_mark);
    if (b->depth == BL_YAML_DEPTH_MAX)
        return fail_mark(b, BULLA_E_LIMIT, "nested too deeply", event->start_mark);
    BL_TRY(new_node(b, event, kind, (struct bulla_bytes){ NULL, 0 }, &node));
    BL_TRY(place(b, node, event->start_mark));
    b->open[b->depth] = node;
    b->last_child[b->depth] = NULL;
    b->depth++;
    return BULLA_OK;
}

static enum bulla_status
start_document(struct builder *b, const yaml_event_t *event)
{
    if (b->started)
        return fail_mark(b, BULLA_E_MALFORMED, "more than one document", event->start_mark);
    if (event->data.document_start.version_directive != NULL ||
        event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end)
        return fail_mark(b, BULLA_E_MALFORMED, "directives are not taken", event->start_mark);
    b->started = true;
    return BULLA_OK;
}

static enum bulla_status
take_event(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return BULLA_OK;
    case YAML_STREAM_END_EVENT:
        b->ended = true;
        if (!b->started)
            return fail_mark(b, BULLA_E_MALFORMED, "empty document", event->start_mark);
        return BULLA_OK;
    case YAML_DOCUMENT_START_EVENT:
        return start_document(b, event);
    case YAML_ALIAS_EVENT:
        return fail_mark(b, BULLA_E_MALFORMED, "aliases are not taken", event->start_mark);
    case YAML_SCALAR_EVENT:
        return take_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_collection(b, event, BL_YAML_SEQUENCE, event->data.sequence_start.anchor,
                               event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return open_collection(b, event, BL_YAML_MAPPING, event->data.mapping_start.anchor,
                               event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return BULLA_OK;
    }
    return fail_mark(b, BULLA_E_MALFORMED, "unknown event", event->start_mark);
}

static enum bulla_status
fail_parser(struct builder *b, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return fail_mark(b, BULLA_E_MEMORY, "out of memory", parser->mark);
    /* libyaml's problems are string literals of its own and hold nothing of the input. */
    return fail_mark(b, BULLA_E_MALFORMED,
                     parser->problem != NULL ? parser->problem : "not valid YAML",
                     parser->problem_mark);
}

static enum bulla_status
build(struct builder *b, struct bulla_bytes text)
{
    enum bulla_status status = BULLA_OK;
    yaml_parser_t parser;

    if (bl_fault_point(BL_FAULT_MEMORY) || yaml_parser_initialize(&parser) != 1)
        return bulla_fail(b->err, BULLA_E_MEMORY, b->where, "out of memory", 0);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.data, text.size);
    while (status == BULLA_OK && !b->ended) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) != 1) {
            status = fail_parser(b, &parser);
            break;
        }
        status = take_event(b, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status;
}

enum bulla_status
bl_yaml_parse(struct bulla_bytes text, const char *where, struct bl_yaml **document_out,
              struct bulla_error *err)
{
    if (text.size > BL_YAML_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too long", 0);
    BL_TRY(check_characters(text, where, err));

    BL_AUTO_FREE(bl_yaml) document = bl_alloc(1, sizeof *document);
    if (document == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    struct builder b = { .document = document, .where = where, .err = err };
    BL_TRY(build(&b, text));
    *document_out = document;
    document = NULL;
    return BULLA_OK;
}

void
bl_yaml_free(struct bl_yaml *document)
{
    if (document == NULL)
        return;
    for (struct bl_yaml_node *node = document->all, *after; node != NULL; node = after) {
        after = node->all;
        bl_free(node);
    }
    bl_free(document);
}

const struct bl_yaml_node *
bl_yaml_root(const struct bl_yaml *document)
{
    return document->root;
}

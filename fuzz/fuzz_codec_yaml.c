/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the YAML profile takes is a bounded tree of clean text; written as one line of quoted
 * text and parsed again it is the same tree. No getter accepts what another type would be.
 */
#include "fuzz.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "codec/utf8.h"
#include "codec/yaml.h"

static void
append(struct bulla_buffer *out, struct bulla_bytes bytes)
{
    FUZZ_ASSERT(bulla_buffer_append(out, bytes, NULL) == BULLA_OK);
}

static void
write_quoted(struct bulla_buffer *out, struct bulla_bytes text)
{
    append(out, BL_LITERAL("\""));
    for (size_t i = 0; i < text.size; i++) {
        struct bulla_bytes byte = { text.data + i, 1 };
        if (text.data[i] == '"' || text.data[i] == '\\')
            append(out, BL_LITERAL("\\"));
        if (text.data[i] == '\n')
            byte = BL_LITERAL("\\n");
        if (text.data[i] == '\r')
            byte = BL_LITERAL("\\r");
        if (text.data[i] == '\t')
            byte = BL_LITERAL("\\t");
        append(out, byte);
    }
    append(out, BL_LITERAL("\""));
}

static void
write_node(struct bulla_buffer *out, const struct bl_yaml_node *node, size_t depth)
{
    struct bulla_bytes text = { 0 };
    bool mapping = bl_yaml_kind(node) == BL_YAML_MAPPING;
    size_t count = 0;

    if (bl_yaml_kind(node) == BL_YAML_SCALAR) {
        if (bl_yaml_as_text(node, "text", SIZE_MAX, &text, NULL) == BULLA_OK)
            FUZZ_ASSERT(text.size > 0 && bl_utf8_is_valid(text));
        FUZZ_ASSERT(bl_yaml_count(node) == 0 && bl_yaml_first(node) == NULL);
        write_quoted(out, text);
        return;
    }
    FUZZ_ASSERT(depth < BL_YAML_DEPTH_MAX);
    append(out, mapping ? BL_LITERAL("{") : BL_LITERAL("["));
    for (const struct bl_yaml_node *item = bl_yaml_first(node); item != NULL;
         item = bl_yaml_next(item)) {
        if (mapping) {
            FUZZ_ASSERT(bl_yaml_key(item).size > 0);
            /* "? " because a long key must say that it is one */
            append(out, BL_LITERAL("? "));
            write_quoted(out, bl_yaml_key(item));
            append(out, BL_LITERAL(" : "));
        }
        write_node(out, item, depth + 1);
        append(out, BL_LITERAL(", "));
        count++;
    }
    append(out, mapping ? BL_LITERAL("}") : BL_LITERAL("]"));
    FUZZ_ASSERT(count == bl_yaml_count(node) && count <= BL_YAML_ITEMS_MAX);
}

static void
check_types(const struct bl_yaml_node *node)
{
    uint64_t number = 0, bytes = 0, span = 0;
    bool value = false;
    bool is_number = bl_yaml_as_number(node, "n", 0, UINT64_MAX, &number, NULL) == BULLA_OK;
    bool is_bool = bl_yaml_as_bool(node, "b", &value, NULL) == BULLA_OK;
    bool is_size = bl_yaml_as_size(node, "s", 0, UINT64_MAX, &bytes, NULL) == BULLA_OK;
    bool is_span = bl_yaml_as_duration(node, "d", 0, UINT64_MAX, &span, NULL) == BULLA_OK;

    FUZZ_ASSERT(is_number + is_bool + is_span <= 1);
    FUZZ_ASSERT(!is_number || (is_size && bytes == number));
    FUZZ_ASSERT(!is_size || (!is_bool && !is_span));
    for (const struct bl_yaml_node *item = bl_yaml_first(node); item != NULL;
         item = bl_yaml_next(item))
        check_types(item);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO_FREE(bl_yaml) document = NULL;
    BL_AUTO_FREE(bl_yaml) again = NULL;
    BL_AUTO(bulla_buffer) first = { 0 };
    BL_AUTO(bulla_buffer) second = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status =
        bl_yaml_parse((struct bulla_bytes){ data, size }, "fuzz", &document, &err);

    if (status != BULLA_OK) {
        FUZZ_ASSERT(document == NULL);
        fuzz_check_refusal(status, &err);
        return 0;
    }
    write_node(&first, bl_yaml_root(document), 0);
    check_types(bl_yaml_root(document));
    status = bl_yaml_parse(bulla_buffer_bytes(&first), "fuzz", &again, NULL);
    FUZZ_ASSERT(status == BULLA_OK);
    write_node(&second, bl_yaml_root(again), 0);
    FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&first), bulla_buffer_bytes(&second)));
    return 0;
}

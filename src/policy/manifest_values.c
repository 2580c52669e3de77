/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/manifest_values.c: single values of a manifest, see manifest_source.h.
 */
#include <string.h>

#include "policy/manifest_source.h"

enum bulla_status
bl_source_keep(struct bl_manifest_source *s, struct bulla_bytes text, const char **out,
               struct bulla_error *err)
{
    if (s->texts_size - s->texts_used <= text.size)
        return bulla_fail(err, BULLA_E_LIMIT, "manifest", "its texts are too long together", 0);
    char *copy = s->m->texts + s->texts_used;
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    s->texts_used += text.size + 1;
    *out = copy;
    return BULLA_OK;
}

enum bulla_status
bl_source_text(struct bl_manifest_source *s, const struct bl_yaml_node *node, const char *key,
               bl_source_rule *rule, const char **out, struct bulla_error *err)
{
    struct bulla_bytes text = { 0 };

    BL_TRY(bl_yaml_as_text_or_empty(node, key, BL_MANIFEST_TEXT_SIZE_MAX, &text, err));
    const char *wrong = rule(text);
    if (wrong != NULL)
        return bl_yaml_fail(node, key, wrong, err);
    return bl_source_keep(s, text, out, err);
}

enum bulla_status
bl_source_require_text(struct bl_manifest_source *s, const struct bl_yaml_node *map,
                       const char *key, bl_source_rule *rule, const char **out,
                       struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;

    BL_TRY(bl_yaml_require(map, key, &node, err));
    return bl_source_text(s, node, key, rule, out, err);
}

enum bulla_status
bl_source_require_number(const struct bl_yaml_node *map, const char *key, uint64_t least,
                         uint64_t most, uint64_t *out, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;

    BL_TRY(bl_yaml_require(map, key, &node, err));
    return bl_yaml_as_number(node, key, least, most, out, err);
}

enum bulla_status
bl_source_require_size(const struct bl_yaml_node *map, const char *key, uint64_t least,
                       uint64_t *out, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;

    BL_TRY(bl_yaml_require(map, key, &node, err));
    return bl_yaml_as_size(node, key, least, BL_MANIFEST_BYTES_MAX, out, err);
}

enum bulla_status
bl_source_flag(const struct bl_yaml_node *map, const char *key, bool *out, struct bulla_error *err)
{
    const struct bl_yaml_node *node = bl_yaml_find(map, key);

    return node == NULL ? BULLA_OK : bl_yaml_as_bool(node, key, out, err);
}

enum bulla_status
bl_source_mode(const struct bl_yaml_node *map, unsigned *out, struct bulla_error *err)
{
    static const char what[] = "not permission bits (0644: octal, without set-user-id)";
    const struct bl_yaml_node *node = bl_yaml_find(map, "mode");
    struct bulla_bytes text = { 0 };
    unsigned mode = 0;

    if (node == NULL)
        return BULLA_OK;
    BL_TRY(bl_yaml_as_text(node, "mode", BL_MANIFEST_TEXT_SIZE_MAX, &text, err));
    if (text.size == 4 && text.data[0] == '0')
        text = (struct bulla_bytes){ text.data + 1, 3 };
    if (text.size != 3)
        return bl_yaml_fail(node, "mode", what, err);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '7')
            return bl_yaml_fail(node, "mode", what, err);
        mode = mode * 8 + (unsigned)(text.data[i] - '0');
    }
    if (mode == 0)
        return bl_yaml_fail(node, "mode", what, err);
    *out = mode;
    return BULLA_OK;
}

/** The bits of a list of words. */
enum bulla_status
bl_source_words(const struct bl_yaml_node *list, const char *key, const char *const *words,
                size_t count, unsigned *bits_out, struct bulla_error *err)
{
    unsigned bits = 0;

    BL_TRY(bl_yaml_as_sequence(list, key, count, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item)) {
        size_t index = 0;
        BL_TRY(bl_yaml_as_choice(item, key, words, count, &index, err));
        if ((bits >> index & 1u) != 0)
            return bl_yaml_fail(item, key, "said twice", err);
        bits |= 1u << index;
    }
    *bits_out = bits;
    return BULLA_OK;
}

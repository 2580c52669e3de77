/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/manifest_source.h: the parts of a manifest's YAML, and what reads them. Used by
 * policy/manifest_source*.c only.
 *
 * Every reader takes what the node says into source->m, and fails with the node's line and column.
 */
#ifndef BL_POLICY_MANIFEST_SOURCE_H
#define BL_POLICY_MANIFEST_SOURCE_H

#include "codec/yaml.h"
#include "policy/manifest_rules.h"

/** A reading in progress. */
struct bl_manifest_source {
    const struct bl_manifest_resolver *resolver;
    struct bl_manifest *m;
    size_t texts_used, texts_size; /* bytes of m->texts */
};

typedef const char *bl_source_rule(struct bulla_bytes text);

/** A text (perhaps empty) that keeps to `rule`. */
enum bulla_status bl_source_text(struct bl_manifest_source *s, const struct bl_yaml_node *node,
                                 const char *key, bl_source_rule *rule, const char **out,
                                 struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_source_require_text(struct bl_manifest_source *s,
                                         const struct bl_yaml_node *map, const char *key,
                                         bl_source_rule *rule, const char **out,
                                         struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_source_require_number(const struct bl_yaml_node *map, const char *key,
                                           uint64_t least, uint64_t most, uint64_t *out,
                                           struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_source_require_size(const struct bl_yaml_node *map, const char *key,
                                         uint64_t least, uint64_t *out,
                                         struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_source_flag(const struct bl_yaml_node *map, const char *key, bool *out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** The key `mode`: three octal digits, or four beginning with 0, as chmod has them. */
enum bulla_status bl_source_mode(const struct bl_yaml_node *map, unsigned *out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** The bits of a list of words, each at most once. */
enum bulla_status bl_source_words(const struct bl_yaml_node *list, const char *key,
                                  const char *const *words, size_t count, unsigned *bits_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** A copy with a terminator, that lives as long as the manifest being read. */
enum bulla_status bl_source_keep(struct bl_manifest_source *s, struct bulla_bytes text,
                                 const char **out, struct bulla_error *err) BULLA_CHECKED;

enum bulla_status bl_source_image(struct bl_manifest_source *s, const struct bl_yaml_node *map,
                                  struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_source_entry(struct bl_manifest_source *s, const struct bl_yaml_node *list,
                                  struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_source_environment(struct bl_manifest_source *s,
                                        const struct bl_yaml_node *map,
                                        struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_source_resources(struct bl_manifest_source *s, const struct bl_yaml_node *map,
                                      struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_source_network(struct bl_manifest_source *s, const struct bl_yaml_node *map,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif

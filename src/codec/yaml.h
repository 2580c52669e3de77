/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/yaml.h: a strict profile of YAML 1.1, read into a small read-only tree.
 *
 * Guarantees: UTF-8 without byte order mark or control characters; one document; no anchors,
 * aliases, tags, directives, merge keys, duplicate keys or keys that are not plain words; depth,
 * size and number of nodes bounded. A value has the type that the schema asks for, never one that
 * its look suggests: `no` is a word, and only true and false are booleans. A value that is
 * missing, empty or null never counts as zero, false or the empty string.
 * Errors: err->offset is the line and err->detail the column, both from 1; err->where is the key
 * (or the `where` of the parse); err->expected may hold the known word nearest to what was found.
 * Does not: write YAML, or know any schema.
 */
#ifndef BL_CODEC_YAML_H
#define BL_CODEC_YAML_H

#include "base/cleanup.h"
#include "bulla/status.h"

#define BL_YAML_SIZE_MAX ((size_t)256 << 10) /* bytes: a manifest by hand has a few KiB */
#define BL_YAML_DEPTH_MAX 16                 /* our deepest schema needs 5 */
#define BL_YAML_NODES_MAX 16384              /* scalars and collections; keys are not counted */
#define BL_YAML_ITEMS_MAX 1024 /* items of one collection: bounds the duplicate check */

enum bl_yaml_kind { BL_YAML_SCALAR = 1, BL_YAML_SEQUENCE, BL_YAML_MAPPING };

struct bl_yaml;      /* a document; owns its nodes and their bytes */
struct bl_yaml_node; /* borrowed from its document */

/** Parse all of `text`. `where` is a static name of the document for errors.
 *  BULLA_E_MALFORMED, BULLA_E_LIMIT, BULLA_E_MEMORY. */
enum bulla_status bl_yaml_parse(struct bulla_bytes text, const char *where,
                                struct bl_yaml **document_out,
                                struct bulla_error *err) BULLA_CHECKED;
void bl_yaml_free(struct bl_yaml *document);
BL_DEFINE_FREEP(bl_yaml)
const struct bl_yaml_node *bl_yaml_root(const struct bl_yaml *document);

enum bl_yaml_kind bl_yaml_kind(const struct bl_yaml_node *node);
size_t bl_yaml_line(const struct bl_yaml_node *node);
size_t bl_yaml_column(const struct bl_yaml_node *node);
/** Number of items or pairs; 0 for a scalar. */
size_t bl_yaml_count(const struct bl_yaml_node *node);
/** First item of a sequence or first value of a mapping, in the order of the text, or NULL. */
const struct bl_yaml_node *bl_yaml_first(const struct bl_yaml_node *node);
/** What stands after `node` in its collection, or NULL. */
const struct bl_yaml_node *bl_yaml_next(const struct bl_yaml_node *node);
/** Key of a value in a mapping; empty for others. */
struct bulla_bytes bl_yaml_key(const struct bl_yaml_node *node);

/** The value of `key`, or NULL if it is absent (or `node` is not a mapping). */
const struct bl_yaml_node *bl_yaml_find(const struct bl_yaml_node *node, const char *key);
/** The same, where absence is an error (BULLA_E_MALFORMED). `key` is static, here and below. */
enum bulla_status bl_yaml_require(const struct bl_yaml_node *node, const char *key,
                                  const struct bl_yaml_node **value_out,
                                  struct bulla_error *err) BULLA_CHECKED;

/** A mapping with no keys but `known`; an unknown key's nearest is err->expected. */
enum bulla_status bl_yaml_as_mapping(const struct bl_yaml_node *node, const char *key,
                                     const char *const *known, size_t known_count,
                                     struct bulla_error *err) BULLA_CHECKED;
/** A mapping with keys of the owner's choice, at most `count_max` of them. */
enum bulla_status bl_yaml_as_table(const struct bl_yaml_node *node, const char *key,
                                   size_t count_max, struct bulla_error *err) BULLA_CHECKED;
/** A sequence of at most `count_max` items. */
enum bulla_status bl_yaml_as_sequence(const struct bl_yaml_node *node, const char *key,
                                      size_t count_max, struct bulla_error *err) BULLA_CHECKED;
/** Text of 1 to `size_max` bytes, borrowed from the document. A plain null is refused. */
enum bulla_status bl_yaml_as_text(const struct bl_yaml_node *node, const char *key, size_t size_max,
                                  struct bulla_bytes *text_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** The same, where "" (in quotes) is a value too. */
enum bulla_status bl_yaml_as_text_or_empty(const struct bl_yaml_node *node, const char *key,
                                           size_t size_max, struct bulla_bytes *text_out,
                                           struct bulla_error *err) BULLA_CHECKED;
/** Unquoted decimal digits without sign or leading zero, from `least` to `most`. */
enum bulla_status bl_yaml_as_number(const struct bl_yaml_node *node, const char *key,
                                    uint64_t least, uint64_t most, uint64_t *number_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** Unquoted true or false. */
enum bulla_status bl_yaml_as_bool(const struct bl_yaml_node *node, const char *key, bool *value_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** A number of bytes: digits as above, then nothing or K, M, G, T (also KiB, MiB, GiB, TiB: powers
 *  of 1024; kB and its like are refused). */
enum bulla_status bl_yaml_as_size(const struct bl_yaml_node *node, const char *key, uint64_t least,
                                  uint64_t most, uint64_t *bytes_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** A time span in milliseconds: digits as above, then one of ms, s, m, h, d. */
enum bulla_status bl_yaml_as_duration(const struct bl_yaml_node *node, const char *key,
                                      uint64_t least_ms, uint64_t most_ms, uint64_t *value_ms_out,
                                      struct bulla_error *err) BULLA_CHECKED;
/** One of `words`; its index. The nearest one is err->expected. */
enum bulla_status bl_yaml_as_choice(const struct bl_yaml_node *node, const char *key,
                                    const char *const *words, size_t word_count, size_t *index_out,
                                    struct bulla_error *err) BULLA_CHECKED;

/** A fault that the schema sees in `node`: BULLA_E_MALFORMED with its line and column. */
enum bulla_status bl_yaml_fail(const struct bl_yaml_node *node, const char *key, const char *what,
                               struct bulla_error *err) BULLA_CHECKED;

#endif

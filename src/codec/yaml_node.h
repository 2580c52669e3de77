/* SPDX-License-Identifier: Apache-2.0 */
/* codec/yaml_node.h: the node behind codec/yaml.h, for the two files that make and read it. */
#ifndef BL_CODEC_YAML_NODE_H
#define BL_CODEC_YAML_NODE_H

#include "codec/yaml.h"

struct bl_yaml_node {
    enum bl_yaml_kind kind;
    bool plain; /* a scalar without quotes, which might be null */
    size_t line, column;
    struct bulla_bytes key;  /* in a mapping */
    struct bulla_bytes text; /* of a scalar */
    size_t count;
    struct bl_yaml_node *first, *next;
    struct bl_yaml_node *all; /* the document's list of all nodes */
    uint8_t bytes[];
};

enum bulla_status bl_yaml_fail_at(struct bulla_error *err, enum bulla_status status,
                                  const char *where, const char *what, size_t line,
                                  size_t column) BULLA_CHECKED;
const struct bl_yaml_node *bl_yaml_find_bytes(const struct bl_yaml_node *node,
                                              struct bulla_bytes key);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/json_node.h: what a value of JSON is between the reader (codec/json_parse.c) and those who ask
 * (codec/json.c).
 */
#ifndef BL_CODEC_JSON_NODE_H
#define BL_CODEC_JSON_NODE_H

#include "codec/json.h"

enum bl_json_kind {
    BL_JSON_NULL,
    BL_JSON_FALSE,
    BL_JSON_TRUE,
    BL_JSON_INTEGER,
    BL_JSON_REAL,
    BL_JSON_STRING,
    BL_JSON_ARRAY,
    BL_JSON_OBJECT
};

struct bl_json {
    enum bl_json_kind kind;
    uint32_t name_hash;
    struct bulla_bytes name; /* of a member */
    struct bulla_bytes text; /* of a string */
    int64_t integer;
    size_t count;           /* of an array or object */
    struct bl_json *first;  /* of its items */
    struct bl_json **items; /* of an array: each of them, for whoever asks by number */
    struct bl_json *next;   /* beside this one */
};

#endif

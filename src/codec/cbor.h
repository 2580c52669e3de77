/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/cbor.h: deterministic CBOR (RFC 8949 section 4.2.1), read strictly and written canonically.
 *
 * Guarantees: definite lengths, shortest heads, map keys strictly ascending by their encoded bytes,
 * valid UTF-8 in text, no floats, no simple values but false, true and null; whatever is read back
 * by this reader has exactly one encoding. Allocates nothing. After the first failure every read
 * yields zero and the cursor stays put (see codec/reader.h).
 * Foreign formats have maps in any order and of indefinite length. They have functions of their own,
 * which give up that and nothing else.
 * Does not: know any schema; a decoder asks for what its CDDL says and finishes.
 */
#ifndef BL_CODEC_CBOR_H
#define BL_CODEC_CBOR_H

#include "codec/reader.h"
#include "codec/writer.h"

#define BL_CBOR_DEPTH_MAX 16 /* nested arrays and maps; our deepest format needs 8 */

enum bl_cbor_type {
    BL_CBOR_UINT,
    BL_CBOR_NEGATIVE,
    BL_CBOR_BYTES,
    BL_CBOR_TEXT,
    BL_CBOR_ARRAY,
    BL_CBOR_MAP,
    BL_CBOR_TAG,
    BL_CBOR_SIMPLE,
    BL_CBOR_END /* nothing left, or the reader has failed */
};

/** Type of the next item; does not move. */
enum bl_cbor_type bl_cbor_peek(const struct bl_reader *r);

uint64_t bl_cbor_read_uint(struct bl_reader *r);
/** Fails outside INT64_MIN..INT64_MAX. */
int64_t bl_cbor_read_int(struct bl_reader *r);
bool bl_cbor_read_bool(struct bl_reader *r);
void bl_cbor_read_null(struct bl_reader *r);
/** True, and moves on, if the next item is null. */
bool bl_cbor_read_if_null(struct bl_reader *r);
/** Borrowed; fails if longer than `size_max` bytes. */
struct bulla_bytes bl_cbor_read_bytes(struct bl_reader *r, size_t size_max);
struct bulla_bytes bl_cbor_read_text(struct bl_reader *r, size_t size_max);
/** Exactly `size` bytes into `out`, or zeros and a failure. */
void bl_cbor_read_bytes_exact(struct bl_reader *r, void *out, size_t size);
/** Fails unless the next item is this very tag. */
void bl_cbor_read_tag(struct bl_reader *r, uint64_t tag);
/** Number of items; fails above `count_max`, or if the bytes left cannot hold so many. */
size_t bl_cbor_read_array(struct bl_reader *r, size_t count_max);

/** A map being read: pairs left, and the last key's bytes for the check of their order. */
struct bl_cbor_map {
    size_t left;                 /* pairs; of an endless one: how many it may have yet */
    struct bulla_bytes last_key; /* encoded */
    bool is_foreign;             /* keys in any order */
    bool is_endless;             /* indefinite length, and its end was not seen yet */
};
struct bl_cbor_map bl_cbor_read_map(struct bl_reader *r, size_t count_max);
/** A map as other people's encoders write it: keys in any order, definite or indefinite length (RFC
 *  8949 section 3.2.2). Who asks for it refuses keys that come twice; what is in it is as strict. */
struct bl_cbor_map bl_cbor_read_foreign_map(struct bl_reader *r, size_t count_max);
/** True while a pair is left; then *key_out is the next key (unsigned), and its value follows.
 *  Fails when keys do not ascend, unless the map is foreign. Skip the value of a key that is not wanted. */
bool bl_cbor_map_next_uint(struct bl_reader *r, struct bl_cbor_map *map, uint64_t *key_out);
/** The same for text keys and byte-string keys (of at most `size_max` bytes). */
bool bl_cbor_map_next_text(struct bl_reader *r, struct bl_cbor_map *map, size_t size_max,
                           struct bulla_bytes *key_out);
bool bl_cbor_map_next_bytes(struct bl_reader *r, struct bl_cbor_map *map, size_t size_max,
                            struct bulla_bytes *key_out);
/** Pass over one whole item, checking it as strictly as if it were read; its encoded bytes. */
struct bulla_bytes bl_cbor_skip(struct bl_reader *r);

/** True, and moves on, if the next item is this very tag. */
bool bl_cbor_read_if_tag(struct bl_reader *r, uint64_t tag);

#define BL_CBOR_KEYED_COUNT_MAX 64 /* pairs of one map: each key is held against all before it */

/** A foreign map whose keys are integers or text, and come once each: the claims of a token. */
struct bl_cbor_keyed_map {
    struct bl_cbor_map map;
    size_t count;
    struct bulla_bytes keys[BL_CBOR_KEYED_COUNT_MAX]; /* encoded */
};
struct bl_cbor_key {
    bool is_text;
    int64_t number;          /* unless is_text */
    struct bulla_bytes text; /* if is_text */
};
void bl_cbor_read_keyed_map(struct bl_reader *r, struct bl_cbor_keyed_map *map);
/** True while a pair is left; then *key_out is the next key, and its value follows. Fails when a key
 *  comes twice. Skip the value of a key that is not wanted with bl_cbor_skip_foreign(). */
bool bl_cbor_keyed_next(struct bl_reader *r, struct bl_cbor_keyed_map *map,
                        struct bl_cbor_key *key_out);
/** As bl_cbor_skip(), with such maps at any depth. */
struct bulla_bytes bl_cbor_skip_foreign(struct bl_reader *r);

void bl_cbor_write_uint(struct bl_writer *w, uint64_t value);
void bl_cbor_write_int(struct bl_writer *w, int64_t value);
void bl_cbor_write_bool(struct bl_writer *w, bool value);
void bl_cbor_write_null(struct bl_writer *w);
void bl_cbor_write_bytes(struct bl_writer *w, struct bulla_bytes bytes);
/** `text` must be valid UTF-8, else the writer fails. */
void bl_cbor_write_text(struct bl_writer *w, struct bulla_bytes text);
void bl_cbor_write_tag(struct bl_writer *w, uint64_t tag);
/** The caller then writes `count` items. */
void bl_cbor_write_array(struct bl_writer *w, size_t count);
/** The caller then writes `count` pairs, keys ascending by their encoded bytes. */
void bl_cbor_write_map(struct bl_writer *w, size_t count);

#endif

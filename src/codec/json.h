/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/json.h: JSON (RFC 8259) read strictly, and written so that it is always valid.
 *
 * Guarantees: one object or array and nothing after it; no duplicate names; UTF-8; no NUL in
 * strings; size, depth, values (131072) and members of one object (512) bounded; numbers are
 * integers of 64 bits wherever one is asked for, and others are never looked at. What is absent or null never counts as zero, false or the empty string.
 * Errors of a value name it in err->where; errors of the parse carry the byte in err->offset and
 * the line in err->detail.
 * Does not: keep the bytes that were read (what is signed as JSON is verified over its bytes).
 */
#ifndef BL_CODEC_JSON_H
#define BL_CODEC_JSON_H

#include "base/cleanup.h"
#include "codec/writer.h"

#define BL_JSON_DEPTH_MAX 16 /* nested arrays and objects; our deepest format needs 7 */

struct bl_json; /* a value; the one that was parsed owns all within it */

/** Parse all of `text`, at most `size_max` bytes. `where` is a static name for errors.
 *  BULLA_E_MALFORMED, BULLA_E_LIMIT, BULLA_E_MEMORY. */
enum bulla_status bl_json_parse(struct bulla_bytes text, const char *where, size_t size_max,
                                struct bl_json **value_out, struct bulla_error *err) BULLA_CHECKED;
void bl_json_free(struct bl_json *value);
BL_DEFINE_FREEP(bl_json)

/** The member with this name, or NULL if it is absent (or `object` is no object). A member that
 *  is null is present: bl_json_is_null(). */
const struct bl_json *bl_json_find(const struct bl_json *object, const char *name);
/** The same, where absence is an error. `name` is static, here and below. */
enum bulla_status bl_json_require(const struct bl_json *object, const char *name,
                                  const struct bl_json **value_out,
                                  struct bulla_error *err) BULLA_CHECKED;
bool bl_json_is_null(const struct bl_json *value);

/** An object, with members of any name. */
enum bulla_status bl_json_as_object(const struct bl_json *value, const char *name,
                                    struct bulla_error *err) BULLA_CHECKED;
/** An object whose members are all among `known`; the nearest known name is err->expected. */
enum bulla_status bl_json_as_object_of(const struct bl_json *value, const char *name,
                                       const char *const *known, size_t known_count,
                                       struct bulla_error *err) BULLA_CHECKED;
/** An array of at most `count_max` items; their number. */
enum bulla_status bl_json_as_array(const struct bl_json *value, const char *name, size_t count_max,
                                   size_t *count_out, struct bulla_error *err) BULLA_CHECKED;
/** The i-th item of an array, or NULL. */
const struct bl_json *bl_json_at(const struct bl_json *array, size_t i);
/** A string of at most `size_max` bytes, borrowed; a zero follows it. */
enum bulla_status bl_json_as_text(const struct bl_json *value, const char *name, size_t size_max,
                                  struct bulla_bytes *text_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** An integer from `least` to `most`; 1.0 and 1e2 are not integers. */
enum bulla_status bl_json_as_number(const struct bl_json *value, const char *name, int64_t least,
                                    int64_t most, int64_t *number_out,
                                    struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_json_as_bool(const struct bl_json *value, const char *name, bool *value_out,
                                  struct bulla_error *err) BULLA_CHECKED;

/** Walk the members of an object in their order: start with *cursor NULL; false at the end. */
bool bl_json_next(const struct bl_json *object, void **cursor, struct bulla_bytes *name_out,
                  const struct bl_json **value_out);

/** JSON being written. Members are written in the order of the calls; `name` is UTF-8 and NULL
 *  for the items of an array and for the outermost value. */
struct bl_json_writer {
    struct bl_writer w;
    size_t depth;
    bool in_object[BL_JSON_DEPTH_MAX]; /* what is open at each depth */
    bool has_items[BL_JSON_DEPTH_MAX + 1];
};

struct bl_json_writer bl_json_writer(struct bulla_buffer *buffer);
void bl_json_open_object(struct bl_json_writer *j, const char *name);
void bl_json_open_array(struct bl_json_writer *j, const char *name);
/** Close what was opened last. */
void bl_json_close(struct bl_json_writer *j);
/** Bytes that are no UTF-8 become U+FFFD, one each; what could steer a terminal is escaped. */
void bl_json_write_text(struct bl_json_writer *j, const char *name, struct bulla_bytes text);
/** A static or otherwise terminated string. */
void bl_json_write_word(struct bl_json_writer *j, const char *name, const char *word);
/** A string of lower-case hexadecimal digits. */
void bl_json_write_hex(struct bl_json_writer *j, const char *name, struct bulla_bytes bytes);
void bl_json_write_number(struct bl_json_writer *j, const char *name, int64_t number);
/** From 2^53 on many readers lose digits: a value that may be so large belongs into a string. */
void bl_json_write_u64(struct bl_json_writer *j, const char *name, uint64_t number);
void bl_json_write_bool(struct bl_json_writer *j, const char *name, bool value);
void bl_json_write_null(struct bl_json_writer *j, const char *name);
/** One whole value was written; BULLA_E_ARGUMENT for a name that is missing, too much, or no UTF-8,
 *  for a second outermost value, and where something is open. */
enum bulla_status bl_json_finish(const struct bl_json_writer *j,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif

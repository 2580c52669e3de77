/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/result.h: the one JSON object that --json prints (RFC 8259), written member by member.
 *
 * Guarantees: one line of ASCII, whatever the foreign text in it; numbers beyond 2^53 as they are.
 * Does not: check that a name is given once; the caller's literals decide.
 */
#ifndef BL_CMD_RESULT_H
#define BL_CMD_RESULT_H

#include "cmd/page.h"

#define BL_RESULT_DEPTH_MAX 8

struct bl_result {
    struct bl_page page;
    size_t depth;
    bool has_member[BL_RESULT_DEPTH_MAX];
    char closing[BL_RESULT_DEPTH_MAX];
};

/** Begin the object. Every `name` below is a literal, or NULL inside an array. */
void bl_result_begin(struct bl_result *result);
void bl_result_open_object(struct bl_result *result, const char *name);
void bl_result_open_array(struct bl_result *result, const char *name);
/** End the innermost object or array. */
void bl_result_close(struct bl_result *result);

/** Foreign text: what is not UTF-8 becomes U+FFFD. */
void bl_result_text(struct bl_result *result, const char *name, struct bulla_bytes text);
void bl_result_word(struct bl_result *result, const char *name, const char *word);
void bl_result_number(struct bl_result *result, const char *name, uint64_t number);
void bl_result_flag(struct bl_result *result, const char *name, bool flag);
void bl_result_null(struct bl_result *result, const char *name);
void bl_result_hex(struct bl_result *result, const char *name, struct bulla_bytes bytes);
/** RFC 3339, UTC. */
void bl_result_time(struct bl_result *result, const char *name, int64_t time_s);
/** A found or expected value; null if there is none. */
void bl_result_value(struct bl_result *result, const char *name, const struct bulla_value *value);

/** End every level that is open, and the line. */
void bl_result_end(struct bl_result *result);
/** bl_result_end(), then write it. */
enum bulla_status bl_result_write(struct bl_result *result, int fd,
                                  struct bulla_error *err) BULLA_CHECKED;
void bl_result_done(struct bl_result *result);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/path.h: a name put below a directory: DIRECTORY/NAME.
 *
 * Guarantees: nothing is ever cut off: a path is whole, or it is refused and `out` is untouched.
 * Does not: look at the file system, remove "." and "..", or join two slashes into one: "" as NAME
 * gives "DIRECTORY/".
 */
#ifndef BL_SYS_PATH_H
#define BL_SYS_PATH_H

#include <stddef.h>

#include "bulla/status.h"

/** DIRECTORY/NAME on the heap, for bl_free(); NULL without memory. */
char *bl_path_join(const char *directory, const char *name) __attribute__((warn_unused_result));
/** DIRECTORY/NAME in `out` of `size` bytes with the terminator; `where` (a literal) is whose path
 *  is too long: BULLA_E_LIMIT. */
enum bulla_status bl_path_format(char *out, size_t size, const char *directory, const char *name,
                                 const char *where, struct bulla_error *err) BULLA_CHECKED;
/** As bl_path_format(), but a NAME that starts with a slash is the whole path. */
enum bulla_status bl_path_resolve(char *out, size_t size, const char *directory, const char *name,
                                  const char *where, struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/wrapper.h: evidence in a conceptual message wrapper: of which kind it is, and its pieces with
 * their roles. Format: docs/formats/evidence-wrapper.md.
 *
 * Guarantees: nothing of a wrapper is an anchor or an input; what it does not say is not guessed.
 * Does not: verify.
 */
#ifndef BL_TEE_WRAPPER_H
#define BL_TEE_WRAPPER_H

#include "codec/cmw.h"
#include "tee/scheme.h"

#define BL_WRAPPER_TYPE "tag:bulla.invalid,2026:evidence/1" /* of the collection */
#define BL_WRAPPER_EVIDENCE "evidence"                      /* label of the evidence itself */
#define BL_WRAPPER_TYPE_PREFIX "application/vnd.bulla."     /* of the evidence, before its kind */
#define BL_WRAPPER_PART_TYPE "application/octet-stream"
#define BL_WRAPPER_ROLE_SIZE 64 /* bytes of a role, with its zero */

struct bl_wrapped_evidence {
    const struct bl_scheme *scheme;
    struct bulla_bytes evidence;
    size_t part_count;
    struct bl_part parts[BL_PART_COUNT_MAX];
    char roles[BL_PART_COUNT_MAX][BL_WRAPPER_ROLE_SIZE]; /* what the parts name */
};

/** What is in a wrapper: our collection, or a single message of a type that is known. Views into what
 *  `cmw` views; *wrapped_out must not be moved, and is untouched on failure. MALFORMED (what our
 *  collection must have), UNSUPPORTED (another collection, type or kind). */
enum bulla_status bl_wrapper_open(const struct bl_cmw *cmw, struct bl_wrapped_evidence *wrapped_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Put its parts behind the `*count` that were given, of which there may be BL_PART_COUNT_MAX in all;
 *  but what is given stands for all of its role: a wrapper cannot add to it, nor make it ambiguous and
 *  so unread. BULLA_E_LIMIT. */
enum bulla_status bl_wrapper_add_parts(const struct bl_wrapped_evidence *wrapped,
                                       struct bl_part *parts, size_t *count,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Append the collection of one piece of evidence. Parts with one role stay in their order.
 *  BULLA_E_ARGUMENT for a kind that does not exist, BULLA_E_LIMIT. */
enum bulla_status bl_wrapper_make(const char *kind, struct bulla_bytes evidence,
                                  const struct bl_part *parts, size_t part_count,
                                  struct bulla_buffer *out, struct bulla_error *err) BULLA_CHECKED;

#endif

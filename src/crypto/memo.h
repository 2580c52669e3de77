/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/memo.h: results of pure functions of bytes, kept beside those bytes: that a signature
 * verifies, what a text parses to.
 *
 * Nothing that depends on the time, on who is trusted or on what a policy wants is ever kept, so a memo
 * can make an answer faster and never another one. Only what succeeded is kept.
 * Guarantees: found is only what was kept for the very same bytes, which are compared as a whole (as
 * fast as a digest is slow); at most as many entries and bytes as it was made for; the entry that was
 * not used for the longest time goes first. One memo belongs to one thread.
 */
#ifndef BL_CRYPTO_MEMO_H
#define BL_CRYPTO_MEMO_H

#include "base/cleanup.h"
#include "bulla/status.h"

#define BL_MEMO_ARGUMENT_COUNT_MAX 4

struct bl_memo;

/** A function of these arguments. */
struct bl_memo_question {
    const char *function;                                     /* its name, static */
    struct bulla_bytes arguments[BL_MEMO_ARGUMENT_COUNT_MAX]; /* borrowed; the rest empty */
};

/** Room for `capacity` entries (at least 1) and `size_max` bytes of arguments. */
enum bulla_status bl_memo_new(size_t capacity, size_t size_max, struct bl_memo **memo_out,
                              struct bulla_error *err) BULLA_CHECKED;
void bl_memo_free(struct bl_memo *memo);
BL_DEFINE_FREEP(bl_memo)

/** What is kept, borrowed until the next bl_memo_keep() or bl_memo_note(); NULL if nothing is, or
 *  without a memo. */
void *bl_memo_find(struct bl_memo *memo, const struct bl_memo_question *question);
/** Note that the function succeeded, where that is all there is to know: bl_memo_find() gives something
 *  then. Nothing happens without a memo. */
enum bulla_status bl_memo_note(struct bl_memo *memo, const struct bl_memo_question *question,
                               struct bulla_error *err) BULLA_CHECKED;
/** Keep `value` (not NULL), which is taken over in any case: `release` is called with it when it goes,
 *  which is at once without a memo, if something is kept already, or if its arguments are too large. */
enum bulla_status bl_memo_keep(struct bl_memo *memo, const struct bl_memo_question *question,
                               void *value, void (*release)(void *value),
                               struct bulla_error *err) BULLA_CHECKED;

#endif

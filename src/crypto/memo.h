/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/memo.h: results of pure functions of bytes, kept by the digest of those bytes: that a
 * signature verifies, what a text parses to.
 *
 * Nothing that depends on the time, on who is trusted or on what a policy wants is ever kept, so a memo
 * can make an answer faster and never another one. Only what succeeded is kept.
 * Guarantees: at most as many entries as it was made for; the one that was not used for the longest
 * time goes first. One memo belongs to one thread.
 */
#ifndef BL_CRYPTO_MEMO_H
#define BL_CRYPTO_MEMO_H

#include "base/cleanup.h"
#include "bulla/status.h"

#define BL_MEMO_KEY_SIZE 32 /* bytes: SHA-256 */

struct bl_memo;

/** Room for `capacity` entries (at least 1). */
enum bulla_status bl_memo_new(size_t capacity, struct bl_memo **memo_out,
                              struct bulla_error *err) BULLA_CHECKED;
void bl_memo_free(struct bl_memo *memo);
BL_DEFINE_FREEP(bl_memo)

/** The key of a function (`label`, its name) of these arguments: no two lists have the same. */
enum bulla_status bl_memo_key(const char *label, const struct bulla_bytes *arguments, size_t count,
                              uint8_t key_out[BL_MEMO_KEY_SIZE],
                              struct bulla_error *err) BULLA_CHECKED;
/** What is kept under the key, borrowed until the next bl_memo_keep(); NULL if nothing is, or without
 *  a memo. */
void *bl_memo_find(struct bl_memo *memo, const uint8_t key[BL_MEMO_KEY_SIZE]);
/** Note that the function succeeded, where that is all there is to know: bl_memo_find() gives something
 *  then. Nothing happens without a memo. */
void bl_memo_note(struct bl_memo *memo, const uint8_t key[BL_MEMO_KEY_SIZE]);
/** Keep `value` (not NULL); the memo calls `release` with it when it goes (NULL: nothing). False if it
 *  was not taken: without a memo, or where something is kept already. */
bool bl_memo_keep(struct bl_memo *memo, const uint8_t key[BL_MEMO_KEY_SIZE], void *value,
                  void (*release)(void *value));

#endif

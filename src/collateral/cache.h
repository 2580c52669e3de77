/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/cache.h: collateral kept on disk.
 *
 *     DIRECTORY/objects/SHA-256           bodies and issuers' chains as they are, named by content
 *     DIRECTORY/entries/SHA-256(name)     what is where under a name, and since when (a record)
 *     DIRECTORY/holds/SHA-256(subject)    whom not to ask again, until when (a record)
 *     DIRECTORY/numbers                   the highest tcbEvaluationDataNumber of each name (a record)
 *     DIRECTORY/lock                      held while anything is written
 *
 * Guarantees: what is read is what was written, or CACHE_ALTERED, never something else or nothing; a
 * write is whole or not at all through kill -9; two processes take turns; size and count are
 * bounded, and what was fetched longest ago goes first. The numbers do not go back unless told.
 * Does not: verify (who puts and who gets does), nor keep from whoever may write the directory what
 * he writes: every piece is verified when it is used.
 */
#ifndef BL_COLLATERAL_CACHE_H
#define BL_COLLATERAL_CACHE_H

#include "collateral/object.h"

#define BL_CACHE_COUNT_MAX 512                 /* entries; fits one set */
#define BL_CACHE_SIZE_MAX ((uint64_t)64 << 20) /* bytes of objects */
#define BL_CACHE_HOLD_COUNT_MAX 1024
#define BL_CACHE_NUMBER_COUNT_MAX 4096 /* names of which a number is remembered */

struct bl_cache;
/** `directory` is made (0700) if it is not there and `may_create`; else NOT_FOUND. */
enum bulla_status bl_cache_open(const char *directory, bool may_create, struct bl_cache **cache_out,
                                struct bulla_error *err) BULLA_CHECKED;
void bl_cache_free(struct bl_cache *cache);
BL_DEFINE_FREEP(bl_cache)

/** NOT_FOUND, CACHE_ALTERED. */
enum bulla_status bl_cache_get(struct bl_cache *cache, const struct bl_collateral_name *name,
                               struct bl_collateral **object_out,
                               struct bulla_error *err) BULLA_CHECKED;
/** Keep a piece that was verified, with its facts. COLLATERAL_OLDER, with the numbers, for an
 *  evaluation number below the one remembered, unless `may_go_back`: then this one is remembered. */
enum bulla_status bl_cache_put(struct bl_cache *cache, const struct bl_collateral *object,
                               const struct bl_collateral_facts *facts, bool may_go_back,
                               struct bulla_error *err) BULLA_CHECKED;
/** All pieces into *set; *altered_out counts entries that are damaged and were passed over. */
enum bulla_status bl_cache_read_all(struct bl_cache *cache, struct bl_collateral_set *set,
                                    size_t *altered_out, struct bulla_error *err) BULLA_CHECKED;
/** The number remembered for this name; not present if there is none. CACHE_ALTERED. */
enum bulla_status bl_cache_number(struct bl_cache *cache, const struct bl_collateral_name *name,
                                  struct bl_claim_number *number_out,
                                  struct bulla_error *err) BULLA_CHECKED;

/** Why somebody is not asked. */
enum bl_hold { BL_HOLD_NONE = 0, BL_HOLD_ABSENT, BL_HOLD_BUSY };
/** Do not ask about `subject` (a name, or a host) before `until_s`. */
enum bulla_status bl_cache_hold(struct bl_cache *cache, const char *subject, enum bl_hold why,
                                int64_t until_s, struct bulla_error *err) BULLA_CHECKED;
/** NONE if there is no hold now; a damaged one, or one longer than holds last, is none. */
enum bl_hold bl_cache_held(struct bl_cache *cache, const char *subject, int64_t now_s);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/cache_internal.h: what the files of the cache share.
 */
#ifndef BL_COLLATERAL_CACHE_INTERNAL_H
#define BL_COLLATERAL_CACHE_INTERNAL_H

#include "collateral/cache.h"

#define WHERE "cache"
#define PATH_SIZE 4096
#define DIGEST_SIZE 32
#define FILE_NAME_SIZE (2 * DIGEST_SIZE) /* characters */

struct bl_cache {
    char directory[PATH_SIZE];
};

struct bl_cache_entry {
    struct bl_collateral_name name;
    uint8_t body[DIGEST_SIZE], issuers[DIGEST_SIZE];
    bool has_issuers;
    int64_t fetched_s;
};

/** DIRECTORY/PLACE. */
enum bulla_status bl_cache_path(const struct bl_cache *cache, const char *place,
                                char path[PATH_SIZE], struct bulla_error *err) BULLA_CHECKED;
/** DIRECTORY/PLACE/SHA-256(text). */
enum bulla_status bl_cache_path_of_text(const struct bl_cache *cache, const char *place,
                                        const char *text, char path[PATH_SIZE],
                                        struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_cache_altered(const char *what, struct bulla_error *err) BULLA_CHECKED;
/** NOT_FOUND, CACHE_ALTERED. */
enum bulla_status bl_cache_read_entry(const char *path, struct bl_cache_entry *entry_out,
                                      struct bulla_error *err) BULLA_CHECKED;

/** What to do with each file of a place. */
typedef enum bulla_status bl_cache_visit(struct bl_cache *cache, const char *path, const char *name,
                                         void *context, struct bulla_error *err);
/** Files that are not named as ours are passed over. */
enum bulla_status bl_cache_visit_all(struct bl_cache *cache, const char *place,
                                     bl_cache_visit *each, void *context,
                                     struct bulla_error *err) BULLA_CHECKED;

/* -- with the lock held -- */

/** Remember this number; COLLATERAL_OLDER. */
enum bulla_status bl_cache_raise_number(const struct bl_cache *cache,
                                        const struct bl_collateral_name *name,
                                        struct bl_claim_number evaluation, bool may_go_back,
                                        struct bulla_error *err) BULLA_CHECKED;
/** Remove what nobody names, and the oldest entries but `spared` until the bounds hold. */
enum bulla_status bl_cache_make_room(struct bl_cache *cache, const char *spared,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

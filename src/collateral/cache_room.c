/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/cache_room.c: the bounds of the cache, and what goes so that they hold.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "collateral/cache_internal.h"
#include "sys/call.h"

struct kept {
    char path[PATH_SIZE];
    struct bl_cache_entry entry;
};

struct census {
    uint8_t digests[2 * BL_CACHE_COUNT_MAX + 2][DIGEST_SIZE]; /* in use */
    size_t digest_count;
    size_t count;
    struct kept oldest; /* of the entries but the one just written */
    bool has_oldest;
    const char *spared; /* text of the name just written */
    uint64_t size;      /* bytes of all objects */
};

static void
census_free(struct census *census)
{
    bl_free(census);
}
BL_DEFINE_FREEP(census)

static void
use(struct census *census, const uint8_t digest[DIGEST_SIZE])
{
    if (census->digest_count < BL_COUNT_OF(census->digests))
        memcpy(census->digests[census->digest_count++], digest, DIGEST_SIZE);
}

/* A damaged entry counts, and is the first to go. */
static enum bulla_status
count_entry(struct bl_cache *cache, const char *path, const char *name, void *context,
            struct bulla_error *err)
{
    struct census *census = context;
    struct kept kept = { .entry = { .fetched_s = INT64_MIN } };
    struct bulla_error failure = { 0 };

    (void)cache;
    (void)name;
    strcpy(kept.path, path);
    enum bulla_status status = bl_cache_read_entry(path, &kept.entry, &failure);
    if (status != BULLA_OK && failure.cause != BULLA_CAUSE_CACHE_ALTERED) {
        if (err != NULL)
            *err = failure;
        return status;
    }
    census->count++;
    use(census, kept.entry.body);
    if (kept.entry.has_issuers)
        use(census, kept.entry.issuers);
    if (strcmp(kept.entry.name.text, census->spared) != 0 &&
        (!census->has_oldest || kept.entry.fetched_s < census->oldest.entry.fetched_s)) {
        census->oldest = kept;
        census->has_oldest = true;
    }
    return BULLA_OK;
}

static bool
is_used(const struct census *census, const char *name)
{
    char hex[FILE_NAME_SIZE + 1];

    for (size_t i = 0; i < census->digest_count; i++) {
        for (size_t k = 0; k < DIGEST_SIZE; k++)
            (void)snprintf(hex + 2 * k, 3, "%02x", census->digests[i][k]);
        if (strcmp(hex, name) == 0)
            return true;
    }
    return false;
}

/* Objects that no entry names are removed; the others are measured. */
static enum bulla_status
sweep_object(struct bl_cache *cache, const char *path, const char *name, void *context,
             struct bulla_error *err)
{
    struct census *census = context;
    struct stat status;

    (void)cache;
    if (!is_used(census, name))
        return BL_CALL(FILE, unlink(path)) == 0 || errno == ENOENT
                   ? BULLA_OK
                   : bl_fail_errno(err, WHERE, "an old object cannot be removed");
    if (BL_CALL(FILE, stat(path, &status)) != 0)
        return bl_fail_errno(err, WHERE, "an object cannot be examined");
    census->size += (uint64_t)status.st_size;
    return BULLA_OK;
}

static enum bulla_status
make_room_once(struct bl_cache *cache, const char *spared, bool *again_out, struct bulla_error *err)
{
    BL_AUTO_FREE(census) census = bl_alloc(1, sizeof *census);

    if (census == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    census->spared = spared;
    BL_TRY(bl_cache_visit_all(cache, "entries", count_entry, census, err));
    if (census->count <= BL_CACHE_COUNT_MAX)
        BL_TRY(bl_cache_visit_all(cache, "objects", sweep_object, census, err));
    *again_out = census->has_oldest &&
                 (census->count > BL_CACHE_COUNT_MAX || census->size > BL_CACHE_SIZE_MAX);
    if (*again_out && BL_CALL(FILE, unlink(census->oldest.path)) != 0)
        return bl_fail_errno(err, WHERE, "an old entry cannot be removed");
    return BULLA_OK;
}

enum bulla_status
bl_cache_make_room(struct bl_cache *cache, const char *spared, struct bulla_error *err)
{
    bool again = true;

    while (again)
        BL_TRY(make_room_once(cache, spared, &again, err));
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/cache_holds.c: whom not to ask, and until when. Hints: a lost one costs a question.
 */
#include <unistd.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "collateral/cache_internal.h"
#include "collateral/record.h"
#include "sys/call.h"

#define HOLD_MAX_S (2 * BL_FETCH_WAIT_MAX_S)

static enum bulla_status
count_hold(struct bl_cache *cache, const char *path, const char *name, void *context,
           struct bulla_error *err)
{
    size_t *count = context;

    (void)cache;
    (void)path;
    (void)name;
    (void)err;
    (*count)++;
    return BULLA_OK;
}

static enum bulla_status
drop_hold(struct bl_cache *cache, const char *path, const char *name, void *context,
          struct bulla_error *err)
{
    (void)cache;
    (void)name;
    (void)context;
    return BL_CALL(FILE, unlink(path)) == 0 || errno == ENOENT
               ? BULLA_OK
               : bl_fail_errno(err, WHERE, "an old hold cannot be removed");
}

/* They are hints: when there are too many, all are forgotten. */
static enum bulla_status
bound_holds(struct bl_cache *cache, struct bulla_error *err)
{
    size_t count = 0;

    BL_TRY(bl_cache_visit_all(cache, "holds", count_hold, &count, err));
    return count < BL_CACHE_HOLD_COUNT_MAX
               ? BULLA_OK
               : bl_cache_visit_all(cache, "holds", drop_hold, NULL, err);
}

enum bulla_status
bl_cache_hold(struct bl_cache *cache, const char *subject, enum bl_hold why, int64_t until_s,
              struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_writer w = bl_writer(&content);
    char path[PATH_SIZE];

    BL_TRY(bound_holds(cache, err));
    bl_cbor_write_array(&w, 2);
    bl_cbor_write_uint(&w, why);
    bl_cbor_write_int(&w, until_s);
    BL_TRY(bl_writer_finish(&w, err));
    BL_TRY(bl_cache_path_of_text(cache, "holds", subject, path, err));
    return bl_record_write(path, bulla_buffer_bytes(&content), err);
}

enum bl_hold
bl_cache_held(struct bl_cache *cache, const char *subject, int64_t now_s)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    char path[PATH_SIZE];

    if (bl_cache_path_of_text(cache, "holds", subject, path, NULL) != BULLA_OK ||
        bl_record_read(path, &content, NULL) != BULLA_OK)
        return BL_HOLD_NONE;
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&content), WHERE);
    const size_t count = bl_cbor_read_array(&r, 2);
    const uint64_t why = bl_cbor_read_uint(&r);
    const int64_t until_s = bl_cbor_read_int(&r);
    if (bl_reader_finish(&r, NULL) != BULLA_OK || count != 2)
        return BL_HOLD_NONE;
    if (now_s < until_s && until_s - now_s <= HOLD_MAX_S && why <= BL_HOLD_BUSY)
        return (enum bl_hold)why;
    (void)unlink(path);
    return BL_HOLD_NONE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/collateral/cache_fixture.h: a cache in a folder of its own, and pieces put into it and got.
 */
#ifndef TESTS_COLLATERAL_CACHE_FIXTURE_H
#define TESTS_COLLATERAL_CACHE_FIXTURE_H

#include "collateral/pieces.h"

#include <dirent.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collateral/cache.h"
#include "faults.h"
#include "folder.h"
#include "sys/clock.h"
#include "sys/file.h"

#define PATH_SIZE 1024

static char world[64]; /* a directory of this test's own */

static inline int
remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int
world_start(void **state)
{
    (void)state;
    return make_folder(world, sizeof world);
}

static inline int
world_end(void **state)
{
    (void)state;
    return nftw(world, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline struct bl_cache *
open_cache(void)
{
    struct bulla_error err = { 0 };
    struct bl_cache *cache = NULL;
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof path, "%s/cache", world);
    assert_ok(bl_cache_open(path, /* may_create= */ true, &cache, &err), &err);
    return cache;
}

static inline enum bulla_status
put_number(struct bl_cache *cache, const char *name, const char *body, uint64_t number,
           bool may_go_back, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_collateral) piece = piece_of(name, text_bytes(body), BL_LITERAL("issuers"));
    const struct bl_collateral_facts facts = { .evaluation = { number > 0, number } };

    return bl_cache_put(cache, piece, &facts, may_go_back, err);
}

static inline void
put(struct bl_cache *cache, const char *name, const char *body)
{
    struct bulla_error err = { 0 };

    assert_ok(put_number(cache, name, body, 0, false, &err), &err);
}

static inline enum bulla_cause
get(struct bl_cache *cache, const char *name, const char *body)
{
    const struct bl_collateral_name wanted = named(name);
    BL_AUTO_FREE(bl_collateral) piece = NULL;
    struct bulla_error err = { 0 };

    if (bl_cache_get(cache, &wanted, &piece, &err) != BULLA_OK) {
        assert_null(piece);
        return err.cause;
    }
    assert_string_equal(piece->name.text, name);
    assert_bytes_equal(bulla_buffer_bytes(&piece->body), text_bytes(body));
    assert_bytes_equal(bulla_buffer_bytes(&piece->issuers), BL_LITERAL("issuers"));
    assert_int_equal(piece->fetched_s, 1800000000);
    return BULLA_CAUSE_NONE;
}

#define with_cache(test) cmocka_unit_test_setup_teardown(test, world_start, world_end)

#endif

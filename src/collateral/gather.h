/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/gather.h: see to it that the cache has what is wanted: fetch what is missing or half
 * gone, verify it, keep it.
 *
 * Guarantees: nothing enters the cache unverified, and nothing older replaces what is newer; one
 * piece that cannot be had does not spoil the others. A source that says "wait" is waited for within
 * a budget, and then left alone for as long as it said; what is not there is not asked for again for
 * an hour.
 */
#ifndef BL_COLLATERAL_GATHER_H
#define BL_COLLATERAL_GATHER_H

#include "collateral/age.h"
#include "collateral/cache.h"
#include "collateral/source.h"
#include "collateral/wants.h"

enum bl_gathered_how {
    BL_GATHERED_FAILED = 0,
    BL_GATHERED_FETCHED,
    BL_GATHERED_FRESH, /* the cache has it, and not half of its time has gone by */
    BL_GATHERED_NEWER  /* what came is older than what the cache has, which stays */
};

struct bl_gathered {
    enum bl_gathered_how how;
    bool is_kept;                     /* the cache has a good one, whatever came of asking */
    struct bl_collateral_facts facts; /* of what the cache has now, if is_kept */
    struct bl_endpoint endpoint;      /* who was asked; no host: nobody */
    struct bulla_error failure;       /* if FAILED */
};

struct bl_gathering {
    struct bl_cache *cache;
    struct bl_sources sources;
    struct bl_collateral_trust trust;
    bool refresh;     /* ask for what is fresh as well, and again for what was not there */
    bool may_go_back; /* to an older evaluation */
    unsigned wait_s;  /* for sources that want us to wait, all together */
    void (*sleep_ms)(unsigned duration_ms);
    void (*tell)(const struct bl_collateral_name *name); /* before it is asked for; may be NULL */
    /* results */
    struct bl_gathered items[BL_WANT_COUNT_MAX];
};

/** One result for each of `wants`, which grows by the issuers that are found on the way. Fails only
 *  where nothing can be done at all; else look at the results. */
enum bulla_status bl_gather(struct bl_gathering *gathering, struct bl_wants *wants,
                            struct bulla_error *err) BULLA_CHECKED;

#endif

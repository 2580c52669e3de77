/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_cache.c: decrypted pages in memory, the clean ones in the order of their use.
 *
 * Guarantees: a page is wiped before its memory is given back; the CACHED_MIN clean pages used last
 * are not forgotten, so that a caller may look at a few at once.
 */
#include <string.h>

#include "base/memory.h"
#include "seal/volume_pages.h"

#define CACHED_MIN 32u

static size_t
bucket(struct bl_volume_place place)
{
    uint64_t hash = (place.number ^ (uint64_t)place.level << 58) * 0x9e3779b97f4a7c15u;

    return hash >> 52 & (BL_PAGES_BUCKETS - 1);
}

struct bl_page *
bl_page_cache_find(const struct bl_page_cache *cache, struct bl_volume_place place)
{
    struct bl_page *page = cache->buckets[bucket(place)];

    while (page != NULL && (page->place.number != place.number || page->place.level != place.level))
        page = page->next_in_bucket;
    return page;
}

enum bulla_status
bl_page_cache_add(struct bl_page_cache *cache, struct bl_volume_place place,
                  struct bl_page **page_out, struct bulla_error *err)
{
    bl_page_cache_shrink(cache);
    struct bl_page *page = bl_alloc(1, sizeof *page);
    if (page == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "sealed volume", "out of memory", 0);
    struct bl_page **head = &cache->buckets[bucket(place)];
    page->place = place;
    page->next_in_bucket = *head;
    *head = page;
    cache->page_count++;
    *page_out = page;
    return BULLA_OK;
}

void
bl_page_cache_remove(struct bl_page_cache *cache, struct bl_page *page)
{
    struct bl_page **link = &cache->buckets[bucket(page->place)];

    bl_page_cache_pin(cache, page);
    while (*link != page)
        link = &(*link)->next_in_bucket;
    *link = page->next_in_bucket;
    cache->page_count--;
    bl_wipe(page->data, sizeof page->data);
    bl_free(page);
}

void
bl_page_cache_settle(struct bl_page_cache *cache, struct bl_page *page)
{
    bl_page_cache_pin(cache, page);
    page->is_clean = true;
    page->older = cache->newest;
    if (cache->newest != NULL)
        cache->newest->newer = page;
    else
        cache->oldest = page;
    cache->newest = page;
    cache->clean_count++;
}

void
bl_page_cache_pin(struct bl_page_cache *cache, struct bl_page *page)
{
    if (!page->is_clean)
        return;
    if (page->newer != NULL)
        page->newer->older = page->older;
    else
        cache->newest = page->older;
    if (page->older != NULL)
        page->older->newer = page->newer;
    else
        cache->oldest = page->newer;
    page->newer = page->older = NULL;
    page->is_clean = false;
    cache->clean_count--;
}

void
bl_page_cache_shrink(struct bl_page_cache *cache)
{
    while (cache->page_count >= cache->page_count_max && cache->clean_count > CACHED_MIN)
        bl_page_cache_remove(cache, cache->oldest);
}

void
bl_page_cache_done(struct bl_page_cache *cache)
{
    for (size_t i = 0; i < BL_PAGES_BUCKETS; i++) {
        while (cache->buckets[i] != NULL)
            bl_page_cache_remove(cache, cache->buckets[i]);
    }
}

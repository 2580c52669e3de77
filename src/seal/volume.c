/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume.c: a volume made, opened and closed; calls begun and ended; nodes held.
 */
#include "seal/volume.h"

#include "base/memory.h"
#include "seal/volume_nodes.h"

#define PAGE_COUNT_MIN 16 /* the first pages, and a file or two */

static const char where[] = "sealed volume";

static enum bulla_status
check_options(const struct bl_volume_options *options, struct bulla_error *err)
{
    if (options->directory == NULL || options->key == NULL ||
        options->key->size != BL_VOLUME_KEY_SIZE)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no directory, or no key of its size", 0);
    if (options->size_max != 0 && options->size_max / BL_VOLUME_PAGE_SIZE < PAGE_COUNT_MIN)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "too small", 0);
    return BULLA_OK;
}

enum bulla_status
bl_volume_create(const struct bl_volume_options *options, struct bulla_error *err)
{
    BL_TRY(check_options(options, err));
    uint8_t(*content)[BL_VOLUME_PAGE_SIZE] = bl_alloc(BL_FIRST_PAGE_COUNT, BL_VOLUME_PAGE_SIZE);
    if (content == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    bl_volume_first_pages(content);
    enum bulla_status status = bl_pages_create(options, content, BL_FIRST_PAGE_COUNT, err);
    bl_free(content);
    return status;
}

/* Nobody holds anything yet: what has no name any more goes. */
static enum bulla_status
clean_all(struct bl_volume *volume, struct bulla_error *err)
{
    uint64_t node = 0;

    for (;;) {
        BL_TRY(bl_super_get(volume, BL_SUPER_CLEANUP, &node, err));
        if (node == 0)
            return BULLA_OK;
        BL_TRY(bl_volume_clean(volume, node, err));
    }
}

enum bulla_status
bl_volume_open(const struct bl_volume_options *options, struct bl_volume **volume_out,
               struct bulla_error *err)
{
    BL_AUTO_FREE(bl_volume) volume = NULL;

    BL_TRY(check_options(options, err));
    volume = bl_alloc(1, sizeof *volume);
    if (volume == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    volume->page_count_max =
        options->size_max != 0 ? options->size_max / BL_VOLUME_PAGE_SIZE : BL_VOLUME_PAGE_COUNT_MAX;
    if (volume->page_count_max > BL_VOLUME_PAGE_COUNT_MAX)
        volume->page_count_max = BL_VOLUME_PAGE_COUNT_MAX;
    BL_TRY(bl_pages_open(options, &volume->pages, err));
    BL_TRY(bl_super_check(volume, err));
    BL_TRY(clean_all(volume, err));
    *volume_out = volume;
    volume = NULL;
    return BULLA_OK;
}

enum bulla_status
bl_volume_close(struct bl_volume *volume, struct bulla_error *err)
{
    struct bulla_error reason = { 0 };
    enum bulla_status status = bl_pages_checkpoint(volume->pages, &reason);

    bl_volume_free(volume);
    if (status == BULLA_E_IO)
        return bulla_fail_detail(err, BULLA_CAUSE_OUTCOME_UNKNOWN, where,
                                 "may not have reached the disk", reason.detail);
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = reason;
    return status;
}

void
bl_volume_free(struct bl_volume *volume)
{
    if (volume == NULL)
        return;
    for (size_t i = 0; i < BL_HOLD_BUCKETS; i++) {
        while (volume->holds[i] != NULL) {
            struct bl_hold *hold = volume->holds[i];
            volume->holds[i] = hold->next;
            bl_free(hold);
        }
    }
    bl_pages_free(volume->pages);
    bl_free(volume);
}

enum bulla_status
bl_volume_sync(struct bl_volume *volume, struct bulla_error *err)
{
    return bl_pages_sync(volume->pages, err);
}

enum bulla_status
bl_volume_usage(struct bl_volume *volume, struct bl_volume_usage *usage_out,
                struct bulla_error *err)
{
    struct bl_volume_usage usage = {
        .page_size = BL_VOLUME_PAGE_SIZE,
        .page_count_max = volume->page_count_max,
        .generation = volume->pages->generation,
        .is_anchored = volume->pages->anchor != NULL,
    };
    uint64_t used = 0;

    BL_TRY(bl_pages_usable(volume->pages, err));
    BL_TRY(bl_super_get(volume, BL_SUPER_PAGES, &used, err));
    BL_TRY(bl_super_get(volume, BL_SUPER_NODES, &usage.node_count, err));
    usage.page_count_free = used < usage.page_count_max ? usage.page_count_max - used : 0;
    *usage_out = usage;
    return BULLA_OK;
}

enum bulla_status
bl_volume_finish(struct bl_volume *volume, enum bulla_status status, struct bulla_error *err)
{
    if (status == BULLA_OK)
        return bl_pages_commit(volume->pages, err);
    bl_pages_cancel(volume->pages);
    if (status == BULLA_E_INTEGRITY)
        return bl_pages_break(volume->pages, status, err);
    return status;
}

/* -- held nodes -- */

static struct bl_hold **
find_hold(struct bl_volume *volume, uint64_t node)
{
    struct bl_hold **link = &volume->holds[node % BL_HOLD_BUCKETS];

    while (*link != NULL && (*link)->node != node)
        link = &(*link)->next;
    return link;
}

bool
bl_volume_is_held(const struct bl_volume *volume, uint64_t node)
{
    const struct bl_hold *hold = volume->holds[node % BL_HOLD_BUCKETS];

    while (hold != NULL && hold->node != node)
        hold = hold->next;
    return hold != NULL;
}

enum bulla_status
bl_volume_hold(struct bl_volume *volume, uint64_t node, struct bulla_error *err)
{
    struct bl_hold **link = find_hold(volume, node);
    struct bl_node found;

    BL_TRY(bl_pages_usable(volume->pages, err));
    BL_TRY(bl_node_load(volume, node, &found, err));
    if (*link == NULL) {
        struct bl_hold *hold = bl_alloc(1, sizeof *hold);
        if (hold == NULL)
            return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
        hold->node = node;
        *link = hold;
    }
    (*link)->count++;
    return BULLA_OK;
}

enum bulla_status
bl_volume_release(struct bl_volume *volume, uint64_t node, struct bulla_error *err)
{
    struct bl_hold **link = find_hold(volume, node), *hold = *link;
    struct bl_node found;

    if (hold == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a node that nobody holds", 0);
    if (--hold->count > 0)
        return BULLA_OK;
    *link = hold->next;
    bl_free(hold);
    BL_TRY(bl_pages_usable(volume->pages, err));
    BL_TRY(bl_node_load(volume, node, &found, err));
    if (found.link_count == 0)
        bl_volume_clean_later(volume, node);
    return BULLA_OK;
}

enum bulla_status
bl_volume_clean(struct bl_volume *volume, uint64_t node, struct bulla_error *err)
{
    bool is_held = bl_volume_is_held(volume, node), is_done = false;

    while (!is_done) {
        BL_TRY(bl_pages_begin(volume->pages, err));
        enum bulla_status status = bl_node_clean(volume, node, is_held, &is_done, err);
        BL_TRY(bl_volume_finish(volume, status, err));
    }
    return BULLA_OK;
}

void
bl_volume_clean_later(struct bl_volume *volume, uint64_t node)
{
    struct bulla_error ignored = { 0 }; /* a broken volume says so in the next call */
    enum bulla_status status = bl_volume_clean(volume, node, &ignored);

    (void)status;
}

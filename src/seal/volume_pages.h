/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_pages.h: numbered pages that change together: what a sealed volume stands on.
 *
 *     bl_pages_begin .. write, fresh .. bl_pages_commit: one record in the journal, all or nothing
 *     bl_pages_sync: the journal on the disk, the anchor advanced
 *     checkpoint: pages into their places, the tree above them, a new head, an empty journal
 *
 * A page that is changed stays in memory until the next checkpoint, and its first change since the
 * last one is journalled whole: replaying never reads a place that a checkpoint may have been
 * writing when it was killed. A node of the tree has two places, and a checkpoint writes the one
 * that the valid head does not lead to.
 *
 * Guarantees, bounds: seal/volume.h. Memory: cache_size, and CACHED_MIN pages.
 * Does not: know what is in the pages.
 */
#ifndef BL_SEAL_VOLUME_PAGES_H
#define BL_SEAL_VOLUME_PAGES_H

#include "base/buffer.h"
#include "seal/volume_format.h"
#include "sys/file.h"

struct bl_page {
    struct bl_volume_place place;
    struct bl_page *next_in_bucket;
    struct bl_page *newer, *older; /* among the clean ones */
    struct bl_page *next_changed;  /* in this call */
    uint8_t *before;               /* content before this call; NULL: was not in memory */
    bool is_clean;                 /* may be forgotten */
    bool is_dirty;                 /* in the journal, not in its place */
    bool is_changed;               /* in this call */
    bool is_fresh;                 /* in this call: nothing of its content stays */
    uint8_t data[BL_VOLUME_PAGE_SIZE];
};

#define BL_PAGES_BUCKETS 4096u /* of the hash table: about one for each page of the usual cache */

struct bl_page_cache {
    struct bl_page *buckets[BL_PAGES_BUCKETS];
    struct bl_page *newest, *oldest; /* clean ones */
    size_t clean_count, page_count, page_count_max;
};

struct bl_pages {
    struct bl_volume_keys keys;
    struct bl_volume_head head; /* the valid one */
    const struct bl_volume_anchor *anchor;
    struct bl_file_lock lock;
    int head_fd, pages_fd, tree_fd, journal_fd;
    struct bl_page_cache cache;
    size_t dirty_count, dirty_count_max;
    struct bl_page *changed; /* in this call */
    struct bulla_buffer record;
    uint64_t journal_size;         /* bytes */
    uint64_t sequence;             /* of the last record; 0: none since the checkpoint */
    uint64_t synced;               /* records up to this one are on the disk */
    bool is_synced;                /* no change since the last sync */
    uint8_t tag[BL_AEAD_TAG_SIZE]; /* of the last record */
    uint64_t generation;
    uint8_t state[BL_VOLUME_STATE_SIZE], state_before[BL_VOLUME_STATE_SIZE];
    uint64_t generation_pinned; /* by the anchor */
    uint64_t sealed_count;      /* pages under this epoch */
    struct bulla_error broken;  /* the failure that every later call gets */
};

/** A new volume with these pages, from number 0. Exists from one moment to the next; what a killed
 *  creation left is overwritten. BULLA_E_EXISTS, ROLLED_BACK if the anchor knows an earlier one. */
enum bulla_status bl_pages_create(const struct bl_volume_options *options,
                                  uint8_t (*content)[BL_VOLUME_PAGE_SIZE], size_t count,
                                  struct bulla_error *err) BULLA_CHECKED;
#define BL_PAGES_CREATED_MAX 4 /* pages that a new volume may have */
enum bulla_status bl_pages_open(const struct bl_volume_options *options,
                                struct bl_pages **pages_out, struct bulla_error *err) BULLA_CHECKED;
void bl_pages_free(struct bl_pages *pages);
BL_DEFINE_FREEP(bl_pages)

/** The failure that broke the volume, or BULLA_OK. */
enum bulla_status bl_pages_usable(const struct bl_pages *pages,
                                  struct bulla_error *err) BULLA_CHECKED;

/** The content of a page, to be read; good until some more pages have been asked for (CACHED_MIN),
 *  or this one changed. */
enum bulla_status bl_pages_read(struct bl_pages *pages, uint64_t number, const uint8_t **data_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** Make room for a call's changes; a checkpoint if it is time for one. */
enum bulla_status bl_pages_begin(struct bl_pages *pages, struct bulla_error *err) BULLA_CHECKED;
/** The content, to be changed by this call; good until its end. */
enum bulla_status bl_pages_write(struct bl_pages *pages, uint64_t number, uint8_t **data_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** A page of zeros in place of what was there. */
enum bulla_status bl_pages_fresh(struct bl_pages *pages, uint64_t number, uint8_t **data_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Journal the changes; on failure they are undone. */
enum bulla_status bl_pages_commit(struct bl_pages *pages, struct bulla_error *err) BULLA_CHECKED;
void bl_pages_cancel(struct bl_pages *pages);

enum bulla_status bl_pages_sync(struct bl_pages *pages, struct bulla_error *err) BULLA_CHECKED;
/** Sync, and write everything into its place. */
enum bulla_status bl_pages_checkpoint(struct bl_pages *pages,
                                      struct bulla_error *err) BULLA_CHECKED;

/* -- shared by the files of this part -- */

/** Remember the failure: the volume answers nothing else from now on. Returns its status. */
enum bulla_status bl_pages_break(struct bl_pages *pages, enum bulla_status status,
                                 struct bulla_error *err) BULLA_CHECKED;

/** NULL if it is not in memory. */
struct bl_page *bl_page_cache_find(const struct bl_page_cache *cache, struct bl_volume_place place);
/** A zeroed page, not clean; forgets an old clean one where the cache is full. */
enum bulla_status bl_page_cache_add(struct bl_page_cache *cache, struct bl_volume_place place,
                                    struct bl_page **page_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** Wipe and forget. */
void bl_page_cache_remove(struct bl_page_cache *cache, struct bl_page *page);
/** Mark as one that may be forgotten, the newest of them; or as one that must stay. */
void bl_page_cache_settle(struct bl_page_cache *cache, struct bl_page *page);
void bl_page_cache_pin(struct bl_page_cache *cache, struct bl_page *page);
void bl_page_cache_shrink(struct bl_page_cache *cache);
void bl_page_cache_done(struct bl_page_cache *cache);

/** After replaying: pin it, and begin a new epoch with a new head. */
enum bulla_status bl_pages_start(struct bl_pages *pages, struct bulla_error *err) BULLA_CHECKED;

/** A verified page or node, from memory or through the tree. */
enum bulla_status bl_tree_get(struct bl_pages *pages, struct bl_volume_place place,
                              struct bl_page **page_out, struct bulla_error *err) BULLA_CHECKED;
/** Write these dirty pages, in ascending order, and the nodes above them; give the new root. */
enum bulla_status bl_tree_write(struct bl_pages *pages, uint32_t epoch, struct bl_page **dirty,
                                size_t count, struct bl_volume_record *root_out,
                                struct bulla_error *err) BULLA_CHECKED;

/** Append one record; pages->record holds room for its head, and then the payload. */
enum bulla_status bl_journal_append(struct bl_pages *pages, enum bl_volume_entry_kind kind,
                                    struct bulla_error *err) BULLA_CHECKED;
/** Bring back what the journal says; its end is where a record is torn. BULLA_E_INTEGRITY if it is
 *  torn before a place that had reached the disk. */
enum bulla_status bl_journal_replay(struct bl_pages *pages, struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_open.c: the files of a volume made and opened: lock, head, journal, anchor.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "crypto/random.h"
#include "seal/volume_pages.h"
#include "sys/call.h"
#include "sys/path.h"

#define DIRECTORY_MODE 0700
#define FILE_MODE 0600
#define CACHE_SIZE ((size_t)8 << 20)
#define CACHED_COUNT_MIN ((size_t)128)
#define DIRTY_COUNT_MAX ((size_t)1024)

static const char where[] = "sealed volume";

static enum bulla_status
open_file(const struct bl_volume_options *options, const char *name, int flags, int *fd_out,
          struct bulla_error *err)
{
    char path[PATH_MAX];
    struct stat status;

    BL_TRY(bl_path_format(path, sizeof path, options->directory, name, where, err));
    BL_AUTO_FD fd =
        BL_CALL(FILE, open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | flags,
                           FILE_MODE));
    if (fd < 0)
        return bl_fail_errno(err, where, "one of its files cannot be opened");
    if (BL_CALL(FILE, fstat(fd, &status)) != 0)
        return bl_fail_errno(err, where, "one of its files cannot be examined");
    if (!S_ISREG(status.st_mode))
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "one of its files is no file", 0);
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

static enum bulla_status
new_pages(const struct bl_volume_options *options, struct bl_pages **pages_out,
          struct bulla_error *err)
{
    size_t cache_size = options->cache_size > 0 ? options->cache_size : CACHE_SIZE;
    struct bl_pages *pages = bl_alloc(1, sizeof *pages);

    if (pages == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    pages->head_fd = pages->pages_fd = pages->tree_fd = pages->journal_fd = -1;
    pages->lock = (struct bl_file_lock)BL_FILE_LOCK_NONE;
    pages->anchor = options->anchor;
    pages->cache.page_count_max = cache_size / sizeof(struct bl_page);
    if (pages->cache.page_count_max < CACHED_COUNT_MIN)
        pages->cache.page_count_max = CACHED_COUNT_MIN;
    pages->dirty_count_max = pages->cache.page_count_max / 2;
    if (pages->dirty_count_max > DIRTY_COUNT_MAX)
        pages->dirty_count_max = DIRTY_COUNT_MAX;
    *pages_out = pages;
    return BULLA_OK;
}

static enum bulla_status
take_lock(const struct bl_volume_options *options, struct bl_pages *pages, struct bulla_error *err)
{
    char path[PATH_MAX];

    BL_TRY(bl_path_format(path, sizeof path, options->directory, "lock", where, err));
    return bl_file_lock_take(&pages->lock, path, 0, err);
}

/* -- making -- */

/* Nothing is there but what a killed creation leaves: no head, no journal, the first pages. */
static enum bulla_status
check_remains(const struct bl_volume_options *options, struct bulla_error *err)
{
    static const struct {
        const char *name;
        off_t size_max;
    } files[] = {
        { "pages", (off_t)BL_PAGES_CREATED_MAX * BL_VOLUME_PAGE_SIZE },
        { "journal", 0 },
        { "tree", (off_t)2 * BL_VOLUME_LEVEL_COUNT * BL_VOLUME_PAGE_SIZE },
        { "lock", 0 },
    };
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct stat status;
        BL_TRY(bl_path_format(path, sizeof path, options->directory, files[i].name, where, err));
        if (BL_CALL(FILE, lstat(path, &status)) == 0) {
            if (!S_ISREG(status.st_mode) || status.st_size > files[i].size_max)
                return bulla_fail(err, BULLA_E_EXISTS, where, "something is there already", i);
        } else if (errno != ENOENT) {
            return bl_fail_errno(err, where, "one of its files cannot be examined");
        }
    }
    return BULLA_OK;
}

static bool
is_ours(const char *name)
{
    static const char *const names[] = { ".", "..", "pages", "tree", "journal", "lock" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static enum bulla_status
check_empty(const struct bl_volume_options *options, struct bulla_error *err)
{
    DIR *entries =
        bl_fault_point(BL_FAULT_FILE) ? (errno = EIO, NULL) : opendir(options->directory);
    bool is_empty = true;

    if (entries == NULL)
        return bl_fail_errno(err, where, "its directory cannot be read");
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
        is_empty = is_empty && is_ours(entry->d_name);
    closedir(entries);
    if (!is_empty)
        return bulla_fail(err, BULLA_E_EXISTS, where, "its directory is not empty", 0);
    return check_remains(options, err);
}

/* A volume that was there and is gone is not a new one. */
static enum bulla_status
check_anchor_unused(const struct bl_volume_anchor *anchor, struct bulla_error *err)
{
    uint64_t generation = 0;
    uint8_t state[BL_VOLUME_STATE_SIZE];

    if (anchor == NULL)
        return BULLA_OK;
    enum bulla_status status = anchor->load(anchor->context, &generation, state, NULL);
    if (status == BULLA_E_NOT_FOUND)
        return BULLA_OK;
    if (status != BULLA_OK)
        return bulla_fail(err, status, where, "its anchor cannot be read", 0);
    return bulla_fail_cause(err, BULLA_CAUSE_ROLLED_BACK, where,
                            "its anchor knows a volume that is not there any more");
}

static enum bulla_status
add_first(struct bl_pages *pages, uint8_t (*content)[BL_VOLUME_PAGE_SIZE], size_t count,
          struct bl_page **dirty, struct bulla_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct bl_volume_place place = { 0, i };
        BL_TRY(bl_page_cache_add(&pages->cache, place, &dirty[i], err));
        memcpy(dirty[i]->data, content[i], BL_VOLUME_PAGE_SIZE);
    }
    return BULLA_OK;
}

static enum bulla_status
begin_head(struct bl_pages *pages, const struct bl_volume_options *options, struct bulla_error *err)
{
    static const uint8_t nothing[BL_VOLUME_STATE_SIZE];
    uint8_t id[BL_VOLUME_ID_SIZE];

    BL_TRY(bl_random(id, sizeof id, err));
    BL_TRY(bl_volume_keys_new(&pages->keys, options->key, id, err));
    pages->head = (struct bl_volume_head){
        .flags = options->anchor != NULL ? BL_VOLUME_ANCHORED : 0,
        .checkpoint = 1,
        .epoch = 1,
        .generation = 1,
    };
    return bl_volume_state_next(&pages->keys, 1, nothing, nothing, pages->head.state, err);
}

/* The head last, and under its name at once: from then on there is a volume. */
static enum bulla_status
write_new(struct bl_pages *pages, const struct bl_volume_options *options, struct bl_page **dirty,
          size_t count, struct bulla_error *err)
{
    uint8_t bytes[BL_VOLUME_HEAD_DISTANCE + BL_VOLUME_HEAD_SIZE] = { 0 };
    char path[PATH_MAX];

    BL_TRY(open_file(options, "pages", O_CREAT | O_TRUNC, &pages->pages_fd, err));
    BL_TRY(open_file(options, "tree", O_CREAT | O_TRUNC, &pages->tree_fd, err));
    BL_TRY(open_file(options, "journal", O_CREAT | O_TRUNC, &pages->journal_fd, err));
    BL_TRY(bl_tree_write(pages, pages->head.epoch, dirty, count, &pages->head.root, err));
    BL_TRY(bl_fd_sync(pages->pages_fd, err));
    BL_TRY(bl_fd_sync(pages->tree_fd, err));
    BL_TRY(bl_fd_sync(pages->journal_fd, err));
    BL_TRY(bl_volume_head_encode(&pages->keys, &pages->head, bytes, err));
    memcpy(bytes + BL_VOLUME_HEAD_DISTANCE, bytes, BL_VOLUME_HEAD_SIZE);
    BL_TRY(bl_path_format(path, sizeof path, options->directory, "head", where, err));
    return bl_file_replace(path, FILE_MODE, BL_BYTES_OF(bytes), BL_FILE_KEEP_EXISTING, err);
}

enum bulla_status
bl_pages_create(const struct bl_volume_options *options, uint8_t (*content)[BL_VOLUME_PAGE_SIZE],
                size_t count, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_pages) pages = NULL;
    struct bl_page *dirty[BL_PAGES_CREATED_MAX];

    if (count > BL_PAGES_CREATED_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "too many first pages", count);
    BL_TRY(check_anchor_unused(options->anchor, err));
    BL_TRY(bl_directory_make(options->directory, DIRECTORY_MODE, err));
    BL_TRY(new_pages(options, &pages, err));
    BL_TRY(take_lock(options, pages, err));
    BL_TRY(bl_directory_sweep(options->directory, err));
    BL_TRY(check_empty(options, err));
    BL_TRY(begin_head(pages, options, err));
    BL_TRY(add_first(pages, content, count, dirty, err));
    BL_TRY(write_new(pages, options, dirty, count, err));
    if (options->anchor == NULL)
        return BULLA_OK;
    return options->anchor->advance(options->anchor->context, pages->head.generation,
                                    pages->head.state, err);
}

/* -- opening -- */

/* What to say when neither copy is good: a copy that was ours once tells most. */
static unsigned
rank(const struct bulla_error *reason)
{
    if (reason->cause == BULLA_CAUSE_BLOB_VERSION)
        return 1;
    if (reason->cause == BULLA_CAUSE_WRONG_RECIPIENT)
        return 2;
    return reason->status == BULLA_E_INTEGRITY ? 3 : 0; /* 0: failures of our own come first */
}

static enum bulla_status
decode_heads(struct bl_pages *pages, const struct bl_volume_options *options,
             struct bulla_bytes copies[2], struct bulla_error *err)
{
    struct bulla_error reasons[2] = { 0 };

    for (size_t i = 0; i < 2; i++) {
        struct bl_volume_keys keys = { 0 };
        struct bl_volume_head head;
        if (bl_volume_head_decode(copies[i], options->key, &keys, &head, &reasons[i]) != BULLA_OK)
            continue;
        if (pages->head.checkpoint == 0 || head.checkpoint > pages->head.checkpoint) {
            bl_volume_keys_done(&pages->keys);
            pages->keys = keys;
            pages->head = head;
        } else {
            bl_volume_keys_done(&keys);
        }
    }
    if (pages->head.checkpoint != 0)
        return BULLA_OK;
    const struct bulla_error *reason = &reasons[rank(&reasons[1]) < rank(&reasons[0])];
    if (err != NULL && err->status == BULLA_OK)
        *err = *reason;
    return reason->status;
}

static enum bulla_status
read_heads(struct bl_pages *pages, const struct bl_volume_options *options, struct bulla_error *err)
{
    uint8_t bytes[2][BL_VOLUME_HEAD_SIZE];
    struct bulla_bytes copies[2];

    for (size_t i = 0; i < 2; i++) {
        size_t size = 0;
        BL_TRY(bl_fd_read_at(pages->head_fd, i * BL_VOLUME_HEAD_DISTANCE, bytes[i], sizeof bytes[i],
                             &size, err));
        copies[i] = (struct bulla_bytes){ bytes[i], size };
    }
    return decode_heads(pages, options, copies, err);
}

static enum bulla_status
rolled_back(const struct bl_pages *pages, uint64_t pinned, struct bulla_error *err)
{
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_ROLLED_BACK, where,
                                                "not the state that its anchor knows");

    bulla_error_values(err, bulla_value_number(pages->generation), bulla_value_number(pinned));
    return status;
}

/* Counter and digest: of two volumes that grew from the same state only the pinned one opens. */
static enum bulla_status
check_anchor(struct bl_pages *pages, struct bulla_error *err)
{
    const struct bl_volume_anchor *anchor = pages->anchor;
    bool is_anchored = (pages->head.flags & BL_VOLUME_ANCHORED) != 0;
    uint8_t state[BL_VOLUME_STATE_SIZE];
    uint64_t pinned = 0;

    if (anchor == NULL && is_anchored)
        return bulla_fail(err, BULLA_E_DENIED, where, "not to be opened without its anchor", 0);
    if (anchor == NULL)
        return BULLA_OK;
    enum bulla_status status = anchor->load(anchor->context, &pinned, state, NULL);
    if (status == BULLA_E_NOT_FOUND && is_anchored && pages->generation > 1)
        return rolled_back(pages, 0, err);
    if (status == BULLA_E_NOT_FOUND) { /* anchored from now on */
        pages->generation_pinned = pages->generation - 1;
        return BULLA_OK;
    }
    if (status != BULLA_OK)
        return bulla_fail(err, status, where, "its anchor cannot be read", 0);
    const uint8_t *expected = pinned == pages->generation       ? pages->state
                              : pinned + 1 == pages->generation ? pages->state_before
                                                                : NULL;
    if (expected == NULL ||
        !bl_equal(BL_BYTES_OF(state), (struct bulla_bytes){ expected, sizeof state }))
        return rolled_back(pages, pinned, err);
    pages->generation_pinned = pinned;
    return BULLA_OK;
}

/* No head: never made, or lost? */
static enum bulla_status
explain_missing(const struct bl_volume_options *options, struct bulla_error *err)
{
    if (check_remains(options, NULL) == BULLA_E_EXISTS)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "its head is missing", 0);
    return bulla_fail(err, BULLA_E_NOT_FOUND, where, "not there", 0);
}

/* Beside a head the others have to be there: corrupt is not empty. */
static enum bulla_status
open_beside_head(const struct bl_volume_options *options, const char *name, int *fd_out,
                 struct bulla_error *err)
{
    struct bulla_error reason = { 0 };
    enum bulla_status status = open_file(options, name, 0, fd_out, &reason);

    if (status == BULLA_E_NOT_FOUND)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "one of its files is missing", 0);
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = reason;
    return status;
}

static enum bulla_status
open_files(struct bl_pages *pages, const struct bl_volume_options *options, struct bulla_error *err)
{
    struct bulla_error reason = { 0 };
    enum bulla_status status = open_file(options, "head", 0, &pages->head_fd, &reason);

    if (status == BULLA_E_NOT_FOUND)
        return explain_missing(options, err);
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = reason;
    BL_TRY(status);
    BL_TRY(read_heads(pages, options, err));
    BL_TRY(open_beside_head(options, "pages", &pages->pages_fd, err));
    BL_TRY(open_beside_head(options, "tree", &pages->tree_fd, err));
    return open_beside_head(options, "journal", &pages->journal_fd, err);
}

enum bulla_status
bl_pages_open(const struct bl_volume_options *options, struct bl_pages **pages_out,
              struct bulla_error *err)
{
    BL_AUTO_FREE(bl_pages) pages = NULL;

    BL_TRY(new_pages(options, &pages, err));
    BL_TRY(take_lock(options, pages, err));
    BL_TRY(open_files(pages, options, err));
    pages->generation = pages->head.generation;
    memcpy(pages->state, pages->head.state, sizeof pages->state);
    memcpy(pages->state_before, pages->head.state_before, sizeof pages->state_before);
    memcpy(pages->tag, pages->head.mac, sizeof pages->tag);
    pages->is_synced = true;
    BL_TRY(bl_journal_replay(pages, err));
    BL_TRY(check_anchor(pages, err));
    BL_TRY(bl_pages_start(pages, err));
    *pages_out = pages;
    pages = NULL;
    return BULLA_OK;
}

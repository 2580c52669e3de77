/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/image.c: the index of an image, written, read and checked; see image.h.
 */
#include "enclave/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "enclave/image_format.h"
#include "sys/call.h"
#include "sys/file.h"

#define DIRECTORY_FIELDS 3u
#define LINK_FIELDS 3u
#define FILE_FIELDS 5u

static const char where[] = "image";

void
bl_image_done(struct bl_image *image)
{
    bl_free(image->entries);
    bl_free(image->texts);
    *image = (struct bl_image){ 0 };
}

/* -- written ----------------------------------------------------------------------------------- */

static void
write_text(struct bl_writer *w, const char *text)
{
    bl_cbor_write_text(w, (struct bulla_bytes){ (const uint8_t *)text, strlen(text) });
}

static void
write_entry(struct bl_writer *w, const struct bl_image_entry *entry)
{
    bl_cbor_write_array(w, entry->kind == BL_IMAGE_FILE ? FILE_FIELDS : DIRECTORY_FIELDS);
    write_text(w, entry->path);
    bl_cbor_write_uint(w, entry->kind);
    if (entry->kind == BL_IMAGE_LINK) {
        write_text(w, entry->target);
        return;
    }
    bl_cbor_write_uint(w, entry->mode);
    if (entry->kind == BL_IMAGE_FILE) {
        bl_cbor_write_uint(w, entry->size);
        bl_cbor_write_bytes(w, (struct bulla_bytes){ entry->digest, sizeof entry->digest });
    }
}

enum bulla_status
bl_image_index_encode(const struct bl_image_entry *entries, size_t count, struct bulla_buffer *out,
                      struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, count);
    for (size_t i = 0; i < count; i++)
        write_entry(&w, &entries[i]);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_image_header_encode(size_t index_size, uint64_t file_size, struct bulla_buffer *out,
                       struct bulla_error *err)
{
    static const uint8_t reserved[36] = { 0 };
    struct bl_writer w = bl_writer(out);

    bl_write_bytes(&w, BL_LITERAL(BL_IMAGE_MAGIC)); /* 0x00 */
    bl_write_u32le(&w, BL_IMAGE_VERSION);           /* 0x08 */
    bl_write_u64le(&w, index_size);                 /* 0x0c */
    bl_write_u64le(&w, file_size);                  /* 0x14 */
    bl_write_bytes(&w, BL_BYTES_OF(reserved));      /* 0x1c */
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_image_digest(struct bulla_bytes index, uint8_t digest_out[32], struct bulla_error *err)
{
    const struct bulla_bytes parts[] = { BL_LITERAL("bulla-code/1"), index };

    return bl_hash_parts(BL_SHA256, parts, sizeof parts / sizeof parts[0], digest_out, err);
}

/* -- what holds of every index ----------------------------------------------------------------- */

static uint64_t
aligned(uint64_t offset)
{
    return (offset + BL_IMAGE_ALIGNMENT - 1) / BL_IMAGE_ALIGNMENT * BL_IMAGE_ALIGNMENT;
}

enum bulla_status
bl_image_place(struct bl_image_entry *entries, size_t count, size_t index_size, uint64_t *size_out,
               struct bulla_error *err)
{
    uint64_t end = BL_IMAGE_HEADER_SIZE + index_size;

    for (size_t i = 0; i < count; i++) {
        if (entries[i].kind != BL_IMAGE_FILE)
            continue;
        entries[i].offset = aligned(end);
        if (entries[i].size > BL_IMAGE_CONTENT_SIZE_MAX ||
            entries[i].offset + entries[i].size > BL_IMAGE_CONTENT_SIZE_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, where, "its files are too large together", i);
        end = entries[i].offset + entries[i].size;
    }
    *size_out = end;
    return BULLA_OK;
}

static int
compare_path(const void *key, const void *entry)
{
    return strcmp(key, ((const struct bl_image_entry *)entry)->path);
}

static const struct bl_image_entry *
find(const struct bl_image_entry *entries, size_t count, const char *path)
{
    return count == 0 ? NULL : bsearch(path, entries, count, sizeof *entries, compare_path);
}

const struct bl_image_entry *
bl_image_find(const struct bl_image *image, const char *path)
{
    return find(image->entries, image->entry_count, path);
}

static bool
parent_is_directory(const struct bl_image_entry *entries, size_t count, const char *path)
{
    char parent[BL_IMAGE_PATH_SIZE_MAX + 1];
    size_t size = (size_t)(strrchr(path, '/') - path);

    if (size == 0)
        return true; /* in the root */
    memcpy(parent, path, size);
    parent[size] = 0;
    const struct bl_image_entry *found = find(entries, count, parent);
    return found != NULL && found->kind == BL_IMAGE_DIRECTORY;
}

/** A relative target may not climb above the root, at any of its parts. An absolute one begins at
 *  the enclave's own root. */
static bool
link_stays_inside(const struct bl_image_entry *entry)
{
    const char *target = entry->target;
    size_t depth = 0;

    for (const char *c = entry->path; target[0] != '/' && *c != 0; c++)
        depth += *c == '/';
    depth -= target[0] != '/'; /* of the directory that the link is in */
    while (*target != 0) {
        size_t size = strcspn(target, "/");
        if (size == 2 && target[0] == '.' && target[1] == '.') {
            if (depth == 0)
                return false;
            depth--;
        } else if (size > 0 && !(size == 1 && target[0] == '.')) {
            depth++;
        }
        target += size + (target[size] == '/');
    }
    return true;
}

const char *
bl_image_check_tree(const struct bl_image_entry *entries, size_t count, size_t *index_out)
{
    for (size_t i = 0; i < count; i++) {
        *index_out = i;
        if (i > 0 && strcmp(entries[i - 1].path, entries[i].path) >= 0)
            return "paths repeat, or do not ascend";
        if (!parent_is_directory(entries, i, entries[i].path))
            return "a path whose parent is no directory of the image";
        if (entries[i].kind == BL_IMAGE_LINK && !link_stays_inside(&entries[i]))
            return "a link that leaves the image";
    }
    return NULL;
}

/* -- read -------------------------------------------------------------------------------------- */

/** A copy behind the others; the index has a head for each text, so that there is room. */
static const char *
keep(struct bl_image *image, size_t *used, struct bulla_bytes text)
{
    char *copy = image->texts + *used;

    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    *used += text.size + 1;
    return copy;
}

static unsigned
read_mode(struct bl_reader *r)
{
    uint64_t mode = bl_cbor_read_uint(r);

    if (mode > 0777)
        bl_reader_fail(r, "mode with more than permission bits");
    return (unsigned)mode;
}

static void
read_target(struct bl_reader *r, struct bl_image *image, size_t *used, struct bl_image_entry *entry)
{
    struct bulla_bytes target = bl_cbor_read_text(r, BL_IMAGE_PATH_SIZE_MAX);

    if (r->failed == NULL && (target.size == 0 || memchr(target.data, 0, target.size) != NULL))
        bl_reader_fail(r, "target of a link");
    if (r->failed != NULL)
        return;
    entry->target = keep(image, used, target);
    entry->mode = 0777;
}

static void
read_entry(struct bl_reader *r, struct bl_image *image, size_t *used, struct bl_image_entry *entry)
{
    size_t fields = bl_cbor_read_array(r, FILE_FIELDS);
    struct bulla_bytes path = bl_cbor_read_text(r, BL_IMAGE_PATH_SIZE_MAX);
    uint64_t kind = bl_cbor_read_uint(r);

    if (r->failed == NULL && !bl_inside_path_is_valid(path))
        bl_reader_fail(r, "not a normalised absolute path");
    if (kind < BL_IMAGE_DIRECTORY || kind > BL_IMAGE_LINK)
        bl_reader_fail(r, "unknown kind of entry");
    if (fields != (kind == BL_IMAGE_FILE ? FILE_FIELDS : DIRECTORY_FIELDS))
        bl_reader_fail(r, "fields of an entry");
    if (r->failed != NULL)
        return;
    entry->path = keep(image, used, path);
    entry->kind = (enum bl_image_kind)kind;
    if (entry->kind == BL_IMAGE_LINK) {
        read_target(r, image, used, entry);
        return;
    }
    entry->mode = read_mode(r);
    if (entry->kind == BL_IMAGE_FILE) {
        entry->size = bl_cbor_read_uint(r);
        bl_cbor_read_bytes_exact(r, entry->digest, sizeof entry->digest);
    }
}

static enum bulla_status
read_entries(struct bulla_bytes index, struct bl_image *image, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(index, where);
    size_t count = bl_cbor_read_array(&r, BL_IMAGE_ENTRY_COUNT_MAX);
    size_t used = 0;

    BL_TRY(bl_reader_ok(&r, err));
    image->entries = bl_alloc(count + 1, sizeof *image->entries);
    image->texts = bl_alloc(index.size + 1, 1);
    if (image->entries == NULL || image->texts == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", 0);
    for (; image->entry_count < count && r.failed == NULL; image->entry_count++)
        read_entry(&r, image, &used, &image->entries[image->entry_count]);
    return bl_reader_finish(&r, err);
}

enum bulla_status
bl_image_index_decode(struct bulla_bytes index, uint64_t file_size, struct bl_image *image_out,
                      struct bulla_error *err)
{
    BL_AUTO(bl_image) image = { 0 };
    size_t at = 0;

    if (index.size > BL_IMAGE_INDEX_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "its index is too large", index.size);
    BL_TRY(read_entries(index, &image, err));
    const char *wrong = bl_image_check_tree(image.entries, image.entry_count, &at);
    if (wrong != NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, where, wrong, at);
    BL_TRY(bl_image_place(image.entries, image.entry_count, index.size, &image.size, err));
    if (image.size != file_size)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "its size is not that of its files", 0);
    BL_TRY(bl_image_digest(index, image.digest, err));
    *image_out = image;
    image = (struct bl_image){ 0 };
    return BULLA_OK;
}

static enum bulla_status
read_header(int fd, uint64_t file_size, size_t *index_size_out, struct bulla_error *err)
{
    uint8_t header[BL_IMAGE_HEADER_SIZE];
    size_t size = 0;

    BL_TRY(bl_fd_seek(fd, 0, err));
    BL_TRY(bl_fd_read(fd, header, sizeof header, &size, err));
    struct bl_reader r = bl_reader((struct bulla_bytes){ header, size }, where);
    struct bulla_bytes magic = bl_read_view(&r, sizeof BL_IMAGE_MAGIC - 1);
    uint32_t version = bl_read_u32le(&r);
    uint64_t index_size = bl_read_u64le(&r);
    uint64_t stated_size = bl_read_u64le(&r);
    struct bulla_bytes reserved = bl_read_view(&r, 36);
    BL_TRY(bl_reader_finish(&r, err));
    if (!bl_equal(magic, BL_LITERAL(BL_IMAGE_MAGIC)))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "it is none", 0);
    if (version != BL_IMAGE_VERSION)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "format version", 8);
    if (!bl_all_zero(reserved) || stated_size != file_size)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "its header, or it is cut off", 0x14);
    if (index_size > BL_IMAGE_INDEX_SIZE_MAX || index_size > file_size - BL_IMAGE_HEADER_SIZE)
        return bulla_fail(err, BULLA_E_LIMIT, where, "its index is too large", 0x0c);
    *index_size_out = (size_t)index_size;
    return BULLA_OK;
}

enum bulla_status
bl_image_open(int fd, struct bl_image *image_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) index = { 0 };
    struct stat info;
    uint8_t *start = NULL;
    size_t index_size = 0, size = 0;

    if (BL_CALL(FILE, fstat(fd, &info)) != 0)
        return bl_fail_errno(err, where, "its size is not known");
    if (!S_ISREG(info.st_mode))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "it is no regular file", 0);
    BL_TRY(read_header(fd, (uint64_t)info.st_size, &index_size, err));
    BL_TRY(bulla_buffer_extend(&index, index_size, &start, err));
    BL_TRY(bl_fd_read(fd, start, index_size, &size, err));
    if (size != index_size)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "it is cut off", size);
    return bl_image_index_decode(bulla_buffer_bytes(&index), (uint64_t)info.st_size, image_out,
                                 err);
}

/* -- compared ---------------------------------------------------------------------------------- */

static bool
same_target(const struct bl_image_entry *a, const struct bl_image_entry *b)
{
    return a->target == NULL || b->target == NULL || strcmp(a->target, b->target) == 0;
}

bool
bl_image_next_difference(const struct bl_image *before, const struct bl_image *after,
                         size_t *before_index, size_t *after_index, struct bl_image_difference *out)
{
    while (*before_index < before->entry_count || *after_index < after->entry_count) {
        bool has_a = *before_index < before->entry_count;
        bool has_b = *after_index < after->entry_count;
        const struct bl_image_entry *a = has_a ? &before->entries[*before_index] : NULL;
        const struct bl_image_entry *b = has_b ? &after->entries[*after_index] : NULL;
        int order = !has_b ? -1 : !has_a ? 1 : strcmp(a->path, b->path);
        *before_index += order <= 0;
        *after_index += order >= 0;
        *out = (struct bl_image_difference){
            .change = order < 0   ? BL_IMAGE_REMOVED
                      : order > 0 ? BL_IMAGE_ADDED
                                  : BL_IMAGE_CHANGED,
            .before = order <= 0 ? a : NULL,
            .after = order >= 0 ? b : NULL,
        };
        if (order != 0)
            return true;
        out->kind = a->kind != b->kind;
        out->mode = a->mode != b->mode;
        out->content = a->size != b->size || memcmp(a->digest, b->digest, sizeof a->digest) != 0 ||
                       !same_target(a, b);
        if (out->kind || out->mode || out->content)
            return true;
    }
    return false;
}

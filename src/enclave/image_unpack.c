/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/image_unpack.c: contents of an image, verified and written; see image.h.
 *
 * Nothing below the directory exists before and nobody else reaches it; still every file is opened
 * beneath it and without following a link, so that a flaw in the check of the index would fail here.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypto/hash.h"
#include "enclave/image_format.h"
#include "sys/call.h"
#include "sys/file.h"

static const char where[] = "image";

/** Copy the content of one file to `out_fd` (-1: nowhere) and compare its digest. */
static enum bulla_status
copy_content(int fd, const struct bl_image_entry *entry, size_t number, int out_fd, uint8_t *chunk,
             struct bulla_error *err)
{
    BL_AUTO_FREE(bl_hasher) hasher = NULL;
    uint8_t digest[BL_HASH_SIZE_MAX];

    BL_TRY(bl_hasher_new(BL_SHA256, &hasher, err));
    BL_TRY(bl_fd_seek(fd, entry->offset, err));
    for (uint64_t left = entry->size; left > 0;) {
        size_t wanted = left < BL_IMAGE_CHUNK_SIZE ? (size_t)left : BL_IMAGE_CHUNK_SIZE;
        size_t size = 0;
        BL_TRY(bl_fd_read(fd, chunk, wanted, &size, err));
        if (size != wanted)
            return bulla_fail(err, BULLA_E_INTEGRITY, where, "it is cut off", number);
        struct bulla_bytes bytes = { chunk, size };
        BL_TRY(bl_hasher_update(hasher, bytes, err));
        if (out_fd >= 0)
            BL_TRY(bl_fd_write(out_fd, bytes, err));
        left -= size;
    }
    BL_TRY(bl_hasher_finish(hasher, digest, err));
    struct bulla_bytes found = { digest, sizeof entry->digest };
    struct bulla_bytes expected = { entry->digest, sizeof entry->digest };
    if (bl_equal(found, expected))
        return BULLA_OK;
    enum bulla_status status = bulla_fail(err, BULLA_E_INTEGRITY, where,
                                          "a file is not what the index says (entry)", number);
    bulla_error_values(err, bulla_value_bytes(found), bulla_value_bytes(expected));
    return status;
}

/** The directory that `path` is in, reached without any link; *name_out is its last part. */
static enum bulla_status
open_parent(int directory_fd, const char *path, int *fd_out, const char **name_out,
            struct bulla_error *err)
{
    char parent[BL_IMAGE_PATH_SIZE_MAX + 1];
    struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    size_t size = (size_t)(strrchr(path, '/') - path);

    memcpy(parent, path + 1, size > 0 ? size - 1 : 0);
    parent[size > 0 ? size - 1 : 0] = 0;
    int fd = (int)BL_CALL(
        FILE, syscall(SYS_openat2, directory_fd, parent[0] != 0 ? parent : ".", &how, sizeof how));
    if (fd < 0)
        return bl_fail_errno(err, where, "a directory of it cannot be opened");
    *fd_out = fd;
    *name_out = path + size + 1;
    return BULLA_OK;
}

static enum bulla_status
unpack_directory(int parent_fd, const char *name, const struct bl_image_entry *entry,
                 struct bulla_error *err)
{
    if (BL_CALL(FILE, mkdirat(parent_fd, name, 0700)) != 0 ||
        BL_CALL(FILE, fchmodat(parent_fd, name, entry->mode, 0)) != 0)
        return bl_fail_errno(err, where, "a directory of it cannot be made");
    return BULLA_OK;
}

static enum bulla_status
unpack_link(int parent_fd, const char *name, const struct bl_image_entry *entry,
            struct bulla_error *err)
{
    if (BL_CALL(FILE, symlinkat(entry->target, parent_fd, name)) != 0)
        return bl_fail_errno(err, where, "a link of it cannot be made");
    return BULLA_OK;
}

static enum bulla_status
unpack_file(int fd, int parent_fd, const char *name, const struct bl_image_entry *entry,
            size_t number, uint8_t *chunk, struct bulla_error *err)
{
    BL_AUTO_FD out = BL_CALL(
        FILE, openat(parent_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));

    if (out < 0)
        return bl_fail_errno(err, where, "a file of it cannot be made");
    BL_TRY(copy_content(fd, entry, number, out, chunk, err));
    if (BL_CALL(FILE, fchmod(out, entry->mode)) != 0)
        return bl_fail_errno(err, where, "the mode of a file of it cannot be set");
    return BULLA_OK;
}

static enum bulla_status
unpack_entry(int fd, int directory_fd, const struct bl_image_entry *entry, size_t number,
             uint8_t *chunk, struct bulla_error *err)
{
    BL_AUTO_FD parent = -1;
    const char *name = NULL;

    BL_TRY(open_parent(directory_fd, entry->path, &parent, &name, err));
    switch (entry->kind) {
    case BL_IMAGE_DIRECTORY:
        return unpack_directory(parent, name, entry, err);
    case BL_IMAGE_LINK:
        return unpack_link(parent, name, entry, err);
    case BL_IMAGE_FILE:
        return unpack_file(fd, parent, name, entry, number, chunk, err);
    }
    return bulla_fail(err, BULLA_E_ARGUMENT, where, "unknown kind of entry", number);
}

enum bulla_status
bl_image_unpack(int fd, const struct bl_image *image, int directory_fd, struct bulla_error *err)
{
    uint8_t *chunk = bl_alloc(BL_IMAGE_CHUNK_SIZE, 1);
    enum bulla_status status = BULLA_OK;

    if (chunk == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", 0);
    for (size_t i = 0; i < image->entry_count && status == BULLA_OK; i++)
        status = unpack_entry(fd, directory_fd, &image->entries[i], i, chunk, err);
    bl_free(chunk);
    return status;
}

enum bulla_status
bl_image_verify(int fd, const struct bl_image *image, struct bulla_error *err)
{
    uint8_t *chunk = bl_alloc(BL_IMAGE_CHUNK_SIZE, 1);
    enum bulla_status status = BULLA_OK;

    if (chunk == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", 0);
    for (size_t i = 0; i < image->entry_count && status == BULLA_OK; i++)
        if (image->entries[i].kind == BL_IMAGE_FILE)
            status = copy_content(fd, &image->entries[i], i, /* out_fd= */ -1, chunk, err);
    bl_free(chunk);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/file_new.c: a new file in place of the old one, at once.
 *
 * bl_file_new_open() writes into a file without a name (O_TMPFILE) where the file system has it, and
 * gives it one at the commit: a writer that is killed leaves nothing. Elsewhere, and for
 * bl_file_replace(), the file has a temporary name from the start. Such a temporary is locked (flock)
 * while its writer lives, so that bl_directory_sweep() can tell a leftover from a file in the making.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "sys/call.h"
#include "sys/file.h"
#include "sys/temporary.h"

#define TEMPORARY_TRIES 16 /* a collision of 64 random bits, or a sweep in the wrong moment */

static char *
copy_text(const char *text, size_t size)
{
    char *copy = bl_alloc(size + 1, 1);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

/* The part of `path` after its last slash. */
static const char *
name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static enum bulla_status
open_parent(const char *path, int *fd_out, struct bulla_error *err)
{
    size_t size = (size_t)(name_of(path) - path);
    char *parent = size == 0 ? copy_text(".", 1) : copy_text(path, size);

    if (parent == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "file", "out of memory", size);
    int fd = BL_CALL(FILE, open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int code = errno;
    bl_free(parent);
    errno = code;
    if (fd < 0)
        return bl_fail_errno(err, "file", "its directory cannot be opened");
    *fd_out = fd;
    return BULLA_OK;
}

static enum bulla_status
check_target(const struct bl_file_new *file, struct bulla_error *err)
{
    struct stat status;

    if (BL_CALL(FILE, fstatat(file->directory_fd, name_of(file->path), &status,
                              AT_SYMLINK_NOFOLLOW)) != 0)
        return errno == ENOENT ? BULLA_OK : bl_fail_errno(err, "file", "cannot be examined");
    if (!S_ISREG(status.st_mode))
        return bulla_fail(err, BULLA_E_EXISTS, "file", "not a regular file", 0);
    if (file->existing == BL_FILE_KEEP_EXISTING)
        return bulla_fail(err, BULLA_E_EXISTS, "file", "exists already", 0);
    return BULLA_OK;
}

static enum bulla_status
make_name(char *name, struct bulla_error *err)
{
    uint64_t random = 0;

    if (bl_fault_point(BL_FAULT_RANDOM) || getrandom(&random, sizeof random, 0) != sizeof random)
        return bulla_fail(err, BULLA_E_IO, "file", "no random name", 0);
    (void)snprintf(name, BL_TEMPORARY_NAME_SIZE + 1, BL_TEMPORARY_FORMAT,
                   (unsigned long long)random);
    return BULLA_OK;
}

/* False if a sweep took the file before it was locked. No lock at all, where the file system knows
 * none, is fine: a sweep cannot lock it either and leaves it alone. */
static bool
lock_temporary(int fd)
{
    struct stat status;

    if (BL_CALL(FILE, flock(fd, LOCK_EX | LOCK_NB)) != 0 && errno == EWOULDBLOCK)
        return false;
    return BL_CALL(FILE, fstat(fd, &status)) == 0 && status.st_nlink == 1;
}

/* -1 with errno EEXIST: another name may do. */
static int
create_locked(int directory_fd, const char *name, mode_t mode)
{
    int fd = BL_CALL(
        FILE, openat(directory_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));

    if (fd < 0 || lock_temporary(fd))
        return fd;
    unlinkat(directory_fd, name, 0);
    bl_fd_close(&fd);
    errno = EEXIST;
    return -1;
}

static enum bulla_status
create_under_free_name(struct bl_file_new *file, char *name, mode_t mode, struct bulla_error *err)
{
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        BL_TRY(make_name(name, err));
        file->fd = create_locked(file->directory_fd, name, mode);
        if (file->fd >= 0)
            return BULLA_OK;
        if (errno != EEXIST)
            break;
    }
    return bl_fail_errno(err, "file", "no temporary file beside it");
}

static enum bulla_status
make_temporary(struct bl_file_new *file, mode_t mode, struct bulla_error *err)
{
    char *name = bl_alloc(BL_TEMPORARY_NAME_SIZE + 1, 1);

    if (name == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "file", "out of memory", BL_TEMPORARY_NAME_SIZE);
    enum bulla_status status = create_under_free_name(file, name, mode, err);
    if (status == BULLA_OK)
        file->temporary = name; /* from now on bl_file_new_done() removes it */
    else
        bl_free(name);
    return status;
}

/* A file without a name, or -1 where there is none or it could not be given one later. */
static int
create_unnamed(int directory_fd, mode_t mode)
{
    int fd = -1;

    if (access("/proc/self/fd", X_OK) == 0)
        fd = BL_CALL(FILE, openat(directory_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
    if (fd >= 0 && BL_CALL(FILE, flock(fd, LOCK_EX | LOCK_NB)) != 0)
        bl_fd_close(&fd); /* what gets a name for a moment must be safe from a sweep */
    return fd;
}

static enum bulla_status
prepare(struct bl_file_new *file, const char *path, mode_t mode, bool may_be_unnamed,
        struct bulla_error *err)
{
    file->path = copy_text(path, strlen(path));
    if (file->path == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "file", "out of memory", strlen(path));
    BL_TRY(open_parent(path, &file->directory_fd, err));
    BL_TRY(check_target(file, err));
    if (may_be_unnamed)
        file->fd = create_unnamed(file->directory_fd, mode);
    return file->fd >= 0 ? BULLA_OK : make_temporary(file, mode, err);
}

static enum bulla_status
open_new(struct bl_file_new *file, const char *path, mode_t mode, enum bl_file_existing existing,
         bool may_be_unnamed, struct bulla_error *err)
{
    struct bl_file_new made = BL_FILE_NEW_NONE;
    const char *name = name_of(path);

    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return bulla_fail(err, BULLA_E_USAGE, "file", "names a directory", 0);
    made.existing = existing;
    enum bulla_status status = prepare(&made, path, mode, may_be_unnamed, err);
    if (status != BULLA_OK) {
        bl_file_new_done(&made);
        return status;
    }
    *file = made;
    return BULLA_OK;
}

enum bulla_status
bl_file_new_open(struct bl_file_new *file, const char *path, mode_t mode,
                 enum bl_file_existing existing, struct bulla_error *err)
{
    return open_new(file, path, mode, existing, /* may_be_unnamed= */ true, err);
}

/* Its first name, given to the file of `fd`. */
static int
link_unnamed(int fd, int directory_fd, const char *name)
{
    char source[48];

    (void)snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
    return BL_CALL(FILE, linkat(AT_FDCWD, source, directory_fd, name, AT_SYMLINK_FOLLOW));
}

/* The target's name if it is free, which is all that is wanted; else, if it may be replaced, a
 * temporary one, because only a file with a name can be renamed. */
static enum bulla_status
give_name(struct bl_file_new *file, int fd, struct bulla_error *err)
{
    if (link_unnamed(fd, file->directory_fd, name_of(file->path)) == 0)
        return BULLA_OK;
    if (errno != EEXIST || file->existing == BL_FILE_KEEP_EXISTING)
        return bl_fail_errno(err, "file", "cannot be put in its place");
    char *name = bl_alloc(BL_TEMPORARY_NAME_SIZE + 1, 1);
    if (name == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "file", "out of memory", BL_TEMPORARY_NAME_SIZE);
    enum bulla_status status = make_name(name, err);
    if (status == BULLA_OK && link_unnamed(fd, file->directory_fd, name) != 0)
        status = bl_fail_errno(err, "file", "no temporary file beside it");
    if (status == BULLA_OK)
        file->temporary = name;
    else
        bl_free(name);
    return status;
}

/* Where the file system has no rename that keeps the old one, a second link does the same. */
static int
link_into_place(int directory_fd, const char *from, const char *to)
{
    if (BL_CALL(FILE, linkat(directory_fd, from, directory_fd, to, 0)) != 0)
        return -1;
    unlinkat(directory_fd, from, 0); /* at worst a leftover for bl_directory_sweep() */
    return 0;
}

static enum bulla_status
put_into_place(struct bl_file_new *file, struct bulla_error *err)
{
    const char *name = name_of(file->path);
    int directory = file->directory_fd;
    bool keep = file->existing == BL_FILE_KEEP_EXISTING;

    int result = BL_CALL(
        FILE, renameat2(directory, file->temporary, directory, name, keep ? RENAME_NOREPLACE : 0));
    if (result != 0 && keep && errno == EINVAL)
        result = link_into_place(directory, file->temporary, name);
    if (result != 0)
        return bl_fail_errno(err, "file", "cannot be put in its place");
    bl_free(file->temporary); /* it is the target now: bl_file_new_done() must not touch it */
    file->temporary = NULL;
    return BULLA_OK;
}

/* Closed whatever comes of it; the descriptor is gone even when close() complains. */
static enum bulla_status
close_checked(int *fd, struct bulla_error *err)
{
    int result = close(*fd);

    *fd = -1;
    if (bl_fault_point(BL_FAULT_FILE)) {
        errno = EIO;
        result = -1;
    }
    if (result != 0 && errno != EINTR)
        return bl_fail_errno(err, "file", "closing failed");
    return BULLA_OK;
}

/* The second descriptor keeps file and lock until it has its name. */
static enum bulla_status
commit(struct bl_file_new *file, struct bulla_error *err)
{
    BL_AUTO_FD lock = -1;

    BL_TRY(bl_fd_sync(file->fd, err));
    lock = BL_CALL(FILE, fcntl(file->fd, F_DUPFD_CLOEXEC, 3));
    if (lock < 0)
        return bl_fail_errno(err, "file", "no second descriptor");
    BL_TRY(close_checked(&file->fd, err));
    if (file->temporary == NULL)
        BL_TRY(give_name(file, lock, err));
    if (file->temporary != NULL)
        BL_TRY(put_into_place(file, err));
    if (BL_CALL(FILE, fsync(file->directory_fd)) != 0)
        return bulla_fail_detail(err, BULLA_CAUSE_OUTCOME_UNKNOWN, "file",
                                 "in place, but perhaps not after a power failure",
                                 (unsigned long)errno);
    return BULLA_OK;
}

enum bulla_status
bl_file_new_commit(struct bl_file_new *file, struct bulla_error *err)
{
    if (file->fd < 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, "file", "not being written", 0);
    enum bulla_status status = commit(file, err);
    bl_file_new_done(file);
    return status;
}

void
bl_file_new_done(struct bl_file_new *file)
{
    if (file->path == NULL)
        return;
    if (file->temporary != NULL && file->directory_fd >= 0)
        unlinkat(file->directory_fd, file->temporary, 0);
    bl_fd_close(&file->fd);
    bl_fd_close(&file->directory_fd);
    bl_free(file->temporary);
    bl_free(file->path);
    *file = (struct bl_file_new)BL_FILE_NEW_NONE;
}

enum bulla_status
bl_file_replace(const char *path, mode_t mode, struct bulla_bytes bytes,
                enum bl_file_existing existing, struct bulla_error *err)
{
    BL_AUTO(bl_file_new) file = BL_FILE_NEW_NONE;

    BL_TRY(open_new(&file, path, mode, existing, /* may_be_unnamed= */ false, err));
    BL_TRY(bl_fd_write(file.fd, bytes, err));
    return bl_file_new_commit(&file, err);
}

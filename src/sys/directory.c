/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/directory.c: directories that are ours, and what killed writers left in them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "sys/call.h"
#include "sys/file.h"
#include "sys/temporary.h"

#define PARENT_MODE 0755

/* Others who could write here could put their files in place of ours. */
static enum bulla_status
check_ours(const char *path, mode_t mode, struct bulla_error *err)
{
    struct stat status;

    if (BL_CALL(FILE, lstat(path, &status)) != 0)
        return bl_fail_errno(err, "directory", "cannot be examined");
    if (!S_ISDIR(status.st_mode))
        return bulla_fail(err, BULLA_E_DENIED, "directory", "something else has its name", 0);
    if (status.st_uid != geteuid())
        return bulla_fail(err, BULLA_E_DENIED, "directory", "belongs to somebody else", 0);
    if ((status.st_mode & (S_IRWXG | S_IRWXO) & ~mode) != 0)
        return bulla_fail(err, BULLA_E_DENIED, "directory", "others may use it", 0);
    return BULLA_OK;
}

enum bulla_status
bl_directory_sync(const char *path, struct bulla_error *err)
{
    BL_AUTO_FD fd = BL_CALL(FILE, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));

    if (fd < 0 || BL_CALL(FILE, fsync(fd)) != 0)
        return bl_fail_errno(err, "directory", "writing to the disk failed");
    return BULLA_OK;
}

/* Its name is in the parent, so the parent is what has to reach the disk. */
static enum bulla_status
sync_parent(char *path, struct bulla_error *err)
{
    char *slash = strrchr(path, '/');
    const char *parent = slash == NULL ? "." : slash == path ? "/" : path;

    if (slash != NULL)
        *slash = '\0';
    enum bulla_status status = bl_directory_sync(parent, err);
    if (slash != NULL)
        *slash = '/';
    return status;
}

static enum bulla_status
make_one(char *path, mode_t mode, struct bulla_error *err)
{
    if (BL_CALL(FILE, mkdir(path, mode)) == 0)
        return sync_parent(path, err);
    return errno == EEXIST ? BULLA_OK : bl_fail_errno(err, "directory", "cannot be made");
}

static enum bulla_status
make_all(char *path, mode_t mode, struct bulla_error *err)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        enum bulla_status status = make_one(path, PARENT_MODE, err);
        *slash = '/';
        BL_TRY(status);
    }
    BL_TRY(make_one(path, mode, err));
    return check_ours(path, mode, err);
}

enum bulla_status
bl_directory_make(const char *path, mode_t mode, struct bulla_error *err)
{
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    if (size == 0)
        return bulla_fail(err, BULLA_E_USAGE, "directory", "has no name", 0);
    char *copy = bl_alloc(size + 1, 1);
    if (copy == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "directory", "out of memory", size);
    memcpy(copy, path, size);
    enum bulla_status status = make_all(copy, mode, err);
    bl_free(copy);
    return status;
}

static bool
is_temporary(const char *name)
{
    size_t prefix = sizeof(BL_TEMPORARY_PREFIX) - 1, suffix = sizeof(BL_TEMPORARY_SUFFIX) - 1;

    return strlen(name) == BL_TEMPORARY_NAME_SIZE &&
           strncmp(name, BL_TEMPORARY_PREFIX, prefix) == 0 &&
           strcmp(name + BL_TEMPORARY_NAME_SIZE - suffix, BL_TEMPORARY_SUFFIX) == 0;
}

/* What cannot be opened or locked belongs to somebody or is in use: left alone. */
static void
sweep_one(int directory_fd, const char *name)
{
    BL_AUTO_FD fd =
        BL_CALL(FILE, openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status;

    if (fd < 0 || BL_CALL(FILE, fstat(fd, &status)) != 0 || !S_ISREG(status.st_mode) ||
        status.st_uid != geteuid())
        return;
    if (BL_CALL(FILE, flock(fd, LOCK_EX | LOCK_NB)) == 0)
        unlinkat(directory_fd, name, 0);
}

enum bulla_status
bl_directory_sweep(const char *directory, struct bulla_error *err)
{
    DIR *entries = bl_fault_point(BL_FAULT_FILE) ? (errno = EIO, NULL) : opendir(directory);

    if (entries == NULL)
        return bl_fail_errno(err, "directory", "cannot be read");
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (is_temporary(entry->d_name))
            sweep_one(dirfd(entries), entry->d_name);
    }
    closedir(entries);
    return BULLA_OK;
}

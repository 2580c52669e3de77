/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/mounts.c: a root put together from mounts.
 *
 * Sources are copied as detached mounts (open_tree) before anything is covered, and attached by
 * descriptor (move_mount): no path is looked up twice. Targets are looked up inside the new root
 * with openat2(), which follows no symbolic link, so that a tree from outside cannot place a mount
 * elsewhere.
 */
#include "sys/mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/call.h"
#include "sys/file.h"

#define STAGE "/dev" /* any directory that is always there: it is covered in our view only */
#define ROOT_SIZE_MAX ((uint64_t)1 << 20) /* bytes: an empty root holds names of targets only */
#define SIZE_TEXT_MAX 24                  /* bytes: 2^64 in decimal and its end */

static const char *const device_names[BL_DEVICE_COUNT] = { "null",   "zero",    "full",
                                                           "random", "urandom", "fuse" };
#define ORDINARY_DEVICE_COUNT (BL_DEVICE_COUNT - 1)
static const struct {
    const char *name, *target;
} device_links[] = { { "fd", "/proc/self/fd" },
                     { "stdin", "/proc/self/fd/0" },
                     { "stdout", "/proc/self/fd/1" },
                     { "stderr", "/proc/self/fd/2" } };

static enum bulla_status
fail_mount(struct bulla_error *err, const char *what)
{
    if (errno == EPERM || errno == EACCES)
        return bulla_fail_detail(err, BULLA_CAUSE_NO_USER_NAMESPACES, "mounts", what,
                                 (unsigned long)errno);
    return bl_fail_errno(err, "mounts", what);
}

static enum bulla_status
take(const char *path, int *fd_out, struct bulla_error *err)
{
    *fd_out = BL_CALL(
        PROCESS, open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    if (*fd_out < 0)
        return fail_mount(err, "source cannot be opened");
    return BULLA_OK;
}

static enum bulla_status
restrict_mount(int fd, uint64_t attributes, unsigned recursive, struct bulla_error *err)
{
    struct mount_attr attr = { .attr_set = attributes };

    if (BL_CALL(PROCESS, mount_setattr(fd, "", AT_EMPTY_PATH | recursive, &attr, sizeof attr)) != 0)
        return fail_mount(err, "cannot be restricted");
    return BULLA_OK;
}

static uint64_t
attributes_of(const struct bl_mount *mount)
{
    return MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (mount->writable ? 0 : MOUNT_ATTR_RDONLY) |
           (mount->executable ? 0 : MOUNT_ATTR_NOEXEC);
}

static size_t
device_count(const struct bl_mount *mount)
{
    return mount->with_fuse ? BL_DEVICE_COUNT : ORDINARY_DEVICE_COUNT;
}

static enum bulla_status
take_devices(struct bl_mount_sources *sources, size_t count, struct bulla_error *err)
{
    char path[32]; /* bytes: "/dev/urandom" */

    for (size_t i = 0; i < count; i++) {
        if (sources->devices[i] >= 0)
            continue;
        (void)snprintf(path, sizeof path, "/dev/%s", device_names[i]);
        BL_TRY(take(path, &sources->devices[i], err));
        BL_TRY(restrict_mount(sources->devices[i], MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, err));
    }
    return BULLA_OK;
}

static enum bulla_status
check_directory(int root, struct bulla_error *err)
{
    struct stat status;

    if (BL_CALL(PROCESS, fstat(root, &status)) != 0)
        return fail_mount(err, "root cannot be examined");
    if (!S_ISDIR(status.st_mode))
        return bulla_fail(err, BULLA_E_ARGUMENT, "mounts", "root is not a directory", 0);
    return BULLA_OK;
}

static enum bulla_status
take_all(const struct bl_namespace_plan *plan, struct bl_mount_sources *sources,
         struct bulla_error *err)
{
    if (plan->root != NULL) {
        BL_TRY(take(plan->root, &sources->root, err));
        BL_TRY(check_directory(sources->root, err));
        BL_TRY(restrict_mount(sources->root,
                              MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY,
                              AT_RECURSIVE, err));
    }
    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct bl_mount *mount = &plan->mounts[i];
        if (mount->kind == BL_MOUNT_BIND) {
            BL_TRY(take(mount->source, &sources->binds[i], err));
            BL_TRY(restrict_mount(sources->binds[i], attributes_of(mount), AT_RECURSIVE, err));
        } else if (mount->kind == BL_MOUNT_DEVICES) {
            BL_TRY(take_devices(sources, device_count(mount), err));
        }
    }
    return BULLA_OK;
}

static void
set_empty(struct bl_mount_sources *sources)
{
    sources->root = -1;
    for (size_t i = 0; i < BL_MOUNTS_MAX; i++)
        sources->binds[i] = -1;
    for (size_t i = 0; i < BL_DEVICE_COUNT; i++)
        sources->devices[i] = -1;
}

enum bulla_status
bl_mounts_open(const struct bl_namespace_plan *plan, struct bl_mount_sources *out,
               struct bulla_error *err)
{
    set_empty(out);
    if (plan->mount_count > BL_MOUNTS_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "mounts", "too many", plan->mount_count);
    if (BL_CALL(PROCESS, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) != 0)
        return fail_mount(err, "cannot be made private");
    enum bulla_status status = take_all(plan, out, err);
    if (status != BULLA_OK)
        bl_mounts_close(out);
    return status;
}

void
bl_mounts_close(struct bl_mount_sources *sources)
{
    bl_fd_close(&sources->root);
    for (size_t i = 0; i < BL_MOUNTS_MAX; i++)
        bl_fd_close(&sources->binds[i]);
    for (size_t i = 0; i < BL_DEVICE_COUNT; i++)
        bl_fd_close(&sources->devices[i]);
}

/* A new file system, attached nowhere. */
static enum bulla_status
make_mount(const char *type, uint64_t size_max, uint64_t attributes, int *fd_out,
           struct bulla_error *err)
{
    char size[SIZE_TEXT_MAX];
    BL_AUTO_FD context = BL_CALL(PROCESS, fsopen(type, FSOPEN_CLOEXEC));

    if (context < 0)
        return fail_mount(err, "file system refused");
    (void)snprintf(size, sizeof size, "%llu", (unsigned long long)size_max);
    if (size_max > 0 &&
        (BL_CALL(PROCESS, fsconfig(context, FSCONFIG_SET_STRING, "size", size, 0)) != 0 ||
         BL_CALL(PROCESS, fsconfig(context, FSCONFIG_SET_STRING, "mode", "0755", 0)) != 0))
        return fail_mount(err, "size refused");
    if (BL_CALL(PROCESS, fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) != 0)
        return fail_mount(err, "file system refused");
    *fd_out = BL_CALL(PROCESS, fsmount(context, FSMOUNT_CLOEXEC, (unsigned)attributes));
    if (*fd_out < 0)
        return fail_mount(err, "file system refused");
    return BULLA_OK;
}

static int
open_inside(int directory, const char *name, uint64_t flags)
{
    struct open_how how = { .flags = flags | O_PATH | O_CLOEXEC, /* links: by .resolve */
                            .resolve =
                                RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

    return (int)BL_CALL(PROCESS, syscall(SYS_openat2, directory, name, &how, sizeof how));
}

/* The last part of a target is a directory or an empty file, like what goes on top of it. */
static int
make_inside(int directory, const char *name, bool is_directory)
{
    if (is_directory)
        return BL_CALL(PROCESS, mkdirat(directory, name, 0755));
    BL_AUTO_FD fd =
        BL_CALL(PROCESS, openat(directory, name,
                                O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444));
    return fd < 0 ? -1 : 0;
}

/* One part of a target: opened, or made and opened. */
static enum bulla_status
step_inside(int *directory, const char *name, bool is_directory, struct bulla_error *err)
{
    int next = open_inside(*directory, name, 0);

    if (next < 0 && errno == ENOENT && make_inside(*directory, name, is_directory) == 0)
        next = open_inside(*directory, name, 0);
    if (next < 0)
        return fail_mount(err, "target cannot be opened or made");
    bl_fd_close(directory);
    *directory = next;
    return BULLA_OK;
}

static enum bulla_status
find_target(int root, const char *target, bool is_directory, int *fd_out, struct bulla_error *err)
{
    char part[NAME_MAX + 1];
    BL_AUTO_FD at = open_inside(root, ".", O_DIRECTORY);

    if (at < 0)
        return fail_mount(err, "root cannot be opened");
    for (const char *next = target; *next != '\0';) {
        size_t size = strcspn(next, "/");
        if (size > NAME_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, "mounts", "target's name too long", size);
        memcpy(part, next, size);
        part[size] = '\0';
        next += size;
        bool last = *(next + strspn(next, "/")) == '\0';
        next += strspn(next, "/");
        if (size > 0)
            BL_TRY(step_inside(&at, part, !last || is_directory, err));
    }
    *fd_out = at;
    at = -1;
    return BULLA_OK;
}

static enum bulla_status
attach(int mount, int root, const char *target, struct bulla_error *err)
{
    struct stat status;
    BL_AUTO_FD at = -1;

    if (BL_CALL(PROCESS, fstat(mount, &status)) != 0)
        return fail_mount(err, "source cannot be examined");
    BL_TRY(find_target(root, target, S_ISDIR(status.st_mode), &at, err));
    if (BL_CALL(PROCESS, move_mount(mount, "", at, "",
                                    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)) != 0)
        return fail_mount(err, "cannot be attached");
    return BULLA_OK;
}

static enum bulla_status
attach_devices(const struct bl_mount_sources *sources, int root, const struct bl_mount *mount,
               struct bulla_error *err)
{
    BL_AUTO_FD directory = -1;

    BL_TRY(
        make_mount("tmpfs", ROOT_SIZE_MAX, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, &directory, err));
    BL_TRY(attach(directory, root, mount->target, err));
    for (size_t i = 0; i < device_count(mount); i++)
        BL_TRY(attach(sources->devices[i], directory, device_names[i], err));
    for (size_t i = 0; i < sizeof device_links / sizeof device_links[0]; i++) {
        if (BL_CALL(PROCESS, symlinkat(device_links[i].target, directory, device_links[i].name)) !=
            0)
            return fail_mount(err, "link refused");
    }
    return restrict_mount(directory, MOUNT_ATTR_RDONLY, 0, err);
}

static enum bulla_status
attach_one(const struct bl_mount *mount, const struct bl_mount_sources *sources, size_t index,
           int root, struct bulla_error *err)
{
    const uint64_t common = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    BL_AUTO_FD fd = -1;

    if (mount->target == NULL || mount->target[0] != '/')
        return bulla_fail(err, BULLA_E_ARGUMENT, "mounts", "target is not absolute", index);
    switch (mount->kind) {
    case BL_MOUNT_BIND:
        return attach(sources->binds[index], root, mount->target, err);
    case BL_MOUNT_DEVICES:
        return attach_devices(sources, root, mount, err);
    case BL_MOUNT_PROC:
        BL_TRY(make_mount("proc", 0, common | MOUNT_ATTR_NOEXEC, &fd, err));
        break;
    case BL_MOUNT_TMPFS:
        if (mount->size_max == 0)
            return bulla_fail(err, BULLA_E_ARGUMENT, "mounts", "memory without a limit", index);
        BL_TRY(make_mount("tmpfs", mount->size_max,
                          common | (mount->executable ? 0 : MOUNT_ATTR_NOEXEC), &fd, err));
        break;
    }
    return attach(fd, root, mount->target, err);
}

/* The old root ends up on top of the new one and is let go. */
static enum bulla_status
switch_root(int root, struct bulla_error *err)
{
    if (BL_CALL(PROCESS, fchdir(root)) != 0 ||
        BL_CALL(PROCESS, syscall(SYS_pivot_root, ".", ".")) != 0)
        return fail_mount(err, "root cannot be changed");
    if (BL_CALL(PROCESS, umount2(".", MNT_DETACH)) != 0 || BL_CALL(PROCESS, chdir("/")) != 0)
        return fail_mount(err, "old root cannot be let go");
    return BULLA_OK;
}

static enum bulla_status
fill_root(const struct bl_namespace_plan *plan, int root, struct bulla_error *err)
{
    if (plan->fill_root == NULL)
        return BULLA_OK;
    BL_AUTO_FD fd = BL_CALL(PROCESS, openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0)
        return fail_mount(err, "root cannot be opened");
    return plan->fill_root(plan->fill_context, fd, err);
}

/* A memory of its own as root. */
static enum bulla_status
make_root(const struct bl_namespace_plan *plan, int *root_out, struct bulla_error *err)
{
    uint64_t size_max = plan->root_size_max == 0 ? ROOT_SIZE_MAX : plan->root_size_max;

    return make_mount("tmpfs", size_max, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, root_out, err);
}

enum bulla_status
bl_mounts_enter(const struct bl_namespace_plan *plan, struct bl_mount_sources *sources,
                struct bulla_error *err)
{
    bool is_new = sources->root < 0;

    if (is_new)
        BL_TRY(make_root(plan, &sources->root, err));
    if (BL_CALL(PROCESS, move_mount(sources->root, "", AT_FDCWD, STAGE, MOVE_MOUNT_F_EMPTY_PATH)) !=
        0)
        return fail_mount(err, "root cannot be attached");
    if (is_new)
        BL_TRY(fill_root(plan, sources->root, err));
    for (size_t i = 0; i < plan->mount_count; i++)
        BL_TRY(attach_one(&plan->mounts[i], sources, i, sources->root, err));
    BL_TRY(restrict_mount(sources->root, MOUNT_ATTR_RDONLY, 0, err));
    return switch_root(sources->root, err);
}

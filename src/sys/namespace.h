/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/namespace.h: a process alone in a world of its own: users, files, processes, network, IPC,
 * host name and cgroup view. Given to bl_process_start() in its plan.
 *
 * The child is process 1 there; when it ends the kernel kills what it started. Its files are the
 * root of the plan and the mounts in it, nothing else; all are without set-user-id, devices are
 * refused except those of BL_MOUNT_DEVICES. Before the program runs every capability is dropped
 * and no_new_privs set, so that it cannot change any of this. Works for root and for ordinary users
 * who may make user namespaces; where that is forbidden the cause is
 * BULLA_CAUSE_NO_USER_NAMESPACES. A program of ours that goes on building there (the agent of an
 * enclave) may keep the capabilities that it needs: they are over its own world only.
 *
 * Does not: limit memory or processor time (sys/cgroup.h) or system calls (sys/sandbox.h); drop the
 * supplementary groups of an ordinary user, which he cannot do.
 */
#ifndef BL_SYS_NAMESPACE_H
#define BL_SYS_NAMESPACE_H

#include <sys/types.h>

#include "bulla/status.h"

enum bl_mount_kind {
    BL_MOUNT_BIND,   /* the file or directory `source` of the caller, with what is mounted below */
    BL_MOUNT_TMPFS,  /* empty memory of at most `size_max` bytes; always writable */
    BL_MOUNT_PROC,   /* /proc of its own processes */
    BL_MOUNT_DEVICES /* null zero full random urandom; fd and the standard streams as links */
};

struct bl_mount {
    enum bl_mount_kind kind;
    const char *source;
    const char *target; /* absolute, inside; made where it does not exist and the root can be
                           written; a symbolic link on the way is refused */
    bool writable;
    bool executable;
    bool with_fuse;    /* BL_MOUNT_DEVICES: /dev/fuse as well, for who serves files itself */
    uint64_t size_max; /* bytes */
};
#define BL_MOUNTS_MAX 64 /* the root tree, one per sealed directory and secret, and a few more */

struct bl_namespace_plan {
    const char *root; /* becomes "/", read-only and executable; NULL: an empty tmpfs */
    /* With `root` NULL: puts files into that tmpfs, of at most `root_size_max` bytes, before it becomes
     * read-only. Runs in the child, which has the descriptors of its own only. NULL: nothing. */
    enum bulla_status (*fill_root)(void *context, int root_fd, struct bulla_error *err);
    void *fill_context;
    uint64_t root_size_max; /* 0: enough for the targets of mounts */
    const struct bl_mount *mounts;
    size_t mount_count;
    const char *host_name; /* NULL: "enclave" */
    bool map_user;         /* root only: be outside_uid and outside_gid for the outer world */
    uid_t outside_uid;
    gid_t outside_gid;
    uid_t inside_uid; /* what the program sees itself as */
    gid_t inside_gid;
    bool share_network; /* the caller's network instead of an empty one with `lo` */
    uint64_t
        keep_capabilities; /* bit n: capability n stays; a program needs inside_uid 0 for that */
};

/** The flags for clone3(). */
uint64_t bl_namespace_flags(const struct bl_namespace_plan *plan);
/** In the parent: say who the child's users are. */
enum bulla_status bl_namespace_map(const struct bl_namespace_plan *plan, pid_t child,
                                   struct bulla_error *err) BULLA_CHECKED;
/** In the child, after that: build the world and enter it. */
enum bulla_status bl_namespace_enter(const struct bl_namespace_plan *plan,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

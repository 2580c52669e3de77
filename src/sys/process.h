/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/process.h: child processes that get exactly what they are given.
 *
 * A child starts with the descriptors of the map (0, 1 and 2 are /dev/null where the map is silent),
 * the environment listed, default signal handling, and nothing else. It is waited for and killed
 * by pidfd, so that a number used again can never be meant. bl_secret memory does not survive into
 * it (MADV_WIPEONFORK): secrets go through a pipe or socket.
 *
 * Does not: work where SIGCHLD is ignored. A caller with several threads may start programs, but
 * functions (and `confine`) only if these do without what the other threads may hold locked.
 */
#ifndef BL_SYS_PROCESS_H
#define BL_SYS_PROCESS_H

#include <sys/types.h>

#include "base/cleanup.h"
#include "bulla/status.h"

struct bl_process {
    pid_t pid;
    int pidfd; /* -1: none */
};
#define BL_PROCESS_NONE \
    {                   \
        .pidfd = -1     \
    }

/** The caller's descriptor `from` becomes the child's `to`. */
struct bl_fd_map {
    int from, to;
};
#define BL_PROCESS_FD_MAX 255 /* largest `to`: a program of ours knows its descriptors by heart */

struct bl_namespace_plan; /* sys/namespace.h */

struct bl_process_plan {
    /* One of three. The function's value is the exit code of the child. */
    const char *path; /* absolute */
    int program_fd;   /* of a file or memfd; 0: none */
    int (*function)(void *context);
    void *context; /* of `function` and `confine` */

    const char *const *arguments;   /* NULL-terminated, with the program's name first */
    const char *const *environment; /* NULL-terminated; NULL: empty */
    const char *directory;          /* NULL: "/" */
    const struct bl_fd_map *fds;
    size_t fd_count;
    bool dies_with_parent; /* killed when the thread that started it ends */
    bool own_session;      /* no controlling terminal */
    bool drop_user;        /* become uid and gid, without supplementary groups */
    uid_t uid;
    gid_t gid;
    const struct bl_namespace_plan *namespaces; /* NULL: the caller's; else see sys/namespace.h */
    /* Last step in the child before the program or function: sys/sandbox.h. */
    enum bulla_status (*confine)(void *context, struct bulla_error *err);
};

/** Start a child. Returns when the program runs or the function is about to; what fails in the
 *  child before that is reported here; a child killed before that counts as started, and its end
 *  tells. */
enum bulla_status bl_process_start(const struct bl_process_plan *plan, struct bl_process *out,
                                   struct bulla_error *err) BULLA_CHECKED;

struct bl_process_end {
    bool killed; /* by signal `code`; otherwise it exited with `code` */
    int code;
};
/** Wait for the end and take the child away; BULLA_E_TIMEOUT leaves everything as it is. */
enum bulla_status bl_process_wait(struct bl_process *process, int64_t deadline,
                                  struct bl_process_end *out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Send a signal; BULLA_E_NOT_FOUND if it has ended. */
enum bulla_status bl_process_signal(const struct bl_process *process, int signal,
                                    struct bulla_error *err) BULLA_CHECKED;
/** Kill it if it lives, take it away. Accepts what is already empty. */
void bl_process_done(struct bl_process *process);

/** From now on this process inherits, and has to wait for, the orphans among its descendants. */
enum bulla_status bl_process_adopt_orphans(struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/agent/mounted.h: a file server in a process of its own, mounted where only this process and
 * its children see it. For use in a child (tests/sys/child.h): its mounts are its own from then on.
 */
#ifndef TESTS_AGENT_MOUNTED_H
#define TESTS_AGENT_MOUNTED_H

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "agent/fuse.h"
#include "sys/child.h"
#include "sys/directory.h"

struct mounted {
    const char *directory; /* borrowed */
    pid_t server;
    int stop; /* closing it stops the server */
};

static inline bool
write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    close(fd);
    return done;
}

/* As root mounts alone are unshared, so that both ways of the kernel's checks are walked. */
static inline bool
mounts_of_our_own(void)
{
    char map[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (uid == 0)
        return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    /* who changed his user is hidden from himself in /proc */
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    if (!write_text("/proc/self/setgroups", "deny") || !write_text("/proc/self/uid_map", map))
        return false;
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    return write_text("/proc/self/gid_map", map);
}

/** Exit code of the server: 0, or the status that ended it. `open_volume` runs in the server. */
static inline int
serve_in_child(int fuse, int stop, struct bl_volume *(*open_volume)(void))
{
    struct bl_fuse_plan plan = {
        .fd = fuse, .stop_fd = stop, .volume = open_volume(), .user = getuid(), .group = getgid()
    };

    return (int)bl_fuse_serve(&plan, NULL);
}

static inline bool
mount_server(struct mounted *m, const char *directory, struct bl_volume *(*open_volume)(void))
{
    char options[128];
    int stop[2];
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

    m->directory = directory;
    snprintf(options, sizeof options,
             "fd=%d,rootmode=40000,user_id=%u,group_id=%u,default_permissions", fuse, getuid(),
             getgid());
    if (fuse < 0 || pipe2(stop, O_CLOEXEC) != 0 ||
        mount("bulla", directory, "fuse", MS_NOSUID | MS_NODEV, options) != 0)
        return false;
    m->server = fork();
    if (m->server == 0) {
        close(stop[1]);
        _exit(serve_in_child(fuse, stop[0], open_volume));
    }
    close(fuse);
    close(stop[0]);
    m->stop = stop[1];
    return m->server > 0;
}

/** Exit code of the server, or the negative signal that killed it. */
static inline int
server_end(struct mounted *m)
{
    int status = 0;

    if (waitpid(m->server, &status, 0) != m->server)
        return NOT_RUN;
    close(m->stop);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Where /dev/fuse is missing nothing can be mounted. */
#define NEEDS_FUSE()                                 \
    do {                                             \
        if (access("/dev/fuse", R_OK | W_OK) != 0)   \
            unit_skip("/dev/fuse cannot be opened"); \
    } while (0)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/namespace.c: users, network and names. The files are in mounts.c.
 */
#include "sys/namespace.h"

#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/call.h"
#include "sys/file.h"
#include "sys/mounts.h"

#define HOST_NAME "enclave"
#define TEXT_MAX 64 /* bytes: a path or a map line of three numbers */

uint64_t
bl_namespace_flags(const struct bl_namespace_plan *plan)
{
    uint64_t flags =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

    return plan->share_network ? flags : flags | CLONE_NEWNET;
}

static enum bulla_status
forbidden(struct bulla_error *err, const char *what)
{
    return bulla_fail_detail(err, BULLA_CAUSE_NO_USER_NAMESPACES, "namespaces", what,
                             (unsigned long)errno);
}

static enum bulla_status
write_proc(pid_t child, const char *name, const char *text, struct bulla_error *err)
{
    char path[TEXT_MAX];

    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
    BL_AUTO_FD fd = BL_CALL(PROCESS, open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (fd < 0)
        return forbidden(err, "users of the child cannot be set");
    ssize_t written = BL_CALL(PROCESS, write(fd, text, strlen(text)));
    if (written < 0 || (size_t)written != strlen(text))
        return forbidden(err, "users of the child cannot be set");
    return BULLA_OK;
}

static enum bulla_status
map_one(pid_t child, const char *name, unsigned inside, unsigned outside, struct bulla_error *err)
{
    char line[TEXT_MAX];

    (void)snprintf(line, sizeof line, "%u %u 1\n", inside, outside);
    return write_proc(child, name, line, err);
}

/* An ordinary user must give up setgroups(); for root the child uses it to drop root's groups. */
enum bulla_status
bl_namespace_map(const struct bl_namespace_plan *plan, pid_t child, struct bulla_error *err)
{
    uid_t uid = plan->map_user ? plan->outside_uid : geteuid();
    gid_t gid = plan->map_user ? plan->outside_gid : getegid();

    if (geteuid() != 0)
        BL_TRY(write_proc(child, "setgroups", "deny", err));
    BL_TRY(map_one(child, "uid_map", plan->inside_uid, uid, err));
    return map_one(child, "gid_map", plan->inside_gid, gid, err);
}

static enum bulla_status
become_inside(const struct bl_namespace_plan *plan, struct bulla_error *err)
{
    bool may = true;
    char text[TEXT_MAX] = { 0 };
    size_t got = 0;

    BL_AUTO_FD fd = BL_CALL(PROCESS, open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC));
    if (fd < 0)
        return bl_fail_errno(err, "namespaces", "/proc cannot be read");
    BL_TRY(bl_fd_read(fd, text, sizeof text - 1, &got, err));
    may = strncmp(text, "allow", 5) == 0;
    if (may && BL_CALL(PROCESS, setgroups(0, NULL)) != 0)
        return forbidden(err, "groups cannot be dropped");
    if (BL_CALL(PROCESS, setresgid(plan->inside_gid, plan->inside_gid, plan->inside_gid)) != 0 ||
        BL_CALL(PROCESS, setresuid(plan->inside_uid, plan->inside_uid, plan->inside_uid)) != 0)
        return forbidden(err, "cannot become the inner user");
    return BULLA_OK;
}

static enum bulla_status
raise_loopback(struct bulla_error *err)
{
    struct ifreq request = { .ifr_name = "lo" };
    BL_AUTO_FD fd = BL_CALL(PROCESS, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    if (fd < 0)
        return bl_fail_errno(err, "namespaces", "no socket");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (BL_CALL(PROCESS, ioctl(fd, SIOCSIFFLAGS, &request)) != 0)
        return forbidden(err, "loopback cannot be raised");
    return BULLA_OK;
}

/* The sources are opened as the user that the caller is, the rest is done as the inner one. */
enum bulla_status
bl_namespace_enter(const struct bl_namespace_plan *plan, struct bulla_error *err)
{
    const char *name = plan->host_name == NULL ? HOST_NAME : plan->host_name;
    struct bl_mount_sources sources;

    BL_TRY(bl_mounts_open(plan, &sources, err));
    enum bulla_status status = become_inside(plan, err);
    if (status == BULLA_OK)
        status = bl_mounts_enter(plan, &sources, err);
    bl_mounts_close(&sources);
    BL_TRY(status);
    if (BL_CALL(PROCESS, sethostname(name, strlen(name))) != 0)
        return bl_fail_errno(err, "namespaces", "host name refused");
    return plan->share_network ? BULLA_OK : raise_loopback(err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/process.c: the parent's side. The child's is process_child.c.
 *
 * Both are joined by a pair of sockets until the program runs: one byte lets the child go, the end
 * of the connection says that it runs, a struct bulla_error that it does not. The record may cross
 * because its pointers are to literals of the image that both share, and because nothing of the
 * program to be run has run yet.
 */
#include "sys/process.h"

#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/namespace.h"
#include "sys/process_child.h"

static enum bulla_status
check_plan(const struct bl_process_plan *plan, struct bulla_error *err)
{
    int ways = (plan->path != NULL) + (plan->program_fd > 0) + (plan->function != NULL);

    if (ways != 1 || (plan->function == NULL && plan->arguments == NULL))
        return bulla_fail(err, BULLA_E_ARGUMENT, "process", "nothing to run, or two things", 0);
    if (plan->path != NULL && plan->path[0] != '/')
        return bulla_fail(err, BULLA_E_ARGUMENT, "process", "program's path is not absolute", 0);
    for (size_t i = 0; i < plan->fd_count; i++) {
        if (plan->fds[i].from < 0 || plan->fds[i].to < 0 || plan->fds[i].to > BL_PROCESS_FD_MAX)
            return bulla_fail(err, BULLA_E_ARGUMENT, "process", "descriptor out of range", i);
        for (size_t j = 0; j < i; j++) {
            if (plan->fds[j].to == plan->fds[i].to)
                return bulla_fail(err, BULLA_E_ARGUMENT, "process", "descriptor given twice", i);
        }
    }
    return BULLA_OK;
}

static pid_t
start_child(const struct bl_process_plan *plan)
{
    if (plan->namespaces == NULL)
        return fork();
    struct clone_args args = { .flags = bl_namespace_flags(plan->namespaces),
                               .exit_signal = SIGCHLD };
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static enum bulla_status
fail_start(const struct bl_process_plan *plan, struct bulla_error *err)
{
    bool forbidden = errno == EPERM || errno == ENOSPC || errno == EINVAL || errno == ENOSYS;

    if (plan->namespaces != NULL && forbidden)
        return bulla_fail_detail(err, BULLA_CAUSE_NO_USER_NAMESPACES, "process",
                                 "the kernel refuses new namespaces", (unsigned long)errno);
    return bl_fail_errno(err, "process", "no child can be started");
}

#define READY 1 /* bytes: a child in new namespaces says when its maps can be written */
#define ENDED \
    0 /* success is the end of the connection, which only exec or the child brings about */

static enum bulla_status
hear(int report, ssize_t expected, struct bulla_error *err)
{
    struct bulla_error told = { 0 };
    ssize_t got;

    do {
        got = BL_CALL(PROCESS, recv(report, &told, sizeof told, 0));
    } while (got < 0 && errno == EINTR);
    if (got == expected)
        return BULLA_OK;
    if (got != (ssize_t)sizeof told || told.status == BULLA_OK)
        return bulla_fail(err, BULLA_E_IO, "process", "nothing heard of the child", 0);
    if (err != NULL && err->status == BULLA_OK)
        *err = told;
    return told.status;
}

static enum bulla_status
see_off(const struct bl_process_plan *plan, struct bl_process *process, int report,
        struct bulla_error *err)
{
    process->pidfd = BL_CALL(PROCESS, pidfd_open(process->pid, 0));
    if (process->pidfd < 0)
        return bl_fail_errno(err, "process", "no descriptor of the child");
    if (plan->namespaces != NULL) {
        BL_TRY(hear(report, READY, err));
        BL_TRY(bl_namespace_map(plan->namespaces, process->pid, err));
    }
    if (BL_CALL(PROCESS, send(report, "", 1, MSG_NOSIGNAL)) != 1)
        return bl_fail_errno(err, "process", "the child is gone");
    return hear(report, ENDED, err);
}

/* Without a pidfd, by number: the child is not waited for yet, so the number is still its own. */
static void
give_up(struct bl_process *process)
{
    if (process->pidfd < 0) {
        kill(process->pid, SIGKILL);
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    bl_process_done(process);
}

enum bulla_status
bl_process_start(const struct bl_process_plan *plan, struct bl_process *out,
                 struct bulla_error *err)
{
    struct bl_process process = BL_PROCESS_NONE;
    int ends[2] = { -1, -1 };

    BL_TRY(check_plan(plan, err));
    if (BL_CALL(PROCESS, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) != 0)
        return bl_fail_errno(err, "process", "no connection to a child");
    process.pid = BL_CALL(PROCESS, start_child(plan));
    if (process.pid == 0) {
        close(ends[0]);
        bl_process_child(plan, ends[1]);
    }
    enum bulla_status status = process.pid < 0 ? fail_start(plan, err) : BULLA_OK;
    bl_fd_close(&ends[1]);
    if (status == BULLA_OK) {
        status = see_off(plan, &process, ends[0], err);
        if (status != BULLA_OK)
            give_up(&process);
    }
    bl_fd_close(&ends[0]);
    if (status == BULLA_OK)
        *out = process;
    return status;
}

static enum bulla_status
wait_ended(int pidfd, int64_t deadline, struct bulla_error *err)
{
    for (;;) {
        struct pollfd waiting = { .fd = pidfd, .events = POLLIN };
        int left_ms = bl_clock_left_ms(deadline);
        int ready = BL_CALL(PROCESS, poll(&waiting, 1, left_ms));
        if (ready > 0)
            return BULLA_OK;
        if (ready < 0 && errno != EINTR)
            return bl_fail_errno(err, "process", "waiting failed");
        if (ready == 0 && left_ms == 0)
            return bulla_fail(err, BULLA_E_TIMEOUT, "process", "still running", 0);
    }
}

static int
take_away(int pidfd, siginfo_t *info)
{
    int result;

    do {
        result = waitid(P_PIDFD, (id_t)pidfd, info, WEXITED);
    } while (result != 0 && errno == EINTR);
    return result;
}

enum bulla_status
bl_process_wait(struct bl_process *process, int64_t deadline, struct bl_process_end *out,
                struct bulla_error *err)
{
    siginfo_t info = { 0 };

    if (process->pidfd < 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, "process", "not started", 0);
    BL_TRY(wait_ended(process->pidfd, deadline, err));
    if (BL_CALL(PROCESS, take_away(process->pidfd, &info)) != 0)
        return bl_fail_errno(err, "process", "its end cannot be learnt");
    *out = (struct bl_process_end){ .killed = info.si_code != CLD_EXITED, .code = info.si_status };
    bl_fd_close(&process->pidfd);
    process->pid = 0;
    return BULLA_OK;
}

enum bulla_status
bl_process_signal(const struct bl_process *process, int signal, struct bulla_error *err)
{
    if (process->pidfd < 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, "process", "not started", 0);
    if (BL_CALL(PROCESS, pidfd_send_signal(process->pidfd, signal, NULL, 0)) != 0)
        return errno == ESRCH ? bulla_fail(err, BULLA_E_NOT_FOUND, "process", "has ended", 0)
                              : bl_fail_errno(err, "process", "cannot be signalled");
    return BULLA_OK;
}

void
bl_process_done(struct bl_process *process)
{
    siginfo_t info;

    if (process->pidfd >= 0) {
        (void)pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
        (void)take_away(process->pidfd, &info);
        bl_fd_close(&process->pidfd);
    }
    *process = (struct bl_process)BL_PROCESS_NONE;
}

enum bulla_status
bl_process_adopt_orphans(struct bulla_error *err)
{
    if (BL_CALL(PROCESS, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) != 0)
        return bl_fail_errno(err, "process", "cannot adopt orphans");
    return BULLA_OK;
}

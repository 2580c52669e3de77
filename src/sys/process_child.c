/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/process_child.c: the child's side, from the fork to the program or function.
 */
#include "sys/process_child.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/call.h"
#include "sys/namespace.h"
#include "sys/sandbox.h"

#define EXIT_NOT_STARTED 127 /* as a shell's; the parent has been told why */

struct child {
    const struct bl_process_plan *plan;
    int report;  /* to the parent */
    int program; /* to be run, or -1 */
};

static void
tell(int report, const struct bulla_error *err)
{
    ssize_t sent;

    do {
        sent = send(report, err, sizeof *err, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
}

static enum bulla_status
wait_for_go(int report, struct bulla_error *err)
{
    char go;
    ssize_t got;

    do {
        got = BL_CALL(PROCESS, recv(report, &go, 1, 0));
    } while (got < 0 && errno == EINTR);
    if (got != 1)
        return bulla_fail(err, BULLA_E_IO, "process", "the parent is gone", 0);
    return BULLA_OK;
}

/*
 * The maps of a process that hides its memory belong to root, so that an ordinary user could not
 * write them for his own child: it shows itself until that is done. Secrets are not in it.
 */
static enum bulla_status
get_mapped(int report, struct bulla_error *err)
{
    int shown = BL_CALL(PROCESS, prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));

    if (shown < 0 || BL_CALL(PROCESS, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)) != 0)
        return bl_fail_errno(err, "process", "memory cannot be shown");
    if (BL_CALL(PROCESS, send(report, "", 1, MSG_NOSIGNAL)) != 1)
        return bulla_fail(err, BULLA_E_IO, "process", "the parent is gone", 0);
    BL_TRY(wait_for_go(report, err));
    if (shown != 1 && BL_CALL(PROCESS, prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) != 0)
        return bl_fail_errno(err, "process", "memory cannot be hidden again");
    return BULLA_OK;
}

/* What the parent ignored or blocked would otherwise be ignored or blocked in the program, too. */
static enum bulla_status
reset_signals(struct bulla_error *err)
{
    struct sigaction by_default = { .sa_handler = SIG_DFL };
    sigset_t none;

    for (int signal = 1; signal < NSIG; signal++)
        (void)sigaction(signal, &by_default, NULL); /* fails for SIGKILL and the library's own */
    sigemptyset(&none);
    if (BL_CALL(PROCESS, sigprocmask(SIG_SETMASK, &none, NULL)) != 0)
        return bl_fail_errno(err, "process", "signals cannot be reset");
    return BULLA_OK;
}

static int
largest_target(const struct bl_process_plan *plan)
{
    int largest = STDERR_FILENO;

    for (size_t i = 0; i < plan->fd_count; i++)
        largest = plan->fds[i].to > largest ? plan->fds[i].to : largest;
    return largest;
}

static bool
is_target(const struct bl_process_plan *plan, int fd)
{
    for (size_t i = 0; i < plan->fd_count; i++) {
        if (plan->fds[i].to == fd)
            return true;
    }
    return false;
}

/* A copy of `fd` at or above `base`. */
static enum bulla_status
lift(int fd, int base, int *copy_out, struct bulla_error *err)
{
    *copy_out = BL_CALL(PROCESS, fcntl(fd, F_DUPFD_CLOEXEC, base));
    if (*copy_out < 0)
        return bl_fail_errno(err, "process", "descriptor cannot be handed over");
    return BULLA_OK;
}

static enum bulla_status
put(int fd, int target, int flags, struct bulla_error *err)
{
    if (BL_CALL(PROCESS, dup3(fd, target, flags)) != target)
        return bl_fail_errno(err, "process", "descriptor cannot be handed over");
    return BULLA_OK;
}

static enum bulla_status
fill_standard(const struct bl_process_plan *plan, struct bulla_error *err)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (is_target(plan, fd))
            continue;
        int null = BL_CALL(PROCESS, open("/dev/null", O_RDWR | O_CLOEXEC));
        if (null < 0)
            return bl_fail_errno(err, "process", "/dev/null cannot be opened");
        if (null == fd) { /* it was closed: keep it open across exec */
            if (fcntl(fd, F_SETFD, 0) != 0)
                return bl_fail_errno(err, "process", "/dev/null cannot be kept");
            continue;
        }
        BL_TRY(put(null, fd, 0, err));
        close(null);
    }
    return BULLA_OK;
}

/*
 * First copies of everything above all targets, so that no target overwrites what is still needed;
 * then report and program right above the targets; then the targets; then nothing else is left.
 */
static enum bulla_status
place_fds(struct child *child, struct bulla_error *err)
{
    const struct bl_process_plan *plan = child->plan;
    int above = largest_target(plan) + 1, base = above + 2;
    int copies[BL_PROCESS_FD_MAX + 1];
    int report = -1, program = -1;

    for (size_t i = 0; i < plan->fd_count; i++)
        BL_TRY(lift(plan->fds[i].from, base, &copies[i], err));
    if (plan->program_fd > 0)
        BL_TRY(lift(plan->program_fd, base, &program, err));
    BL_TRY(lift(child->report, base, &report, err));

    BL_TRY(put(report, above, O_CLOEXEC, err));
    child->report = above;
    if (program >= 0) {
        BL_TRY(put(program, above + 1, O_CLOEXEC, err));
        child->program = above + 1;
    }
    for (size_t i = 0; i < plan->fd_count; i++)
        BL_TRY(put(copies[i], plan->fds[i].to, 0, err));
    if (BL_CALL(PROCESS, close_range((unsigned)(program >= 0 ? base : base - 1), ~0U, 0)) != 0)
        return bl_fail_errno(err, "process", "other descriptors cannot be closed");
    for (int fd = STDERR_FILENO + 1; fd < above; fd++) {
        if (!is_target(plan, fd))
            close(fd);
    }
    return fill_standard(plan, err);
}

static enum bulla_status
become_user(const struct bl_process_plan *plan, struct bulla_error *err)
{
    uid_t uid[3];
    gid_t gid[3];

    if (BL_CALL(PROCESS, setgroups(0, NULL)) != 0 ||
        BL_CALL(PROCESS, setresgid(plan->gid, plan->gid, plan->gid)) != 0 ||
        BL_CALL(PROCESS, setresuid(plan->uid, plan->uid, plan->uid)) != 0)
        return bl_fail_errno(err, "process", "cannot become the other user");
    if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 || getresgid(&gid[0], &gid[1], &gid[2]) != 0)
        return bl_fail_errno(err, "process", "user unknown");
    for (int i = 0; i < 3; i++) {
        if (uid[i] != plan->uid || gid[i] != plan->gid)
            return bulla_fail(err, BULLA_E_DENIED, "process", "did not become the other user", 0);
    }
    return BULLA_OK;
}

/* After the change of user, which clears it. The parent may have died before. */
static enum bulla_status
die_with_parent(int report, struct bulla_error *err)
{
    char byte;

    if (BL_CALL(PROCESS, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)) != 0)
        return bl_fail_errno(err, "process", "cannot be bound to its parent");
    ssize_t got = BL_CALL(PROCESS, recv(report, &byte, 1, MSG_DONTWAIT | MSG_PEEK));
    if (got >= 0 || errno != EAGAIN)
        return bulla_fail(err, BULLA_E_IO, "process", "the parent is gone", 0);
    return BULLA_OK;
}

/* Root inside its namespaces could undo what was just set up. */
static enum bulla_status
enter_namespaces(const struct bl_namespace_plan *namespaces, struct bulla_error *err)
{
    BL_TRY(bl_namespace_enter(namespaces, err));
    return bl_sandbox_drop_capabilities(namespaces->keep_capabilities, err);
}

static enum bulla_status
prepare(struct child *child, struct bulla_error *err)
{
    const struct bl_process_plan *plan = child->plan;

    if (plan->namespaces != NULL)
        BL_TRY(get_mapped(child->report, err));
    else
        BL_TRY(wait_for_go(child->report, err));
    BL_TRY(reset_signals(err));
    if (plan->own_session && BL_CALL(PROCESS, setsid()) < 0)
        return bl_fail_errno(err, "process", "no session of its own");
    BL_TRY(place_fds(child, err));
    if (plan->namespaces != NULL)
        BL_TRY(enter_namespaces(plan->namespaces, err));
    if (plan->drop_user)
        BL_TRY(become_user(plan, err));
    if (BL_CALL(PROCESS, chdir(plan->directory == NULL ? "/" : plan->directory)) != 0)
        return bl_fail_errno(err, "process", "its directory cannot be entered");
    if (plan->dies_with_parent)
        BL_TRY(die_with_parent(child->report, err));
    return plan->confine == NULL ? BULLA_OK : plan->confine(plan->context, err);
}

static enum bulla_status
run_program(const struct child *child, struct bulla_error *err)
{
    static const char *const nothing[] = { NULL };
    const struct bl_process_plan *plan = child->plan;
    char *const *arguments = (char *const *)(uintptr_t)plan->arguments;
    char *const *environment =
        (char *const *)(uintptr_t)(plan->environment == NULL ? nothing : plan->environment);

    if (child->program >= 0)
        (void)BL_CALL(PROCESS, execveat(child->program, "", arguments, environment, AT_EMPTY_PATH));
    else
        (void)BL_CALL(PROCESS, execve(plan->path, arguments, environment));
    return bl_fail_errno(err, "process", "the program cannot be run");
}

_Noreturn void
bl_process_child(const struct bl_process_plan *plan, int report)
{
    struct child child = { .plan = plan, .report = report, .program = -1 };
    struct bulla_error err = { 0 };

    enum bulla_status status = prepare(&child, &err);
    if (status == BULLA_OK && plan->function != NULL) {
        close(child.report);
        _exit(plan->function(plan->context));
    }
    if (status == BULLA_OK)
        status = run_program(&child, &err);
    if (err.status != status || status == BULLA_OK)
        err = (struct bulla_error){ .status = BULLA_E_ARGUMENT,
                                    .cause = BULLA_CAUSE_INTERNAL,
                                    .where = "process",
                                    .what = "failed without a reason" };
    tell(child.report, &err);
    _exit(EXIT_NOT_STARTED);
}

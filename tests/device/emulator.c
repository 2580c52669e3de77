/* SPDX-License-Identifier: Apache-2.0 */
#include "device/emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

#define OPEN_COUNT_MAX 32
#define PATH_SIZE 512
#define CHUNK_SIZE 65536
#define POLL_MS 20

/* A descriptor of the program that is one of ours. */
struct opened {
    pid_t pid;
    int fd;
    const struct emulated *device;
    int handle;
};

struct supervisor {
    const struct emulated *devices;
    size_t count;
    int listener;
    struct opened opened[OPEN_COUNT_MAX];
    size_t opened_count;
};

static pid_t program;

pid_t
emulator_program(void)
{
    return program;
}

/* -- memory of the program ----------------------------------------------------------------------- */

bool
remote_read(const struct remote *remote, uint64_t address, void *out, size_t size)
{
    struct iovec here = { out, size }, there = { (void *)(uintptr_t)address, size };

    return size == 0 || process_vm_readv(remote->pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

bool
remote_write(const struct remote *remote, uint64_t address, const void *bytes, size_t size)
{
    struct iovec here = { (void *)(uintptr_t)bytes, size };
    struct iovec there = { (void *)(uintptr_t)address, size };

    return size == 0 || process_vm_writev(remote->pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

/* Byte by byte: the page behind the text may not be there. */
static bool
remote_path(const struct remote *remote, uint64_t address, char out[PATH_SIZE])
{
    for (size_t i = 0; i < PATH_SIZE; i++) {
        if (!remote_read(remote, address + i, out + i, 1))
            return false;
        if (out[i] == '\0')
            return true;
    }
    return false;
}

/* -- which device -------------------------------------------------------------------------------- */

static const struct emulated *
owner(const struct supervisor *s, const char *path)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->devices[i].owns(s->devices[i].state, path))
            return &s->devices[i];
    return NULL;
}

static struct opened *
find_opened(struct supervisor *s, pid_t pid, uint64_t fd)
{
    for (size_t i = 0; i < s->opened_count; i++)
        if (s->opened[i].pid == pid && (uint64_t)s->opened[i].fd == fd)
            return &s->opened[i];
    return NULL;
}

/* -- answers ------------------------------------------------------------------------------------- */

static void
respond(const struct supervisor *s, uint64_t id, long value)
{
    struct seccomp_notif_resp response = { .id = id };

    if (value == EMULATOR_HANG)
        return;
    if (value == EMULATOR_PASS)
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else if (value < 0)
        response.error = (int)value;
    else
        response.val = value;
    (void)ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Put a copy of `fd` into the program, as the value of its call; what it is called there, or -1. */
static int
give(const struct supervisor *s, uint64_t id, int fd)
{
    struct seccomp_notif_addfd gift = {
        .id = id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (uint32_t)fd, .newfd_flags = O_CLOEXEC
    };

    return ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &gift);
}

static void
answer_open(struct supervisor *s, const struct seccomp_notif *call, const char *path, int flags)
{
    const struct emulated *device = owner(s, path);
    int handle = 0;

    if (device == NULL || device->open == NULL) {
        respond(s, call->id, EMULATOR_PASS);
        return;
    }
    long result = device->open(device->state, path, flags, &handle);
    if (result < 0 || s->opened_count == OPEN_COUNT_MAX) {
        respond(s, call->id, result < 0 ? result : -EMFILE);
        return;
    }
    int stand_in = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fd = give(s, call->id, stand_in);
    close(stand_in);
    if (fd >= 0)
        s->opened[s->opened_count++] = (struct opened){
            .pid = (pid_t)call->pid, .fd = fd, .device = device, .handle = handle
        };
}

static long
answer_read(const struct opened *file, const struct remote *remote, uint64_t address, size_t size)
{
    static uint8_t chunk[CHUNK_SIZE];

    if (file->device->read == NULL)
        return EMULATOR_PASS;
    if (size > sizeof chunk)
        size = sizeof chunk;
    long got = file->device->read(file->device->state, file->handle, chunk, size);
    return got <= 0 || remote_write(remote, address, chunk, (size_t)got) ? got : -EFAULT;
}

static long
answer_write(const struct opened *file, const struct remote *remote, uint64_t address, size_t size)
{
    static uint8_t chunk[CHUNK_SIZE];

    if (file->device->write == NULL)
        return EMULATOR_PASS;
    if (size > sizeof chunk || !remote_read(remote, address, chunk, size))
        return -EFAULT;
    return file->device->write(file->device->state, file->handle, chunk, size);
}

static void
answer_close(struct supervisor *s, struct opened *file)
{
    if (file->device->close != NULL)
        file->device->close(file->device->state, file->handle);
    *file = s->opened[--s->opened_count];
}

static void
answer_ioctl(struct supervisor *s, const struct seccomp_notif *call, const struct opened *file)
{
    struct remote remote = { .pid = (pid_t)call->pid, .gift = -1 };
    long result = file->device->ioctl == NULL
                      ? EMULATOR_PASS
                      : file->device->ioctl(file->device->state, &remote, call->data.args[1],
                                            call->data.args[2]);

    if (remote.gift < 0) {
        respond(s, call->id, result);
        return;
    }
    (void)give(s, call->id, remote.gift);
    close(remote.gift);
}

/* A call on a descriptor. */
static void
answer_fd(struct supervisor *s, const struct seccomp_notif *call)
{
    const struct remote remote = { .pid = (pid_t)call->pid, .gift = -1 };
    const uint64_t *args = (const uint64_t *)call->data.args;
    struct opened *file = find_opened(s, (pid_t)call->pid, args[0]);
    long result = EMULATOR_PASS;

    if (file == NULL) {
        respond(s, call->id, EMULATOR_PASS);
        return;
    }
    switch (call->data.nr) {
    case SYS_ioctl:
        answer_ioctl(s, call, file);
        return;
    case SYS_read:
        result = answer_read(file, &remote, args[1], args[2]);
        break;
    case SYS_write:
        result = answer_write(file, &remote, args[1], args[2]);
        break;
    default:
        answer_close(s, file);
        break;
    }
    respond(s, call->id, result);
}

/* How the call says what and where; the forms without a directory are those of old processors. */
enum path_call { OPEN, MAKE, REMOVE, ASK };
static const struct {
    int number, path;
    enum path_call what;
} path_calls[] = {
    { SYS_openat, 1, OPEN },   { SYS_mkdirat, 1, MAKE },   { SYS_unlinkat, 1, REMOVE },
    { SYS_faccessat, 1, ASK }, { SYS_faccessat2, 1, ASK },
#ifdef SYS_open
    { SYS_open, 0, OPEN },     { SYS_mkdir, 0, MAKE },     { SYS_rmdir, 0, REMOVE },
    { SYS_access, 0, ASK },
#endif
};
static const int fd_calls[] = { SYS_ioctl, SYS_read, SYS_write, SYS_close };

static long
answer_path(const struct supervisor *s, const char *path, enum path_call what)
{
    const struct emulated *device = owner(s, path);
    long (*act)(void *, const char *) = NULL;

    if (device != NULL)
        act = what == MAKE ? device->mkdir : what == REMOVE ? device->rmdir : device->access;
    return act == NULL ? EMULATOR_PASS : act(device->state, path);
}

/* What a process that was killed had open is closed, as the kernel does it. */
static void
close_of_the_dead(struct supervisor *s)
{
    for (size_t i = s->opened_count; i > 0; i--)
        if (kill(s->opened[i - 1].pid, 0) != 0 && errno == ESRCH)
            answer_close(s, &s->opened[i - 1]);
}

static void
answer(struct supervisor *s, const struct seccomp_notif *call)
{
    const struct remote remote = { .pid = (pid_t)call->pid, .gift = -1 };
    char path[PATH_SIZE];

    close_of_the_dead(s);
    for (size_t i = 0; i < BL_COUNT_OF(path_calls); i++) {
        const size_t at = (size_t)path_calls[i].path;
        if (call->data.nr != path_calls[i].number)
            continue;
        if (!remote_path(&remote, call->data.args[at], path))
            respond(s, call->id, EMULATOR_PASS);
        else if (path_calls[i].what == OPEN)
            answer_open(s, call, path, (int)call->data.args[at + 1]);
        else
            respond(s, call->id, answer_path(s, path, path_calls[i].what));
        return;
    }
    answer_fd(s, call);
}

/* -- the child ----------------------------------------------------------------------------------- */

/* The descriptor through which the kernel shows the calls of this process; -1: it cannot. */
static int
show_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int failed = filter == NULL;

    for (size_t i = 0; i < BL_COUNT_OF(path_calls); i++)
        failed |= seccomp_rule_add(filter, SCMP_ACT_NOTIFY, path_calls[i].number, 0) != 0;
    for (size_t i = 0; i < BL_COUNT_OF(fd_calls); i++)
        failed |= seccomp_rule_add(filter, SCMP_ACT_NOTIFY, fd_calls[i], 0) != 0;
    return failed || seccomp_load(filter) != 0 ? -1 : seccomp_notify_fd(filter);
}

static bool
send_descriptor(int socket, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control = { { 0 } };
    char byte = 1;
    struct iovec data = { &byte, 1 };
    struct msghdr message = { .msg_iov = &data,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof control.bytes };
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    return sendmsg(socket, &message, 0) == 1;
}

static int
receive_descriptor(int socket)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control = { { 0 } };
    char byte = 0;
    struct iovec data = { &byte, 1 };
    struct msghdr message = { .msg_iov = &data,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof control.bytes };
    int fd = -1;

    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1)
        return -1;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head != NULL && head->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

/* It is not traced by being watched, but has to stay readable for its parent. */
static void
become_watched(int socket, int (*act)(void *), void *context)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int listener = show_calls();
    if (listener < 0 || !send_descriptor(socket, listener))
        _exit(255);
    _exit(act(context));
}

/* Until the program has ended, and every process that it left behind. */
static int
supervise(struct supervisor *s, pid_t child)
{
    struct seccomp_notif call;
    int status = 0;

    for (;;) {
        struct pollfd waiting = { .fd = s->listener, .events = POLLIN };
        int ready = poll(&waiting, 1, POLL_MS);
        if (ready > 0 && (waiting.revents & POLLIN) == 0) /* nobody is watched any more */
            break;
        memset(&call, 0, sizeof call);
        if (ready > 0 && ioctl(s->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0)
            answer(s, &call);
    }
    (void)waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int
emulator_run(const struct emulated *devices, size_t count, int (*act)(void *context), void *context)
{
    struct supervisor s = { .devices = devices, .count = count, .listener = -1 };
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return EMULATOR_UNAVAILABLE;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        become_watched(pair[1], act, context);
    program = child;
    close(pair[1]);
    s.listener = child < 0 ? -1 : receive_descriptor(pair[0]);
    close(pair[0]);
    if (s.listener < 0) {
        waitpid(child, NULL, 0);
        return EMULATOR_UNAVAILABLE;
    }
    int end = supervise(&s, child);
    close_of_the_dead(&s);
    close(s.listener);
    return end;
}

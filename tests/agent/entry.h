/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/agent/entry.h: the program inside an enclave, as far as these tests need one: does what its
 * first argument says. Its exit code is the line of the check that failed, modulo 100, plus 100.
 */
#ifndef TESTS_AGENT_ENTRY_H
#define TESTS_AGENT_ENTRY_H

#include <dirent.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "enclave/inside.h"

#define SEALED_FILE "/data/kept"
#define ENTRY_PORT 7070
#define SEALED_TEXT "what the program acknowledged"

/* System calls that must not be there, whatever the arguments. */
static int
entry_refused(void)
{
    struct perf_event_attr perf = { .size = sizeof perf };
    struct iovec io = { &perf, sizeof perf };

    INSIDE_CHECK(mount("none", "/tmp", "tmpfs", 0, NULL) < 0 && errno == EPERM);
    INSIDE_CHECK(umount2("/proc", MNT_DETACH) < 0 && errno == EPERM);
    INSIDE_CHECK(unshare(CLONE_NEWUSER) < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS);
    INSIDE_CHECK(syscall(SYS_setns, 0, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM);
    INSIDE_CHECK(process_vm_readv(1, &io, 1, &io, 1, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_bpf, 0, NULL, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -1, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_add_key, "user", "x", "y", 1, -1) < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_kexec_load, 0, 0, NULL, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_perf_event_open, &perf, 0, -1, -1, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_userfaultfd, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_init_module, NULL, 0, "") < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_io_uring_setup, 1, NULL) < 0 && errno == ENOSYS);
    INSIDE_CHECK(syscall(SYS_open_by_handle_at, 0, NULL, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_pidfd_getfd, 0, 0, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(reboot(RB_DISABLE_CAD) < 0 && errno == EPERM);
    INSIDE_CHECK(chroot("/tmp") < 0 && errno == EPERM);
    INSIDE_CHECK(socket(AF_VSOCK, SOCK_STREAM, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM);
    INSIDE_CHECK(syscall(SYS_personality, 0x0400000 /* READ_IMPLIES_EXEC */) < 0);
    return 0;
}

static int
entry_identity(void)
{
    char name[64] = { 0 };

    INSIDE_CHECK(getuid() == 1234 && getgid() == 1234 && geteuid() == 1234);
    INSIDE_CHECK(getpid() == 2 && getppid() == 1);
    INSIDE_CHECK(inside_count("/proc", true) == 2);          /* the first process, and this one */
    INSIDE_CHECK(inside_count("/proc/self/fd", false) == 4); /* 0 1 2, and this directory */
    INSIDE_CHECK(inside_has("/proc/self/status", "CapEff:\t0000000000000000"));
    INSIDE_CHECK(inside_has("/proc/self/status", "CapBnd:\t0000000000000000"));
    INSIDE_CHECK(inside_has("/proc/self/status", "NoNewPrivs:\t1"));
    INSIDE_CHECK(inside_has("/proc/self/status", "Seccomp:\t2"));
    INSIDE_CHECK(getenv("GREETING") != NULL && strcmp(getenv("GREETING"), "hello = you") == 0);
    INSIDE_CHECK(environ[0] != NULL && environ[1] != NULL && environ[2] == NULL);
    INSIDE_CHECK(gethostname(name, sizeof name) == 0 && strcmp(name, "tested") == 0);
    INSIDE_CHECK(setuid(0) < 0);
    return 0;
}

static int
entry_files(void)
{
    struct statvfs fs;
    int fd = -1;

    INSIDE_CHECK(access(BL_ENCLAVE_AGENT_PATH, F_OK) != 0);
    INSIDE_CHECK(access(BL_AGENT_STATE_DIRECTORY, F_OK) != 0);
    INSIDE_CHECK(access("/dev/fuse", F_OK) != 0);
    INSIDE_CHECK(inside_count("/dev", false) == 9);
    INSIDE_CHECK(open("/new", O_CREAT | O_WRONLY, 0600) < 0);
    INSIDE_CHECK(open(BL_ENCLAVE_AGENT_DIRECTORY "/new", O_CREAT | O_WRONLY, 0600) < 0);
    INSIDE_CHECK(open("/run/secrets/new", O_CREAT | O_WRONLY, 0600) < 0);
    INSIDE_CHECK((fd = open("/tmp/new", O_CREAT | O_RDWR, 0600)) >= 0 && write(fd, "x", 1) == 1);
    INSIDE_CHECK((fd = open("/run/program.pid", O_CREAT | O_RDWR, 0600)) >= 0);
    INSIDE_CHECK((fd = open("/data/new", O_CREAT | O_RDWR, 0600)) >= 0 && write(fd, "x", 1) == 1);
    INSIDE_CHECK(fsync(fd) == 0 && unlink("/data/new") == 0);
    INSIDE_CHECK((fd = open("/dev/null", O_WRONLY)) >= 0 && write(fd, "x", 1) == 1);
    INSIDE_CHECK((fd = open("/dev/urandom", O_RDONLY)) >= 0);
    INSIDE_CHECK(statvfs("/data", &fs) == 0 && fs.f_bsize == 4096 && fs.f_blocks > 0);
    INSIDE_CHECK((fs.f_flag & ST_NOEXEC) != 0 && (fs.f_flag & ST_NOSUID) != 0);
    return 0;
}

/* What ordinary programs do. */
static int
entry_ordinary(void)
{
    int fds[2], status = 0, listener = socket(AF_INET, SOCK_STREAM, 0);
    void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    INSIDE_CHECK(memory != MAP_FAILED && mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0);
    INSIDE_CHECK(pipe(fds) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    INSIDE_CHECK(listener >= 0 && listen(listener, 4) == 0);
    INSIDE_CHECK(setgroups(0, NULL) == 0 || errno == EPERM);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/a", "/bin/a", "nothing", NULL);
        _exit(1);
    }
    INSIDE_CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    child = fork();
    if (child == 0)
        _exit(fork() == 0 ? (usleep(1000), 0) : 0); /* an orphan for the first process */
    INSIDE_CHECK(waitpid(child, &status, 0) == child && status == 0);
    for (int i = 0; i < 500 && inside_count("/proc", true) > 2; i++)
        usleep(10000);
    INSIDE_CHECK(inside_count("/proc", true) == 2);
    return 0;
}

static int
entry_look(void)
{
    int failed = entry_identity();

    failed = failed != 0 ? failed : entry_files();
    failed = failed != 0 ? failed : entry_ordinary();
    return failed != 0 ? failed : entry_refused();
}

/* The first time it writes, the second time it reads. */
static int
entry_keep(bool dies)
{
    int fd = open(SEALED_FILE, O_RDWR);
    char text[64] = { 0 };

    if (fd >= 0) {
        INSIDE_CHECK(read(fd, text, sizeof text) == (ssize_t)strlen(SEALED_TEXT));
        INSIDE_CHECK(strcmp(text, SEALED_TEXT) == 0 && unlink(SEALED_FILE) == 0);
        return 42;
    }
    INSIDE_CHECK(errno == ENOENT && (fd = open(SEALED_FILE, O_CREAT | O_EXCL | O_RDWR, 0600)) >= 0);
    INSIDE_CHECK(write(fd, SEALED_TEXT, strlen(SEALED_TEXT)) == (ssize_t)strlen(SEALED_TEXT));
    if (dies) { /* no fsync, no close, and the monitor is about to kill us all */
        printf("written\n");
        fflush(stdout);
        for (;;)
            pause();
    }
    return 41;
}

/* Answers one client, and asks the outside for one word. */
static int
entry_talk(void)
{
    struct bulla_error err = { 0 };
    uint8_t bytes[2] = { 0 };
    size_t got = 0;
    int listener = -1, client = -1, outside = -1;

    INSIDE_CHECK(bl_tcp_listen(NULL, ENTRY_PORT, &listener, &err) == BULLA_OK);
    printf("listening\n");
    fflush(stdout);
    INSIDE_CHECK(bl_socket_accept(listener, bl_clock_deadline(INSIDE_WAIT_MS), &client, &err) ==
                 BULLA_OK);
    INSIDE_CHECK(bl_tcp_connect(NULL, 5432, bl_clock_deadline(INSIDE_WAIT_MS), &outside, &err) ==
                 BULLA_OK);
    INSIDE_CHECK(bl_socket_receive(outside, bytes, 2, bl_clock_deadline(INSIDE_WAIT_MS), &got,
                                   &err) == BULLA_OK);
    INSIDE_CHECK(got == 2 && memcmp(bytes, "hi", 2) == 0);
    INSIDE_CHECK(bl_socket_send(client, BL_LITERAL("ho"), bl_clock_deadline(INSIDE_WAIT_MS),
                                &err) == BULLA_OK);
    return 43;
}

static int
entry_main(const char *what)
{
    if (strcmp(what, "look") == 0)
        return entry_look();
    if (strcmp(what, "keep") == 0)
        return entry_keep(false);
    if (strcmp(what, "keep-and-die") == 0)
        return entry_keep(true);
    if (strcmp(what, "talk") == 0)
        return entry_talk();
    if (strcmp(what, "stubborn") == 0) {
        signal(SIGTERM, SIG_IGN);
        printf("stubborn\n");
        fflush(stdout);
        for (;;)
            pause();
    }
    if (strcmp(what, "fall") == 0)
        raise(SIGSEGV);
    return strcmp(what, "nothing") == 0 ? 0 : 1;
}

#endif

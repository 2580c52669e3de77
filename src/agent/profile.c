/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/profile.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "sys/sandbox.h"

#define ALLOW(call)   \
    {                 \
        .name = #call \
    }
#define ABSENT(call)                   \
    {                                  \
        .name = #call, .error = ENOSYS \
    }
#define IF(call, index, bits, wanted)                                                          \
    {                                                                                          \
        .name = #call, .checked = true, .argument = (index), .mask = (bits), .value = (wanted) \
    }
#define ALL_BITS UINT64_C(0xffffffff) /* of an int */
#define NAMESPACES                                                                         \
    ((uint64_t)(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | \
                CLONE_NEWUTS | CLONE_NEWCGROUP | 0x80 /* CLONE_NEWTIME */))

/* What every program needs: memory, time, randomness, its descriptors and signals, and an end. */
#define ORDINARY                                                                                \
    ALLOW(read), ALLOW(write), ALLOW(readv), ALLOW(writev), ALLOW(pread64), ALLOW(pwrite64),    \
        ALLOW(preadv), ALLOW(pwritev), ALLOW(preadv2), ALLOW(pwritev2), ALLOW(close),           \
        ALLOW(lseek), ALLOW(_llseek), ALLOW(fcntl), ALLOW(fcntl64), ALLOW(dup), ALLOW(dup2),    \
        ALLOW(dup3), ALLOW(mmap), ALLOW(mmap2), ALLOW(munmap), ALLOW(mprotect), ALLOW(mremap),  \
        ALLOW(madvise), ALLOW(brk), ALLOW(msync), ALLOW(mincore), ALLOW(mlock), ALLOW(munlock), \
        ALLOW(futex), ALLOW(set_robust_list), ALLOW(get_robust_list), ALLOW(rseq),              \
        ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(rt_sigpending),  \
        ALLOW(rt_sigsuspend), ALLOW(rt_sigtimedwait), ALLOW(sigreturn), ALLOW(sigaltstack),     \
        ALLOW(clock_gettime), ALLOW(clock_getres), ALLOW(clock_nanosleep), ALLOW(gettimeofday), \
        ALLOW(nanosleep), ALLOW(time), ALLOW(getrandom), ALLOW(exit), ALLOW(exit_group),        \
        ALLOW(restart_syscall), ALLOW(getpid), ALLOW(gettid), ALLOW(tgkill), ALLOW(getuid),     \
        ALLOW(geteuid), ALLOW(getgid), ALLOW(getegid), ALLOW(poll), ALLOW(ppoll), ALLOW(fstat), \
        ALLOW(newfstatat), ALLOW(stat), ALLOW(lstat), ALLOW(statx), ALLOW(open), ALLOW(openat), \
        ALLOW(fsync), ALLOW(fdatasync), ALLOW(ftruncate), ALLOW(fallocate), ALLOW(mkdir),       \
        ALLOW(mkdirat), ALLOW(unlink), ALLOW(unlinkat), ALLOW(rename), ALLOW(renameat),         \
        ALLOW(renameat2), ALLOW(flock), ALLOW(getdents), ALLOW(getdents64), ALLOW(sched_yield), \
        ALLOW(sched_getaffinity), ALLOW(access), ALLOW(faccessat), ALLOW(statfs), ALLOW(fstatfs)

static const struct bl_system_call program_calls[] = {
    ORDINARY,
    /* processes and threads; never in namespaces of their own. clone3 cannot be looked into. */
    IF(clone, 0, NAMESPACES, 0),
    ABSENT(clone3),
    ALLOW(fork),
    ALLOW(vfork),
    ALLOW(execve),
    ALLOW(execveat),
    ALLOW(wait4),
    ALLOW(waitid),
    ALLOW(waitpid),
    ALLOW(kill),
    ALLOW(tkill),
    ALLOW(rt_sigqueueinfo),
    ALLOW(rt_tgsigqueueinfo),
    ALLOW(pidfd_open),
    ALLOW(pidfd_send_signal),
    ALLOW(set_tid_address),
    ALLOW(set_thread_area),
    ALLOW(arch_prctl),
    ALLOW(prctl),
    ALLOW(getppid),
    ALLOW(getpgid),
    ALLOW(getpgrp),
    ALLOW(setpgid),
    ALLOW(getsid),
    ALLOW(setsid),
    ALLOW(getpriority),
    ALLOW(setpriority),
    ALLOW(getrlimit),
    ALLOW(setrlimit),
    ALLOW(prlimit64),
    ALLOW(getrusage),
    ALLOW(times),
    ALLOW(sched_setaffinity),
    ALLOW(sched_getparam),
    ALLOW(sched_setparam),
    ALLOW(sched_getscheduler),
    ALLOW(sched_setscheduler),
    ALLOW(sched_get_priority_max),
    ALLOW(sched_get_priority_min),
    ALLOW(sched_rr_get_interval),
    ALLOW(sched_getattr),
    ALLOW(sched_setattr),
    ALLOW(ioprio_get),
    ALLOW(ioprio_set),
    ALLOW(getcpu),
    ALLOW(membarrier),
    IF(personality, 0, ALL_BITS, 0),
    IF(personality, 0, ALL_BITS, 0xffffffff), /* only asks */
    /* users: there is one, and changing to him is what many programs do at their start */
    ALLOW(setuid),
    ALLOW(setgid),
    ALLOW(setreuid),
    ALLOW(setregid),
    ALLOW(setresuid),
    ALLOW(setresgid),
    ALLOW(getresuid),
    ALLOW(getresgid),
    ALLOW(setfsuid),
    ALLOW(setfsgid),
    ALLOW(getgroups),
    ALLOW(setgroups),
    ALLOW(capget),
    ALLOW(capset),
    ALLOW(umask),
    ALLOW(uname),
    ALLOW(sysinfo),
    /* files */
    ALLOW(creat),
    ALLOW(openat2),
    ALLOW(close_range),
    ALLOW(readlink),
    ALLOW(readlinkat),
    ALLOW(faccessat2),
    ALLOW(chmod),
    ALLOW(fchmod),
    ALLOW(fchmodat),
    ALLOW(chown),
    ALLOW(fchown),
    ALLOW(lchown),
    ALLOW(fchownat),
    ALLOW(truncate),
    ALLOW(link),
    ALLOW(linkat),
    ALLOW(symlink),
    ALLOW(symlinkat),
    ALLOW(rmdir),
    ALLOW(mknod), /* pipes and sockets; devices need a capability */
    ALLOW(mknodat),
    ALLOW(chdir),
    ALLOW(fchdir),
    ALLOW(getcwd),
    ALLOW(utime),
    ALLOW(utimes),
    ALLOW(utimensat),
    ALLOW(futimesat),
    ALLOW(fadvise64),
    ALLOW(readahead),
    ALLOW(sync),
    ALLOW(syncfs),
    ALLOW(sync_file_range),
    ALLOW(copy_file_range),
    ALLOW(sendfile),
    ALLOW(splice),
    ALLOW(tee),
    ALLOW(vmsplice),
    ALLOW(getxattr),
    ALLOW(lgetxattr),
    ALLOW(fgetxattr),
    ALLOW(listxattr),
    ALLOW(llistxattr),
    ALLOW(flistxattr),
    ALLOW(setxattr),
    ALLOW(lsetxattr),
    ALLOW(fsetxattr),
    ALLOW(removexattr),
    ALLOW(lremovexattr),
    ALLOW(fremovexattr),
    ALLOW(inotify_init),
    ALLOW(inotify_init1),
    ALLOW(inotify_add_watch),
    ALLOW(inotify_rm_watch),
    ALLOW(ioctl), /* of what it has open; landlock refuses those of devices where it can */
    /* memory */
    ALLOW(mlock2),
    ALLOW(mlockall),
    ALLOW(munlockall),
    ALLOW(memfd_create),
    ALLOW(memfd_secret),
    ALLOW(pkey_alloc),
    ALLOW(pkey_free),
    ALLOW(pkey_mprotect),
    ALLOW(shmget),
    ALLOW(shmat),
    ALLOW(shmdt),
    ALLOW(shmctl),
    ALLOW(semget),
    ALLOW(semop),
    ALLOW(semtimedop),
    ALLOW(semctl),
    ALLOW(msgget),
    ALLOW(msgsnd),
    ALLOW(msgrcv),
    ALLOW(msgctl),
    ALLOW(mq_open),
    ALLOW(mq_unlink),
    ALLOW(mq_timedsend),
    ALLOW(mq_timedreceive),
    ALLOW(mq_notify),
    ALLOW(mq_getsetattr),
    /* waiting */
    ALLOW(select),
    ALLOW(_newselect),
    ALLOW(pselect6),
    ALLOW(epoll_create),
    ALLOW(epoll_create1),
    ALLOW(epoll_ctl),
    ALLOW(epoll_wait),
    ALLOW(epoll_pwait),
    ALLOW(epoll_pwait2),
    ALLOW(eventfd),
    ALLOW(eventfd2),
    ALLOW(signalfd),
    ALLOW(signalfd4),
    ALLOW(timerfd_create),
    ALLOW(timerfd_settime),
    ALLOW(timerfd_gettime),
    ALLOW(timer_create),
    ALLOW(timer_settime),
    ALLOW(timer_gettime),
    ALLOW(timer_getoverrun),
    ALLOW(timer_delete),
    ALLOW(alarm),
    ALLOW(getitimer),
    ALLOW(setitimer),
    ALLOW(pause),
    ALLOW(pipe),
    ALLOW(pipe2),
    ALLOW(io_setup), /* Linux AIO, as databases use it */
    ALLOW(io_submit),
    ALLOW(io_getevents),
    ALLOW(io_pgetevents),
    ALLOW(io_cancel),
    ALLOW(io_destroy),
    ABSENT(io_uring_setup),
    /* sockets */
    IF(socket, 0, ALL_BITS, AF_UNIX),
    IF(socket, 0, ALL_BITS, AF_INET),
    IF(socket, 0, ALL_BITS, AF_INET6),
    IF(socket, 0, ALL_BITS, AF_NETLINK),
    IF(socketpair, 0, ALL_BITS, AF_UNIX),
    ALLOW(bind),
    ALLOW(listen),
    ALLOW(accept),
    ALLOW(accept4),
    ALLOW(connect),
    ALLOW(getsockname),
    ALLOW(getpeername),
    ALLOW(getsockopt),
    ALLOW(setsockopt),
    ALLOW(shutdown),
    ALLOW(sendto),
    ALLOW(sendmsg),
    ALLOW(sendmmsg),
    ALLOW(recvfrom),
    ALLOW(recvmsg),
    ALLOW(recvmmsg),
    /* confining itself further */
    ALLOW(seccomp),
    ALLOW(landlock_create_ruleset),
    ALLOW(landlock_add_rule),
    ALLOW(landlock_restrict_self),
};

static const struct bl_system_call file_server_calls[] = { ORDINARY, ALLOW(sendto), ALLOW(sendmsg),
                                                           ALLOW(recvfrom), ALLOW(recvmsg) };

#define COMMON_RULES 4

static enum bulla_status
landlock_program(const struct bl_manifest *manifest, struct bulla_error *err)
{
    struct bl_access_rule rules[COMMON_RULES + BL_MANIFEST_SEALED_COUNT_MAX] = {
        { "/", BL_ACCESS_READ | BL_ACCESS_EXECUTE },
        { "/dev", BL_ACCESS_READ | BL_ACCESS_WRITE },
        { "/run", BL_ACCESS_READ | BL_ACCESS_WRITE },
    };
    struct bl_landlock landlock = { .rules = rules, .rule_count = 3, .any_network = true };
    int abi = bl_sandbox_landlock_abi();

    if (abi < 0 || (uint64_t)abi < manifest->landlock_min)
        return bulla_fail_cause(err, BULLA_CAUSE_KERNEL_FEATURE_MISSING, "landlock",
                                "less than the manifest's minimum");
    if (abi == 0)
        return BULLA_OK;
    if (manifest->tmp > 0)
        rules[landlock.rule_count++] =
            (struct bl_access_rule){ BL_ENCLAVE_TMP_DIRECTORY, BL_ACCESS_READ | BL_ACCESS_WRITE };
    for (size_t i = 0; i < manifest->sealed_count; i++)
        rules[landlock.rule_count++] =
            (struct bl_access_rule){ manifest->sealed[i].path, BL_ACCESS_READ | BL_ACCESS_WRITE };
    return bl_sandbox_landlock(&landlock, err);
}

enum bulla_status
bl_confine_program(const struct bl_manifest *manifest, struct bulla_error *err)
{
    BL_TRY(landlock_program(manifest, err));
    BL_TRY(bl_sandbox_drop_capabilities(0, err));
    return bl_sandbox_system_calls(program_calls, BL_COUNT_OF(program_calls), BL_REFUSE_ERROR, err);
}

enum bulla_status
bl_confine_file_server(const char *directory, struct bulla_error *err)
{
    const struct bl_access_rule rule = { directory, BL_ACCESS_READ | BL_ACCESS_WRITE };
    const struct bl_landlock landlock = { .rules = &rule, .rule_count = 1 };
    bool enforced = false;

    BL_TRY(bl_sandbox_hide_memory(err));
    BL_TRY(bl_sandbox_forbid_new_code(&enforced, err));
    if (bl_sandbox_landlock_abi() > 0)
        BL_TRY(bl_sandbox_landlock(&landlock, err));
    BL_TRY(bl_sandbox_drop_capabilities(0, err));
    return bl_sandbox_system_calls(file_server_calls, BL_COUNT_OF(file_server_calls),
                                   BL_REFUSE_ERROR, err);
}

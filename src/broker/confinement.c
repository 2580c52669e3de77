/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/confinement.h"

#include <errno.h>
#include <sys/resource.h>
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

/* What every process needs: memory, time, randomness, its descriptors, and an end. */
#define COMMON                                                                                  \
    ALLOW(read), ALLOW(write), ALLOW(close), ALLOW(sendto), ALLOW(recvfrom), ALLOW(sendmsg),    \
        ALLOW(recvmsg), ALLOW(poll), ALLOW(ppoll), ALLOW(mmap), ALLOW(munmap), ALLOW(mprotect), \
        ALLOW(madvise), ALLOW(brk), ALLOW(mremap), ALLOW(mlock), ALLOW(munlock),                \
        ALLOW(clock_gettime), ALLOW(clock_nanosleep), ALLOW(getrandom), ALLOW(futex),           \
        ALLOW(rt_sigprocmask), ALLOW(rt_sigaction), ALLOW(rt_sigreturn), ALLOW(exit),           \
        ALLOW(exit_group), ALLOW(getpid), ALLOW(sysinfo), ALLOW(gettid), ALLOW(tgkill),         \
        ALLOW(restart_syscall)

/* Threads as glibc makes them; clone3 has clone as its substitute. */
#define THREADS                                                                    \
    ABSENT(clone3), ALLOW(set_robust_list), ALLOW(rseq), ALLOW(sched_yield),       \
        ALLOW(sched_getaffinity),                                                  \
    {                                                                              \
        .name = "clone", .checked = true, .argument = 0, .mask = CLONE_OF_THREADS, \
        .value = CLONE_OF_THREADS                                                  \
    }
#define CLONE_OF_THREADS 0x00010f00u /* VM FS FILES SIGHAND THREAD: never a new process */

static const struct bl_system_call gate_calls[] = {
    COMMON,          THREADS,           ALLOW(accept4),    ALLOW(getpeername), ALLOW(getsockname),
    ALLOW(shutdown), ALLOW(setsockopt), ALLOW(socketpair), ALLOW(fcntl),
};

static const struct bl_system_call vault_calls[] = {
    COMMON,           THREADS,           ALLOW(fcntl),    ALLOW(openat),   ALLOW(open),
    ALLOW(fstat),     ALLOW(newfstatat), ALLOW(stat),     ALLOW(lstat),    ALLOW(access),
    ALLOW(lseek),     ALLOW(pread64),    ALLOW(pwrite64), ALLOW(fsync),    ALLOW(fdatasync),
    ALLOW(ftruncate), ALLOW(fallocate),  ALLOW(rename),   ALLOW(renameat), ALLOW(renameat2),
    ALLOW(link),      ALLOW(linkat),     ALLOW(unlink),   ALLOW(unlinkat), ALLOW(fchmod),
    ALLOW(fchown),    ALLOW(geteuid),    ALLOW(getuid),   ALLOW(readlink), ALLOW(readlinkat),
    ALLOW(getcwd),    ALLOW(flock),      ALLOW(umask),    ALLOW(statx),    ALLOW(utimensat),
    ALLOW(getegid),   ALLOW(getgid),     ALLOW(fstatfs),  ALLOW(openat2),  ALLOW(mkdir),
    ALLOW(mkdirat),   ALLOW(rmdir),
};

static const struct bl_system_call fetcher_calls[] = {
    COMMON,
    THREADS,
    ALLOW(socket),
    ALLOW(connect),
    ALLOW(bind),
    ALLOW(getsockopt),
    ALLOW(setsockopt),
    ALLOW(getsockname),
    ALLOW(getpeername),
    ALLOW(sendmmsg),
    ALLOW(fcntl),
    ALLOW(openat),
    ALLOW(fstat),
    ALLOW(newfstatat),
    ALLOW(statx),
    ALLOW(lseek),
    ALLOW(pread64),
    ALLOW(access),
    ALLOW(uname),
    ALLOW(pipe2),
    ALLOW(socketpair),
    ALLOW(eventfd2),
    ALLOW(ioctl),
    ALLOW(getdents64),
    ALLOW(shutdown),
    ALLOW(geteuid),
    ALLOW(getuid),
    ALLOW(readlink),
    ALLOW(prctl),
};

static const struct bl_system_call appraiser_calls[] = { COMMON };

static enum bulla_status
common_steps(struct bulla_error *err)
{
    bool enforced = false;

    BL_TRY(bl_sandbox_hide_memory(err));
    BL_TRY(bl_sandbox_limit(RLIMIT_CORE, 0, err));
    BL_TRY(bl_sandbox_no_new_privileges(err));
    return bl_sandbox_forbid_new_code(&enforced, err);
}

/* Landlock where the kernel has it; the system calls below say the same more coarsely. */
static enum bulla_status
close_files(const struct bl_access_rule *rules, size_t rule_count, bool any_network,
            struct bulla_error *err)
{
    const struct bl_landlock landlock = { .rules = rules,
                                          .rule_count = rule_count,
                                          .any_network = any_network };

    if (bl_sandbox_landlock_abi() == 0)
        return BULLA_OK;
    return bl_sandbox_landlock(&landlock, err);
}

enum bulla_status
bl_confine_gate(struct bulla_error *err)
{
    BL_TRY(common_steps(err));
    BL_TRY(close_files(NULL, 0, false, err));
    BL_TRY(bl_sandbox_drop_capabilities(0, err));
    return bl_sandbox_system_calls(gate_calls, BL_COUNT_OF(gate_calls), BL_REFUSE_KILL, err);
}

enum bulla_status
bl_confine_vault(const char *state_directory, struct bulla_error *err)
{
    const struct bl_access_rule rules[] = {
        { .path = state_directory, .access = BL_ACCESS_READ | BL_ACCESS_WRITE },
    };

    BL_TRY(common_steps(err));
    BL_TRY(close_files(rules, BL_COUNT_OF(rules), false, err));
    BL_TRY(bl_sandbox_drop_capabilities(0, err));
    return bl_sandbox_system_calls(vault_calls, BL_COUNT_OF(vault_calls), BL_REFUSE_KILL, err);
}

enum bulla_status
bl_confine_appraiser(struct bulla_error *err)
{
    BL_TRY(common_steps(err));
    BL_TRY(bl_sandbox_limit(RLIMIT_NOFILE, 16, err));
    BL_TRY(bl_sandbox_limit(RLIMIT_AS, (uint64_t)512 << 20, err));
    BL_TRY(close_files(NULL, 0, false, err));
    BL_TRY(bl_sandbox_drop_capabilities(0, err));
    return bl_sandbox_system_calls(appraiser_calls, BL_COUNT_OF(appraiser_calls), BL_REFUSE_KILL,
                                   err);
}

enum bulla_status
bl_confine_fetcher(struct bulla_error *err)
{
    /* Resolver, hosts file, certificate authorities. */
    static const struct bl_access_rule rules[] = {
        { .path = "/etc", .access = BL_ACCESS_READ },
        { .path = "/usr", .access = BL_ACCESS_READ },
    };

    BL_TRY(common_steps(err));
    BL_TRY(close_files(rules, BL_COUNT_OF(rules), true, err));
    BL_TRY(bl_sandbox_drop_capabilities(0, err));
    return bl_sandbox_system_calls(fetcher_calls, BL_COUNT_OF(fetcher_calls), BL_REFUSE_KILL, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buffer.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/namespace.h"
#include "sys/process.h"
#include "sys/sandbox.h"

#define TPM_PATH "/dev/tpmrm0"
#define FUSE_PATH "/dev/fuse"
#define CHILD_TIMEOUT_MS 10000u      /* a probe takes milliseconds; a machine may be busy */
#define SWAPS_MAX ((size_t)64 << 10) /* bytes: a thousand swap areas */

static void
probe_kernel(struct bl_probe *probe)
{
    struct utsname name;

    if (BL_CALL(PROCESS, uname(&name)) != 0 ||
        sscanf(name.release, "%u.%u", &probe->kernel_major, &probe->kernel_minor) != 2)
        probe->kernel_major = probe->kernel_minor = 0;
}

/* True if a child of this plan starts and exits with 0. */
static bool
succeeds(const struct bl_process_plan *plan)
{
    BL_AUTO(bl_process) process = BL_PROCESS_NONE;
    struct bl_process_end end = { .killed = true };

    return bl_process_start(plan, &process, NULL) == BULLA_OK &&
           bl_process_wait(&process, bl_clock_deadline(CHILD_TIMEOUT_MS), &end, NULL) == BULLA_OK &&
           !end.killed && end.code == 0;
}

static int
do_nothing(void *context)
{
    (void)context;
    return 0;
}

/* With the mounts that an enclave needs: some containers permit the namespace but not these. */
static bool
user_namespaces_work(void)
{
    static const struct bl_mount mounts[] = { { .kind = BL_MOUNT_PROC, .target = "/proc" },
                                              { .kind = BL_MOUNT_DEVICES, .target = "/dev" } };
    const struct bl_namespace_plan world = { .mounts = mounts, .mount_count = 2 };

    return succeeds(&(struct bl_process_plan){ .function = do_nothing, .namespaces = &world });
}

static bool
secret_memory_works(void)
{
    BL_AUTO_FD fd = (int)BL_CALL(PROCESS, syscall(SYS_memfd_secret, O_CLOEXEC));

    if (fd < 0 || ftruncate(fd, 4096) != 0)
        return false;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return false;
    memset(page, 1, 4096);
    munmap(page, 4096);
    return true;
}

static int
filter_calls(void *context)
{
    static const struct bl_system_call calls[] = { { .name = "exit_group" }, { .name = "exit" } };

    (void)context;
    if (bl_sandbox_system_calls(calls, 2, BL_REFUSE_ERROR, NULL) != BULLA_OK)
        syscall(SYS_exit_group, 1);
    syscall(SYS_exit_group, syscall(SYS_getppid) == -1 ? 0 : 1);
    return 1;
}

static int
forbid_new_code(void *context)
{
    bool enforced = false;

    (void)context;
    return bl_sandbox_forbid_new_code(&enforced, NULL) == BULLA_OK && enforced ? 0 : 1;
}

static bool
may_lock_any(void)
{
    static const char key[] = "CapEff:\t";
    BL_AUTO(bulla_buffer) status = { 0 };
    unsigned long long held = 0;
    uint8_t end = 0;

    if (bl_file_read("/proc/self/status", 65536, &status, NULL) != BULLA_OK ||
        bulla_buffer_append(&status, (struct bulla_bytes){ &end, 1 }, NULL) != BULLA_OK)
        return false;
    const char *line = strstr((const char *)status.data, key);
    return line != NULL && sscanf(line + sizeof key - 1, "%llx", &held) == 1 &&
           (held >> 14 & 1) != 0; /* CAP_IPC_LOCK */
}

static uint64_t
locked_memory_max(void)
{
    struct rlimit limit;

    if (may_lock_any())
        return UINT64_MAX;
    if (BL_CALL(PROCESS, getrlimit(RLIMIT_MEMLOCK, &limit)) != 0)
        return 0;
    return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

/* One heading, then a line per area. Unknown counts as on. */
static bool
swap_is_on(void)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    if (bl_file_read("/proc/swaps", SWAPS_MAX, &text, NULL) != BULLA_OK)
        return true;
    const uint8_t *end = text.size > 0 ? memchr(text.data, '\n', text.size) : NULL;
    return end != NULL && (size_t)(end - text.data) + 1 < text.size;
}

/* By access(), not by opening: a driver may take an open for the start of a session. */
static enum bl_device_state
device_state(const char *path)
{
    if (BL_CALL(FILE, access(path, R_OK | W_OK)) == 0)
        return BL_DEVICE_USABLE;
    return access(path, F_OK) == 0 ? BL_DEVICE_NOT_PERMITTED : BL_DEVICE_ABSENT;
}

enum bulla_status
bl_probe_system(struct bl_probe *out, struct bulla_error *err)
{
    struct bl_probe probe = { .swap = true };
    struct bulla_error why = { 0 };

    probe_kernel(&probe);
    probe.user_namespaces = user_namespaces_work();
    probe.secret_memory = secret_memory_works();
    probe.system_call_filter = succeeds(&(struct bl_process_plan){ .function = filter_calls });
    probe.forbid_new_code = succeeds(&(struct bl_process_plan){ .function = forbid_new_code });
    probe.landlock_abi = bl_sandbox_landlock_abi();
    probe.locked_memory_max = locked_memory_max();
    probe.swap = swap_is_on();
    probe.tpm = device_state(TPM_PATH);
    probe.fuse = device_state(FUSE_PATH);
    if (bl_cgroup_probe(probe.limits, &why) == BULLA_E_MEMORY)
        return bulla_fail(err, BULLA_E_MEMORY, "probe", "out of memory", 0);
    *out = probe;
    return BULLA_OK;
}

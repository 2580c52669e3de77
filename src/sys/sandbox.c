/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/sandbox.c: rights, limits, capabilities and system calls. Landlock is in landlock.c.
 */
#include "sys/sandbox.h"

#include <linux/capability.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/call.h"

#ifndef PR_SET_MDWE /* Linux 6.3 */
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1UL
#endif

#define CAPABILITY_MAX 63 /* of the two words that capset() takes */

enum bulla_status
bl_sandbox_no_new_privileges(struct bulla_error *err)
{
    if (BL_CALL(PROCESS, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) != 0)
        return bl_fail_errno(err, "sandbox", "no_new_privs refused");
    return BULLA_OK;
}

enum bulla_status
bl_sandbox_hide_memory(struct bulla_error *err)
{
    BL_TRY(bl_sandbox_limit(RLIMIT_CORE, 0, err));
    if (BL_CALL(PROCESS, prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) != 0)
        return bl_fail_errno(err, "sandbox", "memory cannot be hidden");
    return BULLA_OK;
}

enum bulla_status
bl_sandbox_forbid_new_code(bool *enforced_out, struct bulla_error *err)
{
    int result = BL_CALL(PROCESS, prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0L, 0L, 0L));

    if (result != 0 && errno != EINVAL)
        return bl_fail_errno(err, "sandbox", "new code cannot be forbidden");
    *enforced_out = result == 0;
    return BULLA_OK;
}

enum bulla_status
bl_sandbox_limit(int resource, uint64_t value, struct bulla_error *err)
{
    struct rlimit limit;

    if (BL_CALL(PROCESS, getrlimit((__rlimit_resource_t)resource, &limit)) != 0)
        return bl_fail_errno(err, "sandbox", "limit unknown");
    rlim_t most = limit.rlim_max < value ? limit.rlim_max : (rlim_t)value;
    limit = (struct rlimit){ .rlim_cur = most, .rlim_max = most };
    if (BL_CALL(PROCESS, setrlimit((__rlimit_resource_t)resource, &limit)) != 0)
        return bl_fail_errno(err, "sandbox", "limit cannot be set");
    return BULLA_OK;
}

/* The bounding set first: dropping from it needs a capability that goes next. */
static enum bulla_status
drop_bounding(uint64_t keep_mask, struct bulla_error *err)
{
    for (unsigned long i = 0; i <= CAPABILITY_MAX; i++) {
        int held = BL_CALL(PROCESS, prctl(PR_CAPBSET_READ, i, 0, 0, 0));
        if (held < 0 && errno == EINVAL)
            return BULLA_OK; /* beyond the last that this kernel knows */
        if (held < 0)
            return bl_fail_errno(err, "sandbox", "capabilities unknown");
        if (held == 0 || (keep_mask >> i & 1) != 0)
            continue;
        /* EPERM: an ordinary user may not; no_new_privs keeps the set without effect for him */
        if (BL_CALL(PROCESS, prctl(PR_CAPBSET_DROP, i, 0, 0, 0)) != 0 && errno != EPERM)
            return bl_fail_errno(err, "sandbox", "capability cannot be dropped");
    }
    return BULLA_OK;
}

enum bulla_status
bl_sandbox_drop_capabilities(uint64_t keep_mask, struct bulla_error *err)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

    BL_TRY(bl_sandbox_no_new_privileges(err));
    BL_TRY(drop_bounding(keep_mask, err));
    if (BL_CALL(PROCESS, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)) != 0)
        return bl_fail_errno(err, "sandbox", "ambient capabilities cannot be dropped");
    if (BL_CALL(PROCESS, syscall(SYS_capget, &header, data)) != 0)
        return bl_fail_errno(err, "sandbox", "capabilities unknown");
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        uint32_t keep = (uint32_t)(keep_mask >> (32 * i));
        data[i].permitted &= keep;
        data[i].effective &= keep;
        data[i].inheritable = 0;
    }
    if (BL_CALL(PROCESS, syscall(SYS_capset, &header, data)) != 0)
        return bl_fail_errno(err, "sandbox", "capabilities cannot be dropped");
    return BULLA_OK;
}

static enum bulla_status
allow(scmp_filter_ctx filter, const struct bl_system_call *call, size_t index,
      struct bulla_error *err)
{
    int number = seccomp_syscall_resolve_name(call->name);

    if (number == __NR_SCMP_ERROR)
        return bulla_fail(err, BULLA_E_ARGUMENT, "system calls", "unknown name", index);
    if (number < 0) /* another architecture's */
        return BULLA_OK;
    struct scmp_arg_cmp check = { .arg = call->argument,
                                  .op = SCMP_CMP_MASKED_EQ,
                                  .datum_a = call->mask,
                                  .datum_b = call->value };
    uint32_t action =
        call->error == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint32_t)call->error & 0xffffu);
    int result = BL_CALL(
        PROCESS, seccomp_rule_add_array(filter, action, number, call->checked ? 1 : 0, &check));
    if (result != 0)
        return bulla_fail(err, BULLA_E_IO, "system calls", "rule refused", index);
    return BULLA_OK;
}

static enum bulla_status
build_and_load(scmp_filter_ctx filter, const struct bl_system_call *calls, size_t count,
               struct bulla_error *err)
{
    if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0)
        return bulla_fail(err, BULLA_E_IO, "system calls", "filter cannot be set up", 0);
    for (size_t i = 0; i < count; i++)
        BL_TRY(allow(filter, &calls[i], i, err));
    int result = BL_CALL(PROCESS, seccomp_load(filter));
    if (result != 0)
        return bulla_fail_detail(err, BULLA_CAUSE_KERNEL_FEATURE_MISSING, "system calls",
                                 "filter cannot be loaded", (unsigned long)-result);
    return BULLA_OK;
}

enum bulla_status
bl_sandbox_system_calls(const struct bl_system_call *calls, size_t count, enum bl_refusal refusal,
                        struct bulla_error *err)
{
    uint32_t otherwise = refusal == BL_REFUSE_ERROR ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;

    BL_TRY(bl_sandbox_no_new_privileges(err));
    scmp_filter_ctx filter = bl_fault_point(BL_FAULT_PROCESS) ? NULL : seccomp_init(otherwise);
    if (filter == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "system calls", "out of memory", 0);
    enum bulla_status status = build_and_load(filter, calls, count, err);
    seccomp_release(filter);
    return status;
}

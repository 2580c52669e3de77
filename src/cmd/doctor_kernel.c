/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/doctor_kernel.c: what process enclaves need of the kernel, as sys/probe.h found it by trying.
 */
#include "cmd/causes.h"
#include "cmd/doctor.h"
#include "sys/probe.h"

#define TOPIC "kernel"

static const char *
mechanism_word(enum bl_mechanism mechanism)
{
    switch (mechanism) {
    case BL_MECHANISM_NONE:
        return "none";
    case BL_MECHANISM_RLIMIT:
        return "resource limits of each process, not of the whole enclave";
    case BL_MECHANISM_CGROUP_V1:
        return "cgroup v1";
    case BL_MECHANISM_CGROUP_V2:
        return "cgroup v2";
    }
    return "none";
}

static void
report_limits(struct bl_findings *findings, const struct bl_probe *probe)
{
    static const char *const names[BL_LIMIT_KINDS] = { [BL_LIMIT_MEMORY] = "memory",
                                                       [BL_LIMIT_CPU] = "processor time",
                                                       [BL_LIMIT_PIDS] = "processes" };

    for (size_t i = 0; i < BL_LIMIT_KINDS; i++) {
        bool holds = probe->limits[i] >= BL_MECHANISM_CGROUP_V1;
        bl_finding_add(findings, holds ? BL_FINDING_OK : BL_FINDING_WARN, TOPIC,
                       holds ? "" : "run as root or in a delegated cgroup (Delegate=yes)",
                       "limit on %s: %s", names[i], mechanism_word(probe->limits[i]));
    }
}

static void
report_feature(struct bl_findings *findings, bool is_there, const char *name, const char *fix)
{
    bl_finding_add(findings, is_there ? BL_FINDING_OK : BL_FINDING_FAIL, TOPIC, is_there ? "" : fix,
                   "%s: %s", name, is_there ? "yes" : "no");
}

/** What makes walls thicker where it exists; nothing depends on it alone. */
static void
report_extra(struct bl_findings *findings, bool is_there, const char *name, const char *fix)
{
    bl_finding_add(findings, is_there ? BL_FINDING_OK : BL_FINDING_WARN, TOPIC, is_there ? "" : fix,
                   "%s: %s", name, is_there ? "yes" : "no");
}

void
bl_doctor_kernel(struct bl_findings *findings)
{
    struct bl_probe probe = { 0 };
    struct bulla_error err = { 0 };

    if (bl_probe_system(&probe, &err) != BULLA_OK) {
        bl_finding_add(findings, BL_FINDING_FAIL, TOPIC, bl_cause_text(err.cause)->next, "%s: %s",
                       err.where, err.what);
        return;
    }
    bl_finding_add(findings, BL_FINDING_OK, TOPIC, "", "Linux %u.%u", probe.kernel_major,
                   probe.kernel_minor);
    report_feature(
        findings, probe.user_namespaces, "user namespaces (process enclaves)",
        "permit them: sysctl user.max_user_namespaces, "
        "kernel.apparmor_restrict_unprivileged_userns; in a container, ask its operator");
    report_feature(findings, probe.system_call_filter, "system call filter (seccomp)",
                   "use a kernel with CONFIG_SECCOMP_FILTER");
    report_extra(findings, probe.landlock_abi > 0, "file access rules (landlock)",
                 "use a kernel from 5.13 on, with landlock in the lsm= list");
    report_extra(findings, probe.fuse == BL_DEVICE_USABLE,
                 "file systems of our own (/dev/fuse; sealed directories of enclaves)",
                 "load the module fuse; in a container, ask its operator for /dev/fuse");
    report_extra(findings, probe.secret_memory, "memory hidden from the kernel (memfd_secret)",
                 "boot with secretmem.enable=1 on a kernel from 5.14 on");
    report_extra(findings, !probe.swap, "no swap, to which unlocked memory could go",
                 "encrypt the swap, or do without");
    report_limits(findings, &probe);
}

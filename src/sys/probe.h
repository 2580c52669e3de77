/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/probe.h: what the kernel offers here, tried rather than concluded from version numbers.
 *
 * For `bulla doctor`, which shows it, and the monitor, which refuses below a stated minimum. What
 * cannot be found out counts as not offered.
 */
#ifndef BL_SYS_PROBE_H
#define BL_SYS_PROBE_H

#include "sys/cgroup.h"

enum bl_device_state { BL_DEVICE_ABSENT, BL_DEVICE_NOT_PERMITTED, BL_DEVICE_USABLE };

struct bl_probe {
    unsigned kernel_major, kernel_minor;
    bool user_namespaces; /* a process in a world of its own could be started */
    bool secret_memory;   /* memfd_secret() */
    bool system_call_filter;
    bool forbid_new_code; /* PR_SET_MDWE */
    int landlock_abi;     /* 0: none */
    enum bl_mechanism limits[BL_LIMIT_KINDS];
    uint64_t locked_memory_max; /* bytes; UINT64_MAX: unlimited, or we have the right */
    bool swap;                  /* memory that is not locked may reach a disk */
    enum bl_device_state tpm;   /* /dev/tpmrm0 */
    enum bl_device_state fuse;  /* /dev/fuse: sealed directories of enclaves */
};

/** Fails only where we are at fault (BULLA_E_MEMORY). */
enum bulla_status bl_probe_system(struct bl_probe *out, struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/sandbox.h: what a process gives up, for good. Building blocks: which process gives up what is
 * data of its room.
 *
 * Each applies to the calling process and what it starts later. Order: limits and landlock, then
 * capabilities, then system calls. A step that fails leaves the process less confined than asked
 * for: it must not go on.
 */
#ifndef BL_SYS_SANDBOX_H
#define BL_SYS_SANDBOX_H

#include "bulla/status.h"

/** No program started later gains rights by its file. */
enum bulla_status bl_sandbox_no_new_privileges(struct bulla_error *err) BULLA_CHECKED;
/** No core dumps, and no other process of the same user may read our memory. exec undoes the
 *  second part: a program does it for itself. */
enum bulla_status bl_sandbox_hide_memory(struct bulla_error *err) BULLA_CHECKED;
/** No memory becomes executable that was writable. *enforced_out tells whether the kernel (6.3)
 *  knows how. */
enum bulla_status bl_sandbox_forbid_new_code(bool *enforced_out,
                                             struct bulla_error *err) BULLA_CHECKED;
/** Lower a resource limit (RLIMIT_...), soft and hard; one that is lower already stays. */
enum bulla_status bl_sandbox_limit(int resource, uint64_t value,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Keep of the capabilities held only those in the mask (bit n: capability n), in all sets. Sets
 *  no_new_privs. */
enum bulla_status bl_sandbox_drop_capabilities(uint64_t keep_mask,
                                               struct bulla_error *err) BULLA_CHECKED;

/** What may be done below a path, in addition to nothing. */
enum bl_access {
    BL_ACCESS_READ = 1,    /* read files, list directories */
    BL_ACCESS_EXECUTE = 2, /* run programs */
    BL_ACCESS_WRITE = 4    /* write, make, remove, rename, truncate */
};
struct bl_access_rule {
    const char *path;
    unsigned access; /* BL_ACCESS_... */
};
struct bl_landlock {
    const struct bl_access_rule *rules;
    size_t rule_count;
    const uint16_t *connect_ports; /* TCP; what is not listed is refused */
    size_t connect_port_count;
    const uint16_t *bind_ports;
    size_t bind_port_count;
    bool any_network; /* leave TCP as it is */
};
/** The newest landlock that the kernel offers, and that we use of it; 0: none. */
int bl_sandbox_landlock_abi(void);
/** Refuse every file, and (from ABI 4) TCP port, without a rule, and (from ABI 6) signals and
 *  abstract sockets outside. Sets no_new_privs. Without landlock BULLA_CAUSE_KERNEL_FEATURE_MISSING. */
enum bulla_status bl_sandbox_landlock(const struct bl_landlock *landlock,
                                      struct bulla_error *err) BULLA_CHECKED;

/** A system call that is allowed (or fails with `error`), always or if (argument & mask) == value. */
struct bl_system_call {
    const char *name;
    int error;    /* errno of a call that has a substitute, e.g. ENOSYS for clone3; 0: allowed */
    bool checked; /* the argument decides */
    unsigned argument; /* 0 to 5 */
    uint64_t mask;
    uint64_t value;
};
enum bl_refusal {
    BL_REFUSE_KILL, /* the whole process, with SIGSYS */
    BL_REFUSE_ERROR /* the call fails with EPERM */
};
/** Allow the calls listed, in all threads. A call listed more than once is allowed if one of its
 *  rows holds; a name that this architecture lacks is skipped, one that nobody knows is
 *  BULLA_E_ARGUMENT. Sets no_new_privs. */
enum bulla_status bl_sandbox_system_calls(const struct bl_system_call *calls, size_t count,
                                          enum bl_refusal refusal,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif

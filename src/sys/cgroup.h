/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/cgroup.h: limits on memory, processor time and number of processes of a group.
 *
 * For each the strongest mechanism found is used: cgroup v2, else v1, else a resource limit of each
 * process. What is in force is told per limit, so that who needs a limit can refuse to go on
 * without it. Hierarchies are found from /proc/self/mountinfo and /proc/self/cgroup; groups are made
 * below our own, in v2 below the nearest one above us that may hand out the controllers.
 *
 * Does not: count resource limits as limits of the group: RLIMIT_AS is per process, and
 * RLIMIT_NPROC per user and without effect on root.
 */
#ifndef BL_SYS_CGROUP_H
#define BL_SYS_CGROUP_H

#include <sys/types.h>

#include "base/cleanup.h"
#include "bulla/status.h"

enum bl_limit_kind { BL_LIMIT_MEMORY, BL_LIMIT_CPU, BL_LIMIT_PIDS, BL_LIMIT_KINDS };

enum bl_mechanism {
    BL_MECHANISM_NONE, /* cannot be limited here */
    BL_MECHANISM_RLIMIT,
    BL_MECHANISM_CGROUP_V1,
    BL_MECHANISM_CGROUP_V2
};

struct bl_cgroup_limits {
    uint64_t memory_max;  /* bytes, swap included; 0: no limit */
    uint32_t cpu_percent; /* of one processor, may exceed 100; 0: no limit */
    uint32_t pids_max;    /* processes and threads; 0: no limit */
};
#define BL_CGROUP_CPU_PERCENT_MAX 100000u /* a thousand processors */

#define BL_CGROUP_NAME_MAX 64 /* bytes of [a-z0-9._-], not starting with a dot */

/** A group; zero-initialised it is empty. */
struct bl_cgroup {
    enum bl_mechanism mechanism[BL_LIMIT_KINDS]; /* in force; NONE also where no limit was asked */
    char *path[BL_LIMIT_KINDS];                  /* directory of the group; NULL: not by cgroup */
    char *unified;                               /* its directory in v2, for killing; or NULL */
    char *freezer;                               /* its directory in the v1 freezer, or NULL */
    struct bl_cgroup_limits limits;
};

/** What would be used for each limit, made sure of by making a group and removing it. */
enum bulla_status bl_cgroup_probe(enum bl_mechanism out[BL_LIMIT_KINDS],
                                  struct bulla_error *err) BULLA_CHECKED;
/** Make the group `name` with these limits; BULLA_E_EXISTS if there is one already. A limit that
 *  no cgroup enforces is not a failure: look at `mechanism`. */
enum bulla_status bl_cgroup_new(struct bl_cgroup *group, const char *name,
                                const struct bl_cgroup_limits *limits,
                                struct bulla_error *err) BULLA_CHECKED;
/** Put a process (and what it starts from now on) into the group. */
enum bulla_status bl_cgroup_add(const struct bl_cgroup *group, pid_t pid,
                                struct bulla_error *err) BULLA_CHECKED;
/** In the child: put the resource limits in force that stand in for cgroups. */
enum bulla_status bl_cgroup_limit_self(const struct bl_cgroup *group,
                                       struct bulla_error *err) BULLA_CHECKED;

struct bl_cgroup_usage {
    bool memory_known, pids_known; /* by cgroup only */
    uint64_t memory;               /* bytes now */
    uint64_t memory_kills;         /* processes killed for want of memory */
    uint64_t pids;
};
enum bulla_status bl_cgroup_read(const struct bl_cgroup *group, struct bl_cgroup_usage *out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Kill everything in the group and wait until it is empty; BULLA_E_UNAVAILABLE if it has no
 *  cgroup, BULLA_E_TIMEOUT. */
enum bulla_status bl_cgroup_kill(const struct bl_cgroup *group, int64_t deadline,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Remove the group, which must be empty: BULLA_E_BUSY; what was removed is forgotten. */
enum bulla_status bl_cgroup_remove(struct bl_cgroup *group, struct bulla_error *err) BULLA_CHECKED;
/** Kill, remove and forget, as far as it goes. Accepts what is already empty. */
void bl_cgroup_done(struct bl_cgroup *group);

#endif

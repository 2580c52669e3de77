/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/cgroup_reclaim.h: groups that a killed process of ours left behind.
 *
 * A group of ours is named "bulla-WHAT-PID", with the number of the process that made it. One whose
 * process is no more, that belongs to our user and is empty is removed; the kernel itself refuses to
 * remove one that is not empty. Best effort: what fails is left for the next start.
 * Does not: see processes of other process namespaces. A maker in another one, in the moment between
 * making its group and putting a process in, may lose it, and then fails to start.
 */
#ifndef BL_SYS_CGROUP_RECLAIM_H
#define BL_SYS_CGROUP_RECLAIM_H

#include <stdbool.h>
#include <sys/types.h>

#define BL_CGROUP_PREFIX "bulla-"

/** Is it a name of a group of ours, and whose? */
bool bl_cgroup_name_owner(const char *name, pid_t *pid_out);
/** Remove what was left behind directly below `base`, a bounded number. */
void bl_cgroup_reclaim(const char *base);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/cgroup_reclaim.h: groups that a killed process of ours left behind.
 *
 * A group of ours is named "bulla-WHAT-PID", with the number of the process that made it. One whose
 * process is no more, that belongs to our user, is empty and has been so for BL_CGROUP_LEFT_S is
 * removed; the kernel itself refuses to remove one that is not empty. Best effort: what fails is left
 * for a later start.
 * Does not: see processes of other process namespaces, which share the groups with us. That is why
 * an empty group has to be old: its maker there may be about to put a process in.
 */
#ifndef BL_SYS_CGROUP_RECLAIM_H
#define BL_SYS_CGROUP_RECLAIM_H

#include <stdbool.h>
#include <sys/types.h>

#define BL_CGROUP_PREFIX "bulla-"
#define BL_CGROUP_LEFT_S 600 /* seconds: making a group and putting a process in takes one */

/** Is it a name of a group of ours, and whose? */
bool bl_cgroup_name_owner(const char *name, pid_t *pid_out);
/** Remove what was left behind directly below `base`, a bounded number. */
void bl_cgroup_reclaim(const char *base);

#endif

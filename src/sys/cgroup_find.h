/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/cgroup_find.h: where our own group is in each hierarchy. Used by sys/cgroup.c only.
 *
 * Spec: proc_pid_mountinfo(5), cgroups(7).
 */
#ifndef BL_SYS_CGROUP_FIND_H
#define BL_SYS_CGROUP_FIND_H

#include "bulla/status.h"

/**
 * The directory of our own group, from the texts of /proc/self/mountinfo and /proc/self/cgroup: in
 * the hierarchy of a v1 controller, or in v2 if `controller` is NULL. To be freed; NULL in *out if
 * there is none that we can see.
 */
enum bulla_status bl_cgroup_find(const char *mountinfo, const char *cgroups, const char *controller,
                                 char **out, struct bulla_error *err) BULLA_CHECKED;

#endif

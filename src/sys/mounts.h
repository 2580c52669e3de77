/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/mounts.h: the files of a world of its own. Used by sys/namespace.c only.
 */
#ifndef BL_SYS_MOUNTS_H
#define BL_SYS_MOUNTS_H

#include "sys/namespace.h"

#define BL_DEVICE_COUNT 6 /* the last is fuse, for who asks for it */

/** Mounts that are attached nowhere yet; -1: none. */
struct bl_mount_sources {
    int root;
    int binds[BL_MOUNTS_MAX];
    int devices[BL_DEVICE_COUNT];
};

/** Take what the plan names out of the caller's files. */
enum bulla_status bl_mounts_open(const struct bl_namespace_plan *plan, struct bl_mount_sources *out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Put it together and make it "/"; the caller's files are gone then. */
enum bulla_status bl_mounts_enter(const struct bl_namespace_plan *plan,
                                  struct bl_mount_sources *sources,
                                  struct bulla_error *err) BULLA_CHECKED;
void bl_mounts_close(struct bl_mount_sources *sources);

#endif

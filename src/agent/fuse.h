/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/fuse.h: serves a sealed volume to unmodified programs, over /dev/fuse.
 *
 * Spec: the FUSE kernel protocol, 7.31 (<linux/fuse.h>); the other end is the kernel, which checks
 * permissions (mount option default_permissions) and kinds of files.
 * Guarantees: one request after the other; what write(2) answered is in the volume, for the kernel
 * keeps no written page back (no FUSE_WRITEBACK_CACHE); fsync(2) of a file or directory syncs the
 * volume; a node that the kernel knows is held, so that a removed file lives while it is open and no
 * number is used twice meanwhile. A volume that turns out to be altered is answered with EIO and
 * ends the serving.
 * Does not: mount; keep owners (there is one user, to whom everything belongs), access times,
 * extended attributes, devices, pipes or sockets; share locks with anybody outside the kernel.
 */
#ifndef BL_AGENT_FUSE_H
#define BL_AGENT_FUSE_H

#include <sys/types.h>

#include "seal/volume.h"

struct bl_fuse_plan {
    int fd;                   /* of /dev/fuse, mounted; borrowed, made non-blocking */
    int stop_fd;              /* readable or hung up: answer what is waiting, and end; borrowed */
    struct bl_volume *volume; /* borrowed; the caller closes it afterwards */
    uid_t user;               /* who all files belong to */
    gid_t group;
};

/** Serve until nobody has it mounted any more or stop_fd says so. BULLA_E_INTEGRITY as soon as the
 *  volume says so; BULLA_E_UNSUPPORTED for an older kernel; BULLA_E_IO. */
enum bulla_status bl_fuse_serve(const struct bl_fuse_plan *plan,
                                struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/node.h: device nodes and the files of kernel interfaces (configfs, /dev/attestation), whose
 * other end is a kernel, a hypervisor or a library operating system.
 *
 * Guarantees: interrupted calls are made again, until the deadline; what is read is bounded. A node
 * that is not there, that this user may not use, and one that is busy are told apart.
 * Does not: end a call that the kernel does not return from; see bl_local_attester_collect().
 */
#ifndef BL_DEVICE_NODE_H
#define BL_DEVICE_NODE_H

#include "base/buffer.h"

enum bl_node_state { BL_NODE_ABSENT = 0, BL_NODE_NOT_PERMITTED, BL_NODE_USABLE };
/** By asking, not by opening: a driver may take an open for the start of a session. */
enum bl_node_state bl_node_state(const char *path);

/** `flags` as of open(2). Causes: NO_ATTESTER, ATTESTER_NOT_PERMITTED, BUSY, ATTESTER_FAILED. */
enum bulla_status bl_node_open(const char *path, int flags, int *fd_out,
                               struct bulla_error *err) BULLA_CHECKED;
/** One ioctl. *result_out is what it returned, or -errno, which the caller may judge better. TIMEOUT
 *  when it was interrupted until the deadline; else as of bl_node_open(). */
enum bulla_status bl_node_ioctl(int fd, unsigned long request, void *argument, int64_t deadline,
                                int *result_out, struct bulla_error *err) BULLA_CHECKED;
/** All of a file below `directory`, at most `size_max` bytes, appended. Causes: as of bl_node_open();
 *  LIMIT; TIMEOUT; BUSY when the kernel says that it would have to wait. */
enum bulla_status bl_node_read(const char *directory, const char *name, size_t size_max,
                               int64_t deadline, struct bulla_buffer *out,
                               struct bulla_error *err) BULLA_CHECKED;
/** Write `bytes` to a file that is there. */
enum bulla_status bl_node_write(const char *directory, const char *name, struct bulla_bytes bytes,
                                int64_t deadline, struct bulla_error *err) BULLA_CHECKED;

/** What errno of a failed call on a node means. */
enum bulla_status bl_node_fail(int code, const char *what, struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/call.h: a system call that tests can make fail, and what its errno means to us.
 *
 * For the files of sys/ and for rooms below that make system calls of their own.
 */
#ifndef BL_SYS_CALL_H
#define BL_SYS_CALL_H

#include <errno.h>

#include "base/fault.h"
#include "bulla/status.h"

/** The value of `call`, or -1 with errno EIO where a test made this passing fail. The call is then
 *  not made, so releasing calls (close, munmap) do not go through here. */
#define BL_CALL(kind, call) \
    (bl_fault_point(BL_FAULT_##kind) ? (errno = EIO, (__typeof__(call))(-1)) : (call))

/** Record errno: not found, exists, busy, timed out, unreachable, hung up or out of memory as what
 *  they are, everything else as BULLA_E_IO; detail = errno. */
enum bulla_status bl_fail_errno(struct bulla_error *err, const char *where,
                                const char *what) BULLA_CHECKED;

#endif

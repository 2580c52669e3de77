/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/fault.h: places where the outside world can fail us, so that tests can make it fail.
 *
 * bl_fault_point(id) stands beside every allocation, file, socket, process, database and TPM call
 * of ours. It answers false unless a test has armed it by bl_fault_arm(); nothing outside the
 * process (no variable, file or option) can arm it. When it answers true the caller behaves as if
 * the call had failed.
 */
#ifndef BL_BASE_FAULT_H
#define BL_BASE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum bl_fault {
    BL_FAULT_MEMORY = 0,
    BL_FAULT_FILE,
    BL_FAULT_SOCKET,
    BL_FAULT_PROCESS,
    BL_FAULT_DATABASE,
    BL_FAULT_TPM,
    BL_FAULT_RANDOM,
    BL_FAULT_KINDS
};

/** True if the call beside it is to be treated as failed. */
bool bl_fault_point(enum bl_fault kind);

/** Fail the `nth` passing (from 1) of a point of `kind`; with `forever` every later one too. */
void bl_fault_arm(enum bl_fault kind, uint64_t nth, bool forever);
/** Back to normal. Returns true if an armed point was reached since bl_fault_arm(). */
bool bl_fault_disarm(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/process_child.h: what happens between fork and exec. Used by sys/process.c only.
 */
#ifndef BL_SYS_PROCESS_CHILD_H
#define BL_SYS_PROCESS_CHILD_H

#include "sys/process.h"

/** In the child: wait on `report` until the parent lets it go, prepare, run; report the first failure
 *  as a struct bulla_error, or success by closing `report`. */
_Noreturn void bl_process_child(const struct bl_process_plan *plan, int report);

#endif

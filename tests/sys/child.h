/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/sys/child.h: what is irreversible happens in a child. A check that fails there is its exit
 * code: the line it stands on, modulo 200.
 */
#ifndef TESTS_SYS_CHILD_H
#define TESTS_SYS_CHILD_H

#include <stdlib.h>

#include "sys/clock.h"
#include "sys/process.h"
#include "unit.h"

#define CHILD_CHECK(condition)                                      \
    do {                                                            \
        if (!(condition)) {                                         \
            print_message("# line %d: %s\n", __LINE__, #condition); \
            return 1 + __LINE__ % 200;                              \
        }                                                           \
    } while (0)

#define NOT_RUN (-1000)

/** Exit code of the child, or the negative signal that killed it. */
static inline int
run_plan(struct bl_process_plan plan)
{
    BL_AUTO(bl_process) process = BL_PROCESS_NONE;
    struct bl_process_end end = { 0 };
    struct bulla_error err = { 0 };
    const struct bl_fd_map output[] = { { 1, 1 }, { 2, 2 } };

    if (plan.fd_count == 0) {
        plan.fds = output;
        plan.fd_count = 2;
    }
    if (bl_process_start(&plan, &process, &err) != BULLA_OK ||
        bl_process_wait(&process, bl_clock_deadline(30000), &end, &err) != BULLA_OK) {
        print_message("# %s: %s (detail 0x%lx)\n", err.where, err.what, err.detail);
        return NOT_RUN; /* no assertion: we may be in a child ourselves */
    }
    return end.killed ? -end.code : end.code;
}

static inline int
run_child(int (*function)(void *context), void *context)
{
    return run_plan((struct bl_process_plan){ .function = function, .context = context });
}

#endif

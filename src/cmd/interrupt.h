/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/interrupt.h: what a command cleans up when Ctrl-C, SIGTERM or SIGHUP ends it.
 *
 * A thread waits for these signals (no handler runs in the middle of other code), removes the
 * guarded temporary file, gives the terminal its echo back, and lets the signal end the process.
 * SIGKILL cannot be seen: bl_directory_sweep() removes what it leaves.
 */
#ifndef BL_CMD_INTERRUPT_H
#define BL_CMD_INTERRUPT_H

#include <termios.h>

#include "sys/file.h"

#define BL_INTERRUPT_FILES_MAX 2 /* a blob and its recovery file */

/** Remove the temporary of `file` if the process is interrupted; until bl_interrupt_forget_file(). */
void bl_interrupt_guard_file(const struct bl_file_new *file);
void bl_interrupt_forget_file(const struct bl_file_new *file);
/** Restore `former` on `fd` if the process is interrupted; NULL: nothing to restore any more. */
void bl_interrupt_guard_terminal(int fd, const struct termios *former);

#endif

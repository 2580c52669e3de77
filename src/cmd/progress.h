/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/progress.h: how far a long command is, for a person who waits.
 */
#ifndef BL_CMD_PROGRESS_H
#define BL_CMD_PROGRESS_H

/** From now until bl_progress_end(), if stderr is a terminal: after a second, say how far the
 *  reading of `in_fd` and the writing of `out_fd` are. */
void bl_progress_begin(const char *verb, int in_fd, int out_fd);
void bl_progress_end(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/start_report.h: how a child process of the agent says that it started, or why not: the cause
 * as two bytes, big-endian, 0 for success, on a stream.
 */
#ifndef BL_AGENT_START_REPORT_H
#define BL_AGENT_START_REPORT_H

#include "bulla/status.h"

/** `err` as the start left it. A parent that is gone is not an error. */
void bl_start_report_send(int fd, const struct bulla_error *err);
/** BULLA_OK if the child started; its cause; BULLA_E_UNREACHABLE if it ended without a word. */
enum bulla_status bl_start_report_receive(int fd, int64_t deadline,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/terminal.h: what is only done where a person sits: passphrases and colour.
 */
#ifndef BL_CMD_TERMINAL_H
#define BL_CMD_TERMINAL_H

#include "base/secret.h"

#define BL_PASSPHRASE_SIZE_MAX 1024 /* bytes */

/** True if this process has a controlling terminal to ask on. */
bool bl_terminal_exists(void);
/** Ask on /dev/tty with the echo off; twice if `confirm`. *passphrase_out must be empty.
 *  NO_TERMINAL; USAGE if it is empty, too long, or the two differ. A signal that ends the process
 *  restores the echo first. */
enum bulla_status bl_terminal_ask(const char *prompt, bool confirm,
                                  struct bl_secret *passphrase_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** A passphrase from "FILE" (0600, ours) or "fd:N"; one final line end is not part of it. */
enum bulla_status bl_passphrase_read(const char *source, struct bl_secret *passphrase_out,
                                     struct bulla_error *err) BULLA_CHECKED;

enum bl_tint { BL_TINT_NONE, BL_TINT_GOOD, BL_TINT_WARNING, BL_TINT_BAD };
/** Control sequence for standard output; "" unless it is a terminal and NO_COLOR is not set. */
const char *bl_tint(enum bl_tint tint);

#endif

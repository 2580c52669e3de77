/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/user_directory.h: where a user's files are: the XDG Base Directory Specification, 0.8; for
 * root the system's directories.
 *
 *     BL_USER_CONFIG  $XDG_CONFIG_HOME, or /etc for root, or ~/.config
 *     BL_USER_CACHE   $XDG_CACHE_HOME, or /var/cache for root, or ~/.cache
 *     BL_USER_STATE   $XDG_STATE_HOME, or /var/lib for root, or ~/.local/state
 *
 * "~" is $HOME, or the user database's where that is not set. A variable with a relative path counts
 * as not set, as XDG has it.
 * Does not: make a directory, or look whether it is there.
 */
#ifndef BL_CMD_USER_DIRECTORY_H
#define BL_CMD_USER_DIRECTORY_H

enum bl_user_place { BL_USER_CONFIG, BL_USER_STATE, BL_USER_CACHE };

/** NAME there, on the heap; NULL without memory or without a home. */
char *bl_user_directory(enum bl_user_place place, const char *name)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/local_tpm.h: the TPM that a command uses: a device node, a socket, or the embedded one.
 *
 * Default: /dev/tpmrm0 where this user may use it, else the embedded TPM, whose state is one file
 * (0600) in a directory of ours (0700): $XDG_STATE_HOME/bulla/tpm, or /var/lib/bulla/tpm for root.
 * Guarantees: one process at a time uses that state (lock), it is replaced atomically, and the user
 * is told that it stands for this directory and not for hardware.
 * Does not: encrypt the state, nor notice an old copy that is put back (freshness: none).
 */
#ifndef BL_CMD_LOCAL_TPM_H
#define BL_CMD_LOCAL_TPM_H

#include "cmd/verb.h"
#include "device/tpm.h"
#include "device/vtpm.h"
#include "sys/file.h"

/** --device and --tpm-socket; every verb that uses a TPM has them. */
#define BL_TPM_OPTIONS                                                        \
    { .name = "device",                                                       \
      .argument = "PATH",                                                     \
      .help = "TPM to use: a device node such as /dev/tpmrm0, or embedded" }, \
    {                                                                         \
        .name = "tpm-socket", .argument = "PATH",                             \
        .help = "TPM behind a Unix socket that takes raw commands"            \
    }

enum bl_tpm_place { BL_TPM_PLACE_NONE = 0, BL_TPM_DEVICE, BL_TPM_SOCKET, BL_TPM_EMBEDDED };

struct bl_local_tpm {
    struct bl_tpm *tpm;
    struct bl_vtpm *vtpm;
    struct bl_file_lock lock;
    char *state_path;
    enum bl_tpm_place place;
};
#define BL_LOCAL_TPM_NONE         \
    {                             \
        .lock = BL_FILE_LOCK_NONE \
    }

/** Open what the options name, or the default. Without `may_create` an embedded TPM that was never
 *  used is not made: NO_TPM. */
enum bulla_status bl_local_tpm_open(struct bl_local_tpm *local,
                                    const struct bl_arguments *arguments, bool may_create,
                                    struct bulla_error *err) BULLA_CHECKED;
void bl_local_tpm_done(struct bl_local_tpm *local);
/** What bl_local_tpm_open() would use. */
enum bl_tpm_place bl_local_tpm_place(const struct bl_arguments *arguments);
/** Give it back before the command ends; `place` stays known. Fits bl_opener.done_with_tpm. */
void bl_local_tpm_release(void *local);

/** Say on stderr, once a process, that the embedded TPM is no hardware; nothing for another one. */
void bl_local_tpm_tell(const struct bl_local_tpm *local);
/** "device", "socket", "embedded", "none". */
const char *bl_tpm_place_word(enum bl_tpm_place place);
/** The directory that would be used, on the heap; NULL without memory or without a home. */
char *bl_local_tpm_directory(void);
/** Make it, for files of ours beside the TPM's. BULLA_E_MEMORY also without a home. */
enum bulla_status bl_local_tpm_directory_make(struct bulla_error *err) BULLA_CHECKED;
/** The path of NAME in it, on the heap. */
enum bulla_status bl_local_tpm_path(const char *name, char **path_out,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif

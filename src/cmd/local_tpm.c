/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/local_tpm.c: see local_tpm.h.
 */
#include "cmd/local_tpm.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/user_directory.h"
#include "sys/path.h"

#define DEFAULT_DEVICE "/dev/tpmrm0"
#define STATE_NAME "state"
#define LOCK_NAME "lock"
#define LOCK_TIMEOUT_MS 10000

char *
bl_local_tpm_directory(void)
{
    return bl_user_directory(BL_USER_STATE, "bulla/tpm");
}

enum bulla_status
bl_local_tpm_directory_make(struct bulla_error *err)
{
    char *directory = bl_local_tpm_directory();

    if (directory == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "state directory", "out of memory", 0);
    enum bulla_status status = bl_directory_make(directory, 0700, err);
    bl_free(directory);
    return status;
}

enum bulla_status
bl_local_tpm_path(const char *name, char **path_out, struct bulla_error *err)
{
    char *directory = bl_local_tpm_directory();
    char *path = directory == NULL ? NULL : bl_path_join(directory, name);

    bl_free(directory);
    if (path == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "state directory", "out of memory", 0);
    *path_out = path;
    return BULLA_OK;
}

/* -- state of the embedded TPM ----------------------------------------------------------------- */

static enum bulla_status
load_state(void *context, struct bl_secret *state_out, struct bulla_error *err)
{
    const struct bl_local_tpm *local = context;

    return bl_file_read_secret(local->state_path, BL_VTPM_STATE_SIZE_MAX, state_out, err);
}

static enum bulla_status
save_state(void *context, struct bulla_bytes state, struct bulla_error *err)
{
    const struct bl_local_tpm *local = context;

    return bl_file_replace(local->state_path, 0600, state, BL_FILE_REPLACE_EXISTING, err);
}

static enum bulla_status
fail_directory(const char *directory, enum bulla_status status)
{
    bl_report_object_word(directory);
    return status;
}

static enum bulla_status
lock_directory(struct bl_local_tpm *local, const char *directory, struct bulla_error *err)
{
    char *path = bl_path_join(directory, LOCK_NAME);

    if (path == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "embedded TPM", "no memory", 0);
    enum bulla_status status = bl_file_lock_take(&local->lock, path, LOCK_TIMEOUT_MS, err);
    bl_free(path);
    return status;
}

static enum bulla_status
start_embedded(struct bl_local_tpm *local, const char *directory, bool may_create,
               struct bulla_error *err)
{
    struct bl_vtpm_store store = { .context = local, .load = load_state, .save = save_state };

    local->state_path = bl_path_join(directory, STATE_NAME);
    if (local->state_path == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "embedded TPM", "no memory", 0);
    if (!may_create && access(local->state_path, F_OK) != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_TPM, "embedded TPM",
                                "it was never used here, so nothing was sealed by it");
    BL_TRY(bl_directory_make(directory, 0700, err));
    BL_TRY(lock_directory(local, directory, err));
    BL_TRY(bl_directory_sweep(directory, err));
    return bl_vtpm_start(&store, &local->vtpm, err);
}

static enum bulla_status
open_embedded(struct bl_local_tpm *local, bool may_create, struct bulla_error *err)
{
    char *directory = bl_local_tpm_directory();

    if (directory == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_UNAVAILABLE, "embedded TPM",
                                "there is neither a home directory nor memory for its state");
    enum bulla_status status = start_embedded(local, directory, may_create, err);
    if (status != BULLA_OK)
        (void)fail_directory(directory, status);
    bl_free(directory);
    BL_TRY(status);
    local->place = BL_TPM_EMBEDDED;
    return bl_tpm_open(&(struct bl_tpm_target){ .embedded = local->vtpm }, &local->tpm, err);
}

/* -- which one --------------------------------------------------------------------------------- */

static enum bulla_status
open_target(struct bl_local_tpm *local, enum bl_tpm_place place, const struct bl_tpm_target *target,
            struct bulla_error *err)
{
    enum bulla_status status = bl_tpm_open(target, &local->tpm, err);

    if (status == BULLA_OK)
        local->place = place;
    else
        bl_report_object_word(place == BL_TPM_DEVICE ? target->device_path : target->socket_path);
    return status;
}

static const char *
device_path(const struct bl_arguments *arguments)
{
    const char *device = bl_argument(arguments, "device");

    if (device != NULL)
        return strcmp(device, "embedded") != 0 ? device : NULL;
    return access(DEFAULT_DEVICE, R_OK | W_OK) == 0 ? DEFAULT_DEVICE : NULL;
}

enum bl_tpm_place
bl_local_tpm_place(const struct bl_arguments *arguments)
{
    if (bl_argument(arguments, "tpm-socket") != NULL)
        return BL_TPM_SOCKET;
    return device_path(arguments) != NULL ? BL_TPM_DEVICE : BL_TPM_EMBEDDED;
}

static enum bulla_status
open_chosen(struct bl_local_tpm *local, const struct bl_arguments *arguments, bool may_create,
            struct bulla_error *err)
{
    const char *socket = bl_argument(arguments, "tpm-socket");

    if (bl_argument(arguments, "device") != NULL && socket != NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "--device and --tpm-socket exclude each other");
    switch (bl_local_tpm_place(arguments)) {
    case BL_TPM_SOCKET:
        return open_target(local, BL_TPM_SOCKET, &(struct bl_tpm_target){ .socket_path = socket },
                           err);
    case BL_TPM_DEVICE:
        return open_target(local, BL_TPM_DEVICE,
                           &(struct bl_tpm_target){ .device_path = device_path(arguments) }, err);
    case BL_TPM_EMBEDDED:
    case BL_TPM_PLACE_NONE:
        break;
    }
    return open_embedded(local, may_create, err);
}

enum bulla_status
bl_local_tpm_open(struct bl_local_tpm *local, const struct bl_arguments *arguments, bool may_create,
                  struct bulla_error *err)
{
    enum bulla_status status = open_chosen(local, arguments, may_create, err);

    if (status != BULLA_OK)
        bl_local_tpm_done(local);
    return status;
}

void
bl_local_tpm_done(struct bl_local_tpm *local)
{
    bl_tpm_free(local->tpm);
    bl_vtpm_free(local->vtpm); /* saves its state: before the lock goes */
    bl_file_lock_done(&local->lock);
    bl_free(local->state_path);
    *local = (struct bl_local_tpm)BL_LOCAL_TPM_NONE;
}

void
bl_local_tpm_release(void *context)
{
    struct bl_local_tpm *local = context;
    enum bl_tpm_place place = local->place;

    bl_local_tpm_done(local);
    local->place = place;
}

void
bl_local_tpm_tell(const struct bl_local_tpm *local)
{
    char shown[BL_SHOWN_SIZE];

    if (local->place != BL_TPM_EMBEDDED)
        return;
    if (access(DEFAULT_DEVICE, F_OK) == 0)
        bl_note("note: %s is not usable by this user (\"bulla doctor tpm\"); embedded TPM used "
                "instead",
                DEFAULT_DEVICE);
    bl_note("note: embedded TPM (class software): this binds to its state in %s, not to hardware; "
            "whoever can read that file can open what it sealed",
            bl_show_word(local->state_path, shown));
}

const char *
bl_tpm_place_word(enum bl_tpm_place place)
{
    switch (place) {
    case BL_TPM_PLACE_NONE:
        return "none";
    case BL_TPM_DEVICE:
        return "device";
    case BL_TPM_SOCKET:
        return "socket";
    case BL_TPM_EMBEDDED:
        return "embedded";
    }
    return "none";
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/vtpm.c: libtpms in this process, and its state in the hands of a store.
 *
 * libtpms calls back without a context while it works on a command, perhaps several times; what it
 * stores is collected and saved once, before the command is answered. If that fails, the TPM in
 * memory is ahead of the durable one: it is powered off and the answer is withheld.
 * Does not: store volatile state; every start is a TPM Reset.
 */
#include "device/vtpm.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_memory.h>

#include "base/fault.h"
#include "base/memory.h"
#include "codec/reader.h"
#include "device/tpm_transport.h"
#include "device/vtpm_state.h"

#define WHERE "vTPM"

struct bl_vtpm {
    struct bl_vtpm_store store;
    struct bl_vtpm_state state;
    enum bulla_status storing; /* the first failure while libtpms stored something */
    bool is_changed;           /* `state` is newer than the stored one */
    bool is_new;
    bool is_on;
    int log_fd; /* where libtpms prints its errors; -1: none */
};

/* libtpms is one TPM per process and its callbacks have no context. */
static struct {
    pthread_mutex_t mutex;
    struct bl_vtpm *vtpm;
} only = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* -- callbacks, called with the mutex held ----------------------------------------------------- */

static TPM_RESULT
nothing_to_prepare(void)
{
    return TPM_SUCCESS;
}

static TPM_RESULT
load_part(unsigned char **data, uint32_t *length, uint32_t tpm_number, const char *name)
{
    enum bl_vtpm_part number = bl_vtpm_part_named(name);

    (void)tpm_number;
    if (number == BL_VTPM_PARTS || only.vtpm->state.parts[number].size == 0)
        return TPM_RETRY; /* libtpms' word for: there is none */
    const struct bl_secret *part = &only.vtpm->state.parts[number];
    if (TPM_Malloc(data, (uint32_t)part->size) != TPM_SUCCESS)
        return TPM_FAIL;
    memcpy(*data, part->data, part->size);
    *length = (uint32_t)part->size;
    return TPM_SUCCESS;
}

static TPM_RESULT
store_part(const unsigned char *data, uint32_t length, uint32_t tpm_number, const char *name)
{
    struct bl_vtpm *vtpm = only.vtpm;
    enum bl_vtpm_part number = bl_vtpm_part_named(name);
    struct bl_secret part = { 0 };

    (void)tpm_number;
    if (number == BL_VTPM_PARTS)
        return TPM_SUCCESS; /* volatile state: dies with the process */
    enum bulla_status status = bl_secret_copy(&part, (struct bulla_bytes){ data, length }, NULL);
    vtpm->is_changed = true;
    if (status != BULLA_OK) { /* libtpms would never recover in this process if it were told */
        vtpm->storing = status;
        return TPM_SUCCESS;
    }
    bl_secret_done(&vtpm->state.parts[number]);
    vtpm->state.parts[number] = part;
    return TPM_SUCCESS;
}

static TPM_RESULT
delete_part(uint32_t tpm_number, const char *name, TPM_BOOL must_exist)
{
    struct bl_vtpm *vtpm = only.vtpm;
    enum bl_vtpm_part number = bl_vtpm_part_named(name);

    (void)tpm_number;
    if (number == BL_VTPM_PARTS || vtpm->state.parts[number].size == 0)
        return must_exist ? TPM_FAIL : TPM_SUCCESS;
    bl_secret_done(&vtpm->state.parts[number]);
    vtpm->is_changed = true;
    return TPM_SUCCESS;
}

static TPM_RESULT
get_locality(TPM_MODIFIER_INDICATOR *locality, uint32_t tpm_number)
{
    (void)tpm_number;
    *locality = 0;
    return TPM_SUCCESS;
}

static TPM_RESULT
get_physical_presence(TPM_BOOL *is_present, uint32_t tpm_number)
{
    (void)tpm_number;
    *is_present = 0;
    return TPM_SUCCESS;
}

static struct libtpms_callbacks callbacks = {
    .sizeOfStruct = sizeof callbacks,
    .tpm_nvram_init = nothing_to_prepare,
    .tpm_nvram_loaddata = load_part,
    .tpm_nvram_storedata = store_part,
    .tpm_nvram_deletename = delete_part,
    .tpm_io_init = nothing_to_prepare,
    .tpm_io_getlocality = get_locality,
    .tpm_io_getphysicalpresence = get_physical_presence,
};

/* -- power and state --------------------------------------------------------------------------- */

static void
power_off(struct bl_vtpm *vtpm)
{
    if (vtpm->is_on)
        TPMLIB_Terminate();
    vtpm->is_on = false;
    if (vtpm->log_fd >= 0) {
        TPMLIB_SetDebugFD(-1);
        close(vtpm->log_fd);
        vtpm->log_fd = -1;
    }
}

/* After anything that may have changed the TPM, before anybody learns of it. */
static enum bulla_status
save_if_changed(struct bl_vtpm *vtpm, struct bulla_error *err)
{
    BL_AUTO(bl_secret) bytes = { 0 };

    if (!vtpm->is_changed)
        return BULLA_OK;
    enum bulla_status status = vtpm->storing;
    if (status != BULLA_OK)
        (void)!bulla_fail(err, status, WHERE, "its state cannot be held", 0);
    if (status == BULLA_OK)
        status = bl_vtpm_state_encode(&vtpm->state, &bytes, err);
    if (status == BULLA_OK)
        status = vtpm->store.save(vtpm->store.context, bl_secret_bytes(&bytes), err);
    if (status != BULLA_OK) {
        power_off(vtpm);
        return status;
    }
    vtpm->is_changed = false;
    return BULLA_OK;
}

static enum bulla_status
load_state(struct bl_vtpm *vtpm, struct bulla_error *err)
{
    BL_AUTO(bl_secret) bytes = { 0 };
    struct bulla_error failure = { 0 };
    enum bulla_status status = vtpm->store.load(vtpm->store.context, &bytes, &failure);

    if (status == BULLA_E_NOT_FOUND) {
        vtpm->is_new = true;
        return BULLA_OK;
    }
    if (status != BULLA_OK) {
        if (err != NULL && err->status == BULLA_OK)
            *err = failure;
        return status;
    }
    return bl_vtpm_state_decode(bl_secret_bytes(&bytes), &vtpm->state, err);
}

/* libtpms manufactures a TPM if it finds no permanent state, and refuses one that it cannot read. */
static enum bulla_status
power_on(struct bl_vtpm *vtpm, struct bulla_error *err)
{
    vtpm->log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    TPMLIB_SetDebugFD(vtpm->log_fd); /* else stderr; what matters our errors say */
    TPM_RESULT result = TPMLIB_ChooseTPMVersion(TPMLIB_TPM_VERSION_2);

    if (result == TPM_SUCCESS)
        result = TPMLIB_RegisterCallbacks(&callbacks);
    if (result == TPM_SUCCESS && !vtpm->is_new)
        result = TPMLIB_ValidateState(TPMLIB_STATE_PERMANENT, 0);
    if (result == TPM_SUCCESS)
        result = TPMLIB_MainInit();
    if (result != TPM_SUCCESS)
        return bulla_fail_detail(err, vtpm->is_new ? BULLA_CAUSE_TPM_FAILED : BULLA_CAUSE_INTEGRITY,
                                 WHERE, "libtpms does not start with this state", result);
    vtpm->is_on = true;
    return save_if_changed(vtpm, err);
}

/* -- commands ---------------------------------------------------------------------------------- */

static enum bulla_status
process_locked(struct bl_vtpm *vtpm, struct bulla_bytes command, struct bulla_buffer *response_out,
               struct bulla_error *err)
{
    unsigned char *response = NULL;
    uint32_t size = 0;
    uint32_t capacity = 0;
    uint8_t copy[BL_TPM_MESSAGE_MAX]; /* libtpms takes a writable one */

    memcpy(copy, command.data, command.size);
    TPM_RESULT result = TPMLIB_Process(&response, &size, &capacity, copy, (uint32_t)command.size);
    bl_wipe(copy, command.size);
    enum bulla_status status = save_if_changed(vtpm, err);
    if (status == BULLA_OK && result != TPM_SUCCESS) {
        power_off(vtpm);
        status = bulla_fail_detail(err, BULLA_CAUSE_TPM_FAILED, WHERE, "libtpms failed", result);
    }
    if (status == BULLA_OK)
        status = bulla_buffer_append(response_out, (struct bulla_bytes){ response, size }, err);
    bl_wipe(response, size);
    TPM_Free(response);
    return status;
}

enum bulla_status
bl_vtpm_process(struct bl_vtpm *vtpm, struct bulla_bytes command, struct bulla_buffer *response_out,
                struct bulla_error *err)
{
    enum bulla_status status = BULLA_OK;

    if (command.size == 0 || command.size > BL_TPM_MESSAGE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "a command of impossible size", command.size);
    pthread_mutex_lock(&only.mutex);
    if (vtpm->is_on)
        status = process_locked(vtpm, command, response_out, err);
    else
        status = bulla_fail_cause(err, BULLA_CAUSE_TPM_FAILED, WHERE,
                                  "it was powered off after a failure");
    pthread_mutex_unlock(&only.mutex);
    return status;
}

/* TPM2_Startup and TPM2_Shutdown, each with TPM_SU_CLEAR (Part 3, 9.3 and 9.4). */
static enum bulla_status
start_or_stop(struct bl_vtpm *vtpm, uint8_t command_code, struct bulla_error *err)
{
    const uint8_t command[] = { 0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, command_code, 0, 0 };
    BL_AUTO(bulla_buffer) response = { 0 };

    BL_TRY(process_locked(vtpm, BL_BYTES_OF(command), &response, err));
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&response), WHERE);
    bl_skip(&r, 6);
    uint32_t code = bl_read_u32be(&r);
    BL_TRY(bl_reader_ok(&r, err));
    if (code != 0)
        return bulla_fail_detail(err, BULLA_CAUSE_TPM_FAILED, WHERE, "it does not start", code);
    return BULLA_OK;
}

/* -- start and end ----------------------------------------------------------------------------- */

#define STARTUP 0x44
#define SHUTDOWN 0x45

static enum bulla_status
start_locked(struct bl_vtpm *vtpm, struct bulla_error *err)
{
    if (only.vtpm != NULL)
        return bulla_fail(err, BULLA_E_BUSY, WHERE, "this process has one already", 0);
    only.vtpm = vtpm;
    enum bulla_status status = load_state(vtpm, err);
    if (status == BULLA_OK)
        status = power_on(vtpm, err);
    if (status == BULLA_OK)
        status = start_or_stop(vtpm, STARTUP, err);
    if (status != BULLA_OK) {
        power_off(vtpm);
        only.vtpm = NULL;
    }
    return status;
}

static void
release(struct bl_vtpm *vtpm)
{
    bl_vtpm_state_done(&vtpm->state);
    bl_free(vtpm);
}

enum bulla_status
bl_vtpm_start(const struct bl_vtpm_store *store, struct bl_vtpm **vtpm_out, struct bulla_error *err)
{
    struct bl_vtpm *vtpm = bl_alloc(1, sizeof *vtpm);

    if (vtpm == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    vtpm->store = *store;
    vtpm->log_fd = -1;
    pthread_mutex_lock(&only.mutex);
    enum bulla_status status = start_locked(vtpm, err);
    pthread_mutex_unlock(&only.mutex);
    if (status != BULLA_OK) {
        release(vtpm);
        return status;
    }
    *vtpm_out = vtpm;
    return BULLA_OK;
}

void
bl_vtpm_free(struct bl_vtpm *vtpm)
{
    if (vtpm == NULL)
        return;
    pthread_mutex_lock(&only.mutex);
    if (vtpm->is_on) /* an orderly end; without it the next start counts as a power failure */
        (void)!start_or_stop(vtpm, SHUTDOWN, NULL);
    power_off(vtpm);
    only.vtpm = NULL;
    pthread_mutex_unlock(&only.mutex);
    release(vtpm);
}

bool
bl_vtpm_is_new(const struct bl_vtpm *vtpm)
{
    return vtpm->is_new;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/enclave_host.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/attestation.h"
#include "cmd/enclave_files.h"
#include "cmd/enclave_restart.h"
#include "cmd/local_authority.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/user_directory.h"
#include "crypto/random.h"
#include "enclave/identity.h"
#include "enclave/registry.h"
#include "seal/seal.h"
#include "sys/clock.h"
#include "sys/path.h"

#define WHERE "enclave"
#define KEY_NAME "enclave-state-key"
#define KEY_BLOB_SIZE_MAX ((size_t)64 << 10) /* bytes: a header with one slot, and 32 bytes */
#define ROOT_SLACK ((uint64_t)1 << 20)       /* bytes: names of the targets of mounts */
#define ENTRY_SLACK 8192u                    /* bytes: an inode, and the rest of the last page */

/* -- places ------------------------------------------------------------------------------------- */

char *
bl_enclave_state_directory(const char *name)
{
    char *parent = bl_user_directory(BL_USER_STATE, "bulla/enclaves");
    char *path = parent == NULL ? NULL : bl_path_join(parent, name);

    bl_free(parent);
    return path;
}

char *
bl_enclave_run_directory(void)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");

    if (runtime != NULL && runtime[0] == '/') /* XDG: a relative path is to be ignored */
        return bl_path_join(runtime, "bulla/enclaves");
    return geteuid() == 0 ? bl_path_join("/run/bulla", "enclaves")
                          : bl_user_directory(BL_USER_STATE, "bulla/run");
}

/* -- what is to run ----------------------------------------------------------------------------- */

static enum bulla_status
check_identity(const struct bl_enclave_files *files, const char *path, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_identity_document said = { 0 };
    const struct bl_identity_document is =
        bl_identity_document_make(&files->manifest, files->image.digest);

    bl_report_object_word(path);
    bl_report_next("start what was signed; or, as its owner, build and sign it anew: bulla enclave "
                   "build, bulla enclave sign");
    BL_TRY(bl_file_read(path, BL_IDENTITY_DOCUMENT_SIZE_MAX, &bytes, err));
    BL_TRY(
        bl_identity_document_open(bulla_buffer_bytes(&bytes), files->manifest.signer, &said, err));
    BL_TRY(bl_identity_document_match(&is, &said, err));
    bl_report_next(NULL);
    return BULLA_OK;
}

enum bulla_status
bl_enclave_files_load(struct bl_enclave_files *files, const char *image_path,
                      const char *identity_path, const char *manifest_path, struct bulla_error *err)
{
    enum bulla_status status = bl_manifest_load(manifest_path, &files->manifest, err);

    if (status == BULLA_OK)
        status = bl_image_load(image_path, &files->image, &files->image_fd, err);
    if (status == BULLA_OK)
        status = check_identity(files, identity_path, err);
    if (status != BULLA_OK)
        bl_enclave_files_done(files);
    return status;
}

void
bl_enclave_files_done(struct bl_enclave_files *files)
{
    bl_fd_close(&files->image_fd);
    bl_image_done(&files->image);
    bl_manifest_done(&files->manifest);
}

/* -- running it --------------------------------------------------------------------------------- */

struct host {
    const struct bl_enclave_files *files;
    const struct bl_arguments *arguments;
    struct bl_enclave_record record;
    char *run_directory;
    struct bl_attestation_key platform_key; /* of this machine's TPM for the enclave's broker */
    bool has_platform;
};

static enum bulla_status
unpack(void *context, int fd, int root_fd, struct bulla_error *err)
{
    const struct host *host = context;

    return bl_image_unpack(fd, &host->files->image, root_fd, err);
}

static uint64_t
root_size(const struct bl_image *image)
{
    return image->size + (uint64_t)image->entry_count * ENTRY_SLACK + ROOT_SLACK;
}

static enum bulla_status
make_key(const struct bl_enclave_state *state, const struct bl_opener *opener,
         struct bl_secret *key_out, struct bulla_error *err)
{
    const struct bl_slot_request slot = { .type = BL_SLOT_TPM2 };
    const struct bl_seal_request request = { .name = KEY_NAME,
                                             .created_s = bl_clock_now_s(),
                                             .slots = &slot,
                                             .slot_count = 1,
                                             .allow_no_recovery = true };
    BL_AUTO(bl_secret) key = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };

    BL_TRY(bl_random_secret(&key, BL_ENCLAVE_STATE_KEY_SIZE, err));
    BL_TRY(bl_seal_bytes(&request, opener, bl_secret_bytes(&key), &blob, err));
    BL_TRY(bl_file_replace(state->key_path, 0600, bulla_buffer_bytes(&blob), BL_FILE_KEEP_EXISTING,
                           err));
    *key_out = bl_secret_take(&key);
    return BULLA_OK;
}

static enum bulla_status
open_key(const struct bl_enclave_state *state, const struct bl_opener *opener,
         struct bl_secret *key_out, struct bulla_error *err)
{
    const struct bl_unseal_requirements requirements = { .name = KEY_NAME,
                                                         .now_s = bl_clock_now_s() };
    BL_AUTO(bulla_buffer) blob = { 0 };

    if (access(state->key_path, F_OK) != 0 && access(state->vtpm_path, F_OK) != 0)
        return make_key(state, opener, key_out, err);
    BL_TRY(bl_file_read(state->key_path, KEY_BLOB_SIZE_MAX, &blob, err));
    return bl_unseal_bytes(&requirements, opener, bulla_buffer_bytes(&blob), key_out, err);
}

/* This machine's TPM is let go before the enclave's starts: there is one libtpms in a process. */
static enum bulla_status
get_key(void *context, const struct bl_enclave_state *state, struct bl_secret *key_out,
        struct bulla_error *err)
{
    const struct host *host = context;
    struct bl_local_tpm local = BL_LOCAL_TPM_NONE;

    BL_TRY(bl_local_tpm_open(&local, host->arguments, /* may_create= */ true, err));
    bl_local_tpm_tell(&local);
    bl_report_object_word(state->key_path);
    enum bulla_status status =
        open_key(state, &(struct bl_opener){ .tpm = local.tpm }, key_out, err);
    bl_local_tpm_done(&local);
    if (status == BULLA_OK)
        bl_report_object_word(host->record.name);
    return status;
}

/* The enclave's TPM is an embedded one, too, and this installation answers for it. */
static enum bulla_status
certify(void *context, struct bl_tpm *tpm, struct bulla_error *err)
{
    struct bl_local_tpm enclave = { .tpm = tpm,
                                    .lock = BL_FILE_LOCK_NONE,
                                    .place = BL_TPM_EMBEDDED };

    (void)context;
    return bl_local_authority_certify(&enclave, err);
}

/* A TPM of this machine that the enclave's broker knows. The embedded one cannot vouch for another
 * of its kind: both are as good as the files of whoever runs them. */
static enum bulla_status
find_platform(struct host *host, struct bulla_error *err)
{
    const struct bl_manifest *manifest = &host->files->manifest;
    struct bulla_error missing = { 0 };

    if (!manifest->has_broker || bl_local_tpm_place(host->arguments) == BL_TPM_EMBEDDED)
        return BULLA_OK;
    enum bulla_status status =
        bl_attestation_load_for(manifest->broker.root, &host->platform_key, &missing);
    bl_report_next(NULL);
    bl_report_object_word("");
    if (status == BULLA_E_NOT_FOUND) {
        bl_note("this machine's TPM is not enrolled at the broker, so the enclave is of class "
                "software; \"bulla platform enroll\" lets it vouch");
        return BULLA_OK;
    }
    if (status != BULLA_OK) {
        if (err != NULL)
            *err = missing;
        return status;
    }
    host->has_platform = true;
    if (!bl_attestation_key_is_current(&host->platform_key, host->platform_key.broker_id,
                                       bl_clock_now_s()))
        bl_note("the certificate of this machine's attestation key ends soon or has ended; \"bulla "
                "platform enroll\" renews it");
    return BULLA_OK;
}

static enum bulla_status
vouch(void *context, const uint8_t extra_data[BL_TPM_BINDER_SIZE],
      struct bulla_buffer *evidence_out, struct bulla_error *err)
{
    const struct host *host = context;
    struct bl_local_tpm local = BL_LOCAL_TPM_NONE;

    BL_TRY(bl_local_tpm_open(&local, host->arguments, /* may_create= */ false, err));
    const struct bl_machine_attester machine = {
        .tpm = local.tpm,
        .key = &host->platform_key,
        .selection = { .bank = BL_SHA256, .mask = BL_PCR_MASK_PLATFORM },
    };
    enum bulla_status status = bl_machine_quote(&machine, extra_data, evidence_out, err);
    bl_local_tpm_done(&local);
    return status;
}

static void
started(void *context, pid_t agent)
{
    const struct host *host = context;

    (void)agent;
    bl_note("%s: isolated (os), and its TPM has its identity (freshness: none%s)",
            host->record.name, host->has_platform ? "; this machine's TPM vouches for it" : "");
}

static void
enter(struct host *host)
{
    struct bulla_error ignored = { 0 };

    if (bl_registry_enter(host->run_directory, &host->record, &ignored) != BULLA_OK)
        bl_note("%s: its state could not be entered in the list of enclaves", host->record.name);
}

static void
ready(void *context)
{
    struct host *host = context;

    host->record.ready = true;
    enter(host);
    bl_note("%s: the program runs", host->record.name);
}

static void
health(void *context, enum bl_health_state state)
{
    struct host *host = context;

    host->record.health = state;
    enter(host);
    if (state == BL_HEALTH_FAILING)
        bl_note("%s: the program takes no connections", host->record.name);
}

/* It has ended, and will be started again. */
static void
waits(void *context, unsigned pause_s)
{
    struct host *host = context;

    host->record.ready = false;
    host->record.health = BL_HEALTH_NONE;
    enter(host);
    bl_note("%s: it has ended; it is started again in %u s", host->record.name, pause_s);
}

/* Absolute, because a record is read from elsewhere. */
static enum bulla_status
fill_record(struct host *host, const char *state_directory, struct bulla_error *err)
{
    struct bl_enclave_record *record = &host->record;
    char absolute[PATH_MAX];

    BL_TRY(bl_directory_make(state_directory, 0700, err));
    if (realpath(state_directory, absolute) == NULL)
        return bulla_fail(err, BULLA_E_IO, WHERE, "the state directory cannot be found", 0);
    BL_TRY(bl_path_format(record->log_path, sizeof record->log_path, absolute, "log",
                          "state directory", err));
    memcpy(record->state_directory, absolute, strlen(absolute) + 1);
    memcpy(record->name, host->files->manifest.name, strlen(host->files->manifest.name) + 1);
    record->started_s = bl_clock_now_s();
    return BULLA_OK;
}

static enum bulla_status
run_in(struct host *host, const char *state_directory, struct bl_monitor_end *end_out,
       struct bulla_error *err)
{
    const struct bl_enclave_files *files = host->files;

    BL_TRY(find_platform(host, err));
    struct bl_monitor_plan plan = { .manifest = &files->manifest,
                                    .image = { .context = host,
                                               .unpack = unpack,
                                               .fd = files->image_fd,
                                               .size_max = root_size(&files->image) },
                                    .state_directory = host->record.state_directory,
                                    .context = host,
                                    .key = get_key,
                                    .certify = certify,
                                    .vouch = host->has_platform ? vouch : NULL,
                                    .started = started,
                                    .ready = ready,
                                    .health = health };

    memcpy(plan.code, files->image.digest, sizeof plan.code);
    BL_TRY(fill_record(host, state_directory, err));
    BL_TRY(bl_registry_enter(host->run_directory, &host->record, err));
    bl_report_object_word(host->record.name);
    enum bulla_status status = bl_enclave_keep_running(&plan, waits, end_out, err);
    bl_registry_leave(host->run_directory, host->record.name);
    return status;
}

enum bulla_status
bl_enclave_host_check(const struct bl_manifest *manifest, struct bulla_error *err)
{
    struct bl_probe host = { 0 };

    bl_report_object_word(manifest->name);
    BL_TRY(bl_probe_system(&host, err));
    return bl_world_check_host(manifest, &host, err);
}

enum bulla_status
bl_enclave_host_run(const struct bl_enclave_files *files, const struct bl_arguments *arguments,
                    struct bl_monitor_end *end_out, struct bulla_error *err)
{
    BL_TRY(bl_enclave_host_check(&files->manifest, err));
    const char *chosen = bl_argument(arguments, "state");
    struct host host = { .files = files,
                         .arguments = arguments,
                         .run_directory = bl_enclave_run_directory() };
    char *own = chosen != NULL ? NULL : bl_enclave_state_directory(files->manifest.name);
    const char *directory = chosen != NULL ? chosen : own;

    enum bulla_status status =
        host.run_directory == NULL || directory == NULL
            ? bulla_fail_cause(err, BULLA_CAUSE_UNAVAILABLE, WHERE,
                               "there is neither a home directory nor memory for its state")
            : run_in(&host, directory, end_out, err);
    bl_free(own);
    bl_free(host.run_directory);
    bl_attestation_key_done(&host.platform_key);
    return status;
}

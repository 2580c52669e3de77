/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sealed.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/fuse.h"
#include "agent/profile.h"
#include "agent/sealed_key.h"
#include "agent/start_report.h"
#include "crypto/hash.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/path.h"
#include "sys/socket.h"

#define WHERE "sealed directory"
#define START_TIMEOUT_MS 60000 /* a long journal is read through */
#define OPTIONS_SIZE 128       /* bytes: three numbers and their names */
#define ID_TEXT_SIZE 33        /* bytes: hexadecimal digits and the end */

/* -- the server's process ---------------------------------------------------------------------- */

enum { FD_FUSE = 3, FD_STOP = 4, FD_LINK = 5 };

struct serving {
    char directory[BL_MANIFEST_PATH_SIZE_MAX]; /* of the volume */
    uint64_t size_max;
    bool is_new;
};

static enum bulla_status
open_volume(const struct serving *serving, struct bl_volume **volume_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) key = { 0 };
    struct bl_volume_options options = { .directory = serving->directory,
                                         .key = &key,
                                         .size_max = serving->size_max };

    BL_TRY(bl_frame_receive_secret(FD_LINK, BL_VOLUME_KEY_SIZE, bl_clock_deadline(START_TIMEOUT_MS),
                                   &key, err));
    if (serving->is_new)
        BL_TRY(bl_volume_create(&options, err));
    return bl_volume_open(&options, volume_out, err);
}

static enum bulla_status
prepare(const struct serving *serving, struct bl_volume **volume_out, struct bulla_error *err)
{
    BL_TRY(bl_confine_file_server(serving->directory, err));
    return open_volume(serving, volume_out, err);
}

static enum bulla_status
serve(struct bl_volume *volume, struct bulla_error *err)
{
    const struct bl_fuse_plan plan = {
        .fd = FD_FUSE, .stop_fd = FD_STOP, .volume = volume, .user = getuid(), .group = getgid()
    };
    enum bulla_status status = bl_fuse_serve(&plan, err);

    if (status == BULLA_E_INTEGRITY) { /* nothing more is written to what is not ours */
        bl_volume_free(volume);
        return status;
    }
    enum bulla_status closed = bl_volume_close(volume, err);
    return status != BULLA_OK ? status : closed;
}

static int
server_main(void *context)
{
    struct bl_volume *volume = NULL;
    struct bulla_error err = { 0 };
    enum bulla_status status = prepare(context, &volume, &err);

    bl_start_report_send(FD_LINK, &err);
    if (status == BULLA_OK)
        status = serve(volume, &err);
    return status == BULLA_OK ? 0 : bulla_cause_exit_code(err.cause);
}

/* -- the agent's side -------------------------------------------------------------------------- */

void
bl_sealed_server_done(struct bl_sealed_server *server)
{
    bl_fd_close(&server->stop_fd);
    bl_process_done(&server->process);
}

static void
hex_text(const uint8_t *bytes, char out[ID_TEXT_SIZE])
{
    for (size_t i = 0; i < BL_SEALED_ID_SIZE; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", (unsigned)bytes[i]);
}

static enum bulla_status
find_directory(const struct bl_agent_self *self, const char *inside,
               char out[BL_MANIFEST_PATH_SIZE_MAX], struct bulla_error *err)
{
    uint8_t digest[32];
    char id[ID_TEXT_SIZE], name[sizeof "sealed-" + ID_TEXT_SIZE];

    BL_TRY(bl_hash_once(BL_SHA256, (struct bulla_bytes){ (const uint8_t *)inside, strlen(inside) },
                        digest, err));
    hex_text(digest, id);
    (void)snprintf(name, sizeof name, "sealed-%s", id);
    BL_TRY(bl_path_format(out, BL_MANIFEST_PATH_SIZE_MAX, self->state_directory, name, WHERE, err));
    return bl_directory_make(out, S_IRWXU, err);
}

/* The key first, kept last: a first start that is cut short is followed by another one. */
static enum bulla_status
find_key(const struct bl_agent_self *self, const struct bl_manifest_sealed *sealed,
         const char *path, struct bl_sealed_key *key_out, bool *is_new_out, struct bulla_error *err)
{
    enum bulla_status status = bl_sealed_key_open(self, sealed, path, key_out, err);

    *is_new_out = status == BULLA_E_NOT_FOUND;
    if (status != BULLA_E_NOT_FOUND)
        return status;
    bulla_error_clear(err);
    return bl_sealed_key_make(key_out, err);
}

/* Who opens the device and who mounts must be in one user namespace: so it is done here, inside. */
static enum bulla_status
mount_at(const char *path, int *fuse_fd_out, struct bulla_error *err)
{
    char options[OPTIONS_SIZE];
    BL_AUTO_FD fd = BL_CALL(FILE, open("/dev/fuse", O_RDWR | O_CLOEXEC));

    if (fd < 0)
        return bulla_fail_detail(err, BULLA_CAUSE_KERNEL_FEATURE_MISSING, WHERE,
                                 "/dev/fuse cannot be opened", (unsigned long)errno);
    (void)snprintf(options, sizeof options,
                   "fd=%d,rootmode=40000,user_id=%u,group_id=%u,default_permissions", fd, getuid(),
                   getgid());
    if (BL_CALL(FILE, mount("bulla", path, "fuse", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)) != 0)
        return bl_fail_errno(err, WHERE, "cannot be mounted");
    *fuse_fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

static enum bulla_status
start_server(const struct serving *serving, const struct bl_secret *key, int fuse_fd,
             struct bl_sealed_server *server, struct bulla_error *err)
{
    BL_AUTO_FD link = -1;
    BL_AUTO_FD child_link = -1;
    BL_AUTO_FD child_stop = -1;
    int pair[2] = { -1, -1 }, stop[2] = { -1, -1 };
    int64_t deadline = bl_clock_deadline(START_TIMEOUT_MS);

    BL_TRY(bl_unix_pair(BL_UNIX_STREAM, pair, err));
    link = pair[0];
    child_link = pair[1];
    BL_TRY(bl_unix_pair(BL_UNIX_STREAM, stop, err));
    server->stop_fd = stop[0];
    child_stop = stop[1];
    const struct bl_fd_map fds[] = { { STDOUT_FILENO, STDOUT_FILENO },
                                     { STDERR_FILENO, STDERR_FILENO },
                                     { fuse_fd, FD_FUSE },
                                     { child_stop, FD_STOP },
                                     { child_link, FD_LINK } };
    const struct bl_process_plan plan = { .function = server_main,
                                          .context = (void *)(uintptr_t)serving,
                                          .fds = fds,
                                          .fd_count = sizeof fds / sizeof fds[0],
                                          .dies_with_parent = true };
    BL_TRY(bl_process_start(&plan, &server->process, err));
    bl_fd_close(&child_link);
    /* a server that could not even take it says why, or that it is gone */
    (void)!bl_frame_send(link, bl_secret_bytes(key), BL_VOLUME_KEY_SIZE, deadline, NULL);
    return bl_start_report_receive(link, deadline, err);
}

enum bulla_status
bl_sealed_start(const struct bl_agent_self *self, size_t index, struct bl_sealed_server *out,
                struct bulla_error *err)
{
    const struct bl_manifest_sealed *sealed = &self->manifest->sealed[index];
    struct bl_sealed_server server = BL_SEALED_SERVER_NONE;
    struct serving serving = { .size_max = sealed->size };
    BL_AUTO(bl_sealed_key) key = { 0 };
    BL_AUTO_FD fuse_fd = -1; /* the server's alone: with its death the directory dies, too */
    char directory[BL_MANIFEST_PATH_SIZE_MAX], blob[BL_MANIFEST_PATH_SIZE_MAX + 16];
    char id[ID_TEXT_SIZE];

    BL_TRY(find_directory(self, sealed->path, directory, err));
    BL_TRY(bl_path_format(blob, sizeof blob, directory, "key.bulla", WHERE, err));
    BL_TRY(find_key(self, sealed, blob, &key, &serving.is_new, err));
    hex_text(key.id, id);
    BL_TRY(bl_path_format(serving.directory, sizeof serving.directory, directory, id, WHERE, err));
    if (serving.is_new)
        BL_TRY(bl_directory_make(serving.directory, S_IRWXU, err));
    BL_TRY(mount_at(sealed->path, &fuse_fd, err));
    enum bulla_status status = start_server(&serving, &key.key, fuse_fd, &server, err);
    if (status == BULLA_OK && serving.is_new)
        status = bl_sealed_key_save(self, sealed, blob, &key, err);
    if (status != BULLA_OK) {
        bl_sealed_server_done(&server);
        return status;
    }
    *out = server;
    return BULLA_OK;
}

enum bulla_status
bl_sealed_stop(struct bl_sealed_server *server, int64_t deadline, struct bulla_error *err)
{
    struct bl_process_end end = { 0 };

    bl_fd_close(&server->stop_fd);
    BL_TRY(bl_process_wait(&server->process, deadline, &end, err));
    if (end.killed || end.code != 0)
        return bulla_fail_detail(err, BULLA_CAUSE_OUTCOME_UNKNOWN, WHERE, "was not closed well",
                                 (unsigned long)end.code);
    return BULLA_OK;
}

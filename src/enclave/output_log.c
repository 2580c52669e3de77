/* SPDX-License-Identifier: Apache-2.0 */
#include "enclave/output_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "sys/call.h"
#include "sys/file.h"

#define WHERE "log of the enclave"
#define HALF_MIN ((uint64_t)4096) /* bytes: what is written at once */

static enum bulla_status
open_file(struct bl_output_log *log, struct bulla_error *err)
{
    struct stat status;

    log->fd = BL_CALL(
        FILE, open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (log->fd < 0)
        return bl_fail_errno(err, WHERE, "cannot be opened");
    if (BL_CALL(FILE, fstat(log->fd, &status)) != 0)
        return bl_fail_errno(err, WHERE, "cannot be examined");
    if (!S_ISREG(status.st_mode))
        return bulla_fail(err, BULLA_E_DENIED, WHERE, "not a file", 0);
    log->size = (uint64_t)status.st_size;
    return BULLA_OK;
}

enum bulla_status
bl_output_log_open(struct bl_output_log *log, const char *path, uint64_t size_max,
                   struct bulla_error *err)
{
    size_t size = strlen(path) + sizeof ".1";
    uint64_t half = size_max / 2;

    *log = (struct bl_output_log){ .fd = -1,
                                   .path = bl_alloc(size, 1),
                                   .older_path = bl_alloc(size, 1),
                                   .size_max = half > HALF_MIN ? half : HALF_MIN };
    enum bulla_status status = BULLA_OK;
    if (log->path == NULL || log->older_path == NULL) {
        status = bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    } else {
        (void)snprintf(log->path, size, "%s", path);
        (void)snprintf(log->older_path, size, "%s.1", path);
        status = open_file(log, err);
    }
    if (status != BULLA_OK)
        bl_output_log_done(log);
    return status;
}

static enum bulla_status
start_over(struct bl_output_log *log, struct bulla_error *err)
{
    if (BL_CALL(FILE, rename(log->path, log->older_path)) != 0)
        return bl_fail_errno(err, WHERE, "cannot be put aside");
    bl_fd_close(&log->fd);
    return open_file(log, err);
}

enum bulla_status
bl_output_log_append(struct bl_output_log *log, struct bulla_bytes bytes, struct bulla_error *err)
{
    if (log->size + bytes.size > log->size_max && log->size > 0)
        BL_TRY(start_over(log, err));
    BL_TRY(bl_fd_write(log->fd, bytes, err));
    log->size += bytes.size;
    return BULLA_OK;
}

void
bl_output_log_done(struct bl_output_log *log)
{
    bl_fd_close(&log->fd);
    bl_free(log->path);
    bl_free(log->older_path);
    *log = (struct bl_output_log)BL_OUTPUT_LOG_NONE;
}

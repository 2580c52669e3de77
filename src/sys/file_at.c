/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/file_at.c: regular files read and written at a given place.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "sys/call.h"
#include "sys/file.h"

static enum bulla_status
check_extent(uint64_t offset, size_t size, struct bulla_error *err)
{
    if (offset > INT64_MAX || size > INT64_MAX - offset)
        return bulla_fail(err, BULLA_E_ARGUMENT, "file", "position too large", 0);
    return BULLA_OK;
}

enum bulla_status
bl_fd_write_at(int fd, uint64_t offset, struct bulla_bytes bytes, struct bulla_error *err)
{
    size_t done = 0;

    BL_TRY(check_extent(offset, bytes.size, err));
    while (done < bytes.size) {
        ssize_t written =
            BL_CALL(FILE, pwrite(fd, bytes.data + done, bytes.size - done, (off_t)(offset + done)));
        if (written > 0)
            done += (size_t)written;
        else if (written == 0 || errno != EINTR)
            return bl_fail_errno(err, "file", "writing failed");
    }
    return BULLA_OK;
}

enum bulla_status
bl_fd_read_at(int fd, uint64_t offset, void *out, size_t size, size_t *size_out,
              struct bulla_error *err)
{
    size_t done = 0;

    BL_TRY(check_extent(offset, size, err));
    while (done < size) {
        ssize_t got =
            BL_CALL(FILE, pread(fd, (uint8_t *)out + done, size - done, (off_t)(offset + done)));
        if (got == 0)
            break;
        if (got > 0)
            done += (size_t)got;
        else if (errno != EINTR)
            return bl_fail_errno(err, "file", "reading failed");
    }
    *size_out = done;
    return BULLA_OK;
}

enum bulla_status
bl_fd_size(int fd, uint64_t *size_out, struct bulla_error *err)
{
    struct stat status;

    if (BL_CALL(FILE, fstat(fd, &status)) != 0)
        return bl_fail_errno(err, "file", "cannot be examined");
    *size_out = (uint64_t)status.st_size;
    return BULLA_OK;
}

enum bulla_status
bl_fd_resize(int fd, uint64_t size, struct bulla_error *err)
{
    BL_TRY(check_extent(size, 0, err));
    if (BL_CALL(FILE, ftruncate(fd, (off_t)size)) != 0)
        return bl_fail_errno(err, "file", "cannot be cut or extended");
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "device/node.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/path.h"

#define WHERE "attestation device"
#define CHUNK_SIZE 4096u /* bytes: what configfs and most drivers move at once */
#define PATH_SIZE 512u   /* bytes */

enum bulla_status
bl_node_fail(int code, const char *what, struct bulla_error *err)
{
    enum bulla_cause cause = BULLA_CAUSE_ATTESTER_FAILED;

    switch (code) {
    case ENOENT:
    case ENOTDIR:
    case ENODEV:
    case ENXIO:
        cause = BULLA_CAUSE_NO_ATTESTER;
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        cause = BULLA_CAUSE_ATTESTER_NOT_PERMITTED;
        break;
    case EBUSY:
    case EAGAIN:
        cause = BULLA_CAUSE_BUSY;
        break;
    case ETIMEDOUT:
        cause = BULLA_CAUSE_TIMEOUT;
        break;
    case ENOMEM:
        cause = BULLA_CAUSE_MEMORY;
        break;
    case EIO: /* what a test's fault says, and the kernel when the other end failed */
    default:
        break;
    }
    return bulla_fail_detail(err, cause, WHERE, what, (unsigned long)code);
}

enum bl_node_state
bl_node_state(const char *path)
{
    if (BL_CALL(FILE, access(path, R_OK | W_OK)) == 0)
        return BL_NODE_USABLE;
    return errno == EACCES || errno == EPERM || errno == EROFS ? BL_NODE_NOT_PERMITTED
                                                               : BL_NODE_ABSENT;
}

/* True if the call that just failed with EINTR may be made again. */
static bool
may_repeat(int64_t deadline)
{
    return errno == EINTR && bl_clock_left_ms(deadline) > 0;
}

/* EINTR that is still there when the time is over. */
static enum bulla_status
fail_call(int code, const char *what, struct bulla_error *err)
{
    return bl_node_fail(code == EINTR ? ETIMEDOUT : code, what, err);
}

enum bulla_status
bl_node_open(const char *path, int flags, int *fd_out, struct bulla_error *err)
{
    int fd = BL_CALL(FILE, open(path, flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW));

    if (fd < 0)
        return bl_node_fail(errno, "it cannot be opened", err);
    *fd_out = fd;
    return BULLA_OK;
}

enum bulla_status
bl_node_ioctl(int fd, unsigned long request, void *argument, int64_t deadline, int *result_out,
              struct bulla_error *err)
{
    int result = 0;

    do {
        errno = 0;
        result = BL_CALL(FILE, ioctl(fd, request, argument));
    } while (result < 0 && may_repeat(deadline));
    *result_out = result >= 0 ? result : -errno;
    if (result >= 0)
        return BULLA_OK;
    return fail_call(-*result_out, "it did not do what it was asked for", err);
}

static enum bulla_status
read_all(int fd, size_t size_max, int64_t deadline, struct bulla_buffer *out,
         struct bulla_error *err)
{
    uint8_t chunk[CHUNK_SIZE];

    for (size_t done = 0;;) {
        ssize_t got = BL_CALL(FILE, read(fd, chunk, sizeof chunk));
        if (got == 0)
            return BULLA_OK;
        if (got < 0 && may_repeat(deadline))
            continue;
        if (got < 0)
            return fail_call(errno, "reading failed", err);
        done += (size_t)got;
        if (done > size_max)
            return bulla_fail(err, BULLA_E_LIMIT, WHERE, "it says more than there can be",
                              size_max);
        if (bl_clock_left_ms(deadline) == 0)
            return bulla_fail(err, BULLA_E_TIMEOUT, WHERE, "it did not come to an end", done);
        BL_TRY(bulla_buffer_append(out, (struct bulla_bytes){ chunk, (size_t)got }, err));
    }
}

enum bulla_status
bl_node_read(const char *directory, const char *name, size_t size_max, int64_t deadline,
             struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO_FD fd = -1;
    char path[PATH_SIZE];
    const size_t before = out->size;

    BL_TRY(bl_path_format(path, sizeof path, directory, name, WHERE, err));
    BL_TRY(bl_node_open(path, O_RDONLY, &fd, err));
    enum bulla_status status = read_all(fd, size_max, deadline, out, err);
    if (status != BULLA_OK)
        out->size = before;
    return status;
}

/* In one call: the files of a kernel take a value whole, or a part of it for all. */
enum bulla_status
bl_node_write(const char *directory, const char *name, struct bulla_bytes bytes, int64_t deadline,
              struct bulla_error *err)
{
    BL_AUTO_FD fd = -1;
    char path[PATH_SIZE];
    ssize_t written = 0;

    BL_TRY(bl_path_format(path, sizeof path, directory, name, WHERE, err));
    BL_TRY(bl_node_open(path, O_WRONLY, &fd, err));
    do {
        written = BL_CALL(FILE, write(fd, bytes.data, bytes.size));
    } while (written < 0 && may_repeat(deadline));
    if (written < 0)
        return fail_call(errno, "writing failed", err);
    if ((size_t)written != bytes.size)
        return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_FAILED, WHERE,
                                "it took a part of what was written");
    return BULLA_OK;
}

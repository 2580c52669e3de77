/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/file.c: reading with bounds, whole writes, locks.
 */
#include "sys/file.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/call.h"
#include "sys/clock.h"

#define READ_CHUNK ((size_t)64 << 10) /* bytes: few calls for what is read whole */
#define LOCK_RETRY_MS 10u             /* short enough not to be felt, long enough not to spin */

/* A descriptor that others made non-blocking (a shared terminal or pipe) still has to be waited for. */
static bool
wait_for(int fd, short events)
{
    struct pollfd waiting = { .fd = fd, .events = events };

    return poll(&waiting, 1, -1) >= 0 || errno == EINTR;
}

/* True if the call that just failed is to be made again. */
static bool
again(int fd, short events)
{
    return errno == EINTR || (errno == EAGAIN && wait_for(fd, events));
}

enum bulla_status
bl_fd_write(int fd, struct bulla_bytes bytes, struct bulla_error *err)
{
    size_t done = 0;

    while (done < bytes.size) {
        ssize_t written = BL_CALL(FILE, write(fd, bytes.data + done, bytes.size - done));
        if (written > 0)
            done += (size_t)written;
        else if (written < 0 && errno == EPIPE) /* no server: the next command of a pipeline */
            return bulla_fail_detail(err, BULLA_CAUSE_IO, "pipe", "its reader hung up", EPIPE);
        else if (written == 0 || !again(fd, POLLOUT))
            return bl_fail_errno(err, "file", "writing failed");
    }
    return BULLA_OK;
}

enum bulla_status
bl_fd_read(int fd, void *out, size_t size, size_t *size_out, struct bulla_error *err)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = BL_CALL(FILE, read(fd, (uint8_t *)out + done, size - done));
        if (got == 0)
            break;
        if (got > 0)
            done += (size_t)got;
        else if (!again(fd, POLLIN))
            return bl_fail_errno(err, "file", "reading failed");
    }
    *size_out = done;
    return BULLA_OK;
}

enum bulla_status
bl_fd_position(int fd, uint64_t *position_out, struct bulla_error *err)
{
    off_t position = BL_CALL(FILE, lseek(fd, 0, SEEK_CUR));

    if (position < 0)
        return bl_fail_errno(err, "file", "cannot be read from a given place");
    *position_out = (uint64_t)position;
    return BULLA_OK;
}

enum bulla_status
bl_fd_seek(int fd, uint64_t position, struct bulla_error *err)
{
    if (position > INT64_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "file", "position too large", 0);
    if (BL_CALL(FILE, lseek(fd, (off_t)position, SEEK_SET)) < 0)
        return bl_fail_errno(err, "file", "cannot be read from a given place");
    return BULLA_OK;
}

enum bulla_status
bl_fd_sync(int fd, struct bulla_error *err)
{
    if (BL_CALL(FILE, fsync(fd)) != 0) /* never tried again: a second one may lie */
        return bl_fail_errno(err, "file", "writing to the disk failed");
    return BULLA_OK;
}

void
bl_fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* O_NONBLOCK: a pipe or device under the name must not make us wait before we see what it is. */
static enum bulla_status
open_regular(const char *path, int flags, struct stat *status_out, int *fd_out,
             struct bulla_error *err)
{
    BL_AUTO_FD fd = BL_CALL(FILE, open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags));

    if (fd < 0)
        return bl_fail_errno(err, "file", "cannot be opened");
    if (BL_CALL(FILE, fstat(fd, status_out)) != 0)
        return bl_fail_errno(err, "file", "cannot be examined");
    if (!S_ISREG(status_out->st_mode))
        return bulla_fail(err, BULLA_E_DENIED, "file", "not a regular file", 0);
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

/* By reading, not by st_size: files of /proc and /sys do not know theirs. */
static enum bulla_status
read_whole(int fd, size_t size_max, struct bulla_buffer *out, struct bulla_error *err)
{
    for (;;) {
        size_t start = out->size, got = 0;
        size_t want = size_max - start < READ_CHUNK ? size_max - start + 1 : READ_CHUNK;
        uint8_t *chunk = NULL;
        BL_TRY(bulla_buffer_extend(out, want, &chunk, err));
        BL_TRY(bl_fd_read(fd, chunk, want, &got, err));
        out->size = start + got;
        if (out->size > size_max)
            return bulla_fail(err, BULLA_E_LIMIT, "file", "too large", size_max);
        if (got < want)
            return BULLA_OK;
    }
}

enum bulla_status
bl_file_read(const char *path, size_t size_max, struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    BL_AUTO_FD fd = -1;
    struct stat status;

    if (size_max >= BL_BUFFER_SIZE_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "file", "maximum too large", size_max);
    BL_TRY(open_regular(path, 0, &status, &fd, err));
    BL_TRY(read_whole(fd, size_max, &content, err));
    bulla_buffer_done(out);
    *out = bulla_buffer_take(&content);
    return BULLA_OK;
}

/* Whoever can read, replace or hold another name of the file knows or chooses the secret. */
static enum bulla_status
check_private(const struct stat *status, struct bulla_error *err)
{
    if (status->st_uid != geteuid())
        return bulla_fail(err, BULLA_E_DENIED, "secret file", "belongs to somebody else", 0);
    if ((status->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return bulla_fail(err, BULLA_E_DENIED, "secret file", "others than its owner may use it",
                          0);
    if (status->st_nlink != 1)
        return bulla_fail(err, BULLA_E_DENIED, "secret file", "has another name", 0);
    return BULLA_OK;
}

enum bulla_status
bl_file_read_secret(const char *path, size_t size_max, struct bl_secret *out,
                    struct bulla_error *err)
{
    BL_AUTO(bl_secret) content = { 0 };
    BL_AUTO_FD fd = -1;
    struct stat status;
    size_t got = 0;

    BL_TRY(open_regular(path, O_NOFOLLOW, &status, &fd, err));
    BL_TRY(check_private(&status, err));
    size_t size = (size_t)status.st_size;
    if (size > size_max || size >= BL_SECRET_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "secret file", "too large", size);
    BL_TRY(bl_secret_new(&content, size + 1, err)); /* one more, to see that it does not grow */
    BL_TRY(bl_fd_read(fd, content.data, size + 1, &got, err));
    if (got != size)
        return bulla_fail(err, BULLA_E_BUSY, "secret file", "changed while it was read", got);
    bl_secret_shorten(&content, size);
    bl_secret_done(out);
    *out = bl_secret_take(&content);
    return BULLA_OK;
}

/* A regular file to be locked, made if `flags` has O_CREAT; `where` names it in errors. */
static enum bulla_status
open_lockable(const char *path, int flags, const char *where, int *fd_out, struct bulla_error *err)
{
    BL_AUTO_FD fd =
        BL_CALL(FILE, open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | flags, 0600));
    struct stat status;

    if (fd < 0)
        return bl_fail_errno(err, where, "cannot be opened");
    if (BL_CALL(FILE, fstat(fd, &status)) != 0)
        return bl_fail_errno(err, where, "cannot be examined");
    if (!S_ISREG(status.st_mode))
        return bulla_fail(err, BULLA_E_DENIED, where, "not a regular file", 0);
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

/* A lock on a file that was removed or replaced meanwhile excludes nobody. */
static bool
still_named(int fd, const char *path)
{
    struct stat held, named;

    return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

static enum bulla_status
open_locked(const char *path, int flags, const char *where, unsigned timeout_ms, int *fd_out,
            struct bulla_error *err)
{
    int64_t deadline = bl_clock_deadline(timeout_ms);

    for (;;) {
        BL_AUTO_FD fd = -1;
        BL_TRY(open_lockable(path, flags, where, &fd, err));
        if (BL_CALL(FILE, flock(fd, LOCK_EX | LOCK_NB)) == 0) {
            if (still_named(fd, path)) {
                *fd_out = fd;
                fd = -1;
                return BULLA_OK;
            }
        } else if (errno != EWOULDBLOCK && errno != EINTR) {
            return bl_fail_errno(err, where, "cannot be locked");
        }
        if (bl_clock_left_ms(deadline) == 0)
            return bulla_fail(err, BULLA_E_BUSY, where, "held by another process", 0);
        bl_clock_sleep_ms(LOCK_RETRY_MS);
    }
}

enum bulla_status
bl_file_lock_take(struct bl_file_lock *lock, const char *path, unsigned timeout_ms,
                  struct bulla_error *err)
{
    return open_locked(path, O_CREAT, "lock file", timeout_ms, &lock->fd, err);
}

enum bulla_status
bl_file_open_locked(const char *path, unsigned timeout_ms, int *fd_out, struct bulla_error *err)
{
    return open_locked(path, 0, "file", timeout_ms, fd_out, err);
}

void
bl_file_lock_done(struct bl_file_lock *lock)
{
    bl_fd_close(&lock->fd);
}

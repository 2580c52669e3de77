/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/unix.c: Unix sockets under a name, in pairs, and who is at the other end.
 */
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"

#define BACKLOG 128
#define RETRY_MS 5u /* a full backlog has no descriptor to wait on */

static enum bulla_status
make_address(const char *path, struct sockaddr_un *out, struct bulla_error *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t size = strlen(path);

    if (size == 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, "socket", "has no name", 0);
    if (size >= sizeof address.sun_path)
        return bulla_fail(err, BULLA_E_LIMIT, "socket", "name too long", size);
    memcpy(address.sun_path, path, size);
    *out = address;
    return BULLA_OK;
}

static int
socket_type(enum bl_unix_kind kind)
{
    return (kind == BL_UNIX_STREAM ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC | SOCK_NONBLOCK;
}

static enum bulla_status
open_socket(enum bl_unix_kind kind, int *fd_out, struct bulla_error *err)
{
    int fd = BL_CALL(SOCKET, socket(AF_UNIX, socket_type(kind), 0));

    if (fd < 0)
        return bl_fail_errno(err, "socket", "cannot be made");
    *fd_out = fd;
    return BULLA_OK;
}

/* Whoever may write in the directory may put a listener of his own in place of ours. */
static enum bulla_status
check_directory(const struct sockaddr_un *address, struct bulla_error *err)
{
    struct sockaddr_un copy = *address;
    struct stat status;

    if (BL_CALL(FILE, stat(dirname(copy.sun_path), &status)) != 0)
        return bl_fail_errno(err, "socket", "its directory cannot be examined");
    if (status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return bulla_fail(err, BULLA_E_DENIED, "socket", "others may write in its directory", 0);
    return BULLA_OK;
}

static int
connect_once(int fd, const struct sockaddr_un *address)
{
    return BL_CALL(SOCKET, connect(fd, (const struct sockaddr *)address, sizeof *address));
}

/* Only a socket that refuses has no listener. */
static enum bulla_status
remove_dead(const struct sockaddr_un *address, enum bl_unix_kind kind, struct bulla_error *err)
{
    BL_AUTO_FD fd = -1;
    struct stat status;

    if (BL_CALL(FILE, lstat(address->sun_path, &status)) != 0)
        return errno == ENOENT ? BULLA_OK : bl_fail_errno(err, "socket", "cannot be examined");
    if (!S_ISSOCK(status.st_mode))
        return bulla_fail(err, BULLA_E_EXISTS, "socket", "something else has its name", 0);
    BL_TRY(open_socket(kind, &fd, err));
    if (connect_once(fd, address) == 0 || errno != ECONNREFUSED)
        return bulla_fail(err, BULLA_E_BUSY, "socket", "somebody listens there", 0);
    if (BL_CALL(FILE, unlink(address->sun_path)) != 0)
        return bl_fail_errno(err, "socket", "left name cannot be removed");
    return BULLA_OK;
}

enum bulla_status
bl_unix_listen(const char *path, enum bl_unix_kind kind, mode_t mode, int *fd_out,
               struct bulla_error *err)
{
    BL_AUTO_FD fd = -1;
    struct sockaddr_un address;

    BL_TRY(make_address(path, &address, err));
    BL_TRY(check_directory(&address, err));
    BL_TRY(remove_dead(&address, kind, err));
    BL_TRY(open_socket(kind, &fd, err));
    if (BL_CALL(FILE, fchmod(fd, mode)) != 0) /* before bind(): never wider than asked for */
        return bl_fail_errno(err, "socket", "mode cannot be set");
    if (BL_CALL(SOCKET, bind(fd, (const struct sockaddr *)&address, sizeof address)) != 0)
        return bl_fail_errno(err, "socket", "name cannot be had");
    if (BL_CALL(FILE, chmod(path, mode)) != 0 || BL_CALL(SOCKET, listen(fd, BACKLOG)) != 0) {
        enum bulla_status status = bl_fail_errno(err, "socket", "cannot listen");
        unlink(path);
        return status;
    }
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

enum bulla_status
bl_unix_connect(const char *path, enum bl_unix_kind kind, int64_t deadline, int *fd_out,
                struct bulla_error *err)
{
    BL_AUTO_FD fd = -1;
    struct sockaddr_un address;

    BL_TRY(make_address(path, &address, err));
    BL_TRY(open_socket(kind, &fd, err));
    while (connect_once(fd, &address) != 0) {
        if (errno != EAGAIN && errno != EINTR)
            return bl_fail_errno(err, "connection", "refused");
        if (bl_clock_left_ms(deadline) == 0)
            return bulla_fail(err, BULLA_E_TIMEOUT, "connection", "not accepted in time", 0);
        bl_clock_sleep_ms(RETRY_MS);
    }
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

enum bulla_status
bl_unix_pair(enum bl_unix_kind kind, int fds_out[2], struct bulla_error *err)
{
    int fds[2] = { -1, -1 };

    if (BL_CALL(SOCKET, socketpair(AF_UNIX, socket_type(kind), 0, fds)) != 0)
        return bl_fail_errno(err, "socket", "no pair can be made");
    fds_out[0] = fds[0];
    fds_out[1] = fds[1];
    return BULLA_OK;
}

enum bulla_status
bl_unix_peer(int fd, struct bl_peer *out, struct bulla_error *err)
{
    struct ucred peer = { 0 };
    socklen_t size = sizeof peer;

    if (BL_CALL(SOCKET, getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size)) != 0)
        return bl_fail_errno(err, "socket", "peer unknown");
    if (size != sizeof peer || peer.uid == (uid_t)-1)
        return bulla_fail(err, BULLA_E_ARGUMENT, "socket", "has no peer", 0);
    *out = (struct bl_peer){ .pid = peer.pid, .uid = peer.uid, .gid = peer.gid };
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/socket.c: making, waiting, sending and receiving. TCP is in tcp.c, Unix in unix.c.
 */
#include "sys/socket.h"

#include <poll.h>
#include <sys/socket.h>

#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"

/* Polled once even when the deadline has passed: what is there already may be taken. */
enum bulla_status
bl_socket_wait(int fd, short events, int64_t deadline, struct bulla_error *err)
{
    for (;;) {
        struct pollfd waiting = { .fd = fd, .events = events };
        int left_ms = bl_clock_left_ms(deadline);
        int ready = BL_CALL(SOCKET, poll(&waiting, 1, left_ms));
        if (ready > 0 && (waiting.revents & POLLNVAL) != 0)
            return bulla_fail(err, BULLA_E_ARGUMENT, "socket", "not open", 0);
        if (ready > 0)
            return BULLA_OK;
        if (ready < 0 && errno != EINTR)
            return bl_fail_errno(err, "socket", "waiting failed");
        if (ready == 0 && left_ms == 0)
            return bulla_fail(err, BULLA_E_TIMEOUT, "socket", "nothing came in time", 0);
    }
}

/* BULLA_OK if the call that just failed is to be made again. */
static enum bulla_status
again(int fd, short events, int64_t deadline, const char *what, struct bulla_error *err)
{
    if (errno == EINTR)
        return BULLA_OK;
    if (errno == EAGAIN)
        return bl_socket_wait(fd, events, deadline, err);
    return bl_fail_errno(err, "socket", what);
}

static bool
passing(int code)
{
    return code == ECONNABORTED || code == EPROTO || code == ENETDOWN || code == EHOSTUNREACH ||
           code == ENETUNREACH; /* of the connection, not of the listener: accept(2) */
}

enum bulla_status
bl_socket_accept(int listener, int64_t deadline, int *fd_out, struct bulla_error *err)
{
    for (;;) {
        int fd = BL_CALL(SOCKET, accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (fd >= 0) {
            *fd_out = fd;
            return BULLA_OK;
        }
        if (!passing(errno))
            BL_TRY(again(listener, POLLIN, deadline, "no connection accepted", err));
    }
}

enum bulla_status
bl_socket_send(int fd, struct bulla_bytes bytes, int64_t deadline, struct bulla_error *err)
{
    size_t done = 0;

    while (done < bytes.size) {
        ssize_t sent = BL_CALL(
            SOCKET, send(fd, bytes.data + done, bytes.size - done, MSG_NOSIGNAL | MSG_DONTWAIT));
        if (sent >= 0)
            done += (size_t)sent;
        else
            BL_TRY(again(fd, POLLOUT, deadline, "sending failed", err));
    }
    return BULLA_OK;
}

enum bulla_status
bl_socket_receive(int fd, void *out, size_t size, int64_t deadline, size_t *size_out,
                  struct bulla_error *err)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = BL_CALL(SOCKET, recv(fd, (uint8_t *)out + done, size - done, MSG_DONTWAIT));
        if (got == 0)
            break;
        if (got > 0)
            done += (size_t)got;
        else
            BL_TRY(again(fd, POLLIN, deadline, "receiving failed", err));
    }
    *size_out = done;
    return BULLA_OK;
}

void
bl_socket_close_lingering(int *fd, int64_t deadline)
{
    uint8_t unread[4096];
    size_t size = sizeof unread;
    size_t total = 0;

    if (*fd < 0)
        return;
    if (shutdown(*fd, SHUT_WR) == 0) {
        while (size == sizeof unread && total < BL_LINGER_SIZE_MAX &&
               bl_socket_receive(*fd, unread, sizeof unread, deadline, &size, NULL) == BULLA_OK)
            total += size;
    }
    bl_fd_close(fd);
}

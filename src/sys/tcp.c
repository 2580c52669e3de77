/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/tcp.c: TCP over IPv4 and IPv6.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"

#define LOOPBACK "127.0.0.1"
#define BACKLOG 128
#define ADDRESSES_MAX 8 /* of a name: the rest is not tried, so that a deadline is shared by few */

static enum bulla_status
resolve(const char *host, uint16_t port, int flags, struct addrinfo **out, struct bulla_error *err)
{
    struct addrinfo hints = { .ai_flags = flags | AI_NUMERICSERV,
                              .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM };
    char service[6]; /* bytes: 65535 and its end */

    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    int result = bl_fault_point(BL_FAULT_SOCKET)
                     ? EAI_AGAIN
                     : getaddrinfo(host == NULL ? LOOPBACK : host, service, &hints, out);
    if (result == EAI_MEMORY)
        return bulla_fail(err, BULLA_E_MEMORY, "address", "out of memory", 0);
    if (result == EAI_AGAIN || result == EAI_FAIL || result == EAI_SYSTEM)
        return bulla_fail(err, BULLA_E_UNREACHABLE, "address", "names cannot be looked up now", 0);
    if (result != 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "address", "no such host or address", 0);
    return BULLA_OK;
}

static enum bulla_status
set_option(int fd, int level, int option, struct bulla_error *err)
{
    int on = 1;

    if (BL_CALL(SOCKET, setsockopt(fd, level, option, &on, sizeof on)) != 0)
        return bl_fail_errno(err, "socket", "option refused");
    return BULLA_OK;
}

static enum bulla_status
open_socket(const struct addrinfo *address, int *fd_out, struct bulla_error *err)
{
    BL_AUTO_FD fd =
        BL_CALL(SOCKET, socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

    if (fd < 0)
        return bl_fail_errno(err, "socket", "cannot be made");
    BL_TRY(set_option(fd, IPPROTO_TCP, TCP_NODELAY, err)); /* inherited by accept() */
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

/* IPv6 alone on "::": what also answers IPv4 depends on the machine otherwise. */
static enum bulla_status
listen_on(const struct addrinfo *address, int *fd_out, struct bulla_error *err)
{
    BL_AUTO_FD fd = -1;

    BL_TRY(open_socket(address, &fd, err));
    BL_TRY(set_option(fd, SOL_SOCKET, SO_REUSEADDR, err));
    if (address->ai_family == AF_INET6)
        BL_TRY(set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, err));
    if (BL_CALL(SOCKET, bind(fd, address->ai_addr, address->ai_addrlen)) != 0)
        return bl_fail_errno(err, "socket", "address and port cannot be had");
    if (BL_CALL(SOCKET, listen(fd, BACKLOG)) != 0)
        return bl_fail_errno(err, "socket", "cannot listen");
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

enum bulla_status
bl_tcp_listen(const char *host, uint16_t port, int *fd_out, struct bulla_error *err)
{
    struct addrinfo *addresses = NULL;

    BL_TRY(resolve(host, port, AI_NUMERICHOST | AI_PASSIVE, &addresses, err));
    enum bulla_status status = listen_on(addresses, fd_out, err);
    freeaddrinfo(addresses);
    return status;
}

static enum bulla_status
connect_to(const struct addrinfo *address, int64_t deadline, int *fd_out, struct bulla_error *err)
{
    BL_AUTO_FD fd = -1;
    int code = 0;
    socklen_t size = sizeof code;

    BL_TRY(open_socket(address, &fd, err));
    if (BL_CALL(SOCKET, connect(fd, address->ai_addr, address->ai_addrlen)) != 0) {
        if (errno != EINPROGRESS && errno != EINTR)
            return bl_fail_errno(err, "connection", "refused");
        BL_TRY(bl_socket_wait(fd, POLLOUT, deadline, err));
        if (BL_CALL(SOCKET, getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size)) != 0)
            return bl_fail_errno(err, "connection", "cannot be examined");
    }
    if (code != 0) {
        errno = code;
        return bl_fail_errno(err, "connection", "refused");
    }
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

/* Each address gets its share of the time that is left; the last failure is the one told. */
static enum bulla_status
connect_to_any(const struct addrinfo *addresses, int64_t deadline, int *fd_out,
               struct bulla_error *err)
{
    unsigned count = 0;
    struct bulla_error last = { 0 };
    enum bulla_status status = BULLA_E_UNREACHABLE;

    for (const struct addrinfo *a = addresses; a != NULL && count < ADDRESSES_MAX; a = a->ai_next)
        count++;
    for (const struct addrinfo *a = addresses; count > 0; a = a->ai_next, count--) {
        unsigned share_ms = (unsigned)bl_clock_left_ms(deadline) / count;
        bulla_error_clear(&last);
        status = connect_to(a, bl_clock_deadline(share_ms), fd_out, &last);
        if (status == BULLA_OK)
            return BULLA_OK;
    }
    if (err != NULL && err->status == BULLA_OK)
        *err = last;
    return status;
}

enum bulla_status
bl_tcp_connect(const char *host, uint16_t port, int64_t deadline, int *fd_out,
               struct bulla_error *err)
{
    struct addrinfo *addresses = NULL;

    BL_TRY(resolve(host, port, 0, &addresses, err));
    enum bulla_status status = connect_to_any(addresses, deadline, fd_out, err);
    freeaddrinfo(addresses);
    return status;
}

enum bulla_status
bl_tcp_port(int fd, uint16_t *port_out, struct bulla_error *err)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = { .v6 = { 0 } };
    socklen_t size = sizeof address;

    if (BL_CALL(SOCKET, getsockname(fd, &address.any, &size)) != 0)
        return bl_fail_errno(err, "socket", "has no address");
    if (address.any.sa_family != AF_INET && address.any.sa_family != AF_INET6)
        return bulla_fail(err, BULLA_E_ARGUMENT, "socket", "not a TCP socket", 0);
    *port_out =
        ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
    return BULLA_OK;
}

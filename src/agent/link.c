/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/link.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/network.h"
#include "base/memory.h"
#include "sys/call.h"
#include "sys/file.h"

/* One direction: what was read at `from` and is not written yet at the other end. */
struct direction {
    uint8_t data[BL_LINK_BUFFER_SIZE];
    size_t start, end; /* bytes waiting: start to end */
    bool is_over;      /* `from` sends no more */
    bool told;         /* and the other end knows */
};

struct bl_link {
    int fds[2];
    struct direction ways[2]; /* ways[i]: from fds[i] to fds[1 - i] */
};

static bool
make_non_blocking(int fd)
{
    int flags = BL_CALL(SOCKET, fcntl(fd, F_GETFL));

    return flags >= 0 && BL_CALL(SOCKET, fcntl(fd, F_SETFL, flags | O_NONBLOCK)) == 0;
}

struct bl_link *
bl_link_new(int a, int b)
{
    struct bl_link *link =
        make_non_blocking(a) && make_non_blocking(b) ? bl_alloc(1, sizeof *link) : NULL;

    if (link == NULL) {
        bl_fd_close(&a);
        bl_fd_close(&b);
        return NULL;
    }
    link->fds[0] = a;
    link->fds[1] = b;
    return link;
}

static bool
is_waiting(const struct direction *way)
{
    return way->end > way->start;
}

void
bl_link_wants(const struct bl_link *link, struct pollfd ends_out[2])
{
    for (int i = 0; i < 2; i++) {
        bool reads = !link->ways[i].is_over && !is_waiting(&link->ways[i]);
        bool writes = is_waiting(&link->ways[1 - i]);
        short events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
        /* an end that wants nothing is left out: a hang-up there would be told without end */
        ends_out[i] = (struct pollfd){ .fd = events == 0 ? -1 : link->fds[i], .events = events };
    }
}

static bool
fill(struct direction *way, int from)
{
    if (way->is_over || is_waiting(way))
        return true;
    ssize_t got = BL_CALL(SOCKET, recv(from, way->data, sizeof way->data, MSG_DONTWAIT));
    if (got > 0) {
        way->start = 0;
        way->end = (size_t)got;
    }
    way->is_over = got == 0;
    return got >= 0 || errno == EAGAIN || errno == EINTR;
}

static bool
drain(struct direction *way, int to)
{
    if (is_waiting(way)) {
        ssize_t sent = BL_CALL(SOCKET, send(to, way->data + way->start, way->end - way->start,
                                            MSG_DONTWAIT | MSG_NOSIGNAL));
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        way->start += (size_t)sent;
    }
    if (way->is_over && !is_waiting(way) && !way->told) {
        way->told = true;
        (void)shutdown(to, SHUT_WR); /* fails where the other end is gone: then recv() says so */
    }
    return true;
}

bool
bl_link_carry(struct bl_link *link)
{
    for (int i = 0; i < 2; i++) {
        struct direction *way = &link->ways[i];
        if (!fill(way, link->fds[i]) || !drain(way, link->fds[1 - i]))
            return false;
    }
    return !link->ways[0].told || !link->ways[1].told;
}

bool
bl_link_is_delivered(const struct bl_link *link)
{
    return link->ways[1].told;
}

void
bl_link_free(struct bl_link *link)
{
    if (link == NULL)
        return;
    bl_fd_close(&link->fds[0]);
    bl_fd_close(&link->fds[1]);
    bl_wipe(link, sizeof *link);
    bl_free(link);
}

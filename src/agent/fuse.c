/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/fuse.c: the loop: a request from the kernel, its answer back.
 */
#include "agent/fuse.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "agent/fuse_internal.h"
#include "base/memory.h"
#include "sys/call.h"

#define WHERE "file server"
#define MINOR_MIN 31 /* Linux 5.5; later additions are asked for by flags that we do not set */
#define MESSAGE_MAX (BL_FUSE_DATA_MAX + 4096) /* bytes: a write and its headers */
#define BACKGROUND_MAX 12                     /* requests that nobody waits for, at one time */

struct server {
    const struct bl_fuse_plan *plan;
    uint8_t *message; /* MESSAGE_MAX bytes */
    struct bulla_buffer answer;
    bool greeted;
    bool ended;
};

static int64_t
now_ns(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ENOENT: the request was interrupted meanwhile and nobody waits for this answer. */
static enum bulla_status
send_answer(struct server *server, uint64_t unique, int code, struct bulla_error *err)
{
    struct bulla_bytes body =
        code == 0 ? bulla_buffer_bytes(&server->answer) : (struct bulla_bytes){ 0 };
    struct fuse_out_header header = { .len = (uint32_t)(sizeof header + body.size),
                                      .error = -code,
                                      .unique = unique };
    struct iovec parts[] = { { &header, sizeof header }, { server->answer.data, body.size } };

    for (;;) {
        ssize_t sent = BL_CALL(FILE, writev(server->plan->fd, parts, body.size > 0 ? 2 : 1));
        if (sent == (ssize_t)header.len || (sent < 0 && errno == ENOENT))
            return BULLA_OK;
        if (sent < 0 && errno == ENODEV) {
            server->ended = true;
            return BULLA_OK;
        }
        if (sent >= 0 || errno != EINTR)
            return bl_fail_errno(err, WHERE, "an answer was refused");
    }
}

/* FUSE_INIT: the kernel says what it can, we say what we want of it: nothing that delays a write. */
static enum bulla_status
greet(struct server *server, const struct fuse_in_header *header, struct bl_reader *reader,
      struct bulla_error *err)
{
    const size_t in_size = 16; /* bytes that every version has: major minor max_readahead flags */
    struct fuse_init_in in = { 0 };
    struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
                                 .minor = MINOR_MIN,
                                 .flags = FUSE_BIG_WRITES | FUSE_ASYNC_READ,
                                 .max_background = BACKGROUND_MAX,
                                 .congestion_threshold = BACKGROUND_MAX,
                                 .max_write = BL_FUSE_DATA_MAX,
                                 .time_gran = 1 };

    bl_read_into(reader, &in, in_size);
    BL_TRY(bl_reader_ok(reader, err));
    if (in.major != FUSE_KERNEL_VERSION || in.minor < MINOR_MIN)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "the kernel's protocol is too old",
                          in.minor);
    out.max_readahead = in.max_readahead;
    out.flags &= in.flags;
    BL_TRY(bulla_buffer_append(&server->answer, BL_BYTES_OF(&out), err));
    server->greeted = true;
    return send_answer(server, header->unique, 0, err);
}

static enum bulla_status
handle(struct server *server, size_t size, struct bulla_error *err)
{
    struct fuse_in_header header = { 0 };
    struct bl_reader reader = bl_reader((struct bulla_bytes){ server->message, size }, WHERE);

    bl_read_into(&reader, &header, sizeof header);
    BL_TRY(bl_reader_ok(&reader, err));
    if (header.len != size || server->greeted != (header.opcode != FUSE_INIT))
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "not a request in its place", size);
    bulla_buffer_clear(&server->answer);
    if (header.opcode == FUSE_INIT)
        return greet(server, &header, &reader, err);
    struct bl_fuse_request request = {
        .plan = server->plan,
        .node = header.nodeid,
        .reader = reader,
        .answer = &server->answer,
        .now_ns = now_ns(),
    };
    int code = bl_fuse_answer(&request, header.opcode);
    server->ended = server->ended || header.opcode == FUSE_DESTROY;
    if (code != BL_FUSE_NO_ANSWER)
        BL_TRY(send_answer(server, header.unique, code, err));
    if (request.err.status != BULLA_E_INTEGRITY)
        return BULLA_OK;
    if (err != NULL && err->status == BULLA_OK)
        *err = request.err;
    return BULLA_E_INTEGRITY;
}

/* One request, if there is one. */
static enum bulla_status
take_request(struct server *server, bool *taken_out, struct bulla_error *err)
{
    ssize_t size = BL_CALL(FILE, read(server->plan->fd, server->message, MESSAGE_MAX));

    *taken_out = size > 0;
    if (size > 0)
        return handle(server, (size_t)size, err);
    if (size == 0 || errno == ENODEV) {
        server->ended = true;
        return BULLA_OK;
    }
    if (errno == EINTR || errno == EAGAIN || errno == ENOENT) /* ENOENT: interrupted meanwhile */
        return BULLA_OK;
    return bl_fail_errno(err, WHERE, "requests cannot be read");
}

/* What is waiting, until the end, or until there is nothing left when it is time to stop. */
static enum bulla_status
serve(struct server *server, struct bulla_error *err)
{
    struct pollfd fds[] = { { .fd = server->plan->fd, .events = POLLIN },
                            { .fd = server->plan->stop_fd, .events = POLLIN } };

    while (!server->ended) {
        bool taken = false;
        if (BL_CALL(FILE, poll(fds, 2, -1)) < 0 && errno != EINTR)
            return bl_fail_errno(err, WHERE, "cannot wait");
        BL_TRY(take_request(server, &taken, err));
        if (!taken && fds[1].revents != 0)
            return BULLA_OK;
    }
    return BULLA_OK;
}

enum bulla_status
bl_fuse_serve(const struct bl_fuse_plan *plan, struct bulla_error *err)
{
    struct server server = { .plan = plan };
    int flags = BL_CALL(FILE, fcntl(plan->fd, F_GETFL));

    if (flags < 0 || BL_CALL(FILE, fcntl(plan->fd, F_SETFL, flags | O_NONBLOCK)) != 0)
        return bl_fail_errno(err, WHERE, "not a descriptor");
    server.message = bl_alloc(1, MESSAGE_MAX);
    if (server.message == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    enum bulla_status status = serve(&server, err);
    bl_wipe(server.message, MESSAGE_MAX);
    bl_free(server.message);
    if (server.answer.data != NULL)
        bl_wipe(server.answer.data, server.answer.capacity);
    bulla_buffer_done(&server.answer);
    return status;
}

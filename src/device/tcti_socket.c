/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tcti_socket.c: transport over a Unix stream socket that carries raw TPM commands and
 * responses, one after the other; each states its size in its header (Part 1, 18). The data channel
 * of `swtpm --server type=unixio` speaks this, and so does our monitor to an enclave.
 *
 * Guarantees: no wait is longer than the deadline of the command; a response is read no further than
 * the size it states, at most BL_TPM_MESSAGE_MAX; bytes that nobody asked for end the connection.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "codec/reader.h"
#include "device/tpm_transport.h"
#include "sys/call.h"
#include "sys/clock.h"

#define WHERE "TPM socket"

struct connection {
    int fd;
    unsigned timeout_ms;
};

static enum bulla_status
fail_io(const char *what, int code, struct bulla_error *err)
{
    return bulla_fail_detail(err, BULLA_CAUSE_IO, WHERE, what, (unsigned long)code);
}

static enum bulla_status
wait_until(int fd, short events, int64_t deadline_ms, struct bulla_error *err)
{
    struct pollfd poll_fd = { .fd = fd, .events = events };

    for (;;) {
        int64_t left_ms = deadline_ms - bl_clock_monotonic_ms();
        if (left_ms <= 0)
            return bulla_fail(err, BULLA_E_TIMEOUT, WHERE, "the TPM does not answer", 0);
        int ready = BL_CALL(SOCKET, poll(&poll_fd, 1, (int)left_ms));
        if (ready > 0)
            return BULLA_OK;
        if (ready < 0 && errno != EINTR)
            return fail_io("waiting failed", errno, err);
    }
}

static enum bulla_status
send_all(int fd, struct bulla_bytes bytes, int64_t deadline_ms, struct bulla_error *err)
{
    size_t sent = 0;

    while (sent < bytes.size) {
        BL_TRY(wait_until(fd, POLLOUT, deadline_ms, err));
        ssize_t n = BL_CALL(SOCKET, send(fd, bytes.data + sent, bytes.size - sent, MSG_NOSIGNAL));
        if (n >= 0)
            sent += (size_t)n;
        else if (errno != EINTR && errno != EAGAIN)
            return fail_io("sending failed", errno, err);
    }
    return BULLA_OK;
}

static enum bulla_status
receive_all(int fd, uint8_t *out, size_t size, int64_t deadline_ms, struct bulla_error *err)
{
    size_t got = 0;

    while (got < size) {
        BL_TRY(wait_until(fd, POLLIN, deadline_ms, err));
        ssize_t n = BL_CALL(SOCKET, recv(fd, out + got, size - got, 0));
        if (n == 0)
            return fail_io("the TPM hung up", ECONNRESET, err);
        if (n > 0)
            got += (size_t)n;
        else if (errno != EINTR && errno != EAGAIN)
            return fail_io("receiving failed", errno, err);
    }
    return BULLA_OK;
}

/* An answer that waits before the question was asked would be taken for the answer to it. */
static enum bulla_status
check_silent(int fd, struct bulla_error *err)
{
    uint8_t byte = 0;
    ssize_t n = recv(fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);

    if (n > 0)
        return bulla_fail_cause(err, BULLA_CAUSE_TPM_FAILED, WHERE, "bytes that nobody asked for");
    if (n == 0)
        return fail_io("the TPM hung up", ECONNRESET, err);
    return BULLA_OK;
}

static enum bulla_status
exchange(void *context, struct bulla_bytes command, struct bulla_buffer *response_out,
         struct bulla_error *err)
{
    const struct connection *connection = context;
    int64_t deadline_ms = bl_clock_monotonic_ms() + connection->timeout_ms;
    uint8_t message[BL_TPM_MESSAGE_MAX];

    BL_TRY(check_silent(connection->fd, err));
    BL_TRY(send_all(connection->fd, command, deadline_ms, err));
    BL_TRY(receive_all(connection->fd, message, BL_TPM_HEADER_SIZE, deadline_ms, err));
    struct bl_reader r =
        bl_reader((struct bulla_bytes){ message, BL_TPM_HEADER_SIZE }, "TPM response");
    bl_skip(&r, 2);
    uint32_t size = bl_read_u32be(&r);
    if (size < BL_TPM_HEADER_SIZE || size > sizeof message)
        return bulla_fail_detail(err, BULLA_CAUSE_TPM_FAILED, WHERE, "impossible response size",
                                 size);
    BL_TRY(receive_all(connection->fd, message + BL_TPM_HEADER_SIZE, size - BL_TPM_HEADER_SIZE,
                       deadline_ms, err));
    return bulla_buffer_append(response_out, (struct bulla_bytes){ message, size }, err);
}

static void
release(void *context)
{
    struct connection *connection = context;

    close(connection->fd);
    bl_free(connection);
}

static enum bulla_status
fail_connect(int code, struct bulla_error *err)
{
    enum bulla_cause cause = code == ENOENT || code == ECONNREFUSED ? BULLA_CAUSE_NO_TPM
                             : code == EACCES || code == EPERM      ? BULLA_CAUSE_TPM_NOT_PERMITTED
                             : code == EAGAIN                       ? BULLA_CAUSE_BUSY
                                                                    : BULLA_CAUSE_IO;

    return bulla_fail_detail(err, cause, WHERE, "cannot connect", (unsigned long)code);
}

enum bulla_status
bl_tpm_transport_socket_fd(int fd, unsigned timeout_ms, struct bl_tpm_transport *out,
                           struct bulla_error *err)
{
    struct connection *connection = bl_alloc(1, sizeof *connection);
    int flags = connection == NULL ? -1 : BL_CALL(SOCKET, fcntl(fd, F_GETFL));

    if (flags < 0 || BL_CALL(SOCKET, fcntl(fd, F_SETFL, flags | O_NONBLOCK)) != 0) {
        enum bulla_status status = connection == NULL
                                       ? bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0)
                                       : fail_io("not a descriptor", errno, err);
        close(fd);
        bl_free(connection);
        return status;
    }
    *connection = (struct connection){ .fd = fd, .timeout_ms = timeout_ms };
    *out =
        (struct bl_tpm_transport){ .context = connection, .exchange = exchange, .close = release };
    return BULLA_OK;
}

enum bulla_status
bl_tpm_transport_socket(const char *path, unsigned timeout_ms, struct bl_tpm_transport *out,
                        struct bulla_error *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (path[0] == '\0' || strlen(path) >= sizeof address.sun_path)
        return bulla_fail(err, BULLA_E_USAGE, WHERE, "the path is empty or too long", strlen(path));
    memcpy(address.sun_path, path, strlen(path));
    int fd = BL_CALL(SOCKET, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd < 0)
        return fail_connect(errno, err);
    /* Non-blocking: a Unix socket connects at once or its queue is full (EAGAIN). */
    if (BL_CALL(SOCKET, connect(fd, (struct sockaddr *)&address, sizeof address)) != 0) {
        int code = errno;
        close(fd);
        return fail_connect(code, err);
    }
    return bl_tpm_transport_socket_fd(fd, timeout_ms, out, err);
}

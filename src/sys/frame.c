/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/frame.c: messages with their size in front, and packets with descriptors.
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "sys/call.h"
#include "sys/file.h"
#include "sys/socket.h"

#define FRAME_HEAD_SIZE 4 /* bytes: u32 big-endian */

enum bulla_status
bl_frame_send(int fd, struct bulla_bytes bytes, size_t size_max, int64_t deadline,
              struct bulla_error *err)
{
    if (bytes.size > size_max || bytes.size > UINT32_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "frame", "too large", bytes.size);
    uint8_t head[FRAME_HEAD_SIZE] = { (uint8_t)(bytes.size >> 24), (uint8_t)(bytes.size >> 16),
                                      (uint8_t)(bytes.size >> 8), (uint8_t)bytes.size };
    BL_TRY(bl_socket_send(fd, BL_BYTES_OF(head), deadline, err));
    return bl_socket_send(fd, bytes, deadline, err);
}

static enum bulla_status
receive_head(int fd, size_t size_max, int64_t deadline, size_t *size_out, struct bulla_error *err)
{
    uint8_t head[FRAME_HEAD_SIZE] = { 0 };
    size_t got = 0;

    BL_TRY(bl_socket_receive(fd, head, sizeof head, deadline, &got, err));
    if (got == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_CONNECTION_CLOSED, "frame", "the peer hung up");
    if (got < sizeof head)
        return bulla_fail(err, BULLA_E_MALFORMED, "frame", "cut short", got);
    size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (size > size_max)
        return bulla_fail(err, BULLA_E_LIMIT, "frame", "too large", size);
    *size_out = size;
    return BULLA_OK;
}

static enum bulla_status
receive_body(int fd, uint8_t *body, size_t size, int64_t deadline, struct bulla_error *err)
{
    size_t got = 0;

    BL_TRY(bl_socket_receive(fd, body, size, deadline, &got, err));
    if (got < size)
        return bulla_fail(err, BULLA_E_MALFORMED, "frame", "cut short", got);
    return BULLA_OK;
}

enum bulla_status
bl_frame_receive(int fd, size_t size_max, int64_t deadline, struct bulla_buffer *out,
                 struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) frame = { 0 };
    uint8_t *body = NULL;
    size_t size = 0;

    BL_TRY(receive_head(fd, size_max, deadline, &size, err));
    BL_TRY(bulla_buffer_extend(&frame, size, &body, err));
    BL_TRY(receive_body(fd, body, size, deadline, err));
    bulla_buffer_done(out);
    *out = bulla_buffer_take(&frame);
    return BULLA_OK;
}

enum bulla_status
bl_frame_receive_secret(int fd, size_t size_max, int64_t deadline, struct bl_secret *out,
                        struct bulla_error *err)
{
    BL_AUTO(bl_secret) frame = { 0 };
    size_t size = 0;

    BL_TRY(receive_head(fd, size_max, deadline, &size, err));
    BL_TRY(bl_secret_new(&frame, size, err));
    BL_TRY(receive_body(fd, frame.data, size, deadline, err));
    bl_secret_done(out);
    *out = bl_secret_take(&frame);
    return BULLA_OK;
}

union fd_control {
    char bytes[CMSG_SPACE(BL_PACKET_FDS_MAX * sizeof(int))];
    struct cmsghdr align;
};

enum bulla_status
bl_packet_send(int fd, struct bulla_bytes bytes, const int *fds, size_t fd_count, int64_t deadline,
               struct bulla_error *err)
{
    union fd_control control = { .bytes = { 0 } };
    struct iovec part = { (void *)(uintptr_t)bytes.data, bytes.size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

    if (bytes.size == 0 || fd_count > BL_PACKET_FDS_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "packet", "empty, or too many descriptors", 0);
    if (fd_count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(rights), fds, fd_count * sizeof(int));
    }
    for (;;) {
        ssize_t sent = BL_CALL(SOCKET, sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT));
        if (sent >= 0)
            return BULLA_OK; /* packets go whole or not at all */
        if (errno == EAGAIN)
            BL_TRY(bl_socket_wait(fd, POLLOUT, deadline, err));
        else if (errno != EINTR)
            return bl_fail_errno(err, "packet", "sending failed");
    }
}

/* The descriptors of one message, however many the sender put in: all are ours to close. */
struct received {
    int fds[BL_PACKET_FDS_MAX + 1]; /* CMSG_SPACE rounds up: one more than asked for may fit */
    size_t count;
    bool strange; /* something else than descriptors came */
};

static struct received
collect(struct msghdr *message)
{
    struct received got = { .count = 0 };

    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS ||
            count > BL_PACKET_FDS_MAX + 1 - got.count) {
            got.strange = true;
            continue;
        }
        memcpy(got.fds + got.count, CMSG_DATA(part), count * sizeof(int));
        got.count += count;
    }
    return got;
}

static enum bulla_status
check_packet(const struct msghdr *message, const struct received *got, size_t fd_count,
             struct bulla_error *err)
{
    if ((message->msg_flags & MSG_TRUNC) != 0)
        return bulla_fail(err, BULLA_E_LIMIT, "packet", "too large", 0);
    if ((message->msg_flags & MSG_CTRUNC) != 0 || got->strange || got->count != fd_count) {
        enum bulla_status status =
            bulla_fail(err, BULLA_E_MALFORMED, "packet", "another number of descriptors", 0);
        bulla_error_values(err, bulla_value_number(got->count), bulla_value_number(fd_count));
        return status;
    }
    return BULLA_OK;
}

static enum bulla_status
receive_message(int fd, struct msghdr *message, int64_t deadline, size_t *size_out,
                struct bulla_error *err)
{
    for (;;) {
        ssize_t size = BL_CALL(SOCKET, recvmsg(fd, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT));
        if (size >= 0) {
            *size_out = (size_t)size;
            return BULLA_OK;
        }
        if (errno == EAGAIN)
            BL_TRY(bl_socket_wait(fd, POLLIN, deadline, err));
        else if (errno != EINTR)
            return bl_fail_errno(err, "packet", "receiving failed");
    }
}

enum bulla_status
bl_packet_receive(int fd, void *out, size_t size, size_t *size_out, int *fds_out, size_t fd_count,
                  int64_t deadline, struct bulla_error *err)
{
    union fd_control control = { .bytes = { 0 } };
    struct iovec part = { out, size };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof control.bytes };
    size_t got_size = 0;

    if (fd_count > BL_PACKET_FDS_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "packet", "too many descriptors", fd_count);
    BL_TRY(receive_message(fd, &message, deadline, &got_size, err));
    struct received got = collect(&message);
    enum bulla_status status = check_packet(&message, &got, fd_count, err);
    if (status == BULLA_OK && got_size == 0)
        status = bulla_fail_cause(err, BULLA_CAUSE_CONNECTION_CLOSED, "packet", "the peer hung up");
    if (status != BULLA_OK) {
        for (size_t i = 0; i < got.count; i++)
            bl_fd_close(&got.fds[i]);
        return status;
    }
    if (fd_count > 0)
        memcpy(fds_out, got.fds, fd_count * sizeof(int));
    *size_out = got_size;
    return BULLA_OK;
}

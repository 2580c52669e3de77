/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/fault.h"
#include "sys/clock.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "sys/socket.h"

#define FAULTS_MAX 200 /* more than any call here passes */
#define SOON bl_clock_deadline(5000)

struct pair {
    int listener, client, server;
};
#define PAIR_NONE  \
    {              \
        -1, -1, -1 \
    }

static void
pair_done(struct pair *pair)
{
    bl_fd_close(&pair->listener);
    bl_fd_close(&pair->client);
    bl_fd_close(&pair->server);
}

static enum bulla_status
tcp_pair(struct pair *pair, const char *host, struct bulla_error *err)
{
    uint16_t port = 0;

    BL_TRY(bl_tcp_listen(host, 0, &pair->listener, err));
    BL_TRY(bl_tcp_port(pair->listener, &port, err));
    BL_TRY(bl_tcp_connect(host, port, SOON, &pair->client, err));
    return bl_socket_accept(pair->listener, SOON, &pair->server, err);
}

static unsigned
count_fds(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return count;
}

static void
assert_tidy(int fd)
{
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

static void
test_tcp_carries_bytes_both_ways(void **state)
{
    (void)state;
    const char *const hosts[] = { NULL, "127.0.0.1", "::1" };

    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        __attribute__((cleanup(pair_done))) struct pair pair = PAIR_NONE;
        struct bulla_error err = { 0 };
        char got[5] = { 0 };
        size_t size = 0;
        if (i == 2 && access("/proc/net/if_inet6", F_OK) != 0) {
            print_message("# skip: no IPv6 here\n");
            continue;
        }
        assert_ok(tcp_pair(&pair, hosts[i], &err), &err);
        assert_ok(bl_socket_send(pair.client, BL_LITERAL("hello"), SOON, &err), &err);
        assert_ok(bl_socket_receive(pair.server, got, 5, SOON, &size, &err), &err);
        assert_int_equal(size, 5);
        assert_memory_equal(got, "hello", 5);
        assert_tidy(pair.listener);
        assert_tidy(pair.client);
        assert_tidy(pair.server);
        bl_fd_close(&pair.server);
        assert_ok(bl_socket_receive(pair.client, got, 5, SOON, &size, &err), &err);
        assert_int_equal(size, 0);
    }
}

static void
test_tcp_refusals(void **state)
{
    (void)state;
    __attribute__((cleanup(pair_done))) struct pair pair = PAIR_NONE;
    struct bulla_error err = { 0 };
    uint16_t port = 0;
    BL_AUTO_FD fd = -1;

    assert_ok(bl_tcp_listen(NULL, 0, &pair.listener, &err), &err);
    assert_ok(bl_tcp_port(pair.listener, &port, &err), &err);
    assert_fails(bl_tcp_listen(NULL, port, &fd, &err), BULLA_E_BUSY, &err);
    assert_fails(bl_tcp_listen("localhost", 0, &fd, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_tcp_listen("not an address", 0, &fd, &err), BULLA_E_NOT_FOUND, &err);
    bl_fd_close(&pair.listener);
    assert_fails(bl_tcp_connect(NULL, port, SOON, &fd, &err), BULLA_E_UNREACHABLE, &err);
    int64_t before = bl_clock_monotonic_ms();
    assert_fails(bl_tcp_connect("", port, SOON, &fd, &err), BULLA_E_NOT_FOUND, &err);
    assert_true(bl_clock_monotonic_ms() - before < 5000);
    assert_int_equal(fd, -1);
}

static void
test_waiting_ends_at_the_deadline(void **state)
{
    (void)state;
    __attribute__((cleanup(pair_done))) struct pair pair = PAIR_NONE;
    struct bulla_error err = { 0 };
    char byte;
    size_t size = 0;
    BL_AUTO_FD fd = -1;

    assert_ok(tcp_pair(&pair, NULL, &err), &err);
    int64_t before = bl_clock_monotonic_ms();
    assert_fails(bl_socket_receive(pair.server, &byte, 1, bl_clock_deadline(30), &size, &err),
                 BULLA_E_TIMEOUT, &err);
    assert_fails(bl_socket_accept(pair.listener, bl_clock_deadline(30), &fd, &err), BULLA_E_TIMEOUT,
                 &err);
    int64_t passed = bl_clock_monotonic_ms() - before;
    assert_true(passed >= 58 && passed < 5000);
    static uint8_t much[16 << 20];
    assert_fails(bl_socket_send(pair.client, BL_BYTES_OF(much), bl_clock_deadline(30), &err),
                 BULLA_E_TIMEOUT, &err);
    assert_fails(bl_socket_wait(-2, POLLIN, bl_clock_deadline(1), &err), BULLA_E_TIMEOUT, &err);
    assert_fails(bl_socket_wait(250, POLLIN, SOON, &err), BULLA_E_ARGUMENT, &err);
}

/* Bytes that nobody read would turn the end into a reset. */
static void
test_last_words_arrive_before_the_end(void **state)
{
    (void)state;
    __attribute__((cleanup(pair_done))) struct pair pair = PAIR_NONE;
    struct bulla_error err = { 0 };
    char got[4] = { 0 };
    size_t size = 0;

    assert_ok(tcp_pair(&pair, NULL, &err), &err);
    assert_ok(bl_socket_send(pair.client, BL_LITERAL("nobody reads this"), SOON, &err), &err);
    assert_ok(bl_socket_send(pair.server, BL_LITERAL("bye"), SOON, &err), &err);
    int64_t before = bl_clock_monotonic_ms();
    bl_socket_close_lingering(&pair.server, bl_clock_deadline(50));
    assert_true(bl_clock_monotonic_ms() - before >= 48); /* the client might have said more */
    assert_int_equal(pair.server, -1);
    assert_ok(bl_socket_receive(pair.client, got, sizeof got, SOON, &size, &err), &err);
    assert_int_equal(size, 3);
    assert_memory_equal(got, "bye", 3);
    bl_socket_close_lingering(&pair.server, SOON); /* none: nothing happens */
}

static void
test_lingering_has_a_bound(void **state)
{
    (void)state;
    __attribute__((cleanup(pair_done))) struct pair pair = PAIR_NONE;
    struct bulla_error err = { 0 };
    static uint8_t much[2 * BL_LINGER_SIZE_MAX];

    assert_ok(tcp_pair(&pair, NULL, &err), &err);
    assert_ok(bl_socket_send(pair.client, BL_BYTES_OF(much), SOON, &err), &err);
    int64_t before = bl_clock_monotonic_ms();
    bl_socket_close_lingering(&pair.server, SOON);
    assert_true(bl_clock_monotonic_ms() - before < 4000);
}

static void
test_a_peer_that_went_away_raises_no_signal(void **state)
{
    (void)state;
    int fds[2] = { -1, -1 };
    struct bulla_error err = { 0 };

    assert_ok(bl_unix_pair(BL_UNIX_STREAM, fds, &err), &err);
    bl_fd_close(&fds[1]);
    assert_cause(bl_socket_send(fds[0], BL_LITERAL("x"), SOON, &err), BULLA_CAUSE_CONNECTION_CLOSED,
                 &err);
    bl_fd_close(&fds[0]);
    assert_ok(bl_unix_pair(BL_UNIX_PACKETS, fds, &err), &err);
    bl_fd_close(&fds[1]);
    assert_cause(bl_packet_send(fds[0], BL_LITERAL("x"), NULL, 0, SOON, &err),
                 BULLA_CAUSE_CONNECTION_CLOSED, &err);
    bl_fd_close(&fds[0]);
}

static void
test_unix_sockets_live_in_private_directories(void **state)
{
    (void)state;
    __attribute__((cleanup(pair_done))) struct pair pair = PAIR_NONE;
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "socket");
    struct bl_peer peer = { 0 };
    struct stat status;
    BL_AUTO_FD fd = -1;

    mode_t before = umask(0);
    assert_ok(bl_unix_listen(path, BL_UNIX_PACKETS, 0660, &pair.listener, &err), &err);
    umask(before);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0660);
    assert_ok(bl_unix_connect(path, BL_UNIX_PACKETS, SOON, &pair.client, &err), &err);
    assert_ok(bl_socket_accept(pair.listener, SOON, &pair.server, &err), &err);
    assert_ok(bl_unix_peer(pair.server, &peer, &err), &err);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.gid, getegid());
    assert_fails(bl_unix_peer(pair.listener + 200, &peer, &err), BULLA_E_IO, &err);
    assert_fails(bl_unix_listen(path, BL_UNIX_PACKETS, 0600, &fd, &err), BULLA_E_BUSY, &err);
    assert_int_equal(chmod(test_directory, 0720), 0);
    assert_fails(bl_unix_listen(test_path(1, "b"), BL_UNIX_STREAM, 0600, &fd, &err), BULLA_E_DENIED,
                 &err);
    assert_int_equal(chmod(test_directory, 0702), 0);
    assert_fails(bl_unix_listen(test_path(1, "b"), BL_UNIX_STREAM, 0600, &fd, &err), BULLA_E_DENIED,
                 &err);
    assert_int_equal(access(test_path(1, "b"), F_OK), -1);
}

static void
test_unix_names(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "socket");
    BL_AUTO_FD fd = -1;
    char longest[200];

    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_fails(bl_unix_listen(longest, BL_UNIX_STREAM, 0600, &fd, &err), BULLA_E_LIMIT, &err);
    assert_fails(bl_unix_connect("", BL_UNIX_STREAM, SOON, &fd, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_unix_connect(path, BL_UNIX_STREAM, SOON, &fd, &err), BULLA_E_NOT_FOUND, &err);
    assert_ok(bl_unix_listen(path, BL_UNIX_STREAM, 0600, &fd, &err), &err);
    bl_fd_close(&fd); /* its name stays, and nobody listens */
    assert_fails(bl_unix_connect(path, BL_UNIX_STREAM, SOON, &fd, &err), BULLA_E_UNREACHABLE, &err);
    assert_ok(bl_unix_listen(path, BL_UNIX_STREAM, 0600, &fd, &err), &err);
    bl_fd_close(&fd);
    assert_int_equal(unlink(path), 0);
    assert_ok(bl_file_replace(path, 0600, BL_LITERAL("x"), BL_FILE_KEEP_EXISTING, &err), &err);
    assert_fails(bl_unix_listen(path, BL_UNIX_STREAM, 0600, &fd, &err), BULLA_E_EXISTS, &err);
    assert_int_equal(access(path, F_OK), 0);
}

static void
test_frames(void **state)
{
    (void)state;
    int fds[2] = { -1, -1 };
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) frame = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    assert_ok(bl_unix_pair(BL_UNIX_STREAM, fds, &err), &err);
    assert_ok(bl_frame_send(fds[0], BL_LITERAL("one"), 3, SOON, &err), &err);
    assert_ok(bl_frame_send(fds[0], BL_LITERAL(""), 3, SOON, &err), &err);
    assert_ok(bl_frame_send(fds[0], BL_LITERAL("two"), 3, SOON, &err), &err);
    assert_fails(bl_frame_send(fds[0], BL_LITERAL("four"), 3, SOON, &err), BULLA_E_LIMIT, &err);
    assert_ok(bl_frame_receive(fds[1], 3, SOON, &frame, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&frame), BL_LITERAL("one"));
    assert_ok(bl_frame_receive(fds[1], 3, SOON, &frame, &err), &err);
    assert_int_equal(frame.size, 0);
    assert_ok(bl_frame_receive_secret(fds[1], 3, SOON, &secret, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&secret), BL_LITERAL("two"));
    bl_fd_close(&fds[0]);
    assert_cause(bl_frame_receive(fds[1], 3, SOON, &frame, &err), BULLA_CAUSE_CONNECTION_CLOSED,
                 &err);
    bl_fd_close(&fds[1]);
}

/* A frame of four bytes, cut at every place, and one that claims more than is allowed. */
static void
test_frames_cut_short_or_too_large(void **state)
{
    (void)state;
    static const uint8_t whole[] = { 0, 0, 0, 4, 'd', 'a', 't', 'a' };

    for (size_t size = 0; size <= sizeof whole; size++) {
        int fds[2] = { -1, -1 };
        struct bulla_error err = { 0 };
        BL_AUTO(bulla_buffer) frame = { 0 };
        BL_AUTO(bl_secret) secret = { 0 };
        assert_ok(bl_unix_pair(BL_UNIX_STREAM, fds, &err), &err);
        assert_ok(bl_socket_send(fds[0], (struct bulla_bytes){ whole, size }, SOON, &err), &err);
        bl_fd_close(&fds[0]);
        enum bulla_status status = size % 2 == 0
                                       ? bl_frame_receive(fds[1], 4, SOON, &frame, &err)
                                       : bl_frame_receive_secret(fds[1], 4, SOON, &secret, &err);
        assert_int_equal(status, size == 0              ? BULLA_E_UNREACHABLE
                                 : size == sizeof whole ? BULLA_OK
                                                        : BULLA_E_MALFORMED);
        assert_int_equal(frame.size, size == sizeof whole ? 4 : 0);
        assert_null(secret.data);
        bl_fd_close(&fds[1]);
    }
    static const uint8_t heads[][4] = { { 0, 0, 0, 5 },
                                        { 0xff, 0xff, 0xff, 0xff },
                                        { 1, 0, 0, 0 } };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        int fds[2] = { -1, -1 };
        struct bulla_error err = { 0 };
        BL_AUTO(bulla_buffer) frame = { 0 };
        assert_ok(bl_unix_pair(BL_UNIX_STREAM, fds, &err), &err);
        assert_ok(bl_socket_send(fds[0], BL_BYTES_OF(heads[i]), SOON, &err), &err);
        assert_fails(bl_frame_receive(fds[1], 4, SOON, &frame, &err), BULLA_E_LIMIT, &err);
        bl_fd_close(&fds[0]);
        bl_fd_close(&fds[1]);
    }
}

/* `sent` descriptors where `expected` are asked for: only the same number is taken, and none leaks. */
static void
packet_with_fds(size_t sent, size_t expected)
{
    int fds[2] = { -1, -1 }, out[BL_PACKET_FDS_MAX], got[BL_PACKET_FDS_MAX];
    struct bulla_error err = { 0 };
    char byte = 0;
    size_t size = 0;

    for (size_t i = 0; i < BL_PACKET_FDS_MAX; i++) {
        out[i] = STDOUT_FILENO;
        got[i] = -1;
    }
    assert_ok(bl_unix_pair(BL_UNIX_PACKETS, fds, &err), &err);
    assert_ok(bl_packet_send(fds[0], BL_LITERAL("p"), out, sent, SOON, &err), &err);
    unsigned before = count_fds();
    enum bulla_status status =
        bl_packet_receive(fds[1], &byte, 1, &size, got, expected, SOON, &err);
    assert_int_equal(status, sent == expected ? BULLA_OK : BULLA_E_MALFORMED);
    assert_int_equal(count_fds(), before + (sent == expected ? sent : 0));
    for (size_t i = 0; sent == expected && i < sent; i++) {
        assert_int_equal(fcntl(got[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        bl_fd_close(&got[i]);
    }
    bl_fd_close(&fds[0]);
    bl_fd_close(&fds[1]);
}

static void
test_packets_carry_exactly_so_many_descriptors(void **state)
{
    (void)state;
    for (size_t sent = 0; sent <= BL_PACKET_FDS_MAX; sent++) {
        for (size_t expected = 0; expected <= BL_PACKET_FDS_MAX; expected++)
            packet_with_fds(sent, expected);
    }
}

/* More than our own sender would put in: the kernel hands over what fits and says that it cut. */
static void
test_packets_with_far_too_many_descriptors(void **state)
{
    (void)state;
    int fds[2] = { -1, -1 }, got[BL_PACKET_FDS_MAX], many[30];
    union {
        char bytes[CMSG_SPACE(sizeof many)];
        struct cmsghdr align;
    } control = { .bytes = { 0 } };
    struct iovec part = { (char[]){ 'p' }, 1 };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof control.bytes };
    struct bulla_error err = { 0 };
    char byte = 0;
    size_t size = 0;

    for (size_t i = 0; i < 30; i++)
        many[i] = STDOUT_FILENO;
    CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
    CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
    CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof many);
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), many, sizeof many);
    assert_ok(bl_unix_pair(BL_UNIX_PACKETS, fds, &err), &err);
    unsigned before = count_fds();
    for (size_t expected = 0; expected <= BL_PACKET_FDS_MAX; expected++) {
        assert_int_equal(sendmsg(fds[0], &message, 0), 1);
        assert_fails(bl_packet_receive(fds[1], &byte, 1, &size, got, expected, SOON, &err),
                     BULLA_E_MALFORMED, &err);
        assert_int_equal(count_fds(), before);
    }
    bl_fd_close(&fds[0]);
    bl_fd_close(&fds[1]);
}

static void
test_packets_keep_their_bounds(void **state)
{
    (void)state;
    int fds[2] = { -1, -1 }, out[1] = { STDOUT_FILENO }, got[1] = { -1 };
    struct bulla_error err = { 0 };
    char bytes[8] = { 0 };
    size_t size = 0;

    assert_ok(bl_unix_pair(BL_UNIX_PACKETS, fds, &err), &err);
    unsigned before = count_fds();
    assert_fails(bl_packet_send(fds[0], BL_LITERAL(""), NULL, 0, SOON, &err), BULLA_E_ARGUMENT,
                 &err);
    assert_fails(bl_packet_send(fds[0], BL_LITERAL("x"), out, BL_PACKET_FDS_MAX + 1, SOON, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(bl_packet_receive(fds[1], bytes, 8, &size, got, BL_PACKET_FDS_MAX + 1, SOON, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_ok(bl_packet_send(fds[0], BL_LITERAL("123456789"), out, 1, SOON, &err), &err);
    assert_fails(bl_packet_receive(fds[1], bytes, 8, &size, got, 1, SOON, &err), BULLA_E_LIMIT,
                 &err);
    assert_int_equal(count_fds(), before);
    assert_int_equal(got[0], -1);
    assert_fails(bl_packet_receive(fds[1], bytes, 8, &size, got, 0, bl_clock_deadline(1), &err),
                 BULLA_E_TIMEOUT, &err);
    bl_fd_close(&fds[0]);
    assert_cause(bl_packet_receive(fds[1], bytes, 8, &size, got, 0, SOON, &err),
                 BULLA_CAUSE_CONNECTION_CLOSED, &err);
    bl_fd_close(&fds[1]);
}

static enum bulla_status
tcp_scenario(struct bulla_error *err)
{
    __attribute__((cleanup(pair_done))) struct pair pair = PAIR_NONE;
    BL_AUTO(bulla_buffer) frame = { 0 };

    BL_TRY(tcp_pair(&pair, NULL, err));
    BL_TRY(bl_frame_send(pair.client, BL_LITERAL("frame"), 5, SOON, err));
    return bl_frame_receive(pair.server, 5, SOON, &frame, err);
}

static enum bulla_status
unix_scenario(struct bulla_error *err)
{
    __attribute__((cleanup(pair_done))) struct pair pair = PAIR_NONE;
    const char *path = test_path(0, "socket");
    struct bl_peer peer;
    int out[1] = { STDOUT_FILENO }, got[1] = { -1 };
    char byte;
    size_t size;

    BL_TRY(bl_unix_listen(path, BL_UNIX_PACKETS, 0600, &pair.listener, err));
    BL_TRY(bl_unix_connect(path, BL_UNIX_PACKETS, SOON, &pair.client, err));
    BL_TRY(bl_socket_accept(pair.listener, SOON, &pair.server, err));
    BL_TRY(bl_unix_peer(pair.server, &peer, err));
    BL_TRY(bl_packet_send(pair.client, BL_LITERAL("p"), out, 1, SOON, err));
    BL_TRY(bl_packet_receive(pair.server, &byte, 1, &size, got, 1, SOON, err));
    bl_fd_close(&got[0]);
    return BULLA_OK;
}

static void
every_failing_call(enum bulla_status (*scenario)(struct bulla_error *err), enum bl_fault kind)
{
    unsigned before = count_fds();
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        struct bulla_error err = { 0 };
        bl_fault_arm(kind, nth, false);
        enum bulla_status status = scenario(&err);
        reached = bl_fault_disarm();
        assert_int_equal(err.status, status);
        if (reached)
            assert_int_not_equal(status, BULLA_OK);
        else
            assert_int_equal(status, BULLA_OK);
        assert_int_equal(count_fds(), before);
        assert_true(nth < FAULTS_MAX);
    }
}

static void
test_every_failing_call_is_reported_and_leaks_nothing(void **state)
{
    (void)state;
    every_failing_call(tcp_scenario, BL_FAULT_SOCKET);
    every_failing_call(tcp_scenario, BL_FAULT_MEMORY);
    every_failing_call(unix_scenario, BL_FAULT_SOCKET);
    every_failing_call(unix_scenario, BL_FAULT_FILE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp_carries_bytes_both_ways),
        cmocka_unit_test(test_tcp_refusals),
        cmocka_unit_test(test_waiting_ends_at_the_deadline),
        cmocka_unit_test(test_last_words_arrive_before_the_end),
        cmocka_unit_test(test_lingering_has_a_bound),
        cmocka_unit_test(test_a_peer_that_went_away_raises_no_signal),
        test_in_directory(test_unix_sockets_live_in_private_directories),
        test_in_directory(test_unix_names),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_frames_cut_short_or_too_large),
        cmocka_unit_test(test_packets_carry_exactly_so_many_descriptors),
        cmocka_unit_test(test_packets_with_far_too_many_descriptors),
        cmocka_unit_test(test_packets_keep_their_bounds),
        test_in_directory(test_every_failing_call_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

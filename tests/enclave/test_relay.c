/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay as an agent sees it: clients come in, listed places can be reached, nothing else can.
 */
#include "enclave/relay.h"

#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"
#include "unit.h"

#define WAIT_MS 10000

static struct bl_manifest manifest; /* too large for the stack */

struct fixture {
    struct bl_process relay;
    int agent, monitor;
    int outside; /* a listener that the manifest lets the enclave reach */
};

static struct bl_endpoint
local(uint16_t port)
{
    struct bl_endpoint endpoint = { .host = "127.0.0.1", .port = port };

    return endpoint;
}

/* A port that was free a moment ago. */
static uint16_t
free_port(void)
{
    struct bulla_error err = { 0 };
    uint16_t port = 0;
    BL_AUTO_FD fd = -1;

    assert_ok(bl_tcp_listen(NULL, 0, &fd, &err), &err);
    assert_ok(bl_tcp_port(fd, &port, &err), &err);
    return port;
}

static int
setup(void **state)
{
    static struct fixture f;
    struct bulla_error err = { 0 };
    uint16_t outside_port = 0;

    f = (struct fixture){ .relay = BL_PROCESS_NONE, .agent = -1, .monitor = -1, .outside = -1 };
    assert_ok(bl_tcp_listen(NULL, 0, &f.outside, &err), &err);
    assert_ok(bl_tcp_port(f.outside, &outside_port, &err), &err);
    manifest = (struct bl_manifest){ .listen_count = 1, .connect_count = 2 };
    manifest.listen[0] = (struct bl_manifest_port){ local(free_port()), 6379 };
    manifest.connect[0] = (struct bl_manifest_port){ local(outside_port), 5432 };
    manifest.connect[1] = (struct bl_manifest_port){ local(free_port()), 5433 };
    manifest.has_broker = true;
    manifest.broker.endpoint = local(outside_port);
    struct bl_relay_ends ends = { -1, -1 };
    assert_ok(bl_relay_start(&manifest, &f.relay, &ends, &err), &err);
    f.agent = ends.agent;
    f.monitor = ends.monitor;
    *state = &f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    bl_fd_close(&f->agent);
    bl_fd_close(&f->monitor);
    bl_fd_close(&f->outside);
    bl_process_done(&f->relay);
    return 0;
}

static void
ask(const struct fixture *f, struct bl_relay_packet packet)
{
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    struct bulla_error err = { 0 };
    size_t size = bl_relay_packet_encode(&packet, bytes);

    assert_ok(bl_packet_send(f->agent, (struct bulla_bytes){ bytes, size }, NULL, 0,
                             bl_clock_deadline(WAIT_MS), &err),
              &err);
}

static struct bl_relay_packet
hear(const struct fixture *f, int *fd_out)
{
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    struct bulla_error err = { 0 };
    struct bl_relay_packet packet = { 0 };
    size_t size = 0;

    assert_ok(bl_packet_receive(f->agent, bytes, sizeof bytes, &size, fd_out, 1,
                                bl_clock_deadline(WAIT_MS), &err),
              &err);
    assert_ok(bl_relay_packet_decode((struct bulla_bytes){ bytes, size }, &packet, &err), &err);
    return packet;
}

/* One byte goes through, from `a` to `b`. */
static void
assert_joined(int a, int b)
{
    struct bulla_error err = { 0 };
    uint8_t byte = 0;
    size_t got = 0;

    assert_ok(bl_socket_send(a, BL_LITERAL("x"), bl_clock_deadline(WAIT_MS), &err), &err);
    assert_ok(bl_socket_receive(b, &byte, 1, bl_clock_deadline(WAIT_MS), &got, &err), &err);
    assert_true(got == 1 && byte == 'x');
}

static void
assert_link_is_over(struct fixture *f)
{
    struct bulla_error err = { 0 };
    struct bl_process_end end = { 0 };

    assert_ok(bl_process_wait(&f->relay, bl_clock_deadline(WAIT_MS), &end, &err), &err);
}

static void
test_clients_come_in(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };

    for (unsigned i = 0; i < 3; i++) {
        BL_AUTO_FD client = -1, inside = -1;
        assert_ok(bl_tcp_connect(NULL, manifest.listen[0].outside.port, bl_clock_deadline(WAIT_MS),
                                 &client, &err),
                  &err);
        struct bl_relay_packet packet = hear(f, &inside);
        assert_int_equal(packet.kind, BL_RELAY_CLIENT);
        assert_int_equal(packet.port, 6379);
        assert_joined(client, inside);
        assert_joined(inside, client);
    }
}

static void
test_listed_places_can_be_reached(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    const struct bl_relay_packet requests[] = { { .kind = BL_RELAY_CONNECT, .id = 7, .index = 0 },
                                                { .kind = BL_RELAY_BROKER, .id = 0xfffffff0 } };

    for (size_t i = 0; i < 2; i++) {
        BL_AUTO_FD inside = -1, outside = -1;
        ask(f, requests[i]);
        struct bl_relay_packet answer = hear(f, &inside);
        assert_int_equal(answer.kind, BL_RELAY_ANSWER);
        assert_int_equal(answer.id, requests[i].id);
        assert_true(answer.connected);
        assert_ok(bl_socket_accept(f->outside, bl_clock_deadline(WAIT_MS), &outside, &err), &err);
        assert_joined(inside, outside);
    }
}

static void
test_nobody_there(void **state)
{
    struct fixture *f = *state;
    BL_AUTO_FD inside = -1;

    ask(f, (struct bl_relay_packet){ .kind = BL_RELAY_CONNECT, .id = 1, .index = 1 });
    struct bl_relay_packet answer = hear(f, &inside);
    assert_int_equal(answer.kind, BL_RELAY_ANSWER);
    assert_int_equal(answer.id, 1);
    assert_false(answer.connected);
}

static void
test_not_listed_ends_the_link(void **state)
{
    ask(*state, (struct bl_relay_packet){ .kind = BL_RELAY_CONNECT, .id = 1, .index = 2 });
    assert_link_is_over(*state);
}

static void
test_out_of_place_ends_the_link(void **state)
{
    struct fixture *f = *state;

    ask(f, (struct bl_relay_packet){ .kind = BL_RELAY_ANSWER, .id = 1 });
    assert_link_is_over(f);
}

static void
test_not_a_packet_ends_the_link(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };

    assert_ok(bl_packet_send(f->agent, BL_LITERAL("C\0\0\0\1\0\0"), NULL, 0,
                             bl_clock_deadline(WAIT_MS), &err),
              &err);
    assert_link_is_over(f);
}

static void
test_a_descriptor_ends_the_link(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };

    assert_ok(bl_packet_send(f->agent, BL_LITERAL("B\0\0\0\1"), &f->outside, 1,
                             bl_clock_deadline(WAIT_MS), &err),
              &err);
    assert_link_is_over(f);
}

static void
test_ends_with_the_agent(void **state)
{
    struct fixture *f = *state;

    bl_fd_close(&f->agent);
    assert_link_is_over(f);
}

/* More than may wait are answered all the same, and the link lives. */
static void
test_many_requests(void **state)
{
    struct fixture *f = *state;
    unsigned answered = 0;

    for (uint32_t id = 0; id < 8 * BL_RELAY_PENDING_MAX; id++)
        ask(f, (struct bl_relay_packet){ .kind = BL_RELAY_CONNECT, .id = id, .index = 1 });
    for (uint32_t id = 0; id < 8 * BL_RELAY_PENDING_MAX; id++) {
        BL_AUTO_FD inside = -1;
        answered += hear(f, &inside).connected ? 0 : 1;
    }
    assert_int_equal(answered, 8 * BL_RELAY_PENDING_MAX);
}

/* What the monitor writes reaches the agent beside what the relay does. */
static void
test_the_monitor_asks_the_agent(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    int pair[2] = { -1, -1 }, fd = -1;

    size_t size = bl_relay_packet_encode(
        &(struct bl_relay_packet){ .kind = BL_RELAY_HEALTH, .port = 6379 }, bytes);
    assert_ok(bl_unix_pair(BL_UNIX_STREAM, pair, &err), &err);
    assert_ok(bl_packet_send(f->monitor, (struct bulla_bytes){ bytes, size }, &pair[1], 1,
                             bl_clock_deadline(WAIT_MS), &err),
              &err);
    assert_int_equal(hear(f, &fd).kind, BL_RELAY_HEALTH);
    assert_joined(fd, pair[0]);
    bl_fd_close(&fd);
    bl_fd_close(&pair[0]);
    bl_fd_close(&pair[1]);
}

static void
test_address_in_use(void **state)
{
    struct bulla_error err = { 0 };
    struct bl_process second = BL_PROCESS_NONE;
    struct bl_relay_ends ends = { -1, -1 };

    (void)state;
    assert_true(bl_relay_start(&manifest, &second, &ends, &err) != BULLA_OK);
    assert_int_equal(ends.agent, -1);
    assert_int_equal(ends.monitor, -1);
    assert_int_equal(second.pidfd, -1);
}

#define with_relay(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_relay(test_clients_come_in),
        with_relay(test_listed_places_can_be_reached),
        with_relay(test_nobody_there),
        with_relay(test_not_listed_ends_the_link),
        with_relay(test_out_of_place_ends_the_link),
        with_relay(test_not_a_packet_ends_the_link),
        with_relay(test_a_descriptor_ends_the_link),
        with_relay(test_ends_with_the_agent),
        with_relay(test_many_requests),
        with_relay(test_the_monitor_asks_the_agent),
        with_relay(test_address_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

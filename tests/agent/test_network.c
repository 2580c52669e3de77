/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's end of the relay, with the test as monitor, client and program.
 */
#include "agent/network.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/link.h"
#include "agent/start_report.h"
#include "base/fault.h"
#include "enclave/agent_link.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"
#include "unit.h"

#define WAIT_MS 5000

struct ends {
    int monitor, agent;
};

static struct ends
make_relay(void)
{
    int pair[2];
    struct bulla_error err = { 0 };

    assert_ok(bl_unix_pair(BL_UNIX_PACKETS, pair, &err), &err);
    return (struct ends){ pair[0], pair[1] };
}

/* A packet of the monitor's, with one end of a new pair; the other end is returned. */
static int
say(int monitor, struct bl_relay_packet packet)
{
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    size_t size = bl_relay_packet_encode(&packet, bytes);
    struct bulla_error err = { 0 };
    int pair[2];

    assert_ok(bl_unix_pair(BL_UNIX_STREAM, pair, &err), &err);
    assert_ok(bl_packet_send(monitor, (struct bulla_bytes){ bytes, size }, &pair[1], 1,
                             bl_clock_deadline(WAIT_MS), &err),
              &err);
    close(pair[1]);
    return pair[0];
}

static bool
is_hung_up(int fd)
{
    uint8_t byte = 0;

    return bl_socket_wait(fd, POLLIN, bl_clock_deadline(WAIT_MS), NULL) == BULLA_OK &&
           recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

/* -- the way to the broker ----------------------------------------------------------------------- */

static void
test_a_connection_to_the_broker(void **state)
{
    struct ends relay = make_relay();
    struct bulla_error err = { 0 };
    struct bl_relay_packet request = { 0 };
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    size_t size = 0;
    int fd = -1;

    (void)state;
    int client = say(relay.monitor, (struct bl_relay_packet){ .kind = 'L', .port = 7 });
    int broker = say(relay.monitor, (struct bl_relay_packet){ .kind = 'A', .connected = true });
    assert_ok(bl_network_broker(relay.agent, bl_clock_deadline(WAIT_MS), &fd, &err), &err);
    assert_true(is_hung_up(client)); /* who came too early is sent away */
    assert_int_equal(send(broker, "x", 1, 0), 1);
    assert_int_equal(recv(fd, bytes, 1, 0), 1);
    assert_ok(bl_packet_receive(relay.monitor, bytes, sizeof bytes, &size, NULL, 0,
                                bl_clock_deadline(WAIT_MS), &err),
              &err);
    assert_ok(bl_relay_packet_decode((struct bulla_bytes){ bytes, size }, &request, &err), &err);
    assert_int_equal(request.kind, BL_RELAY_BROKER);
    close(fd);
    close(client);
    close(broker);
    close(relay.monitor);
    close(relay.agent);
}

static void
test_no_connection_to_the_broker(void **state)
{
    static const struct {
        struct bl_relay_packet packet;
        enum bulla_status status;
    } cases[] = {
        { { .kind = 'A', .connected = false }, BULLA_E_UNREACHABLE },
        { { .kind = 'A', .id = 77, .connected = true }, BULLA_E_MALFORMED },
        { { .kind = 'B' }, BULLA_E_MALFORMED },
        { { .kind = 'H', .port = 7 }, BULLA_E_MALFORMED }, /* before the program runs */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ends relay = make_relay();
        struct bulla_error err = { 0 };
        int fd = -1;
        int other = say(relay.monitor, cases[i].packet);
        assert_fails(bl_network_broker(relay.agent, bl_clock_deadline(WAIT_MS), &fd, &err),
                     cases[i].status, &err);
        assert_int_equal(fd, -1);
        assert_true(is_hung_up(other)); /* nothing stays open */
        close(other);
        assert_fails(bl_network_broker(relay.agent, bl_clock_deadline(20), &fd, &err),
                     BULLA_E_TIMEOUT, &err);
        close(relay.monitor);
        assert_fails(bl_network_broker(relay.agent, bl_clock_deadline(WAIT_MS), &fd, &err),
                     BULLA_E_UNREACHABLE, &err);
        close(relay.agent);
    }
}

/* -- while the program runs ---------------------------------------------------------------------- */

static struct bl_manifest
make_manifest(uint16_t listens, uint16_t connects)
{
    return (struct bl_manifest){ .listen = { { .inside_port = listens } },
                                 .listen_count = 1,
                                 .connect = { { .inside_port = connects } },
                                 .connect_count = connects == 0 ? 0 : 1 };
}

/* The network in a process of its own, until its monitor is gone; exit code: the status. */
static pid_t
start_network(struct ends *relay, const struct bl_manifest *manifest)
{
    pid_t child = fork();

    if (child == 0) {
        struct bl_network *network = NULL;
        struct bulla_error err = { 0 };
        for (int fd = STDERR_FILENO + 1; fd < 1024; fd++) { /* what the test listens at, say */
            if (fd != relay->agent)
                close(fd);
        }
        enum bulla_status status = bl_network_new(relay->agent, manifest, &network, &err);
        if (status == BULLA_OK)
            status = bl_network_run(network, NULL, 0, 0, &err);
        print_message("# %s: %s\n", err.where, err.what);
        _exit((int)status);
    }
    close(relay->agent);
    return child;
}

static int
end_of(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static uint16_t
free_port(int *listener_out)
{
    struct bulla_error err = { 0 };
    uint16_t port = 0;

    assert_ok(bl_tcp_listen(NULL, 0, listener_out, &err), &err);
    assert_ok(bl_tcp_port(*listener_out, &port, &err), &err);
    return port;
}

/* More than any buffer on the way, both directions at once, and the ends told apart. */
static void
exchange_a_lot(int a, int b)
{
    static uint8_t chunk[4096];
    const size_t total = 3 << 20;
    size_t sent[2] = { 0 }, got[2] = { 0 };
    int fds[2] = { a, b };

    while (got[0] < total || got[1] < total) {
        for (int i = 0; i < 2; i++) {
            memset(chunk, (int)(i + 1), sizeof chunk);
            ssize_t n = sent[i] < total
                            ? send(fds[i], chunk, sizeof chunk, MSG_DONTWAIT | MSG_NOSIGNAL)
                            : 0;
            sent[i] += n > 0 ? (size_t)n : 0;
            n = recv(fds[i], chunk, sizeof chunk, MSG_DONTWAIT);
            for (ssize_t k = 0; k < n; k++)
                assert_int_equal(chunk[k], 2 - i);
            got[i] += n > 0 ? (size_t)n : 0;
        }
    }
    assert_true(got[0] >= total && got[1] >= total);
    assert_int_equal(sent[0] - got[1], 0);
}

static void
test_clients_reach_the_program(void **state)
{
    struct ends relay = make_relay();
    struct bulla_error err = { 0 };
    BL_AUTO_FD listener = -1;
    BL_AUTO_FD inside = -1;
    uint8_t byte = 0;

    (void)state;
    uint16_t port = free_port(&listener);
    const struct bl_manifest manifest = make_manifest(port, 0);
    pid_t network = start_network(&relay, &manifest);
    BL_AUTO_FD client = say(relay.monitor, (struct bl_relay_packet){ .kind = 'L', .port = port });
    assert_ok(bl_socket_accept(listener, bl_clock_deadline(WAIT_MS), &inside, &err), &err);
    exchange_a_lot(client, inside);
    assert_int_equal(shutdown(client, SHUT_WR), 0); /* one direction ends, the other goes on */
    assert_true(is_hung_up(inside));
    assert_int_equal(send(inside, "x", 1, 0), 1);
    assert_ok(bl_socket_wait(client, POLLIN, bl_clock_deadline(WAIT_MS), &err), &err);
    assert_int_equal(recv(client, &byte, 1, 0), 1);
    bl_fd_close(&inside);
    assert_true(is_hung_up(client));
    bl_fd_close(&listener);
    BL_AUTO_FD refused = say(relay.monitor, (struct bl_relay_packet){ .kind = 'L', .port = port });
    assert_true(is_hung_up(refused)); /* the program does not listen */
    close(relay.monitor);
    assert_int_equal(end_of(network), BULLA_E_MALFORMED);
}

static void
test_the_monitor_asks_whether_it_listens(void **state)
{
    struct ends relay = make_relay();
    BL_AUTO_FD listener = -1;
    uint8_t answer[2] = { 0 };
    size_t size = 0;
    struct bulla_error err = { 0 };

    (void)state;
    uint16_t port = free_port(&listener);
    const struct bl_manifest manifest = make_manifest(port, 0);
    const struct bl_relay_packet question = { .kind = BL_RELAY_HEALTH, .port = port };
    pid_t network = start_network(&relay, &manifest);
    BL_AUTO_FD yes = say(relay.monitor, question);
    assert_ok(bl_socket_receive(yes, answer, 2, bl_clock_deadline(WAIT_MS), &size, &err), &err);
    assert_int_equal(size, 1); /* and nothing follows */
    assert_int_equal(answer[0], BL_RELAY_HEALTH_YES);
    bl_fd_close(&listener);
    BL_AUTO_FD no = say(relay.monitor, question);
    assert_true(is_hung_up(no));
    close(relay.monitor);
    assert_int_equal(end_of(network), BULLA_E_MALFORMED);
}

static void
test_the_program_reaches_the_outside(void **state)
{
    struct ends relay = make_relay();
    struct bulla_error err = { 0 };
    struct bl_relay_packet request = { 0 };
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    BL_AUTO_FD reserved = -1;
    BL_AUTO_FD program = -1;
    size_t size = 0;

    (void)state;
    uint16_t port = free_port(&reserved);
    bl_fd_close(&reserved);
    const struct bl_manifest manifest = make_manifest(1, port);
    pid_t network = start_network(&relay, &manifest);
    for (int granted = 0; granted < 2; granted++) {
        for (int i = 0; i < 200 && program < 0; i++) {
            if (bl_tcp_connect(NULL, port, bl_clock_deadline(WAIT_MS), &program, NULL) != BULLA_OK)
                bl_clock_sleep_ms(10);
        }
        assert_true(program >= 0);
        assert_ok(bl_packet_receive(relay.monitor, bytes, sizeof bytes, &size, NULL, 0,
                                    bl_clock_deadline(WAIT_MS), &err),
                  &err);
        assert_ok(bl_relay_packet_decode((struct bulla_bytes){ bytes, size }, &request, &err),
                  &err);
        assert_int_equal(request.kind, BL_RELAY_CONNECT);
        assert_int_equal(request.index, 0);
        BL_AUTO_FD outside = say(
            relay.monitor,
            (struct bl_relay_packet){ .kind = 'A', .id = request.id, .connected = granted == 1 });
        if (granted == 1)
            exchange_a_lot(program, outside);
        else
            assert_true(is_hung_up(program));
        bl_fd_close(&program);
    }
    /* a second answer to the same question is no answer */
    close(say(relay.monitor, (struct bl_relay_packet){ .kind = 'A', .id = request.id }));
    assert_int_equal(end_of(network), BULLA_E_MALFORMED);
    close(relay.monitor);
}

static void
test_a_port_that_is_not_listed(void **state)
{
    struct ends relay = make_relay();
    struct bulla_error err = { 0 };
    int nobody = -1;
    BL_AUTO_FD listener = -1;

    (void)state;
    uint16_t port = free_port(&listener);
    const struct bl_manifest manifest = make_manifest((uint16_t)(port ^ 1), 0);
    pid_t network = start_network(&relay, &manifest);
    BL_AUTO_FD client = say(relay.monitor, (struct bl_relay_packet){ .kind = 'L', .port = port });
    assert_int_equal(end_of(network), BULLA_E_MALFORMED);
    assert_true(is_hung_up(client));
    assert_fails(bl_socket_accept(listener, bl_clock_deadline(50), &nobody, &err), BULLA_E_TIMEOUT,
                 &err);
    close(relay.monitor);
}

static void
test_watched_and_deadline(void **state)
{
    struct ends relay = make_relay();
    const struct bl_manifest manifest = make_manifest(1, 0);
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_network) network = NULL;
    int ends[2], many[BL_WATCH_COUNT_MAX + 1] = { 0 };

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_ok(bl_network_new(relay.agent, &manifest, &network, &err), &err);
    assert_fails(bl_network_run(network, ends, 1, bl_clock_deadline(20), &err), BULLA_E_TIMEOUT,
                 &err);
    assert_fails(bl_network_run(network, many, BL_WATCH_COUNT_MAX + 1, 0, &err), BULLA_E_LIMIT,
                 &err);
    close(ends[1]);
    bulla_error_clear(&err);
    assert_ok(bl_network_run(network, ends, 1, bl_clock_deadline(WAIT_MS), &err), &err);
    close(ends[0]);
    close(relay.monitor);
    close(relay.agent);
}

/* What the program said last reaches a client who is slow to take it. */
static void
test_last_words(void **state)
{
    struct ends relay = make_relay();
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_network) network = NULL;
    BL_AUTO_FD listener = -1;
    BL_AUTO_FD inside = -1;
    static uint8_t words[100000], heard[100000];
    int ends[2];

    (void)state;
    uint16_t port = free_port(&listener);
    const struct bl_manifest manifest = make_manifest(port, 0);
    assert_ok(bl_network_new(relay.agent, &manifest, &network, &err), &err);
    int client = say(relay.monitor, (struct bl_relay_packet){ .kind = 'L', .port = port });
    (void)!bl_network_run(network, NULL, 0, bl_clock_deadline(100), NULL);
    assert_ok(bl_socket_accept(listener, bl_clock_deadline(WAIT_MS), &inside, &err), &err);
    memset(words, 'w', sizeof words);
    assert_ok(bl_socket_send(inside, BL_BYTES_OF(words), bl_clock_deadline(WAIT_MS), &err), &err);
    bl_fd_close(&inside);
    assert_int_equal(pipe(ends), 0);
    pid_t listening = fork();
    if (listening == 0) {
        size_t got = 0;
        close(relay.monitor);
        bl_clock_sleep_ms(200);
        bool all = bl_socket_receive(client, heard, sizeof heard, bl_clock_deadline(WAIT_MS), &got,
                                     NULL) == BULLA_OK &&
                   got == sizeof heard && memcmp(heard, words, sizeof heard) == 0;
        _exit(all ? 0 : 1);
    }
    close(client);
    bl_network_finish(network, bl_clock_deadline(WAIT_MS));
    assert_int_equal(end_of(listening), 0);
    close(ends[0]);
    close(ends[1]);
    close(relay.monitor);
    close(relay.agent);
}

static void
test_links_are_bounded(void **state)
{
    struct ends relay = make_relay();
    BL_AUTO_FD listener = -1;
    int clients[BL_LINK_COUNT_MAX + 8];
    unsigned refused = 0;

    (void)state;
    uint16_t port = free_port(&listener);
    const struct bl_manifest manifest = make_manifest(port, 0);
    pid_t network = start_network(&relay, &manifest);
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
        int inside = -1;
        clients[i] = say(relay.monitor, (struct bl_relay_packet){ .kind = 'L', .port = port });
        assert_int_equal(bl_socket_accept(listener, bl_clock_deadline(WAIT_MS), &inside, NULL),
                         BULLA_OK);
        bl_fd_close(&inside);
        shutdown(clients[i], SHUT_RD);
    }
    close(relay.monitor);
    assert_int_equal(end_of(network), BULLA_E_MALFORMED);
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
        refused += is_hung_up(clients[i]);
        close(clients[i]);
    }
    assert_int_equal(refused, sizeof clients / sizeof clients[0]);
}

static void
test_links_of_nothing(void **state)
{
    int pair[2];
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_unix_pair(BL_UNIX_STREAM, pair, &err), &err);
    assert_null(bl_link_new(pair[0], -1));
    assert_true(is_hung_up(pair[1])); /* closed with it */
    close(pair[1]);
    bl_link_free(NULL);
}

/* -- reports of children ------------------------------------------------------------------------- */

static void
test_start_reports(void **state)
{
    static const enum bulla_cause causes[] = { BULLA_CAUSE_NONE, BULLA_CAUSE_INTEGRITY,
                                               BULLA_CAUSE_TIMEOUT, BULLA_CAUSE_PCR_CHANGED };
    struct bulla_error err = { 0 };
    int pair[2];

    (void)state;
    assert_ok(bl_unix_pair(BL_UNIX_STREAM, pair, &err), &err);
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        const struct bulla_error said = { .cause = causes[i] };
        bl_start_report_send(pair[0], &said);
        bulla_error_clear(&err);
        assert_int_equal(bl_start_report_receive(pair[1], bl_clock_deadline(WAIT_MS), &err),
                         bulla_cause_status(causes[i]));
        assert_int_equal(err.cause, causes[i]);
    }
    assert_int_equal(send(pair[0], "\xff\xfe\0", 3, 0), 3);
    assert_fails(bl_start_report_receive(pair[1], bl_clock_deadline(WAIT_MS), &err),
                 BULLA_E_MALFORMED, &err);
    close(pair[0]);
    assert_fails(bl_start_report_receive(pair[1], bl_clock_deadline(WAIT_MS), &err),
                 BULLA_E_UNREACHABLE, &err); /* half a word */
    close(pair[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_connection_to_the_broker),
        cmocka_unit_test(test_no_connection_to_the_broker),
        cmocka_unit_test(test_clients_reach_the_program),
        cmocka_unit_test(test_the_monitor_asks_whether_it_listens),
        cmocka_unit_test(test_the_program_reaches_the_outside),
        cmocka_unit_test(test_a_port_that_is_not_listed),
        cmocka_unit_test(test_watched_and_deadline),
        cmocka_unit_test(test_last_words),
        cmocka_unit_test(test_links_are_bounded),
        cmocka_unit_test(test_links_of_nothing),
        cmocka_unit_test(test_start_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

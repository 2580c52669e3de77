/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate in a process of its own, between a client over TCP and the test in the vault's place:
 * what the vault said last is carried, whatever the peer is still saying.
 */
#include "http/tls_fixture.h"

#include <poll.h>
#include <sys/wait.h>

#include "broker/gate.h"
#include "broker/ipc.h"
#include "codec/cbor.h"
#include "codec/writer.h"

#define SOON bl_clock_deadline(10000)
#define MOMENT_MS 200 /* for a gate that would hang up to have done it */

struct scene {
    struct bl_key *root;
    pid_t gate;
    int connections_fd; /* the vault's ends */
    int certificates_fd;
    int client_fd;
    int vault_fd; /* of the one connection */
    struct bl_tls *client;
};

/* The gate asks once: a certificate for its TLS key. */
static void
certify(struct scene *s)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) spki = { 0 };
    BL_AUTO(bulla_buffer) root_der = { 0 };
    BL_AUTO(bulla_buffer) leaf_der = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };

    authority_certificate(s->root, &root_der);
    assert_ok(bl_frame_receive(s->certificates_fd, 4096, SOON, &spki, &err), &err);
    leaf_certificate_of(bulla_buffer_bytes(&spki), s->root, bulla_buffer_bytes(&root_der),
                        bl_clock_now_s() + 3600, &leaf_der);
    struct bl_writer w = bl_writer(&answer);
    bl_cbor_write_array(&w, 2);
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&leaf_der));
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&root_der));
    assert_ok(bl_writer_finish(&w, &err), &err);
    assert_ok(bl_frame_send(s->certificates_fd, bulla_buffer_bytes(&answer), 65536, SOON, &err),
              &err);
}

/* A connection, as far as the vault's first word of it. */
static void
open_connection(struct scene *s, uint16_t port)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) opened = { 0 };
    char word[4];
    size_t size = 0;

    assert_ok(bl_tcp_connect(NULL, port, SOON, &s->client_fd, &err), &err);
    assert_ok(
        bl_tls_connect(s->root, bl_clock_now_s(), s->client_fd, HANDSHAKE_MS, &s->client, &err),
        &err);
    assert_ok(
        bl_packet_receive(s->connections_fd, word, sizeof word, &size, &s->vault_fd, 1, SOON, &err),
        &err);
    assert_ok(bl_frame_receive(s->vault_fd, BL_IPC_FRAME_SIZE_MAX, SOON, &opened, &err), &err);
}

static int
setup(void **state)
{
    static struct scene scene;
    struct scene *s = &scene;
    struct bulla_error err = { 0 };
    int connections[2], certificates[2], listener = -1;
    uint16_t port = 0;

    *s = (struct scene){ .root = new_key(BL_KEY_ED25519), .client_fd = -1, .vault_fd = -1 };
    assert_ok(bl_unix_pair(BL_UNIX_PACKETS, connections, &err), &err);
    assert_ok(bl_unix_pair(BL_UNIX_STREAM, certificates, &err), &err);
    assert_ok(bl_tcp_listen(NULL, 0, &listener, &err), &err);
    assert_ok(bl_tcp_port(listener, &port, &err), &err);
    s->gate = fork();
    assert_true(s->gate >= 0);
    if (s->gate == 0) {
        const struct bl_gate_sockets sockets = { connections[1], certificates[1] };
        close(connections[0]);
        close(certificates[0]);
        _exit(bl_gate_run(listener, &sockets, &err) == BULLA_OK ? 0 : 1);
    }
    close(connections[1]);
    close(certificates[1]);
    close(listener);
    s->connections_fd = connections[0];
    s->certificates_fd = certificates[0];
    certify(s);
    open_connection(s, port);
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    struct scene *s = *state;
    int status = 0;

    bl_tls_free(s->client);
    close(s->client_fd);
    close(s->vault_fd);
    close(s->connections_fd);
    close(s->certificates_fd);
    bl_key_free(s->root);
    assert_int_equal(waitpid(s->gate, &status, 0), s->gate);
    assert_int_equal(status, 0); /* it ends with the vault, and says that nothing failed */
    return 0;
}

static void
vault_says(struct scene *s, const struct bl_ipc_message *message)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    assert_ok(bl_ipc_encode(message, &bytes, &err), &err);
    assert_ok(
        bl_frame_send(s->vault_fd, bulla_buffer_bytes(&bytes), BL_IPC_FRAME_SIZE_MAX, SOON, &err),
        &err);
}

static void
vault_refuses(struct scene *s)
{
    vault_says(s, &(struct bl_ipc_message){ .kind = BL_IPC_SEND, .body = BL_LITERAL("refused") });
    vault_says(s, &(struct bl_ipc_message){ .kind = BL_IPC_CLOSE });
}

static void
client_says(struct scene *s)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_tls_send_frame(s->client, BL_LITERAL("and then"), 5000, &err), &err);
}

static void
client_hears_the_refusal(struct scene *s)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) heard = { 0 };

    assert_ok(bl_tls_receive_frame(s->client, 5000, &heard, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&heard), BL_LITERAL("refused"));
    assert_cause(bl_tls_receive_frame(s->client, 5000, &heard, &err), BULLA_CAUSE_CONNECTION_CLOSED,
                 &err);
}

/* The gate cannot deliver a question: the answer that the vault gives before it goes counts. */
static void
test_a_vault_that_hears_no_more_is_still_carried(void **state)
{
    struct scene *s = *state;

    shutdown(s->vault_fd, SHUT_RD);
    client_says(s);
    struct pollfd gone = { .fd = s->vault_fd, .events = 0 };
    assert_int_equal(poll(&gone, 1, MOMENT_MS), 0);
    vault_refuses(s);
    client_hears_the_refusal(s);
}

/* A peer in the middle of its questions is not reset before it has read the answer. */
static void
test_a_peer_that_still_talks_hears_the_refusal(void **state)
{
    struct scene *s = *state;

    vault_refuses(s);
    struct pollfd gone = { .fd = s->vault_fd, .events = 0 };
    assert_int_equal(poll(&gone, 1, 5000), 1); /* the gate is done with the vault */
    for (unsigned i = 0; i < 3; i++) {
        poll(NULL, 0, MOMENT_MS / 4);
        client_says(s);
    }
    client_hears_the_refusal(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_vault_that_hears_no_more_is_still_carried, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_peer_that_still_talks_hears_the_refusal, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

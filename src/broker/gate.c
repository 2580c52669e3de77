/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "broker/ipc.h"
#include "codec/cbor.h"
#include "crypto/x509.h"
#include "http/tls.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"

#define HANDSHAKE_MS 10000
#define FRAME_MS 10000
#define IDLE_MS 60000
#define CONNECTION_MS 600000
#define CONTROL_MS 10000
#define LINGER_MS 10000 /* as long as a peer may take for a frame */
#define RENEW_BEFORE_S ((int64_t)12 * 3600)
#define THREAD_STACK_SIZE ((size_t)512 * 1024)
#define PEER_SIZE 64

struct gate {
    struct bl_tls_server *tls;
    struct bl_gate_sockets vault;
    pthread_mutex_t mutex; /* of what follows */
    size_t connection_count;
    struct {
        char peer[PEER_SIZE];
        size_t count;
    } peers[BL_GATE_CONNECTIONS_MAX];
};

struct connection {
    struct gate *gate;
    int fd;
    char peer[PEER_SIZE]; /* address without port */
};

static void
describe_peer(int fd, char peer_out[PEER_SIZE])
{
    struct sockaddr_storage address = { 0 };
    socklen_t size = sizeof address;

    snprintf(peer_out, PEER_SIZE, "unknown");
    if (getpeername(fd, (struct sockaddr *)&address, &size) != 0)
        return;
    if (address.ss_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)&address)->sin_addr, peer_out, PEER_SIZE);
    else if (address.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&address)->sin6_addr, peer_out, PEER_SIZE);
}

/* Room for one more of this peer? Then it is counted. */
static bool
admit(struct gate *gate, const char *peer)
{
    bool admitted = false;

    pthread_mutex_lock(&gate->mutex);
    size_t slot = BL_GATE_CONNECTIONS_MAX;
    for (size_t i = 0; i < BL_GATE_CONNECTIONS_MAX; i++) {
        if (gate->peers[i].count > 0 && strcmp(gate->peers[i].peer, peer) == 0) {
            slot = i;
            break;
        }
        if (gate->peers[i].count == 0 && slot == BL_GATE_CONNECTIONS_MAX)
            slot = i;
    }
    if (gate->connection_count < BL_GATE_CONNECTIONS_MAX && slot < BL_GATE_CONNECTIONS_MAX &&
        gate->peers[slot].count < BL_GATE_CONNECTIONS_PER_PEER_MAX) {
        snprintf(gate->peers[slot].peer, PEER_SIZE, "%s", peer);
        gate->peers[slot].count++;
        gate->connection_count++;
        admitted = true;
    }
    pthread_mutex_unlock(&gate->mutex);
    return admitted;
}

static void
dismiss(struct gate *gate, const char *peer)
{
    pthread_mutex_lock(&gate->mutex);
    for (size_t i = 0; i < BL_GATE_CONNECTIONS_MAX; i++) {
        if (gate->peers[i].count > 0 && strcmp(gate->peers[i].peer, peer) == 0) {
            gate->peers[i].count--;
            gate->connection_count--;
            break;
        }
    }
    pthread_mutex_unlock(&gate->mutex);
}

static enum bulla_status
tell_vault(int vault_fd, const struct bl_ipc_message *message, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };

    BL_TRY(bl_ipc_encode(message, &bytes, err));
    enum bulla_status status =
        bl_frame_send(vault_fd, bulla_buffer_bytes(&bytes), BL_IPC_FRAME_SIZE_MAX,
                      bl_clock_deadline(FRAME_MS), err);
    if (message->kind == BL_IPC_EXPORTED)
        bl_wipe(bytes.data, bytes.size);
    return status;
}

/* Hand one end of a fresh socket pair to the vault; the other is ours. */
static enum bulla_status
introduce(struct gate *gate, int *vault_fd_out, struct bulla_error *err)
{
    int pair[2];

    BL_TRY(bl_unix_pair(BL_UNIX_STREAM, pair, err));
    pthread_mutex_lock(&gate->mutex);
    enum bulla_status status = bl_packet_send(gate->vault.connections_fd, BL_LITERAL("C"), &pair[1],
                                              1, bl_clock_deadline(CONTROL_MS), err);
    pthread_mutex_unlock(&gate->mutex);
    close(pair[1]);
    if (status != BULLA_OK) {
        close(pair[0]);
        return status;
    }
    *vault_fd_out = pair[0];
    return BULLA_OK;
}

static enum bulla_status
export_for_vault(const struct bl_tls *tls, int vault_fd, const struct bl_ipc_message *asked,
                 struct bulla_error *err)
{
    BL_AUTO(bl_secret) exported = { 0 };
    char label[BL_IPC_LABEL_SIZE_MAX + 1] = { 0 };

    if (asked->size != BL_EXPORTER_SIZE || asked->label.size > BL_IPC_LABEL_SIZE_MAX)
        return bulla_fail(err, BULLA_E_MALFORMED, "vault message", "not an export of ours", 0);
    memcpy(label, asked->label.data, asked->label.size);
    BL_TRY(bl_tls_export(tls, label, asked->context, BL_EXPORTER_SIZE, &exported, err));
    const struct bl_ipc_message answer = { .kind = BL_IPC_EXPORTED,
                                           .body = bl_secret_bytes(&exported) };
    return tell_vault(vault_fd, &answer, err);
}

/* One message of the vault; *closed_out when it is done with the connection. */
static enum bulla_status
obey_vault(struct bl_tls *tls, int vault_fd, bool *closed_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_ipc_message message = { 0 };

    BL_TRY(bl_frame_receive(vault_fd, BL_IPC_FRAME_SIZE_MAX, bl_clock_deadline(FRAME_MS), &bytes,
                            err));
    BL_TRY(bl_ipc_decode(bulla_buffer_bytes(&bytes), &message, err));
    switch (message.kind) {
    case BL_IPC_SEND:
        return bl_tls_send_frame(tls, message.body, FRAME_MS, err);
    case BL_IPC_EXPORT:
        return export_for_vault(tls, vault_fd, &message, err);
    case BL_IPC_CLOSE:
        *closed_out = true;
        return BULLA_OK;
    case BL_IPC_OPENED:
    case BL_IPC_FRAME:
    case BL_IPC_EXPORTED:
        break;
    }
    return bulla_fail(err, BULLA_E_MALFORMED, "vault message", "not the vault's to say", 0);
}

/* One message of the peer. A vault that no longer takes it has said its last words, which are still
 * to be carried: *heard_out becomes false then, and nothing has failed. */
static enum bulla_status
carry_frame(struct bl_tls *tls, int vault_fd, bool *heard_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };

    BL_TRY(bl_tls_receive_frame(tls, FRAME_MS, &body, err));
    const struct bl_ipc_message message = { .kind = BL_IPC_FRAME,
                                            .body = bulla_buffer_bytes(&body) };
    *heard_out = tell_vault(vault_fd, &message, NULL) == BULLA_OK;
    return BULLA_OK;
}

/* Carry messages both ways until either side is done or time is up. */
static enum bulla_status
pump(struct bl_tls *tls, int peer_fd, int vault_fd, struct bulla_error *err)
{
    int64_t end = bl_clock_deadline(CONNECTION_MS);
    bool closed = false;
    bool heard = true;

    while (!closed) {
        struct pollfd entries[2] = { { .fd = heard ? peer_fd : -1, .events = POLLIN },
                                     { .fd = vault_fd, .events = POLLIN } };
        bool pending = heard && bl_tls_has_pending(tls);
        int ready = poll(entries, 2, pending ? 0 : IDLE_MS);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0 || (ready == 0 && !pending) || bl_clock_monotonic_ms() > end)
            return bulla_fail(err, BULLA_E_TIMEOUT, "gate", "the connection was idle", 0);
        if (entries[1].revents != 0) /* the vault first: its answers come before new questions */
            BL_TRY(obey_vault(tls, vault_fd, &closed, err));
        else if (pending || entries[0].revents != 0)
            BL_TRY(carry_frame(tls, vault_fd, &heard, err));
    }
    return BULLA_OK;
}

static enum bulla_status
serve(struct connection *connection, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_tls) tls = NULL;
    struct bl_ipc_message opened = { .kind = BL_IPC_OPENED };
    int vault_fd = -1;

    BL_TRY(bl_tls_accept(connection->gate->tls, connection->fd, HANDSHAKE_MS, &tls, err));
    BL_TRY(bl_tls_facts(tls, &opened.tls, err));
    opened.peer =
        (struct bulla_bytes){ (const uint8_t *)connection->peer, strlen(connection->peer) };
    BL_TRY(introduce(connection->gate, &vault_fd, err));
    enum bulla_status status = tell_vault(vault_fd, &opened, err);
    if (status == BULLA_OK)
        status = pump(tls, connection->fd, vault_fd, err);
    close(vault_fd);
    return status;
}

static void *
connection_thread(void *argument)
{
    struct connection *connection = argument;
    struct bulla_error err = { 0 };

    /* Whatever failed here is the connection's own end; the vault audits what matters. */
    if (serve(connection, &err) != BULLA_OK)
        bulla_error_clear(&err);
    bl_socket_close_lingering(&connection->fd, bl_clock_deadline(LINGER_MS));
    dismiss(connection->gate, connection->peer);
    bl_free(connection);
    return NULL;
}

static void
start_connection(struct gate *gate, int fd)
{
    struct connection *connection = bl_alloc(1, sizeof *connection);
    pthread_attr_t attributes;
    pthread_t thread;

    if (connection == NULL) {
        close(fd);
        return;
    }
    *connection = (struct connection){ .gate = gate, .fd = fd };
    describe_peer(fd, connection->peer);
    if (!admit(gate, connection->peer)) { /* shed before TLS: the cheapest place (R14) */
        close(fd);
        bl_free(connection);
        return;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, THREAD_STACK_SIZE);
    bool started = pthread_create(&thread, &attributes, connection_thread, connection) == 0;
    pthread_attr_destroy(&attributes);
    if (!started) {
        dismiss(gate, connection->peer);
        close(fd);
        bl_free(connection);
    }
}

/* Ask the vault for a certificate of the TLS key and serve with it. */
static enum bulla_status
renew_certificate(struct gate *gate, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) question = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };
    const int fd = gate->vault.certificates_fd;

    BL_TRY(bl_tls_server_spki(gate->tls, &question, err));
    BL_TRY(bl_frame_send(fd, bulla_buffer_bytes(&question), BL_CERTIFICATE_SIZE_MAX,
                         bl_clock_deadline(CONTROL_MS), err));
    BL_TRY(bl_frame_receive(fd, 3 * BL_CERTIFICATE_SIZE_MAX, bl_clock_deadline(CONTROL_MS), &answer,
                            err));
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&answer), "certificates");
    if (bl_cbor_read_array(&r, 2) != 2)
        bl_reader_fail(&r, "not leaf and root");
    struct bulla_bytes leaf = bl_cbor_read_bytes(&r, BL_CERTIFICATE_SIZE_MAX);
    struct bulla_bytes root = bl_cbor_read_bytes(&r, BL_CERTIFICATE_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    return bl_tls_server_set_certificate(gate->tls, leaf, root, err);
}

static enum bulla_status
accept_loop(struct gate *gate, int listen_fd, struct bulla_error *err)
{
    int64_t renew_at = bl_clock_deadline(1000 * RENEW_BEFORE_S);

    for (;;) {
        struct pollfd entries[2] = { { .fd = listen_fd, .events = POLLIN },
                                     { .fd = gate->vault.connections_fd, .events = 0 } };
        int ready = poll(entries, 2, 60000);
        if (ready < 0 && errno != EINTR)
            return bulla_fail_detail(err, BULLA_CAUSE_IO, "gate", "poll", (unsigned long)errno);
        if ((entries[1].revents & (POLLHUP | POLLERR)) != 0)
            return BULLA_OK; /* the vault is gone: nothing to serve */
        if (bl_clock_monotonic_ms() > renew_at) {
            BL_TRY(renew_certificate(gate, err));
            renew_at = bl_clock_deadline(1000 * RENEW_BEFORE_S);
        }
        int fd = -1;
        struct bulla_error accepting = { 0 };
        if (ready > 0 && entries[0].revents != 0 &&
            bl_socket_accept(listen_fd, bl_clock_deadline(1000), &fd, &accepting) == BULLA_OK)
            start_connection(gate, fd);
    }
}

enum bulla_status
bl_gate_run(int listen_fd, const struct bl_gate_sockets *vault, struct bulla_error *err)
{
    struct gate *gate = bl_alloc(1, sizeof *gate);

    if (gate == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "gate", "out of memory", 0);
    gate->vault = *vault;
    (void)signal(SIGPIPE,
                 SIG_IGN); /* or a peer that hangs up early ends the service of all (X13) */
    pthread_mutex_init(&gate->mutex, NULL);
    enum bulla_status status = bl_tls_server_new(&gate->tls, err);
    if (status == BULLA_OK)
        status = renew_certificate(gate, err);
    if (status == BULLA_OK)
        status = accept_loop(gate, listen_fd, err);
    /* Connection threads may still hold the gate; the process ends with them. */
    return status;
}

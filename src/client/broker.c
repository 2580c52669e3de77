/* SPDX-License-Identifier: Apache-2.0 */
#include "client/broker.h"

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"

enum bulla_status
bl_broker_connect_fd(int fd, const uint8_t root[BL_BROKER_ROOT_SIZE], unsigned timeout_ms,
                     struct bl_broker_connection *out, struct bulla_error *err)
{
    BL_AUTO(bl_broker_connection) connection = { .fd = fd };
    const struct bulla_bytes raw = { root, BL_BROKER_ROOT_SIZE };

    BL_TRY(bl_key_from_raw_public(BL_KEY_ED25519, raw, &connection.root, err));
    BL_TRY(bl_hash_once(BL_SHA256, raw, connection.broker_id, err));
    BL_TRY(bl_tls_connect(connection.root, bl_clock_now_s(), fd, timeout_ms, &connection.tls, err));
    *out = connection;
    connection = (struct bl_broker_connection)BL_BROKER_CONNECTION_NONE;
    return BULLA_OK;
}

enum bulla_status
bl_broker_connect(const struct bl_broker_address *address, unsigned timeout_ms,
                  struct bl_broker_connection *out, struct bulla_error *err)
{
    int fd = -1;

    BL_TRY(bl_tcp_connect(address->endpoint.host, address->endpoint.port,
                          bl_clock_deadline(timeout_ms), &fd, err));
    return bl_broker_connect_fd(fd, address->root, timeout_ms, out, err);
}

void
bl_broker_connection_done(struct bl_broker_connection *connection)
{
    bl_tls_free(connection->tls);
    bl_key_free(connection->root);
    bl_fd_close(&connection->fd);
    *connection = (struct bl_broker_connection)BL_BROKER_CONNECTION_NONE;
}

enum bulla_status
bl_broker_exchange(const struct bl_broker_connection *connection, enum bl_message send,
                   struct bulla_bytes content, enum bl_message expect, enum bl_session_state *state,
                   unsigned timeout_ms, struct bulla_buffer *content_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bulla_bytes received = { NULL, 0 };

    BL_TRY(bl_carrier_encode(send, content, &body, err));
    BL_TRY(bl_tls_send_frame(connection->tls, bulla_buffer_bytes(&body), timeout_ms, err));
    BL_TRY(bl_tls_receive_frame(connection->tls, timeout_ms, &body, err));
    enum bl_message kind = bl_message_kind(bulla_buffer_bytes(&body));
    if (kind == BL_MESSAGE_ALERT)
        return bulla_fail(err, BULLA_E_REFUSED, "broker", "it refused", 0);
    *state = bl_session_next(BL_ROLE_CLIENT, *state, kind);
    if (*state == BL_SESSION_CLOSED)
        return bulla_fail(err, BULLA_E_MALFORMED, "broker", "a message out of its order", 0);
    BL_TRY(bl_carrier_decode(expect, bulla_buffer_bytes(&body), &received, err));
    return bulla_buffer_append(content_out, received, err);
}

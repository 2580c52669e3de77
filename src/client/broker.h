/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/broker.h: a connection to a broker whose root key is known beforehand.
 *
 * There is no trust on first use: the root key is part of the address.
 */
#ifndef BL_CLIENT_BROKER_H
#define BL_CLIENT_BROKER_H

#include "channel/client.h"
#include "wire/address.h"
#include "wire/release.h"

struct bl_broker_connection {
    int fd; /* -1: none */
    struct bl_tls *tls;
    struct bl_key *root;
    uint8_t broker_id[BL_BROKER_ID_SIZE];
};
#define BL_BROKER_CONNECTION_NONE \
    {                             \
        .fd = -1                  \
    }

/** Resolve, connect, handshake. BULLA_E_UNREACHABLE, BULLA_E_TIMEOUT, BULLA_E_UNTRUSTED (not the
 *  broker of this root key). */
enum bulla_status bl_broker_connect(const struct bl_broker_address *address, unsigned timeout_ms,
                                    struct bl_broker_connection *out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** As bl_broker_connect() on a connected socket, which is taken over (an enclave gets one from its
 *  relay). */
enum bulla_status bl_broker_connect_fd(int fd, const uint8_t root[BL_BROKER_ROOT_SIZE],
                                       unsigned timeout_ms, struct bl_broker_connection *out,
                                       struct bulla_error *err) BULLA_CHECKED;
void bl_broker_connection_done(struct bl_broker_connection *connection);

/** Send one carrier message and receive another, as the session table of the client has it: for
 *  enrolment and administration. *state moves on; an alert is BULLA_E_REFUSED. Appended. */
enum bulla_status bl_broker_exchange(const struct bl_broker_connection *connection,
                                     enum bl_message send, struct bulla_bytes content,
                                     enum bl_message expect, enum bl_session_state *state,
                                     unsigned timeout_ms, struct bulla_buffer *content_out,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/gate.h: the process that faces the network.
 *
 * It accepts, ends TLS, and carries frames between each connection and the vault; it parses nothing
 * but lengths, and holds no key but its short-lived TLS key. Its sockets are given to it.
 */
#ifndef BL_BROKER_GATE_H
#define BL_BROKER_GATE_H

#include "bulla/status.h"

#define BL_GATE_CONNECTIONS_MAX 256
#define BL_GATE_CONNECTIONS_PER_PEER_MAX 64 /* of one source address */

/** The gate's sockets to the vault. */
struct bl_gate_sockets {
    int connections_fd;  /* packets, each with the socket of one new connection */
    int certificates_fd; /* frames: the SPKI of the TLS key out, CBOR [leaf, root] (DER) in */
};
/** Serve until the vault is gone. */
enum bulla_status bl_gate_run(int listen_fd, const struct bl_gate_sockets *vault,
                              struct bulla_error *err) BULLA_CHECKED;

#endif

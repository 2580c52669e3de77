/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/ipc.h: what gate and vault say to each other about one connection.
 *
 * Each connection has a socket pair of its own, so that sessions cannot be mixed up. Frames of
 * deterministic CBOR arrays [kind, ...]. The vault believes of the gate only what it must: the TLS
 * facts and the exporter (a captured gate voids the channel binding, not the secrecy of secrets).
 */
#ifndef BL_BROKER_IPC_H
#define BL_BROKER_IPC_H

#include "wire/channel.h"

#define BL_IPC_FRAME_SIZE_MAX (BL_FRAME_SIZE_MAX + 64) /* bytes: a frame of the channel, wrapped */
#define BL_IPC_LABEL_SIZE_MAX 64

enum bl_ipc_kind {
    BL_IPC_OPENED = 1,   /* gate: [1, server SPKI hash, client SPKI hash / null, suite, peer] */
    BL_IPC_FRAME = 2,    /* gate: [2, body] */
    BL_IPC_EXPORTED = 3, /* gate: [3, bytes] */
    BL_IPC_SEND = 4,     /* vault: [4, body] */
    BL_IPC_EXPORT = 5,   /* vault: [5, label, context, size] */
    BL_IPC_CLOSE = 6     /* vault: [6] */
};

struct bl_ipc_message {
    enum bl_ipc_kind kind;
    struct bl_tls_facts tls;    /* OPENED */
    struct bulla_bytes peer;    /* OPENED: text of the peer's address, for the audit log */
    struct bulla_bytes body;    /* FRAME, SEND, EXPORTED */
    struct bulla_bytes label;   /* EXPORT: text */
    struct bulla_bytes context; /* EXPORT */
    uint64_t size;              /* EXPORT */
};
enum bulla_status bl_ipc_encode(const struct bl_ipc_message *message, struct bulla_buffer *out,
                                struct bulla_error *err) BULLA_CHECKED;
/** Borrows from `bytes`. BULLA_E_MALFORMED. */
enum bulla_status bl_ipc_decode(struct bulla_bytes bytes, struct bl_ipc_message *out,
                                struct bulla_error *err) BULLA_CHECKED;

#endif

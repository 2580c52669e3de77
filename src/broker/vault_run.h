/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/vault_run.h: the vault's process: open the state, then serve sessions.
 */
#ifndef BL_BROKER_VAULT_RUN_H
#define BL_BROKER_VAULT_RUN_H

#include "broker/broker.h"
#include "broker/gate.h"

#define BL_VAULT_SESSIONS_MAX 256

/* What the supervisor hands over later comes in packets of one byte and one descriptor. */
enum bl_vault_gift {
    BL_GIFT_CONNECTIONS = 'C',  /* of a new gate: bl_gate_sockets.connections_fd's other end */
    BL_GIFT_CERTIFICATES = 'K', /* of a new gate */
    BL_GIFT_APPRAISER = 'A',    /* of a new appraiser */
    BL_GIFT_FETCHER = 'F'       /* of a new fetcher */
};

/** What the vault says to the supervisor after its greeting, in a packet each: the audit log can no
 *  longer be written, or (cause BULLA_CAUSE_NONE) it can again. */
struct bl_vault_notice {
    uint32_t cause;
    uint32_t detail; /* errno */
};

/** Open the state, say so to the supervisor (one packet: is_first, root public key), give up what is
 *  not needed any more, then serve until `supervisor_fd` ends; then record what was only
 *  counted. */
enum bulla_status bl_vault_run(const struct bl_broker_options *options, int supervisor_fd,
                               struct bulla_error *err) BULLA_CHECKED;

#endif

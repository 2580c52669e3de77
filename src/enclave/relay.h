/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/relay.h: the only way between an enclave and the network: a process of its own beside the
 * monitor, which never holds what the monitor holds.
 *
 * It listens where the manifest says and hands each client over to the agent; on request it connects
 * to what the manifest lists, or to its broker, and hands that over. Messages:
 * enclave/agent_link.h.
 * Guarantees: nothing else can be reached through it; at most BL_RELAY_PENDING_MAX requests at a
 * time; a client or an answer that the agent does not take within BL_RELAY_SEND_TIMEOUT_MS is closed;
 * a message out of place ends the link. It ends when the agent does.
 * Does not: look at what flows, which goes past it; limit how many connections the agent keeps (its
 * limit of open files does).
 */
#ifndef BL_ENCLAVE_RELAY_H
#define BL_ENCLAVE_RELAY_H

#include "enclave/agent_link.h"
#include "sys/process.h"

#define BL_RELAY_SEND_TIMEOUT_MS 1000
#define BL_RELAY_CONNECT_TIMEOUT_MS 10000

/** The ends of a relay's link. */
struct bl_relay_ends {
    int agent;
    int monitor; /* a copy of the relay's own, to write to */
};
/** Listen, then start the relay of `manifest`. Failures to listen have the number of the port in the
 *  list as offset. */
enum bulla_status bl_relay_start(const struct bl_manifest *manifest, struct bl_process *process_out,
                                 struct bl_relay_ends *ends_out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/health.h: does the program of an enclave still take connections?
 *
 * The monitor asks the agent on its relay link (BL_RELAY_HEALTH, enclave/agent_link.h), which
 * connects to the port inside and says so; after BL_HEALTH_FAILURE_MAX failures in a row the enclave
 * counts as failed. Nothing here waits.
 * Guarantees: only an answer that comes in time counts; an agent that says no, nothing, or that
 * cannot be asked, is a failure.
 * Does not: look at what the program answers to its clients.
 */
#ifndef BL_ENCLAVE_HEALTH_H
#define BL_ENCLAVE_HEALTH_H

#include "base/cleanup.h"
#include "policy/manifest.h"

#define BL_HEALTH_FAILURE_MAX 3u /* in a row: one may be an accident */

enum bl_health_state { BL_HEALTH_NONE = 0, BL_HEALTH_OK, BL_HEALTH_FAILING };

struct bl_health {
    enum bl_health_state state; /* of the last check; NONE: there was none */
    int relay_fd;               /* the agent's relay link, to be written to; borrowed */
    uint16_t port;              /* inside; 0: nobody checks */
    unsigned interval_ms, timeout_ms;
    int answer_fd;     /* where the answer will come; -1: nothing was asked */
    int64_t at;        /* when the next check, or the answer, is due; INT64_MAX: never */
    unsigned failures; /* in a row */
};
#define BL_HEALTH_NOBODY                                 \
    {                                                    \
        .relay_fd = -1, .answer_fd = -1, .at = INT64_MAX \
    }

/** The program runs: the first check is due one interval later. Does nothing where the manifest has
 *  no health check. */
void bl_health_begin(struct bl_health *health, const struct bl_manifest *manifest, int relay_fd);
/** To be called when answer_fd is readable and when `at` has passed; does nothing otherwise. False:
 *  it has failed too often. */
bool bl_health_step(struct bl_health *health) BULLA_CHECKED;
void bl_health_done(struct bl_health *health);

#endif

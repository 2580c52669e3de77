/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_restart.h: starts an enclave again after it has ended, as its manifest's `restart`
 * says, with pauses of 1 s that double up to 60 s, and 1 s again after a minute of running.
 *
 * Guarantees: what somebody asked to end (SIGTERM, SIGINT, SIGHUP, bulla enclave stop, bulla down)
 * is not started again, not even when asked between two runs or in a pause; neither is what was
 * refused: only a broker that cannot be reached or does not answer in time, or a host without
 * memory, may be another time.
 * Does not: start it after the monitor itself has ended; that is the service manager's.
 */
#ifndef BL_CMD_ENCLAVE_RESTART_H
#define BL_CMD_ENCLAVE_RESTART_H

#include "enclave/monitor.h"

/** What has become of one run: a status other than OK and its cause, or an end. */
struct bl_enclave_outcome {
    enum bulla_status status;
    const struct bl_monitor_end *end;
};
bool bl_enclave_runs_again(enum bl_manifest_restart policy,
                           const struct bl_enclave_outcome *outcome);

/** Seconds to pause after a run of `ran_ms`; *pause_s is the pause before (0: none), and is set. */
void bl_enclave_next_pause(unsigned *pause_s, int64_t ran_ms);

/** bl_monitor_run(), and again. `waits` is told before each pause (plan->context; not NULL). The end
 *  is that of the last run. */
enum bulla_status bl_enclave_keep_running(const struct bl_monitor_plan *plan,
                                          void (*waits)(void *context, unsigned pause_s),
                                          struct bl_monitor_end *end_out,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif

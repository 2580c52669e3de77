/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/agent.h: the first process of an enclave, from its first instruction to its last.
 *
 * Order: hide own memory; configuration from the monitor; the vTPM; is this manifest the measured
 * one; secrets from the broker; sealed directories; the program; then the network, until the
 * program ends or the monitor asks. If anything before the program fails, no program is started.
 * At the end the program's processes are gone before the volumes are closed.
 */
#ifndef BL_AGENT_AGENT_H
#define BL_AGENT_AGENT_H

#include "agent/attest.h"

/** What the monitor left for us: descriptors and places. */
struct bl_agent_plan {
    int tpm_fd;
    int relay_fd;
    int control_fd;
    const char *state_directory;
    const char *secret_directory;
};

/** Be the agent. The exit code: the program's, 128 + signal, or that of the cause in *err. */
int bl_agent_run(const struct bl_agent_plan *plan, struct bulla_error *err);

#endif

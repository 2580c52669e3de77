/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/main.c: bulla-agent, the first process of every process enclave. It takes no arguments and
 * no environment: what it needs it inherits (enclave/agent_link.h).
 */
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"

/* One line for the operator, who finds the rest with "bulla explain BL-....". */
static void
log_failure(const struct bulla_error *err)
{
    (void)fprintf(stderr, "bulla-agent: BL-%04u: %s: %s\n", (unsigned)err->cause, err->where,
                  err->what);
}

int
main(int argc, char **argv)
{
    const struct bl_agent_plan plan = { .tpm_fd = BL_AGENT_FD_TPM,
                                        .relay_fd = BL_AGENT_FD_RELAY,
                                        .control_fd = BL_AGENT_FD_CONTROL,
                                        .state_directory = BL_AGENT_STATE_DIRECTORY,
                                        .secret_directory = BL_ENCLAVE_SECRET_DIRECTORY };
    struct bulla_error err = { 0 };

    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts("bulla-agent " BULLA_VERSION) < 0;
    bl_tpm_quiet_libraries();
    int code = bl_agent_run(&plan, &err);
    if (err.status != BULLA_OK)
        log_failure(&err);
    return code;
}

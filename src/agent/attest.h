/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/attest.h: what the enclave proves to its broker, and what it gets for it.
 *
 * Guarantees: nothing is asked for unless the manifest that the agent acts on is the one that was
 * measured into the vTPM; evidence is made for a live exchange only; a secret is written once, under
 * the name and with the mode of the manifest, into BL_ENCLAVE_SECRET_DIRECTORY, and kept nowhere
 * else.
 * Does not: judge its own evidence; that is the broker's.
 */
#ifndef BL_AGENT_ATTEST_H
#define BL_AGENT_ATTEST_H

#include "device/tpm.h"
#include "enclave/agent_link.h"

/** What the agent knows of itself. All borrowed. */
struct bl_agent_self {
    const struct bl_agent_config *config;
    const struct bl_manifest *manifest; /* config->manifest, decoded */
    struct bl_tpm *tpm;
    const char *state_directory;
    const char *secret_directory;
    int relay_fd;
    int control_fd; /* to the monitor */
};

/** BULLA_E_MISMATCH unless manifest, event log and PCRs of the vTPM say the same. */
enum bulla_status bl_agent_check_self(const struct bl_agent_self *self,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Enrol where needed, attest, and write every secret of the manifest. Does nothing for a manifest
 *  without secrets; BULLA_E_USAGE for one with secrets and no broker. */
enum bulla_status bl_agent_get_secrets(const struct bl_agent_self *self,
                                       struct bulla_error *err) BULLA_CHECKED;

/** Write one. BULLA_E_EXISTS. */
enum bulla_status bl_secret_file_write(const char *directory, const char *name, unsigned mode,
                                       const struct bl_secret *value,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif

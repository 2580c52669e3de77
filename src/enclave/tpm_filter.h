/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/tpm_filter.h: which commands of an enclave its vTPM gets to see.
 *
 * An allow-list: what attestation, sealing and the enclave's own counter need, on handles that are
 * theirs. Nothing that changes what a quote or a policy relies on: no Startup, Shutdown, Clear, no PCR
 * is extended or reset, no NV index defined, written or undefined (the counter is incremented), no
 * hierarchy, lockout or clock touched, no object made persistent; no platform hierarchy at all; in
 * the endorsement hierarchy only the EK that the certificate is for.
 * Pure. Spec: TPM 2.0 Part 1, 18 (command structure), Part 2, 6.5.2 (codes), Part 3.
 * Does not: look into authorizations and parameters that the TPM itself checks; keep a quote from
 * being asked for by whoever has the socket: the agent keeps it to itself (enclave/agent_link.h).
 */
#ifndef BL_ENCLAVE_TPM_FILTER_H
#define BL_ENCLAVE_TPM_FILTER_H

#include "bulla/status.h"

#define BL_TPM_COMMAND_HEADER_SIZE 10 /* bytes: tag (2), size (4), code (4) */
#define BL_TPM_COMMAND_SIZE_MAX 4096  /* bytes: TPM2_MAX_COMMAND_SIZE */

/** True if this one whole command may be given to the vTPM. */
bool bl_tpm_filter_allows(struct bulla_bytes command);
/** The response to one that may not: TPM_RC_COMMAND_CODE. Static. */
struct bulla_bytes bl_tpm_filter_refusal(void);

#endif

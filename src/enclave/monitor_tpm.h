/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/monitor_tpm.h: what a monitor does with the enclave's vTPM.
 */
#ifndef BL_ENCLAVE_MONITOR_TPM_H
#define BL_ENCLAVE_MONITOR_TPM_H

#include "enclave/agent_link.h"
#include "enclave/monitor.h"

/** Before the enclave may use it. Floor, certificate, PCRs, version index and counter, in this order: nothing is written before the
 *  floor is passed. The event log is appended to *log_out. */
enum bulla_status bl_monitor_prepare_tpm(const struct bl_monitor_plan *plan,
                                         const struct bl_isolation_facts *facts,
                                         struct bl_vtpm *vtpm, struct bulla_buffer *log_out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** What a platform that vouches for the key of a BL_AGENT_ATTESTS report is to quote over
 *  (bl_tpm_platform_binder()). Only for an attestation key that `vtpm` itself made and cannot give
 *  away: with any other one the agent could sign PCRs as it likes. KEY_ATTRIBUTES, WRONG_TPM,
 *  BULLA_E_MALFORMED. */
enum bulla_status bl_monitor_vouch_data(struct bl_vtpm *vtpm, const struct bl_agent_report *report,
                                        uint8_t extra_data_out[BL_TPM_BINDER_SIZE],
                                        struct bulla_error *err) BULLA_CHECKED;

#endif

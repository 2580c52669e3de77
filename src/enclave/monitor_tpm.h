/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/monitor_tpm.h: what a monitor does with the enclave's vTPM before the enclave may use it.
 */
#ifndef BL_ENCLAVE_MONITOR_TPM_H
#define BL_ENCLAVE_MONITOR_TPM_H

#include "enclave/monitor.h"

/** Floor, certificate, PCRs, version index and counter, in this order: nothing is written before the
 *  floor is passed. The event log is appended to *log_out. */
enum bulla_status bl_monitor_prepare_tpm(const struct bl_monitor_plan *plan,
                                         const struct bl_isolation_facts *facts,
                                         struct bl_vtpm *vtpm, struct bulla_buffer *log_out,
                                         struct bulla_error *err) BULLA_CHECKED;

#endif

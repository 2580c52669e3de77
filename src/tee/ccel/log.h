/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/ccel/log.h: the scheme "ccel": the event log of a TDX guest's firmware.
 *
 * Spec: UEFI 2.10, 38.2 (mapping of PCRs to measurement registers), ACPI 6.5, 5.2.34 (CCEL); the format
 * is the TCG's (measure/event_log.h) with SHA-384 alone. The index of an event is 0 for MRTD, which
 * nothing extends, and 1 to 4 for RTMR 0 to 3.
 * Guarantees: the log replays; with the part "quote", a TDX quote, RTMR 0 to 2 of it are what the log
 * comes to, and RTMR 3 is where the log says anything of it; one separator a register, but for the
 * firmware that is known to write two.
 * Does not: verify that quote, or believe what an event says: its data is in no digest.
 */
#ifndef BL_TEE_CCEL_LOG_H
#define BL_TEE_CCEL_LOG_H

#include "tee/scheme.h"

/** bl_scheme.inspect. MALFORMED, UNSUPPORTED, LIMIT, LOG_MISMATCH, SEPARATOR_REPEATED. */
enum bulla_status bl_ccel_inspect(const struct bl_verification *verification,
                                  struct bl_claims *claims_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe. */
enum bulla_status bl_ccel_describe(const struct bl_verification *verification,
                                   struct bl_json_writer *out,
                                   struct bulla_error *err) BULLA_CHECKED;

#endif

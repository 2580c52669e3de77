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
 * Does not: verify that quote (tee/ccel/td.h does, and takes such a log as its part "ccel"), or believe what an
 * event says: its data is in no digest.
 */
#ifndef BL_TEE_CCEL_LOG_H
#define BL_TEE_CCEL_LOG_H

#include "tee/scheme.h"
#include "tee/tdx/body.h"

#define BL_CCEL_PART "ccel"       /* role of the log beside a quote */
#define BL_CCEL_INDEX_OF_RTMR0 1u /* index of its events in the log */

/** The log replays, its separators are in order, and it comes to these RTMRs: 0 to 2, and 3 where it
 *  says anything of that one. *covers_out: bit i if it comes to RTMR i. MALFORMED, UNSUPPORTED, LIMIT,
 *  LOG_MISMATCH with found and expected, SEPARATOR_REPEATED. */
enum bulla_status bl_ccel_match(struct bulla_bytes log,
                                const struct bulla_bytes rtmr[BL_TD_RTMR_COUNT],
                                uint32_t *covers_out, struct bulla_error *err) BULLA_CHECKED;
/** What the log comes to, as members of an open object. */
enum bulla_status bl_ccel_log_describe(struct bulla_bytes log, struct bl_json_writer *out,
                                       struct bulla_error *err) BULLA_CHECKED;

/** bl_scheme.inspect. MALFORMED, UNSUPPORTED, LIMIT, LOG_MISMATCH, SEPARATOR_REPEATED. */
enum bulla_status bl_ccel_inspect(const struct bl_verification *verification,
                                  struct bl_claims *claims_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe. */
enum bulla_status bl_ccel_describe(const struct bl_verification *verification,
                                   struct bl_json_writer *out,
                                   struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tpm/log_claims.h: an event log by itself: is it sound, and what does it come to?
 *
 * Shared by the kinds whose logs have the TCG's format. What is written are counts and the values
 * that the digests come to; nothing of the data of an event, which is in no digest.
 */
#ifndef BL_TEE_TPM_LOG_CLAIMS_H
#define BL_TEE_TPM_LOG_CLAIMS_H

#include "codec/json.h"
#include "measure/event_log.h"

/** The whole log replays in each of its banks that is known, of which there is at least one, and of
 *  the PCRs in `separated` none has a second separator or a disguised one. MALFORMED, UNSUPPORTED,
 *  LIMIT, LOG_MISMATCH, SEPARATOR_REPEATED. */
enum bulla_status bl_log_check(struct bulla_bytes log, uint32_t separated,
                               struct bulla_error *err) BULLA_CHECKED;

/** Write events, bytes_used, bytes_total, algorithms and final, as members of an open object. The
 *  register of index i is called names[i]; NULL: by its number. Those without an event, or without a
 *  name, are left out. */
enum bulla_status bl_log_describe(struct bulla_bytes log, const char *const names[BL_PCR_COUNT],
                                  struct bl_json_writer *out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif

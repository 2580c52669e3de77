/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/ccel/td.h: the scheme "tdx": a quote (tee/tdx/verify.h) and, as the part "ccel", the event log of
 * the TD. A log that does not come to the quoted RTMRs makes the whole refused.
 */
#ifndef BL_TEE_CCEL_TD_H
#define BL_TEE_CCEL_TD_H

#include "tee/scheme.h"

/** bl_scheme.verify of "tdx". */
enum bulla_status bl_td_verify(const struct bl_verification *verification,
                               struct bl_claims *claims_out, struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe of "tdx". */
enum bulla_status bl_td_describe(const struct bl_verification *verification,
                                 struct bl_json_writer *out, struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tdx/verify.h: quotes of TDX trust domains by Intel DCAP: version 4, and 5 with a TD body.
 *
 * Claims: code is MRTD, config MRCONFIGID, registers the RTMRs, debug any bit of ATTRIBUTES.TUD,
 * migratable a bound service TD (MRSERVICETD, which is claimed, too) or ATTRIBUTES.MIGRATABLE; line and
 * SVN of the module; the rest is tee/dcap/verify.h.
 * Does not: claim MROWNER, MROWNERCONFIG and XFAM; look at an event log (tee/ccel/td.h does).
 */
#ifndef BL_TEE_TDX_VERIFY_H
#define BL_TEE_TDX_VERIFY_H

#include "tee/scheme.h"

/** bl_scheme.verify of "tdx". */
enum bulla_status bl_tdx_verify(const struct bl_verification *verification,
                                struct bl_claims *claims_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe of "tdx". */
enum bulla_status bl_tdx_describe(const struct bl_verification *verification,
                                  struct bl_json_writer *out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Write what the body of a quote says, as members of an open object. */
enum bulla_status bl_tdx_body_describe(struct bulla_bytes quote, struct bl_json_writer *out,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif

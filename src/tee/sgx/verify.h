/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/sgx/verify.h: quotes of SGX enclaves by Intel DCAP: version 3, and 4 or 5 with a body of SGX.
 *
 * Claims: code is MRENCLAVE, signer MRSIGNER, product ISVPRODID in decimal digits, version ISVSVN,
 * config CONFIGID, debug ATTRIBUTES.DEBUG; the rest is tee/dcap/verify.h.
 * Does not: claim CONFIGSVN, ISVFAMILYID, ISVEXTPRODID, MISCSELECT, XFRM (described only).
 */
#ifndef BL_TEE_SGX_VERIFY_H
#define BL_TEE_SGX_VERIFY_H

#include "tee/scheme.h"

/** bl_scheme.verify of "sgx". */
enum bulla_status bl_sgx_verify(const struct bl_verification *verification,
                                struct bl_claims *claims_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe of "sgx". */
enum bulla_status bl_sgx_describe(const struct bl_verification *verification,
                                  struct bl_json_writer *out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif

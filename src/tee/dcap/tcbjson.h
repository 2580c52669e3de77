/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/dcap/tcbjson.h: a body of Intel's collateral alone: TCB info, or the identity of a quoting
 * enclave. To look at: what it says, and how it rates the SVNs that the caller names.
 *
 * Inputs: for TCB info "sgx_comp_svn" and "tdx_comp_svn" (JSON arrays of 16 numbers), "pcesvn" and
 * "tdx_start_index"; for an identity "isvsvn". Without them nothing is rated.
 * Does not: verify the signature, or look at the dates: nothing here is believed.
 */
#ifndef BL_TEE_DCAP_TCBJSON_H
#define BL_TEE_DCAP_TCBJSON_H

#include "tee/scheme.h"

/** bl_scheme.inspect of "tcbjson". Causes: MALFORMED, UNSUPPORTED, TCB_NOT_SUPPORTED; USAGE for an
 *  input that is not what it should be. */
enum bulla_status bl_tcbjson_inspect(const struct bl_verification *verification,
                                     struct bl_claims *claims_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe of "tcbjson". */
enum bulla_status bl_tcbjson_describe(const struct bl_verification *verification,
                                      struct bl_json_writer *out,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif

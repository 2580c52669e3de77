/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tpm/scheme.h: the scheme "tpm" as `bulla verify` and `bulla inspect` use it.
 *
 * Evidence is our own (tee/tpm/evidence.h), a bare TPMS_ATTEST with its pieces beside it, or the
 * certificate of an attestation key; which of them, its first bytes say, and whoever gives pieces of
 * a quote gets a quote verified or nothing. What has no signature, an event log, is inspected.
 */
#ifndef BL_TEE_TPM_SCHEME_H
#define BL_TEE_TPM_SCHEME_H

#include "tee/scheme.h"

/** bl_scheme.verify. A certificate carries no nonce: where one is asked for, NONCE_MISMATCH. */
enum bulla_status bl_tpm_scheme_verify(const struct bl_verification *verification,
                                       struct bl_claims *claims_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.inspect, of an event log. */
enum bulla_status bl_tpm_scheme_inspect(const struct bl_verification *verification,
                                        struct bl_claims *claims_out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe. */
enum bulla_status bl_tpm_scheme_describe(const struct bl_verification *verification,
                                         struct bl_json_writer *out,
                                         struct bulla_error *err) BULLA_CHECKED;

/** Write what a TPMS_ATTEST says, without what goes with it, as members of an open object. */
enum bulla_status bl_tpm_attest_describe(struct bulla_bytes attest, struct bl_json_writer *out,
                                         struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/snp/verify.h: the scheme "snp".
 *
 * Evidence: an attestation report, bare or extended (with the table of certificates behind it).
 * Parts: see bl_snp_chain_verify(). The chain and the signature come first; nothing of the report's
 * content is judged before it is known to be AMD firmware's. A binder must stand at the start of
 * report_data, and nothing but zeros behind it.
 * AMD does not rate TCB versions: whether they are good enough is the policy's question.
 */
#ifndef BL_TEE_SNP_VERIFY_H
#define BL_TEE_SNP_VERIFY_H

#include "tee/scheme.h"

/** bl_scheme.verify of "snp". */
enum bulla_status bl_snp_verify(const struct bl_verification *verification,
                                struct bl_claims *claims_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.inspect: a report's form, or ID authentication information (whose author, if there is
 *  one, must have signed the ID key, and whose ID key the part "id_block", if that is given). */
enum bulla_status bl_snp_inspect(const struct bl_verification *verification,
                                 struct bl_claims *claims_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe. */
enum bulla_status bl_snp_describe(const struct bl_verification *verification,
                                  struct bl_json_writer *out,
                                  struct bulla_error *err) BULLA_CHECKED;

/** True for what bl_snp_inspect() takes for ID authentication information. */
bool bl_snp_is_id_auth(struct bulla_bytes evidence);

#endif

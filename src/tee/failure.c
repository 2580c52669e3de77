/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/failure.h"

#include <stddef.h>

#include "base/memory.h"

static const struct {
    enum bulla_cause cause;
    const char *word;
} words[] = {
    { BULLA_CAUSE_SIGNATURE, "report_signature" },
    { BULLA_CAUSE_UNTRUSTED, "chain" },
    { BULLA_CAUSE_MISMATCH, "binding" },
    { BULLA_CAUSE_PCR_MISMATCH, "pcr_mismatch" },
    { BULLA_CAUSE_SELECTION_MISMATCH, "pcr_mismatch" },
    { BULLA_CAUSE_LOG_MISMATCH, "log_replay" },
    { BULLA_CAUSE_KEY_MISMATCH, "ak_mismatch" },
    { BULLA_CAUSE_KEY_ATTRIBUTES, "invalid_key" },
    { BULLA_CAUSE_NOT_A_QUOTE, "malformed" },
    { BULLA_CAUSE_WRONG_ROOT, "wrong_root" },
    { BULLA_CAUSE_CRL_MISSING, "crl_missing" },
    { BULLA_CAUSE_CRL_ISSUER_MISMATCH, "crl_issuer_mismatch" },
    { BULLA_CAUSE_COLLATERAL_SIGNATURE, "collateral_signature" },
    { BULLA_CAUSE_REPORT_SIGNATURE, "report_signature" },
    { BULLA_CAUSE_QUOTE_SIGNATURE, "quote_signature" },
    { BULLA_CAUSE_COSE_SIGNATURE, "cose_signature" },
    { BULLA_CAUSE_BINDING_MISMATCH, "binding" },
    { BULLA_CAUSE_CHIP_ID_MISMATCH, "hwid_mismatch" },
    { BULLA_CAUSE_TCB_EXTENSION_MISMATCH, "tcb_extension_mismatch" },
    { BULLA_CAUSE_TCB_NOT_SUPPORTED, "tcb_not_supported" },
    { BULLA_CAUSE_FMSPC_MISMATCH, "fmspc_mismatch" },
    { BULLA_CAUSE_PCEID_MISMATCH, "pceid_mismatch" },
    { BULLA_CAUSE_TCB_INFO_MISMATCH, "tcb_info_tee_mismatch" },
    { BULLA_CAUSE_QE_IDENTITY_MISMATCH, "qe_identity_mismatch" },
    { BULLA_CAUSE_TDX_MODULE_MISMATCH, "tdx_module_mismatch" },
    { BULLA_CAUSE_SEPARATOR_REPEATED, "duplicate_separator" },
    { BULLA_CAUSE_CLAIM_MISSING, "missing_claim" },
    { BULLA_CAUSE_ALGORITHM_MISSING, "missing_alg" },
    { BULLA_CAUSE_MESSAGE_AUTHENTICATION_CODE, "unsupported_cose_mac0" },
    { BULLA_CAUSE_CERTIFICATION_DATA, "unsupported_cert_data" },
    { BULLA_CAUSE_EVIDENCE_MALFORMED, "malformed" },
    { BULLA_CAUSE_UNSUPPORTED, "unsupported" },
    { BULLA_CAUSE_REVOKED, "revoked" },
    { BULLA_CAUSE_EXPIRED, "certificate_expired" },
    { BULLA_CAUSE_NOT_YET_VALID, "not_yet_valid" },
    { BULLA_CAUSE_COLLATERAL_EXPIRED, "collateral_expired" },
    { BULLA_CAUSE_NONCE_MISMATCH, "nonce_mismatch" },
};

const char *
bl_failure_word(enum bulla_cause cause)
{
    for (size_t i = 0; i < BL_COUNT_OF(words); i++)
        if (words[i].cause == cause)
            return words[i].word;
    return "malformed";
}

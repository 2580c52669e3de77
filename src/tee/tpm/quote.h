/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tpm/quote.h: one TPM2_Quote, verified with a key that is already trusted.
 *
 * Guarantees, in this order: the signature is the key's, with the key's own scheme and hash; magic
 * and type say "a quote made by a TPM"; the nonce is the expected one (constant time); exactly the
 * requested bank and PCRs are covered; the digest is that of the given values and of no others; the
 * log, if any, replays to the quoted values.
 * Does not: decide whether the key is a TPM's (tee/tpm/ak.h) or whether the values are good ones.
 * Threats: B28 to B31, B35, B38.
 */
#ifndef BL_TEE_TPM_QUOTE_H
#define BL_TEE_TPM_QUOTE_H

#include "tee/claims.h"
#include "tee/tpm/structures.h"

struct bl_tpm_quote {
    struct bulla_bytes attest;         /* TPMS_ATTEST */
    struct bulla_bytes signature;      /* TPMT_SIGNATURE, or a bare RSASSA/SHA-256 value (Azure) */
    const struct bl_key *key;          /* of the AK */
    const struct bl_tpm_public *ak;    /* NULL if only the bare key is known */
    const struct bl_pcr_bank *pcrs;    /* values given beside the quote; NULL: none */
    struct bulla_bytes event_log;      /* empty: none */
    struct bulla_bytes extra_data;     /* expected */
    bool with_extra_data;              /* false: not compared */
    struct bl_pcr_selection requested; /* mask 0: whatever one bank the quote covers */
    bool allows_sha1; /* of the signature: the claims say so, and who judges them refuses */
};
/** *claims_out is untouched unless BULLA_OK. */
enum bulla_status bl_tpm_quote_verify(const struct bl_tpm_quote *quote,
                                      struct bl_tpm_claims *claims_out,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tpm/pieces.h: TPM evidence as other makers hand it out: a quote and what goes with it, each in
 * a file of its own, under the role that it plays.
 *
 * What the evidence itself is follows from its first bytes alone; nothing is tried twice. Format of
 * the pieces: docs/formats/claims.md, "tpm".
 * Guarantees: a piece given twice, or empty, is refused and never taken for one that is not there; a
 * root counts only if its key is pinned or the operator gave it.
 * Does not: verify any of it.
 */
#ifndef BL_TEE_TPM_PIECES_H
#define BL_TEE_TPM_PIECES_H

#include "crypto/certificate_list.h"
#include "tee/tpm/ak.h"
#include "tee/tpm/verify.h"

enum bl_tpm_form {
    BL_TPM_FORM_UNKNOWN = 0,
    BL_TPM_FORM_EVIDENCE,   /* deterministic CBOR: tee/tpm/evidence.h */
    BL_TPM_FORM_QUOTE,      /* TPMS_ATTEST */
    BL_TPM_FORM_CERTIFICATE /* of an AK: X.509, DER or PEM */
};
enum bl_tpm_form bl_tpm_form_of(struct bulla_bytes evidence);

/** True if a piece of a quote was given: "signature", "pcrs" or "event_log". */
bool bl_tpm_has_quote_pieces(const struct bl_verification *verification);

struct bl_tpm_pieces {
    struct bl_tpm_bare bare;        /* views of the rest, and of the verification */
    struct bl_verification context; /* the caller's, with `anchors` below */
    /* authorities first, then keys that the operator trusts */
    struct bl_anchor anchors[BL_ANCHOR_COUNT_MAX];
    size_t authority_count;
    struct bl_certificate_list certificates; /* of the AK and its issuers, as given */
    struct bl_certificate_list roots;
    struct bulla_bytes chain[BL_CHAIN_COUNT_MAX]; /* DER of `certificates` */
    struct bulla_buffer enrolled;                 /* SPKI given as "ak_pub" */
    struct bulla_buffer named;                    /* SPKI of the one given as "ak_tpmt_public" */
    struct bl_pcr_bank pcrs;
};
/** Sort out what was given beside evidence of the form QUOTE or CERTIFICATE. Causes: MALFORMED,
 *  USAGE (a key given twice), WRONG_ROOT, KEY_MISMATCH (two keys that differ), LIMIT. *pieces_out is
 *  to be done with in any case. */
enum bulla_status bl_tpm_pieces_read(const struct bl_verification *verification,
                                     struct bl_tpm_pieces *pieces_out,
                                     struct bulla_error *err) BULLA_CHECKED;
void bl_tpm_pieces_done(struct bl_tpm_pieces *pieces);

#endif

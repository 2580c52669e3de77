/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/tpm_terms.h: under which terms a TPM opens a new slot, beyond its present state: states that an
 * authority signs (--bind signed:FILE, --policy, --counter, --class), and a TPM that is not here
 * (--tpm-public).
 */
#ifndef BL_CMD_TPM_TERMS_H
#define BL_CMD_TPM_TERMS_H

#include "cmd/counter.h"
#include "cmd/local_tpm.h"
#include "seal/seal.h"

#define BL_TPM_TERMS_OPTIONS                                                        \
    { .name = "policy",                                                             \
      .argument = "FILE",                                                           \
      .help = "with --bind signed: the policy that goes with the blob" },           \
        BL_COUNTER_OPTION,                                                          \
        { .name = "class",                                                          \
          .argument = "WORD",                                                       \
          .help = "with --bind signed: only policies for this class open it" },     \
    {                                                                               \
        .name = "tpm-public", .argument = "FILE",                                   \
        .help = "seal to the TPM that \"bulla key tpm-public\" wrote this file for" \
    }

struct bl_tpm_terms {
    struct bl_key *authority;          /* NULL: none */
    struct bulla_buffer signed_policy; /* empty: it comes when the blob is opened */
    uint8_t policy_ref[BL_PCR_POLICY_REF_SIZE];
    uint32_t counter_index;     /* 0: none */
    struct bulla_buffer parent; /* of a TPM elsewhere; empty: this machine's */
};
void bl_tpm_terms_done(struct bl_tpm_terms *terms);

/** Read the options and the files they name; `authority_path` is that of --bind signed, or NULL.
 *  POLICY_NOT_SIGNED for a policy of another. */
enum bulla_status bl_tpm_terms_parse(struct bl_tpm_terms *terms,
                                     const struct bl_arguments *arguments,
                                     const char *authority_path,
                                     struct bulla_error *err) BULLA_CHECKED;
/** Put them into the request of a TPM slot. Makes the revocation counter where this machine's TPM
 *  lacks it. BINDING_REFUSED for the embedded TPM, whose PCRs measure nothing. */
enum bulla_status bl_tpm_terms_apply(const struct bl_tpm_terms *terms,
                                     const struct bl_local_tpm *local, struct bl_slot_request *slot,
                                     struct bulla_error *err) BULLA_CHECKED;

#define BL_TPM_PUBLIC_LABEL "TPM STORAGE KEY" /* of the PEM block */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/binding.h: --bind WORD..., and what it means to a TPM, or refused with the reason
 * (docs/binding.md). What it means to a TEE: cmd/local_root.h.
 *
 * Several words mean all of them. To a TPM: host: this TPM, in whatever state. pcr:LIST: these PCRs
 * (SHA-256 bank) as they are now. signed:FILE: states that the owner of that key signs. state: PCR 7,
 * the Secure Boot policy, which updates of the system leave alone. code, signer, version and config are
 * properties of an enclave; outside of one nothing
 * enforces them.
 */
#ifndef BL_CMD_BINDING_H
#define BL_CMD_BINDING_H

#include "cmd/local_tpm.h"
#include "cmd/verb.h"
#include "device/sealing_root.h"

struct bl_seal_binding {
    uint32_t pcr_mask;          /* of the words pcr:LIST, and with a TPM of state */
    const char *authority_path; /* NULL: no signed states */
    unsigned bits;              /* enum bl_root_bind: the other words */
};

extern const char *const bl_binding_words[]; /* for completion */

/** Read the words; asks no device. Causes: USAGE. */
enum bulla_status bl_binding_parse(const struct bl_arguments *arguments,
                                   struct bl_seal_binding *binding_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** The words as a TPM keeps them: state is PCR 7. BINDING_REFUSED for those that none keeps. */
enum bulla_status bl_binding_for_tpm(struct bl_seal_binding *binding,
                                     struct bulla_error *err) BULLA_CHECKED;
/** "7,11" or "0+7": decimal numbers below 24, separated by a comma or a plus; their bits are added to
 *  *mask. USAGE, about `word`. */
enum bulla_status bl_binding_pcr_list(const char *word, const char *list, uint32_t *mask,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Their values now, as bl_tpm_pcr_read() appends them. BINDING_REFUSED for the embedded TPM, into
 *  which nothing is measured. */
enum bulla_status bl_binding_read_pcrs(const struct bl_local_tpm *local,
                                       struct bl_pcr_selection pcrs,
                                       struct bulla_buffer *values_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** BINDING_REFUSED for the embedded TPM, into whose PCRs nothing is measured. */
enum bulla_status bl_binding_check_measured(const struct bl_local_tpm *local,
                                            struct bulla_error *err) BULLA_CHECKED;
/** The policy for the present state of this TPM; `values` keeps the PCR values that it borrows.
 *  BINDING_REFUSED if the PCRs of this TPM measure nothing. */
enum bulla_status bl_binding_policy(const struct bl_seal_binding *binding,
                                    const struct bl_local_tpm *local, struct bulla_buffer *values,
                                    struct bl_tpm_policy *policy_out,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif

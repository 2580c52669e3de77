/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/local_root.h: which hardware a blob is sealed to: the TEE that this process runs in, else the TPM.
 */
#ifndef BL_CMD_LOCAL_ROOT_H
#define BL_CMD_LOCAL_ROOT_H

#include "cmd/binding.h"
#include "device/sealing_root.h"

extern const char *const bl_local_root_words[]; /* "tpm", "snp", ... for completion */

/** --root KIND and --allow-vlek. */
#define BL_ROOT_OPTIONS                                                                       \
    { .name = "root",                                                                         \
      .argument = "KIND",                                                                     \
      .choices = bl_local_root_words,                                                         \
      .help = "hardware to seal to: tpm, snp; default: the TEE that this is, else the TPM" }, \
    {                                                                                         \
        .name = "allow-vlek",                                                                 \
        .help = "SEV-SNP: accept a key of the provider where he has loaded one"               \
    }

/** *root_out is NULL, and nothing failed, where it is to be the TPM: it was asked for, by name or by a
 *  binding to PCRs, or there is no TEE and nothing was asked for that only a TEE can. */
enum bulla_status bl_local_root_open(const struct bl_arguments *arguments,
                                     const struct bl_seal_binding *binding,
                                     struct bl_sealing_root **root_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** What the words mean to a TEE; none of them: its code. BINDING_REFUSED for PCRs. */
enum bulla_status bl_local_root_binding(const struct bl_arguments *arguments,
                                        const struct bl_seal_binding *binding,
                                        struct bl_root_binding *binding_out,
                                        struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/local_root.c: see local_root.h.
 */
#include "cmd/local_root.h"

#include <string.h>

#include "cmd/report.h"

const char *const bl_local_root_words[] = { "tpm", "snp", NULL };

static enum bulla_status
open_named(const char *word, struct bl_sealing_root **root_out, struct bulla_error *err)
{
    const enum bl_root_kind kind = bl_root_kind_from_word(word);

    if (kind == BL_ROOT_NONE) {
        bl_report_object_word(word);
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "root", "it is none of tpm, snp");
    }
    return bl_sealing_root_open(kind, NULL, root_out, err);
}

enum bulla_status
bl_local_root_open(const struct bl_arguments *arguments, const struct bl_seal_binding *binding,
                   struct bl_sealing_root **root_out, struct bulla_error *err)
{
    const char *word = bl_argument(arguments, "root");
    const bool names_tpm =
        bl_argument(arguments, "device") != NULL || bl_argument(arguments, "tpm-socket") != NULL;
    struct bulla_error failure = { 0 };

    *root_out = NULL;
    if (word != NULL && strcmp(word, "tpm") != 0 && names_tpm)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "--root and the TPM that was named exclude each other");
    if (word != NULL && strcmp(word, "tpm") != 0)
        return open_named(word, root_out, err);
    const bool wants_tpm = binding->pcr_mask != 0 || binding->authority_path != NULL ||
                           bl_argument(arguments, "tpm-public") != NULL;
    if (word != NULL || names_tpm || wants_tpm)
        return BULLA_OK;
    enum bulla_status status = bl_sealing_root_open(BL_ROOT_NONE, NULL, root_out, &failure);
    if (status == BULLA_OK || failure.cause == BULLA_CAUSE_NO_SEALING_ROOT)
        return BULLA_OK;
    bl_report_next("run as the owner of that device, or seal to the TPM: --root tpm");
    if (err != NULL)
        *err = failure;
    return status;
}

enum bulla_status
bl_local_root_binding(const struct bl_arguments *arguments, const struct bl_seal_binding *binding,
                      struct bl_root_binding *binding_out, struct bulla_error *err)
{
    if (binding->pcr_mask != 0 || binding->authority_path != NULL ||
        bl_argument(arguments, "tpm-public") != NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, "binding",
                                "PCRs are those of a TPM, and this seals to a TEE");
    *binding_out = (struct bl_root_binding){
        .bits = binding->bits != 0 ? binding->bits : BL_ROOT_BIND_CODE,
        .allow_vlek = bl_argument(arguments, "allow-vlek") != NULL,
    };
    return BULLA_OK;
}

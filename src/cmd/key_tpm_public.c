/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/key_tpm_public.c: bulla key tpm-public: what another machine needs to seal to this TPM.
 */
#include <unistd.h>

#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/tpm_terms.h"
#include "cmd/verbs.h"
#include "codec/pem.h"
#include "tee/tpm/structures.h"

static enum bulla_status
tell(const struct bl_arguments *arguments, const char *path, const struct bl_tpm_name *name,
     struct bulla_error *err)
{
    char shown[BL_SHOWN_SIZE];
    BL_AUTO(bl_result) result = { 0 };
    const struct bulla_bytes bytes = { name->bytes, name->size };

    if (!bl_wants_json(arguments)) {
        bl_note("storage key %s: compare it with \"bulla inspect\" of what is sealed to it",
                bl_show_hex(bytes, shown));
        return BULLA_OK;
    }
    bl_result_begin(&result);
    bl_result_hex(&result, "storage_key", bytes);
    bl_result_word(&result, "output", path);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
perform(const struct bl_arguments *arguments, struct bl_local_tpm *local, struct bl_output *output,
        struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) area = { 0 };
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bl_tpm_public decoded;
    struct bl_tpm_name name;

    if (bl_wants_json(arguments) && bl_argument(arguments, "output") == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "--json needs -o FILE: standard output carries the key");
    BL_TRY(bl_output_open(output, arguments, /* is_binary= */ false, err));
    BL_TRY(bl_local_tpm_open(local, arguments, /* may_create= */ true, err));
    BL_TRY(bl_tpm_storage_public(local->tpm, &area, err));
    BL_TRY(bl_tpm2b_public_decode(bulla_buffer_bytes(&area), &decoded, err));
    BL_TRY(bl_tpm_public_name(&decoded, &name, err));
    BL_TRY(bl_pem_encode(bulla_buffer_bytes(&area), BL_TPM_PUBLIC_LABEL, &text, err));
    bl_local_tpm_tell(local);
    BL_TRY(bl_fd_write(output->fd, bulla_buffer_bytes(&text), err));
    BL_TRY(bl_output_commit(output, err));
    return tell(arguments, output->path, &name, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_local_tpm local = BL_LOCAL_TPM_NONE;
    BL_AUTO(bl_output) output = BL_OUTPUT_NONE;
    enum bulla_status status = perform(arguments, &local, &output, err);

    bl_local_tpm_done(&local);
    return status;
}

static const struct bl_option options[] = { BL_OUTPUT_OPTIONS, BL_TPM_OPTIONS, { 0 } };
static const char *const examples[] = { "bulla key tpm-public -o this-machine.tpm", NULL };

const struct bl_verb bl_verb_key_tpm_public = {
    .name = "key tpm-public",
    .summary = "write the public storage key of this TPM, for others to seal to it",
    .operands = "",
    .options = options,
    .examples = examples,
    .run = run,
};

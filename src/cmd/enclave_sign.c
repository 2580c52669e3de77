/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_sign.c: bulla enclave sign: the identity document of an image and its manifest.
 */
#include "cmd/enclave_files.h"
#include "cmd/enclave_make.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_manifest) manifest = { 0 };
    BL_AUTO(bulla_buffer) signed_bytes = { 0 };
    BL_AUTO(bl_output) output = BL_OUTPUT_NONE;

    BL_TRY(bl_manifest_load(bl_argument(arguments, "manifest"), &manifest, err));
    BL_TRY(bl_enclave_make_identity(&manifest, bl_operand(arguments, 0),
                                    bl_argument(arguments, "key"), &signed_bytes, err));
    BL_TRY(bl_output_open(&output, arguments, /* is_binary= */ true, err));
    BL_TRY(bl_fd_write(output.fd, bulla_buffer_bytes(&signed_bytes), err));
    return bl_output_commit(&output, err);
}

static const struct bl_option options[] = {
    { .name = "key", .letter = 'k', .argument = "FILE", .help = "the signer's secret key" },
    { .name = "manifest",
      .letter = 'm',
      .argument = "FILE",
      .help = "the manifest that the image was built from (default: bulla.yaml)" },
    BL_OUTPUT_OPTIONS,
    { 0 },
};
static const char *const examples[] = { "bulla enclave sign app.bimg --key signer.key -o app.id",
                                        NULL };

const struct bl_verb bl_verb_enclave_sign = {
    .name = "enclave sign",
    .summary = "sign what an image and its manifest are",
    .operands = "IMAGE",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};

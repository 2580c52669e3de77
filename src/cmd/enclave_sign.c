/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_sign.c: bulla enclave sign: the identity document of an image and its manifest.
 */
#include <unistd.h>

#include "cmd/enclave_files.h"
#include "cmd/report.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"
#include "enclave/identity.h"
#include "keys/identity.h"

static enum bulla_status
read_key(const char *path, struct bl_key **key_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) text = { 0 };

    if (path == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "the signer's key is missing: --key FILE");
    bl_report_object_word(path);
    BL_TRY(bl_file_read_secret(path, BL_KEYRING_SIZE_MAX, &text, err));
    return bl_signer_parse(bl_secret_bytes(&text), key_out, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_manifest) manifest = { 0 };
    BL_AUTO(bl_image) image = { 0 };
    BL_AUTO(bulla_buffer) signed_bytes = { 0 };
    BL_AUTO(bl_output) output = BL_OUTPUT_NONE;
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO_FD fd = -1;

    BL_TRY(bl_manifest_load(bl_argument(arguments, "manifest"), &manifest, err));
    BL_TRY(read_key(bl_argument(arguments, "key"), &key, err));
    BL_TRY(bl_image_load(bl_operand(arguments, 0), &image, &fd, err));
    BL_TRY(bl_image_verify(fd, &image, err)); /* a signature is for what was seen whole */
    const struct bl_identity_document document = bl_identity_document_make(&manifest, image.digest);
    BL_TRY(bl_identity_document_sign(&document, key, &signed_bytes, err));
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

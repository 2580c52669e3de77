/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_build.c: bulla enclave build: the image of a manifest.
 */
#include <unistd.h>

#include "base/memory.h"
#include "cmd/enclave_files.h"
#include "cmd/enclave_make.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"

static enum bulla_status
print_result(const struct bl_arguments *arguments, const uint8_t digest[32],
             const struct bl_output *output, struct bulla_error *err)
{
    struct bulla_bytes code = { digest, 32 };
    char shown[BL_SHOWN_SIZE];
    BL_AUTO(bl_page) page = { 0 };
    BL_AUTO(bl_result) result = { 0 };

    if (bl_wants_json(arguments)) {
        bl_result_begin(&result);
        bl_result_hex(&result, "code", code);
        bl_result_word(&result, "output", output->path);
        return bl_result_write(&result, STDOUT_FILENO, err);
    }
    bl_page_print(&page, "%s\n", bl_show_hex(code, shown));
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_manifest) manifest = { 0 };
    BL_AUTO(bl_output) output = BL_OUTPUT_NONE;
    uint8_t digest[32];

    BL_TRY(bl_manifest_load(bl_operand(arguments, 0), &manifest, err));
    if (bl_argument(arguments, "output") == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "an image needs a file: -o FILE");
    BL_TRY(bl_output_open(&output, arguments, /* is_binary= */ true, err));
    BL_TRY(bl_enclave_make_image(arguments, &manifest, bl_operand(arguments, 0), output.fd, digest,
                                 err));
    BL_TRY(bl_output_commit(&output, err));
    return print_result(arguments, digest, &output, err);
}

static const struct bl_option options[] = {
    BL_AGENT_OPTION,
    BL_OUTPUT_OPTIONS,
    { 0 },
};
static const char *const examples[] = { "bulla enclave build --agent bulla-agent -o app.bimg",
                                        NULL };

const struct bl_verb bl_verb_enclave_build = {
    .name = "enclave build",
    .summary = "build the image of a manifest and print its code digest",
    .operands = "[MANIFEST]",
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};

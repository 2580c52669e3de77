/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_build.c: bulla enclave build: the image of a manifest.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/enclave_files.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"

/** The agent that was installed beside this program. */
static enum bulla_status
find_agent(const struct bl_arguments *arguments, char out[PATH_MAX], struct bulla_error *err)
{
    static const char name[] = "bulla-agent";
    const char *given = bl_argument(arguments, "agent");
    char self[PATH_MAX];

    if (given != NULL) {
        if (snprintf(out, PATH_MAX, "%s", given) >= PATH_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, "agent", "its path is too long", 0);
        return BULLA_OK;
    }
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - sizeof name);
    if (size <= 0 || (size_t)size >= sizeof self - sizeof name)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "agent", "where this program is, is not known",
                          0);
    self[size] = 0;
    char *last = strrchr(self, '/');
    memcpy(last + 1, name, sizeof name);
    memcpy(out, self, sizeof self);
    return BULLA_OK;
}

static enum bulla_status
build(const struct bl_arguments *arguments, const struct bl_manifest *manifest, int fd,
      uint8_t digest_out[32], struct bulla_error *err)
{
    char directory[PATH_MAX];
    char agent[PATH_MAX];
    const struct bl_image_sources sources = {
        .directory = directory,
        .root = "/",
        .agent_path = agent,
    };
    BL_AUTO(bulla_buffer) object = { 0 };

    BL_TRY(bl_manifest_directory(bl_operand(arguments, 0), directory, sizeof directory, err));
    BL_TRY(find_agent(arguments, agent, err));
    enum bulla_status status = bl_image_build(manifest, &sources, fd, digest_out, &object, err);
    if (status != BULLA_OK && object.size > 0)
        bl_report_object(bulla_buffer_bytes(&object));
    return status;
}

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
    BL_TRY(build(arguments, &manifest, output.fd, digest, err));
    BL_TRY(bl_output_commit(&output, err));
    return print_result(arguments, digest, &output, err);
}

static const struct bl_option options[] = {
    { .name = "agent",
      .argument = "FILE",
      .help = "the agent to put into the image (default: bulla-agent beside bulla)" },
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

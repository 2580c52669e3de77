/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_run.c: bulla enclave run: the monitor of one process enclave, in the foreground.
 */
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/enclave_host.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/verbs.h"

static enum bulla_status
print_end(const struct bl_enclave_files *files, const struct bl_monitor_end *end,
          struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_word(&result, "name", files->manifest.name);
    bl_result_hex(&result, "code", BL_BYTES_OF(files->image.digest));
    bl_result_hex(&result, "config", BL_BYTES_OF(files->manifest.digest));
    bl_result_number(&result, "version", files->manifest.version);
    bl_result_word(&result, "isolation", "os");
    bl_result_word(&result, "freshness", "none");
    bl_result_flag(&result, "started", end->was_ready);
    bl_result_number(&result, end->killed ? "signal" : "exit_code", (uint64_t)end->code);
    bl_result_number(&result, "memory_kills", end->memory_kills);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
judge(const struct bl_monitor_end *end, struct bulla_error *err)
{
    if (end->cause != BULLA_CAUSE_NONE)
        return bulla_fail_cause(err, end->cause, "agent",
                                "the program was not started; the log says more");
    if (end->memory_kills > 0)
        bl_note("%llu of its processes killed for want of memory",
                (unsigned long long)end->memory_kills);
    if (end->unhealthy)
        return bulla_fail_cause(err, BULLA_CAUSE_UNHEALTHY, "enclave",
                                "it was ended after three failed health checks");
    if (end->was_ready && !end->killed && end->code == 0)
        return BULLA_OK;
    enum bulla_status status = bulla_fail_cause(
        err, BULLA_CAUSE_PROGRAM_FAILED, "enclave",
        !end->was_ready ? "its agent ended before the program was started, without a word"
        : end->killed   ? "it was killed by the signal found"
                        : "it exited with the code found");
    bulla_error_values(err, bulla_value_number((uint64_t)end->code), bulla_value_number(0));
    return status;
}

enum bulla_status
bl_enclave_run(const struct bl_arguments *arguments, const char *image_path,
               const char *identity_path, const char *manifest_path, struct bulla_error *err)
{
    struct bl_enclave_files files = BL_ENCLAVE_FILES_NONE;
    struct bl_monitor_end end = { 0 };

    BL_TRY(bl_enclave_files_load(&files, image_path, identity_path, manifest_path, err));
    enum bulla_status status = bl_enclave_host_run(&files, arguments, &end, err);
    if (status == BULLA_OK)
        status = judge(&end, err);
    if (status == BULLA_OK && bl_wants_json(arguments))
        status = print_end(&files, &end, err);
    bl_enclave_files_done(&files);
    return status;
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    return bl_enclave_run(arguments, bl_operand(arguments, 0), bl_operand(arguments, 1),
                          bl_argument(arguments, "manifest"), err);
}

static const struct bl_option options[] = {
    { .name = "manifest",
      .letter = 'm',
      .argument = "FILE",
      .help = "the manifest that the image was built from (default: bulla.yaml)" },
    { .name = "state",
      .argument = "DIR",
      .help = "where the enclave's TPM and sealed directories are kept" },
    BL_TPM_OPTIONS,
    { 0 },
};
static const char *const examples[] = { "bulla enclave run app.bimg app.id", NULL };

const struct bl_verb bl_verb_enclave_run = {
    .name = "enclave run",
    .summary = "run a signed image as a process enclave, until it ends",
    .operands = "IMAGE IDENTITY",
    .operand_count_min = 2,
    .operand_count_max = 2,
    .options = options,
    .examples = examples,
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/unseal.c: bulla unseal.
 *
 * With -o the file appears only when the whole blob was genuine. Through a pipe, plaintext leaves
 * chunk by chunk after each was authenticated, and the exit code says whether the end was (or give
 * --verify-first). To a terminal only text goes, and only after all of it was checked.
 */
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/arguments.h"
#include "cmd/progress.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/unlock.h"
#include "cmd/verbs.h"
#include "seal/seal.h"
#include "sys/clock.h"

#define TERMINAL_SIZE_MAX ((size_t)1 << 20) /* bytes of a blob whose text a terminal may show */

#define FLOOR_COUNT_MAX 32
#define FLOOR_SIZE 64 /* bytes of NAME>=NUMBER, with its zero */

struct job {
    struct bl_input input;
    struct bl_output output;
    struct bl_unlock unlock;
    struct bl_blob_summary summary; /* only of input that can be read twice */
    bool has_summary;
    struct bulla_buffer associated_data;
    struct bl_unseal_requirements requirements;
    char floor_words[FLOOR_COUNT_MAX][FLOOR_SIZE];
    struct bl_version_demand floors[FLOOR_COUNT_MAX];
    size_t floor_count;
};

static void
job_done(struct job *job)
{
    bl_output_done(&job->output);
    bl_input_done(&job->input);
    bl_unlock_done(&job->unlock);
    if (job->has_summary)
        bl_blob_summary_done(&job->summary);
    bulla_buffer_done(&job->associated_data);
}

static const char *const requirement_words[] = { "tpm",   "recipient",      "passphrase", "snp",
                                                 "fresh", "label=hardware", "version>=",  NULL };
static const char *const kind_words[] = { "tpm", "recipient", "passphrase", "snp" };
static const enum bl_slot_type kinds[] = { BL_SLOT_TPM2, BL_SLOT_HPKE, BL_SLOT_PASSPHRASE,
                                           BL_SLOT_SNP };

/* NAME>=NUMBER; false: it is nothing of that form. */
static bool
parse_floor(char *word, struct bl_version_demand *floor, enum bulla_status *status,
            struct bulla_error *err)
{
    char *sign = strstr(word, ">=");

    if (sign == NULL || sign == word)
        return false;
    *status = bl_parse_number(sign + 2, UINT64_MAX, &floor->minimum, err);
    *sign = '\0';
    floor->component = word;
    return true;
}

static enum bulla_status
read_requirement(struct job *job, const char *word, struct bulla_error *err)
{
    struct bl_unseal_requirements *requirements = &job->requirements;
    enum bulla_status status = BULLA_OK;
    size_t kind = 0;

    bl_report_object_word(word);
    if (job->floor_count == FLOOR_COUNT_MAX || strlen(word) >= FLOOR_SIZE)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "requirement", "too long, or too many");
    strcpy(job->floor_words[job->floor_count], word);
    if (parse_floor(job->floor_words[job->floor_count], &job->floors[job->floor_count], &status,
                    err)) {
        job->floor_count++;
        return status;
    }
    if (strcmp(word, "fresh") == 0) {
        requirements->require_fresh = true;
        return BULLA_OK;
    }
    if (strcmp(word, "label=hardware") == 0) {
        requirements->hardware_only = true;
        return BULLA_OK;
    }
    while (kind < BL_COUNT_OF(kinds) && strcmp(kind_words[kind], word) != 0)
        kind++;
    if (kind == BL_COUNT_OF(kinds))
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "requirement",
                                "it is none of tpm, recipient, passphrase, snp, fresh, "
                                "label=hardware, NAME>=NUMBER");
    requirements->slot_types_allowed |= (uint32_t)1 << kinds[kind];
    return BULLA_OK;
}

static enum bulla_status
read_requirements(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_unseal_requirements *requirements = &job->requirements;
    const char *word;

    for (size_t i = 0; (word = bl_argument_at(arguments, "require", i)) != NULL; i++)
        BL_TRY(read_requirement(job, word, err));
    bl_report_object_word("");
    requirements->floors = job->floors;
    requirements->floor_count = job->floor_count;
    requirements->name = bl_argument(arguments, "name");
    requirements->now_s = bl_clock_now_s();
    requirements->allow_stale = bl_argument(arguments, "allow-stale") != NULL;
    requirements->verify_first = bl_argument(arguments, "verify-first") != NULL;
    BL_TRY(bl_associated_data_read(arguments, &job->associated_data,
                                   &requirements->with_associated_data, err));
    requirements->associated_data = bulla_buffer_bytes(&job->associated_data);
    return BULLA_OK;
}

/** Look at the header first where that is possible: what is no blob asks nobody for a passphrase. */
static enum bulla_status
look_ahead(struct job *job, struct bulla_error *err)
{
    if (!job->input.is_seekable) {
        if (job->requirements.verify_first)
            return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                    "--verify-first needs a file that can be read twice");
        return bl_input_wait(&job->input, err);
    }
    BL_TRY(bl_blob_inspect(job->input.fd, &job->summary, err));
    job->has_summary = true;
    return bl_input_rewind(&job->input, err);
}

static enum bulla_status
prepare(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    if (bl_wants_json(arguments) && bl_argument(arguments, "output") == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "--json needs -o FILE: standard output carries the plaintext");
    BL_TRY(read_requirements(job, arguments, err));
    BL_TRY(bl_input_open(&job->input, bl_operand(arguments, 0), err));
    BL_TRY(look_ahead(job, err));
    BL_TRY(bl_output_open(&job->output, arguments, /* is_binary= */ false, err));
    BL_TRY(bl_unlock_open(&job->unlock, arguments, job->has_summary ? &job->summary : NULL, err));
    if (job->requirements.require_fresh && job->unlock.local.place == BL_TPM_EMBEDDED)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_FRESHNESS, "embedded TPM",
                                "its state is a file: who puts it back turns its counters back");
    return BULLA_OK;
}

/* -- to a terminal ----------------------------------------------------------------------------- */

static enum bulla_status
read_blob(int fd, struct bulla_buffer *blob, struct bulla_error *err)
{
    uint8_t *start = NULL;
    size_t size = 0;

    BL_TRY(bulla_buffer_extend(blob, TERMINAL_SIZE_MAX + 1, &start, err));
    BL_TRY(bl_fd_read(fd, start, TERMINAL_SIZE_MAX + 1, &size, err));
    if (size > TERMINAL_SIZE_MAX)
        return bulla_fail_cause(err, BULLA_CAUSE_BINARY_TO_TERMINAL, "plaintext",
                                "it is too long to be shown");
    blob->size = size;
    return BULLA_OK;
}

static enum bulla_status
unseal_to_terminal(struct job *job, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) plaintext = { 0 };

    BL_TRY(read_blob(job->input.fd, &blob, err));
    BL_TRY(bl_unseal_bytes(&job->requirements, &job->unlock.opener, bulla_buffer_bytes(&blob),
                           &plaintext, err));
    if (!bl_is_plain_text(bl_secret_bytes(&plaintext)))
        return bulla_fail_cause(err, BULLA_CAUSE_BINARY_TO_TERMINAL, "plaintext",
                                "it is not text, or has control characters");
    return bl_fd_write(STDOUT_FILENO, bl_secret_bytes(&plaintext), err);
}

/* -- to a file or a pipe ----------------------------------------------------------------------- */

static enum bulla_status
unseal_stream(struct job *job, struct bulla_error *err)
{
    bl_progress_begin("unseal", job->input.fd, job->output.fd);
    enum bulla_status status = bl_unseal_stream(&job->requirements, &job->unlock.opener,
                                                job->input.fd, job->output.fd, err);
    bl_progress_end();
    BL_TRY(status);
    return bl_output_commit(&job->output, err);
}

static enum bulla_status
report_json(const struct job *job, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    if (job->requirements.name != NULL)
        bl_result_word(&result, "name", job->requirements.name);
    else
        bl_result_null(&result, "name"); /* none was demanded, so none was checked */
    bl_result_word(&result, "output", job->output.path);
    bl_result_word(&result, "tpm", bl_tpm_place_word(job->unlock.local.place));
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
perform(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_TRY(prepare(job, arguments, err));
    bl_report_object_word(job->input.path != NULL ? job->input.path : "standard input");
    if (job->output.path == NULL && isatty(STDOUT_FILENO))
        return unseal_to_terminal(job, err);
    BL_TRY(unseal_stream(job, err));
    return bl_wants_json(arguments) ? report_json(job, err) : BULLA_OK;
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct job job = { .input = BL_INPUT_NONE, .output = BL_OUTPUT_NONE, .unlock = BL_UNLOCK_NONE };
    enum bulla_status status = perform(&job, arguments, err);

    status = bl_unlock_explain(&job.unlock, status, err);
    job_done(&job);
    return status;
}

static const struct bl_option options[] = {
    { .name = "name",
      .letter = 'n',
      .argument = "NAME",
      .help = "refuse a blob that was sealed under another name" },
    { .name = "require",
      .argument = "WHAT",
      .repeats = true,
      .choices = requirement_words,
      .help = "only if it opens so: tpm, snp, recipient, passphrase, label=hardware, NAME>=NUMBER; "
              "fresh: only the newest" },
    { .name = "allow-stale", .help = "open an older one, too, or where its counter is not" },
    BL_UNLOCK_OPTIONS,
    { .name = "aad-file", .argument = "FILE", .help = "the file that the blob was bound to" },
    { .name = "verify-first", .help = "check all of it before the first byte is written" },
    BL_OUTPUT_OPTIONS,
    BL_TPM_OPTIONS,
    { 0 },
};

static const char *const examples[] = {
    "bulla unseal demo.bulla",
    "bulla unseal --name demo -o secret demo.bulla",
    "bulla unseal --identity recovery.key demo.bulla",
    NULL,
};

const struct bl_verb bl_verb_unseal = {
    .name = "unseal",
    .summary = "open a sealed blob, or say exactly why not",
    .operands = "[BLOB]",
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};

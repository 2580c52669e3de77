/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/seal.c: bulla seal.
 *
 * Who can open the result: this machine's hardware (--bind), recipients, a passphrase, the recovery
 * identity; any one of them. Without a word on it: this machine's hardware, which is the TEE that we
 * run in, else the TPM.
 */
#include "seal/seal.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/new_slots.h"
#include "cmd/progress.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/terminal.h"
#include "cmd/unlock.h"
#include "cmd/verbs.h"
#include "seal/freshness.h"
#include "seal/inspect.h"
#include "sys/clock.h"

struct job {
    struct bl_input input;
    struct bl_output output;
    struct bl_local_tpm local;
    struct bl_new_slots slots;
    struct bulla_buffer associated_data;
    struct bl_seal_request request;
    struct bl_freshness_anchor freshness; /* kind 0: not asked for */
    bool wants_hardware;
};

static void
job_done(struct job *job)
{
    bl_new_slots_done(&job->slots);
    bl_output_done(&job->output);
    bl_input_done(&job->input);
    bl_local_tpm_done(&job->local);
    bulla_buffer_done(&job->associated_data);
}

static enum bulla_status
fail_usage(struct bulla_error *err, const char *what)
{
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", what);
}

/* -- what was asked for ------------------------------------------------------------------------ */

static enum bulla_status
choose_name(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *name = bl_argument(arguments, "name");
    const char *path = bl_operand(arguments, 0);

    if (name == NULL && (path == NULL || strcmp(path, "-") == 0)) {
        bl_report_next("add --name NAME: the name is sealed in, so that one blob cannot stand in "
                       "for another");
        return fail_usage(err, "standard input has no name of its own");
    }
    if (name == NULL) {
        const char *slash = strrchr(path, '/');
        name = slash != NULL ? slash + 1 : path;
    }
    job->request.name = name;
    return BULLA_OK;
}

/** Before anything is opened or asked for: do the options make sense together? */
static enum bulla_status
check_options(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    bool with_passphrase = bl_argument(arguments, "passphrase") != NULL ||
                           bl_argument(arguments, "passphrase-file") != NULL;
    bool no_recovery = bl_argument(arguments, "no-recovery") != NULL;
    bool has_others = with_passphrase || bl_argument(arguments, "recipient") != NULL;

    job->wants_hardware = bl_argument(arguments, "bind") != NULL ||
                          bl_argument(arguments, "tpm-public") != NULL || !has_others;
    if (bl_argument(arguments, "fresh") != NULL && bl_argument(arguments, "output") == NULL)
        return fail_usage(err, "--fresh needs -o FILE: it is counted once the file is in place");
    job->request.allow_no_recovery = no_recovery || has_others;
    const char *recovery = bl_argument(arguments, "recovery");
    if (no_recovery && recovery != NULL)
        return fail_usage(err, "--recovery and --no-recovery exclude each other");
    if (bl_argument(arguments, "passphrase") != NULL &&
        bl_argument(arguments, "passphrase-file") != NULL)
        return fail_usage(err, "--passphrase and --passphrase-file exclude each other");
    if (bl_wants_json(arguments) && bl_argument(arguments, "output") == NULL)
        return fail_usage(err, "--json needs -o FILE: standard output carries the sealed blob");
    if (recovery != NULL && bl_argument(arguments, "output") != NULL &&
        strcmp(recovery, bl_argument(arguments, "output")) == 0)
        return fail_usage(err, "--recovery and -o name the same file");
    if (recovery == NULL && !job->request.allow_no_recovery)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_RECOVERY_CHOSEN, "command line",
                                "only this machine could open the blob");
    return BULLA_OK;
}

static enum bulla_status
get_passphrase(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *source = bl_argument(arguments, "passphrase-file");

    if (source != NULL)
        return bl_passphrase_read(source, &job->slots.passphrase, err);
    if (bl_argument(arguments, "passphrase") != NULL)
        return bl_terminal_ask("passphrase to seal with: ", /* confirm= */ true,
                               &job->slots.passphrase, err);
    return BULLA_OK;
}

/* -- freshness --------------------------------------------------------------------------------- */

/* The line goes on that the file which is replaced belongs to; kind 0: there is none. */
static enum bulla_status
find_line(const char *path, struct bl_freshness_anchor *in_place, struct bulla_error *err)
{
    BL_AUTO(bl_input) input = BL_INPUT_NONE;
    BL_AUTO(bl_blob_summary) summary = { 0 };
    struct bulla_error reason = { 0 };

    enum bulla_status status = bl_input_open(&input, path, &reason);
    if (status == BULLA_OK)
        status = bl_blob_inspect(input.fd, &summary, &reason);
    if (status == BULLA_OK && summary.freshness.kind == BL_FRESHNESS_TPM)
        *in_place = summary.freshness;
    if (status == BULLA_OK || status == BULLA_E_NOT_FOUND || bulla_status_is_finding(status))
        return BULLA_OK;
    if (err != NULL && err->status == BULLA_OK)
        *err = reason;
    return status;
}

static enum bulla_status
begin_freshness(struct job *job, struct bulla_error *err)
{
    struct bl_freshness_anchor in_place = { 0 };
    uint32_t index = 0;

    if (job->local.place == BL_TPM_EMBEDDED)
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, "embedded TPM",
                                "its state is a file: who puts it back turns its counters back");
    BL_TRY(find_line(job->output.path, &in_place, err));
    index = in_place.nv_index;
    if (in_place.kind == 0)
        BL_TRY(bl_freshness_define(job->local.tpm, &index, err));
    BL_TRY(bl_freshness_begin(job->local.tpm, index, &in_place, &bl_entropy_system, &job->freshness,
                              err));
    job->request.freshness = &job->freshness;
    return BULLA_OK;
}

/* The order is what keeps a crash from losing anything: seal/freshness.h. */
static enum bulla_status
commit_output(struct job *job, struct bulla_error *err)
{
    if (job->request.freshness != NULL)
        BL_TRY(bl_freshness_publish(job->local.tpm, &job->freshness, err));
    BL_TRY(bl_output_commit(&job->output, err));
    if (job->request.freshness != NULL)
        BL_TRY(bl_freshness_commit(job->local.tpm, &job->freshness, err));
    return BULLA_OK;
}

/* -- the work ---------------------------------------------------------------------------------- */

static enum bulla_status
prepare(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    bool with_associated_data = false;

    BL_TRY(check_options(job, arguments, err));
    BL_TRY(choose_name(job, arguments, err));
    BL_TRY(bl_new_slots_parse(&job->slots, arguments, err));
    if (job->wants_hardware)
        BL_TRY(bl_new_slots_open_root(&job->slots, arguments, err));
    BL_TRY(bl_associated_data_read(arguments, &job->associated_data, &with_associated_data, err));
    job->request.associated_data = bulla_buffer_bytes(&job->associated_data);
    job->request.with_associated_data = with_associated_data;
    job->request.created_s = bl_clock_now_s();
    BL_TRY(bl_input_open(&job->input, bl_operand(arguments, 0), err));
    BL_TRY(bl_output_open(&job->output, arguments, /* is_binary= */ true, err));
    BL_TRY(get_passphrase(job, arguments, err));
    bool wants_fresh = bl_argument(arguments, "fresh") != NULL;
    bool wants_tpm =
        job->wants_hardware && job->slots.root == NULL && job->slots.terms.parent.size == 0;
    if (wants_tpm || wants_fresh)
        BL_TRY(bl_local_tpm_open(&job->local, arguments, /* may_create= */ true, err));
    if (wants_fresh)
        BL_TRY(begin_freshness(job, err));
    BL_TRY(bl_new_slots_request(&job->slots, job->wants_hardware, &job->local, err));
    job->request.slots = job->slots.requests;
    job->request.slot_count = job->slots.count;
    return BULLA_OK;
}

static enum bulla_status
seal_stream(struct job *job, struct bulla_error *err)
{
    struct bl_opener opener = { .tpm = job->local.tpm,
                                .root = job->slots.root,
                                .tpm_context = &job->local };

    if (job->request.freshness == NULL) /* else its counter is needed at the end */
        opener.done_with_tpm = bl_local_tpm_release;

    if (job->input.path != NULL)
        bl_report_object_word(job->input.path);
    bl_progress_begin("seal", job->input.fd, job->output.fd);
    enum bulla_status status =
        bl_seal_stream(&job->request, &opener, job->input.fd, job->output.fd, err);
    bl_progress_end();
    return status;
}

static enum bulla_status
report_json(const struct job *job, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_word(&result, "name", job->request.name);
    bl_result_word(&result, "output", job->output.path);
    bl_result_time(&result, "created", job->request.created_s);
    bl_result_word(&result, "tpm", bl_tpm_place_word(job->local.place));
    bl_result_word(&result, "root",
                   bl_root_kind_word(job->slots.root != NULL ? bl_sealing_root_kind(job->slots.root)
                                                             : BL_ROOT_NONE));
    bl_result_open_array(&result, "pcrs");
    for (unsigned pcr = 0; pcr < BL_TPM_PCR_COUNT; pcr++) {
        if ((job->slots.binding.pcr_mask >> pcr & 1) != 0)
            bl_result_number(&result, NULL, pcr);
    }
    bl_result_close(&result);
    bl_result_number(&result, "recipients", job->slots.recipients.count);
    bl_result_flag(&result, "passphrase", job->slots.passphrase.size > 0);
    if (job->slots.recovery_path != NULL)
        bl_result_word(&result, "recovery", job->slots.recovery_path);
    else
        bl_result_null(&result, "recovery");
    bl_result_flag(&result, "recovery_made", job->slots.made_recovery);
    bl_result_word(&result, "freshness", job->request.freshness != NULL ? "tpm" : "none");
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
perform(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_TRY(prepare(job, arguments, err));
    bool is_file = job->output.path != NULL;
    if (!is_file) /* what has left through a pipe cannot be taken back */
        BL_TRY(bl_new_slots_commit_recovery(&job->slots, err));
    BL_TRY(seal_stream(job, err));
    if (is_file) {
        BL_TRY(bl_new_slots_commit_recovery(&job->slots, err));
        BL_TRY(commit_output(job, err));
    }
    return bl_wants_json(arguments) ? report_json(job, err) : BULLA_OK;
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct job job = { .input = BL_INPUT_NONE,
                       .output = BL_OUTPUT_NONE,
                       .local = BL_LOCAL_TPM_NONE,
                       .slots = BL_NEW_SLOTS_NONE };
    enum bulla_status status = perform(&job, arguments, err);

    job_done(&job);
    return status;
}

static const struct bl_option options[] = {
    { .name = "name",
      .letter = 'n',
      .argument = "NAME",
      .help = "name sealed into the blob; default: the file name of IN" },
    BL_NEW_SLOTS_OPTIONS,
    { .name = "no-recovery", .help = "accept that the data is lost with this machine" },
    { .name = "passphrase", .letter = 'p', .help = "let a passphrase open it, too; asked for" },
    { .name = "passphrase-file",
      .argument = "FILE|fd:N",
      .help = "the same, read from FILE (0600) or from file descriptor N" },
    { .name = "fresh", .help = "count it in the TPM, so that older ones of FILE do not open" },
    { .name = "aad-file",
      .argument = "FILE",
      .help = "bind to the content of FILE, which is not stored" },
    BL_OUTPUT_OPTIONS,
    BL_TPM_OPTIONS,
    { 0 },
};

static const char *const examples[] = {
    "printf s3cret | bulla seal --name demo --recovery recovery.key -o demo.bulla",
    "bulla seal --no-recovery notes.txt > notes.bulla",
    "bulla seal --recipient @alice.pub -o for-alice.bulla notes.txt",
    "bulla seal --tpm-public machine.tpm --recovery recovery.key -o for-machine.bulla notes.txt",
    NULL,
};

const struct bl_verb bl_verb_seal = {
    .name = "seal",
    .summary = "encrypt so that only this machine, or whom you name, can open it",
    .operands = "[IN]",
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/seal.c: bulla seal.
 *
 * Who can open the result: this machine's TPM (--bind), recipients, a passphrase, the recovery
 * identity; any one of them. Without a word on it: this machine's TPM.
 * A recovery identity that is made here is durable before the blob is, so that there is never a blob
 * whose recovery was lost.
 */
#include "seal/seal.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/binding.h"
#include "cmd/interrupt.h"
#include "cmd/progress.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/terminal.h"
#include "cmd/unlock.h"
#include "cmd/verbs.h"
#include "sys/clock.h"

struct recovery {
    const char *path; /* NULL: none asked for */
    struct bl_keyring keyring;
    struct bl_file_new file; /* of the identity made here */
    bool is_new;
};

struct job {
    struct bl_input input;
    struct bl_output output;
    struct bl_local_tpm local;
    struct bl_keyring recipients;
    struct bl_secret passphrase;
    struct recovery recovery;
    struct bl_seal_binding binding;
    struct bulla_buffer pcr_values;
    struct bulla_buffer associated_data;
    struct bl_slot_request slots[BL_SLOT_COUNT_MAX];
    struct bl_seal_request request;
    bool wants_tpm;
};

static void
job_done(struct job *job)
{
    bl_interrupt_forget_file(&job->recovery.file);
    bl_file_new_done(&job->recovery.file);
    bl_output_done(&job->output);
    bl_input_done(&job->input);
    bl_local_tpm_done(&job->local);
    bl_keyring_done(&job->recipients);
    bl_keyring_done(&job->recovery.keyring);
    bl_secret_done(&job->passphrase);
    bulla_buffer_done(&job->pcr_values);
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

static enum bulla_status
read_recipients(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *text;

    for (size_t i = 0; (text = bl_argument_at(arguments, "recipient", i)) != NULL; i++) {
        bl_report_object_word(text);
        if (text[0] != '@') {
            BL_TRY(bl_recipient_parse((struct bulla_bytes){ (const uint8_t *)text, strlen(text) },
                                      &job->recipients, err));
            continue;
        }
        BL_AUTO(bulla_buffer) file = { 0 };
        BL_TRY(bl_file_read(text + 1, BL_KEYRING_SIZE_MAX, &file, err));
        enum bulla_status status =
            bl_keyring_parse(bulla_buffer_bytes(&file), &job->recipients, err);
        bl_wipe(file.data, file.size); /* an identity file is taken for its public half */
        BL_TRY(status);
    }
    bl_report_object_word("");
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

    job->recovery.path = bl_argument(arguments, "recovery");
    job->wants_tpm = bl_argument(arguments, "bind") != NULL || !has_others;
    job->request.allow_no_recovery = no_recovery || has_others;
    if (no_recovery && job->recovery.path != NULL)
        return fail_usage(err, "--recovery and --no-recovery exclude each other");
    if (bl_argument(arguments, "passphrase") != NULL &&
        bl_argument(arguments, "passphrase-file") != NULL)
        return fail_usage(err, "--passphrase and --passphrase-file exclude each other");
    if (bl_wants_json(arguments) && bl_argument(arguments, "output") == NULL)
        return fail_usage(err, "--json needs -o FILE: standard output carries the sealed blob");
    if (job->recovery.path != NULL && bl_argument(arguments, "output") != NULL &&
        strcmp(job->recovery.path, bl_argument(arguments, "output")) == 0)
        return fail_usage(err, "--recovery and -o name the same file");
    if (job->recovery.path == NULL && !job->request.allow_no_recovery)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_RECOVERY_CHOSEN, "command line",
                                "only this machine's TPM could open the blob");
    return BULLA_OK;
}

static enum bulla_status
get_passphrase(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *source = bl_argument(arguments, "passphrase-file");

    if (source != NULL)
        return bl_passphrase_read(source, &job->passphrase, err);
    if (bl_argument(arguments, "passphrase") != NULL)
        return bl_terminal_ask("passphrase to seal with: ", /* confirm= */ true, &job->passphrase,
                               err);
    return BULLA_OK;
}

/* -- the recovery identity --------------------------------------------------------------------- */

static enum bulla_status
make_recovery(struct recovery *recovery, struct bulla_error *err)
{
    char date[BL_SHOWN_SIZE];
    BL_AUTO(bl_secret) text = { 0 };
    struct bl_keyring *keyring = &recovery->keyring;

    BL_TRY(bl_key_generate(BL_KEY_X25519, &keyring->keys[0], err));
    keyring->count = 1;
    BL_TRY(bl_identity_format(keyring->keys[0], bl_show_time(bl_clock_now_s(), date), &text, err));
    BL_TRY(bl_file_new_open(&recovery->file, recovery->path, 0600, BL_FILE_KEEP_EXISTING, err));
    bl_interrupt_guard_file(&recovery->file);
    recovery->is_new = true;
    return bl_fd_write(recovery->file.fd, bl_secret_bytes(&text), err);
}

/** Use the public half of what is there, or make an identity where nothing is. */
static enum bulla_status
prepare_recovery(struct recovery *recovery, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error absent = { 0 };

    if (recovery->path == NULL)
        return BULLA_OK;
    bl_report_object_word(recovery->path);
    enum bulla_status status = bl_file_read(recovery->path, BL_KEYRING_SIZE_MAX, &text, &absent);
    if (status == BULLA_E_NOT_FOUND) {
        status = make_recovery(recovery, err);
    } else if (status == BULLA_OK) {
        status = bl_keyring_parse(bulla_buffer_bytes(&text), &recovery->keyring, err);
        bl_wipe(text.data, text.size);
    } else if (err != NULL) {
        *err = absent;
    }
    BL_TRY(status);
    bl_report_object_word("");
    return BULLA_OK;
}

static enum bulla_status
commit_recovery(struct recovery *recovery, struct bulla_error *err)
{
    char shown[BL_SHOWN_SIZE];

    if (!recovery->is_new)
        return BULLA_OK;
    enum bulla_status status = bl_file_new_commit(&recovery->file, err);
    if (status != BULLA_OK) {
        bl_report_object_word(recovery->path);
        return status;
    }
    bl_note("recovery identity written to %s: move it offline; it opens the blob without this "
            "machine",
            bl_show_word(recovery->path, shown));
    return BULLA_OK;
}

/* -- slots ------------------------------------------------------------------------------------- */

static enum bulla_status
add_slot(struct job *job, struct bl_slot_request slot, struct bulla_error *err)
{
    if (job->request.slot_count == BL_SLOT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "command line", "a blob has at most 64 slots", 0);
    job->slots[job->request.slot_count++] = slot;
    return BULLA_OK;
}

static enum bulla_status
add_keys(struct job *job, const struct bl_keyring *keyring, bool is_recovery,
         struct bulla_error *err)
{
    for (size_t i = 0; i < keyring->count; i++) {
        BL_TRY(add_slot(job,
                        (struct bl_slot_request){ .type = BL_SLOT_HPKE,
                                                  .label = is_recovery ? "recovery" : NULL,
                                                  .recipient = keyring->keys[i],
                                                  .is_recovery = is_recovery },
                        err));
    }
    return BULLA_OK;
}

static enum bulla_status
add_tpm_slot(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_slot_request slot = { .type = BL_SLOT_TPM2 };

    BL_TRY(bl_local_tpm_open(&job->local, arguments, /* may_create= */ true, err));
    BL_TRY(bl_binding_policy(&job->binding, &job->local, &job->pcr_values, &slot.tpm_policy, err));
    bl_local_tpm_tell(&job->local);
    return add_slot(job, slot, err);
}

static enum bulla_status
add_slots(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    if (job->wants_tpm)
        BL_TRY(add_tpm_slot(job, arguments, err));
    BL_TRY(add_keys(job, &job->recipients, /* is_recovery= */ false, err));
    if (job->passphrase.size > 0)
        BL_TRY(add_slot(job,
                        (struct bl_slot_request){ .type = BL_SLOT_PASSPHRASE,
                                                  .passphrase = bl_secret_bytes(&job->passphrase) },
                        err));
    BL_TRY(add_keys(job, &job->recovery.keyring, /* is_recovery= */ true, err));
    job->request.slots = job->slots;
    return BULLA_OK;
}

/* -- the work ---------------------------------------------------------------------------------- */

static enum bulla_status
prepare(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    bool with_associated_data = false;

    BL_TRY(check_options(job, arguments, err));
    BL_TRY(choose_name(job, arguments, err));
    BL_TRY(bl_binding_parse(arguments, &job->binding, err));
    BL_TRY(read_recipients(job, arguments, err));
    BL_TRY(bl_associated_data_read(arguments, &job->associated_data, &with_associated_data, err));
    job->request.associated_data = bulla_buffer_bytes(&job->associated_data);
    job->request.with_associated_data = with_associated_data;
    job->request.created_s = bl_clock_now_s();
    BL_TRY(bl_input_open(&job->input, bl_operand(arguments, 0), err));
    BL_TRY(bl_output_open(&job->output, arguments, /* is_binary= */ true, err));
    BL_TRY(get_passphrase(job, arguments, err));
    BL_TRY(prepare_recovery(&job->recovery, err));
    return add_slots(job, arguments, err);
}

static enum bulla_status
seal_stream(struct job *job, struct bulla_error *err)
{
    struct bl_opener opener = { .tpm = job->local.tpm,
                                .done_with_tpm = bl_local_tpm_release,
                                .tpm_context = &job->local };

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
    bl_result_open_array(&result, "pcrs");
    for (unsigned pcr = 0; pcr < BL_TPM_PCR_COUNT; pcr++) {
        if ((job->binding.pcr_mask >> pcr & 1) != 0)
            bl_result_number(&result, NULL, pcr);
    }
    bl_result_close(&result);
    bl_result_number(&result, "recipients", job->recipients.count);
    bl_result_flag(&result, "passphrase", job->passphrase.size > 0);
    if (job->recovery.path != NULL)
        bl_result_word(&result, "recovery", job->recovery.path);
    else
        bl_result_null(&result, "recovery");
    bl_result_flag(&result, "recovery_made", job->recovery.is_new);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
perform(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_TRY(prepare(job, arguments, err));
    bool is_file = job->output.path != NULL;
    if (!is_file) /* what has left through a pipe cannot be taken back */
        BL_TRY(commit_recovery(&job->recovery, err));
    BL_TRY(seal_stream(job, err));
    if (is_file) {
        BL_TRY(commit_recovery(&job->recovery, err));
        BL_TRY(bl_output_commit(&job->output, err));
    }
    return bl_wants_json(arguments) ? report_json(job, err) : BULLA_OK;
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct job job = { .input = BL_INPUT_NONE,
                       .output = BL_OUTPUT_NONE,
                       .local = BL_LOCAL_TPM_NONE,
                       .recovery.file = BL_FILE_NEW_NONE };
    enum bulla_status status = perform(&job, arguments, err);

    job_done(&job);
    return status;
}

static const struct bl_option options[] = {
    { .name = "name",
      .letter = 'n',
      .argument = "NAME",
      .help = "name sealed into the blob; default: the file name of IN" },
    { .name = "bind",
      .letter = 'b',
      .argument = "WHAT",
      .repeats = true,
      .choices = bl_binding_words,
      .help = "bind to host (default), state, pcr:LIST; several mean all of them" },
    { .name = "recipient",
      .letter = 'r',
      .argument = "R|@FILE",
      .repeats = true,
      .help = "let the owner of this public key open it, too" },
    { .name = "recovery",
      .argument = "FILE",
      .help = "let the identity in FILE open it, too; made if FILE is not there" },
    { .name = "no-recovery", .help = "accept that the data is lost with this machine's TPM" },
    { .name = "passphrase", .letter = 'p', .help = "let a passphrase open it, too; asked for" },
    { .name = "passphrase-file",
      .argument = "FILE|fd:N",
      .help = "the same, read from FILE (0600) or from file descriptor N" },
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

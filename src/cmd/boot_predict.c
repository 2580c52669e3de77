/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/boot_predict.c: bulla boot predict: sign the boot states in which sealed data may open.
 *
 * Values are given (--pcr N=HEX, from wherever the next image was measured) or read from this
 * machine's TPM (--now LIST). Several values of one PCR are alternatives.
 */
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "boot/predict.h"
#include "cmd/arguments.h"
#include "cmd/binding.h"
#include "cmd/counter.h"
#include "cmd/private_key_file.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"
#include "codec/hex.h"

struct job {
    struct bl_local_tpm local;
    struct bl_prediction prediction;
    struct bl_prediction_terms terms;
    struct bl_key *key;
    struct bulla_buffer policy;
    size_t branch_count;
    struct bl_output output;
};

static void
job_done(struct job *job)
{
    bl_local_tpm_done(&job->local);
    bl_prediction_done(&job->prediction);
    bl_key_free(job->key);
    bulla_buffer_done(&job->policy);
    bl_output_done(&job->output);
}

static enum bulla_status
fail_word(struct bulla_error *err, const char *word, const char *what)
{
    bl_report_object_word(word);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", what);
}

/* -- values ------------------------------------------------------------------------------------ */

static enum bulla_status
choose_bank(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *word = bl_argument(arguments, "bank");

    job->prediction.bank =
        word == NULL
            ? BL_SHA256
            : bl_bank_from_word((struct bulla_bytes){ (const uint8_t *)word, strlen(word) });
    if (job->prediction.bank != BL_SHA256 && job->prediction.bank != BL_SHA384)
        return fail_word(err, word, "a bank is sha256 or sha384");
    return BULLA_OK;
}

/* "11=HEX" */
static enum bulla_status
add_given(struct job *job, const char *word, struct bulla_error *err)
{
    static const char help[] = "it is PCR=HEX, as in 11=6f2b..., of the size of the bank";
    const char *equals = strchr(word, '=');
    BL_AUTO(bulla_buffer) value = { 0 };
    unsigned pcr = 0;

    if (equals == NULL || equals == word || equals - word > 2)
        return fail_word(err, word, help);
    for (const char *at = word; at < equals; at++) {
        if (*at < '0' || *at > '9')
            return fail_word(err, word, help);
        pcr = pcr * 10 + (unsigned)(*at - '0');
    }
    const struct bulla_bytes hex = { (const uint8_t *)equals + 1, strlen(equals + 1) };
    if (bl_hex_decode(hex, &value, NULL) != BULLA_OK)
        return fail_word(err, word, help);
    enum bulla_status status =
        bl_prediction_add(&job->prediction, pcr, bulla_buffer_bytes(&value), NULL);
    return status == BULLA_E_MALFORMED ? fail_word(err, word, help) : status;
}

static enum bulla_status
add_present(struct job *job, const char *list, struct bulla_error *err)
{
    struct bl_pcr_selection pcrs = { .bank = job->prediction.bank };
    struct bl_pcr_bank bank;
    BL_AUTO(bulla_buffer) values = { 0 };

    BL_TRY(bl_binding_pcr_list(list, list, &pcrs.mask, err));
    BL_TRY(bl_binding_read_pcrs(&job->local, pcrs, &values, err));
    BL_TRY(bl_pcr_bank_read(pcrs, bulla_buffer_bytes(&values), &bank, err));
    for (unsigned pcr = 0; pcr < BL_PCR_COUNT; pcr++) {
        struct bulla_bytes value = bl_pcr_value(&bank, pcr);
        if (value.size > 0)
            BL_TRY(bl_prediction_add(&job->prediction, pcr, value, err));
    }
    return BULLA_OK;
}

static enum bulla_status
collect_values(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *word;
    const char *earlier = bl_argument(arguments, "also");

    BL_TRY(choose_bank(job, arguments, err));
    for (size_t i = 0; (word = bl_argument_at(arguments, "pcr", i)) != NULL; i++)
        BL_TRY(add_given(job, word, err));
    if (bl_argument(arguments, "now") != NULL)
        BL_TRY(add_present(job, bl_argument(arguments, "now"), err));
    if (earlier == NULL)
        return BULLA_OK;
    bl_report_object_word(earlier);
    BL_TRY(bl_file_read(earlier, BL_PCR_POLICY_SIZE_MAX, &job->prediction.earlier, err));
    return BULLA_OK;
}

/* -- terms ------------------------------------------------------------------------------------- */

static enum bulla_status
choose_sequence(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *word = bl_argument(arguments, "sequence");

    if (job->terms.counter_index == 0) {
        if (word != NULL)
            return fail_word(err, word, "without a counter there is no sequence");
        return BULLA_OK;
    }
    if (word != NULL)
        return bl_parse_number(word, UINT64_MAX, &job->terms.sequence, err);
    if (job->local.tpm == NULL)
        return fail_word(err, "--sequence",
                         "where no TPM is asked (--now) the sequence has to be given");
    BL_TRY(bl_tpm_counter_define(job->local.tpm, job->terms.counter_index, err));
    return bl_tpm_counter_read(job->local.tpm, job->terms.counter_index, &job->terms.sequence, err);
}

static enum bulla_status
choose_terms(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *class_name = bl_argument(arguments, "class");
    const char *key_path = bl_argument(arguments, "sign-key");

    if (key_path == NULL)
        return fail_word(err, "--sign-key", "who signs?");
    BL_TRY(bl_private_key_file_read(key_path, &job->key, err));
    if (bl_key_kind(job->key) != BL_KEY_P256)
        return fail_word(err, key_path, "boot states are signed with a P-256 key");
    bl_report_object_word("");
    job->terms.key = job->key;
    if (class_name != NULL)
        job->terms.class_name =
            (struct bulla_bytes){ (const uint8_t *)class_name, strlen(class_name) };
    if (job->terms.class_name.size > BL_PCR_POLICY_CLASS_SIZE_MAX)
        return fail_word(err, class_name, "a class has at most 64 bytes");
    BL_TRY(bl_counter_argument(arguments, &job->terms.counter_index, err));
    return choose_sequence(job, arguments, err);
}

/* -- the work ---------------------------------------------------------------------------------- */

static enum bulla_status
report_json(const struct job *job, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_word(&result, "output", job->output.path);
    bl_result_number(&result, "states", job->branch_count);
    bl_result_number(&result, "sequence", job->terms.sequence);
    bl_result_number(&result, "counter", job->terms.counter_index);
    bl_result_text(&result, "class", job->terms.class_name);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
perform(struct job *job, const struct bl_arguments *arguments, struct bulla_error *err)
{
    if (bl_wants_json(arguments) && bl_argument(arguments, "output") == NULL)
        return fail_word(err, "--json", "it needs -o FILE: standard output carries the policy");
    BL_TRY(bl_output_open(&job->output, arguments, /* is_binary= */ true, err));
    if (bl_argument(arguments, "now") != NULL)
        BL_TRY(bl_local_tpm_open(&job->local, arguments, /* may_create= */ false, err));
    BL_TRY(collect_values(job, arguments, err));
    BL_TRY(choose_terms(job, arguments, err));
    BL_TRY(
        bl_prediction_sign(&job->prediction, &job->terms, &job->policy, &job->branch_count, err));
    BL_TRY(bl_fd_write(job->output.fd, bulla_buffer_bytes(&job->policy), err));
    BL_TRY(bl_output_commit(&job->output, err));
    return bl_wants_json(arguments) ? report_json(job, err) : BULLA_OK;
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct job job = { .local = BL_LOCAL_TPM_NONE, .output = BL_OUTPUT_NONE };
    enum bulla_status status = perform(&job, arguments, err);

    job_done(&job);
    return status;
}

static const char *const banks[] = { "sha256", "sha384", NULL };
static const struct bl_option options[] = {
    { .name = "pcr",
      .argument = "N=HEX",
      .repeats = true,
      .help = "a value of PCR N that is fine; several values of one PCR are alternatives" },
    { .name = "now", .argument = "LIST", .help = "the present values of these PCRs, as in 7,11" },
    { .name = "bank", .argument = "BANK", .choices = banks, .help = "sha256 (default) or sha384" },
    { .name = "also",
      .argument = "FILE",
      .help = "keep the states of this earlier policy, which is signed anew" },
    { .name = "sign-key", .argument = "FILE", .help = "private key to sign with: PEM, P-256" },
    { .name = "sequence",
      .argument = "N",
      .help = "the policy holds until \"boot revoke --below\" something above N" },
    BL_COUNTER_OPTION,
    { .name = "class", .argument = "WORD", .help = "only for blobs sealed for this class" },
    BL_OUTPUT_OPTIONS,
    BL_TPM_OPTIONS,
    { 0 },
};
static const char *const examples[] = {
    "bulla boot predict --pcr 11=$(sha256sum < notes.txt | cut -c1-64) --sequence 1 "
    "--sign-key boot.pem -o states.policy",
    NULL,
};

const struct bl_verb bl_verb_boot_predict = {
    .name = "boot predict",
    .summary = "sign the boot states in which sealed data may open",
    .operands = "",
    .options = options,
    .examples = examples,
    .run = run,
};

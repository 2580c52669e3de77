/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/attest.c: bulla attest: evidence of the machine, guest or enclave that this runs in, over a nonce
 * that somebody else chose, as one file that `bulla verify` takes.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/attestation.h"
#include "cmd/page.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"
#include "codec/hex.h"
#include "crypto/random.h"
#include "device/attester.h"
#include "sys/clock.h"
#include "tee/tpm/structures.h"
#include "tee/wrapper.h"

#define NONCE_SIZE_DEFAULT 32u /* bytes: a TPM takes no more */
#define UUID_SIZE 16u
#define DEVICE_KEY "device_key" /* role of the key that signed, where no vendor certifies it */

/* All that one run has open. */
struct job {
    const struct bl_arguments *arguments;
    const char *kind, *device; /* as given, or NULL */
    const struct bl_local_attester *attester;
    struct bulla_buffer nonce;
    bool nonce_is_ours;
    struct bulla_buffer ta; /* a UUID, or empty */
    struct bl_local_tpm tpm;
    struct bl_attestation_key key;
    struct bl_collected collected;
    struct bl_output output;
};

static void
job_done(struct job *job)
{
    bulla_buffer_done(&job->nonce);
    bulla_buffer_done(&job->ta);
    bl_attestation_key_done(&job->key);
    bl_local_tpm_done(&job->tpm);
    bl_collected_done(&job->collected);
    bl_output_done(&job->output);
}

static enum bulla_status
fail_usage(const char *object, const char *what, struct bulla_error *err)
{
    bl_report_object_word(object);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", what);
}

/* -- what is asked for ----------------------------------------------------------------------------- */

static enum bulla_status
read_nonce(struct job *job, struct bulla_error *err)
{
    const char *given = bl_argument(job->arguments, "nonce");
    uint8_t *start = NULL;

    if (given == NULL) {
        job->nonce_is_ours = true;
        BL_TRY(bulla_buffer_extend(&job->nonce, NONCE_SIZE_DEFAULT, &start, err));
        return bl_random(start, NONCE_SIZE_DEFAULT, err);
    }
    struct bulla_bytes text = { (const uint8_t *)given, strlen(given) };
    if (bl_hex_decode(text, &job->nonce, NULL) != BULLA_OK || job->nonce.size == 0 ||
        job->nonce.size > BL_ATTEST_NONCE_SIZE_MAX)
        return fail_usage("--nonce", "it is not 1 to 64 bytes in hexadecimal", err);
    return BULLA_OK;
}

/* 8-4-4-4-12 digits. */
static enum bulla_status
read_ta(struct job *job, struct bulla_error *err)
{
    const char *given = bl_argument(job->arguments, "ta");
    char digits[2 * UUID_SIZE + 1] = "";
    size_t count = 0;

    if (given == NULL)
        return BULLA_OK;
    for (size_t i = 0; given[i] != '\0' && count < 2 * UUID_SIZE; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash != (given[i] == '-'))
            break;
        if (!is_dash)
            digits[count++] = given[i];
    }
    struct bulla_bytes text = { (const uint8_t *)digits, count };
    if (strlen(given) != 36 || count != 2 * UUID_SIZE ||
        bl_hex_decode(text, &job->ta, NULL) != BULLA_OK)
        return fail_usage("--ta", "it is no UUID such as 8aaaf200-2450-11e4-abe2-0002a5d5c51b",
                          err);
    return BULLA_OK;
}

static enum bulla_status
check_kind(const char *kind, struct bulla_error *err)
{
    size_t count = 0;
    const struct bl_local_attester *const *table = bl_local_attesters(&count);

    for (size_t i = 0; i < count; i++)
        if (bl_local_attester_gives(table[i], kind))
            return BULLA_OK;
    return fail_usage(kind, "it is none of snp, tdx, sgx, cca, nitro, optee, tpm", err);
}

/* -- who is asked ---------------------------------------------------------------------------------- */

/* A device that was named is asked by the attester whose place it is; without that, --kind tells. */
static const char *
kind_of_device(const char *device)
{
    size_t count = 0;
    const struct bl_local_attester *const *table = bl_local_attesters(&count);

    if (strcmp(device, "embedded") == 0 || strncmp(device, "/dev/tpm", 8) == 0)
        return "tpm";
    for (size_t i = 0; i < count; i++)
        if (strcmp(device, table[i]->path) == 0 && table[i]->kinds[1] == NULL)
            return table[i]->kinds[0];
    return NULL;
}

static const struct bl_local_attester *
attester_at(const char *device)
{
    size_t count = 0;
    const struct bl_local_attester *const *table = bl_local_attesters(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(device, table[i]->path) == 0)
            return table[i];
    return NULL;
}

static const struct bl_local_attester *
tpm_attester(void)
{
    size_t count = 0;
    const struct bl_local_attester *const *table = bl_local_attesters(&count);

    for (size_t i = 0; i < count; i++)
        if (bl_local_attester_gives(table[i], "tpm"))
            return table[i];
    return NULL;
}

static enum bulla_status
fail_none(const struct job *job, const struct bl_local_attester_probe *probe,
          struct bulla_error *err)
{
    bl_report_object_word(job->device != NULL ? job->device : job->kind != NULL ? job->kind : "");
    if (probe->state == BL_NODE_NOT_PERMITTED)
        bl_report_object_word(probe->path);
    if (probe->state == BL_NODE_NOT_PERMITTED)
        return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_NOT_PERMITTED, "attester",
                                "it is there, but not for this user");
    if (job->kind == NULL)
        bl_report_next("\"bulla doctor\" says what is missing; the embedded TPM (class software) "
                       "works everywhere: --device embedded");
    return bulla_fail_cause(err, BULLA_CAUSE_NO_ATTESTER, "attester",
                            job->kind != NULL ? "nothing here gives evidence of this kind"
                                              : "nothing here gives evidence");
}

/* What was named, else the best there is. A TPM is opened as every other verb opens it. */
static enum bulla_status
choose(struct job *job, struct bulla_error *err)
{
    struct bl_local_attester_probe probe;

    if (bl_argument(job->arguments, "tpm-socket") != NULL)
        job->kind = job->kind != NULL ? job->kind : "tpm";
    if (job->device != NULL && job->kind == NULL) {
        job->kind = kind_of_device(job->device);
        job->attester = attester_at(job->device);
        if (job->kind == NULL && job->attester == NULL)
            return fail_usage("--kind", "which kind of evidence does this device give?", err);
    }
    if (job->kind != NULL && strcmp(job->kind, "tpm") == 0)
        job->attester = tpm_attester();
    if (job->attester != NULL)
        return BULLA_OK;
    job->attester = bl_local_attester_find(job->kind, job->device, &probe);
    return job->attester != NULL ? BULLA_OK : fail_none(job, &probe, err);
}

/* -- a TPM's key ----------------------------------------------------------------------------------- */

/* The key of this TPM for whoever enrols it by hand: kept as that of a broker with no id. */
static enum bulla_status
load_key(struct job *job, struct bulla_error *err)
{
    static const uint8_t nobody[BL_BROKER_ID_SIZE];
    struct bulla_error inner = { 0 };
    struct bl_tpm_name name;

    enum bulla_status status = bl_attestation_load(nobody, &job->key, &inner);
    if (status == BULLA_OK)
        status = bl_tpm_ak_name(job->tpm.tpm, &job->key.key, &name, &inner);
    bl_report_object_word("");
    bl_report_next(NULL);
    if (status == BULLA_OK)
        return BULLA_OK;
    if (status != BULLA_E_NOT_FOUND && status != BULLA_E_IDENTITY) {
        if (err != NULL)
            *err = inner;
        return status;
    }
    bl_attestation_key_done(&job->key); /* none yet, or of another TPM */
    BL_TRY(bl_tpm_ak_create(job->tpm.tpm, &job->key.key, err));
    return bl_attestation_save(&job->key, err);
}

static enum bulla_status
add_tpm_key(struct job *job, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) spki = { 0 };
    struct bl_tpm_public ak = { 0 };

    BL_TRY(bl_tpm2b_public_decode(bulla_buffer_bytes(&job->key.key.public_area), &ak, err));
    BL_TRY(bl_tpm_public_key(&ak, &key, err));
    BL_TRY(bl_key_spki(key, &spki, err));
    bl_collected_add(&job->collected, DEVICE_KEY, &spki);
    return BULLA_OK;
}

/* -- the run --------------------------------------------------------------------------------------- */

static enum bulla_status
collect(struct job *job, struct bulla_error *err)
{
    const bool is_tpm = job->attester == tpm_attester();
    struct bl_attest_request request = {
        .path = is_tpm ? NULL : job->device,
        .nonce = bulla_buffer_bytes(&job->nonce),
        .deadline = bl_clock_deadline(BL_ATTEST_TIMEOUT_MS),
        .ta = job->ta.size > 0 ? job->ta.data : NULL,
    };

    bl_report_object_word(job->device != NULL ? job->device : job->attester->path);
    if (is_tpm) {
        bl_report_object_word("");
        BL_TRY(bl_local_tpm_open(&job->tpm, job->arguments, /* may_create= */ true, err));
        BL_TRY(load_key(job, err));
        request.tpm = job->tpm.tpm;
        request.ak = &job->key.key;
        request.tpm_log = job->tpm.place == BL_TPM_DEVICE;
    }
    BL_TRY(bl_local_attester_collect(job->attester, &request, &job->collected, err));
    bl_report_object_word("");
    return is_tpm ? add_tpm_key(job, err) : BULLA_OK;
}

static enum bulla_status
wrap(const struct bl_collected *collected, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_part parts[BL_COLLECTED_COUNT_MAX];

    for (size_t i = 1; i < collected->count; i++)
        parts[i - 1] = (struct bl_part){ collected->parts[i].role,
                                         bulla_buffer_bytes(&collected->parts[i].bytes) };
    return bl_wrapper_make(collected->kind, bulla_buffer_bytes(&collected->parts[0].bytes), parts,
                           collected->count - 1, out, err);
}

static struct bulla_bytes
device_key(const struct bl_collected *collected)
{
    for (size_t i = 1; i < collected->count; i++)
        if (strcmp(collected->parts[i].role, DEVICE_KEY) == 0)
            return bulla_buffer_bytes(&collected->parts[i].bytes);
    return (struct bulla_bytes){ NULL, 0 };
}

/* What a verifier has to be given once, where the machine is known to be the one it should be. */
static enum bulla_status
write_key(const struct job *job, struct bulla_error *err)
{
    const char *path = bl_argument(job->arguments, "key-output");
    const struct bulla_bytes key = device_key(&job->collected);

    if (path == NULL)
        return BULLA_OK;
    if (key.size == 0)
        return fail_usage("--key-output",
                          "a vendor certifies keys of this kind: none is to be "
                          "enrolled",
                          err);
    bl_report_object_word(path);
    BL_TRY(bl_file_replace(path, 0600, key,
                           bl_argument(job->arguments, "force") != NULL ? BL_FILE_REPLACE_EXISTING
                                                                        : BL_FILE_KEEP_EXISTING,
                           err));
    bl_report_object_word("");
    return BULLA_OK;
}

static void
tell(const struct job *job)
{
    char shown[BL_SHOWN_SIZE];

    bl_note("evidence of kind %s by %s%s", job->collected.kind, job->attester->name,
            job->tpm.place == BL_TPM_EMBEDDED ? " (embedded, class software: no hardware behind it)"
                                              : "");
    if (job->nonce_is_ours)
        bl_note("no --nonce: nobody but this machine chose %s",
                bl_show_hex(bulla_buffer_bytes(&job->nonce), shown));
    if (job->collected.left_out != NULL)
        bl_note("left out, for it is malformed: the %s", job->collected.left_out);
}

static enum bulla_status
report(const struct job *job, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    tell(job);
    if (!bl_wants_json(job->arguments))
        return BULLA_OK;
    bl_result_begin(&result);
    bl_result_word(&result, "kind", job->collected.kind);
    bl_result_word(&result, "attester", job->attester->name);
    if (job->tpm.place != BL_TPM_PLACE_NONE)
        bl_result_word(&result, "tpm", bl_tpm_place_word(job->tpm.place));
    bl_result_hex(&result, "nonce", bulla_buffer_bytes(&job->nonce));
    bl_result_flag(&result, "nonce_was_given", !job->nonce_is_ours);
    bl_result_open_array(&result, "parts");
    for (size_t i = 0; i < job->collected.count; i++)
        bl_result_word(&result, NULL, job->collected.parts[i].role);
    bl_result_close(&result);
    if (job->collected.left_out != NULL)
        bl_result_word(&result, "left_out", job->collected.left_out);
    bl_result_word(&result, "output", job->output.path);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
attest(struct job *job, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) wrapped = { 0 };

    if (bl_wants_json(job->arguments) && bl_argument(job->arguments, "output") == NULL)
        return fail_usage("--json", "it needs -o FILE: standard output carries the evidence", err);
    if (job->kind != NULL)
        BL_TRY(check_kind(job->kind, err));
    BL_TRY(read_nonce(job, err));
    BL_TRY(read_ta(job, err));
    BL_TRY(choose(job, err));
    if (job->ta.size > 0 && !bl_local_attester_gives(job->attester, "optee"))
        return fail_usage("--ta", "trusted applications are measured by OP-TEE alone", err);
    BL_TRY(bl_output_open(&job->output, job->arguments, /* is_binary= */ true, err));
    BL_TRY(collect(job, err));
    BL_TRY(wrap(&job->collected, &wrapped, err));
    BL_TRY(write_key(job, err));
    BL_TRY(bl_fd_write(job->output.fd, bulla_buffer_bytes(&wrapped), err));
    BL_TRY(bl_output_commit(&job->output, err));
    return report(job, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct job job = { .arguments = arguments,
                       .kind = bl_argument(arguments, "kind"),
                       .device = bl_argument(arguments, "device"),
                       .tpm = BL_LOCAL_TPM_NONE,
                       .output = BL_OUTPUT_NONE };
    enum bulla_status status = attest(&job, err);

    job_done(&job);
    return status;
}

static const char *const kind_words[] = {
    "snp", "tdx", "sgx", "cca", "nitro", "optee", "tpm", NULL
};
static const struct bl_option options[] = {
    { .name = "kind",
      .letter = 'k',
      .argument = "KIND",
      .choices = kind_words,
      .help = "kind of evidence; without it the best that this machine has" },
    { .name = "nonce",
      .argument = "HEX",
      .help = "what the verifier wants the evidence to carry, 1 to 64 bytes" },
    { .name = "device",
      .argument = "PATH",
      .help = "where to ask, if not at the usual place; or embedded: the TPM in this program" },
    { .name = "tpm-socket",
      .argument = "PATH",
      .help = "TPM behind a Unix socket that takes raw commands" },
    { .name = "ta",
      .argument = "UUID",
      .help = "OP-TEE: measure this trusted application, not the TEE itself" },
    { .name = "key-output",
      .argument = "FILE",
      .help = "write the public key of the device, to be enrolled (tpm, optee)" },
    BL_OUTPUT_OPTIONS,
    { 0 },
};
static const char *const examples[] = {
    "bulla attest --device embedded --nonce 00112233445566778899aabbccddeeff -o evidence.cmw",
    "bulla attest --kind tpm --key-output tpm-key.der -o tpm.cmw",
    NULL,
};

const struct bl_verb bl_verb_attest = {
    .name = "attest",
    .summary = "make evidence of this machine, guest or enclave, over a nonce",
    .operands = "",
    .options = options,
    .examples = examples,
    .run = run,
};

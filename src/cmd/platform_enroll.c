/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/platform_enroll.c: bulla platform enroll: have this machine's TPM certified by a broker.
 */
#include <unistd.h>

#include "cmd/attestation.h"
#include "cmd/broker_target.h"
#include "cmd/certificate_file.h"
#include "cmd/local_authority.h"
#include "cmd/page.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/verbs.h"
#include "crypto/x509.h"
#include "tee/tpm/structures.h"

static enum bulla_status
ak_name(const struct bl_attestation_key *key, struct bl_tpm_name *name_out, struct bulla_error *err)
{
    struct bl_tpm_public ak = { 0 };

    BL_TRY(bl_tpm2b_public_decode(bulla_buffer_bytes(&key->key.public_area), &ak, err));
    return bl_tpm_public_name(&ak, name_out, err);
}

static enum bulla_status
tell(const struct bl_arguments *arguments, const struct bl_attestation_key *key,
     struct bulla_error *err)
{
    BL_AUTO_FREE(bl_certificate) certificate = NULL;
    BL_AUTO(bl_result) result = { 0 };
    BL_AUTO(bl_page) page = { 0 };
    struct bl_tpm_name name = { 0 };
    int64_t not_before_s = 0;
    int64_t not_after_s = 0;
    char shown[BL_SHOWN_SIZE];

    BL_TRY(bl_certificate_parse(bulla_buffer_bytes(&key->certificate), &certificate, err));
    bl_certificate_validity(certificate, &not_before_s, &not_after_s);
    BL_TRY(ak_name(key, &name, err));
    const struct bulla_bytes name_bytes = { name.bytes, name.size };
    if (bl_wants_json(arguments)) {
        bl_result_begin(&result);
        bl_result_hex(&result, "attestation_key", name_bytes);
        bl_result_time(&result, "not_after", not_after_s);
        return bl_result_write(&result, STDOUT_FILENO, err);
    }
    bl_page_print(&page, "enrolled: attestation key %s\n", bl_show_hex(name_bytes, shown));
    bl_page_print(&page, "certified until %s; enrol again before that\n",
                  bl_show_time(not_after_s, shown));
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
read_issuers(const struct bl_arguments *arguments, struct bulla_buffer *files,
             struct bulla_bytes *issuers, size_t *count_out, struct bulla_error *err)
{
    const char *path;

    for (*count_out = 0; (path = bl_argument_at(arguments, "issuer", *count_out)) != NULL;
         (*count_out)++) {
        if (*count_out == 3)
            return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                    "more than three --issuer");
        BL_TRY(bl_certificate_file_read(path, &files[*count_out], err));
        issuers[*count_out] = bulla_buffer_bytes(&files[*count_out]);
    }
    bl_report_object_word("");
    return BULLA_OK;
}

struct job {
    struct bl_local_tpm local;
    struct bl_broker_connection connection;
    struct bl_attestation_key key;
    struct bulla_buffer issuer_files[3];
};

static enum bulla_status
enroll(const struct bl_arguments *arguments, struct job *job, struct bulla_error *err)
{
    struct bulla_bytes issuers[3];
    size_t issuer_count = 0;
    struct bulla_error missing = { 0 };

    BL_TRY(read_issuers(arguments, job->issuer_files, issuers, &issuer_count, err));
    BL_TRY(bl_broker_target_connect(arguments, &job->connection, err));
    BL_TRY(bl_local_tpm_open(&job->local, arguments, /* may_create= */ true, err));
    bl_local_tpm_tell(&job->local);
    BL_TRY(bl_local_authority_certify(&job->local, err));
    /* A key that this TPM has already is certified anew; else one is made. */
    if (bl_attestation_load(job->connection.broker_id, &job->key, &missing) != BULLA_OK &&
        missing.status != BULLA_E_NOT_FOUND) {
        if (err != NULL)
            *err = missing;
        return missing.status;
    }
    bl_report_next(NULL);
    bl_report_object_word("");
    BL_TRY(bl_client_enroll(&job->connection, job->local.tpm, issuers, issuer_count,
                            BL_BROKER_TIMEOUT_MS, &job->key, err));
    BL_TRY(bl_attestation_save(&job->key, err));
    return tell(arguments, &job->key, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct job job = { .local = BL_LOCAL_TPM_NONE, .connection = BL_BROKER_CONNECTION_NONE };
    enum bulla_status status = enroll(arguments, &job, err);

    bl_attestation_key_done(&job.key);
    bl_broker_connection_done(&job.connection);
    bl_local_tpm_done(&job.local);
    for (size_t i = 0; i < 3; i++)
        bulla_buffer_done(&job.issuer_files[i]);
    return status;
}

static const struct bl_option options[] = {
    BL_BROKER_OPTIONS,
    { .name = "issuer",
      .argument = "FILE",
      .repeats = true,
      .help =
          "an issuer of the TPM's certificate (PEM or DER), between it and the broker's anchor" },
    BL_TPM_OPTIONS,
    { 0 },
};
static const char *const examples[] = {
    "bulla platform enroll",
    NULL,
};

const struct bl_verb bl_verb_platform_enroll = {
    .name = "platform enroll",
    .summary = "have this machine's TPM certified by a broker (credential activation)",
    .operands = "",
    .options = options,
    .examples = examples,
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/get.c: bulla get: prove what this machine is, receive a secret.
 */
#include "client/get.h"

#include <string.h>

#include "base/memory.h"
#include "cmd/attestation.h"
#include "cmd/broker_target.h"
#include "cmd/report.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"
#include "measure/pcr.h"

struct job {
    struct bl_local_tpm local;
    struct bl_broker_connection connection;
    struct bl_channel *channel;
    struct bl_attestation_key key;
    struct bulla_buffer claims;
    struct bl_output output;
    struct bl_secret value;
};

static void
job_done(struct job *job)
{
    bl_secret_done(&job->value);
    bl_output_done(&job->output);
    bl_channel_free(job->channel);
    bl_broker_connection_done(&job->connection);
    bl_attestation_key_done(&job->key);
    bulla_buffer_done(&job->claims);
    bl_local_tpm_done(&job->local);
}

static enum bulla_status
attest(const struct bl_arguments *arguments, struct job *job, struct bulla_error *err)
{
    BL_TRY(bl_broker_target_connect(arguments, &job->connection, err));
    BL_TRY(bl_attestation_load(job->connection.broker_id, &job->key, err));
    BL_TRY(bl_local_tpm_open(&job->local, arguments, /* may_create= */ false, err));
    BL_TRY(bl_attestation_claims(&job->local, &job->claims, err));
    struct bl_machine_attester machine = {
        .tpm = job->local.tpm,
        .key = &job->key,
        .selection = { .bank = BL_SHA256, .mask = BL_PCR_MASK_BOOT },
    };
    const struct bl_attester attester = { .evidence_type = BL_LITERAL("tpm"),
                                          .claims = bulla_buffer_bytes(&job->claims),
                                          .collect = bl_machine_collect,
                                          .context = &machine };
    return bl_channel_open(job->connection.tls, &attester, NULL, BL_BROKER_TIMEOUT_MS,
                           &job->channel, err);
}

static enum bulla_status
get(const struct bl_arguments *arguments, struct job *job, struct bulla_error *err)
{
    const char *name = bl_operand(arguments, 0);
    uint64_t version = 0;

    BL_TRY(bl_output_open(&job->output, arguments, /* is_binary= */ false, err));
    BL_TRY(attest(arguments, job, err));
    bl_report_object_word(name);
    BL_TRY(bl_client_get(&job->connection, job->channel,
                         (struct bulla_bytes){ (const uint8_t *)name, strlen(name) },
                         /* version_min= */ 0, BL_BROKER_TIMEOUT_MS, &job->value, &version, err));
    BL_TRY(bl_fd_write(job->output.fd, bl_secret_bytes(&job->value), err));
    return bl_output_commit(&job->output, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct job job = { .local = BL_LOCAL_TPM_NONE,
                       .connection = BL_BROKER_CONNECTION_NONE,
                       .output = BL_OUTPUT_NONE };
    enum bulla_status status = get(arguments, &job, err);

    job_done(&job);
    return status;
}

static const struct bl_option options[] = {
    BL_BROKER_OPTIONS,
    BL_OUTPUT_OPTIONS,
    BL_TPM_OPTIONS,
    { 0 },
};
static const char *const examples[] = {
    "bulla get db/password -o password",
    NULL,
};

const struct bl_verb bl_verb_get = {
    .name = "get",
    .summary = "attest to a broker and receive a secret",
    .operands = "NAME",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};

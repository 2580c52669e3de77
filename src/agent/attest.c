/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/attest.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/network.h"
#include "base/memory.h"
#include "client/attestation_key.h"
#include "client/get.h"
#include "crypto/random.h"
#include "measure/enclave_pcrs.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/path.h"
#include "sys/socket.h"
#include "wire/claims_message.h"

#define WHERE "agent"
#define BROKER_TIMEOUT_MS 30000
#define KEY_FILE "attestation.key"
#define PLATFORM_TIMEOUT_MS 30000 /* a quote of a slow TPM, and its neighbours' */
#define AGENT_TEXT "bulla-agent " BULLA_VERSION

static const struct bl_pcr_selection enclave_pcrs = { .bank = BL_SHA256,
                                                      .mask = BL_ENCLAVE_PCR_MASK };

/* -- who we are -------------------------------------------------------------------------------- */

static enum bulla_status
differs(const char *what, struct bulla_error *err)
{
    return bulla_fail(err, BULLA_E_MISMATCH, WHERE, what, 0);
}

static enum bulla_status
check_log(const struct bl_manifest *manifest, const struct bl_enclave_identity *identity,
          struct bulla_error *err)
{
    if (!bl_equal(BL_BYTES_OF(identity->config), BL_BYTES_OF(manifest->digest)))
        return differs("the manifest is not the one that was measured", err);
    if (!bl_equal(BL_BYTES_OF(identity->signer), BL_BYTES_OF(manifest->signer_digest)) ||
        strcmp(identity->product, manifest->product) != 0 || identity->version != manifest->version)
        return differs("signer, product or version is not the measured one", err);
    return BULLA_OK;
}

enum bulla_status
bl_agent_check_self(const struct bl_agent_self *self, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) values = { 0 };
    struct bl_enclave_identity identity;
    struct bl_pcr_bank predicted, found;

    BL_TRY(bl_enclave_log_read(self->config->event_log, &identity, err));
    BL_TRY(check_log(self->manifest, &identity, err));
    BL_TRY(bl_enclave_predict(&identity, &predicted, err));
    BL_TRY(bl_tpm_pcr_read(self->tpm, enclave_pcrs, &values, err));
    BL_TRY(bl_pcr_bank_read(enclave_pcrs, bulla_buffer_bytes(&values), &found, err));
    for (unsigned i = 0; i < BL_ENCLAVE_PCR_COUNT; i++) {
        if (!bl_equal(bl_pcr_value(&found, BL_ENCLAVE_PCR_FIRST + i),
                      bl_pcr_value(&predicted, BL_ENCLAVE_PCR_FIRST + i)))
            return differs("the vTPM was extended with something else", err);
    }
    return BULLA_OK;
}

/* -- evidence ---------------------------------------------------------------------------------- */

struct attester {
    const struct bl_agent_self *self;
    const struct bl_attestation_key *key;
};

/* The platform's layer around ours: only the monitor can have it made, for a key of this very vTPM. */
static enum bulla_status
ask_platform(const struct attester *attester, const uint8_t binder[BL_TPM_BINDER_SIZE],
             struct bulla_buffer *bytes, struct bl_tpm_layer *platform_out, struct bulla_error *err)
{
    const struct bl_tpm_key *key = &attester->key->key;
    const int fd = attester->self->control_fd;
    const int64_t deadline = bl_clock_deadline(PLATFORM_TIMEOUT_MS);
    struct bl_agent_report request = { .kind = BL_AGENT_ATTESTS,
                                       .ak_public = bulla_buffer_bytes(&key->public_area),
                                       .ak_private = bulla_buffer_bytes(&key->private_area) };
    struct bl_tpm_evidence evidence;
    BL_AUTO(bulla_buffer) frame = { 0 };

    memcpy(request.binder, binder, sizeof request.binder);
    BL_TRY(bl_agent_report_encode(&request, &frame, err));
    BL_TRY(bl_frame_send(fd, bulla_buffer_bytes(&frame), BL_AGENT_REPORT_SIZE_MAX, deadline, err));
    BL_TRY(bl_frame_receive(fd, BL_AGENT_PLATFORM_SIZE_MAX, deadline, bytes, err));
    BL_TRY(bl_tpm_evidence_decode(bulla_buffer_bytes(bytes), &evidence, err));
    *platform_out = evidence.platform;
    return BULLA_OK;
}

static enum bulla_status
collect(void *context, const uint8_t report_data[BL_REPORT_DATA_SIZE],
        struct bulla_buffer *evidence_out, struct bulla_error *err)
{
    const struct attester *attester = context;
    const struct bl_agent_self *self = attester->self;
    uint8_t binder[BL_TPM_BINDER_SIZE];
    BL_AUTO(bulla_buffer) attest = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bulla_buffer) platform = { 0 };

    BL_TRY(bl_report_data_for_tpm(report_data, binder, err));
    BL_TRY(bl_tpm_quote(self->tpm, &attester->key->key, enclave_pcrs, BL_BYTES_OF(binder), &attest,
                        &signature, err));
    BL_TRY(bl_tpm_pcr_read(self->tpm, enclave_pcrs, &values, err));
    struct bl_tpm_evidence evidence = {
        .enclave = {
            .is_present = true,
            .attest = bulla_buffer_bytes(&attest),
            .signature = bulla_buffer_bytes(&signature),
            .ak_public = bulla_buffer_bytes(&attester->key->key.public_area),
            .ak_chain = { bulla_buffer_bytes(&attester->key->certificate) },
            .ak_chain_count = self->config->platform_vouches ? 0 : 1,
            .selection = enclave_pcrs,
            .pcr_values = bulla_buffer_bytes(&values),
            .event_log = self->config->event_log,
        },
    };
    if (self->config->platform_vouches)
        BL_TRY(ask_platform(attester, binder, &platform, &evidence.platform, err));
    return bl_tpm_evidence_encode(&evidence, evidence_out, err);
}

/* -- the attestation key ----------------------------------------------------------------------- */

static enum bulla_status
connect_broker(const struct bl_agent_self *self, struct bl_broker_connection *out,
               struct bulla_error *err)
{
    int fd = -1;

    BL_TRY(bl_network_broker(self->relay_fd, bl_clock_deadline(BROKER_TIMEOUT_MS), &fd, err));
    return bl_broker_connect_fd(fd, self->manifest->broker.root, BROKER_TIMEOUT_MS, out, err);
}

/* The host keeps the file: what is not usable is made anew, and the broker judges what is. */
static void
load_key(const char *path, struct bl_attestation_key *key)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };

    if (bl_file_read(path, BL_ATTESTATION_KEY_SIZE_MAX, &bytes, NULL) == BULLA_OK &&
        bl_attestation_key_decode(bulla_buffer_bytes(&bytes), key, NULL) != BULLA_OK)
        bl_attestation_key_done(key);
}

static enum bulla_status
enroll(const struct bl_agent_self *self, const char *path, struct bl_attestation_key *key,
       struct bulla_error *err)
{
    __attribute__((cleanup(bl_broker_connection_done))) struct bl_broker_connection connection =
        BL_BROKER_CONNECTION_NONE;
    BL_AUTO(bulla_buffer) bytes = { 0 };

    bl_attestation_key_done(key);
    BL_TRY(connect_broker(self, &connection, err));
    BL_TRY(bl_client_enroll(&connection, self->tpm, NULL, 0, BROKER_TIMEOUT_MS, key, err));
    BL_TRY(bl_attestation_key_encode(key, &bytes, err));
    return bl_file_replace(path, S_IRUSR | S_IWUSR, bulla_buffer_bytes(&bytes),
                           BL_FILE_REPLACE_EXISTING, err);
}

/* -- secrets ----------------------------------------------------------------------------------- */

enum bulla_status
bl_secret_file_write(const char *directory, const char *name, unsigned mode,
                     const struct bl_secret *value, struct bulla_error *err)
{
    BL_AUTO_FD at = BL_CALL(FILE, open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (at < 0)
        return bl_fail_errno(err, WHERE, "no directory for secrets");
    BL_AUTO_FD fd =
        BL_CALL(FILE, openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0));
    if (fd < 0)
        return bl_fail_errno(err, WHERE, "a secret's file cannot be made");
    enum bulla_status status = bl_fd_write(fd, bl_secret_bytes(value), err);
    if (status == BULLA_OK && BL_CALL(FILE, fchmod(fd, (mode_t)mode)) != 0)
        status = bl_fail_errno(err, WHERE, "a secret's mode cannot be set");
    if (status != BULLA_OK)
        (void)unlinkat(at, name, 0);
    return status;
}

static enum bulla_status
deliver(const struct bl_agent_self *self, const struct bl_broker_connection *connection,
        struct bl_channel *channel, const struct bl_manifest_secret *secret,
        struct bulla_error *err)
{
    const struct bulla_bytes name = { (const uint8_t *)secret->name, strlen(secret->name) };
    BL_AUTO(bl_secret) value = { 0 };
    uint64_t version = 0;

    BL_TRY(bl_client_get(connection, channel, name, 0, BROKER_TIMEOUT_MS, &value, &version, err));
    return bl_secret_file_write(self->secret_directory, strrchr(secret->file, '/') + 1,
                                secret->mode, &value, err);
}

static enum bulla_status
say_claims(struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_claims_message claims = { .agent = BL_LITERAL(AGENT_TEXT) };

    BL_TRY(bl_random(claims.boot_id, sizeof claims.boot_id, err));
    return bl_claims_message_encode(&claims, out, err);
}

static enum bulla_status
attest_and_get(const struct bl_agent_self *self, const struct bl_attestation_key *key,
               struct bl_broker_connection *connection, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) claims = { 0 };
    BL_AUTO_FREE(bl_channel) channel = NULL;
    struct attester attester = { .self = self, .key = key };

    BL_TRY(say_claims(&claims, err));
    const struct bl_attester callbacks = { .evidence_type = BL_LITERAL("tpm"),
                                           .claims = bulla_buffer_bytes(&claims),
                                           .collect = collect,
                                           .context = &attester };
    BL_TRY(bl_channel_open(connection->tls, &callbacks, NULL, BROKER_TIMEOUT_MS, &channel, err));
    for (size_t i = 0; i < self->manifest->secret_count; i++)
        BL_TRY(deliver(self, connection, channel, &self->manifest->secrets[i], err));
    return BULLA_OK;
}

enum bulla_status
bl_agent_get_secrets(const struct bl_agent_self *self, struct bulla_error *err)
{
    __attribute__((cleanup(bl_broker_connection_done))) struct bl_broker_connection connection =
        BL_BROKER_CONNECTION_NONE;
    BL_AUTO(bl_attestation_key) key = { 0 };
    char path[BL_MANIFEST_PATH_SIZE_MAX];

    if (self->manifest->secret_count == 0)
        return BULLA_OK;
    if (!self->manifest->has_broker)
        return bulla_fail(err, BULLA_E_USAGE, WHERE, "secrets, and no broker to ask", 0);
    BL_TRY(connect_broker(self, &connection, err));
    BL_TRY(bl_path_format(path, sizeof path, self->state_directory, KEY_FILE, WHERE, err));
    load_key(path, &key);
    if (!bl_attestation_key_is_current(&key, connection.broker_id, bl_clock_now_s()))
        BL_TRY(enroll(self, path, &key, err));
    return attest_and_get(self, &key, &connection, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/attack/relay_client.c: a client that shows the broker genuine evidence which was made for
 * another connection: what a relay in the middle could get hold of.
 *
 * Usage: relay_client ADDRESS NAME, in an environment where `bulla get` works. Exit code 12 (the
 * broker refused) is the right end; 0 would mean that a relay receives the secret.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "client/get.h"
#include "cmd/arguments.h"
#include "cmd/attestation.h"

#define TIMEOUT_MS 20000

struct relay {
    struct bl_machine_attester machine;
    struct bulla_buffer captured; /* evidence over the first connection */
    bool replays;
};

static enum bulla_status
collect(void *context, const uint8_t report_data[BL_REPORT_DATA_SIZE],
        struct bulla_buffer *evidence_out, struct bulla_error *err)
{
    struct relay *relay = context;

    if (!relay->replays)
        BL_TRY(bl_machine_collect(&relay->machine, report_data, &relay->captured, err));
    return bulla_buffer_append(evidence_out, bulla_buffer_bytes(&relay->captured), err);
}

static enum bulla_status
ask(const struct bl_broker_address *address, struct relay *relay, struct bulla_bytes claims,
    const char *name, struct bulla_error *err)
{
    BL_AUTO(bl_broker_connection) connection = BL_BROKER_CONNECTION_NONE;
    BL_AUTO_FREE(bl_channel) channel = NULL;
    BL_AUTO(bl_secret) value = { 0 };
    const struct bl_attester attester = {
        .evidence_type = BL_LITERAL("tpm"), .claims = claims, .collect = collect, .context = relay
    };
    uint64_t version = 0;

    BL_TRY(bl_broker_connect(address, TIMEOUT_MS, &connection, err));
    BL_TRY(bl_channel_open(connection.tls, &attester, NULL, TIMEOUT_MS, &channel, err));
    return bl_client_get(&connection, channel,
                         (struct bulla_bytes){ (const uint8_t *)name, strlen(name) }, 0, TIMEOUT_MS,
                         &value, &version, err);
}

static enum bulla_status
attack(const char *address_text, const char *name, struct bulla_error *err)
{
    const struct bl_arguments arguments = { 0 };
    BL_AUTO(bl_local_tpm) local = BL_LOCAL_TPM_NONE;
    BL_AUTO(bl_attestation_key) key = { 0 };
    BL_AUTO(bulla_buffer) claims = { 0 };
    struct bl_broker_address address = { 0 };
    struct relay relay = { 0 };
    uint8_t broker_id[BL_BROKER_ID_SIZE];

    BL_TRY(bl_broker_address_parse(
        (struct bulla_bytes){ (const uint8_t *)address_text, strlen(address_text) }, &address,
        err));
    BL_TRY(bl_hash_once(BL_SHA256, BL_BYTES_OF(address.root), broker_id, err));
    BL_TRY(bl_attestation_load(broker_id, &key, err));
    BL_TRY(bl_local_tpm_open(&local, &arguments, /* may_create= */ false, err));
    BL_TRY(bl_attestation_claims(&local, &claims, err));
    relay.machine = (struct bl_machine_attester){
        .tpm = local.tpm,
        .key = &key,
        .selection = { .bank = BL_SHA256, .mask = BL_PCR_MASK_BOOT },
    };
    enum bulla_status status = ask(&address, &relay, bulla_buffer_bytes(&claims), name, err);
    printf("own connection: %s\n", status == BULLA_OK ? "released" : "refused");
    if (status == BULLA_OK) {
        relay.replays = true;
        status = ask(&address, &relay, bulla_buffer_bytes(&claims), name, err);
        printf("same evidence on another connection: %s\n",
               status == BULLA_OK ? "RELEASED" : "refused");
    }
    bulla_buffer_done(&relay.captured);
    return status;
}

int
main(int argc, char **argv)
{
    struct bulla_error err = { 0 };

    if (argc != 3)
        return 2;
    (void)signal(SIGPIPE, SIG_IGN); /* as http/tls.h asks: the broker may have hung up */
    bl_tpm_quiet_libraries();
    if (attack(argv[1], argv[2], &err) == BULLA_OK)
        return 0;
    printf("BL-%04d\n", (int)err.cause);
    return bulla_cause_exit_code(err.cause);
}

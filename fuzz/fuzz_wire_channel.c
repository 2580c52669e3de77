/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever message of the channel decodes, under the kind that it names, has one encoding.
 */
#include "fuzz.h"

#include "wire/channel.h"

static enum bulla_status
read_and_write(enum bl_message kind, struct bulla_bytes body, struct bulla_buffer *again,
               struct bulla_error *err)
{
    struct bl_client_hello client;
    struct bl_server_hello server;
    struct bl_evidence_message evidence;
    struct bulla_bytes content;
    uint8_t mac[BL_TRANSCRIPT_SIZE];

    if (kind == BL_MESSAGE_CLIENT_HELLO) {
        enum bulla_status status = bl_client_hello_decode(body, &client, err);
        return status != BULLA_OK ? status : bl_client_hello_encode(&client, again, err);
    }
    if (kind == BL_MESSAGE_SERVER_HELLO) {
        enum bulla_status status = bl_server_hello_decode(body, &server, err);
        return status != BULLA_OK ? status : bl_server_hello_encode(&server, again, err);
    }
    if (kind == BL_MESSAGE_EVIDENCE) {
        enum bulla_status status = bl_evidence_message_decode(body, &evidence, err);
        return status != BULLA_OK ? status : bl_evidence_message_encode(&evidence, again, err);
    }
    if (kind == BL_MESSAGE_CONFIRM) {
        enum bulla_status status = bl_confirm_decode(body, mac, err);
        return status != BULLA_OK ? status : bl_confirm_encode(mac, again, err);
    }
    enum bulla_status status = bl_carrier_decode(kind, body, &content, err);
    return status != BULLA_OK ? status : bl_carrier_encode(kind, content, again, err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bulla_error err = { 0 };
    struct bulla_bytes body = { data, size };
    enum bl_message kind = bl_message_kind(body);

    if (kind == 0)
        return 0;
    enum bulla_status status = read_and_write(kind, body, &again, &err);
    if (status != BULLA_OK)
        fuzz_check_refusal(status, &err);
    else
        FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&again), body));
    return 0;
}

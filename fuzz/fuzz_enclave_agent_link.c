/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a monitor and the agent inside its enclave say to each other: the first byte chooses which.
 */
#include "fuzz_again.h"

#include "enclave/agent_link.h"

static enum bulla_status
relay_again(struct bulla_bytes bytes, struct bulla_buffer *again, struct bulla_error *err)
{
    struct bl_relay_packet packet;
    uint8_t out[BL_RELAY_PACKET_SIZE_MAX];
    enum bulla_status status = bl_relay_packet_decode(bytes, &packet, err);

    if (status != BULLA_OK)
        return status;
    size_t size = bl_relay_packet_encode(&packet, out);
    return bulla_buffer_append(again, (struct bulla_bytes){ out, size }, err);
}

static enum bulla_status
read_and_write(unsigned which, struct bulla_bytes bytes, struct bulla_buffer *again,
               struct bulla_error *err)
{
    struct bl_agent_config config;
    struct bl_agent_report report;
    enum bulla_status status;

    switch (which) {
    case 0:
        status = bl_agent_config_decode(bytes, &config, err);
        return status != BULLA_OK ? status : bl_agent_config_encode(&config, again, err);
    case 1:
        status = bl_agent_report_decode(bytes, &report, err);
        return status != BULLA_OK ? status : bl_agent_report_encode(&report, again, err);
    default:
        return relay_again(bytes, again, err);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_check_again(read_and_write, 3, data, size);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "enclave/agent_link.h"

#include "base/memory.h"
#include "codec/cbor.h"

#define FORMAT 1

enum { KEY_FORMAT = 1, KEY_MANIFEST, KEY_EVENT_LOG, KEY_PLATFORM, KEY_ANCHORED, KEY_COUNT = 5 };

enum bulla_status
bl_agent_config_encode(const struct bl_agent_config *config, struct bulla_buffer *out,
                       struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_map(&w, KEY_COUNT);
    bl_cbor_write_uint(&w, KEY_FORMAT);
    bl_cbor_write_uint(&w, FORMAT);
    bl_cbor_write_uint(&w, KEY_MANIFEST);
    bl_cbor_write_bytes(&w, config->manifest);
    bl_cbor_write_uint(&w, KEY_EVENT_LOG);
    bl_cbor_write_bytes(&w, config->event_log);
    bl_cbor_write_uint(&w, KEY_PLATFORM);
    bl_cbor_write_bool(&w, config->platform_vouches);
    bl_cbor_write_uint(&w, KEY_ANCHORED);
    bl_cbor_write_bool(&w, config->anchored);
    return bl_writer_finish(&w, err);
}

static void
expect_key(struct bl_reader *r, uint64_t key)
{
    if (bl_cbor_read_uint(r) != key)
        bl_reader_fail(r, "not the key that follows");
}

enum bulla_status
bl_agent_config_decode(struct bulla_bytes bytes, struct bl_agent_config *out,
                       struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "agent configuration");
    struct bl_agent_config config = { 0 };

    if (bytes.size > BL_AGENT_CONFIG_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, r.where, "too large", bytes.size);
    if (bl_cbor_read_map(&r, KEY_COUNT).left != KEY_COUNT)
        bl_reader_fail(&r, "not a map of its keys");
    expect_key(&r, KEY_FORMAT);
    uint64_t format = bl_cbor_read_uint(&r);
    BL_TRY(bl_reader_ok(&r, err));
    if (format != FORMAT)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, r.where, "another version", format);
    expect_key(&r, KEY_MANIFEST);
    config.manifest = bl_cbor_read_bytes(&r, BL_MANIFEST_SIZE_MAX);
    expect_key(&r, KEY_EVENT_LOG);
    config.event_log = bl_cbor_read_bytes(&r, BL_AGENT_LOG_SIZE_MAX);
    expect_key(&r, KEY_PLATFORM);
    config.platform_vouches = bl_cbor_read_bool(&r);
    expect_key(&r, KEY_ANCHORED);
    config.anchored = bl_cbor_read_bool(&r);
    BL_TRY(bl_reader_finish(&r, err));
    *out = config;
    return BULLA_OK;
}

enum bulla_status
bl_agent_report_encode(const struct bl_agent_report *report, struct bulla_buffer *out,
                       struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, report->kind == BL_AGENT_ATTESTS ? 4 : 2);
    bl_cbor_write_uint(&w, (uint64_t)report->kind);
    if (report->kind == BL_AGENT_ATTESTS) {
        bl_cbor_write_bytes(&w, report->ak_public);
        bl_cbor_write_bytes(&w, report->ak_private);
        bl_cbor_write_bytes(&w, BL_BYTES_OF(report->binder));
    } else {
        bl_cbor_write_uint(&w, report->kind == BL_AGENT_REFUSED ? (uint64_t)report->cause : 0);
    }
    return bl_writer_finish(&w, err);
}

static void
read_cause(struct bl_reader *r, struct bl_agent_report *report)
{
    uint64_t cause = bl_cbor_read_uint(r);
    bool is_known = cause <= UINT16_MAX && bulla_cause_status((enum bulla_cause)cause) != BULLA_OK;

    if (report->kind == BL_AGENT_READY ? cause != 0 : !is_known)
        bl_reader_fail(r, "not a cause that goes with it");
    report->cause = (enum bulla_cause)cause;
}

static void
read_key(struct bl_reader *r, struct bl_agent_report *report)
{
    report->ak_public = bl_cbor_read_bytes(r, BL_AGENT_KEY_SIZE_MAX);
    report->ak_private = bl_cbor_read_bytes(r, BL_AGENT_KEY_SIZE_MAX);
    bl_cbor_read_bytes_exact(r, report->binder, sizeof report->binder);
}

enum bulla_status
bl_agent_report_decode(struct bulla_bytes bytes, struct bl_agent_report *out,
                       struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "agent report");
    struct bl_agent_report report = { 0 };
    uint64_t count = bl_cbor_read_array(&r, 4);
    uint64_t kind = bl_cbor_read_uint(&r);

    report.kind = (enum bl_agent_report_kind)kind;
    if ((kind == BL_AGENT_READY || kind == BL_AGENT_REFUSED) && count == 2)
        read_cause(&r, &report);
    else if (kind == BL_AGENT_ATTESTS && count == 4)
        read_key(&r, &report);
    else
        bl_reader_fail(&r, "not a report that we know");
    BL_TRY(bl_reader_finish(&r, err));
    *out = report;
    return BULLA_OK;
}

static size_t
put_u32(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
    return 4;
}

size_t
bl_relay_packet_encode(const struct bl_relay_packet *packet, uint8_t out[BL_RELAY_PACKET_SIZE_MAX])
{
    size_t size = 0;

    out[size++] = (uint8_t)packet->kind;
    if (packet->kind == BL_RELAY_CLIENT || packet->kind == BL_RELAY_HEALTH) {
        out[size++] = (uint8_t)(packet->port >> 8);
        out[size++] = (uint8_t)(packet->port & 0xff);
        return size;
    }
    size += put_u32(out + size, packet->id);
    if (packet->kind == BL_RELAY_CONNECT)
        out[size++] = packet->index;
    if (packet->kind == BL_RELAY_ANSWER)
        out[size++] = packet->connected ? 1 : 0;
    return size;
}

static void
read_packet(struct bl_reader *r, struct bl_relay_packet *packet)
{
    uint8_t connected = 0;

    switch (packet->kind) {
    case BL_RELAY_CONNECT:
        packet->id = bl_read_u32be(r);
        packet->index = bl_read_u8(r);
        return;
    case BL_RELAY_BROKER:
        packet->id = bl_read_u32be(r);
        return;
    case BL_RELAY_CLIENT:
    case BL_RELAY_HEALTH:
        packet->port = bl_read_u16be(r);
        if (packet->port == 0)
            bl_reader_fail(r, "port 0");
        return;
    case BL_RELAY_ANSWER:
        packet->id = bl_read_u32be(r);
        connected = bl_read_u8(r);
        if (connected > 1)
            bl_reader_fail(r, "neither yes nor no");
        packet->connected = connected == 1;
        return;
    }
    bl_reader_fail(r, "not a kind that we know");
}

enum bulla_status
bl_relay_packet_decode(struct bulla_bytes bytes, struct bl_relay_packet *out,
                       struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "relay packet");
    struct bl_relay_packet packet = { .kind = (enum bl_relay_kind)bl_read_u8(&r) };

    read_packet(&r, &packet);
    BL_TRY(bl_reader_finish(&r, err));
    *out = packet;
    return BULLA_OK;
}

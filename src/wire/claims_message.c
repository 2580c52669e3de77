/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/claims_message.h"

#include "base/memory.h"
#include "codec/cbor.h"

enum { KEY_BOOT_ID = 1, KEY_AGENT = 2, KEY_COUNT = 2 };

enum bulla_status
bl_claims_message_encode(const struct bl_claims_message *message, struct bulla_buffer *out,
                         struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_map(&w, KEY_COUNT);
    bl_cbor_write_uint(&w, KEY_BOOT_ID);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(message->boot_id));
    bl_cbor_write_uint(&w, KEY_AGENT);
    bl_cbor_write_text(&w, message->agent);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_claims_message_decode(struct bulla_bytes bytes, struct bl_claims_message *out,
                         struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "claims");
    struct bl_cbor_map map = bl_cbor_read_map(&r, KEY_COUNT);
    struct bl_claims_message message = { 0 };
    uint64_t key = 0;
    size_t seen = 0;

    while (bl_cbor_map_next_uint(&r, &map, &key)) {
        seen++;
        if (key == KEY_BOOT_ID)
            bl_cbor_read_bytes_exact(&r, message.boot_id, sizeof message.boot_id);
        else if (key == KEY_AGENT)
            message.agent = bl_cbor_read_text(&r, BL_AGENT_TEXT_MAX);
        else
            bl_reader_fail(&r, "an unknown claim");
    }
    if (seen != KEY_COUNT || bl_all_zero(BL_BYTES_OF(message.boot_id)))
        bl_reader_fail(&r, "a claim is missing");
    BL_TRY(bl_reader_finish(&r, err));
    *out = message;
    return BULLA_OK;
}

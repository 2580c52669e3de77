/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/release.h"

#include "base/memory.h"
#include "codec/cbor.h"

#define NAME_PART_SIZE_MAX 64
#define NAME_PART_COUNT_MAX 4
#define BOUND_COUNT 7                 /* fields: what the ciphertext is bound to */
#define REPLY_COUNT (BOUND_COUNT + 2) /* fields: these, enc and ciphertext */

static bool
name_byte_is_valid(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool
bl_secret_name_is_valid(struct bulla_bytes name)
{
    size_t part_count = 1;
    size_t part_size = 0;
    bool dots_only = true;

    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '/') {
            if (part_size == 0 || dots_only || ++part_count > NAME_PART_COUNT_MAX)
                return false;
            part_size = 0;
            dots_only = true;
        } else {
            if (!name_byte_is_valid(name.data[i]) || ++part_size > NAME_PART_SIZE_MAX)
                return false;
            dots_only = dots_only && name.data[i] == '.';
        }
    }
    return part_size > 0 && !dots_only && name.size <= BL_SECRET_NAME_SIZE_MAX;
}

enum bulla_status
bl_get_request_encode(const struct bl_get_request *request, struct bulla_buffer *out,
                      struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, 3);
    bl_cbor_write_text(&w, BL_LITERAL("get"));
    bl_cbor_write_text(&w, request->name);
    bl_cbor_write_uint(&w, request->version_min);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_get_request_decode(struct bulla_bytes content, struct bl_get_request *out,
                      struct bulla_error *err)
{
    struct bl_reader r = bl_reader(content, "request");
    struct bl_get_request request = { 0 };

    if (bl_cbor_read_array(&r, 3) != 3 || !bl_equal(bl_cbor_read_text(&r, 16), BL_LITERAL("get")))
        bl_reader_fail(&r, "not a request that we know");
    request.name = bl_cbor_read_text(&r, BL_SECRET_NAME_SIZE_MAX);
    request.version_min = bl_cbor_read_uint(&r);
    BL_TRY(bl_reader_finish(&r, err));
    if (!bl_secret_name_is_valid(request.name))
        return bulla_fail(err, BULLA_E_MALFORMED, "request", "not a name of a secret", 0);
    *out = request;
    return BULLA_OK;
}

/* A reply starts with what its binding is: one writer, so that neither has a field the other lacks. */
static void
write_bound(struct bl_writer *w, const struct bl_get_reply *reply)
{
    bl_cbor_write_text(w, BL_LITERAL("bulla-release/1"));
    bl_cbor_write_bytes(w, BL_BYTES_OF(reply->broker_id));
    bl_cbor_write_text(w, reply->name);
    bl_cbor_write_uint(w, reply->version);
    bl_cbor_write_bytes(w, BL_BYTES_OF(reply->verdict_id));
    bl_cbor_write_bytes(w, BL_BYTES_OF(reply->report_data));
    bl_cbor_write_int(w, reply->lease_end_s);
}

enum bulla_status
bl_get_reply_encode(const struct bl_get_reply *reply, struct bulla_buffer *out,
                    struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, REPLY_COUNT);
    write_bound(&w, reply);
    bl_cbor_write_bytes(&w, reply->enc);
    bl_cbor_write_bytes(&w, reply->ciphertext);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_get_reply_decode(struct bulla_bytes payload, struct bl_get_reply *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(payload, "released secret");
    struct bl_get_reply reply = { 0 };

    if (bl_cbor_read_array(&r, REPLY_COUNT) != REPLY_COUNT ||
        !bl_equal(bl_cbor_read_text(&r, 32), BL_LITERAL("bulla-release/1")))
        bl_reader_fail(&r, "not a released secret");
    bl_cbor_read_bytes_exact(&r, reply.broker_id, sizeof reply.broker_id);
    reply.name = bl_cbor_read_text(&r, BL_SECRET_NAME_SIZE_MAX);
    reply.version = bl_cbor_read_uint(&r);
    bl_cbor_read_bytes_exact(&r, reply.verdict_id, sizeof reply.verdict_id);
    bl_cbor_read_bytes_exact(&r, reply.report_data, sizeof reply.report_data);
    reply.lease_end_s = bl_cbor_read_int(&r);
    reply.enc = bl_cbor_read_bytes(&r, BL_WRAP_KEY_SIZE);
    reply.ciphertext = bl_cbor_read_bytes(&r, BL_RELEASED_SIZE_MAX + 16);
    BL_TRY(bl_reader_finish(&r, err));
    *out = reply;
    return BULLA_OK;
}

enum bulla_status
bl_get_reply_binding(const struct bl_get_reply *reply, struct bulla_buffer *out,
                     struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, BOUND_COUNT);
    write_bound(&w, reply);
    return bl_writer_finish(&w, err);
}

struct bulla_bytes
bl_release_info(void)
{
    return BL_LITERAL("bulla-release/1");
}

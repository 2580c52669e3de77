/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/admin.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "codec/cose.h"
#include "crypto/cose_sign1.h"

/* What each signature is for: the signed content type, so that none passes for another. */
#define PURPOSE(text) (&(const struct bl_cose_context){ .content_type = BL_LITERAL(text) })
#define CHALLENGE_PURPOSE PURPOSE("bulla-admin-challenge/1")
#define REQUEST_PURPOSE PURPOSE("bulla-admin-request/1")
#define REPLY_PURPOSE PURPOSE("bulla-admin-reply/1")

static const struct bulla_bytes no_key_id = { NULL, 0 };

enum bulla_status
bl_admin_challenge_sign(const struct bl_admin_challenge *challenge, const struct bl_key *root,
                        struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) payload = { 0 };
    struct bl_writer w = bl_writer(&payload);

    bl_cbor_write_array(&w, 3);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(challenge->broker_id));
    bl_cbor_write_bytes(&w, BL_BYTES_OF(challenge->nonce));
    bl_cbor_write_bytes(&w, BL_BYTES_OF(challenge->upload_key));
    BL_TRY(bl_writer_finish(&w, err));
    return bl_cose_sign1_sign(root, CHALLENGE_PURPOSE, no_key_id, bulla_buffer_bytes(&payload), out,
                              err);
}

enum bulla_status
bl_admin_challenge_open(struct bulla_bytes content, const struct bl_key *root,
                        struct bl_admin_challenge *out, struct bulla_error *err)
{
    struct bl_cose_sign1 message = { 0 };
    struct bl_admin_challenge challenge = { 0 };

    BL_TRY(bl_cose_sign1_verify(root, CHALLENGE_PURPOSE, content, &message, err));
    struct bl_reader r = bl_reader(message.payload, "admin challenge");
    if (bl_cbor_read_array(&r, 3) != 3)
        bl_reader_fail(&r, "wrong number of items");
    bl_cbor_read_bytes_exact(&r, challenge.broker_id, sizeof challenge.broker_id);
    bl_cbor_read_bytes_exact(&r, challenge.nonce, sizeof challenge.nonce);
    bl_cbor_read_bytes_exact(&r, challenge.upload_key, sizeof challenge.upload_key);
    BL_TRY(bl_reader_finish(&r, err));
    *out = challenge;
    return BULLA_OK;
}

enum bulla_status
bl_admin_key_id(const struct bl_key *admin, uint8_t id_out[BL_ADMIN_KEY_ID_SIZE],
                struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) raw = { 0 };
    uint8_t digest[32];

    BL_TRY(bl_key_raw_public(admin, &raw, err));
    BL_TRY(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&raw), digest, err));
    memcpy(id_out, digest, BL_ADMIN_KEY_ID_SIZE);
    return BULLA_OK;
}

enum bulla_status
bl_admin_request_sign(const struct bl_admin_request *request, const struct bl_key *admin,
                      struct bulla_buffer *out, struct bulla_error *err)
{
    uint8_t key_id[BL_ADMIN_KEY_ID_SIZE];
    BL_AUTO(bulla_buffer) payload = { 0 };
    struct bl_writer w = bl_writer(&payload);

    if (request->argument_count > BL_ADMIN_ARGUMENT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "admin request", "too many arguments", 0);
    bl_cbor_write_array(&w, 4);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(request->broker_id));
    bl_cbor_write_bytes(&w, BL_BYTES_OF(request->nonce));
    bl_cbor_write_text(&w, request->verb);
    bl_cbor_write_array(&w, request->argument_count);
    for (size_t i = 0; i < request->argument_count; i++) {
        bl_cbor_write_array(&w, 2);
        bl_cbor_write_text(&w, request->arguments[i].name);
        bl_cbor_write_bytes(&w, request->arguments[i].value);
    }
    BL_TRY(bl_writer_finish(&w, err));
    BL_TRY(bl_admin_key_id(admin, key_id, err));
    return bl_cose_sign1_sign(admin, REQUEST_PURPOSE, BL_BYTES_OF(key_id),
                              bulla_buffer_bytes(&payload), out, err);
}

enum bulla_status
bl_admin_request_key_id(struct bulla_bytes content, uint8_t id_out[BL_ADMIN_KEY_ID_SIZE],
                        struct bulla_error *err)
{
    struct bl_cose_sign1 message = { 0 };

    BL_TRY(bl_cose_sign1_decode(content, &message, err));
    if (message.key_id.size != BL_ADMIN_KEY_ID_SIZE)
        return bulla_fail(err, BULLA_E_MALFORMED, "admin request", "names no admin key", 0);
    memcpy(id_out, message.key_id.data, BL_ADMIN_KEY_ID_SIZE);
    return BULLA_OK;
}

static enum bulla_status
decode_request(struct bulla_bytes payload, struct bl_admin_request *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(payload, "admin request");
    struct bl_admin_request request = { 0 };

    if (bl_cbor_read_array(&r, 4) != 4)
        bl_reader_fail(&r, "wrong number of items");
    bl_cbor_read_bytes_exact(&r, request.broker_id, sizeof request.broker_id);
    bl_cbor_read_bytes_exact(&r, request.nonce, sizeof request.nonce);
    request.verb = bl_cbor_read_text(&r, BL_ADMIN_VERB_SIZE_MAX);
    request.argument_count = bl_cbor_read_array(&r, BL_ADMIN_ARGUMENT_COUNT_MAX);
    BL_TRY(bl_reader_ok(&r, err));
    for (size_t i = 0; i < request.argument_count; i++) {
        struct bl_admin_argument *argument = &request.arguments[i];
        if (bl_cbor_read_array(&r, 2) != 2)
            bl_reader_fail(&r, "not an argument");
        argument->name = bl_cbor_read_text(&r, BL_ADMIN_VERB_SIZE_MAX);
        argument->value = bl_cbor_read_bytes(&r, BL_ADMIN_BODY_SIZE_MAX);
        for (size_t k = 0; k < i; k++) {
            if (bl_equal(request.arguments[k].name, argument->name))
                bl_reader_fail(&r, "an argument comes twice");
        }
    }
    BL_TRY(bl_reader_finish(&r, err));
    *out = request;
    return BULLA_OK;
}

enum bulla_status
bl_admin_request_open(struct bulla_bytes content, const struct bl_key *admin,
                      const uint8_t broker_id[BL_BROKER_ID_SIZE],
                      const uint8_t nonce[BL_NONCE_SIZE], struct bl_admin_request *out,
                      struct bulla_error *err)
{
    struct bl_cose_sign1 message = { 0 };
    struct bl_admin_request request = { 0 };

    BL_TRY(bl_cose_sign1_verify(admin, REQUEST_PURPOSE, content, &message, err));
    BL_TRY(decode_request(message.payload, &request, err));
    if (!bl_equal(BL_BYTES_OF(request.broker_id),
                  (struct bulla_bytes){ broker_id, BL_BROKER_ID_SIZE }))
        return bulla_fail(err, BULLA_E_MISMATCH, "admin request", "meant for another broker", 0);
    if (!bl_equal(BL_BYTES_OF(request.nonce), (struct bulla_bytes){ nonce, BL_NONCE_SIZE }))
        return bulla_fail_cause(err, BULLA_CAUSE_REPLAYED, "admin request",
                                "not an answer to this challenge");
    *out = request;
    return BULLA_OK;
}

struct bulla_bytes
bl_admin_argument(const struct bl_admin_request *request, const char *name, bool *found_out)
{
    const struct bulla_bytes wanted = { (const uint8_t *)name, strlen(name) };

    for (size_t i = 0; i < request->argument_count; i++) {
        if (bl_equal(request->arguments[i].name, wanted)) {
            *found_out = true;
            return request->arguments[i].value;
        }
    }
    *found_out = false;
    return (struct bulla_bytes){ NULL, 0 };
}

enum bulla_status
bl_admin_reply_sign(const struct bl_admin_reply *reply, const struct bl_key *root,
                    struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) payload = { 0 };
    struct bl_writer w = bl_writer(&payload);

    bl_cbor_write_array(&w, 3);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(reply->nonce));
    bl_cbor_write_uint(&w, (uint64_t)reply->cause);
    bl_cbor_write_bytes(&w, reply->body);
    BL_TRY(bl_writer_finish(&w, err));
    return bl_cose_sign1_sign(root, REPLY_PURPOSE, no_key_id, bulla_buffer_bytes(&payload), out,
                              err);
}

enum bulla_status
bl_admin_reply_open(struct bulla_bytes content, const struct bl_key *root,
                    const uint8_t nonce[BL_NONCE_SIZE], struct bl_admin_reply *out,
                    struct bulla_error *err)
{
    struct bl_cose_sign1 message = { 0 };
    struct bl_admin_reply reply = { 0 };

    BL_TRY(bl_cose_sign1_verify(root, REPLY_PURPOSE, content, &message, err));
    struct bl_reader r = bl_reader(message.payload, "admin reply");
    if (bl_cbor_read_array(&r, 3) != 3)
        bl_reader_fail(&r, "wrong number of items");
    bl_cbor_read_bytes_exact(&r, reply.nonce, sizeof reply.nonce);
    uint64_t cause = bl_cbor_read_uint(&r);
    reply.body = bl_cbor_read_bytes(&r, BL_ADMIN_BODY_SIZE_MAX);
    if (cause != BULLA_CAUSE_NONE &&
        (cause > 9999 || bulla_cause_status((enum bulla_cause)cause) == BULLA_OK))
        bl_reader_fail(&r, "an unknown cause");
    BL_TRY(bl_reader_finish(&r, err));
    if (!bl_equal(BL_BYTES_OF(reply.nonce), (struct bulla_bytes){ nonce, BL_NONCE_SIZE }))
        return bulla_fail(err, BULLA_E_MISMATCH, "admin reply", "answers another request", 0);
    reply.cause = (enum bulla_cause)cause;
    *out = reply;
    return BULLA_OK;
}

struct bulla_bytes
bl_upload_info(void)
{
    return BL_LITERAL("bulla-upload/1");
}

enum bulla_status
bl_upload_binding(const uint8_t broker_id[BL_BROKER_ID_SIZE], const uint8_t nonce[BL_NONCE_SIZE],
                  struct bulla_bytes name, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, 4);
    bl_cbor_write_text(&w, BL_LITERAL("bulla-upload/1"));
    bl_cbor_write_bytes(&w, (struct bulla_bytes){ broker_id, BL_BROKER_ID_SIZE });
    bl_cbor_write_bytes(&w, (struct bulla_bytes){ nonce, BL_NONCE_SIZE });
    bl_cbor_write_text(&w, name);
    return bl_writer_finish(&w, err);
}

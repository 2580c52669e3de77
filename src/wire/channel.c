/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/channel.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"

#define MESSAGE_ITEMS_MAX 16 /* no message of ours has more */

enum bl_message
bl_message_kind(struct bulla_bytes body)
{
    struct bl_reader r = bl_reader(body, "channel message");
    size_t count = bl_cbor_read_array(&r, MESSAGE_ITEMS_MAX);
    uint64_t kind = bl_cbor_read_uint(&r);

    if (bl_reader_ok(&r, NULL) != BULLA_OK || count == 0 || kind == 0 || kind >= BL_MESSAGE_COUNT)
        return (enum bl_message)0;
    return (enum bl_message)kind;
}

/* Open a message: array of `count` items, the first of which is its kind. */
static struct bl_reader
open_message(struct bulla_bytes body, enum bl_message kind, size_t count, const char *where)
{
    struct bl_reader r = bl_reader(body, where);

    if (body.size > BL_FRAME_SIZE_MAX)
        bl_reader_fail(&r, "larger than a frame");
    if (bl_cbor_read_array(&r, MESSAGE_ITEMS_MAX) != count)
        bl_reader_fail(&r, "wrong number of items");
    if (bl_cbor_read_uint(&r) != (uint64_t)kind)
        bl_reader_fail(&r, "another message");
    return r;
}

static void
start_message(struct bl_writer *w, enum bl_message kind, size_t count)
{
    bl_cbor_write_array(w, count);
    bl_cbor_write_uint(w, (uint64_t)kind);
}

static enum bulla_status
check_version(uint64_t version, const char *where, struct bulla_error *err)
{
    if (version == BL_CHANNEL_VERSION)
        return BULLA_OK;
    enum bulla_status status =
        bulla_fail(err, BULLA_E_UNSUPPORTED, where, "version of the channel", 0);
    bulla_error_values(err, bulla_value_number(version), bulla_value_number(BL_CHANNEL_VERSION));
    return status;
}

enum bulla_status
bl_client_hello_encode(const struct bl_client_hello *hello, struct bulla_buffer *body_out,
                       struct bulla_error *err)
{
    struct bl_writer w = bl_writer(body_out);

    if (hello->evidence_type_count > BL_EVIDENCE_TYPE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "client hello", "too many evidence types", 0);
    start_message(&w, BL_MESSAGE_CLIENT_HELLO, 7);
    bl_cbor_write_uint(&w, hello->version);
    bl_cbor_write_uint(&w, hello->epoch);
    bl_cbor_write_array(&w, hello->evidence_type_count);
    for (size_t i = 0; i < hello->evidence_type_count; i++)
        bl_cbor_write_text(&w, hello->evidence_types[i]);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(hello->nonce));
    bl_cbor_write_bytes(&w, BL_BYTES_OF(hello->wrap_key));
    bl_cbor_write_uint(&w, hello->want);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_client_hello_decode(struct bulla_bytes body, struct bl_client_hello *out,
                       struct bulla_error *err)
{
    struct bl_reader r = open_message(body, BL_MESSAGE_CLIENT_HELLO, 7, "client hello");
    struct bl_client_hello hello = { .version = bl_cbor_read_uint(&r) };

    BL_TRY(bl_reader_ok(&r, err));
    BL_TRY(check_version(hello.version, r.where, err));
    hello.epoch = bl_cbor_read_uint(&r);
    hello.evidence_type_count = bl_cbor_read_array(&r, BL_EVIDENCE_TYPE_COUNT_MAX);
    BL_TRY(bl_reader_ok(&r, err));
    for (size_t i = 0; i < hello.evidence_type_count; i++)
        hello.evidence_types[i] = bl_cbor_read_text(&r, BL_EVIDENCE_TYPE_MAX);
    bl_cbor_read_bytes_exact(&r, hello.nonce, sizeof hello.nonce);
    bl_cbor_read_bytes_exact(&r, hello.wrap_key, sizeof hello.wrap_key);
    hello.want = bl_cbor_read_uint(&r);
    if (hello.want > BL_WANT_PEER_EVIDENCE)
        bl_reader_fail(&r, "unknown demand");
    BL_TRY(bl_reader_finish(&r, err));
    *out = hello;
    return BULLA_OK;
}

enum bulla_status
bl_server_hello_encode(const struct bl_server_hello *hello, struct bulla_buffer *body_out,
                       struct bulla_error *err)
{
    struct bl_writer w = bl_writer(body_out);

    start_message(&w, BL_MESSAGE_SERVER_HELLO, 9);
    bl_cbor_write_uint(&w, hello->version);
    bl_cbor_write_uint(&w, hello->epoch);
    bl_cbor_write_text(&w, hello->evidence_type);
    bl_cbor_write_text(&w, hello->own_evidence_type);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(hello->nonce));
    bl_cbor_write_bytes(&w, BL_BYTES_OF(hello->wrap_key));
    bl_cbor_write_uint(&w, hello->want);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(hello->policy_id));
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_server_hello_decode(struct bulla_bytes body, struct bl_server_hello *out,
                       struct bulla_error *err)
{
    struct bl_reader r = open_message(body, BL_MESSAGE_SERVER_HELLO, 9, "server hello");
    struct bl_server_hello hello = { .version = bl_cbor_read_uint(&r) };

    BL_TRY(bl_reader_ok(&r, err));
    BL_TRY(check_version(hello.version, r.where, err));
    hello.epoch = bl_cbor_read_uint(&r);
    hello.evidence_type = bl_cbor_read_text(&r, BL_EVIDENCE_TYPE_MAX);
    hello.own_evidence_type = bl_cbor_read_text(&r, BL_EVIDENCE_TYPE_MAX);
    bl_cbor_read_bytes_exact(&r, hello.nonce, sizeof hello.nonce);
    bl_cbor_read_bytes_exact(&r, hello.wrap_key, sizeof hello.wrap_key);
    hello.want = bl_cbor_read_uint(&r);
    if (hello.want > BL_WANT_PEER_EVIDENCE)
        bl_reader_fail(&r, "unknown demand");
    bl_cbor_read_bytes_exact(&r, hello.policy_id, sizeof hello.policy_id);
    BL_TRY(bl_reader_finish(&r, err));
    *out = hello;
    return BULLA_OK;
}

enum bulla_status
bl_evidence_message_encode(const struct bl_evidence_message *message, struct bulla_buffer *body_out,
                           struct bulla_error *err)
{
    struct bl_writer w = bl_writer(body_out);

    start_message(&w, BL_MESSAGE_EVIDENCE, 3);
    bl_cbor_write_bytes(&w, message->evidence);
    bl_cbor_write_bytes(&w, message->claims);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_evidence_message_decode(struct bulla_bytes body, struct bl_evidence_message *out,
                           struct bulla_error *err)
{
    struct bl_reader r = open_message(body, BL_MESSAGE_EVIDENCE, 3, "evidence message");
    struct bl_evidence_message message = { 0 };

    message.evidence = bl_cbor_read_bytes(&r, BL_FRAME_SIZE_MAX);
    message.claims = bl_cbor_read_bytes(&r, BL_FRAME_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    *out = message;
    return BULLA_OK;
}

enum bulla_status
bl_confirm_encode(const uint8_t mac[BL_TRANSCRIPT_SIZE], struct bulla_buffer *body_out,
                  struct bulla_error *err)
{
    return bl_carrier_encode(BL_MESSAGE_CONFIRM, (struct bulla_bytes){ mac, BL_TRANSCRIPT_SIZE },
                             body_out, err);
}

enum bulla_status
bl_confirm_decode(struct bulla_bytes body, uint8_t mac_out[BL_TRANSCRIPT_SIZE],
                  struct bulla_error *err)
{
    struct bulla_bytes mac = { NULL, 0 };

    BL_TRY(bl_carrier_decode(BL_MESSAGE_CONFIRM, body, &mac, err));
    if (mac.size != BL_TRANSCRIPT_SIZE)
        return bulla_fail(err, BULLA_E_MALFORMED, "confirmation", "wrong length", mac.size);
    memcpy(mac_out, mac.data, mac.size);
    return BULLA_OK;
}

enum bulla_status
bl_carrier_encode(enum bl_message kind, struct bulla_bytes content, struct bulla_buffer *body_out,
                  struct bulla_error *err)
{
    struct bl_writer w = bl_writer(body_out);

    start_message(&w, kind, 2);
    bl_cbor_write_bytes(&w, content);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_carrier_decode(enum bl_message kind, struct bulla_bytes body, struct bulla_bytes *content_out,
                  struct bulla_error *err)
{
    struct bl_reader r = open_message(body, kind, 2, "channel message");
    struct bulla_bytes content = bl_cbor_read_bytes(&r, BL_FRAME_SIZE_MAX);

    BL_TRY(bl_reader_finish(&r, err));
    *content_out = content;
    return BULLA_OK;
}

enum bulla_status
bl_alert_encode(struct bulla_buffer *body_out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(body_out);

    start_message(&w, BL_MESSAGE_ALERT, 1);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_transcript_start(struct bl_transcript *transcript, struct bulla_error *err)
{
    return bl_hasher_new(BL_SHA384, &transcript->hasher, err);
}

enum bulla_status
bl_transcript_add(struct bl_transcript *transcript, struct bulla_bytes body,
                  struct bulla_error *err)
{
    uint8_t length[4] = { (uint8_t)(body.size >> 24), (uint8_t)(body.size >> 16),
                          (uint8_t)(body.size >> 8), (uint8_t)body.size };

    if (body.size > BL_FRAME_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "transcript", "larger than a frame", body.size);
    BL_TRY(bl_hasher_update(transcript->hasher, BL_BYTES_OF(length), err));
    return bl_hasher_update(transcript->hasher, body, err);
}

enum bulla_status
bl_transcript_digest(const struct bl_transcript *transcript, uint8_t digest_out[BL_TRANSCRIPT_SIZE],
                     struct bulla_error *err)
{
    return bl_hasher_peek(transcript->hasher, digest_out, err);
}

void
bl_transcript_done(struct bl_transcript *transcript)
{
    bl_hasher_free(transcript->hasher);
    *transcript = (struct bl_transcript){ 0 };
}

/* The labels separate the roles, so that evidence of one end is never that of the other (P7). */
const char *
bl_evidence_exporter_label(enum bl_role role)
{
    return role == BL_ROLE_CLIENT ? "EXPERIMENTAL-bulla-atls-c-v1" : "EXPERIMENTAL-bulla-atls-s-v1";
}

const char *
bl_confirm_exporter_label(void)
{
    return "EXPERIMENTAL-bulla-atls-fin-v1";
}

static struct bulla_bytes
role_text(enum bl_role role)
{
    return role == BL_ROLE_CLIENT ? BL_LITERAL("c") : BL_LITERAL("s");
}

enum bulla_status
bl_channel_context(enum bl_role role, const uint8_t transcript[BL_TRANSCRIPT_SIZE],
                   const struct bl_tls_facts *tls, uint8_t context_out[BL_TRANSCRIPT_SIZE],
                   struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_writer w = bl_writer(&bytes);

    bl_cbor_write_array(&w, 6);
    bl_cbor_write_text(&w, BL_LITERAL("bulla-atls/1"));
    bl_cbor_write_text(&w, role_text(role));
    bl_cbor_write_bytes(&w, (struct bulla_bytes){ transcript, BL_TRANSCRIPT_SIZE });
    if (tls->has_client_certificate)
        bl_cbor_write_bytes(&w, BL_BYTES_OF(tls->client_spki_hash));
    else
        bl_cbor_write_null(&w);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(tls->server_spki_hash));
    bl_cbor_write_uint(&w, tls->cipher_suite);
    BL_TRY(bl_writer_finish(&w, err));
    return bl_hash_once(BL_SHA384, bulla_buffer_bytes(&bytes), context_out, err);
}

enum bulla_status
bl_report_data(enum bl_role role, struct bulla_bytes evidence_type,
               const uint8_t exporter[BL_EXPORTER_SIZE], const uint8_t context[BL_TRANSCRIPT_SIZE],
               const uint8_t wrap_key[BL_WRAP_KEY_SIZE], struct bulla_bytes claims,
               uint8_t report_data_out[BL_REPORT_DATA_SIZE], struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_writer w = bl_writer(&bytes);
    uint8_t wrap_key_hash[48];
    uint8_t claims_hash[48];

    BL_TRY(bl_hash_once(BL_SHA384, (struct bulla_bytes){ wrap_key, BL_WRAP_KEY_SIZE },
                        wrap_key_hash, err));
    BL_TRY(bl_hash_once(BL_SHA384, claims, claims_hash, err));
    bl_cbor_write_array(&w, 7);
    bl_cbor_write_text(&w, BL_LITERAL("bulla-rd/1"));
    bl_cbor_write_text(&w, role_text(role));
    bl_cbor_write_text(&w, evidence_type);
    bl_cbor_write_bytes(&w, (struct bulla_bytes){ exporter, BL_EXPORTER_SIZE });
    bl_cbor_write_bytes(&w, (struct bulla_bytes){ context, BL_TRANSCRIPT_SIZE });
    bl_cbor_write_bytes(&w, BL_BYTES_OF(wrap_key_hash));
    bl_cbor_write_bytes(&w, BL_BYTES_OF(claims_hash));
    BL_TRY(bl_writer_finish(&w, err));
    enum bulla_status status =
        bl_hash_once(BL_SHA512, bulla_buffer_bytes(&bytes), report_data_out, err);
    bl_wipe(bytes.data, bytes.size); /* it held the exporter */
    return status;
}

enum bulla_status
bl_report_data_for_tpm(const uint8_t report_data[BL_REPORT_DATA_SIZE],
                       uint8_t qualifying_data_out[32], struct bulla_error *err)
{
    return bl_hash_once(BL_SHA256, (struct bulla_bytes){ report_data, BL_REPORT_DATA_SIZE },
                        qualifying_data_out, err);
}

enum bulla_status
bl_confirm_mac(enum bl_role role, const uint8_t exporter[BL_EXPORTER_SIZE],
               const uint8_t transcript[BL_TRANSCRIPT_SIZE], uint8_t mac_out[BL_TRANSCRIPT_SIZE],
               struct bulla_error *err)
{
    const struct bulla_bytes parts[] = { role_text(role), { transcript, BL_TRANSCRIPT_SIZE } };

    return bl_hmac(BL_SHA384, (struct bulla_bytes){ exporter, BL_EXPORTER_SIZE }, parts, 2, mac_out,
                   err);
}

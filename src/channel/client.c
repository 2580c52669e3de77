/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/client.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/random.h"

#define LAST_WORDS_MS 1000 /* they were sent before the connection ended */

struct bl_channel {
    struct bl_tls *tls; /* borrowed */
    struct bl_attester attester;
    const struct bl_peer_appraiser *peer; /* borrowed, or NULL */
    struct bl_exchange exchange;
    enum bl_session_state state;
    uint64_t epoch;
    struct bl_key *wrap_key;
    uint8_t report_data[BL_REPORT_DATA_SIZE];
};

static enum bulla_status
export_from_tls(void *context, const char *label, struct bulla_bytes exporter_context, size_t size,
                struct bl_secret *out, struct bulla_error *err)
{
    const struct bl_tls *tls = context;

    return bl_tls_export(tls, label, exporter_context, size, out, err);
}

static enum bulla_status
fail_refused(struct bulla_error *err)
{
    return bulla_fail(err, BULLA_E_REFUSED, "channel", "the server refused", 0);
}

/* Receive the next frame and move on; an alert is the server's refusal, anything unexpected ends it. */
static enum bulla_status
receive(struct bl_channel *channel, unsigned timeout_ms, struct bulla_buffer *body,
        struct bulla_error *err)
{
    enum bl_session_state before = channel->state;

    channel->state = BL_SESSION_CLOSED;
    BL_TRY(bl_tls_receive_frame(channel->tls, timeout_ms, body, err));
    enum bl_message kind = bl_message_kind(bulla_buffer_bytes(body));
    if (kind == BL_MESSAGE_ALERT)
        return fail_refused(err);
    channel->state = bl_session_next(BL_ROLE_CLIENT, before, kind);
    if (channel->state == BL_SESSION_CLOSED)
        return bulla_fail(err, BULLA_E_MALFORMED, "channel", "a message out of its order", 0);
    return BULLA_OK;
}

/* Send a frame. A server that has closed meanwhile may have said before that it refuses: then this is
 * what happened, rather than that the connection broke. */
static enum bulla_status
say(struct bl_channel *channel, const struct bulla_buffer *body, unsigned timeout_ms,
    struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) last_words = { 0 };
    struct bulla_error failure = { 0 };
    enum bulla_status status =
        bl_tls_send_frame(channel->tls, bulla_buffer_bytes(body), timeout_ms, &failure);

    if (status == BULLA_E_UNREACHABLE &&
        bl_tls_receive_frame(channel->tls, LAST_WORDS_MS, &last_words, NULL) == BULLA_OK &&
        bl_message_kind(bulla_buffer_bytes(&last_words)) == BL_MESSAGE_ALERT)
        return fail_refused(err);
    if (status != BULLA_OK && err != NULL)
        *err = failure;
    return status;
}

static enum bulla_status
new_wrap_key(struct bl_channel *channel, uint8_t public_out[BL_WRAP_KEY_SIZE],
             struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) raw = { 0 };

    bl_key_free(channel->wrap_key);
    channel->wrap_key = NULL;
    BL_TRY(bl_key_generate(BL_KEY_X25519, &channel->wrap_key, err));
    BL_TRY(bl_key_raw_public(channel->wrap_key, &raw, err));
    if (raw.size != BL_WRAP_KEY_SIZE)
        return bulla_fail(err, BULLA_E_CRYPTO, "wrap key", "unexpected size", raw.size);
    memcpy(public_out, raw.data, raw.size);
    return BULLA_OK;
}

static enum bulla_status
send_hello(struct bl_channel *channel, struct bl_client_hello *hello, unsigned timeout_ms,
           struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };

    *hello = (struct bl_client_hello){ .version = BL_CHANNEL_VERSION,
                                       .epoch = channel->epoch,
                                       .evidence_types = { channel->attester.evidence_type },
                                       .evidence_type_count = 1,
                                       .want = channel->peer != NULL ? BL_WANT_PEER_EVIDENCE : 0 };
    BL_TRY(bl_random(hello->nonce, sizeof hello->nonce, err));
    BL_TRY(new_wrap_key(channel, hello->wrap_key, err));
    BL_TRY(bl_client_hello_encode(hello, &body, err));
    BL_TRY(bl_exchange_add(&channel->exchange, bulla_buffer_bytes(&body), err));
    BL_TRY(say(channel, &body, timeout_ms, err));
    channel->state = channel->peer != NULL ? BL_SESSION_HELLO_SENT_WANTING : BL_SESSION_HELLO_SENT;
    return BULLA_OK;
}

/* The server may only take what was offered: nothing is negotiated down. */
static enum bulla_status
check_server_hello(const struct bl_channel *channel, const struct bl_server_hello *hello,
                   struct bulla_error *err)
{
    if (hello->epoch != channel->epoch)
        return bulla_fail(err, BULLA_E_MISMATCH, "server hello", "another epoch", 0);
    if (!bl_equal(hello->evidence_type, channel->attester.evidence_type))
        return bulla_fail(err, BULLA_E_MISMATCH, "server hello", "evidence that was not offered",
                          0);
    if ((hello->own_evidence_type.size > 0) != (channel->peer != NULL))
        return bulla_fail(err, BULLA_E_MISMATCH, "server hello",
                          "gives evidence unasked, or none though asked", 0);
    return BULLA_OK;
}

static enum bulla_status
send_evidence(struct bl_channel *channel, const uint8_t wrap_key[BL_WRAP_KEY_SIZE],
              unsigned timeout_ms, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) evidence = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };
    const struct bl_attester *attester = &channel->attester;

    BL_TRY(bl_exchange_report_data(&channel->exchange, BL_ROLE_CLIENT, attester->evidence_type,
                                   wrap_key, attester->claims, channel->report_data, err));
    BL_TRY(attester->collect(attester->context, channel->report_data, &evidence, err));
    const struct bl_evidence_message message = { .evidence = bulla_buffer_bytes(&evidence),
                                                 .claims = attester->claims };
    BL_TRY(bl_evidence_message_encode(&message, &body, err));
    BL_TRY(bl_exchange_add(&channel->exchange, bulla_buffer_bytes(&body), err));
    return say(channel, &body, timeout_ms, err);
}

static enum bulla_status
judge_peer(struct bl_channel *channel, const struct bl_server_hello *hello, unsigned timeout_ms,
           struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bl_evidence_message message = { 0 };
    uint8_t report_data[BL_REPORT_DATA_SIZE];

    BL_TRY(receive(channel, timeout_ms, &body, err));
    BL_TRY(bl_evidence_message_decode(bulla_buffer_bytes(&body), &message, err));
    BL_TRY(bl_exchange_report_data(&channel->exchange, BL_ROLE_SERVER, hello->own_evidence_type,
                                   hello->wrap_key, message.claims, report_data, err));
    BL_TRY(channel->peer->appraise(channel->peer->context, hello->own_evidence_type,
                                   message.evidence, message.claims, report_data, err));
    return bl_exchange_add(&channel->exchange, bulla_buffer_bytes(&body), err);
}

static enum bulla_status
confirm_both(struct bl_channel *channel, unsigned timeout_ms, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) own = { 0 };
    BL_AUTO(bulla_buffer) theirs = { 0 };

    BL_TRY(bl_exchange_evidence_done(&channel->exchange, err));
    BL_TRY(bl_exchange_confirm(&channel->exchange, BL_ROLE_CLIENT, &own, err));
    BL_TRY(say(channel, &own, timeout_ms, err));
    BL_TRY(receive(channel, timeout_ms, &theirs, err));
    enum bulla_status status = bl_exchange_check_confirm(&channel->exchange, BL_ROLE_SERVER,
                                                         bulla_buffer_bytes(&theirs), err);
    if (status != BULLA_OK) {
        channel->state = BL_SESSION_CLOSED;
        return status;
    }
    BL_TRY(bl_exchange_add(&channel->exchange, bulla_buffer_bytes(&own), err));
    return bl_exchange_add(&channel->exchange, bulla_buffer_bytes(&theirs), err);
}

static enum bulla_status
run_exchange(struct bl_channel *channel, unsigned timeout_ms, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bl_client_hello own = { 0 };
    struct bl_server_hello server = { 0 };

    BL_TRY(send_hello(channel, &own, timeout_ms, err));
    BL_TRY(receive(channel, timeout_ms, &body, err));
    BL_TRY(bl_server_hello_decode(bulla_buffer_bytes(&body), &server, err));
    BL_TRY(check_server_hello(channel, &server, err));
    BL_TRY(bl_exchange_add(&channel->exchange, bulla_buffer_bytes(&body), err));
    BL_TRY(bl_exchange_hellos_done(&channel->exchange, err));
    BL_TRY(send_evidence(channel, own.wrap_key, timeout_ms, err));
    if (channel->peer != NULL)
        BL_TRY(judge_peer(channel, &server, timeout_ms, err));
    return confirm_both(channel, timeout_ms, err);
}

/* A failed exchange leaves a channel that nothing more can be asked of. */
static enum bulla_status
run_exchange_or_close(struct bl_channel *channel, unsigned timeout_ms, struct bulla_error *err)
{
    enum bulla_status status = run_exchange(channel, timeout_ms, err);

    if (status != BULLA_OK)
        channel->state = BL_SESSION_CLOSED;
    return status;
}

enum bulla_status
bl_channel_open(struct bl_tls *tls, const struct bl_attester *attester,
                const struct bl_peer_appraiser *peer, unsigned timeout_ms,
                struct bl_channel **channel_out, struct bulla_error *err)
{
    struct bl_tls_facts facts;
    BL_AUTO_FREE(bl_channel) channel = bl_alloc(1, sizeof *channel);

    if (channel == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "channel", "out of memory", 0);
    channel->tls = tls;
    channel->attester = *attester;
    channel->peer = peer;
    BL_TRY(bl_tls_facts(tls, &facts, err));
    BL_TRY(bl_exchange_start(&channel->exchange, &facts, export_from_tls, tls, err));
    BL_TRY(run_exchange_or_close(channel, timeout_ms, err));
    *channel_out = channel;
    channel = NULL;
    return BULLA_OK;
}

enum bulla_status
bl_channel_attest_again(struct bl_channel *channel, unsigned timeout_ms, struct bulla_error *err)
{
    if (channel->state != BL_SESSION_OPEN)
        return bulla_fail(err, BULLA_E_ARGUMENT, "channel", "not open", 0);
    channel->epoch++;
    return run_exchange_or_close(channel, timeout_ms, err);
}

enum bulla_status
bl_channel_ask(struct bl_channel *channel, struct bulla_bytes request, unsigned timeout_ms,
               struct bulla_buffer *reply_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bulla_bytes content = { NULL, 0 };

    if (channel->state != BL_SESSION_OPEN)
        return bulla_fail(err, BULLA_E_ARGUMENT, "channel", "not open", 0);
    BL_TRY(bl_carrier_encode(BL_MESSAGE_REQUEST, request, &body, err));
    BL_TRY(say(channel, &body, timeout_ms, err));
    BL_TRY(receive(channel, timeout_ms, &body, err));
    BL_TRY(bl_carrier_decode(BL_MESSAGE_REPLY, bulla_buffer_bytes(&body), &content, err));
    return bulla_buffer_append(reply_out, content, err);
}

const struct bl_key *
bl_channel_wrap_key(const struct bl_channel *channel)
{
    return channel->wrap_key;
}

const uint8_t *
bl_channel_report_data(const struct bl_channel *channel)
{
    return channel->report_data;
}

void
bl_channel_free(struct bl_channel *channel)
{
    if (channel == NULL)
        return;
    bl_exchange_done(&channel->exchange);
    bl_key_free(channel->wrap_key);
    bl_free(channel);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's end of the channel against a server of the test's own script, over real TLS. P5, P7,
 * P8, P9.
 */
#include "http/tls_fixture.h"

#include <poll.h>
#include <signal.h>

#include "channel/client.h"
#include "crypto/random.h"

#define TYPE BL_LITERAL("tpm")

/* What the scripted server does otherwise than an honest one. */
enum lie {
    HONEST,
    WRONG_EPOCH,
    TYPE_NOT_OFFERED,
    EVIDENCE_UNASKED, /* claims a type for evidence of its own */
    NO_EVIDENCE_THOUGH_ASKED,
    OTHER_VERSION,
    ALERT_AT_HELLO,
    ALERT_AT_CONFIRM,
    CONFIRM_ROLE,
    CONFIRM_FLIPPED,
    CONFIRM_REFLECTED, /* the client's own */
    EVIDENCE_REFLECTED,
    EVIDENCE_OTHER_ROLE,
    EVIDENCE_OTHER_WRAP_KEY,
    REPLY_BEFORE_CONFIRM,
    HELLO_TWICE,
    CLOSES_AFTER_HELLO,
    REFUSES_AND_CLOSES, /* while the client collects its evidence */
    FLIP_HELLO,
    FLIP_CONFIRM
};

struct script {
    enum lie lie;
    bool mutual;
    uint64_t rounds;
    size_t flip; /* byte, for FLIP_* */
    size_t flip_max;
    struct bulla_buffer asked;
    uint8_t seen_report_data[BL_REPORT_DATA_SIZE];
    struct bl_exchange exchange;
    struct bl_client_hello hello;
};

static enum bulla_status
server_export(void *context, const char *label, struct bulla_bytes exporter_context, size_t size,
              struct bl_secret *out, struct bulla_error *err)
{
    const struct tls_fixture *f = context;

    return bl_tls_export(f->accepted, label, exporter_context, size, out, err);
}

static int until_closed = -1; /* collecting takes until the server has closed this one */

/* "Evidence" here is the report data itself: what matters is over what it was asked. */
static enum bulla_status
collect(void *context, const uint8_t report_data[BL_REPORT_DATA_SIZE],
        struct bulla_buffer *evidence_out, struct bulla_error *err)
{
    (*(unsigned *)context)++;
    struct pollfd server = { .fd = until_closed, .events = POLLRDHUP };
    if (until_closed >= 0)
        assert_int_equal(poll(&server, 1, 5000), 1);
    return bulla_buffer_append(evidence_out,
                               (struct bulla_bytes){ report_data, BL_REPORT_DATA_SIZE }, err);
}

static enum bulla_status
appraise_server(void *context, struct bulla_bytes evidence_type, struct bulla_bytes evidence,
                struct bulla_bytes claims, const uint8_t report_data[BL_REPORT_DATA_SIZE],
                struct bulla_error *err)
{
    (void)context;
    if (!bl_equal(evidence_type, TYPE) || !bl_equal(claims, BL_LITERAL("server")) ||
        !bl_equal(evidence, (struct bulla_bytes){ report_data, BL_REPORT_DATA_SIZE }))
        return bulla_fail(err, BULLA_E_MISMATCH, "test", "not over this channel", 0);
    return BULLA_OK;
}

static void
flip(struct script *script, enum lie lie, struct bulla_buffer *body)
{
    if (script->lie != lie)
        return;
    script->flip_max = body->size;
    if (script->flip < body->size)
        body->data[script->flip] ^= 0x01;
}

static enum bulla_status
say_hello(struct tls_fixture *f, struct script *s, uint64_t epoch, struct bl_server_hello *hello,
          struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    bool gives = (s->mutual && s->lie != NO_EVIDENCE_THOUGH_ASKED) || s->lie == EVIDENCE_UNASKED;

    *hello = (struct bl_server_hello){
        .version = s->lie == OTHER_VERSION ? 2 : BL_CHANNEL_VERSION,
        .epoch = s->lie == WRONG_EPOCH ? epoch + 1 : epoch,
        .evidence_type = s->lie == TYPE_NOT_OFFERED ? BL_LITERAL("snp") : TYPE,
        .own_evidence_type = gives ? TYPE : BL_LITERAL(""),
        .wrap_key = { 1 },
    };
    BL_TRY(bl_random(hello->nonce, sizeof hello->nonce, err));
    BL_TRY(bl_server_hello_encode(hello, &body, err));
    BL_TRY(bl_exchange_add(&s->exchange, bulla_buffer_bytes(&body), err));
    BL_TRY(bl_exchange_hellos_done(&s->exchange, err));
    flip(s, FLIP_HELLO, &body);
    if (s->lie == HELLO_TWICE)
        BL_TRY(bl_tls_send_frame(f->accepted, bulla_buffer_bytes(&body), 2000, err));
    return bl_tls_send_frame(f->accepted, bulla_buffer_bytes(&body), 2000, err);
}

static enum bulla_status
give_evidence(struct tls_fixture *f, struct script *s, const struct bl_server_hello *hello,
              const struct bulla_buffer *clients, struct bulla_error *err)
{
    static const uint8_t other[BL_WRAP_KEY_SIZE] = { 2 };
    uint8_t report_data[BL_REPORT_DATA_SIZE];
    BL_AUTO(bulla_buffer) body = { 0 };

    BL_TRY(bl_exchange_report_data(
        &s->exchange, s->lie == EVIDENCE_OTHER_ROLE ? BL_ROLE_CLIENT : BL_ROLE_SERVER, TYPE,
        s->lie == EVIDENCE_OTHER_WRAP_KEY ? other : hello->wrap_key, BL_LITERAL("server"),
        report_data, err));
    const struct bl_evidence_message message = { BL_BYTES_OF(report_data), BL_LITERAL("server") };
    if (s->lie == EVIDENCE_REFLECTED)
        BL_TRY(bulla_buffer_append(&body, bulla_buffer_bytes(clients), err));
    else
        BL_TRY(bl_evidence_message_encode(&message, &body, err));
    BL_TRY(bl_exchange_add(&s->exchange, bulla_buffer_bytes(&body), err));
    return bl_tls_send_frame(f->accepted, bulla_buffer_bytes(&body), 2000, err);
}

static enum bulla_status
confirm(struct tls_fixture *f, struct script *s, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) theirs = { 0 };
    BL_AUTO(bulla_buffer) own = { 0 };

    BL_TRY(bl_exchange_evidence_done(&s->exchange, err));
    BL_TRY(bl_tls_receive_frame(f->accepted, 2000, &theirs, err));
    BL_TRY(
        bl_exchange_check_confirm(&s->exchange, BL_ROLE_CLIENT, bulla_buffer_bytes(&theirs), err));
    BL_TRY(bl_exchange_confirm(
        &s->exchange, s->lie == CONFIRM_ROLE ? BL_ROLE_CLIENT : BL_ROLE_SERVER, &own, err));
    BL_TRY(bl_exchange_add(&s->exchange, bulla_buffer_bytes(&theirs), err));
    BL_TRY(bl_exchange_add(&s->exchange, bulla_buffer_bytes(&own), err));
    flip(s, FLIP_CONFIRM, &own);
    if (s->lie == CONFIRM_FLIPPED)
        own.data[own.size - 1] ^= 1;
    if (s->lie == CONFIRM_REFLECTED)
        return bl_tls_send_frame(f->accepted, bulla_buffer_bytes(&theirs), 2000, err);
    return bl_tls_send_frame(f->accepted, bulla_buffer_bytes(&own), 2000, err);
}

static enum bulla_status
say_alert(struct tls_fixture *f, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };

    BL_TRY(bl_alert_encode(&body, err));
    return bl_tls_send_frame(f->accepted, bulla_buffer_bytes(&body), 2000, err);
}

static enum bulla_status
exchange_once(struct tls_fixture *f, struct script *s, uint64_t epoch, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bl_server_hello hello;

    BL_TRY(bl_tls_receive_frame(f->accepted, 2000, &body, err));
    BL_TRY(bl_client_hello_decode(bulla_buffer_bytes(&body), &s->hello, err));
    if (s->hello.epoch != epoch)
        return bulla_fail(err, BULLA_E_MISMATCH, "test", "epoch", 0);
    BL_TRY(bl_exchange_add(&s->exchange, bulla_buffer_bytes(&body), err));
    if (s->lie == ALERT_AT_HELLO)
        return say_alert(f, err);
    BL_TRY(say_hello(f, s, epoch, &hello, err));
    if (s->lie == CLOSES_AFTER_HELLO)
        return BULLA_OK;
    if (s->lie == REFUSES_AND_CLOSES)
        return say_alert(f, err);
    BL_TRY(bl_tls_receive_frame(f->accepted, 2000, &body, err));
    BL_TRY(bl_exchange_report_data(&s->exchange, BL_ROLE_CLIENT, TYPE, s->hello.wrap_key,
                                   BL_LITERAL("client"), s->seen_report_data, err));
    BL_TRY(bl_exchange_add(&s->exchange, bulla_buffer_bytes(&body), err));
    if (s->lie == REPLY_BEFORE_CONFIRM) {
        bulla_buffer_clear(&body);
        BL_TRY(bl_carrier_encode(BL_MESSAGE_REPLY, BL_LITERAL("early"), &body, err));
        return bl_tls_send_frame(f->accepted, bulla_buffer_bytes(&body), 2000, err);
    }
    if (s->mutual)
        BL_TRY(give_evidence(f, s, &hello, &body, err));
    if (s->lie == ALERT_AT_CONFIRM)
        return say_alert(f, err);
    return confirm(f, s, err);
}

static enum bulla_status
play(struct tls_fixture *f, struct script *s, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };
    struct bulla_bytes content = { NULL, 0 };
    struct bl_tls_facts facts;

    BL_TRY(bl_tls_facts(f->accepted, &facts, err));
    BL_TRY(bl_exchange_start(&s->exchange, &facts, server_export, f, err));
    for (uint64_t epoch = 0; epoch < s->rounds; epoch++)
        BL_TRY(exchange_once(f, s, epoch, err));
    BL_TRY(bl_tls_receive_frame(f->accepted, 2000, &body, err));
    BL_TRY(bl_carrier_decode(BL_MESSAGE_REQUEST, bulla_buffer_bytes(&body), &content, err));
    BL_TRY(bulla_buffer_append(&s->asked, content, err));
    BL_TRY(bl_carrier_encode(BL_MESSAGE_REPLY, BL_LITERAL("answer"), &answer, err));
    return bl_tls_send_frame(f->accepted, bulla_buffer_bytes(&answer), 2000, err);
}

static void
serve(struct tls_fixture *f)
{
    struct script *s = f->context;
    struct bulla_error err = { 0 };

    f->accept_status = play(f, s, &err);
    bl_exchange_done(&s->exchange);
    bl_tls_free(f->accepted); /* ends what the client still waits for */
    f->accepted = NULL;
    shutdown(f->fds[1], s->lie == REFUSES_AND_CLOSES ? SHUT_RDWR : SHUT_WR);
}

static unsigned collected;

static enum bulla_status
run(struct tls_fixture *f, struct script *s, struct bl_channel **channel_out,
    struct bulla_error *err)
{
    const struct bl_attester attester = {
        .evidence_type = TYPE,
        .claims = BL_LITERAL("client"),
        .collect = collect,
        .context = &collected,
    };
    static const struct bl_peer_appraiser peer = { .appraise = appraise_server };

    if (s->rounds == 0)
        s->rounds = 1;
    collected = 0;
    bulla_error_clear(err);
    f->serve = serve;
    f->context = s;
    assert_ok(connect_both(f, f->root, bl_clock_now_s(), err), err);
    until_closed = s->lie == REFUSES_AND_CLOSES ? f->fds[0] : -1;
    return bl_channel_open(f->tls, &attester, s->mutual ? &peer : NULL, 4000, channel_out, err);
}

static void
ask_and_check(struct tls_fixture *f, struct script *s, struct bl_channel *channel)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) reply = { 0 };
    BL_AUTO(bulla_buffer) raw = { 0 };

    assert_ok(bl_channel_ask(channel, BL_LITERAL("question"), 2000, &reply, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&reply), BL_LITERAL("answer"));
    pthread_join(f->thread, NULL);
    assert_bytes_equal(bulla_buffer_bytes(&s->asked), BL_LITERAL("question"));
    assert_memory_equal(s->seen_report_data, bl_channel_report_data(channel), BL_REPORT_DATA_SIZE);
    assert_ok(bl_key_raw_public(bl_channel_wrap_key(channel), &raw, &err), &err);
    assert_memory_equal(raw.data, s->hello.wrap_key, BL_WRAP_KEY_SIZE);
    bulla_buffer_done(&s->asked);
    forget_connection(f);
}

/* The client goes away; the server's thread ends with its script. */
static void
end_connection(struct tls_fixture *f)
{
    bl_tls_free(f->tls);
    f->tls = NULL;
    shutdown(f->fds[0], SHUT_WR);
    pthread_join(f->thread, NULL);
    forget_connection(f);
}

static void
test_an_honest_run(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    struct script s = { 0 };
    BL_AUTO_FREE(bl_channel) channel = NULL;

    assert_ok(run(f, &s, &channel, &err), &err);
    assert_int_equal(collected, 1);
    ask_and_check(f, &s, channel);
}

static void
test_both_attest(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    struct script s = { .mutual = true };
    BL_AUTO_FREE(bl_channel) channel = NULL;

    assert_ok(run(f, &s, &channel, &err), &err);
    ask_and_check(f, &s, channel);
}

static void
test_attesting_anew(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    struct script s = { .rounds = 3 };
    BL_AUTO_FREE(bl_channel) channel = NULL;
    uint8_t last[BL_REPORT_DATA_SIZE];
    uint8_t last_wrap[BL_WRAP_KEY_SIZE];

    assert_ok(run(f, &s, &channel, &err), &err);
    for (int i = 0; i < 2; i++) {
        BL_AUTO(bulla_buffer) raw = { 0 };
        memcpy(last, bl_channel_report_data(channel), sizeof last);
        assert_ok(bl_key_raw_public(bl_channel_wrap_key(channel), &raw, &err), &err);
        memcpy(last_wrap, raw.data, sizeof last_wrap);
        assert_ok(bl_channel_attest_again(channel, 2000, &err), &err);
        assert_memory_not_equal(last, bl_channel_report_data(channel), sizeof last);
        bulla_buffer_clear(&raw);
        assert_ok(bl_key_raw_public(bl_channel_wrap_key(channel), &raw, &err), &err);
        assert_memory_not_equal(last_wrap, raw.data, sizeof last_wrap);
    }
    ask_and_check(f, &s, channel);
}

static void
test_no_lie_of_the_server_opens_a_channel(void **state)
{
    struct tls_fixture *f = *state;

    for (enum lie lie = HONEST + 1; lie < FLIP_HELLO; lie++) {
        struct bulla_error err = { 0 };
        struct script s = { .lie = lie,
                            .mutual = lie == NO_EVIDENCE_THOUGH_ASKED ||
                                      lie == EVIDENCE_REFLECTED || lie == EVIDENCE_OTHER_ROLE ||
                                      lie == EVIDENCE_OTHER_WRAP_KEY };
        BL_AUTO_FREE(bl_channel) channel = NULL;
        enum bulla_status status = run(f, &s, &channel, &err);
        if (status == BULLA_OK)
            print_message("# lie %d was believed\n", (int)lie);
        assert_int_not_equal(status, BULLA_OK);
        assert_null(channel);
        if (lie == ALERT_AT_HELLO || lie == ALERT_AT_CONFIRM || lie == REFUSES_AND_CLOSES)
            assert_int_equal(status, BULLA_E_REFUSED);
        if (lie <= OTHER_VERSION) /* no evidence for who negotiates otherwise than offered */
            assert_int_equal(collected, 0);
        assert_int_equal(s.asked.size, 0); /* P9: no application byte went out */
        end_connection(f);
    }
}

static void
test_no_flipped_byte_of_the_server_is_believed(void **state)
{
    struct tls_fixture *f = *state;
    static const enum lie frames[] = { FLIP_HELLO, FLIP_CONFIRM };

    for (size_t i = 0; i < 2; i++) {
        struct script s = { .lie = frames[i], .flip_max = 1 };
        for (; s.flip < s.flip_max; s.flip += i == 0 ? 7 : 5) {
            struct bulla_error err = { 0 };
            BL_AUTO_FREE(bl_channel) channel = NULL;
            assert_int_not_equal(run(f, &s, &channel, &err), BULLA_OK);
            assert_null(channel);
            end_connection(f);
        }
        assert_true(s.flip_max > 40);
    }
}

static void
test_after_a_refusal_nothing_can_be_asked(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    struct script s = { .rounds = 2 };
    BL_AUTO_FREE(bl_channel) channel = NULL;
    BL_AUTO(bulla_buffer) reply = { 0 };

    assert_ok(run(f, &s, &channel, &err), &err);
    s.lie = ALERT_AT_HELLO;
    assert_fails(bl_channel_attest_again(channel, 2000, &err), BULLA_E_REFUSED, &err);
    assert_fails(bl_channel_ask(channel, BL_LITERAL("question"), 500, &reply, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(bl_channel_attest_again(channel, 500, &err), BULLA_E_ARGUMENT, &err);
    assert_int_equal(reply.size, 0);
    end_connection(f);
    bulla_buffer_done(&s.asked);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tls(test_an_honest_run),
        with_tls(test_both_attest),
        with_tls(test_attesting_anew),
        with_tls(test_no_lie_of_the_server_opens_a_channel),
        with_tls(test_no_flipped_byte_of_the_server_is_believed),
        with_tls(test_after_a_refusal_nothing_can_be_asked),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients and gates that lie: relays, replays, spliced and altered frames, wrong roles, and a gate
 * that was taken over. Nothing is believed, nothing is shown. G2, G16; P2 to P9 of the channel.
 */
#include "broker/scene_fixture.h"

static void
test_another_epoch_is_refused(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) body = { 0 };

    attest(s);
    s->a.epoch = 0; /* again */
    attester_new_wrap_key(&s->a);
    attester_hello(&s->a, &body);
    gate_say(&s->gate, bulla_buffer_bytes(&body));
    ends_refused(s, BULLA_CAUSE_MISMATCH);
    greet(s);
    s->a.epoch = 1;
    attester_hello(&s->a, &body);
    gate_say(&s->gate, bulla_buffer_bytes(&body));
    ends_refused(s, BULLA_CAUSE_MISMATCH);
}

static void
test_after_a_new_hello_the_old_verdict_is_gone(void **state)
{
    struct scene *s = *state;

    attest(s);
    attester_new_wrap_key(&s->a);
    attester_hellos(&s->a, &s->gate);
    attester_ask(&s->gate, "orders/key", 0); /* before the evidence of the new epoch */
    ends_refused(s, BULLA_CAUSE_MALFORMED);
}

static void
test_the_wrap_key_is_the_attested_one(void **state)
{
    struct scene *s = *state;
    static const uint8_t another[BL_WRAP_KEY_SIZE] = { 9 };

    greet(s);
    attester_hellos(&s->a, &s->gate);
    s->a.claimed_wrap = another;
    evidence_is_refused(s, BULLA_CAUSE_NONCE_MISMATCH);
}

/* The machine-in-the-middle of the threat model: two connections, one evidence. P3, P4. */
static void
test_relayed_evidence(void **state)
{
    struct scene *s = *state;

    greet(s);
    attester_hellos(&s->a, &s->gate);
    s->a.connection[0] ^= 1; /* the attester's TLS connection ended at somebody else */
    evidence_is_refused(s, BULLA_CAUSE_NONCE_MISMATCH);
}

static void
test_replayed_evidence(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) old = { 0 };
    struct bulla_error err = { 0 };

    attest(s);
    gate_done(&s->gate);
    assert_ok(bulla_buffer_append(&old, bulla_buffer_bytes(&s->a.evidence), &err), &err);
    greet(s);
    attester_hellos(&s->a, &s->gate);
    attester_prove(&s->a, &s->gate, bulla_buffer_bytes(&old));
    ends_refused(s, BULLA_CAUSE_NONCE_MISMATCH);
}

static void
test_a_whole_session_replayed(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) hello = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };

    greet(s);
    attester_hello(&s->a, &hello);
    gate_say(&s->gate, bulla_buffer_bytes(&hello));
    assert_true(gate_hear(&s->gate, &answer));
    struct bulla_error err = { 0 };
    struct bl_server_hello first = { 0 }, second = { 0 };
    assert_ok(bl_server_hello_decode(bulla_buffer_bytes(&answer), &first, &err), &err);
    assert_ok(bl_exchange_add(&s->a.exchange, bulla_buffer_bytes(&answer), &err), &err);
    assert_ok(bl_exchange_hellos_done(&s->a.exchange, &err), &err);
    BL_AUTO(bulla_buffer) body = { 0 };
    attester_evidence(&s->a, &body);
    attester_prove(&s->a, &s->gate, bulla_buffer_bytes(&body));
    assert_true(gate_hear(&s->gate, &answer));
    gate_done(&s->gate);

    /* The very same frames again, even over the very same "connection": another nonce of ours. */
    uint8_t connection[32];
    memcpy(connection, s->a.connection, sizeof connection);
    gate_open(&s->gate, &s->f->vault);
    memcpy(s->gate.connection, connection, sizeof connection);
    gate_introduce(&s->gate);
    gate_say(&s->gate, bulla_buffer_bytes(&hello));
    assert_true(gate_hear(&s->gate, &answer));
    assert_ok(bl_server_hello_decode(bulla_buffer_bytes(&answer), &second, &err), &err);
    assert_memory_not_equal(first.nonce, second.nonce, sizeof first.nonce);
    assert_false(bl_all_zero(BL_BYTES_OF(second.nonce)));
    gate_say(&s->gate, bulla_buffer_bytes(&s->a.evidence));
    ends_refused(s, BULLA_CAUSE_NONCE_MISMATCH);
}

static void
test_evidence_made_for_the_other_role(void **state)
{
    struct scene *s = *state;

    s->a.role = BL_ROLE_SERVER;
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, BULLA_CAUSE_NONCE_MISMATCH);
}

static void
test_a_confirmation_of_the_other_role(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) body = { 0 };

    s->a.confirm_role = BL_ROLE_SERVER;
    greet(s);
    attester_hellos(&s->a, &s->gate);
    attester_evidence(&s->a, &body);
    attester_prove(&s->a, &s->gate, bulla_buffer_bytes(&body));
    ends_refused(s, BULLA_CAUSE_MISMATCH);
}

/* -- a captured gate: G16 ---------------------------------------------------------------------- */

static void
test_a_gate_that_lies_about_the_exporter(void **state)
{
    struct scene *s = *state;
    static const size_t sizes[] = { 0, 1, BL_EXPORTER_SIZE - 1 };

    greet(s);
    s->gate.connection[3] ^= 0x10;
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, BULLA_CAUSE_NONCE_MISMATCH);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        greet(s);
        s->gate.exporter_size = sizes[i];
        attester_hellos(&s->a, &s->gate);
        evidence_is_refused(s, BULLA_CAUSE_CRYPTO);
    }
}

static void
test_a_gate_that_lies_about_tls(void **state)
{
    struct scene *s = *state;

    for (int lie = 0; lie < 3; lie++) {
        gate_open(&s->gate, &s->f->vault);
        attester_connect(&s->a, &s->gate); /* it knows the facts as they are */
        if (lie == 0)
            s->gate.facts.server_spki_hash[0] ^= 1;
        if (lie == 1)
            s->gate.facts.cipher_suite ^= 1;
        if (lie == 2)
            s->gate.facts.has_client_certificate = true;
        gate_introduce(&s->gate);
        attester_hellos(&s->a, &s->gate);
        evidence_is_refused(s, BULLA_CAUSE_NONCE_MISMATCH);
    }
}

static void
test_a_gate_that_speaks_out_of_turn(void **state)
{
    struct scene *s = *state;
    static const enum bl_ipc_kind first[] = { BL_IPC_FRAME, BL_IPC_EXPORTED, BL_IPC_SEND,
                                              BL_IPC_CLOSE };

    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        gate_open(&s->gate, &s->f->vault);
        gate_tell(&s->gate, &(struct bl_ipc_message){ .kind = first[i], .body = BL_LITERAL("x") });
        ends_refused(s, BULLA_CAUSE_MALFORMED);
    }
    for (size_t i = 1; i < sizeof first / sizeof first[0]; i++) {
        gate_open(&s->gate, &s->f->vault);
        gate_introduce(&s->gate);
        gate_tell(&s->gate, &(struct bl_ipc_message){ .kind = first[i], .body = BL_LITERAL("x") });
        ends_refused(s, BULLA_CAUSE_MALFORMED);
    }
    gate_open(&s->gate, &s->f->vault);
    gate_introduce(&s->gate);
    gate_introduce(&s->gate);
    ends_refused(s, BULLA_CAUSE_MALFORMED);
}

/* A gate that holds TLS in its hands can ask for a wrap key of its own, and gets no verdict. */
static void
test_a_gate_that_puts_its_own_wrap_key_in(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) body = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };
    struct bl_client_hello hello = { 0 };
    struct bulla_error err = { 0 };

    greet(s);
    attester_hello(&s->a, &body);
    assert_ok(bl_client_hello_decode(bulla_buffer_bytes(&body), &hello, &err), &err);
    hello.wrap_key[0] ^= 1;
    assert_ok(bl_client_hello_encode(&hello, &answer, &err), &err);
    gate_say(&s->gate, bulla_buffer_bytes(&answer));
    assert_true(gate_hear(&s->gate, &body));
    assert_ok(bl_exchange_add(&s->a.exchange, bulla_buffer_bytes(&body), &err), &err);
    assert_ok(bl_exchange_hellos_done(&s->a.exchange, &err), &err);
    evidence_is_refused(s, BULLA_CAUSE_NONCE_MISMATCH);
}

/* -- what the client says ---------------------------------------------------------------------- */

static void
test_what_was_not_offered_cannot_be_chosen(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) body = { 0 };
    static const struct bulla_bytes offers[] = { { (const uint8_t *)"no-such-kind", 12 },
                                                 { (const uint8_t *)"tpm\0", 4 },
                                                 { (const uint8_t *)"tp", 2 },
                                                 { NULL, 0 } };

    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        greet(s);
        s->a.offered = offers[i];
        attester_hello(&s->a, &body);
        gate_say(&s->gate, bulla_buffer_bytes(&body));
        ends_refused(s, BULLA_CAUSE_UNSUPPORTED);
    }
    s->a.offered = BL_LITERAL("tpm");
    s->a.want = BL_WANT_PEER_EVIDENCE; /* this broker has none to give: never silently ignored */
    greet(s);
    attester_hello(&s->a, &body);
    gate_say(&s->gate, bulla_buffer_bytes(&body));
    ends_refused(s, BULLA_CAUSE_UNSUPPORTED);
}

static void
test_no_byte_flip_of_any_frame_is_believed(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) frame = { 0 };
    size_t tried = 0;

    for (size_t at = 0, size = 1; at < size; at += 37) { /* the evidence frame, sampled */
        greet(s);
        attester_hellos(&s->a, &s->gate);
        attester_evidence(&s->a, &frame);
        size = frame.size;
        frame.data[at < size ? at : size - 1] ^= 0x01;
        attester_prove(&s->a, &s->gate, bulla_buffer_bytes(&frame));
        assert_refused(&s->gate);
        assert_no_canary(&s->gate);
        gate_done(&s->gate);
        tried++;
    }
    assert_true(tried > 10);
    for (size_t at = 0, size = 1; at < size; at += 7) { /* and the confirmation */
        BL_AUTO(bulla_buffer) confirm = { 0 };
        struct bulla_error err = { 0 };
        greet(s);
        attester_hellos(&s->a, &s->gate);
        attester_evidence(&s->a, &frame);
        assert_ok(bl_exchange_add(&s->a.exchange, bulla_buffer_bytes(&frame), &err), &err);
        assert_ok(bl_exchange_evidence_done(&s->a.exchange, &err), &err);
        assert_ok(bl_exchange_confirm(&s->a.exchange, BL_ROLE_CLIENT, &confirm, &err), &err);
        size = confirm.size;
        confirm.data[at] ^= 0x80;
        gate_say(&s->gate, bulla_buffer_bytes(&frame));
        gate_say(&s->gate, bulla_buffer_bytes(&confirm));
        assert_refused(&s->gate);
        gate_done(&s->gate);
    }
}

static void
test_a_request_before_the_confirmation(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) body = { 0 };

    greet(s);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, BULLA_CAUSE_MALFORMED);
    greet(s);
    attester_hellos(&s->a, &s->gate);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, BULLA_CAUSE_MALFORMED);
    greet(s);
    attester_hellos(&s->a, &s->gate);
    attester_evidence(&s->a, &body);
    gate_say(&s->gate, bulla_buffer_bytes(&body));
    attester_ask(&s->gate, "orders/key", 0); /* P9: evidence is in, the confirmation is not */
    ends_refused(s, BULLA_CAUSE_MALFORMED);
}

static void
test_frames_of_two_sessions_spliced(void **state)
{
    struct scene *s = *state;
    struct gate first;
    BL_AUTO(bulla_buffer) body = { 0 };

    greet(s);
    attester_hellos(&s->a, &s->gate);
    attester_evidence(&s->a, &body); /* for this session */
    first = s->gate;
    greet(s);
    attester_hellos(&s->a, &s->gate);
    attester_prove(&s->a, &s->gate, bulla_buffer_bytes(&body)); /* said in that one */
    ends_refused(s, BULLA_CAUSE_NONCE_MISMATCH);
    gate_done(&first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_scene(test_another_epoch_is_refused),
        with_scene(test_after_a_new_hello_the_old_verdict_is_gone),
        with_scene(test_the_wrap_key_is_the_attested_one),
        with_scene(test_relayed_evidence),
        with_scene(test_replayed_evidence),
        with_scene(test_a_whole_session_replayed),
        with_scene(test_evidence_made_for_the_other_role),
        with_scene(test_a_confirmation_of_the_other_role),
        with_scene(test_a_gate_that_lies_about_the_exporter),
        with_scene(test_a_gate_that_lies_about_tls),
        with_scene(test_a_gate_that_speaks_out_of_turn),
        with_scene(test_a_gate_that_puts_its_own_wrap_key_in),
        with_scene(test_what_was_not_offered_cannot_be_chosen),
        with_scene(test_no_byte_flip_of_any_frame_is_believed),
        with_scene(test_a_request_before_the_confirmation),
        with_scene(test_frames_of_two_sessions_spliced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

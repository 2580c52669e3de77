/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole sessions of the vault, with the test as its gate and as the client: the honest one, and every
 * refusal: one alert, no byte of the secret, and the reason in the audit log. G1, G2, G14, G16.
 */
#include "broker/attester_fixture.h"

#include "base/fault.h"
#include "policy/appraisal.h"

#define POLICY_HEAD                                                                 \
    "format: 1\nversion: 1\nbinding: channel\nplatforms: any\nplatform_pcrs: any\n" \
    "not_after: 4000000000\n"
static const char machine_policy[] = POLICY_HEAD "name: machines\nsubject: machine\n";
static const char enclave_policy[] =
    POLICY_HEAD "name: enclaves\nsubject: enclave\nisolation: [os]\nsigners: "
                "[\"5151515151515151515151515151515151515151515151515151515151515151\"]\n"
                "product: orders\nminimum_version: 2\ncodes: any\nconfigs: any\n";

static void
grant(struct vault_fixture *f, const char *name, const char *policy_text, const char *class_word)
{
    char yaml[1024];
    struct bulla_error err = { 0 };
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    BL_AUTO(bulla_buffer) cbor = { 0 };

    snprintf(yaml, sizeof yaml, "%sclasses: [%s]\n", policy_text, class_word);
    assert_ok(bl_appraisal_policy_from_yaml(text_bytes(yaml), &policy, &err), &err);
    assert_ok(bl_appraisal_policy_encode(&policy, &cbor, &err), &err);
    const struct bl_admin_argument arguments[] = { { BL_LITERAL("name"), text_bytes(name) },
                                                   { BL_LITERAL("policy"),
                                                     bulla_buffer_bytes(&cbor) } };
    assert_int_equal(admin_run(f, f->admin, "grant", arguments, 2, NULL), BULLA_CAUSE_NONE);
}

/* A secret, a grant for machines of class hardware, and such a machine. */
struct scene {
    struct vault_fixture *f;
    struct attester a;
    struct gate gate;
};

static int
scene_setup(void **state)
{
    static struct scene scene;
    void *f = NULL;

    scene = (struct scene){ 0 };
    if (vault_setup(&f) != 0)
        return -1;
    scene.f = f;
    assert_int_equal(admin_put(scene.f, "orders/key", text_bytes(attester_secret)),
                     BULLA_CAUSE_NONE);
    grant(scene.f, "orders/key", machine_policy, "hardware");
    attester_start(&scene.a, false);
    attester_enrol(&scene.a, scene.f, BL_CLASS_HARDWARE);
    *state = &scene;
    return 0;
}

static int
scene_teardown(void **state)
{
    struct scene *scene = *state;
    void *f = scene->f;

    (void)bl_fault_disarm();
    attester_done(&scene->a);
    return vault_teardown(&f);
}

#define with_scene(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

/* Connect, and say hello both ways. */
static void
greet(struct scene *s)
{
    gate_open(&s->gate, &s->f->vault);
    gate_introduce(&s->gate);
    attester_connect(&s->a, &s->gate);
}

static void
attest(struct scene *s)
{
    greet(s);
    attester_attest(&s->a, &s->gate);
}

/* The session is refused, shows nothing, and the log says why. */
static void
ends_refused(struct scene *s, const char *cause)
{
    char field[32];

    snprintf(field, sizeof field, "\"cause\":%s,", cause);
    assert_refused(&s->gate);
    assert_no_canary(&s->gate);
    gate_done(&s->gate);
    assert_last_record("\"event\":\"refused\"", field);
}

/* Evidence that the vault must not believe; the confirmation never counts. */
static void
evidence_is_refused(struct scene *s, const char *cause)
{
    BL_AUTO(bulla_buffer) body = { 0 };

    attester_evidence(&s->a, &body);
    attester_prove(&s->a, &s->gate, bulla_buffer_bytes(&body));
    ends_refused(s, cause);
}

static void
test_an_honest_machine_gets_its_secret(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) log = { 0 };

    attest(s);
    for (int i = 0; i < 2; i++) { /* an open channel serves more than one request */
        attester_ask(&s->gate, "orders/key", 1);
        assert_released(&s->a, &s->gate, "orders/key", text_bytes(attester_secret));
        assert_last_record("\"event\":\"released\"", "\"secret\":\"orders/key\"");
    }
    assert_last_record("\"class\":\"hardware\"", "\"peer\":\"192.0.2.7\"");
    assert_no_canary(&s->gate);
    gate_done(&s->gate);
    read_audit(&log);
    assert_false(holds_bytes(&log, text_bytes(attester_secret)));
}

static void
test_it_may_attest_anew_with_the_next_epoch(void **state)
{
    struct scene *s = *state;

    attest(s);
    attester_new_wrap_key(&s->a);
    attester_attest(&s->a, &s->gate);
    attester_ask(&s->gate, "orders/key", 0);
    assert_released(&s->a, &s->gate, "orders/key", text_bytes(attester_secret));
    gate_done(&s->gate);
}

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
    ends_refused(s, "803");
    greet(s);
    s->a.epoch = 1;
    attester_hello(&s->a, &body);
    gate_say(&s->gate, bulla_buffer_bytes(&body));
    ends_refused(s, "803");
}

static void
test_after_a_new_hello_the_old_verdict_is_gone(void **state)
{
    struct scene *s = *state;

    attest(s);
    attester_new_wrap_key(&s->a);
    attester_hellos(&s->a, &s->gate);
    attester_ask(&s->gate, "orders/key", 0); /* before the evidence of the new epoch */
    ends_refused(s, "301");
}

static void
test_without_a_grant_nothing_is_released(void **state)
{
    struct scene *s = *state;

    assert_int_equal(admin_put(s->f, "orders/other", text_bytes(attester_secret)),
                     BULLA_CAUSE_NONE);
    attest(s);
    attester_ask(&s->gate, "orders/other", 0);
    ends_refused(s, "701");
}

static void
test_a_secret_that_is_not_there(void **state)
{
    struct scene *s = *state;

    attest(s);
    attester_ask(&s->gate, "orders/none", 0);
    ends_refused(s, "1301");
    attest(s);
    attester_ask(&s->gate, "orders/key", 2); /* it is at version 1 */
    ends_refused(s, "1301");
}

static void
test_another_policy_refuses(void **state)
{
    struct scene *s = *state;

    assert_int_equal(admin_put(s->f, "orders/other", text_bytes(attester_secret)),
                     BULLA_CAUSE_NONE);
    grant(s->f, "orders/other", enclave_policy, "hardware");
    attest(s); /* a machine, where an enclave is asked for */
    attester_ask(&s->gate, "orders/other", 0);
    ends_refused(s, "701");
}

static void
test_software_class_needs_to_be_listed(void **state)
{
    struct scene *s = *state;

    attester_done(&s->a);
    attester_start(&s->a, false);
    attester_enrol(&s->a, s->f, BL_CLASS_SOFTWARE);
    attest(s);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, "701");
    grant(s->f, "orders/key", machine_policy, "software");
    attest(s);
    attester_ask(&s->gate, "orders/key", 0);
    assert_released(&s->a, &s->gate, "orders/key", text_bytes(attester_secret));
    gate_done(&s->gate);
    assert_last_record("\"event\":\"released\"", "\"class\":\"software\"");
}

static void
test_a_key_that_nobody_certified(void **state)
{
    struct scene *s = *state;

    bulla_buffer_clear(&s->a.ak_certificate);
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, "802");
}

static void
test_a_certified_key_of_no_enrolled_platform(void **state)
{
    struct scene *s = *state;

    fixture_row(s->f, "DELETE FROM platforms", NULL, 0);
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, "802");
}

static void
revoke_platform(struct scene *s)
{
    const struct bl_admin_argument argument = { BL_LITERAL("platform"),
                                                BL_BYTES_OF(s->a.machine->platform_id) };

    assert_int_equal(admin_run(s->f, s->f->admin, "platform-revoke", &argument, 1, NULL),
                     BULLA_CAUSE_NONE);
}

static void
test_a_revoked_platform(void **state)
{
    struct scene *s = *state;

    revoke_platform(s);
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, "906");
}

static void
test_revocation_between_verdict_and_request(void **state)
{
    struct scene *s = *state;

    attest(s);
    revoke_platform(s);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, "906");
}

static void
test_a_grant_taken_back_between_verdict_and_request(void **state)
{
    struct scene *s = *state;

    attest(s);
    fixture_row(s->f, "DELETE FROM grants", NULL, 0);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, "701");
}

static void
test_a_tpm_that_went_back(void **state)
{
    struct scene *s = *state;

    s->a.machine->platform.reset_count = 20;
    attest(s);
    gate_done(&s->gate);
    s->a.machine->platform.reset_count = 19;
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, "903");
    s->a.machine->platform.reset_count = 20; /* the same start is fine */
    attest(s);
    gate_done(&s->gate);
    s->a.machine->platform.reset_count = 21; /* and a later one with a boot id of its own */
    s->a.boot_id[0] ^= 1;
    attest(s);
    gate_done(&s->gate);
}

static void
test_one_start_that_runs_twice(void **state)
{
    struct scene *s = *state;

    attest(s);
    gate_done(&s->gate);
    s->a.boot_id[0] ^= 1;
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, "903");
}

static void
test_an_earlier_start_is_fenced_off(void **state)
{
    struct scene *s = *state;
    struct gate earlier;

    attest(s);
    earlier = s->gate;
    s->a.machine->platform.reset_count = 12; /* the TPM was reset, something new runs on it */
    s->a.boot_id[0] ^= 1;
    attest(s);
    gate_done(&s->gate);
    s->gate = earlier;
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, "903");
}

static void
test_a_wrap_key_serves_one_exchange(void **state)
{
    struct scene *s = *state;

    attest(s);
    attester_hellos(&s->a, &s->gate); /* the next epoch with the same key */
    evidence_is_refused(s, "905");
    greet(s);
    attester_hellos(&s->a, &s->gate); /* a fresh one is fine */
    gate_done(&s->gate);
}

static void
test_the_wrap_key_is_the_attested_one(void **state)
{
    struct scene *s = *state;
    static const uint8_t another[BL_WRAP_KEY_SIZE] = { 9 };

    greet(s);
    attester_hellos(&s->a, &s->gate);
    s->a.claimed_wrap = another;
    evidence_is_refused(s, "905");
}

/* The machine-in-the-middle of the threat model: two connections, one evidence. P3, P4. */
static void
test_relayed_evidence(void **state)
{
    struct scene *s = *state;

    greet(s);
    attester_hellos(&s->a, &s->gate);
    s->a.connection[0] ^= 1; /* the attester's TLS connection ended at somebody else */
    evidence_is_refused(s, "905");
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
    ends_refused(s, "905");
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
    gate_say(&s->gate, bulla_buffer_bytes(&s->a.evidence));
    ends_refused(s, "905");
}

static void
test_evidence_made_for_the_other_role(void **state)
{
    struct scene *s = *state;

    s->a.role = BL_ROLE_SERVER;
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, "905");
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
    ends_refused(s, "803");
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
    evidence_is_refused(s, "905");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        greet(s);
        s->gate.exporter_size = sizes[i];
        attester_hellos(&s->a, &s->gate);
        evidence_is_refused(s, "104");
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
        evidence_is_refused(s, "905");
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
        ends_refused(s, "301");
    }
    for (size_t i = 1; i < sizeof first / sizeof first[0]; i++) {
        gate_open(&s->gate, &s->f->vault);
        gate_introduce(&s->gate);
        gate_tell(&s->gate, &(struct bl_ipc_message){ .kind = first[i], .body = BL_LITERAL("x") });
        ends_refused(s, "301");
    }
    gate_open(&s->gate, &s->f->vault);
    gate_introduce(&s->gate);
    gate_introduce(&s->gate);
    ends_refused(s, "301");
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
    evidence_is_refused(s, "905");
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
        ends_refused(s, "302");
    }
    s->a.offered = BL_LITERAL("tpm");
    s->a.want = BL_WANT_PEER_EVIDENCE; /* this broker has none to give: never silently ignored */
    greet(s);
    attester_hello(&s->a, &body);
    gate_say(&s->gate, bulla_buffer_bytes(&body));
    ends_refused(s, "302");
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
    ends_refused(s, "301");
    greet(s);
    attester_hellos(&s->a, &s->gate);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, "301");
    greet(s);
    attester_hellos(&s->a, &s->gate);
    attester_evidence(&s->a, &body);
    gate_say(&s->gate, bulla_buffer_bytes(&body));
    attester_ask(&s->gate, "orders/key", 0); /* P9: evidence is in, the confirmation is not */
    ends_refused(s, "301");
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
    ends_refused(s, "905");
    gate_done(&first);
}

/* -- versions ---------------------------------------------------------------------------------- */

static void
promote(struct scene *s, uint64_t version, enum bulla_cause expected)
{
    uint8_t digests[BL_ENCLAVE_PCR_COUNT][32];
    uint8_t number[8] = { 0 };
    struct bulla_error err = { 0 };

    number[7] = (uint8_t)version;
    assert_ok(bl_enclave_digests(&s->a.machine->identity, digests, &err), &err);
    const struct bl_admin_argument arguments[] = {
        { BL_LITERAL("signer_product"),
          BL_BYTES_OF(digests[BL_ENCLAVE_PCR_SIGNER - BL_ENCLAVE_PCR_FIRST]) },
        { BL_LITERAL("version"), BL_BYTES_OF(number) },
    };
    assert_int_equal(admin_run(s->f, s->f->admin, "promote", arguments, 2, NULL), expected);
}

static void
test_an_enclave_below_the_floor(void **state)
{
    struct scene *s = *state;

    attester_done(&s->a);
    attester_start(&s->a, true);
    attester_enrol(&s->a, s->f, BL_CLASS_SOFTWARE);
    grant(s->f, "orders/key", enclave_policy, "software");
    attest(s);
    attester_ask(&s->gate, "orders/key", 0);
    assert_released(&s->a, &s->gate, "orders/key", text_bytes(attester_secret));
    promote(s, 7, BULLA_CAUSE_NONE); /* its own version */
    attester_ask(&s->gate, "orders/key", 0);
    assert_released(&s->a, &s->gate, "orders/key", text_bytes(attester_secret));
    promote(s, 8, BULLA_CAUSE_NONE);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, "904");
    promote(s, 7, BULLA_CAUSE_VERSION_BELOW_FLOOR);
    assert_last_record("\"event\":\"refused\"", "\"cause\":904,");
    attest(s);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, "904");
}

/* -- the record comes first -------------------------------------------------------------------- */

static void
test_what_cannot_be_recorded_is_not_released(void **state)
{
    struct scene *s = *state;

    attest(s);
    bl_fault_arm(BL_FAULT_FILE, 1, true);
    attester_ask(&s->gate, "orders/key", 0);
    assert_refused(&s->gate);
    assert_true(bl_fault_disarm());
    assert_no_canary(&s->gate);
    gate_done(&s->gate);
    attest(s); /* also not afterwards, until somebody has looked */
    attester_ask(&s->gate, "orders/key", 0);
    assert_refused(&s->gate);
    gate_done(&s->gate);
}

/* -- faults ------------------------------------------------------------------------------------ */

static void
test_every_database_failure_is_a_refusal(void **state)
{
    struct scene *s = *state;
    bool reached = true;

    for (uint64_t n = 1; reached; n++) {
        BL_AUTO(bulla_buffer) body = { 0 };
        attest(s);
        bl_fault_arm(BL_FAULT_DATABASE, n, false);
        attester_ask(&s->gate, "orders/key", 0);
        assert_true(gate_hear(&s->gate, &body));
        reached = bl_fault_disarm();
        enum bl_message kind = bl_message_kind(bulla_buffer_bytes(&body));
        assert_true(kind == (reached ? BL_MESSAGE_ALERT : BL_MESSAGE_REPLY) ||
                    kind == BL_MESSAGE_REPLY); /* the last call only ends the reading transaction */
        assert_no_canary(&s->gate);
        gate_done(&s->gate);
        assert_true(n < 100);
    }
}

static void
test_an_appraiser_that_died_is_a_refusal(void **state)
{
    struct scene *s = *state;
    int fd = -1;
    int status = 0;

    kill(s->f->appraiser, SIGKILL);
    assert_int_equal(waitpid(s->f->appraiser, &status, 0), s->f->appraiser);
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, "1101");
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, "1101");
    s->f->appraiser = start_appraiser(&fd);
    bl_appraiser_replace(s->f->vault.appraiser, fd);
    attest(s);
    attester_ask(&s->gate, "orders/key", 0);
    assert_released(&s->a, &s->gate, "orders/key", text_bytes(attester_secret));
    gate_done(&s->gate);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_scene(test_an_honest_machine_gets_its_secret),
        with_scene(test_it_may_attest_anew_with_the_next_epoch),
        with_scene(test_another_epoch_is_refused),
        with_scene(test_after_a_new_hello_the_old_verdict_is_gone),
        with_scene(test_without_a_grant_nothing_is_released),
        with_scene(test_a_secret_that_is_not_there),
        with_scene(test_another_policy_refuses),
        with_scene(test_software_class_needs_to_be_listed),
        with_scene(test_a_key_that_nobody_certified),
        with_scene(test_a_certified_key_of_no_enrolled_platform),
        with_scene(test_a_revoked_platform),
        with_scene(test_revocation_between_verdict_and_request),
        with_scene(test_a_grant_taken_back_between_verdict_and_request),
        with_scene(test_a_tpm_that_went_back),
        with_scene(test_one_start_that_runs_twice),
        with_scene(test_an_earlier_start_is_fenced_off),
        with_scene(test_a_wrap_key_serves_one_exchange),
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
        with_scene(test_an_enclave_below_the_floor),
        with_scene(test_what_cannot_be_recorded_is_not_released),
        with_scene(test_every_database_failure_is_a_refusal),
        with_scene(test_an_appraiser_that_died_is_a_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

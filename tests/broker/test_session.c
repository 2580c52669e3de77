/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole sessions of the vault, with the test as its gate and as the client: the honest one, and what
 * the release rule refuses: one alert, no byte of the secret, the reason in the audit log. G1, G14.
 */
#include "broker/scene_fixture.h"

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
test_without_a_grant_nothing_is_released(void **state)
{
    struct scene *s = *state;

    assert_int_equal(admin_put(s->f, "orders/other", text_bytes(attester_secret)),
                     BULLA_CAUSE_NONE);
    attest(s);
    attester_ask(&s->gate, "orders/other", 0);
    ends_refused(s, BULLA_CAUSE_DENIED);
}

static void
test_a_secret_that_is_not_there(void **state)
{
    struct scene *s = *state;

    attest(s);
    attester_ask(&s->gate, "orders/none", 0);
    ends_refused(s, BULLA_CAUSE_NOT_FOUND);
    attest(s);
    attester_ask(&s->gate, "orders/key", 2); /* it is at version 1 */
    ends_refused(s, BULLA_CAUSE_NOT_FOUND);
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
    ends_refused(s, BULLA_CAUSE_DENIED);
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
    ends_refused(s, BULLA_CAUSE_DENIED);
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
    evidence_is_refused(s, BULLA_CAUSE_UNTRUSTED);
}

static void
test_a_certified_key_of_no_enrolled_platform(void **state)
{
    struct scene *s = *state;

    fixture_row(s->f, "DELETE FROM platforms", NULL, 0);
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, BULLA_CAUSE_UNTRUSTED);
}

static void
revoke_platform(struct scene *s, const uint8_t platform_id[32])
{
    const struct bl_admin_argument argument = { BL_LITERAL("platform"), { platform_id, 32 } };

    assert_int_equal(admin_run(s->f, s->f->admin, "platform-revoke", &argument, 1, NULL),
                     BULLA_CAUSE_NONE);
}

static void
test_a_revoked_platform(void **state)
{
    struct scene *s = *state;

    revoke_platform(s, s->a.machine->platform_id);
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, BULLA_CAUSE_REVOKED);
}

static void
test_revocation_between_verdict_and_request(void **state)
{
    struct scene *s = *state;

    attest(s);
    revoke_platform(s, s->a.machine->platform_id);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, BULLA_CAUSE_REVOKED);
}

static void
test_a_grant_taken_back_between_verdict_and_request(void **state)
{
    struct scene *s = *state;

    attest(s);
    fixture_row(s->f, "DELETE FROM grants", NULL, 0);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, BULLA_CAUSE_DENIED);
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
    evidence_is_refused(s, BULLA_CAUSE_ROLLED_BACK);
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
    evidence_is_refused(s, BULLA_CAUSE_ROLLED_BACK);
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
    ends_refused(s, BULLA_CAUSE_ROLLED_BACK);
}

static void
test_a_wrap_key_serves_one_exchange(void **state)
{
    struct scene *s = *state;

    attest(s);
    attester_hellos(&s->a, &s->gate); /* the next epoch with the same key */
    evidence_is_refused(s, BULLA_CAUSE_REPLAYED);
    greet(s);
    attester_hellos(&s->a, &s->gate); /* a fresh one is fine */
    gate_done(&s->gate);
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
    ends_refused(s, BULLA_CAUSE_VERSION_BELOW_FLOOR);
    promote(s, 7, BULLA_CAUSE_VERSION_BELOW_FLOOR);
    assert_last_record("\"event\":\"refused\"", "\"cause\":904,");
    attest(s);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, BULLA_CAUSE_VERSION_BELOW_FLOOR);
}

/* -- two layers -------------------------------------------------------------------------------- */

/* An enclave of the class of its host, with a grant for that. */
static void
start_hosted(struct scene *s)
{
    attester_done(&s->a);
    attester_start(&s->a, true);
    attester_enrol(&s->a, s->f, BL_CLASS_SOFTWARE);
    attester_enrol_host(&s->a, s->f, BL_CLASS_HARDWARE);
    grant(s->f, "orders/key", hosted_policy, "hardware");
}

static void
test_an_enclave_whose_host_vouches(void **state)
{
    struct scene *s = *state;

    start_hosted(s);
    attest(s);
    attester_ask(&s->gate, "orders/key", 0);
    assert_released(&s->a, &s->gate, "orders/key", text_bytes(attester_secret));
    gate_done(&s->gate);
    s->a.has_host = false; /* alone it is software */
    attest(s);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, BULLA_CAUSE_DENIED);
}

static void
test_a_revoked_host(void **state)
{
    struct scene *s = *state;

    start_hosted(s);
    attest(s);
    revoke_platform(s, s->a.host_id);
    attester_ask(&s->gate, "orders/key", 0);
    ends_refused(s, BULLA_CAUSE_REVOKED);
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, BULLA_CAUSE_REVOKED);
}

static void
test_a_host_that_went_back(void **state)
{
    struct scene *s = *state;

    start_hosted(s);
    s->a.machine->platform.reset_count = 20;
    attest(s);
    gate_done(&s->gate);
    s->a.machine->platform.reset_count = 19;
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, BULLA_CAUSE_ROLLED_BACK);
    s->a.machine->platform.reset_count = 20;
    attest(s);
    gate_done(&s->gate);
}

/* -- time -------------------------------------------------------------------------------------- */

static void
test_a_stranger_is_sent_away_a_machine_is_not(void **state)
{
    struct scene *s = *state;

    s->f->vault.proof_ms = 300;
    greet(s); /* says nothing */
    ends_refused(s, BULLA_CAUSE_TIMEOUT);
    greet(s);
    attester_hellos(&s->a, &s->gate); /* says something, and proves nothing */
    ends_refused(s, BULLA_CAUSE_TIMEOUT);
    s->f->vault.proof_ms = 3000;
    attest(s);
    bl_clock_sleep_ms(3200);
    attester_ask(&s->gate, "orders/key", 0);
    assert_released(&s->a, &s->gate, "orders/key", text_bytes(attester_secret));
    gate_done(&s->gate);
}

/* -- the record comes first -------------------------------------------------------------------- */

static void
test_what_cannot_be_recorded_is_not_released(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) log = { 0 };

    for (int i = 0; i < 2; i++) { /* for as long as nothing can be written */
        attest(s);
        bl_fault_arm(BL_FAULT_FILE, 1, true);
        attester_ask(&s->gate, "orders/key", 0);
        assert_refused(&s->gate);
        assert_true(bl_fault_disarm());
        assert_no_canary(&s->gate);
        gate_done(&s->gate);
    }
    attest(s); /* there is room again */
    attester_ask(&s->gate, "orders/key", 0);
    assert_released(&s->a, &s->gate, "orders/key", text_bytes(attester_secret));
    gate_done(&s->gate);
    assert_last_record("\"event\":\"released\"", "\"secret\":\"orders/key\"");
    read_audit(&log);
    assert_true(holds_bytes(&log, BL_LITERAL("\"event\":\"resumed\",\"attempts_failed\":4,")));
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
    evidence_is_refused(s, BULLA_CAUSE_UNREACHABLE);
    greet(s);
    attester_hellos(&s->a, &s->gate);
    evidence_is_refused(s, BULLA_CAUSE_UNREACHABLE);
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
        with_scene(test_an_enclave_below_the_floor),
        with_scene(test_an_enclave_whose_host_vouches),
        with_scene(test_a_revoked_host),
        with_scene(test_a_host_that_went_back),
        with_scene(test_a_stranger_is_sent_away_a_machine_is_not),
        with_scene(test_what_cannot_be_recorded_is_not_released),
        with_scene(test_every_database_failure_is_a_refusal),
        with_scene(test_an_appraiser_that_died_is_a_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

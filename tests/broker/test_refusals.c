/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals in the audit log: what is recorded one by one, what is counted, that every one is one of
 * the two, and that strangers cannot make the log grow beyond the stated bound. G14, G20.
 */
#include "broker/scene_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#define INTERVAL_MS ((int64_t)1000 * BL_REFUSALS_INTERVAL_S)
#define PEER "192.0.2.7"

static const struct bulla_error malformed = {
    .status = BULLA_E_MALFORMED, .cause = BULLA_CAUSE_MALFORMED, .where = "here", .what = "not that"
};

/* A moment that is `seconds` after the test's first. */
static struct bl_refusals_moment
at(double seconds)
{
    return (struct bl_refusals_moment){ 1800000000 + (int64_t)seconds,
                                        77000 + (int64_t)(1000 * seconds) };
}

static void
refuse(struct vault_fixture *f, bool is_proved, enum bulla_cause cause, uint64_t times,
       double seconds)
{
    struct bulla_error why = malformed;

    why.cause = cause;
    for (uint64_t i = 0; i < times; i++)
        bl_refusals_add(f->vault.refusals, is_proved, PEER, &why, at(seconds));
}

static void
settle(struct vault_fixture *f, bool at_once, double seconds)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_refusals_settle(f->vault.refusals, at_once, at(seconds), &err), &err);
}

/* The log verifies, and holds so many. */
static void
assert_refusals(struct vault_fixture *f, uint64_t single, uint64_t counted, uint64_t records)
{
    BL_AUTO(bulla_buffer) head = { 0 };
    struct bl_audit_report report = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_file_read(test_path(2, "audit.head"), BL_AUDIT_HEAD_SIZE_MAX, &head, &err), &err);
    BL_AUTO_FD fd = open(test_path(2, "audit.log"), O_RDONLY | O_CLOEXEC);
    assert_ok(bl_audit_verify(fd, bulla_buffer_bytes(&head), f->vault.keys.root, &report, &err),
              &err);
    assert_int_equal(report.refused_count, single);
    assert_int_equal(report.counted_count, counted);
    assert_int_equal(report.counted_record_count, records);
}

static size_t
log_size(void)
{
    struct stat status;

    return stat(test_path(2, "audit.log"), &status) == 0 ? (size_t)status.st_size : 0;
}

static void
test_the_first_ones_are_recorded_the_rest_is_counted(void **state)
{
    struct vault_fixture *f = *state;

    refuse(f, false, BULLA_CAUSE_MALFORMED, BL_REFUSALS_SINGLE_PER_CAUSE_MAX, 0);
    assert_refusals(f, BL_REFUSALS_SINGLE_PER_CAUSE_MAX, 0, 0);
    assert_last_record("\"event\":\"refused\",", "\"cause\":301,\"peer\":\"" PEER
                                                 "\",\"what\":\"not that\",\"where\":\"here\",");
    refuse(f, false, BULLA_CAUSE_MALFORMED, 4, 10);
    refuse(f, false, BULLA_CAUSE_SIGNATURE, 2, 20); /* another cause still has room */
    refuse(f, false, BULLA_CAUSE_MALFORMED, 3, 30);
    assert_refusals(f, BL_REFUSALS_SINGLE_PER_CAUSE_MAX + 2, 0, 0);
    settle(f, /* at_once= */ false, 299.9);
    assert_refusals(f, BL_REFUSALS_SINGLE_PER_CAUSE_MAX + 2, 0, 0);
    settle(f, /* at_once= */ false, 300);
    assert_refusals(f, BL_REFUSALS_SINGLE_PER_CAUSE_MAX + 2, 7, 1);
    assert_last_record("\"time\":1800000300,\"event\":\"refused_many\",\"causes\":\"301:7\","
                       "\"count\":7,\"last_peer\":\"" PEER "\",\"since\":1800000010,",
                       "");
    settle(f, /* at_once= */ true, 400); /* nothing is left */
    assert_refusals(f, BL_REFUSALS_SINGLE_PER_CAUSE_MAX + 2, 7, 1);
}

static void
test_all_causes_together_have_a_limit(void **state)
{
    struct vault_fixture *f = *state;
    static const enum bulla_cause all[] = {
#define CAUSE(symbol, number, status) BULLA_CAUSE_##symbol,
        BULLA_CAUSES(CAUSE)
#undef CAUSE
    };
    const size_t count = BL_COUNT_OF(all);

    for (size_t i = 0; i < count; i++)
        refuse(f, false, all[i], 2, 1);
    settle(f, /* at_once= */ true, 2);
    assert_refusals(f, BL_REFUSALS_SINGLE_MAX, 2 * (count - 1) - BL_REFUSALS_SINGLE_MAX, 1);
    assert_last_record("\"event\":\"refused_many\"", " 1401:2\"");
    refuse(f, false, 9999, 1, 3); /* a number of no cause */
    settle(f, /* at_once= */ true, 4);
    assert_last_record("\"event\":\"refused_many\"", "\"causes\":\"0:1\"");
}

static void
test_each_interval_begins_anew(void **state)
{
    struct vault_fixture *f = *state;

    refuse(f, false, BULLA_CAUSE_MALFORMED, 12, 0);
    refuse(f, false, BULLA_CAUSE_MALFORMED, 12, 301); /* the next one ends the first */
    assert_refusals(f, 20, 2, 1);
    refuse(f, false, BULLA_CAUSE_MALFORMED, 1, 600.9); /* 299.9 after the beginning of the second */
    assert_refusals(f, 20, 2, 1);
    settle(f, /* at_once= */ false, 601);
    assert_refusals(f, 20, 5, 2);
}

static void
test_an_hour_of_flood_stays_below_the_bound(void **state)
{
    struct vault_fixture *f = *state;
    static const enum bulla_cause causes[] = { BULLA_CAUSE_MALFORMED, BULLA_CAUSE_SIGNATURE,
                                               BULLA_CAUSE_MALFORMED, BULLA_CAUSE_MISMATCH };
    struct bulla_error why = malformed;
    char words[300];
    char peer[200];
    const size_t before = log_size();

    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    memset(peer, 'p', sizeof peer - 1); /* longer than any that the gate gives */
    peer[sizeof peer - 1] = '\0';
    why.where = words;
    why.what = words;
    for (int second = 0; second < 3600; second++) {
        for (int i = 0; i < 8; i++) {
            why.cause = causes[i % 4];
            bl_refusals_add(f->vault.refusals, false, peer, &why, at(second));
        }
        settle(f, /* at_once= */ false, second);
    }
    settle(f, /* at_once= */ false, 3600);
    const size_t grown = log_size() - before;
    assert_true(grown <= BL_REFUSALS_HOUR_SIZE_MAX);
    assert_true(grown > 12 * BL_REFUSALS_SINGLE_MAX * 300); /* it was a flood */
    assert_refusals(f, 12 * BL_REFUSALS_SINGLE_MAX, 3600 * 8 - 12 * BL_REFUSALS_SINGLE_MAX, 12);
}

static void
test_a_record_is_no_longer_than_the_bound_says(void **state)
{
    struct vault_fixture *f = *state;
    struct bulla_error why = malformed;
    char words[300];
    char peer[200];

    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    memset(peer, 'p', sizeof peer - 1);
    peer[sizeof peer - 1] = '\0';
    why.where = words;
    why.what = words;
    why.cause = BULLA_CAUSE_TIMEOUT;
    const size_t before = log_size();
    bl_refusals_add(f->vault.refusals, false, peer, &why,
                    (struct bl_refusals_moment){ INT64_MAX, INT64_MAX });
    assert_true(log_size() - before > 300);
    /* the sequence number is short here and may grow to 20 digits */
    assert_true(log_size() - before + 20 <= BL_REFUSAL_SIZE_MAX);
}

static void
test_a_peer_that_proved_itself_is_never_counted(void **state)
{
    struct vault_fixture *f = *state;

    refuse(f, false, BULLA_CAUSE_DENIED, 50, 0);
    refuse(f, true, BULLA_CAUSE_DENIED, 50, 1);
    assert_refusals(f, BL_REFUSALS_SINGLE_PER_CAUSE_MAX + 50, 0, 0);
    refuse(f, false, BULLA_CAUSE_SIGNATURE, 3, 2); /* nor does it use up what strangers have */
    assert_refusals(f, BL_REFUSALS_SINGLE_PER_CAUSE_MAX + 53, 0, 0);
    settle(f, /* at_once= */ true, 3);
    assert_refusals(f, BL_REFUSALS_SINGLE_PER_CAUSE_MAX + 53, 40, 1);
}

static void
test_who_went_away_is_no_event(void **state)
{
    struct vault_fixture *f = *state;

    refuse(f, true, BULLA_CAUSE_DENIED, 1, 0);
    refuse(f, false, BULLA_CAUSE_CONNECTION_CLOSED, 40, 0);
    refuse(f, true, BULLA_CAUSE_CONNECTION_CLOSED, 40, 0);
    settle(f, /* at_once= */ true, 1);
    assert_refusals(f, 1, 0, 0);
}

/* On a full disk nothing is forgotten: what cannot be recorded is counted until it can be. */
static void
test_counts_wait_for_the_disk(void **state)
{
    struct vault_fixture *f = *state;

    bl_fault_arm(BL_FAULT_FILE, 1, true);
    refuse(f, false, BULLA_CAUSE_MALFORMED, 3, 0);
    refuse(f, true, BULLA_CAUSE_DENIED, 2, 0);
    assert_int_not_equal(bl_refusals_settle(f->vault.refusals, true, at(1), NULL), BULLA_OK);
    refuse(f, false, BULLA_CAUSE_MALFORMED, 1, 301);
    assert_int_not_equal(bl_refusals_settle(f->vault.refusals, false, at(700), NULL), BULLA_OK);
    assert_true(bl_fault_disarm());
    settle(f, /* at_once= */ false, 701);
    assert_refusals(f, 0, 6, 1);
    assert_last_record("\"causes\":\"301:4 701:2\",\"count\":6,", "\"since\":1800000000,");
}

/* -- whole sessions ------------------------------------------------------------------------------ */

static void
test_strangers_at_the_door_are_counted(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) evidence = { 0 };

    for (int i = 0; i < BL_REFUSALS_SINGLE_PER_CAUSE_MAX + 5; i++) {
        gate_open(&s->gate, &s->f->vault);
        gate_introduce(&s->gate);
        gate_say(&s->gate, BL_LITERAL("x"));
        assert_refused(&s->gate);
        gate_done(&s->gate);
    }
    settle(s->f, /* at_once= */ true, 0);
    assert_refusals(s->f, BL_REFUSALS_SINGLE_PER_CAUSE_MAX, 5, 1);
    for (int i = 0; i < BL_REFUSALS_SINGLE_PER_CAUSE_MAX + 2;
         i++) { /* with somebody else's evidence */
        greet(s);
        attester_hellos(&s->a, &s->gate);
        s->a.connection[0] ^= 1;
        attester_evidence(&s->a, &evidence);
        attester_prove(&s->a, &s->gate, bulla_buffer_bytes(&evidence));
        assert_refused(&s->gate);
        gate_done(&s->gate);
    }
    settle(s->f, /* at_once= */ true, 0);
    assert_refusals(s->f, 2 * BL_REFUSALS_SINGLE_PER_CAUSE_MAX, 7, 2);
}

static void
test_an_attested_machine_is_recorded_each_time(void **state)
{
    struct scene *s = *state;

    for (int i = 0; i < BL_REFUSALS_SINGLE_MAX + 1; i++) {
        attest(s);
        attester_ask(&s->gate, "orders/none", 0);
        ends_refused(s, BULLA_CAUSE_NOT_FOUND);
    }
    settle(s->f, /* at_once= */ true, 0);
    assert_refusals(s->f, BL_REFUSALS_SINGLE_MAX + 1, 0, 0);
}

/* An enrolled machine that is revoked has nothing to show any more. */
static void
test_a_revoked_machine_is_a_stranger(void **state)
{
    struct scene *s = *state;
    BL_AUTO(bulla_buffer) evidence = { 0 };

    fixture_row(s->f, "UPDATE platforms SET state = 'revoked'", NULL, 0);
    for (int i = 0; i < BL_REFUSALS_SINGLE_PER_CAUSE_MAX + 1; i++) {
        greet(s);
        attester_hellos(&s->a, &s->gate);
        attester_evidence(&s->a, &evidence);
        attester_prove(&s->a, &s->gate, bulla_buffer_bytes(&evidence));
        assert_refused(&s->gate);
        gate_done(&s->gate);
    }
    settle(s->f, /* at_once= */ true, 0);
    assert_refusals(s->f, BL_REFUSALS_SINGLE_PER_CAUSE_MAX, 1, 1);
    assert_last_record("\"event\":\"refused_many\"", "\"causes\":\"906:1\"");
}

static void
test_a_key_of_no_admin_is_named_and_counted(void **state)
{
    struct scene *s = *state;
    BL_AUTO_FREE(bl_key) foreign = NULL;
    struct bulla_error err = { 0 };

    assert_ok(bl_key_generate(BL_KEY_ED25519, &foreign, &err), &err);
    for (int i = 0; i < BL_REFUSALS_SINGLE_PER_CAUSE_MAX + 3; i++) {
        struct bl_admin_challenge challenge = { 0 };
        struct bl_admin_request request = { .verb = BL_LITERAL("list") };
        gate_open(&s->gate, &s->f->vault);
        admin_challenge(&s->gate, &challenge);
        memcpy(request.broker_id, challenge.broker_id, sizeof request.broker_id);
        memcpy(request.nonce, challenge.nonce, sizeof request.nonce);
        admin_send(&s->gate, &request, foreign);
        assert_refused(&s->gate);
        gate_done(&s->gate);
        if (i == 0)
            assert_last_record("\"event\":\"refused\",\"cause\":810,",
                               "\"what\":\"not a registered admin key\"");
    }
    settle(s->f, /* at_once= */ true, 0);
    assert_refusals(s->f, BL_REFUSALS_SINGLE_PER_CAUSE_MAX, 3, 1);
    assert_last_record("\"event\":\"refused_many\"", "\"causes\":\"810:3\"");
}

static void
test_an_admin_is_recorded_each_time(void **state)
{
    struct scene *s = *state;

    for (int i = 0; i < BL_REFUSALS_SINGLE_MAX + 1; i++)
        assert_int_equal(admin_run(s->f, s->f->admin, "no-such-verb", NULL, 0, NULL),
                         BULLA_CAUSE_UNSUPPORTED);
    settle(s->f, /* at_once= */ true, 0);
    assert_refusals(s->f, BL_REFUSALS_SINGLE_MAX + 1, 0, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_vault(test_the_first_ones_are_recorded_the_rest_is_counted),
        with_vault(test_all_causes_together_have_a_limit),
        with_vault(test_each_interval_begins_anew),
        with_vault(test_an_hour_of_flood_stays_below_the_bound),
        with_vault(test_a_record_is_no_longer_than_the_bound_says),
        with_vault(test_a_peer_that_proved_itself_is_never_counted),
        with_vault(test_who_went_away_is_no_event),
        with_vault(test_counts_wait_for_the_disk),
        with_scene(test_strangers_at_the_door_are_counted),
        with_scene(test_an_attested_machine_is_recorded_each_time),
        with_scene(test_a_revoked_machine_is_a_stranger),
        with_scene(test_a_key_of_no_admin_is_named_and_counted),
        with_scene(test_an_admin_is_recorded_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is started again, and after how long. The loop around it is tried in test_enclave.py. */
#include "cmd/enclave_restart.h"

#include "unit.h"

static const struct bl_monitor_end well = { .was_ready = true };

/** Under never, on-failure and always, as a word of 'y' and 'n'. */
static void
expect(const struct bl_monitor_end *end, enum bulla_status status, const char *answers)
{
    const struct bl_enclave_outcome outcome = { status, end };

    for (int policy = BL_RESTART_NEVER; policy <= BL_RESTART_ALWAYS; policy++)
        assert_int_equal(bl_enclave_runs_again((enum bl_manifest_restart)policy, &outcome),
                         answers[policy] == 'y');
}

static void
expect_end(struct bl_monitor_end end, const char *answers)
{
    expect(&end, BULLA_OK, answers);
    end.stopped = true; /* whatever it then did */
    expect(&end, BULLA_OK, "nnn");
}

static void
test_how_it_ended(void **state)
{
    (void)state;
    expect_end(well, "nny");
    expect_end((struct bl_monitor_end){ .was_ready = true, .code = 1 }, "nyy");
    expect_end((struct bl_monitor_end){ .was_ready = true, .killed = true, .code = 9 }, "nyy");
    expect_end((struct bl_monitor_end){ .was_ready = true, .unhealthy = true }, "nyy");
    expect_end((struct bl_monitor_end){ 0 }, "nyy"); /* its agent left without a word */
}

static const enum bulla_cause every_cause[] = {
#define CAUSE(symbol, number, status) BULLA_CAUSE_##symbol,
    BULLA_CAUSES(CAUSE)
#undef CAUSE
};

static bool
may_pass(enum bulla_cause cause)
{
    static const enum bulla_cause causes[] = {
        BULLA_CAUSE_MEMORY,  BULLA_CAUSE_UNREACHABLE, BULLA_CAUSE_CONNECTION_CLOSED,
        BULLA_CAUSE_TIMEOUT, BULLA_CAUSE_SOURCE_BUSY, BULLA_CAUSE_SOURCE_ANSWER
    };

    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (causes[i] == cause)
            return true;
    return false;
}

/* A refusal is not asked for again: the agent's, and that of this host. */
static void
test_why_it_did_not_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof every_cause / sizeof every_cause[0]; i++) {
        const char *answers = may_pass(every_cause[i]) ? "nyy" : "nnn";
        expect_end((struct bl_monitor_end){ .cause = every_cause[i] }, answers);
        expect(&well, bulla_cause_status(every_cause[i]), answers);
    }
}

static void
test_pauses(void **state)
{
    static const unsigned expected[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
    unsigned pause_s = 0;

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        bl_enclave_next_pause(&pause_s, 59999);
        assert_int_equal(pause_s, expected[i]);
    }
    bl_enclave_next_pause(&pause_s, 60000);
    assert_int_equal(pause_s, 1);
    bl_enclave_next_pause(&pause_s, 0);
    assert_int_equal(pause_s, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_it_ended),
        cmocka_unit_test(test_why_it_did_not_start),
        cmocka_unit_test(test_pauses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

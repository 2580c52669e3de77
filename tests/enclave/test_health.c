/* SPDX-License-Identifier: Apache-2.0 */
/* Health checks with the test as agent: what counts as an answer, and when patience ends. */
#include "enclave/health.h"

#include <sys/socket.h>
#include <unistd.h>

#include "enclave/agent_link.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"
#include "unit.h"

#define WAIT_MS 5000
#define INTERVAL_MS 30
#define TIMEOUT_MS 60

struct fixture {
    struct bl_health health;
    int monitor, agent;
};
static struct bl_manifest manifest;

static int
setup(void **state)
{
    static struct fixture f;
    struct bulla_error err = { 0 };
    int pair[2];

    assert_ok(bl_unix_pair(BL_UNIX_PACKETS, pair, &err), &err);
    manifest = (struct bl_manifest){ .health_port = 6379,
                                     .health_interval_ms = INTERVAL_MS,
                                     .health_timeout_ms = TIMEOUT_MS };
    f = (struct fixture){ BL_HEALTH_NOBODY, pair[0], pair[1] };
    bl_health_begin(&f.health, &manifest, f.monitor);
    *state = &f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    bl_health_done(&f->health);
    bl_health_done(&f->health);
    bl_fd_close(&f->monitor);
    bl_fd_close(&f->agent);
    return 0;
}

static void
wait_until(int64_t at)
{
    while (bl_clock_monotonic_ms() < at)
        bl_clock_sleep_ms(1);
}

/** Until the next check has been asked: the agent's end of the answer. */
static int
hear(struct fixture *f)
{
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    struct bl_relay_packet packet = { 0 };
    struct bulla_error err = { 0 };
    size_t size = 0;
    int fd = -1;

    assert_int_equal(f->health.answer_fd, -1);
    assert_true(bl_health_step(&f->health)); /* it is not due yet */
    assert_int_equal(f->health.answer_fd, -1);
    wait_until(f->health.at);
    assert_true(bl_health_step(&f->health));
    assert_true(f->health.answer_fd >= 0);
    assert_ok(bl_packet_receive(f->agent, bytes, sizeof bytes, &size, &fd, 1,
                                bl_clock_deadline(WAIT_MS), &err),
              &err);
    assert_ok(bl_relay_packet_decode((struct bulla_bytes){ bytes, size }, &packet, &err), &err);
    assert_int_equal(packet.kind, BL_RELAY_HEALTH);
    assert_int_equal(packet.port, 6379);
    return fd;
}

/** One check, answered with `answer`; what the step said of it. */
static bool
check(struct fixture *f, const char *answer)
{
    BL_AUTO_FD fd = hear(f);

    assert_true(bl_health_step(&f->health)); /* no answer, no verdict */
    assert_int_equal(send(fd, answer, strlen(answer), 0), (ssize_t)strlen(answer));
    bl_fd_close(&fd);
    return bl_health_step(&f->health);
}

static void
test_who_answers_is_well(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->health.state, BL_HEALTH_NONE);
    for (unsigned i = 0; i < 3 * BL_HEALTH_FAILURE_MAX; i++) {
        assert_true(check(f, "y"));
        assert_int_equal(f->health.state, BL_HEALTH_OK);
    }
}

static void
test_the_third_in_a_row_is_one_too_many(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 4; i++) {
        assert_true(check(f, ""));
        assert_int_equal(f->health.state, BL_HEALTH_FAILING);
        assert_true(check(f, "n"));
        assert_true(check(f, "y")); /* it begins anew */
        assert_int_equal(f->health.state, BL_HEALTH_OK);
    }
    assert_true(check(f, ""));
    assert_true(check(f, ""));
    assert_false(check(f, ""));
    assert_int_equal(f->health.state, BL_HEALTH_FAILING);
}

/* It holds the question and says nothing; and what it says later is for nobody. */
static void
test_silence_is_no_answer(void **state)
{
    struct fixture *f = *state;
    int late[BL_HEALTH_FAILURE_MAX];

    for (unsigned i = 0; i < BL_HEALTH_FAILURE_MAX; i++) {
        late[i] = hear(f);
        wait_until(f->health.at);
        assert_int_equal(bl_health_step(&f->health), i + 1 < BL_HEALTH_FAILURE_MAX);
        assert_int_equal(f->health.state, BL_HEALTH_FAILING);
        assert_true(send(late[i], "y", 1, MSG_NOSIGNAL) < 0);
    }
    for (unsigned i = 0; i < BL_HEALTH_FAILURE_MAX; i++)
        close(late[i]);
}

static void
test_an_agent_that_takes_nothing(void **state)
{
    struct fixture *f = *state;
    unsigned failures = 0;
    struct bulla_error err = { 0 };

    while (bl_packet_send(f->monitor, BL_LITERAL("x"), NULL, 0, bl_clock_deadline(0), &err) ==
           BULLA_OK) {
    }
    for (bool lives = true; lives; failures++) {
        wait_until(f->health.at);
        lives = bl_health_step(&f->health);
    }
    assert_int_equal(failures, BL_HEALTH_FAILURE_MAX);
}

static void
test_nobody_asked_for_it(void **state)
{
    struct bl_health health = BL_HEALTH_NOBODY;

    (void)state;
    manifest.health_port = 0;
    bl_health_begin(&health, &manifest, 7);
    assert_int_equal(health.at, INT64_MAX);
    assert_true(bl_health_step(&health));
    assert_int_equal(health.state, BL_HEALTH_NONE);
    bl_health_done(&health);
}

#define with_agent(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_agent(test_who_answers_is_well),  with_agent(test_the_third_in_a_row_is_one_too_many),
        with_agent(test_silence_is_no_answer), with_agent(test_an_agent_that_takes_nothing),
        with_agent(test_nobody_asked_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

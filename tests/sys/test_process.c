/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/secret.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

#define FAULTS_MAX 200
#define SOON bl_clock_deadline(10000)

static int
run_to_end(const struct bl_process_plan *plan)
{
    BL_AUTO(bl_process) process = BL_PROCESS_NONE;
    struct bl_process_end end = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_process_start(plan, &process, &err), &err);
    assert_ok(bl_process_wait(&process, SOON, &end, &err), &err);
    assert_int_equal(process.pidfd, -1);
    return end.killed ? -end.code : end.code;
}

/* The output of a shell script in a child with standard output connected to us. */
static void
assert_output(struct bl_process_plan plan, const char *script, const char *expected)
{
    int ends[2];
    char got[4096] = { 0 };
    size_t size = 0;
    const char *const arguments[] = { "sh", "-c", script, NULL };
    struct bulla_error err = { 0 };

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct bl_fd_map fds[3] = { { ends[1], STDOUT_FILENO } };
    for (size_t i = 0; i < plan.fd_count; i++)
        fds[1 + i] = plan.fds[i];
    plan.fds = fds;
    plan.fd_count++;
    if (plan.program_fd == 0)
        plan.path = "/bin/sh";
    plan.arguments = arguments;
    assert_int_equal(run_to_end(&plan), 0);
    close(ends[1]);
    assert_ok(bl_fd_read(ends[0], got, sizeof got - 1, &size, &err), &err);
    close(ends[0]);
    assert_string_equal(got, expected);
}

static void
test_program_gets_what_it_is_given_and_nothing_else(void **state)
{
    (void)state;
    static const char *const environment[] = { "ONE=1", "TWO=2", NULL };
    struct bl_process_plan plan = { .environment = environment };

    assert_int_equal(setenv("LEAKED", "yes", 1), 0);
    assert_output((struct bl_process_plan){ 0 }, "echo \"$LEAKED$HOME\"", "\n");
    assert_output(plan, "echo \"$ONE$TWO$LEAKED\"", "12\n");
    assert_output((struct bl_process_plan){ 0 }, "pwd", "/\n");
    assert_output((struct bl_process_plan){ .directory = "/usr" }, "pwd", "/usr\n");
    assert_int_equal(unsetenv("LEAKED"), 0);
}

static void
test_descriptors_are_exactly_the_map(void **state)
{
    (void)state;
    const char *list = "cd /proc/self/fd; for i in 0 1 2 3 4 5 6 7 8 9 10 11 12; do "
                       "[ -e /proc/$$/fd/$i ] && echo $i; done; true";
    int held[12];

    for (size_t i = 0; i < 12; i++) /* not close-on-exec: as careless libraries do */
        held[i] = open("/dev/zero", O_RDONLY);
    assert_output((struct bl_process_plan){ 0 }, list, "0\n1\n2\n");
    struct bl_fd_map two[] = { { held[3], 9 }, { held[4], 5 } };
    assert_output((struct bl_process_plan){ .fds = two, .fd_count = 2 }, list, "0\n1\n2\n5\n9\n");
    assert_output((struct bl_process_plan){ 0 }, "readlink /proc/$$/fd/0 /proc/$$/fd/2",
                  "/dev/null\n/dev/null\n");
    for (size_t i = 0; i < 12; i++)
        close(held[i]);
}

static int
swapped(void *context)
{
    char one = 0, two = 0;

    (void)context;
    return read(10, &one, 1) == 1 && read(11, &two, 1) == 1 && one == 'b' && two == 'a' ? 0 : 1;
}

static void
test_descriptors_may_change_places(void **state)
{
    (void)state;
    int first[2], second[2];

    assert_int_equal(pipe2(first, O_CLOEXEC), 0);
    assert_int_equal(pipe2(second, O_CLOEXEC), 0);
    assert_int_equal(write(first[1], "a", 1), 1);
    assert_int_equal(write(second[1], "b", 1), 1);
    assert_int_equal(dup3(first[0], 10, O_CLOEXEC), 10);
    assert_int_equal(dup3(second[0], 11, O_CLOEXEC), 11);
    struct bl_fd_map fds[] = { { 10, 11 }, { 11, 10 } };
    struct bl_process_plan plan = { .function = swapped, .fds = fds, .fd_count = 2 };
    assert_int_equal(run_to_end(&plan), 0);
    const int all[] = { first[0], first[1], second[0], second[1], 10, 11 };
    for (size_t i = 0; i < 6; i++)
        close(all[i]);
}

static int
exit_with(void *context)
{
    return *(int *)context;
}

static int
kill_self(void *context)
{
    raise(*(int *)context);
    return 0;
}

static int
sleep_long(void *context)
{
    (void)context;
    /* Longer than SOON, so that nobody waits for it in vain; what fails to end it soon loses little. */
    bl_clock_sleep_ms(12000);
    return 0;
}

static void
test_the_end_is_told_as_it_was(void **state)
{
    (void)state;
    int code = 42, signal_number = SIGTERM;

    assert_int_equal(
        run_to_end(&(struct bl_process_plan){ .function = exit_with, .context = &code }), 42);
    signal(SIGTERM, SIG_IGN); /* a child starts with signals as they are by default */
    assert_int_equal(
        run_to_end(&(struct bl_process_plan){ .function = kill_self, .context = &signal_number }),
        -SIGTERM);
    signal(SIGTERM, SIG_DFL);
}

static void
test_waiting_ends_at_the_deadline_and_killing_works(void **state)
{
    (void)state;
    struct bl_process_plan plan = { .function = sleep_long };
    BL_AUTO(bl_process) process = BL_PROCESS_NONE;
    struct bl_process_end end = { 0 };
    struct bulla_error err = { 0 };

    assert_fails(bl_process_wait(&process, SOON, &end, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_process_signal(&process, SIGTERM, &err), BULLA_E_ARGUMENT, &err);
    bulla_error_clear(&err);
    assert_ok(bl_process_start(&plan, &process, &err), &err);
    assert_fails(bl_process_wait(&process, bl_clock_deadline(20), &end, &err), BULLA_E_TIMEOUT,
                 &err);
    bulla_error_clear(&err);
    assert_ok(bl_process_signal(&process, SIGKILL, &err), &err);
    bl_clock_sleep_ms(50);
    assert_ok(bl_process_wait(&process, SOON, &end, &err), &err);
    assert_true(end.killed);
    assert_int_equal(end.code, SIGKILL);
    assert_ok(bl_process_start(&plan, &process, &err), &err);
    pid_t pid = process.pid;
    bl_process_done(&process);
    assert_int_equal(kill(pid, 0), -1);
    bl_process_done(&process);
}

static void
test_an_ended_child_cannot_be_signalled(void **state)
{
    (void)state;
    int code = 0;
    struct bl_process_plan plan = { .function = exit_with, .context = &code };
    struct bl_process process = BL_PROCESS_NONE;
    struct bulla_error err = { 0 };

    assert_ok(bl_process_start(&plan, &process, &err), &err);
    int pidfd = fcntl(process.pidfd, F_DUPFD_CLOEXEC, 3);
    bl_process_done(&process);
    struct bl_process gone = { .pidfd = pidfd };
    assert_fails(bl_process_signal(&gone, SIGTERM, &err), BULLA_E_NOT_FOUND, &err);
    close(pidfd);
}

static void
test_a_program_from_a_descriptor(void **state)
{
    (void)state;
    int program = open("/bin/sh", O_RDONLY | O_CLOEXEC);

    assert_true(program > 0);
    assert_output((struct bl_process_plan){ .program_fd = program }, "echo run", "run\n");
    close(program);
}

static enum bulla_status
refuse(void *context, struct bulla_error *err)
{
    (void)context;
    return bulla_fail_cause(err, BULLA_CAUSE_DENIED, "test", "refused in the child");
}

static void
test_what_fails_in_the_child_is_told_here(void **state)
{
    (void)state;
    static const char *const arguments[] = { "x", NULL };
    struct bl_process_plan plan = { .path = "/nonexistent/program", .arguments = arguments };
    struct bl_process process = BL_PROCESS_NONE;
    struct bulla_error err = { 0 };

    assert_fails(bl_process_start(&plan, &process, &err), BULLA_E_NOT_FOUND, &err);
    plan.path = "/etc/passwd";
    assert_fails(bl_process_start(&plan, &process, &err), BULLA_E_IO, &err);
    plan.path = "/bin/true";
    plan.confine = refuse;
    assert_cause(bl_process_start(&plan, &process, &err), BULLA_CAUSE_DENIED, &err);
    assert_string_equal(err.what, "refused in the child");
    plan.confine = NULL;
    plan.directory = "/nonexistent";
    assert_fails(bl_process_start(&plan, &process, &err), BULLA_E_NOT_FOUND, &err);
    assert_int_equal(process.pidfd, -1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left behind */
}

static void
test_plans_that_make_no_sense(void **state)
{
    (void)state;
    static const char *const arguments[] = { "true", NULL };
    const struct bl_fd_map twice[] = { { 0, 5 }, { 1, 5 } }, large[] = { { 0, 256 } },
                           negative[] = { { -1, 5 } };
    const struct bl_process_plan plans[] = {
        { 0 },
        { .path = "/bin/true" },
        { .path = "bin/true", .arguments = arguments },
        { .path = "/bin/true", .arguments = arguments, .function = sleep_long },
        { .path = "/bin/true", .arguments = arguments, .fds = twice, .fd_count = 2 },
        { .path = "/bin/true", .arguments = arguments, .fds = large, .fd_count = 1 },
        { .path = "/bin/true", .arguments = arguments, .fds = negative, .fd_count = 1 },
    };

    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct bl_process process = BL_PROCESS_NONE;
        struct bulla_error err = { 0 };
        assert_fails(bl_process_start(&plans[i], &process, &err), BULLA_E_ARGUMENT, &err);
    }
}

static int
secret_is_wiped(void *context)
{
    const struct bl_secret *secret = context;

    return bl_all_zero(bl_secret_bytes(secret)) ? 0 : 1;
}

static void
test_secrets_stay_behind(void **state)
{
    (void)state;
    BL_AUTO(bl_secret) secret = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_secret_copy(&secret, BL_LITERAL("not for children"), &err), &err);
    assert_int_equal(
        run_to_end(&(struct bl_process_plan){ .function = secret_is_wiped, .context = &secret }),
        0);
    assert_bytes_equal(bl_secret_bytes(&secret), BL_LITERAL("not for children"));
}

static void
test_becomes_another_user(void **state)
{
    (void)state;
    struct bl_process_plan plan = { .drop_user = true, .uid = 65534, .gid = 65533 };

    if (geteuid() != 0) {
        struct bl_process process = BL_PROCESS_NONE;
        struct bulla_error err = { 0 };
        plan.function = sleep_long;
        assert_fails(bl_process_start(&plan, &process, &err), BULLA_E_IO, &err);
        print_message("# skip: only root can become another user\n");
        skip();
    }
    const gid_t extra[] = { 12345 };
    assert_int_equal(setgroups(1, extra), 0);
    assert_output(plan, "id -u; id -g; id -G; grep CapEff /proc/self/status",
                  "65534\n65533\n65533\nCapEff:\t0000000000000000\n");
    assert_int_equal(setgroups(0, NULL), 0);
}

static int
start_and_leave(void *context)
{
    struct bl_process_plan plan = { .function = sleep_long, .dies_with_parent = true };
    struct bl_process process = BL_PROCESS_NONE;

    if (bl_process_start(&plan, &process, NULL) != BULLA_OK)
        return 1;
    *(pid_t *)context = process.pid;
    return 0;
}

static void
test_dies_with_its_parent_and_orphans_are_adopted(void **state)
{
    (void)state;
    pid_t *grandchild =
        mmap(NULL, sizeof *grandchild, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct bulla_error err = { 0 };
    int status = 0;

    assert_true(grandchild != MAP_FAILED);
    assert_ok(bl_process_adopt_orphans(&err), &err);
    assert_int_equal(
        run_to_end(&(struct bl_process_plan){ .function = start_and_leave, .context = grandchild }),
        0);
    assert_int_equal(waitpid(*grandchild, &status, 0), *grandchild);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    munmap(grandchild, sizeof *grandchild);
}

static void
test_own_session(void **state)
{
    (void)state;
    assert_output((struct bl_process_plan){ .own_session = true },
                  "[ $(cut -d' ' -f6 /proc/$$/stat) = $$ ] && echo leader", "leader\n");
}

/* In the parent and in the child, which has a copy of the armed counter. */
static void
test_every_failing_call_is_told_and_leaves_no_child(void **state)
{
    (void)state;
    int code = 0;
    struct bl_process_plan plan = { .function = exit_with,
                                    .context = &code,
                                    .dies_with_parent = true,
                                    .own_session = true,
                                    .fds = &(struct bl_fd_map){ 1, 1 },
                                    .fd_count = 1 };
    unsigned failures = 0, successes = 0;

    for (uint64_t nth = 1; successes < 8; nth++) {
        struct bl_process process = BL_PROCESS_NONE;
        struct bl_process_end end = { 0 };
        struct bulla_error err = { 0 };
        bl_fault_arm(BL_FAULT_PROCESS, nth, false);
        enum bulla_status status = bl_process_start(&plan, &process, &err);
        if (status == BULLA_OK)
            status = bl_process_wait(&process, SOON, &end, &err);
        (void)bl_fault_disarm();
        assert_int_equal(err.status, status);
        bl_process_done(&process);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        if (status == BULLA_OK)
            successes++;
        else
            failures++;
        assert_true(nth < FAULTS_MAX);
    }
    assert_true(failures >= 15);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program_gets_what_it_is_given_and_nothing_else),
        cmocka_unit_test(test_descriptors_are_exactly_the_map),
        cmocka_unit_test(test_descriptors_may_change_places),
        cmocka_unit_test(test_the_end_is_told_as_it_was),
        cmocka_unit_test(test_waiting_ends_at_the_deadline_and_killing_works),
        cmocka_unit_test(test_an_ended_child_cannot_be_signalled),
        cmocka_unit_test(test_a_program_from_a_descriptor),
        cmocka_unit_test(test_what_fails_in_the_child_is_told_here),
        cmocka_unit_test(test_plans_that_make_no_sense),
        cmocka_unit_test(test_secrets_stay_behind),
        cmocka_unit_test(test_becomes_another_user),
        cmocka_unit_test(test_dies_with_its_parent_and_orphans_are_adopted),
        cmocka_unit_test(test_own_session),
        cmocka_unit_test(test_every_failing_call_is_told_and_leaves_no_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

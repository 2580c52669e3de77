/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/fault.h"
#include "sys/child.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "sys/sandbox.h"
#include "sys/socket.h"

#define FAULTS_MAX 200

static bool
status_line(const char *line)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    uint8_t end = 0;

    return bl_file_read("/proc/self/status", 65536, &text, NULL) == BULLA_OK &&
           bulla_buffer_append(&text, (struct bulla_bytes){ &end, 1 }, NULL) == BULLA_OK &&
           strstr((const char *)text.data, line) != NULL;
}

static int
hide_memory(void *context)
{
    struct rlimit core;

    (void)context;
    CHILD_CHECK(bl_sandbox_hide_memory(NULL) == BULLA_OK);
    CHILD_CHECK(prctl(PR_GET_DUMPABLE) == 0);
    CHILD_CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
    return 0;
}

static void
test_memory_is_hidden(void **state)
{
    (void)state;
    assert_int_equal(run_child(hide_memory, NULL), 0);
}

static int
forbid_new_code(void *context)
{
    bool enforced = false;

    (void)context;
    CHILD_CHECK(bl_sandbox_forbid_new_code(&enforced, NULL) == BULLA_OK);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHILD_CHECK(page != MAP_FAILED);
    CHILD_CHECK((mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0) == enforced);
    return 0;
}

static void
test_new_code_is_forbidden(void **state)
{
    (void)state;
    assert_int_equal(run_child(forbid_new_code, NULL), 0);
}

static int
limit_files(void *context)
{
    struct rlimit limit;

    (void)context;
    CHILD_CHECK(bl_sandbox_limit(RLIMIT_NOFILE, 20, NULL) == BULLA_OK);
    CHILD_CHECK(bl_sandbox_limit(RLIMIT_NOFILE, 30, NULL) == BULLA_OK);
    CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHILD_CHECK(limit.rlim_cur == 20 && limit.rlim_max == 20);
    CHILD_CHECK(fcntl(0, F_DUPFD, 20) < 0);
    return 0;
}

static void
test_limits_only_fall(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    assert_int_equal(run_child(limit_files, NULL), 0);
    assert_fails(bl_sandbox_limit(9999, 1, &err), BULLA_E_IO, &err);
}

static int
drop_all(void *context)
{
    (void)context;
    CHILD_CHECK(bl_sandbox_drop_capabilities(0, NULL) == BULLA_OK);
    CHILD_CHECK(status_line("CapEff:\t0000000000000000"));
    CHILD_CHECK(status_line("CapPrm:\t0000000000000000"));
    CHILD_CHECK(status_line("CapAmb:\t0000000000000000"));
    CHILD_CHECK(status_line("NoNewPrivs:\t1"));
    CHILD_CHECK(geteuid() != 0 || status_line("CapBnd:\t0000000000000000"));
    return 0;
}

static int
drop_but_chown(void *context)
{
    (void)context;
    CHILD_CHECK(bl_sandbox_drop_capabilities(1, NULL) == BULLA_OK);
    CHILD_CHECK(geteuid() != 0 || status_line("CapEff:\t0000000000000001"));
    CHILD_CHECK(geteuid() != 0 || status_line("CapBnd:\t0000000000000001"));
    CHILD_CHECK(bl_sandbox_drop_capabilities(3, NULL) == BULLA_OK);
    CHILD_CHECK(geteuid() != 0 || status_line("CapEff:\t0000000000000001"));
    return 0;
}

static void
test_capabilities_are_dropped(void **state)
{
    (void)state;
    assert_int_equal(run_child(drop_all, NULL), 0);
    assert_int_equal(run_child(drop_but_chown, NULL), 0);
}

static bool
have_landlock(int abi)
{
    if (bl_sandbox_landlock_abi() >= abi)
        return true;
    print_message("# skip: this kernel has no landlock of ABI %d\n", abi);
    return false;
}

static int
landlock_files(void *context)
{
    const struct bl_access_rule rules[] = {
        { test_path(0, "read"), BL_ACCESS_READ },
        { test_path(1, "write"), BL_ACCESS_READ | BL_ACCESS_WRITE },
        { "/dev/null", BL_ACCESS_READ | BL_ACCESS_WRITE },
    };
    struct bl_landlock landlock = { .rules = rules, .rule_count = 3 };
    char other[TEST_PATH_SIZE + 8];

    (void)context;
    CHILD_CHECK(bl_sandbox_landlock(&landlock, NULL) == BULLA_OK);
    snprintf(other, sizeof other, "%s/f", test_path(0, "read"));
    CHILD_CHECK(open(other, O_RDONLY) >= 0);
    CHILD_CHECK(open(other, O_RDWR) < 0 && errno == EACCES);
    CHILD_CHECK(truncate(other, 0) < 0 && errno == EACCES);
    CHILD_CHECK(unlink(other) < 0 && errno == EACCES);
    snprintf(other, sizeof other, "%s/f", test_path(0, "write"));
    CHILD_CHECK(open(other, O_RDWR | O_CREAT, 0600) >= 0);
    CHILD_CHECK(unlink(other) == 0);
    CHILD_CHECK(open(test_path(0, "hidden"), O_RDONLY) < 0 && errno == EACCES);
    CHILD_CHECK(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
    CHILD_CHECK(open("/dev/null", O_RDWR) >= 0);
    CHILD_CHECK(status_line("x") == false); /* /proc is not among the rules */
    return 0;
}

static void
test_landlock_opens_what_is_listed(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const struct bl_access_rule missing = { "/nonexistent", BL_ACCESS_READ };

    if (!have_landlock(3))
        skip();
    assert_int_equal(mkdir(test_path(0, "read"), 0700), 0);
    assert_int_equal(mkdir(test_path(0, "write"), 0700), 0);
    assert_ok(
        bl_file_replace(test_path(0, "read/f"), 0600, BL_LITERAL("x"), BL_FILE_KEEP_EXISTING, &err),
        &err);
    assert_ok(
        bl_file_replace(test_path(0, "hidden"), 0600, BL_LITERAL("x"), BL_FILE_KEEP_EXISTING, &err),
        &err);
    assert_int_equal(run_child(landlock_files, NULL), 0);
    struct bl_landlock wrong = { .rules = &missing, .rule_count = 1 };
    assert_fails(bl_sandbox_landlock(&wrong, &err), BULLA_E_NOT_FOUND, &err);
}

static int
landlock_ports(void *context)
{
    uint16_t *ports = context, allowed[1] = { ports[0] };
    struct bl_landlock landlock = { .connect_ports = allowed, .connect_port_count = 1 };
    struct bulla_error err = { 0 };
    int fd = -1;

    CHILD_CHECK(bl_sandbox_landlock(&landlock, NULL) == BULLA_OK);
    CHILD_CHECK(bl_tcp_connect(NULL, ports[0], bl_clock_deadline(5000), &fd, NULL) == BULLA_OK);
    CHILD_CHECK(bl_tcp_connect(NULL, ports[1], bl_clock_deadline(5000), &fd, &err) != BULLA_OK);
    CHILD_CHECK(err.detail == EACCES);
    CHILD_CHECK(bl_tcp_listen(NULL, 0, &fd, NULL) != BULLA_OK);
    CHILD_CHECK(bl_sandbox_landlock_abi() < 6 || (kill(getppid(), 0) != 0 && errno == EPERM));
    return 0;
}

static int
landlock_any_network(void *context)
{
    uint16_t *ports = context;
    struct bl_landlock landlock = { .any_network = true };
    int fd = -1;

    CHILD_CHECK(bl_sandbox_landlock(&landlock, NULL) == BULLA_OK);
    CHILD_CHECK(bl_tcp_connect(NULL, ports[1], bl_clock_deadline(5000), &fd, NULL) == BULLA_OK);
    return 0;
}

static void
test_landlock_connects_where_it_is_listed(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint16_t ports[2] = { 0 };
    int listeners[2] = { -1, -1 };

    if (!have_landlock(4))
        skip();
    for (size_t i = 0; i < 2; i++) {
        assert_ok(bl_tcp_listen(NULL, 0, &listeners[i], &err), &err);
        assert_ok(bl_tcp_port(listeners[i], &ports[i], &err), &err);
    }
    assert_int_equal(run_child(landlock_ports, ports), 0);
    assert_int_equal(run_child(landlock_any_network, ports), 0);
    bl_fd_close(&listeners[0]);
    bl_fd_close(&listeners[1]);
}

/* What a program needs to end and to say so, also with sanitizers. */
#define ENOUGH_TO_END                                                                             \
    { .name = "exit_group" }, { .name = "exit" }, { .name = "write" }, { .name = "newfstatat" },  \
        { .name = "fstat" }, { .name = "sigaltstack" }, { .name = "mmap" }, { .name = "munmap" }, \
        { .name = "futex" }, { .name = "gettid" }, { .name = "madvise" },                         \
    {                                                                                             \
        .name = "prctl"                                                                           \
    }

struct attempt {
    enum bl_refusal refusal;
    long number;
};

static int
call_under_filter(void *context)
{
    static const struct bl_system_call calls[] = {
        ENOUGH_TO_END,
        { .name = "getppid" },
        { .name = "getppid" }, /* listed twice does no harm */
        { .name = "clone3", .error = ENOSYS },
        { .name = "socket", .checked = true, .argument = 0, .mask = 0xffffffff, .value = AF_UNIX },
        { .name = "socket", .checked = true, .argument = 0, .mask = 0xffffffff, .value = AF_INET },
        { .name = "s390_pci_mmio_read" }, /* another architecture's */
    };
    const struct attempt *attempt = context;

    CHILD_CHECK(bl_sandbox_system_calls(calls, sizeof calls / sizeof calls[0], attempt->refusal,
                                        NULL) == BULLA_OK);
    CHILD_CHECK(syscall(SYS_getppid) > 0);
    CHILD_CHECK(syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS);
    CHILD_CHECK(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) >= 0);
    CHILD_CHECK(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) >= 0);
    long result = attempt->number == SYS_socket ? syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0)
                                                : syscall(attempt->number, 0, 0, 0, 0, 0, 0);
    return result == -1 && errno == EPERM ? 0 : 199;
}

static void
test_system_calls_not_listed_are_refused(void **state)
{
    (void)state;
    const long numbers[] = { SYS_getpid, SYS_socket,         SYS_openat, SYS_execve,
                             SYS_ptrace, SYS_io_uring_setup, 9999 };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct attempt kills = { BL_REFUSE_KILL, numbers[i] };
        struct attempt fails = { BL_REFUSE_ERROR, numbers[i] };
        assert_int_equal(run_child(call_under_filter, &kills), -SIGSYS);
        assert_int_equal(run_child(call_under_filter, &fails), 0);
    }
}

static void
test_unknown_system_call_is_a_mistake(void **state)
{
    (void)state;
    const struct bl_system_call calls[] = { { .name = "raed" } };
    struct bulla_error err = { 0 };

    assert_fails(bl_sandbox_system_calls(calls, 1, BL_REFUSE_KILL, &err), BULLA_E_ARGUMENT, &err);
}

static int
confine_whole(void *context)
{
    const struct bl_access_rule rules[] = { { "/usr", BL_ACCESS_READ } };
    const uint16_t port = 1;
    struct bl_landlock landlock = {
        .rules = rules, .rule_count = 1, .connect_ports = &port, .connect_port_count = 1
    };
    static const struct bl_system_call calls[] = { ENOUGH_TO_END };
    bool enforced;

    bl_fault_arm(BL_FAULT_PROCESS, *(uint64_t *)context, false);
    bool whole = bl_sandbox_hide_memory(NULL) == BULLA_OK &&
                 bl_sandbox_forbid_new_code(&enforced, NULL) == BULLA_OK &&
                 bl_sandbox_landlock(&landlock, NULL) == BULLA_OK &&
                 bl_sandbox_drop_capabilities(0, NULL) == BULLA_OK &&
                 bl_sandbox_system_calls(calls, sizeof calls / sizeof calls[0], BL_REFUSE_KILL,
                                         NULL) == BULLA_OK;
    bool reached = bl_fault_disarm();
    return whole == reached ? 199 : reached ? 1 : 0;
}

static void
test_every_failing_call_is_told(void **state)
{
    (void)state;
    int result = 1;

    if (!have_landlock(4))
        skip();
    for (uint64_t nth = 1; result == 1; nth++) {
        result = run_child(confine_whole, &nth);
        assert_true(nth < FAULTS_MAX);
    }
    assert_int_equal(result, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_hidden),
        cmocka_unit_test(test_new_code_is_forbidden),
        cmocka_unit_test(test_limits_only_fall),
        cmocka_unit_test(test_capabilities_are_dropped),
        test_in_directory(test_landlock_opens_what_is_listed),
        cmocka_unit_test(test_landlock_connects_where_it_is_listed),
        cmocka_unit_test(test_system_calls_not_listed_are_refused),
        cmocka_unit_test(test_unknown_system_call_is_a_mistake),
        cmocka_unit_test(test_every_failing_call_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

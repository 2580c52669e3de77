/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "sys/cgroup.h"
#include "sys/cgroup_find.h"
#include "sys/cgroup_reclaim.h"
#include "sys/child.h"
#include "sys/directory.h"

#define FAULTS_MAX 200
#define SOON bl_clock_deadline(10000)

static const char *
unique_name(const char *prefix)
{
    static char name[BL_CGROUP_NAME_MAX];

    snprintf(name, sizeof name, "bulla-test-%s-%d", prefix, (int)getpid());
    return name;
}

static void
assert_found(const char *mountinfo, const char *cgroups, const char *controller,
             const char *expected)
{
    struct bulla_error err = { 0 };
    char *found = NULL;

    assert_ok(bl_cgroup_find(mountinfo, cgroups, controller, &found, &err), &err);
    if (expected == NULL)
        assert_null(found);
    else
        assert_string_equal(found, expected);
    bl_free(found);
}

static void
test_finds_our_own_group(void **state)
{
    (void)state;
    const char *v2 =
        "25 1 0:23 / /proc rw - proc proc rw\n"
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    const char *v1 = "35 31 0:32 / /cg/memory rw - cgroup cgroup rw,memory\n"
                     "36 31 0:33 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
                     "41 31 0:38 / /cg/unified rw - cgroup2 cgroup2 rw\n";
    const char *container = "35 31 0:32 /box/a /cg/memory ro - cgroup cgroup rw,memory\n"
                            "41 31 0:38 /../.. /cg/unified rw - cgroup2 cgroup2 rw\n";
    const char *mine =
        "4:memory:/a/b\n3:cpu,cpuacct:/\n1:name=systemd:/s\n0::/user.slice/x.scope\n";

    assert_found(v2, mine, NULL, "/sys/fs/cgroup/user.slice/x.scope");
    assert_found(v2, mine, "memory", NULL);
    assert_found(v1, mine, "memory", "/cg/memory/a/b");
    assert_found(v1, mine, "cpu", "/cg/cpu");
    assert_found(v1, mine, "cpuacct", "/cg/cpu");
    assert_found(v1, mine, "pids", NULL);
    assert_found(v1, mine, "mem", NULL);
    assert_found(v1, mine, NULL, "/cg/unified/user.slice/x.scope");
    assert_found(container, "4:memory:/box/a\n", "memory", "/cg/memory");
    assert_found(container, "4:memory:/box/a/c\n", "memory", "/cg/memory/c");
    assert_found(container, "4:memory:/box/abc\n", "memory", NULL);
    assert_found(container, "4:memory:/other\n", "memory", NULL);
    assert_found(v1, "4:memory:/../x\n", "memory", NULL);
    assert_found(v1, "4:memory:relative\n", "memory", NULL);
    assert_found("", mine, "memory", NULL);
    assert_found(v1, "", "memory", NULL);
    assert_found("garbage\n - - -\n\n", "::::\n:\n\n0", "memory", NULL);
    assert_found("garbage\n - - -\n\n", "0::/\n", NULL, NULL);
    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    char *found = NULL;
    struct bulla_error err = { 0 };
    assert_fails(bl_cgroup_find(v1, mine, "memory", &found, &err), BULLA_E_MEMORY, &err);
    assert_true(bl_fault_disarm());
}

static void
test_names_and_limits(void **state)
{
    (void)state;
    const char *const names[] = { "", ".", "..", ".x", "a/b", "A", "a b", "cgroup\n" };
    const struct bl_cgroup_limits none = { 0 }, much = { .cpu_percent = 100001 },
                                  more = { .memory_max = (uint64_t)INT64_MAX + 1 };
    struct bl_cgroup group = { .unified = NULL };
    struct bulla_error err = { 0 };
    char longest[BL_CGROUP_NAME_MAX + 2];

    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_fails(bl_cgroup_new(&group, names[i], &none, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_cgroup_new(&group, longest, &none, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_cgroup_new(&group, "a", &much, &err), BULLA_E_LIMIT, &err);
    assert_fails(bl_cgroup_new(&group, "a", &more, &err), BULLA_E_LIMIT, &err);
}

/* A group with one limit, or a skip where the machine has no cgroup for us. */
static void
make_group(struct bl_cgroup *group, enum bl_limit_kind kind, struct bl_cgroup_limits limits)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_cgroup_new(group, unique_name("limit"), &limits, &err), &err);
    if (group->mechanism[kind] < BL_MECHANISM_CGROUP_V1) {
        bl_cgroup_done(group);
        print_message("# skip: no cgroup for this limit here\n");
        skip();
    }
}

static int
join_and_eat(void *context)
{
    size_t size = (size_t)200 << 20;

    CHILD_CHECK(bl_cgroup_add(context, getpid(), NULL) == BULLA_OK);
    volatile char *memory = malloc(size);
    CHILD_CHECK(memory != NULL);
    for (size_t i = 0; i < size; i += 4096)
        memory[i] = 1;
    return 0;
}

static void
test_memory_is_limited(void **state)
{
    (void)state;
    BL_AUTO(bl_cgroup) group = { .unified = NULL };
    struct bl_cgroup_usage usage = { .memory = 0 };
    struct bulla_error err = { 0 };

    make_group(&group, BL_LIMIT_MEMORY, (struct bl_cgroup_limits){ .memory_max = 64 << 20 });
    assert_ok(bl_cgroup_read(&group, &usage, &err), &err);
    assert_true(usage.memory_known);
    assert_int_equal(usage.memory_kills, 0);
    assert_int_equal(run_child(join_and_eat, &group), -SIGKILL);
    assert_ok(bl_cgroup_read(&group, &usage, &err), &err);
    assert_true(usage.memory_kills >= 1);
    assert_true(usage.memory < (64 << 20));
}

static int
join_and_fork(void *context)
{
    int made = 0;

    CHILD_CHECK(bl_cgroup_add(context, getpid(), NULL) == BULLA_OK);
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0) {
            bl_clock_sleep_ms(60000);
            _exit(0);
        }
        made += child > 0 ? 1 : 0;
    }
    return made;
}

static void
test_processes_are_limited_and_killed(void **state)
{
    (void)state;
    BL_AUTO(bl_cgroup) group = { .unified = NULL };
    struct bl_cgroup_usage usage = { .memory = 0 };
    struct bulla_error err = { 0 };

    make_group(&group, BL_LIMIT_PIDS, (struct bl_cgroup_limits){ .pids_max = 5 });
    assert_int_equal(run_child(join_and_fork, &group), 4); /* and itself */
    assert_ok(bl_cgroup_read(&group, &usage, &err), &err);
    assert_true(usage.pids_known);
    assert_int_equal(usage.pids, 4);
    assert_fails(bl_cgroup_remove(&group, &err), BULLA_E_BUSY, &err);
    bulla_error_clear(&err);
    assert_ok(bl_cgroup_kill(&group, SOON, &err), &err);
    bulla_error_clear(&err);
    assert_ok(bl_cgroup_remove(&group, &err), &err);
    for (size_t i = 0; i < BL_LIMIT_KINDS; i++)
        assert_null(group.path[i]);
}

static int
join_and_spin(void *context)
{
    struct rusage used;

    CHILD_CHECK(bl_cgroup_add(context, getpid(), NULL) == BULLA_OK);
    int64_t end = bl_clock_deadline(1000);
    while (bl_clock_left_ms(end) > 0) {
    }
    CHILD_CHECK(getrusage(RUSAGE_SELF, &used) == 0);
    long used_ms = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
                   (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
    CHILD_CHECK(used_ms < 400); /* 100 of 1000, and what a busy machine adds */
    return 0;
}

static void
test_processor_time_is_limited(void **state)
{
    (void)state;
    BL_AUTO(bl_cgroup) group = { .unified = NULL };

    make_group(&group, BL_LIMIT_CPU, (struct bl_cgroup_limits){ .cpu_percent = 10 });
    assert_int_equal(run_child(join_and_spin, &group), 0);
}

static void
test_a_group_exists_once(void **state)
{
    (void)state;
    BL_AUTO(bl_cgroup) group = { .unified = NULL };
    struct bl_cgroup again = { .unified = NULL };
    struct bl_cgroup_limits limits = { .pids_max = 5 };
    struct bulla_error err = { 0 };

    make_group(&group, BL_LIMIT_PIDS, limits);
    assert_fails(bl_cgroup_new(&again, unique_name("limit"), &limits, &err), BULLA_E_EXISTS, &err);
    assert_null(again.unified);
    assert_fails(bl_cgroup_add(&group, 0x7ffffff0, &err), BULLA_E_IO, &err);
}

static int
limit_by_rlimit(void *context)
{
    struct rlimit limit;

    CHILD_CHECK(bl_cgroup_limit_self(context, NULL) == BULLA_OK);
    CHILD_CHECK(getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_max == (rlim_t)1 << 40);
    CHILD_CHECK(getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_max == 7);
    return 0;
}

static void
test_resource_limits_stand_in(void **state)
{
    (void)state;
    struct bl_cgroup group = { .mechanism = { BL_MECHANISM_RLIMIT, BL_MECHANISM_NONE,
                                              BL_MECHANISM_RLIMIT },
                               .limits = { .memory_max = (uint64_t)1 << 40, .pids_max = 7 } };
    struct bl_cgroup_usage usage = { .memory = 0 };
    struct bulla_error err = { 0 };

    assert_int_equal(run_child(limit_by_rlimit, &group), 0);
    assert_ok(bl_cgroup_read(&group, &usage, &err), &err);
    assert_false(usage.memory_known || usage.pids_known);
    assert_fails(bl_cgroup_kill(&group, SOON, &err), BULLA_E_UNAVAILABLE, &err);
    bl_cgroup_done(&group);
}

static void
test_whose_group_a_name_says(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        "bulla-",
        "bulla-1",
        "bulla--",
        "bulla-x-",
        "bulla-x-0",
        "bulla-x-01",
        "bulla-x-1a",
        "bulla-x-+1",
        "bulla-x- 1",
        "Bulla-x-1",
        "xbulla-x-1",
        "bulla-x-1/",
        "bulla-../x-1",
        "bulla-x-2147483648",
        "bulla-x-99999999999999999999",
        "user.slice",
        "bullax-1",
    };
    char longest[BL_CGROUP_NAME_MAX + 2];
    pid_t pid = 7;

    memset(longest, 'a', sizeof longest);
    memcpy(longest, "bulla-", 6);
    memcpy(longest + sizeof longest - 3, "-1", 3);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(bl_cgroup_name_owner(others[i], &pid));
    assert_false(bl_cgroup_name_owner(longest, &pid));
    assert_int_equal(pid, 7);
    assert_true(bl_cgroup_name_owner("bulla-x-1", &pid));
    assert_int_equal(pid, 1);
    assert_true(bl_cgroup_name_owner("bulla-my.name_2-3-2147483647", &pid));
    assert_int_equal(pid, 2147483647);
}

/* The number of a process that is no more, and not yet that of another. */
static pid_t
dead_pid(void)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return child;
}

static const char *
left_name(const char *before, pid_t pid, const char *after)
{
    static char name[BL_CGROUP_NAME_MAX];

    snprintf(name, sizeof name, "%s%d%s", before, (int)pid, after);
    return name;
}

/* Last changed so long ago. */
static void
make_old(const char *path, int64_t age_s)
{
    const struct timespec then = { .tv_sec = (time_t)(bl_clock_now_s() - age_s) };
    const struct timespec times[2] = { then, then };

    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Directories as a hierarchy has them: only old and empty ones of ours whose maker is dead are
 * removed. Who seems dead may live in another process namespace, and be about to use its group. */
static void
test_what_the_dead_left_is_removed(void **state)
{
    (void)state;
    const pid_t dead = dead_pid();
    const struct {
        const char *before;
        pid_t pid;
        const char *after;
        bool is_full, stays;
        bool is_new;
    } cases[] = {
        { "bulla-left-", dead, "", false, false, false },
        { "bulla-new-", dead, "", false, true, true },
        { "bulla-full-", dead, "", true, true, false },
        { "bulla-living-", getpid(), "", false, true, false },
        { "bulla-first-", 1, "", false, true, false },
        { "other-", dead, "", false, true, false },
        { "bulla-", dead, "", false, true, false },
        { "bulla-x-", dead, ".scope", false, true, false },
    };
    const size_t count = sizeof cases / sizeof cases[0];
    char path[4096];

    for (size_t i = 0; i < count; i++) {
        const char *made = test_path(0, left_name(cases[i].before, cases[i].pid, cases[i].after));
        assert_int_equal(mkdir(made, 0700), 0);
        snprintf(path, sizeof path, "%s/child", made);
        assert_true(!cases[i].is_full || mkdir(path, 0700) == 0);
        make_old(made, BL_CGROUP_LEFT_S + (cases[i].is_new ? -5 : 5));
    }
    bl_cgroup_reclaim(test_directory);
    for (size_t i = 0; i < count; i++) {
        const char *made = test_path(0, left_name(cases[i].before, cases[i].pid, cases[i].after));
        assert_int_equal(access(made, F_OK) == 0, cases[i].stays);
        snprintf(path, sizeof path, "%s/child", made);
        assert_true(!cases[i].is_full || rmdir(path) == 0);
        assert_true(!cases[i].stays || rmdir(made) == 0);
    }
    bl_cgroup_reclaim(test_path(0, "missing"));
}

static int
make_and_be_killed(void *context)
{
    struct bl_cgroup group = { .unified = NULL };

    CHILD_CHECK(bl_cgroup_new(&group, unique_name("killed"), context, NULL) == BULLA_OK);
    (void)kill(getpid(), SIGKILL);
    return 1;
}

/* With the kernel's own groups: a process that was killed beside its group, then the next start. */
static void
test_a_killed_makers_group_goes_with_the_next_start(void **state)
{
    (void)state;
    struct bl_cgroup_limits limits = { .pids_max = 5 };
    BL_AUTO(bl_cgroup) group = { .unified = NULL };
    char left[4096];

    make_group(&group, BL_LIMIT_PIDS, limits);
    snprintf(left, sizeof left, "%s",
             group.path[BL_LIMIT_PIDS] != NULL ? group.path[BL_LIMIT_PIDS] : group.unified);
    bl_cgroup_done(&group);
    *strrchr(left, '/') = '\0';
    const pid_t maker = fork();
    assert_true(maker >= 0);
    if (maker == 0)
        _exit(make_and_be_killed(&limits));
    assert_int_equal(waitpid(maker, NULL, 0), maker);
    snprintf(left + strlen(left), sizeof left - strlen(left), "/%s",
             left_name("bulla-test-killed-", maker, ""));
    assert_int_equal(access(left, F_OK), 0);
    make_old(left, BL_CGROUP_LEFT_S + 5);
    make_group(&group, BL_LIMIT_PIDS, limits);
    assert_int_not_equal(access(left, F_OK), 0);
}

static void
test_the_probe_leaves_nothing(void **state)
{
    (void)state;
    enum bl_mechanism found[BL_LIMIT_KINDS] = { BL_MECHANISM_NONE };
    struct bulla_error err = { 0 };

    assert_ok(bl_cgroup_probe(found, &err), &err);
    assert_int_not_equal(found[BL_LIMIT_MEMORY], BL_MECHANISM_NONE);
    assert_int_not_equal(found[BL_LIMIT_PIDS], BL_MECHANISM_NONE);
    assert_int_not_equal(found[BL_LIMIT_CPU], BL_MECHANISM_RLIMIT);
    assert_ok(bl_cgroup_probe(found, &err), &err); /* the same name: so it was removed */
}

/* A limit that could not be set must never be told as set. */
static void
test_every_failing_call_is_told(void **state)
{
    (void)state;
    struct bl_cgroup_limits limits = { .memory_max = 64 << 20, .cpu_percent = 50, .pids_max = 50 };
    const char *name = unique_name("fault");
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        struct bl_cgroup group = { .unified = NULL };
        struct bl_cgroup_usage usage = { .memory = 0 };
        struct bulla_error err = { 0 };
        bl_fault_arm(BL_FAULT_FILE, nth, false);
        enum bulla_status status = bl_cgroup_new(&group, name, &limits, &err);
        if (status == BULLA_OK)
            status = bl_cgroup_read(&group, &usage, &err);
        reached = bl_fault_disarm();
        assert_int_equal(err.status, status);
        for (enum bl_limit_kind kind = 0; kind < BL_LIMIT_KINDS; kind++) {
            if (group.mechanism[kind] >= BL_MECHANISM_CGROUP_V1)
                assert_true(group.path[kind] != NULL || group.unified != NULL);
        }
        bl_cgroup_done(&group);
        assert_true(nth < FAULTS_MAX);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_our_own_group),
        cmocka_unit_test(test_names_and_limits),
        cmocka_unit_test(test_memory_is_limited),
        cmocka_unit_test(test_processes_are_limited_and_killed),
        cmocka_unit_test(test_processor_time_is_limited),
        cmocka_unit_test(test_a_group_exists_once),
        cmocka_unit_test(test_resource_limits_stand_in),
        cmocka_unit_test(test_whose_group_a_name_says),
        test_in_directory(test_what_the_dead_left_is_removed),
        cmocka_unit_test(test_a_killed_makers_group_goes_with_the_next_start),
        cmocka_unit_test(test_the_probe_leaves_nothing),
        cmocka_unit_test(test_every_failing_call_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

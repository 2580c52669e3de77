/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole enclaves: this very program is the agent inside, in an image of itself and its libraries.
 */
#include "enclave/monitor_fixture.h"

static void
test_the_world_inside(void **state)
{
    (void)state;
    struct trial trial = { .what = "look", .version = 1 };

    need_namespaces();
    assert_ends_with(&trial, 0);
    assert_false(trial.end.was_ready);
    assert_int_equal(trial.certified, 1);
    bl_secret_done(&trial.key);
}

static void
test_memory_is_limited(void **state)
{
    (void)state;
    struct trial trial = { .what = "hog", .version = 1 };
    struct bulla_error err = { 0 };

    need_namespaces();
    if (!enforced(BL_LIMIT_MEMORY))
        unit_skip("no cgroup limits memory here");
    assert_ok(run(&trial, &err), &err);
    assert_true(trial.end.killed ? trial.end.code == SIGKILL : trial.end.code == 23);
    assert_true(trial.end.memory_kills > 0);
    bl_secret_done(&trial.key);
}

static void
test_processes_are_limited(void **state)
{
    (void)state;
    struct trial trial = { .what = "forks", .version = 1 };

    need_namespaces();
    if (!enforced(BL_LIMIT_PIDS))
        unit_skip("no cgroup limits processes here");
    assert_ends_with(&trial, 24);
    assert_true(log_has("processes\n"));
    bl_secret_done(&trial.key);
}

static void
test_state_outlives_the_enclave(void **state)
{
    (void)state;
    struct trial trial = { .what = "leave", .version = 1 };

    need_namespaces();
    assert_ends_with(&trial, 25);
    assert_ends_with(&trial, 26);
    bl_secret_done(&trial.key);
}

static void
test_an_older_version_is_refused(void **state)
{
    (void)state;
    struct trial trial = { .what = "look", .version = 7 };
    struct bulla_error err = { 0 };

    need_namespaces();
    assert_ends_with(&trial, 0);
    trial.version = 6;
    assert_cause(run(&trial, &err), BULLA_CAUSE_VERSION_BELOW_FLOOR, &err);
    assert_int_equal(err.found.number, 6);
    assert_int_equal(err.expected.number, 7);
    assert_int_equal(trial.started, 0);
    trial.version = 7;
    assert_ends_with(&trial, 0);
    trial.version = 8;
    assert_ends_with(&trial, 0);
    trial.version = 7;
    assert_cause(run(&trial, &err), BULLA_CAUSE_VERSION_BELOW_FLOOR, &err);
    bl_secret_done(&trial.key);
}

static void
test_another_image_is_refused(void **state)
{
    (void)state;
    struct trial trial = { .what = "look", .version = 1, .spoiled = true };
    struct bulla_error err = { 0 };

    need_namespaces();
    assert_fails(run(&trial, &err), BULLA_E_INTEGRITY, &err);
    assert_int_equal(trial.started, 0);
    assert_int_equal(trial.key.size, 0); /* nobody asked for it */
}

static void
test_one_at_a_time_and_told_to_end(void **state)
{
    (void)state;
    struct trial trial = { .what = "wait", .version = 1 };

    need_namespaces();
    assert_ends_with(&trial, 7);
    assert_true(trial.end.was_ready);
    assert_int_equal(trial.ready, 1);
    assert_int_equal(trial.inner, BULLA_E_BUSY);
    assert_int_equal(trial.inner_err.cause, BULLA_CAUSE_BUSY);
    bl_secret_done(&trial.key);
}

static void
test_the_agent_refuses(void **state)
{
    (void)state;
    struct trial trial = { .what = "refuse", .version = 1 };

    need_namespaces();
    assert_ends_with(&trial, 1);
    assert_int_equal(trial.end.cause, BULLA_CAUSE_REFUSED);
    assert_int_equal(trial.ready, 0);
    bl_secret_done(&trial.key);
}

static void
test_out_of_turn_is_killed(void **state)
{
    (void)state;
    struct trial trial = { .what = "out-of-turn", .version = 1 };
    struct bulla_error err = { 0 };

    need_namespaces();
    assert_ok(run(&trial, &err), &err);
    assert_true(trial.end.killed && trial.end.code == SIGKILL);
    bl_secret_done(&trial.key);
}

static void
test_a_platform_vouches_for_the_vtpms_own_key(void **state)
{
    (void)state;
    struct trial trial = { .what = "vouch", .version = 1 };

    need_namespaces();
    assert_ends_with(&trial, 31); /* there is none, and the agent knows */
    trial.has_platform = true;
    assert_ends_with(&trial, 29);
    assert_int_equal(trial.vouched, 1);
    bl_secret_done(&trial.key);
}

static void
test_nobody_vouches_out_of_turn(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        bool has_platform;
        unsigned vouched;
    } cases[] = {
        { "vouch-unasked", false, 0 },
        { "vouch-twice", true, 1 },
        { "vouch-late", true, 0 },
        { "vouch-foreign", true, 0 },
    };

    struct trial trial = { .version = 1 };

    need_namespaces();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bulla_error err = { 0 };
        trial.what = cases[i].what;
        trial.has_platform = cases[i].has_platform;
        trial.vouched = 0;
        assert_ok(run(&trial, &err), &err);
        if (!trial.end.killed || trial.vouched != cases[i].vouched)
            fail_msg("%s: code %d, vouched %u", cases[i].what, trial.end.code, trial.vouched);
    }
    bl_secret_done(&trial.key);
}

static void
test_a_platform_that_fails_is_told(void **state)
{
    (void)state;
    struct trial trial = {
        .what = "vouch", .version = 1, .has_platform = true, .platform_fails = true
    };
    struct bulla_error err = { 0 };

    need_namespaces();
    assert_cause(run(&trial, &err), BULLA_CAUSE_TPM_FAILED, &err);
    bl_secret_done(&trial.key);
}

static void
test_the_relay_is_the_way_out(void **state)
{
    (void)state;
    struct trial trial = { .what = "connect", .version = 1 };
    struct bulla_error err = { 0 };
    BL_AUTO_FD listener = -1;

    need_namespaces();
    assert_ok(bl_tcp_listen(NULL, 0, &listener, &err), &err);
    assert_ok(bl_tcp_port(listener, &trial.port, &err), &err);
    pid_t peer = fork();
    if (peer == 0) {
        int client = -1;
        bool served = bl_socket_accept(listener, bl_clock_deadline(INSIDE_WAIT_MS), &client,
                                       &err) == BULLA_OK &&
                      send(client, "hi", 2, 0) == 2;
        _exit(served ? 0 : 1);
    }
    assert_ends_with(&trial, 27);
    assert_int_equal(waitpid(peer, NULL, 0), peer);
    bl_secret_done(&trial.key);
}

static void
test_the_log_is_bounded(void **state)
{
    (void)state;
    struct trial trial = { .what = "babble", .version = 1 };
    struct stat newer, older;

    need_namespaces();
    assert_ends_with(&trial, 28);
    assert_true(log_has("19999: forty-two"));
    assert_int_equal(stat(test_path(0, "state/log"), &newer), 0);
    assert_int_equal(stat(test_path(0, "state/log.1"), &older), 0);
    assert_true(newer.st_size <= 32 << 10 && older.st_size <= 32 << 10);
    assert_int_equal(newer.st_mode & 0777, 0600);
    bl_secret_done(&trial.key);
}

static void
spoil(const char *path, long offset)
{
    FILE *file = fopen(path, "r+");
    int byte = 0;

    assert_non_null(file);
    assert_int_equal(fseek(file, offset, offset < 0 ? SEEK_END : SEEK_SET), 0);
    byte = fgetc(file);
    assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
    assert_true(fputc(byte ^ 1, file) != EOF);
    fclose(file);
}

static void
test_an_altered_state_is_refused(void **state)
{
    (void)state;
    struct trial trial = { .what = "leave", .version = 1 };
    struct bulla_error err = { 0 };

    need_namespaces();
    assert_ends_with(&trial, 25);
    spoil(test_path(0, "state/vtpm"), 100);
    assert_fails(run(&trial, &err), BULLA_E_INTEGRITY, &err);
    spoil(test_path(0, "state/vtpm"), 100);
    spoil(test_path(0, "state/vtpm"), -1);
    assert_fails(run(&trial, &err), BULLA_E_INTEGRITY, &err);
    spoil(test_path(0, "state/vtpm"), -1);
    trial.key.data[0] ^= 1;
    assert_fails(run(&trial, &err), BULLA_E_INTEGRITY, &err);
    trial.key.data[0] ^= 1;
    assert_ends_with(&trial, 26);
    assert_int_equal(unlink(test_path(0, "state/vtpm")), 0);
    assert_cause(run(&trial, &err), BULLA_CAUSE_STORE_MISSING, &err);
    bl_secret_done(&trial.key);
}

/* Nobody but the manifest may say that a limit can be missing. */
static void
test_limits_that_cannot_be(void **state)
{
    (void)state;
    static struct bl_manifest manifest;
    struct bulla_error err = { 0 };
    struct bl_cgroup group = { .mechanism = { BL_MECHANISM_CGROUP_V1, BL_MECHANISM_CGROUP_V1,
                                              BL_MECHANISM_CGROUP_V1 } };
    static const unsigned permission[BL_LIMIT_KINDS] = { [BL_LIMIT_MEMORY] = BL_UNENFORCED_MEMORY,
                                                         [BL_LIMIT_CPU] = BL_UNENFORCED_CPUS,
                                                         [BL_LIMIT_PIDS] = BL_UNENFORCED_PIDS };

    assert_ok(bl_world_check_limits(&manifest, &group, &err), &err);
    for (unsigned kind = 0; kind < BL_LIMIT_KINDS; kind++) {
        for (enum bl_mechanism m = BL_MECHANISM_NONE; m <= BL_MECHANISM_RLIMIT; m++) {
            group.mechanism[kind] = m;
            manifest.permit_unenforced = ~permission[kind];
            assert_cause(bl_world_check_limits(&manifest, &group, &err),
                         BULLA_CAUSE_KERNEL_FEATURE_MISSING, &err);
            manifest.permit_unenforced = permission[kind];
            bulla_error_clear(&err);
            assert_ok(bl_world_check_limits(&manifest, &group, &err), &err);
        }
        group.mechanism[kind] = BL_MECHANISM_CGROUP_V1;
    }
    manifest.cgroup_min = 2;
    assert_cause(bl_world_check_limits(&manifest, &group, &err), BULLA_CAUSE_KERNEL_FEATURE_MISSING,
                 &err);
    for (unsigned kind = 0; kind < BL_LIMIT_KINDS; kind++)
        group.mechanism[kind] = BL_MECHANISM_CGROUP_V2;
    bulla_error_clear(&err);
    assert_ok(bl_world_check_limits(&manifest, &group, &err), &err);
}

static void
test_hosts_that_lack_something(void **state)
{
    (void)state;
    static struct bl_manifest manifest;
    struct bulla_error err = { 0 };
    const struct bl_probe whole = { .user_namespaces = true,
                                    .system_call_filter = true,
                                    .secret_memory = true,
                                    .landlock_abi = 3,
                                    .fuse = BL_DEVICE_USABLE };
    struct bl_probe host = whole;

    manifest.landlock_min = 3;
    manifest.needs_memfd_secret = true;
    manifest.sealed_count = 1;
    assert_ok(bl_world_check_host(&manifest, &host, &err), &err);
    host.user_namespaces = false;
    assert_cause(bl_world_check_host(&manifest, &host, &err), BULLA_CAUSE_NO_USER_NAMESPACES, &err);
    host = whole;
    host.system_call_filter = false;
    assert_cause(bl_world_check_host(&manifest, &host, &err), BULLA_CAUSE_KERNEL_FEATURE_MISSING,
                 &err);
    host = whole;
    host.landlock_abi = 2;
    assert_cause(bl_world_check_host(&manifest, &host, &err), BULLA_CAUSE_KERNEL_FEATURE_MISSING,
                 &err);
    assert_int_equal(err.found.number, 2);
    assert_int_equal(err.expected.number, 3);
    host = whole;
    host.fuse = BL_DEVICE_NOT_PERMITTED;
    assert_cause(bl_world_check_host(&manifest, &host, &err), BULLA_CAUSE_KERNEL_FEATURE_MISSING,
                 &err);
    manifest.sealed_count = 0;
    bulla_error_clear(&err);
    assert_ok(bl_world_check_host(&manifest, &host, &err), &err);
    host = whole;
    host.secret_memory = false;
    assert_cause(bl_world_check_host(&manifest, &host, &err), BULLA_CAUSE_KERNEL_FEATURE_MISSING,
                 &err);
}

/* What is not limited is not claimed. */
static void
test_facts_are_what_is_in_force(void **state)
{
    (void)state;
    static struct bl_manifest manifest;
    struct bl_cgroup group = { .mechanism = { [BL_LIMIT_MEMORY] = BL_MECHANISM_CGROUP_V1,
                                              [BL_LIMIT_CPU] = BL_MECHANISM_CGROUP_V2,
                                              [BL_LIMIT_PIDS] = BL_MECHANISM_RLIMIT },
                               .limits = { 1 << 20, 50, 16 } };
    struct bl_probe host = { .landlock_abi = 1 };
    struct bulla_error err = { 0 };
    uint8_t digest[32];

    manifest.open_files = 64;
    struct bl_isolation_facts facts = bl_world_facts(&manifest, &group, &host);
    assert_int_equal(facts.isolation, BL_ISOLATION_OS);
    assert_int_equal(facts.memory_max, 1 << 20);
    assert_int_equal(facts.cpu_max_milli, 500);
    assert_int_equal(facts.pids_max, 0);
    assert_int_equal(facts.open_files_max, 64);
    assert_ok(bl_isolation_digest(&facts, NULL, digest, &err), &err); /* words ascend */
    host = (struct bl_probe){ .system_call_filter = true, .secret_memory = true };
    size_t count = facts.fact_count;
    facts = bl_world_facts(&manifest, &group, &host);
    assert_int_equal(facts.fact_count, count + 1);
    assert_ok(bl_isolation_digest(&facts, NULL, digest, &err), &err);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_the_world_inside),
        test_in_directory(test_memory_is_limited),
        test_in_directory(test_processes_are_limited),
        test_in_directory(test_state_outlives_the_enclave),
        test_in_directory(test_an_older_version_is_refused),
        test_in_directory(test_another_image_is_refused),
        test_in_directory(test_one_at_a_time_and_told_to_end),
        test_in_directory(test_the_agent_refuses),
        test_in_directory(test_out_of_turn_is_killed),
        test_in_directory(test_a_platform_vouches_for_the_vtpms_own_key),
        test_in_directory(test_nobody_vouches_out_of_turn),
        test_in_directory(test_a_platform_that_fails_is_told),
        test_in_directory(test_the_relay_is_the_way_out),
        test_in_directory(test_the_log_is_bounded),
        test_in_directory(test_an_altered_state_is_refused),
        cmocka_unit_test(test_limits_that_cannot_be),
        cmocka_unit_test(test_hosts_that_lack_something),
        cmocka_unit_test(test_facts_are_what_is_in_force),
    };

    if (argc > 0 && strcmp(argv[0], BL_ENCLAVE_AGENT_PATH) == 0)
        _exit(inside_main()); /* no sanitizer may look for leaks where nothing can be started */
    bl_tpm_quiet_libraries();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

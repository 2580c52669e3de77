/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole enclaves: this very program is the agent inside, in an image of itself and its libraries.
 */
#include "enclave/monitor.h"

#include "base/fault.h"
#include "crypto/random.h"
#include "enclave/inside.h"
#include "enclave/self_image.h"
#include "sys/directory.h"

static const char manifest_yaml[] =
    "bulla: 1\n"
    "name: tested\n"
    "product: example.org/tested\n"
    "version: %u\n"
    "signer: signer.pub\n"
    "image: { files: [/bin/a] }\n"
    "entry: [/bin/a, %s]\n"
    "resources: { memory: 64M, cpus: 1, pids: 16, open_files: 64, tmp: 1M }\n"
    "network: { connect: ['5432 -> 127.0.0.1:%u'] }\n"
    "sealed: [{ path: /data, size: 1M }]\n"
    "isolation: { permit_unenforced: [%s] }\n"
    "log: { size: 64K }\n";

static enum bulla_status
signer(void *context, const char *text, uint8_t raw_out[32], struct bulla_error *err)
{
    (void)context;
    (void)text;
    (void)err;
    memset(raw_out, 0x5a, 32);
    return BULLA_OK;
}

/* What an enclave is tried with. */
struct trial {
    const char *what;
    unsigned version;
    uint16_t port;
    bool spoiled;            /* the image is not what the monitor asserts */
    const char *permitted;   /* limits that may be missing */
    enum bulla_status inner; /* of a second instance */
    struct bulla_error inner_err;
    unsigned certified, started, ready;
    bool has_platform, platform_fails;
    unsigned vouched;
    struct bl_secret key; /* kept from one run to the next */
    struct bl_monitor_end end;
};

/* -- the image ---------------------------------------------------------------------------------- */

static enum bulla_status
unpack(void *context, int fd, int root_fd, struct bulla_error *err)
{
    const struct trial *trial = context;

    if (trial->spoiled)
        return bulla_fail(err, BULLA_E_INTEGRITY, "image", "not what was measured", 0);
    if (!copy_program(root_fd, fd, &BL_ENCLAVE_AGENT_PATH[1]))
        return bulla_fail_detail(err, BULLA_CAUSE_IO, "image", "cannot be copied",
                                 (unsigned long)errno);
    return BULLA_OK;
}

/* -- running ------------------------------------------------------------------------------------ */

static enum bulla_status
give_key(void *context, const struct bl_enclave_state *state, struct bl_secret *key_out,
         struct bulla_error *err)
{
    struct trial *trial = context;

    assert_non_null(state->key_path);
    if (trial->key.size == 0)
        BL_TRY(bl_random_secret(&trial->key, BL_ENCLAVE_STATE_KEY_SIZE, err));
    return bl_secret_copy(key_out, bl_secret_bytes(&trial->key), err);
}

static enum bulla_status
certify(void *context, struct bl_tpm *tpm, struct bulla_error *err)
{
    struct trial *trial = context;
    BL_AUTO(bulla_buffer) public_area = { 0 };

    trial->certified++;
    return bl_tpm_ek_public(tpm, &public_area, err);
}

static enum bulla_status
vouch(void *context, const uint8_t extra_data[BL_TPM_BINDER_SIZE],
      struct bulla_buffer *evidence_out, struct bulla_error *err)
{
    struct trial *trial = context;

    trial->vouched++;
    if (trial->platform_fails)
        return bulla_fail_cause(err, BULLA_CAUSE_TPM_FAILED, "platform", "it does not answer");
    return bulla_buffer_append(evidence_out, (struct bulla_bytes){ extra_data, BL_TPM_BINDER_SIZE },
                               err);
}

static void
started(void *context, pid_t agent)
{
    struct trial *trial = context;

    trial->started++;
    assert_true(agent > 1);
}

static enum bulla_status run(struct trial *trial, struct bulla_error *err);

static void
ready(void *context)
{
    struct trial *trial = context;
    struct trial second = { .what = "look", .version = trial->version, .permitted = "" };

    trial->ready++;
    trial->inner = run(&second, &trial->inner_err);
    kill(getpid(), SIGTERM);
}

static enum bulla_status
run(struct trial *trial, struct bulla_error *err)
{
    static const struct bl_manifest_resolver resolver = { .signer = signer };
    char yaml[2048];
    BL_AUTO(bl_manifest) manifest = { 0 };
    BL_AUTO_FD program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    (void)snprintf(yaml, sizeof yaml, manifest_yaml, trial->version, trial->what,
                   trial->port == 0 ? 9u : trial->port,
                   trial->permitted == NULL ? "memory, pids, cpus" : trial->permitted);
    BL_TRY(bl_manifest_from_yaml(text_bytes(yaml), &resolver, &manifest, err));
    const struct bl_monitor_plan plan = { .manifest = &manifest,
                                          .code = { 0xc0 },
                                          .image = { trial, unpack, program, 512u << 20 },
                                          .state_directory = test_path(0, "state"),
                                          .context = trial,
                                          .key = give_key,
                                          .certify = certify,
                                          .vouch = trial->has_platform ? vouch : NULL,
                                          .started = started,
                                          .ready = ready };
    return bl_monitor_run(&plan, &trial->end, err);
}

static bool
permitted(void)
{
    struct bl_probe probe = { 0 };
    struct bulla_error err = { 0 };

    return bl_probe_system(&probe, &err) == BULLA_OK && probe.user_namespaces;
}

#define need_namespaces()                                    \
    do {                                                     \
        if (!permitted())                                    \
            unit_skip("user namespaces are forbidden here"); \
        if (access("/dev/fuse", R_OK | W_OK) != 0)           \
            unit_skip("/dev/fuse cannot be opened");         \
    } while (0)

/* Groups that enforce: without, there is nothing to try. */
static bool
enforced(enum bl_limit_kind kind)
{
    enum bl_mechanism found[BL_LIMIT_KINDS] = { 0 };
    struct bulla_error err = { 0 };

    return bl_cgroup_probe(found, &err) == BULLA_OK && found[kind] >= BL_MECHANISM_CGROUP_V1;
}

static bool
log_has(const char *text)
{
    BL_AUTO(bulla_buffer) log = { 0 };

    return bl_file_read(test_path(1, "state/log"), 1 << 20, &log, NULL) == BULLA_OK &&
           bulla_buffer_append(&log, BL_BYTES_OF("\0"), NULL) == BULLA_OK &&
           strstr((const char *)log.data, text) != NULL;
}

static void
show_log(void)
{
    BL_AUTO(bulla_buffer) log = { 0 };

    if (bl_file_read(test_path(1, "state/log"), 1 << 20, &log, NULL) == BULLA_OK)
        print_message("# log: %.*s\n", (int)log.size, (const char *)log.data);
}

static void
assert_ends_with(struct trial *trial, int code)
{
    struct bulla_error err = { 0 };

    assert_ok(run(trial, &err), &err);
    if (trial->end.code != code)
        show_log();
    assert_false(trial->end.killed);
    assert_int_equal(trial->end.code, code);
    assert_int_equal(trial->started, 1);
    trial->started = 0;
}

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

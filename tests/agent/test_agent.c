/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole enclaves with the real agent: this very program is the monitor, the agent inside, and the
 * program that the agent starts.
 */
#include "agent/agent.h"

#include "agent/entry.h"
#include "crypto/random.h"
#include "enclave/monitor.h"
#include "enclave/self_image.h"
#include "sys/directory.h"

static const char manifest_yaml[] =
    "bulla: 1\n"
    "name: tested\n"
    "product: example.org/tested\n"
    "version: %u\n"
    "signer: signer.pub\n"
    "image: { files: [/bin/a] }\n"
    "entry: [%s, %s]\n"
    "user: 1234\n"
    "environment: { GREETING: 'hello = you', EMPTY: '' }\n"
    "resources: { memory: 256M, cpus: 1, pids: 32, open_files: 128, tmp: 1M }\n"
    "network: { listen: ['127.0.0.1:%u -> 7070'], connect: ['5432 -> 127.0.0.1:%u'] }\n"
    "sealed: [{ path: /data, size: 8M, bind: [%s] }]\n"
    "%s"
    "isolation: { permit_unenforced: [memory, pids, cpus], minimum: { landlock: %u } }\n"
    "log: { size: 64K }\n";

struct trial {
    const char *what;
    const char *entry; /* NULL: this program */
    const char *bind;
    const char *more; /* lines of the manifest */
    unsigned version, landlock_min;
    uint16_t listen_port, connect_port;
    uint8_t code; /* first byte of the code digest */
    struct bl_secret key;
    struct bl_monitor_end end;
    void (*ready)(struct trial *trial);
};

static enum bulla_status
signer(void *context, const char *text, uint8_t raw_out[32], struct bulla_error *err)
{
    (void)context;
    (void)text;
    (void)err;
    memset(raw_out, 0x5a, 32);
    return BULLA_OK;
}

static enum bulla_status
unpack(void *context, int fd, int root_fd, struct bulla_error *err)
{
    (void)context;
    if (!copy_program(root_fd, fd, &BL_ENCLAVE_AGENT_PATH[1]) ||
        !copy_program(root_fd, fd, "bin/a"))
        return bulla_fail(err, BULLA_E_IO, "image", "cannot be copied", 0);
    return BULLA_OK;
}

static enum bulla_status
give_key(void *context, const struct bl_enclave_state *state, struct bl_secret *key_out,
         struct bulla_error *err)
{
    struct trial *trial = context;

    (void)state;
    if (trial->key.size == 0)
        BL_TRY(bl_random_secret(&trial->key, BL_ENCLAVE_STATE_KEY_SIZE, err));
    return bl_secret_copy(key_out, bl_secret_bytes(&trial->key), err);
}

static void
ready(void *context)
{
    struct trial *trial = context;

    if (trial->ready != NULL)
        trial->ready(trial);
}

static enum bulla_status
run(struct trial *t, struct bulla_error *err)
{
    static const struct bl_manifest_resolver resolver = { .signer = signer };
    char yaml[4096];
    BL_AUTO(bl_manifest) manifest = { 0 };
    BL_AUTO_FD program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    (void)snprintf(yaml, sizeof yaml, manifest_yaml, t->version == 0 ? 1 : t->version,
                   t->entry == NULL ? "/bin/a" : t->entry, t->what,
                   t->listen_port == 0 ? 47001u : t->listen_port,
                   t->connect_port == 0 ? 9u : t->connect_port,
                   t->bind == NULL ? "signer, product, version" : t->bind,
                   t->more == NULL ? "" : t->more, t->landlock_min);
    BL_TRY(bl_manifest_from_yaml(text_bytes(yaml), &resolver, &manifest, err));
    const struct bl_monitor_plan plan = { .manifest = &manifest,
                                          .code = { 0xc0, t->code },
                                          .image = { t, unpack, program, 1024u << 20 },
                                          .state_directory = test_path(0, "state"),
                                          .context = t,
                                          .key = give_key,
                                          .ready = ready };
    return bl_monitor_run(&plan, &t->end, err);
}

static bool
read_log(struct bulla_buffer *log)
{
    return bl_file_read(test_path(1, "state/log"), 1 << 20, log, NULL) == BULLA_OK &&
           bulla_buffer_append(log, BL_BYTES_OF("\0"), NULL) == BULLA_OK;
}

static bool
log_has(const char *text)
{
    BL_AUTO(bulla_buffer) log = { 0 };

    return read_log(&log) && strstr((const char *)log.data, text) != NULL;
}

static void
assert_ends_with(struct trial *t, int code)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };

    assert_ok(run(t, &err), &err);
    if ((t->end.code != code || !t->end.was_ready) && read_log(&log))
        print_message("# log: %s\n", (const char *)log.data);
    assert_false(t->end.killed);
    assert_int_equal(t->end.code, code);
    assert_true(t->end.was_ready);
}

static void
assert_does_not_start(struct trial *t, enum bulla_cause cause)
{
    struct bulla_error err = { 0 };

    assert_ok(run(t, &err), &err);
    assert_false(t->end.was_ready);
    assert_int_equal(t->end.cause, cause);
    assert_int_equal(t->end.code, bulla_cause_exit_code(cause));
}

#define NEEDS_ENCLAVES()                                               \
    do {                                                               \
        struct bl_probe probe_ = { 0 };                                \
        struct bulla_error probe_err_ = { 0 };                         \
        assert_ok(bl_probe_system(&probe_, &probe_err_), &probe_err_); \
        if (!probe_.user_namespaces)                                   \
            unit_skip("user namespaces are forbidden here");           \
        if (access("/dev/fuse", R_OK | W_OK) != 0)                     \
            unit_skip("/dev/fuse cannot be opened");                   \
    } while (0)

static void
test_the_programs_world(void **state)
{
    struct trial t = { .what = "look" };

    (void)state;
    NEEDS_ENCLAVES();
    assert_ends_with(&t, 0);
    bl_secret_done(&t.key);
}

static void
test_codes_of_the_end(void **state)
{
    struct trial t = { .what = "fall" };

    (void)state;
    NEEDS_ENCLAVES();
    assert_ends_with(&t, 128 + SIGSEGV);
    bl_secret_done(&t.key);
}

static void
test_sealed_files_survive_the_enclave(void **state)
{
    struct trial t = { .what = "keep" };

    (void)state;
    NEEDS_ENCLAVES();
    assert_ends_with(&t, 41);
    assert_ends_with(&t, 42);
    assert_ends_with(&t, 41);
    t.version = 2; /* a newer version has them too, and from then on the older has them no more */
    assert_ends_with(&t, 42);
    bl_secret_done(&t.key);
}

/* Waits until the program said something, then does what kill -9 of everything does. */
static void
kill_when_written(struct trial *t)
{
    (void)t;
    if (fork() == 0) {
        for (int i = 0; i < 1000 && !log_has("written\n"); i++)
            usleep(10000);
        kill(getppid(), SIGKILL);
        _exit(0);
    }
}

static void
test_kill_loses_no_acknowledged_write(void **state)
{
    struct trial t = { .what = "keep-and-die", .ready = kill_when_written };
    struct bulla_error err = { 0 };
    int status = 0;

    (void)state;
    NEEDS_ENCLAVES();
    assert_ok(bl_random_secret(&t.key, BL_ENCLAVE_STATE_KEY_SIZE, &err), &err);
    uint8_t key[BL_ENCLAVE_STATE_KEY_SIZE];
    memcpy(key, t.key.data, sizeof key); /* a secret is gone after fork() */
    pid_t monitor = fork();
    if (monitor == 0) {
        t.key = (struct bl_secret){ 0 };
        if (bl_secret_copy(&t.key, BL_BYTES_OF(key), NULL) == BULLA_OK)
            (void)!run(&t, &err);
        _exit(1);
    }
    assert_int_equal(waitpid(monitor, &status, 0), monitor);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    t.ready = NULL;
    t.what = "keep";
    for (int i = 0; i < 100; i++) { /* until the kernel has taken the last of them away */
        if (run(&t, &err) == BULLA_OK)
            break;
        usleep(50000);
    }
    assert_true(t.end.was_ready);
    assert_int_equal(t.end.code, 42);
    bl_secret_done(&t.key);
}

static void
test_files_bound_to_the_code(void **state)
{
    struct trial t = { .what = "keep", .bind = "code" };

    (void)state;
    NEEDS_ENCLAVES();
    assert_ends_with(&t, 41);
    t.code = 1;
    assert_does_not_start(&t, BULLA_CAUSE_PCR_CHANGED);
    assert_true(log_has("bulla-agent: BL-0502: "));
    t.code = 0;
    assert_ends_with(&t, 42);
    bl_secret_done(&t.key);
}

static void
test_a_missing_volume_is_no_first_start(void **state)
{
    struct trial t = { .what = "keep" };
    char command[256];

    (void)state;
    NEEDS_ENCLAVES();
    assert_ends_with(&t, 41);
    (void)snprintf(command, sizeof command, "rm -rf %s/state/agent/sealed-*/????????????????*",
                   test_directory);
    assert_int_equal(system(command), 0);
    assert_does_not_start(&t, BULLA_CAUSE_NOT_FOUND);
    bl_secret_done(&t.key);
}

static void
test_nothing_starts_that_lacks_something(void **state)
{
    struct trial absent = { .what = "x", .entry = "/bin/absent" };
    struct trial no_broker = { .what = "look",
                               .more = "secrets: [{ name: a/b, file: /run/secrets/b }]\n" };

    (void)state;
    NEEDS_ENCLAVES();
    assert_does_not_start(&absent, BULLA_CAUSE_NOT_FOUND);
    bl_secret_done(&absent.key);
    struct bulla_error err = { 0 };
    enum bulla_status status = run(&no_broker, &err);
    assert_true(status != BULLA_OK || !no_broker.end.was_ready);
    bl_secret_done(&no_broker.key);
}

static void
stop_when_stubborn(struct trial *t)
{
    (void)t;
    if (fork() == 0) {
        for (int i = 0; i < 1000 && !log_has("stubborn\n"); i++)
            usleep(10000);
        kill(getppid(), SIGTERM);
        _exit(0);
    }
}

static void
test_a_stubborn_program_is_killed(void **state)
{
    struct trial t = { .what = "stubborn", .ready = stop_when_stubborn };
    struct bulla_error err = { 0 };

    (void)state;
    NEEDS_ENCLAVES();
    assert_ok(run(&t, &err), &err);
    assert_int_equal(t.end.code, t.end.killed ? SIGKILL : 128 + SIGKILL);
    bl_secret_done(&t.key);
}

/* -- the network --------------------------------------------------------------------------------- */

static int
ask_from_outside(uint16_t port)
{
    uint8_t bytes[4] = { 0 };
    size_t got = 0;

    for (int i = 0; i < 1000 && !log_has("listening\n"); i++)
        usleep(10000);
    BL_AUTO_FD fd = -1;
    bool heard = bl_tcp_connect(NULL, port, bl_clock_deadline(5000), &fd, NULL) == BULLA_OK &&
                 bl_socket_receive(fd, bytes, sizeof bytes, bl_clock_deadline(10000), &got, NULL) ==
                     BULLA_OK &&
                 got == 2 && memcmp(bytes, "ho", 2) == 0;
    return heard ? 0 : 1;
}

static int
answer_inside(int listener)
{
    BL_AUTO_FD fd = -1;

    return bl_socket_accept(listener, bl_clock_deadline(20000), &fd, NULL) == BULLA_OK &&
                   bl_socket_send(fd, BL_LITERAL("hi"), bl_clock_deadline(5000), NULL) == BULLA_OK
               ? 0
               : 1;
}

static void
test_both_ways_of_the_network(void **state)
{
    struct trial t = { .what = "talk" };
    struct bulla_error err = { 0 };
    BL_AUTO_FD listener = -1;
    BL_AUTO_FD reserved = -1;
    int status = 0;

    (void)state;
    NEEDS_ENCLAVES();
    assert_ok(bl_tcp_listen(NULL, 0, &listener, &err), &err);
    assert_ok(bl_tcp_port(listener, &t.connect_port, &err), &err);
    assert_ok(bl_tcp_listen(NULL, 0, &reserved, &err), &err);
    assert_ok(bl_tcp_port(reserved, &t.listen_port, &err), &err);
    bl_fd_close(&reserved);
    pid_t client = fork();
    if (client == 0)
        _exit(ask_from_outside(t.listen_port));
    pid_t server = fork();
    if (server == 0)
        _exit(answer_inside(listener));
    assert_ends_with(&t, 43);
    assert_int_equal(waitpid(client, &status, 0), client);
    assert_int_equal(status, 0);
    assert_int_equal(waitpid(server, &status, 0), server);
    assert_int_equal(status, 0);
    bl_secret_done(&t.key);
}

/* The program's profile has no ptrace, by which leaks are looked for; and one trial dies by SIGSEGV. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "detect_leaks=0:handle_segv=0";
}

static int
agent_main(void)
{
    const struct bl_agent_plan plan = { .tpm_fd = BL_AGENT_FD_TPM,
                                        .relay_fd = BL_AGENT_FD_RELAY,
                                        .control_fd = BL_AGENT_FD_CONTROL,
                                        .state_directory = BL_AGENT_STATE_DIRECTORY,
                                        .secret_directory = BL_ENCLAVE_SECRET_DIRECTORY };
    struct bulla_error err = { 0 };
    int code = bl_agent_run(&plan, &err);

    if (err.status != BULLA_OK)
        fprintf(stderr, "bulla-agent: BL-%04u: %s: %s %lu\n", (unsigned)err.cause, err.where,
                err.what, err.detail);
    return code;
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_the_programs_world),
        test_in_directory(test_codes_of_the_end),
        test_in_directory(test_sealed_files_survive_the_enclave),
        test_in_directory(test_kill_loses_no_acknowledged_write),
        test_in_directory(test_files_bound_to_the_code),
        test_in_directory(test_a_missing_volume_is_no_first_start),
        test_in_directory(test_nothing_starts_that_lacks_something),
        test_in_directory(test_a_stubborn_program_is_killed),
        test_in_directory(test_both_ways_of_the_network),
    };

    if (strcmp(argv[0], BL_ENCLAVE_AGENT_PATH) == 0) {
        bl_tpm_quiet_libraries();
        return agent_main();
    }
    if (strcmp(argv[0], "/bin/a") == 0)
        return entry_main(argc > 1 ? argv[1] : "");
    bl_tpm_quiet_libraries();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

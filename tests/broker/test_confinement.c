/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each process of the broker can no longer do, tried in each; and that it can do its work.
 */
#include "sys/directory.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "broker/audit.h"
#include "broker/confinement.h"
#include "store/store.h"
#include "sys/child.h"
#include "sys/sandbox.h"

enum profile { GATE, VAULT, APPRAISER, PROFILE_COUNT };

static const char *const profile_words[] = { "gate", "vault", "appraiser" };

static enum bulla_status
confine(enum profile profile, struct bulla_error *err)
{
    switch (profile) {
    case GATE:
        return bl_confine_gate(err);
    case VAULT:
        return bl_confine_vault(test_directory, err);
    case APPRAISER:
        return bl_confine_appraiser(err);
    case PROFILE_COUNT:
        break;
    }
    return BULLA_E_ARGUMENT;
}

/* -- what is forbidden: true if it was done all the same ----------------------------------------- */

static bool
opens_a_file(void)
{
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    return fd >= 0;
}

static bool
makes_a_file(void)
{
    int fd = open("/tmp/bulla-test-should-not-be", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0)
        unlink("/tmp/bulla-test-should-not-be");
    return fd >= 0;
}

static bool
makes_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool
runs_a_program(void)
{
    char name[] = "true";
    char *arguments[] = { name, NULL };

    execve("/bin/true", arguments, NULL);
    return false; /* it came back: refused. A success is seen by the exit code */
}

static bool
forks(void)
{
    return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) >= 0;
}

static bool
traces(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool
mounts(void)
{
    return syscall(SYS_unshare, 0x10000000) == 0; /* CLONE_NEWUSER */
}

static bool
signals_another(void)
{
    return kill(getppid(), 0) == 0;
}

static bool
becomes_another(void)
{
    return syscall(SYS_setuid, 1) == 0;
}

static bool (*const forbidden[])(void) = { opens_a_file,   makes_a_file,    makes_a_socket,
                                           runs_a_program, forks,           traces,
                                           mounts,         signals_another, becomes_another };

struct attempt {
    enum profile profile;
    bool (*try)(void);
};

#define NOT_CONFINED 3
#define DONE_ALL_THE_SAME 4
#define REFUSED 5

static int
attempt_child(void *context)
{
    const struct attempt *attempt = context;
    struct bulla_error err = { 0 };

    if (confine(attempt->profile, &err) != BULLA_OK)
        return NOT_CONFINED;
    return attempt->try() ? DONE_ALL_THE_SAME : REFUSED;
}

static void
test_what_is_forbidden_kills_or_fails(void **state)
{
    (void)state;

    for (enum profile profile = GATE; profile < PROFILE_COUNT; profile++) {
        for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
            struct attempt attempt = { profile, forbidden[i] };
            int end = run_child(attempt_child, &attempt);
            /* Without landlock the vault's system calls alone cannot tell one file from another. */
            bool files = forbidden[i] == opens_a_file || forbidden[i] == makes_a_file;
            if (profile == VAULT && files && bl_sandbox_landlock_abi() == 0) {
                print_message("# no landlock: the vault's files are not confined here\n");
                continue;
            }
            if (end != REFUSED && end != -SIGSYS)
                print_message("# %s, attempt %zu: %d\n", profile_words[profile], i, end);
            assert_true(end == REFUSED || end == -SIGSYS);
        }
    }
}

/* -- what is needed ------------------------------------------------------------------------------ */

static void *
add_one(void *argument)
{
    ++*(int *)argument;
    return NULL;
}

static int
run_threads(void)
{
    pthread_t threads[8];
    int numbers[8] = { 0 };

    for (int i = 0; i < 8; i++)
        CHILD_CHECK(pthread_create(&threads[i], NULL, add_one, &numbers[i]) == 0);
    for (int i = 0; i < 8; i++)
        CHILD_CHECK(pthread_join(threads[i], NULL) == 0 && numbers[i] == 1);
    return 0;
}

/* Keys as the vault holds them, store and audit log open; then confined; then at work. */
static int
work_as_vault(void *context)
{
    struct bulla_error err = { 0 };
    struct bl_store *store = NULL;
    struct bl_audit *audit = NULL;
    struct bl_key *audit_key = NULL;
    struct bl_key *root = NULL;

    (void)context;
    CHILD_CHECK(bl_key_generate(BL_KEY_ED25519, &audit_key, &err) == BULLA_OK);
    CHILD_CHECK(bl_key_generate(BL_KEY_ED25519, &root, &err) == BULLA_OK);
    CHILD_CHECK(bl_store_open_sqlite(test_path(0, "store.db"), BL_STORE_CREATE, &store, &err) ==
                BULLA_OK);
    CHILD_CHECK(bl_audit_open(test_directory, true, audit_key, root, &audit, &err) == BULLA_OK);
    CHILD_CHECK(bl_confine_vault(test_directory, &err) == BULLA_OK);
    for (int i = 0; i < 50; i++) {
        const struct bl_store_value values[] = { bl_store_text(BL_LITERAL("default")),
                                                 bl_store_bytes((struct bulla_bytes){
                                                     (const uint8_t *)&i, sizeof i }),
                                                 bl_store_integer(i) };
        CHILD_CHECK(bl_store_begin(store, &err) == BULLA_OK);
        CHILD_CHECK(bl_store_run(store,
                                 "INSERT INTO wrap_keys (tenant, hash, used_s) VALUES (?, ?, ?)",
                                 values, 3, NULL, &err) == BULLA_OK);
        CHILD_CHECK(bl_audit_append(audit, i, "worked", NULL, 0, &err) == BULLA_OK);
        CHILD_CHECK(bl_store_commit(store, &err) == BULLA_OK);
    }
    struct bl_key *fresh = NULL; /* an upload key, and a signature */
    BL_AUTO(bulla_buffer) signature = { 0 };
    const struct bulla_bytes message = BL_LITERAL("message");
    CHILD_CHECK(bl_key_generate(BL_KEY_X25519, &fresh, &err) == BULLA_OK);
    CHILD_CHECK(bl_key_sign(root, &message, 1, &signature, &err) == BULLA_OK);
    CHILD_CHECK(run_threads() == 0);
    bl_audit_free(audit);
    bl_store_free(store);
    return 0;
}

static int
work_as_gate(void *context)
{
    struct bulla_error err = { 0 };
    int pair[2];
    char byte = 0;

    (void)context;
    CHILD_CHECK(bl_confine_gate(&err) == BULLA_OK);
    CHILD_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    CHILD_CHECK(send(pair[0], "x", 1, MSG_NOSIGNAL) == 1 && recv(pair[1], &byte, 1, 0) == 1);
    CHILD_CHECK(byte == 'x');
    return run_threads();
}

static int
work_as_appraiser(void *context)
{
    struct bulla_error err = { 0 };
    uint8_t digest[32];

    (void)context;
    /* libcrypto looks its algorithms up at their first use */
    CHILD_CHECK(bl_hash_once(BL_SHA256, BL_LITERAL("x"), digest, &err) == BULLA_OK);
    CHILD_CHECK(bl_confine_appraiser(&err) == BULLA_OK);
    for (size_t size = 1; size < (size_t)8 << 20; size *= 2) {
        void *memory = bl_alloc(size, 1);
        CHILD_CHECK(memory != NULL);
        bl_free(memory);
    }
    CHILD_CHECK(bl_hash_once(BL_SHA256, BL_LITERAL("y"), digest, &err) == BULLA_OK);
    void *too_much = bl_alloc((size_t)600 << 20, 1);
    CHILD_CHECK(too_much == NULL); /* RLIMIT_AS */
    return 0;
}

static void
test_each_can_do_its_work(void **state)
{
    (void)state;

    assert_int_equal(run_child(work_as_vault, NULL), 0);
    assert_int_equal(run_child(work_as_gate, NULL), 0);
    assert_int_equal(run_child(work_as_appraiser, NULL), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_what_is_forbidden_kills_or_fails),
        test_in_directory(test_each_can_do_its_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

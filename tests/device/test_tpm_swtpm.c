/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same code against a TPM in another process: swtpm on a private Unix socket.
 */
#include "tpm_fixture.h"

#include "folder.h"

#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET BL_LITERAL("sealed to swtpm")
#define NO_PIN ((struct bulla_bytes){ 0 })

extern char **environ;

struct swtpm {
    char directory[64];
    char path[96];
    pid_t pid; /* 0: none */
};

static bool
swtpm_start(struct swtpm *swtpm)
{
    char state_option[96], server_option[128];
    char words[][32] = { "swtpm",
                         "socket",
                         "--tpm2",
                         "--tpmstate",
                         "--server",
                         "--flags",
                         "not-need-init,startup-clear" };
    char *const arguments[] = { words[0], words[1],      words[2], words[3], state_option,
                                words[4], server_option, words[5], words[6], NULL };

    snprintf(state_option, sizeof state_option, "dir=%s", swtpm->directory);
    snprintf(server_option, sizeof server_option, "type=unixio,path=%s", swtpm->path);
    if (posix_spawnp(&swtpm->pid, "swtpm", NULL, NULL, arguments, environ) != 0) {
        swtpm->pid = 0;
        return false;
    }
    for (int i = 0; i < 500 && access(swtpm->path, F_OK) != 0; i++)
        usleep(10000);
    return true;
}

static void
swtpm_stop(struct swtpm *swtpm)
{
    if (swtpm->pid > 0) {
        kill(swtpm->pid, SIGTERM);
        waitpid(swtpm->pid, NULL, 0);
    }
    swtpm->pid = 0;
    unlink(swtpm->path);
}

static int
setup(void **state)
{
    static struct swtpm swtpm;

    bl_tpm_quiet_libraries();
    swtpm = (struct swtpm){ 0 };
    if (make_folder(swtpm.directory, sizeof swtpm.directory) != 0)
        return -1;
    snprintf(swtpm.path, sizeof swtpm.path, "%s/tpm", swtpm.directory);
    *state = &swtpm;
    return 0;
}

static int
teardown(void **state)
{
    struct swtpm *swtpm = *state;
    char file[128];

    swtpm_stop(swtpm);
    snprintf(file, sizeof file, "%s/tpm2-00.permall", swtpm->directory);
    unlink(file);
    snprintf(file, sizeof file, "%s/.lock", swtpm->directory);
    unlink(file);
    return rmdir(swtpm->directory);
}

static struct bl_tpm *
connect_or_skip(struct swtpm *swtpm)
{
    struct bulla_error err = { 0 };
    struct bl_tpm *tpm = NULL;
    struct bl_tpm_target target = { .socket_path = swtpm->path, .timeout_ms = 30000 };

    if (swtpm->pid == 0 && !swtpm_start(swtpm)) {
        assert_null(getenv("CI")); /* where nothing may be skipped */
        print_message("# swtpm is not installed\n");
        skip();
    }
    enum bulla_status status = BULLA_E_UNAVAILABLE;
    for (int i = 0; i < 100 && status != BULLA_OK; i++) { /* the path exists before it listens */
        bulla_error_clear(&err);
        status = bl_tpm_open(&target, &tpm, &err);
        if (status != BULLA_OK)
            usleep(20000);
    }
    assert_ok(status, &err);
    return tpm;
}

static void
test_seal_and_unseal(void **state)
{
    struct swtpm *swtpm = *state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_tpm) tpm = connect_or_skip(swtpm);
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };
    static const uint8_t digest[32] = { 3 };
    struct bl_tpm_policy policy = policy_now(tpm, 1 << 7 | 1 << 23, &values);

    policy.with_pin = true;
    assert_ok(bl_tpm_seal(tpm, SECRET, &policy, BL_LITERAL("1234"), &sealed, &err), &err);
    assert_nothing_loaded(tpm);
    assert_ok(bl_tpm_unseal(tpm, &sealed, &policy, BL_LITERAL("1234"), &secret, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&secret), SECRET);
    bl_secret_done(&secret);
    assert_cause(bl_tpm_unseal(tpm, &sealed, &policy, BL_LITERAL("12345"), &secret, &err),
                 BULLA_CAUSE_WRONG_PASSPHRASE, &err);
    bulla_error_clear(&err);
    assert_ok(bl_tpm_pcr_extend(tpm, 23, digest, &err), &err);
    assert_cause(bl_tpm_unseal(tpm, &sealed, &policy, BL_LITERAL("1234"), &secret, &err),
                 BULLA_CAUSE_PCR_CHANGED, &err);
    assert_int_equal(err.offset, 23);
    assert_nothing_loaded(tpm);
}

static void
test_it_opens_after_a_restart_and_not_elsewhere(void **state)
{
    struct swtpm *swtpm = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm *tpm = connect_or_skip(swtpm);
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };
    struct bl_tpm_policy policy = { 0 };
    struct fixture other = { 0 };

    assert_ok(bl_tpm_seal(tpm, SECRET, &policy, NO_PIN, &sealed, &err), &err);
    bl_tpm_free(tpm);
    swtpm_stop(swtpm);
    tpm = connect_or_skip(swtpm);
    assert_ok(bl_tpm_unseal(tpm, &sealed, &policy, NO_PIN, &secret, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&secret), SECRET);
    bl_secret_done(&secret);
    bl_tpm_free(tpm);

    fixture_open(&other);
    assert_cause(bl_tpm_unseal(other.tpm, &sealed, &policy, NO_PIN, &secret, &err),
                 BULLA_CAUSE_WRONG_TPM, &err);
    fixture_close(&other);
    bl_secret_done(&other.store.state);
}

static void
test_attestation_and_counters(void **state)
{
    struct swtpm *swtpm = *state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_tpm) tpm = connect_or_skip(swtpm);
    BL_AUTO(bl_tpm_key) ak = { 0 };
    BL_AUTO(bulla_buffer) ek = { 0 };
    BL_AUTO(bulla_buffer) attest = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    struct bl_tpm_name name = { 0 };
    uint64_t first = 0, second = 0;

    assert_ok(bl_tpm_ek_public(tpm, &ek, &err), &err);
    assert_ok(bl_tpm_ak_create(tpm, &ak, &err), &err);
    assert_ok(bl_tpm_quote(tpm, &ak, (struct bl_pcr_selection){ .bank = BL_SHA256, .mask = 1 << 7 },
                           BL_LITERAL("nonce"), &attest, &signature, &err),
              &err);
    assert_ok(bl_tpm_counter_define(tpm, 0x01800001, &err), &err);
    assert_ok(bl_tpm_counter_increment(tpm, 0x01800001, &first, &err), &err);
    assert_ok(bl_tpm_counter_increment(tpm, 0x01800001, &second, &err), &err);
    assert_int_equal(second, first + 1);
    assert_ok(bl_tpm_nv_write_once(tpm, 0x01800002, BL_LITERAL("12345678"),
                                   BL_TPM_NV_LOCKED_UNTIL_START, &err),
              &err);
    assert_ok(bl_tpm_nv_name(tpm, 0x01800002, &name, &err), &err);
    assert_int_equal(name.size, 34);
    assert_nothing_loaded(tpm);
}

static void
test_a_tpm_that_dies(void **state)
{
    struct swtpm *swtpm = *state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_tpm) tpm = connect_or_skip(swtpm);
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    struct bl_tpm_policy policy = { 0 };

    swtpm_stop(swtpm);
    assert_fails(bl_tpm_seal(tpm, SECRET, &policy, NO_PIN, &sealed, &err), BULLA_E_IO, &err);
}

#define with_swtpm(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_swtpm(test_seal_and_unseal),
        with_swtpm(test_it_opens_after_a_restart_and_not_elsewhere),
        with_swtpm(test_attestation_and_counters),
        with_swtpm(test_a_tpm_that_dies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

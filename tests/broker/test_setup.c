/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's state with a whole TPM in this process: made once, opened ever after; what is missing
 * is never made anew; a first start that fails anywhere leaves all of it or nothing.
 */
#include "sys/directory.h"

#include "device/tpm_fixture.h"

#include "broker/setup.h"
#include "keys/identity.h"
#include "sys/file.h"

static struct fixture tpm;

static enum bulla_status
open_tpm(void *context, struct bl_tpm **tpm_out, struct bulla_error *err)
{
    (void)err;
    (void)context;
    *tpm_out = tpm.tpm;
    return BULLA_OK;
}

static void
close_tpm(void *context)
{
    (void)context;
}

static char state_path[TEST_PATH_SIZE];
static char admin_path[TEST_PATH_SIZE];
static char recovery_path[TEST_PATH_SIZE];

static struct bl_broker_options
options(void)
{
    snprintf(state_path, sizeof state_path, "%s/state", test_directory);
    snprintf(admin_path, sizeof admin_path, "%s/admin", test_directory);
    snprintf(recovery_path, sizeof recovery_path, "%s/recovery", test_directory);
    return (struct bl_broker_options){ .state_directory = state_path,
                                       .admin_key_path = admin_path,
                                       .recovery_path = recovery_path,
                                       .open_tpm = open_tpm,
                                       .close_tpm = close_tpm };
}

static int
setup(void **state)
{
    if (make_test_directory(state) != 0)
        return -1;
    bl_tpm_quiet_libraries();
    tpm = (struct fixture){ 0 };
    fixture_open(&tpm);
    return 0;
}

static int
teardown(void **state)
{
    (void)bl_fault_disarm();
    fixture_close(&tpm);
    bl_secret_done(&tpm.store.state);
    return remove_test_directory(state);
}

#define with_state(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static bool
exists(const char *path)
{
    struct stat information;

    return lstat(path, &information) == 0;
}

static enum bulla_status
start(const struct bl_broker_options *o, uint8_t id_out[BL_BROKER_ID_SIZE], bool *is_first_out,
      struct bulla_error *err)
{
    struct bl_vault vault = { 0 };
    enum bulla_status status = bl_vault_open(o, &vault, is_first_out, err);

    if (status == BULLA_OK && id_out != NULL)
        memcpy(id_out, vault.keys.broker_id, BL_BROKER_ID_SIZE);
    bl_vault_done(&vault);
    return status;
}

static void
test_the_second_start_is_the_same_broker(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_broker_options o = options();
    uint8_t first[BL_BROKER_ID_SIZE] = { 0 };
    uint8_t second[BL_BROKER_ID_SIZE] = { 0 };
    bool is_first = false;
    struct stat information;

    assert_ok(start(&o, first, &is_first, &err), &err);
    assert_true(is_first);
    assert_int_equal(stat(admin_path, &information), 0);
    assert_int_equal(information.st_mode & 07777, 0600);
    assert_int_equal(stat(recovery_path, &information), 0);
    assert_int_equal(information.st_mode & 07777, 0600);
    assert_int_equal(stat(state_path, &information), 0);
    assert_int_equal(information.st_mode & 07777, 0700);
    assert_ok(start(&o, second, &is_first, &err), &err);
    assert_false(is_first);
    assert_memory_equal(first, second, sizeof first);
}

static void
test_a_missing_part_is_never_made_anew(void **state)
{
    (void)state;
    static const char *const parts[] = { "root.bulla", "store.db", "audit.log", "audit.head" };
    bool is_first = false;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct bulla_error err = { 0 };
        struct bl_broker_options o = options();
        char path[2 * TEST_PATH_SIZE];
        char away[2 * TEST_PATH_SIZE];
        if (!exists(state_path) || i == 0)
            assert_ok(start(&o, NULL, &is_first, &err), &err);
        snprintf(path, sizeof path, "%s/broker/%s", state_path, parts[i]);
        snprintf(away, sizeof away, "%s/away", test_directory);
        assert_int_equal(rename(path, away), 0);
        is_first = false;
        assert_cause(start(&o, NULL, &is_first, &err),
                     i == 3 ? BULLA_CAUSE_AUDIT_HEAD_MISSING : BULLA_CAUSE_STORE_MISSING, &err);
        assert_false(is_first);
        assert_false(exists(path));
        assert_int_equal(rename(away, path), 0);
        bulla_error_clear(&err);
        assert_ok(start(&o, NULL, &is_first, &err), &err); /* and nothing was lost */
    }
}

static void
test_an_emptied_store_is_not_a_first_start(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_broker_options o = options();
    char path[2 * TEST_PATH_SIZE];
    bool is_first = false;

    assert_ok(start(&o, NULL, &is_first, &err), &err);
    snprintf(path, sizeof path, "%s/broker/store.db", state_path);
    assert_ok(bl_file_replace(path, 0600, BL_LITERAL(""), BL_FILE_REPLACE_EXISTING, &err), &err);
    is_first = false;
    assert_fails(start(&o, NULL, &is_first, &err), BULLA_E_INTEGRITY, &err);
    assert_false(is_first);
}

static void
test_the_store_of_another_broker(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_broker_options o = options();
    char path[2 * TEST_PATH_SIZE];
    struct bl_store *store = NULL;
    bool is_first = false;

    assert_ok(start(&o, NULL, &is_first, &err), &err);
    snprintf(path, sizeof path, "%s/broker/store.db", state_path);
    assert_ok(bl_store_open_sqlite(path, BL_STORE_MUST_EXIST, &store, &err), &err);
    assert_ok(bl_store_run(store, "UPDATE broker SET id = zeroblob(32)", NULL, 0, NULL, &err),
              &err);
    bl_store_free(store);
    assert_fails(start(&o, NULL, &is_first, &err), BULLA_E_INTEGRITY, &err);
}

static void
test_the_files_of_a_first_start_are_never_overwritten(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_broker_options o = options();
    bool is_first = false;
    BL_AUTO(bulla_buffer) content = { 0 };

    assert_ok(bl_file_replace(admin_path, 0600, BL_LITERAL("mine"), BL_FILE_KEEP_EXISTING, &err),
              &err);
    assert_fails(start(&o, NULL, &is_first, &err), BULLA_E_EXISTS, &err);
    bulla_error_clear(&err);
    assert_ok(bl_file_read(admin_path, 100, &content, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&content), BL_LITERAL("mine"));
    assert_false(exists(recovery_path));
    unlink(admin_path);
    assert_ok(start(&o, NULL, &is_first, &err), &err);
    assert_true(is_first);
}

static void
test_recovery_opens_on_another_machine(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_broker_options o = options();
    uint8_t first[BL_BROKER_ID_SIZE];
    uint8_t second[BL_BROKER_ID_SIZE];
    bool is_first = false;
    BL_AUTO(bl_secret) text = { 0 };
    BL_AUTO(bl_keyring) keys = { 0 };
    BL_AUTO_FREE(bl_key) other = NULL;

    assert_ok(start(&o, first, &is_first, &err), &err);
    fixture_close(&tpm); /* the machine is lost */
    bl_secret_done(&tpm.store.state);
    fixture_open(&tpm);
    assert_int_not_equal(start(&o, NULL, &is_first, &err), BULLA_OK);
    bulla_error_clear(&err);
    assert_ok(bl_key_generate(BL_KEY_X25519, &other, &err), &err);
    o.recovery_identity = other;
    assert_int_not_equal(start(&o, NULL, &is_first, &err), BULLA_OK);
    bulla_error_clear(&err);
    assert_ok(bl_file_read_secret(recovery_path, 4096, &text, &err), &err);
    assert_ok(bl_keyring_parse(bl_secret_bytes(&text), &keys, &err), &err);
    o.recovery_identity = keys.keys[0];
    assert_ok(start(&o, second, &is_first, &err), &err);
    assert_memory_equal(first, second, sizeof first);
    o.recovery_identity = NULL; /* it is sealed to this machine now */
    assert_ok(start(&o, second, &is_first, &err), &err);
    assert_false(is_first);
}

static void
first_start_fails(enum bl_fault kind, uint64_t step)
{
    bool reached = true;
    struct bl_broker_options o = options();
    char broker[2 * TEST_PATH_SIZE];
    uint64_t n = 1;

    snprintf(broker, sizeof broker, "%s/broker", state_path);
    for (; reached; n += step) {
        struct bulla_error err = { 0 };
        bool is_first = false;
        bl_fault_arm(kind, n, false);
        enum bulla_status status = start(&o, NULL, &is_first, &err);
        reached = bl_fault_disarm();
        assert_true(reached || status == BULLA_OK);
        /* All of it or nothing: with the state there are its two files, without it neither. */
        if (exists(broker) != exists(admin_path) || exists(broker) != exists(recovery_path))
            print_message("# call %d/%u: state %d, admin %d, recovery %d (%s: %s)\n", (int)kind,
                          (unsigned)n, exists(broker), exists(admin_path), exists(recovery_path),
                          err.where, err.what);
        assert_int_equal(exists(broker), exists(admin_path));
        assert_int_equal(exists(broker), exists(recovery_path));
        bulla_error_clear(&err);
        assert_ok(start(&o, NULL, &is_first, &err), &err);
        assert_int_equal(nftw(state_path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
        unlink(admin_path);
        unlink(recovery_path);
        assert_true(n < 400);
    }
    assert_true(n > 1 + step);
}

static void
test_a_first_start_that_fails_at_a_file(void **state)
{
    (void)state;
    first_start_fails(BL_FAULT_FILE, 1);
}

static void
test_a_first_start_that_fails_at_the_database(void **state)
{
    (void)state;
    first_start_fails(BL_FAULT_DATABASE, 3);
}

static void
test_a_first_start_that_fails_at_the_tpm(void **state)
{
    (void)state;
    first_start_fails(BL_FAULT_TPM, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_state(test_the_second_start_is_the_same_broker),
        with_state(test_a_missing_part_is_never_made_anew),
        with_state(test_an_emptied_store_is_not_a_first_start),
        with_state(test_the_store_of_another_broker),
        with_state(test_the_files_of_a_first_start_are_never_overwritten),
        with_state(test_recovery_opens_on_another_machine),
        with_state(test_a_first_start_that_fails_at_a_file),
        with_state(test_a_first_start_that_fails_at_the_database),
        with_state(test_a_first_start_that_fails_at_the_tpm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

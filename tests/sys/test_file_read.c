/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files read: no more than fits, regular ones only, and secrets of nobody else.
 */
#include "sys/file_fixture.h"

#include "base/fault.h"

static void
test_reads_what_fits(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "file");

    put(path, "twelve bytes", 0600);
    assert_ok(bl_file_read(path, 12, &content, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&content), BL_LITERAL("twelve bytes"));
    assert_fails(bl_file_read(path, 11, &content, &err), BULLA_E_LIMIT, &err);
    assert_fails(bl_file_read(test_path(1, "none"), 12, &content, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_file_read(path, BL_BUFFER_SIZE_MAX, &content, &err), BULLA_E_ARGUMENT, &err);
    assert_bytes_equal(bulla_buffer_bytes(&content), BL_LITERAL("twelve bytes"));
    put(path, "", 0600);
    assert_ok(bl_file_read(path, 0, &content, &err), &err);
    assert_int_equal(content.size, 0);
}

static void
test_reads_a_file_of_unknown_size(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_file_read("/proc/self/status", 65536, &content, &err), &err);
    assert_memory_equal(content.data, "Name:", 5);
}

static void
test_reads_only_regular_files(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bulla_error err = { 0 };
    const char *pipe_path = test_path(0, "pipe");

    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_fails(bl_file_read(pipe_path, 10, &content, &err), BULLA_E_DENIED, &err);
    assert_fails(bl_file_read("/dev/zero", 10, &content, &err), BULLA_E_DENIED, &err);
    assert_fails(bl_file_read(test_directory, 10, &content, &err), BULLA_E_DENIED, &err);
}

static void
test_reads_a_secret_of_our_own(void **state)
{
    (void)state;
    BL_AUTO(bl_secret) secret = { 0 };
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "key");

    put(path, "key bytes", 0600);
    assert_ok(bl_file_read_secret(path, 9, &secret, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&secret), BL_LITERAL("key bytes"));
    assert_fails(bl_file_read_secret(path, 8, &secret, &err), BULLA_E_LIMIT, &err);
    assert_fails(bl_file_read_secret(test_path(1, "none"), 9, &secret, &err), BULLA_E_NOT_FOUND,
                 &err);
    assert_bytes_equal(bl_secret_bytes(&secret), BL_LITERAL("key bytes"));
}

static void
test_refuses_a_secret_that_others_can_reach(void **state)
{
    (void)state;
    BL_AUTO(bl_secret) secret = { 0 };
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "key"), *other = test_path(1, "other");

    for (mode_t bit = 0001; bit <= 0040; bit = (mode_t)(bit << 1)) {
        put(path, "key bytes", 0600 | bit);
        assert_fails(bl_file_read_secret(path, 9, &secret, &err), BULLA_E_DENIED, &err);
    }
    put(path, "key bytes", 0600);
    assert_int_equal(symlink(path, other), 0);
    assert_fails(bl_file_read_secret(other, 9, &secret, &err), BULLA_E_DENIED, &err);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(link(path, other), 0);
    assert_fails(bl_file_read_secret(path, 9, &secret, &err), BULLA_E_DENIED, &err);
    assert_int_equal(unlink(other), 0);
    assert_fails(bl_file_read_secret(test_directory, 9, &secret, &err), BULLA_E_DENIED, &err);
    assert_null(secret.data);
    assert_ok(bl_file_read_secret(path, 9, &secret, &err), &err);
}

static void
test_refuses_a_secret_of_somebody_else(void **state)
{
    (void)state;
    BL_AUTO(bl_secret) secret = { 0 };
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "key");

    if (geteuid() != 0) {
        print_message("# skip: only root can give a file away\n");
        skip();
    }
    put(path, "key bytes", 0600);
    assert_int_equal(chown(path, 65534, 65534), 0);
    assert_fails(bl_file_read_secret(path, 9, &secret, &err), BULLA_E_DENIED, &err);
}

static void
test_every_failing_call_of_a_read_is_reported(void **state)
{
    (void)state;
    const char *path = test_path(0, "key");
    bool reached = true;

    put(path, "key bytes", 0600);
    for (uint64_t nth = 1; reached; nth++) {
        BL_AUTO(bulla_buffer) content = { 0 };
        BL_AUTO(bl_secret) secret = { 0 };
        struct bulla_error err = { 0 };
        bl_fault_arm(BL_FAULT_FILE, nth, false);
        enum bulla_status plain = bl_file_read(path, 100, &content, NULL);
        enum bulla_status status =
            plain != BULLA_OK ? plain : bl_file_read_secret(path, 100, &secret, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_IO : BULLA_OK);
        assert_int_equal(content.size, plain == BULLA_OK ? 9 : 0);
        assert_int_equal(secret.size, reached ? 0 : 9);
        assert_true(nth < FAULTS_MAX);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_reads_what_fits),
        cmocka_unit_test(test_reads_a_file_of_unknown_size),
        test_in_directory(test_reads_only_regular_files),
        test_in_directory(test_reads_a_secret_of_our_own),
        test_in_directory(test_refuses_a_secret_that_others_can_reach),
        test_in_directory(test_refuses_a_secret_of_somebody_else),
        test_in_directory(test_every_failing_call_of_a_read_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

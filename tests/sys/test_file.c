/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files written: whole or not at all, whatever fails; directories; locks.
 */
#include "sys/file_fixture.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "sys/clock.h"

static unsigned
count_entries(void)
{
    char command[TEST_PATH_SIZE];
    unsigned count = 0;

    snprintf(command, sizeof command, "ls -A %s | wc -l", test_directory);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%u", &count), 1);
    pclose(pipe);
    return count;
}

static void
assert_content(const char *path, struct bulla_bytes expected)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_file_read(path, 1 << 20, &content, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&content), expected);
}

static void
test_replaces_and_keeps(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "file");
    struct stat status;

    assert_ok(bl_file_replace(path, 0600, BL_LITERAL("one"), BL_FILE_KEEP_EXISTING, &err), &err);
    assert_content(path, BL_LITERAL("one"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_fails(bl_file_replace(path, 0600, BL_LITERAL("two"), BL_FILE_KEEP_EXISTING, &err),
                 BULLA_E_EXISTS, &err);
    assert_content(path, BL_LITERAL("one"));
    assert_ok(bl_file_replace(path, 0400, BL_LITERAL(""), BL_FILE_REPLACE_EXISTING, &err), &err);
    assert_content(path, BL_LITERAL(""));
    assert_int_equal(count_entries(), 1);
}

/* With a temporary name from the start, as on a file system without files that have none: the call
 * that makes one is the third. */
static void
open_named(struct bl_file_new *file, const char *path, enum bl_file_existing existing)
{
    struct bulla_error err = { 0 };

    bl_fault_arm(BL_FAULT_FILE, 3, false);
    assert_ok(bl_file_new_open(file, path, 0600, existing, &err), &err);
    assert_true(bl_fault_disarm());
    assert_non_null(file->temporary);
}

/* Can a file be without a name here? */
static bool
can_be_unnamed(void)
{
    BL_AUTO_FD fd = open(test_directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0)
        print_message("# no file without a name on this file system\n");
    return fd >= 0;
}

static void
open_either(struct bl_file_new *file, const char *path, enum bl_file_existing existing, bool named)
{
    struct bulla_error err = { 0 };

    if (named)
        open_named(file, path, existing);
    else
        assert_ok(bl_file_new_open(file, path, 0600, existing, &err), &err);
}

static void
test_a_file_has_no_name_before_its_commit(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "file");
    const bool unnamed = can_be_unnamed();

    for (int round = 0; round < 2; round++) { /* nothing there, then something to be replaced */
        BL_AUTO(bl_file_new) file = BL_FILE_NEW_NONE;
        struct stat status;
        assert_ok(bl_file_new_open(&file, path, 0640, BL_FILE_REPLACE_EXISTING, &err), &err);
        assert_int_equal(file.temporary == NULL, unnamed);
        assert_ok(bl_fd_write(file.fd, round == 0 ? BL_LITERAL("one") : BL_LITERAL("two"), &err),
                  &err);
        assert_int_equal(count_entries(), (unnamed ? 0 : 1) + round);
        assert_ok(bl_file_new_commit(&file, &err), &err);
        assert_content(path, round == 0 ? BL_LITERAL("one") : BL_LITERAL("two"));
        assert_int_equal(count_entries(), 1);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0640);
        assert_int_equal(status.st_nlink, 1);
    }
}

/* Every call of open, write and commit in turn: the old content or the new, and no third file. */
static void
test_every_failing_call_of_a_commit(void **state)
{
    (void)state;
    const char *path = test_path(0, "file");
    static const enum bl_fault kinds[] = { BL_FAULT_FILE, BL_FAULT_MEMORY, BL_FAULT_RANDOM };

    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        for (int replace = 0; replace < 2; replace++) {
            bool reached = true;
            for (uint64_t nth = 1; reached; nth++) {
                BL_AUTO(bl_file_new) file = BL_FILE_NEW_NONE;
                struct bulla_error err = { 0 };
                unlink(path);
                if (replace == 1)
                    put(path, "old", 0600);
                bl_fault_arm(kinds[kind], nth, false);
                enum bulla_status status = bl_file_new_open(
                    &file, path, 0600,
                    replace == 1 ? BL_FILE_REPLACE_EXISTING : BL_FILE_KEEP_EXISTING, &err);
                if (status == BULLA_OK)
                    status = bl_fd_write(file.fd, BL_LITERAL("new"), &err);
                if (status == BULLA_OK)
                    status = bl_file_new_commit(&file, &err);
                reached = bl_fault_disarm();
                bl_file_new_done(&file);
                if (status == BULLA_OK || status == BULLA_E_OUTCOME_UNKNOWN)
                    assert_content(path, BL_LITERAL("new"));
                else if (replace == 1)
                    assert_content(path, BL_LITERAL("old"));
                else
                    assert_int_not_equal(access(path, F_OK), 0);
                assert_int_equal(count_entries(), access(path, F_OK) == 0 ? 1 : 0);
                assert_true(nth < 50);
            }
        }
    }
    unlink(path);
}

static void
keeps_one_that_appeared_meanwhile(bool named)
{
    BL_AUTO(bl_file_new) file = BL_FILE_NEW_NONE;
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "file");

    unlink(path);
    open_either(&file, path, BL_FILE_KEEP_EXISTING, named);
    assert_ok(bl_fd_write(file.fd, BL_LITERAL("ours"), &err), &err);
    put(path, "theirs", 0600);
    assert_fails(bl_file_new_commit(&file, &err), BULLA_E_EXISTS, &err);
    assert_content(path, BL_LITERAL("theirs"));
    assert_int_equal(count_entries(), 1);
    assert_fails(bl_file_new_commit(&file, &err), BULLA_E_ARGUMENT, &err);
}

static void
test_keeps_one_that_appeared_meanwhile(void **state)
{
    (void)state;
    keeps_one_that_appeared_meanwhile(/* named= */ false);
    keeps_one_that_appeared_meanwhile(/* named= */ true);
}

static void
test_abandoned_leaves_nothing(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "file");

    put(path, "old", 0600);
    {
        BL_AUTO(bl_file_new) file = BL_FILE_NEW_NONE;
        open_named(&file, path, BL_FILE_REPLACE_EXISTING);
        assert_ok(bl_fd_write(file.fd, BL_LITERAL("new"), &err), &err);
        assert_int_equal(count_entries(), 2);
    }
    assert_content(path, BL_LITERAL("old"));
    assert_int_equal(count_entries(), 1);
    struct bl_file_new zeroed = { 0 };
    bl_file_new_done(&zeroed); /* must not take 0 for a descriptor */
    assert_true(fcntl(0, F_GETFD) >= 0);
}

static void
test_replaces_regular_files_only(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "file"), *other = test_path(1, "other");
    struct stat status;

    put(other, "linked", 0600);
    assert_int_equal(symlink(other, path), 0);
    assert_fails(bl_file_replace(path, 0600, BL_LITERAL("x"), BL_FILE_REPLACE_EXISTING, &err),
                 BULLA_E_EXISTS, &err);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_content(other, BL_LITERAL("linked"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_fails(bl_file_replace(path, 0600, BL_LITERAL("x"), BL_FILE_REPLACE_EXISTING, &err),
                 BULLA_E_EXISTS, &err);
    assert_fails(
        bl_file_replace(test_directory, 0600, BL_LITERAL("x"), BL_FILE_REPLACE_EXISTING, &err),
        BULLA_E_EXISTS, &err);
    const char *const names[] = { "", "/", ".", "..", "a/", "a/.", "a/.." };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_fails(
            bl_file_replace(names[i], 0600, BL_LITERAL("x"), BL_FILE_REPLACE_EXISTING, &err),
            BULLA_E_USAGE, &err);
    assert_fails(bl_file_replace(test_path(2, "none/file"), 0600, BL_LITERAL("x"),
                                 BL_FILE_REPLACE_EXISTING, &err),
                 BULLA_E_NOT_FOUND, &err);
}

/* For every call of a replace that can fail: the old content or the new one, and the result says
 * which. Once and for ever, as a broken disk does. */
static void
every_failing_call(bool forever, enum bl_file_existing existing)
{
    const char *path = test_path(0, "file");
    unsigned unknown = 0, tolerated = 0;
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        struct bulla_error err = { 0 };
        unlink(path);
        if (existing == BL_FILE_REPLACE_EXISTING)
            put(path, "old", 0600);
        bl_fault_arm(BL_FAULT_FILE, nth, forever);
        enum bulla_status status = bl_file_replace(path, 0600, BL_LITERAL("new"), existing, &err);
        reached = bl_fault_disarm();
        assert_int_equal(err.status, status);
        if (!reached)
            assert_int_equal(status, BULLA_OK);
        if (status == BULLA_OK || status == BULLA_E_OUTCOME_UNKNOWN)
            assert_content(path, BL_LITERAL("new"));
        else if (existing == BL_FILE_REPLACE_EXISTING)
            assert_content(path, BL_LITERAL("old"));
        else
            assert_int_equal(access(path, F_OK), -1);
        assert_int_equal(count_entries(), access(path, F_OK) == 0 ? 1 : 0);
        unknown += status == BULLA_E_OUTCOME_UNKNOWN ? 1 : 0;
        tolerated += reached && status == BULLA_OK ? 1 : 0;
        assert_true(nth < FAULTS_MAX);
    }
    assert_int_equal(tolerated, forever ? 0 : 2); /* locking the temporary; seeing that it worked */
    assert_int_equal(unknown, 1);                 /* exactly the directory's fsync */
}

static void
test_every_failing_call_of_a_replace(void **state)
{
    (void)state;
    every_failing_call(false, BL_FILE_REPLACE_EXISTING);
    every_failing_call(true, BL_FILE_REPLACE_EXISTING);
    every_failing_call(false, BL_FILE_KEEP_EXISTING);
    every_failing_call(true, BL_FILE_KEEP_EXISTING);
}

static void
test_every_failing_allocation_of_a_replace(void **state)
{
    (void)state;
    const char *path = test_path(0, "file");
    bool reached = true;

    put(path, "old", 0600);
    for (uint64_t nth = 1; reached; nth++) {
        bl_fault_arm(BL_FAULT_MEMORY, nth, true);
        enum bulla_status status =
            bl_file_replace(path, 0600, BL_LITERAL("new"), BL_FILE_REPLACE_EXISTING, NULL);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_MEMORY : BULLA_OK);
        assert_content(path, reached ? BL_LITERAL("old") : BL_LITERAL("new"));
        assert_int_equal(count_entries(), 1);
        assert_true(nth < FAULTS_MAX);
    }
}

static void
test_no_random_no_file(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    bl_fault_arm(BL_FAULT_RANDOM, 1, false);
    assert_fails(bl_file_replace(test_path(0, "file"), 0600, BL_LITERAL("x"),
                                 BL_FILE_REPLACE_EXISTING, &err),
                 BULLA_E_IO, &err);
    assert_true(bl_fault_disarm());
    assert_int_equal(count_entries(), 0);
}

static void
test_writes_and_reads_through_short_pipes(void **state)
{
    (void)state;
    static uint8_t sent[300000], got[300001];
    int ends[2];
    struct bulla_error err = { 0 };
    size_t size = 0;

    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        _exit(bl_fd_write(ends[1], BL_BYTES_OF(sent), NULL) == BULLA_OK ? 0 : 1);
    }
    close(ends[1]);
    assert_ok(bl_fd_read(ends[0], got, sizeof got, &size, &err), &err);
    close(ends[0]);
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_int_equal(size, sizeof sent);
    assert_memory_equal(got, sent, sizeof sent);
}

static void
test_makes_directories(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "a/b/c");
    struct stat status;

    assert_ok(bl_directory_make(path, 0700, &err), &err);
    assert_ok(bl_directory_make(test_path(1, "a/b/c//"), 0700, &err), &err);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    put(test_path(2, "file"), "", 0600);
    assert_fails(bl_directory_make(test_path(2, "file"), 0700, &err), BULLA_E_DENIED, &err);
    assert_fails(bl_directory_make(test_path(2, "file/x"), 0700, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_directory_make("", 0700, &err), BULLA_E_USAGE, &err);
    assert_int_equal(symlink(path, test_path(3, "link")), 0);
    assert_fails(bl_directory_make(test_path(3, "link"), 0700, &err), BULLA_E_DENIED, &err);
    assert_int_equal(chmod(path, 0720), 0);
    assert_fails(bl_directory_make(path, 0700, &err), BULLA_E_DENIED, &err);
    assert_ok(bl_directory_make(path, 0720, &err), &err);
    if (geteuid() != 0)
        assert_fails(bl_directory_make("/usr", 0755, &err), BULLA_E_DENIED, &err);
    else
        assert_int_equal(chown(path, 65534, 65534), 0);
    if (geteuid() == 0)
        assert_fails(bl_directory_make(path, 0777, &err), BULLA_E_DENIED, &err);
}

static void
test_every_failing_call_of_a_directory(void **state)
{
    (void)state;
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        rmdir(test_path(0, "a/b"));
        rmdir(test_path(1, "a"));
        bl_fault_arm(BL_FAULT_FILE, nth, false);
        enum bulla_status status = bl_directory_make(test_path(0, "a/b"), 0700, NULL);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_IO : BULLA_OK);
        assert_ok(bl_directory_make(test_path(0, "a/b"), 0700, NULL), &(struct bulla_error){ 0 });
        assert_true(nth < FAULTS_MAX);
    }
}

static void
test_sweeps_leftovers_only(void **state)
{
    (void)state;
    BL_AUTO(bl_file_new) living = BL_FILE_NEW_NONE;
    struct bulla_error err = { 0 };

    put(test_path(0, ".bulla-0123456789abcdef.tmp"), "dead", 0600);
    put(test_path(0, ".bulla-0123456789abcdef.txt"), "other", 0600);
    put(test_path(0, "bulla-00123456789abcdef.tmp"), "other", 0600);
    assert_int_equal(symlink("x", test_path(0, ".bulla-1123456789abcdef.tmp")), 0);
    open_named(&living, test_path(1, "file"), BL_FILE_KEEP_EXISTING);
    assert_ok(bl_directory_sweep(test_directory, &err), &err);
    assert_int_equal(count_entries(), 4);
    assert_ok(bl_fd_write(living.fd, BL_LITERAL("alive"), &err), &err);
    assert_ok(bl_file_new_commit(&living, &err), &err);
    assert_content(test_path(1, "file"), BL_LITERAL("alive"));
    assert_fails(bl_directory_sweep(test_path(0, "none"), &err), BULLA_E_NOT_FOUND, &err);
    bl_fault_arm(BL_FAULT_FILE, 1, false);
    assert_fails(bl_directory_sweep(test_directory, &err), BULLA_E_IO, &err);
    assert_true(bl_fault_disarm());
}

static void
test_lock_excludes_until_it_is_released(void **state)
{
    (void)state;
    struct bl_file_lock first = BL_FILE_LOCK_NONE, second = BL_FILE_LOCK_NONE;
    struct bulla_error err = { 0 };
    const char *path = test_path(0, "lock");

    assert_ok(bl_file_lock_take(&first, path, 0, &err), &err);
    int64_t before = bl_clock_monotonic_ms();
    assert_fails(bl_file_lock_take(&second, path, 50, &err), BULLA_E_BUSY, &err);
    assert_true(bl_clock_monotonic_ms() - before >= 49);
    assert_int_equal(second.fd, -1);
    bl_file_lock_done(&first);
    assert_ok(bl_file_lock_take(&second, path, 0, &err), &err);
    bl_file_lock_done(&second);
    bl_file_lock_done(&second);
    assert_int_equal(symlink(path, test_path(1, "link")), 0);
    assert_fails(bl_file_lock_take(&first, test_path(1, "link"), 0, &err), BULLA_E_DENIED, &err);
    assert_int_equal(mkfifo(test_path(1, "pipe"), 0600), 0);
    assert_fails(bl_file_lock_take(&first, test_path(1, "pipe"), 0, &err), BULLA_E_DENIED, &err);
}

/* A file that is changed in place is one opener's at a time, and is not made by being opened. */
static void
test_a_file_opened_to_be_changed(void **state)
{
    (void)state;
    const char *path = test_path(0, "changed");
    BL_AUTO_FD first = -1;
    BL_AUTO_FD second = -1;
    struct bulla_error err = { 0 };

    assert_fails(bl_file_open_locked(path, 0, &first, &err), BULLA_E_NOT_FOUND, &err);
    assert_ok(bl_file_replace(path, 0600, BL_LITERAL("old"), BL_FILE_KEEP_EXISTING, &err), &err);
    assert_ok(bl_file_open_locked(path, 0, &first, &err), &err);
    assert_fails(bl_file_open_locked(path, 30, &second, &err), BULLA_E_BUSY, &err);
    /* replaced while it is held: the new one is free */
    assert_ok(bl_file_replace(path, 0600, BL_LITERAL("new"), BL_FILE_REPLACE_EXISTING, &err), &err);
    assert_ok(bl_file_open_locked(path, 0, &second, &err), &err);
    bl_fd_close(&second);
    assert_int_equal(symlink(path, test_path(1, "to-be-changed")), 0);
    assert_int_not_equal(bl_file_open_locked(test_path(1, "to-be-changed"), 0, &second, NULL),
                         BULLA_OK);
}

static void
test_every_failing_call_of_a_lock(void **state)
{
    (void)state;
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        struct bl_file_lock lock = BL_FILE_LOCK_NONE;
        bl_fault_arm(BL_FAULT_FILE, nth, false);
        enum bulla_status status = bl_file_lock_take(&lock, test_path(0, "lock"), 0, NULL);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_IO : BULLA_OK);
        assert_int_equal(lock.fd < 0, reached);
        bl_file_lock_done(&lock);
        assert_true(nth < FAULTS_MAX);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_replaces_and_keeps),
        test_in_directory(test_a_file_has_no_name_before_its_commit),
        test_in_directory(test_every_failing_call_of_a_commit),
        test_in_directory(test_keeps_one_that_appeared_meanwhile),
        test_in_directory(test_abandoned_leaves_nothing),
        test_in_directory(test_replaces_regular_files_only),
        test_in_directory(test_every_failing_call_of_a_replace),
        test_in_directory(test_every_failing_allocation_of_a_replace),
        test_in_directory(test_no_random_no_file),
        test_in_directory(test_a_file_opened_to_be_changed),
        cmocka_unit_test(test_writes_and_reads_through_short_pipes),
        test_in_directory(test_makes_directories),
        test_in_directory(test_every_failing_call_of_a_directory),
        test_in_directory(test_sweeps_leftovers_only),
        test_in_directory(test_lock_excludes_until_it_is_released),
        test_in_directory(test_every_failing_call_of_a_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/sys/test_file_kill.c: kill -9 at every system call of a replacement, and a lock file removed
 * in the worst moment, by tracing the child.
 */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sys/directory.h"
#include "sys/file.h"

#define STOPS_MAX 400 /* two per system call; a replacement makes about twenty */

enum how { AT_ONCE, BY_PARTS };

/* As a command writes its output. */
static enum bulla_status
replace_by_parts(enum bl_file_existing existing)
{
    BL_AUTO(bl_file_new) file = BL_FILE_NEW_NONE;

    BL_TRY(bl_file_new_open(&file, test_path(0, "file"), 0600, existing, NULL));
    BL_TRY(bl_fd_write(file.fd, BL_LITERAL("n"), NULL));
    BL_TRY(bl_fd_write(file.fd, BL_LITERAL("ew"), NULL));
    return bl_file_new_commit(&file, NULL);
}

static void
replace_traced(enum bl_file_existing existing, enum how how)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(77);
    raise(SIGSTOP);
    enum bulla_status status = how == BY_PARTS ? replace_by_parts(existing)
                                               : bl_file_replace(test_path(0, "file"), 0600,
                                                                 BL_LITERAL("new"), existing, NULL);
    _exit(status == BULLA_OK ? 0 : 1);
}

/* Run the child to its `stop`-th stop at a system call and kill it there; true if it ended before. */
static bool
run_and_kill(unsigned stop, enum bl_file_existing existing, enum how how)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        replace_traced(existing, how);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("# skip: tracing of children is forbidden here\n");
        skip();
    }
    for (unsigned i = 0; i < stop; i++) {
        assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            return true;
        }
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    while (waitpid(child, &status, 0) == child && !WIFSIGNALED(status)) {
    }
    return false;
}

static unsigned
count_temporaries(void)
{
    DIR *entries = opendir(test_directory);
    unsigned count = 0;

    assert_non_null(entries);
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
        count += strncmp(entry->d_name, ".bulla-", 7) == 0 ? 1 : 0;
    closedir(entries);
    return count;
}

/* At how many of the stops the killed one left a file behind. */
static unsigned
kill_at_every_call(enum bl_file_existing existing, enum how how)
{
    const char *path = test_path(0, "file");
    struct bulla_error err = { 0 };
    unsigned old_count = 0, new_count = 0, left_count = 0;
    bool ended = false;

    for (unsigned stop = 1; !ended; stop++) {
        BL_AUTO(bulla_buffer) content = { 0 };
        unlink(path);
        if (existing == BL_FILE_REPLACE_EXISTING)
            assert_ok(bl_file_replace(path, 0600, BL_LITERAL("old"), existing, &err), &err);
        ended = run_and_kill(stop, existing, how);
        left_count += count_temporaries();
        enum bulla_status status = bl_file_read(path, 100, &content, NULL);
        if (status == BULLA_OK && content.size == 3 && memcmp(content.data, "new", 3) == 0)
            new_count++;
        else if (existing == BL_FILE_KEEP_EXISTING && status == BULLA_E_NOT_FOUND)
            old_count++;
        else if (existing == BL_FILE_REPLACE_EXISTING && status == BULLA_OK && content.size == 3 &&
                 memcmp(content.data, "old", 3) == 0)
            old_count++;
        else
            fail_msg("killed at stop %u: neither the old content nor the new", stop);
        assert_ok(bl_directory_sweep(test_directory, &err), &err);
        unlink(path);
        assert_int_equal(rmdir(test_directory), 0); /* so nothing else was left */
        assert_int_equal(mkdir(test_directory, 0700), 0);
        assert_true(stop < STOPS_MAX);
    }
    assert_true(old_count > 5 && new_count > 2);
    return left_count;
}

static void
test_killed_while_replacing(void **state)
{
    (void)state;
    assert_true(kill_at_every_call(BL_FILE_REPLACE_EXISTING, AT_ONCE) > 0);
}

static void
test_killed_while_making(void **state)
{
    (void)state;
    assert_true(kill_at_every_call(BL_FILE_KEEP_EXISTING, AT_ONCE) > 0);
}

/* What a command writes into a user's directory, where nobody sweeps. */
static void
test_killed_while_writing_leaves_nothing(void **state)
{
    (void)state;
    int fd = open(test_directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    const bool can_be_unnamed = fd >= 0;

    bl_fd_close(&fd);
    const unsigned made = kill_at_every_call(BL_FILE_KEEP_EXISTING, BY_PARTS);
    const unsigned replaced = kill_at_every_call(BL_FILE_REPLACE_EXISTING, BY_PARTS);
    if (!can_be_unnamed) {
        print_message("# skip: no file without a name on this file system\n");
        skip();
    }
    assert_int_equal(made, 0);
    assert_true(replaced <= 2); /* after link, before rename */
}

static void
lock_traced(void)
{
    struct bl_file_lock lock = BL_FILE_LOCK_NONE;
    const char *path = test_path(0, "lock");
    struct stat locked, named;

    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(77);
    raise(SIGSTOP);
    if (bl_file_lock_take(&lock, path, 5000, NULL) != BULLA_OK)
        _exit(1);
    bool same =
        fstat(lock.fd, &locked) == 0 && stat(path, &named) == 0 && locked.st_ino == named.st_ino;
    _exit(same ? 0 : 2);
}

/* True if the stopped child is about to take the lock. */
static bool
before_lock(pid_t child)
{
    struct __ptrace_syscall_info info = { .op = 0 };

    return ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) > 0 &&
           info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_flock;
}

/* Opened, but not locked yet, when its name goes: the lock excludes nobody and must not count. */
static void
test_lock_on_a_removed_file_does_not_count(void **state)
{
    (void)state;
    bool removed = false;
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        lock_traced();
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("# skip: tracing of children is forbidden here\n");
        skip();
    }
    assert_int_equal(ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD), 0);
    while (!WIFEXITED(status)) {
        if (!removed && before_lock(child))
            removed = unlink(test_path(0, "lock")) == 0;
        assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    assert_true(removed);
    assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_killed_while_replacing),
        test_in_directory(test_killed_while_making),
        test_in_directory(test_killed_while_writing_leaves_nothing),
        test_in_directory(test_lock_on_a_removed_file_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

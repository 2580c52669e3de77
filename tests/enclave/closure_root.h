/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/enclave/closure_root.h: a root of the test's own with ELF files in it, and the needs of a
 * program there.
 */
#ifndef TESTS_ENCLAVE_CLOSURE_ROOT_H
#define TESTS_ENCLAVE_CLOSURE_ROOT_H

#include <errno.h>
#include <fcntl.h>

#include "sys/directory.h"

#include "enclave/elf_closure.h"
#include "enclave/paper_elf.h"
#include "sys/file.h"

#define LOADER "/lib64/ld-linux-x86-64.so.2"

static struct bl_closure closure;

/* -- a root -------------------------------------------------------------------------------------- */

static inline void
put(const char *path, struct bulla_bytes content)
{
    char directory[TEST_PATH_SIZE];

    (void)snprintf(directory, sizeof directory, "%s%s", test_directory, path);
    for (char *at = directory + strlen(test_directory) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = 0;
        assert_true(mkdir(directory, 0700) == 0 || errno == EEXIST);
        *at = '/';
    }
    BL_AUTO_FD fd = open(directory, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0); /* by no means durable: some tests make thousands */
    assert_int_equal(write(fd, content.data, content.size), (ssize_t)content.size);
}

static inline void
put_text(const char *path, const char *content)
{
    put(path, text_bytes(content));
}

static inline void
put_elf(const char *path, struct paper_elf elf)
{
    struct paper_file f;

    paper_make(&elf, &f);
    put(path, (struct bulla_bytes){ f.bytes, f.size });
}

#define PUT_LIBRARY(path, ...) put_elf(path, (struct paper_elf){ .needed = { __VA_ARGS__ } })

static inline void
put_link(const char *path, const char *target)
{
    put_text(path, "");
    assert_int_equal(unlink(test_path(0, path + 1)), 0);
    assert_int_equal(symlink(target, test_path(0, path + 1)), 0);
}

static inline int
make_root(void **state)
{
    if (make_test_directory(state) != 0)
        return -1;
    closure = (struct bl_closure){ .root_fd = open(test_directory, O_PATH | O_CLOEXEC) };
    return closure.root_fd < 0 ? -1 : 0;
}

static inline int
remove_root(void **state)
{
    int fd = closure.root_fd;

    bl_closure_done(&closure);
    close(fd);
    return remove_test_directory(state);
}

#define in_root(function) cmocka_unit_test_setup_teardown(function, make_root, remove_root)

/** The needs of a program of the root, from nothing. */
static inline enum bulla_status
find_needs(const char *path, struct bulla_error *err)
{
    int root = closure.root_fd;
    BL_AUTO_FD fd = openat(root, path[0] == '/' ? path + 1 : path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    bl_closure_done(&closure);
    closure.root_fd = root;
    return bl_closure_add_needs(&closure, fd, path, err);
}

static inline const struct bl_closure_item *
item(const char *path)
{
    for (size_t i = 0; i < closure.count; i++)
        if (strcmp(closure.items[i].path, path) == 0)
            return &closure.items[i];
    return NULL;
}

/** The program needs exactly these: "PATH" of a file, "PATH -> TARGET" of a link. */
static inline void
expect_needs(const char *program, const char *const *expected)
{
    struct bulla_error err = { 0 };
    size_t count = 0;
    char shown[2 * BL_CLOSURE_PATH_SIZE + 4];

    assert_ok(find_needs(program, &err), &err);
    for (; expected[count] != NULL; count++) {
        bool found = false;
        for (size_t i = 0; i < closure.count && !found; i++) {
            const struct bl_closure_item *is = &closure.items[i];
            (void)snprintf(shown, sizeof shown, "%s%s%s", is->path,
                           is->target[0] != 0 ? " -> " : "", is->target);
            found = strcmp(shown, expected[count]) == 0;
        }
        if (!found)
            print_message("# missed: %s\n", expected[count]);
        assert_true(found);
    }
    assert_int_equal(closure.count, count);
}

#define EXPECT_NEEDS(program, ...) expect_needs(program, (const char *const[]){ __VA_ARGS__, NULL })

static inline void
expect_missing(const char *program, const char *missing)
{
    struct bulla_error err = { 0 };

    assert_fails(find_needs(program, &err), BULLA_E_NOT_FOUND, &err);
    assert_string_equal(closure.missing, missing);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/sys/directory.h: a directory of its own for each test, removed with what is in it.
 */
#ifndef TESTS_SYS_DIRECTORY_H
#define TESTS_SYS_DIRECTORY_H

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "unit.h"

#define TEST_PATH_SIZE 256

static char test_directory[64];

static int
remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static int
make_test_directory(void **state)
{
    (void)state;
    return make_folder(test_directory, sizeof test_directory);
}

static int
remove_test_directory(void **state)
{
    (void)state;
    return nftw(test_directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/** The path of `name` in the test's directory; each `slot` is a buffer of its own. */
static inline const char *
test_path(int slot, const char *name)
{
    static char paths[4][TEST_PATH_SIZE];

    snprintf(paths[slot], sizeof paths[slot], "%s/%s", test_directory, name);
    return paths[slot];
}

#define test_in_directory(function) \
    cmocka_unit_test_setup_teardown(function, make_test_directory, remove_test_directory)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/sys/file_fixture.h: a file of a test, in a directory of its own.
 */
#ifndef TESTS_SYS_FILE_FIXTURE_H
#define TESTS_SYS_FILE_FIXTURE_H

#include "sys/directory.h"
#include "sys/file.h"

#define FAULTS_MAX 200 /* more than any call here passes */

static inline void
put(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

#endif

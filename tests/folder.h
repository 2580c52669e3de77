/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/folder.h: a new folder for a test, where TMPDIR says or in /tmp.
 */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include <stdio.h>
#include <stdlib.h>

/** The path of a new folder, into `path`; 0, or -1. Whoever makes it removes it. */
static inline int
make_folder(char *path, size_t size)
{
    const char *parent = getenv("TMPDIR");
    int length = snprintf(path, size, "%s/bulla-test-XXXXXX", parent != NULL ? parent : "/tmp");

    return length > 0 && (size_t)length < size && mkdtemp(path) != NULL ? 0 : -1;
}

#endif

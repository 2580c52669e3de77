/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/enclave/self_image.h: an image of the running test program and its libraries.
 */
#ifndef TESTS_ENCLAVE_SELF_IMAGE_H
#define TESTS_ENCLAVE_SELF_IMAGE_H

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static bool
make_parents(int root_fd, const char *path)
{
    char part[256];

    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (mkdirat(root_fd, part, 0755) != 0 && errno != EEXIST)
            return false;
    }
    return true;
}

static bool
copy_into(int root_fd, int from, const char *to)
{
    static uint8_t chunk[1 << 16];
    ssize_t got = 0;

    if (!make_parents(root_fd, to))
        return false;
    int fd = openat(root_fd, to, O_CREAT | O_EXCL | O_WRONLY, 0755);
    if (fd < 0)
        return errno == EEXIST;
    while ((got = read(from, chunk, sizeof chunk)) > 0) {
        if (write(fd, chunk, (size_t)got) != got)
            return false;
    }
    close(fd);
    return got == 0;
}

/* The libraries that this program runs with, under the names by which they were found. The child
 * still sees the host: its root is not changed yet. */
static int
copy_library(struct dl_phdr_info *info, size_t size, void *context)
{
    const int *root_fd = context;

    (void)size;
    if (info->dlpi_name == NULL || info->dlpi_name[0] != '/')
        return 0;
    int from = open(info->dlpi_name, O_RDONLY | O_CLOEXEC);
    bool copied = from >= 0 && copy_into(*root_fd, from, info->dlpi_name + 1);
    close(from);
    return copied ? 0 : 1;
}

/* The program itself, `to` without its first slash, and what it was linked with. */
static bool
copy_program(int root_fd, int program, const char *to)
{
    return lseek(program, 0, SEEK_SET) == 0 && copy_into(root_fd, program, to) &&
           dl_iterate_phdr(copy_library, &root_fd) == 0;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/elf_closure.h: everything that a program needs in order to be loaded.
 *
 * Finds what the dynamic loader of glibc would: DT_RPATH and DT_RUNPATH with $ORIGIN, then the
 * directories of /etc/ld.so.conf and what that includes, then the default ones. Everything is
 * looked up below one root directory, symbolic links too, and no link leaves it. What is found
 * comes under every name by which it was reached: a link as a link, a file as a file.
 * Does not: use /etc/ld.so.cache, LD_LIBRARY_PATH or the directories of hardware capabilities
 * (glibc-hwcaps), which depend on the machine; find what dlopen() is given at run time, but for
 * glibc's name service.
 */
#ifndef BL_ENCLAVE_ELF_CLOSURE_H
#define BL_ENCLAVE_ELF_CLOSURE_H

#include "base/cleanup.h"
#include "enclave/elf.h"

#define BL_CLOSURE_ITEM_COUNT_MAX 2048
#define BL_CLOSURE_FILE_SIZE_MAX ((uint64_t)1 << 30) /* bytes of one library */

/** A file or a symbolic link that the loader will meet. */
struct bl_closure_item {
    char *path;   /* absolute, below the root, without links on the way; owned */
    char *target; /* of a link; NULL: a file; owned */
};

struct bl_closure {
    int root_fd; /* borrowed: what "/" is */
    struct bl_closure_item *items;
    size_t count;
    size_t scanned;     /* items whose needs are known */
    char **directories; /* of ld.so.conf and the defaults; NULL until they are read */
    size_t directory_count;
};
void bl_closure_done(struct bl_closure *closure);

/** Add the needs of the program `path` below closure->root_fd: interpreter and libraries, and
 *  theirs. A file that is no ELF file needs nothing, unless it begins with "#!": then its
 *  interpreter is added with its needs. The program itself is not added.
 *  BULLA_E_NOT_FOUND with the index of the library in the file as offset; BULLA_E_MALFORMED. */
enum bulla_status bl_closure_add_needs(struct bl_closure *closure, int program_fd, const char *path,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Add glibc's name service (libnss_files, libnss_dns, libresolv), as far as it is there. */
enum bulla_status bl_closure_add_name_service(struct bl_closure *closure,
                                              struct bulla_error *err) BULLA_CHECKED;
/** The library of the last failure, for messages; "" if there is none. */
const char *bl_closure_missing(const struct bl_closure *closure);

#endif

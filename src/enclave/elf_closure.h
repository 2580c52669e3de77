/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/elf_closure.h: everything that a program needs in order to be loaded.
 *
 * Finds what the dynamic loader of glibc would: DT_RPATH and DT_RUNPATH with $ORIGIN, then the
 * directories of /etc/ld.so.conf and what that includes, then the default ones; breadth first, so
 * that a name found once serves whoever else needs it. Everything is
 * looked up below one root directory, symbolic links too, and no link leaves it. What is found
 * comes under every name by which it was reached: a link as a link, a file as a file. A library
 * outside of the loader's own directories gets a link in /usr/lib, because an image has neither
 * ld.so.conf nor ld.so.cache.
 * Does not: use /etc/ld.so.cache, LD_LIBRARY_PATH or the directories of hardware capabilities
 * (glibc-hwcaps), which depend on the machine; follow DT_RPATH of the libraries in between; find
 * what dlopen() is given at run time, but for glibc's name service.
 */
#ifndef BL_ENCLAVE_ELF_CLOSURE_H
#define BL_ENCLAVE_ELF_CLOSURE_H

#include "base/cleanup.h"
#include "enclave/elf.h"

#define BL_CLOSURE_ITEM_COUNT_MAX 2048u
#define BL_CLOSURE_FILE_SIZE_MAX ((uint64_t)1 << 30) /* bytes of one library */
#define BL_CLOSURE_DIRECTORY_COUNT_MAX 64u
#define BL_CLOSURE_PATH_SIZE 256u    /* bytes of a path with its terminator */
#define BL_CLOSURE_MISSING_SIZE 544u /* bytes: two paths, and how they belong together */

/** A file or a symbolic link that the loader will meet. */
struct bl_closure_item {
    char path[BL_CLOSURE_PATH_SIZE];   /* absolute, below the root, no link on the way */
    char target[BL_CLOSURE_PATH_SIZE]; /* of a link; empty: a file */
};

struct bl_closure {
    int root_fd;                   /* borrowed: what "/" is */
    struct bl_closure_item *items; /* owned */
    size_t count;
    char directories[BL_CLOSURE_DIRECTORY_COUNT_MAX][BL_CLOSURE_PATH_SIZE];
    size_t directory_count;                /* 0: not read yet */
    char missing[BL_CLOSURE_MISSING_SIZE]; /* what the last failure was about (foreign text) */
};
void bl_closure_done(struct bl_closure *closure);

/** Add the needs of a program: interpreter and libraries, and theirs, but not itself. `path` is its
 *  own below the root, without links; a relative one serves as a name only, and $ORIGIN finds nothing
 *  then. A file that is no ELF file needs nothing, unless it begins with "#!": then its interpreter
 *  is added with its needs. BULLA_E_NOT_FOUND (closure->missing says which library, and what needs
 *  it); BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED for an ELF file that cannot be read. */
enum bulla_status bl_closure_add_needs(struct bl_closure *closure, int program_fd, const char *path,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Add glibc's name service (libnss_files, libnss_dns, libresolv) of this kind of machine, as far
 *  as it is there: newer ones are inside libc. */
enum bulla_status bl_closure_add_name_service(struct bl_closure *closure,
                                              enum bl_elf_machine machine,
                                              struct bulla_error *err) BULLA_CHECKED;

/** The path of `path` below the root after every link, none of which leaves it; BULLA_E_NOT_FOUND.
 *  The links met are added if `add` says so. */
enum bulla_status bl_closure_resolve(struct bl_closure *closure, const char *path, bool add,
                                     char out[BL_CLOSURE_PATH_SIZE],
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/elf_search.h: the directories in which the loader of glibc looks. Used by
 * enclave/elf_closure.c only.
 */
#ifndef BL_ENCLAVE_ELF_SEARCH_H
#define BL_ENCLAVE_ELF_SEARCH_H

#include "enclave/elf_closure.h"

/** Fill closure->directories from /etc/ld.so.conf, what it includes, and the defaults. */
enum bulla_status bl_search_read_directories(struct bl_closure *closure,
                                             enum bl_elf_machine machine,
                                             struct bulla_error *err) BULLA_CHECKED;
/** True for a directory that the loader knows without ld.so.conf. */
bool bl_search_is_default(const char *directory, enum bl_elf_machine machine);

/** The next of a list of directories separated by colons; false after the last. */
bool bl_search_next(struct bulla_bytes *list, struct bulla_bytes *directory_out);
/** "DIRECTORY/NAME" (or NAME alone if DIRECTORY is empty) with $ORIGIN and ${ORIGIN} at its
 *  beginning replaced by `origin`; false if it is not an absolute path then or has another
 *  variable, or is too long. */
bool bl_search_join(struct bulla_bytes directory, const char *origin, struct bulla_bytes name,
                    char out[BL_CLOSURE_PATH_SIZE]);

#endif

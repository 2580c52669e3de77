/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/elf.h: what an ELF file asks its loader for (System V gABI; x86-64 and AArch64
 * supplements): interpreter, libraries, and where to look for them.
 *
 * Guarantees: reads hostile files: every offset and count is checked against the file; 64-bit
 * little-endian executables and shared objects only.
 * Does not: read sections, relocations or symbols; resolve anything.
 */
#ifndef BL_ENCLAVE_ELF_H
#define BL_ENCLAVE_ELF_H

#include "bulla/status.h"

#define BL_ELF_NEEDED_COUNT_MAX \
    256                           /* libraries: the largest programs of a distribution need ~200 */
#define BL_ELF_TEXT_SIZE_MAX 4096 /* bytes of a path, a name or a search list */

enum bl_elf_machine { BL_ELF_X86_64 = 62, BL_ELF_AARCH64 = 183 };

/** Texts are borrowed from the file, without their terminators; empty: not there. */
struct bl_elf {
    enum bl_elf_machine machine;
    struct bulla_bytes interpreter;
    bool has_runpath; /* even an empty one: rpath is empty then, and nobody else's counts either */
    struct bulla_bytes runpath;
    struct bulla_bytes rpath;
    struct bulla_bytes needed[BL_ELF_NEEDED_COUNT_MAX]; /* in the order of the file */
    size_t needed_count;
};

/** True if `bytes` begin as an ELF file does. */
bool bl_elf_is(struct bulla_bytes bytes);
/** Views into `file`. BULLA_E_MALFORMED; BULLA_E_UNSUPPORTED for another class, byte order, kind
 *  or machine; BULLA_E_LIMIT. */
enum bulla_status bl_elf_read(struct bulla_bytes file, struct bl_elf *elf_out,
                              struct bulla_error *err) BULLA_CHECKED;

#endif

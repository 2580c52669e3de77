/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/enclave/paper_elf.h: ELF files with nothing but what a loader reads: header, segments,
 * interpreter, dynamic entries and their texts. One PT_LOAD has the whole file at an address that
 * is not its offset.
 */
#ifndef TESTS_ENCLAVE_PAPER_ELF_H
#define TESTS_ENCLAVE_PAPER_ELF_H

#include "base/memory.h"
#include "enclave/elf.h"
#include "unit.h"

#define PAPER_ADDRESS 0x400000u
#define PAPER_SIZE_MAX 32768u
#define PAPER_HEADERS 64u /* where the program headers are */
#define PAPER_ENTRY 56u   /* bytes of one */
#define PAPER_TEXTS 1024u /* where the texts are; the dynamic entries follow at a multiple of 8 */

enum { PAPER_LOAD, PAPER_DYNAMIC, PAPER_INTERP }; /* program headers, in this order */

struct paper_elf {
    const char *interpreter, *rpath, *runpath; /* NULL: none */
    const char *needed[8];                     /* up to NULL */
    unsigned machine;                          /* 0: x86-64 */
};

struct paper_file {
    uint8_t bytes[PAPER_SIZE_MAX];
    size_t size;
    size_t dynamic; /* where the dynamic entries are */
};

static inline void
paper_put(struct paper_file *f, size_t at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        f->bytes[at + i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t
paper_get(const struct paper_file *f, size_t at, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = size; i > 0; i--)
        value = value << 8 | f->bytes[at + i - 1];
    return value;
}

/** Append a text with its end; its offset in the texts. */
static inline uint64_t
paper_text(struct paper_file *f, const char *text)
{
    size_t at = f->size;

    assert_true(f->size + strlen(text) + 1 < PAPER_SIZE_MAX);
    memcpy(f->bytes + at, text, strlen(text) + 1);
    f->size += strlen(text) + 1;
    return at - PAPER_TEXTS;
}

static inline size_t
paper_segment_at(unsigned index)
{
    return PAPER_HEADERS + (size_t)index * PAPER_ENTRY;
}

static inline void
paper_segment(struct paper_file *f, unsigned index, uint32_t type, uint64_t offset, uint64_t size)
{
    size_t at = paper_segment_at(index);

    paper_put(f, at, type, 4);
    paper_put(f, at + 8, offset, 8);
    paper_put(f, at + 16, PAPER_ADDRESS + offset, 8);
    paper_put(f, at + 32, size, 8);
    paper_put(f, at + 40, size, 8);
}

static inline void
paper_entry(struct paper_file *f, uint64_t tag, uint64_t value)
{
    assert_true(f->size + 16 <= PAPER_SIZE_MAX);
    paper_put(f, f->size, tag, 8);
    paper_put(f, f->size + 8, value, 8);
    f->size += 16;
}

static inline void
paper_header(struct paper_file *f, unsigned machine, unsigned segment_count)
{
    static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

    memcpy(f->bytes, ident, sizeof ident);
    paper_put(f, 0x10, 3, 2); /* a shared object */
    paper_put(f, 0x12, machine == 0 ? BL_ELF_X86_64 : machine, 2);
    paper_put(f, 0x14, 1, 4);
    paper_put(f, 0x20, PAPER_HEADERS, 8);
    paper_put(f, 0x34, 64, 2);
    paper_put(f, 0x36, PAPER_ENTRY, 2);
    paper_put(f, 0x38, segment_count, 2);
}

/** The dynamic part: as many times DT_NEEDED as `texts` says, the lists, the texts' place. */
static inline void
paper_dynamic(struct paper_file *f, const struct paper_elf *elf, const uint64_t *texts)
{
    size_t texts_end = f->size, i = 0;

    f->size = f->dynamic = (f->size + 7) / 8 * 8;
    for (i = 0; i < 8 && elf->needed[i] != NULL; i++)
        paper_entry(f, 1, texts[i]);
    if (elf->rpath != NULL)
        paper_entry(f, 15, texts[8]);
    if (elf->runpath != NULL)
        paper_entry(f, 29, texts[9]);
    paper_entry(f, 5, PAPER_ADDRESS + PAPER_TEXTS);
    paper_entry(f, 10, texts_end - PAPER_TEXTS);
    paper_entry(f, 0, 0);
    paper_segment(f, PAPER_DYNAMIC, 2, f->dynamic, f->size - f->dynamic);
}

static inline void
paper_make(const struct paper_elf *elf, struct paper_file *f)
{
    uint64_t texts[10] = { 0 };

    memset(f, 0, sizeof *f);
    f->size = PAPER_TEXTS;
    (void)paper_text(f, "");
    for (size_t i = 0; i < 8 && elf->needed[i] != NULL; i++)
        texts[i] = paper_text(f, elf->needed[i]);
    texts[8] = elf->rpath == NULL ? 0 : paper_text(f, elf->rpath);
    texts[9] = elf->runpath == NULL ? 0 : paper_text(f, elf->runpath);
    if (elf->interpreter != NULL) {
        size_t at = PAPER_TEXTS + paper_text(f, elf->interpreter);
        paper_segment(f, PAPER_INTERP, 3, at, f->size - at);
    }
    paper_dynamic(f, elf, texts);
    paper_segment(f, PAPER_LOAD, 1, 0, f->size);
    paper_header(f, elf->machine, elf->interpreter == NULL ? 2 : 3);
}

#endif

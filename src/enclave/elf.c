/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/elf.c: see elf.h. Offsets are those of Elf64_Ehdr, Elf64_Phdr and Elf64_Dyn.
 */
#include "enclave/elf.h"

#include <string.h>

#include "base/memory.h"
#include "codec/reader.h"

#define IDENT_SIZE 16
#define PROGRAM_HEADER_SIZE 56u
#define PROGRAM_HEADER_COUNT_MAX 128u /* linkers make about 15 */
#define DYNAMIC_COUNT_MAX 1024u       /* entries: linkers make about 30, and one for each library */

enum { ET_EXECUTABLE = 2, ET_SHARED = 3 };
enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3 };
enum { DT_NULL = 0, DT_NEEDED = 1, DT_STRTAB = 5, DT_STRSZ = 10, DT_RPATH = 15, DT_RUNPATH = 29 };

static const char where[] = "ELF file";

struct segment {
    uint32_t type;
    uint64_t offset, address, file_size;
};

struct program {
    struct bulla_bytes file;
    struct segment segments[PROGRAM_HEADER_COUNT_MAX];
    size_t segment_count;
};

static enum bulla_status
malformed(struct bulla_error *err, const char *what, size_t offset)
{
    return bulla_fail(err, BULLA_E_MALFORMED, where, what, offset);
}

bool
bl_elf_is(struct bulla_bytes bytes)
{
    struct bulla_bytes magic = BL_LITERAL("\177ELF");

    return bytes.size >= magic.size && memcmp(bytes.data, magic.data, magic.size) == 0;
}

/** The part of the file from `offset` on, `size` bytes; false if it is not there. */
static bool
take(struct bulla_bytes file, uint64_t offset, uint64_t size, struct bulla_bytes *out)
{
    if (offset > file.size || size > file.size - offset)
        return false;
    *out = (struct bulla_bytes){ file.data + offset, (size_t)size };
    return true;
}

static enum bulla_status
read_segments(struct program *program, uint64_t offset, size_t count, struct bulla_error *err)
{
    struct bulla_bytes table;

    if (count > PROGRAM_HEADER_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many program headers", count);
    if (!take(program->file, offset, count * PROGRAM_HEADER_SIZE, &table))
        return malformed(err, "its program headers are not in it", 0x20);
    struct bl_reader r = bl_reader(table, where);
    for (size_t i = 0; i < count; i++) {
        struct segment *segment = &program->segments[i];
        segment->type = bl_read_u32le(&r); /* 0x00 */
        bl_skip(&r, 4);
        segment->offset = bl_read_u64le(&r);  /* 0x08 */
        segment->address = bl_read_u64le(&r); /* 0x10 */
        bl_skip(&r, 8);
        segment->file_size = bl_read_u64le(&r); /* 0x20 */
        bl_skip(&r, 16);
    }
    program->segment_count = count;
    return bl_reader_finish(&r, err);
}

static enum bulla_status
read_header(struct program *program, struct bl_elf *elf, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(program->file, where);
    struct bulla_bytes ident = bl_read_view(&r, IDENT_SIZE);
    uint16_t type = bl_read_u16le(&r);    /* 0x10 */
    uint16_t machine = bl_read_u16le(&r); /* 0x12 */
    bl_skip(&r, 12);
    uint64_t offset = bl_read_u64le(&r); /* 0x20 */
    bl_skip(&r, 14);
    uint16_t entry_size = bl_read_u16le(&r); /* 0x36 */
    uint16_t count = bl_read_u16le(&r);      /* 0x38 */

    BL_TRY(bl_reader_ok(&r, err));
    if (!bl_elf_is(ident))
        return malformed(err, "it does not begin as one", 0);
    if (ident.data[4] != 2 || ident.data[5] != 1 || ident.data[6] != 1)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "not 64-bit little-endian", 4);
    if (type != ET_EXECUTABLE && type != ET_SHARED)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "neither a program nor a library", 0x10);
    if (machine != BL_ELF_X86_64 && machine != BL_ELF_AARCH64)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "for another processor", 0x12);
    if (count > 0 && entry_size != PROGRAM_HEADER_SIZE)
        return malformed(err, "size of a program header", 0x36);
    elf->machine = (enum bl_elf_machine)machine;
    return read_segments(program, offset, count, err);
}

/** A text of the file that ends with a zero byte inside `bytes`. */
static bool
take_text(struct bulla_bytes bytes, uint64_t offset, struct bulla_bytes *out)
{
    if (offset >= bytes.size)
        return false;
    const uint8_t *start = bytes.data + offset;
    const uint8_t *end = memchr(start, 0, bytes.size - (size_t)offset);
    if (end == NULL || end - start > BL_ELF_TEXT_SIZE_MAX)
        return false;
    *out = (struct bulla_bytes){ start, (size_t)(end - start) };
    return true;
}

static enum bulla_status
read_interpreter(const struct program *program, struct bl_elf *elf, struct bulla_error *err)
{
    for (size_t i = 0; i < program->segment_count; i++) {
        const struct segment *segment = &program->segments[i];
        struct bulla_bytes bytes;
        if (segment->type != PT_INTERP)
            continue;
        if (elf->interpreter.size > 0)
            return malformed(err, "two interpreters", (size_t)segment->offset);
        if (!take(program->file, segment->offset, segment->file_size, &bytes) ||
            !take_text(bytes, 0, &elf->interpreter) || elf->interpreter.size == 0 ||
            elf->interpreter.size + 1 != bytes.size)
            return malformed(err, "its interpreter", (size_t)segment->offset);
    }
    return BULLA_OK;
}

/** The bytes of the file that are loaded at `address`, `size` of them. */
static bool
take_loaded(const struct program *program, uint64_t address, uint64_t size, struct bulla_bytes *out)
{
    for (size_t i = 0; i < program->segment_count; i++) {
        const struct segment *segment = &program->segments[i];
        uint64_t inside = address - segment->address;
        uint64_t offset = 0;
        if (segment->type != PT_LOAD || address < segment->address || inside > segment->file_size ||
            size > segment->file_size - inside)
            continue;
        return !__builtin_add_overflow(segment->offset, inside, &offset) &&
               take(program->file, offset, size, out);
    }
    return false;
}

struct dynamic {
    uint64_t texts, texts_size; /* address and bytes of the string table */
    uint64_t runpath, rpath;
    bool has_runpath, has_rpath;
    uint64_t needed[BL_ELF_NEEDED_COUNT_MAX];
    size_t needed_count;
};

static enum bulla_status
note_entry(uint64_t tag, uint64_t value, struct dynamic *d, struct bulla_error *err)
{
    switch (tag) {
    case DT_NEEDED:
        if (d->needed_count == BL_ELF_NEEDED_COUNT_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, where, "too many libraries", d->needed_count);
        d->needed[d->needed_count++] = value;
        break;
    case DT_STRTAB:
        d->texts = value;
        break;
    case DT_STRSZ:
        d->texts_size = value;
        break;
    case DT_RPATH:
        d->rpath = value;
        d->has_rpath = true;
        break;
    case DT_RUNPATH:
        d->runpath = value;
        d->has_runpath = true;
        break;
    default:
        break;
    }
    return BULLA_OK;
}

static enum bulla_status
read_entries(struct bulla_bytes bytes, struct dynamic *d, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, where);

    for (size_t i = 0; i < DYNAMIC_COUNT_MAX; i++) {
        uint64_t tag = bl_read_u64le(&r);
        uint64_t value = bl_read_u64le(&r);
        BL_TRY(bl_reader_ok(&r, err));
        if (tag == DT_NULL)
            return BULLA_OK;
        BL_TRY(note_entry(tag, value, d, err));
    }
    return bulla_fail(err, BULLA_E_LIMIT, where, "too many dynamic entries", DYNAMIC_COUNT_MAX);
}

/** A list of directories, which may be empty. */
static enum bulla_status
take_list(struct bulla_bytes texts, uint64_t offset, struct bulla_bytes *out,
          struct bulla_error *err)
{
    return take_text(texts, offset, out) ? BULLA_OK : malformed(err, "its search path", 0);
}

static enum bulla_status
read_texts(const struct program *program, const struct dynamic *d, struct bl_elf *elf,
           struct bulla_error *err)
{
    struct bulla_bytes texts = { 0 };

    if (d->needed_count == 0 && !d->has_rpath && !d->has_runpath)
        return BULLA_OK;
    if (!take_loaded(program, d->texts, d->texts_size, &texts))
        return malformed(err, "its names are not in it", 0);
    for (size_t i = 0; i < d->needed_count; i++)
        if (!take_text(texts, d->needed[i], &elf->needed[i]) || elf->needed[i].size == 0)
            return malformed(err, "name of a library", i);
    elf->needed_count = d->needed_count;
    elf->has_runpath = d->has_runpath;
    if (d->has_runpath)
        return take_list(texts, d->runpath, &elf->runpath, err);
    return d->has_rpath ? take_list(texts, d->rpath, &elf->rpath, err) : BULLA_OK;
}

static enum bulla_status
read_dynamic(const struct program *program, struct bl_elf *elf, struct bulla_error *err)
{
    struct dynamic dynamic = { 0 };
    bool found = false;

    for (size_t i = 0; i < program->segment_count; i++) {
        const struct segment *segment = &program->segments[i];
        struct bulla_bytes bytes;
        if (segment->type != PT_DYNAMIC)
            continue;
        if (found || !take(program->file, segment->offset, segment->file_size, &bytes))
            return malformed(err, "its dynamic part", (size_t)segment->offset);
        BL_TRY(read_entries(bytes, &dynamic, err));
        found = true;
    }
    return read_texts(program, &dynamic, elf, err);
}

enum bulla_status
bl_elf_read(struct bulla_bytes file, struct bl_elf *elf_out, struct bulla_error *err)
{
    struct program program = { .file = file };
    struct bl_elf elf = { 0 };

    BL_TRY(read_header(&program, &elf, err));
    BL_TRY(read_interpreter(&program, &elf, err));
    BL_TRY(read_dynamic(&program, &elf, err));
    *elf_out = elf;
    return BULLA_OK;
}

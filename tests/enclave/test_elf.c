/* SPDX-License-Identifier: Apache-2.0 */
/* What an ELF file asks for: read as it stands there, and nothing out of place believed. */
#include "enclave/paper_elf.h"

static const struct paper_elf whole = {
    .interpreter = "/lib64/ld-linux-x86-64.so.2",
    .rpath = "/opt/old",
    .needed = { "libone.so.1", "libtwo.so.2" },
};

/** Read an exact copy, so that a sanitizer sees what is read behind its end. */
static enum bulla_status
read_copy(const struct paper_file *f, size_t size, struct bl_elf *elf, uint8_t **copy_out,
          struct bulla_error *err)
{
    uint8_t *copy = bl_alloc(size + 1, 1);

    assert_non_null(copy);
    memcpy(copy + 1, f->bytes, size); /* odd: nothing may rely on alignment */
    *copy_out = copy;
    return bl_elf_read((struct bulla_bytes){ copy + 1, size }, elf, err);
}

static void
refuse_size(const struct paper_file *f, size_t size, enum bulla_status expected)
{
    struct bulla_error err = { 0 };
    struct bl_elf elf, before;
    uint8_t *copy = NULL;

    memset(&elf, 0x5a, sizeof elf);
    memset(&before, 0x5a, sizeof before);
    assert_fails(read_copy(f, size, &elf, &copy, &err), expected, &err);
    assert_memory_equal(&elf, &before, sizeof elf);
    bl_free(copy);
}

static void
refuse(const struct paper_file *f, enum bulla_status expected)
{
    refuse_size(f, f->size, expected);
}

static void
test_it_is_read_as_it_stands_there(void **state)
{
    struct paper_file f;
    struct bl_elf elf;
    struct bulla_error err = { 0 };

    (void)state;
    paper_make(&whole, &f);
    assert_ok(bl_elf_read((struct bulla_bytes){ f.bytes, f.size }, &elf, &err), &err);
    assert_int_equal(elf.machine, BL_ELF_X86_64);
    assert_bytes_equal(elf.interpreter, text_bytes(whole.interpreter));
    assert_bytes_equal(elf.rpath, text_bytes("/opt/old"));
    assert_false(elf.has_runpath);
    assert_int_equal(elf.runpath.size, 0);
    assert_int_equal(elf.needed_count, 2);
    assert_bytes_equal(elf.needed[0], text_bytes("libone.so.1"));
    assert_bytes_equal(elf.needed[1], text_bytes("libtwo.so.2"));
}

static void
test_both_machines_and_both_kinds(void **state)
{
    struct paper_elf arm = whole;
    struct paper_file f;
    struct bl_elf elf;
    struct bulla_error err = { 0 };

    (void)state;
    arm.machine = BL_ELF_AARCH64;
    paper_make(&arm, &f);
    paper_put(&f, 0x10, 2, 2); /* at a fixed address */
    assert_ok(bl_elf_read((struct bulla_bytes){ f.bytes, f.size }, &elf, &err), &err);
    assert_int_equal(elf.machine, BL_ELF_AARCH64);
}

/* "the DT_RPATH attribute is ignored if a DT_RUNPATH attribute exists" (ld.so(8)), an empty one too. */
static void
test_runpath_makes_rpath_void(void **state)
{
    static const char *const lists[] = { "/opt/new:$ORIGIN", "" };
    struct paper_file f;
    struct bl_elf elf;
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct paper_elf both = whole;
        both.runpath = lists[i];
        paper_make(&both, &f);
        assert_ok(bl_elf_read((struct bulla_bytes){ f.bytes, f.size }, &elf, &err), &err);
        assert_true(elf.has_runpath);
        assert_bytes_equal(elf.runpath, text_bytes(lists[i]));
        assert_int_equal(elf.rpath.size, 0);
    }
}

static void
test_a_static_program_asks_for_nothing(void **state)
{
    struct paper_file f;
    struct bl_elf elf;
    struct bulla_error err = { 0 };

    (void)state;
    paper_make(&whole, &f);
    paper_put(&f, 0x38, 1, 2); /* its PT_LOAD alone */
    assert_ok(bl_elf_read((struct bulla_bytes){ f.bytes, f.size }, &elf, &err), &err);
    assert_int_equal(elf.interpreter.size + elf.rpath.size + elf.needed_count, 0);
}

/* The last byte that is read is the end of the dynamic part. */
static void
test_every_truncation(void **state)
{
    struct paper_file f;

    (void)state;
    paper_make(&whole, &f);
    for (size_t size = 0; size < f.size; size++)
        refuse_size(&f, size, BULLA_E_MALFORMED);
}

static const struct field {
    size_t at;
    unsigned size;
    uint64_t value;
    enum bulla_status expected;
} fields[] = {
    { 0x00, 1, 0x7e, BULLA_E_MALFORMED }, /* magic */
    { 0x03, 1, 'G', BULLA_E_MALFORMED },  /* magic */
    { 0x04, 1, 1, BULLA_E_UNSUPPORTED },  /* 32 bits */
    { 0x04, 1, 3, BULLA_E_UNSUPPORTED },  /* no class */
    { 0x05, 1, 2, BULLA_E_UNSUPPORTED },  /* big-endian */
    { 0x06, 1, 2, BULLA_E_UNSUPPORTED },  /* version */
    { 0x10, 2, 1, BULLA_E_UNSUPPORTED },  /* an object file */
    { 0x10, 2, 4, BULLA_E_UNSUPPORTED },  /* a core */
    { 0x12, 2, 3, BULLA_E_UNSUPPORTED },  /* i386 */
    { 0x12, 2, 62 << 8, BULLA_E_UNSUPPORTED },
    { 0x20, 8, UINT64_MAX, BULLA_E_MALFORMED }, /* program headers */
    { 0x20, 8, UINT64_MAX - 167, BULLA_E_MALFORMED },
    { 0x20, 8, PAPER_SIZE_MAX, BULLA_E_MALFORMED },
    { 0x36, 2, 55, BULLA_E_MALFORMED }, /* size of one */
    { 0x36, 2, 0, BULLA_E_MALFORMED },
    { 0x38, 2, 129, BULLA_E_LIMIT }, /* how many */
    { 0x38, 2, 0xffff, BULLA_E_LIMIT },
    { 0x38, 2, 128, BULLA_E_MALFORMED },
};

static void
test_each_field_of_the_header(void **state)
{
    struct paper_file f;

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        paper_make(&whole, &f);
        paper_put(&f, fields[i].at, fields[i].value, fields[i].size);
        refuse(&f, fields[i].expected);
    }
}

static void
refuse_segment(unsigned index, size_t offset, uint64_t value)
{
    struct paper_file f;

    paper_make(&whole, &f);
    paper_put(&f, paper_segment_at(index) + offset, value, 8);
    refuse(&f, BULLA_E_MALFORMED);
}

/* Outside of the file, at its end, and where offset and size together run over. */
static void
test_each_field_of_a_segment(void **state)
{
    static const uint64_t far_away[] = { UINT64_MAX, UINT64_MAX - 7, INT64_MAX, PAPER_SIZE_MAX };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (unsigned index = PAPER_DYNAMIC; index <= PAPER_INTERP; index++) {
            refuse_segment(index, 0x08, far_away[i]);
            refuse_segment(index, 0x20, far_away[i]);
        }
        refuse_segment(PAPER_LOAD, 0x08, far_away[i]); /* then no text is in the file */
        refuse_segment(PAPER_LOAD, 0x10, far_away[i]);
    }
    refuse_segment(PAPER_LOAD, 0x20, PAPER_TEXTS + 8); /* not all texts are loaded */
    refuse_segment(PAPER_LOAD, 0x10, PAPER_ADDRESS + PAPER_TEXTS + 1);
    refuse_segment(PAPER_DYNAMIC, 0x20, 0);
    refuse_segment(PAPER_DYNAMIC, 0x20, 16); /* it does not say where it ends */
    refuse_segment(PAPER_INTERP, 0x20, 0);
    refuse_segment(PAPER_INTERP, 0x20, 5);                             /* no terminator in it */
    refuse_segment(PAPER_INTERP, 0x20, strlen(whole.interpreter) + 2); /* one byte too many */
    refuse_segment(PAPER_INTERP, 0x08, PAPER_TEXTS);                   /* an empty one, and more */
}

static void
test_what_is_there_twice(void **state)
{
    struct paper_file f;

    (void)state;
    paper_make(&whole, &f);
    paper_put(&f, paper_segment_at(PAPER_LOAD), 3, 4);
    memcpy(f.bytes + paper_segment_at(PAPER_LOAD) + 8, f.bytes + paper_segment_at(PAPER_INTERP) + 8,
           PAPER_ENTRY - 8);
    refuse(&f, BULLA_E_MALFORMED);
    paper_make(&whole, &f);
    memcpy(f.bytes + paper_segment_at(PAPER_INTERP), f.bytes + paper_segment_at(PAPER_DYNAMIC),
           PAPER_ENTRY);
    refuse(&f, BULLA_E_MALFORMED);
}

/* Entries: libone, libtwo, RPATH, STRTAB, STRSZ. */
static void
test_each_dynamic_entry(void **state)
{
    static const uint64_t values[] = { UINT64_MAX, UINT32_MAX, PAPER_SIZE_MAX };
    struct paper_file f;

    (void)state;
    for (size_t entry = 0; entry < 5; entry++) {
        for (size_t i = 0; i < 3; i++) {
            paper_make(&whole, &f);
            paper_put(&f, f.dynamic + entry * 16 + 8, values[i], 8);
            refuse(&f, BULLA_E_MALFORMED);
        }
    }
    paper_make(&whole, &f);
    paper_put(&f, f.dynamic + 8, 0, 8); /* a library without a name */
    refuse(&f, BULLA_E_MALFORMED);
    paper_make(&whole, &f); /* texts that end before their last terminator */
    uint64_t size = paper_get(&f, f.dynamic + 4 * 16 + 8, 8);
    size_t interpreter = strlen(whole.interpreter) + 1;
    paper_put(&f, f.dynamic + 4 * 16 + 8, size - interpreter - 1, 8);
    refuse(&f, BULLA_E_MALFORMED);
    paper_put(&f, f.dynamic + 4 * 16 + 8, size - interpreter, 8);
    assert_int_equal(paper_get(&f, f.dynamic + 3 * 16, 8), 5);
    struct bl_elf elf;
    struct bulla_error err = { 0 };
    assert_ok(bl_elf_read((struct bulla_bytes){ f.bytes, f.size }, &elf, &err), &err);
}

/** Dynamic entries of one tag, `count` of them, behind a file that has none of its own. */
static void
make_many(struct paper_file *f, uint64_t tag, size_t count)
{
    const struct paper_elf one = { .needed = { "libone.so.1" } };

    paper_make(&one, f);
    f->size = f->dynamic;
    for (size_t i = 0; i < count; i++)
        paper_entry(f, tag, 1); /* the offset of libone */
    paper_entry(f, 5, PAPER_ADDRESS + PAPER_TEXTS);
    paper_entry(f, 10, 16);
    paper_entry(f, 0, 0);
    paper_segment(f, PAPER_DYNAMIC, 2, f->dynamic, f->size - f->dynamic);
    paper_segment(f, PAPER_LOAD, 1, 0, f->size);
}

static void
test_how_many(void **state)
{
    struct paper_file f;
    struct bl_elf elf;
    struct bulla_error err = { 0 };

    (void)state;
    make_many(&f, 1, BL_ELF_NEEDED_COUNT_MAX);
    assert_ok(bl_elf_read((struct bulla_bytes){ f.bytes, f.size }, &elf, &err), &err);
    assert_int_equal(elf.needed_count, BL_ELF_NEEDED_COUNT_MAX);
    make_many(&f, 1, BL_ELF_NEEDED_COUNT_MAX + 1);
    refuse(&f, BULLA_E_LIMIT);
    make_many(&f, 0x6ffffef5, 1021); /* with the two of the texts and the end: 1024 */
    assert_ok(bl_elf_read((struct bulla_bytes){ f.bytes, f.size }, &elf, &err), &err);
    make_many(&f, 0x6ffffef5, 1022);
    refuse(&f, BULLA_E_LIMIT);
}

static void
test_how_long(void **state)
{
    static char text[BL_ELF_TEXT_SIZE_MAX + 2];
    struct paper_elf long_one = { .needed = { text } };
    struct paper_file f;
    struct bl_elf elf;
    struct bulla_error err = { 0 };

    (void)state;
    memset(text, 'a', BL_ELF_TEXT_SIZE_MAX);
    paper_make(&long_one, &f);
    assert_ok(bl_elf_read((struct bulla_bytes){ f.bytes, f.size }, &elf, &err), &err);
    text[BL_ELF_TEXT_SIZE_MAX] = 'a';
    paper_make(&long_one, &f);
    refuse(&f, BULLA_E_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_read_as_it_stands_there),
        cmocka_unit_test(test_both_machines_and_both_kinds),
        cmocka_unit_test(test_runpath_makes_rpath_void),
        cmocka_unit_test(test_a_static_program_asks_for_nothing),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_each_field_of_the_header),
        cmocka_unit_test(test_each_field_of_a_segment),
        cmocka_unit_test(test_what_is_there_twice),
        cmocka_unit_test(test_each_dynamic_entry),
        cmocka_unit_test(test_how_many),
        cmocka_unit_test(test_how_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

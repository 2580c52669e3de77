/* SPDX-License-Identifier: Apache-2.0 */
/* Images: the same bytes from the same inputs, unpacked as measured, and nothing else accepted. */
#include <sys/stat.h>
#include <utime.h>

#include "enclave/image_fixture.h"

#include "base/fault.h"
#include "enclave/image_format.h"

static int
make_sources(void **state)
{
    if (make_test_directory(state) != 0)
        return -1;
    write_source("settings", "port 6379\n");
    write_source("empty", "");
    return 0;
}

#define with_sources(function) \
    cmocka_unit_test_setup_teardown(function, make_sources, remove_test_directory)

static void
read_all(const char *name, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_file_read(test_path(1, name), (size_t)1 << 28, out, &err), &err);
}

static void
the_same_inputs_give_the_same_bytes(void **state)
{
    const struct utimbuf long_ago = { 1000, 1000 };
    BL_AUTO(bulla_buffer) one = { 0 };
    BL_AUTO(bulla_buffer) two = { 0 };
    uint8_t first[32], second[32];

    (void)state;
    BL_AUTO_FD a = build_image(image_manifest, "a.bimg", first);
    mode_t mask = umask(0777 & ~0600);
    write_source("settings", "port 6379\n");
    assert_int_equal(utime(test_path(0, "settings"), &long_ago), 0);
    assert_int_equal(setenv("LC_ALL", "de_DE.UTF-8", 1), 0);
    BL_AUTO_FD b = build_image(image_manifest, "b.bimg", second);
    umask(mask);
    assert_true(a != b);
    read_all("a.bimg", &one);
    read_all("b.bimg", &two);
    assert_bytes_equal(bulla_buffer_bytes(&one), bulla_buffer_bytes(&two));
    assert_memory_equal(first, second, 32);
    write_source("settings", "port 6380\n");
    BL_AUTO_FD c = build_image(image_manifest, "c.bimg", second);
    assert_true(c != b);
    assert_memory_not_equal(first, second, 32);
}

static void
what_is_in_it_can_be_found(void **state)
{
    BL_AUTO(bl_image) image = { 0 };
    struct bulla_error err = { 0 };
    uint8_t digest[32];
    size_t loaders = 0;

    (void)state;
    BL_AUTO_FD fd = build_image(image_manifest, "a.bimg", digest);
    assert_ok(bl_image_open(fd, &image, &err), &err);
    assert_memory_equal(image.digest, digest, 32);
    assert_int_equal(bl_image_find(&image, "/opt/env")->mode, 0755);
    assert_int_equal(bl_image_find(&image, "/etc/app/settings")->mode, 0640);
    assert_int_equal(bl_image_find(&image, "/etc/app/settings")->size, 10);
    assert_int_equal(bl_image_find(&image, "/etc/app/empty")->size, 0);
    assert_int_equal(bl_image_find(&image, BL_ENCLAVE_AGENT_PATH)->kind, BL_IMAGE_FILE);
    assert_int_equal(bl_image_find(&image, "/var/spool")->kind, BL_IMAGE_DIRECTORY);
    assert_int_equal(bl_image_find(&image, "/data")->kind, BL_IMAGE_DIRECTORY);
    assert_null(bl_image_find(&image, "/usr/bin/env"));
    for (size_t i = 0; i < image.entry_count; i++)
        loaders += strstr(image.entries[i].path, "/ld-linux-") != NULL &&
                   image.entries[i].kind == BL_IMAGE_FILE;
    assert_int_equal(loaders, 1);
    assert_ok(bl_image_verify(fd, &image, &err), &err);
}

static int
make_directory(const char *name)
{
    assert_int_equal(mkdir(test_path(0, name), 0700), 0);
    int fd = open(test_path(0, name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void
what_is_unpacked_is_what_was_measured(void **state)
{
    BL_AUTO(bl_image) image = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bulla_error err = { 0 };
    uint8_t digest[32];
    struct stat info;

    (void)state;
    BL_AUTO_FD fd = build_image(image_manifest, "a.bimg", digest);
    assert_ok(bl_image_open(fd, &image, &err), &err);
    mode_t mask = umask(0777);
    BL_AUTO_FD directory = (umask(mask), make_directory("out"));
    mask = umask(0777); /* must not matter */
    assert_ok(bl_image_unpack(fd, &image, directory, &err), &err);
    umask(mask);
    for (size_t i = 0; i < image.entry_count; i++) {
        const struct bl_image_entry *entry = &image.entries[i];
        assert_int_equal(fstatat(directory, entry->path + 1, &info, AT_SYMLINK_NOFOLLOW), 0);
        if (entry->kind != BL_IMAGE_LINK)
            assert_int_equal(info.st_mode & 07777, entry->mode);
        if (entry->kind == BL_IMAGE_FILE)
            assert_int_equal(info.st_size, entry->size);
    }
    read_all("out/etc/app/settings", &content);
    assert_bytes_equal(bulla_buffer_bytes(&content), text_bytes("port 6379\n"));
    /* A second time nothing is overwritten. */
    assert_fails(bl_image_unpack(fd, &image, directory, &err), BULLA_E_EXISTS, &err);
}

static void
flip(int fd, off_t offset)
{
    uint8_t byte = 0;

    assert_int_equal(pread(fd, &byte, 1, offset), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
}

static void
a_changed_byte_of_a_file_is_found(void **state)
{
    BL_AUTO(bl_image) image = { 0 };
    struct bulla_error err = { 0 };
    uint8_t digest[32];

    (void)state;
    BL_AUTO_FD fd = build_image(image_manifest, "a.bimg", digest);
    BL_AUTO_FD directory = make_directory("out");
    assert_ok(bl_image_open(fd, &image, &err), &err);
    const struct bl_image_entry *entry = bl_image_find(&image, "/etc/app/settings");
    flip(fd, (off_t)entry->offset + 9);
    assert_fails(bl_image_verify(fd, &image, &err), BULLA_E_INTEGRITY, &err);
    assert_int_equal(err.offset, entry - image.entries);
    assert_memory_equal(err.expected.bytes, entry->digest, 32);
    assert_fails(bl_image_unpack(fd, &image, directory, &err), BULLA_E_INTEGRITY, &err);
    flip(fd, (off_t)entry->offset + 9);
    assert_ok((bulla_error_clear(&err), bl_image_verify(fd, &image, &err)), &err);
}

static void
a_changed_byte_of_header_or_index_is_refused_or_another_code(void **state)
{
    BL_AUTO(bl_image) image = { 0 };
    BL_AUTO(bulla_buffer) index = { 0 };
    struct bulla_error err = { 0 };
    uint8_t digest[32];

    (void)state;
    BL_AUTO_FD fd = build_image(image_manifest, "a.bimg", digest);
    assert_ok(bl_image_open(fd, &image, &err), &err);
    assert_ok(bl_image_index_encode(image.entries, image.entry_count, &index, &err), &err);
    for (size_t i = 0; i < BL_IMAGE_HEADER_SIZE + index.size; i++) {
        BL_AUTO(bl_image) other = { 0 };
        flip(fd, (off_t)i);
        enum bulla_status status = bl_image_open(fd, &other, NULL);
        if (status == BULLA_OK)
            assert_memory_not_equal(other.digest, digest, 32);
        if (i < BL_IMAGE_HEADER_SIZE)
            assert_int_not_equal(status, BULLA_OK);
        flip(fd, (off_t)i);
    }
}

static void
every_truncation_and_addition_is_refused(void **state)
{
    BL_AUTO(bl_image) image = { 0 };
    BL_AUTO(bulla_buffer) index = { 0 };
    struct bulla_error err = { 0 };
    uint8_t digest[32];

    (void)state;
    BL_AUTO_FD fd = build_image(image_manifest, "a.bimg", digest);
    assert_ok(bl_image_open(fd, &image, &err), &err);
    assert_ok(bl_image_index_encode(image.entries, image.entry_count, &index, &err), &err);
    struct bl_image out = { .entry_count = 77 };
    for (size_t size = 0; size < index.size; size++)
        assert_int_not_equal(
            bl_image_index_decode((struct bulla_bytes){ index.data, size }, image.size, &out, NULL),
            BULLA_OK);
    assert_int_equal(ftruncate(fd, (off_t)image.size + 1), 0);
    assert_fails(bl_image_open(fd, &out, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(ftruncate(fd, (off_t)image.size - 1), 0);
    assert_fails(bl_image_open(fd, &out, &err), BULLA_E_MALFORMED, &err);
    for (off_t size = BL_IMAGE_HEADER_SIZE; size >= 0; size--) {
        assert_int_equal(ftruncate(fd, size), 0);
        assert_int_not_equal(bl_image_open(fd, &out, NULL), BULLA_OK);
    }
    assert_int_equal(out.entry_count, 77);
}

#define DIRECTORY(name)                                          \
    {                                                            \
        .path = (name), .kind = BL_IMAGE_DIRECTORY, .mode = 0755 \
    }
#define FILE_OF(name, bits)                                   \
    {                                                         \
        .path = (name), .kind = BL_IMAGE_FILE, .mode = (bits) \
    }
#define LINK(name, to)                                                      \
    {                                                                       \
        .path = (name), .kind = BL_IMAGE_LINK, .mode = 0777, .target = (to) \
    }

static const struct {
    bool good;
    struct bl_image_entry entries[3];
    size_t count;
} trees[] = {
    { true, { DIRECTORY("/a"), FILE_OF("/a/b", 0644), LINK("/l", "a/b") }, 3 },
    { true, { DIRECTORY("/a"), LINK("/a/l", "../b"), LINK("/l", "/a") }, 3 },
    { false, { FILE_OF("/b", 0644), FILE_OF("/a", 0644) }, 2 },
    { false, { FILE_OF("/a", 0644), FILE_OF("/a", 0644) }, 2 },
    { false, { FILE_OF("/a/b", 0644) }, 1 },
    { false, { FILE_OF("/a", 0644), FILE_OF("/a/b", 0644) }, 2 },
    { false, { LINK("/a", "x"), FILE_OF("/a/b", 0644) }, 2 },
    { false, { FILE_OF("/a", 04755) }, 1 },
    { false, { FILE_OF("/a", 01000) }, 1 },
    { false, { FILE_OF("a", 0644) }, 1 },
    { false, { FILE_OF("/", 0644) }, 1 },
    { false, { FILE_OF("/..", 0644) }, 1 },
    { false, { FILE_OF("/a/", 0644) }, 1 },
    { false, { FILE_OF("//a", 0644) }, 1 },
    { false, { FILE_OF("/a\nb", 0644) }, 1 },
    { false, { LINK("/l", "") }, 1 },
    { false, { LINK("/l", "..") }, 1 },
    { false, { LINK("/l", "../etc/passwd") }, 1 },
    { false, { LINK("/l", "a/../../b") }, 1 },
    { false, { DIRECTORY("/a"), LINK("/a/l", "../../b") }, 2 },
};

static void
only_a_tree_is_an_index(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++) {
        BL_AUTO(bulla_buffer) index = { 0 };
        BL_AUTO(bl_image) image = { 0 };
        struct bl_image_entry entries[3];
        uint64_t size = 0;

        memcpy(entries, trees[i].entries, sizeof entries);
        assert_int_equal(bl_image_index_encode(entries, trees[i].count, &index, NULL), BULLA_OK);
        assert_int_equal(bl_image_place(entries, trees[i].count, index.size, &size, NULL),
                         BULLA_OK);
        enum bulla_status status =
            bl_image_index_decode(bulla_buffer_bytes(&index), size, &image, NULL);
        struct bl_image longer = { .entry_count = 77 };
        assert_int_not_equal(
            bl_image_index_decode(bulla_buffer_bytes(&index), size + 1, &longer, NULL), BULLA_OK);
        assert_int_equal(longer.entry_count, 77);
        if ((status == BULLA_OK) != trees[i].good)
            fail_msg("tree %zu: status %d", i, (int)status);
    }
}

static void
differences_are_named_by_path(void **state)
{
    BL_AUTO(bl_image) before = { 0 };
    BL_AUTO(bl_image) after = { 0 };
    struct bl_image_difference difference;
    char *other = edited(image_manifest, "/etc/app/empty", "/etc/app/other");
    size_t a = 0, b = 0;
    uint8_t digest[32];

    (void)state;
    BL_AUTO_FD one = build_image(image_manifest, "a.bimg", digest);
    write_source("settings", "port 6380\n");
    BL_AUTO_FD two = build_image(other, "b.bimg", digest);
    assert_int_equal(bl_image_open(one, &before, NULL), BULLA_OK);
    assert_int_equal(bl_image_open(two, &after, NULL), BULLA_OK);
    assert_true(bl_image_next_difference(&before, &after, &a, &b, &difference));
    assert_int_equal(difference.change, BL_IMAGE_REMOVED);
    assert_string_equal(difference.before->path, "/etc/app/empty");
    assert_true(bl_image_next_difference(&before, &after, &a, &b, &difference));
    assert_int_equal(difference.change, BL_IMAGE_ADDED);
    assert_string_equal(difference.after->path, "/etc/app/other");
    assert_true(bl_image_next_difference(&before, &after, &a, &b, &difference));
    assert_int_equal(difference.change, BL_IMAGE_CHANGED);
    assert_string_equal(difference.after->path, "/etc/app/settings");
    assert_true(difference.content && !difference.mode && !difference.kind);
    assert_false(bl_image_next_difference(&before, &after, &a, &b, &difference));
    free(other);
}

static void
a_missing_source_is_named(void **state)
{
    static const struct {
        const char *from, *to, *object;
    } cases[] = {
        { "from: settings", "from: nothing", "nothing" },
        { "/usr/bin/env, to", "/usr/bin/nothing, to", "/usr/bin/nothing" },
        { "entry: [/opt/env]", "entry: [/opt/other]", "/opt/other" },
        { "entry: [/opt/env]", "entry: [/etc/app/settings]", "/etc/app/settings" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct bl_image_sources sources = { test_directory, "/", "/usr/bin/true" };
        char *yaml = edited(image_manifest, cases[i].from, cases[i].to);
        BL_AUTO(bl_manifest) manifest = { 0 };
        BL_AUTO(bulla_buffer) object = { 0 };
        struct bulla_error err = { 0 };
        uint8_t digest[32];
        BL_AUTO_FD fd = open(test_path(2, "x.bimg"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_ok(bl_manifest_from_yaml(text_bytes(yaml), &fixture_resolver, &manifest, &err),
                  &err);
        assert_int_not_equal(bl_image_build(&manifest, &sources, fd, digest, &object, &err),
                             BULLA_OK);
        assert_bytes_equal(bulla_buffer_bytes(&object), text_bytes(cases[i].object));
        free(yaml);
    }
}

static void
every_call_that_fails_ends_in_a_refusal(void **state)
{
    static const enum bl_fault kinds[] = { BL_FAULT_FILE, BL_FAULT_MEMORY };
    uint8_t digest[32];

    (void)state;
    BL_AUTO_FD fd = build_image(image_manifest, "a.bimg", digest);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (uint64_t nth = 1;; nth++) {
            BL_AUTO(bl_image) image = { 0 };
            char name[32];
            (void)snprintf(name, sizeof name, "out-%zu-%u", k, (unsigned)nth);
            BL_AUTO_FD directory = make_directory(name);
            bl_fault_arm(kinds[k], nth, false);
            enum bulla_status status = bl_image_open(fd, &image, NULL);
            if (status == BULLA_OK)
                status = bl_image_unpack(fd, &image, directory, NULL);
            if (!bl_fault_disarm()) {
                assert_int_equal(status, BULLA_OK);
                break;
            }
            assert_int_not_equal(status, BULLA_OK);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_sources(the_same_inputs_give_the_same_bytes),
        with_sources(what_is_in_it_can_be_found),
        with_sources(what_is_unpacked_is_what_was_measured),
        with_sources(a_changed_byte_of_a_file_is_found),
        with_sources(a_changed_byte_of_header_or_index_is_refused_or_another_code),
        with_sources(every_truncation_and_addition_is_refused),
        cmocka_unit_test(only_a_tree_is_an_index),
        with_sources(differences_are_named_by_path),
        with_sources(a_missing_source_is_named),
        with_sources(every_call_that_fails_ends_in_a_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

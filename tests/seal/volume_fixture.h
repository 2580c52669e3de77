/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A volume in a directory of its own, an anchor in memory, and short forms of the calls.
 */
#ifndef TESTS_SEAL_VOLUME_FIXTURE_H
#define TESTS_SEAL_VOLUME_FIXTURE_H

#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "folder.h"
#include "seal/volume.h"

#define NOW 1700000000000000000

struct memory_anchor {
    bool is_set;
    uint64_t generation;
    uint8_t state[32];
    int fail_advance; /* this many times */
};

struct fixture {
    char directory[64];
    char backup[80];
    struct bl_secret key;
    struct memory_anchor memory;
    struct bl_volume_anchor anchor;
    struct bl_volume_options options;
};

static inline enum bulla_status
fixture_load(void *context, uint64_t *generation_out, uint8_t state_out[32],
             struct bulla_error *err)
{
    const struct memory_anchor *memory = context;

    if (!memory->is_set)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "anchor", "not set", 0);
    *generation_out = memory->generation;
    memcpy(state_out, memory->state, 32);
    return BULLA_OK;
}

static inline enum bulla_status
fixture_advance(void *context, uint64_t generation, const uint8_t state[32],
                struct bulla_error *err)
{
    struct memory_anchor *memory = context;

    if (memory->fail_advance > 0) {
        memory->fail_advance--;
        return bulla_fail(err, BULLA_E_UNAVAILABLE, "anchor", "made to fail", 0);
    }
    if (memory->is_set)
        assert_int_equal(generation, memory->generation + 1);
    memory->is_set = true;
    memory->generation = generation;
    memcpy(memory->state, state, 32);
    return BULLA_OK;
}

static inline void
remove_tree(const char *path)
{
    DIR *entries = opendir(path);
    char name[512];

    if (entries == NULL)
        return;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlink(name);
    }
    closedir(entries);
    rmdir(path);
}

static inline void
copy_file(const char *from_directory, const char *to_directory, const char *name)
{
    static uint8_t bytes[1 << 20];
    char path[512];

    snprintf(path, sizeof path, "%s/%s", from_directory, name);
    int in = open(path, O_RDONLY);
    snprintf(path, sizeof path, "%s/%s", to_directory, name);
    unlink(path);
    if (in < 0)
        return;
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(out >= 0);
    for (ssize_t got = read(in, bytes, sizeof bytes); got > 0; got = read(in, bytes, sizeof bytes))
        assert_int_equal(write(out, bytes, (size_t)got), got);
    close(in);
    close(out);
}

static inline void
copy_volume(const char *from_directory, const char *to_directory)
{
    static const char *const names[] = { "head", "pages", "tree", "journal", "lock" };

    mkdir(to_directory, 0700);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        copy_file(from_directory, to_directory, names[i]);
}

static inline void
fixture_init(struct fixture *f)
{
    struct bulla_error err = { 0 };

    *f = (struct fixture){ 0 };
    assert_int_equal(make_folder(f->directory, sizeof f->directory), 0);
    snprintf(f->backup, sizeof f->backup, "%s.copy", f->directory);
    assert_ok(bl_secret_new(&f->key, BL_VOLUME_KEY_SIZE, &err), &err);
    memset(f->key.data, 0x5a, f->key.size);
    f->anchor = (struct bl_volume_anchor){ &f->memory, fixture_load, fixture_advance };
    f->options = (struct bl_volume_options){ .directory = f->directory,
                                             .key = &f->key,
                                             .anchor = &f->anchor };
}

static inline void
fixture_done(struct fixture *f)
{
    remove_tree(f->directory);
    remove_tree(f->backup);
    bl_secret_done(&f->key);
}

static inline struct bl_volume *
create_and_open(struct fixture *f)
{
    struct bulla_error err = { 0 };
    struct bl_volume *volume = NULL;

    assert_ok(bl_volume_create(&f->options, &err), &err);
    assert_ok(bl_volume_open(&f->options, &volume, &err), &err);
    return volume;
}

static inline struct bl_volume *
reopen(struct fixture *f)
{
    struct bulla_error err = { 0 };
    struct bl_volume *volume = NULL;

    assert_ok(bl_volume_open(&f->options, &volume, &err), &err);
    return volume;
}

static inline uint64_t
make_node(struct bl_volume *volume, uint64_t directory, const char *name, enum bl_volume_kind kind)
{
    struct bulla_error err = { 0 };
    struct bl_volume_attributes attributes = { .kind = kind, .mode = 0640, .user = 7, .group = 8 };
    struct bulla_bytes target = { 0 };

    if (kind == BL_VOLUME_LINK)
        target = text_bytes("target");
    assert_ok(bl_volume_make(volume, directory, text_bytes(name), target, NOW, &attributes, &err),
              &err);
    return attributes.node;
}

static inline void
write_text(struct bl_volume *volume, uint64_t node, uint64_t offset, const char *text)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_volume_write(volume, node, offset, text_bytes(text), NOW, &err), &err);
}

static inline uint64_t
find_node(struct bl_volume *volume, uint64_t directory, const char *name)
{
    struct bulla_error err = { 0 };
    struct bl_volume_attributes attributes;

    enum bulla_status status =
        bl_volume_lookup(volume, directory, text_bytes(name), &attributes, &err);
    if (status == BULLA_E_NOT_FOUND)
        return 0;
    assert_ok(status, &err);
    return attributes.node;
}

static inline void
assert_content(struct bl_volume *volume, uint64_t node, const char *text)
{
    struct bulla_error err = { 0 };
    char got[256] = { 0 };
    size_t size = 0;

    assert_ok(bl_volume_read(volume, node, 0, got, sizeof got - 1, &size, &err), &err);
    assert_string_equal(got, text);
    assert_int_equal(size, strlen(text));
}

static inline off_t
size_of(const struct fixture *f, const char *name)
{
    char path[128];
    struct stat status = { 0 };

    snprintf(path, sizeof path, "%s/%s", f->directory, name);
    stat(path, &status);
    return status.st_size;
}

static inline void
cut(const struct fixture *f, const char *name, off_t size)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", f->directory, name);
    assert_int_equal(truncate(path, size), 0);
}

/** A killed volume with a file of three writes, the first two synced, and the same in f->backup. */
static inline void
make_journal(struct fixture *f)
{
    struct bulla_error err = { 0 };
    struct bl_volume *volume = create_and_open(f);
    uint64_t file = make_node(volume, 1, "file", BL_VOLUME_FILE);

    write_text(volume, file, 0, "one ");
    write_text(volume, file, 4, "two ");
    assert_ok(bl_volume_sync(volume, &err), &err);
    write_text(volume, file, 8, "three");
    bl_volume_free(volume);
    copy_volume(f->directory, f->backup);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/image_build.c: an image from a manifest's files and what they need; see image.h.
 *
 * Each file is read once: its place follows from the sizes, its digest is made while it is copied,
 * and the index is written last. A file whose size changes meanwhile ends the build.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypto/hash.h"
#include "enclave/elf_closure.h"
#include "enclave/image_format.h"
#include "sys/call.h"
#include "sys/file.h"

#define DIRECTORY_MODE 0755u
#define PROGRAM_MODE 0755u
#define DATA_MODE 0644u
#define PATH_SIZE BL_CLOSURE_PATH_SIZE

static const char where[] = "image";

/** An entry to be, and where it comes from. */
struct input {
    struct bl_image_entry entry; /* first: so that sorting entries sorts inputs */
    char path[PATH_SIZE];
    char target[PATH_SIZE];
    char source[PATH_SIZE]; /* of a file */
    int source_fd;          /* directory that `source` is looked up in */
};

struct build {
    const struct bl_manifest *manifest;
    int root_fd, directory_fd;
    struct input *inputs; /* owned */
    size_t count, capacity;
    struct bl_closure closure;
    char object[BL_CLOSURE_MISSING_SIZE]; /* what a failure is about */
};

static enum bulla_status
fail_about(struct build *build, const char *object, enum bulla_status status, const char *what,
           struct bulla_error *err)
{
    (void)snprintf(build->object, sizeof build->object, "%s", object);
    return bulla_fail(err, status, where, what, 0);
}

static struct input *
find_input(struct build *build, const char *path)
{
    for (size_t i = 0; i < build->count; i++)
        if (strcmp(build->inputs[i].path, path) == 0)
            return &build->inputs[i];
    return NULL;
}

static enum bulla_status
grow(struct build *build, struct bulla_error *err)
{
    size_t capacity = build->capacity == 0 ? 256 : 2 * build->capacity;
    struct input *inputs = bl_alloc(capacity, sizeof *inputs);

    if (inputs == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", 0);
    if (build->count > 0)
        memcpy(inputs, build->inputs, build->count * sizeof *inputs);
    bl_free(build->inputs);
    build->inputs = inputs;
    build->capacity = capacity;
    return BULLA_OK;
}

/** A new entry; *input_out is NULL if there is one of this path already. */
static enum bulla_status
add(struct build *build, const char *path, enum bl_image_kind kind, unsigned mode,
    struct input **input_out, struct bulla_error *err)
{
    *input_out = NULL;
    if (find_input(build, path) != NULL)
        return BULLA_OK;
    if (build->count == build->capacity)
        BL_TRY(grow(build, err));
    struct input *input = &build->inputs[build->count++];
    (void)snprintf(input->path, sizeof input->path, "%s", path);
    input->entry.kind = kind;
    input->entry.mode = mode;
    *input_out = input;
    return BULLA_OK;
}

static enum bulla_status
add_directory(struct build *build, const char *path, struct bulla_error *err)
{
    struct input *input = NULL;

    return add(build, path, BL_IMAGE_DIRECTORY, DIRECTORY_MODE, &input, err);
}

static enum bulla_status
add_link(struct build *build, const char *path, const char *target, struct bulla_error *err)
{
    struct input *input = NULL;

    BL_TRY(add(build, path, BL_IMAGE_LINK, 0777, &input, err));
    if (input != NULL)
        (void)snprintf(input->target, sizeof input->target, "%s", target);
    return BULLA_OK;
}

/** Open a source and settle its size; a mode of 0 becomes what its execute bit says. */
static enum bulla_status
add_file(struct build *build, const char *path, int source_fd, const char *source, unsigned mode,
         int *fd_out, struct bulla_error *err)
{
    BL_AUTO_FD fd = BL_CALL(FILE, openat(source_fd, source, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info;
    struct input *input = NULL;

    if (fd < 0 || BL_CALL(FILE, fstat(fd, &info)) != 0) {
        (void)snprintf(build->object, sizeof build->object, "%s", source);
        return bl_fail_errno(err, where, "a source cannot be opened");
    }
    if (!S_ISREG(info.st_mode))
        return fail_about(build, source, BULLA_E_USAGE, "a source is no regular file", err);
    if (mode == 0)
        mode = (info.st_mode & 0111) != 0 ? PROGRAM_MODE : DATA_MODE;
    BL_TRY(add(build, path, BL_IMAGE_FILE, mode, &input, err));
    if (input != NULL) {
        input->entry.size = (uint64_t)info.st_size;
        (void)snprintf(input->source, sizeof input->source, "%s", source);
        input->source_fd = source_fd;
    }
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

/* -- what goes in ------------------------------------------------------------------------------ */

static enum bulla_status
add_needs(struct build *build, int fd, const char *source, struct bulla_error *err)
{
    enum bulla_status status = bl_closure_add_needs(&build->closure, fd, source, err);
    if (status != BULLA_OK)
        (void)snprintf(build->object, sizeof build->object, "%s", build->closure.missing);
    return status;
}

/** A file of the manifest, with its needs if these are asked for. */
static enum bulla_status
add_manifest_file(struct build *build, const struct bl_manifest_file *file, struct bulla_error *err)
{
    bool absolute = file->from[0] == '/';
    char source[PATH_SIZE];
    BL_AUTO_FD fd = -1;

    (void)snprintf(source, sizeof source, "%s", file->from);
    if (absolute &&
        bl_closure_resolve(&build->closure, file->from, /* add= */ false, source, err) != BULLA_OK)
        return fail_about(build, file->from, BULLA_E_NOT_FOUND, "a source is not there", err);
    BL_TRY(add_file(build, file->to, absolute ? build->root_fd : build->directory_fd,
                    source + absolute, file->mode, &fd, err));
    return build->manifest->with_closure ? add_needs(build, fd, source, err) : BULLA_OK;
}

static enum bulla_status
add_closure(struct build *build, struct bulla_error *err)
{
    struct bl_closure *closure = &build->closure;

    for (size_t i = 0; i < closure->count; i++) {
        const struct bl_closure_item *item = &closure->items[i];
        BL_AUTO_FD fd = -1;
        if (item->target[0] != 0)
            BL_TRY(add_link(build, item->path, item->target, err));
        else
            BL_TRY(add_file(build, item->path, build->root_fd, item->path + 1, 0, &fd, err));
    }
    return BULLA_OK;
}

/** What is mounted when the enclave starts must have a place. */
static enum bulla_status
add_mount_points(struct build *build, struct bulla_error *err)
{
    static const char *const places[] = { "/proc", "/dev", BL_ENCLAVE_AGENT_DIRECTORY };
    const struct bl_manifest *m = build->manifest;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        BL_TRY(add_directory(build, places[i], err));
    if (m->tmp > 0)
        BL_TRY(add_directory(build, BL_ENCLAVE_TMP_DIRECTORY, err));
    if (m->secret_count > 0)
        BL_TRY(add_directory(build, BL_ENCLAVE_SECRET_DIRECTORY, err));
    for (size_t i = 0; i < m->sealed_count; i++)
        BL_TRY(add_directory(build, m->sealed[i].path, err));
    for (size_t i = 0; i < m->directory_count; i++)
        BL_TRY(add_directory(build, m->directories[i], err));
    return BULLA_OK;
}

static enum bulla_status
add_parents(struct build *build, struct bulla_error *err)
{
    for (size_t i = 0; i < build->count; i++) { /* the list grows meanwhile */
        char path[PATH_SIZE];
        memcpy(path, build->inputs[i].path, sizeof path);
        for (char *last = strrchr(path, '/'); last != path; last = strrchr(path, '/')) {
            *last = 0;
            BL_TRY(add_directory(build, path, err));
        }
    }
    return BULLA_OK;
}

static enum bulla_status
add_agent(struct build *build, const char *agent_path, struct bulla_error *err)
{
    BL_AUTO_FD fd = -1;

    BL_TRY(add_file(build, BL_ENCLAVE_AGENT_PATH, AT_FDCWD, agent_path, PROGRAM_MODE, &fd, err));
    return add_needs(build, fd, "the agent", err); /* always: without it nothing starts */
}

static enum bulla_status
collect(struct build *build, const char *agent_path, struct bulla_error *err)
{
    const struct bl_manifest *m = build->manifest;

    for (size_t i = 0; i < m->file_count; i++)
        BL_TRY(add_manifest_file(build, &m->files[i], err));
    BL_TRY(add_agent(build, agent_path, err));
#if defined(__aarch64__)
    enum bl_elf_machine machine = BL_ELF_AARCH64;
#else
    enum bl_elf_machine machine = BL_ELF_X86_64;
#endif
    if (m->with_name_service)
        BL_TRY(bl_closure_add_name_service(&build->closure, machine, err));
    BL_TRY(add_closure(build, err));
    BL_TRY(add_mount_points(build, err));
    return add_parents(build, err);
}

/* -- written ----------------------------------------------------------------------------------- */

static int
compare_inputs(const void *a, const void *b)
{
    return strcmp(((const struct input *)a)->path, ((const struct input *)b)->path);
}

static enum bulla_status
copy_source(struct build *build, const struct input *input, struct bl_image_entry *entry, int fd,
            uint8_t *chunk, struct bulla_error *err)
{
    BL_AUTO_FD source =
        BL_CALL(FILE, openat(input->source_fd, input->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    BL_AUTO_FREE(bl_hasher) hasher = NULL;
    uint64_t copied = 0;
    size_t size = BL_IMAGE_CHUNK_SIZE;

    if (source < 0)
        return fail_about(build, input->source, BULLA_E_IO, "a source cannot be opened", err);
    BL_TRY(bl_hasher_new(BL_SHA256, &hasher, err));
    BL_TRY(bl_fd_seek(fd, entry->offset, err));
    while (size == BL_IMAGE_CHUNK_SIZE) {
        BL_TRY(bl_fd_read(source, chunk, BL_IMAGE_CHUNK_SIZE, &size, err));
        copied += size;
        if (copied > entry->size)
            break;
        BL_TRY(bl_hasher_update(hasher, (struct bulla_bytes){ chunk, size }, err));
        BL_TRY(bl_fd_write(fd, (struct bulla_bytes){ chunk, size }, err));
    }
    if (copied != entry->size)
        return fail_about(build, input->source, BULLA_E_BUSY, "a source changed meanwhile", err);
    return bl_hasher_finish(hasher, entry->digest, err);
}

static enum bulla_status
copy_all(struct build *build, struct bl_image_entry *entries, int fd, struct bulla_error *err)
{
    uint8_t *chunk = bl_alloc(BL_IMAGE_CHUNK_SIZE, 1);
    enum bulla_status status = BULLA_OK;

    if (chunk == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", 0);
    for (size_t i = 0; i < build->count && status == BULLA_OK; i++)
        if (entries[i].kind == BL_IMAGE_FILE)
            status = copy_source(build, &build->inputs[i], &entries[i], fd, chunk, err);
    bl_free(chunk);
    return status;
}

/** Header and index before the contents; a last file of no bytes still reaches its place. */
static enum bulla_status
write_front(const struct bulla_buffer *index, uint64_t size, int fd, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) header = { 0 };

    BL_TRY(bl_image_header_encode(index->size, size, &header, err));
    BL_TRY(bl_fd_seek(fd, 0, err));
    BL_TRY(bl_fd_write(fd, bulla_buffer_bytes(&header), err));
    BL_TRY(bl_fd_write(fd, bulla_buffer_bytes(index), err));
    if (BL_CALL(FILE, ftruncate(fd, (off_t)size)) != 0)
        return bl_fail_errno(err, where, "it cannot be written");
    return BULLA_OK;
}

static enum bulla_status
write_image(struct build *build, struct bl_image_entry *entries, int fd, uint8_t digest_out[32],
            struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) index = { 0 };
    uint64_t size = 0;
    size_t at = 0;

    for (size_t i = 0; i < build->count; i++) {
        entries[i] = build->inputs[i].entry;
        entries[i].path = build->inputs[i].path;
        entries[i].target = entries[i].kind == BL_IMAGE_LINK ? build->inputs[i].target : NULL;
    }
    const char *wrong = bl_image_check_tree(entries, build->count, &at);
    if (wrong != NULL)
        return fail_about(build, entries[at].path, BULLA_E_USAGE, wrong, err);
    BL_TRY(bl_image_index_encode(entries, build->count, &index, err));
    if (index.size > BL_IMAGE_INDEX_SIZE_MAX || build->count > BL_IMAGE_ENTRY_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many files", build->count);
    BL_TRY(bl_image_place(entries, build->count, index.size, &size, err));
    BL_TRY(copy_all(build, entries, fd, err));
    bulla_buffer_clear(&index);
    BL_TRY(bl_image_index_encode(entries, build->count, &index, err)); /* now with digests */
    BL_TRY(bl_image_digest(bulla_buffer_bytes(&index), digest_out, err));
    return write_front(&index, size, fd, err);
}

static enum bulla_status
check_entry_program(struct build *build, struct bulla_error *err)
{
    const char *path = build->manifest->entry[0];
    const struct input *input = find_input(build, path);

    if (input != NULL && input->entry.kind == BL_IMAGE_FILE && (input->entry.mode & 0111) != 0)
        return BULLA_OK;
    return fail_about(build, path, BULLA_E_USAGE,
                      "the program to start is no executable file of the image", err);
}

static enum bulla_status
build_all(struct build *build, const struct bl_image_sources *sources, int fd,
          uint8_t digest_out[32], struct bulla_error *err)
{
    BL_TRY(collect(build, sources->agent_path, err));
    BL_TRY(check_entry_program(build, err));
    qsort(build->inputs, build->count, sizeof *build->inputs, compare_inputs);
    struct bl_image_entry *entries = bl_alloc(build->count, sizeof *entries);
    if (entries == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", 0);
    enum bulla_status status = write_image(build, entries, fd, digest_out, err);
    bl_free(entries);
    return status;
}

enum bulla_status
bl_image_build(const struct bl_manifest *manifest, const struct bl_image_sources *sources, int fd,
               uint8_t digest_out[32], struct bulla_buffer *object_out, struct bulla_error *err)
{
    BL_AUTO_FD root = BL_CALL(FILE, open(sources->root, O_PATH | O_DIRECTORY | O_CLOEXEC));
    BL_AUTO_FD directory =
        BL_CALL(FILE, open(sources->directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct build build = {
        .manifest = manifest,
        .root_fd = root,
        .directory_fd = directory,
        .closure = { .root_fd = root },
    };

    if (root < 0 || directory < 0)
        return bl_fail_errno(err, where, "the directory of its sources cannot be opened");
    enum bulla_status status = build_all(&build, sources, fd, digest_out, err);
    if (status != BULLA_OK && build.object[0] != 0 && object_out != NULL) {
        struct bulla_bytes object = { (const uint8_t *)build.object, strlen(build.object) };
        (void)!bulla_buffer_append(object_out, object, NULL); /* the failure stands without it */
    }
    bl_closure_done(&build.closure);
    bl_free(build.inputs);
    return status;
}

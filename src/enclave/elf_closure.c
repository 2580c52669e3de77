/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/elf_closure.c: see elf_closure.h.
 */
#include "enclave/elf_closure.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "enclave/elf_search.h"
#include "policy/manifest.h"
#include "sys/call.h"
#include "sys/file.h"

#define LINKS_MAX 40u        /* as Linux has it */
#define SCRIPT_LINE_MAX 256u /* bytes of a "#!" line that Linux reads */

static const char where[] = "libraries";

void
bl_closure_done(struct bl_closure *closure)
{
    bl_free(closure->items);
    *closure = (struct bl_closure){ .root_fd = -1 };
}

static enum bulla_status
fail_path(struct bl_closure *closure, const char *path, enum bulla_status status, const char *what,
          struct bulla_error *err)
{
    (void)snprintf(closure->missing, sizeof closure->missing, "%s", path);
    return bulla_fail(err, status, where, what, 0);
}

static bool
has_item(const struct bl_closure *closure, const char *path)
{
    for (size_t i = 0; i < closure->count; i++)
        if (strcmp(closure->items[i].path, path) == 0)
            return true;
    return false;
}

static enum bulla_status
add_item(struct bl_closure *closure, const char *path, const char *target, struct bulla_error *err)
{
    struct bulla_bytes bytes = { (const uint8_t *)path, strlen(path) };

    if (has_item(closure, path))
        return BULLA_OK;
    if (!bl_inside_path_is_valid(bytes))
        return fail_path(closure, path, BULLA_E_LIMIT, "a path that no image can have", err);
    if (closure->items == NULL)
        closure->items = bl_alloc(BL_CLOSURE_ITEM_COUNT_MAX, sizeof *closure->items);
    if (closure->items == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", 0);
    if (closure->count == BL_CLOSURE_ITEM_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many", closure->count);
    struct bl_closure_item *item = &closure->items[closure->count++];
    (void)snprintf(item->path, sizeof item->path, "%s", path);
    (void)snprintf(item->target, sizeof item->target, "%s", target);
    return BULLA_OK;
}

/* -- paths below the root ---------------------------------------------------------------------- */

/** A walk from the root: what was passed, without links, and what is still to be walked. */
struct walk {
    char passed[BL_CLOSURE_PATH_SIZE]; /* "" is the root */
    char left[2 * BL_CLOSURE_PATH_SIZE];
    struct bl_closure_item links[LINKS_MAX];
    size_t link_count;
};

static bool
fits(int size, size_t room)
{
    return size >= 0 && (size_t)size < room;
}

/** Take the first part of what is left; false if there is none. */
static bool
take_part(struct walk *walk, char part[BL_CLOSURE_PATH_SIZE])
{
    size_t skip = strspn(walk->left, "/");
    size_t size = strcspn(walk->left + skip, "/");

    if (size == 0 || size >= BL_CLOSURE_PATH_SIZE)
        return false;
    memcpy(part, walk->left + skip, size);
    part[size] = 0;
    memmove(walk->left, walk->left + skip + size, strlen(walk->left + skip + size) + 1);
    return true;
}

/** Go on where the link that stands at `path` leads. */
static bool
follow(struct walk *walk, const char *path, const char *target)
{
    char rest[sizeof walk->left];

    if (walk->link_count == LINKS_MAX)
        return false;
    struct bl_closure_item *link = &walk->links[walk->link_count++];
    if (!fits(snprintf(link->path, sizeof link->path, "%s", path), sizeof link->path) ||
        !fits(snprintf(link->target, sizeof link->target, "%s", target), sizeof link->target) ||
        !fits(snprintf(rest, sizeof rest, "%s/%s", target, walk->left), sizeof rest))
        return false;
    memcpy(walk->left, rest, sizeof rest);
    if (target[0] == '/')
        walk->passed[0] = 0;
    return true;
}

/** One part further; false if it is not there, or leads nowhere. */
static bool
step(struct walk *walk, int root_fd, const char *part)
{
    char path[BL_CLOSURE_PATH_SIZE];
    char target[BL_CLOSURE_PATH_SIZE];
    struct stat info;

    if (strcmp(part, ".") == 0)
        return true;
    if (strcmp(part, "..") == 0) {
        char *last = strrchr(walk->passed, '/');
        if (last != NULL)
            *last = 0; /* ".." of the root is the root */
        return true;
    }
    if (!fits(snprintf(path, sizeof path, "%s/%s", walk->passed, part), sizeof path) ||
        BL_CALL(FILE, fstatat(root_fd, path + 1, &info, AT_SYMLINK_NOFOLLOW)) != 0)
        return false;
    if (!S_ISLNK(info.st_mode)) {
        memcpy(walk->passed, path, sizeof path);
        return true;
    }
    ssize_t size = BL_CALL(FILE, readlinkat(root_fd, path + 1, target, sizeof target - 1));
    if (size <= 0 || (size_t)size >= sizeof target - 1)
        return false;
    target[size] = 0;
    return follow(walk, path, target);
}

enum bulla_status
bl_closure_resolve(struct bl_closure *closure, const char *path, bool add,
                   char out[BL_CLOSURE_PATH_SIZE], struct bulla_error *err)
{
    struct walk walk = { 0 };
    char part[BL_CLOSURE_PATH_SIZE];

    if (path[0] != '/' ||
        !fits(snprintf(walk.left, sizeof walk.left, "%s", path), BL_CLOSURE_PATH_SIZE))
        return fail_path(closure, path, BULLA_E_NOT_FOUND, "not an absolute path", err);
    while (take_part(&walk, part))
        if (!step(&walk, closure->root_fd, part))
            return fail_path(closure, path, BULLA_E_NOT_FOUND, "it is not there", err);
    if (walk.left[strspn(walk.left, "/")] != 0)
        return fail_path(closure, path, BULLA_E_NOT_FOUND, "it is not there", err);
    for (size_t i = 0; add && i < walk.link_count; i++)
        BL_TRY(add_item(closure, walk.links[i].path, walk.links[i].target, err));
    memcpy(out, walk.passed, BL_CLOSURE_PATH_SIZE);
    return BULLA_OK;
}

/** Open a regular file by a path without links. */
static enum bulla_status
open_resolved(struct bl_closure *closure, const char *path, int *fd_out, struct bulla_error *err)
{
    BL_AUTO_FD fd = BL_CALL(
        FILE, openat(closure->root_fd, path + 1, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    struct stat info;

    if (fd < 0)
        return fail_path(closure, path, BULLA_E_NOT_FOUND, "it cannot be opened", err);
    if (BL_CALL(FILE, fstat(fd, &info)) != 0 || !S_ISREG(info.st_mode))
        return fail_path(closure, path, BULLA_E_NOT_FOUND, "it is no regular file", err);
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

/* -- needs ------------------------------------------------------------------------------------- */

/** A file seen as memory. The owner's own files: one that shrinks meanwhile ends the build. */
struct view {
    void *memory;
    size_t size;
};

static void
view_done(struct view *view)
{
    if (view->memory != NULL)
        (void)munmap(view->memory, view->size);
    view->memory = NULL;
}

static enum bulla_status
view_file(int fd, struct view *view, struct bulla_error *err)
{
    struct stat info;

    if (BL_CALL(FILE, fstat(fd, &info)) != 0)
        return bl_fail_errno(err, where, "its size is not known");
    if (info.st_size == 0)
        return BULLA_OK;
    if ((uint64_t)info.st_size > BL_CLOSURE_FILE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too large", 0);
    void *memory = BL_CALL(MEMORY, mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0));
    if (memory == MAP_FAILED)
        return bl_fail_errno(err, where, "it cannot be mapped");
    *view = (struct view){ memory, (size_t)info.st_size };
    return BULLA_OK;
}

/** A program being loaded with its libraries: breadth first, as glibc does it, because a name that
 *  was found once is not looked for again, whoever needs it. */
struct loading {
    struct object {
        char name[BL_CLOSURE_PATH_SIZE];   /* by which it was needed; "": by its path */
        char origin[BL_CLOSURE_PATH_SIZE]; /* directory by which it was reached: links count */
        char path[BL_CLOSURE_PATH_SIZE];   /* without links */
    } objects[BL_CLOSURE_ITEM_COUNT_MAX];
    size_t count;
    struct bulla_bytes program_path; /* DT_RPATH of the program, which helps its libraries too */
    const char *program_origin;
};

/** Who asks for libraries. */
struct seeker {
    const struct bl_elf *elf;
    const char *path;   /* of the object, as a user knows it */
    const char *origin; /* directory of the object; NULL: not known */
    struct loading *loading;
};

/** True if `path` is a library for the same machine. */
static bool
fits_machine(struct bl_closure *closure, const char *path, enum bl_elf_machine machine)
{
    char resolved[BL_CLOSURE_PATH_SIZE];
    BL_AUTO_FD fd = -1;
    uint8_t head[20];
    size_t size = 0;

    if (bl_closure_resolve(closure, path, /* add= */ false, resolved, NULL) != BULLA_OK ||
        open_resolved(closure, resolved, &fd, NULL) != BULLA_OK ||
        bl_fd_read(fd, head, sizeof head, &size, NULL) != BULLA_OK || size != sizeof head)
        return false;
    return bl_elf_is((struct bulla_bytes){ head, size }) && head[4] == 2 &&
           (head[18] | head[19] << 8) == (int)machine;
}

/** Look for `name` in a list of directories separated by colons. */
static bool
search_list(struct bl_closure *closure, struct bulla_bytes list, const char *origin,
            struct bulla_bytes name, enum bl_elf_machine machine, char out[BL_CLOSURE_PATH_SIZE])
{
    struct bulla_bytes directory;

    while (bl_search_next(&list, &directory))
        if (bl_search_join(directory, origin, name, out) && fits_machine(closure, out, machine))
            return true;
    return false;
}

/** Where the loader would find a library: a path that may have links. */
static bool
find_library(struct bl_closure *closure, const struct seeker *seeker, struct bulla_bytes name,
             char out[BL_CLOSURE_PATH_SIZE], bool *is_default_out)
{
    const struct bl_elf *elf = seeker->elf;

    *is_default_out = true; /* an object that says itself where its libraries are says it inside */
    if (memchr(name.data, '/', name.size) != NULL)
        return bl_search_join((struct bulla_bytes){ 0 }, seeker->origin, name, out) &&
               fits_machine(closure, out, elf->machine);
    if (!elf->has_runpath &&
        (search_list(closure, elf->rpath, seeker->origin, name, elf->machine, out) ||
         search_list(closure, seeker->loading->program_path, seeker->loading->program_origin, name,
                     elf->machine, out)))
        return true;
    if (search_list(closure, elf->runpath, seeker->origin, name, elf->machine, out))
        return true;
    for (size_t i = 0; i < closure->directory_count; i++) {
        const char *directory = closure->directories[i];
        struct bulla_bytes bytes = { (const uint8_t *)directory, strlen(directory) };
        if (bl_search_join(bytes, NULL, name, out) && fits_machine(closure, out, elf->machine)) {
            *is_default_out = bl_search_is_default(directory, elf->machine);
            return true;
        }
    }
    return false;
}

/** A link in /usr/lib to a library that no loader would find in an image. */
static enum bulla_status
add_default_name(struct bl_closure *closure, struct bulla_bytes name, const char *path,
                 struct bulla_error *err)
{
    char link[BL_CLOSURE_PATH_SIZE];

    if (!bl_search_join(BL_LITERAL("/usr/lib"), NULL, name, link))
        return bulla_fail(err, BULLA_E_LIMIT, where, "too long a name", 0);
    return add_item(closure, link, path, err);
}

/** The directory of an absolute path; NULL for another one. */
static const char *
origin_of(const char *path, char out[BL_CLOSURE_PATH_SIZE])
{
    if (path[0] != '/' ||
        !fits(snprintf(out, BL_CLOSURE_PATH_SIZE, "%s", path), BL_CLOSURE_PATH_SIZE))
        return NULL;
    *strrchr(out, '/') = 0;
    return out;
}

/** Add an object by a path that may have links; it is read when its turn comes. */
static enum bulla_status
add_object(struct bl_closure *closure, struct loading *loading, struct bulla_bytes name,
           const char *path, struct bulla_error *err)
{
    struct object *object = &loading->objects[loading->count];

    if (loading->count == BL_CLOSURE_ITEM_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many", loading->count);
    BL_TRY(bl_closure_resolve(closure, path, /* add= */ true, object->path, err));
    BL_TRY(add_item(closure, object->path, "", err));
    (void)snprintf(object->name, sizeof object->name, "%.*s", (int)name.size,
                   (const char *)name.data);
    (void)origin_of(path, object->origin);
    loading->count++;
    return BULLA_OK;
}

static bool
was_found(const struct loading *loading, struct bulla_bytes name)
{
    for (size_t i = 0; i < loading->count; i++)
        if (strlen(loading->objects[i].name) == name.size &&
            memcmp(loading->objects[i].name, name.data, name.size) == 0)
            return true;
    return false;
}

/** As `status` said, about `path`. */
static enum bulla_status
about(struct bl_closure *closure, const char *path, enum bulla_status status)
{
    (void)snprintf(closure->missing, sizeof closure->missing, "%s", path);
    return status;
}

static enum bulla_status
fail_missing(struct bl_closure *closure, const struct seeker *seeker, struct bulla_bytes name,
             struct bulla_error *err)
{
    char shown[BL_CLOSURE_MISSING_SIZE];

    (void)snprintf(shown, sizeof shown, "%.*s, which %s needs", (int)name.size,
                   (const char *)name.data, seeker->path);
    return fail_path(closure, shown, BULLA_E_NOT_FOUND, "one that is needed is not there", err);
}

static enum bulla_status
add_library(struct bl_closure *closure, const struct seeker *seeker, struct bulla_bytes name,
            struct bulla_error *err)
{
    char path[BL_CLOSURE_PATH_SIZE];
    bool is_default = true;

    if (was_found(seeker->loading, name))
        return BULLA_OK;
    if (!find_library(closure, seeker, name, path, &is_default))
        return fail_missing(closure, seeker, name, err);
    BL_TRY(add_object(closure, seeker->loading, name, path, err));
    return is_default ? BULLA_OK : add_default_name(closure, name, path, err);
}

static enum bulla_status
add_interpreter(struct bl_closure *closure, const struct seeker *seeker, struct bulla_error *err)
{
    struct bulla_bytes path = seeker->elf->interpreter;
    char text[BL_CLOSURE_PATH_SIZE];

    if (path.size == 0)
        return BULLA_OK;
    if (!bl_search_join((struct bulla_bytes){ 0 }, NULL, path, text))
        return fail_missing(closure, seeker, path, err);
    enum bulla_status status =
        add_object(closure, seeker->loading, (struct bulla_bytes){ 0 }, text, err);
    return status == BULLA_E_NOT_FOUND ? fail_missing(closure, seeker, path, err) : status;
}

static enum bulla_status
add_all(struct bl_closure *closure, const struct seeker *seeker, struct bulla_error *err)
{
    const struct bl_elf *elf = seeker->elf;

    BL_TRY(bl_search_read_directories(closure, elf->machine, err));
    BL_TRY(add_interpreter(closure, seeker, err));
    for (size_t i = 0; i < elf->needed_count; i++)
        BL_TRY(add_library(closure, seeker, elf->needed[i], err));
    return BULLA_OK;
}

/** The needs of one library that was found. */
static enum bulla_status
scan_object(struct bl_closure *closure, struct loading *loading, const struct object *object,
            struct bulla_error *err)
{
    BL_AUTO_FD fd = -1;
    __attribute__((cleanup(view_done))) struct view view = { 0 };
    struct bl_elf elf;

    BL_TRY(open_resolved(closure, object->path, &fd, err));
    BL_TRY(view_file(fd, &view, err));
    enum bulla_status status =
        bl_elf_read((struct bulla_bytes){ view.memory, view.size }, &elf, err);
    if (status != BULLA_OK)
        return about(closure, object->path, status);
    const struct seeker seeker = { &elf, object->path, object->origin, loading };
    return add_all(closure, &seeker, err);
}

/** The needs of all that was found, and of what is found meanwhile; a file of two names once. */
static enum bulla_status
scan_objects(struct bl_closure *closure, struct loading *loading, struct bulla_error *err)
{
    for (size_t i = 0; i < loading->count; i++) {
        const char *path = loading->objects[i].path;
        size_t first = 0;
        while (strcmp(loading->objects[first].path, path) != 0)
            first++;
        if (first == i)
            BL_TRY(scan_object(closure, loading, &loading->objects[i], err));
    }
    return BULLA_OK;
}

/** The needs of the program `file`, which stays mapped meanwhile: the search path lies in it. */
static enum bulla_status
load(struct bl_closure *closure, struct bulla_bytes file, const char *path, struct bulla_error *err)
{
    char origin[BL_CLOSURE_PATH_SIZE];
    struct bl_elf elf;

    BL_TRY(bl_elf_read(file, &elf, err));
    struct loading *loading = bl_alloc(1, sizeof *loading);
    if (loading == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", 0);
    const struct seeker seeker = { &elf, path, origin_of(path, origin), loading };
    loading->program_path = elf.rpath;
    loading->program_origin = seeker.origin;
    enum bulla_status status = add_all(closure, &seeker, err);
    if (status == BULLA_OK)
        status = scan_objects(closure, loading, err);
    bl_free(loading);
    return status;
}

/** The interpreter of a script, and its needs. */
static enum bulla_status
add_script(struct bl_closure *closure, struct bulla_bytes line, struct bulla_error *err)
{
    char path[BL_CLOSURE_PATH_SIZE] = { 0 };
    char resolved[BL_CLOSURE_PATH_SIZE];
    BL_AUTO_FD fd = -1;
    __attribute__((cleanup(view_done))) struct view view = { 0 };
    size_t start = 2, size = 0;

    while (start < line.size && (line.data[start] == ' ' || line.data[start] == '\t'))
        start++;
    while (start + size < line.size && strchr(" \t\r\n", line.data[start + size]) == NULL)
        size++;
    if (size == 0 || size >= sizeof path || start + size == SCRIPT_LINE_MAX) /* or not all of it */
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a script without an interpreter", 0);
    memcpy(path, line.data + start, size);
    BL_TRY(bl_closure_resolve(closure, path, /* add= */ true, resolved, err));
    BL_TRY(open_resolved(closure, resolved, &fd, err));
    BL_TRY(add_item(closure, resolved, "", err));
    BL_TRY(view_file(fd, &view, err));
    return load(closure, (struct bulla_bytes){ view.memory, view.size }, resolved, err);
}

enum bulla_status
bl_closure_add_needs(struct bl_closure *closure, int program_fd, const char *path,
                     struct bulla_error *err)
{
    __attribute__((cleanup(view_done))) struct view view = { 0 };
    uint8_t head[SCRIPT_LINE_MAX];
    size_t size = 0;

    BL_TRY(bl_fd_seek(program_fd, 0, err));
    BL_TRY(bl_fd_read(program_fd, head, sizeof head, &size, err));
    if (size >= 2 && head[0] == '#' && head[1] == '!')
        return add_script(closure, (struct bulla_bytes){ head, size }, err);
    if (!bl_elf_is((struct bulla_bytes){ head, size }))
        return BULLA_OK;
    BL_TRY(view_file(program_fd, &view, err));
    return load(closure, (struct bulla_bytes){ view.memory, view.size }, path, err);
}

enum bulla_status
bl_closure_add_name_service(struct bl_closure *closure, enum bl_elf_machine machine,
                            struct bulla_error *err)
{
    static const char *const names[] = { "libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2" };
    const struct bl_elf elf = { .machine = machine };

    BL_TRY(bl_search_read_directories(closure, machine, err));
    struct loading *loading = bl_alloc(1, sizeof *loading);
    if (loading == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", 0);
    const struct seeker seeker = { &elf, "the name service", NULL, loading };
    enum bulla_status status = BULLA_OK;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && status == BULLA_OK; i++) {
        struct bulla_bytes name = { (const uint8_t *)names[i], strlen(names[i]) };
        char path[BL_CLOSURE_PATH_SIZE];
        bool is_default = true;
        if (find_library(closure, &seeker, name, path, &is_default))
            status = add_library(closure, &seeker, name, err);
    }
    if (status == BULLA_OK)
        status = scan_objects(closure, loading, err);
    bl_free(loading);
    return status;
}

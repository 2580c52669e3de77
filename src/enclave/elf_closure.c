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

/** Who asks for libraries. */
struct seeker {
    const struct bl_elf *elf;
    const char *origin;              /* directory of the object */
    struct bulla_bytes program_path; /* DT_RPATH of the program, which helps its libraries too */
    const char *program_origin;
};

static enum bulla_status add_object(struct bl_closure *closure, const char *path,
                                    const struct seeker *seeker, struct bulla_error *err);

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
    if (elf->runpath.size == 0 &&
        (search_list(closure, elf->rpath, seeker->origin, name, elf->machine, out) ||
         search_list(closure, seeker->program_path, seeker->program_origin, name, elf->machine,
                     out)))
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

static enum bulla_status
add_library(struct bl_closure *closure, const struct seeker *seeker, struct bulla_bytes name,
            struct bulla_error *err)
{
    char path[BL_CLOSURE_PATH_SIZE];
    char shown[BL_CLOSURE_PATH_SIZE];
    bool is_default = true;

    if (!find_library(closure, seeker, name, path, &is_default)) {
        (void)snprintf(shown, sizeof shown, "%.*s", (int)name.size, (const char *)name.data);
        return fail_path(closure, shown, BULLA_E_NOT_FOUND, "one that is needed is not there", err);
    }
    BL_TRY(add_object(closure, path, seeker, err));
    return is_default ? BULLA_OK : add_default_name(closure, name, path, err);
}

static enum bulla_status
add_all(struct bl_closure *closure, const struct seeker *seeker, struct bulla_error *err)
{
    char interpreter[BL_CLOSURE_PATH_SIZE];
    const struct bl_elf *elf = seeker->elf;

    BL_TRY(bl_search_read_directories(closure, elf->machine, err));
    if (elf->interpreter.size > 0) {
        (void)snprintf(interpreter, sizeof interpreter, "%.*s", (int)elf->interpreter.size,
                       (const char *)elf->interpreter.data);
        BL_TRY(add_object(closure, interpreter, seeker, err));
    }
    for (size_t i = 0; i < elf->needed_count; i++)
        BL_TRY(add_library(closure, seeker, elf->needed[i], err));
    return BULLA_OK;
}

static enum bulla_status
scan(struct bl_closure *closure, struct bulla_bytes file, const char *origin,
     const struct seeker *parent, struct bulla_error *err)
{
    struct bl_elf elf;

    BL_TRY(bl_elf_read(file, &elf, err));
    const struct seeker seeker = {
        .elf = &elf,
        .origin = origin,
        .program_path = parent != NULL         ? parent->program_path
                        : elf.runpath.size > 0 ? (struct bulla_bytes){ 0 }
                                               : elf.rpath,
        .program_origin = parent != NULL ? parent->program_origin : origin,
    };
    return add_all(closure, &seeker, err);
}

/** Add a library by a path that may have links, and its needs. */
static enum bulla_status
add_object(struct bl_closure *closure, const char *path, const struct seeker *seeker,
           struct bulla_error *err)
{
    char resolved[BL_CLOSURE_PATH_SIZE];
    BL_AUTO_FD fd = -1;
    __attribute__((cleanup(view_done))) struct view view = { 0 };

    BL_TRY(bl_closure_resolve(closure, path, /* add= */ true, resolved, err));
    if (has_item(closure, resolved))
        return BULLA_OK;
    BL_TRY(open_resolved(closure, resolved, &fd, err));
    BL_TRY(add_item(closure, resolved, "", err));
    BL_TRY(view_file(fd, &view, err));
    *strrchr(resolved, '/') = 0;
    return scan(closure, (struct bulla_bytes){ view.memory, view.size }, resolved, seeker, err);
}

/** The interpreter of a script, and its needs. */
static enum bulla_status
add_script(struct bl_closure *closure, struct bulla_bytes line, struct bulla_error *err)
{
    char path[BL_CLOSURE_PATH_SIZE] = { 0 };
    char resolved[BL_CLOSURE_PATH_SIZE];
    BL_AUTO_FD fd = -1;
    size_t start = 2, size = 0;

    while (start < line.size && (line.data[start] == ' ' || line.data[start] == '\t'))
        start++;
    while (start + size < line.size && strchr(" \t\r\n", line.data[start + size]) == NULL)
        size++;
    if (size == 0 || size >= sizeof path)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a script without an interpreter", 0);
    memcpy(path, line.data + start, size);
    BL_TRY(bl_closure_resolve(closure, path, /* add= */ true, resolved, err));
    if (has_item(closure, resolved))
        return BULLA_OK;
    BL_TRY(open_resolved(closure, resolved, &fd, err));
    BL_TRY(add_item(closure, resolved, "", err));
    *strrchr(resolved, '/') = 0;
    __attribute__((cleanup(view_done))) struct view view = { 0 };
    BL_TRY(view_file(fd, &view, err));
    return scan(closure, (struct bulla_bytes){ view.memory, view.size }, resolved, NULL, err);
}

enum bulla_status
bl_closure_add_needs(struct bl_closure *closure, int program_fd, const char *origin,
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
    return scan(closure, (struct bulla_bytes){ view.memory, view.size }, origin, NULL, err);
}

enum bulla_status
bl_closure_add_name_service(struct bl_closure *closure, enum bl_elf_machine machine,
                            struct bulla_error *err)
{
    static const char *const names[] = { "libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2" };
    const struct bl_elf elf = { .machine = machine };
    const struct seeker seeker = { .elf = &elf, .origin = "", .program_origin = "" };

    BL_TRY(bl_search_read_directories(closure, machine, err));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct bulla_bytes name = { (const uint8_t *)names[i], strlen(names[i]) };
        char path[BL_CLOSURE_PATH_SIZE];
        bool is_default = true;
        if (find_library(closure, &seeker, name, path, &is_default))
            BL_TRY(add_library(closure, &seeker, name, err));
    }
    return BULLA_OK;
}

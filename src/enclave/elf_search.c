/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/elf_search.c: see elf_search.h.
 */
#include "enclave/elf_search.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "sys/call.h"
#include "sys/file.h"

#define CONF_SIZE_MAX 65536u
#define CONF_DEPTH_MAX 4
#define CONF_COUNT_MAX 64u /* files of one include */

static const char *const x86_defaults[] = { "/lib/x86_64-linux-gnu",
                                            "/usr/lib/x86_64-linux-gnu",
                                            "/lib64",
                                            "/usr/lib64",
                                            "/lib",
                                            "/usr/lib",
                                            NULL };
static const char *const arm_defaults[] = { "/lib/aarch64-linux-gnu",
                                            "/usr/lib/aarch64-linux-gnu",
                                            "/lib64",
                                            "/usr/lib64",
                                            "/lib",
                                            "/usr/lib",
                                            NULL };

static const char *const *
defaults_of(enum bl_elf_machine machine)
{
    return machine == BL_ELF_X86_64 ? x86_defaults : arm_defaults;
}

bool
bl_search_is_default(const char *directory, enum bl_elf_machine machine)
{
    const char *const *defaults = defaults_of(machine);

    for (size_t i = 0; defaults[i] != NULL; i++)
        if (strcmp(defaults[i], directory) == 0)
            return true;
    return false;
}

bool
bl_search_next(struct bulla_bytes *list, struct bulla_bytes *directory_out)
{
    while (list->size > 0) {
        const uint8_t *colon = memchr(list->data, ':', list->size);
        size_t size = colon != NULL ? (size_t)(colon - list->data) : list->size;
        size_t used = size + (colon != NULL);
        *directory_out = (struct bulla_bytes){ list->data, size };
        *list = (struct bulla_bytes){ list->data + used, list->size - used };
        if (size > 0)
            return true;
    }
    return false;
}

/** Bytes of $ORIGIN or ${ORIGIN} at the beginning; 0: another word is there. */
static size_t
origin_size(const char *text)
{
    static const char plain[] = "$ORIGIN", braced[] = "${ORIGIN}";

    if (strncmp(text, braced, sizeof braced - 1) == 0)
        return sizeof braced - 1;
    if (strncmp(text, plain, sizeof plain - 1) != 0)
        return 0;
    char next = text[sizeof plain - 1];
    return isalnum((unsigned char)next) || next == '_' ? 0 : sizeof plain - 1;
}

bool
bl_search_join(struct bulla_bytes directory, const char *origin, struct bulla_bytes name,
               char out[BL_CLOSURE_PATH_SIZE])
{
    char text[2 * BL_CLOSURE_PATH_SIZE];
    const char *before = "";
    size_t skip = 0;

    int size =
        directory.size == 0
            ? snprintf(text, sizeof text, "%.*s", (int)name.size, (const char *)name.data)
            : snprintf(text, sizeof text, "%.*s/%.*s", (int)directory.size,
                       (const char *)directory.data, (int)name.size, (const char *)name.data);
    if (size < 0 || (size_t)size >= sizeof text)
        return false;
    if (origin != NULL) {
        skip = origin_size(text);
        before = skip > 0 ? origin : "";
    }
    size = snprintf(out, BL_CLOSURE_PATH_SIZE, "%s%s", before, text + skip);
    return size > 0 && (size_t)size < BL_CLOSURE_PATH_SIZE && out[0] == '/' &&
           strchr(out, '$') == NULL;
}

/* -- ld.so.conf -------------------------------------------------------------------------------- */

static enum bulla_status read_conf(struct bl_closure *closure, const char *path, int depth,
                                   struct bulla_error *err);

static enum bulla_status
add_directory(struct bl_closure *closure, const char *directory, struct bulla_error *err)
{
    for (size_t i = 0; i < closure->directory_count; i++)
        if (strcmp(closure->directories[i], directory) == 0)
            return BULLA_OK;
    if (closure->directory_count == BL_CLOSURE_DIRECTORY_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "ld.so.conf", "too many directories", 0);
    (void)snprintf(closure->directories[closure->directory_count++], BL_CLOSURE_PATH_SIZE, "%s",
                   directory);
    return BULLA_OK;
}

struct names {
    char items[CONF_COUNT_MAX][BL_CLOSURE_PATH_SIZE];
    size_t count;
};

static int
compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/** The names in `directory` that match, sorted; those beyond the maximum make it fail. */
static bool
list_names(int root_fd, const char *directory, const char *pattern, struct names *names)
{
    int fd = BL_CALL(FILE, openat(root_fd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    bool fits = true;

    if (stream == NULL) {
        bl_fd_close(&fd);
        return true; /* nothing to include */
    }
    for (struct dirent *entry = readdir(stream); entry != NULL && fits; entry = readdir(stream)) {
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD) != 0)
            continue;
        fits = names->count < CONF_COUNT_MAX && strlen(entry->d_name) < BL_CLOSURE_PATH_SIZE;
        if (fits)
            (void)snprintf(names->items[names->count++], BL_CLOSURE_PATH_SIZE, "%s", entry->d_name);
    }
    (void)closedir(stream);
    if (names->count > 0)
        qsort(names->items, names->count, sizeof names->items[0], compare_names);
    return fits;
}

/** include PATTERN: an absolute path whose last part may have wildcards. */
static enum bulla_status
include(struct bl_closure *closure, const char *pattern, int depth, struct bulla_error *err)
{
    char directory[BL_CLOSURE_PATH_SIZE];
    char resolved[BL_CLOSURE_PATH_SIZE];
    struct names *names = NULL;
    enum bulla_status status = BULLA_OK;

    (void)snprintf(directory, sizeof directory, "%s%s", pattern[0] == '/' ? "" : "/etc/", pattern);
    char *last = strrchr(directory, '/');
    *last = 0;
    if (bl_closure_resolve(closure, directory, /* add= */ false, resolved, NULL) != BULLA_OK ||
        resolved[0] == 0)
        return BULLA_OK;
    names = bl_alloc(1, sizeof *names);
    if (names == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "ld.so.conf", "no memory", 0);
    if (!list_names(closure->root_fd, resolved + 1, last + 1, names))
        status = bulla_fail(err, BULLA_E_LIMIT, "ld.so.conf", "it includes too many files", 0);
    for (size_t i = 0; i < names->count && status == BULLA_OK; i++) {
        char path[BL_CLOSURE_PATH_SIZE];
        if (bl_search_join(
                (struct bulla_bytes){ (const uint8_t *)resolved, strlen(resolved) }, NULL,
                (struct bulla_bytes){ (const uint8_t *)names->items[i], strlen(names->items[i]) },
                path))
            status = read_conf(closure, path, depth + 1, err);
    }
    bl_free(names);
    return status;
}

static enum bulla_status
read_line(struct bl_closure *closure, char *line, int depth, struct bulla_error *err)
{
    char *rest = NULL;

    line[strcspn(line, "#")] = 0;
    char *word = strtok_r(line, " \t\r", &rest);
    if (word == NULL || strcmp(word, "hwcap") == 0)
        return BULLA_OK;
    if (strcmp(word, "include") == 0) {
        for (word = strtok_r(NULL, " \t\r", &rest); word != NULL;
             word = strtok_r(NULL, " \t\r", &rest))
            if (strlen(word) < BL_CLOSURE_PATH_SIZE - sizeof "/etc/")
                BL_TRY(include(closure, word, depth, err));
        return BULLA_OK;
    }
    size_t size = strlen(word);
    while (size > 1 && word[size - 1] == '/')
        word[--size] = 0;
    return word[0] == '/' && size < BL_CLOSURE_PATH_SIZE ? add_directory(closure, word, err)
                                                         : BULLA_OK;
}

static enum bulla_status
read_conf(struct bl_closure *closure, const char *path, int depth, struct bulla_error *err)
{
    char resolved[BL_CLOSURE_PATH_SIZE];
    char text[CONF_SIZE_MAX + 1];
    char *rest = NULL;
    size_t size = 0;
    BL_AUTO_FD fd = -1;

    if (depth > CONF_DEPTH_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "ld.so.conf", "it includes itself", 0);
    if (bl_closure_resolve(closure, path, /* add= */ false, resolved, NULL) != BULLA_OK)
        return BULLA_OK; /* a root without one */
    fd = BL_CALL(FILE, openat(closure->root_fd, resolved + 1,
                              O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (fd < 0)
        return bl_fail_errno(err, "ld.so.conf", "it cannot be opened");
    BL_TRY(bl_fd_read(fd, text, sizeof text, &size, err));
    if (size == sizeof text)
        return bulla_fail(err, BULLA_E_LIMIT, "ld.so.conf", "too large", 0);
    text[size] = 0;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        BL_TRY(read_line(closure, line, depth, err));
    return BULLA_OK;
}

enum bulla_status
bl_search_read_directories(struct bl_closure *closure, enum bl_elf_machine machine,
                           struct bulla_error *err)
{
    const char *const *defaults = defaults_of(machine);

    if (closure->directory_count > 0)
        return BULLA_OK;
    BL_TRY(read_conf(closure, "/etc/ld.so.conf", 0, err));
    for (size_t i = 0; defaults[i] != NULL; i++)
        BL_TRY(add_directory(closure, defaults[i], err));
    return BULLA_OK;
}

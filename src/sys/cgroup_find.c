/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/cgroup_find.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

struct span {
    const char *start;
    size_t size;
};

/* The next part of `text` up to `separator` or the end; moves `text` behind it. */
static struct span
cut(struct span *text, char separator)
{
    const char *end = text->size > 0 ? memchr(text->start, separator, text->size) : NULL;
    struct span part = { text->start, end == NULL ? text->size : (size_t)(end - text->start) };
    size_t used = end == NULL ? part.size : part.size + 1;

    text->start += used;
    text->size -= used;
    return part;
}

static bool
is(struct span part, const char *word)
{
    return part.size == strlen(word) && memcmp(part.start, word, part.size) == 0;
}

static bool
lists(struct span list, const char *word)
{
    while (list.size > 0) {
        if (is(cut(&list, ','), word))
            return true;
    }
    return false;
}

/* "9:name,name:/path" in v1, "0::/path" in v2. */
static bool
find_own_path(const char *cgroups, const char *controller, struct span *out)
{
    struct span text = { cgroups, strlen(cgroups) };

    while (text.size > 0) {
        struct span line = cut(&text, '\n');
        struct span id = cut(&line, ':'), names = cut(&line, ':');
        bool found = controller == NULL ? is(id, "0") && names.size == 0 : lists(names, controller);
        if (found && line.size > 0 && line.start[0] == '/') {
            *out = line;
            return true;
        }
    }
    return false;
}

struct mount_point {
    struct span root, place;
};

/* "36 35 98:0 /root /place options optional... - type source super-options" */
static bool
find_mount(const char *mountinfo, const char *controller, struct mount_point *out)
{
    struct span text = { mountinfo, strlen(mountinfo) };

    while (text.size > 0) {
        struct span line = cut(&text, '\n');
        for (int i = 0; i < 3; i++)
            (void)cut(&line, ' ');
        struct mount_point found = { .root = cut(&line, ' ') };
        found.place = cut(&line, ' ');
        while (line.size > 0 && !is(cut(&line, ' '), "-")) {
        }
        struct span type = cut(&line, ' ');
        (void)cut(&line, ' ');
        if (controller == NULL ? is(type, "cgroup2")
                               : is(type, "cgroup") && lists(line, controller)) {
            *out = found;
            return true;
        }
    }
    return false;
}

/* Our path without the part that the mount leaves out; false if the mount shows other groups. */
static bool
path_below(struct span root, struct span path, struct span *out)
{
    if (is(root, "/"))
        root.size = 0;
    if (path.size < root.size || memcmp(path.start, root.start, root.size) != 0)
        return false;
    *out = (struct span){ path.start + root.size, path.size - root.size };
    if (out->size > 0 && out->start[0] != '/')
        return false;
    if (is(*out, "/"))
        out->size = 0;
    return memmem(out->start, out->size, "/..", 3) == NULL; /* outside of our cgroup namespace */
}

enum bulla_status
bl_cgroup_find(const char *mountinfo, const char *cgroups, const char *controller, char **out,
               struct bulla_error *err)
{
    struct mount_point mount;
    struct span path, below;

    *out = NULL;
    if (!find_own_path(cgroups, controller, &path) || !find_mount(mountinfo, controller, &mount) ||
        !path_below(mount.root, path, &below))
        return BULLA_OK;
    if (memchr(mount.place.start, '\\', mount.place.size) != NULL)
        return BULLA_OK; /* an escaped name: nobody mounts cgroups there */
    size_t size = mount.place.size + below.size + 1;
    char *found = bl_alloc(size, 1);
    if (found == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "cgroup", "out of memory", size);
    (void)snprintf(found, size, "%.*s%.*s", (int)mount.place.size, mount.place.start,
                   (int)below.size, below.start);
    *out = found;
    return BULLA_OK;
}

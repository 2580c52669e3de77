/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/path.h"

#include <string.h>

#include "base/memory.h"

static size_t
joined_size(const char *directory, const char *name)
{
    return strlen(directory) + strlen(name) + sizeof "/";
}

static void
put_joined(char *out, const char *directory, const char *name)
{
    size_t directory_size = strlen(directory);

    memcpy(out, directory, directory_size);
    out[directory_size] = '/';
    memcpy(out + directory_size + 1, name, strlen(name) + 1);
}

char *
bl_path_join(const char *directory, const char *name)
{
    char *path = bl_alloc(joined_size(directory, name), 1);

    if (path != NULL)
        put_joined(path, directory, name);
    return path;
}

enum bulla_status
bl_path_format(char *out, size_t size, const char *directory, const char *name, const char *where,
               struct bulla_error *err)
{
    if (joined_size(directory, name) > size)
        return bulla_fail(err, BULLA_E_LIMIT, where, "the path is too long", 0);
    put_joined(out, directory, name);
    return BULLA_OK;
}

enum bulla_status
bl_path_resolve(char *out, size_t size, const char *directory, const char *name, const char *where,
                struct bulla_error *err)
{
    if (name[0] == '/') /* "/NAME" is NAME below the directory "" */
        return bl_path_format(out, size, "", name + 1, where, err);
    return bl_path_format(out, size, directory, name, where, err);
}

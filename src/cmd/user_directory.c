/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/user_directory.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "sys/path.h"

static const struct {
    const char *variable, *system, *below_home;
} places[] = {
    [BL_USER_CONFIG] = { "XDG_CONFIG_HOME", "/etc", ".config" },
    [BL_USER_STATE] = { "XDG_STATE_HOME", "/var/lib", ".local/state" },
    [BL_USER_CACHE] = { "XDG_CACHE_HOME", "/var/cache", ".cache" },
};

static const char *
absolute_variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] == '/' ? value : NULL;
}

static const char *
home_directory(void)
{
    const char *home = absolute_variable("HOME");

    if (home != NULL)
        return home;
    const struct passwd *entry = getpwuid(geteuid());
    return entry != NULL ? entry->pw_dir : NULL;
}

char *
bl_user_directory(enum bl_user_place place, const char *name)
{
    const char *chosen = absolute_variable(places[place].variable);

    if (chosen == NULL && geteuid() == 0)
        chosen = places[place].system;
    if (chosen != NULL)
        return bl_path_join(chosen, name);
    const char *home = home_directory();
    char *parent = home == NULL ? NULL : bl_path_join(home, places[place].below_home);
    char *path = parent == NULL ? NULL : bl_path_join(parent, name);
    bl_free(parent);
    return path;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/cgroup_reclaim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/call.h"
#include "sys/cgroup.h"
#include "sys/clock.h"

#define ENTRIES_MAX 65536 /* of one directory: a machine with very many groups */
#define REMOVED_MAX 1024  /* at one start: the next one goes on */

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789._-"

bool
bl_cgroup_name_owner(const char *name, pid_t *pid_out)
{
    const char *digits = strrchr(name, '-');
    char *end = NULL;

    if (strncmp(name, BL_CGROUP_PREFIX, sizeof BL_CGROUP_PREFIX - 1) != 0 ||
        strlen(name) > BL_CGROUP_NAME_MAX || name[strspn(name, NAME_CHARACTERS)] != '\0' ||
        digits == NULL || (size_t)(digits - name) < sizeof BL_CGROUP_PREFIX || digits[1] < '1' ||
        digits[1] > '9')
        return false;
    errno = 0;
    long pid = strtol(digits + 1, &end, 10);
    if (errno != 0 || *end != '\0' || pid > INT_MAX)
        return false;
    *pid_out = (pid_t)pid;
    return true;
}

static bool
is_ours_and_left(int directory_fd, const char *name)
{
    struct stat status;
    pid_t pid = 0;

    return bl_cgroup_name_owner(name, &pid) && kill(pid, 0) != 0 && errno == ESRCH &&
           fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
           status.st_mtime < bl_clock_now_s() - BL_CGROUP_LEFT_S;
}

void
bl_cgroup_reclaim(const char *base)
{
    DIR *entries = bl_fault_point(BL_FAULT_FILE) ? NULL : opendir(base);
    unsigned removed = 0;

    if (entries == NULL)
        return;
    for (unsigned seen = 0; seen < ENTRIES_MAX && removed < REMOVED_MAX; seen++) {
        const struct dirent *entry = readdir(entries);
        if (entry == NULL)
            break;
        /* The kernel removes no group that has a process or a group in it. */
        if (is_ours_and_left(dirfd(entries), entry->d_name) &&
            unlinkat(dirfd(entries), entry->d_name, AT_REMOVEDIR) == 0)
            removed++;
    }
    closedir(entries);
}

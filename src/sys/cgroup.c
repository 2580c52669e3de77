/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/cgroup.c: making, filling, reading, killing and removing a group.
 *
 * Spec: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/ of Linux 6.12.
 */
#include "sys/cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "sys/call.h"
#include "sys/cgroup_find.h"
#include "sys/cgroup_reclaim.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/path.h"
#include "sys/sandbox.h"

#define PROC_TEXT_MAX ((size_t)4 << 20)  /* bytes: a machine with tens of thousands of mounts */
#define GROUP_TEXT_MAX ((size_t)1 << 20) /* bytes: a hundred thousand process numbers */
#define VALUE_TEXT_MAX 48                /* bytes: two numbers */
#define CPU_PERIOD_US 100000u            /* the kernel's default */
#define RETRY_MS 5u
#define REMOVE_TRIES 100 /* half a second: the kernel takes a moment to let go of the killed */

static const char *const controllers[BL_LIMIT_KINDS] = { "memory", "cpu", "pids" };

static enum bulla_status
write_value(const char *directory, const char *name, const char *value, struct bulla_error *err)
{
    char path[PATH_MAX];

    BL_TRY(bl_path_format(path, sizeof path, directory, name, "cgroup", err));
    BL_AUTO_FD fd = BL_CALL(FILE, open(path, O_WRONLY | O_CLOEXEC));
    if (fd < 0)
        return bl_fail_errno(err, "cgroup", "cannot be changed");
    return bl_fd_write(fd, (struct bulla_bytes){ (const uint8_t *)value, strlen(value) }, err);
}

static enum bulla_status
write_number(const char *directory, const char *name, uint64_t value, struct bulla_error *err)
{
    char text[VALUE_TEXT_MAX];

    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return write_value(directory, name, text, err);
}

/* As text with its end. */
static enum bulla_status
read_text(const char *path, size_t size_max, struct bulla_buffer *out, struct bulla_error *err)
{
    uint8_t end = 0;

    BL_TRY(bl_file_read(path, size_max, out, err));
    return bulla_buffer_append(out, (struct bulla_bytes){ &end, 1 }, err);
}

static enum bulla_status
read_value(const char *directory, const char *name, struct bulla_buffer *out,
           struct bulla_error *err)
{
    char path[PATH_MAX];

    BL_TRY(bl_path_format(path, sizeof path, directory, name, "cgroup", err));
    return read_text(path, GROUP_TEXT_MAX, out, err);
}

/* The number in a file, or in its line that starts with `key`. */
static enum bulla_status
read_number(const char *directory, const char *name, const char *key, uint64_t *out,
            struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    BL_TRY(read_value(directory, name, &text, err));
    const char *at = (const char *)text.data;
    while (key != NULL && at != NULL &&
           (strncmp(at, key, strlen(key)) != 0 || at[strlen(key)] != ' ')) {
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    if (at == NULL)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "cgroup", "value missing", 0);
    at += key == NULL ? 0 : strlen(key) + 1;
    if (*at < '0' || *at > '9')
        return bulla_fail(err, BULLA_E_MALFORMED, "cgroup", "not a number", 0);
    *out = strtoull(at, NULL, 10);
    return BULLA_OK;
}

static bool
has(const char *directory, const char *name)
{
    char path[PATH_MAX];

    return bl_path_format(path, sizeof path, directory, name, "cgroup", NULL) == BULLA_OK &&
           access(path, F_OK) == 0;
}

static char *
copy_path(const char *path)
{
    size_t size = strlen(path) + 1;
    char *copy = bl_alloc(size, 1);

    if (copy != NULL)
        memcpy(copy, path, size);
    return copy;
}

/* The group's directory below `base`, in *out; NULL if we may not make one there. */
static enum bulla_status
make_below(const char *base, const char *name, char **out, struct bulla_error *err)
{
    char path[PATH_MAX];

    *out = NULL;
    BL_TRY(bl_path_format(path, sizeof path, base, name, "cgroup", err));
    bl_cgroup_reclaim(base);
    if (BL_CALL(FILE, mkdir(path, 0755)) != 0) {
        if (errno == EEXIST)
            return bulla_fail(err, BULLA_E_EXISTS, "cgroup", "exists already", 0);
        return BULLA_OK;
    }
    *out = copy_path(path);
    if (*out != NULL)
        return BULLA_OK;
    (void)rmdir(path);
    return bulla_fail(err, BULLA_E_MEMORY, "cgroup", "out of memory", 0);
}

static void
forget(char **path)
{
    bl_free(*path);
    *path = NULL;
}

static void
unmake(char **path)
{
    if (*path != NULL)
        (void)rmdir(*path);
    forget(path);
}

static bool
wanted(const struct bl_cgroup_limits *limits, enum bl_limit_kind kind)
{
    const bool is_wanted[BL_LIMIT_KINDS] = { limits->memory_max > 0, limits->cpu_percent > 0,
                                             limits->pids_max > 0 };

    return is_wanted[kind];
}

static bool
has_controller(const char *directory, enum bl_limit_kind kind)
{
    static const char *const files[BL_LIMIT_KINDS] = { "memory.max", "cpu.max", "pids.max" };

    return has(directory, files[kind]);
}

/* How many of the controllers wanted the groups below `base` have, after asking for them. A base
 * with processes of its own may not hand them out: that is why its parents are looked at, too. */
static unsigned
count_controllers(const char *base, const char *group, const struct bl_cgroup_limits *limits)
{
    unsigned count = 0;
    char request[VALUE_TEXT_MAX];

    for (enum bl_limit_kind kind = 0; kind < BL_LIMIT_KINDS; kind++) {
        if (!wanted(limits, kind))
            continue;
        (void)snprintf(request, sizeof request, "+%s", controllers[kind]);
        if (!has_controller(group, kind) &&
            write_value(base, "cgroup.subtree_control", request, NULL) != BULLA_OK)
            continue;
        count += has_controller(group, kind) ? 1 : 0;
    }
    return count;
}

/* The nearest place in v2 with the most of what is wanted. Any will do for killing. */
static enum bulla_status
make_unified(struct bl_cgroup *group, const char *own, const char *name, struct bulla_error *err)
{
    char base[PATH_MAX];
    unsigned best = 0;

    BL_TRY(bl_path_format(base, sizeof base, own, "", "cgroup", err));
    for (char *end = strrchr(base, '/'); end != NULL && end != base; end = strrchr(base, '/')) {
        char *made = NULL;
        *end = '\0';
        if (!has(base, "cgroup.procs"))
            break; /* above the mount */
        enum bulla_status status = make_below(base, name, &made, err);
        if (status != BULLA_OK) {
            unmake(&group->unified);
            return status;
        }
        unsigned count = made == NULL ? 0 : count_controllers(base, made, &group->limits);
        if (made != NULL && (group->unified == NULL || count > best)) {
            unmake(&group->unified);
            group->unified = made;
            best = count;
        } else {
            unmake(&made);
        }
    }
    return BULLA_OK;
}

static enum bulla_status
set_memory(const char *path, enum bl_mechanism mechanism, uint64_t bytes, struct bulla_error *err)
{
    if (mechanism == BL_MECHANISM_CGROUP_V1) {
        BL_TRY(write_number(path, "memory.limit_in_bytes", bytes, err));
        return has(path, "memory.memsw.limit_in_bytes")
                   ? write_number(path, "memory.memsw.limit_in_bytes", bytes, err)
                   : BULLA_OK;
    }
    BL_TRY(write_number(path, "memory.max", bytes, err));
    if (has(path, "memory.oom.group"))
        BL_TRY(write_number(path, "memory.oom.group", 1, err));
    return has(path, "memory.swap.max") ? write_number(path, "memory.swap.max", 0, err) : BULLA_OK;
}

static enum bulla_status
set_cpu(const char *path, enum bl_mechanism mechanism, uint32_t percent, struct bulla_error *err)
{
    uint64_t quota_us = (uint64_t)percent * CPU_PERIOD_US / 100;
    char text[VALUE_TEXT_MAX];

    if (mechanism == BL_MECHANISM_CGROUP_V1) {
        BL_TRY(write_number(path, "cpu.cfs_period_us", CPU_PERIOD_US, err));
        return write_number(path, "cpu.cfs_quota_us", quota_us, err);
    }
    (void)snprintf(text, sizeof text, "%llu %u", (unsigned long long)quota_us, CPU_PERIOD_US);
    return write_value(path, "cpu.max", text, err);
}

static enum bulla_status
set_limit(const struct bl_cgroup *group, enum bl_limit_kind kind, const char *path,
          enum bl_mechanism mechanism, struct bulla_error *err)
{
    switch (kind) {
    case BL_LIMIT_MEMORY:
        return set_memory(path, mechanism, group->limits.memory_max, err);
    case BL_LIMIT_CPU:
        return set_cpu(path, mechanism, group->limits.cpu_percent, err);
    case BL_LIMIT_PIDS:
        return write_number(path, "pids.max", group->limits.pids_max, err);
    case BL_LIMIT_KINDS:
        break;
    }
    return bulla_fail(err, BULLA_E_ARGUMENT, "cgroup", "no such limit", (size_t)kind);
}

struct proc_texts {
    struct bulla_buffer mountinfo, cgroups;
};

static void
proc_texts_done(struct proc_texts *texts)
{
    bulla_buffer_done(&texts->mountinfo);
    bulla_buffer_done(&texts->cgroups);
}

static enum bulla_status
find_own(const struct proc_texts *texts, const char *controller, char **out,
         struct bulla_error *err)
{
    return bl_cgroup_find((const char *)texts->mountinfo.data, (const char *)texts->cgroups.data,
                          controller, out, err);
}

/* The group in a v1 hierarchy, or NULL. */
static enum bulla_status
make_v1(const struct proc_texts *texts, const char *controller, const char *name, char **out,
        struct bulla_error *err)
{
    char *own = NULL;

    *out = NULL;
    BL_TRY(find_own(texts, controller, &own, err));
    if (own == NULL)
        return BULLA_OK;
    enum bulla_status status = make_below(own, name, out, err);
    bl_free(own);
    return status;
}

/* By v2, else v1, else not by cgroup. A kernel that refuses the value has not set the limit. */
static enum bulla_status
enforce(struct bl_cgroup *group, enum bl_limit_kind kind, const struct proc_texts *texts,
        const char *name, struct bulla_error *err)
{
    if (group->unified != NULL && has_controller(group->unified, kind) &&
        set_limit(group, kind, group->unified, BL_MECHANISM_CGROUP_V2, NULL) == BULLA_OK) {
        group->mechanism[kind] = BL_MECHANISM_CGROUP_V2;
        return BULLA_OK;
    }
    char *path = NULL;
    BL_TRY(make_v1(texts, controllers[kind], name, &path, err));
    if (path != NULL && set_limit(group, kind, path, BL_MECHANISM_CGROUP_V1, NULL) == BULLA_OK) {
        group->mechanism[kind] = BL_MECHANISM_CGROUP_V1;
        group->path[kind] = path;
        return BULLA_OK;
    }
    unmake(&path);
    group->mechanism[kind] = kind == BL_LIMIT_CPU ? BL_MECHANISM_NONE : BL_MECHANISM_RLIMIT;
    return BULLA_OK;
}

static enum bulla_status
make_all(struct bl_cgroup *group, const struct proc_texts *texts, const char *name,
         struct bulla_error *err)
{
    char *own = NULL;

    BL_TRY(find_own(texts, NULL, &own, err));
    if (own != NULL) {
        enum bulla_status status = make_unified(group, own, name, err);
        bl_free(own);
        BL_TRY(status);
    }
    for (enum bl_limit_kind kind = 0; kind < BL_LIMIT_KINDS; kind++) {
        if (wanted(&group->limits, kind))
            BL_TRY(enforce(group, kind, texts, name, err));
    }
    if (group->unified != NULL && has(group->unified, "cgroup.kill"))
        return BULLA_OK;
    return make_v1(texts, "freezer", name, &group->freezer, err);
}

static enum bulla_status
check_name(const char *name, struct bulla_error *err)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

    if (size == 0 || size > BL_CGROUP_NAME_MAX || name[size] != '\0' || name[0] == '.')
        return bulla_fail(err, BULLA_E_ARGUMENT, "cgroup", "not a good name", size);
    return BULLA_OK;
}

enum bulla_status
bl_cgroup_new(struct bl_cgroup *group, const char *name, const struct bl_cgroup_limits *limits,
              struct bulla_error *err)
{
    __attribute__((cleanup(proc_texts_done))) struct proc_texts texts = { .mountinfo = { 0 } };
    struct bl_cgroup made = { .limits = *limits };

    BL_TRY(check_name(name, err));
    if (limits->cpu_percent > BL_CGROUP_CPU_PERCENT_MAX || limits->memory_max > INT64_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "cgroup", "limit out of range", 0);
    BL_TRY(read_text("/proc/self/mountinfo", PROC_TEXT_MAX, &texts.mountinfo, err));
    BL_TRY(read_text("/proc/self/cgroup", PROC_TEXT_MAX, &texts.cgroups, err));
    enum bulla_status status = make_all(&made, &texts, name, err);
    if (status != BULLA_OK) {
        bl_cgroup_done(&made);
        return status;
    }
    *group = made;
    return BULLA_OK;
}

enum bulla_status
bl_cgroup_probe(enum bl_mechanism out[BL_LIMIT_KINDS], struct bulla_error *err)
{
    BL_AUTO(bl_cgroup) group = { .unified = NULL };
    const struct bl_cgroup_limits limits = { 1 << 30, 100, 1000 }; /* any: nobody is put in */
    char name[BL_CGROUP_NAME_MAX];

    (void)snprintf(name, sizeof name, BL_CGROUP_PREFIX "probe-%d", (int)getpid());
    BL_TRY(bl_cgroup_new(&group, name, &limits, err));
    memcpy(out, group.mechanism, sizeof group.mechanism);
    return BULLA_OK;
}

/* The directories of a group, by index from 0; all of them, NULL included. */
#define DIRECTORY_COUNT ((size_t)BL_LIMIT_KINDS + 2)
static char **
directory_at(struct bl_cgroup *group, size_t index)
{
    return index < BL_LIMIT_KINDS    ? &group->path[index]
           : index == BL_LIMIT_KINDS ? &group->unified
                                     : &group->freezer;
}

static const char *
directory_of(const struct bl_cgroup *group, size_t index)
{
    struct bl_cgroup copy = *group;

    return *directory_at(&copy, index);
}

enum bulla_status
bl_cgroup_add(const struct bl_cgroup *group, pid_t pid, struct bulla_error *err)
{
    for (size_t i = 0; i < DIRECTORY_COUNT; i++) {
        const char *directory = directory_of(group, i);
        if (directory != NULL)
            BL_TRY(write_number(directory, "cgroup.procs", (uint64_t)pid, err));
    }
    return BULLA_OK;
}

enum bulla_status
bl_cgroup_limit_self(const struct bl_cgroup *group, struct bulla_error *err)
{
    if (group->mechanism[BL_LIMIT_MEMORY] == BL_MECHANISM_RLIMIT)
        BL_TRY(bl_sandbox_limit(RLIMIT_AS, group->limits.memory_max, err));
    if (group->mechanism[BL_LIMIT_PIDS] == BL_MECHANISM_RLIMIT)
        BL_TRY(bl_sandbox_limit(RLIMIT_NPROC, group->limits.pids_max, err));
    return BULLA_OK;
}

static const char *
directory_for(const struct bl_cgroup *group, enum bl_limit_kind kind)
{
    return group->mechanism[kind] == BL_MECHANISM_CGROUP_V2 ? group->unified : group->path[kind];
}

enum bulla_status
bl_cgroup_read(const struct bl_cgroup *group, struct bl_cgroup_usage *out, struct bulla_error *err)
{
    struct bl_cgroup_usage usage = { .memory = 0 };
    bool v2 = group->mechanism[BL_LIMIT_MEMORY] == BL_MECHANISM_CGROUP_V2;
    const char *memory = directory_for(group, BL_LIMIT_MEMORY);
    const char *pids = directory_for(group, BL_LIMIT_PIDS);

    if (memory != NULL) {
        BL_TRY(read_number(memory, v2 ? "memory.current" : "memory.usage_in_bytes", NULL,
                           &usage.memory, err));
        BL_TRY(read_number(memory, v2 ? "memory.events" : "memory.oom_control", "oom_kill",
                           &usage.memory_kills, err));
        usage.memory_known = true;
    }
    if (pids != NULL) {
        BL_TRY(read_number(pids, "pids.current", NULL, &usage.pids, err));
        usage.pids_known = true;
    }
    *out = usage;
    return BULLA_OK;
}

/* Kill what is listed now; *count_out tells how many. */
static enum bulla_status
kill_listed(const char *directory, size_t *count_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    *count_out = 0;
    BL_TRY(read_value(directory, "cgroup.procs", &text, err));
    for (char *at = (char *)text.data, *end = NULL; *at >= '0' && *at <= '9'; at = end + 1) {
        long pid = strtol(at, &end, 10);
        if (pid > 0 && pid <= INT_MAX) /* 0: outside of what we can see */
            (void)kill((pid_t)pid, SIGKILL);
        (*count_out)++;
        if (*end != '\n')
            break;
    }
    return BULLA_OK;
}

/* Frozen, nothing can fork, end or give its number away between the list and the signal. */
static enum bulla_status
kill_round(const struct bl_cgroup *group, const char *directory, size_t *count_out,
           struct bulla_error *err)
{
    if (group->freezer != NULL)
        BL_TRY(write_value(group->freezer, "freezer.state", "FROZEN", err));
    enum bulla_status status = kill_listed(directory, count_out, err);
    if (group->freezer != NULL)
        BL_TRY(write_value(group->freezer, "freezer.state", "THAWED", err));
    return status;
}

enum bulla_status
bl_cgroup_kill(const struct bl_cgroup *group, int64_t deadline, struct bulla_error *err)
{
    bool at_once = group->unified != NULL && has(group->unified, "cgroup.kill");
    const char *directory = at_once ? group->unified : group->freezer;
    size_t count = 0;

    for (size_t i = 0; directory == NULL && i < DIRECTORY_COUNT; i++)
        directory = directory_of(group, i);
    if (directory == NULL)
        return bulla_fail(err, BULLA_E_UNAVAILABLE, "cgroup", "none to kill by", 0);
    if (at_once)
        BL_TRY(write_value(directory, "cgroup.kill", "1", err));
    for (;;) {
        BL_TRY(kill_round(group, directory, &count, err));
        if (count == 0)
            return BULLA_OK;
        if (bl_clock_left_ms(deadline) == 0)
            return bulla_fail(err, BULLA_E_TIMEOUT, "cgroup", "not empty in time", count);
        bl_clock_sleep_ms(RETRY_MS);
    }
}

enum bulla_status
bl_cgroup_remove(struct bl_cgroup *group, struct bulla_error *err)
{
    for (size_t i = 0; i < DIRECTORY_COUNT; i++) {
        char **directory = directory_at(group, i);
        int result = *directory == NULL ? 0 : BL_CALL(FILE, rmdir(*directory));
        for (int tries = 0; result != 0 && errno == EBUSY && tries < REMOVE_TRIES; tries++) {
            bl_clock_sleep_ms(RETRY_MS);
            result = rmdir(*directory);
        }
        if (result != 0 && errno != ENOENT)
            return bl_fail_errno(err, "cgroup", "cannot be removed");
        forget(directory);
    }
    return BULLA_OK;
}

void
bl_cgroup_done(struct bl_cgroup *group)
{
    struct bulla_error ignored = { 0 };

    if (bl_cgroup_kill(group, bl_clock_deadline(5000), &ignored) != BULLA_OK ||
        bl_cgroup_remove(group, &ignored) != BULLA_OK) {
        for (size_t i = 0; i < DIRECTORY_COUNT; i++)
            unmake(directory_at(group, i));
    }
    *group = (struct bl_cgroup){ .unified = NULL };
}

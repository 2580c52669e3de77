/* SPDX-License-Identifier: Apache-2.0 */
#include "enclave/world.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "sys/call.h"
#include "sys/file.h"
#include "sys/sandbox.h"

#define WHERE "enclave"
#define RUN_SIZE_MAX ((uint64_t)4 << 20)     /* bytes: process numbers, sockets */
#define SECRETS_SIZE_MAX ((uint64_t)4 << 20) /* bytes: 32 secrets of 64 KiB, and their names */
#define USER_FIRST 0x6b000000u               /* above what distributions hand out */
#define IMAGE_FD 6                           /* in the child, until the program starts */

/* -- what the host can do ------------------------------------------------------------------------ */

static enum bulla_status
lacks(struct bulla_error *err, const char *what, uint64_t found, uint64_t expected)
{
    enum bulla_status status =
        bulla_fail_cause(err, BULLA_CAUSE_KERNEL_FEATURE_MISSING, WHERE, what);

    bulla_error_values(err, bulla_value_number(found), bulla_value_number(expected));
    return status;
}

enum bulla_status
bl_world_check_host(const struct bl_manifest *manifest, const struct bl_probe *host,
                    struct bulla_error *err)
{
    if (!host->user_namespaces)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_USER_NAMESPACES, WHERE,
                                "it cannot have a world of its own here");
    if (!host->system_call_filter)
        return lacks(err, "system calls cannot be filtered", 0, 1);
    if ((uint64_t)host->landlock_abi < manifest->landlock_min)
        return lacks(err, "landlock is older than the manifest demands",
                     (uint64_t)host->landlock_abi, manifest->landlock_min);
    if (manifest->needs_memfd_secret && !host->secret_memory)
        return lacks(err, "the manifest demands secret memory", 0, 1);
    if (manifest->sealed_count > 0 && host->fuse != BL_DEVICE_USABLE)
        return lacks(err, "sealed directories need /dev/fuse, which cannot be used", 0, 1);
    return BULLA_OK;
}

/* -- limits ------------------------------------------------------------------------------------- */

struct bl_cgroup_limits
bl_world_limits(const struct bl_manifest *manifest)
{
    uint64_t percent = (manifest->cpu_milli + 9) / 10;

    return (struct bl_cgroup_limits){
        .memory_max = manifest->memory,
        .cpu_percent =
            (uint32_t)(percent > BL_CGROUP_CPU_PERCENT_MAX ? BL_CGROUP_CPU_PERCENT_MAX : percent),
        .pids_max = (uint32_t)(manifest->pids > INT_MAX ? INT_MAX : manifest->pids),
    };
}

static unsigned
cgroup_version(const struct bl_cgroup *group, enum bl_limit_kind kind)
{
    switch (group->mechanism[kind]) {
    case BL_MECHANISM_CGROUP_V1:
        return 1;
    case BL_MECHANISM_CGROUP_V2:
        return 2;
    case BL_MECHANISM_NONE:
    case BL_MECHANISM_RLIMIT:
        return 0;
    }
    return 0;
}

enum bulla_status
bl_world_check_limits(const struct bl_manifest *manifest, const struct bl_cgroup *group,
                      struct bulla_error *err)
{
    static const struct {
        enum bl_limit_kind kind;
        unsigned permission;
        const char *what;
    } limits[] = {
        { BL_LIMIT_MEMORY, BL_UNENFORCED_MEMORY,
          "memory cannot be limited here, and the manifest does not permit that" },
        { BL_LIMIT_PIDS, BL_UNENFORCED_PIDS,
          "processes cannot be limited here, and the manifest does not permit that" },
        { BL_LIMIT_CPU, BL_UNENFORCED_CPUS,
          "processor time cannot be limited here, and the manifest does not permit that" },
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        unsigned found = cgroup_version(group, limits[i].kind);
        if (found == 0 && (manifest->permit_unenforced & limits[i].permission) == 0)
            return lacks(err, limits[i].what, 0, 1);
        if (found < manifest->cgroup_min)
            return lacks(err, "cgroups are older than the manifest demands", found,
                         manifest->cgroup_min);
    }
    return BULLA_OK;
}

/* -- facts -------------------------------------------------------------------------------------- */

static void
state(struct bl_isolation_facts *facts, bool holds, const char *word)
{
    if (holds)
        facts->facts[facts->fact_count++] = word;
}

struct bl_isolation_facts
bl_world_facts(const struct bl_manifest *manifest, const struct bl_cgroup *group,
               const struct bl_probe *host)
{
    const struct bl_cgroup_limits *limits = &group->limits;
    bool by_cgroup[BL_LIMIT_KINDS], v1 = false, v2 = false;

    for (unsigned kind = 0; kind < BL_LIMIT_KINDS; kind++) {
        unsigned version = cgroup_version(group, (enum bl_limit_kind)kind);
        by_cgroup[kind] = version != 0;
        v1 = v1 || version == 1;
        v2 = v2 || version == 2;
    }
    struct bl_isolation_facts facts = {
        .isolation = BL_ISOLATION_OS,
        .memory_max = by_cgroup[BL_LIMIT_MEMORY] ? limits->memory_max : 0,
        .pids_max = by_cgroup[BL_LIMIT_PIDS] ? limits->pids_max : 0,
        .cpu_max_milli = by_cgroup[BL_LIMIT_CPU] ? (uint64_t)limits->cpu_percent * 10 : 0,
        .open_files_max = manifest->open_files,
    };
    state(&facts, v1, "cgroup-v1");
    state(&facts, v2, "cgroup-v2");
    state(&facts, true, "cgroupns");
    state(&facts, true, "ipcns");
    state(&facts, host->landlock_abi > 0, "landlock");
    state(&facts, host->secret_memory, "memfd-secret");
    state(&facts, true, "mntns");
    state(&facts, true, "netns");
    state(&facts, true, "no-new-privs");
    state(&facts, true, "pidns");
    state(&facts, true, "read-only-root");
    state(&facts, host->system_call_filter, "seccomp");
    state(&facts, true, "userns");
    state(&facts, true, "utsns");
    return facts;
}

/* -- the world ---------------------------------------------------------------------------------- */

uid_t
bl_world_user(const char *name)
{
    uint8_t digest[32] = { 0 };
    struct bulla_error ignored = { 0 };
    struct bulla_bytes bytes = { (const uint8_t *)name, strlen(name) };

    if (geteuid() != 0)
        return geteuid();
    if (bl_hash_once(BL_SHA256, bytes, digest, &ignored) != BULLA_OK)
        return USER_FIRST;
    return USER_FIRST + ((uid_t)digest[0] << 8 | digest[1]);
}

/* `path` and its missing parents below `root_fd`, over no link. */
static enum bulla_status
make_directory(int root_fd, const char *path, struct bulla_error *err)
{
    char part[BL_MANIFEST_PATH_SIZE_MAX + 1];
    BL_AUTO_FD at = BL_CALL(FILE, openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));

    for (path++; at >= 0 && *path != '\0';) {
        size_t size = strcspn(path, "/");
        if (size >= sizeof part)
            return bulla_fail(err, BULLA_E_LIMIT, WHERE, "a path too long", size);
        memcpy(part, path, size);
        part[size] = '\0';
        path += size;
        path += *path == '/' ? 1 : 0;
        if (BL_CALL(FILE, mkdirat(at, part, 0755)) != 0 && errno != EEXIST)
            break;
        int next = BL_CALL(FILE, openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        bl_fd_close(&at);
        at = next;
    }
    if (at < 0 || *path != '\0')
        return bl_fail_errno(err, WHERE, "the place of a sealed directory cannot be made");
    return BULLA_OK;
}

static enum bulla_status
fill_root(void *context, int root_fd, struct bulla_error *err)
{
    const struct bl_world *world = context;

    BL_TRY(world->image->unpack(world->image->context, IMAGE_FD, root_fd, err));
    for (size_t i = 0; i < world->manifest->sealed_count; i++)
        BL_TRY(make_directory(root_fd, world->manifest->sealed[i].path, err));
    return BULLA_OK;
}

/* The last steps in the child. The agent lowers what is for the program alone. */
static enum bulla_status
confine(void *context, struct bulla_error *err)
{
    const struct bl_world *world = context;

    if (close(IMAGE_FD) != 0)
        return bl_fail_errno(err, WHERE, "the image cannot be let go");
    BL_TRY(bl_cgroup_limit_self(world->group, err));
    BL_TRY(bl_sandbox_limit(RLIMIT_NOFILE, world->manifest->open_files, err));
    return bl_sandbox_limit(RLIMIT_CORE, 0, err);
}

static size_t
list_mounts(const struct bl_world *world, struct bl_mount *mounts)
{
    const struct bl_manifest *manifest = world->manifest;
    size_t count = 0;

    mounts[count++] = (struct bl_mount){ .kind = BL_MOUNT_PROC, .target = "/proc" };
    mounts[count++] = (struct bl_mount){ .kind = BL_MOUNT_DEVICES,
                                         .target = "/dev",
                                         .with_fuse = manifest->sealed_count > 0 };
    mounts[count++] =
        (struct bl_mount){ .kind = BL_MOUNT_TMPFS, .target = "/run", .size_max = RUN_SIZE_MAX };
    mounts[count++] = (struct bl_mount){ .kind = BL_MOUNT_TMPFS,
                                         .target = BL_ENCLAVE_SECRET_DIRECTORY,
                                         .size_max = SECRETS_SIZE_MAX };
    mounts[count++] = (struct bl_mount){ .kind = BL_MOUNT_BIND,
                                         .source = world->agent_directory,
                                         .target = BL_AGENT_STATE_DIRECTORY,
                                         .writable = true };
    if (manifest->tmp > 0)
        mounts[count++] = (struct bl_mount){ .kind = BL_MOUNT_TMPFS,
                                             .target = BL_ENCLAVE_TMP_DIRECTORY,
                                             .size_max = manifest->tmp };
    return count;
}
#define MOUNT_COUNT_MAX 6

enum bulla_status
bl_world_start(struct bl_world *world, struct bl_process *agent_out, struct bulla_error *err)
{
    static const char *const arguments[] = { BL_ENCLAVE_AGENT_PATH, NULL };
    struct bl_mount mounts[MOUNT_COUNT_MAX];
    const struct bl_fd_map fds[] = {
        { world->log_fd, STDOUT_FILENO },           { world->log_fd, STDERR_FILENO },
        { world->tpm_fd, BL_AGENT_FD_TPM },         { world->relay_fd, BL_AGENT_FD_RELAY },
        { world->control_fd, BL_AGENT_FD_CONTROL }, { world->image->fd, IMAGE_FD }
    };
    const struct bl_namespace_plan namespaces = { .fill_root = fill_root,
                                                  .fill_context = world,
                                                  .root_size_max = world->image->size_max,
                                                  .mounts = mounts,
                                                  .mount_count = list_mounts(world, mounts),
                                                  .host_name = world->manifest->name,
                                                  .map_user = geteuid() == 0,
                                                  .outside_uid = world->user,
                                                  .outside_gid = world->user,
                                                  .keep_capabilities = BL_AGENT_CAPABILITIES };
    const struct bl_process_plan plan = { .path = BL_ENCLAVE_AGENT_PATH,
                                          .arguments = arguments,
                                          .context = world,
                                          .fds = fds,
                                          .fd_count = sizeof fds / sizeof fds[0],
                                          .dies_with_parent = true,
                                          .own_session = true,
                                          .namespaces = &namespaces,
                                          .confine = confine };

    return bl_process_start(&plan, agent_out, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/world.h: from what a manifest says to what the kernel is told: limits, mounts, users; and
 * the words and numbers that PCR 11 then vouches for.
 *
 * Guarantees: a limit that no cgroup enforces is refused unless the manifest permits it, and is then
 * not among the facts; facts are what was asked of the kernel and not refused.
 * Does not: confine the program inside (seccomp, landlock, its user): the agent does, which is part
 * of the code digest. "landlock", "memfd-secret" and "seccomp" say that the kernel offers it.
 */
#ifndef BL_ENCLAVE_WORLD_H
#define BL_ENCLAVE_WORLD_H

#include "enclave/agent_link.h"
#include "measure/enclave_pcrs.h"
#include "sys/namespace.h"
#include "sys/probe.h"
#include "sys/process.h"

/** What the image is unpacked from, in the child: `fd` is an open file, `root_fd` an empty
 *  directory. It must refuse whatever is not the code digest that the monitor asserts. */
struct bl_image_source {
    void *context;
    enum bulla_status (*unpack)(void *context, int fd, int root_fd, struct bulla_error *err);
    int fd;
    uint64_t size_max; /* bytes of memory that everything unpacked takes */
};

/** Refuse a host that cannot do what every enclave or this manifest needs: NO_USER_NAMESPACES,
 *  KERNEL_FEATURE_MISSING with found and expected. */
enum bulla_status bl_world_check_host(const struct bl_manifest *manifest,
                                      const struct bl_probe *host,
                                      struct bulla_error *err) BULLA_CHECKED;
struct bl_cgroup_limits bl_world_limits(const struct bl_manifest *manifest);
/** Refuse limits that are not enforced and not permitted to be missing: KERNEL_FEATURE_MISSING. */
enum bulla_status bl_world_check_limits(const struct bl_manifest *manifest,
                                        const struct bl_cgroup *group,
                                        struct bulla_error *err) BULLA_CHECKED;
/** What is in force. */
struct bl_isolation_facts bl_world_facts(const struct bl_manifest *manifest,
                                         const struct bl_cgroup *group,
                                         const struct bl_probe *host);

/** Who the enclave `name` is for the host where the monitor is root: an id of its own, nobody's. For
 *  an ordinary user it is that user. */
uid_t bl_world_user(const char *name);

/** What the agent is started with. Borrows everything. */
struct bl_world {
    const struct bl_manifest *manifest;
    const struct bl_cgroup *group;
    const struct bl_image_source *image;
    const char *agent_directory;              /* of the host: becomes BL_AGENT_STATE_DIRECTORY */
    uid_t user;                               /* bl_world_user() */
    int tpm_fd, relay_fd, control_fd, log_fd; /* the agent's ends */
};
enum bulla_status bl_world_start(struct bl_world *world, struct bl_process *agent_out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/landlock.c: files and ports by rule, through the kernel's own interface (there is no library).
 *
 * Spec: Documentation/userspace-api/landlock.rst of Linux 6.12, ABI 1 to 6. Constants newer than
 * the C library's headers of Debian 12 have our names.
 */
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/call.h"
#include "sys/file.h"
#include "sys/sandbox.h"

#define ABI_MAX 6 /* the newest whose meaning we know */

#define FS_ABI_1 ((uint64_t)0x1fff)      /* LANDLOCK_ACCESS_FS_EXECUTE to _MAKE_SYM */
#define FS_REFER ((uint64_t)1 << 13)     /* ABI 2 */
#define FS_TRUNCATE ((uint64_t)1 << 14)  /* ABI 3 */
#define FS_IOCTL_DEV ((uint64_t)1 << 15) /* ABI 5 */
#define NET_BIND_TCP ((uint64_t)1)       /* ABI 4 */
#define NET_CONNECT_TCP ((uint64_t)2)    /* ABI 4 */
#define SCOPE_ALL ((uint64_t)3)          /* ABI 6: abstract Unix sockets, signals */

#define RULE_PATH_BENEATH LANDLOCK_RULE_PATH_BENEATH
#define RULE_NET_PORT 2

#define FS_OF_FILES                                                                              \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
     FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset { /* struct landlock_ruleset_attr as of ABI 6; shorter for older kernels */
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

struct port_rule { /* struct landlock_net_port_attr */
    uint64_t allowed;
    uint64_t port;
};

int
bl_sandbox_landlock_abi(void)
{
    long abi = BL_CALL(
        PROCESS, syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION));

    return abi < 0 ? 0 : abi < ABI_MAX ? (int)abi : ABI_MAX;
}

static struct ruleset
handled_by(int abi, const struct bl_landlock *landlock)
{
    return (struct ruleset){
        .fs = FS_ABI_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
              (abi >= 5 ? FS_IOCTL_DEV : 0),
        .net = abi >= 4 && !landlock->any_network ? NET_BIND_TCP | NET_CONNECT_TCP : 0,
        .scoped = abi >= 6 ? SCOPE_ALL : 0,
    };
}

static size_t
ruleset_size(int abi)
{
    return abi >= 6   ? sizeof(struct ruleset)
           : abi >= 4 ? offsetof(struct ruleset, scoped)
                      : offsetof(struct ruleset, net);
}

static uint64_t
access_bits(unsigned access)
{
    uint64_t bits = 0;

    if ((access & BL_ACCESS_READ) != 0)
        bits |= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    if ((access & BL_ACCESS_EXECUTE) != 0)
        bits |= LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;
    if ((access & BL_ACCESS_WRITE) != 0)
        bits |= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | FS_REFER | FS_TRUNCATE;
    return bits; /* never MAKE_CHAR, MAKE_BLOCK, IOCTL_DEV */
}

static enum bulla_status
add_path(int ruleset, uint64_t handled, const struct bl_access_rule *rule, struct bulla_error *err)
{
    BL_AUTO_FD fd = BL_CALL(PROCESS, open(rule->path, O_PATH | O_CLOEXEC));
    struct stat status;

    if (fd < 0 || BL_CALL(PROCESS, fstat(fd, &status)) != 0)
        return bl_fail_errno(err, "landlock", "path cannot be opened");
    uint64_t allowed = access_bits(rule->access) & handled;
    if (!S_ISDIR(status.st_mode))
        allowed &= FS_OF_FILES; /* the kernel refuses the others on a file */
    struct landlock_path_beneath_attr attr = { .allowed_access = allowed, .parent_fd = fd };
    if (BL_CALL(PROCESS, syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attr, 0)) != 0)
        return bl_fail_errno(err, "landlock", "rule refused");
    return BULLA_OK;
}

static enum bulla_status
add_ports(int ruleset, const uint16_t *ports, size_t count, uint64_t allowed,
          struct bulla_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct port_rule attr = { .allowed = allowed, .port = ports[i] };
        if (BL_CALL(PROCESS, syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &attr, 0)) != 0)
            return bl_fail_errno(err, "landlock", "rule refused");
    }
    return BULLA_OK;
}

static enum bulla_status
add_rules(int ruleset, const struct ruleset *handled, const struct bl_landlock *landlock,
          struct bulla_error *err)
{
    for (size_t i = 0; i < landlock->rule_count; i++)
        BL_TRY(add_path(ruleset, handled->fs, &landlock->rules[i], err));
    if (handled->net == 0)
        return BULLA_OK;
    BL_TRY(add_ports(ruleset, landlock->connect_ports, landlock->connect_port_count,
                     NET_CONNECT_TCP, err));
    return add_ports(ruleset, landlock->bind_ports, landlock->bind_port_count, NET_BIND_TCP, err);
}

enum bulla_status
bl_sandbox_landlock(const struct bl_landlock *landlock, struct bulla_error *err)
{
    int abi = bl_sandbox_landlock_abi();

    if (abi == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_KERNEL_FEATURE_MISSING, "landlock",
                                "not offered by the kernel");
    struct ruleset handled = handled_by(abi, landlock);
    BL_AUTO_FD ruleset =
        (int)BL_CALL(PROCESS, syscall(SYS_landlock_create_ruleset, &handled, ruleset_size(abi), 0));
    if (ruleset < 0)
        return bl_fail_errno(err, "landlock", "rules cannot be made");
    BL_TRY(add_rules(ruleset, &handled, landlock, err));
    BL_TRY(bl_sandbox_no_new_privileges(err));
    if (BL_CALL(PROCESS, syscall(SYS_landlock_restrict_self, ruleset, 0)) != 0)
        return bl_fail_errno(err, "landlock", "rules cannot be put in force");
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/sys/test_namespace.c: a world of its own, as root and as an ordinary user.
 */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>

#include "base/fault.h"
#include "sys/child.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "sys/namespace.h"
#include "sys/socket.h"

#define FAULTS_MAX 300
#define ANY_UID 65534

static bool
holds(const char *path, const char *text)
{
    BL_AUTO(bulla_buffer) content = { 0 };

    return bl_file_read(path, 65536, &content, NULL) == BULLA_OK && content.size >= strlen(text) &&
           memcmp(content.data, text, strlen(text)) == 0;
}

static unsigned
count_names(const char *path)
{
    DIR *directory = opendir(path);
    unsigned count = 0;

    for (const struct dirent *entry = NULL;
         directory != NULL && (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.' ? 1 : 0;
    if (directory != NULL)
        closedir(directory);
    return count;
}

static unsigned
count_processes(void)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc");

    for (const struct dirent *entry = NULL;
         directory != NULL && (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? 1 : 0;
    if (directory != NULL)
        closedir(directory);
    return count;
}

static int
look_around(void *context)
{
    char name[64] = { 0 };
    char byte = 1;
    int fd = -1;

    (void)context;
    CHILD_CHECK(getpid() == 1);
    CHILD_CHECK(getuid() == 1000 && geteuid() == 1000 && getgid() == 1001);
    CHILD_CHECK(count_names("/") == 4); /* data dev proc scratch */
    CHILD_CHECK(holds("/data/file", "content"));
    CHILD_CHECK(open("/data/file", O_WRONLY) < 0 && errno == EROFS);
    CHILD_CHECK(mkdir("/new", 0700) < 0 && errno == EROFS);
    CHILD_CHECK(open("/dev/new", O_CREAT | O_WRONLY, 0600) < 0 && errno == EROFS);
    CHILD_CHECK((fd = open("/scratch/new", O_CREAT | O_WRONLY, 0600)) >= 0);
    static char megabyte[2 << 20];
    CHILD_CHECK(write(fd, megabyte, sizeof megabyte) < (ssize_t)sizeof megabyte); /* 1 MiB */
    CHILD_CHECK(count_processes() == 1);
    CHILD_CHECK((fd = open("/dev/zero", O_RDONLY)) >= 0 && read(fd, &byte, 1) == 1 && byte == 0);
    CHILD_CHECK((fd = open("/dev/urandom", O_RDONLY)) >= 0 && read(fd, &byte, 1) == 1);
    CHILD_CHECK((fd = open("/dev/null", O_WRONLY)) >= 0 && write(fd, &byte, 1) == 1);
    CHILD_CHECK((fd = open("/dev/full", O_WRONLY)) >= 0 && write(fd, &byte, 1) < 0);
    CHILD_CHECK(count_names("/dev") == 9);
    CHILD_CHECK(gethostname(name, sizeof name) == 0 && strcmp(name, "enclave") == 0);
    CHILD_CHECK(holds("/proc/self/setgroups", "deny") || getgroups(0, NULL) == 0);
    return 0;
}

static int
try_to_break_out(void *context)
{
    struct statvfs file_system;

    (void)context;
    CHILD_CHECK(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL) < 0);
    CHILD_CHECK(umount2("/proc", MNT_DETACH) < 0);
    CHILD_CHECK(chroot("/data") < 0);
    CHILD_CHECK(sethostname("x", 1) < 0);
    CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    for (int i = 0; i < 40; i++)
        CHILD_CHECK(prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 0);
    CHILD_CHECK(statvfs("/data", &file_system) == 0);
    CHILD_CHECK((file_system.f_flag & ST_NOSUID) != 0 && (file_system.f_flag & ST_RDONLY) != 0);
    CHILD_CHECK((file_system.f_flag & ST_NOEXEC) != 0 && (file_system.f_flag & ST_NODEV) != 0);
    return 0;
}

static int
use_network(void *context)
{
    struct if_nameindex *links = if_nameindex();
    uint16_t port = 0;
    int listener = -1, fd = -1;

    CHILD_CHECK(links != NULL && links[0].if_index != 0 && links[1].if_index == 0);
    CHILD_CHECK(strcmp(links[0].if_name, "lo") == 0);
    CHILD_CHECK(bl_tcp_listen(NULL, 0, &listener, NULL) == BULLA_OK);
    CHILD_CHECK(bl_tcp_port(listener, &port, NULL) == BULLA_OK);
    CHILD_CHECK(bl_tcp_connect(NULL, port, bl_clock_deadline(5000), &fd, NULL) == BULLA_OK);
    CHILD_CHECK(bl_tcp_connect(NULL, *(uint16_t *)context, bl_clock_deadline(1000), &fd, NULL) ==
                BULLA_E_UNREACHABLE);
    return 0;
}

static int
connect_outside(void *context)
{
    int fd = -1;

    CHILD_CHECK(bl_tcp_connect(NULL, *(uint16_t *)context, bl_clock_deadline(5000), &fd, NULL) ==
                BULLA_OK);
    return 0;
}

struct world {
    struct bl_mount mounts[4];
    struct bl_namespace_plan plan;
};

/* The caller's own user outside, unless the caller is root: then nobody. */
static void
make_world(struct world *world)
{
    *world = (struct world){
        .mounts = { { .kind = BL_MOUNT_BIND, .source = test_path(0, "data"), .target = "/data" },
                    { .kind = BL_MOUNT_TMPFS, .target = "/scratch", .size_max = 1 << 20 },
                    { .kind = BL_MOUNT_PROC, .target = "/proc" },
                    { .kind = BL_MOUNT_DEVICES, .target = "/dev" } },
        .plan = { .mount_count = 4,
                  .map_user = geteuid() == 0,
                  .outside_uid = ANY_UID,
                  .outside_gid = ANY_UID,
                  .inside_uid = 1000,
                  .inside_gid = 1001 },
    };
    world->plan.mounts = world->mounts;
}

static int
run_in(const struct bl_namespace_plan *plan, int (*function)(void *context), void *context)
{
    return run_plan(
        (struct bl_process_plan){ .function = function, .context = context, .namespaces = plan });
}

/* Where the kernel forbids it, that is what has to be said. */
static bool
permitted(void)
{
    struct bl_namespace_plan plan = { .share_network = true };
    struct bl_process_plan process_plan = { .function = connect_outside, .namespaces = &plan };
    BL_AUTO(bl_process) process = BL_PROCESS_NONE;
    struct bulla_error err = { 0 };
    uint16_t nothing = 0;

    process_plan.context = &nothing;
    enum bulla_status status = bl_process_start(&process_plan, &process, &err);
    if (status == BULLA_OK)
        return true;
    assert_int_equal(err.cause, BULLA_CAUSE_NO_USER_NAMESPACES);
    print_message("# skip: user namespaces are forbidden here\n");
    return false;
}

static void
prepare_data(void)
{
    struct bulla_error err = { 0 };

    assert_int_equal(chmod(test_directory, 0755), 0);
    assert_int_equal(mkdir(test_path(3, "data"), 0755), 0);
    assert_ok(bl_file_replace(test_path(3, "data/file"), 0644, BL_LITERAL("content"),
                              BL_FILE_KEEP_EXISTING, &err),
              &err);
    assert_int_equal(chmod(test_path(3, "data/file"), 0666), 0);
}

static void
test_the_world_is_what_the_plan_says(void **state)
{
    (void)state;
    struct world world;

    if (!permitted())
        skip();
    prepare_data();
    make_world(&world);
    assert_int_equal(run_in(&world.plan, look_around, NULL), 0);
    assert_int_equal(run_in(&world.plan, try_to_break_out, NULL), 0);
}

static void
test_the_network_is_empty_or_shared(void **state)
{
    (void)state;
    struct world world;
    struct bulla_error err = { 0 };
    BL_AUTO_FD listener = -1;
    uint16_t port = 0;

    if (!permitted())
        skip();
    prepare_data();
    make_world(&world);
    assert_ok(bl_tcp_listen(NULL, 0, &listener, &err), &err);
    assert_ok(bl_tcp_port(listener, &port, &err), &err);
    assert_int_equal(run_in(&world.plan, use_network, &port), 0);
    world.plan.share_network = true;
    assert_int_equal(run_in(&world.plan, connect_outside, &port), 0);
}

static int
look_at_root(void *context)
{
    (void)context;
    CHILD_CHECK(holds("/file", "content"));
    CHILD_CHECK(mkdir("/new", 0700) < 0 && errno == EROFS);
    CHILD_CHECK(open("/etc/passwd", O_RDONLY) < 0 && errno == ENOENT);
    CHILD_CHECK(holds("/inner/file", "content"));
    CHILD_CHECK(open("/inner/made", O_CREAT | O_WRONLY, 0600) >= 0 || errno == EACCES);
    return 0;
}

static void
test_a_given_root_tree(void **state)
{
    (void)state;
    struct bl_mount inner = {
        .kind = BL_MOUNT_BIND, .source = test_path(0, "data"), .target = "/inner", .writable = true
    };
    struct bl_namespace_plan plan = { .root = test_path(0, "data"),
                                      .mounts = &inner,
                                      .mount_count = 1 };

    if (!permitted())
        skip();
    prepare_data();
    assert_int_equal(mkdir(test_path(1, "data/inner"), 0755), 0);
    assert_int_equal(run_in(&plan, look_at_root, NULL), 0);
    rmdir(test_path(1, "data/inner"));
}

static void
test_mounts_that_must_not_be(void **state)
{
    (void)state;
    struct bl_process process = BL_PROCESS_NONE;
    struct bulla_error err = { 0 };
    struct world world;
    uint16_t port = 0;

    if (!permitted())
        skip();
    prepare_data();
    make_world(&world);
    struct bl_process_plan plan = { .function = connect_outside,
                                    .context = &port,
                                    .namespaces = &world.plan };
    world.mounts[0].source = "/nonexistent";
    assert_fails(bl_process_start(&plan, &process, &err), BULLA_E_NOT_FOUND, &err);
    world.mounts[0].source = test_path(0, "data");
    world.mounts[0].target = "data";
    assert_fails(bl_process_start(&plan, &process, &err), BULLA_E_ARGUMENT, &err);
    world.mounts[0].target = "/../data";
    assert_int_not_equal(bl_process_start(&plan, &process, &err), BULLA_OK);
    world.mounts[0].target = "/data";
    world.mounts[1].size_max = 0;
    assert_fails(bl_process_start(&plan, &process, &err), BULLA_E_ARGUMENT, &err);
    world.mounts[1].size_max = 4096;
    world.plan.mount_count = BL_MOUNTS_MAX + 1;
    assert_fails(bl_process_start(&plan, &process, &err), BULLA_E_LIMIT, &err);

    /* a link in the image must not lead a mount elsewhere */
    assert_int_equal(symlink("/etc", test_path(1, "data/link")), 0);
    struct bl_mount through = { .kind = BL_MOUNT_TMPFS, .target = "/link/x", .size_max = 4096 };
    world.plan = (struct bl_namespace_plan){ .root = test_path(0, "data"),
                                             .mounts = &through,
                                             .mount_count = 1 };
    assert_fails(bl_process_start(&plan, &process, &err), BULLA_E_DENIED, &err);
    through.target = "/link";
    assert_fails(bl_process_start(&plan, &process, &err), BULLA_E_DENIED, &err);
    assert_int_equal(process.pidfd, -1);
}

static int
ordinary_user(void *context)
{
    struct world world;
    uint16_t *port = context;

    make_world(&world);
    int result = run_in(&world.plan, look_around, NULL);
    if (result == 0)
        result = run_in(&world.plan, try_to_break_out, NULL);
    return result != 0 ? result : run_in(&world.plan, use_network, port);
}

static void
test_works_for_an_ordinary_user_too(void **state)
{
    (void)state;
    BL_AUTO_FD listener = -1;
    struct bulla_error err = { 0 };
    uint16_t port = 0;

    if (!permitted())
        skip();
    if (geteuid() != 0)
        return; /* the other tests did just that */
    prepare_data();
    assert_ok(bl_tcp_listen(NULL, 0, &listener, &err), &err);
    assert_ok(bl_tcp_port(listener, &port, &err), &err);
    assert_int_equal(run_plan((struct bl_process_plan){ .function = ordinary_user,
                                                        .context = &port,
                                                        .drop_user = true,
                                                        .uid = ANY_UID,
                                                        .gid = ANY_UID }),
                     0);
}

#define CAP_BUILD (1ULL << 21) /* CAP_SYS_ADMIN */

/* Kept capabilities survive the start of a program only for its root; a function shows the sets. */
static int
build_on(void *context)
{
    BL_AUTO(bulla_buffer) status = { 0 };

    (void)context;
    CHILD_CHECK(getuid() == 0 && count_names("/dev") == 10);
    CHILD_CHECK(open("/dev/fuse", O_RDWR | O_CLOEXEC) >= 0);
    CHILD_CHECK(mount("none", "/scratch", "tmpfs", MS_NOSUID | MS_NODEV, "size=4096") == 0);
    CHILD_CHECK(umount2("/scratch", 0) == 0);
    CHILD_CHECK(bl_file_read("/proc/self/status", 65536, &status, NULL) == BULLA_OK);
    CHILD_CHECK(bulla_buffer_append(&status, BL_BYTES_OF("\0"), NULL) == BULLA_OK);
    CHILD_CHECK(strstr((char *)status.data, "CapPrm:\t0000000000200000") != NULL);
    CHILD_CHECK(strstr((char *)status.data, "CapBnd:\t0000000000200000") != NULL);
    CHILD_CHECK(sethostname("x", 1) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    return 0;
}

static void
test_a_builder_keeps_what_the_plan_says(void **state)
{
    (void)state;
    struct world world;

    if (!permitted())
        unit_skip("user namespaces are forbidden here");
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        unit_skip("/dev/fuse cannot be opened");
    prepare_data();
    make_world(&world);
    world.plan.inside_uid = 0;
    world.plan.inside_gid = 0;
    world.plan.keep_capabilities = CAP_BUILD;
    world.mounts[3].with_fuse = true;
    assert_int_equal(run_in(&world.plan, build_on, NULL), 0);
}

static enum bulla_status
fill(void *context, int root_fd, struct bulla_error *err)
{
    int fd = openat(root_fd, "filled", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0755);

    if (fd < 0 || context == NULL)
        return bulla_fail(err, BULLA_E_INTEGRITY, "test", "not what was measured", 0);
    enum bulla_status status = bl_fd_write(fd, text_bytes(context), err);
    close(fd);
    return status;
}

static int
find_filled(void *context)
{
    CHILD_CHECK(holds("/filled", context));
    CHILD_CHECK(open("/filled", O_WRONLY) < 0 && errno == EROFS);
    CHILD_CHECK(mkdir("/new", 0700) < 0 && errno == EROFS);
    CHILD_CHECK(count_names("/") == 1);
    return 0;
}

static void
test_a_root_that_the_child_fills(void **state)
{
    (void)state;
    char content[] = "content";
    struct bl_namespace_plan plan = { .fill_root = fill, .fill_context = content };
    struct bl_process_plan process_plan = { .function = find_filled, .context = content };
    struct bl_process process = BL_PROCESS_NONE;
    struct bulla_error err = { 0 };

    if (!permitted())
        unit_skip("user namespaces are forbidden here");
    assert_int_equal(run_in(&plan, find_filled, content), 0);
    plan.fill_context = NULL;
    process_plan.namespaces = &plan;
    assert_fails(bl_process_start(&process_plan, &process, &err), BULLA_E_INTEGRITY, &err);
    static char large[1 << 16];
    memset(large, 'x', sizeof large - 1);
    plan.fill_context = large;
    plan.root_size_max = 4096;
    assert_fails(bl_process_start(&process_plan, &process, &err), BULLA_E_IO, &err);
}

/* The limit on user namespaces is itself per namespace: a world in which none may be made. */
static int
start_where_forbidden(void *context)
{
    struct bl_namespace_plan plan = { .share_network = true };
    struct bl_process_plan process_plan = { .function = connect_outside,
                                            .context = context,
                                            .namespaces = &plan };
    struct bl_process process = BL_PROCESS_NONE;
    struct bulla_error err = { 0 };

    CHILD_CHECK(unshare(CLONE_NEWUSER) == 0);
    int fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY);
    CHILD_CHECK(fd >= 0 && write(fd, "0", 1) == 1);
    CHILD_CHECK(bl_process_start(&process_plan, &process, &err) == BULLA_E_UNAVAILABLE);
    CHILD_CHECK(err.cause == BULLA_CAUSE_NO_USER_NAMESPACES);
    return 0;
}

static void
test_says_so_where_it_is_forbidden(void **state)
{
    (void)state;
    uint16_t port = 0;

    if (!permitted())
        skip();
    assert_int_equal(run_child(start_where_forbidden, &port), 0);
}

static void
test_every_failing_call_is_told(void **state)
{
    (void)state;
    struct world world;
    unsigned successes = 0, failures = 0;
    bool before_network = false;

    if (!permitted())
        skip();
    prepare_data();
    make_world(&world);
    struct bl_process_plan plan = { .function = look_around, .namespaces = &world.plan };
    for (uint64_t nth = 1; successes < 8; nth++) {
        struct bl_process process = BL_PROCESS_NONE;
        struct bulla_error err = { 0 };
        bl_fault_arm(BL_FAULT_PROCESS, nth, false);
        enum bulla_status status = bl_process_start(&plan, &process, &err);
        (void)bl_fault_disarm();
        assert_int_equal(err.status, status);
        assert_int_equal(process.pidfd < 0, status != BULLA_OK);
        bl_process_done(&process);
        successes += status == BULLA_OK ? 1 : 0;
        failures += status != BULLA_OK ? 1 : 0;
        before_network = before_network || (err.what != NULL && strstr(err.what, "loopback"));
        assert_true(nth < FAULTS_MAX);
    }
    assert_true(failures > 80);
    assert_true(before_network);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_the_world_is_what_the_plan_says),
        test_in_directory(test_the_network_is_empty_or_shared),
        test_in_directory(test_a_given_root_tree),
        test_in_directory(test_mounts_that_must_not_be),
        test_in_directory(test_works_for_an_ordinary_user_too),
        test_in_directory(test_a_builder_keeps_what_the_plan_says),
        cmocka_unit_test(test_a_root_that_the_child_fills),
        cmocka_unit_test(test_says_so_where_it_is_forbidden),
        test_in_directory(test_every_failing_call_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file server as programs see it: what they do there comes out as on a tmpfs.
 */
#include "mounted.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "paper_volume.h"

#define ANY_UID 65534
#define STEPS 1200
#define CONTENT_MAX 200000

/* -- the same steps in two directories ----------------------------------------------------------- */

struct place {
    int root;
    int open_file; /* stays open whatever becomes of its name; -1: none */
};

static uint64_t seed;

static unsigned
choose(unsigned count)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % count;
}

struct step {
    unsigned what;
    char name[16], other[16];
    off_t offset;
    size_t size;
    uint8_t fill;
};

static void
choose_name(char *out)
{
    static const char *const names[] = { "a", "b", "d", "d/a", "d/b", "e", "e/d", "e/d/a", "n/x" };

    strcpy(out, names[choose(sizeof names / sizeof names[0])]);
}

static struct step
choose_step(void)
{
    struct step s = { .what = choose(17), .fill = (uint8_t)choose(256) };

    choose_name(s.name);
    choose_name(s.other);
    s.offset = choose(4) == 0 ? (off_t)choose(CONTENT_MAX) : (off_t)choose(9000);
    s.size = choose(8) == 0 ? choose(CONTENT_MAX) : choose(5000);
    return s;
}

/* A number that must be the same in both places: a result, or a negative errno. */
#define RESULT(call) ((long)(call) < 0 ? -(long)errno : 0)

static long
write_some(struct place *p, const struct step *s, int flags)
{
    static uint8_t data[CONTENT_MAX];
    int fd = openat(p->root, s->name, O_WRONLY | O_CLOEXEC | flags, 0640);

    if (fd < 0)
        return -errno;
    memset(data, s->fill, s->size);
    long result =
        (flags & O_APPEND) != 0 ? write(fd, data, s->size) : pwrite(fd, data, s->size, s->offset);
    result = result < 0 ? -errno : result;
    long closed = RESULT(close(fd));
    return closed != 0 ? closed : result;
}

static long
digest(const uint8_t *data, size_t size)
{
    uint32_t sum = (uint32_t)size;

    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + data[i];
    return (long)sum;
}

static long
read_some(int fd, const struct step *s)
{
    static uint8_t data[CONTENT_MAX];
    ssize_t size = pread(fd, data, s->size, s->offset);

    return size < 0 ? -errno : digest(data, (size_t)size);
}

static long
read_path(struct place *p, const struct step *s)
{
    int fd = openat(p->root, s->name, O_RDONLY | O_CLOEXEC);
    long result = fd < 0 ? -errno : read_some(fd, s);

    close(fd);
    return result;
}

static long
look_at(struct place *p, const char *name)
{
    struct stat status;

    if (fstatat(p->root, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return -errno;
    long result = (long)status.st_mode;
    return S_ISDIR(status.st_mode)
               ? result
               : result * 64 + (long)status.st_nlink + (long)status.st_size * 4096;
}

static long
set_time(struct place *p, const char *name)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 1234567890, 123456789 } };
    struct stat status = { 0 };

    if (utimensat(p->root, name, times, AT_SYMLINK_NOFOLLOW) != 0 ||
        fstatat(p->root, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return -errno;
    return status.st_mtim.tv_sec + status.st_mtim.tv_nsec;
}

static long
resize(struct place *p, const struct step *s)
{
    int fd = openat(p->root, s->name, O_WRONLY | O_CLOEXEC);
    long result = fd < 0 ? -errno : RESULT(ftruncate(fd, s->offset));

    close(fd);
    return result;
}

static long
keep_open(struct place *p, const struct step *s)
{
    close(p->open_file);
    p->open_file = openat(p->root, s->name, O_RDWR | O_CLOEXEC);
    return RESULT(p->open_file);
}

static long
read_link(struct place *p, const struct step *s)
{
    uint8_t target[64];
    ssize_t size = readlinkat(p->root, s->name, (char *)target, sizeof target);

    return size < 0 ? -errno : digest(target, (size_t)size);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Names and kinds, sorted. */
static long
list(struct place *p, const char *name)
{
    static char found[64][32];
    size_t count = 0;
    int fd = openat(p->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);

    if (directory == NULL)
        return -errno;
    memset(found, 0, sizeof found);
    for (const struct dirent *e = NULL; count < 64 && (e = readdir(directory)) != NULL;)
        snprintf(found[count++], sizeof found[0], "%.20s %d", e->d_name, e->d_type);
    closedir(directory);
    qsort(found, count, sizeof found[0], by_name);
    return digest((const uint8_t *)found, sizeof found);
}

static long
rename_step(struct place *p, const struct step *s)
{
    unsigned flags = s->fill < 64 ? 1 /* RENAME_NOREPLACE */ : 0;

    return RESULT(renameat2(p->root, s->name, p->root, s->other, flags));
}

static long
take_step(struct place *p, const struct step *s)
{
    switch (s->what) {
    case 0:
    case 1:
        return write_some(p, s, O_CREAT);
    case 2:
        return write_some(p, s, O_APPEND);
    case 3:
        return write_some(p, s, O_CREAT | O_TRUNC);
    case 4:
        return write_some(p, s, O_CREAT | O_EXCL);
    case 5:
        return read_path(p, s);
    case 6:
        return RESULT(unlinkat(p->root, s->name, 0));
    case 7:
        return RESULT(unlinkat(p->root, s->name, AT_REMOVEDIR));
    case 8:
        return RESULT(mkdirat(p->root, s->name, 0751));
    case 9:
        return rename_step(p, s);
    case 10:
        return resize(p, s);
    case 11:
        return RESULT(symlinkat(s->other, p->root, s->name));
    case 12:
        return read_link(p, s) + RESULT(linkat(p->root, s->name, p->root, s->other, 0)) * 7;
    case 13:
        return RESULT(fchmodat(p->root, s->name, 0600 + (s->fill & 077u), 0));
    case 14:
        return keep_open(p, s);
    case 15:
        return set_time(p, s->name);
    default:
        return p->open_file < 0 ? 0
                                : read_some(p->open_file, s) + RESULT(fsync(p->open_file)) +
                                      RESULT(pwrite(p->open_file, &s->fill, 1, s->offset));
    }
}

/* Everything that can be seen, after each step. */
static bool
same_all_over(struct place *a, struct place *b)
{
    static const char *const names[] = { "a",   "b", "d",     "d/a", "d/b", "e",
                                         "e/d", "n", "e/d/a", "d/d", "." };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (look_at(a, names[i]) != look_at(b, names[i]) || list(a, names[i]) != list(b, names[i]))
            return false;
    }
    return true;
}

static int
compare_with_tmpfs(void *context)
{
    struct mounted m = { 0 };
    struct place sealed = { .open_file = -1 }, plain = { .open_file = -1 };

    seed = *(uint64_t *)context;
    CHILD_CHECK(mounts_of_our_own());
    CHILD_CHECK(mount("none", test_path(0, "plain"), "tmpfs", 0, "mode=0755") == 0);
    CHILD_CHECK(mount_server(&m, test_path(1, "sealed"), paper_volume_new));
    CHILD_CHECK((sealed.root = open(m.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
    CHILD_CHECK((plain.root = open(test_path(0, "plain"), O_RDONLY | O_DIRECTORY)) >= 0);
    for (unsigned i = 0; i < STEPS; i++) {
        struct step s = choose_step();
        long a = take_step(&sealed, &s), b = take_step(&plain, &s);
        if (a != b || !same_all_over(&sealed, &plain)) {
            print_message("# step %u: %u %s %s: %ld %ld\n", i, s.what, s.name, s.other, a, b);
            return 1;
        }
    }
    close(sealed.root);
    close(sealed.open_file);
    CHILD_CHECK(umount2(m.directory, 0) == 0);
    CHILD_CHECK(server_end(&m) == 0);
    return 0;
}

static void
make_places(void)
{
    assert_int_equal(chmod(test_directory, 0755), 0);
    assert_int_equal(mkdir(test_path(0, "plain"), 0755), 0);
    assert_int_equal(mkdir(test_path(0, "sealed"), 0755), 0);
}

/* As we are, and as an ordinary user who needs a user namespace for it. */
static int
run_both(int (*function)(void *context), void *context)
{
    int code = run_child(function, context);

    if (code != 0 || geteuid() != 0)
        return code;
    return run_plan((struct bl_process_plan){ .function = function,
                                              .context = context,
                                              .drop_user = true,
                                              .uid = ANY_UID,
                                              .gid = ANY_UID });
}

static void
test_random_steps_as_on_tmpfs(void **state)
{
    uint64_t seeds[] = { 1, 20261121 };

    (void)state;
    NEEDS_FUSE();
    make_places();
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        assert_int_equal(run_both(compare_with_tmpfs, &seeds[i]), 0);
}

/* -- particular things --------------------------------------------------------------------------- */

static int
fill_path(char *out, const struct mounted *m, const char *name)
{
    return snprintf(out, TEST_PATH_SIZE, "%.100s/%.100s", m->directory, name);
}

static int
what_is_refused(void *context)
{
    char path[TEST_PATH_SIZE], other[TEST_PATH_SIZE];
    char long_name[BL_VOLUME_NAME_SIZE_MAX + 2];
    struct mounted m = { 0 };
    int fd = -1;

    (void)context;
    CHILD_CHECK(mounts_of_our_own());
    CHILD_CHECK(mount_server(&m, test_path(1, "sealed"), paper_volume_new));
    fill_path(path, &m, "x");
    CHILD_CHECK(mkfifo(path, 0600) < 0 && errno == EPERM);
    CHILD_CHECK(mknod(path, S_IFSOCK | 0600, 0) < 0 && errno == EPERM);
    CHILD_CHECK((fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600)) >= 0);
    CHILD_CHECK(fchown(fd, getuid(), getgid()) == 0);
    if (getuid() == 0)
        CHILD_CHECK(fchown(fd, 12345, (gid_t)-1) < 0 && errno == EPERM);
    CHILD_CHECK(pwrite(fd, "x", 1, (off_t)BL_VOLUME_FILE_SIZE_MAX) < 0 && errno == EFBIG);
    CHILD_CHECK(pwrite(fd, "x", 1, (off_t)PAPER_VOLUME_SIZE_MAX) < 0 && errno == ENOSPC);
    CHILD_CHECK(ftruncate(fd, (off_t)BL_VOLUME_FILE_SIZE_MAX + 1) < 0 && errno == EFBIG);
    fill_path(other, &m, "y");
    CHILD_CHECK(renameat2(-1, path, -1, other, 2 /* RENAME_EXCHANGE */) < 0);
    memset(long_name, 'n', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    CHILD_CHECK(chdir(m.directory) == 0);
    CHILD_CHECK(open(long_name, O_CREAT | O_RDWR, 0600) < 0 && errno == ENAMETOOLONG);
    long_name[BL_VOLUME_NAME_SIZE_MAX] = '\0';
    CHILD_CHECK(open(long_name, O_CREAT | O_RDWR | O_CLOEXEC, 0600) >= 0);
    CHILD_CHECK(chdir("/") == 0);
    kill(m.server, SIGKILL);
    CHILD_CHECK(server_end(&m) == -SIGKILL);
    CHILD_CHECK(pwrite(fd, "x", 1, 0) < 0); /* nobody answers, nothing is pretended */
    return 0;
}

static void
test_what_is_not_offered_is_refused(void **state)
{
    (void)state;
    NEEDS_FUSE();
    make_places();
    assert_int_equal(run_both(what_is_refused, NULL), 0);
}

static int
large_and_mapped(void *context)
{
    char path[TEST_PATH_SIZE];
    const size_t size = 3 << 20;
    struct mounted m = { 0 };
    struct statvfs usage;
    uint8_t *data = malloc(size), *map = NULL;
    int fd = -1;

    (void)context;
    CHILD_CHECK(mounts_of_our_own());
    CHILD_CHECK(mount_server(&m, test_path(1, "sealed"), paper_volume_new));
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 7 + i / 4096);
    fill_path(path, &m, "large");
    CHILD_CHECK((fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600)) >= 0);
    CHILD_CHECK(write(fd, data, size) == (ssize_t)size);
    map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHILD_CHECK(map != MAP_FAILED && memcmp(map, data, size) == 0);
    map[1234567] ^= 1;
    CHILD_CHECK(msync(map, size, MS_SYNC) == 0);
    CHILD_CHECK(munmap(map, size) == 0 && close(fd) == 0);
    data[1234567] ^= 1;
    CHILD_CHECK((fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC)) >= 0 || errno == EINVAL);
    close(fd);
    CHILD_CHECK((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0);
    CHILD_CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
    uint8_t *again = malloc(size);
    CHILD_CHECK(read(fd, again, size) == (ssize_t)size && memcmp(again, data, size) == 0);
    close(fd);
    CHILD_CHECK(statvfs(m.directory, &usage) == 0);
    CHILD_CHECK(usage.f_bsize == 4096 && usage.f_blocks == 1000 && usage.f_bavail == 600);
    CHILD_CHECK(usage.f_namemax == BL_VOLUME_NAME_SIZE_MAX);
    close(m.stop); /* the agent's way to end it, without unmounting */
    CHILD_CHECK(server_end(&m) == 0);
    free(data);
    free(again);
    return 0;
}

static void
test_large_and_mapped_files(void **state)
{
    (void)state;
    NEEDS_FUSE();
    make_places();
    assert_int_equal(run_both(large_and_mapped, NULL), 0);
}

static int
many_names(void *context)
{
    char path[TEST_PATH_SIZE];
    struct mounted m = { 0 };
    unsigned seen[400] = { 0 };

    (void)context;
    CHILD_CHECK(mounts_of_our_own());
    CHILD_CHECK(mount_server(&m, test_path(1, "sealed"), paper_volume_new));
    for (unsigned i = 0; i < 400; i++) {
        snprintf(path, sizeof path, "%.100s/a-name-of-some-length-%03u", m.directory, i);
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        CHILD_CHECK(fd >= 0 && close(fd) == 0);
    }
    DIR *directory = opendir(m.directory);
    CHILD_CHECK(directory != NULL);
    for (const struct dirent *e = NULL; (e = readdir(directory)) != NULL;) {
        unsigned number = 0;
        if (sscanf(e->d_name, "a-name-of-some-length-%u", &number) != 1 || number >= 400)
            continue;
        seen[number]++;
        snprintf(path, sizeof path, "%.100s/%.100s", m.directory, e->d_name);
        CHILD_CHECK(number % 3 != 0 || unlink(path) == 0); /* while it is being read */
    }
    for (unsigned i = 0; i < 400; i++)
        CHILD_CHECK(seen[i] == 1);
    rewinddir(directory);
    unsigned left = 0;
    while (readdir(directory) != NULL)
        left++;
    CHILD_CHECK(left == 266 + 2);
    closedir(directory);
    CHILD_CHECK(umount2(m.directory, 0) == 0 && server_end(&m) == 0);
    return 0;
}

static void
test_a_directory_read_in_pieces(void **state)
{
    (void)state;
    NEEDS_FUSE();
    make_places();
    assert_int_equal(run_both(many_names, NULL), 0);
}

/* -- what the volume hears, and says ------------------------------------------------------------- */

static struct bl_volume *shared_volume;

static struct bl_volume *
open_shared(void)
{
    return shared_volume;
}

/* The server runs in this process, so that the volume can be looked at afterwards. */
static int
held_while_open(void *context)
{
    char path[TEST_PATH_SIZE];
    struct mounted m = { 0 };
    char byte = 0;
    int fuse = -1, stop[2];

    (void)context;
    CHILD_CHECK(mounts_of_our_own());
    fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    snprintf(path, sizeof path, "fd=%d,rootmode=40000,user_id=%u,group_id=%u,default_permissions",
             fuse, getuid(), getgid());
    CHILD_CHECK(pipe2(stop, O_CLOEXEC) == 0);
    m.directory = test_path(1, "sealed");
    CHILD_CHECK(mount("bulla", m.directory, "fuse", MS_NOSUID | MS_NODEV, path) == 0);
    m.server = fork();
    if (m.server == 0) { /* the program */
        close(fuse);
        fill_path(path, &m, "file");
        int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        CHILD_CHECK(fd >= 0 && write(fd, "1", 1) == 1 && unlink(path) == 0);
        CHILD_CHECK(pread(fd, &byte, 1, 0) == 1 && byte == '1');
        CHILD_CHECK(fsync(fd) == 0 && fdatasync(fd) == 0);
        int directory = open(m.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHILD_CHECK(directory >= 0 && fsync(directory) == 0);
        close(fd);
        close(directory);
        usleep(300000); /* what the kernel forgets it says by and by; unmounting cuts it off */
        _exit(umount2(m.directory, 0) == 0 ? 0 : 199);
    }
    shared_volume = paper_volume_new();
    CHILD_CHECK(serve_in_child(fuse, stop[0], open_shared) == 0);
    int code = 0;
    CHILD_CHECK(waitpid(m.server, &code, 0) == m.server && code == 0);
    CHILD_CHECK(paper_volume_syncs(shared_volume) == 3);
    CHILD_CHECK(paper_volume_nodes(shared_volume) == 1); /* forgotten, so freed */
    return 0;
}

static void
test_open_files_are_held_and_synced(void **state)
{
    (void)state;
    NEEDS_FUSE();
    make_places();
    assert_int_equal(run_both(held_while_open, NULL), 0);
}

static int
altered(void *context)
{
    char path[TEST_PATH_SIZE];
    struct mounted m = { 0 };

    (void)context;
    CHILD_CHECK(mounts_of_our_own());
    CHILD_CHECK(mount_server(&m, test_path(1, "sealed"), paper_volume_new));
    fill_path(path, &m, "altered");
    CHILD_CHECK(open(path, O_RDONLY) < 0 && errno == EIO);
    CHILD_CHECK(server_end(&m) == BULLA_E_INTEGRITY);
    CHILD_CHECK(open(m.directory, O_RDONLY) < 0 || mkdir(path, 0700) < 0);
    return 0;
}

static void
test_an_altered_volume_ends_it(void **state)
{
    (void)state;
    NEEDS_FUSE();
    make_places();
    assert_int_equal(run_both(altered, NULL), 0);
}

static void
test_what_is_no_fuse_descriptor(void **state)
{
    struct bulla_error err = { 0 };
    int ends[2];

    (void)state;
    struct bl_fuse_plan plan = { .fd = -1, .stop_fd = -1 };
    assert_fails(bl_fuse_serve(&plan, &err), BULLA_E_IO, &err);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    plan.fd = ends[0];
    assert_int_equal(write(ends[1], "no request", 10), 10);
    assert_fails(bl_fuse_serve(&plan, &err), BULLA_E_MALFORMED, &err);
    uint32_t words[20] = { sizeof words, 3 /* FUSE_GETATTR */, 1, 0, 1 };
    assert_int_equal(write(ends[1], words, sizeof words), sizeof words);
    assert_fails(bl_fuse_serve(&plan, &err), BULLA_E_MALFORMED, &err); /* before the greeting */
    uint32_t greeting[14] = { sizeof greeting, 26 /* FUSE_INIT */ };
    greeting[10] = 7;
    greeting[11] = 30;
    assert_int_equal(write(ends[1], greeting, sizeof greeting), sizeof greeting);
    assert_fails(bl_fuse_serve(&plan, &err), BULLA_E_UNSUPPORTED, &err);
    close(ends[1]);
    assert_ok(bl_fuse_serve(&plan, &err), &err); /* the end of it */
    close(ends[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_random_steps_as_on_tmpfs),
        test_in_directory(test_what_is_not_offered_is_refused),
        test_in_directory(test_large_and_mapped_files),
        test_in_directory(test_a_directory_read_in_pieces),
        test_in_directory(test_open_files_are_held_and_synced),
        test_in_directory(test_an_altered_volume_ends_it),
        cmocka_unit_test(test_what_is_no_fuse_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

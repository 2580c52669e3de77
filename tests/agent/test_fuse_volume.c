/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file server over a real sealed volume, mounted: what programs do there, what is left of it
 * when the server is killed, and what there is no room for.
 */
#include "mounted.h"

#include <dirent.h>
#include <errno.h>
#include <sys/mman.h>

#define SIZE_MAX_BYTES ((uint64_t)4 << 20)
#define NAME_COUNT 1500
#define CHUNK_SIZE 65536

static struct bl_volume *
open_real_volume(void)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) key = { 0 };
    struct bl_volume *volume = NULL;
    struct bl_volume_options options = { .directory = test_path(0, "volume"),
                                         .key = &key,
                                         .size_max = SIZE_MAX_BYTES };

    if (bl_secret_new(&key, BL_VOLUME_KEY_SIZE, &err) != BULLA_OK)
        _exit(99);
    memset(key.data, 0x5a, BL_VOLUME_KEY_SIZE);
    enum bulla_status status = bl_volume_create(&options, &err);
    if ((status != BULLA_OK && status != BULLA_E_EXISTS) ||
        bl_volume_open(&options, &volume, &err) != BULLA_OK) {
        print_message("# %s: %s\n", err.where, err.what);
        _exit(98);
    }
    return volume;
}

/* The volume mounted, and the current directory in it. */
static bool
enter(struct mounted *m)
{
    static char directory[TEST_PATH_SIZE];

    strcpy(directory, test_path(1, "mounted"));
    return mount_server(m, directory, open_real_volume) && chdir(directory) == 0;
}

/* Away from it, mount and all; `signal`: 0 ends it in order. */
static bool
leave(struct mounted *m, int signal)
{
    bool left = chdir("/") == 0;

    if (signal != 0)
        kill(m->server, signal);
    left = left && umount2(m->directory, MNT_DETACH) == 0;
    return server_end(m) == -signal && left;
}

static bool
has(const char *path, const char *text)
{
    char content[64] = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, content, sizeof content - 1);

    close(fd);
    return size == (ssize_t)strlen(text) && strcmp(content, text) == 0;
}

static bool
make(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool made = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fsync(fd) == 0;

    close(fd);
    return made;
}

static off_t
size_of(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 ? info.st_size : -1;
}

static long
links_of(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 ? (long)info.st_nlink : -1;
}

/* -- what programs do ---------------------------------------------------------------------------- */

/* Run twice: on the live volume, and after it was opened anew. */
static int
check_names(void)
{
    char target[16] = { 0 };

    CHILD_CHECK(has("kept", "new") && access("kept.tmp", F_OK) != 0);
    CHILD_CHECK(has("linked", "twice") && has("deep/er/link", "twice"));
    CHILD_CHECK(links_of("linked") == 2);
    CHILD_CHECK(readlink("symbolic", target, sizeof target) == 4 && strcmp(target, "kept") == 0);
    CHILD_CHECK(has("symbolic", "new"));
    CHILD_CHECK(access("gone", F_OK) != 0 && errno == ENOENT);
    return 0;
}

static int
work_on_names(void)
{
    char text[8] = { 0 };

    CHILD_CHECK(make("kept", "old") && make("kept.tmp", "new"));
    CHILD_CHECK(rename("kept.tmp", "kept") == 0);
    CHILD_CHECK(mkdir("deep", 0700) == 0 && mkdir("deep/er", 0700) == 0);
    CHILD_CHECK(make("linked", "twice") && link("linked", "deep/er/link") == 0);
    CHILD_CHECK(symlink("kept", "symbolic") == 0 && rmdir("deep") < 0 && errno == ENOTEMPTY);
    CHILD_CHECK(make("gone", "still"));
    int fd = open("gone", O_RDWR | O_CLOEXEC);
    CHILD_CHECK(fd >= 0 && unlink("gone") == 0 && access("gone", F_OK) != 0);
    CHILD_CHECK(pread(fd, text, 8, 0) == 5 && strcmp(text, "still") == 0);
    CHILD_CHECK(pwrite(fd, "here", 4, 0) == 4 && close(fd) == 0);
    return check_names();
}

/* A megabyte of nothing, a word, and what truncation leaves. */
static int
check_sizes(void)
{
    int fd = open("sparse", O_RDONLY | O_CLOEXEC);

    CHILD_CHECK(fd >= 0 && size_of("sparse") == (1 << 20) + 4);
    const char *map = mmap(NULL, (1 << 20) + 4, PROT_READ, MAP_PRIVATE, fd, 0);
    CHILD_CHECK(map != MAP_FAILED && close(fd) == 0);
    for (size_t i = 0; i < 1 << 20; i++)
        CHILD_CHECK(map[i] == 0);
    CHILD_CHECK(memcmp(map + (1 << 20), "word", 4) == 0 &&
                munmap((void *)(uintptr_t)map, (1 << 20) + 4) == 0);
    CHILD_CHECK(size_of("cut") == 5);
    fd = open("cut", O_RDONLY | O_CLOEXEC);
    char cut[8];
    CHILD_CHECK(read(fd, cut, sizeof cut) == 5 && memcmp(cut, "ab\0\0\0", 5) == 0);
    CHILD_CHECK(close(fd) == 0);
    return 0;
}

static int
work_on_sizes(void)
{
    int fd = open("sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    CHILD_CHECK(fd >= 0 && pwrite(fd, "word", 4, 1 << 20) == 4 && close(fd) == 0);
    CHILD_CHECK(make("cut", "abcdef"));
    CHILD_CHECK(truncate("cut", 2) == 0 && has("cut", "ab") && truncate("cut", 5) == 0);
    return check_sizes();
}

static int
check_many(void)
{
    static bool seen[NAME_COUNT];
    unsigned count = 0;
    DIR *directory = opendir("many");

    CHILD_CHECK(directory != NULL);
    memset(seen, 0, sizeof seen);
    for (const struct dirent *e = NULL; (e = readdir(directory)) != NULL;) {
        unsigned number = (unsigned)strtoul(e->d_name, NULL, 10);
        if (e->d_name[0] == '.')
            continue;
        CHILD_CHECK(number < NAME_COUNT && !seen[number]);
        seen[number] = true;
        count++;
    }
    CHILD_CHECK(closedir(directory) == 0 && count == NAME_COUNT);
    return 0;
}

static int
work_on_many(void)
{
    char path[32];

    CHILD_CHECK(mkdir("many", 0700) == 0);
    for (unsigned i = 0; i < NAME_COUNT; i++) {
        (void)snprintf(path, sizeof path, "many/%u", i);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        CHILD_CHECK(fd >= 0 && close(fd) == 0);
    }
    return check_many();
}

static int
work_and_come_back(void *context)
{
    struct mounted m = { 0 };
    int failed = 0;

    (void)context;
    CHILD_CHECK(mounts_of_our_own() && enter(&m));
    failed = failed != 0 ? failed : work_on_names();
    failed = failed != 0 ? failed : work_on_sizes();
    failed = failed != 0 ? failed : work_on_many();
    CHILD_CHECK(failed == 0 && leave(&m, 0));
    CHILD_CHECK(enter(&m));
    failed = failed != 0 ? failed : check_names();
    failed = failed != 0 ? failed : check_sizes();
    failed = failed != 0 ? failed : check_many();
    CHILD_CHECK(failed == 0 && leave(&m, 0));
    return 0;
}

/* -- no room ------------------------------------------------------------------------------------- */

/** Fill a file until there is no room; its size. */
static off_t
fill(int fd)
{
    static char chunk[CHUNK_SIZE];

    memset(chunk, 'f', sizeof chunk);
    for (off_t size = 0;;) {
        ssize_t written = pwrite(fd, chunk, sizeof chunk, size);
        if (written <= 0)
            return written < 0 && errno == ENOSPC ? size : -1;
        size += written;
    }
}

static int
no_room(void *context)
{
    struct mounted m = { 0 };
    char byte = 0;

    (void)context;
    CHILD_CHECK(mounts_of_our_own() && enter(&m) && make("other", "stays"));
    int fd = open("large", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    off_t size = fill(fd);
    CHILD_CHECK(size > (off_t)SIZE_MAX_BYTES / 2 && size <= (off_t)SIZE_MAX_BYTES);
    CHILD_CHECK(pread(fd, &byte, 1, size - 1) == 1 && byte == 'f'); /* what was answered is there */
    CHILD_CHECK(fsync(fd) == 0 && has("other", "stays"));
    CHILD_CHECK(ftruncate(fd, 0) == 0 && fsync(fd) == 0 && close(fd) == 0);
    CHILD_CHECK(make("again", "room")); /* and it is given back */
    CHILD_CHECK(leave(&m, 0) && enter(&m));
    CHILD_CHECK(has("again", "room") && has("other", "stays") && size_of("large") == 0);
    CHILD_CHECK(leave(&m, 0));
    return 0;
}

/* -- killed -------------------------------------------------------------------------------------- */

/* Writes numbered records, each synced, until it cannot; says after each through the pipe. */
static void
write_records(int said)
{
    int fd = open("records", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char name[32];

    for (uint32_t i = 0; fd >= 0; i++) {
        if (write(fd, &i, sizeof i) != (ssize_t)sizeof i || fsync(fd) != 0)
            break;
        (void)snprintf(name, sizeof name, "name-%u", i);
        if (!make(name, "x") || write(said, &i, sizeof i) != (ssize_t)sizeof i)
            break;
    }
    _exit(0);
}

/* All that was acknowledged, in order; what was on its way may be there, too. */
static int
check_records(uint32_t acknowledged)
{
    uint32_t record = 0, count = 0;
    char name[32];
    int fd = open("records", O_RDONLY | O_CLOEXEC);

    CHILD_CHECK(fd >= 0);
    for (; read(fd, &record, sizeof record) == (ssize_t)sizeof record; count++)
        CHILD_CHECK(record == count);
    CHILD_CHECK(close(fd) == 0 && count >= acknowledged && count <= acknowledged + 1);
    for (uint32_t i = 0; i < acknowledged; i++) {
        (void)snprintf(name, sizeof name, "name-%u", i);
        CHILD_CHECK(has(name, "x"));
    }
    return 0;
}

static int
one_kill(unsigned after_ms)
{
    struct mounted m = { 0 };
    uint32_t last = 0, acknowledged = 0;
    int said[2];

    CHILD_CHECK(enter(&m) && pipe2(said, O_CLOEXEC) == 0);
    (void)unlink("records");
    pid_t writer = fork();
    if (writer == 0) {
        close(m.stop); /* or the server would not notice its end */
        write_records(said[1]);
    }
    close(said[1]);
    CHILD_CHECK(read(said[0], &last, sizeof last) == (ssize_t)sizeof last);
    bl_clock_sleep_ms(after_ms);
    CHILD_CHECK(leave(&m, SIGKILL));
    acknowledged = last + 1;
    while (read(said[0], &last, sizeof last) == (ssize_t)sizeof last)
        acknowledged = last + 1;
    close(said[0]);
    CHILD_CHECK(waitpid(writer, NULL, 0) == writer && enter(&m));
    int failed = check_records(acknowledged);
    CHILD_CHECK(leave(&m, 0));
    return failed;
}

static int
killed_often(void *context)
{
    (void)context;
    CHILD_CHECK(mounts_of_our_own());
    for (unsigned i = 0; i < 6; i++) {
        int failed = one_kill(5 + 17 * i);
        if (failed != 0)
            return failed;
    }
    return 0;
}

/* -- run ----------------------------------------------------------------------------------------- */

static int
try_namespaces(void *context)
{
    (void)context;
    return mounts_of_our_own() ? 0 : 1;
}

static void
run_mounted(int (*function)(void *context))
{
    assert_int_equal(mkdir(test_path(0, "volume"), 0700), 0);
    assert_int_equal(mkdir(test_path(0, "mounted"), 0700), 0);
    assert_int_equal(run_child(function, NULL), 0);
}

#define MOUNTED_TEST(name, function)                               \
    static void name(void **state)                                 \
    {                                                              \
        (void)state;                                               \
        NEEDS_FUSE();                                              \
        if (run_child(try_namespaces, NULL) != 0)                  \
            unit_skip("no mount namespace of our own can be had"); \
        run_mounted(function);                                     \
    }
MOUNTED_TEST(test_what_programs_do_is_there_when_they_come_back, work_and_come_back)
MOUNTED_TEST(test_no_room_is_said_and_undone, no_room)
MOUNTED_TEST(test_what_was_synced_survives_a_kill, killed_often)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_what_programs_do_is_there_when_they_come_back),
        test_in_directory(test_no_room_is_said_and_undone),
        test_in_directory(test_what_was_synced_survives_a_kill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a volume keeps when its process, its disk or the power goes: every file call in turn fails
 * for good, memory runs out at every place, the process is killed at random moments, and a disk of
 * our own forgets any part of what was not synced. Always: a call that was answered is there, the
 * one that was under way is there or not, nothing else.
 */
#include "volume_model.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* -- a disk that can lose power: the calls of the library go through these -- */

#define WRITE_COUNT_MAX 8192

static struct {
    bool is_on;
    size_t count;
    struct {
        int fd;
        uint64_t inode;
        off_t offset;
        size_t size;
        uint8_t *before; /* size bytes; NULL: the file was resized from `offset` bytes */
        size_t before_size;
        bool is_synced;
    } writes[WRITE_COUNT_MAX];
} disk;

static uint64_t
inode_of(int fd)
{
    struct stat status = { 0 };

    fstat(fd, &status);
    return status.st_ino;
}

static void
remember(int fd, off_t offset, size_t size)
{
    if (!disk.is_on)
        return;
    assert_true(disk.count < WRITE_COUNT_MAX);
    uint8_t *before = calloc(1, size + 1);
    ssize_t got = syscall(SYS_pread64, fd, before, size, offset);
    disk.writes[disk.count].fd = dup(fd);
    disk.writes[disk.count].inode = inode_of(fd);
    disk.writes[disk.count].offset = offset;
    disk.writes[disk.count].size = size;
    disk.writes[disk.count].before = before;
    disk.writes[disk.count].before_size = got > 0 ? (size_t)got : 0;
    disk.writes[disk.count].is_synced = false;
    disk.count++;
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    remember(fd, offset, size);
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

int
fsync(int fd)
{
    for (size_t i = 0; disk.is_on && i < disk.count; i++) {
        if (disk.writes[i].inode == inode_of(fd))
            disk.writes[i].is_synced = true;
    }
    return 0; /* the disk below is not the one that loses power here */
}

/* Undo, from the last one back, any of the writes that were not synced; of some a part stays. */
static void
lose_power(uint64_t *seed, unsigned tenths)
{
    for (size_t i = disk.count; i-- > 0;) {
        struct call dice = draw_call(seed);
        size_t kept = dice.offset % 4 == 0 ? dice.size % (disk.writes[i].size + 1) : 0;
        bool is_lost = !disk.writes[i].is_synced && dice.first % 10 < tenths;
        if (is_lost && kept < disk.writes[i].size)
            syscall(SYS_pwrite64, disk.writes[i].fd, disk.writes[i].before + kept,
                    disk.writes[i].size - kept, disk.writes[i].offset + (off_t)kept);
        close(disk.writes[i].fd);
        free(disk.writes[i].before);
    }
    disk.count = 0;
    disk.is_on = false;
}

/* -- scripts -- */

#define SCRIPT_SEED 0x9e3779b97f4a7c15u

static struct model *
model_after(uint64_t seed, size_t count)
{
    struct model *model = calloc(1, sizeof *model);

    for (size_t i = 0; i < count; i++) {
        const struct call call = draw_call(&seed);
        model_call(model, &call);
    }
    return model;
}

/* The number of calls answered before the first failure. */
static size_t
run_script(struct bl_volume *volume, uint64_t seed, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bulla_error err = { 0 };
        const struct call call = draw_call(&seed);
        if (volume_call(volume, &call, &err) != BULLA_OK)
            return i;
    }
    return count;
}

/* The volume has what `least` calls did, or one of the next up to `most`. */
static void
assert_between(struct fixture *f, uint64_t seed, size_t least, size_t most)
{
    struct bulla_error err = { 0 };
    struct bl_volume *volume = reopen(f);
    bool is_found = false;

    for (size_t count = least; count <= most && !is_found; count++) {
        struct model *model = model_after(seed, count);
        is_found = model_equals(volume, model);
        free(model);
    }
    assert_true(is_found);
    assert_ok(bl_volume_close(volume, &err), &err);
}

#define SCRIPT_COUNT 70 /* enough for a checkpoint among them */

static void
test_every_file_call_fails(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    size_t answered = 0, points = 0;

    (void)state;
    fixture_init(&f);
    f.options.cache_size = 1;
    f.options.anchor = NULL;
    assert_ok(bl_volume_create(&f.options, &err), &err);
    copy_volume(f.directory, f.backup);
    for (uint64_t n = 1; answered < SCRIPT_COUNT + 1; n++, points++) {
        struct bl_volume *volume = NULL;
        copy_volume(f.backup, f.directory);
        bulla_error_clear(&err);
        bl_fault_arm(BL_FAULT_FILE, n, /* forever: */ true);
        answered = 0;
        if (bl_volume_open(&f.options, &volume, &err) == BULLA_OK) {
            answered = run_script(volume, SCRIPT_SEED, SCRIPT_COUNT);
            if (answered == SCRIPT_COUNT && bl_volume_close(volume, &err) == BULLA_OK)
                answered++;
            else if (answered == SCRIPT_COUNT)
                assert_true(err.status == BULLA_E_OUTCOME_UNKNOWN || err.status == BULLA_E_IO);
            else
                bl_volume_free(volume);
        }
        bl_fault_disarm();
        assert_between(&f, SCRIPT_SEED, answered < SCRIPT_COUNT ? answered : SCRIPT_COUNT,
                       answered < SCRIPT_COUNT ? answered + 1 : SCRIPT_COUNT);
    }
    print_message("# %zu file calls\n", points);
    assert_true(points > 100);
    fixture_done(&f);
}

/* A failure that passes: the volume goes on, or says that it does not; never something else. */
static void
test_one_file_call_fails(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    bool was_reached = true;

    (void)state;
    fixture_init(&f);
    f.options.cache_size = 1;
    f.options.anchor = NULL;
    assert_ok(bl_volume_create(&f.options, &err), &err);
    copy_volume(f.directory, f.backup);
    for (uint64_t n = 1; was_reached; n += 3) {
        struct bl_volume *volume = NULL;
        struct model *model = calloc(1, sizeof *model);
        uint64_t seed = SCRIPT_SEED;
        copy_volume(f.backup, f.directory);
        bl_fault_arm(BL_FAULT_FILE, n, /* forever: */ false);
        bulla_error_clear(&err);
        if (bl_volume_open(&f.options, &volume, &err) != BULLA_OK) {
            bulla_error_clear(&err);
            assert_ok(bl_volume_open(&f.options, &volume, &err), &err);
        }
        bool is_broken = false, is_equal = false;
        struct call failed = { .kind = CALL_SYNC };
        for (size_t i = 0; i < SCRIPT_COUNT; i++) {
            const struct call call = draw_call(&seed);
            bulla_error_clear(&err);
            enum bulla_status status = volume_call(volume, &call, &err);
            assert_true(!is_broken || status != BULLA_OK);
            if (status == BULLA_OK) {
                model_call(model, &call);
            } else if (!is_broken) {
                is_broken = bl_volume_sync(volume, NULL) != BULLA_OK;
                failed = call;
            }
        }
        was_reached = bl_fault_disarm();
        if (!is_broken)
            assert_true(model_equals(volume, model)); /* a failed call changed nothing */
        bl_volume_free(volume);
        volume = reopen(&f);
        is_equal = model_equals(volume, model);
        if (!is_equal && is_broken) {
            model_call(model, &failed);
            is_equal = model_equals(volume, model);
        }
        assert_true(is_equal);
        bl_volume_free(volume);
        free(model);
    }
    fixture_done(&f);
}

static void
test_memory_runs_out(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    bool was_reached = true;

    (void)state;
    fixture_init(&f);
    f.options.anchor = NULL;
    assert_ok(bl_volume_create(&f.options, &err), &err);
    copy_volume(f.directory, f.backup);
    for (uint64_t n = 1; was_reached; n++) {
        struct bl_volume *volume = NULL;
        copy_volume(f.backup, f.directory);
        bl_fault_arm(BL_FAULT_MEMORY, n, /* forever: */ true);
        size_t answered = 0;
        if (bl_volume_open(&f.options, &volume, NULL) == BULLA_OK)
            answered = run_script(volume, SCRIPT_SEED, 12);
        was_reached = bl_fault_disarm();
        bl_volume_free(volume);
        assert_between(&f, SCRIPT_SEED, answered, answered + 1);
    }
    fixture_done(&f);
}

/* A creation that was cut short is made again; one that was answered is there. */
static void
test_creation_fails(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    enum bulla_status status = BULLA_E_IO;

    (void)state;
    fixture_init(&f);
    for (uint64_t n = 1; status != BULLA_OK; n++) {
        struct bl_volume *volume = NULL;
        remove_tree(f.directory);
        f.memory.is_set = false;
        bl_fault_arm(BL_FAULT_FILE, n, /* forever: */ true);
        status = bl_volume_create(&f.options, NULL);
        bl_fault_disarm();
        bulla_error_clear(&err);
        if (status != BULLA_OK && bl_volume_open(&f.options, &volume, &err) == BULLA_E_NOT_FOUND) {
            bulla_error_clear(&err);
            assert_ok(bl_volume_create(&f.options, &err), &err);
        }
        if (volume == NULL)
            volume = reopen(&f);
        make_node(volume, 1, "a", BL_VOLUME_FILE);
        assert_ok(bl_volume_close(volume, &err), &err);
        assert_fails(bl_volume_create(&f.options, &err), BULLA_E_STALE, &err); /* the anchor */
    }
    f.options.anchor = NULL;
    assert_fails(bl_volume_create(&f.options, &err), BULLA_E_EXISTS, &err);
    fixture_done(&f);
}

static void
report_answers(struct fixture *f, uint64_t seed, int out)
{
    uint8_t one = 1;

    memset(f->key.data, 0x5a, f->key.size); /* a secret is not there in a forked child */
    struct bl_volume *volume = reopen(f);
    for (;;) {
        const struct call call = draw_call(&seed);
        if (volume_call(volume, &call, NULL) != BULLA_OK || write(out, &one, 1) != 1)
            _exit(1);
    }
}

static void
test_killed(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    size_t total = 0;

    (void)state;
    fixture_init(&f);
    f.options.cache_size = 1;
    f.options.anchor = NULL;
    assert_ok(bl_volume_create(&f.options, &err), &err);
    copy_volume(f.directory, f.backup);
    for (unsigned round = 0; round < 40; round++) {
        uint8_t answers[512];
        int ends[2];
        size_t answered = 0;
        copy_volume(f.backup, f.directory);
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0)
            report_answers(&f, SCRIPT_SEED + round, ends[1]);
        close(ends[1]);
        usleep(2000 + round * 1500);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        for (ssize_t got = 1; got > 0; answered += got > 0 ? (size_t)got : 0)
            got = read(ends[0], answers, sizeof answers);
        close(ends[0]);
        assert_between(&f, SCRIPT_SEED + round, answered, answered + 1);
        total += answered;
    }
    print_message("# %zu calls answered\n", total);
    assert_true(total > 100);
    fixture_done(&f);
}

static void
test_power_lost(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    uint64_t chance = 4711;

    (void)state;
    fixture_init(&f);
    f.options.cache_size = 1;
    f.options.anchor = NULL;
    assert_ok(bl_volume_create(&f.options, &err), &err);
    copy_volume(f.directory, f.backup);
    for (unsigned round = 0; round < 60; round++) {
        uint64_t seed = SCRIPT_SEED + round;
        size_t synced = 0, count = 5 + round * 2;
        copy_volume(f.backup, f.directory);
        disk.is_on = true;
        struct bl_volume *volume = reopen(&f);
        for (size_t i = 0; i < count; i++) {
            const struct call call = draw_call(&seed);
            assert_ok(volume_call(volume, &call, &err), &err);
            if (call.kind == CALL_SYNC)
                synced = i + 1;
        }
        bl_volume_free(volume);
        lose_power(&chance, 2 + round % 9); /* up to all of it */
        assert_between(&f, SCRIPT_SEED + round, synced, count);
    }
    fixture_done(&f);
}

/* The same at every file call, also in the middle of a checkpoint that nobody asked for. */
static void
test_power_lost_at_every_call(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    uint64_t chance = 2718;
    size_t answered = 0;

    (void)state;
    fixture_init(&f);
    f.options.cache_size = 1;
    f.options.anchor = NULL;
    assert_ok(bl_volume_create(&f.options, &err), &err);
    copy_volume(f.directory, f.backup);
    for (uint64_t n = 1; answered < SCRIPT_COUNT; n++) {
        struct bl_volume *volume = NULL;
        uint64_t seed = SCRIPT_SEED;
        size_t synced = 0;
        copy_volume(f.backup, f.directory);
        disk.is_on = true;
        bl_fault_arm(BL_FAULT_FILE, n, /* forever: */ true);
        answered = 0;
        if (bl_volume_open(&f.options, &volume, NULL) == BULLA_OK)
            answered = run_script(volume, SCRIPT_SEED, SCRIPT_COUNT);
        bl_fault_disarm();
        bl_volume_free(volume);
        lose_power(&chance, (unsigned)(1 + n % 10));
        for (size_t i = 0; i < answered; i++) {
            const struct call call = draw_call(&seed);
            synced = call.kind == CALL_SYNC ? i + 1 : synced;
        }
        assert_between(&f, SCRIPT_SEED, synced,
                       answered < SCRIPT_COUNT ? answered + 1 : SCRIPT_COUNT);
    }
    fixture_done(&f);
}

/* Power is lost while a checkpoint writes: after each of its file calls. */
static void
test_power_lost_in_checkpoint(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    enum bulla_status status = BULLA_E_IO;
    uint64_t chance = 815;

    (void)state;
    fixture_init(&f);
    f.options.anchor = NULL;
    struct bl_volume *volume = create_and_open(&f);
    assert_int_equal(run_script(volume, SCRIPT_SEED, 20), 20);
    assert_ok(bl_volume_close(volume, &err), &err);
    volume = reopen(&f);
    uint64_t seed = SCRIPT_SEED;
    for (int i = 0; i < 20; i++)
        draw_call(&seed);
    assert_int_equal(run_script(volume, seed, 20), 20);
    bl_volume_free(volume); /* twenty calls in their places, twenty in the journal */
    copy_volume(f.directory, f.backup);
    for (uint64_t n = 1; status != BULLA_OK; n++) {
        volume = NULL;
        copy_volume(f.backup, f.directory);
        disk.is_on = true;
        bl_fault_arm(BL_FAULT_FILE, n, /* forever: */ true);
        status = bl_volume_open(&f.options, &volume, NULL);
        bl_fault_disarm();
        bl_volume_free(volume);
        lose_power(&chance, (unsigned)(1 + n % 10));
        assert_between(&f, SCRIPT_SEED, 40, 40);
    }
    fixture_done(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file_call_fails),
        cmocka_unit_test(test_one_file_call_fails),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_creation_fails),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_power_lost),
        cmocka_unit_test(test_power_lost_at_every_call),
        cmocka_unit_test(test_power_lost_in_checkpoint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

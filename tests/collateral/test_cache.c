/* SPDX-License-Identifier: Apache-2.0 */
/* The cache: what is read is what was written, through damage, kill -9, full disks and company. */
#include "collateral/cache_fixture.h"

#include <dirent.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collateral/cache.h"
#include "faults.h"
#include "folder.h"
#include "sys/clock.h"
#include "sys/file.h"

/* -- ordinary ------------------------------------------------------------------------------------ */

static void
test_what_is_put_is_got(void **state)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();

    (void)state;
    assert_int_equal(get(cache, "intel/root-crl", ""), BULLA_CAUSE_NOT_FOUND);
    put(cache, "intel/root-crl", "one");
    put(cache, "intel/sgx/qe-identity", "two");
    assert_int_equal(get(cache, "intel/root-crl", "one"), BULLA_CAUSE_NONE);
    put(cache, "intel/root-crl", "three");
    BL_AUTO_FREE(bl_cache) again = open_cache();
    assert_int_equal(get(again, "intel/root-crl", "three"), BULLA_CAUSE_NONE);
    assert_int_equal(get(again, "intel/sgx/qe-identity", "two"), BULLA_CAUSE_NONE);
}

static size_t
count_files(const char *place)
{
    char path[PATH_SIZE];
    size_t count = 0;

    (void)snprintf(path, sizeof path, "%s/cache/%s", world, place);
    DIR *names = opendir(path);
    assert_non_null(names);
    for (const struct dirent *found; (found = readdir(names)) != NULL;)
        count += found->d_name[0] != '.';
    (void)closedir(names);
    return count;
}

static void
test_what_nobody_names_goes(void **state)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        char body[16];
        (void)snprintf(body, sizeof body, "body %zu", i);
        put(cache, "intel/root-crl", body);
    }
    assert_int_equal(count_files("objects"), 2); /* the last body, and the issuers */
    assert_int_equal(count_files("entries"), 1);
}

static void
test_a_cache_that_is_not_there(void **state)
{
    struct bulla_error err = { 0 };
    struct bl_cache *cache = NULL;
    char path[PATH_SIZE];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/none", world);
    assert_cause(bl_cache_open(path, false, &cache, &err), BULLA_CAUSE_NOT_FOUND, &err);
    assert_null(cache);
    assert_int_equal(access(path, F_OK), -1);
}

static void
test_size_is_bounded(void **state)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    const size_t size = BL_COLLATERAL_BODY_SIZE_MAX, count = BL_CACHE_SIZE_MAX / size + 3;
    uint8_t *body = bl_alloc(1, size);
    const struct bl_collateral_facts facts = { 0 };
    struct bulla_error err = { 0 };
    size_t kept = 0;

    (void)state;
    assert_non_null(body);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "intel/sgx/tcb-info/%012zx", i);
        body[0] = (uint8_t)i;
        BL_AUTO_FREE(bl_collateral)
        piece = piece_of(name, (struct bulla_bytes){ body, size }, BL_LITERAL("issuers"));
        piece->fetched_s = (int64_t)i;
        assert_ok(bl_cache_put(cache, piece, &facts, false, &err), &err);
    }
    for (size_t i = 0; i < count; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "intel/sgx/tcb-info/%012zx", i);
        const struct bl_collateral_name wanted = named(name);
        BL_AUTO_FREE(bl_collateral) piece = NULL;
        bool is_there = bl_cache_get(cache, &wanted, &piece, NULL) == BULLA_OK;
        assert_true(is_there || kept == 0); /* what was fetched longest ago goes first */
        kept += is_there;
    }
    assert_in_range(kept, BL_CACHE_SIZE_MAX / size - 1, BL_CACHE_SIZE_MAX / size);
    bl_free(body);
}

/* -- numbers ------------------------------------------------------------------------------------- */

static void
test_numbers_do_not_go_back(void **state)
{
    static const char name[] = "intel/tdx/tcb-info/00806f050000";
    const struct bl_collateral_name wanted = named(name);
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    struct bl_claim_number number = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(put_number(cache, name, "eighteen", 18, false, &err), &err);
    assert_cause(put_number(cache, name, "seventeen", 17, false, &err),
                 BULLA_CAUSE_COLLATERAL_OLDER, &err);
    assert_int_equal(err.found.number, 17);
    assert_int_equal(err.expected.number, 18);
    assert_int_equal(get(cache, name, "eighteen"), BULLA_CAUSE_NONE);
    bulla_error_clear(&err);
    assert_ok(put_number(cache, "intel/tdx/qe-identity", "other", 17, false, &err), &err);
    assert_ok(put_number(cache, name, "seventeen", 17, /* may_go_back= */ true, &err), &err);
    assert_int_equal(get(cache, name, "seventeen"), BULLA_CAUSE_NONE);
    assert_ok(bl_cache_number(cache, &wanted, &number, &err), &err);
    assert_true(number.is_present);
    assert_int_equal(number.value, 17);
    assert_ok(put_number(cache, name, "nineteen", 19, false, &err), &err);
    assert_ok(bl_cache_number(cache, &wanted, &number, &err), &err);
    assert_int_equal(number.value, 19);
}

/* The number outlives its piece: whoever makes the cache forget the one does not get the other. */
static void
test_numbers_outlive_their_pieces(void **state)
{
    static const char name[] = "intel/sgx/qe-identity";
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    struct bulla_error err = { 0 };
    char command[PATH_SIZE];

    (void)state;
    assert_ok(put_number(cache, name, "eighteen", 18, false, &err), &err);
    (void)snprintf(command, sizeof command, "%s/cache/entries", world);
    assert_int_equal(nftw(command, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    BL_AUTO_FREE(bl_cache) again = open_cache();
    assert_int_equal(get(again, name, ""), BULLA_CAUSE_NOT_FOUND);
    assert_cause(put_number(again, name, "seventeen", 17, false, &err),
                 BULLA_CAUSE_COLLATERAL_OLDER, &err);
}

/* -- kill -9, full disks, company ---------------------------------------------------------------- */

static void
write_for_ever(void)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    static const char *const bodies[] = { "the first", "and the second" };

    for (size_t i = 0;; i++)
        put(cache, "intel/root-crl", bodies[i % 2]);
}

/* One of the two it is; true for the second. */
static bool
is_second(struct bl_cache *cache, const char *name)
{
    const struct bl_collateral_name wanted = named(name);
    BL_AUTO_FREE(bl_collateral) piece = NULL;
    struct bulla_error err = { 0 };

    assert_ok(bl_cache_get(cache, &wanted, &piece, &err), &err);
    bool second = bl_equal(bulla_buffer_bytes(&piece->body), BL_LITERAL("and the second"));
    assert_true(second || bl_equal(bulla_buffer_bytes(&piece->body), BL_LITERAL("the first")));
    return second;
}

static void
test_kill_in_the_middle(void **state)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();

    (void)state;
    put(cache, "intel/root-crl", "the first");
    for (unsigned i = 0; i < 40; i++) {
        pid_t writer = fork();
        if (writer == 0)
            write_for_ever();
        bl_clock_sleep_ms(1 + i % 13);
        (void)is_second(cache, "intel/root-crl");
        assert_int_equal(kill(writer, SIGKILL), 0);
        assert_int_equal(waitpid(writer, NULL, 0), writer);
        (void)is_second(cache, "intel/root-crl");
    }
    put(cache, "intel/root-crl", "the last");
    assert_int_equal(get(cache, "intel/root-crl", "the last"), BULLA_CAUSE_NONE);
    assert_int_equal(count_files("objects"), 2);
}

#define WRITER_COUNT 4
#define ROUND_COUNT 100

static void
name_of_round(unsigned i, char name[64])
{
    (void)snprintf(name, 64, "intel/sgx/tcb-info/%012x", i);
}

/* In each round all writers start at the same moment, each with a number of his own. */
static void
write_numbers(atomic_uint *arrived, uint64_t number)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    struct bulla_error err = { 0 };
    char name[64], body[32];

    (void)snprintf(body, sizeof body, "number %llu", (unsigned long long)number);
    for (unsigned i = 0; i < ROUND_COUNT; i++) {
        name_of_round(i, name);
        (void)atomic_fetch_add(arrived, 1);
        while (atomic_load(arrived) < WRITER_COUNT * (i + 1))
            (void)sched_yield();
        bulla_error_clear(&err);
        if (put_number(cache, name, body, number, false, &err) != BULLA_OK &&
            err.cause != BULLA_CAUSE_COLLATERAL_OLDER)
            _exit(1);
    }
    _exit(0);
}

/* The highest number wins, whoever comes last, and no name is lost. */
static void
test_several_at_once(void **state)
{
    atomic_uint *arrived =
        mmap(NULL, sizeof *arrived, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t writers[WRITER_COUNT];
    char name[64];

    (void)state;
    assert_ptr_not_equal(arrived, MAP_FAILED);
    for (size_t i = 0; i < WRITER_COUNT; i++) {
        writers[i] = fork();
        if (writers[i] == 0)
            write_numbers(arrived, 10 + i);
    }
    for (size_t i = 0; i < WRITER_COUNT; i++) {
        int status = -1;
        assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
        assert_int_equal(status, 0);
    }
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    for (unsigned i = 0; i < ROUND_COUNT; i++) {
        name_of_round(i, name);
        const struct bl_collateral_name wanted = named(name);
        struct bl_claim_number number = { 0 };
        assert_int_equal(get(cache, name, "number 13"), BULLA_CAUSE_NONE);
        assert_int_equal(bl_cache_number(cache, &wanted, &number, NULL), BULLA_OK);
        assert_int_equal(number.value, 13);
    }
    assert_int_equal(munmap(arrived, sizeof *arrived), 0);
}

/* A limit on file sizes stands for a disk that is full: the old piece stays. */
static void
test_a_full_disk(void **state)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    const struct rlimit small = { 1000, RLIM_INFINITY }, all = { RLIM_INFINITY, RLIM_INFINITY };
    const struct bl_collateral_facts facts = { 0 };
    struct bulla_error err = { 0 };
    uint8_t body[5000] = { 1 };

    (void)state;
    put(cache, "intel/root-crl", "one");
    BL_AUTO_FREE(bl_collateral)
    piece = piece_of("intel/root-crl", BL_BYTES_OF(body), BL_LITERAL("issuers"));
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum bulla_status status = bl_cache_put(cache, piece, &facts, false, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    assert_int_equal(status, BULLA_E_IO);
    assert_int_equal(get(cache, "intel/root-crl", "one"), BULLA_CAUSE_NONE);
}

/* -- faults -------------------------------------------------------------------------------------- */

/* Whichever call fails: the old piece or the new one, never anything else. */
static void
test_each_call_fails(void **state)
{
    static const enum bl_fault kinds[] = { BL_FAULT_FILE, BL_FAULT_MEMORY };

    (void)state;
    for (size_t k = 0; k < BL_COUNT_OF(kinds); k++) {
        BL_AUTO_FREE(bl_cache) cache = open_cache();
        uint64_t n = 1;
        for (bool reached = true; reached; n++) {
            const struct bl_collateral_facts facts = { .evaluation = { true, 5 } };
            struct bulla_error err = { 0 };
            put(cache, "intel/sgx/qe-identity", "the first");
            BL_AUTO_FREE(bl_collateral)
            piece = piece_of("intel/sgx/qe-identity", text_bytes("and the second"),
                             BL_LITERAL("issuers"));
            bl_fault_arm(kinds[k], n, false);
            enum bulla_status status = bl_cache_put(cache, piece, &facts, false, &err);
            reached = bl_fault_disarm();
            if (!is_second(cache, "intel/sgx/qe-identity"))
                assert_int_not_equal(status, BULLA_OK);
        }
        assert_true(n > 10);
    }
}

static enum bulla_status
read_one(const void *context, struct bulla_error *err)
{
    const struct bl_collateral_name wanted = named("intel/root-crl");
    BL_AUTO_FREE(bl_collateral) piece = NULL;
    char path[PATH_SIZE];
    BL_AUTO_FREE(bl_cache) cache = NULL;

    (void)context;
    (void)snprintf(path, sizeof path, "%s/cache", world);
    BL_TRY(bl_cache_open(path, false, &cache, err));
    return bl_cache_get(cache, &wanted, &piece, err);
}

static void
test_each_call_of_a_reader_fails(void **state)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();

    (void)state;
    put(cache, "intel/root-crl", "one");
    assert_true(fail_each(BL_FAULT_FILE, BULLA_E_IO, read_one, NULL) > 3);
    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, read_one, NULL) > 3);
}

/* -- holds --------------------------------------------------------------------------------------- */

static void
test_holds_end(void **state)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    struct bulla_error err = { 0 };

    (void)state;
    assert_int_equal(bl_cache_held(cache, "host/kds", 1000), BL_HOLD_NONE);
    assert_ok(bl_cache_hold(cache, "host/kds", BL_HOLD_BUSY, 1010, &err), &err);
    assert_ok(bl_cache_hold(cache, "amd/x", BL_HOLD_ABSENT, 1020, &err), &err);
    assert_int_equal(bl_cache_held(cache, "host/kds", 1009), BL_HOLD_BUSY);
    assert_int_equal(bl_cache_held(cache, "amd/x", 1010), BL_HOLD_ABSENT);
    assert_int_equal(bl_cache_held(cache, "host/kds", 1010), BL_HOLD_NONE);
    assert_int_equal(bl_cache_held(cache, "host/kds", 1009), BL_HOLD_NONE); /* it is gone */
    /* The clock was put back: nobody waits for years. */
    assert_ok(bl_cache_hold(cache, "host/kds", BL_HOLD_BUSY, 1000000, &err), &err);
    assert_int_equal(bl_cache_held(cache, "host/kds", 1000), BL_HOLD_NONE);
}

static void
test_holds_are_bounded(void **state)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    struct bulla_error err = { 0 };
    char path[PATH_SIZE];

    (void)state;
    for (int i = 0; i < BL_CACHE_HOLD_COUNT_MAX; i++) {
        (void)snprintf(path, sizeof path, "%s/cache/holds/%064d", world, i);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fclose(file), 0);
    }
    assert_ok(bl_cache_hold(cache, "one more", BL_HOLD_BUSY, 1010, &err), &err);
    assert_int_equal(count_files("holds"), 1);
    assert_int_equal(bl_cache_held(cache, "one more", 1009), BL_HOLD_BUSY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_cache(test_what_is_put_is_got),
        with_cache(test_what_nobody_names_goes),
        with_cache(test_a_cache_that_is_not_there),
        with_cache(test_size_is_bounded),
        with_cache(test_numbers_do_not_go_back),
        with_cache(test_numbers_outlive_their_pieces),
        with_cache(test_kill_in_the_middle),
        with_cache(test_several_at_once),
        with_cache(test_a_full_disk),
        with_cache(test_each_call_fails),
        with_cache(test_each_call_of_a_reader_fails),
        with_cache(test_holds_end),
        with_cache(test_holds_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

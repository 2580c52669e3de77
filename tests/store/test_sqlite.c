/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "folder.h"
#include "store/store.h"

static char folder[64];
static char path[96];

static int
make_store_folder(void **state)
{
    (void)state;
    if (make_folder(folder, sizeof folder) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/store.db", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    char name[128];

    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    return rmdir(folder);
}

static const char insert[] =
    "INSERT INTO floors (tenant, signer_product, version) VALUES (?, ?, ?)";

static enum bulla_status
add_floor(struct bl_store *store, const char *product, int64_t version, struct bulla_error *err)
{
    const struct bl_store_value values[] = { bl_store_text(BL_LITERAL("default")),
                                             bl_store_bytes(text_bytes(product)),
                                             bl_store_integer(version) };

    return bl_store_run(store, insert, values, 3, NULL, err);
}

static size_t
count_floors(struct bl_store *store)
{
    struct bulla_error err = { 0 };
    size_t count = 0;

    assert_ok(
        bl_store_query(store, "SELECT version FROM floors", NULL, 0, NULL, NULL, &count, &err),
        &err);
    return count;
}

static void
test_create_once_then_open(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct stat information;

    {
        BL_AUTO_FREE(bl_store) store = NULL;
        assert_fails(bl_store_open_sqlite(path, BL_STORE_MUST_EXIST, &store, &err),
                     BULLA_E_NOT_FOUND, &err);
        assert_int_equal(access(path, F_OK), -1); /* asking made nothing */
        bulla_error_clear(&err);
        assert_ok(bl_store_open_sqlite(path, BL_STORE_CREATE, &store, &err), &err);
        assert_int_equal(stat(path, &information), 0);
        assert_int_equal(information.st_mode & 0777, 0600);
        assert_ok(add_floor(store, "one", 1, &err), &err);
    }
    BL_AUTO_FREE(bl_store) store = NULL;
    assert_fails(bl_store_open_sqlite(path, BL_STORE_CREATE, &store, &err), BULLA_E_EXISTS, &err);
    bulla_error_clear(&err);
    assert_ok(bl_store_open_sqlite(path, BL_STORE_MUST_EXIST, &store, &err), &err);
    assert_int_equal(count_floors(store), 1);
    assert_fails(add_floor(store, "one", 2, &err), BULLA_E_EXISTS, &err);
}

static void
test_rollback_undoes_and_commit_keeps(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_store) store = NULL;

    assert_ok(bl_store_open_sqlite(path, BL_STORE_CREATE, &store, &err), &err);
    assert_ok(bl_store_begin(store, &err), &err);
    assert_ok(add_floor(store, "one", 1, &err), &err);
    bl_store_rollback(store);
    assert_int_equal(count_floors(store), 0);
    assert_ok(bl_store_begin(store, &err), &err);
    assert_ok(add_floor(store, "one", 1, &err), &err);
    assert_ok(bl_store_commit(store, &err), &err);
    bl_store_rollback(store); /* at every exit: harmless */
    assert_int_equal(count_floors(store), 1);
    assert_fails(bl_store_commit(store, &err), BULLA_E_ARGUMENT, &err);
}

static void
test_a_killed_writer_leaves_whole_transactions(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    int ready[2];
    char byte = 0;

    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct bl_store *store = NULL;
        bool ok = bl_store_open_sqlite(path, BL_STORE_CREATE, &store, &err) == BULLA_OK;
        for (int64_t i = 0; ok; i++) {
            char product[32];
            snprintf(product, sizeof product, "a%lld", (long long)i);
            ok = bl_store_begin(store, &err) == BULLA_OK &&
                 add_floor(store, product, i, &err) == BULLA_OK;
            product[0] = 'b';
            ok = ok && add_floor(store, product, i, &err) == BULLA_OK &&
                 bl_store_commit(store, &err) == BULLA_OK && write(ready[1], "x", 1) == 1;
        }
        _exit(1);
    }
    size_t acknowledged = 0;
    while (acknowledged < 50 && read(ready[0], &byte, 1) == 1)
        acknowledged++;
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(acknowledged, 50);
    BL_AUTO_FREE(bl_store) store = NULL;
    assert_ok(bl_store_open_sqlite(path, BL_STORE_MUST_EXIST, &store, &err), &err);
    size_t count = count_floors(store);
    assert_true(count >= 100); /* nothing acknowledged is lost */
    assert_int_equal(count % 2, 0);
    close(ready[0]);
    close(ready[1]);
}

static void
test_corrupt_is_not_empty(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_store) store = NULL;

    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fclose(file);
    assert_fails(bl_store_open_sqlite(path, BL_STORE_MUST_EXIST, &store, &err), BULLA_E_INTEGRITY,
                 &err);
    file = fopen(path, "wb");
    for (int i = 0; i < 8192; i++)
        fputc(i * 7, file);
    fclose(file);
    assert_fails(bl_store_open_sqlite(path, BL_STORE_MUST_EXIST, &store, &err), BULLA_E_INTEGRITY,
                 &err);
    assert_int_equal(access(path, F_OK), 0); /* left alone */
}

static void
test_a_newer_schema_is_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_store) store = NULL;

    assert_ok(bl_store_open_sqlite(path, BL_STORE_CREATE, &store, &err), &err);
    assert_ok(bl_store_run(store, "PRAGMA user_version = 2", NULL, 0, NULL, &err), &err);
    bl_store_free(store);
    store = NULL;
    assert_fails(bl_store_open_sqlite(path, BL_STORE_MUST_EXIST, &store, &err), BULLA_E_UNSUPPORTED,
                 &err);
    assert_int_equal(err.found.number, 2);
}

/* Whatever call of the engine fails, the transaction is whole or absent. */
static void
test_every_failing_database_call(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_store) store = NULL;
    bool reached = true;

    assert_ok(bl_store_open_sqlite(path, BL_STORE_CREATE, &store, &err), &err);
    for (uint64_t nth = 1; reached; nth++) {
        bulla_error_clear(&err);
        bl_fault_arm(BL_FAULT_DATABASE, nth, false);
        enum bulla_status status = bl_store_begin(store, &err);
        if (status == BULLA_OK)
            status = add_floor(store, "one", 1, &err);
        if (status == BULLA_OK)
            status = add_floor(store, "two", 1, &err);
        if (status == BULLA_OK)
            status = bl_store_commit(store, &err);
        bl_store_rollback(store);
        reached = bl_fault_disarm();
        assert_int_equal(count_floors(store), reached ? 0 : 2);
        assert_int_equal(status == BULLA_OK, !reached);
    }
}

int
main(void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, make_store_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_create_once_then_open),
        STORE_TEST(test_rollback_undoes_and_commit_keeps),
        STORE_TEST(test_a_killed_writer_leaves_whole_transactions),
        STORE_TEST(test_corrupt_is_not_empty),
        STORE_TEST(test_a_newer_schema_is_refused),
        STORE_TEST(test_every_failing_database_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

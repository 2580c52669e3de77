/* SPDX-License-Identifier: Apache-2.0 */
/* Which enclaves run: records that are believed, and those that are not. */
#include "enclave/registry.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "sys/clock.h"
#include "sys/directory.h"
#include "sys/file.h"

static struct bl_enclave_record
record_named(const char *name)
{
    struct bl_enclave_record record = { .started_s = 1700000000,
                                        .state_directory = "/state",
                                        .log_path = "/state/log" };

    (void)snprintf(record.name, sizeof record.name, "%s", name);
    return record;
}

static void
test_round_trip_and_refusals(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_enclave_record record = record_named("redis"), got = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    record.pid = 4242;
    record.start_ticks = 77;
    record.ready = true;
    record.health = BL_HEALTH_FAILING;
    assert_ok(bl_enclave_record_encode(&record, &bytes, &err), &err);
    assert_ok(bl_enclave_record_decode(bulla_buffer_bytes(&bytes), &got, &err), &err);
    assert_memory_equal(&record, &got, sizeof got);
    for (size_t size = 0; size < bytes.size; size++)
        assert_fails(bl_enclave_record_decode((struct bulla_bytes){ bytes.data, size }, &got, &err),
                     BULLA_E_MALFORMED, &err);
    bulla_error_clear(&err);
    assert_ok(bulla_buffer_append(&bytes, BL_LITERAL("x"), &err), &err);
    assert_fails(bl_enclave_record_decode(bulla_buffer_bytes(&bytes), &got, &err),
                 BULLA_E_MALFORMED, &err);

    static const char *const names[] = { "../x", "a/b", ".", "A", "a.b" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct bl_enclave_record bad = record_named(names[i]);
        bad.pid = 4242;
        bulla_buffer_clear(&bytes);
        bulla_error_clear(&err);
        assert_ok(bl_enclave_record_encode(&bad, &bytes, &err), &err);
        assert_fails(bl_enclave_record_decode(bulla_buffer_bytes(&bytes), &got, &err),
                     BULLA_E_MALFORMED, &err);
    }
    record.pid = 1; /* nobody's monitor, and not to be signalled */
    bulla_buffer_clear(&bytes);
    bulla_error_clear(&err);
    assert_ok(bl_enclave_record_encode(&record, &bytes, &err), &err);
    assert_fails(bl_enclave_record_decode(bulla_buffer_bytes(&bytes), &got, &err),
                 BULLA_E_MALFORMED, &err);
}

/* What a monitor of the version before wrote, and what none writes. */
static void
test_records_of_other_versions(void **state)
{
    static const char before[] = "\x88\x6f"
                                 "bulla-enclave/1\x63"
                                 "app\x02\x03\x04\x62/s\x62/l\xf5";
    struct bulla_error err = { 0 };
    struct bl_enclave_record got = { 0 };
    char bytes[sizeof before];
    const struct bulla_bytes view = { (const uint8_t *)bytes, sizeof before };

    (void)state;
    memcpy(bytes, before, sizeof before);
    assert_ok(
        bl_enclave_record_decode((struct bulla_bytes){ view.data, view.size - 1 }, &got, &err),
        &err);
    assert_string_equal(got.name, "app");
    assert_int_equal(got.health, BL_HEALTH_NONE);
    bytes[16] = '2'; /* then it has health */
    assert_fails(
        bl_enclave_record_decode((struct bulla_bytes){ view.data, view.size - 1 }, &got, &err),
        BULLA_E_MALFORMED, &err);
    bytes[0] = '\x89';
    for (char health = 0; health < 5; health++) {
        bytes[sizeof before - 1] = health;
        bulla_error_clear(&err);
        assert_int_equal(bl_enclave_record_decode(view, &got, &err),
                         health <= BL_HEALTH_FAILING ? BULLA_OK : BULLA_E_MALFORMED);
    }
    bytes[16] = '3';
    bytes[sizeof before - 1] = 0;
    assert_fails(bl_enclave_record_decode(view, &got, &err), BULLA_E_MALFORMED, &err);
}

static void
test_enter_find_leave(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_enclave_record redis = record_named("redis"), app = record_named("app"), got;
    struct bl_enclave_record *list = NULL;
    const char *directory = test_path(0, "run");
    size_t count = 9;

    assert_ok(bl_registry_list(directory, &list, &count, &err), &err);
    assert_int_equal(count, 0);
    bl_free(list);
    assert_ok(bl_registry_enter(directory, &redis, &err), &err);
    assert_ok(bl_registry_enter(directory, &app, &err), &err);
    redis.ready = true;
    assert_ok(bl_registry_enter(directory, &redis, &err), &err); /* our own, again */
    assert_ok(bl_registry_list(directory, &list, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].name, "app");
    assert_true(list[1].ready && list[1].pid == getpid());
    bl_free(list);
    bl_registry_leave(directory, "app");
    assert_fails(bl_registry_find(directory, "app", &got, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_registry_find(directory, "../run/redis", &got, &err), BULLA_E_NOT_FOUND, &err);
    bulla_error_clear(&err);
    assert_ok(bl_registry_find(directory, "redis", &got, &err), &err);
    bl_registry_leave(directory, "redis");
}

/* A child that enters and waits. */
static pid_t
other_monitor(const char *directory)
{
    struct bl_enclave_record record = record_named("redis");
    int ready[2];
    char byte = 0;

    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)alarm(30); /* also if the test fails before it is stopped */
        bool entered = bl_registry_enter(directory, &record, NULL) == BULLA_OK;
        if (!entered || write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void
test_one_living_of_a_name(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_enclave_record record = record_named("redis"), found = { 0 };
    const char *directory = test_path(0, "run");
    pid_t child = other_monitor(directory);

    assert_fails(bl_registry_enter(directory, &record, &err), BULLA_E_BUSY, &err);
    bl_registry_leave(directory, "redis"); /* not ours */
    bulla_error_clear(&err);
    assert_ok(bl_registry_find(directory, "redis", &found, &err), &err);
    assert_int_equal(found.pid, child);
    assert_ok(bl_registry_stop(&found, bl_clock_deadline(10000), &err), &err);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_fails(bl_registry_find(directory, "redis", &found, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_registry_stop(&found, bl_clock_deadline(1000), &err), BULLA_E_NOT_FOUND, &err);
    bulla_error_clear(&err);
    assert_ok(bl_registry_enter(directory, &record, &err), &err); /* after a dead one */
}

/* Its number lives, but it is somebody else's by now. */
static void
test_a_number_used_again(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_enclave_record record = record_named("redis"), got;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    const char *directory = test_path(0, "run");

    assert_ok(bl_registry_enter(directory, &record, &err), &err);
    record.start_ticks++;
    assert_ok(bl_enclave_record_encode(&record, &bytes, &err), &err);
    assert_ok(bl_file_replace(test_path(1, "run/redis"), 0600, bulla_buffer_bytes(&bytes),
                              BL_FILE_REPLACE_EXISTING, &err),
              &err);
    assert_fails(bl_registry_find(directory, "redis", &got, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_registry_stop(&record, bl_clock_deadline(1000), &err), BULLA_E_NOT_FOUND, &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_and_refusals),
        cmocka_unit_test(test_records_of_other_versions),
        test_in_directory(test_enter_find_leave),
        test_in_directory(test_one_living_of_a_name),
        test_in_directory(test_a_number_used_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

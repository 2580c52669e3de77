/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/secret.h"

static void
test_new_is_zero_and_done_wipes(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_secret secret = { 0 };

    assert_ok(bl_secret_new(&secret, 32, &err), &err);
    assert_true(bl_all_zero(bl_secret_bytes(&secret)));
    memset(secret.data, 0xaa, secret.size);
    const uint8_t *where = secret.data; /* arena memory stays mapped after release */
    bl_secret_done(&secret);
    assert_null(secret.data);
    assert_true(bl_all_zero((struct bulla_bytes){ where, 32 }));
    bl_secret_done(&secret);
}

static void
test_shorten_wipes_the_tail(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    assert_ok(bl_secret_copy(&secret, BL_LITERAL("0123456789"), &err), &err);
    bl_secret_shorten(&secret, 4);
    assert_bytes_equal(bl_secret_bytes(&secret), BL_LITERAL("0123"));
    assert_true(bl_all_zero((struct bulla_bytes){ secret.data + 4, 6 }));
}

static void
test_many_and_large_do_not_overlap(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const size_t sizes[] = { 0, 1, 63, 64, 65, 960, 961, 4096, 100000 };
    struct bl_secret secrets[400] = { 0 };

    for (size_t i = 0; i < 400; i++) {
        assert_ok(bl_secret_new(&secrets[i], sizes[i % 9], &err), &err);
        memset(secrets[i].data, (int)(i & 0xff), secrets[i].size);
    }
    for (size_t i = 0; i < 400; i++) {
        for (size_t k = 0; k < secrets[i].size; k++)
            assert_int_equal(secrets[i].data[k], i & 0xff);
        bl_secret_done(&secrets[i]);
    }
}

static void
test_memory_failure_and_limits(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_secret secret = { 0 };

    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    assert_fails(bl_secret_new(&secret, 32, &err), BULLA_E_MEMORY, &err);
    assert_true(bl_fault_disarm());
    assert_fails(bl_secret_new(&secret, BL_SECRET_SIZE_MAX + 1, &err), BULLA_E_LIMIT, &err);
    assert_null(secret.data);
    bulla_error_clear(&err);
    assert_ok(bl_secret_new(&secret, 8, &err), &err);
    assert_fails(bl_secret_new(&secret, 8, &err), BULLA_E_ARGUMENT, &err);
    bl_secret_done(&secret);
}

static void
test_a_forked_child_does_not_inherit_it(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    assert_ok(bl_secret_copy(&secret, BL_LITERAL("only the parent knows"), &err), &err);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(bl_all_zero(bl_secret_bytes(&secret)) ? 0 : 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
test_an_overrun_meets_the_guard_page(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    assert_ok(bl_secret_new(&secret, 8192 - 64, &err), &err);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka's handler would go on with the next test */
        ((volatile uint8_t *)secret.data)[8192 - 64] = 1;
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_is_zero_and_done_wipes),
        cmocka_unit_test(test_shorten_wipes_the_tail),
        cmocka_unit_test(test_many_and_large_do_not_overlap),
        cmocka_unit_test(test_memory_failure_and_limits),
        cmocka_unit_test(test_a_forked_child_does_not_inherit_it),
        cmocka_unit_test(test_an_overrun_meets_the_guard_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

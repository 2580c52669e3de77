/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "crypto/random.h"

static void
test_numbers_differ(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t a[32] = { 0 }, b[32] = { 0 };
    BL_AUTO(bl_secret) c = { 0 };

    assert_ok(bl_random(a, sizeof a, &err), &err);
    assert_ok(bl_random(b, sizeof b, &err), &err);
    assert_ok(bl_random_secret(&c, 32, &err), &err);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c.data, sizeof a);
    assert_false(bl_all_zero(BL_BYTES_OF(a)));
    assert_false(bl_all_zero(bl_secret_bytes(&c)));
}

static void
test_a_failing_generator_gives_nothing(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t out[16];
    struct bl_secret secret = { 0 };

    memset(out, 0xaa, sizeof out);
    bl_fault_arm(BL_FAULT_RANDOM, 1, true);
    assert_fails(bl_random(out, sizeof out, &err), BULLA_E_CRYPTO, &err);
    assert_true(bl_all_zero(BL_BYTES_OF(out)));
    assert_fails(bl_random_secret(&secret, 16, &err), BULLA_E_CRYPTO, &err);
    assert_null(secret.data);
    assert_true(bl_fault_disarm());
    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    assert_fails(bl_random_secret(&secret, 16, &err), BULLA_E_MEMORY, &err);
    assert_true(bl_fault_disarm());
    assert_null(secret.data);
}

static void
test_a_secret_in_use_is_left_alone(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    assert_ok(bl_secret_copy(&secret, BL_LITERAL("mine"), &err), &err);
    assert_fails(bl_random_secret(&secret, 16, &err), BULLA_E_ARGUMENT, &err);
    assert_bytes_equal(bl_secret_bytes(&secret), BL_LITERAL("mine"));
}

static void
test_a_forked_child_draws_other_numbers(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t ours[32], theirs[32] = { 0 };
    int ends[2];

    assert_ok(bl_random(ours, sizeof ours, &err), &err); /* the generator exists before fork */
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        uint8_t drawn[32];
        bool done = bl_random(drawn, sizeof drawn, NULL) == BULLA_OK &&
                    write(ends[1], drawn, sizeof drawn) == (ssize_t)sizeof drawn;
        _exit(done ? 0 : 1);
    }
    assert_ok(bl_random(ours, sizeof ours, &err), &err);
    assert_int_equal(read(ends[0], theirs, sizeof theirs), sizeof theirs);
    close(ends[0]);
    close(ends[1]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_memory_not_equal(ours, theirs, sizeof ours);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_differ),
        cmocka_unit_test(test_a_failing_generator_gives_nothing),
        cmocka_unit_test(test_a_secret_in_use_is_left_alone),
        cmocka_unit_test(test_a_forked_child_draws_other_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "crypto/memo.h"

static size_t released;

static void
release(void *value)
{
    released += *(size_t *)value;
}

static struct bl_memo_question
question(const char *function, const char *a, const char *b)
{
    return (struct bl_memo_question){ function, { text_bytes(a), text_bytes(b) } };
}

static struct bl_memo *
memo_of(size_t capacity, size_t size_max)
{
    struct bl_memo *memo = NULL;
    struct bulla_error err = { 0 };

    assert_ok(bl_memo_new(capacity, size_max, &memo, &err), &err);
    return memo;
}

static void
keep(struct bl_memo *memo, const struct bl_memo_question *asked, size_t *value)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_memo_keep(memo, asked, value, release, &err), &err);
}

/* No two lists of arguments are one, wherever the borders between them are; nor two functions. */
static void
questions_differ(void **state)
{
    static const char *const lists[][3] = { { "f", "ab", "c" },
                                            { "f", "a", "bc" },
                                            { "f", "abc", "" },
                                            { "f", "", "abc" },
                                            { "g", "ab", "c" },
                                            { "f", "ab", "d" },
                                            { "f", "bb", "c" },
                                            { "f", "ab", "cc" },
                                            { "f", "0ab", "c" },
                                            { "f", "", "" },
                                            { "f", "(12345678", "c" },
                                            { "f", ")12345678", "c" },
                                            /* ends that are as far apart as sizes are */
                                            { "f", "baaaaaaa", "a" },
                                            { "f", "baaaaaaaa", "a" } };
    BL_AUTO_FREE(bl_memo) memo = memo_of(32, 1000);
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(lists); i++) {
        const struct bl_memo_question asked = question(lists[i][0], lists[i][1], lists[i][2]);
        assert_null(bl_memo_find(memo, &asked));
        assert_ok(bl_memo_note(memo, &asked, &err), &err);
        assert_non_null(bl_memo_find(memo, &asked));
    }
    const struct bl_memo_question third = { "f",
                                            { text_bytes(""), text_bytes(""), text_bytes("abc") } };
    const struct bl_memo_question fourth = {
        "f", { text_bytes(""), text_bytes(""), text_bytes(""), text_bytes("abc") }
    };
    assert_null(bl_memo_find(memo, &third));
    assert_ok(bl_memo_note(memo, &third, &err), &err);
    assert_null(bl_memo_find(memo, &fourth));
}

/* What was asked is kept by value: who asked may do with the bytes what he likes. */
static void
arguments_are_copied(void **state)
{
    BL_AUTO_FREE(bl_memo) memo = memo_of(2, 1000);
    struct bulla_error err = { 0 };
    char text[] = "0123456789";
    const struct bl_memo_question asked = question("f", text, "");
    const struct bl_memo_question same = question("f", "0123456789", "");

    (void)state;
    assert_ok(bl_memo_note(memo, &asked, &err), &err);
    text[0] = 'x';
    assert_null(bl_memo_find(memo, &asked));
    assert_non_null(bl_memo_find(memo, &same));
}

static void
kept_until_it_goes(void **state)
{
    size_t values[] = { 1, 10, 100, 1000, 10000 };
    BL_AUTO_FREE(bl_memo) memo = memo_of(3, 1000);
    struct bl_memo_question asked[4];

    (void)state;
    released = 0;
    for (size_t i = 0; i < 4; i++)
        asked[i] = question("f", i % 2 == 0 ? "x" : "y", i < 2 ? "0" : "1");
    for (size_t i = 0; i < 3; i++) {
        assert_null(bl_memo_find(memo, &asked[i]));
        keep(memo, &asked[i], &values[i]);
        assert_ptr_equal(bl_memo_find(memo, &asked[i]), &values[i]);
    }
    keep(memo, &asked[0], &values[4]);
    assert_int_equal(released, 10000); /* not needed */
    assert_ptr_equal(bl_memo_find(memo, &asked[0]),
                     &values[0]); /* so that asked[1] is the oldest */
    keep(memo, &asked[3], &values[3]);
    assert_int_equal(released, 10010);
    assert_null(bl_memo_find(memo, &asked[1]));
    assert_ptr_equal(bl_memo_find(memo, &asked[3]), &values[3]);
    bl_memo_free(memo);
    memo = NULL;
    assert_int_equal(released, 11111);
}

static void
bytes_are_bounded(void **state)
{
    size_t values[] = { 1, 10, 100, 1000, 10000 };
    BL_AUTO_FREE(bl_memo) memo = memo_of(10, 12);
    const struct bl_memo_question four = question("f", "1234", ""),
                                  other = question("f", "", "5678"),
                                  eight = question("f", "1234", "5678"),
                                  twelve = question("f", "12345678", "1234"),
                                  thirteen = question("f", "12345678", "12345");

    (void)state;
    released = 0;
    keep(memo, &four, &values[0]);
    keep(memo, &other, &values[1]);
    assert_ptr_equal(bl_memo_find(memo, &four), &values[0]);
    keep(memo, &eight, &values[2]); /* in the place of the older one */
    assert_int_equal(released, 10);
    assert_ptr_equal(bl_memo_find(memo, &four), &values[0]);
    assert_ptr_equal(bl_memo_find(memo, &eight), &values[2]);
    keep(memo, &thirteen, &values[4]); /* never, and nothing goes for it */
    assert_int_equal(released, 10010);
    assert_null(bl_memo_find(memo, &thirteen));
    assert_ptr_equal(bl_memo_find(memo, &four), &values[0]);
    keep(memo, &twelve, &values[3]);
    assert_int_equal(released, 10111);
    assert_ptr_equal(bl_memo_find(memo, &twelve), &values[3]);
}

static void
without_a_memo_nothing_is_known(void **state)
{
    const struct bl_memo_question asked = question("f", "x", "y");
    struct bl_memo *memo = NULL;
    struct bulla_error err = { 0 };
    size_t value = 1;

    (void)state;
    released = 0;
    assert_ok(bl_memo_note(NULL, &asked, &err), &err);
    assert_null(bl_memo_find(NULL, &asked));
    keep(NULL, &asked, &value);
    assert_int_equal(released, 1);
    bl_memo_free(NULL);
    assert_fails(bl_memo_new(0, 1, &memo, &err), BULLA_E_MEMORY, &err);
    assert_null(memo);
}

static void
without_memory_nothing_is_kept(void **state)
{
    BL_AUTO_FREE(bl_memo) memo = memo_of(2, 100);
    const struct bl_memo_question asked = question("f", "x", "y");
    struct bulla_error err = { 0 };
    size_t value = 1;

    (void)state;
    released = 0;
    bl_fault_arm(BL_FAULT_MEMORY, 1, /* forever= */ true);
    assert_fails(bl_memo_note(memo, &asked, &err), BULLA_E_MEMORY, &err);
    bulla_error_clear(&err);
    assert_fails(bl_memo_keep(memo, &asked, &value, release, &err), BULLA_E_MEMORY, &err);
    bl_fault_disarm();
    assert_int_equal(released, 1);
    assert_null(bl_memo_find(memo, &asked));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_differ),
        cmocka_unit_test(arguments_are_copied),
        cmocka_unit_test(kept_until_it_goes),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(without_a_memo_nothing_is_known),
        cmocka_unit_test(without_memory_nothing_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

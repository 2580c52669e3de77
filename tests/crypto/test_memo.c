/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "crypto/memo.h"

static size_t released;

static void
release(void *value)
{
    released += *(size_t *)value;
}

static void
key_of(const char *label, const char *a, const char *b, uint8_t key[BL_MEMO_KEY_SIZE])
{
    struct bulla_error err = { 0 };
    const struct bulla_bytes arguments[] = { text_bytes(a), text_bytes(b) };

    assert_ok(bl_memo_key(label, arguments, 2, key, &err), &err);
}

/* No two lists of arguments have one key, wherever the borders between them are. */
static void
keys_differ(void **state)
{
    static const char *const lists[][3] = { { "f", "ab", "c" }, { "f", "a", "bc" },
                                            { "f", "abc", "" }, { "f", "", "abc" },
                                            { "fa", "b", "c" }, { "", "fab", "c" } };
    uint8_t keys[BL_COUNT_OF(lists)][BL_MEMO_KEY_SIZE], one[BL_MEMO_KEY_SIZE];
    const struct bulla_bytes whole = text_bytes("abc");
    const struct bulla_bytes six[6] = { { NULL, 0 } };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_memo_key("f", &whole, 1, one, &err), &err);
    for (size_t i = 0; i < BL_COUNT_OF(lists); i++) {
        key_of(lists[i][0], lists[i][1], lists[i][2], keys[i]);
        assert_memory_not_equal(keys[i], one, sizeof one);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(keys[i], keys[j], sizeof keys[i]);
    }
    assert_fails(bl_memo_key("f", six, 6, one, &err), BULLA_E_ARGUMENT, &err);
}

static void
kept_until_it_goes(void **state)
{
    BL_AUTO_FREE(bl_memo) memo = NULL;
    struct bulla_error err = { 0 };
    size_t values[] = { 1, 10, 100, 1000 };
    uint8_t keys[4][BL_MEMO_KEY_SIZE];

    (void)state;
    released = 0;
    assert_ok(bl_memo_new(3, &memo, &err), &err);
    for (size_t i = 0; i < 4; i++)
        key_of("f", i % 2 == 0 ? "x" : "y", i < 2 ? "0" : "1", keys[i]);
    for (size_t i = 0; i < 3; i++) {
        assert_null(bl_memo_find(memo, keys[i]));
        assert_true(bl_memo_keep(memo, keys[i], &values[i], release));
        assert_ptr_equal(bl_memo_find(memo, keys[i]), &values[i]);
    }
    assert_false(bl_memo_keep(memo, keys[0], &values[3], release));
    assert_ptr_equal(bl_memo_find(memo, keys[0]), &values[0]); /* so that keys[1] is the oldest */
    assert_true(bl_memo_keep(memo, keys[3], &values[3], release));
    assert_int_equal(released, 10);
    assert_null(bl_memo_find(memo, keys[1]));
    assert_ptr_equal(bl_memo_find(memo, keys[3]), &values[3]);
    bl_memo_free(memo);
    memo = NULL;
    assert_int_equal(released, 1111);
}

static void
notes(void **state)
{
    BL_AUTO_FREE(bl_memo) memo = NULL;
    struct bulla_error err = { 0 };
    uint8_t key[BL_MEMO_KEY_SIZE];

    (void)state;
    key_of("f", "x", "y", key);
    assert_ok(bl_memo_new(1, &memo, &err), &err);
    bl_memo_note(memo, key);
    bl_memo_note(memo, key);
    assert_non_null(bl_memo_find(memo, key));
    key[0] ^= 1;
    assert_null(bl_memo_find(memo, key));
    bl_memo_note(NULL, key);
    assert_null(bl_memo_find(NULL, key));
    assert_false(bl_memo_keep(NULL, key, key, NULL));
    bl_memo_free(NULL);
    assert_fails(bl_memo_new(0, &memo, &err), BULLA_E_MEMORY, &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_differ),
        cmocka_unit_test(kept_until_it_goes),
        cmocka_unit_test(notes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

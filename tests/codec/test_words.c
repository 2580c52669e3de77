/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <limits.h>

#include "codec/words.h"

static const char *const words[] = { "absent", "one", "two" };

static void
test_each_value_has_its_word_and_back(void **state)
{
    (void)state;
    for (int value = 1; value < 3; value++) {
        assert_string_equal(bl_word_of(words, 3, value), words[value]);
        assert_int_equal(bl_word_value(words, 3, text_bytes(words[value])), value);
    }
}

static void
test_what_is_not_in_the_list_is_absent(void **state)
{
    (void)state;
    static const int unknown[] = { 0, -1, 3, INT_MIN, INT_MAX };
    static const char *const texts[] = { "", "absent", "on", "ones", "One", "one ", "twoo" };

    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_string_equal(bl_word_of(words, 3, unknown[i]), "absent");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(bl_word_value(words, 3, text_bytes(texts[i])), 0);
    assert_int_equal(bl_word_value(words, 3, (struct bulla_bytes){ (const uint8_t *)"one", 4 }), 0);
    assert_int_equal(bl_word_value(words, 2, text_bytes("two")), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_value_has_its_word_and_back),
        cmocka_unit_test(test_what_is_not_in_the_list_is_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

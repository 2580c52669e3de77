/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <strings.h>

#include "cmd/causes.h"

static const enum bulla_cause every_cause[] = {
#define CAUSE(symbol, number, status) BULLA_CAUSE_##symbol,
    BULLA_CAUSES(CAUSE)
#undef CAUSE
};
#define CAUSE_COUNT (sizeof every_cause / sizeof every_cause[0])

static void
test_every_cause_has_its_words_once(void **state)
{
    (void)state;
    size_t count = 0;

    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        const struct bl_cause_text *text = bl_cause_text(every_cause[i]);
        if (text == NULL)
            print_message("# no text for cause %d\n", (int)every_cause[i]);
        assert_non_null(text);
        assert_true(strlen(text->title) > 4);
        assert_true(strlen(text->meaning) > strlen(text->title) / 2);
        assert_true(strlen(text->next) > 8);
    }
    for (const struct bl_cause_text *text = bl_cause_texts; text->title != NULL; text++) {
        assert_ptr_equal(bl_cause_text(text->cause), text);
        count++;
    }
    assert_int_equal(count, CAUSE_COUNT);
}

/** A number stands for one cause for ever: two that share it could not be told apart. */
static void
test_every_number_stands_for_one_cause(void **state)
{
    (void)state;
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(every_cause[i], every_cause[k]);
    }
}

static void
test_form_of_the_words(void **state)
{
    (void)state;
    for (const struct bl_cause_text *text = bl_cause_texts; text->title != NULL; text++) {
        assert_true(text->title[0] < 'A' || text->title[0] > 'Z');
        assert_int_not_equal(text->title[strlen(text->title) - 1], '.');
        assert_int_equal(text->meaning[strlen(text->meaning) - 1], '.');
        assert_int_not_equal(text->next[strlen(text->next) - 1], '.');
        assert_null(strchr(text->title, '\n'));
        assert_null(strchr(text->next, '\n'));
    }
}

/** The next step never weakens anything. */
static void
test_no_text_tells_to_switch_a_check_off(void **state)
{
    (void)state;
    static const char *const forbidden[] = { "disable",   "switch off",  "turn off",   "insecure",
                                             "allow-all", "skip",        "ignore",     "bypass",
                                             "chmod 777", "--no-verify", "setenforce", "unsafe" };

    for (const struct bl_cause_text *text = bl_cause_texts; text->title != NULL; text++) {
        for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
            assert_null(strcasestr(text->next, forbidden[i]));
            assert_null(strcasestr(text->meaning, forbidden[i]));
        }
    }
}

static void
test_ids_lead_back(void **state)
{
    (void)state;
    char id[BL_CAUSE_ID_SIZE];

    assert_string_equal(bl_cause_id(BULLA_CAUSE_PCR_CHANGED, id), "BL-0502");
    assert_string_equal(bl_cause_id(BULLA_CAUSE_NO_TPM, id), "BL-1002");
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        assert_true(bl_is_cause_id(bl_cause_id(every_cause[i], id)));
        assert_ptr_equal(bl_cause_from_id(id), bl_cause_text(every_cause[i]));
    }
    assert_ptr_equal(bl_cause_from_id("bl-0502"), bl_cause_text(BULLA_CAUSE_PCR_CHANGED));
    static const char *const none[] = { "BL-0000", "BL-9999", "BL-502", "502", "", "BL-05022" };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_null(bl_cause_from_id(none[i]));
    assert_false(bl_is_cause_id("demo.bulla"));
    assert_false(bl_is_cause_id("BL-05x2"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cause_has_its_words_once),
        cmocka_unit_test(test_every_number_stands_for_one_cause),
        cmocka_unit_test(test_form_of_the_words),
        cmocka_unit_test(test_no_text_tells_to_switch_a_check_off),
        cmocka_unit_test(test_ids_lead_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

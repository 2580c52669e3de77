/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "codec/nearest.h"

static void
test_slips_find_their_word(void **state)
{
    (void)state;
    static const char *const words[] = { "memory", "network", "cpus", "secrets", "version", "env" };
    static const struct {
        const char *text;
        const char *nearest;
    } cases[] = {
        { "memory", "memory" }, { "memroy", "memory" },  { "memor", "memory" },
        { "mmory", "memory" },  { "memoryy", "memory" }, { "netwrok", "network" },
        { "cpu", "cpus" },      { "secret", "secrets" }, { "verison", "version" },
        { "enviro", "env" },    { "environment", NULL }, { "", NULL },
        { "zzzzzz", NULL },     { "Memory", "memory" },  { "vresion", "version" },
        { "x", NULL },          { "evn", "env" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *nearest =
            bl_nearest_word(text_bytes(cases[i].text), words, sizeof words / sizeof words[0]);
        if (cases[i].nearest == NULL)
            assert_null(nearest);
        else
            assert_string_equal(nearest, cases[i].nearest);
    }
    uint8_t huge[1000];
    memset(huge, 'm', sizeof huge);
    assert_null(bl_nearest_word(BL_BYTES_OF(huge), words, 6));
    assert_null(bl_nearest_word(text_bytes("memory"), words, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_slips_find_their_word) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "cmd/show.h"

static void
test_harmless_text_is_left_alone(void **state)
{
    (void)state;
    static const char *const plain[] = { "",
                                         "demo",
                                         "db/password",
                                         "na\xc3\xafve",
                                         "\xe5\x8d\xb0\xe7\xab\xa0",
                                         "\xf0\x9f\x94\x91 key" };
    char out[BL_SHOWN_SIZE];

    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        assert_string_equal(bl_show_word(plain[i], out), plain[i]);
        assert_true(bl_is_plain_text(text_bytes(plain[i])));
    }
}

static void
test_what_could_deceive_is_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *shown;
    } cases[] = {
        { "a\033[31mb", "a\\u{1b}[31mb" },
        { "a\nb\rc\td", "a\\u{a}b\\u{d}c\\u{9}d" },
        { "\x7f", "\\u{7f}" },
        { "\xc2\x9b", "\\u{9b}" }, /* CSI of eight bits */
        { "a\xe2\x80\xae"
          "b",
          "a\\u{202e}b" }, /* right-to-left override */
        { "a\xe2\x81\xa6"
          "b",
          "a\\u{2066}b" }, /* isolate */
        { "a\xe2\x80\x8b"
          "b",
          "a\\u{200b}b" },                     /* zero width */
        { "\xef\xbb\xbf", "\\u{feff}" },       /* byte order mark */
        { "\xf3\xa0\x81\x81", "\\u{e0041}" },  /* tag letter */
        { "\xe2\x80\xa8", "\\u{2028}" },       /* line separator */
        { "a\\b", "a\\\\b" },                  /* an escape cannot be forged */
        { "\xff\xfe", "\\xff\\xfe" },          /* not UTF-8 */
        { "\xc0\x8a", "\\xc0\\x8a" },          /* overlong line end */
        { "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* surrogate */
    };
    char out[BL_SHOWN_SIZE];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(bl_show_word(cases[i].text, out), cases[i].shown);
}

static void
test_length_is_bounded(void **state)
{
    (void)state;
    uint8_t bytes[4096];
    char out[BL_SHOWN_SIZE];

    for (unsigned fill = 0; fill < 256; fill++) {
        memset(bytes, (int)fill, sizeof bytes);
        (void)bl_show_text(BL_BYTES_OF(bytes), out);
        size_t size = strlen(out);
        assert_in_range(size, BL_SHOWN_SIZE - 20, BL_SHOWN_SIZE - 1);
        assert_memory_equal(out + size - 3, "\xe2\x80\xa6", 3);
    }
    (void)bl_show_hex(BL_BYTES_OF(bytes), out);
    assert_in_range(strlen(out), BL_SHOWN_SIZE - 8, BL_SHOWN_SIZE - 1);
}

static void
test_plain_text_is_what_a_terminal_may_have(void **state)
{
    (void)state;
    assert_true(bl_is_plain_text(text_bytes("two\nlines\tand a tab\r\n")));
    assert_false(bl_is_plain_text(text_bytes("\033[2J")));
    assert_false(bl_is_plain_text(BL_LITERAL("a\0b")));
    assert_false(bl_is_plain_text(text_bytes("\x89"
                                             "BLS")));
    assert_false(bl_is_plain_text(text_bytes("a\xe2\x80\xae"
                                             "b")));
}

static void
test_numbers_in_words(void **state)
{
    (void)state;
    char out[BL_SHOWN_SIZE];
    static const uint8_t bytes[] = { 0x00, 0x0f, 0xab };

    assert_string_equal(bl_show_hex(BL_BYTES_OF(bytes), out), "000fab");
    assert_string_equal(bl_show_time(0, out), "1970-01-01T00:00:00Z");
    assert_string_equal(bl_show_time(1795298000, out), "2026-11-21T21:53:20Z");
    assert_string_equal(bl_show_time(INT64_MAX, out), "9223372036854775807 s");
    assert_string_equal(bl_show_size(1023, out), "1023 bytes");
    assert_string_equal(bl_show_size(1536, out), "1.5 KiB");
    assert_string_equal(bl_show_size((uint64_t)10 << 30, out), "10.0 GiB");
    assert_string_equal(bl_show_size(UINT64_MAX, out), "16.0 EiB");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_harmless_text_is_left_alone),
        cmocka_unit_test(test_what_could_deceive_is_escaped),
        cmocka_unit_test(test_length_is_bounded),
        cmocka_unit_test(test_plain_text_is_what_a_terminal_may_have),
        cmocka_unit_test(test_numbers_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "codec/utf8.h"

/* Encodes by the definition alone (RFC 3629 section 3), so that the table is held against it. */
static size_t
encode(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (uint8_t)(lead[size] | c);
    return size;
}

static void
test_every_character_and_every_truncation(void **state)
{
    (void)state;

    for (uint32_t c = 0; c <= 0x10ffff + 0x1000; c++) {
        uint8_t text[4];
        size_t size = encode(c, text);
        uint32_t back = 7;
        bool valid = c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);

        assert_int_equal(bl_utf8_next((struct bulla_bytes){ text, size }, &back), valid ? size : 0);
        assert_int_equal(back, valid ? c : 7);
        for (size_t cut = 1; cut < size; cut++)
            assert_int_equal(bl_utf8_next((struct bulla_bytes){ text, cut }, &back), 0);
    }
}

static void
test_refuses_what_no_character_encodes_to(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t valid; /* bytes before the fault */
    } bad[] = {
        { "\xc0\x80", 0 },
        { "\xc1\xbf", 0 },
        { "\xe0\x9f\xbf", 0 },
        { "\xf0\x8f\xbf\xbf", 0 },
        { "\xed\xa0\x80", 0 },
        { "\xf4\x90\x80\x80", 0 },
        { "\xf5\x80\x80\x80", 0 },
        { "\x80", 0 },
        { "\xbf", 0 },
        { "\xff", 0 },
        { "ab\xfe", 2 },
        { "a\xc3\xa9\xc3", 3 },
        { "\xc3(", 0 },
        { "\xe2\x82(", 0 },
        { "\xf0\x9f\x98(", 0 },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(bl_utf8_valid_size(text_bytes(bad[i].text)), bad[i].valid);
        assert_false(bl_utf8_is_valid(text_bytes(bad[i].text)));
    }
    assert_true(bl_utf8_is_valid((struct bulla_bytes){ NULL, 0 }));
    assert_true(bl_utf8_is_valid(text_bytes("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_character_and_every_truncation),
        cmocka_unit_test(test_refuses_what_no_character_encodes_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

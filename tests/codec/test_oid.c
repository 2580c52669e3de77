/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "codec/oid.h"

static const struct {
    const char *text;
    uint8_t content[24];
    size_t size;
} pairs[] = {
    { "2.5.29.15", { 0x55, 0x1d, 0x0f }, 3 },
    { "0.9.2342.19200300.100.1.25",
      { 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19 },
      10 },
    { "1.39.0", { 0x4f, 0x00 }, 2 },
    { "2.47.1", { 0x7f, 0x01 }, 2 },
    { "2.48", { 0x81, 0x00 }, 2 },
    { "2.999.3", { 0x88, 0x37, 0x03 }, 3 },
    { "1.2.840.113741.1.13.1", { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 }, 9 },
};

static void
both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(pairs); i++) {
        uint8_t content[BL_OID_SIZE_MAX];
        BL_AUTO(bulla_buffer) text = { 0 };
        struct bulla_error err = { 0 };
        const struct bulla_bytes wanted = { pairs[i].content, pairs[i].size };
        assert_int_equal(bl_oid_from_text(pairs[i].text, content), wanted.size);
        assert_memory_equal(content, wanted.data, wanted.size);
        assert_true(bl_oid_is(wanted, pairs[i].text));
        assert_ok(bl_oid_to_text(wanted, &text, &err), &err);
        assert_true(bl_equal(bulla_buffer_bytes(&text), text_bytes(pairs[i].text)));
    }
}

/* A UUID is one number of 128 bits (ITU-T X.667). */
static void
large_number(void **state)
{
    static const uint8_t max[] = { 0x69, 0x83, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f };
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error err = { 0 };
    uint8_t content[BL_OID_SIZE_MAX];

    (void)state;
    assert_int_equal(bl_oid_from_text("2.25.340282366920938463463374607431768211455", content),
                     sizeof max);
    assert_memory_equal(content, max, sizeof max);
    assert_fails(bl_oid_to_text(BL_BYTES_OF(max), &text, &err), BULLA_E_LIMIT, &err);
    assert_int_equal(text.size, 0);
}

static void
not_text(void **state)
{
    static const char *const texts[] = { "",       "1",    "3.1",     "1.40",     "0.40.1",
                                         "2.5.",   ".2.5", "2..5",    "2.05",     "02.5",
                                         "2.5.-1", "2.5 ", "2.5.29x", "keyUsage", "1.2.+3" };
    static char long_text[2 * BL_OID_SIZE_MAX + 8] = "1.2";
    uint8_t content[BL_OID_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(texts); i++)
        assert_int_equal(bl_oid_from_text(texts[i], content), 0);
    for (size_t i = 1; i < BL_OID_SIZE_MAX; i++)
        memcpy(long_text + 1 + 2 * i, ".1", 3);
    assert_int_equal(bl_oid_from_text(long_text, content), BL_OID_SIZE_MAX);
    memcpy(long_text + 1 + 2 * BL_OID_SIZE_MAX, ".1", 3);
    assert_int_equal(bl_oid_from_text(long_text, content), 0);
    assert_false(bl_oid_is((struct bulla_bytes){ NULL, 0 }, "not one"));
}

static void
not_content(void **state)
{
    static const uint8_t cut[] = { 0x55, 0x9d }, padded[] = { 0x55, 0x80, 0x01 },
                         long_one[BL_OID_SIZE_MAX + 1] = { 0x55 };
    const struct bulla_bytes contents[] = {
        { NULL, 0 }, BL_BYTES_OF(cut), BL_BYTES_OF(padded), BL_BYTES_OF(long_one)
    };
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(contents); i++)
        assert_fails(bl_oid_to_text(contents[i], &text, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(text.size, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(large_number),
        cmocka_unit_test(not_text),
        cmocka_unit_test(not_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

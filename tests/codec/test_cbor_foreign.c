/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR of foreign make: maps in any order, and nothing else given up; and how it is shown. */
#include "unit.h"

#include <time.h>

#include "base/buffer.h"
#include "codec/cbor_json.h"
#include "codec/hex.h"

static void
from_hex(const char *hex, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    bulla_buffer_clear(out);
    assert_ok(bl_hex_decode(text_bytes(hex), out, &err), &err);
}

static enum bulla_status
pass_over(const char *hex, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };

    from_hex(hex, &bytes);
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "item");
    struct bulla_bytes item = bl_cbor_skip_foreign(&r);
    if (r.failed == NULL)
        assert_int_equal(item.size, r.offset);
    return bl_reader_finish(&r, err);
}

static void
test_a_map_comes_in_any_order(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;
    struct bulla_error err = { 0 };

    from_hex("a4390100050a016161022003", &bytes);
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "map");
    static const int64_t numbers[] = { -257, 10, 0, -1 };
    static const uint64_t values[] = { 5, 1, 2, 3 };
    bl_cbor_read_keyed_map(&r, &map);
    for (size_t i = 0; i < 4; i++) {
        assert_true(bl_cbor_keyed_next(&r, &map, &key));
        assert_int_equal(key.is_text, i == 2);
        if (key.is_text)
            assert_bytes_equal(key.text, text_bytes("a"));
        else
            assert_int_equal(key.number, numbers[i]);
        assert_int_equal(bl_cbor_read_uint(&r), values[i]);
    }
    assert_false(bl_cbor_keyed_next(&r, &map, &key));
    assert_ok(bl_reader_finish(&r, &err), &err);
    assert_ok(pass_over("a2020101a201000000", &err), &err);
}

static void
test_no_key_comes_twice(void **state)
{
    (void)state;
    static const char *const twice[] = { "a20a000a00", "a30a0020000a00", "a2616100616100",
                                         "81a2010001f6", "a101a220002000" };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < BL_COUNT_OF(twice); i++)
        assert_fails(pass_over(twice[i], &err), BULLA_E_MALFORMED, &err);
    bulla_error_clear(&err);
    assert_ok(pass_over("a26130000000", &err), &err); /* "0" and 0 are two */
}

/* Documents of AWS Nitro have had a map without a length since 2025. */
static void
test_a_map_of_indefinite_length(void **state)
{
    (void)state;
    static const char *const taken[] = { "bfff", "bf0a000100ff", "bf01bfff00a0ff", "81bfff" };
    static const char *const refused[] = { "bf",           "bf0a", "bf0a00", "bf0aff", "bf0a00ffff",
                                           "bf0a000a00ff", "ff",   "a1ff",   "a100ff" };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < BL_COUNT_OF(taken); i++)
        assert_ok(pass_over(taken[i], &err), &err);
    for (size_t i = 0; i < BL_COUNT_OF(refused); i++)
        assert_fails(pass_over(refused[i], &err), BULLA_E_MALFORMED, &err);
    for (size_t over = 0; over < 2; over++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        struct bl_writer w = bl_writer(&bytes);
        bl_write_u8(&w, 0xbf);
        for (size_t i = 0; i < BL_CBOR_KEYED_COUNT_MAX + over; i++) {
            bl_cbor_write_uint(&w, i);
            bl_cbor_write_null(&w);
        }
        bl_write_u8(&w, 0xff);
        struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "map");
        (void)bl_cbor_skip_foreign(&r);
        bulla_error_clear(&err);
        assert_int_equal(bl_reader_finish(&r, &err), over ? BULLA_E_MALFORMED : BULLA_OK);
    }
}

static void
test_nothing_else_is_given_up(void **state)
{
    (void)state;
    static const char *const lengths[] = { "9f00ff", "5f4100ff", "7f6161ff" };
    static const char *const heads[] = { "a1180a00", "a10a1800", "a1580000" };
    static const char *const keys[] = { "a1410000", "a1f500", "a1800000", "a1c10000",
                                        "a13bffffffffffffffff00" };
    static const char *const values[] = { "a10af97e00", "a161ff00", "a20a00", "a10a", "" };
    static const struct {
        const char *const *items;
        size_t count;
    } refused[] = { { lengths, BL_COUNT_OF(lengths) },
                    { heads, BL_COUNT_OF(heads) },
                    { keys, BL_COUNT_OF(keys) },
                    { values, BL_COUNT_OF(values) } };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < BL_COUNT_OF(refused); i++)
        for (size_t j = 0; j < refused[i].count; j++)
            assert_fails(pass_over(refused[i].items[j], &err), BULLA_E_MALFORMED, &err);
    /* what our own formats refuse for its order is refused there still */
    BL_AUTO(bulla_buffer) bytes = { 0 };
    from_hex("a203000100", &bytes);
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "map");
    (void)bl_cbor_skip(&r);
    assert_fails(bl_reader_ok(&r, &err), BULLA_E_MALFORMED, &err);
}

static void
write_map(struct bulla_buffer *out, size_t count)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_map(&w, count);
    for (size_t i = 0; i < count; i++) {
        bl_cbor_write_uint(&w, count - i);
        bl_cbor_write_null(&w);
    }
    assert_int_equal(bl_writer_finish(&w, NULL), BULLA_OK);
}

static void
test_keys_and_depth_are_bounded(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t over = 0; over < 2; over++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        write_map(&bytes, BL_CBOR_KEYED_COUNT_MAX + over);
        struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "map");
        (void)bl_cbor_skip_foreign(&r);
        bulla_error_clear(&err);
        assert_int_equal(bl_reader_finish(&r, &err), over ? BULLA_E_MALFORMED : BULLA_OK);
    }
    uint8_t deep[64];
    memset(deep, 0x81, sizeof deep);
    struct bl_reader r = bl_reader(BL_BYTES_OF(deep), "deep");
    (void)bl_cbor_skip_foreign(&r);
    assert_fails(bl_reader_ok(&r, &err), BULLA_E_MALFORMED, &err);
}

/* The dearest input: maps full of keys, each held against all before it. */
static void
test_64_kib_cost_little(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) map = { 0 };
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(&bytes);

    write_map(&map, BL_CBOR_KEYED_COUNT_MAX);
    size_t count = 65536 / map.size;
    bl_cbor_write_array(&w, count);
    for (size_t i = 0; i < count; i++)
        bl_write_bytes(&w, bulla_buffer_bytes(&map));
    assert_ok(bl_writer_finish(&w, &err), &err);
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "maps");
    clock_t before = clock();
    (void)bl_cbor_skip_foreign(&r);
    assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 0.5); /* of sanitizers; else 5 ms */
    assert_ok(bl_reader_finish(&r, &err), &err);
}

static void
assert_shown(const char *hex, const char *json)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error err = { 0 };

    from_hex(hex, &bytes);
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "item");
    struct bl_json_writer j = bl_json_writer(&text);
    bl_cbor_to_json(&r, &j, NULL);
    assert_ok(bl_reader_finish(&r, &err), &err);
    assert_ok(bl_json_finish(&j, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&text), text_bytes(json));
}

static void
test_items_are_shown(void **state)
{
    (void)state;
    assert_shown("a33a000124f7020a4201ff616183f5f6626869",
                 "{\"-75000\":2,\"10\":\"01ff\",\"a\":[true,null,\"hi\"]}");
    assert_shown("80", "[]");
    assert_shown("a0", "{}");
    /* no two keys get one name */
    assert_shown("a40100613101600262c3a903", "{\"1\":0,\"'2'\":1,\"'3'\":2,\"'4'\":3}");
    assert_shown("821bffffffffffffffff3bffffffffffffffff",
                 "[\"1bffffffffffffffff\",\"3bffffffffffffffff\"]");
    assert_shown("c101", "\"c101\"");
    assert_shown("626100", "\"626100\"");
    assert_shown("81818181818181818101", "[[[[[[[[\"8101\"]]]]]]]]");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_map_comes_in_any_order),
        cmocka_unit_test(test_no_key_comes_twice),
        cmocka_unit_test(test_a_map_of_indefinite_length),
        cmocka_unit_test(test_nothing_else_is_given_up),
        cmocka_unit_test(test_keys_and_depth_are_bounded),
        cmocka_unit_test(test_64_kib_cost_little),
        cmocka_unit_test(test_items_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The values of RFC 8949 appendix A, those of appendix F and of section 4.2.1, and our limits. */
#include "unit.h"

#include "base/buffer.h"
#include "codec/cbor.h"
#include "codec/hex.h"

static void
from_hex(const char *hex, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    bulla_buffer_clear(out);
    assert_ok(bl_hex_decode(text_bytes(hex), out, &err), &err);
}

static void
assert_written(const struct bl_writer *w, const char *hex)
{
    BL_AUTO(bulla_buffer) expected = { 0 };
    struct bulla_error err = { 0 };

    from_hex(hex, &expected);
    assert_ok(bl_writer_finish(w, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(w->buffer), bulla_buffer_bytes(&expected));
    bulla_buffer_clear(w->buffer);
}

static void
test_unsigned_integers_of_appendix_a(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        const char *hex;
    } vectors[] = {
        { 0, "00" },
        { 1, "01" },
        { 10, "0a" },
        { 23, "17" },
        { 24, "1818" },
        { 25, "1819" },
        { 100, "1864" },
        { 255, "18ff" },
        { 256, "190100" },
        { 1000, "1903e8" },
        { 65535, "19ffff" },
        { 65536, "1a00010000" },
        { 1000000, "1a000f4240" },
        { UINT32_MAX, "1affffffff" },
        { (uint64_t)UINT32_MAX + 1, "1b0000000100000000" },
        { 1000000000000, "1b000000e8d4a51000" },
        { UINT64_MAX, "1bffffffffffffffff" },
    };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        BL_AUTO(bulla_buffer) out = { 0 };
        struct bl_writer w = bl_writer(&out);
        bl_cbor_write_uint(&w, vectors[i].value);
        assert_written(&w, vectors[i].hex);

        from_hex(vectors[i].hex, &bytes);
        struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "integer");
        assert_int_equal(bl_cbor_peek(&r), BL_CBOR_UINT);
        assert_true(bl_cbor_read_uint(&r) == vectors[i].value);
        assert_ok(bl_reader_finish(&r, &err), &err);

        for (size_t size = 0; size < bytes.size; size++) {
            r = bl_reader((struct bulla_bytes){ bytes.data, size }, "integer");
            assert_true(bl_cbor_read_uint(&r) == 0);
            assert_fails(bl_reader_finish(&r, &err), BULLA_E_MALFORMED, &err);
            bulla_error_clear(&err);
        }
    }
}

static void
test_signed_integers_of_appendix_a(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *hex;
    } vectors[] = {
        { 0, "00" },
        { 100, "1864" },
        { -1, "20" },
        { -10, "29" },
        { -24, "37" },
        { -25, "3818" },
        { -100, "3863" },
        { -256, "38ff" },
        { -257, "390100" },
        { -1000, "3903e7" },
        { INT64_MAX, "1b7fffffffffffffff" },
        { INT64_MIN, "3b7fffffffffffffff" },
    };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        BL_AUTO(bulla_buffer) out = { 0 };
        struct bl_writer w = bl_writer(&out);
        bl_cbor_write_int(&w, vectors[i].value);
        assert_written(&w, vectors[i].hex);

        from_hex(vectors[i].hex, &bytes);
        struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "integer");
        assert_true(bl_cbor_read_int(&r) == vectors[i].value);
        assert_ok(bl_reader_finish(&r, &err), &err);
    }

    static const char *const beyond[] = { "1b8000000000000000", "3b8000000000000000",
                                          "3bffffffffffffffff" };
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        from_hex(beyond[i], &bytes);
        struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "integer");
        assert_true(bl_cbor_read_int(&r) == 0);
        assert_int_equal(r.offset, 0);
        assert_fails(bl_reader_ok(&r, &err), BULLA_E_MALFORMED, &err);
    }
}

/* Canonical items that a skip passes over whole, and whose every truncation it refuses. */
static const char *const canonical[] = {
    "f4",
    "f5",
    "f6",
    "c074323031332d30332d32315432303a30343a30305a", /* 0("2013-03-21T20:04:00Z") */
    "c11a514b67b0",
    "d74401020304",
    "d818456449455446",
    "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
    "c249010000000000000000",
    "3bffffffffffffffff",
    "40",
    "4401020304",
    "60",
    "6161",
    "6449455446",
    "62225c",
    "62c3bc",
    "63e6b0b4",
    "64f0908591",
    "80",
    "83010203",
    "8301820203820405",
    "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
    "a0",
    "a201020304",
    "a26161016162820203",
    "826161a161626163",
    "a56161614161626142616361436164614461656145",
    /* the order of RFC 8949 section 4.2.1's own list: 10, 100, -1, "z", "aa", [100], [-1], false */
    "a80a001864002000617a006261610081186400812000f400",
};

static void
test_skip_takes_canonical_items_whole(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof canonical / sizeof canonical[0]; i++) {
        from_hex(canonical[i], &bytes);
        struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "item");
        assert_bytes_equal(bl_cbor_skip(&r), bulla_buffer_bytes(&bytes));
        assert_ok(bl_reader_finish(&r, &err), &err);

        for (size_t size = 0; size < bytes.size; size++) {
            r = bl_reader((struct bulla_bytes){ bytes.data, size }, "item");
            assert_int_equal(bl_cbor_skip(&r).size, 0);
            assert_fails(bl_reader_ok(&r, &err), BULLA_E_MALFORMED, &err);
        }
        bulla_error_clear(&err);
    }
}

static void
assert_skip_refuses(const char *hex, const char *what)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };

    from_hex(hex, &bytes);
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "item");
    assert_int_equal(bl_cbor_skip(&r).size, 0);
    assert_fails(bl_reader_ok(&r, &err), BULLA_E_MALFORMED, &err);
    assert_string_equal(err.what, what);
    assert_int_equal(bl_cbor_peek(&r), BL_CBOR_END);
}

static void
test_heads_that_are_not_the_shortest_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "1800",
        "1817",
        "190000",
        "1900ff",
        "1a00000000",
        "1a0000ffff",
        "1b0000000000000000",
        "1b00000000ffffffff",
        "3817",
        "3900ff",
        "5800",
        "580161",
        "59000161",
        "7800",
        "780161",
        "7a0000000161",
        "9800",
        "980100",
        "b800",
        "b8010000",
        "d80040",
        "d81700",
        "d9001700",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_skip_refuses(bad[i], "not the shortest form");
}

static void
test_forms_outside_the_profile_are_refused(void **state)
{
    (void)state;
    static const char *const indefinite[] = { "5f42010243030405ff",
                                              "7f657374726561646d696e67ff",
                                              "9fff",
                                              "9f018202039f0405ffff",
                                              "bf61610161629f0203ffff",
                                              "ff",
                                              "1f",
                                              "3f",
                                              "df",
                                              "8301ff00" };
    static const char *const floats[] = { "f90000", "f93c00", "fa47c35000", "fb3ff199999999999a",
                                          "f97e00", "f8ff",   "f818",       "f800",
                                          "f814" };
    static const char *const simple[] = { "f7", "f0", "e0", "f3" };
    static const char *const reserved[] = { "1c", "1d", "1e", "3c", "5d", "7e",
                                            "9c", "bd", "de", "fc", "fd", "fe" };

    for (size_t i = 0; i < sizeof indefinite / sizeof indefinite[0]; i++)
        assert_skip_refuses(indefinite[i], "indefinite length");
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++)
        assert_skip_refuses(floats[i], "a float or a simple value that we do not take");
    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++)
        assert_skip_refuses(simple[i], "not true or false");
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        assert_skip_refuses(reserved[i], "reserved form");
}

static void
test_maps_out_of_order_or_with_duplicates_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "a203040102",         /* 3 before 1 */
        "a201020102",         /* 1 twice */
        "a3010002000100",     /* 1 again, later */
        "a2616101616102",     /* "a" twice */
        "a2616201616102",     /* "b" before "a" */
        "a262616100617a00",   /* "aa" before "z" */
        "a220000100",         /* -1 before 1 */
        "a2f4000000",         /* false before 0 */
        "81a1a20300010000",   /* in a key */
        "a101a203000100",     /* in a value */
        "a2a1010200a1010200", /* map keys, equal */
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_skip_refuses(bad[i], "map keys do not ascend");
}

static void
test_text_must_be_utf8(void **state)
{
    (void)state;

    assert_skip_refuses("61ff", "text is not UTF-8");
    assert_skip_refuses("62c0af", "text is not UTF-8");
    assert_skip_refuses("63eda080", "text is not UTF-8");
    assert_skip_refuses("a161ff00", "text is not UTF-8");

    BL_AUTO(bulla_buffer) out = { 0 };
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(&out);
    bl_cbor_write_text(&w, text_bytes("\xff"));
    assert_fails(bl_writer_finish(&w, &err), BULLA_E_ARGUMENT, &err);
    assert_int_equal(out.size, 0);
}

static void
test_lengths_that_cannot_be_are_refused_at_once(void **state)
{
    (void)state;
    static const char *const bad[] = { "9b7fffffffffffffff", "9bffffffffffffffff",
                                       "9a0fffffff",         "bb7fffffffffffffff",
                                       "bbffffffffffffffff", "ba80000000",
                                       "5bffffffffffffffff", "5b7fffffffffffffff00",
                                       "7bffffffffffffffff" };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_skip_refuses(bad[i], "too short");

    static const uint8_t array[] = { 0x84, 1, 2, 3 }, map[] = { 0xa2, 1, 2, 3 };
    struct bl_reader r = bl_reader(BL_BYTES_OF(array), "array");
    assert_int_equal(bl_cbor_read_array(&r, 9), 0);
    assert_non_null(r.failed);
    r = bl_reader(BL_BYTES_OF(map), "map");
    assert_int_equal(bl_cbor_read_map(&r, 9).left, 0);
    assert_non_null(r.failed);
}

static void
test_depth_is_bounded(void **state)
{
    (void)state;
    static const uint8_t openers[] = { 0x81, 0xc1 }; /* an array of one; a tag */
    struct bulla_error err = { 0 };
    uint8_t deep[100];

    for (size_t i = 0; i < sizeof openers; i++) {
        memset(deep, openers[i], sizeof deep);
        deep[BL_CBOR_DEPTH_MAX] = 0;
        struct bl_reader r = bl_reader((struct bulla_bytes){ deep, BL_CBOR_DEPTH_MAX + 1 }, "deep");
        (void)bl_cbor_skip(&r);
        assert_ok(bl_reader_finish(&r, &err), &err);

        deep[BL_CBOR_DEPTH_MAX] = openers[i];
        deep[BL_CBOR_DEPTH_MAX + 1] = 0;
        r = bl_reader((struct bulla_bytes){ deep, BL_CBOR_DEPTH_MAX + 2 }, "deep");
        (void)bl_cbor_skip(&r);
        assert_fails(bl_reader_finish(&r, &err), BULLA_E_MALFORMED, &err);
        assert_string_equal(err.what, "nested too deeply");
        bulla_error_clear(&err);
    }
}

static void
test_a_read_of_another_type_fails_and_stays(void **state)
{
    (void)state;
    static const uint8_t items[] = { 0x01, 0x20, 0x41, 0x61, 0x81, 0xa1, 0xc1, 0xf5, 0xf6 };
    struct bulla_error err = { 0 };

    for (size_t item = 0; item < sizeof items; item++) {
        for (int read = 0; read < 9; read++) {
            uint8_t bytes[4] = { items[item], 0x00, 0x00, 0x00 };
            uint8_t exact[1] = { 7 };
            struct bl_reader r = bl_reader(BL_BYTES_OF(bytes), "item");
            bool fits = false;
            switch (read) {
            case 0:
                assert_int_equal(bl_cbor_read_uint(&r), items[item] == 0x01);
                fits = items[item] == 0x01;
                break;
            case 1:
                (void)bl_cbor_read_int(&r);
                fits = items[item] == 0x01 || items[item] == 0x20;
                break;
            case 2:
                fits = items[item] == 0xf5;
                assert_int_equal(bl_cbor_read_bool(&r), fits);
                break;
            case 3:
                bl_cbor_read_null(&r);
                fits = items[item] == 0xf6;
                break;
            case 4:
                fits = items[item] == 0x41;
                assert_int_equal(bl_cbor_read_bytes(&r, 9).size, fits ? 1 : 0);
                break;
            case 5:
                fits = items[item] == 0x61;
                assert_int_equal(bl_cbor_read_text(&r, 9).size, fits ? 1 : 0);
                break;
            case 6:
                bl_cbor_read_bytes_exact(&r, exact, 1);
                assert_int_equal(exact[0], 0);
                fits = items[item] == 0x41;
                break;
            case 7:
                fits = items[item] == 0x81;
                assert_int_equal(bl_cbor_read_array(&r, 9), fits ? 1 : 0);
                break;
            default:
                fits = items[item] == 0xa1;
                assert_int_equal(bl_cbor_read_map(&r, 9).left, fits ? 1 : 0);
                break;
            }
            if (fits) {
                assert_ok(bl_reader_ok(&r, &err), &err);
                assert_int_not_equal(r.offset, 0);
            } else {
                assert_fails(bl_reader_ok(&r, &err), BULLA_E_MALFORMED, &err);
                assert_int_equal(r.offset, 0);
                assert_int_equal(bl_cbor_read_uint(&r), 0);
                assert_int_equal(bl_cbor_skip(&r).size, 0);
                assert_false(bl_cbor_read_if_null(&r));
                assert_int_equal(r.offset, 0);
            }
            bulla_error_clear(&err);
        }
    }
}

static void
test_limits_are_the_callers(void **state)
{
    (void)state;
    static const uint8_t string[] = { 0x43, 1, 2, 3 };
    static const uint8_t array[] = { 0x83, 1, 2, 3 };
    static const uint8_t map[] = { 0xa2, 1, 2, 3, 4 };
    struct bulla_error err = { 0 };

    for (size_t limit = 0; limit < 5; limit++) {
        uint8_t exact[5] = { 0 };
        struct bl_reader r = bl_reader(BL_BYTES_OF(string), "string");
        assert_int_equal(bl_cbor_read_bytes(&r, limit).size, limit >= 3 ? 3 : 0);
        assert_int_equal(r.failed == NULL, limit >= 3);
        r = bl_reader(BL_BYTES_OF(string), "string");
        bl_cbor_read_bytes_exact(&r, exact, limit);
        assert_int_equal(r.failed == NULL, limit == 3);
        assert_int_equal(r.offset, limit == 3 ? 4 : 0);
        r = bl_reader(BL_BYTES_OF(array), "array");
        assert_int_equal(bl_cbor_read_array(&r, limit), limit >= 3 ? 3 : 0);
        assert_int_equal(r.failed == NULL, limit >= 3);
        r = bl_reader(BL_BYTES_OF(map), "map");
        assert_int_equal(bl_cbor_read_map(&r, limit).left, limit >= 2 ? 2 : 0);
        assert_int_equal(r.failed == NULL, limit >= 2);
    }

    struct bl_reader r = bl_reader(BL_BYTES_OF(string), "tag");
    bl_cbor_read_tag(&r, 18);
    assert_fails(bl_reader_ok(&r, &err), BULLA_E_MALFORMED, &err);
    static const uint8_t tagged[] = { 0xd2, 0x00 };
    r = bl_reader(BL_BYTES_OF(tagged), "tag");
    bl_cbor_read_tag(&r, 17);
    assert_string_equal(r.failed, "another tag");
    assert_int_equal(r.offset, 0);
    r = bl_reader(BL_BYTES_OF(tagged), "tag");
    bl_cbor_read_tag(&r, 18);
    assert_int_equal(bl_cbor_read_uint(&r), 0);
    bulla_error_clear(&err);
    assert_ok(bl_reader_finish(&r, &err), &err);
}

static void
test_a_map_is_read_by_its_keys(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };
    struct bulla_bytes text;
    uint64_t key = 7;

    from_hex("a3010203820405186400", &bytes);
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "map");
    struct bl_cbor_map map = bl_cbor_read_map(&r, 3);
    assert_true(bl_cbor_map_next_uint(&r, &map, &key));
    assert_int_equal(key, 1);
    assert_int_equal(bl_cbor_read_uint(&r), 2);
    assert_true(bl_cbor_map_next_uint(&r, &map, &key));
    assert_int_equal(key, 3);
    assert_int_equal(bl_cbor_skip(&r).size, 3);
    assert_true(bl_cbor_map_next_uint(&r, &map, &key));
    assert_int_equal(key, 100);
    assert_int_equal(bl_cbor_read_uint(&r), 0);
    assert_false(bl_cbor_map_next_uint(&r, &map, &key));
    assert_ok(bl_reader_finish(&r, &err), &err);

    static const char *const unordered[] = { "a203000100",     "a201000100",     "a2616200616100",
                                             "a2616100616100", "a2416200416100", "a2416100416100" };
    for (size_t i = 0; i < sizeof unordered / sizeof unordered[0]; i++) {
        from_hex(unordered[i], &bytes);
        for (int pass = 0; pass < 3; pass++) {
            r = bl_reader(bulla_buffer_bytes(&bytes), "map");
            map = bl_cbor_read_map(&r, 2);
            size_t pairs = 0;
            while (pass == 0   ? bl_cbor_map_next_uint(&r, &map, &key)
                   : pass == 1 ? bl_cbor_map_next_text(&r, &map, 9, &text)
                               : bl_cbor_map_next_bytes(&r, &map, 9, &text)) {
                (void)bl_cbor_skip(&r);
                pairs++;
            }
            assert_int_equal(pairs, (int)i / 2 == pass ? 1 : 0);
            assert_fails(bl_reader_ok(&r, &err), BULLA_E_MALFORMED, &err);
            bulla_error_clear(&err);
        }
    }
}

static void
test_a_message_is_written_and_read_back(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) out = { 0 };
    struct bl_writer w = bl_writer(&out);

    bl_cbor_write_tag(&w, 18);
    bl_cbor_write_array(&w, 4);
    bl_cbor_write_map(&w, 1);
    bl_cbor_write_text(&w, text_bytes("a"));
    bl_cbor_write_bytes(&w, text_bytes("IETF"));
    bl_cbor_write_bool(&w, true);
    bl_cbor_write_bool(&w, false);
    bl_cbor_write_null(&w);
    assert_written(&w, "d284a161614449455446f5f4f6");
}

/* The keys of a foreign map in their order, and what is left behind it. */
static size_t
read_foreign(const char *hex, size_t count_max, uint64_t keys[8], struct bl_reader *after)
{
    static struct bulla_buffer bytes;
    uint64_t key = 0;
    size_t count = 0;

    from_hex(hex, &bytes);
    *after = bl_reader(bulla_buffer_bytes(&bytes), "map");
    struct bl_cbor_map map = bl_cbor_read_foreign_map(after, count_max);
    while (bl_cbor_map_next_uint(after, &map, &key)) {
        keys[count++] = key;
        (void)bl_cbor_skip(after);
    }
    assert_false(bl_cbor_map_next_uint(after, &map, &key));
    return count;
}

static void
test_foreign_maps(void **state)
{
    (void)state;
    struct bl_reader r;
    uint64_t keys[8];
    static const char *const good[] = { "a20200010007", "bf02000100ff07", "a007", "bfff07" };
    static const size_t counts[] = { 2, 2, 0, 0 };
    static const char *const bad[] = { "bf0200",        "bf020001",   "bf",
                                       "a202000100",    "bf020001ff", "bf03000200",
                                       "bf0161ff",      "9f01ff",     "bf020001000300ff07",
                                       "a3020001000300" };

    for (size_t i = 0; i < BL_COUNT_OF(good); i++) {
        assert_int_equal(read_foreign(good[i], 2, keys, &r), counts[i]);
        assert_null(r.failed);
        if (counts[i] == 2)
            assert_true(keys[0] == 2 && keys[1] == 1);
        assert_int_equal(bl_cbor_read_uint(&r), 7);
        assert_int_equal(bl_reader_finish(&r, NULL), BULLA_OK);
    }
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++) {
        (void)read_foreign(bad[i], 2, keys, &r);
        (void)bl_cbor_read_uint(&r); /* what should follow */
        assert_non_null(r.failed);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unsigned_integers_of_appendix_a),
        cmocka_unit_test(test_signed_integers_of_appendix_a),
        cmocka_unit_test(test_skip_takes_canonical_items_whole),
        cmocka_unit_test(test_heads_that_are_not_the_shortest_are_refused),
        cmocka_unit_test(test_forms_outside_the_profile_are_refused),
        cmocka_unit_test(test_maps_out_of_order_or_with_duplicates_are_refused),
        cmocka_unit_test(test_text_must_be_utf8),
        cmocka_unit_test(test_lengths_that_cannot_be_are_refused_at_once),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_a_read_of_another_type_fails_and_stays),
        cmocka_unit_test(test_limits_are_the_callers),
        cmocka_unit_test(test_a_map_is_read_by_its_keys),
        cmocka_unit_test(test_a_message_is_written_and_read_back),
        cmocka_unit_test(test_foreign_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

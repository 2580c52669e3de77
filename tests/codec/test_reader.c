/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "codec/reader.h"

static const uint8_t sample[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static void
test_reads_integers_of_both_orders(void **state)
{
    (void)state;
    struct bl_reader r = bl_reader(BL_BYTES_OF(sample), "sample");
    struct bulla_error err = { 0 };

    assert_int_equal(bl_read_u8(&r), 0x01);
    assert_int_equal(bl_read_u16le(&r), 0x0302);
    assert_int_equal(bl_read_u16be(&r), 0x0405);
    assert_int_equal(bl_read_u32le(&r), 0x09080706);
    assert_int_equal(bl_read_u32be(&r), 0x0a0b0c0d);
    assert_int_equal(bl_reader_left(&r), 2);
    bl_skip(&r, 2);
    assert_ok(bl_reader_finish(&r, &err), &err);

    r = bl_reader(BL_BYTES_OF(sample), "sample");
    assert_true(bl_read_u64le(&r) == 0x0807060504030201);
    r = bl_reader(BL_BYTES_OF(sample), "sample");
    assert_true(bl_read_u64be(&r) == 0x0102030405060708);
}

static void
test_every_truncation_fails_and_reads_zero(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t size = 0; size < 8; size++) {
        struct bl_reader r = bl_reader((struct bulla_bytes){ sample, size }, "sample");
        assert_true(bl_read_u64be(&r) == 0);
        assert_int_equal(bl_read_u8(&r), 0); /* sticky, even if a byte is there */
        assert_int_equal(r.offset, 0);
        assert_fails(bl_reader_ok(&r, &err), BULLA_E_MALFORMED, &err);
        assert_fails(bl_reader_finish(&r, &err), BULLA_E_MALFORMED, &err);
    }
}

static void
test_trailing_bytes_are_refused(void **state)
{
    (void)state;
    struct bl_reader r = bl_reader(BL_BYTES_OF(sample), "sample");
    struct bulla_error err = { 0 };

    bl_skip(&r, sizeof sample - 1);
    assert_ok(bl_reader_ok(&r, &err), &err);
    assert_fails(bl_reader_finish(&r, &err), BULLA_E_MALFORMED, &err);
    assert_string_equal(err.what, "trailing bytes");
}

static void
test_a_part_cannot_see_beyond_itself(void **state)
{
    (void)state;
    struct bl_reader r = bl_reader(BL_BYTES_OF(sample), "sample");
    struct bulla_error err = { 0 };
    struct bl_reader part = bl_read_part(&r, 3, "part");

    bl_skip(&part, 3);
    assert_int_equal(bl_read_u8(&part), 0);
    assert_fails(bl_reader_ok(&part, &err), BULLA_E_MALFORMED, &err);
    assert_string_equal(err.where, "part");
    bulla_error_clear(&err);
    assert_ok(bl_reader_ok(&r, &err), &err);
    assert_int_equal(bl_read_u8(&r), 4);

    part = bl_read_part(&r, 100, "part");
    assert_fails(bl_reader_ok(&part, &err), BULLA_E_MALFORMED, &err);
    assert_fails(bl_reader_ok(&r, &err), BULLA_E_MALFORMED, &err);
}

static void
test_huge_sizes_do_not_wrap(void **state)
{
    (void)state;
    struct bl_reader r = bl_reader(BL_BYTES_OF(sample), "sample");

    bl_skip(&r, 4);
    assert_int_equal(bl_read_view(&r, SIZE_MAX).size, 0);
    assert_int_equal(bl_read_view(&r, SIZE_MAX - 3).size, 0);
    assert_int_equal(r.offset, 4);
}

static void
test_an_empty_input_is_whole(void **state)
{
    (void)state;
    struct bl_reader r = bl_reader((struct bulla_bytes){ NULL, 0 }, "nothing");
    struct bulla_error err = { 0 };

    assert_ok(bl_reader_finish(&r, &err), &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_integers_of_both_orders),
        cmocka_unit_test(test_every_truncation_fails_and_reads_zero),
        cmocka_unit_test(test_trailing_bytes_are_refused),
        cmocka_unit_test(test_a_part_cannot_see_beyond_itself),
        cmocka_unit_test(test_huge_sizes_do_not_wrap),
        cmocka_unit_test(test_an_empty_input_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

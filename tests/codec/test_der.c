/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "codec/der.h"
#include "codec/hex.h"

enum read { BOOL, NULL_VALUE, UNSIGNED, U64, OID, OCTETS, BITS, NAMED, TIME, SKIP };

/* Read all of `hex` in one way; a number that stands for the value, or for its size. */
static enum bulla_status
read_as(enum read read, const char *hex, int64_t *value, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };

    assert_int_equal(bl_hex_decode(text_bytes(hex), &bytes, NULL), BULLA_OK);
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&bytes), "item");
    switch (read) {
    case BOOL:
        *value = bl_der_read_bool(&r);
        break;
    case NULL_VALUE:
        bl_der_read_null(&r);
        break;
    case UNSIGNED:
        *value = (int64_t)bl_der_read_unsigned(&r, 4).size;
        break;
    case U64:
        *value = (int64_t)bl_der_read_u64(&r);
        break;
    case OID:
        *value = (int64_t)bl_der_read_oid(&r).size;
        break;
    case OCTETS:
        *value = (int64_t)bl_der_read_octets(&r, 4).size;
        break;
    case BITS:
        *value = (int64_t)bl_der_read_bits(&r, 4).size;
        break;
    case NAMED:
        *value = bl_der_read_named_bits(&r);
        break;
    case TIME:
        *value = bl_der_read_time_s(&r);
        break;
    case SKIP:
        *value = (int64_t)bl_der_skip(&r).size;
        break;
    }
    if (r.failed != NULL)
        assert_int_equal(r.offset, 0);
    return bl_reader_finish(&r, err);
}

static void
test_values_are_read_and_their_truncations_refused(void **state)
{
    (void)state;
    static const struct {
        enum read read;
        const char *hex;
        int64_t value;
    } good[] = {
        { BOOL, "010100", 0 },
        { BOOL, "0101ff", 1 },
        { NULL_VALUE, "0500", 0 },
        { U64, "020100", 0 },
        { U64, "02017f", 127 },
        { U64, "02020080", 128 },
        { U64, "02020100", 256 },
        { U64, "020900ffffffffffffffff", -1 },
        { UNSIGNED, "020500ffffffff", 4 },
        { OID, "06062a864886f70d", 6 },
        { OID, "060100", 1 },
        { OCTETS, "0400", 0 },
        { OCTETS, "040401020304", 4 },
        { BITS, "030100", 0 },
        { BITS, "03050001020304", 4 },
        { NAMED, "030100", 0 },
        { NAMED, "03020106", 0x06000000 },
        { NAMED, "03020780", 0x80000000 },
        { NAMED, "0303070080", 0x00800000 },
        { NAMED, "03050000000001", 1 },
        { TIME, "170d3730303130313030303030305a", 0 },
        { TIME, "170d3530303130313030303030305a", -631152000 },
        { TIME, "170d3439313233313233353935395a", 2524607999 },
        { TIME, "170d3234303232393132333435365a", 1709210096 },
        { TIME, "180f39393939313233313233353935395a", 253402300799 },
        { TIME, "180f31393730303130313030303030305a", 0 },
        { TIME, "180f30303030303130313030303030305a", -62167219200 },
        { SKIP, "3000", 2 },
        { SKIP, "300730050101ff0500", 9 },
        { SKIP, "a003020105", 5 },
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct bulla_error err = { 0 };
        char cut[64];
        int64_t value = 0;
        assert_ok(read_as(good[i].read, good[i].hex, &value, &err), &err);
        assert_true(value == good[i].value);
        for (size_t size = 0; size < strlen(good[i].hex); size += 2) {
            snprintf(cut, sizeof cut, "%.*s", (int)size, good[i].hex);
            assert_fails(read_as(good[i].read, cut, &value, &err), BULLA_E_MALFORMED, &err);
            assert_int_equal(value, 0);
        }
        snprintf(cut, sizeof cut, "%s00", good[i].hex);
        assert_fails(read_as(good[i].read, cut, &value, &err), BULLA_E_MALFORMED, &err);
        assert_string_equal(err.what, "trailing bytes");
    }
}

static void
test_other_forms_of_a_value_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum read read;
        const char *hex, *what;
    } bad[] = {
        { BOOL, "010101", "not 00 or ff" },
        { BOOL, "0100", "not 00 or ff" },
        { BOOL, "0102ffff", "not 00 or ff" },
        { BOOL, "0201ff", "another tag" },
        { NULL_VALUE, "050100", "NULL with content" },
        { U64, "0200", "INTEGER without content" },
        { U64, "0201ff", "negative INTEGER" },
        { U64, "020180", "negative INTEGER" },
        { U64, "0202007f", "INTEGER not in the fewest bytes" },
        { U64, "02020000", "INTEGER not in the fewest bytes" },
        { U64, "020901ffffffffffffffff", "INTEGER too large" },
        { UNSIGNED, "02050100000000", "INTEGER too large" },
        { OID, "0600", "OBJECT IDENTIFIER cut off" },
        { OID, "06022a86", "OBJECT IDENTIFIER cut off" },
        { OID, "06032a8001", "OBJECT IDENTIFIER not in the fewest bytes" },
        { OID, "06028001", "OBJECT IDENTIFIER not in the fewest bytes" },
        { OCTETS, "04050102030405", "OCTET STRING too long" },
        { OCTETS, "2406040101040102", "another tag" }, /* constructed: BER only */
        { BITS, "0300", "BIT STRING not of whole bytes" },
        { BITS, "03020780", "BIT STRING not of whole bytes" },
        { BITS, "0306000102030405", "BIT STRING too long" },
        { NAMED, "0300", "not a BIT STRING of at most 32 bits" },
        { NAMED, "030101", "not a BIT STRING of at most 32 bits" },
        { NAMED, "03020880", "not a BIT STRING of at most 32 bits" },
        { NAMED, "0306000000000001", "not a BIT STRING of at most 32 bits" },
        { NAMED, "03020107", "BIT STRING with bits after its last one" },
        { NAMED, "03020680", "BIT STRING with bits after its last one" },
        { NAMED, "03020000", "BIT STRING with bits after its last one" },
        { TIME, "170b373030313031303030305a", "not a time as RFC 5280 has it" }, /* no seconds */
        { TIME, "170d37303031303130303030303030", "not a time as RFC 5280 has it" },
        { TIME, "17113730303130313030303030302b30303030", "not a time as RFC 5280 has it" },
        { TIME, "181131393730303130313030303030302e315a", "not a time as RFC 5280 has it" },
        { TIME, "170d3730303030313030303030305a", "not a time as RFC 5280 has it" },
        { TIME, "170d3730313330313030303030305a", "not a time as RFC 5280 has it" },
        { TIME, "170d3730303130303030303030305a", "a day that does not exist" },
        { TIME, "170d3233303232393030303030305a", "a day that does not exist" },
        { TIME, "180f31393030303232393030303030305a", "a day that does not exist" },
        { TIME, "170d3730303433313030303030305a", "a day that does not exist" },
        { TIME, "170d3730303130313234303030305a", "not a time as RFC 5280 has it" },
        { TIME, "170d3730303130313030363030305a", "not a time as RFC 5280 has it" },
        { TIME, "170d3730303130313030303036305a", "not a time as RFC 5280 has it" },
        { TIME, "170d3730303130312030303030305a", "not a time as RFC 5280 has it" },
        { SKIP, "3080000000", "indefinite length" },
        { SKIP, "04810100", "length not in the fewest bytes" },
        { SKIP, "0482007f00", "length not in the fewest bytes" },
        { SKIP, "0485000000000100", "length of too many bytes" },
        { SKIP, "0484ffffffff00", "too short" },
        { SKIP, "04ff00", "length of too many bytes" },
        { SKIP, "1f1f00", "tag number above 30" },
        { SKIP, "30030101", "too short" },
        { SKIP, "3003020200", "too short" }, /* the inside reaches beyond its part */
        { SKIP, "3003300201", "too short" },
        { SKIP, "300404810100", "length not in the fewest bytes" },
    };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t value = 7;
        assert_fails(read_as(bad[i].read, bad[i].hex, &value, &err), BULLA_E_MALFORMED, &err);
        assert_string_equal(err.what, bad[i].what);
        assert_true(value == 0 || bad[i].read == NULL_VALUE);
    }
}

static void
test_depth_is_bounded(void **state)
{
    (void)state;
    uint8_t deep[2 * (BL_DER_DEPTH_MAX + 1)];

    for (size_t levels = BL_DER_DEPTH_MAX; levels <= BL_DER_DEPTH_MAX + 1; levels++) {
        for (size_t i = 0; i < levels; i++) {
            deep[2 * i] = BL_DER_SEQUENCE;
            deep[2 * i + 1] = (uint8_t)(2 * (levels - i - 1));
        }
        struct bl_reader r = bl_reader((struct bulla_bytes){ deep, 2 * levels }, "deep");
        bool taken = bl_der_skip(&r).size == 2 * levels;
        assert_int_equal(taken, levels == BL_DER_DEPTH_MAX);
    }
}

static void
test_a_part_cannot_see_beyond_itself(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 0x30, 0x03, 0x02, 0x01, 0x05, 0x02, 0x01, 0x06 };
    struct bl_reader r = bl_reader(BL_BYTES_OF(bytes), "whole");
    struct bulla_error err = { 0 };

    assert_true(bl_der_next_is(&r, BL_DER_SEQUENCE));
    assert_false(bl_der_next_is(&r, BL_DER_SET));
    struct bl_reader part = bl_der_enter(&r, BL_DER_SEQUENCE, "part");
    assert_int_equal(bl_der_read_u64(&part), 5);
    assert_false(bl_der_next_is(&part, BL_DER_INTEGER));
    assert_ok(bl_reader_finish(&part, &err), &err);
    assert_int_equal(bl_der_read_u64(&r), 6);
    assert_ok(bl_reader_finish(&r, &err), &err);

    part = bl_der_enter(&r, BL_DER_SEQUENCE, "part");
    assert_fails(bl_reader_ok(&part, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(bl_der_read_u64(&part), 0);
}

static void
test_what_is_written_has_the_fewest_bytes(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 127, 128, 255, 256, 65535, 65536 };
    static const uint8_t zeros[65536];
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        BL_AUTO(bulla_buffer) out = { 0 };
        struct bl_writer w = bl_writer(&out);
        size_t outer = bl_der_open(&w, BL_DER_SEQUENCE);
        bl_der_write(&w, BL_DER_OCTET_STRING, (struct bulla_bytes){ zeros, sizes[i] });
        bl_der_close(&w, outer);
        assert_ok(bl_writer_finish(&w, &err), &err);
        struct bl_reader r = bl_reader(bulla_buffer_bytes(&out), "written");
        assert_int_equal(bl_der_skip(&r).size, out.size);
        r = bl_reader(bulla_buffer_bytes(&out), "written");
        struct bl_reader part = bl_der_enter(&r, BL_DER_SEQUENCE, "part");
        assert_int_equal(bl_der_read_octets(&part, 65536).size, sizes[i]);
        assert_ok(bl_reader_finish(&part, &err), &err);
    }

    BL_AUTO(bulla_buffer) out = { 0 };
    BL_AUTO(bulla_buffer) expected = { 0 };
    struct bl_writer w = bl_writer(&out);
    bl_der_write_bool(&w, true);
    bl_der_write_bool(&w, false);
    bl_der_write_null(&w);
    bl_der_write_unsigned(&w, BL_LITERAL(""));
    bl_der_write_unsigned(&w, BL_LITERAL("\0\0\x7f"));
    bl_der_write_unsigned(&w, BL_LITERAL("\0\x80\0"));
    bl_der_write_bits(&w, BL_LITERAL("ab"));
    assert_ok(bl_writer_finish(&w, &err), &err);
    assert_ok(bl_hex_decode(text_bytes("0101ff010100050002010002017f02030080000303006162"),
                            &expected, &err),
              &err);
    assert_bytes_equal(bulla_buffer_bytes(&out), bulla_buffer_bytes(&expected));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_read_and_their_truncations_refused),
        cmocka_unit_test(test_other_forms_of_a_value_are_refused),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_a_part_cannot_see_beyond_itself),
        cmocka_unit_test(test_what_is_written_has_the_fewest_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

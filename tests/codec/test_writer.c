/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "codec/writer.h"

static void
test_writes_both_orders(void **state)
{
    (void)state;
    static const uint8_t expected[] = { 0x01, 0x02, 0x03, 0x03, 0x02, 0x04, 0x05, 0x06, 0x07,
                                        0x07, 0x06, 0x05, 0x04, 0x00, 0x02, 'h',  'i' };
    BL_AUTO(bulla_buffer) buffer = { 0 };
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(&buffer);

    bl_write_u8(&w, 0x01);
    bl_write_u16be(&w, 0x0203);
    bl_write_u16le(&w, 0x0203);
    bl_write_u32be(&w, 0x04050607);
    bl_write_u32le(&w, 0x04050607);
    bl_write_sized_u16be(&w, BL_LITERAL("hi"));
    assert_ok(bl_writer_finish(&w, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&buffer), BL_BYTES_OF(expected));
}

static void
test_a_failure_sticks(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) buffer = { 0 };
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(&buffer);

    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    bl_write_u64be(&w, 1);
    assert_true(bl_fault_disarm());
    bl_write_u64le(&w, 2);
    assert_fails(bl_writer_finish(&w, &err), BULLA_E_MEMORY, &err);
    assert_int_equal(buffer.size, 0);
}

static void
test_a_sized_field_has_a_limit(void **state)
{
    (void)state;
    static const uint8_t large[65536];
    BL_AUTO(bulla_buffer) buffer = { 0 };
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(&buffer);

    bl_write_sized_u16be(&w, BL_BYTES_OF(large));
    assert_fails(bl_writer_finish(&w, &err), BULLA_E_LIMIT, &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_both_orders),
        cmocka_unit_test(test_a_failure_sticks),
        cmocka_unit_test(test_a_sized_field_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

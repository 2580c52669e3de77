/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "codec/cbor.h"
#include "wire/claims_message.h"

static struct bl_claims_message
sample(void)
{
    struct bl_claims_message message = { .agent = BL_LITERAL("bulla-agent 0.1") };

    memset(message.boot_id, 0xb0, sizeof message.boot_id);
    return message;
}

static void
test_it_comes_back(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_claims_message message = sample();
    struct bl_claims_message back = { 0 };

    assert_ok(bl_claims_message_encode(&message, &bytes, &err), &err);
    assert_ok(bl_claims_message_decode(bulla_buffer_bytes(&bytes), &back, &err), &err);
    assert_memory_equal(back.boot_id, message.boot_id, sizeof back.boot_id);
    assert_bytes_equal(back.agent, message.agent);
}

static void
test_truncated_and_longer_are_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_claims_message message = sample();

    assert_ok(bl_claims_message_encode(&message, &bytes, &err), &err);
    for (size_t size = 0; size < bytes.size; size++) {
        struct bl_claims_message out = { .agent = BL_LITERAL("untouched") };
        assert_fails(bl_claims_message_decode((struct bulla_bytes){ bytes.data, size }, &out, &err),
                     BULLA_E_MALFORMED, &err);
        assert_bytes_equal(out.agent, BL_LITERAL("untouched"));
    }
    bulla_error_clear(&err);
    assert_ok(bulla_buffer_append(&bytes, BL_LITERAL("\0"), &err), &err);
    assert_fails(bl_claims_message_decode(bulla_buffer_bytes(&bytes), &message, &err),
                 BULLA_E_MALFORMED, &err);
}

/* { key: 32 bytes, key: text }, as told. */
static enum bulla_status
decode_map(uint64_t first, uint64_t second, uint8_t fill, size_t text_size, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_writer w = bl_writer(&bytes);
    struct bl_claims_message out = { 0 };
    uint8_t boot_id[BL_BOOT_ID_SIZE];
    uint8_t text[BL_AGENT_TEXT_MAX + 1];

    memset(boot_id, fill, sizeof boot_id);
    memset(text, 'a', sizeof text);
    bl_cbor_write_map(&w, 2);
    bl_cbor_write_uint(&w, first);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(boot_id));
    bl_cbor_write_uint(&w, second);
    bl_cbor_write_text(&w, (struct bulla_bytes){ text, text_size });
    BL_TRY(bl_writer_finish(&w, err));
    return bl_claims_message_decode(bulla_buffer_bytes(&bytes), &out, err);
}

static void
test_each_field_is_held_to_its_rule(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    assert_ok(decode_map(1, 2, 7, BL_AGENT_TEXT_MAX, &err), &err);
    assert_fails(decode_map(1, 2, 7, BL_AGENT_TEXT_MAX + 1, &err), BULLA_E_MALFORMED, &err);
    assert_fails(decode_map(1, 2, 0, 1, &err), BULLA_E_MALFORMED, &err); /* no boot id */
    assert_fails(decode_map(1, 3, 7, 1, &err), BULLA_E_MALFORMED, &err); /* an unknown claim */
    assert_fails(decode_map(1, 1, 7, 1, &err), BULLA_E_MALFORMED, &err); /* one twice */
    assert_fails(
        bl_claims_message_decode(BL_LITERAL("\xa0"), &(struct bl_claims_message){ 0 }, &err),
        BULLA_E_MALFORMED, &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_comes_back),
        cmocka_unit_test(test_truncated_and_longer_are_refused),
        cmocka_unit_test(test_each_field_is_held_to_its_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

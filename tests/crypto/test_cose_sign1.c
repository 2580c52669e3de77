/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "codec/hex.h"
#include "crypto/cose_sign1.h"
#include "crypto/hash.h"

/* RFC 9052 appendix C.2.1, and the key "11" of its appendix C.7.1. */
#define RFC_KEY                                                          \
    "04bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff" \
    "20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e"
#define RFC_MESSAGE                                                              \
    "d28443a10126a10442313154546869732069732074686520636f6e74656e742e5840"       \
    "8eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa" \
    "32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36"

static const struct bl_cose_context plain = { 0 };

static struct bl_cose_context
context_of(const char *content_type, const char *external_aad)
{
    return (struct bl_cose_context){ text_bytes(content_type), text_bytes(external_aad) };
}

static void
test_the_message_of_the_rfc_verifies(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_cose_sign1 message = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_hex_decode(text_bytes(RFC_KEY), &raw, &err), &err);
    assert_ok(bl_hex_decode(text_bytes(RFC_MESSAGE), &bytes, &err), &err);
    assert_ok(bl_key_from_raw_public(BL_KEY_P256, bulla_buffer_bytes(&raw), &key, &err), &err);
    assert_ok(bl_cose_sign1_verify(key, &plain, bulla_buffer_bytes(&bytes), &message, &err), &err);
    assert_bytes_equal(message.payload, text_bytes("This is the content."));
    assert_bytes_equal(message.key_id, text_bytes("11"));
}

static void
test_every_kind_of_key_signs_and_no_bit_may_change(void **state)
{
    (void)state;
    static const enum bl_key_kind kinds[] = { BL_KEY_ED25519, BL_KEY_P256, BL_KEY_P384 };
    struct bl_cose_context context = context_of("bulla/test", "aad");

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        BL_AUTO_FREE(bl_key) key = NULL;
        BL_AUTO(bulla_buffer) bytes = { 0 };
        struct bl_cose_sign1 message = { 0 };
        struct bulla_error err = { 0 };

        assert_ok(bl_key_generate(kinds[i], &key, &err), &err);
        assert_ok(
            bl_cose_sign1_sign(key, &context, text_bytes("k"), text_bytes("hi"), &bytes, &err),
            &err);
        assert_ok(bl_cose_sign1_verify(key, &context, bulla_buffer_bytes(&bytes), &message, &err),
                  &err);
        assert_bytes_equal(message.payload, text_bytes("hi"));
        assert_bytes_equal(message.content_type, text_bytes("bulla/test"));
        size_t key_id_at = (size_t)(message.key_id.data - bytes.data);

        for (size_t at = 0; at < bytes.size; at++) {
            struct bl_cose_sign1 changed = { 0 };
            if (at == key_id_at)
                continue; /* a hint: not signed */
            bytes.data[at] ^= 1;
            enum bulla_status status =
                bl_cose_sign1_verify(key, &context, bulla_buffer_bytes(&bytes), &changed, NULL);
            assert_int_not_equal(status, BULLA_OK);
            assert_null(changed.payload.data);
            bytes.data[at] ^= 1;
        }
    }
}

static void
test_what_stands_around_the_payload_is_signed_too(void **state)
{
    (void)state;
    struct bl_cose_context context = context_of("bulla/a", "x");
    struct bl_cose_context other_aad = context_of("bulla/a", "y");
    struct bl_cose_context other_type = context_of("bulla/b", "x");
    struct bl_cose_context no_type = context_of("", "x");
    struct bl_cose_sign1 message = { 0 };
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO_FREE(bl_key) other = NULL;
    BL_AUTO_FREE(bl_key) other_kind = NULL;
    BL_AUTO_FREE(bl_key) exchange = NULL;
    BL_AUTO(bulla_buffer) bytes = { 0 };

    assert_ok(bl_key_generate(BL_KEY_P256, &key, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_P256, &other, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_ED25519, &other_kind, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_X25519, &exchange, &err), &err);
    assert_ok(bl_cose_sign1_sign(key, &context, text_bytes(""), text_bytes("p"), &bytes, &err),
              &err);
    struct bulla_bytes view = bulla_buffer_bytes(&bytes);
    assert_fails(bl_cose_sign1_verify(key, &other_aad, view, &message, &err), BULLA_E_SIGNATURE,
                 &err);
    assert_fails(bl_cose_sign1_verify(key, &other_type, view, &message, &err), BULLA_E_MISMATCH,
                 &err);
    assert_fails(bl_cose_sign1_verify(key, &no_type, view, &message, &err), BULLA_E_MISMATCH, &err);
    assert_fails(bl_cose_sign1_verify(other, &context, view, &message, &err), BULLA_E_SIGNATURE,
                 &err);
    assert_fails(bl_cose_sign1_verify(other_kind, &context, view, &message, &err),
                 BULLA_E_SIGNATURE, &err);
    assert_string_equal(err.what, "an algorithm that is not the key's");
    assert_fails(bl_cose_sign1_verify(exchange, &context, view, &message, &err), BULLA_E_SIGNATURE,
                 &err);
    assert_null(message.payload.data);

    size_t before = bytes.size;
    uint8_t long_id[BL_COSE_KEY_ID_SIZE_MAX + 1] = { 0 };
    assert_fails(
        bl_cose_sign1_sign(exchange, &context, text_bytes(""), text_bytes("p"), &bytes, &err),
        BULLA_E_ARGUMENT, &err);
    assert_fails(
        bl_cose_sign1_sign(key, &context, BL_BYTES_OF(long_id), text_bytes("p"), &bytes, &err),
        BULLA_E_ARGUMENT, &err);
    assert_int_equal(bytes.size, before);
}

/* B25: a library for testing "signed" with the hash of the message, which needs no key, and verified
 * that as well. Here no identifier of a key makes one anything but a wrong signature. */
static void
test_b25_a_hash_is_no_signature(void **state)
{
    (void)state;
    static const uint8_t key_ids[][2] = { { '1', '1' }, { 0, 0 } };
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) protected = { 0 };
    BL_AUTO(bulla_buffer) to_sign = { 0 };
    uint8_t signature[64];

    assert_ok(bl_key_generate(BL_KEY_P256, &key, &err), &err);
    assert_ok(bl_cose_protected(BL_COSE_ES256, text_bytes(""), &protected, &err), &err);
    assert_ok(bl_cose_sig_structure(bulla_buffer_bytes(&protected), text_bytes(""), text_bytes("p"),
                                    &to_sign, &err),
              &err);
    assert_ok(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&to_sign), signature, &err), &err);
    memcpy(signature + 32, signature, 32);
    for (size_t i = 0; i <= BL_COUNT_OF(key_ids); i++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        struct bl_cose_sign1 message = { .protected = bulla_buffer_bytes(&protected),
                                         .payload = text_bytes("p"),
                                         .signature = BL_BYTES_OF(signature) };
        if (i < BL_COUNT_OF(key_ids))
            message.key_id = BL_BYTES_OF(key_ids[i]);
        assert_ok(bl_cose_sign1_encode(&message, &bytes, &err), &err);
        message = (struct bl_cose_sign1){ 0 };
        assert_fails(bl_cose_sign1_verify(key, &plain, bulla_buffer_bytes(&bytes), &message, &err),
                     BULLA_E_SIGNATURE, &err);
        assert_null(message.payload.data);
    }
}

static void
test_every_allocation_may_fail(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    bool reached = true;

    assert_ok(bl_key_generate(BL_KEY_ED25519, &key, &err), &err);
    for (uint64_t nth = 1; reached; nth++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        struct bl_cose_sign1 message = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        enum bulla_status status =
            bl_cose_sign1_sign(key, &plain, text_bytes("k"), text_bytes("p"), &bytes, NULL);
        size_t size = bytes.size;
        if (status == BULLA_OK)
            status = bl_cose_sign1_verify(key, &plain, bulla_buffer_bytes(&bytes), &message, NULL);
        reached = bl_fault_disarm();
        assert_int_equal(status == BULLA_OK, !reached);
        assert_true(size == 0 || size > 64); /* nothing, or the whole message */
        assert_int_equal(message.payload.data == NULL, reached);
        assert_true(nth < 64);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_message_of_the_rfc_verifies),
        cmocka_unit_test(test_every_kind_of_key_signs_and_no_bit_may_change),
        cmocka_unit_test(test_what_stands_around_the_payload_is_signed_too),
        cmocka_unit_test(test_b25_a_hash_is_no_signature),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

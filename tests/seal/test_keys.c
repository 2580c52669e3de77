/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "seal/entropy.h"
#include "seal/keys.h"

static enum bulla_status
fill_with_zeros(void *context, void *out, size_t size, struct bulla_error *err)
{
    (void)context;
    (void)err;
    memset(out, 0, size);
    return BULLA_OK;
}

static void
keys_of_zeros_are_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const struct bl_blob_binding binding = { .suite = 1 };
    const struct bl_slot slot = { .type = BL_SLOT_PASSPHRASE };
    const struct bl_entropy broken = { fill_with_zeros, NULL };
    BL_AUTO(bl_secret) zeros = { 0 };
    BL_AUTO(bl_secret) out = { 0 };
    uint8_t kcv[BL_SLOT_KCV_SIZE];

    assert_ok(bl_secret_new(&zeros, BL_CONTENT_KEY_SIZE, &err), &err);
    assert_fails(bl_blob_extract(&binding, &zeros, &out, &err), BULLA_E_CRYPTO, &err);
    assert_fails(bl_slot_keys(&binding, &slot, &zeros, &out, kcv, &err), BULLA_E_CRYPTO, &err);
    assert_fails(bl_entropy_secret(&broken, &out, 32, &err), BULLA_E_CRYPTO, &err);
    assert_null(out.data);
}

/* Each input of a slot's key changes both the key and its check value. */
static void
a_slot_key_is_bound_to_all_it_should(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_blob_binding binding = { .suite = 1 };
    struct bl_slot slot = { .type = BL_SLOT_PASSPHRASE, .params = BL_LITERAL("\xa0") };
    BL_AUTO(bl_secret) input_key = { 0 };
    BL_AUTO(bl_secret) first = { 0 };
    uint8_t first_kcv[BL_SLOT_KCV_SIZE], kcv[BL_SLOT_KCV_SIZE];

    assert_ok(bl_secret_copy(&input_key, text_bytes("0123456789abcdef0123456789abcdef"), &err),
              &err);
    assert_ok(bl_slot_keys(&binding, &slot, &input_key, &first, first_kcv, &err), &err);
    for (unsigned change = 0; change < 5; change++) {
        struct bl_blob_binding other_binding = binding;
        struct bl_slot other_slot = slot;
        BL_AUTO(bl_secret) other_key = { 0 };
        BL_AUTO(bl_secret) key = { 0 };
        assert_ok(bl_secret_copy(&other_key, bl_secret_bytes(&input_key), &err), &err);
        other_binding.blob_id[31] ^= change == 0;
        other_slot.id[7] ^= change == 1;
        other_slot.type = change == 2 ? BL_SLOT_HPKE : other_slot.type;
        other_slot.params = change == 3 ? BL_LITERAL("\x80") : other_slot.params;
        other_key.data[0] ^= change == 4;
        assert_ok(bl_slot_keys(&other_binding, &other_slot, &other_key, &key, kcv, &err), &err);
        assert_false(bl_equal(bl_secret_bytes(&key), bl_secret_bytes(&first)));
        assert_false(bl_equal(BL_BYTES_OF(kcv), BL_BYTES_OF(first_kcv)));
    }
}

/* The slots, their size and their epoch may change without the key of the body changing. */
static void
the_body_key_is_bound_to_the_immutable_part(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const uint8_t id[BL_BLOB_ID_SIZE] = { 1 };
    uint8_t preamble[BL_BLOB_PREAMBLE_SIZE];
    struct bl_blob_binding first, other;

    struct bl_preamble facts = { .core_size = 3, .slots_size = 10, .slots_epoch = 1 };
    memcpy(facts.blob_id, id, sizeof id);
    bl_preamble_encode(&facts, preamble);
    assert_ok(bl_blob_bind(preamble, text_bytes("abc"), &first, &err), &err);
    facts.slots_size = 20;
    facts.slots_epoch = 9;
    facts.flags = BL_BLOB_FLAG_AREAS;
    bl_preamble_encode(&facts, preamble);
    assert_ok(bl_blob_bind(preamble, text_bytes("abc"), &other, &err), &err);
    assert_memory_equal(first.core_digest, other.core_digest, sizeof first.core_digest);
    assert_ok(bl_blob_bind(preamble, text_bytes("abd"), &other, &err), &err);
    assert_memory_not_equal(first.core_digest, other.core_digest, sizeof first.core_digest);
    preamble[11] ^= 2; /* the suite */
    assert_ok(bl_blob_bind(preamble, text_bytes("abc"), &other, &err), &err);
    assert_memory_not_equal(first.core_digest, other.core_digest, sizeof first.core_digest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_zeros_are_refused),
        cmocka_unit_test(a_slot_key_is_bound_to_all_it_should),
        cmocka_unit_test(the_body_key_is_bound_to_the_immutable_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

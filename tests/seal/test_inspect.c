/* SPDX-License-Identifier: Apache-2.0 */
#include "seal_fixture.h"

#include "codec/hex.h"
#include "crypto/hash.h"
#include "seal/inspect.h"

static void
summary_of(struct bulla_bytes blob, struct bl_blob_summary *summary)
{
    struct bulla_error err = { 0 };
    int fd = file_of(blob);

    assert_ok(bl_blob_inspect(fd, summary, &err), &err);
    close(fd);
}

static void
what_a_blob_says_of_itself(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) key = new_key(BL_KEY_P384);
    struct bl_slot_request slots[] = { recipient_slot(key), passphrase_slot("p") };
    const struct bl_tree leaves[] = { { .slot = 0 }, { .slot = 1 } };
    const struct bl_tree tree = { .kind = BL_TREE_ALL, .children = leaves, .child_count = 2 };
    struct bl_seal_request request = request_for(slots, 2);
    const struct bl_opener nothing = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO(bulla_buffer) expected_tree = { 0 };
    BL_AUTO(bl_blob_summary) summary = { 0 };
    uint8_t digest[BL_HASH_SIZE_MAX];

    slots[0].label = "ops";
    slots[1].is_recovery = true;
    slots[1].not_after_s = NOW_S + 5;
    request.tree = &tree;
    request.not_after_s = NOW_S + 9;
    request.with_associated_data = true;
    assert_ok(bl_seal_bytes(&request, &nothing, text_bytes("x"), &blob, &err), &err);
    summary_of(bulla_buffer_bytes(&blob), &summary);

    assert_int_equal(summary.suite, 1);
    assert_memory_equal(summary.blob_id, blob.data + 32, 32);
    assert_int_equal(summary.slots_epoch, 1);
    assert_bytes_equal(summary.name, text_bytes("test"));
    assert_int_equal(summary.created_s, NOW_S);
    assert_int_equal(summary.not_after_s, NOW_S + 9);
    assert_true(summary.with_associated_data);
    assert_int_equal(summary.freshness.kind, 0);
    assert_int_equal(summary.header_size, blob.size - 56 - 16 - 1);
    assert_int_equal(summary.slot_count, 2);

    size_t first = summary.slots[0].type == BL_SLOT_HPKE ? 0 : 1;
    const struct bl_slot_summary *recipient = &summary.slots[first];
    const struct bl_slot_summary *passphrase = &summary.slots[1 - first];
    assert_bytes_equal(recipient->label, text_bytes("ops"));
    assert_int_equal(recipient->recipient_kind, BL_KEY_P384);
    assert_ok(bl_key_raw_public(key, &raw, &err), &err);
    assert_ok(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&raw), digest, &err), &err);
    assert_memory_equal(recipient->recipient_id, digest, 8);
    assert_false(recipient->is_recovery);
    assert_int_equal(passphrase->type, BL_SLOT_PASSPHRASE);
    assert_true(passphrase->is_recovery);
    assert_int_equal(passphrase->not_after_s, NOW_S + 5);
    assert_int_equal(passphrase->scrypt_log_n, QUICK_LOG_N);

    assert_ok(bulla_buffer_append(&expected_tree, text_bytes("all("), &err), &err);
    assert_ok(bl_hex_encode(BL_BYTES_OF(recipient->id), &expected_tree, &err), &err);
    assert_ok(bulla_buffer_append(&expected_tree, text_bytes(", "), &err), &err);
    assert_ok(bl_hex_encode(BL_BYTES_OF(passphrase->id), &expected_tree, &err), &err);
    assert_ok(bulla_buffer_append(&expected_tree, text_bytes(")"), &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&summary.tree_text), bulla_buffer_bytes(&expected_tree));
}

static void
a_threshold_as_text(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) key = new_key(BL_KEY_X25519);
    struct bl_slot_request slots[12];
    struct bl_tree leaves[12];
    const struct bl_tree tree = {
        .kind = BL_TREE_THRESHOLD, .threshold = 10, .children = leaves, .child_count = 12
    };
    struct bl_seal_request request = request_for(slots, 12);
    const struct bl_opener nothing = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_blob_summary) summary = { 0 };

    for (size_t i = 0; i < 12; i++) {
        slots[i] = recipient_slot(key);
        leaves[i] = (struct bl_tree){ .slot = i };
    }
    request.tree = &tree;
    assert_ok(bl_seal_bytes(&request, &nothing, text_bytes("x"), &blob, &err), &err);
    summary_of(bulla_buffer_bytes(&blob), &summary);
    assert_true(summary.tree_text.size > 10);
    assert_memory_equal(summary.tree_text.data, "10-of-12(", 9);
}

static void
the_outlook_of_slots(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) key = new_key(BL_KEY_X25519);
    BL_AUTO_FREE(bl_key) other = new_key(BL_KEY_X25519);
    const struct bl_slot_request slot = recipient_slot(key);
    const struct bl_seal_request request = request_for(&slot, 1);
    const struct bl_opener nothing = { 0 };
    const struct bl_key *const right[] = { other, key };
    const struct bl_key *const wrong[] = { other };
    const struct bl_opener with_right = opener_of(right, 2, NULL);
    const struct bl_opener with_wrong = opener_of(wrong, 1, NULL);
    struct bl_slot_forecast forecast;
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_blob_summary) summary = { 0 };

    assert_ok(bl_seal_bytes(&request, &nothing, text_bytes("x"), &blob, &err), &err);
    summary_of(bulla_buffer_bytes(&blob), &summary);
    assert_ok(bl_blob_explain(&summary, &with_right, NOW_S, &forecast, &err), &err);
    assert_int_equal(forecast.outlook, BL_OUTLOOK_OPENS);
    assert_ok(bl_blob_explain(&summary, &nothing, NOW_S, &forecast, &err), &err);
    assert_int_equal(forecast.outlook, BL_OUTLOOK_NEEDS_INPUT);
    assert_ok(bl_blob_explain(&summary, &with_wrong, NOW_S, &forecast, &err), &err);
    assert_int_equal(forecast.outlook, BL_OUTLOOK_REFUSES);
    assert_int_equal(forecast.reason.cause, BULLA_CAUSE_WRONG_RECIPIENT);
    assert_int_equal(forecast.reason.status, BULLA_E_IDENTITY);
    assert_memory_equal(forecast.reason.expected.bytes, summary.slots[0].recipient_id, 8);

    summary.slots[0].type = (enum bl_slot_type)4711;
    assert_ok(bl_blob_explain(&summary, &with_right, NOW_S, &forecast, &err), &err);
    assert_int_equal(forecast.outlook, BL_OUTLOOK_REFUSES);
    assert_int_equal(forecast.reason.cause, BULLA_CAUSE_UNSUPPORTED);
}

static void
what_is_no_blob(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_blob_summary) summary = { 0 };
    int text = file_of(text_bytes("-----BEGIN NOTHING-----"));
    int empty = file_of(text_bytes(""));

    assert_cause(bl_blob_inspect(text, &summary, &err), BULLA_CAUSE_NOT_A_BLOB, &err);
    assert_cause(bl_blob_inspect(empty, &summary, &err), BULLA_CAUSE_NOT_A_BLOB, &err);
    assert_null(summary.slots);
    close(text);
    close(empty);
}

static void
without_memory(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const struct bl_slot_request slot = passphrase_slot("p");
    const struct bl_seal_request request = request_for(&slot, 1);
    const struct bl_opener nothing = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    bool reached = true;

    assert_ok(bl_seal_bytes(&request, &nothing, text_bytes("x"), &blob, &err), &err);
    for (uint64_t nth = 1; reached; nth++) {
        BL_AUTO(bl_blob_summary) summary = { 0 };
        int fd = file_of(bulla_buffer_bytes(&blob));
        bulla_error_clear(&err);
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        enum bulla_status status = bl_blob_inspect(fd, &summary, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_MEMORY : BULLA_OK);
        assert_int_equal(summary.slots != NULL, !reached);
        close(fd);
    }
}

/* A slot is judged by its own time as well, and the tree by what its slots come to. */
static void
an_expired_slot_refuses(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) key = new_key(BL_KEY_X25519);
    const struct bl_key *const keys[] = { key };
    struct bl_slot_request slots[] = { recipient_slot(key), passphrase_slot("p") };
    const struct bl_seal_request request = request_for(slots, 2);
    const struct bl_opener nothing = { 0 }, owner = opener_of(keys, 1, NULL);
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_blob_summary) summary = { 0 };
    struct bl_slot_forecast forecasts[2];
    enum bl_slot_outlook outlook = 0;

    slots[0].not_after_s = NOW_S;
    assert_ok(bl_seal_bytes(&request, &nothing, text_bytes("x"), &blob, &err), &err);
    summary_of(bulla_buffer_bytes(&blob), &summary);
    size_t first = summary.slots[0].type == BL_SLOT_HPKE ? 0 : 1;
    assert_ok(bl_blob_explain(&summary, &owner, NOW_S, forecasts, &err), &err);
    assert_int_equal(forecasts[first].outlook, BL_OUTLOOK_OPENS);
    assert_ok(bl_blob_outlook(&summary, forecasts, &outlook, &err), &err);
    assert_int_equal(outlook, BL_OUTLOOK_OPENS);
    assert_ok(bl_blob_explain(&summary, &owner, NOW_S + 1, forecasts, &err), &err);
    assert_int_equal(forecasts[first].outlook, BL_OUTLOOK_REFUSES);
    assert_int_equal(forecasts[first].reason.cause, BULLA_CAUSE_EXPIRED);
    assert_ok(bl_blob_outlook(&summary, forecasts, &outlook, &err), &err);
    assert_int_equal(outlook, BL_OUTLOOK_NEEDS_INPUT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_blob_says_of_itself),
        cmocka_unit_test(a_threshold_as_text),
        cmocka_unit_test(the_outlook_of_slots),
        cmocka_unit_test(an_expired_slot_refuses),
        cmocka_unit_test(what_is_no_blob),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

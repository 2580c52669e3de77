/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin messages: signed end to end, for one broker, one challenge, one purpose. G6.
 */
#include "unit.h"

#include "codec/cbor.h"
#include "crypto/cose_sign1.h"
#include "wire/admin.h"

static struct bl_key *root;
static struct bl_key *admin;

static const uint8_t broker_id[BL_BROKER_ID_SIZE] = { 0xb1 };
static const uint8_t nonce[BL_NONCE_SIZE] = { 0x40 };

static int
make_keys(void **state)
{
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_key_generate(BL_KEY_ED25519, &root, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_ED25519, &admin, &err), &err);
    return 0;
}

static int
free_keys(void **state)
{
    (void)state;
    bl_key_free(root);
    bl_key_free(admin);
    return 0;
}

static struct bl_admin_request
sample_request(void)
{
    struct bl_admin_request request = { .verb = BL_LITERAL("grant"),
                                        .arguments = { { BL_LITERAL("name"), BL_LITERAL("a/b") },
                                                       { BL_LITERAL("policy"),
                                                         BL_LITERAL("\x01\x02") } },
                                        .argument_count = 2 };

    memcpy(request.broker_id, broker_id, sizeof broker_id);
    memcpy(request.nonce, nonce, sizeof nonce);
    return request;
}

static void
test_a_request_comes_back(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_admin_request request = sample_request();
    struct bl_admin_request back = { 0 };
    uint8_t id[BL_ADMIN_KEY_ID_SIZE];
    uint8_t found_id[BL_ADMIN_KEY_ID_SIZE];
    bool found = false;

    assert_ok(bl_admin_request_sign(&request, admin, &content, &err), &err);
    assert_ok(bl_admin_key_id(admin, id, &err), &err);
    assert_ok(bl_admin_request_key_id(bulla_buffer_bytes(&content), found_id, &err), &err);
    assert_memory_equal(id, found_id, sizeof id);
    assert_ok(
        bl_admin_request_open(bulla_buffer_bytes(&content), admin, broker_id, nonce, &back, &err),
        &err);
    assert_bytes_equal(back.verb, BL_LITERAL("grant"));
    assert_bytes_equal(bl_admin_argument(&back, "name", &found), BL_LITERAL("a/b"));
    assert_true(found);
    assert_bytes_equal(bl_admin_argument(&back, "policy", &found), BL_LITERAL("\x01\x02"));
    assert_int_equal(bl_admin_argument(&back, "polic", &found).size, 0);
    assert_false(found);
}

static void
test_only_the_registered_key_this_broker_and_this_challenge(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_admin_request request = sample_request();
    struct bl_admin_request out = { .argument_count = 77 };
    static const uint8_t other[32] = { 0xff };

    assert_ok(bl_admin_request_sign(&request, admin, &content, &err), &err);
    const struct bulla_bytes bytes = bulla_buffer_bytes(&content);
    assert_fails(bl_admin_request_open(bytes, root, broker_id, nonce, &out, &err),
                 BULLA_E_SIGNATURE, &err);
    assert_fails(bl_admin_request_open(bytes, admin, other, nonce, &out, &err), BULLA_E_MISMATCH,
                 &err);
    assert_cause(bl_admin_request_open(bytes, admin, broker_id, other, &out, &err),
                 BULLA_CAUSE_REPLAYED, &err);
    assert_int_equal(out.argument_count, 77);
}

static void
test_no_byte_of_a_request_may_change(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_admin_request request = sample_request();
    struct bl_admin_request out = { 0 };
    uint8_t id[BL_ADMIN_KEY_ID_SIZE];

    assert_ok(bl_admin_request_sign(&request, admin, &content, &err), &err);
    assert_ok(bl_admin_key_id(admin, id, &err), &err);
    const uint8_t *hint = memmem(content.data, content.size, id, sizeof id);
    assert_non_null(hint);
    const size_t hint_at = (size_t)(hint - content.data); /* says which key to try, no more */
    for (size_t i = 0; i < content.size; i++) {
        if (i >= hint_at && i < hint_at + sizeof id)
            continue;
        content.data[i] ^= 0x01;
        bulla_error_clear(&err);
        assert_int_not_equal(bl_admin_request_open(bulla_buffer_bytes(&content), admin, broker_id,
                                                   nonce, &out, &err),
                             BULLA_OK);
        content.data[i] ^= 0x01;
    }
    for (size_t size = 0; size < content.size; size++) {
        bulla_error_clear(&err);
        assert_int_not_equal(bl_admin_request_open((struct bulla_bytes){ content.data, size },
                                                   admin, broker_id, nonce, &out, &err),
                             BULLA_OK);
    }
}

/* A payload that the admin really signed, but which is not what a request is. */
static enum bulla_status
open_payload(const struct bulla_buffer *payload, const char *purpose_text, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_admin_request out = { 0 };
    uint8_t id[BL_ADMIN_KEY_ID_SIZE];
    const struct bl_cose_context purpose = { .content_type = text_bytes(purpose_text) };

    assert_ok(bl_admin_key_id(admin, id, err), err);
    assert_ok(bl_cose_sign1_sign(admin, &purpose, BL_BYTES_OF(id), bulla_buffer_bytes(payload),
                                 &content, err),
              err);
    return bl_admin_request_open(bulla_buffer_bytes(&content), admin, broker_id, nonce, &out, err);
}

static void
write_request(struct bulla_buffer *payload, size_t argument_count, bool same_names)
{
    struct bl_writer w = bl_writer(payload);
    struct bulla_error err = { 0 };

    bulla_buffer_clear(payload);
    bl_cbor_write_array(&w, 4);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(broker_id));
    bl_cbor_write_bytes(&w, BL_BYTES_OF(nonce));
    bl_cbor_write_text(&w, BL_LITERAL("list"));
    bl_cbor_write_array(&w, argument_count);
    for (size_t i = 0; i < argument_count; i++) {
        const uint8_t name[1] = { same_names ? (uint8_t)'a' : (uint8_t)('a' + (int)i) };
        bl_cbor_write_array(&w, 2);
        bl_cbor_write_text(&w, BL_BYTES_OF(name));
        bl_cbor_write_bytes(&w, BL_LITERAL("v"));
    }
    assert_ok(bl_writer_finish(&w, &err), &err);
}

static void
test_what_a_request_must_be(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) payload = { 0 };
    static const char purpose[] = "bulla-admin-request/1";

    write_request(&payload, BL_ADMIN_ARGUMENT_COUNT_MAX, false);
    assert_ok(open_payload(&payload, purpose, &err), &err);
    assert_int_not_equal(open_payload(&payload, "bulla-admin-reply/1", &err), BULLA_OK);
    bulla_error_clear(&err);
    write_request(&payload, BL_ADMIN_ARGUMENT_COUNT_MAX + 1, false);
    assert_int_equal(open_payload(&payload, purpose, &err), BULLA_E_MALFORMED);
    bulla_error_clear(&err);
    write_request(&payload, 2, true); /* the same name twice */
    assert_int_equal(open_payload(&payload, purpose, &err), BULLA_E_MALFORMED);
    for (size_t size = 0; size < payload.size; size++) {
        struct bulla_buffer cut = { .data = payload.data, .size = size };
        bulla_error_clear(&err);
        assert_int_equal(open_payload(&cut, purpose, &err), BULLA_E_MALFORMED);
    }
    struct bl_admin_request request = { .argument_count = BL_ADMIN_ARGUMENT_COUNT_MAX + 1 };
    BL_AUTO(bulla_buffer) content = { 0 };
    assert_fails(bl_admin_request_sign(&request, admin, &content, &err), BULLA_E_ARGUMENT, &err);
}

static void
test_a_challenge_is_the_roots(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_admin_challenge challenge = { .upload_key = { 0x0c } };
    struct bl_admin_challenge back = { .upload_key = { 0xee } };

    memcpy(challenge.broker_id, broker_id, sizeof broker_id);
    memcpy(challenge.nonce, nonce, sizeof nonce);
    assert_ok(bl_admin_challenge_sign(&challenge, root, &content, &err), &err);
    assert_fails(bl_admin_challenge_open(bulla_buffer_bytes(&content), admin, &back, &err),
                 BULLA_E_SIGNATURE, &err);
    for (size_t i = 0; i < content.size; i++) {
        content.data[i] ^= 0x40;
        bulla_error_clear(&err);
        assert_int_not_equal(
            bl_admin_challenge_open(bulla_buffer_bytes(&content), root, &back, &err), BULLA_OK);
        content.data[i] ^= 0x40;
    }
    assert_int_equal(back.upload_key[0], 0xee);
    bulla_error_clear(&err);
    assert_ok(bl_admin_challenge_open(bulla_buffer_bytes(&content), root, &back, &err), &err);
    assert_memory_equal(&back, &challenge, sizeof back);
}

static enum bulla_status
open_reply(uint64_t cause, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_admin_reply reply = { .cause = (enum bulla_cause)cause };
    struct bl_admin_reply back = { 0 };

    memcpy(reply.nonce, nonce, sizeof nonce);
    assert_ok(bl_admin_reply_sign(&reply, root, &content, err), err);
    return bl_admin_reply_open(bulla_buffer_bytes(&content), root, nonce, &back, err);
}

static void
test_a_reply_answers_one_request(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_admin_reply reply = { .cause = BULLA_CAUSE_DENIED, .body = BL_LITERAL("why") };
    struct bl_admin_reply back = { .cause = BULLA_CAUSE_IO };
    static const uint8_t other[BL_NONCE_SIZE] = { 1 };

    memcpy(reply.nonce, nonce, sizeof nonce);
    assert_ok(bl_admin_reply_sign(&reply, root, &content, &err), &err);
    const struct bulla_bytes bytes = bulla_buffer_bytes(&content);
    assert_fails(bl_admin_reply_open(bytes, root, other, &back, &err), BULLA_E_MISMATCH, &err);
    assert_fails(bl_admin_reply_open(bytes, admin, nonce, &back, &err), BULLA_E_SIGNATURE, &err);
    assert_int_equal(back.cause, BULLA_CAUSE_IO);
    bulla_error_clear(&err);
    assert_ok(bl_admin_reply_open(bytes, root, nonce, &back, &err), &err);
    assert_int_equal(back.cause, BULLA_CAUSE_DENIED);
    assert_bytes_equal(back.body, BL_LITERAL("why"));
    assert_ok(open_reply(BULLA_CAUSE_NONE, &err), &err);
    assert_fails(open_reply(9998, &err), BULLA_E_MALFORMED, &err);   /* nobody's number */
    assert_fails(open_reply(100000, &err), BULLA_E_MALFORMED, &err); /* beyond all of them */
}

/* One signature never passes for another: challenge, reply, request and release are kept apart. */
static void
test_purposes_are_separate(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) reply_content = { 0 };
    BL_AUTO(bulla_buffer) challenge_content = { 0 };
    BL_AUTO(bulla_buffer) request_content = { 0 };
    struct bl_admin_challenge challenge = { 0 };
    struct bl_admin_reply reply = { 0 };
    struct bl_admin_request request = sample_request();

    memcpy(reply.nonce, nonce, sizeof nonce);
    memcpy(challenge.nonce, nonce, sizeof nonce);
    assert_ok(bl_admin_reply_sign(&reply, root, &reply_content, &err), &err);
    assert_ok(bl_admin_challenge_sign(&challenge, root, &challenge_content, &err), &err);
    assert_ok(bl_admin_request_sign(&request, root, &request_content, &err), &err);
    assert_fails(
        bl_admin_challenge_open(bulla_buffer_bytes(&reply_content), root, &challenge, &err),
        BULLA_E_MISMATCH, &err);
    assert_fails(
        bl_admin_reply_open(bulla_buffer_bytes(&challenge_content), root, nonce, &reply, &err),
        BULLA_E_MISMATCH, &err);
    assert_fails(bl_admin_request_open(bulla_buffer_bytes(&challenge_content), root, broker_id,
                                       nonce, &request, &err),
                 BULLA_E_MISMATCH, &err);
    assert_fails(
        bl_admin_challenge_open(bulla_buffer_bytes(&request_content), root, &challenge, &err),
        BULLA_E_MISMATCH, &err);
}

static void
test_an_upload_belongs_to_broker_challenge_and_name(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) a = { 0 };
    BL_AUTO(bulla_buffer) b = { 0 };
    BL_AUTO(bulla_buffer) c = { 0 };
    BL_AUTO(bulla_buffer) d = { 0 };
    static const uint8_t other[32] = { 0x99 };

    assert_ok(bl_upload_binding(broker_id, nonce, BL_LITERAL("n"), &a, &err), &err);
    assert_ok(bl_upload_binding(other, nonce, BL_LITERAL("n"), &b, &err), &err);
    assert_ok(bl_upload_binding(broker_id, other, BL_LITERAL("n"), &c, &err), &err);
    assert_ok(bl_upload_binding(broker_id, nonce, BL_LITERAL("m"), &d, &err), &err);
    assert_false(bl_equal(bulla_buffer_bytes(&a), bulla_buffer_bytes(&b)));
    assert_false(bl_equal(bulla_buffer_bytes(&a), bulla_buffer_bytes(&c)));
    assert_false(bl_equal(bulla_buffer_bytes(&a), bulla_buffer_bytes(&d)));
    assert_false(bl_equal(bl_upload_info(), bl_release_info()));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_comes_back),
        cmocka_unit_test(test_only_the_registered_key_this_broker_and_this_challenge),
        cmocka_unit_test(test_no_byte_of_a_request_may_change),
        cmocka_unit_test(test_what_a_request_must_be),
        cmocka_unit_test(test_a_challenge_is_the_roots),
        cmocka_unit_test(test_a_reply_answers_one_request),
        cmocka_unit_test(test_purposes_are_separate),
        cmocka_unit_test(test_an_upload_belongs_to_broker_challenge_and_name),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}

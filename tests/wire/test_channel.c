/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "wire/channel.h"

static struct bl_client_hello
sample_client_hello(void)
{
    struct bl_client_hello hello = { .version = BL_CHANNEL_VERSION,
                                     .epoch = 3,
                                     .evidence_types = { BL_LITERAL("tpm"), BL_LITERAL("snp") },
                                     .evidence_type_count = 2,
                                     .want = BL_WANT_PEER_EVIDENCE };

    memset(hello.nonce, 0x11, sizeof hello.nonce);
    memset(hello.wrap_key, 0x22, sizeof hello.wrap_key);
    return hello;
}

static struct bl_server_hello
sample_server_hello(void)
{
    struct bl_server_hello hello = { .version = BL_CHANNEL_VERSION,
                                     .epoch = 3,
                                     .evidence_type = BL_LITERAL("tpm"),
                                     .own_evidence_type = BL_LITERAL("") };

    memset(hello.nonce, 0x33, sizeof hello.nonce);
    memset(hello.wrap_key, 0x44, sizeof hello.wrap_key);
    memset(hello.policy_id, 0x55, sizeof hello.policy_id);
    return hello;
}

static void
test_client_hello_comes_back(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) body = { 0 };
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bulla_error err = { 0 };
    struct bl_client_hello hello = sample_client_hello();
    struct bl_client_hello back = { 0 };

    assert_ok(bl_client_hello_encode(&hello, &body, &err), &err);
    assert_int_equal(bl_message_kind(bulla_buffer_bytes(&body)), BL_MESSAGE_CLIENT_HELLO);
    assert_ok(bl_client_hello_decode(bulla_buffer_bytes(&body), &back, &err), &err);
    assert_int_equal(back.epoch, 3);
    assert_int_equal(back.evidence_type_count, 2);
    assert_bytes_equal(back.evidence_types[1], BL_LITERAL("snp"));
    assert_memory_equal(back.wrap_key, hello.wrap_key, sizeof hello.wrap_key);
    assert_int_equal(back.want, BL_WANT_PEER_EVIDENCE);
    assert_ok(bl_client_hello_encode(&back, &again, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&again), bulla_buffer_bytes(&body));
}

static void
test_server_hello_comes_back(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bulla_error err = { 0 };
    struct bl_server_hello hello = sample_server_hello();
    struct bl_server_hello back = { 0 };

    assert_ok(bl_server_hello_encode(&hello, &body, &err), &err);
    assert_ok(bl_server_hello_decode(bulla_buffer_bytes(&body), &back, &err), &err);
    assert_bytes_equal(back.evidence_type, BL_LITERAL("tpm"));
    assert_int_equal(back.own_evidence_type.size, 0);
    assert_memory_equal(back.policy_id, hello.policy_id, sizeof hello.policy_id);
}

static void
test_every_truncation_and_extra_byte_is_refused(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) client = { 0 };
    BL_AUTO(bulla_buffer) server = { 0 };
    struct bulla_error err = { 0 };
    struct bl_client_hello client_hello = sample_client_hello();
    struct bl_server_hello server_hello = sample_server_hello();

    assert_ok(bl_client_hello_encode(&client_hello, &client, &err), &err);
    assert_ok(bl_server_hello_encode(&server_hello, &server, &err), &err);
    assert_ok(bulla_buffer_append(&client, BL_LITERAL("\0"), &err), &err);
    assert_ok(bulla_buffer_append(&server, BL_LITERAL("\0"), &err), &err);
    for (size_t size = 0; size <= client.size; size++) {
        struct bl_client_hello out = { .epoch = 77 };
        if (size == client.size - 1)
            continue; /* the whole message */
        assert_fails(bl_client_hello_decode((struct bulla_bytes){ client.data, size }, &out, &err),
                     BULLA_E_MALFORMED, &err);
        assert_int_equal(out.epoch, 77);
    }
    for (size_t size = 0; size <= server.size; size++) {
        struct bl_server_hello out = { .epoch = 77 };
        if (size == server.size - 1)
            continue;
        assert_fails(bl_server_hello_decode((struct bulla_bytes){ server.data, size }, &out, &err),
                     BULLA_E_MALFORMED, &err);
        assert_int_equal(out.epoch, 77);
    }
}

static void
test_another_version_is_refused(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bulla_error err = { 0 };
    struct bl_client_hello hello = sample_client_hello();
    struct bl_client_hello out = { 0 };

    hello.version = 2;
    assert_ok(bl_client_hello_encode(&hello, &body, &err), &err);
    assert_fails(bl_client_hello_decode(bulla_buffer_bytes(&body), &out, &err), BULLA_E_UNSUPPORTED,
                 &err);
    assert_int_equal(err.found.number, 2);
}

static void
test_a_message_is_not_taken_for_another(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bulla_error err = { 0 };
    struct bulla_bytes content = { NULL, 0 };

    assert_ok(bl_carrier_encode(BL_MESSAGE_REQUEST, BL_LITERAL("x"), &body, &err), &err);
    assert_fails(bl_carrier_decode(BL_MESSAGE_REPLY, bulla_buffer_bytes(&body), &content, &err),
                 BULLA_E_MALFORMED, &err);
    bulla_error_clear(&err);
    assert_ok(bl_carrier_decode(BL_MESSAGE_REQUEST, bulla_buffer_bytes(&body), &content, &err),
              &err);
    assert_bytes_equal(content, BL_LITERAL("x"));
    assert_int_equal(bl_message_kind(BL_LITERAL("")), 0);
    assert_int_equal(bl_message_kind(BL_LITERAL("\x81\x18\x63")), 0);
    assert_int_equal(bl_message_kind(BL_LITERAL("\x81\x07")), BL_MESSAGE_ALERT);
}

/* Each input of the report data changes it: an attacker can hold none of them loose. */
static void
test_report_data_covers_every_input(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t exporter[BL_EXPORTER_SIZE] = { 1 };
    uint8_t context[BL_TRANSCRIPT_SIZE] = { 2 };
    uint8_t wrap_key[BL_WRAP_KEY_SIZE] = { 3 };
    uint8_t base[BL_REPORT_DATA_SIZE];
    uint8_t other[6][BL_REPORT_DATA_SIZE];
    struct bulla_bytes type = BL_LITERAL("tpm");
    struct bulla_bytes claims = BL_LITERAL("claims");

    assert_ok(bl_report_data(BL_ROLE_CLIENT, type, exporter, context, wrap_key, claims, base, &err),
              &err);
    assert_ok(
        bl_report_data(BL_ROLE_SERVER, type, exporter, context, wrap_key, claims, other[0], &err),
        &err);
    assert_ok(bl_report_data(BL_ROLE_CLIENT, BL_LITERAL("snp"), exporter, context, wrap_key, claims,
                             other[1], &err),
              &err);
    assert_ok(bl_report_data(BL_ROLE_CLIENT, type, exporter, context, wrap_key,
                             BL_LITERAL("Claims"), other[2], &err),
              &err);
    exporter[47] ^= 1;
    assert_ok(
        bl_report_data(BL_ROLE_CLIENT, type, exporter, context, wrap_key, claims, other[3], &err),
        &err);
    exporter[47] ^= 1;
    context[47] ^= 1;
    assert_ok(
        bl_report_data(BL_ROLE_CLIENT, type, exporter, context, wrap_key, claims, other[4], &err),
        &err);
    context[47] ^= 1;
    wrap_key[31] ^= 1;
    assert_ok(
        bl_report_data(BL_ROLE_CLIENT, type, exporter, context, wrap_key, claims, other[5], &err),
        &err);
    for (size_t i = 0; i < 6; i++) {
        assert_memory_not_equal(base, other[i], sizeof base);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(other[k], other[i], sizeof base);
    }
}

static void
test_context_covers_both_keys_and_the_suite(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t transcript[BL_TRANSCRIPT_SIZE] = { 9 };
    uint8_t base[BL_TRANSCRIPT_SIZE];
    uint8_t other[BL_TRANSCRIPT_SIZE];
    struct bl_tls_facts tls = { .cipher_suite = 0x1302 };

    assert_ok(bl_channel_context(BL_ROLE_CLIENT, transcript, &tls, base, &err), &err);
    tls.server_spki_hash[0] ^= 1;
    assert_ok(bl_channel_context(BL_ROLE_CLIENT, transcript, &tls, other, &err), &err);
    assert_memory_not_equal(base, other, sizeof base);
    tls.server_spki_hash[0] ^= 1;
    tls.has_client_certificate = true; /* a certificate with an all-zero hash is not "none" */
    assert_ok(bl_channel_context(BL_ROLE_CLIENT, transcript, &tls, other, &err), &err);
    assert_memory_not_equal(base, other, sizeof base);
    tls.has_client_certificate = false;
    tls.cipher_suite = 0x1301;
    assert_ok(bl_channel_context(BL_ROLE_CLIENT, transcript, &tls, other, &err), &err);
    assert_memory_not_equal(base, other, sizeof base);
}

static void
test_transcript_covers_every_frame_and_its_length(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t a[BL_TRANSCRIPT_SIZE];
    uint8_t b[BL_TRANSCRIPT_SIZE];
    BL_AUTO(bl_transcript) one = { 0 };
    BL_AUTO(bl_transcript) two = { 0 };

    assert_ok(bl_transcript_start(&one, &err), &err);
    assert_ok(bl_transcript_start(&two, &err), &err);
    assert_ok(bl_transcript_add(&one, BL_LITERAL("ab"), &err), &err);
    assert_ok(bl_transcript_add(&one, BL_LITERAL("c"), &err), &err);
    assert_ok(bl_transcript_add(&two, BL_LITERAL("a"), &err), &err);
    assert_ok(bl_transcript_add(&two, BL_LITERAL("bc"), &err), &err);
    assert_ok(bl_transcript_digest(&one, a, &err), &err);
    assert_ok(bl_transcript_digest(&two, b, &err), &err);
    assert_memory_not_equal(a, b, sizeof a);
    assert_ok(bl_transcript_digest(&one, b, &err), &err);
    assert_memory_equal(a, b, sizeof a); /* asking does not end it */
    assert_ok(bl_transcript_add(&one, BL_LITERAL(""), &err), &err);
    assert_ok(bl_transcript_digest(&one, b, &err), &err);
    assert_memory_not_equal(a, b, sizeof a);
}

static void
test_confirmations_differ_by_role(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t exporter[BL_EXPORTER_SIZE] = { 1 };
    uint8_t transcript[BL_TRANSCRIPT_SIZE] = { 2 };
    uint8_t client[BL_TRANSCRIPT_SIZE];
    uint8_t server[BL_TRANSCRIPT_SIZE];

    assert_ok(bl_confirm_mac(BL_ROLE_CLIENT, exporter, transcript, client, &err), &err);
    assert_ok(bl_confirm_mac(BL_ROLE_SERVER, exporter, transcript, server, &err), &err);
    assert_memory_not_equal(client, server, sizeof client);
    assert_string_not_equal(bl_evidence_exporter_label(BL_ROLE_CLIENT),
                            bl_evidence_exporter_label(BL_ROLE_SERVER));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_hello_comes_back),
        cmocka_unit_test(test_server_hello_comes_back),
        cmocka_unit_test(test_every_truncation_and_extra_byte_is_refused),
        cmocka_unit_test(test_another_version_is_refused),
        cmocka_unit_test(test_a_message_is_not_taken_for_another),
        cmocka_unit_test(test_report_data_covers_every_input),
        cmocka_unit_test(test_context_covers_both_keys_and_the_suite),
        cmocka_unit_test(test_transcript_covers_every_frame_and_its_length),
        cmocka_unit_test(test_confirmations_differ_by_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

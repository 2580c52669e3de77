/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "wire/release.h"

static void
test_names(void **state)
{
    (void)state;
    static const char *const good[] = { "a", "db/password", "a.b-c_d/0", "a/b/c/d", "..x" };
    static const char *const bad[] = { "",    "/",        "a/",        "/a",   "a//b",
                                       "A",   "a b",      "..",        "a/.",  "a/..",
                                       "a\n", "\xc3\xa9", "a/b/c/d/e", "a%2f", "a\\b" };
    char long_part[80];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(bl_secret_name_is_valid(text_bytes(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(bl_secret_name_is_valid(text_bytes(bad[i])));
    memset(long_part, 'a', sizeof long_part);
    assert_true(bl_secret_name_is_valid((struct bulla_bytes){ (uint8_t *)long_part, 64 }));
    assert_false(bl_secret_name_is_valid((struct bulla_bytes){ (uint8_t *)long_part, 65 }));
    assert_false(bl_secret_name_is_valid(BL_LITERAL("a\0b")));
}

static void
test_requests_come_back_and_refuse_bad_names(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    BL_AUTO(bulla_buffer) bad = { 0 };
    struct bl_get_request back = { 0 };
    struct bl_get_request request = { .name = BL_LITERAL("db/password"), .version_min = 7 };

    assert_ok(bl_get_request_encode(&request, &content, &err), &err);
    assert_ok(bl_get_request_decode(bulla_buffer_bytes(&content), &back, &err), &err);
    assert_bytes_equal(back.name, request.name);
    assert_int_equal(back.version_min, 7);
    for (size_t size = 0; size < content.size; size++) {
        struct bl_get_request out = { .version_min = 99 };
        assert_fails(bl_get_request_decode((struct bulla_bytes){ content.data, size }, &out, &err),
                     BULLA_E_MALFORMED, &err);
        assert_int_equal(out.version_min, 99);
    }
    request.name = BL_LITERAL("../etc/passwd");
    bulla_error_clear(&err);
    assert_ok(bl_get_request_encode(&request, &bad, &err), &err);
    assert_fails(bl_get_request_decode(bulla_buffer_bytes(&bad), &back, &err), BULLA_E_MALFORMED,
                 &err);
}

static struct bl_get_reply
sample_reply(void)
{
    struct bl_get_reply reply = { .name = BL_LITERAL("db/password"),
                                  .version = 3,
                                  .lease_end_s = 1234,
                                  .enc = BL_LITERAL("0123456789abcdef0123456789abcdef"),
                                  .ciphertext = BL_LITERAL("not really") };

    memset(reply.broker_id, 1, sizeof reply.broker_id);
    memset(reply.verdict_id, 2, sizeof reply.verdict_id);
    memset(reply.report_data, 3, sizeof reply.report_data);
    return reply;
}

static void
test_replies_come_back_whole_or_not_at_all(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) payload = { 0 };
    struct bl_get_reply reply = sample_reply();
    struct bl_get_reply back = { 0 };

    assert_ok(bl_get_reply_encode(&reply, &payload, &err), &err);
    assert_ok(bl_get_reply_decode(bulla_buffer_bytes(&payload), &back, &err), &err);
    assert_int_equal(back.version, 3);
    assert_int_equal(back.lease_end_s, 1234);
    assert_bytes_equal(back.ciphertext, reply.ciphertext);
    assert_memory_equal(back.report_data, reply.report_data, sizeof reply.report_data);
    for (size_t size = 0; size < payload.size; size++) {
        struct bl_get_reply out = { .version = 99 };
        assert_fails(bl_get_reply_decode((struct bulla_bytes){ payload.data, size }, &out, &err),
                     BULLA_E_MALFORMED, &err);
        assert_int_equal(out.version, 99);
    }
}

/* Whoever changes any of these cannot open the secret any more. */
static void
test_the_binding_covers_every_field(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_get_reply changed[6];
    BL_AUTO(bulla_buffer) base = { 0 };
    struct bl_get_reply reply = sample_reply();

    assert_ok(bl_get_reply_binding(&reply, &base, &err), &err);
    for (size_t i = 0; i < 6; i++)
        changed[i] = reply;
    changed[0].broker_id[31] ^= 1;
    changed[1].name = BL_LITERAL("db/passwore");
    changed[2].version++;
    changed[3].verdict_id[15] ^= 1;
    changed[4].report_data[63] ^= 1;
    changed[5].lease_end_s++;
    for (size_t i = 0; i < 6; i++) {
        BL_AUTO(bulla_buffer) other = { 0 };
        assert_ok(bl_get_reply_binding(&changed[i], &other, &err), &err);
        assert_false(bl_equal(bulla_buffer_bytes(&base), bulla_buffer_bytes(&other)));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_requests_come_back_and_refuse_bad_names),
        cmocka_unit_test(test_replies_come_back_whole_or_not_at_all),
        cmocka_unit_test(test_the_binding_covers_every_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "wire/enroll.h"

static void
test_requests_come_back(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_enroll_request back = { 0 };
    const struct bl_enroll_request request = { .certificates = { BL_LITERAL("one"),
                                                                 BL_LITERAL("two") },
                                               .certificate_count = 2,
                                               .ek_public = BL_LITERAL("ek"),
                                               .ak_public = BL_LITERAL("ak") };

    assert_ok(bl_enroll_request_encode(&request, &content, &err), &err);
    assert_ok(bl_enroll_request_decode(bulla_buffer_bytes(&content), &back, &err), &err);
    assert_int_equal(back.certificate_count, 2);
    assert_bytes_equal(back.certificates[1], BL_LITERAL("two"));
    assert_bytes_equal(back.ak_public, BL_LITERAL("ak"));
    for (size_t size = 0; size < content.size; size++) {
        struct bl_enroll_request out = { .certificate_count = 99 };
        assert_fails(
            bl_enroll_request_decode((struct bulla_bytes){ content.data, size }, &out, &err),
            BULLA_E_MALFORMED, &err);
        assert_int_equal(out.certificate_count, 99);
    }
}

static void
test_limits_hold(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_enroll_request request = { .certificate_count = BL_ENROLL_CERTIFICATE_COUNT_MAX + 1 };
    static const uint8_t large[BL_ENROLL_PART_SIZE_MAX + 1];
    struct bl_enroll_request back = { 0 };

    assert_fails(bl_enroll_request_encode(&request, &content, &err), BULLA_E_ARGUMENT, &err);
    request = (struct bl_enroll_request){ .ek_public = BL_BYTES_OF(large) };
    bulla_error_clear(&err);
    assert_ok(bl_enroll_request_encode(&request, &content, &err), &err);
    assert_fails(bl_enroll_request_decode(bulla_buffer_bytes(&content), &back, &err),
                 BULLA_E_MALFORMED, &err);
    assert_fails(bl_enroll_request_decode(BL_LITERAL("\x83\x85"), &back, &err), BULLA_E_MALFORMED,
                 &err);
}

static void
test_pairs_come_back(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) challenge = { 0 };
    BL_AUTO(bulla_buffer) certificate = { 0 };
    const struct bl_enroll_challenge c = { BL_LITERAL("id"), BL_LITERAL("secret") };
    const struct bl_enroll_certificate d = { BL_LITERAL("ak"), BL_LITERAL("root") };
    struct bl_enroll_challenge c_back = { 0 };
    struct bl_enroll_certificate d_back = { 0 };

    assert_ok(bl_enroll_challenge_encode(&c, &challenge, &err), &err);
    assert_ok(bl_enroll_challenge_decode(bulla_buffer_bytes(&challenge), &c_back, &err), &err);
    assert_bytes_equal(c_back.encrypted_secret, BL_LITERAL("secret"));
    assert_ok(bl_enroll_certificate_encode(&d, &certificate, &err), &err);
    assert_ok(bl_enroll_certificate_decode(bulla_buffer_bytes(&certificate), &d_back, &err), &err);
    assert_bytes_equal(d_back.root_certificate, BL_LITERAL("root"));
    for (size_t size = 0; size < challenge.size; size++)
        assert_fails(
            bl_enroll_challenge_decode((struct bulla_bytes){ challenge.data, size }, &c_back, &err),
            BULLA_E_MALFORMED, &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_come_back),
        cmocka_unit_test(test_limits_hold),
        cmocka_unit_test(test_pairs_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

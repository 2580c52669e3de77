/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys as openssl writes them (the keys below are of these tests alone), and what is refused. */
#include "unit.h"

#include "codec/hex.h"
#include "codec/pem.h"
#include "crypto/private_key.h"
#include "faults.h"

#define P256_PKCS8                                                       \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZQ9C1voVKarClsTy\n" \
    "b2oi19U3In8mnO4Ou4GZevZtV0uhRANCAASleEEs73LnUCto/A2/yhBJaWi39Qv/\n" \
    "DROpqTykfL7GcpvVvKB5hK2FwUH6xNzgygxQHKz3VmxZTKGdwZO2Gd9S\n"         \
    "-----END PRIVATE KEY-----\n"

#define P256_PUBLIC                                                      \
    "-----BEGIN PUBLIC KEY-----\n"                                       \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpXhBLO9y51AraPwNv8oQSWlot/UL\n" \
    "/w0Tqak8pHy+xnKb1bygeYSthcFB+sTc4MoMUBys91ZsWUyhncGTthnfUg==\n"     \
    "-----END PUBLIC KEY-----\n"

#define P256_SEC1                                                        \
    "-----BEGIN EC PRIVATE KEY-----\n"                                   \
    "MHcCAQEEIGUPQtb6FSmqwpbE8m9qItfVNyJ/JpzuDruBmXr2bVdLoAoGCCqGSM49\n" \
    "AwEHoUQDQgAEpXhBLO9y51AraPwNv8oQSWlot/UL/w0Tqak8pHy+xnKb1bygeYSt\n" \
    "hcFB+sTc4MoMUBys91ZsWUyhncGTthnfUg==\n"                             \
    "-----END EC PRIVATE KEY-----\n"

#define P384_PKCS8                                                       \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAJfh26QUxFNPiJHmxG\n" \
    "xl8tAtwhTF2TqlRMiiR3KGYzWL86GujWSH4DXE4gZHAZnmOhZANiAASvLNbHj3VI\n" \
    "+dP2RXfpdwQ8IEuSLgfvX7lSOzgTcSJNMXeHbmth6Vry2/qTbCKckLaTKCKqK0YW\n" \
    "GwwM8LF1HPK3oMT7VOlClIrRmwFmySvAqz6IDUbyF5Y/TqE/i9uDt5I=\n"         \
    "-----END PRIVATE KEY-----\n"

#define P384_PUBLIC                                                      \
    "-----BEGIN PUBLIC KEY-----\n"                                       \
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEryzWx491SPnT9kV36XcEPCBLki4H71+5\n" \
    "Ujs4E3EiTTF3h25rYela8tv6k2winJC2kygiqitGFhsMDPCxdRzyt6DE+1TpQpSK\n" \
    "0ZsBZskrwKs+iA1G8heWP06hP4vbg7eS\n"                                 \
    "-----END PUBLIC KEY-----\n"

#define P384_SEC1                                                        \
    "-----BEGIN EC PRIVATE KEY-----\n"                                   \
    "MIGkAgEBBDAJfh26QUxFNPiJHmxGxl8tAtwhTF2TqlRMiiR3KGYzWL86GujWSH4D\n" \
    "XE4gZHAZnmOgBwYFK4EEACKhZANiAASvLNbHj3VI+dP2RXfpdwQ8IEuSLgfvX7lS\n" \
    "OzgTcSJNMXeHbmth6Vry2/qTbCKckLaTKCKqK0YWGwwM8LF1HPK3oMT7VOlClIrR\n" \
    "mwFmySvAqz6IDUbyF5Y/TqE/i9uDt5I=\n"                                 \
    "-----END EC PRIVATE KEY-----\n"

#define ED25519_PKCS8                                                    \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MC4CAQAwBQYDK2VwBCIEIGokR5qlYFEe4TRGysAubOwkWxdlQnPDZHVLb2OD4fTd\n" \
    "-----END PRIVATE KEY-----\n"

#define ED25519_PUBLIC                                               \
    "-----BEGIN PUBLIC KEY-----\n"                                   \
    "MCowBQYDK2VwAyEAr88FfJgotkuUCoUILr7SOaTx3gnabM4cdNDIRMd4Pak=\n" \
    "-----END PUBLIC KEY-----\n"

#define RSA_PKCS8                                                        \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAKEKKcJpHFJDm8Pk\n" \
    "/8yvlQt27n645l68FlyP2THv1lFXhTpJ2Vk/m7eSG4Tj50cAhv9JE/Mcy8NZ7QZW\n" \
    "3xe7IRzz0BXP3Y/lkcbh5PEu3Geo08RHHV0WRUyIUIIN1GXKJMqZRIvTSEYGIF+2\n" \
    "AxP7iDPUfpWRws12sjiFPgaXNRZfAgMBAAECgYAIOC2Td6vzYvIDWJ/Zwah40lQv\n" \
    "8Z4Ifc8iYFE0pEorEq2BIR3P2VhIUVPIP52hWRyK0R8MjI615NQdO7fdTTbOX8Fu\n" \
    "REi6D4vLKXbdZywgi0tOCRPGw6yIff5/rNhKUVrm80SstMASY4U5VlilTWix+xyF\n" \
    "k+hINU8HDD7QBsPMqQJBANL25icxh6Ve6M/0R6hAe0A2abE61ZO+suVESSEiAHuC\n" \
    "O5iKPkLMXKAmd6U6cIwj9Tow3vUkIfRGL+CEIdUXQlUCQQDDaubSdYPUTK5e7erO\n" \
    "DK1QXZPNYpRoychbkUKxxQ6fltNo1xS+uff4fQRWvERgxi0D4SNUxFCe37kbDjYR\n" \
    "VzHjAkAobXYXhq9W6oQ07bwZqxmzaXoBo6OwJ3hC5T4aYlizUna3Oa7KwDzz18tP\n" \
    "144f3PguiZUAZ0c2d4jPPqL5IfbtAkEAtz+31AN+68Y8fah9V1tr6sDVqPOYV+tg\n" \
    "hv1gnXM8k0rMVLPcMD4T2mDhgLRrKpSsAcdNal/teg4xdr2M1hX+IQJAKa+IeNNB\n" \
    "FdiCt9VOyYAVADVZ279qHkChUkWA0iA+KgylOjljSX7ahYydjv0KuY/iRJ4s+qD2\n" \
    "YuMwIwrpICLf/g==\n"                                                 \
    "-----END PRIVATE KEY-----\n"

#define ENCRYPTED                                                        \
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"                            \
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjMCmBNLMeyHQICCAAw\n" \
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMZrvjU8HICYKiuqw8C7ddsEgZC2\n" \
    "/G0vPwsbU3i1Z8mNOqqVTMOey2vNX6NTM3PONHqBwVAqhByUjBErrsRbnTdizM+m\n" \
    "ZirXREFvnk7HuxH+HmYUwJkQjuXk3px5QoKjUtrTrARTb7pUrvjL0FKmU2p+/h53\n" \
    "Nhwhih1TDhILweoi800InRdDLwac3NS0F3rbG7j4/VuiN4DSRTQc1a0WSqZFeUo=\n" \
    "-----END ENCRYPTED PRIVATE KEY-----\n"

#define TWO_CURVES                                                     \
    "308190020100301006072a8648ce3d020106052b810400220479307702010104" \
    "20650f42d6fa1529aac296c4f26f6a22d7d537227f269cee0ebb81997af66d57" \
    "4ba00a06082a8648ce3d030107a14403420004a578412cef72e7502b68fc0dbf" \
    "ca10496968b7f50bff0d13a9a93ca47cbec6729bd5bca07984ad85c141fac4dc" \
    "e0ca0c501cacf7566c594ca19dc193b619df52"

static enum bulla_status
read_text(const char *text, struct bl_key **key, struct bulla_error *err)
{
    bulla_error_clear(err);
    return bl_key_from_private_pem(text_bytes(text), key, err);
}

static void
test_keys_of_openssl(void **state)
{
    static const struct {
        const char *text, *public;
        enum bl_key_kind kind;
    } keys[] = {
        { P256_PKCS8, P256_PUBLIC, BL_KEY_P256 },          { P256_SEC1, P256_PUBLIC, BL_KEY_P256 },
        { P384_PKCS8, P384_PUBLIC, BL_KEY_P384 },          { P384_SEC1, P384_PUBLIC, BL_KEY_P384 },
        { ED25519_PKCS8, ED25519_PUBLIC, BL_KEY_ED25519 },
    };
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(keys); i++) {
        BL_AUTO_FREE(bl_key) key = NULL;
        BL_AUTO(bulla_buffer) spki = { 0 };
        BL_AUTO(bulla_buffer) expected = { 0 };
        assert_ok(read_text(keys[i].text, &key, &err), &err);
        assert_int_equal(bl_key_kind(key), keys[i].kind);
        assert_true(bl_key_has_private(key));
        assert_ok(bl_key_spki(key, &spki, &err), &err);
        assert_ok(bl_pem_decode(text_bytes(keys[i].public), "PUBLIC KEY", &expected, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&spki), bulla_buffer_bytes(&expected));
    }
}

static void
test_what_is_refused(void **state)
{
    static const char *const texts[] = {
        "",        P256_PUBLIC, (P256_PKCS8 P256_PKCS8),
        RSA_PKCS8, ENCRYPTED,   ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
    };
    struct bulla_error err = { 0 };
    struct bl_key *key = NULL;

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(texts); i++) {
        assert_int_not_equal(read_text(texts[i], &key, &err), BULLA_OK);
        assert_true(err.status == BULLA_E_MALFORMED || err.status == BULLA_E_UNSUPPORTED);
        assert_null(key);
    }
}

/* Of the DER inside: every truncation, one byte over, every field altered. */
static void
test_the_der_inside(void **state)
{
    static const struct {
        const char *text, *label;
    } keys[] = { { P256_PKCS8, "PRIVATE KEY" },
                 { P256_SEC1, "EC PRIVATE KEY" },
                 { ED25519_PKCS8, "PRIVATE KEY" } };
    struct bulla_error err = { 0 };
    struct bl_key *key = NULL;

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(keys); i++) {
        BL_AUTO(bulla_buffer) der = { 0 };
        assert_ok(bl_pem_decode(text_bytes(keys[i].text), keys[i].label, &der, &err), &err);
        for (size_t size = 1; size <= der.size + 1; size++) {
            BL_AUTO(bulla_buffer) text = { 0 };
            BL_AUTO(bulla_buffer) bytes = { 0 };
            if (size == der.size)
                continue;
            assert_ok(bulla_buffer_append(&bytes, bulla_buffer_bytes(&der), &err), &err);
            assert_ok(bulla_buffer_append(&bytes, BL_LITERAL("\0"), &err), &err);
            bytes.size = size;
            assert_ok(bl_pem_encode(bulla_buffer_bytes(&bytes), keys[i].label, &text, &err), &err);
            assert_fails(bl_key_from_private_pem(bulla_buffer_bytes(&text), &key, &err),
                         BULLA_E_MALFORMED, &err);
        }
    }
}

/* SEC 1 inside PKCS #8 that names another curve. */
static void
test_two_curves(void **state)
{
    BL_AUTO(bulla_buffer) der = { 0 };
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error err = { 0 };
    struct bl_key *key = NULL;

    (void)state;
    assert_ok(bl_hex_decode(text_bytes(TWO_CURVES), &der, &err), &err);
    assert_ok(bl_pem_encode(bulla_buffer_bytes(&der), "PRIVATE KEY", &text, &err), &err);
    assert_fails(bl_key_from_private_pem(bulla_buffer_bytes(&text), &key, &err), BULLA_E_MALFORMED,
                 &err);
    assert_string_equal(err.what, "two curves");
}

static enum bulla_status
read_once(const void *context, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;

    return bl_key_from_private_pem(text_bytes(context), &key, err);
}

static void
test_memory_that_runs_out(void **state)
{
    (void)state;
    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, read_once, P256_PKCS8) >= 1);
    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, read_once, P256_SEC1) >= 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_of_openssl),      cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_the_der_inside),       cmocka_unit_test(test_two_curves),
        cmocka_unit_test(test_memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

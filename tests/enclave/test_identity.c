/* SPDX-License-Identifier: Apache-2.0 */
/* The identity document: signed by the manifest's signer, or refused; differences named. */
#include "policy/manifest_fixture.h"

#include "crypto/cose_sign1.h"
#include "enclave/identity.h"

/** The private key of RFC 8032 section 7.1, test 1: that of fixture_signer. */
static const uint8_t private_key[32] = {
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
};

static struct bl_identity_document
make_document(void)
{
    static const uint8_t code[32] = { 0xc0, 0xde };
    BL_AUTO(bl_manifest) manifest = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_manifest_from_yaml(text_bytes(full_manifest), &fixture_resolver, &manifest, &err),
              &err);
    return bl_identity_document_make(&manifest, code);
}

static void
sign(const struct bl_identity_document *document, struct bulla_buffer *out)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bulla_error err = { 0 };

    assert_ok(bl_key_from_raw_private(BL_KEY_ED25519, BL_BYTES_OF(private_key), &key, &err), &err);
    assert_ok(bl_identity_document_sign(document, key, out, &err), &err);
}

static void
what_is_signed_is_read_back(void **state)
{
    struct bl_identity_document document = make_document(), again = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    sign(&document, &bytes);
    assert_ok(bl_identity_document_open(bulla_buffer_bytes(&bytes), fixture_signer, &again, &err),
              &err);
    assert_memory_equal(&document, &again, sizeof again);
    assert_ok(bl_identity_document_match(&again, &document, &err), &err);
}

static void
another_signer_is_refused(void **state)
{
    struct bl_identity_document document = make_document(), out = { .version = 77 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO_FREE(bl_key) other = NULL;
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_key_generate(BL_KEY_ED25519, &other, &err), &err);
    assert_fails(bl_identity_document_sign(&document, other, &bytes, &err), BULLA_E_IDENTITY, &err);
    assert_int_equal(bytes.size, 0);
    sign(&document, &bytes);
    assert_ok((bulla_error_clear(&err), bl_key_raw_public(other, &raw, &err)), &err);
    assert_fails(bl_identity_document_open(bulla_buffer_bytes(&bytes), raw.data, &out, &err),
                 BULLA_E_SIGNATURE, &err);
    assert_int_equal(out.version, 77);
}

static void
every_change_and_truncation_is_refused(void **state)
{
    struct bl_identity_document document = make_document(), out = { .version = 77 };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    (void)state;
    sign(&document, &bytes);
    for (size_t i = 0; i < bytes.size; i++) {
        bytes.data[i] ^= 1;
        assert_int_not_equal(
            bl_identity_document_open(bulla_buffer_bytes(&bytes), fixture_signer, &out, NULL),
            BULLA_OK);
        bytes.data[i] ^= 1;
        assert_int_not_equal(bl_identity_document_open((struct bulla_bytes){ bytes.data, i },
                                                       fixture_signer, &out, NULL),
                             BULLA_OK);
    }
    assert_int_equal(out.version, 77);
}

/** Sign a payload that was changed at its end: the last PCR value. */
static void
a_signed_lie_about_pcrs_is_refused(void **state)
{
    static const char type[] = "application/vnd.bulla.identity";
    const struct bl_cose_context context = { .content_type =
                                                 BL_LITERAL("application/vnd.bulla.identity") };
    struct bl_identity_document document = make_document(), out;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) payload = { 0 };
    BL_AUTO(bulla_buffer) forged = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bl_cose_sign1 message;
    struct bulla_error err = { 0 };

    (void)state;
    sign(&document, &bytes);
    assert_ok(bl_cose_sign1_decode(bulla_buffer_bytes(&bytes), &message, &err), &err);
    assert_bytes_equal(message.content_type, text_bytes(type));
    assert_ok(bulla_buffer_append(&payload, message.payload, &err), &err);
    payload.data[payload.size - 1] ^= 1;
    assert_ok(bl_key_from_raw_private(BL_KEY_ED25519, BL_BYTES_OF(private_key), &key, &err), &err);
    assert_ok(bl_cose_sign1_sign(key, &context, (struct bulla_bytes){ 0 },
                                 bulla_buffer_bytes(&payload), &forged, &err),
              &err);
    assert_cause(bl_identity_document_open(bulla_buffer_bytes(&forged), fixture_signer, &out, &err),
                 BULLA_CAUSE_PCR_MISMATCH, &err);
}

static void
each_difference_is_named(void **state)
{
    const struct bl_identity_document document = make_document();
    struct bl_identity_document other;
    struct bulla_error err = { 0 };

    (void)state;
    other = document;
    other.code[31] ^= 1;
    assert_int_equal(bl_identity_document_differs(&other, &document), BL_PART_CODE);
    assert_fails(bl_identity_document_match(&other, &document, &err), BULLA_E_IDENTITY, &err);
    assert_string_equal(err.what, "the code (image) differs");
    assert_memory_equal(err.found.bytes, other.code, 32);
    assert_memory_equal(err.expected.bytes, document.code, 32);
    other = document;
    other.config[0] ^= 1;
    assert_int_equal(bl_identity_document_differs(&other, &document), BL_PART_CONFIG);
    other = document;
    other.version--;
    assert_fails(bl_identity_document_match(&other, &document, &err), BULLA_E_IDENTITY, &err);
    assert_int_equal(err.found.number, 2);
    assert_int_equal(err.expected.number, 3);
    other = document;
    other.product[0] = 'f';
    assert_int_equal(bl_identity_document_differs(&other, &document), BL_PART_PRODUCT);
    other = document;
    other.signer[0] ^= 1;
    assert_int_equal(bl_identity_document_differs(&other, &document), BL_PART_SIGNER);
    other = document;
    other.name[0] = 'f';
    assert_int_equal(bl_identity_document_differs(&other, &document), BL_PART_NAME);
    assert_fails(bl_identity_document_match(&other, &document, &err), BULLA_E_IDENTITY, &err);
}

static bool
accepts(const struct bl_policy_list *list, const uint8_t digest[32])
{
    return bl_policy_list_match(list, (struct bulla_bytes){ digest, 32 }, 0, NULL) == BL_MATCH_YES;
}

static void
the_policy_lets_this_enclave_alone(void **state)
{
    const struct bl_identity_document document = make_document();
    struct bl_identity_policy how = {
        .name = "redis",
        .version = 5,
        .classes = 1u << BL_CLASS_SOFTWARE,
        .not_after_s = 9,
    };
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    struct bulla_error err = { 0 };
    uint8_t other[32] = { 1 };

    (void)state;
    assert_ok(bl_identity_document_policy(&document, &how, &policy, &err), &err);
    assert_int_equal(policy.subject, BL_SUBJECT_ENCLAVE);
    assert_int_equal(policy.binding, BL_BINDING_CHANNEL);
    assert_int_equal(policy.classes, 1u << BL_CLASS_SOFTWARE);
    assert_int_equal(policy.products.count, 1);
    assert_bytes_equal(policy.products.items[0].value, BL_LITERAL("example.org/redis"));
    assert_int_equal(policy.minimum_version.least, 3);
    assert_int_equal(policy.isolations & 1u << BL_ISOLATION_NONE, 0);
    assert_true(accepts(&policy.codes, document.code));
    assert_true(accepts(&policy.configs, document.config));
    assert_true(accepts(&policy.signers, document.signer));
    assert_false(accepts(&policy.codes, other));
    assert_false(accepts(&policy.configs, other));
    how.classes = 0;
    assert_fails(bl_identity_document_policy(&document, &how, &policy, &err), BULLA_E_ARGUMENT,
                 &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_is_read_back),
        cmocka_unit_test(another_signer_is_refused),
        cmocka_unit_test(every_change_and_truncation_is_refused),
        cmocka_unit_test(a_signed_lie_about_pcrs_is_refused),
        cmocka_unit_test(each_difference_is_named),
        cmocka_unit_test(the_policy_lets_this_enclave_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

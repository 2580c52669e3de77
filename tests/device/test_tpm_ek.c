/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An installation's authority certifies the endorsement keys of its embedded TPM.
 */
#include "tpm_fixture.h"

#include "crypto/x509.h"

#define NOW INT64_C(1760000000)

static const char *const ek_usage[] = { "2.23.133.8.1", NULL };

struct authority {
    struct bl_key *key;
    struct bl_certificate *certificate;
};

static void
authority_make(struct authority *a)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) der = { 0 };

    assert_ok(bl_key_generate(BL_KEY_P256, &a->key, &err), &err);
    struct bl_certificate_request request = { .common_name = "an installation",
                                              .subject = a->key,
                                              .not_before_s = NOW,
                                              .not_after_s = NOW + 1000,
                                              .is_authority = true,
                                              .is_self_signed = true };
    assert_ok(bl_certificate_issue(&request, NULL, a->key, &der, &err), &err);
    assert_ok(bl_certificate_parse(bulla_buffer_bytes(&der), &a->certificate, &err), &err);
}

static void
authority_done(struct authority *a)
{
    bl_certificate_free(a->certificate);
    bl_key_free(a->key);
}

static void
certify(const struct authority *a, const struct bl_key *subject, struct bulla_buffer *der)
{
    struct bulla_error err = { 0 };
    struct bl_certificate_request request = { .common_name = "an endorsement key",
                                              .subject = subject,
                                              .not_before_s = NOW,
                                              .not_after_s = NOW + 1000,
                                              .usage_oids = ek_usage };

    bulla_buffer_clear(der);
    assert_ok(bl_certificate_issue(&request, a->certificate, a->key, der, &err), &err);
}

static struct bl_key *
ek_key(struct bl_tpm *tpm, const struct bl_tpm_ek_kind *kind)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_tpm_handle) ek = { 0 };
    TPM2B_PUBLIC area = { 0 };
    struct bl_key *key = NULL;
    uint8_t raw[65] = { 4 };

    assert_ok(bl_tpm_ek_make(tpm, kind, &ek, &area, &err), &err);
    if (kind->type == TPM2_ALG_RSA) {
        struct bulla_bytes modulus = { area.publicArea.unique.rsa.buffer,
                                       area.publicArea.unique.rsa.size };
        assert_ok(bl_key_from_rsa_public(modulus, 65537, &key, &err), &err);
        return key;
    }
    memcpy(raw + 1, area.publicArea.unique.ecc.x.buffer, 32);
    memcpy(raw + 33, area.publicArea.unique.ecc.y.buffer, 32);
    assert_ok(bl_key_from_raw_public(BL_KEY_P256, BL_BYTES_OF(raw), &key, &err), &err);
    return key;
}

static void
test_a_certificate_goes_in_and_comes_out(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct authority a = { 0 };
    static const struct bl_tpm_ek_kind *const kinds[] = { &bl_tpm_ek_rsa, &bl_tpm_ek_ecc };

    authority_make(&a);
    for (size_t i = 0; i < 2; i++) { /* ECC last: it is preferred once both are certified */
        BL_AUTO(bulla_buffer) der = { 0 };
        BL_AUTO(bulla_buffer) read = { 0 };
        BL_AUTO(bulla_buffer) ek = { 0 };
        TPM2B_PUBLIC area = { 0 };
        BL_AUTO_FREE(bl_key) key = ek_key(f->tpm, kinds[i]);
        for (int times = 0; times < 2; times++) { /* the second replaces the first */
            certify(&a, key, &der);
            assert_ok(bl_tpm_ek_certificate_install(f->tpm, bulla_buffer_bytes(&der), &err), &err);
        }
        fixture_close(f);
        fixture_open(f);
        assert_ok(bl_tpm_ek_certificate(f->tpm, &read, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&read), bulla_buffer_bytes(&der));
        assert_ok(bl_tpm_ek_public(f->tpm, &ek, &err), &err);
        assert_ok(bl_tpm_public_decode(bulla_buffer_bytes(&ek), &area, &err), &err);
        assert_int_equal(area.publicArea.type, kinds[i]->type);
        assert_nothing_loaded(f->tpm);
    }
    authority_done(&a);
}

static void
test_a_certificate_of_another_key_does_not(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct authority a = { 0 };
    BL_AUTO(bulla_buffer) der = { 0 };
    BL_AUTO(bulla_buffer) read = { 0 };

    authority_make(&a);
    certify(&a, a.key, &der);
    assert_fails(bl_tpm_ek_certificate_install(f->tpm, bulla_buffer_bytes(&der), &err),
                 BULLA_E_MISMATCH, &err);
    assert_int_equal(bulla_buffer_append(&der, BL_LITERAL("x"), NULL), BULLA_OK);
    assert_fails(bl_tpm_ek_certificate_install(f->tpm, bulla_buffer_bytes(&der), &err),
                 BULLA_E_MALFORMED, &err);
    assert_fails(bl_tpm_ek_certificate_install(f->tpm, (struct bulla_bytes){ 0 }, &err),
                 BULLA_E_MALFORMED, &err);
    assert_fails(bl_tpm_ek_certificate_install(f->tpm, BL_LITERAL("\x30\x82\x00\x02zz"), &err),
                 BULLA_E_MALFORMED, &err);
    static const uint8_t large[BL_TPM_EK_CERTIFICATE_MAX + 1] = { 0x30, 0x82, 0x07, 0xfd };
    assert_fails(bl_tpm_ek_certificate_install(f->tpm, BL_BYTES_OF(large), &err), BULLA_E_LIMIT,
                 &err);
    assert_fails(bl_tpm_ek_certificate(f->tpm, &read, &err), BULLA_E_NOT_FOUND, &err);
    authority_done(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tpm(test_a_certificate_goes_in_and_comes_out),
        with_tpm(test_a_certificate_of_another_key_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

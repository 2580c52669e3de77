/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/device/test_tpm_evidence.c: the verifier's pure code against a whole TPM: its EK is
 * certified, credential activation, quotes and evidence are real.
 */
#include "tpm_fixture.h"

#include "crypto/random.h"
#include "crypto/x509.h"
#include "tee/tpm/credential.h"
#include "tee/tpm/evidence.h"
#include "tee/tpm/verify.h"

#define NOW ((int64_t)1750000000)
#define DAY ((int64_t)86400)

static const struct bl_pcr_selection boot = { .bank = BL_SHA256, .mask = 0xff };

/* The verifier: an authority for EKs and what it knows of the TPM. */
struct verifier {
    struct bl_key *key;
    struct bulla_buffer root;
    struct bl_certificate *authority;
    struct bulla_buffer ek_area; /* TPM2B_PUBLIC */
    struct bl_tpm_public ek;
    struct bulla_buffer ek_certificate;
    struct bl_tpm_key ak;
    struct bl_tpm_public ak_area;
    struct bl_tpm_name ak_name;
};

static void
certify_ek(struct verifier *v)
{
    static const char *const usage[] = { BL_TPM_EK_USAGE, NULL };
    BL_AUTO_FREE(bl_key) subject = NULL;
    struct bulla_error err = { 0 };

    assert_ok(bl_tpm_public_key(&v->ek, &subject, &err), &err);
    const struct bl_certificate_request request = { .common_name = "EK",
                                                    .subject = subject,
                                                    .not_before_s = NOW - DAY,
                                                    .not_after_s = NOW + DAY,
                                                    .usage_oids = usage };
    assert_ok(bl_certificate_issue(&request, v->authority, v->key, &v->ek_certificate, &err), &err);
}

static void
verifier_start(struct verifier *v, struct bl_tpm *tpm, const struct bl_tpm_ek_kind *kind)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_key_generate(BL_KEY_P256, &v->key, &err), &err);
    const struct bl_certificate_request request = { .common_name = "EK authority",
                                                    .subject = v->key,
                                                    .not_before_s = NOW - DAY,
                                                    .not_after_s = NOW + DAY,
                                                    .is_authority = true,
                                                    .is_self_signed = true };
    assert_ok(bl_certificate_issue(&request, NULL, v->key, &v->root, &err), &err);
    assert_ok(bl_certificate_parse(bulla_buffer_bytes(&v->root), &v->authority, &err), &err);

    struct bl_tpm_handle handle = { 0 };
    TPM2B_PUBLIC area = { 0 };
    assert_ok(bl_tpm_ek_make(tpm, kind, &handle, &area, &err), &err);
    assert_ok(bl_tpm_public_encode(&area, &v->ek_area, &err), &err);
    bl_tpm_handle_done(&handle);
    assert_ok(bl_tpm2b_public_decode(bulla_buffer_bytes(&v->ek_area), &v->ek, &err), &err);
    certify_ek(v);
    assert_ok(bl_tpm_ek_certificate_install(tpm, bulla_buffer_bytes(&v->ek_certificate), &err),
              &err);
    assert_ok(bl_tpm_ak_create(tpm, &v->ak, &err), &err);
    assert_ok(bl_tpm2b_public_decode(bulla_buffer_bytes(&v->ak.public_area), &v->ak_area, &err),
              &err);
    assert_ok(bl_tpm_public_name(&v->ak_area, &v->ak_name, &err), &err);
}

static void
verifier_done(struct verifier *v)
{
    bl_key_free(v->key);
    bl_certificate_free(v->authority);
    bulla_buffer_done(&v->root);
    bulla_buffer_done(&v->ek_area);
    bulla_buffer_done(&v->ek_certificate);
    bl_tpm_key_done(&v->ak);
}

static void
activate(struct bl_tpm *tpm, const struct bl_tpm_ek_kind *kind)
{
    BL_AUTO(verifier) v = { 0 };
    BL_AUTO(bulla_buffer) object = { 0 };
    BL_AUTO(bulla_buffer) wrapped = { 0 };
    BL_AUTO(bulla_buffer) certificate = { 0 };
    BL_AUTO(bl_secret) credential = { 0 };
    BL_AUTO(bl_secret) answer = { 0 };
    struct bl_tpm_trust trust;
    struct bulla_error err = { 0 };

    verifier_start(&v, tpm, kind);
    const struct bl_anchor anchor = { .name = "EK authority",
                                      .kind = BL_ANCHOR_EK_AUTHORITY,
                                      .der = bulla_buffer_bytes(&v.root),
                                      .platform_class = BL_CLASS_SOFTWARE };
    assert_ok(bl_tpm_ek_certificate(tpm, &certificate, &err), &err);
    struct bulla_bytes chain = bulla_buffer_bytes(&certificate);
    assert_ok(bl_tpm_ek_trust(&v.ek, &chain, 1, &anchor, 1, NOW, &trust, &err), &err);
    assert_int_equal(trust.anchor->platform_class, BL_CLASS_SOFTWARE);
    assert_ok(bl_tpm_ak_attributes(&v.ak_area, &err), &err);

    assert_ok(bl_random_secret(&credential, 32, &err), &err);
    assert_ok(bl_tpm_make_credential(&v.ek, &v.ak_name, &credential, &object, &wrapped, &err),
              &err);
    assert_ok(bl_tpm_activate_credential(tpm, &v.ak, bulla_buffer_bytes(&object),
                                         bulla_buffer_bytes(&wrapped), &answer, &err),
              &err);
    assert_bytes_equal(bl_secret_bytes(&answer), bl_secret_bytes(&credential));
    assert_nothing_loaded(tpm);
}

static void
test_the_tpm_gives_the_credential_back(void **state)
{
    struct fixture *f = *state;

    activate(f->tpm, &bl_tpm_ek_ecc);
}

static void
test_the_same_with_an_rsa_ek(void **state)
{
    struct fixture *f = *state;

    activate(f->tpm, &bl_tpm_ek_rsa);
}

/* Made for another AK, or altered on the way: the TPM says no. */
static void
test_a_credential_for_another_key(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(verifier) v = { 0 };
    BL_AUTO(bl_secret) credential = { 0 };
    struct bulla_error err = { 0 };

    verifier_start(&v, f->tpm, &bl_tpm_ek_ecc);
    assert_ok(bl_random_secret(&credential, 32, &err), &err);
    for (int fault = 0; fault < 3; fault++) {
        BL_AUTO(bulla_buffer) object = { 0 };
        BL_AUTO(bulla_buffer) wrapped = { 0 };
        BL_AUTO(bl_secret) answer = { 0 };
        struct bl_tpm_name name = v.ak_name;
        if (fault == 0)
            name.bytes[33] ^= 1;
        bulla_error_clear(&err);
        assert_ok(bl_tpm_make_credential(&v.ek, &name, &credential, &object, &wrapped, &err), &err);
        if (fault == 1)
            object.data[object.size - 1] ^= 1;
        if (fault == 2)
            object.data[10] ^= 1;
        assert_fails(bl_tpm_activate_credential(f->tpm, &v.ak, bulla_buffer_bytes(&object),
                                                bulla_buffer_bytes(&wrapped), &answer, &err),
                     BULLA_E_IDENTITY, &err);
        assert_int_equal(answer.size, 0);
    }
}

static void
test_what_no_credential_is_made_of(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(verifier) v = { 0 };
    BL_AUTO(bl_secret) credential = { 0 };
    BL_AUTO(bl_secret) longer = { 0 };
    const struct bl_secret none = { 0 };
    BL_AUTO(bulla_buffer) object = { 0 };
    BL_AUTO(bulla_buffer) wrapped = { 0 };
    const struct bl_tpm_name no_name = { 0 };
    struct bulla_error err = { 0 };

    verifier_start(&v, f->tpm, &bl_tpm_ek_ecc);
    assert_ok(bl_secret_new(&credential, 32, &err), &err);
    assert_ok(bl_secret_new(&longer, 33, &err), &err);
    assert_fails(bl_tpm_make_credential(&v.ek, &v.ak_name, &longer, &object, &wrapped, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(bl_tpm_make_credential(&v.ek, &v.ak_name, &none, &object, &wrapped, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(bl_tpm_make_credential(&v.ek, &no_name, &credential, &object, &wrapped, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(
        bl_tpm_make_credential(&v.ak_area, &v.ak_name, &credential, &object, &wrapped, &err),
        BULLA_E_UNSUPPORTED, &err); /* an AK is no storage key */
    v.ek.symmetric_bits = 192;
    assert_fails(bl_tpm_make_credential(&v.ek, &v.ak_name, &credential, &object, &wrapped, &err),
                 BULLA_E_UNSUPPORTED, &err);
    assert_int_equal(object.size + wrapped.size, 0);
}

/* Evidence of this TPM as an enclave's and as a machine's, verified by an enrolled AK. */
static void
test_evidence_of_a_whole_tpm(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(verifier) v = { 0 };
    BL_AUTO(bulla_buffer) attest = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bulla_buffer) spki = { 0 };
    BL_AUTO(bulla_buffer) encoded = { 0 };
    BL_AUTO_FREE(bl_key) ak = NULL;
    struct bulla_error err = { 0 };
    struct bl_claims claims;
    uint8_t binder[32];
    uint8_t platform_id[32] = { 0x1d };

    verifier_start(&v, f->tpm, &bl_tpm_ek_ecc);
    assert_ok(bl_random(binder, sizeof binder, &err), &err);
    assert_ok(bl_tpm_quote(f->tpm, &v.ak, boot, BL_BYTES_OF(binder), &attest, &signature, &err),
              &err);
    assert_ok(bl_tpm_pcr_read(f->tpm, boot, &values, &err), &err);
    const struct bl_tpm_evidence evidence = {
        .platform = { .is_present = true,
                      .attest = bulla_buffer_bytes(&attest),
                      .signature = bulla_buffer_bytes(&signature),
                      .ak_public = bulla_buffer_bytes(&v.ak.public_area),
                      .selection = boot,
                      .pcr_values = bulla_buffer_bytes(&values) },
    };
    assert_ok(bl_tpm_evidence_encode(&evidence, &encoded, &err), &err);
    assert_ok(bl_tpm_public_key(&v.ak_area, &ak, &err), &err);
    assert_ok(bl_key_spki(ak, &spki, &err), &err);
    const struct bl_anchor anchor = { .name = "enrolled",
                                      .kind = BL_ANCHOR_AK,
                                      .der = bulla_buffer_bytes(&spki),
                                      .platform_class = BL_CLASS_SOFTWARE,
                                      .platform_id = BL_BYTES_OF(platform_id) };
    const struct bl_verification verification = { .evidence = bulla_buffer_bytes(&encoded),
                                                  .anchors = &anchor,
                                                  .anchor_count = 1,
                                                  .now_s = NOW,
                                                  .binder = BL_BYTES_OF(binder),
                                                  .binding = BL_BINDING_CHANNEL,
                                                  .requested = boot };
    assert_ok(bl_tpm_verify(&verification, &claims, &err), &err);
    assert_int_equal(claims.platform_class, BL_CLASS_SOFTWARE);
    assert_bytes_equal(bl_claim_view(&claims.platform.ak_name),
                       ((struct bulla_bytes){ v.ak_name.bytes, v.ak_name.size }));
    assert_int_equal(claims.platform.pcrs.mask, 0xff);
    binder[0] ^= 1;
    assert_cause(bl_tpm_verify(&verification, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
}

int
main(void)
{
#define TPM_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TPM_TEST(test_the_tpm_gives_the_credential_back),
        TPM_TEST(test_the_same_with_an_rsa_ek),
        TPM_TEST(test_a_credential_for_another_key),
        TPM_TEST(test_what_no_credential_is_made_of),
        TPM_TEST(test_evidence_of_a_whole_tpm),
    };
#undef TPM_TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}

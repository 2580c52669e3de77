/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For which keys a monitor lets the platform vouch: those that can sign only what this very vTPM says.
 */
#include "enclave/monitor_tpm.h"

#include "device/tpm_fixture.h"

/* As bl_tpm_ak_create() makes one, with other attributes. */
static void
make_key(struct bl_tpm *tpm, TPMA_OBJECT attributes, struct bl_tpm_key *key_out)
{
    static const TPM2B_SENSITIVE_CREATE no_secret;
    static const TPM2B_DATA no_data;
    static const TPML_PCR_SELECTION no_pcr;
    BL_AUTO(bl_tpm_handle) srk = { 0 };
    TPM2B_PUBLIC template = { .publicArea = {
                                  .type = TPM2_ALG_ECC,
                                  .nameAlg = TPM2_ALG_SHA256,
                                  .objectAttributes = attributes,
                                  .parameters.eccDetail = {
                                      .symmetric.algorithm = TPM2_ALG_NULL,
                                      .scheme = { .scheme = TPM2_ALG_ECDSA,
                                                  .details.ecdsa.hashAlg = TPM2_ALG_SHA256 },
                                      .curveID = TPM2_ECC_NIST_P256,
                                      .kdf.scheme = TPM2_ALG_NULL } } };
    TPM2B_PUBLIC *public_area = NULL;
    TPM2B_PRIVATE *private_area = NULL;
    struct bulla_error err = { 0 };

    assert_ok(bl_tpm_srk(tpm, NULL, &srk, &err), &err);
    assert_int_equal(Esys_Create(tpm->esys, srk.tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                 &no_secret, &template, &no_data, &no_pcr, &private_area,
                                 &public_area, NULL, NULL, NULL),
                     TSS2_RC_SUCCESS);
    assert_ok(bl_tpm_public_encode(public_area, &key_out->public_area, &err), &err);
    assert_ok(bl_tpm_private_encode(private_area, &key_out->private_area, &err), &err);
    Esys_Free(public_area);
    Esys_Free(private_area);
}

static void
done(struct fixture *f)
{
    fixture_close(f);
    bl_secret_done(&f->store.state);
}

static struct bl_agent_report
report_of(const struct bl_tpm_key *key)
{
    return (struct bl_agent_report){ .kind = BL_AGENT_ATTESTS,
                                     .ak_public = bulla_buffer_bytes(&key->public_area),
                                     .ak_private = bulla_buffer_bytes(&key->private_area),
                                     .binder = { 7 } };
}

static void
test_its_own_attestation_key(void **state)
{
    struct fixture f = { 0 };
    BL_AUTO(bl_tpm_key) key = { 0 };
    struct bl_tpm_public public_area;
    struct bl_tpm_name name = { 0 };
    uint8_t expected[32], got[32] = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    fixture_open(&f);
    assert_ok(bl_tpm_ak_create(f.tpm, &key, &err), &err);
    const struct bl_agent_report report = report_of(&key);
    assert_ok(bl_monitor_vouch_data(f.vtpm, &report, got, &err), &err);
    assert_ok(bl_tpm2b_public_decode(report.ak_public, &public_area, &err), &err);
    assert_ok(bl_tpm_public_name(&public_area, &name, &err), &err);
    assert_ok(bl_tpm_platform_binder(&name, report.binder, expected, &err), &err);
    assert_memory_equal(got, expected, sizeof got);
    done(&f);
}

static void
test_keys_that_could_sign_anything(void **state)
{
    static const TPMA_OBJECT attributes[] = {
        /* may be duplicated: its sensitive part can be known to others */
        TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
            TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA,
        /* signs what looks like a quote */
        TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
            TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA,
    };
    struct fixture f = { 0 };
    struct bulla_error err = { 0 };
    uint8_t got[32] = { 0 };

    (void)state;
    fixture_open(&f);
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        BL_AUTO(bl_tpm_key) key = { 0 };
        make_key(f.tpm, attributes[i], &key);
        const struct bl_agent_report report = report_of(&key);
        assert_cause(bl_monitor_vouch_data(f.vtpm, &report, got, &err), BULLA_CAUSE_KEY_ATTRIBUTES,
                     &err);
    }
    done(&f);
}

static void
test_keys_of_other_tpms(void **state)
{
    struct fixture f = { 0 }, other = { 0 };
    BL_AUTO(bl_tpm_key) key = { 0 }, own = { 0 };
    struct bulla_error err = { 0 };
    uint8_t got[32] = { 0 };

    (void)state;
    fixture_open(&other);
    assert_ok(bl_tpm_ak_create(other.tpm, &key, &err), &err);
    done(&other);
    fixture_open(&f);
    struct bl_agent_report report = report_of(&key);
    assert_cause(bl_monitor_vouch_data(f.vtpm, &report, got, &err), BULLA_CAUSE_WRONG_TPM, &err);
    assert_ok(bl_tpm_ak_create(f.tpm, &own, &(struct bulla_error){ 0 }), &err);
    report.ak_private =
        bulla_buffer_bytes(&own.private_area); /* another's name, our private part */
    assert_cause(bl_monitor_vouch_data(f.vtpm, &report, got, &err), BULLA_CAUSE_WRONG_TPM, &err);
    report = report_of(&own);
    report.ak_public.size--;
    assert_fails(bl_monitor_vouch_data(f.vtpm, &report, got, &err), BULLA_E_MALFORMED, &err);
    assert_true(bl_all_zero(BL_BYTES_OF(got)));
    done(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_own_attestation_key),
        cmocka_unit_test(test_keys_that_could_sign_anything),
        cmocka_unit_test(test_keys_of_other_tpms),
    };

    bl_tpm_quiet_libraries();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

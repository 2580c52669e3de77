/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm_fixture.h"

#define INDEX 0x01800002u

/* What the TPM itself computes for the same assertions. */
static void
trial_digest(struct bl_tpm *tpm, const struct bl_tpm_policy *policy, uint8_t out[32])
{
    static const TPMT_SYM_DEF none = { .algorithm = TPM2_ALG_NULL };
    ESYS_CONTEXT *esys = tpm->esys;
    ESYS_TR session = ESYS_TR_NONE, nv = ESYS_TR_NONE;
    TPM2B_DIGEST *digest = NULL;

    assert_int_equal(Esys_StartAuthSession(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_TRIAL, &none,
                                           TPM2_ALG_SHA256, &session),
                     0);
    if (policy->pcrs.mask != 0) {
        TPML_PCR_SELECTION selection = bl_tpm_selection(policy->pcrs);
        TPM2B_DIGEST values = { .size = 32 };
        assert_int_equal(bl_hash_once(BL_SHA256, policy->pcr_values, values.buffer, NULL),
                         BULLA_OK);
        assert_int_equal(Esys_PolicyPCR(esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        &values, &selection),
                         0);
    }
    if (policy->nv_index != 0) {
        TPM2B_OPERAND minimum = { .size = 8 };
        for (int i = 0; i < 8; i++)
            minimum.buffer[i] = (uint8_t)(policy->nv_minimum >> (56 - 8 * i) & 0xff);
        assert_int_equal(Esys_TR_FromTPMPublic(esys, policy->nv_index, ESYS_TR_NONE, ESYS_TR_NONE,
                                               ESYS_TR_NONE, &nv),
                         0);
        assert_int_equal(Esys_PolicyNV(esys, nv, nv, session, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                       ESYS_TR_NONE, &minimum, 0, TPM2_EO_UNSIGNED_GE),
                         0);
        assert_int_equal(Esys_TR_Close(esys, &nv), 0);
    }
    if (policy->with_pin)
        assert_int_equal(
            Esys_PolicyAuthValue(esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE), 0);
    assert_int_equal(
        Esys_PolicyGetDigest(esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest), 0);
    assert_int_equal(digest->size, 32);
    memcpy(out, digest->buffer, 32);
    Esys_Free(digest);
    assert_int_equal(Esys_FlushContext(esys, session), 0);
}

static void
test_digest_is_the_one_of_the_tpm(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_name name = { 0 };
    static const uint32_t masks[] = { 0, 1, 1 << 7, 1 << 23, 0xff, 0x80ff81, 0xffffff };
    static const uint64_t minima[] = { 0, 1, 0x0102030405060708 };
    const uint8_t content[8] = { 0xff };

    assert_ok(bl_tpm_nv_write_once(f->tpm, INDEX, BL_BYTES_OF(content),
                                   BL_TPM_NV_LOCKED_UNTIL_START, &err),
              &err);
    assert_ok(bl_tpm_nv_name(f->tpm, INDEX, &name, &err), &err);
    for (unsigned kind = 0; kind < 7 * 4 * 2 * 2; kind++) {
        BL_AUTO(bulla_buffer) values = { 0 };
        uint8_t ours[32], theirs[32];
        struct bl_tpm_policy policy = { .with_pin = kind % 2 != 0 };
        policy.pcrs = (struct bl_pcr_selection){ .bank = kind / 2 % 2 != 0 ? BL_SHA256 : BL_SHA384,
                                                 .mask = masks[kind / 4 % 7] };
        if (policy.pcrs.mask != 0)
            assert_ok(bl_tpm_pcr_read(f->tpm, policy.pcrs, &values, &err), &err);
        policy.pcr_values = bulla_buffer_bytes(&values);
        if (kind / 28 > 0) {
            policy.nv_index = INDEX;
            policy.nv_name = (struct bulla_bytes){ name.bytes, name.size };
            policy.nv_minimum = minima[kind / 28 - 1];
        }
        assert_ok(bl_tpm_policy_digest(&policy, ours, &err), &err);
        trial_digest(f->tpm, &policy, theirs);
        assert_memory_equal(ours, theirs, 32);
    }
}

static void
test_arguments(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const uint8_t zeros[3 * 32];
    uint8_t digest[32] = { 0xee };
    struct bl_tpm_policy policy = { .pcrs = { .bank = BL_SHA256, .mask = 3 },
                                    .pcr_values = { zeros, 64 } };

    assert_ok(bl_tpm_policy_digest(&policy, digest, &err), &err);
    digest[0] = 0xee;
    for (size_t size = 0; size <= sizeof zeros; size++) {
        policy.pcr_values.size = size;
        if (size != 64)
            assert_fails(bl_tpm_policy_digest(&policy, digest, &err), BULLA_E_ARGUMENT, &err);
    }
    policy.pcr_values.size = 64;
    policy.pcrs.mask = 1u << 24 | 1;
    assert_fails(bl_tpm_policy_digest(&policy, digest, &err), BULLA_E_ARGUMENT, &err);
    policy.pcrs = (struct bl_pcr_selection){ .bank = BL_SHA1, .mask = 3 };
    assert_fails(bl_tpm_policy_digest(&policy, digest, &err), BULLA_E_UNSUPPORTED, &err);
    policy = (struct bl_tpm_policy){ .nv_index = INDEX, .nv_name = { zeros, 33 } };
    assert_fails(bl_tpm_policy_digest(&policy, digest, &err), BULLA_E_ARGUMENT, &err);
    policy.nv_name.size = 35;
    assert_fails(bl_tpm_policy_digest(&policy, digest, &err), BULLA_E_ARGUMENT, &err);
    assert_int_equal(digest[0], 0xee);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tpm(test_digest_is_the_one_of_the_tpm),
        cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

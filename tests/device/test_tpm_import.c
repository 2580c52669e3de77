/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed without a TPM, to one that is elsewhere.
 */
#include "tpm_fixture.h"

#define SECRET BL_LITERAL("made far from any TPM, for one")
#define NO_PIN ((struct bulla_bytes){ 0 })

static const uint8_t some_digest[32] = { 7 };

static void
storage_public(struct fixture *f, struct bulla_buffer *area)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_tpm_storage_public(f->tpm, area, &err), &err);
}

static void
expect(struct fixture *f, const struct bl_tpm_sealed *sealed, const struct bl_tpm_policy *policy,
       struct bulla_bytes pin, enum bulla_cause cause)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    assert_cause(bl_tpm_unseal(f->tpm, sealed, policy, pin, &secret, &err), cause, &err);
    if (cause == BULLA_CAUSE_NONE)
        assert_bytes_equal(bl_secret_bytes(&secret), SECRET);
    else
        assert_null(secret.data);
    assert_nothing_loaded(f->tpm);
}

static void
opens_in_its_tpm_alone(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bulla_buffer) area = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    struct bl_tpm_name name;

    storage_public(f, &area);
    assert_ok(bl_tpm_seal_to(bulla_buffer_bytes(&area), SECRET, &policy, NO_PIN, &sealed, &err),
              &err);
    assert_ok(bl_tpm_srk_name(f->tpm, &name, &err), &err);
    assert_true(bl_tpm_name_equal(&name, &sealed.srk_name));
    expect(f, &sealed, &policy, NO_PIN, BULLA_CAUSE_NONE);
    fixture_close(f);
    bl_secret_done(&f->store.state);
    fixture_open(f); /* another TPM */
    expect(f, &sealed, &policy, NO_PIN, BULLA_CAUSE_WRONG_TPM);
    assert_ok(bl_tpm_srk_name(f->tpm, &sealed.srk_name, &err), &err); /* it says it is its own */
    expect(f, &sealed, &policy, NO_PIN, BULLA_CAUSE_WRONG_TPM);
}

/* The policy holds in the other TPM: PCRs, PIN, and nothing less. */
static void
the_policy_holds(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    const struct bulla_bytes pin = BL_LITERAL("1234");
    BL_AUTO(bulla_buffer) area = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    struct bl_tpm_policy policy = policy_now(f->tpm, 1 << 9, &values);
    const struct bl_tpm_policy nothing = { 0 };

    policy.with_pin = true;
    storage_public(f, &area);
    assert_ok(bl_tpm_seal_to(bulla_buffer_bytes(&area), SECRET, &policy, pin, &sealed, &err), &err);
    expect(f, &sealed, &policy, pin, BULLA_CAUSE_NONE);
    expect(f, &sealed, &policy, BL_LITERAL("1235"), BULLA_CAUSE_WRONG_PASSPHRASE);
    expect(f, &sealed, &nothing, NO_PIN, BULLA_CAUSE_INTEGRITY);
    assert_ok(bl_tpm_pcr_extend(f->tpm, 9, some_digest, &err), &err);
    expect(f, &sealed, &policy, pin, BULLA_CAUSE_PCR_CHANGED);
}

/* An object that came in from outside must not pass for one that the TPM made, nor the reverse. */
static void
an_import_is_told_from_an_object(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bulla_buffer) area = { 0 };
    BL_AUTO(bl_tpm_sealed) imported = { 0 };
    BL_AUTO(bl_tpm_sealed) made = { 0 };

    storage_public(f, &area);
    assert_ok(bl_tpm_seal_to(bulla_buffer_bytes(&area), SECRET, &policy, NO_PIN, &imported, &err),
              &err);
    assert_ok(bl_tpm_seal(f->tpm, SECRET, &policy, NO_PIN, &made, &err), &err);
    assert_ok(
        bulla_buffer_append(&made.import_seed, bulla_buffer_bytes(&imported.import_seed), &err),
        &err);
    expect(f, &made, &policy, NO_PIN, BULLA_CAUSE_INTEGRITY);
    bulla_buffer_done(&imported.import_seed);
    expect(f, &imported, &policy, NO_PIN, BULLA_CAUSE_INTEGRITY);
}

static void
alterations_do_not_open(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bulla_buffer) area = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };

    storage_public(f, &area);
    assert_ok(bl_tpm_seal_to(bulla_buffer_bytes(&area), SECRET, &policy, NO_PIN, &sealed, &err),
              &err);
    struct bulla_buffer *const parts[] = { &sealed.private_area, &sealed.import_seed,
                                           &sealed.public_area };
    for (size_t p = 0; p < BL_COUNT_OF(parts); p++) {
        for (size_t i = 0; i < parts[p]->size; i++) {
            BL_AUTO(bl_secret) secret = { 0 };
            parts[p]->data[i] ^= 1;
            bulla_error_clear(&err);
            assert_int_not_equal(bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err),
                                 BULLA_OK);
            assert_null(secret.data);
            parts[p]->data[i] ^= 1;
        }
    }
    expect(f, &sealed, &policy, NO_PIN, BULLA_CAUSE_NONE);
}

/* Only a key that stays in its TPM is sealed to. */
static void
what_is_no_storage_key(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bulla_buffer) area = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };

    storage_public(f, &area);
    for (unsigned bit = 0; bit < 32; bit++) {
        const uint32_t needed = 0x00030012; /* restricted, decrypt, fixedTPM, fixedParent */
        if ((needed >> bit & 1) == 0)
            continue;
        area.data[6 + 3 - bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_fails(
            bl_tpm_seal_to(bulla_buffer_bytes(&area), SECRET, &policy, NO_PIN, &sealed, &err),
            BULLA_E_UNTRUSTED, &err);
        area.data[6 + 3 - bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    area.data[6 + 1] ^= 0x04; /* one that signs as well */
    assert_fails(bl_tpm_seal_to(bulla_buffer_bytes(&area), SECRET, &policy, NO_PIN, &sealed, &err),
                 BULLA_E_UNTRUSTED, &err);
    area.data[6 + 1] ^= 0x04;
    for (size_t size = 0; size < area.size; size++)
        assert_fails(bl_tpm_seal_to((struct bulla_bytes){ area.data, size }, SECRET, &policy,
                                    NO_PIN, &sealed, &err),
                     BULLA_E_MALFORMED, &err);
    assert_fails(bl_tpm_seal_to(bulla_buffer_bytes(&area), NO_PIN, &policy, NO_PIN, &sealed, &err),
                 BULLA_E_LIMIT, &err);
    assert_null(sealed.public_area.data);
}

static void
every_command_may_fail(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bulla_buffer) area = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    unsigned failed = 0;
    bool reached = true;

    storage_public(f, &area);
    assert_ok(bl_tpm_seal_to(bulla_buffer_bytes(&area), SECRET, &policy, NO_PIN, &sealed, &err),
              &err);
    for (uint64_t n = 1; reached; n++) {
        BL_AUTO(bl_secret) secret = { 0 };
        bl_fault_arm(BL_FAULT_TPM, n, false);
        bulla_error_clear(&err);
        enum bulla_status status = bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err);
        reached = bl_fault_disarm();
        assert_true((status == BULLA_OK) == (secret.data != NULL));
        failed += status != BULLA_OK;
        assert_nothing_loaded(f->tpm);
    }
    assert_true(failed > 5);
    reached = true;
    for (uint64_t n = 1; reached; n++) {
        BL_AUTO(bl_tpm_sealed) again = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, n, false);
        bulla_error_clear(&err);
        enum bulla_status status =
            bl_tpm_seal_to(bulla_buffer_bytes(&area), SECRET, &policy, NO_PIN, &again, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_MEMORY : BULLA_OK);
        assert_true((again.import_seed.data == NULL) == reached);
    }
}

/* Neither on the way in nor on the way out; the recorder hears the wrapped object. */
static void
the_secret_does_not_cross_in_clear(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bulla_buffer) area = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };

    storage_public(f, &area);
    assert_ok(bl_tpm_seal_to(bulla_buffer_bytes(&area), SECRET, &policy, NO_PIN, &sealed, &err),
              &err);
    expect(f, &sealed, &policy, NO_PIN, BULLA_CAUSE_NONE);
    assert_true(tap_has_seen(&f->tap, ((struct bulla_bytes){ sealed.private_area.data + 2, 32 })));
    for (size_t at = 0; at + 8 <= SECRET.size; at++)
        assert_false(tap_has_seen(&f->tap, (struct bulla_bytes){ SECRET.data + at, 8 }));
}

/* The recorder would hear it: the same object, imported and unsealed without encryption. */
static void
the_recorder_hears_what_is_not_encrypted(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bulla_buffer) area = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_tpm_handle) srk = { 0 };
    BL_AUTO(bl_tpm_handle) session = { 0 };
    TPM2B_PUBLIC public_area = { 0 };
    TPM2B_PRIVATE private_area = { 0 };
    TPM2B_SENSITIVE_DATA *data = NULL;

    storage_public(f, &area);
    assert_ok(bl_tpm_seal_to(bulla_buffer_bytes(&area), SECRET, &policy, NO_PIN, &sealed, &err),
              &err);
    assert_ok(bl_tpm_srk(f->tpm, &sealed.srk_name, &srk, &err), &err);
    assert_ok(bl_tpm_public_decode(bulla_buffer_bytes(&sealed.public_area), &public_area, &err),
              &err);
    assert_ok(bl_tpm_private_decode(bulla_buffer_bytes(&sealed.private_area), &private_area, &err),
              &err);
    assert_ok(bl_tpm_import(f->tpm, &srk, &public_area, bulla_buffer_bytes(&sealed.import_seed),
                            &private_area, &err),
              &err);
    BL_AUTO(bl_tpm_handle) object = { .tpm = f->tpm };
    assert_int_equal(Esys_Load(f->tpm->esys, srk.tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                               &private_area, &public_area, &object.tr),
                     0);
    assert_ok(bl_tpm_session(f->tpm, &srk, TPM2_SE_POLICY, 0, &session, &err), &err);
    assert_false(tap_has_seen(&f->tap, SECRET));
    assert_int_equal(
        Esys_Unseal(f->tpm->esys, object.tr, session.tr, ESYS_TR_NONE, ESYS_TR_NONE, &data), 0);
    Esys_Free(data);
    assert_true(tap_has_seen(&f->tap, SECRET));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tpm(opens_in_its_tpm_alone),
        with_tpm(the_policy_holds),
        with_tpm(an_import_is_told_from_an_object),
        with_tpm(alterations_do_not_open),
        with_tpm(what_is_no_storage_key),
        with_tpm(every_command_may_fail),
        with_tpm(the_secret_does_not_cross_in_clear),
        with_tpm(the_recorder_hears_what_is_not_encrypted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

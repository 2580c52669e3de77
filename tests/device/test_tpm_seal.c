/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm_fixture.h"

#include "codec/writer.h"

#define SECRET BL_LITERAL("thirty-two bytes, no more or less")
#define NO_PIN ((struct bulla_bytes){ 0 })
#define VERSION_INDEX 0x01800001u

static const uint8_t some_digest[32] = { 7 };

static struct bl_tpm_sealed
seal(struct fixture *f, const struct bl_tpm_policy *policy, struct bulla_bytes pin)
{
    struct bulla_error err = { 0 };
    struct bl_tpm_sealed sealed = { 0 };

    assert_ok(bl_tpm_seal(f->tpm, SECRET, policy, pin, &sealed, &err), &err);
    return sealed;
}

static void
assert_opens(struct fixture *f, const struct bl_tpm_sealed *sealed,
             const struct bl_tpm_policy *policy, struct bulla_bytes pin)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    assert_ok(bl_tpm_unseal(f->tpm, sealed, policy, pin, &secret, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&secret), SECRET);
    assert_nothing_loaded(f->tpm);
}

static void
assert_refuses(struct fixture *f, const struct bl_tpm_sealed *sealed,
               const struct bl_tpm_policy *policy, struct bulla_bytes pin, enum bulla_cause cause,
               struct bulla_error *err)
{
    struct bl_secret secret = { 0 };

    assert_cause(bl_tpm_unseal(f->tpm, sealed, policy, pin, &secret, err), cause, err);
    assert_null(secret.data);
    assert_nothing_loaded(f->tpm);
}

static void
test_round_trip_of_every_policy(void **state)
{
    struct fixture *f = *state;
    struct bl_tpm_name version_name = { 0 };

    write_version(f->tpm, VERSION_INDEX, 3);
    const struct bl_tpm_policy version = version_policy(f->tpm, VERSION_INDEX, 3, &version_name);
    for (unsigned kind = 0; kind < 8; kind++) {
        BL_AUTO(bulla_buffer) values = { 0 };
        struct bl_tpm_policy policy = policy_now(f->tpm, (kind & 1) != 0 ? 0x80ff81 : 0, &values);
        struct bulla_bytes pin = (kind & 4) != 0 ? BL_LITERAL("1234") : NO_PIN;
        if ((kind & 2) != 0) {
            policy.nv_index = version.nv_index;
            policy.nv_name = version.nv_name;
            policy.nv_minimum = version.nv_minimum;
        }
        policy.with_pin = pin.size > 0;
        BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, pin);
        assert_nothing_loaded(f->tpm);
        assert_opens(f, &sealed, &policy, pin);
    }
}

static void
test_the_object_says_what_it_must(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    uint8_t digest[32];

    for (int with_pin = 0; with_pin < 2; with_pin++) {
        struct bl_tpm_policy policy = policy_now(f->tpm, 1 << 7, &values);
        policy.with_pin = with_pin != 0;
        BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, with_pin ? BL_LITERAL("1234") : NO_PIN);
        TPM2B_PUBLIC area = { 0 };
        assert_ok(bl_tpm_public_decode(bulla_buffer_bytes(&sealed.public_area), &area, &err), &err);
        assert_int_equal(area.publicArea.objectAttributes,
                         TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                             TPMA_OBJECT_ADMINWITHPOLICY | (with_pin ? 0 : TPMA_OBJECT_NODA));
        assert_ok(bl_tpm_policy_digest(&policy, digest, &err), &err);
        assert_bytes_equal(((struct bulla_bytes){ area.publicArea.authPolicy.buffer,
                                                  area.publicArea.authPolicy.size }),
                           BL_BYTES_OF(digest));
    }
}

/* What the policy is for: the authorization value alone, empty or right, does not open it. */
static void
test_only_the_policy_opens_it(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    struct bl_tpm_policy policy = policy_now(f->tpm, 1 << 7, &values);
    BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, NO_PIN);
    BL_AUTO(bl_tpm_handle) srk = { 0 };
    TPM2B_SENSITIVE_DATA *data = NULL;

    assert_ok(bl_tpm_srk(f->tpm, &sealed.srk_name, &srk, &err), &err);
    BL_AUTO(bl_tpm_handle) object = load_sealed(f, &sealed, &srk);
    TSS2_RC rc =
        Esys_Unseal(f->tpm->esys, object.tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data);
    assert_int_equal(bl_tpm_code(rc), TPM2_RC_AUTH_UNAVAILABLE);
}

static void
test_a_changed_pcr_is_named(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bulla_buffer) now = { 0 };
    struct bl_tpm_policy policy = policy_now(f->tpm, 1 << 7 | 1 << 11 | 1 << 14, &values);
    BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, NO_PIN);

    assert_ok(bl_tpm_pcr_extend(f->tpm, 10, some_digest, &err), &err); /* not bound */
    assert_opens(f, &sealed, &policy, NO_PIN);
    assert_ok(bl_tpm_pcr_extend(f->tpm, 14, some_digest, &err), &err);
    assert_ok(bl_tpm_pcr_extend(f->tpm, 11, some_digest, &err), &err);
    assert_refuses(f, &sealed, &policy, NO_PIN, BULLA_CAUSE_PCR_CHANGED, &err);
    assert_int_equal(err.offset, 11);
    struct bulla_value found = err.found, expected = err.expected;
    bulla_error_clear(&err);
    assert_ok(bl_tpm_pcr_read(f->tpm,
                              (struct bl_pcr_selection){ .bank = BL_SHA256, .mask = 1 << 11 }, &now,
                              &err),
              &err);
    assert_bytes_equal(((struct bulla_bytes){ found.bytes, found.size }), bulla_buffer_bytes(&now));
    assert_bytes_equal(((struct bulla_bytes){ expected.bytes, expected.size }),
                       ((struct bulla_bytes){ values.data + 32, 32 }));
}

static void
test_another_policy_is_refused_before_the_tpm_is_asked(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    struct bl_tpm_policy policy = policy_now(f->tpm, 1 << 7, &values);
    BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, NO_PIN);
    struct bl_secret secret = { 0 };

    policy.pcrs.mask = 1 << 8;
    unsigned before = f->tap.command_count;
    assert_fails(bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err), BULLA_E_INTEGRITY,
                 &err);
    policy.pcrs.mask = 1 << 7;
    assert_fails(bl_tpm_unseal(f->tpm, &sealed, &policy, BL_LITERAL("1"), &secret, &err),
                 BULLA_E_ARGUMENT, &err);
    sealed.public_area.data[7] ^= 0x40; /* userWithAuth: not one of ours */
    assert_fails(bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err), BULLA_E_INTEGRITY,
                 &err);
    assert_int_equal(f->tap.command_count, before);
    assert_null(secret.data);
}

static void
test_wrong_pin_counts_down_to_lockout(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { .with_pin = true };
    BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, BL_LITERAL("1234"));
    BL_AUTO(bl_tpm_sealed) without_pin = seal(f, &(struct bl_tpm_policy){ 0 }, NO_PIN);
    struct bl_tpm_info info = { 0 };

    assert_ok(bl_tpm_info(f->tpm, &info, &err), &err);
    assert_true(info.lockout_counter_max > 1);
    for (uint32_t left = info.lockout_counter_max; left-- > 0;) {
        assert_refuses(f, &sealed, &policy, BL_LITERAL("4321"), BULLA_CAUSE_WRONG_PASSPHRASE, &err);
        assert_int_equal(err.found.number, left);
        assert_int_equal(err.expected.number, info.lockout_counter_max);
        bulla_error_clear(&err);
    }
    assert_refuses(f, &sealed, &policy, BL_LITERAL("1234"), BULLA_CAUSE_TPM_LOCKOUT, &err);
    assert_int_equal(err.found.number, info.lockout_interval_s);
    bulla_error_clear(&err);
    assert_ok(bl_tpm_info(f->tpm, &info, &err), &err);
    assert_true(info.in_lockout);
    assert_opens(f, &without_pin, &(struct bl_tpm_policy){ 0 }, NO_PIN);
}

/* The TPM drops trailing zeros of an authorization value: some PIN of many has a digest with one. */
static void
test_every_pin_works(void **state)
{
    struct fixture *f = *state;
    struct bl_tpm_policy policy = { .with_pin = true };
    unsigned with_zero = 0;

    for (unsigned i = 0; i < 3000 && with_zero < 2; i++) {
        char pin[16];
        uint8_t digest[32];
        snprintf(pin, sizeof pin, "%u", i);
        const struct bulla_bytes parts[] = { BL_LITERAL("bulla-tpm-pin/1"), text_bytes(pin) };
        assert_int_equal(bl_hash_parts(BL_SHA256, parts, 2, digest, NULL), BULLA_OK);
        if (digest[31] != 0)
            continue;
        with_zero++;
        BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, text_bytes(pin));
        assert_opens(f, &sealed, &policy, text_bytes(pin));
    }
    assert_int_equal(with_zero, 2);
}

static void
test_another_tpm_is_told_apart(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, NO_PIN);

    fixture_close(f);
    bl_secret_done(&f->store.state);
    fixture_open(f);
    assert_refuses(f, &sealed, &policy, NO_PIN, BULLA_CAUSE_WRONG_TPM, &err);
    bulla_error_clear(&err);
    assert_ok(bl_tpm_srk_name(f->tpm, &sealed.srk_name, &err), &err); /* a name it does have */
    assert_refuses(f, &sealed, &policy, NO_PIN, BULLA_CAUSE_WRONG_TPM, &err);
}

static void
test_it_opens_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, NO_PIN);

    fixture_close(f);
    fixture_open(f);
    assert_false(bl_vtpm_is_new(f->vtpm));
    assert_opens(f, &sealed, &policy, NO_PIN);
}

static void
test_a_version_floor_holds(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_name name = { 0 };

    write_version(f->tpm, VERSION_INDEX, 5);
    struct bl_tpm_policy policy = version_policy(f->tpm, VERSION_INDEX, 5, &name);
    BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, NO_PIN);
    assert_opens(f, &sealed, &policy, NO_PIN);

    fixture_close(f);
    fixture_open(f); /* the lock is gone, and with it the Name */
    assert_refuses(f, &sealed, &policy, NO_PIN, BULLA_CAUSE_STATE, &err);
    bulla_error_clear(&err);
    write_version(f->tpm, VERSION_INDEX, 6);
    assert_opens(f, &sealed, &policy, NO_PIN);

    fixture_close(f);
    fixture_open(f);
    write_version(f->tpm, VERSION_INDEX, 4);
    assert_refuses(f, &sealed, &policy, NO_PIN, BULLA_CAUSE_VERSION_BELOW_FLOOR, &err);
    assert_int_equal(err.found.number, 4);
    assert_int_equal(err.expected.number, 5);
    bulla_error_clear(&err);

    policy.nv_index++; /* the digest is that of the Name alone: the index is looked up by number */
    assert_refuses(f, &sealed, &policy, NO_PIN, BULLA_CAUSE_STATE, &err);
}

static void
test_limits_and_arguments(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_sealed sealed = { 0 };
    struct bl_tpm_policy policy = { 0 };
    uint8_t large[BL_TPM_SEALED_SIZE_MAX + 1] = { 1 };

    assert_fails(bl_tpm_seal(f->tpm, (struct bulla_bytes){ 0 }, &policy, NO_PIN, &sealed, &err),
                 BULLA_E_LIMIT, &err);
    assert_fails(bl_tpm_seal(f->tpm, BL_BYTES_OF(large), &policy, NO_PIN, &sealed, &err),
                 BULLA_E_LIMIT, &err);
    assert_fails(bl_tpm_seal(f->tpm, SECRET, &policy, BL_LITERAL("1"), &sealed, &err),
                 BULLA_E_ARGUMENT, &err);
    policy.with_pin = true;
    assert_fails(bl_tpm_seal(f->tpm, SECRET, &policy, NO_PIN, &sealed, &err), BULLA_E_ARGUMENT,
                 &err);
    assert_null(sealed.public_area.data);
    bulla_error_clear(&err);
    policy.with_pin = false;
    struct bulla_bytes largest = { large, BL_TPM_SEALED_SIZE_MAX };
    BL_AUTO(bl_secret) secret = { 0 };
    assert_ok(bl_tpm_seal(f->tpm, largest, &policy, NO_PIN, &sealed, &err), &err);
    assert_ok(bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&secret), largest);
    bl_tpm_sealed_done(&sealed);
}

static void
test_altered_objects_do_not_open(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, NO_PIN);
    struct bl_secret secret = { 0 };

    for (size_t cut = 0; cut < sealed.public_area.size; cut++) {
        struct bl_tpm_sealed shorter = sealed;
        shorter.public_area.size = cut;
        assert_fails(bl_tpm_unseal(f->tpm, &shorter, &policy, NO_PIN, &secret, &err),
                     BULLA_E_MALFORMED, &err);
    }
    for (size_t cut = 0; cut < sealed.private_area.size; cut++) {
        struct bl_tpm_sealed shorter = sealed;
        shorter.private_area.size = cut;
        assert_fails(bl_tpm_unseal(f->tpm, &shorter, &policy, NO_PIN, &secret, &err),
                     BULLA_E_MALFORMED, &err);
    }
    for (size_t at = 2; at < sealed.public_area.size; at++) {
        sealed.public_area.data[at] ^= 1;
        bulla_error_clear(&err);
        assert_int_not_equal(bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err),
                             BULLA_OK);
        sealed.public_area.data[at] ^= 1;
    }
    for (size_t at = 2; at < sealed.private_area.size; at++) {
        sealed.private_area.data[at] ^= 1;
        bulla_error_clear(&err);
        assert_int_not_equal(bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err),
                             BULLA_OK);
        sealed.private_area.data[at] ^= 1;
    }
    assert_null(secret.data);
    assert_nothing_loaded(f->tpm);
    assert_opens(f, &sealed, &policy, NO_PIN);
}

/* -- keys -------------------------------------------------------------------------------------- */

static void
test_a_persistent_srk_is_used_and_may_vanish(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    struct bl_tpm_name before = { 0 }, after = { 0 };

    assert_ok(bl_tpm_srk_name(f->tpm, &before, &err), &err);
    persist_srk(f);
    assert_ok(bl_tpm_srk_name(f->tpm, &after, &err), &err);
    assert_true(bl_tpm_name_equal(&before, &after));
    unsigned commands = f->tap.command_count;
    BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, NO_PIN);
    assert_true(f->tap.command_count - commands <= 6); /* no primary is made */
    assert_opens(f, &sealed, &policy, NO_PIN);
    assert_int_equal(count_handles(f->tpm, TPM2_PERSISTENT_FIRST), 1);

    ESYS_TR persistent = ESYS_TR_NONE, gone = ESYS_TR_NONE;
    assert_int_equal(Esys_TR_FromTPMPublic(f->tpm->esys, PERSISTENT_SRK, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, &persistent),
                     TSS2_RC_SUCCESS);
    assert_int_equal(Esys_EvictControl(f->tpm->esys, ESYS_TR_RH_OWNER, persistent, ESYS_TR_PASSWORD,
                                       ESYS_TR_NONE, ESYS_TR_NONE, PERSISTENT_SRK, &gone),
                     TSS2_RC_SUCCESS);
    assert_opens(f, &sealed, &policy, NO_PIN);
}

static void
test_an_unfit_persistent_key_is_not_used(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_name before = { 0 }, after = { 0 };
    TPM2B_PUBLIC area = { 0 };
    const TPM2B_PUBLIC signer = {
        .publicArea = { .type = TPM2_ALG_ECC,
                        .nameAlg = TPM2_ALG_SHA256,
                        .objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_FIXEDTPM |
                                            TPMA_OBJECT_FIXEDPARENT |
                                            TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                            TPMA_OBJECT_USERWITHAUTH,
                        .parameters.eccDetail = { .symmetric.algorithm = TPM2_ALG_NULL,
                                                  .scheme.scheme = TPM2_ALG_NULL,
                                                  .curveID = TPM2_ECC_NIST_P256,
                                                  .kdf.scheme = TPM2_ALG_NULL } }
    };

    assert_ok(bl_tpm_srk_name(f->tpm, &before, &err), &err);
    struct bl_tpm_handle key = make_primary(f, ESYS_TR_RH_OWNER, &signer, &area);
    persist(f, &key);
    assert_ok(bl_tpm_srk_name(f->tpm, &after, &err), &err);
    assert_true(bl_tpm_name_equal(&before, &after));
}

/* Another system made another storage root key persistent after we sealed. */
static void
test_the_recorded_parent_is_found_beside_another(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = seal(f, &policy, NO_PIN);
    const TPM2B_PUBLIC template = srk_template(0);
    TPM2B_PUBLIC area = { 0 };
    struct bl_tpm_name name = { 0 };

    struct bl_tpm_handle other = make_primary(f, ESYS_TR_RH_OWNER, &template, &area);
    persist(f, &other);
    assert_ok(bl_tpm_srk_name(f->tpm, &name, &err), &err);
    assert_false(bl_tpm_name_equal(&name, &sealed.srk_name)); /* new objects get the other one */
    assert_opens(f, &sealed, &policy, NO_PIN);
}

static void
test_a_session_needs_a_salt(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_handle session = { 0 };
    struct bl_tpm_handle none = { .tpm = f->tpm, .tr = ESYS_TR_NONE };

    assert_fails(bl_tpm_session(f->tpm, &none, TPM2_SE_HMAC, TPMA_SESSION_ENCRYPT, &session, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_null(session.tpm);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tpm(test_round_trip_of_every_policy),
        with_tpm(test_the_object_says_what_it_must),
        with_tpm(test_only_the_policy_opens_it),
        with_tpm(test_a_changed_pcr_is_named),
        with_tpm(test_another_policy_is_refused_before_the_tpm_is_asked),
        with_tpm(test_wrong_pin_counts_down_to_lockout),
        with_tpm(test_every_pin_works),
        with_tpm(test_another_tpm_is_told_apart),
        with_tpm(test_it_opens_after_a_restart),
        with_tpm(test_a_version_floor_holds),
        with_tpm(test_limits_and_arguments),
        with_tpm(test_altered_objects_do_not_open),
        with_tpm(test_a_persistent_srk_is_used_and_may_vanish),
        with_tpm(test_an_unfit_persistent_key_is_not_used),
        with_tpm(test_the_recorded_parent_is_found_beside_another),
        with_tpm(test_a_session_needs_a_salt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

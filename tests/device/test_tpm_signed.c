/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sealed to an authority opens in the states that it signs, until they are revoked.
 */
#include "policy/signed_fixture.h"
#include "tpm_fixture.h"

#define SECRET BL_LITERAL("what only a signed state may have")
#define NO_PIN ((struct bulla_bytes){ 0 })
#define MASK 0x00800080u /* PCR 7 and 23 */

static const uint8_t some_digest[32] = { 9 };

/* Sealed to an authority, with the policy of the present state. */
struct world {
    struct bl_key *authority;
    struct bulla_buffer values;
    struct bl_pcr_policy signed_policy;
    struct bl_tpm_policy policy;
    struct bl_tpm_sealed sealed;
    uint64_t counter;
};

static void
world_done(struct world *w)
{
    bl_key_free(w->authority);
    bulla_buffer_done(&w->values);
    bl_pcr_policy_done(&w->signed_policy);
    bl_tpm_sealed_done(&w->sealed);
}

/* A new policy for the present state, in place of the one before. */
static void
sign_now(struct fixture *f, struct world *w, uint64_t sequence)
{
    struct bl_tpm_policy now = policy_now(f->tpm, MASK, &w->values);
    const struct bl_pcr_branch branch = { now.pcrs, now.pcr_values };

    bl_pcr_policy_done(&w->signed_policy);
    w->signed_policy = new_policy(&branch, 1, REVOCATION_COUNTER, sequence);
    sign_policy(&w->signed_policy, w->authority);
    w->policy.signed_policy = &w->signed_policy;
}

static void
seal_now(struct fixture *f, struct world *w, struct bulla_bytes pin)
{
    struct bulla_error err = { 0 };

    w->authority = new_authority();
    assert_ok(bl_tpm_counter_define(f->tpm, REVOCATION_COUNTER, &err), &err);
    assert_ok(bl_tpm_counter_read(f->tpm, REVOCATION_COUNTER, &w->counter, &err), &err);
    sign_now(f, w, w->counter);
    w->policy.authority = w->authority;
    w->policy.with_pin = pin.size > 0;
    ref_of(&w->signed_policy, w->policy.policy_ref);
    assert_ok(bl_tpm_seal(f->tpm, SECRET, &w->policy, pin, &w->sealed, &err), &err);
}

static void
expect(struct fixture *f, struct world *w, struct bulla_bytes pin, enum bulla_cause cause,
       struct bulla_error *err)
{
    BL_AUTO(bl_secret) secret = { 0 };

    assert_cause(bl_tpm_unseal(f->tpm, &w->sealed, &w->policy, pin, &secret, err), cause, err);
    if (cause == BULLA_CAUSE_NONE)
        assert_bytes_equal(bl_secret_bytes(&secret), SECRET);
    else
        assert_null(secret.data);
    assert_nothing_loaded(f->tpm);
}

static void
opens_in_whatever_state_was_signed(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(world) w = { 0 };
    uint8_t before[32];

    seal_now(f, &w, NO_PIN);
    expect(f, &w, NO_PIN, BULLA_CAUSE_NONE, &err);
    memcpy(before, w.values.data + 32, 32);
    assert_ok(bl_tpm_pcr_extend(f->tpm, 23, some_digest, &err), &err);
    expect(f, &w, NO_PIN, BULLA_CAUSE_PCR_CHANGED, &err);
    assert_int_equal(err.offset, 23);
    assert_memory_equal(err.expected.bytes, before, 32);
    assert_memory_not_equal(err.found.bytes, before, 32);
    sign_now(f, &w, w.counter); /* the blob is as it was */
    expect(f, &w, NO_PIN, BULLA_CAUSE_NONE, &err);
}

static void
what_was_revoked_does_not_open(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(world) w = { 0 };
    uint64_t value = 0;

    seal_now(f, &w, NO_PIN);
    sign_now(f, &w,
             w.counter + 1); /* signed ahead of the counter: holds now and once it is raised */
    expect(f, &w, NO_PIN, BULLA_CAUSE_NONE, &err);
    assert_ok(bl_tpm_counter_increment(f->tpm, REVOCATION_COUNTER, &value, &err), &err);
    expect(f, &w, NO_PIN, BULLA_CAUSE_NONE, &err);
    assert_ok(bl_tpm_counter_increment(f->tpm, REVOCATION_COUNTER, &value, &err), &err);
    expect(f, &w, NO_PIN, BULLA_CAUSE_POLICY_REVOKED, &err);
    assert_int_equal(err.found.number, value);
    assert_int_equal(err.expected.number, w.counter + 1);
    sign_now(f, &w, value);
    expect(f, &w, NO_PIN, BULLA_CAUSE_NONE, &err);
}

/* The counter is removed and made again: it goes on above, so that nothing revoked comes back. */
static void
a_counter_made_again_revokes_nothing_less(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(world) w = { 0 };
    BL_AUTO(bl_tpm_handle) nv = { 0 };

    seal_now(f, &w, NO_PIN);
    assert_ok(bl_tpm_nv_open(f->tpm, REVOCATION_COUNTER, &nv, NULL, &err), &err);
    assert_int_equal(Esys_NV_UndefineSpace(f->tpm->esys, ESYS_TR_RH_OWNER, nv.tr, ESYS_TR_PASSWORD,
                                           ESYS_TR_NONE, ESYS_TR_NONE),
                     0);
    nv = (struct bl_tpm_handle){ 0 };
    expect(f, &w, NO_PIN, BULLA_CAUSE_COUNTER_MISSING, &err);
    assert_ok(bl_tpm_counter_define(f->tpm, REVOCATION_COUNTER, &err), &err);
    expect(f, &w, NO_PIN, BULLA_CAUSE_POLICY_REVOKED, &err);
}

static void
another_index_is_no_counter(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(world) w = { 0 };

    seal_now(f, &w, NO_PIN);
    write_version(f->tpm, REVOCATION_COUNTER + 1, 0);
    w.signed_policy.counter_index =
        REVOCATION_COUNTER + 1; /* the number is not signed, the Name is */
    expect(f, &w, NO_PIN, BULLA_CAUSE_COUNTER_MISSING, &err);
}

static void
only_the_authority_signs(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(world) w = { 0 };
    BL_AUTO_FREE(bl_key) other = new_authority();

    seal_now(f, &w, NO_PIN);
    sign_policy(&w.signed_policy, other);
    expect(f, &w, NO_PIN, BULLA_CAUSE_POLICY_NOT_SIGNED, &err);
    w.policy.signed_policy = NULL;
    expect(f, &w, NO_PIN, BULLA_CAUSE_POLICY_MISSING, &err);
    w.policy.signed_policy = &w.signed_policy;
    w.policy.authority = other; /* nor is the object his */
    expect(f, &w, NO_PIN, BULLA_CAUSE_INTEGRITY, &err);
    w.policy.authority = NULL;
    expect(f, &w, NO_PIN, BULLA_CAUSE_INTEGRITY, &err);
}

/* One of many states, anywhere in the tree. */
static void
one_of_many_states(void **state)
{
    struct fixture *f = *state;
    static const size_t counts[] = { 2, 8, 9, 65, 513, 4096 };
    static uint8_t values[BL_PCR_BRANCH_COUNT_MAX][64];
    static struct bl_pcr_branch branches[BL_PCR_BRANCH_COUNT_MAX];
    BL_AUTO(world) w = { 0 };

    seal_now(f, &w, NO_PIN);
    for (size_t c = 0; c < BL_COUNT_OF(counts); c++) {
        const size_t places[] = { 0, counts[c] / 2, counts[c] - 1 };
        for (size_t i = 0; i < counts[c]; i++) {
            memset(values[i], (int)(i % 251), 64);
            values[i][1] = (uint8_t)(i / 251);
            branches[i] = (struct bl_pcr_branch){ { BL_SHA256, MASK }, { values[i], 64 } };
        }
        for (size_t p = 0; p < BL_COUNT_OF(places); p++) {
            struct bulla_error err = { 0 };
            size_t place = places[p];
            branches[place].values = bulla_buffer_bytes(&w.values);
            bl_pcr_policy_done(&w.signed_policy);
            w.signed_policy = new_policy(branches, counts[c], REVOCATION_COUNTER, w.counter);
            sign_policy(&w.signed_policy, w.authority);
            expect(f, &w, NO_PIN, BULLA_CAUSE_NONE, &err);
            branches[place].values = (struct bulla_bytes){ values[place], 64 };
        }
    }
}

/* Both banks, a fixed PCR, a version and a PIN besides what is signed. */
static void
with_all_the_rest(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    const struct bulla_bytes pin = BL_LITERAL("1234");
    BL_AUTO(world) w = { 0 };
    BL_AUTO(bulla_buffer) fixed = { 0 };
    BL_AUTO(bulla_buffer) wide = { 0 };
    struct bl_tpm_name name = { 0 };

    seal_now(f, &w, NO_PIN);
    bl_tpm_sealed_done(&w.sealed);
    write_version(f->tpm, REVOCATION_COUNTER + 2, 4);
    const struct bl_tpm_policy version = version_policy(f->tpm, REVOCATION_COUNTER + 2, 3, &name);
    const struct bl_tpm_policy pcr = policy_now(f->tpm, 1 << 9, &fixed);
    w.policy.pcrs = pcr.pcrs;
    w.policy.pcr_values = pcr.pcr_values;
    w.policy.nv_index = version.nv_index;
    w.policy.nv_name = version.nv_name;
    w.policy.nv_minimum = version.nv_minimum;
    w.policy.with_pin = true;
    assert_ok(bl_tpm_seal(f->tpm, SECRET, &w.policy, pin, &w.sealed, &err), &err);
    expect(f, &w, pin, BULLA_CAUSE_NONE, &err);
    expect(f, &w, BL_LITERAL("1235"), BULLA_CAUSE_WRONG_PASSPHRASE, &err);

    const struct bl_pcr_selection sha384 = { BL_SHA384, 1 << 7 };
    assert_ok(bl_tpm_pcr_read(f->tpm, sha384, &wide, &err), &err);
    const struct bl_pcr_branch branches[] = {
        { { BL_SHA256, MASK }, bulla_buffer_bytes(&w.values) },
        { sha384, bulla_buffer_bytes(&wide) },
    };
    bl_pcr_policy_done(&w.signed_policy);
    w.signed_policy = new_policy(branches, 2, REVOCATION_COUNTER, w.counter);
    sign_policy(&w.signed_policy, w.authority);
    assert_ok(bl_tpm_pcr_extend(f->tpm, 23, some_digest, &err), &err); /* the second holds yet */
    expect(f, &w, pin, BULLA_CAUSE_NONE, &err);
    assert_ok(bl_tpm_pcr_extend(f->tpm, 9, some_digest, &err), &err);
    expect(f, &w, pin, BULLA_CAUSE_PCR_CHANGED, &err);
    assert_int_equal(err.offset, 9);
}

static void
without_a_counter(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(world) w = { 0 };

    seal_now(f, &w, NO_PIN);
    bl_tpm_sealed_done(&w.sealed);
    w.signed_policy.counter_index = 0;
    w.signed_policy.counter_name.size = 0;
    w.signed_policy.sequence = 0;
    sign_policy(&w.signed_policy, w.authority);
    ref_of(&w.signed_policy, w.policy.policy_ref);
    assert_ok(bl_tpm_seal(f->tpm, SECRET, &w.policy, NO_PIN, &w.sealed, &err), &err);
    expect(f, &w, NO_PIN, BULLA_CAUSE_NONE, &err);
    sign_now(f, &w, w.counter); /* one that can be revoked is for other blobs */
    expect(f, &w, NO_PIN, BULLA_CAUSE_POLICY_NOT_SIGNED, &err);
}

/* A PCR is extended between PolicyPCR and Unseal: tried again. */
static void
extend_meanwhile(void *context, unsigned number, uint32_t code, struct bulla_buffer *response)
{
    struct fixture *f = context;
    /* TPM2_PCR_Extend of PCR 10 with an empty password */
    static const uint8_t command[] = {
        0x80, 0x02, 0, 0, 0, 65, 0, 0, 0x01, 0x82, 0, 0, 0, 10, 0, 0,  0,
        9,    0x40, 0, 0, 9, 0,  0, 0, 0,    0,    0, 0, 0, 1,  0, 11,
    };
    uint8_t whole[65] = { 0 };
    BL_AUTO(bulla_buffer) ignored = { 0 };

    (void)number;
    (void)response;
    if (code != TPM2_CC_PolicyAuthorize)
        return;
    f->tap.alter = NULL; /* once */
    memcpy(whole, command, sizeof command);
    assert_int_equal(
        f->tap.inner.exchange(f->tap.inner.context, BL_BYTES_OF(whole), &ignored, NULL), BULLA_OK);
    assert_true(ignored.size >= 10 && ignored.data[8] == 0 && ignored.data[9] == 0);
}

static void
a_pcr_that_moves_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(world) w = { 0 };

    seal_now(f, &w, NO_PIN);
    f->tap.context = f;
    f->tap.alter = extend_meanwhile;
    expect(f, &w, NO_PIN, BULLA_CAUSE_NONE, &err);
    assert_null(f->tap.alter);
}

static void
every_command_may_fail(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(world) w = { 0 };
    unsigned failed = 0;
    bool reached = true;

    seal_now(f, &w, BL_LITERAL("1234"));
    for (uint64_t n = 1; reached; n++) {
        struct bulla_error err = { 0 };
        BL_AUTO(bl_secret) secret = { 0 };
        bl_fault_arm(BL_FAULT_TPM, n, false);
        enum bulla_status status =
            bl_tpm_unseal(f->tpm, &w.sealed, &w.policy, BL_LITERAL("1234"), &secret, &err);
        reached = bl_fault_disarm();
        assert_true((status == BULLA_OK) == (secret.data != NULL));
        if (status != BULLA_OK)
            assert_int_equal(status, BULLA_E_IO);
        failed += status != BULLA_OK;
        assert_nothing_loaded(f->tpm);
    }
    assert_true(failed > 10);
}

static void
every_allocation_may_fail(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(world) w = { 0 };
    bool reached = true;

    seal_now(f, &w, NO_PIN);
    f->tpm->tcti.transport = bl_tpm_transport_vtpm(f->vtpm); /* the recorder allocates as well */
    tap_close(&f->tap);
    for (uint64_t n = 1; reached; n++) {
        struct bulla_error err = { 0 };
        BL_AUTO(bl_secret) secret = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, n, false);
        enum bulla_status status =
            bl_tpm_unseal(f->tpm, &w.sealed, &w.policy, NO_PIN, &secret, &err);
        reached = bl_fault_disarm();
        assert_true((status == BULLA_OK) == (secret.data != NULL));
        if (status != BULLA_OK)
            assert_int_equal(status, BULLA_E_MEMORY);
        assert_nothing_loaded(f->tpm);
    }
}

static void
another_tpm(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(world) w = { 0 };

    seal_now(f, &w, NO_PIN);
    fixture_close(f);
    bl_secret_done(&f->store.state);
    fixture_open(f);
    assert_ok(bl_tpm_counter_define(f->tpm, REVOCATION_COUNTER, &err), &err);
    expect(f, &w, NO_PIN, BULLA_CAUSE_WRONG_TPM, &err);
}

/* Nothing of the secret on the bus; the recorder hears the signature, which is public. */
static void
the_secret_does_not_cross_in_clear(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(world) w = { 0 };

    seal_now(f, &w, NO_PIN);
    expect(f, &w, NO_PIN, BULLA_CAUSE_NONE, &err);
    assert_true(tap_has_seen(&f->tap, ((struct bulla_bytes){ w.signed_policy.signature, 32 })));
    for (size_t at = 0; at + 8 <= SECRET.size; at++)
        assert_false(tap_has_seen(&f->tap, (struct bulla_bytes){ SECRET.data + at, 8 }));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tpm(opens_in_whatever_state_was_signed),
        with_tpm(what_was_revoked_does_not_open),
        with_tpm(a_counter_made_again_revokes_nothing_less),
        with_tpm(another_index_is_no_counter),
        with_tpm(only_the_authority_signs),
        with_tpm(one_of_many_states),
        with_tpm(with_all_the_rest),
        with_tpm(without_a_counter),
        with_tpm(a_pcr_that_moves_meanwhile),
        with_tpm(every_command_may_fail),
        with_tpm(every_allocation_may_fail),
        with_tpm(another_tpm),
        with_tpm(the_secret_does_not_cross_in_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

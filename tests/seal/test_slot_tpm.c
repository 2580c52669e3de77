/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM slots against a whole TPM 2.0 in this process.
 */
#include "../device/tpm_fixture.h"
#include "../policy/signed_fixture.h"
#include "seal_fixture.h"

#include "seal/inspect.h"

#define VERSION_INDEX 0x01800001u
#define PCR_BIT(i) ((uint32_t)1 << (i))

static const struct bl_unseal_requirements no_demands = { .now_s = NOW_S };

static struct bl_slot_request
tpm_slot(struct bl_tpm_policy policy)
{
    return (struct bl_slot_request){ .type = BL_SLOT_TPM2, .tpm_policy = policy };
}

/* A TPM slot and a passphrase for the day when it does not open. */
static void
seal_to_tpm(struct fixture *f, struct bl_tpm_policy policy, struct bulla_bytes pin,
            struct bulla_buffer *blob)
{
    struct bulla_error err = { 0 };
    struct bl_slot_request slots[] = { tpm_slot(policy), passphrase_slot("recovery") };
    const struct bl_seal_request request = request_for(slots, 2);
    const struct bl_opener opener = { .tpm = f->tpm, .tpm_pin = pin };

    slots[1].is_recovery = true;
    assert_ok(bl_seal_bytes(&request, &opener, text_bytes("state"), blob, &err), &err);
    assert_nothing_loaded(f->tpm);
}

static void
expect(struct fixture *f, struct bulla_bytes blob, struct bulla_bytes pin, enum bulla_cause cause,
       struct bulla_error *err)
{
    const struct bl_opener opener = { .tpm = f->tpm, .tpm_pin = pin };
    BL_AUTO(bl_secret) opened = { 0 };

    assert_cause(bl_unseal_bytes(&no_demands, &opener, blob, &opened, err), cause, err);
    assert_int_equal(opened.data != NULL, cause == BULLA_CAUSE_NONE);
    if (cause == BULLA_CAUSE_NONE)
        assert_bytes_equal(bl_secret_bytes(&opened), text_bytes("state"));
    if (f->tpm != NULL)
        assert_nothing_loaded(f->tpm);
}

/* The forecast for the TPM slot. */
static struct bl_slot_forecast
explained(struct fixture *f, struct bulla_bytes blob, struct bulla_bytes pin)
{
    struct bulla_error err = { 0 };
    const struct bl_opener opener = { .tpm = f->tpm, .tpm_pin = pin };
    struct bl_slot_forecast forecasts[2];
    BL_AUTO(bl_blob_summary) summary = { 0 };
    int fd = file_of(blob);

    assert_ok(bl_blob_inspect(fd, &summary, &err), &err);
    assert_ok(bl_blob_explain(&summary, &opener, NOW_S, forecasts, &err), &err);
    close(fd);
    return forecasts[summary.slots[0].type == BL_SLOT_TPM2 ? 0 : 1];
}

static const struct bulla_bytes no_pin = { NULL, 0 };

static void
opens_again_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };

    seal_to_tpm(f, policy_now(f->tpm, PCR_BIT(7) | PCR_BIT(16), &values), no_pin, &blob);
    expect(f, bulla_buffer_bytes(&blob), no_pin, BULLA_CAUSE_NONE, &err);
    assert_int_equal(explained(f, bulla_buffer_bytes(&blob), no_pin).outlook, BL_OUTLOOK_OPENS);
    fixture_close(f);
    fixture_open(f);
    expect(f, bulla_buffer_bytes(&blob), no_pin, BULLA_CAUSE_NONE, &err);
}

static void
a_changed_pcr_is_named(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    const uint8_t digest[32] = { 1 };
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    struct person person = { .passphrase = "recovery" };
    struct bl_opener opener = opener_of(NULL, 0, &person);
    BL_AUTO(bl_secret) opened = { 0 };

    seal_to_tpm(f, policy_now(f->tpm, PCR_BIT(7) | PCR_BIT(9) | PCR_BIT(11), &values), no_pin,
                &blob);
    assert_ok(bl_tpm_pcr_extend(f->tpm, 9, digest, &err), &err);
    assert_ok(bl_tpm_pcr_extend(f->tpm, 11, digest, &err), &err);
    expect(f, bulla_buffer_bytes(&blob), no_pin, BULLA_CAUSE_PCR_CHANGED, &err);
    assert_int_equal(err.offset, 9);
    assert_int_equal(err.found.kind, BULLA_VALUE_BYTES);
    assert_memory_equal(err.expected.bytes, values.data + 32, 32);

    struct bl_slot_forecast forecast = explained(f, bulla_buffer_bytes(&blob), no_pin);
    assert_int_equal(forecast.outlook, BL_OUTLOOK_REFUSES);
    assert_int_equal(forecast.reason.cause, BULLA_CAUSE_PCR_CHANGED);
    assert_int_equal(forecast.reason.offset, 9);
    assert_memory_equal(forecast.reason.expected.bytes, values.data + 32, 32);
    assert_memory_equal(forecast.reason.found.bytes, err.found.bytes, 32);
    assert_int_equal(forecast.pcrs_changed, PCR_BIT(9) | PCR_BIT(11));

    opener.tpm = f->tpm; /* the recovery slot opens all the same */
    assert_ok(bl_unseal_bytes(&no_demands, &opener, bulla_buffer_bytes(&blob), &opened, &err),
              &err);
    assert_int_equal(person.asked_count, 1);
}

static void
another_tpm_is_told_from_a_changed_one(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };

    seal_to_tpm(f, policy_now(f->tpm, PCR_BIT(7), &values), no_pin, &blob);
    fixture_close(f);
    bl_secret_done(&f->store.state);
    fixture_open(f);
    expect(f, bulla_buffer_bytes(&blob), no_pin, BULLA_CAUSE_WRONG_TPM, &err);
    assert_int_equal(explained(f, bulla_buffer_bytes(&blob), no_pin).reason.cause,
                     BULLA_CAUSE_WRONG_TPM);

    struct fixture none = { 0 };
    expect(&none, bulla_buffer_bytes(&blob), no_pin, BULLA_CAUSE_NO_TPM, &err);
    assert_int_equal(explained(&none, bulla_buffer_bytes(&blob), no_pin).reason.cause,
                     BULLA_CAUSE_NO_TPM);
}

static void
a_pin_is_needed_where_one_was_set(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    const struct bl_tpm_policy policy = { .with_pin = true };
    const struct bulla_bytes pin = text_bytes("1234");
    BL_AUTO(bulla_buffer) blob = { 0 };

    seal_to_tpm(f, policy, pin, &blob);
    expect(f, bulla_buffer_bytes(&blob), pin, BULLA_CAUSE_NONE, &err);
    expect(f, bulla_buffer_bytes(&blob), no_pin, BULLA_CAUSE_NO_SLOT_OPENS, &err);
    expect(f, bulla_buffer_bytes(&blob), text_bytes("1235"), BULLA_CAUSE_WRONG_PASSPHRASE, &err);
    assert_int_equal(explained(f, bulla_buffer_bytes(&blob), pin).outlook, BL_OUTLOOK_OPENS);
    assert_int_equal(explained(f, bulla_buffer_bytes(&blob), no_pin).outlook,
                     BL_OUTLOOK_NEEDS_INPUT);
}

static void
an_older_version_does_not_open(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_name name = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };

    write_version(f->tpm, VERSION_INDEX, 3);
    const struct bl_tpm_policy policy = version_policy(f->tpm, VERSION_INDEX, 3, &name);
    seal_to_tpm(f, policy, no_pin, &blob);
    expect(f, bulla_buffer_bytes(&blob), no_pin, BULLA_CAUSE_NONE, &err);
    fixture_close(f);
    fixture_open(f);
    write_version(f->tpm, VERSION_INDEX, 2);
    expect(f, bulla_buffer_bytes(&blob), no_pin, BULLA_CAUSE_VERSION_BELOW_FLOOR, &err);
    struct bl_slot_forecast forecast = explained(f, bulla_buffer_bytes(&blob), no_pin);
    assert_int_equal(forecast.reason.cause, BULLA_CAUSE_VERSION_BELOW_FLOOR);
    assert_int_equal(forecast.reason.found.number, 2);
    assert_int_equal(forecast.reason.expected.number, 3);
    fixture_close(f);
    fixture_open(f);
    write_version(f->tpm, VERSION_INDEX, 4);
    expect(f, bulla_buffer_bytes(&blob), no_pin, BULLA_CAUSE_NONE, &err);
}

/* Values that do not hold now: found out by opening, before a byte of the blob is out. */
static void
what_would_not_open_is_not_sealed(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    const uint8_t digest[32] = { 1 };
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    const struct bl_slot_request slot = tpm_slot(policy_now(f->tpm, PCR_BIT(9), &values));
    struct bl_seal_request request = request_for(&slot, 1);
    const struct bl_opener opener = { .tpm = f->tpm };
    int in = file_of(text_bytes("state")), out = file_of(text_bytes(""));

    request.allow_no_recovery = true;
    assert_ok(bl_tpm_pcr_extend(f->tpm, 9, digest, &err), &err);
    assert_cause(bl_seal_stream(&request, &opener, in, out, &err), BULLA_CAUSE_PCR_CHANGED, &err);
    read_back(out, &blob);
    assert_int_equal(blob.size, 0);
    close(in);
    close(out);
}

static void
nonsense_is_refused(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    const struct bl_slot_request no_bank =
        tpm_slot((struct bl_tpm_policy){ .pcrs = { .bank = BL_SHA1, .mask = 1 } });
    const struct bl_slot_request pin_missing = tpm_slot((struct bl_tpm_policy){ .with_pin = true });
    struct bl_seal_request request = request_for(&no_bank, 1);
    const struct bl_opener opener = { .tpm = f->tpm };
    BL_AUTO(bulla_buffer) blob = { 0 };

    request.allow_no_recovery = true;
    assert_cause(bl_seal_bytes(&request, &opener, text_bytes("x"), &blob, &err),
                 BULLA_CAUSE_BINDING_REFUSED, &err);
    request.slots = &pin_missing;
    assert_fails(bl_seal_bytes(&request, &opener, text_bytes("x"), &blob, &err), BULLA_E_USAGE,
                 &err);
}

/* No alteration of the header opens, and none takes hold in the TPM. */
static void
altered_bytes(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    struct bulla_error err = { 0 };
    const struct bl_opener opener = { .tpm = f->tpm };

    seal_to_tpm(f, policy_now(f->tpm, PCR_BIT(7), &values), no_pin, &blob);
    for (size_t offset = 32; offset < blob.size - 100; offset += 7) {
        BL_AUTO(bl_secret) opened = { 0 };
        blob.data[offset] ^= 1;
        bulla_error_clear(&err);
        assert_int_not_equal(
            bl_unseal_bytes(&no_demands, &opener, bulla_buffer_bytes(&blob), &opened, &err),
            BULLA_OK);
        assert_null(opened.data);
        /* an object that is no longer one is refused by the TPM itself */
        assert_true(bulla_status_is_finding(err.status) || err.cause == BULLA_CAUSE_TPM_FAILED);
        blob.data[offset] ^= 1;
    }
    assert_nothing_loaded(f->tpm);
    expect(f, bulla_buffer_bytes(&blob), no_pin, BULLA_CAUSE_NONE, &err);
}

static void
every_failure_of_the_tpm(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bulla_buffer) good = { 0 };
    const struct bl_slot_request slot = tpm_slot(policy_now(f->tpm, PCR_BIT(7), &values));
    struct bl_seal_request request = request_for(&slot, 1);
    const struct bl_opener opener = { .tpm = f->tpm };
    unsigned failed_count = 0;
    bool reached = true;

    request.allow_no_recovery = true;
    for (uint64_t nth = 1; reached; nth++) {
        struct bulla_error err = { 0 };
        BL_AUTO(bulla_buffer) blob = { 0 };
        bl_fault_arm(BL_FAULT_TPM, nth, false);
        enum bulla_status status =
            bl_seal_bytes(&request, &opener, text_bytes("state"), &blob, &err);
        reached = bl_fault_disarm();
        failed_count += status != BULLA_OK;
        assert_int_equal(blob.size > 0, status == BULLA_OK);
        if (!reached)
            good = bulla_buffer_take(&blob);
    }
    reached = true;
    for (uint64_t nth = 1; reached; nth++) {
        struct bulla_error err = { 0 };
        BL_AUTO(bl_secret) opened = { 0 };
        bl_fault_arm(BL_FAULT_TPM, nth, false);
        enum bulla_status status =
            bl_unseal_bytes(&no_demands, &opener, bulla_buffer_bytes(&good), &opened, &err);
        reached = bl_fault_disarm();
        failed_count += status != BULLA_OK;
        assert_int_equal(opened.data != NULL, status == BULLA_OK);
    }
    assert_true(failed_count > 6);
}

static void
inspect_shows_what_is_bound(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_blob_summary) summary = { 0 };
    struct bl_tpm_name srk = { 0 };

    seal_to_tpm(f, policy_now(f->tpm, PCR_BIT(0) | PCR_BIT(7), &values), no_pin, &blob);
    assert_ok(bl_tpm_srk_name(f->tpm, &srk, &err), &err);
    int fd = file_of(bulla_buffer_bytes(&blob));
    assert_ok(bl_blob_inspect(fd, &summary, &err), &err);
    close(fd);
    assert_int_equal(summary.slot_count, 2);
    const struct bl_slot_summary *slot = &summary.slots[summary.slots[0].type != BL_SLOT_TPM2];
    assert_int_equal(slot->type, BL_SLOT_TPM2);
    assert_int_equal(slot->pcrs.bank, BL_SHA256);
    assert_int_equal(slot->pcrs.mask, PCR_BIT(0) | PCR_BIT(7));
    assert_bytes_equal(slot->pcr_values, bulla_buffer_bytes(&values));
    assert_memory_equal(slot->srk_name.bytes, srk.bytes, srk.size);
    assert_int_equal(slot->nv_index, 0);
    assert_false(slot->with_pin);
}

/* -- signed policies --------------------------------------------------------------------------- */

struct signed_world {
    struct bl_key *authority;
    struct bulla_buffer values;
    struct bl_pcr_policy policy;
    struct bulla_buffer bytes; /* of the policy */
    uint64_t counter;
};

static void
signed_world_done(struct signed_world *w)
{
    bl_key_free(w->authority);
    bulla_buffer_done(&w->values);
    bl_pcr_policy_done(&w->policy);
    bulla_buffer_done(&w->bytes);
}

/* The present state of PCR 9 and 11, signed. */
static void
sign_now(struct fixture *f, struct signed_world *w)
{
    struct bulla_error err = { 0 };

    if (w->authority == NULL)
        w->authority = new_authority();
    assert_ok(bl_tpm_counter_define(f->tpm, REVOCATION_COUNTER, &err), &err);
    assert_ok(bl_tpm_counter_read(f->tpm, REVOCATION_COUNTER, &w->counter, &err), &err);
    struct bl_tpm_policy now = policy_now(f->tpm, PCR_BIT(9) | PCR_BIT(11), &w->values);
    const struct bl_pcr_branch branch = { now.pcrs, now.pcr_values };
    bl_pcr_policy_done(&w->policy);
    w->policy = new_policy(&branch, 1, REVOCATION_COUNTER, w->counter);
    sign_policy(&w->policy, w->authority);
    bulla_buffer_clear(&w->bytes);
    assert_ok(bl_pcr_policy_encode(&w->policy, &w->bytes, &err), &err);
}

static void
seal_signed(struct fixture *f, struct signed_world *w, bool with_policy, struct bulla_buffer *blob)
{
    struct bulla_error err = { 0 };
    struct bl_slot_request slots[] = { { .type = BL_SLOT_TPM2 }, passphrase_slot("recovery") };
    const struct bl_seal_request request = request_for(slots, 2);
    const struct bl_opener opener = { .tpm = f->tpm };

    slots[0].tpm_policy.authority = w->authority;
    ref_of(&w->policy, slots[0].tpm_policy.policy_ref);
    if (with_policy)
        slots[0].signed_policy = bulla_buffer_bytes(&w->bytes);
    slots[1].is_recovery = true;
    assert_ok(bl_seal_bytes(&request, &opener, text_bytes("state"), blob, &err), &err);
}

static void
expect_signed(struct fixture *f, struct bulla_bytes blob, const struct signed_world *given,
              enum bulla_cause cause)
{
    struct bulla_error err = { 0 };
    struct bl_opener opener = { .tpm = f->tpm };
    struct bl_slot_forecast forecasts[2];
    BL_AUTO(bl_secret) opened = { 0 };
    BL_AUTO(bl_blob_summary) summary = { 0 };
    int fd = file_of(blob);

    if (given != NULL)
        opener.signed_policy = bulla_buffer_bytes(&given->bytes);
    assert_cause(bl_unseal_bytes(&no_demands, &opener, blob, &opened, &err), cause, &err);
    assert_int_equal(opened.data != NULL, cause == BULLA_CAUSE_NONE);
    assert_ok(bl_blob_inspect(fd, &summary, &err), &err);
    assert_ok(bl_blob_explain(&summary, &opener, NOW_S, forecasts, &err), &err);
    close(fd);
    assert_int_equal(forecasts[summary.slots[0].type != BL_SLOT_TPM2].reason.cause, cause);
}

static void
a_signed_policy_goes_with_its_slot(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    const uint8_t digest[32] = { 1 };
    uint64_t value = 0;
    BL_AUTO(signed_world) w = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };

    sign_now(f, &w);
    seal_signed(f, &w, true, &blob);
    const struct bulla_bytes bytes = bulla_buffer_bytes(&blob);
    expect_signed(f, bytes, NULL, BULLA_CAUSE_NONE);
    assert_ok(bl_tpm_pcr_extend(f->tpm, 11, digest, &err), &err);
    expect_signed(f, bytes, NULL, BULLA_CAUSE_PCR_CHANGED);
    struct bl_slot_forecast forecast = explained(f, bytes, no_pin);
    assert_int_equal(forecast.pcrs_changed, PCR_BIT(11));
    assert_int_equal(forecast.branch, 1);
    assert_int_equal(forecast.branch_count, 1);
    assert_int_equal(forecast.sequence, w.counter);
    assert_int_equal(forecast.counter_index, REVOCATION_COUNTER);
    assert_int_equal(forecast.counter_value, w.counter);
    sign_now(f, &w);
    expect_signed(f, bytes, &w, BULLA_CAUSE_NONE); /* given from outside, the blob as it was */
    assert_ok(bl_tpm_counter_increment(f->tpm, REVOCATION_COUNTER, &value, &err), &err);
    expect_signed(f, bytes, &w, BULLA_CAUSE_POLICY_REVOKED);
    assert_int_equal(explained(f, bytes, no_pin).counter_value, w.counter + 1);
}

static void
a_policy_that_comes_later(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(signed_world) w = { 0 };
    BL_AUTO(signed_world) other = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    struct fixture none = { 0 };

    sign_now(f, &w);
    sign_now(f, &other);
    seal_signed(f, &w, false, &blob);
    const struct bulla_bytes bytes = bulla_buffer_bytes(&blob);
    expect_signed(f, bytes, NULL, BULLA_CAUSE_POLICY_MISSING);
    expect_signed(f, bytes, &other, BULLA_CAUSE_POLICY_NOT_SIGNED);
    expect_signed(f, bytes, &w, BULLA_CAUSE_NONE);
    /* without a TPM it is seen all the same who signed */
    assert_int_equal(explained(&none, bytes, no_pin).reason.cause, BULLA_CAUSE_POLICY_MISSING);
}

/* What would not open is not sealed: signed by another, or for another state. */
static void
a_policy_is_tried_when_sealing(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(signed_world) w = { 0 };
    BL_AUTO(signed_world) other = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO_FREE(bl_key) p384 = NULL;
    struct bl_slot_request slot = { .type = BL_SLOT_TPM2 };
    struct bl_seal_request request = request_for(&slot, 1);
    const struct bl_opener opener = { .tpm = f->tpm };

    sign_now(f, &w);
    sign_now(f, &other);
    request.allow_no_recovery = true;
    slot.signed_policy = bulla_buffer_bytes(&other.bytes);
    assert_fails(bl_seal_bytes(&request, &opener, text_bytes("x"), &blob, &err), BULLA_E_ARGUMENT,
                 &err);
    slot.tpm_policy.authority = w.authority;
    ref_of(&w.policy, slot.tpm_policy.policy_ref);
    assert_cause(bl_seal_bytes(&request, &opener, text_bytes("x"), &blob, &err),
                 BULLA_CAUSE_POLICY_NOT_SIGNED, &err);
    assert_ok(bl_key_generate(BL_KEY_P384, &p384, &err), &err);
    slot.tpm_policy.authority = p384;
    assert_cause(bl_seal_bytes(&request, &opener, text_bytes("x"), &blob, &err),
                 BULLA_CAUSE_BINDING_REFUSED, &err);
    assert_int_equal(blob.size, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tpm(opens_again_after_a_restart),
        with_tpm(a_changed_pcr_is_named),
        with_tpm(another_tpm_is_told_from_a_changed_one),
        with_tpm(a_pin_is_needed_where_one_was_set),
        with_tpm(an_older_version_does_not_open),
        with_tpm(what_would_not_open_is_not_sealed),
        with_tpm(nonsense_is_refused),
        with_tpm(altered_bytes),
        with_tpm(every_failure_of_the_tpm),
        with_tpm(inspect_shows_what_is_bound),
        with_tpm(a_signed_policy_goes_with_its_slot),
        with_tpm(a_policy_that_comes_later),
        with_tpm(a_policy_is_tried_when_sealing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

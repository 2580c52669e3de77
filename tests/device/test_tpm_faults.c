/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every operation with its n-th command, then its n-th allocation failing, for every n: it says so,
 * gives nothing, and leaves nothing in the TPM.
 */
#include "tpm_fixture.h"

#define SECRET BL_LITERAL("some secret")
#define INDEX 0x01800010u

static const struct bl_pcr_selection many = { .bank = BL_SHA256, .mask = 0xffffff };

/* What the operations need, made once. */
struct world {
    struct bulla_buffer values;
    struct bl_tpm_name version_name;
    struct bl_tpm_policy policy;
    struct bl_tpm_sealed sealed;
    struct bl_tpm_key ak;
};

static void
world_make(struct fixture *f, struct world *w)
{
    struct bulla_error err = { 0 };
    const uint8_t version[8] = { [7] = 1 };

    assert_ok(bl_tpm_nv_write_once(f->tpm, INDEX, BL_BYTES_OF(version),
                                   BL_TPM_NV_LOCKED_UNTIL_START, &err),
              &err);
    assert_ok(bl_tpm_counter_define(f->tpm, INDEX + 1, &err), &err);
    assert_ok(bl_tpm_nv_name(f->tpm, INDEX, &w->version_name, &err), &err);
    w->policy = policy_now(f->tpm, 1 << 7, &w->values);
    w->policy.nv_index = INDEX;
    w->policy.nv_name = (struct bulla_bytes){ w->version_name.bytes, w->version_name.size };
    w->policy.nv_minimum = 1;
    w->policy.with_pin = true;
    assert_ok(bl_tpm_seal(f->tpm, SECRET, &w->policy, BL_LITERAL("1234"), &w->sealed, &err), &err);
    assert_ok(bl_tpm_ak_create(f->tpm, &w->ak, &err), &err);
}

static void
world_done(struct world *w)
{
    bulla_buffer_done(&w->values);
    bl_tpm_sealed_done(&w->sealed);
    bl_tpm_key_done(&w->ak);
}

static struct bulla_bytes
pin_of(const struct world *w)
{
    return w->policy.with_pin ? BL_LITERAL("1234") : (struct bulla_bytes){ 0 };
}

typedef enum bulla_status operation(struct fixture *f, struct world *w, struct bulla_error *err);

static enum bulla_status
do_seal(struct fixture *f, struct world *w, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    enum bulla_status status = bl_tpm_seal(f->tpm, SECRET, &w->policy, pin_of(w), &sealed, err);

    assert_true((status == BULLA_OK) == (sealed.public_area.data != NULL));
    return status;
}

static enum bulla_status
do_unseal(struct fixture *f, struct world *w, struct bulla_error *err)
{
    BL_AUTO(bl_secret) secret = { 0 };
    enum bulla_status status =
        bl_tpm_unseal(f->tpm, &w->sealed, &w->policy, pin_of(w), &secret, err);

    assert_true((status == BULLA_OK) == (secret.data != NULL));
    if (status == BULLA_OK)
        assert_bytes_equal(bl_secret_bytes(&secret), SECRET);
    return status;
}

static enum bulla_status
do_quote(struct fixture *f, struct world *w, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) attest = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    enum bulla_status status =
        bl_tpm_quote(f->tpm, &w->ak, many, BL_LITERAL("n"), &attest, &signature, err);

    assert_true((status == BULLA_OK) == (attest.size > 0 && signature.size > 0));
    assert_true((status == BULLA_OK) == (attest.size > 0 || signature.size > 0));
    return status;
}

static enum bulla_status
do_ak_create(struct fixture *f, struct world *w, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_key) ak = { 0 };

    (void)w;
    return bl_tpm_ak_create(f->tpm, &ak, err);
}

static enum bulla_status
do_ek_public(struct fixture *f, struct world *w, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) out = { 0 };

    (void)w;
    enum bulla_status status = bl_tpm_ek_public(f->tpm, &out, err);
    assert_true((status == BULLA_OK) == (out.size > 0));
    return status;
}

static enum bulla_status
do_pcr_read(struct fixture *f, struct world *w, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) out = { 0 };

    (void)w;
    enum bulla_status status = bl_tpm_pcr_read(f->tpm, many, &out, err);
    assert_int_equal(out.size, status == BULLA_OK ? (size_t)(24 * 32) : 0);
    return status;
}

static enum bulla_status
do_pcr_extend(struct fixture *f, struct world *w, struct bulla_error *err)
{
    static const uint8_t digest[32] = { 1 };

    (void)w;
    return bl_tpm_pcr_extend(f->tpm, 16, digest, err);
}

static enum bulla_status
do_counter(struct fixture *f, struct world *w, struct bulla_error *err)
{
    uint64_t value = 0;

    (void)w;
    BL_TRY(bl_tpm_counter_define(f->tpm, INDEX + 2, err));
    BL_TRY(bl_tpm_counter_increment(f->tpm, INDEX + 2, &value, err));
    return bl_tpm_counter_read(f->tpm, INDEX + 2, &value, err);
}

static enum bulla_status
do_write_once(struct fixture *f, struct world *w, struct bulla_error *err)
{
    (void)w;
    return bl_tpm_nv_write_once(f->tpm, INDEX + 3, SECRET, BL_TPM_NV_LOCKED_FOR_EVER, err);
}

static enum bulla_status
do_read(struct fixture *f, struct world *w, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) out = { 0 };

    (void)w;
    enum bulla_status status = bl_tpm_nv_read(f->tpm, INDEX, 8, &out, err);
    assert_int_equal(out.size, status == BULLA_OK ? 8 : 0);
    return status;
}

static enum bulla_status
do_info(struct fixture *f, struct world *w, struct bulla_error *err)
{
    struct bl_tpm_info info;
    uint8_t random[32];

    (void)w;
    BL_TRY(bl_tpm_info(f->tpm, &info, err));
    return bl_tpm_random(f->tpm, random, sizeof random, err);
}

static operation *const operations[] = {
    do_seal,       do_unseal,  do_quote,      do_ak_create, do_ek_public, do_pcr_read,
    do_pcr_extend, do_counter, do_write_once, do_read,      do_info,
};
#define OPERATION_COUNT (sizeof operations / sizeof operations[0])

/* Fails with `status` for every n until no point is reached any more; then it works. */
static unsigned
fail_each(struct fixture *f, struct world *w, operation *run, enum bl_fault kind,
          enum bulla_status expected)
{
    for (uint64_t n = 1;; n++) {
        struct bulla_error err = { 0 };
        bl_fault_arm(kind, n, false);
        enum bulla_status status = run(f, w, &err);
        bool reached = bl_fault_disarm();
        assert_nothing_loaded(f->tpm);
        assert_true(n < 200);
        if (!reached) {
            assert_int_equal(status, BULLA_OK);
            return (unsigned)n - 1;
        }
        /* A flush that failed was tried once more; the operation itself went well. */
        if (status != BULLA_OK)
            assert_int_equal(status, expected);
    }
}

static void
test_every_command_may_fail(void **state)
{
    struct fixture *f = *state;
    struct world w = { 0 };

    world_make(f, &w);
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        assert_true(fail_each(f, &w, operations[i], BL_FAULT_TPM, BULLA_E_IO) > 0);
    world_done(&w);
}

static void
test_every_allocation_may_fail(void **state)
{
    struct fixture *f = *state;
    struct world w = { 0 };

    struct bulla_error err = { 0 };

    world_make(f, &w);
    /* Without a PIN nothing of this changes the TPM's state: out of memory there would end it. */
    w.policy.with_pin = false;
    assert_ok(bl_tpm_seal(f->tpm, SECRET, &w.policy, pin_of(&w), &w.sealed, &err), &err);
    f->tpm->tcti.transport = bl_tpm_transport_vtpm(f->vtpm); /* the recorder allocates as well */
    tap_close(&f->tap);
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        if (operations[i] == do_counter || operations[i] == do_write_once ||
            operations[i] == do_pcr_extend)
            continue; /* these do change it */
        (void)fail_each(f, &w, operations[i], BL_FAULT_MEMORY, BULLA_E_MEMORY);
    }
    world_done(&w);
}

/* What is left behind in a TPM by one failure in a hundred fills it within a day. */
static void
test_three_hundred_failures_leave_nothing(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct world w = { 0 };
    static const uint8_t digest[32] = { 1 };

    world_make(f, &w);
    assert_ok(bl_tpm_pcr_extend(f->tpm, 7, digest, &err), &err);
    for (int i = 0; i < 300; i++) {
        BL_AUTO(bl_secret) secret = { 0 };
        assert_cause(bl_tpm_unseal(f->tpm, &w.sealed, &w.policy, BL_LITERAL("1234"), &secret, &err),
                     BULLA_CAUSE_PCR_CHANGED, &err);
        if (i % 50 == 0)
            assert_nothing_loaded(f->tpm);
    }
    assert_nothing_loaded(f->tpm);
    world_done(&w);
}

static void
test_opening_may_fail(void **state)
{
    struct fixture *f = *state;
    static const enum bl_fault kinds[] = { BL_FAULT_TPM, BL_FAULT_MEMORY };

    for (size_t k = 0; k < 2; k++) {
        bool reached = true;
        for (uint64_t n = 1; reached; n++) {
            struct bulla_error err = { 0 };
            struct bl_tpm *tpm = NULL;
            struct bl_tpm_target target = { .embedded = f->vtpm };
            bl_fault_arm(kinds[k], n, false);
            enum bulla_status status = bl_tpm_open(&target, &tpm, &err);
            reached = bl_fault_disarm();
            assert_int_equal(status, !reached                   ? BULLA_OK
                                     : kinds[k] == BL_FAULT_TPM ? BULLA_E_IO
                                                                : BULLA_E_MEMORY);
            assert_true((tpm != NULL) == !reached);
            bl_tpm_free(tpm);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tpm(test_every_command_may_fail),
        with_tpm(test_every_allocation_may_fail),
        with_tpm(test_three_hundred_failures_leave_nothing),
        with_tpm(test_opening_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only the newest blob of a line opens, wherever writing it was interrupted.
 */
#include "../device/tpm_fixture.h"
#include "seal_fixture.h"

#include "seal/freshness.h"
#include "seal/inspect.h"

static struct bl_key *own; /* who opens: no passphrase, whose cost would be most of these tests */

static const struct bl_unseal_requirements no_demands = { .now_s = NOW_S };

/* -- the rule ---------------------------------------------------------------------------------- */

static void
every_pair_is_judged(void **state)
{
    (void)state;
    const struct bl_tpm_pin pin = { 7, { 1 }, { 2 } };

    static const struct {
        uint64_t counter, value;
        uint8_t id;
        enum bl_freshness_verdict verdict;
    } cases[] = {
        { 7, 5, 1, BL_FRESHNESS_OLD },       { 7, 6, 1, BL_FRESHNESS_OLD },
        { 7, 6, 2, BL_FRESHNESS_OLD },       { 7, 7, 1, BL_FRESHNESS_CURRENT },
        { 7, 7, 2, BL_FRESHNESS_ABANDONED }, { 7, 7, 3, BL_FRESHNESS_ABANDONED },
        { 7, 8, 1, BL_FRESHNESS_ABANDONED }, { 7, 8, 3, BL_FRESHNESS_ABANDONED },
        { 7, 9, 1, BL_FRESHNESS_AHEAD },     { 6, 5, 2, BL_FRESHNESS_OLD },
        { 6, 6, 2, BL_FRESHNESS_CURRENT },   { 6, 6, 1, BL_FRESHNESS_ABANDONED },
        { 6, 7, 1, BL_FRESHNESS_PENDING },   { 6, 7, 2, BL_FRESHNESS_ABANDONED },
        { 6, 8, 1, BL_FRESHNESS_AHEAD },     { 8, 8, 1, BL_FRESHNESS_ABANDONED },
        { 5, 5, 2, BL_FRESHNESS_ABANDONED }, { 0, UINT64_MAX, 1, BL_FRESHNESS_AHEAD },
    };

    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        const struct bl_freshness_anchor anchor = { .kind = BL_FRESHNESS_TPM,
                                                    .value = cases[i].value,
                                                    .id = { cases[i].id } };
        assert_int_equal(bl_freshness_judge(&anchor, cases[i].counter, &pin), cases[i].verdict);
    }
}

/* -- blobs ------------------------------------------------------------------------------------- */

static void
make_blob(const struct bl_freshness_anchor *anchor, const char *text, struct bulla_buffer *blob)
{
    struct bulla_error err = { 0 };
    const struct bl_slot_request slot = recipient_slot(own);
    struct bl_seal_request request = request_for(&slot, 1);
    const struct bl_opener opener = { 0 };

    request.freshness = anchor;
    bulla_buffer_clear(blob);
    assert_ok(bl_seal_bytes(&request, &opener, text_bytes(text), blob, &err), &err);
}

static enum bulla_cause
cause_with(struct bl_tpm *tpm, const struct bulla_buffer *blob,
           const struct bl_unseal_requirements *demands)
{
    const struct bl_key *const identities[] = { own };
    struct bl_opener opener = opener_of(identities, 1, NULL);
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };

    opener.tpm = tpm;
    enum bulla_status status =
        bl_unseal_bytes(demands, &opener, bulla_buffer_bytes(blob), &opened, &err);
    assert_true((status == BULLA_OK) == (opened.data != NULL));
    return err.cause;
}

static enum bulla_cause
cause_of(struct fixture *f, const struct bulla_buffer *blob)
{
    return cause_with(f->tpm, blob, &no_demands);
}

/* What the blob in place says of itself. */
static struct bl_freshness_anchor
anchor_of(const struct bulla_buffer *place)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_blob_summary) summary = { 0 };

    if (place->size == 0)
        return (struct bl_freshness_anchor){ 0 };
    int fd = file_of(bulla_buffer_bytes(place));
    assert_ok(bl_blob_inspect(fd, &summary, &err), &err);
    close(fd);
    return summary.freshness;
}

static struct bl_freshness_anchor
begin(struct fixture *f, uint32_t index, const struct bulla_buffer *place)
{
    struct bulla_error err = { 0 };
    const struct bl_freshness_anchor in_place = anchor_of(place);
    struct bl_freshness_anchor anchor;

    assert_ok(bl_freshness_begin(f->tpm, index, &in_place, &bl_entropy_system, &anchor, &err),
              &err);
    return anchor;
}

static uint32_t
new_line(struct fixture *f)
{
    struct bulla_error err = { 0 };
    uint32_t index = 0;

    assert_ok(bl_freshness_define(f->tpm, &index, &err), &err);
    return index;
}

/* All the steps up to `step` (4 of them), and then the power fails. */
static void
write_until(struct fixture *f, uint32_t index, int step, const char *text,
            struct bulla_buffer *place, struct bulla_buffer *kept)
{
    struct bulla_error err = { 0 };
    const struct bl_freshness_anchor anchor = begin(f, index, place);

    make_blob(&anchor, text, kept); /* 1: durable under another name */
    if (step >= 2)
        assert_ok(bl_freshness_publish(f->tpm, &anchor, &err), &err);
    if (step >= 3) {
        bulla_buffer_clear(place);
        assert_ok(bulla_buffer_append(place, bulla_buffer_bytes(kept), &err), &err);
    }
    if (step >= 4)
        assert_ok(bl_freshness_commit(f->tpm, &anchor, &err), &err);
    fixture_close(f);
    fixture_open(f);
}

static void
an_older_one_does_not_open(void **state)
{
    struct fixture *f = *state;
    uint32_t index = new_line(f);
    BL_AUTO(bulla_buffer) place = { 0 };
    BL_AUTO(bulla_buffer) first = { 0 };
    BL_AUTO(bulla_buffer) second = { 0 };
    BL_AUTO(bulla_buffer) other = { 0 };
    BL_AUTO(bulla_buffer) other_place = { 0 };

    write_until(f, index, 4, "one", &place, &first);
    assert_int_equal(cause_of(f, &place), BULLA_CAUSE_NONE);
    uint32_t other_index = new_line(f); /* another file has a line of its own */
    assert_int_not_equal(other_index, index);
    write_until(f, other_index, 4, "other", &other_place, &other);
    assert_int_equal(cause_of(f, &place), BULLA_CAUSE_NONE);
    write_until(f, index, 4, "two", &place, &second);
    assert_int_equal(cause_of(f, &first), BULLA_CAUSE_ROLLED_BACK);
    assert_int_equal(cause_of(f, &place), BULLA_CAUSE_NONE);
    assert_int_equal(cause_of(f, &other_place), BULLA_CAUSE_NONE);
}

/* Interrupted after each step, and once more at each step of what is done next: what is in place opens,
 * and in the end the last one alone does. */
static void
nothing_is_lost_wherever_it_stops(void **state)
{
    struct fixture *f = *state;

    for (int first_stop = 1; first_stop <= 4; first_stop++) {
        for (int second_stop = 1; second_stop <= 4; second_stop++) {
            for (int is_opened = 0; is_opened < 2; is_opened++) {
                uint32_t index = new_line(f);
                BL_AUTO(bulla_buffer) place = { 0 };
                BL_AUTO(bulla_buffer) old = { 0 };
                BL_AUTO(bulla_buffer) a = { 0 };
                BL_AUTO(bulla_buffer) b = { 0 };
                BL_AUTO(bulla_buffer) last = { 0 };
                write_until(f, index, 4, "old", &place, &old);
                write_until(f, index, first_stop, "a", &place, &a);
                if (is_opened)
                    assert_int_equal(cause_of(f, &place), BULLA_CAUSE_NONE);
                write_until(f, index, second_stop, "b", &place, &b);
                assert_int_equal(cause_of(f, &place), BULLA_CAUSE_NONE);
                write_until(f, index, 4, "last", &place, &last);
                assert_int_equal(cause_of(f, &place), BULLA_CAUSE_NONE);
                assert_int_equal(cause_of(f, &old), BULLA_CAUSE_ROLLED_BACK);
                assert_int_equal(cause_of(f, &a), BULLA_CAUSE_ROLLED_BACK);
                assert_int_equal(cause_of(f, &b), BULLA_CAUSE_ROLLED_BACK);
                assert_int_equal(cause_of(f, &place), BULLA_CAUSE_NONE);
            }
        }
    }
}

/* The host puts the old one back in the fork window, and then the abandoned one: it may choose once. */
static void
the_fork_window_is_one_version(void **state)
{
    struct fixture *f = *state;

    for (int chooses_new = 0; chooses_new < 2; chooses_new++) {
        uint32_t index = new_line(f);
        BL_AUTO(bulla_buffer) place = { 0 };
        BL_AUTO(bulla_buffer) old = { 0 };
        BL_AUTO(bulla_buffer) fork = { 0 };
        BL_AUTO(bulla_buffer) last = { 0 };
        write_until(f, index, 4, "old", &place, &old);
        write_until(f, index, 3, "fork", &place, &fork);
        assert_int_equal(cause_of(f, &old), BULLA_CAUSE_NONE);
        if (chooses_new) {
            assert_int_equal(cause_of(f, &fork), BULLA_CAUSE_NONE);
            assert_int_equal(cause_of(f, &old), BULLA_CAUSE_ROLLED_BACK);
            continue;
        }
        write_until(f, index, 4, "last", &old, &last); /* the old one stood in its place */
        assert_int_equal(cause_of(f, &fork), BULLA_CAUSE_ROLLED_BACK);
        assert_int_equal(cause_of(f, &last), BULLA_CAUSE_NONE);
    }
}

/* One commit for many: with the next one all of them are old. */
static void
many_blobs_of_one_commit(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    static const struct bulla_buffer nothing;
    uint32_t index = new_line(f);
    const struct bl_freshness_anchor anchor = begin(f, index, &nothing);
    struct bulla_buffer blobs[5] = { 0 };

    for (size_t i = 0; i < BL_COUNT_OF(blobs); i++)
        make_blob(&anchor, "member", &blobs[i]);
    assert_ok(bl_freshness_publish(f->tpm, &anchor, &err), &err);
    assert_ok(bl_freshness_commit(f->tpm, &anchor, &err), &err);
    for (size_t i = 0; i < BL_COUNT_OF(blobs); i++)
        assert_int_equal(cause_of(f, &blobs[i]), BULLA_CAUSE_NONE);
    const struct bl_freshness_anchor next = begin(f, index, &blobs[0]);
    assert_ok(bl_freshness_publish(f->tpm, &next, &err), &err);
    assert_ok(bl_freshness_commit(f->tpm, &next, &err), &err);
    for (size_t i = 0; i < BL_COUNT_OF(blobs); i++) {
        assert_int_equal(cause_of(f, &blobs[i]), BULLA_CAUSE_ROLLED_BACK);
        bulla_buffer_done(&blobs[i]);
    }
}

static void
demands(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    const struct bl_unseal_requirements fresh = { .now_s = NOW_S, .require_fresh = true };
    const struct bl_unseal_requirements stale = { .now_s = NOW_S, .allow_stale = true };
    const struct bl_unseal_requirements both = { .now_s = NOW_S,
                                                 .require_fresh = true,
                                                 .allow_stale = true };
    uint32_t index = new_line(f);
    BL_AUTO(bulla_buffer) place = { 0 };
    BL_AUTO(bulla_buffer) old = { 0 };
    BL_AUTO(bulla_buffer) bare = { 0 };

    make_blob(NULL, "bare", &bare);
    assert_int_equal(cause_of(f, &bare), BULLA_CAUSE_NONE);
    assert_int_equal(cause_with(f->tpm, &bare, &fresh), BULLA_CAUSE_NO_FRESHNESS);
    write_until(f, index, 4, "old", &place, &old);
    assert_int_equal(cause_with(f->tpm, &old, &fresh), BULLA_CAUSE_NONE);
    assert_int_equal(cause_with(NULL, &old, &no_demands), BULLA_CAUSE_NO_FRESHNESS);
    assert_int_equal(cause_with(NULL, &old, &stale), BULLA_CAUSE_NONE);
    assert_int_equal(cause_with(NULL, &old, &both), BULLA_CAUSE_NO_FRESHNESS);
    write_until(f, index, 4, "new", &place, &bare);
    assert_int_equal(cause_with(f->tpm, &old, &stale), BULLA_CAUSE_NONE);
    assert_int_equal(cause_with(f->tpm, &old, &both), BULLA_CAUSE_ROLLED_BACK);

    BL_AUTO(bl_tpm_handle) nv = { 0 };
    assert_ok(bl_tpm_nv_open(f->tpm, index, &nv, NULL, &err), &err);
    assert_int_equal(Esys_NV_UndefineSpace(f->tpm->esys, ESYS_TR_RH_OWNER, nv.tr, ESYS_TR_PASSWORD,
                                           ESYS_TR_NONE, ESYS_TR_NONE),
                     0);
    nv = (struct bl_tpm_handle){ 0 };
    assert_int_equal(cause_of(f, &place), BULLA_CAUSE_COUNTER_MISSING);
    assert_ok(bl_tpm_counter_define(f->tpm, index, &err), &err); /* goes on above */
    assert_int_equal(cause_of(f, &place), BULLA_CAUSE_ROLLED_BACK);
    assert_int_equal(cause_of(f, &old), BULLA_CAUSE_ROLLED_BACK);
    fixture_close(f);
    bl_secret_done(&f->store.state);
    fixture_open(f); /* cleared, or another machine's */
    assert_int_equal(cause_of(f, &place), BULLA_CAUSE_COUNTER_MISSING);
    assert_ok(bl_tpm_pin_define(f->tpm, index + 1, &err), &err);
    assert_ok(bl_tpm_counter_define(f->tpm, index, &err), &err);
    struct bl_freshness_anchor ahead = anchor_of(&place);
    ahead.value = 1000;
    make_blob(&ahead, "ahead", &place);
    assert_int_equal(cause_of(f, &place), BULLA_CAUSE_COUNTER_BEHIND);
}

/* Whoever can write the pin brings nothing older back. */
static void
a_pin_that_was_written_by_another(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    uint32_t index = new_line(f);
    BL_AUTO(bulla_buffer) place = { 0 };
    BL_AUTO(bulla_buffer) old = { 0 };
    BL_AUTO(bulla_buffer) new = { 0 };
    struct bl_tpm_pin pin;

    write_until(f, index, 4, "old", &place, &old);
    assert_ok(bl_tpm_pin_read(f->tpm, index + 1, &pin, &err), &err);
    write_until(f, index, 4, "new", &place, &new);
    assert_ok(bl_tpm_pin_write(f->tpm, index + 1, &pin, &err), &err);
    assert_int_equal(cause_of(f, &old), BULLA_CAUSE_ROLLED_BACK);
    assert_int_equal(cause_of(f, &new), BULLA_CAUSE_ROLLED_BACK);
}

static void
two_at_once(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    static const struct bulla_buffer nothing;
    uint32_t index = new_line(f);
    const struct bl_freshness_anchor a = begin(f, index, &nothing);
    const struct bl_freshness_anchor b = begin(f, index, &nothing);

    assert_ok(bl_freshness_publish(f->tpm, &a, &err), &err);
    assert_ok(bl_freshness_publish(f->tpm, &b, &err), &err);
    assert_fails(bl_freshness_commit(f->tpm, &a, &err), BULLA_E_BUSY, &err);
    assert_ok(bl_freshness_commit(f->tpm, &b, &err), &err);
    assert_ok(bl_freshness_commit(f->tpm, &b, &err), &err); /* it is counted already */
    assert_fails(bl_freshness_publish(f->tpm, &a, &err), BULLA_E_BUSY, &err);
}

/* The n-th command of every step fails: what is in place opens all the same. */
static void
every_command_may_fail(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    uint32_t index = new_line(f);
    BL_AUTO(bulla_buffer) place = { 0 };
    BL_AUTO(bulla_buffer) kept = { 0 };
    unsigned failed = 0;
    bool reached = true;

    write_until(f, index, 4, "old", &place, &kept);
    for (uint64_t n = 1; reached; n++) {
        struct bl_freshness_anchor anchor;
        const struct bl_freshness_anchor in_place = anchor_of(&place);
        bl_fault_arm(BL_FAULT_TPM, n, false);
        enum bulla_status status =
            bl_freshness_begin(f->tpm, index, &in_place, &bl_entropy_system, &anchor, &err);
        bool is_begun = status == BULLA_OK;
        if (is_begun)
            status = bl_freshness_publish(f->tpm, &anchor, &err);
        if (status == BULLA_OK) { /* the file takes its place */
            reached = bl_fault_disarm();
            make_blob(&anchor, "next", &place);
            if (!reached)
                bl_fault_arm(BL_FAULT_TPM, n > 20 ? n - 20 : 1, false);
            status = bl_freshness_commit(f->tpm, &anchor, &err);
        }
        reached = bl_fault_disarm() || reached;
        failed += status != BULLA_OK;
        bulla_error_clear(&err);
        assert_int_equal(cause_of(f, &place), BULLA_CAUSE_NONE);
        if (n > 40)
            break;
    }
    assert_true(failed > 8);
    assert_nothing_loaded(f->tpm);
}

/* Anchors hold numbers alone: what crosses the bus for them is no secret; what was sealed does not. */
static void
nothing_sealed_crosses(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "what only the newest may tell";
    uint32_t index = new_line(f);
    static const struct bulla_buffer nothing;
    BL_AUTO(bulla_buffer) blob = { 0 };
    struct bulla_error err = { 0 };
    const struct bl_freshness_anchor anchor = begin(f, index, &nothing);

    make_blob(&anchor, text, &blob);
    assert_ok(bl_freshness_publish(f->tpm, &anchor, &err), &err);
    assert_ok(bl_freshness_commit(f->tpm, &anchor, &err), &err);
    assert_int_equal(cause_of(f, &blob), BULLA_CAUSE_NONE);
    assert_true(tap_has_seen(&f->tap, BL_BYTES_OF(anchor.id)));
    for (size_t at = 0; at + 8 < sizeof text; at++)
        assert_false(tap_has_seen(&f->tap, (struct bulla_bytes){ (const uint8_t *)text + at, 8 }));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_is_judged),
        with_tpm(an_older_one_does_not_open),
        with_tpm(nothing_is_lost_wherever_it_stops),
        with_tpm(the_fork_window_is_one_version),
        with_tpm(many_blobs_of_one_commit),
        with_tpm(demands),
        with_tpm(a_pin_that_was_written_by_another),
        with_tpm(two_at_once),
        with_tpm(every_command_may_fail),
        with_tpm(nothing_sealed_crosses),
    };
    own = new_key(BL_KEY_X25519);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bl_key_free(own);
    return failed;
}

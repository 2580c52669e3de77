/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ratchet: open with what was recorded, make anew at what is there, keep the old slot for a while, take
 * it away; a downgrade is refused afterwards.
 */
#include "root_matrix.h"

#include "seal/renew.h"
#include "seal/update.h"
#include "sys/file.h"

#define GRACE_S 100

struct ratchet {
    struct matrix *m;
    struct snp_platform platform;
    int64_t now_s;
    enum bl_renewal_state found; /* of the slot that does not expire, by the last reseal */
    size_t root_slot_count;      /* after it */
};

static enum bl_renewal_state
renew_in(struct bl_slots_update *update, const struct bl_slot_summary *slot,
         const struct bl_opener *opener, int64_t keep_until_s)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_renewal) renewal = { 0 };

    assert_ok(bl_slot_renewal(slot, opener, &renewal, &err), &err);
    if (renewal.state == BL_RENEWAL_DUE && slot->not_after_s == 0)
        assert_ok(bl_slots_update_replace(update, slot->id, &renewal.request, keep_until_s, &err),
                  &err);
    return renewal.state;
}

static void
store(struct matrix_blob *blob, int fd)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };

    read_back(fd, &bytes);
    assert_true(bytes.size <= sizeof blob->bytes);
    memcpy(blob->bytes, bytes.data, bytes.size);
    blob->size = bytes.size;
}

/* As `bulla reseal` does, opened by the TEE or by the recovery identity. */
static int
reseal_in_child(void *context)
{
    struct ratchet *r = context;
    struct matrix_blob *blob = &r->m->blobs[0];
    struct bulla_error err = { 0 };
    struct bl_sealing_root *root = matrix_root();
    const struct bl_key *const identities[] = { r->m->recovery };
    const struct bl_opener opener = { .root = root, .identities = identities, .identity_count = 1 };
    const struct bl_unseal_requirements demands = { .now_s = r->now_s };
    BL_AUTO_FD fd = file_of((struct bulla_bytes){ blob->bytes, blob->size });
    BL_AUTO_FD copy = file_of((struct bulla_bytes){ NULL, 0 });
    BL_AUTO(bl_blob_summary) summary = { 0 };
    BL_AUTO(bl_slots_update) update = { 0 };
    size_t removed = 0;
    bool fits = false;

    assert_ok(bl_blob_inspect(fd, &summary, &err), &err);
    assert_ok(bl_slots_update_open(&update, fd, &demands, &opener, &err), &err);
    for (size_t i = 0; i < summary.slot_count; i++) {
        if (summary.slots[i].type != r->m->type)
            continue;
        enum bl_renewal_state state =
            renew_in(&update, &summary.slots[i], &opener, r->now_s + GRACE_S);
        if (summary.slots[i].not_after_s == 0)
            r->found = state;
    }
    assert_ok(bl_slots_update_sweep(&update, &removed, &err), &err);
    assert_ok(bl_slots_update_finish(&update, false, &fits, &err), &err);
    assert_ok(bl_slots_update_copy(&update, fd, copy, &err), &err);
    store(blob, copy);
    r->root_slot_count = update.table.slot_count - 1; /* without the recovery */
    bl_sealing_root_free(root);
    return 0;
}

static int
open_in_child(void *context)
{
    struct ratchet *r = context;
    struct matrix_blob *blob = &r->m->blobs[0];
    struct bl_sealing_root *root = matrix_root();
    const struct bl_opener alone = { .root = root };
    const struct bl_unseal_requirements demands = { .now_s = r->now_s };
    BL_AUTO(bl_secret) opened = { 0 };

    bulla_error_clear(&blob->opened);
    (void)!bl_unseal_bytes(&demands, &alone, (struct bulla_bytes){ blob->bytes, blob->size },
                           &opened, &blob->opened);
    blob->is_same = bl_equal(bl_secret_bytes(&opened), text_bytes("state"));
    bl_sealing_root_free(root);
    return 0;
}

static bool
run(struct ratchet *r, int (*act)(void *), void *context)
{
    const struct behaviour does = { .snp = &r->platform };

    return run_with("sev-guest", &does, act, context, NULL);
}

static enum bulla_cause
opens(struct ratchet *r)
{
    assert_true(run(r, open_in_child, r));
    assert_int_equal(r->m->blobs[0].is_same, r->m->blobs[0].opened.cause == BULLA_CAUSE_NONE);
    return r->m->blobs[0].opened.cause;
}

static void
move_firmware(struct ratchet *r, int by)
{
    r->platform.current[6] = (uint8_t)(r->platform.current[6] + by);
    r->platform.committed[6] = (uint8_t)(r->platform.committed[6] + by);
}

static int
setup(void **state)
{
    struct ratchet *r = shared_new(sizeof *r);

    *r = (struct ratchet){ .m = matrix_new(BL_SLOT_SNP),
                           .platform = snp_platform(),
                           .now_s = NOW_S };
    r->m->bindings[0] = (struct bl_root_binding){ .bits = BL_ROOT_BIND_CODE };
    r->m->count = 1;
    *state = r;
    return 0;
}

static int
teardown(void **state)
{
    struct ratchet *r = *state;

    matrix_free(r->m);
    munmap(r, sizeof *r);
    return 0;
}

static void
an_update_is_followed_and_a_downgrade_refused(void **state)
{
    struct ratchet *r = *state;

    NEEDS_EMULATOR(run(r, matrix_seal_in_child, r->m));
    assert_true(run(r, reseal_in_child, r));
    assert_int_equal(r->found, BL_RENEWAL_CURRENT);
    assert_int_equal(r->root_slot_count, 1);

    move_firmware(r, 1); /* the update: it opens as before, and can be followed */
    assert_int_equal(opens(r), BULLA_CAUSE_NONE);
    assert_true(run(r, reseal_in_child, r));
    assert_int_equal(r->found, BL_RENEWAL_DUE);
    assert_int_equal(r->root_slot_count, 2);
    assert_int_equal(opens(r), BULLA_CAUSE_NONE);
    assert_true(run(r, reseal_in_child, r)); /* again: nothing piles up */
    assert_int_equal(r->found, BL_RENEWAL_CURRENT);
    assert_int_equal(r->root_slot_count, 2);

    move_firmware(r, -1); /* taken back within the grace: still fine, and nothing is undone */
    assert_int_equal(opens(r), BULLA_CAUSE_NONE);
    assert_true(run(r, reseal_in_child, r));
    assert_int_equal(r->found, BL_RENEWAL_AHEAD);
    assert_int_equal(r->root_slot_count, 2);

    r->now_s += GRACE_S + 1; /* and after it no more */
    assert_int_equal(opens(r), BULLA_CAUSE_VERSION_AHEAD);
    move_firmware(r, 1);
    assert_int_equal(opens(r), BULLA_CAUSE_NONE);
    assert_true(run(r, reseal_in_child, r));
    assert_int_equal(r->root_slot_count, 1);
    r->now_s = NOW_S; /* nor for who turns the clock back */
    move_firmware(r, -1);
    assert_int_equal(opens(r), BULLA_CAUSE_VERSION_AHEAD);
}

/* Another image: the recovery identity opens, and the slot is made for what runs now. */
static void
another_image_takes_over(void **state)
{
    struct ratchet *r = *state;

    NEEDS_EMULATOR(run(r, matrix_seal_in_child, r->m));
    r->platform.measurement[0] ^= 1;
    assert_int_equal(opens(r), BULLA_CAUSE_WRONG_CODE);
    assert_true(run(r, reseal_in_child, r));
    assert_int_equal(r->found, BL_RENEWAL_DUE);
    assert_int_equal(opens(r), BULLA_CAUSE_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_update_is_followed_and_a_downgrade_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_image_takes_over, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

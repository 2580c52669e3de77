/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots of a blob that stands: added, replaced, taken away; and what is in the file when the writing
 * ends anywhere.
 */
#include "seal/seal_fixture.h"

#include "seal/make.h"
#include "seal/slot_area.h"
#include "seal/tree_edit.h"
#include "seal/update.h"
#include "sys/file.h"

#define PLAINTEXT_SIZE 20000

struct scene {
    struct bl_key *keys[4];
    uint8_t plaintext[PLAINTEXT_SIZE];
};

static int
setup(void **state)
{
    static struct scene scene;

    for (size_t i = 0; i < 4; i++)
        scene.keys[i] = new_key(BL_KEY_X25519);
    fill_pattern(scene.plaintext, sizeof scene.plaintext);
    *state = &scene;
    return 0;
}

static int
teardown(void **state)
{
    struct scene *s = *state;

    for (size_t i = 0; i < 4; i++)
        bl_key_free(s->keys[i]);
    return 0;
}

/* A blob for the first `slot_count` keys, under `tree` (NULL: any), in a file. */
static int
sealed_file(const struct scene *s, size_t slot_count, const struct bl_tree *tree, bool in_areas)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    struct bl_slot_request slots[4];
    const struct bl_opener nothing = { 0 };

    for (size_t i = 0; i < slot_count; i++)
        slots[i] = recipient_slot(s->keys[i]);
    struct bl_seal_request request = request_for(slots, slot_count);
    request.tree = tree;
    const struct bl_seal_job job = {
        .request = &request, .opener = &nothing, .entropy = &bl_entropy_system, .in_areas = in_areas
    };
    struct bl_bytes_cursor cursor = { BL_BYTES_OF(s->plaintext) };
    const struct bl_source source = bl_source_bytes(&cursor);
    const struct bl_sink sink = bl_sink_buffer(&blob);
    assert_ok(bl_seal_make(&job, &source, &sink, &err), &err);
    return file_of(bulla_buffer_bytes(&blob));
}

/* What opening with these keys alone comes to, all of the plaintext compared. */
static enum bulla_cause
opened_by(const struct scene *s, int fd, const struct bl_key *const *keys, size_t count)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) plaintext = { 0 };
    const struct bl_unseal_requirements demands = { .name = "test", .now_s = NOW_S };
    const struct bl_opener opener = opener_of(keys, count, NULL);

    read_back(fd, &blob);
    if (bl_unseal_bytes(&demands, &opener, bulla_buffer_bytes(&blob), &plaintext, &err) == BULLA_OK)
        assert_bytes_equal(bl_secret_bytes(&plaintext), BL_BYTES_OF(s->plaintext));
    return err.cause;
}

static enum bulla_cause
opened_by_key(const struct scene *s, int fd, size_t key)
{
    const struct bl_key *const keys[] = { s->keys[key] };

    return opened_by(s, fd, keys, 1);
}

static void
begin(struct bl_slots_update *update, int fd, const struct bl_opener *opener)
{
    struct bulla_error err = { 0 };
    const struct bl_unseal_requirements demands = { .name = "test", .now_s = NOW_S };

    assert_ok(bl_slots_update_open(update, fd, &demands, opener, &err), &err);
}

/* The bytes that stand after one more recipient was let in, opened with key 0. */
static void
add_recipient(const struct scene *s, int fd, size_t key)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_slots_update) update = { 0 };
    const struct bl_key *const identities[] = { s->keys[0] };
    const struct bl_opener opener = opener_of(identities, 1, NULL);
    const struct bl_slot_request request = recipient_slot(s->keys[key]);
    bool fits = false;

    begin(&update, fd, &opener);
    assert_ok(bl_slots_update_add(&update, &request, &err), &err);
    assert_ok(bl_slots_update_finish(&update, false, &fits, &err), &err);
    assert_true(fits);
    assert_ok(bl_slots_update_write(&update, fd, &err), &err);
}

static void
a_recipient_is_added_in_place(void **state)
{
    const struct scene *s = *state;
    BL_AUTO_FD fd = sealed_file(s, 1, NULL, /* in_areas= */ true);
    BL_AUTO(bulla_buffer) before = { 0 };
    BL_AUTO(bulla_buffer) after = { 0 };

    read_back(fd, &before);
    assert_int_equal(opened_by_key(s, fd, 1), BULLA_CAUSE_WRONG_RECIPIENT);
    add_recipient(s, fd, 1);
    assert_int_equal(opened_by_key(s, fd, 0), BULLA_CAUSE_NONE);
    assert_int_equal(opened_by_key(s, fd, 1), BULLA_CAUSE_NONE);
    add_recipient(s, fd, 2);
    assert_int_equal(opened_by_key(s, fd, 2), BULLA_CAUSE_NONE);
    read_back(fd, &after);
    assert_int_equal(after.size, before.size);
    const size_t body = PLAINTEXT_SIZE + 56 + 2 * 16;
    assert_memory_equal(after.data + after.size - body, before.data + before.size - body, body);
}

static void
a_removed_slot_is_nowhere_in_the_file(void **state)
{
    const struct scene *s = *state;
    struct bulla_error err = { 0 };
    BL_AUTO_FD fd = sealed_file(s, 2, NULL, /* in_areas= */ true);
    BL_AUTO(bl_slots_update) update = { 0 };
    BL_AUTO(bulla_buffer) after = { 0 };
    const struct bl_key *const identities[] = { s->keys[0] };
    const struct bl_opener opener = opener_of(identities, 1, NULL);
    uint8_t ids[2][BL_SLOT_ID_SIZE];
    bool fits = false;

    begin(&update, fd, &opener);
    /* which of the two is the opener's is told by what opened */
    size_t own = update.opened.states[0] == BL_SLOT_OPENED ? 0 : 1;
    memcpy(ids[0], update.table.slots[own].id, sizeof ids[0]);
    memcpy(ids[1], update.table.slots[1 - own].id, sizeof ids[1]);
    assert_ok(bl_slots_update_remove(&update, ids[1], &err), &err);
    assert_fails(bl_slots_update_remove(&update, ids[1], &err), BULLA_E_NOT_FOUND, &err);
    assert_cause(bl_slots_update_remove(&update, ids[0], &err), BULLA_CAUSE_SLOT_NEEDED, &err);
    assert_ok(bl_slots_update_finish(&update, false, &fits, &err), &err);
    assert_ok(bl_slots_update_write(&update, fd, &err), &err);
    assert_int_equal(opened_by_key(s, fd, 0), BULLA_CAUSE_NONE);
    assert_int_equal(opened_by_key(s, fd, 1), BULLA_CAUSE_WRONG_RECIPIENT);
    read_back(fd, &after);
    assert_null(memmem(after.data, after.size, ids[1], sizeof ids[1]));
}

static void
a_slot_is_replaced_and_kept_for_a_while(void **state)
{
    const struct scene *s = *state;
    struct bulla_error err = { 0 };
    BL_AUTO_FD fd = sealed_file(s, 1, NULL, /* in_areas= */ true);
    const struct bl_key *const identities[] = { s->keys[0] };
    const struct bl_opener opener = opener_of(identities, 1, NULL);
    const struct bl_slot_request request = recipient_slot(s->keys[1]);
    uint8_t id[BL_SLOT_ID_SIZE];
    bool fits = false;
    size_t removed = 9;
    {
        BL_AUTO(bl_slots_update) update = { 0 };
        begin(&update, fd, &opener);
        memcpy(id, update.table.slots[0].id, sizeof id);
        assert_ok(bl_slots_update_replace(&update, id, &request, NOW_S + 10, &err), &err);
        assert_ok(bl_slots_update_sweep(&update, &removed, &err), &err);
        assert_int_equal(removed, 0);
        assert_ok(bl_slots_update_finish(&update, false, &fits, &err), &err);
        assert_ok(bl_slots_update_write(&update, fd, &err), &err);
    }
    assert_int_equal(opened_by_key(s, fd, 0), BULLA_CAUSE_NONE);
    assert_int_equal(opened_by_key(s, fd, 1), BULLA_CAUSE_NONE);
    {
        BL_AUTO(bl_slots_update) update = { 0 };
        const struct bl_key *const heir[] = { s->keys[1] };
        const struct bl_opener later = opener_of(heir, 1, NULL);
        const struct bl_unseal_requirements demands = { .name = "test", .now_s = NOW_S + 11 };
        assert_ok(bl_slots_update_open(&update, fd, &demands, &later, &err), &err);
        assert_ok(bl_slots_update_sweep(&update, &removed, &err), &err);
        assert_int_equal(removed, 1);
        assert_ok(bl_slots_update_finish(&update, false, &fits, &err), &err);
        assert_ok(bl_slots_update_write(&update, fd, &err), &err);
    }
    assert_int_equal(opened_by_key(s, fd, 0), BULLA_CAUSE_WRONG_RECIPIENT);
    assert_int_equal(opened_by_key(s, fd, 1), BULLA_CAUSE_NONE);
}

/* The blob as it is after the writing ended at any byte of either area. */
static void
an_interrupted_change_is_old_or_new(void **state)
{
    const struct scene *s = *state;
    BL_AUTO_FD fd = sealed_file(s, 1, NULL, /* in_areas= */ true);
    BL_AUTO(bulla_buffer) before = { 0 };
    BL_AUTO(bulla_buffer) after = { 0 };
    struct bulla_error err = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    read_back(fd, &before);
    add_recipient(s, fd, 1);
    read_back(fd, &after);
    assert_ok(bl_header_decode(bulla_buffer_bytes(&after), &header, &err), &err);
    const size_t start = BL_BLOB_PREAMBLE_SIZE + header.core_bytes.size, size = header.area_size;
    assert_true(header.areas_are_equal);
    assert_int_equal(header.slots_epoch, 2);
    for (size_t written = 0; written <= 2 * size; written += written % size < 300 ? 1 : 61) {
        BL_AUTO(bulla_buffer) torn = { 0 };
        assert_ok(bulla_buffer_append(&torn, bulla_buffer_bytes(&before), &err), &err);
        const size_t second = written < size ? written : size, first = written - second;
        memcpy(torn.data + start + size, after.data + start + size, second);
        memcpy(torn.data + start, after.data + start, first);
        BL_AUTO_FD torn_fd = file_of(bulla_buffer_bytes(&torn));
        assert_int_equal(opened_by_key(s, torn_fd, 0), BULLA_CAUSE_NONE);
        assert_int_equal(opened_by_key(s, torn_fd, 1),
                         written < size ? BULLA_CAUSE_WRONG_RECIPIENT : BULLA_CAUSE_NONE);
        if (written % 400 == 0) { /* and the next change makes it whole */
            add_recipient(s, torn_fd, 2);
            assert_int_equal(opened_by_key(s, torn_fd, 0), BULLA_CAUSE_NONE);
            assert_int_equal(opened_by_key(s, torn_fd, 2), BULLA_CAUSE_NONE);
        }
    }
}

/* After an interrupted change one area alone counts: it is the last that the next change touches. */
static void
the_only_whole_area_is_written_last(void **state)
{
    const struct scene *s = *state;
    struct bulla_error err = { 0 };
    BL_AUTO_FD fd = sealed_file(s, 1, NULL, /* in_areas= */ true);
    const struct bl_key *const identities[] = { s->keys[0] };
    const struct bl_opener opener = opener_of(identities, 1, NULL);
    const struct bl_slot_request request = recipient_slot(s->keys[1]);
    BL_AUTO(bulla_buffer) before = { 0 };
    BL_AUTO(bulla_buffer) after = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    read_back(fd, &before);
    assert_ok(bl_header_decode(bulla_buffer_bytes(&before), &header, &err), &err);
    const size_t start = BL_BLOB_PREAMBLE_SIZE + header.core_bytes.size, size = header.area_size;
    for (unsigned torn = 0; torn < 2; torn++) {
        before.data[start + torn * size + 40] ^= 1;
        BL_AUTO_FD torn_fd = file_of(bulla_buffer_bytes(&before));
        before.data[start + torn * size + 40] ^= 1;
        BL_AUTO(bl_slots_update) update = { 0 };
        bool fits = false;
        begin(&update, torn_fd, &opener);
        assert_int_equal(update.header.area, 1 - torn);
        assert_ok(bl_slots_update_add(&update, &request, &err), &err);
        assert_ok(bl_slots_update_finish(&update, false, &fits, &err), &err);
        bl_fault_arm(BL_FAULT_FILE, 2, true); /* the fsync after the first area */
        assert_int_not_equal(bl_slots_update_write(&update, torn_fd, &err), BULLA_OK);
        assert_true(bl_fault_disarm());
        bulla_error_clear(&err);
        read_back(torn_fd, &after);
        const size_t whole = start + (1 - torn) * size;
        assert_memory_equal(after.data + whole, before.data + whole, size);
        assert_int_equal(opened_by_key(s, torn_fd, 1), BULLA_CAUSE_NONE);
    }
}

static void
areas_that_lie(void **state)
{
    const struct scene *s = *state;
    BL_AUTO_FD fd = sealed_file(s, 1, NULL, /* in_areas= */ true);
    BL_AUTO(bulla_buffer) blob = { 0 };
    struct bulla_error err = { 0 };
    BL_AUTO(bl_header) header = { 0 };
    BL_AUTO(bulla_buffer) area = { 0 };
    const uint8_t mac[BL_BLOB_MAC_SIZE] = { 1 };

    read_back(fd, &blob);
    assert_ok(bl_header_decode(bulla_buffer_bytes(&blob), &header, &err), &err);
    const size_t start = BL_BLOB_PREAMBLE_SIZE + header.core_bytes.size, size = header.area_size;
    const struct bulla_bytes slots = { blob.data + start + BL_AREA_HEAD_SIZE,
                                       blob.data[start + 10] * 256u + blob.data[start + 11] };
    /* whole, and of a later epoch, by somebody who has no key: counts, and is found out */
    assert_ok(bl_area_encode(9, slots, size, &area, &err), &err);
    assert_ok(bl_area_close(mac, &area, &err), &err);
    memcpy(blob.data + start + size, area.data, size);
    BL_AUTO_FD later = file_of(bulla_buffer_bytes(&blob));
    assert_int_equal(opened_by_key(s, later, 0), BULLA_CAUSE_HEADER_ALTERED);
    /* of the same epoch: they contradict each other */
    bulla_buffer_clear(&area);
    assert_ok(bl_area_encode(1, slots, size, &area, &err), &err);
    assert_ok(bl_area_close(mac, &area, &err), &err);
    memcpy(blob.data + start + size, area.data, size);
    BL_AUTO_FD same = file_of(bulla_buffer_bytes(&blob));
    assert_int_equal(opened_by_key(s, same, 0), BULLA_CAUSE_HEADER_ALTERED);
    /* something in the room, which is to be zeros: as if the area were not there */
    bulla_buffer_clear(&area);
    assert_ok(bl_area_encode(9, slots, size, &area, &err), &err);
    area.data[area.size - 1] = 1;
    assert_ok(bl_area_close(mac, &area, &err), &err);
    memcpy(blob.data + start + size, area.data, size);
    BL_AUTO_FD littered = file_of(bulla_buffer_bytes(&blob));
    assert_int_equal(opened_by_key(s, littered, 0), BULLA_CAUSE_NONE);
    /* neither whole */
    blob.data[start + 40] ^= 1;
    blob.data[start + size + 40] ^= 1;
    BL_AUTO_FD neither = file_of(bulla_buffer_bytes(&blob));
    assert_int_equal(opened_by_key(s, neither, 0), BULLA_CAUSE_HEADER_ALTERED);
    assert_fails(bl_area_encode(1, slots, BL_AREA_OVERHEAD + slots.size - 1, &area, &err),
                 BULLA_E_LIMIT, &err);
}

/* Without areas, or without room in them, the body is carried over. */
static void
what_does_not_fit_is_copied(void **state)
{
    const struct scene *s = *state;
    struct bulla_error err = { 0 };
    const struct bl_key *const identities[] = { s->keys[0] };
    const struct bl_opener opener = opener_of(identities, 1, NULL);

    for (int in_areas = 0; in_areas < 2; in_areas++) {
        BL_AUTO_FD fd = sealed_file(s, 1, NULL, in_areas == 1);
        BL_AUTO_FD copy = file_of((struct bulla_bytes){ NULL, 0 });
        BL_AUTO(bl_slots_update) update = { 0 };
        bool fits = true;
        begin(&update, fd, &opener);
        for (size_t i = 0; i < (in_areas == 1 ? 12u : 1u); i++) {
            const struct bl_slot_request request = recipient_slot(s->keys[1 + i % 3]);
            assert_ok(bl_slots_update_add(&update, &request, &err), &err);
        }
        assert_ok(bl_slots_update_finish(&update, false, &fits, &err), &err);
        assert_false(fits);
        assert_fails(bl_slots_update_write(&update, fd, &err), BULLA_E_ARGUMENT, &err);
        assert_ok(bl_slots_update_copy(&update, fd, copy, &err), &err);
        assert_int_equal(opened_by_key(s, copy, 0), BULLA_CAUSE_NONE);
        assert_int_equal(opened_by_key(s, copy, 1), BULLA_CAUSE_NONE);
        if (in_areas == 1)
            add_recipient(s, copy, 3); /* there is room again */
    }
}

/* In `all` and `k of n` a slot is replaced by what it opened itself, and never just taken away. */
static void
shares_that_belong_together(void **state)
{
    const struct scene *s = *state;
    struct bulla_error err = { 0 };
    const struct bl_tree leaves[] = { { .slot = 0 }, { .slot = 1 }, { .slot = 2 } };
    const struct bl_tree trees[] = {
        { BL_TREE_ALL, .children = leaves, .child_count = 3 },
        { BL_TREE_THRESHOLD, .threshold = 2, .children = leaves, .child_count = 3 },
    };

    for (size_t t = 0; t < 2; t++) {
        const size_t needed = t == 0 ? 3 : 2;
        BL_AUTO_FD fd = sealed_file(s, 3, &trees[t], /* in_areas= */ true);
        const struct bl_key *const identities[] = { s->keys[0], s->keys[1], s->keys[2] };
        const struct bl_opener opener = opener_of(identities, needed, NULL);
        const struct bl_slot_request request = recipient_slot(s->keys[3]);
        BL_AUTO(bl_slots_update) update = { 0 };
        bool fits = false;
        size_t first = 0;
        begin(&update, fd, &opener);
        while (update.opened.states[first] != BL_SLOT_OPENED)
            first++;
        uint8_t id[BL_SLOT_ID_SIZE];
        memcpy(id, update.table.slots[first].id, sizeof id);
        assert_cause(bl_slots_update_remove(&update, id, &err), BULLA_CAUSE_SLOT_NEEDED, &err);
        for (size_t i = 0; i < 3; i++) { /* the one that was not tried has a share nobody knows */
            if (update.opened.states[i] != BL_SLOT_OPENED)
                assert_cause(bl_slots_update_replace(&update, update.header.table.slots[i].id,
                                                     &request, 0, &err),
                             BULLA_CAUSE_NO_SLOT_OPENS, &err);
        }
        assert_ok(bl_slots_update_replace(&update, id, &request, 0, &err), &err);
        assert_ok(bl_slots_update_finish(&update, false, &fits, &err), &err);
        assert_ok(bl_slots_update_write(&update, fd, &err), &err);
        const struct bl_key *const heirs[] = { s->keys[0], s->keys[1], s->keys[2], s->keys[3] };
        assert_int_equal(opened_by(s, fd, heirs, 4), BULLA_CAUSE_NONE);
        assert_int_equal(opened_by(s, fd, &heirs[3], 1), BULLA_CAUSE_WRONG_RECIPIENT);
        if (t == 0) /* the three of before lack the replaced one */
            assert_int_equal(opened_by(s, fd, heirs, 3), BULLA_CAUSE_WRONG_RECIPIENT);
        /* who is added opens alone, above the tree */
        BL_AUTO(bl_slots_update) adding = { 0 };
        const struct bl_opener all = opener_of(heirs, 4, NULL);
        const struct bl_slot_request alone = passphrase_slot("alone");
        begin(&adding, fd, &all);
        assert_ok(bl_slots_update_add(&adding, &alone, &err), &err);
        assert_ok(bl_slots_update_finish(&adding, false, &fits, &err), &err);
        assert_ok(bl_slots_update_write(&adding, fd, &err), &err);
        struct person person = { .passphrase = "alone" };
        const struct bl_opener by_passphrase = opener_of(NULL, 0, &person);
        BL_AUTO(bl_slots_update) last = { 0 };
        begin(&last, fd, &by_passphrase);
        assert_int_equal(last.table.slot_count, 4);
    }
}

/* A tree as deep as there may be takes a sibling where it has an `any`, and no more depth. */
static void
the_depth_of_a_tree_is_kept(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_slot_tree tree;
    const struct bl_tree leaves[] = { { .slot = 0 }, { .slot = 1 } };
    const struct bl_tree d4 = { BL_TREE_ALL, .children = leaves, .child_count = 2 };
    const struct bl_tree d3 = { BL_TREE_ALL, .children = &d4, .child_count = 1 };
    const struct bl_tree d2 = { BL_TREE_ALL, .children = &d3, .child_count = 1 };
    const struct bl_tree d1 = { BL_TREE_ANY, .children = &d2, .child_count = 1 };

    assert_ok(bl_slot_tree_build(&d1, 2, &tree, &err), &err);
    const struct bl_slot_tree before = tree;
    assert_fails(bl_slot_tree_add_beside(&tree, 0, 2, &err), BULLA_E_LIMIT, &err);
    assert_memory_equal(&tree, &before, sizeof tree);
    assert_ok(bl_slot_tree_add(&tree, 2, &err), &err);
    assert_int_equal(tree.node_count, before.node_count + 1);
    assert_int_equal(tree.nodes[0].node_count, tree.node_count);
    assert_int_equal(tree.nodes[0].child_count, 2);
    enum bl_slot_state states[BL_SLOT_COUNT_MAX] = { 0 };
    states[2] = BL_SLOT_OPENED;
    assert_true(bl_slot_tree_is_satisfied(&tree, states));
    assert_ok(bl_slot_tree_remove(&tree, 2, &err), &err);
    assert_memory_equal(tree.nodes, before.nodes, tree.node_count * sizeof tree.nodes[0]);
    assert_int_equal(tree.node_count, before.node_count);

    assert_ok(bl_slot_tree_build(&d2, 2, &tree, &err), &err);
    assert_ok(bl_slot_tree_add_beside(&tree, 1, 2, &err), &err);
    states[2] = BL_SLOT_UNTRIED;
    states[0] = states[1] = BL_SLOT_OPENED;
    assert_true(bl_slot_tree_is_satisfied(&tree, states));
    states[1] = BL_SLOT_FAILED;
    assert_false(bl_slot_tree_is_satisfied(&tree, states));
    states[2] = BL_SLOT_OPENED;
    assert_true(bl_slot_tree_is_satisfied(&tree, states));
    assert_fails(bl_slot_tree_add(&tree, 3, &err), BULLA_E_LIMIT, &err);
}

static void
nothing_changes_without_opening(void **state)
{
    const struct scene *s = *state;
    struct bulla_error err = { 0 };
    BL_AUTO_FD fd = sealed_file(s, 1, NULL, /* in_areas= */ true);
    BL_AUTO(bl_slots_update) update = { 0 };
    const struct bl_key *const identities[] = { s->keys[1] };
    const struct bl_opener opener = opener_of(identities, 1, NULL);
    const struct bl_unseal_requirements demands = { .name = "test", .now_s = NOW_S };

    assert_cause(bl_slots_update_open(&update, fd, &demands, &opener, &err),
                 BULLA_CAUSE_WRONG_RECIPIENT, &err);
    BL_AUTO(bl_slots_update) named = { 0 };
    const struct bl_key *const right[] = { s->keys[0] };
    const struct bl_opener own = opener_of(right, 1, NULL);
    const struct bl_unseal_requirements other = { .name = "other", .now_s = NOW_S };
    assert_cause(bl_slots_update_open(&named, fd, &other, &own, &err), BULLA_CAUSE_NAME_MISMATCH,
                 &err);
}

/* Each write and fsync failing in turn leaves a blob that opens. */
static void
every_failing_write_is_survived(void **state)
{
    const struct scene *s = *state;
    struct bulla_error err = { 0 };
    const struct bl_key *const identities[] = { s->keys[0] };
    const struct bl_opener opener = opener_of(identities, 1, NULL);
    const struct bl_slot_request request = recipient_slot(s->keys[1]);
    bool finished = false;

    for (unsigned nth = 1; !finished; nth++) {
        assert_true(nth < 20);
        BL_AUTO_FD fd = sealed_file(s, 1, NULL, /* in_areas= */ true);
        BL_AUTO(bl_slots_update) update = { 0 };
        bool fits = false;
        begin(&update, fd, &opener);
        assert_ok(bl_slots_update_add(&update, &request, &err), &err);
        assert_ok(bl_slots_update_finish(&update, false, &fits, &err), &err);
        bl_fault_arm(BL_FAULT_FILE, nth, false);
        enum bulla_status status = bl_slots_update_write(&update, fd, &err);
        finished = !bl_fault_disarm();
        assert_true((status == BULLA_OK) == finished);
        bulla_error_clear(&err);
        assert_int_equal(opened_by_key(s, fd, 0), BULLA_CAUSE_NONE);
        enum bulla_cause added = opened_by_key(s, fd, 1);
        if (status == BULLA_OK || status == BULLA_E_OUTCOME_UNKNOWN)
            assert_int_equal(added, BULLA_CAUSE_NONE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recipient_is_added_in_place),
        cmocka_unit_test(a_removed_slot_is_nowhere_in_the_file),
        cmocka_unit_test(a_slot_is_replaced_and_kept_for_a_while),
        cmocka_unit_test(an_interrupted_change_is_old_or_new),
        cmocka_unit_test(the_only_whole_area_is_written_last),
        cmocka_unit_test(areas_that_lie),
        cmocka_unit_test(what_does_not_fit_is_copied),
        cmocka_unit_test(shares_that_belong_together),
        cmocka_unit_test(the_depth_of_a_tree_is_kept),
        cmocka_unit_test(nothing_changes_without_opening),
        cmocka_unit_test(every_failing_write_is_survived),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

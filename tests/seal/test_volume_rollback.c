/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole volume set back, forked, or ahead of its anchor, and an anchor that fails or forgets.
 */
#include "volume_fixture.h"

static void
test_rolled_back(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume *volume = NULL;

    (void)state;
    fixture_init(&f);
    make_journal(&f); /* f.backup: an older moment */
    struct memory_anchor then = f.memory;
    volume = reopen(&f);
    write_text(volume, find_node(volume, 1, "file"), 0, "later");
    assert_ok(bl_volume_sync(volume, &err), &err);
    bl_volume_free(volume);
    volume = NULL;
    copy_volume(f.backup, f.directory);
    assert_cause(bl_volume_open(&f.options, &volume, &err), BULLA_CAUSE_ROLLED_BACK, &err);
    f.memory = then; /* both set back: nothing here can tell; the anchor must not be */
    bulla_error_clear(&err);
    assert_ok(bl_volume_open(&f.options, &volume, &err), &err);
    bl_volume_free(volume);
    f.memory.is_set = false; /* an anchor that forgot */
    assert_cause(bl_volume_open(&f.options, &volume, &err), BULLA_CAUSE_ROLLED_BACK, &err);
    f.options.anchor = NULL;
    assert_fails(bl_volume_open(&f.options, &volume, &err), BULLA_E_DENIED, &err);
    fixture_done(&f);
}

/* Without its synced end the journal is one that the anchor does not know. */
static void
test_journal_cut_with_anchor(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct memory_anchor pinned;
    unsigned accepted = 0, refused = 0;

    (void)state;
    fixture_init(&f);
    make_journal(&f);
    pinned = f.memory;
    off_t full = size_of(&f, "journal");
    for (off_t size = 0; size <= full; size += 64) {
        struct bl_volume *volume = NULL;
        copy_volume(f.backup, f.directory);
        f.memory = pinned;
        cut(&f, "journal", size);
        bulla_error_clear(&err);
        if (bl_volume_open(&f.options, &volume, &err) == BULLA_OK) {
            char text[16] = { 0 };
            size_t got = 0;
            assert_ok(bl_volume_read(volume, find_node(volume, 1, "file"), 0, text, 15, &got, &err),
                      &err);
            assert_true(strncmp(text, "one two ", 8) == 0);
            accepted++;
        } else {
            assert_int_equal(err.cause, BULLA_CAUSE_ROLLED_BACK);
            refused++;
        }
        bl_volume_free(volume);
    }
    assert_true(refused > 3 && accepted > 1);
    fixture_done(&f);
}

/* Two volumes that grew from one state: the one that was pinned opens, the other does not, although
 *  its count is the same. */
static void
test_forked(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume *volume = NULL;
    char other[96];

    (void)state;
    fixture_init(&f);
    make_journal(&f);
    struct memory_anchor then = f.memory;
    volume = reopen(&f);
    bl_volume_free(volume);
    snprintf(other, sizeof other, "%s.other", f.directory);
    copy_volume(f.directory, other);
    copy_volume(f.backup, f.directory);
    f.memory = then;
    volume = reopen(&f); /* the same steps again */
    bl_volume_free(volume);
    struct memory_anchor pinned = f.memory;
    copy_volume(other, f.directory);
    assert_cause(bl_volume_open(&f.options, &volume, &err), BULLA_CAUSE_ROLLED_BACK, &err);
    assert_int_equal(f.memory.generation, pinned.generation);
    remove_tree(other);
    fixture_done(&f);
}

/* One state may be ahead of the anchor, because it is pinned after it is durable. */
static void
test_anchor_fails(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume_usage usage;

    (void)state;
    fixture_init(&f);
    struct bl_volume *volume = create_and_open(&f);
    uint64_t file = make_node(volume, 1, "file", BL_VOLUME_FILE);
    f.memory.fail_advance = 2;
    assert_fails(bl_volume_sync(volume, &err), BULLA_E_UNAVAILABLE, &err);
    write_text(volume, file, 0, "text");
    assert_fails(bl_volume_sync(volume, &err), BULLA_E_UNAVAILABLE, &err); /* not one further */
    bulla_error_clear(&err);
    assert_ok(bl_volume_usage(volume, &usage, &err), &err);
    assert_int_equal(usage.generation, f.memory.generation + 1);
    struct memory_anchor behind = f.memory;
    assert_ok(bl_volume_sync(volume, &err), &err);
    assert_int_equal(f.memory.generation, usage.generation + 1);
    bl_volume_free(volume);
    f.memory = behind; /* two behind */
    assert_cause(bl_volume_open(&f.options, &volume, &err), BULLA_CAUSE_ROLLED_BACK, &err);
    f.memory.generation = usage.generation + 1;
    assert_cause(bl_volume_open(&f.options, &volume, &err), BULLA_CAUSE_ROLLED_BACK, &err);
    fixture_done(&f);
}

static void
test_one_ahead_opens(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume *volume = NULL;

    (void)state;
    fixture_init(&f);
    f.memory.fail_advance = 1;
    assert_fails(bl_volume_create(&f.options, &err), BULLA_E_UNAVAILABLE, &err);
    bulla_error_clear(&err);
    volume = reopen(&f);
    make_node(volume, 1, "file", BL_VOLUME_FILE);
    f.memory.fail_advance = 1;
    assert_fails(bl_volume_sync(volume, &err), BULLA_E_UNAVAILABLE, &err);
    bl_volume_free(volume);
    uint64_t behind = f.memory.generation;
    volume = reopen(&f);
    assert_true(find_node(volume, 1, "file") != 0);
    assert_int_equal(f.memory.generation, behind + 2);
    bl_volume_free(volume);
    fixture_done(&f);
}

/* A volume made without an anchor has one from the first opening with it. */
static void
test_anchored_later(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume *volume = NULL;

    (void)state;
    fixture_init(&f);
    f.options.anchor = NULL;
    make_journal(&f);
    f.options.anchor = &f.anchor;
    volume = reopen(&f);
    bl_volume_free(volume);
    copy_volume(f.backup, f.directory);
    assert_cause(bl_volume_open(&f.options, &volume, &err), BULLA_CAUSE_ROLLED_BACK, &err);
    fixture_done(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rolled_back),     cmocka_unit_test(test_journal_cut_with_anchor),
        cmocka_unit_test(test_forked),          cmocka_unit_test(test_anchor_fails),
        cmocka_unit_test(test_one_ahead_opens), cmocka_unit_test(test_anchored_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed volume as a file system: every call, what it refuses, and that it is there after
 * closing and opening; a long run of random calls against a plain model of them.
 */
#include "volume_model.h"

#define PAGE 4096u

static void
test_empty(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume_attributes attributes;
    struct bl_volume_usage usage;

    (void)state;
    fixture_init(&f);
    struct bl_volume *volume = create_and_open(&f);
    assert_ok(bl_volume_attributes(volume, BL_VOLUME_ROOT, &attributes, &err), &err);
    assert_int_equal(attributes.kind, BL_VOLUME_DIRECTORY);
    assert_int_equal(attributes.link_count, 2);
    assert_ok(bl_volume_usage(volume, &usage, &err), &err);
    assert_int_equal(usage.node_count, 1);
    assert_true(usage.is_anchored);
    assert_int_equal(usage.generation, f.memory.generation);
    assert_int_equal(find_node(volume, BL_VOLUME_ROOT, "a"), 0);
    assert_ok(bl_volume_close(volume, &err), &err);
    fixture_done(&f);
}

static void
test_stays(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume_attributes attributes;

    (void)state;
    fixture_init(&f);
    struct bl_volume *volume = create_and_open(&f);
    uint64_t sub = make_node(volume, BL_VOLUME_ROOT, "sub", BL_VOLUME_DIRECTORY);
    uint64_t file = make_node(volume, sub, "file", BL_VOLUME_FILE);
    uint64_t link = make_node(volume, sub, "link", BL_VOLUME_LINK);
    write_text(volume, file, 0, "hello");
    write_text(volume, file, 5, " world");
    for (int i = 0; i < 3; i++) { /* closed, killed after a sync, killed */
        assert_content(volume, find_node(volume, find_node(volume, BL_VOLUME_ROOT, "sub"), "file"),
                       "hello world");
        assert_content(volume, link, "target");
        assert_ok(bl_volume_attributes(volume, file, &attributes, &err), &err);
        assert_int_equal(attributes.size, 11);
        assert_int_equal(attributes.mode, 0640);
        assert_int_equal(attributes.user, 7);
        assert_int_equal(attributes.group, 8);
        assert_int_equal(attributes.modified_ns, NOW);
        if (i == 0)
            assert_ok(bl_volume_close(volume, &err), &err);
        else if (i == 1)
            assert_ok(bl_volume_sync(volume, &err), &err);
        if (i > 0)
            bl_volume_free(volume);
        volume = reopen(&f);
    }
    assert_ok(bl_volume_close(volume, &err), &err);
    fixture_done(&f);
}

static void
test_holes_and_cutting(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume_attributes wanted = { .size = 0 };
    uint8_t page[PAGE], zeros[PAGE] = { 0 };
    size_t size = 0;

    (void)state;
    fixture_init(&f);
    struct bl_volume *volume = create_and_open(&f);
    uint64_t file = make_node(volume, BL_VOLUME_ROOT, "f", BL_VOLUME_FILE);
    const uint64_t far = BL_VOLUME_FILE_SIZE_MAX - 3;
    write_text(volume, file, far, "end");
    assert_ok(bl_volume_read(volume, file, PAGE * 1000, page, PAGE, &size, &err), &err);
    assert_int_equal(size, PAGE);
    assert_memory_equal(page, zeros, PAGE);
    assert_fails(bl_volume_write(volume, file, far + 1, text_bytes("end"), NOW, &err),
                 BULLA_E_LIMIT, &err);
    write_text(volume, file, 0, "0123456789");
    wanted.size = 4;
    assert_ok(bl_volume_set(volume, file, BL_VOLUME_SET_SIZE, &wanted, NOW, &err), &err);
    assert_content(volume, file, "0123");
    wanted.size = PAGE * 2;
    bulla_error_clear(&err);
    assert_ok(bl_volume_set(volume, file, BL_VOLUME_SET_SIZE, &wanted, NOW, &err), &err);
    assert_ok(bl_volume_read(volume, file, 4, page, PAGE, &size, &err), &err);
    assert_memory_equal(page, zeros, PAGE); /* not "456789" again */
    assert_ok(bl_volume_read(volume, file, PAGE * 2, page, PAGE, &size, &err), &err);
    assert_int_equal(size, 0);
    assert_ok(bl_volume_close(volume, &err), &err);
    fixture_done(&f);
}

static void
test_space_comes_back(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume_usage before, after;
    static uint8_t chunk[1 << 20];

    (void)state;
    fixture_init(&f);
    f.options.size_max = (uint64_t)8 << 20;
    struct bl_volume *volume = create_and_open(&f);
    memset(chunk, 'x', sizeof chunk);
    assert_int_equal(make_node(volume, BL_VOLUME_ROOT, "first", BL_VOLUME_FILE), 2);
    assert_ok(bl_volume_usage(volume, &before, &err), &err);
    for (int round = 0; round < 4; round++) {
        uint64_t file = make_node(volume, BL_VOLUME_ROOT, "f", BL_VOLUME_FILE);
        uint64_t offset = 0;
        enum bulla_status status = BULLA_OK;
        for (; status == BULLA_OK; offset += sizeof chunk)
            status = bl_volume_write(volume, file, offset, BL_BYTES_OF(chunk), NOW, &err);
        assert_int_equal(status, BULLA_E_LIMIT);
        bulla_error_clear(&err);
        assert_int_equal(offset, (uint64_t)8 << 20); /* seven fitted, the eighth did not */
        if (round % 2 == 0)
            assert_ok(bl_volume_hold(volume, file, &err), &err);
        assert_ok(bl_volume_remove(volume, BL_VOLUME_ROOT, text_bytes("f"), NOW, &err), &err);
        assert_ok(bl_volume_usage(volume, &after, &err), &err);
        if (round == 0) {
            assert_true(after.page_count_free < before.page_count_free - 1000);
            assert_ok(bl_volume_release(volume, file, &err), &err);
        } else if (round == 2) { /* killed while held: freed by the next opening */
            bl_volume_free(volume);
            volume = reopen(&f);
        }
        assert_ok(bl_volume_usage(volume, &after, &err), &err);
        assert_int_equal(after.page_count_free, before.page_count_free);
        assert_int_equal(after.node_count, before.node_count);
    }
    assert_ok(bl_volume_close(volume, &err), &err);
    fixture_done(&f);
}

static void
test_names(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume_attributes attributes = { .kind = BL_VOLUME_FILE };
    char name[300];

    (void)state;
    fixture_init(&f);
    struct bl_volume *volume = create_and_open(&f);
    memset(name, 'n', sizeof name);
    struct bulla_bytes longest = { (const uint8_t *)name, 255 }, none = { 0 };
    assert_ok(bl_volume_make(volume, 1, longest, none, NOW, &attributes, &err), &err);
    assert_ok(bl_volume_lookup(volume, 1, longest, &attributes, &err), &err);
    longest.size++;
    assert_fails(bl_volume_make(volume, 1, longest, none, NOW, &attributes, &err), BULLA_E_LIMIT,
                 &err);
    static const char *const refused[] = { "", ".", "..", "a/b" };
    for (size_t i = 0; i < 4; i++)
        assert_fails(
            bl_volume_make(volume, 1, text_bytes(refused[i]), none, NOW, &attributes, &err),
            BULLA_E_ARGUMENT, &err);
    assert_fails(bl_volume_make(volume, 1, (struct bulla_bytes){ (const uint8_t *)"a\0b", 3 }, none,
                                NOW, &attributes, &err),
                 BULLA_E_ARGUMENT, &err);
    longest.size--;
    assert_fails(bl_volume_make(volume, 1, longest, none, NOW, &attributes, &err), BULLA_E_EXISTS,
                 &err);
    assert_fails(bl_volume_make(volume, 2, text_bytes("x"), none, NOW, &attributes, &err),
                 BULLA_E_ARGUMENT, &err); /* node 2 is a file */
    assert_fails(bl_volume_make(volume, 99, text_bytes("x"), none, NOW, &attributes, &err),
                 BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_volume_attributes(volume, 0, &attributes, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_volume_attributes(volume, UINT64_MAX, &attributes, &err), BULLA_E_NOT_FOUND,
                 &err);
    bulla_error_clear(&err);
    assert_ok(bl_volume_close(volume, &err), &err);
    fixture_done(&f);
}

static uint32_t
links_of(struct bl_volume *volume, uint64_t node)
{
    struct bulla_error err = { 0 };
    struct bl_volume_attributes attributes = { 0 };

    assert_ok(bl_volume_attributes(volume, node, &attributes, &err), &err);
    return attributes.link_count;
}

static void
test_links(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume_attributes attributes;

    (void)state;
    fixture_init(&f);
    struct bl_volume *volume = create_and_open(&f);
    uint64_t sub = make_node(volume, 1, "sub", BL_VOLUME_DIRECTORY);
    uint64_t file = make_node(volume, 1, "a", BL_VOLUME_FILE);
    write_text(volume, file, 0, "text");
    assert_int_equal(links_of(volume, 1), 3);
    assert_ok(bl_volume_link(volume, file, sub, text_bytes("b"), NOW, &err), &err);
    assert_int_equal(links_of(volume, file), 2);
    assert_fails(bl_volume_link(volume, file, sub, text_bytes("b"), NOW, &err), BULLA_E_EXISTS,
                 &err);
    assert_fails(bl_volume_link(volume, sub, sub, text_bytes("c"), NOW, &err), BULLA_E_ARGUMENT,
                 &err);
    assert_fails(bl_volume_remove(volume, 1, text_bytes("sub"), NOW, &err), BULLA_E_BUSY, &err);
    bulla_error_clear(&err);
    assert_ok(bl_volume_remove(volume, 1, text_bytes("a"), NOW, &err), &err);
    assert_content(volume, file, "text");
    assert_ok(bl_volume_hold(volume, file, &err), &err);
    assert_ok(bl_volume_hold(volume, file, &err), &err);
    assert_ok(bl_volume_remove(volume, sub, text_bytes("b"), NOW, &err), &err);
    assert_ok(bl_volume_release(volume, file, &err), &err);
    assert_content(volume, file, "text");
    write_text(volume, file, 4, " more");
    assert_fails(bl_volume_link(volume, file, sub, text_bytes("b"), NOW, &err), BULLA_E_NOT_FOUND,
                 &err);
    bulla_error_clear(&err);
    assert_ok(bl_volume_release(volume, file, &err), &err);
    assert_fails(bl_volume_attributes(volume, file, &attributes, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_volume_release(volume, file, &err), BULLA_E_ARGUMENT, &err);
    bulla_error_clear(&err);
    assert_ok(bl_volume_remove(volume, 1, text_bytes("sub"), NOW, &err), &err);
    assert_int_equal(links_of(volume, 1), 2);
    assert_fails(bl_volume_remove(volume, 1, text_bytes("sub"), NOW, &err), BULLA_E_NOT_FOUND,
                 &err);
    bulla_error_clear(&err);
    assert_ok(bl_volume_close(volume, &err), &err);
    fixture_done(&f);
}

static void
test_rename(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };

    (void)state;
    fixture_init(&f);
    struct bl_volume *volume = create_and_open(&f);
    const struct bulla_bytes a = text_bytes("a"), b = text_bytes("b"), c = text_bytes("c");
    uint64_t one = make_node(volume, 1, "one", BL_VOLUME_DIRECTORY);
    uint64_t two = make_node(volume, one, "two", BL_VOLUME_DIRECTORY);
    uint64_t file = make_node(volume, 1, "a", BL_VOLUME_FILE);
    uint64_t other = make_node(volume, 1, "b", BL_VOLUME_FILE);
    write_text(volume, other, 0, "other");
    assert_fails(bl_volume_rename(volume, 1, a, 1, b, true, NOW, &err), BULLA_E_EXISTS, &err);
    assert_fails(bl_volume_rename(volume, 1, c, 1, b, false, NOW, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(bl_volume_rename(volume, 1, text_bytes("one"), two, c, false, NOW, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(bl_volume_rename(volume, 1, text_bytes("one"), one, c, false, NOW, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(bl_volume_rename(volume, 1, text_bytes("one"), 1, a, false, NOW, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(bl_volume_rename(volume, 1, a, 1, text_bytes("one"), false, NOW, &err),
                 BULLA_E_ARGUMENT, &err);
    bulla_error_clear(&err);
    assert_ok(bl_volume_rename(volume, 1, a, 1, b, false, NOW, &err), &err);
    assert_int_equal(find_node(volume, 1, "a"), 0);
    assert_int_equal(find_node(volume, 1, "b"), file);
    assert_fails(bl_volume_hold(volume, other, &err), BULLA_E_NOT_FOUND, &err);
    bulla_error_clear(&err);
    assert_ok(bl_volume_rename(volume, 1, b, two, c, true, NOW, &err), &err);
    assert_int_equal(find_node(volume, two, "c"), file);
    assert_int_equal(links_of(volume, one), 3);
    assert_ok(bl_volume_rename(volume, one, text_bytes("two"), 1, a, false, NOW, &err), &err);
    assert_int_equal(links_of(volume, one), 2);
    assert_int_equal(links_of(volume, 1), 4);
    assert_ok(bl_volume_rename(volume, 1, text_bytes("one"), two, a, false, NOW, &err), &err);
    assert_fails(bl_volume_rename(volume, two, a, 1, a, false, NOW, &err), BULLA_E_BUSY, &err);
    bulla_error_clear(&err);
    assert_ok(bl_volume_link(volume, file, 1, b, NOW, &err), &err);
    assert_ok(bl_volume_rename(volume, 1, b, two, c, false, NOW, &err), &err);
    assert_int_equal(find_node(volume, 1, "b"), file); /* two names of one file: nothing is done */
    assert_ok(bl_volume_close(volume, &err), &err);
    volume = reopen(&f);
    assert_int_equal(find_node(volume, find_node(volume, 1, "a"), "c"), file);
    assert_ok(bl_volume_close(volume, &err), &err);
    fixture_done(&f);
}

static void
test_listing(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bulla_buffer name = { 0 };
    uint64_t cursor = 0, node = 0;
    unsigned seen[100] = { 0 };
    char text[8];

    (void)state;
    fixture_init(&f);
    struct bl_volume *volume = create_and_open(&f);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "%u", i);
        make_node(volume, 1, text, BL_VOLUME_FILE);
    }
    unsigned count = 0;
    while (bl_volume_next(volume, 1, &cursor, &name, &node, &err) == BULLA_OK) {
        memset(text, 0, sizeof text);
        memcpy(text, name.data, name.size);
        if (strcmp(text, "new") == 0)
            continue;
        seen[atoi(text)]++;
        if (++count == 20) { /* what happens meanwhile neither hides nor repeats the others */
            for (unsigned i = 0; i < 20; i++) {
                snprintf(text, sizeof text, "%u", i);
                assert_ok(bl_volume_remove(volume, 1, text_bytes(text), NOW, &err), &err);
            }
            make_node(volume, 1, "new", BL_VOLUME_FILE);
        }
    }
    assert_int_equal(err.status, BULLA_E_NOT_FOUND);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    bulla_buffer_done(&name);
    bulla_error_clear(&err);
    assert_ok(bl_volume_close(volume, &err), &err);
    fixture_done(&f);
}

static void
test_model(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct model *model = calloc(1, sizeof *model);
    uint64_t seed = 88172645463325252u;

    (void)state;
    fixture_init(&f);
    f.options.cache_size = 1; /* the least: pages are forgotten and read again all the time */
    struct bl_volume *volume = create_and_open(&f);
    for (int i = 0; i < 3000; i++) {
        const struct call call = draw_call(&seed);
        assert_ok(volume_call(volume, &call, &err), &err);
        model_call(model, &call);
        if (i % 100 == 99) {
            assert_true(model_equals(volume, model));
            if (i % 200 == 99)
                assert_ok(bl_volume_close(volume, &err), &err);
            else
                bl_volume_free(volume);
            volume = reopen(&f);
            assert_true(model_equals(volume, model));
        }
    }
    assert_ok(bl_volume_close(volume, &err), &err);
    free(model);
    fixture_done(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_stays),
        cmocka_unit_test(test_holes_and_cutting),
        cmocka_unit_test(test_space_comes_back),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_rename),
        cmocka_unit_test(test_listing),
        cmocka_unit_test(test_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

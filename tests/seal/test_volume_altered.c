/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host can do to a volume: bytes changed, pages exchanged or set back, journals cut, files
 * removed, another key, a second opener. Each is refused by its name, or is what a crash could have
 * left. The whole of it set back: test_volume_rollback.c.
 */
#include "volume_fixture.h"

#include "codec/reader.h"
#include "crypto/random.h"
#include "seal/volume_format.h"
#include "sys/file.h"

#define PAGE 4096u

static void
flip(const struct fixture *f, const char *name, off_t offset)
{
    char path[128];
    uint8_t byte = 0;

    snprintf(path, sizeof path, "%s/%s", f->directory, name);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, offset), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
    close(fd);
}

/* A volume at rest with a file of ten pages, and the same in f->backup. */
static void
make_filled(struct fixture *f)
{
    struct bulla_error err = { 0 };
    uint8_t bytes[PAGE * 10];
    struct bl_volume *volume = create_and_open(f);

    memset(bytes, 'p', sizeof bytes);
    uint64_t file = make_node(volume, 1, "file", BL_VOLUME_FILE);
    assert_ok(bl_volume_write(volume, file, 0, BL_BYTES_OF(bytes), NOW, &err), &err);
    assert_ok(bl_volume_close(volume, &err), &err);
    copy_volume(f->directory, f->backup);
}

static enum bulla_status
read_all(struct fixture *f, struct bulla_error *err)
{
    struct bl_volume *volume = NULL;
    struct bl_volume_attributes attributes;
    uint8_t bytes[PAGE * 10 + 1];
    size_t size = 0;

    bulla_error_clear(err);
    enum bulla_status status = bl_volume_open(&f->options, &volume, err);
    if (status == BULLA_OK)
        status = bl_volume_lookup(volume, 1, text_bytes("file"), &attributes, err);
    if (status == BULLA_OK)
        status = bl_volume_read(volume, attributes.node, 0, bytes, sizeof bytes, &size, err);
    if (status == BULLA_OK)
        assert_int_equal(size, PAGE * 10);
    if (volume != NULL && status != BULLA_OK) { /* nothing else is answered any more */
        assert_int_equal(bl_volume_attributes(volume, 1, &attributes, NULL), status);
        assert_int_equal(bl_volume_sync(volume, NULL), status);
    }
    bl_volume_free(volume);
    return status;
}

static void
test_pages_are_bound(void **state)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) key = { 0 };
    struct bl_volume_keys keys = { 0 }, others = { 0 };
    struct bl_volume_record record = { 0 }, loaded, changed;
    const struct bl_volume_place place = { 0, 5 };
    uint8_t id[32] = { 1 }, page[PAGE] = "content", sealed[PAGE], out[PAGE], bytes[32];

    (void)state;
    assert_ok(bl_random_secret(&key, 32, &err), &err);
    assert_ok(bl_volume_keys_new(&keys, &key, id, &err), &err);
    id[0] = 2;
    assert_ok(bl_volume_keys_new(&others, &key, id, &err), &err);
    assert_ok(bl_volume_page_seal(&keys, 3, place, page, sealed, &record, &err), &err);
    bl_volume_record_store(&record, bytes);
    bl_volume_record_load(bytes, &loaded);
    assert_ok(bl_volume_page_open(&keys, place, &loaded, sealed, out, &err), &err);
    assert_memory_equal(out, page, PAGE);
    const struct bl_volume_place number = { 0, 6 }, level = { 1, 5 };
    assert_fails(bl_volume_page_open(&keys, number, &record, sealed, out, &err), BULLA_E_INTEGRITY,
                 &err);
    assert_fails(bl_volume_page_open(&keys, level, &record, sealed, out, &err), BULLA_E_INTEGRITY,
                 &err);
    assert_fails(bl_volume_page_open(&others, place, &record, sealed, out, &err), BULLA_E_INTEGRITY,
                 &err);
    changed = record;
    changed.epoch++;
    assert_fails(bl_volume_page_open(&keys, place, &changed, sealed, out, &err), BULLA_E_INTEGRITY,
                 &err);
    changed.epoch = 0;
    assert_fails(bl_volume_page_open(&keys, place, &changed, sealed, out, &err), BULLA_E_INTEGRITY,
                 &err);
    changed = record;
    changed.nonce[11] ^= 1;
    assert_fails(bl_volume_page_open(&keys, place, &changed, sealed, out, &err), BULLA_E_INTEGRITY,
                 &err);
    changed = record;
    changed.tag[0] ^= 1;
    assert_fails(bl_volume_page_open(&keys, place, &changed, sealed, out, &err), BULLA_E_INTEGRITY,
                 &err);
    assert_true(bl_all_zero(BL_BYTES_OF(out)));
    for (uint32_t epoch = 1; epoch < 30; epoch++) { /* more epochs than contexts are kept */
        bulla_error_clear(&err);
        assert_ok(bl_volume_page_seal(&keys, epoch, place, page, sealed, &record, &err), &err);
        assert_ok(bl_volume_page_open(&keys, place, &record, sealed, out, &err), &err);
    }
    bl_volume_keys_done(&keys);
    bl_volume_keys_done(&others);
}

static void
test_every_page(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };

    (void)state;
    fixture_init(&f);
    f.options.anchor = NULL;
    make_filled(&f);
    assert_ok(read_all(&f, &err), &err);
    for (off_t at = 7; at < size_of(&f, "pages"); at += PAGE) {
        copy_volume(f.backup, f.directory);
        flip(&f, "pages", at);
        assert_int_equal(read_all(&f, &err), BULLA_E_INTEGRITY);
        copy_volume(f.backup, f.directory);
        cut(&f, "pages", at);
        assert_int_equal(read_all(&f, &err), BULLA_E_INTEGRITY);
    }
    unsigned refused = 0;
    for (off_t at = 7; at < size_of(&f, "tree"); at += PAGE) { /* four of eight places are valid */
        copy_volume(f.backup, f.directory);
        flip(&f, "tree", at);
        enum bulla_status status = read_all(&f, &err);
        refused += status == BULLA_E_INTEGRITY;
        assert_true(status == BULLA_E_INTEGRITY || status == BULLA_OK);
    }
    assert_int_equal(refused, 4);
    fixture_done(&f);
}

/* Pages of two moments of one volume, and of two places, do not go together. */
static void
test_mixed_states(void **state)
{
    static const char *const names[] = { "head", "pages", "tree" };
    struct fixture f;
    struct bulla_error err = { 0 };
    uint8_t bytes[PAGE * 10];

    (void)state;
    fixture_init(&f);
    f.options.anchor = NULL;
    make_filled(&f);
    struct bl_volume *volume = reopen(&f);
    memset(bytes, 'q', sizeof bytes);
    uint64_t file = find_node(volume, 1, "file");
    assert_ok(bl_volume_write(volume, file, 0, BL_BYTES_OF(bytes), NOW, &err), &err);
    assert_ok(bl_volume_close(volume, &err), &err);
    char newer[96];
    snprintf(newer, sizeof newer, "%s.newer", f.directory);
    copy_volume(f.directory, newer);
    for (size_t i = 0; i < 3; i++) {
        copy_volume(newer, f.directory);
        copy_file(f.backup, f.directory, names[i]); /* set back alone */
        assert_int_equal(read_all(&f, &err), BULLA_E_INTEGRITY);
        copy_volume(f.backup, f.directory);
        copy_file(newer, f.directory, names[i]);
        /* The newer tree still has the nodes of the older head: that is the older state, whole. */
        assert_int_equal(read_all(&f, &err), i == 2 ? BULLA_OK : BULLA_E_INTEGRITY);
    }
    copy_volume(f.backup, f.directory);
    assert_ok(read_all(&f, &err), &err); /* all of it set back: only an anchor knows */
    remove_tree(newer);
    fixture_done(&f);
}

static void
test_exchanged_pages(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    uint8_t a[PAGE], b[PAGE];
    char path[128];

    (void)state;
    fixture_init(&f);
    f.options.anchor = NULL;
    make_filled(&f);
    snprintf(path, sizeof path, "%s/pages", f.directory);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, a, PAGE, PAGE * 8), PAGE);
    assert_int_equal(pread(fd, b, PAGE, PAGE * 9), PAGE);
    assert_memory_not_equal(a, b, PAGE); /* the same content, sealed twice */
    assert_int_equal(pwrite(fd, b, PAGE, PAGE * 8), PAGE);
    assert_int_equal(pwrite(fd, a, PAGE, PAGE * 9), PAGE);
    close(fd);
    assert_int_equal(read_all(&f, &err), BULLA_E_INTEGRITY);
    fixture_done(&f);
}

static void
test_head(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };

    (void)state;
    fixture_init(&f);
    f.options.anchor = NULL;
    make_filled(&f);
    for (off_t at = 0; at < BL_VOLUME_HEAD_SIZE; at++) {
        copy_volume(f.backup, f.directory);
        flip(&f, "head", at); /* one copy: the other one is good */
        assert_ok(read_all(&f, &err), &err);
        copy_volume(f.backup, f.directory);
        flip(&f, "head", at);
        flip(&f, "head", at + BL_VOLUME_HEAD_DISTANCE);
        enum bulla_status status = read_all(&f, &err);
        if ((at >= 8 && at < 16) || (at >= 92 && at < 96))
            assert_int_equal(err.cause, BULLA_CAUSE_BLOB_VERSION);
        else if (at >= 16 && at < 80) /* the id, and with it the keys; the check value */
            assert_int_equal(err.cause, BULLA_CAUSE_WRONG_RECIPIENT);
        else
            assert_int_equal(status, BULLA_E_INTEGRITY);
    }
    for (off_t size = 0; size < BL_VOLUME_HEAD_SIZE; size += 29) {
        copy_volume(f.backup, f.directory);
        cut(&f, "head", size);
        assert_int_equal(read_all(&f, &err), BULLA_E_INTEGRITY);
    }
    fixture_done(&f);
}

static void
test_missing_files(void **state)
{
    static const char *const names[] = { "head", "pages", "tree", "journal" };
    struct fixture f;
    struct bulla_error err = { 0 };
    char path[128];

    (void)state;
    fixture_init(&f);
    f.options.anchor = NULL;
    make_filled(&f);
    for (size_t i = 0; i < 4; i++) {
        copy_volume(f.backup, f.directory);
        snprintf(path, sizeof path, "%s/%s", f.directory, names[i]);
        unlink(path);
        assert_int_equal(read_all(&f, &err), BULLA_E_INTEGRITY);
        assert_fails(bl_volume_create(&f.options, &err), BULLA_E_EXISTS, &err);
        assert_int_equal(symlink("/dev/null", path), 0);
        assert_true(read_all(&f, &err) != BULLA_OK);
        unlink(path);
    }
    fixture_done(&f);
}

static void
test_key_and_lock(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    struct bl_volume *volume = NULL, *second = NULL;

    (void)state;
    fixture_init(&f);
    assert_fails(bl_volume_open(&f.options, &volume, &err), BULLA_E_NOT_FOUND, &err);
    make_filled(&f);
    f.key.data[31] ^= 1;
    assert_cause(bl_volume_open(&f.options, &volume, &err), BULLA_CAUSE_WRONG_RECIPIENT, &err);
    memset(f.key.data, 0, 32);
    assert_fails(bl_volume_open(&f.options, &volume, &err), BULLA_E_CRYPTO, &err);
    memset(f.key.data, 0x5a, 32);
    bulla_error_clear(&err);
    assert_null(volume);
    assert_ok(bl_volume_open(&f.options, &volume, &err), &err);
    assert_fails(bl_volume_open(&f.options, &second, &err), BULLA_E_BUSY, &err);
    assert_null(second);
    bl_volume_free(volume);
    bulla_error_clear(&err);
    assert_ok(bl_volume_open(&f.options, &second, &err), &err);
    bl_volume_free(second);
    f.options.directory = "/tmp/bulla-volume-that-is-not-there";
    assert_fails(bl_volume_open(&f.options, &volume, &err), BULLA_E_NOT_FOUND, &err);
    fixture_done(&f);
}

/* -- the journal -- */

static enum bulla_status
read_journal(struct fixture *f, char text[16], struct bulla_error *err)
{
    struct bl_volume *volume = NULL;
    size_t size = 0;

    memset(text, 0, 16);
    bulla_error_clear(err);
    enum bulla_status status = bl_volume_open(&f->options, &volume, err);
    if (status == BULLA_OK && find_node(volume, 1, "file") != 0)
        assert_ok(bl_volume_read(volume, find_node(volume, 1, "file"), 0, text, 15, &size, err),
                  err);
    bl_volume_free(volume);
    return status;
}

static void
test_journal_cut(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    char text[16];
    size_t longest = 0;

    (void)state;
    fixture_init(&f);
    f.options.anchor = NULL;
    make_journal(&f);
    off_t full = size_of(&f, "journal");
    for (off_t size = 0; size <= full;
         size += 16) { /* as a crash leaves it: never less than before */
        copy_volume(f.backup, f.directory);
        cut(&f, "journal", size);
        assert_int_equal(read_journal(&f, text, &err), BULLA_OK);
        assert_true(strncmp("one two three", text, strlen(text)) == 0);
        assert_true(strlen(text) >= longest);
        longest = strlen(text);
    }
    assert_string_equal(text, "one two three");
    fixture_done(&f);
}

static void
test_journal_altered(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    char text[16];
    unsigned refused = 0, shorter = 0;

    (void)state;
    fixture_init(&f);
    f.options.anchor = NULL;
    make_journal(&f);
    off_t full = size_of(&f, "journal");
    for (off_t at = 0; at < full; at += 5) {
        copy_volume(f.backup, f.directory);
        flip(&f, "journal", at);
        enum bulla_status status = read_journal(&f, text, &err);
        if (status == BULLA_E_INTEGRITY) {
            refused++;
        } else { /* the padding, or what was not synced */
            assert_int_equal(status, BULLA_OK);
            assert_true(strcmp(text, "one two three") == 0 || strcmp(text, "one two ") == 0);
            shorter += strcmp(text, "one two ") == 0;
        }
    }
    assert_true(refused > (unsigned)full / 5 / 2);
    assert_true(shorter > 10);
    fixture_done(&f);
}

/* Records of one journal do not go into another one, or in another order. */
static void
test_journal_spliced(void **state)
{
    struct fixture f;
    struct bulla_error err = { 0 };
    char path[128];
    static uint8_t bytes[1 << 16];
    struct bl_volume_entry first, second;
    char text[16];

    (void)state;
    fixture_init(&f);
    f.options.anchor = NULL;
    make_journal(&f);
    snprintf(path, sizeof path, "%s/journal", f.directory);
    int fd = open(path, O_RDWR);
    ssize_t size = pread(fd, bytes, sizeof bytes, 0);
    assert_true(bl_volume_entry_peek(bytes, &first));
    size_t extent = bl_volume_entry_extent(first.payload_size);
    assert_true(bl_volume_entry_peek(bytes + extent, &second));
    size_t left = (size_t)size - extent;
    assert_int_equal(ftruncate(fd, 0), 0); /* without the first */
    assert_int_equal(pwrite(fd, bytes + extent, left, 0), left);
    assert_int_equal(read_journal(&f, text, &err), BULLA_E_INTEGRITY);
    assert_int_equal(ftruncate(fd, 0), 0); /* the first one twice */
    assert_int_equal(pwrite(fd, bytes, extent, 0), extent);
    assert_int_equal(pwrite(fd, bytes, (size_t)size, (off_t)extent), size);
    assert_int_equal(read_journal(&f, text, &err), BULLA_E_INTEGRITY);
    close(fd);
    copy_volume(f.backup, f.directory); /* after a checkpoint the old journal is of no use */
    struct bl_volume *volume = reopen(&f);
    assert_ok(bl_volume_remove(volume, 1, text_bytes("file"), NOW, &err), &err);
    assert_ok(bl_volume_close(volume, &err), &err);
    copy_file(f.backup, f.directory, "journal");
    assert_int_equal(read_journal(&f, text, &err), BULLA_OK);
    assert_string_equal(text, "");
    fixture_done(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_are_bound),
        cmocka_unit_test(test_every_page),
        cmocka_unit_test(test_mixed_states),
        cmocka_unit_test(test_exchanged_pages),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_missing_files),
        cmocka_unit_test(test_key_and_lock),
        cmocka_unit_test(test_journal_cut),
        cmocka_unit_test(test_journal_altered),
        cmocka_unit_test(test_journal_spliced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

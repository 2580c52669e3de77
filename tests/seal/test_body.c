/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "seal/body.h"

#define CHUNK BL_BODY_CHUNK_SIZE
#define SEALED_CHUNK (BL_BODY_CHUNK_SIZE + 16)
#define MIB ((size_t)1 << 20)

static const uint8_t context[BL_BLOB_DIGEST_SIZE] = { 1, 2, 3 };
static const uint8_t salt[BL_BODY_SALT_SIZE] = { 4, 5, 6 };

struct fixture {
    struct bl_secret key;
    struct bulla_buffer plaintext;
    struct bulla_buffer body;
    struct bulla_buffer opened;
};

static void
fixture_done(struct fixture *f)
{
    bl_secret_done(&f->key);
    bulla_buffer_done(&f->plaintext);
    bulla_buffer_done(&f->body);
    bulla_buffer_done(&f->opened);
}

static enum bulla_status
open_bytes(struct fixture *f, struct bulla_bytes body, uint64_t size_max, struct bulla_error *err)
{
    struct bl_bytes_cursor cursor = { body };
    struct bl_source source = bl_source_bytes(&cursor);
    const struct bl_sink sink = bl_sink_buffer(&f->opened);
    uint64_t size = 0;

    if (size_max != 0)
        source.size_max = size_max;
    bulla_buffer_clear(&f->opened);
    BL_TRY(bl_body_open(&f->key, context, &source, &sink, &size, err));
    assert_int_equal(size, f->opened.size);
    return BULLA_OK;
}

static void
make(struct fixture *f, size_t size)
{
    struct bulla_error err = { 0 };
    uint8_t *place = NULL;

    assert_ok(bl_secret_new(&f->key, 32, &err), &err);
    memset(f->key.data, 0x5a, 32);
    if (size > 0)
        assert_ok(bulla_buffer_extend(&f->plaintext, size, &place, &err), &err);
    for (size_t i = 0; i < size; i++)
        place[i] = (uint8_t)(i * 31 + (i >> 8));
    struct bl_bytes_cursor cursor = { bulla_buffer_bytes(&f->plaintext) };
    const struct bl_source source = bl_source_bytes(&cursor);
    const struct bl_sink sink = bl_sink_buffer(&f->body);
    assert_ok(bl_body_seal(&f->key, context, salt, &source, &sink, &err), &err);
}

static const size_t sizes[] = { 0,         1,          CHUNK - 1,     CHUNK,
                                CHUNK + 1, 3 * CHUNK,  3 * CHUNK + 7, MIB - 1,
                                MIB,       MIB + 1,    2 * MIB,       2 * MIB + 5,
                                6 * MIB,   7 * MIB + 5 };

static void
every_size_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct bulla_error err = { 0 };
        struct fixture f = { 0 };
        uint64_t plaintext_size = 1;
        make(&f, sizes[i]);
        assert_int_equal(f.body.size, 56 + sizes[i] + 16 * (sizes[i] / CHUNK + 1));
        assert_true(bl_body_plaintext_size(f.body.size, &plaintext_size));
        assert_int_equal(plaintext_size, sizes[i]);
        assert_ok(open_bytes(&f, bulla_buffer_bytes(&f.body), 0, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&f.opened), bulla_buffer_bytes(&f.plaintext));
        assert_ok(open_bytes(&f, bulla_buffer_bytes(&f.body), UINT64_MAX, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&f.opened), bulla_buffer_bytes(&f.plaintext));
        fixture_done(&f);
    }
}

/* Whatever comes out before the refusal is a true beginning of the plaintext. */
static void
expect_refused(struct fixture *f, struct bulla_bytes body, bool may_be_altered,
               bool may_be_truncated)
{
    struct bulla_error err = { 0 };
    const uint64_t size_hints[] = { 0, UINT64_MAX };

    for (size_t i = 0; i < 2; i++) {
        bulla_error_clear(&err);
        assert_int_equal(open_bytes(f, body, size_hints[i], &err), BULLA_E_INTEGRITY);
        assert_true((may_be_altered && err.cause == BULLA_CAUSE_BODY_ALTERED) ||
                    (may_be_truncated && err.cause == BULLA_CAUSE_BODY_TRUNCATED));
        assert_true(f->opened.size <= f->plaintext.size);
        if (f->opened.size > 0)
            assert_memory_equal(f->opened.data, f->plaintext.data, f->opened.size);
    }
}

static void
every_truncation(void **state)
{
    (void)state;
    struct fixture f = { 0 };

    make(&f, 2 * CHUNK + 40);
    for (size_t size = 0; size < f.body.size; size++) {
        size_t into_chunk = size < 56 ? 0 : (size - 56) % SEALED_CHUNK;
        bool has_no_chunk = into_chunk < 16;
        if (size > 200 && size % SEALED_CHUNK > 120 && size % 97 != 0)
            continue; /* the middle of a chunk is like its neighbours */
        expect_refused(&f, (struct bulla_bytes){ f.body.data, size }, !has_no_chunk, has_no_chunk);
    }
    fixture_done(&f);
}

static void
cut_where_a_batch_ends(void **state)
{
    (void)state;
    struct fixture f = { 0 };

    make(&f, MIB);
    expect_refused(&f, (struct bulla_bytes){ f.body.data, f.body.size - 16 }, false, true);
    fixture_done(&f);
    make(&f, 2 * MIB + 3);
    expect_refused(&f, (struct bulla_bytes){ f.body.data, 56 + 64 * SEALED_CHUNK }, false, true);
    expect_refused(&f, (struct bulla_bytes){ f.body.data, 56 + 128 * SEALED_CHUNK }, false, true);
    fixture_done(&f);
}

static void
a_flipped_bit_anywhere(void **state)
{
    (void)state;
    struct fixture f = { 0 };

    make(&f, CHUNK + 9);
    for (size_t i = 0; i < f.body.size; i += i < 120 || i > f.body.size - 60 ? 1 : 101) {
        f.body.data[i] ^= 0x10;
        expect_refused(&f, bulla_buffer_bytes(&f.body), true, false);
        f.body.data[i] ^= 0x10;
    }
    fixture_done(&f);
}

static void
bytes_appended(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < 6; i++) {
        struct fixture f = { 0 };
        const uint8_t more[SEALED_CHUNK] = { 0 };
        make(&f, sizes[i]);
        size_t whole = f.body.size;
        for (size_t extra = 1; extra <= sizeof more; extra = extra * 3 + 1) {
            f.body.size = whole;
            assert_ok(bulla_buffer_append(&f.body, (struct bulla_bytes){ more, extra }, &err),
                      &err);
            expect_refused(&f, bulla_buffer_bytes(&f.body), true, true);
        }
        fixture_done(&f);
    }
}

static void
chunks_swapped_repeated_or_left_out(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct fixture f = { 0 };
    BL_AUTO(bulla_buffer) other = { 0 };

    make(&f, 3 * CHUNK + 9);
    const struct bulla_bytes head = { f.body.data, 56 };
    const uint8_t *chunks = f.body.data + 56;
    const size_t orders[][3] = { { 1, 0, 2 }, { 0, 2, 1 }, { 0, 0, 2 }, { 0, 1, 1 }, { 2, 1, 0 } };
    for (size_t o = 0; o < 5; o++) {
        bulla_buffer_clear(&other);
        assert_ok(bulla_buffer_append(&other, head, &err), &err);
        for (size_t i = 0; i < 3; i++)
            assert_ok(bulla_buffer_append(&other,
                                          (struct bulla_bytes){
                                              chunks + orders[o][i] * SEALED_CHUNK, SEALED_CHUNK },
                                          &err),
                      &err);
        assert_ok(bulla_buffer_append(
                      &other, (struct bulla_bytes){ chunks + 3 * SEALED_CHUNK, 9 + 16 }, &err),
                  &err);
        expect_refused(&f, bulla_buffer_bytes(&other), true, false);
    }
    bulla_buffer_clear(&other); /* the middle left out */
    assert_ok(
        bulla_buffer_append(&other, (struct bulla_bytes){ f.body.data, 56 + SEALED_CHUNK }, &err),
        &err);
    assert_ok(bulla_buffer_append(&other, (struct bulla_bytes){ chunks + 3 * SEALED_CHUNK, 9 + 16 },
                                  &err),
              &err);
    expect_refused(&f, bulla_buffer_bytes(&other), true, false);
    fixture_done(&f);
}

static void
another_key_or_context(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct fixture f = { 0 };

    make(&f, 100);
    f.key.data[31] ^= 1;
    assert_cause(open_bytes(&f, bulla_buffer_bytes(&f.body), 0, &err), BULLA_CAUSE_BODY_ALTERED,
                 &err);
    f.key.data[31] ^= 1;
    struct bl_bytes_cursor cursor = { bulla_buffer_bytes(&f.body) };
    const struct bl_source source = bl_source_bytes(&cursor);
    const struct bl_sink sink = bl_sink_buffer(&f.opened);
    const uint8_t other[BL_BLOB_DIGEST_SIZE] = { 1, 2, 4 };
    uint64_t size = 0;
    assert_cause(bl_body_open(&f.key, other, &source, &sink, &size, &err), BULLA_CAUSE_BODY_ALTERED,
                 &err);
    assert_int_equal(f.opened.size, 0);
    fixture_done(&f);
}

static void
no_body_has_this_size(void **state)
{
    (void)state;
    uint64_t size = 77;

    assert_false(bl_body_plaintext_size(0, &size));
    assert_false(bl_body_plaintext_size(56, &size));
    assert_false(bl_body_plaintext_size(56 + 15, &size));
    assert_false(bl_body_plaintext_size(56 + SEALED_CHUNK, &size));
    assert_false(bl_body_plaintext_size(56 + SEALED_CHUNK + 15, &size));
    assert_int_equal(size, 77);
    assert_true(bl_body_plaintext_size(56 + SEALED_CHUNK + 16, &size));
    assert_int_equal(size, CHUNK);
}

static void
the_nth_allocation_fails(void **state)
{
    (void)state;
    struct fixture f = { 0 };
    bool reached = true;

    make(&f, 100);
    for (uint64_t nth = 1; reached; nth++) {
        struct bulla_error err = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        enum bulla_status status = open_bytes(&f, bulla_buffer_bytes(&f.body), 0, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status != BULLA_OK, reached);
        assert_int_equal(err.status, status);
    }
    fixture_done(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_comes_back),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(cut_where_a_batch_ends),
        cmocka_unit_test(a_flipped_bit_anywhere),
        cmocka_unit_test(bytes_appended),
        cmocka_unit_test(chunks_swapped_repeated_or_left_out),
        cmocka_unit_test(another_key_or_context),
        cmocka_unit_test(no_body_has_this_size),
        cmocka_unit_test(the_nth_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

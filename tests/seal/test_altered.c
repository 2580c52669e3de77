/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody who has the blob but no key can do to it, and what its owner can.
 */
#include "recipient_fixture.h"

#include "seal/open.h"

static bool
is_one_of(enum bulla_cause cause, const enum bulla_cause *causes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (causes[i] == cause)
            return true;
    }
    return false;
}

/* What a flipped bit at `offset` may be called. */
static bool
is_right_cause(const struct bl_header *header, size_t offset, enum bulla_cause cause)
{
    static const enum bulla_cause sizes[] = {
        BULLA_CAUSE_LIMIT,     BULLA_CAUSE_BLOB_TRUNCATED, BULLA_CAUSE_NOT_CANONICAL,
        BULLA_CAUSE_MALFORMED, BULLA_CAUSE_BLOB_VERSION,
    };
    static const enum bulla_cause parts[] = {
        BULLA_CAUSE_NOT_CANONICAL,   BULLA_CAUSE_MALFORMED,      BULLA_CAUSE_BLOB_VERSION,
        BULLA_CAUSE_SLOT_ALTERED,    BULLA_CAUSE_HEADER_ALTERED, BULLA_CAUSE_LIMIT,
        BULLA_CAUSE_WRONG_RECIPIENT, BULLA_CAUSE_UNSUPPORTED,    BULLA_CAUSE_NO_SLOT_OPENS,
    };
    size_t core_end = BL_BLOB_PREAMBLE_SIZE + header->core_bytes.size;
    size_t slots_end = core_end + header->covered.size;

    if (offset < 8)
        return cause == BULLA_CAUSE_NOT_A_BLOB;
    if (offset < 12 || (offset >= 20 && offset < 24))
        return cause == BULLA_CAUSE_BLOB_VERSION;
    if (offset < 20)
        return is_one_of(cause, sizes, BL_COUNT_OF(sizes));
    if (offset < 32)
        return cause == BULLA_CAUSE_HEADER_ALTERED; /* the epoch */
    if (offset < BL_BLOB_PREAMBLE_SIZE)
        return cause == BULLA_CAUSE_SLOT_ALTERED; /* the blob id */
    if (offset < slots_end)
        return is_one_of(cause, parts, BL_COUNT_OF(parts));
    if (offset < slots_end + BL_BLOB_MAC_SIZE)
        return cause == BULLA_CAUSE_HEADER_ALTERED;
    return cause == BULLA_CAUSE_BODY_ALTERED;
}

static void
every_byte_altered(void **state)
{
    const struct recipient *f = *state;
    static const uint8_t bits[] = { 0x01, 0x80, 0xff };
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    seal_text(f, "attack at dawn", &blob);
    assert_ok(bl_header_decode(bulla_buffer_bytes(&blob), &header, &err), &err);
    for (size_t offset = 0; offset < blob.size; offset++) {
        for (size_t b = 0; b < BL_COUNT_OF(bits); b++) {
            blob.data[offset] ^= bits[b];
            enum bulla_cause cause = cause_of(f, bulla_buffer_bytes(&blob), &no_demands);
            blob.data[offset] ^= bits[b];
            if (!is_right_cause(&header, offset, cause))
                fail_msg("offset %zu, bits %02x: cause %d", offset, bits[b], (int)cause);
        }
    }
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &no_demands), BULLA_CAUSE_NONE);
}

static void
every_truncation_and_any_addition(void **state)
{
    const struct recipient *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    seal_text(f, "attack at dawn", &blob);
    assert_ok(bl_header_decode(bulla_buffer_bytes(&blob), &header, &err), &err);
    for (size_t size = 0; size < blob.size; size++) {
        enum bulla_cause cause = cause_of(f, (struct bulla_bytes){ blob.data, size }, &no_demands);
        if (size < 8)
            assert_int_equal(cause, BULLA_CAUSE_NOT_A_BLOB);
        else if (size < header.bytes.size)
            assert_int_equal(cause, BULLA_CAUSE_BLOB_TRUNCATED);
        else if (size < header.bytes.size + 56 + 16)
            assert_int_equal(cause, BULLA_CAUSE_BODY_TRUNCATED);
        else
            assert_int_equal(cause, BULLA_CAUSE_BODY_ALTERED);
    }
    assert_ok(bulla_buffer_append(&blob, text_bytes("x"), &err), &err);
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &no_demands), BULLA_CAUSE_BODY_ALTERED);
}

/* -- parts of one blob in another -- */

struct parts {
    struct bl_header header; /* its views are the parts */
    struct bulla_bytes body;
};

static void
parts_of(const struct bulla_buffer *blob, struct parts *parts)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_header_decode(bulla_buffer_bytes(blob), &parts->header, &err), &err);
    parts->body = (struct bulla_bytes){ blob->data + parts->header.bytes.size,
                                        blob->size - parts->header.bytes.size };
}

/* The preamble of `header` with other sizes. */
static void
write_preamble(const struct bl_header *header, size_t core_size, size_t slots_size,
               uint8_t out[BL_BLOB_PREAMBLE_SIZE])
{
    struct bl_preamble facts = { .core_size = core_size,
                                 .slots_size = slots_size,
                                 .slots_epoch = header->slots_epoch };

    memcpy(facts.blob_id, header->blob_id, sizeof facts.blob_id);
    bl_preamble_encode(&facts, out);
}

/* The preamble of `a` around parts of both; sizes are put right. */
static enum bulla_cause
spliced(const struct recipient *f, const struct parts *a, struct bulla_bytes core,
        struct bulla_bytes slots, struct bulla_bytes mac, struct bulla_bytes body)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    uint8_t preamble[BL_BLOB_PREAMBLE_SIZE];
    const struct bulla_bytes pieces[] = { BL_BYTES_OF(preamble), core, slots, mac, body };

    write_preamble(&a->header, core.size, slots.size, preamble);
    for (size_t i = 0; i < BL_COUNT_OF(pieces); i++)
        assert_ok(bulla_buffer_append(&blob, pieces[i], &err), &err);
    return cause_of(f, bulla_buffer_bytes(&blob), &no_demands);
}

static void
parts_of_another_blob(void **state)
{
    const struct recipient *f = *state;
    struct parts a = { 0 }, b = { 0 };
    BL_AUTO(bulla_buffer) first = { 0 };
    BL_AUTO(bulla_buffer) second = { 0 };

    seal_text(f, "one", &first);
    seal_text(f, "two", &second);
    parts_of(&first, &a);
    parts_of(&second, &b);
    const struct bl_header *h = &a.header, *o = &b.header;

    assert_int_equal(spliced(f, &a, h->core_bytes, h->covered, h->mac, a.body), BULLA_CAUSE_NONE);
    assert_int_equal(spliced(f, &a, h->core_bytes, h->covered, h->mac, b.body),
                     BULLA_CAUSE_BODY_ALTERED);
    assert_int_equal(spliced(f, &a, h->core_bytes, h->covered, o->mac, a.body),
                     BULLA_CAUSE_HEADER_ALTERED);
    assert_int_equal(spliced(f, &a, h->core_bytes, o->covered, h->mac, a.body),
                     BULLA_CAUSE_SLOT_ALTERED);
    assert_int_equal(spliced(f, &a, h->core_bytes, o->covered, o->mac, b.body),
                     BULLA_CAUSE_SLOT_ALTERED);
    bl_header_done(&a.header);
    bl_header_done(&b.header);
}

/* A core of the same size with another name: the slot's key is right, its wrap is not. */
static void
another_core(void **state)
{
    struct recipient *f = *state;
    struct parts a = { 0 }, b = { 0 };
    BL_AUTO(bulla_buffer) first = { 0 };
    BL_AUTO(bulla_buffer) second = { 0 };

    seal_text(f, "one", &first);
    f->request.name = "tast";
    seal_text(f, "two", &second);
    f->request.name = "test";
    parts_of(&first, &a);
    parts_of(&second, &b);
    assert_int_equal(spliced(f, &a, b.header.core_bytes, a.header.covered, a.header.mac, a.body),
                     BULLA_CAUSE_SLOT_ALTERED);
    bl_header_done(&a.header);
    bl_header_done(&b.header);
}

/* Any change of the slots by somebody without the content key: here one that opens nothing. */
static void
slots_changed_without_the_key(void **state)
{
    const struct recipient *f = *state;
    struct bulla_error err = { 0 };
    struct parts a = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bulla_buffer) slots = { 0 };

    seal_text(f, "one", &blob);
    parts_of(&blob, &a);
    struct bl_slot_table table = a.header.table;
    for (size_t i = 0; i < table.slot_count; i++) {
        if (table.slots[i].label.size > 0)
            table.slots[i].label = text_bytes("mine");
    }
    assert_ok(bl_slot_table_encode(&table, &slots, &err), &err);
    assert_int_equal(
        spliced(f, &a, a.header.core_bytes, bulla_buffer_bytes(&slots), a.header.mac, a.body),
        BULLA_CAUSE_HEADER_ALTERED);

    /* the wraps of the two slots exchanged */
    table = a.header.table;
    struct bl_slot kept = table.slots[0];
    memcpy(table.slots[0].wrap, table.slots[1].wrap, sizeof kept.wrap);
    memcpy(table.slots[1].wrap, kept.wrap, sizeof kept.wrap);
    bulla_buffer_clear(&slots);
    assert_ok(bl_slot_table_encode(&table, &slots, &err), &err);
    assert_int_equal(
        spliced(f, &a, a.header.core_bytes, bulla_buffer_bytes(&slots), a.header.mac, a.body),
        BULLA_CAUSE_SLOT_ALTERED);

    /* their ids exchanged: each set of parameters under the other's name */
    table = a.header.table;
    memcpy(table.slots[0].id, table.slots[1].id, sizeof kept.id);
    memcpy(table.slots[1].id, kept.id, sizeof kept.id);
    bulla_buffer_clear(&slots);
    assert_ok(bl_slot_table_encode(&table, &slots, &err), &err);
    assert_int_equal(
        spliced(f, &a, a.header.core_bytes, bulla_buffer_bytes(&slots), a.header.mac, a.body),
        BULLA_CAUSE_SLOT_ALTERED);
    bl_header_done(&a.header);
}

/* -- slots that an authentic table may hold -- */

/* The same blob with a changed table, its MAC made by somebody who holds the content key. */
static enum bulla_cause
with_table(const struct recipient *f, const struct bulla_buffer *blob,
           void (*change)(struct bl_slot_table *table))
{
    struct bulla_error err = { 0 };
    struct parts a = { 0 };
    struct bl_blob_binding binding;
    BL_AUTO(bl_slot_session) session = { .opener = &f->opener, .now_s = NOW_S };
    BL_AUTO(bl_opened_header) opened = { 0 };
    BL_AUTO(bulla_buffer) slots = { 0 };
    uint8_t mac[BL_BLOB_MAC_SIZE], preamble[BL_BLOB_PREAMBLE_SIZE];

    parts_of(blob, &a);
    assert_ok(bl_blob_bind(a.header.preamble, a.header.core_bytes, &binding, &err), &err);
    assert_ok(bl_header_open(&a.header, &binding, 0, &session, &opened, &err), &err);
    struct bl_slot_table table = a.header.table;
    change(&table);
    assert_ok(bl_slot_table_encode(&table, &slots, &err), &err);
    write_preamble(&a.header, a.header.core_bytes.size, slots.size, preamble);
    assert_ok(bl_blob_header_mac(&binding, &opened.prk, BL_BYTES_OF(preamble), a.header.core_bytes,
                                 bulla_buffer_bytes(&slots), mac, &err),
              &err);
    enum bulla_cause cause =
        spliced(f, &a, a.header.core_bytes, bulla_buffer_bytes(&slots), BL_BYTES_OF(mac), a.body);
    bl_header_done(&a.header);
    return cause;
}

static struct bl_slot *
other_slot(struct bl_slot_table *table)
{
    return table->slots[0].label.size > 0 ? &table->slots[0] : &table->slots[1];
}

static struct bl_slot *
own_slot(struct bl_slot_table *table)
{
    return table->slots[0].label.size > 0 ? &table->slots[1] : &table->slots[0];
}

static void
relabel_other(struct bl_slot_table *table)
{
    other_slot(table)->label = text_bytes("renamed");
}

static void
make_other_unknown(struct bl_slot_table *table)
{
    other_slot(table)->type = 4711;
}

static void
let_own_expire(struct bl_slot_table *table)
{
    own_slot(table)->not_after_s = NOW_S - 1;
    other_slot(table)->type = 4711;
}

static void
let_own_last_until_now(struct bl_slot_table *table)
{
    own_slot(table)->not_after_s = NOW_S;
}

static void
a_table_changed_by_its_owner(void **state)
{
    const struct recipient *f = *state;
    BL_AUTO(bulla_buffer) blob = { 0 };

    seal_text(f, "one", &blob);
    assert_int_equal(with_table(f, &blob, relabel_other), BULLA_CAUSE_NONE);
    assert_int_equal(with_table(f, &blob, make_other_unknown), BULLA_CAUSE_NONE);
    assert_int_equal(with_table(f, &blob, let_own_last_until_now), BULLA_CAUSE_NONE);
    assert_int_equal(with_table(f, &blob, let_own_expire), BULLA_CAUSE_EXPIRED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_altered),
        cmocka_unit_test(every_truncation_and_any_addition),
        cmocka_unit_test(parts_of_another_blob),
        cmocka_unit_test(another_core),
        cmocka_unit_test(slots_changed_without_the_key),
        cmocka_unit_test(a_table_changed_by_its_owner),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers are built here by hand from CBOR text, so that the decoder is held against the document
 * and not against its own encoder.
 */
#include "unit.h"

#include "codec/hex.h"
#include "seal/format.h"

/* { 1: "n", 2: 1700000000 } */
#define CORE "a201616e021a6553f100"
#define SLOT_ID "0011223344556677"
#define OTHER_ID "8011223344556677"
#define ZEROS_16 "00000000000000000000000000000000"
#define WRAP "5830" ZEROS_16 ZEROS_16 ZEROS_16
#define KCV "5820" ZEROS_16 ZEROS_16
/* { 1: 6, 2: {}, 3: wrap, 4: kcv } */
#define SLOT_PAIRS "010602a003" WRAP "04" KCV
#define SLOT "a4" SLOT_PAIRS
#define TABLE "a20148" SLOT_ID "02a148" SLOT_ID SLOT
#define TABLE_OF_TREE(tree) "a201" tree "02a248" SLOT_ID SLOT "48" OTHER_ID SLOT
#define LEAVES "48" SLOT_ID "48" OTHER_ID

static void
build(const char *core_hex, const char *slots_hex, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) core = { 0 };
    BL_AUTO(bulla_buffer) slots = { 0 };
    uint8_t preamble[BL_BLOB_PREAMBLE_SIZE];
    const uint8_t id[BL_BLOB_ID_SIZE] = { 7 }, mac[BL_BLOB_MAC_SIZE] = { 9 };

    assert_ok(bl_hex_decode(text_bytes(core_hex), &core, &err), &err);
    assert_ok(bl_hex_decode(text_bytes(slots_hex), &slots, &err), &err);
    struct bl_preamble facts = { .core_size = core.size,
                                 .slots_size = slots.size,
                                 .slots_epoch = 5 };
    memcpy(facts.blob_id, id, sizeof id);
    bl_preamble_encode(&facts, preamble);
    bulla_buffer_clear(out);
    assert_ok(bulla_buffer_append(out, BL_BYTES_OF(preamble), &err), &err);
    assert_ok(bulla_buffer_append(out, bulla_buffer_bytes(&core), &err), &err);
    assert_ok(bulla_buffer_append(out, bulla_buffer_bytes(&slots), &err), &err);
    assert_ok(bulla_buffer_append(out, BL_BYTES_OF(mac), &err), &err);
}

static void
expect_ok(const char *core_hex, const char *slots_hex, struct bl_header *header,
          struct bulla_buffer *bytes)
{
    struct bulla_error err = { 0 };

    build(core_hex, slots_hex, bytes);
    assert_ok(bl_header_decode(bulla_buffer_bytes(bytes), header, &err), &err);
}

static void
expect_cause(const char *core_hex, const char *slots_hex, enum bulla_cause cause)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    build(core_hex, slots_hex, &bytes);
    assert_cause(bl_header_decode(bulla_buffer_bytes(&bytes), &header, &err), cause, &err);
    assert_null(header.bytes.data);
}

static void
the_smallest_header(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    expect_ok(CORE, TABLE, &header, &bytes);
    assert_int_equal(header.suite, 1);
    assert_int_equal(header.slots_epoch, 5);
    assert_int_equal(header.blob_id[0], 7);
    assert_bytes_equal(header.core.name, text_bytes("n"));
    assert_int_equal(header.core.created_s, 1700000000);
    assert_false(header.core.with_associated_data);
    assert_int_equal(header.table.slot_count, 1);
    assert_int_equal(header.table.slots[0].type, BL_SLOT_PASSPHRASE);
    assert_int_equal(header.table.slots[0].id[1], 0x11);
    assert_int_equal(header.table.slots[0].params.size, 1);
    assert_false(header.table.slots[0].is_recovery);
    assert_int_equal(header.table.tree.node_count, 1);
    assert_bytes_equal(bulla_buffer_bytes(&header.bytes), bulla_buffer_bytes(&bytes));
}

#define DIGEST "5840" ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16

static void
every_key_of_the_core(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    expect_ok("ac" /* 1 name, 2 created, 3 aad, 4 {"a": 1}, 5 size, 6 not-after, 8..12, 0x100 */
              "01616e"
              "0201"
              "03" DIGEST "04a1616101"
              "051903e8"
              "0602"
              "088102"
              "09a0"
              "0a" DIGEST "0b820001"
              "0c01"
              "19010000",
              TABLE, &header, &bytes);
    assert_true(header.core.with_associated_data);
    assert_true(header.core.with_plaintext_size);
    assert_int_equal(header.core.plaintext_size, 1000);
    assert_int_equal(header.core.not_after_s, 2);
    assert_int_equal(header.core.freshness.kind, 2);
    assert_true(header.core.has_policy_authority);
    assert_true(header.core.has_padding);
}

static void
a_core_that_is_none(void **state)
{
    (void)state;
    expect_cause("a1021a6553f100", TABLE, BULLA_CAUSE_MALFORMED); /* no name */
    expect_cause("a101616e", TABLE, BULLA_CAUSE_MALFORMED);       /* no time */
    expect_cause("a201600201", TABLE, BULLA_CAUSE_MALFORMED);     /* empty name */
    expect_cause("a201616e0200", TABLE, BULLA_CAUSE_MALFORMED);   /* time zero */
    expect_cause("a201616e021b8000000000000000", TABLE, BULLA_CAUSE_MALFORMED);
    expect_cause("a20141ff0201", TABLE, BULLA_CAUSE_MALFORMED);         /* bytes for a name */
    expect_cause("a301616e020103420000", TABLE, BULLA_CAUSE_MALFORMED); /* a digest of 2 bytes */
    expect_cause("a301616e020104a10101", TABLE, BULLA_CAUSE_MALFORMED); /* metadata key not text */
    expect_cause("80", TABLE, BULLA_CAUSE_MALFORMED);
    expect_cause("01", TABLE, BULLA_CAUSE_MALFORMED);
}

static void
what_is_not_known_is_refused_unless_optional(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    expect_cause("a301616e02010700", TABLE, BULLA_CAUSE_BLOB_VERSION);
    expect_cause("a301616e02010d00", TABLE, BULLA_CAUSE_BLOB_VERSION);
    expect_cause("a301616e020118ff00", TABLE, BULLA_CAUSE_BLOB_VERSION);
    expect_cause("a301616e020119010100", TABLE, BULLA_CAUSE_BLOB_VERSION);
    expect_cause(CORE, "a30148" SLOT_ID "02a148" SLOT_ID SLOT "0300", BULLA_CAUSE_BLOB_VERSION);
    expect_cause(CORE, "a20148" SLOT_ID "02a148" SLOT_ID "a5" SLOT_PAIRS "0a00",
                 BULLA_CAUSE_BLOB_VERSION);
    expect_cause(CORE, "a20148" SLOT_ID "02a148" SLOT_ID "a5" SLOT_PAIRS "19010100",
                 BULLA_CAUSE_BLOB_VERSION);
    expect_ok(CORE, "a30148" SLOT_ID "02a148" SLOT_ID "a5" SLOT_PAIRS "1901020019010400", &header,
              &bytes);
}

static void
what_is_not_canonical_is_refused(void **state)
{
    (void)state;
    expect_cause("a20118616e0201", TABLE, BULLA_CAUSE_NOT_CANONICAL); /* cut off in a longer head */
    expect_cause("a2017801"
                 "6e0201",
                 TABLE, BULLA_CAUSE_NOT_CANONICAL); /* length not shortest */
    expect_cause("a201616e021800", TABLE, BULLA_CAUSE_NOT_CANONICAL);
    expect_cause("a2020101616e", TABLE, BULLA_CAUSE_NOT_CANONICAL);       /* keys not ascending */
    expect_cause("a301616e01616e0201", TABLE, BULLA_CAUSE_NOT_CANONICAL); /* a key twice */
    expect_cause("bf01616e0201ff", TABLE, BULLA_CAUSE_NOT_CANONICAL);     /* indefinite */
    expect_cause(CORE "00", TABLE, BULLA_CAUSE_NOT_CANONICAL);            /* a byte too many */
    expect_cause("a301616e020104a10ff9", TABLE, BULLA_CAUSE_NOT_CANONICAL);
    expect_cause("", TABLE, BULLA_CAUSE_NOT_CANONICAL);
    expect_cause(CORE, "", BULLA_CAUSE_NOT_CANONICAL);
    expect_cause(CORE, TABLE "00", BULLA_CAUSE_NOT_CANONICAL);
    expect_cause(CORE, "a20148" SLOT_ID "02a248" OTHER_ID SLOT "48" SLOT_ID SLOT,
                 BULLA_CAUSE_NOT_CANONICAL);
}

static void
a_slot_that_is_none(void **state)
{
    (void)state;
    expect_cause(CORE, "a20148" SLOT_ID "02a148" SLOT_ID "a302a003" WRAP "04" KCV,
                 BULLA_CAUSE_MALFORMED); /* no type */
    expect_cause(CORE, "a20148" SLOT_ID "02a148" SLOT_ID "a3010603" WRAP "04" KCV,
                 BULLA_CAUSE_MALFORMED); /* no parameters */
    expect_cause(CORE, "a20148" SLOT_ID "02a148" SLOT_ID "a3010602a004" KCV,
                 BULLA_CAUSE_MALFORMED); /* no wrap */
    expect_cause(CORE, "a20148" SLOT_ID "02a148" SLOT_ID "a3010602a003" WRAP,
                 BULLA_CAUSE_MALFORMED); /* no check value */
    expect_cause(CORE, "a20148" SLOT_ID "02a148" SLOT_ID "a4010002a003" WRAP "04" KCV,
                 BULLA_CAUSE_MALFORMED); /* type 0 */
    expect_cause(CORE, "a20148" SLOT_ID "02a148" SLOT_ID "a4011a0001000002a003" WRAP "04" KCV,
                 BULLA_CAUSE_MALFORMED); /* type above 65535 */
    expect_cause(CORE,
                 "a20148" SLOT_ID "02a148" SLOT_ID "a4010602a00340"
                 "04" KCV,
                 BULLA_CAUSE_MALFORMED); /* an empty wrap */
    expect_cause(CORE, "a20148" SLOT_ID "02a148" SLOT_ID "a5" SLOT_PAIRS "09f4",
                 BULLA_CAUSE_MALFORMED); /* recovery: false has one form, which is absence */
    expect_cause(CORE,
                 "a20148" SLOT_ID "02a147"
                 "00112233445566" SLOT,
                 BULLA_CAUSE_MALFORMED);
    expect_cause(CORE, "a20148" SLOT_ID "02a0", BULLA_CAUSE_MALFORMED);
    expect_cause(CORE, "a102a148" SLOT_ID SLOT, BULLA_CAUSE_MALFORMED); /* no tree */
    expect_cause(CORE, "a10148" SLOT_ID, BULLA_CAUSE_MALFORMED);        /* no slots */
}

static void
every_key_of_a_slot(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    expect_ok(CORE,
              "a20148" SLOT_ID "02a148" SLOT_ID "a9" SLOT_PAIRS "056161"
              "066162"
              "0703"
              "0800"
              "09f5",
              &header, &bytes);
    const struct bl_slot *slot = &header.table.slots[0];
    assert_bytes_equal(slot->label, text_bytes("a"));
    assert_int_equal(slot->not_after_s, 3);
    assert_int_not_equal(slot->signed_policy.size, 0);
    assert_true(slot->is_recovery);
}

static void
trees_in_all_shapes(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_header) any = { 0 };
    BL_AUTO(bl_header) threshold = { 0 };

    expect_ok(CORE, TABLE_OF_TREE("8363616e79" LEAVES), &any, &bytes);
    assert_int_equal(any.table.tree.node_count, 3);
    assert_int_equal(any.table.tree.nodes[0].kind, BL_TREE_ANY);
    assert_int_equal(any.table.tree.nodes[0].node_count, 3);
    assert_int_equal(any.table.tree.nodes[2].slot, 1);
    expect_ok(CORE, TABLE_OF_TREE("84616b02" LEAVES), &threshold, &bytes);
    assert_int_equal(threshold.table.tree.nodes[0].threshold, 2);
}

static void
a_tree_that_is_none(void **state)
{
    (void)state;
    expect_cause(CORE, TABLE_OF_TREE("48" SLOT_ID), BULLA_CAUSE_MALFORMED); /* a slot left over */
    expect_cause(CORE, TABLE_OF_TREE("8363616e7948" SLOT_ID "48" SLOT_ID), BULLA_CAUSE_MALFORMED);
    expect_cause(CORE, "a20148" OTHER_ID "02a148" SLOT_ID SLOT, BULLA_CAUSE_MALFORMED);
    expect_cause(CORE, TABLE_OF_TREE("84616b00" LEAVES), BULLA_CAUSE_MALFORMED);
    expect_cause(CORE, TABLE_OF_TREE("84616b03" LEAVES), BULLA_CAUSE_MALFORMED);
    expect_cause(CORE, TABLE_OF_TREE("8163616e79"), BULLA_CAUSE_MALFORMED);
    expect_cause(CORE, TABLE_OF_TREE("8363786f72" LEAVES), BULLA_CAUSE_MALFORMED);
    expect_cause(CORE, TABLE_OF_TREE("80"), BULLA_CAUSE_MALFORMED);
    expect_cause(CORE, TABLE_OF_TREE("01"), BULLA_CAUSE_MALFORMED);
    /* five inner nodes above a leaf; four are fine */
    expect_cause(CORE,
                 "a20182"
                 "63616c6c"
                 "82"
                 "63616c6c"
                 "82"
                 "63616c6c"
                 "82"
                 "63616c6c"
                 "82"
                 "63616c6c"
                 "48" SLOT_ID "02a148" SLOT_ID SLOT,
                 BULLA_CAUSE_MALFORMED);
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_header) header = { 0 };
    expect_ok(CORE,
              "a20182"
              "63616c6c"
              "82"
              "63616c6c"
              "82"
              "63616c6c"
              "82"
              "63616c6c"
              "48" SLOT_ID "02a148" SLOT_ID SLOT,
              &header, &bytes);
    assert_int_equal(header.table.tree.node_count, 5);
}

static void
expect_preamble_cause(size_t offset, uint8_t value, enum bulla_cause cause)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    build(CORE, TABLE, &bytes);
    bytes.data[offset] = value;
    assert_cause(bl_header_decode(bulla_buffer_bytes(&bytes), &header, &err), cause, &err);
}

static void
a_preamble_that_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++)
        expect_preamble_cause(i, 0, BULLA_CAUSE_NOT_A_BLOB);
    expect_preamble_cause(9, 2, BULLA_CAUSE_BLOB_VERSION);  /* format 2 */
    expect_preamble_cause(8, 1, BULLA_CAUSE_BLOB_VERSION);  /* format 257 */
    expect_preamble_cause(11, 2, BULLA_CAUSE_BLOB_VERSION); /* suite 2 */
    expect_preamble_cause(10, 1, BULLA_CAUSE_BLOB_VERSION); /* suite 0x0101: a volume */
    for (size_t i = 20; i < 24; i++)
        expect_preamble_cause(i, 1, BULLA_CAUSE_BLOB_VERSION); /* flags */
    expect_preamble_cause(13, 2, BULLA_CAUSE_LIMIT);           /* core of more than 65536 */
    expect_preamble_cause(17, 0x20, BULLA_CAUSE_LIMIT);        /* slots of more than a MiB */
    expect_preamble_cause(14, 1, BULLA_CAUSE_BLOB_TRUNCATED);  /* more core than there is */
    expect_preamble_cause(18, 1, BULLA_CAUSE_BLOB_TRUNCATED);
}

static void
every_truncation(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    build(CORE, TABLE, &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        struct bl_header header = { 0 };
        assert_cause(bl_header_decode((struct bulla_bytes){ bytes.data, size }, &header, &err),
                     size < 8 ? BULLA_CAUSE_NOT_A_BLOB : BULLA_CAUSE_BLOB_TRUNCATED, &err);
    }
}

/* What was decoded encodes to the same bytes again. */
static void
encoding_is_the_inverse(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) core = { 0 };
    BL_AUTO(bulla_buffer) slots = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    expect_ok("a501616e020103" DIGEST "051903e80602", TABLE_OF_TREE("84616b02" LEAVES), &header,
              &bytes);
    assert_ok(bl_core_encode(&header.core, &core, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&core), header.core_bytes);
    assert_ok(bl_slot_table_encode(&header.table, &slots, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&slots), header.covered);
}

static void
a_text_that_is_not_utf8_is_not_written(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) out = { 0 };
    const struct bl_core core = { .name = text_bytes("\xff"), .created_s = 1 };

    assert_fails(bl_core_encode(&core, &out, &err), BULLA_E_ARGUMENT, &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_header),
        cmocka_unit_test(every_key_of_the_core),
        cmocka_unit_test(a_core_that_is_none),
        cmocka_unit_test(what_is_not_known_is_refused_unless_optional),
        cmocka_unit_test(what_is_not_canonical_is_refused),
        cmocka_unit_test(a_slot_that_is_none),
        cmocka_unit_test(every_key_of_a_slot),
        cmocka_unit_test(trees_in_all_shapes),
        cmocka_unit_test(a_tree_that_is_none),
        cmocka_unit_test(a_preamble_that_is_none),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(encoding_is_the_inverse),
        cmocka_unit_test(a_text_that_is_not_utf8_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/memory.h"
#include "measure/event_log.h"

static const uint8_t digest_a[32] = { 0xaa };
static const uint8_t digest_b[32] = { 0xbb };

static const uint8_t zeros[4] = { 0 };
static const uint8_t ones[4] = { 0xff, 0xff, 0xff, 0xff };
static const uint8_t failed[4] = { 1 };

/* An event whose digest is that of `measured`, whatever its type and data say. */
static void
measure(struct bl_writer *w, uint32_t pcr, uint32_t type, struct bulla_bytes measured)
{
    uint8_t digest[32];
    struct bulla_error err = { 0 };

    assert_ok(bl_hash_once(BL_SHA256, measured, digest, &err), &err);
    bl_event_log_write(w, pcr, type, digest, measured);
}

/* Spec ID header, StartupLocality 3, two events in PCR 0, a separator in PCR 7. */
static void
build_log(struct bulla_buffer *log)
{
    static const uint8_t locality[] = "StartupLocality\0\3";
    struct bl_writer w = bl_writer(log);
    struct bulla_error err = { 0 };

    bl_event_log_write_header(&w);
    bl_event_log_write(&w, 0, BL_EV_NO_ACTION, digest_a,
                       (struct bulla_bytes){ locality, sizeof locality - 1 });
    bl_event_log_write(&w, 0, 8, digest_a, BL_LITERAL("version"));
    bl_event_log_write(&w, 0, 1, digest_b, BL_LITERAL(""));
    measure(&w, 7, BL_EV_SEPARATOR, BL_BYTES_OF(zeros));
    assert_ok(bl_writer_finish(&w, &err), &err);
}

static void
test_replay_extends_what_is_extended(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bulla_error err = { 0 };
    struct bl_replay replay;
    struct bl_pcr_bank expected;

    build_log(&log);
    assert_ok(bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA256, &replay, &err), &err);
    assert_ok(bl_pcr_bank_start(BL_SHA256, 3, &expected, &err), &err);
    assert_ok(bl_pcr_extend(&expected, 0, BL_BYTES_OF(digest_a), &err), &err);
    assert_ok(bl_pcr_extend(&expected, 0, BL_BYTES_OF(digest_b), &err), &err);
    uint8_t separator[32];
    assert_ok(bl_hash_once(BL_SHA256, BL_BYTES_OF(zeros), separator, &err), &err);
    assert_ok(bl_pcr_extend(&expected, 7, BL_BYTES_OF(separator), &err), &err);
    for (unsigned i = 0; i < BL_PCR_COUNT; i++)
        assert_bytes_equal(bl_pcr_value(&replay.bank, i), bl_pcr_value(&expected, i));
    assert_int_equal(replay.touched, 0x81);
    assert_int_equal(replay.separators, 0x80);
    assert_int_equal(replay.duplicate_separators, 0);
    assert_int_equal(replay.event_count, 4);
    assert_int_equal(replay.size, log.size);
    assert_int_equal(replay.disguised_separators, 0);
    assert_ok(bl_replay_check_separators(&replay, BL_PCR_MASK_ALL, &err), &err);
}

static void
test_every_truncation_is_malformed_or_ends_at_an_event(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bulla_error err = { 0 };
    size_t whole = 0;

    build_log(&log);
    for (size_t size = 0; size < log.size; size++) {
        struct bl_replay replay;
        struct bulla_bytes cut = { log.data, size };
        memset(&replay, 0x5a, sizeof replay);
        bulla_error_clear(&err);
        if (bl_event_log_replay(cut, BL_SHA256, &replay, &err) == BULLA_OK) {
            whole++;
            continue;
        }
        assert_int_equal(err.status, BULLA_E_MALFORMED);
        assert_int_equal(replay.touched, 0x5a5a5a5a); /* untouched */
    }
    /* After the header and after each event but the last; and where an event's own first bytes,
     * a PCR 0, are zeros like padding. */
    assert_in_range(whole, 4, 4 + 3 * 4);
}

static void
test_padding_ends_the_log_and_nothing_else_does(void **state)
{
    (void)state;
    const uint8_t fill[] = { 0x00, 0xff };
    struct bulla_error err = { 0 };
    struct bl_replay replay;

    for (size_t i = 0; i < sizeof fill; i++) {
        BL_AUTO(bulla_buffer) log = { 0 };
        uint8_t *tail = NULL;
        build_log(&log);
        size_t size = log.size;
        assert_ok(bulla_buffer_extend(&log, 300, &tail, &err), &err);
        memset(tail, fill[i], 300);
        assert_ok(bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA256, &replay, &err), &err);
        assert_int_equal(replay.event_count, 4);
        assert_int_equal(replay.size, size); /* padding is no part of the log */
        tail[299] = 0x01;
        assert_fails(bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA256, &replay, &err),
                     BULLA_E_MALFORMED, &err);
    }
    static const uint8_t empty[64] = { 0 };
    assert_fails(bl_event_log_replay(BL_BYTES_OF(empty), BL_SHA1, &replay, &err), BULLA_E_MALFORMED,
                 &err);
}

static void
expect_refused(const struct bulla_buffer *log, enum bl_hash bank, enum bulla_status expected)
{
    struct bulla_error err = { 0 };
    struct bl_replay replay;

    assert_fails(bl_event_log_replay(bulla_buffer_bytes(log), bank, &replay, &err), expected, &err);
}

static void
test_pcr_indexes_are_bounded(void **state)
{
    (void)state;
    const uint32_t indexes[] = { 24, 25, 0x7fffffff, 0xfffffffe, BL_EVENT_NO_PCR };

    for (size_t i = 0; i < sizeof indexes / sizeof indexes[0]; i++) {
        BL_AUTO(bulla_buffer) log = { 0 };
        struct bl_writer w = bl_writer(&log);
        bl_event_log_write_header(&w);
        bl_event_log_write(&w, indexes[i], 1, digest_a, BL_LITERAL(""));
        expect_refused(&log, BL_SHA256, BULLA_E_MALFORMED);
    }
}

/* Windows ends its logs with an event of no PCR; only EV_NO_ACTION may be one. */
static void
test_an_event_of_no_pcr(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_writer w = bl_writer(&log);
    struct bl_replay replay;
    struct bulla_error err = { 0 };

    bl_event_log_write_header(&w);
    bl_event_log_write(&w, BL_EVENT_NO_PCR, BL_EV_NO_ACTION, digest_a, BL_LITERAL("AIK"));
    assert_ok(bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA256, &replay, &err), &err);
    assert_int_equal(replay.touched, 0);
    assert_int_equal(replay.event_count, 1);
}

/* TPM 1.2 knows no startup locality: its PCR 0 starts at zero whatever a log says. */
static void
test_startup_locality_in_a_legacy_log(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_writer w = bl_writer(&log);
    struct bl_replay replay;
    struct bulla_error err = { 0 };

    bl_write_u32le(&w, 0);
    bl_write_u32le(&w, BL_EV_NO_ACTION);
    bl_write_bytes(&w, (struct bulla_bytes){ digest_a, 20 });
    bl_write_u32le(&w, 17);
    bl_write_bytes(&w, (struct bulla_bytes){ (const uint8_t *)"StartupLocality\0\3", 17 });
    assert_ok(bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA1, &replay, &err), &err);
    assert_int_equal(bl_pcr_value(&replay.bank, 0).data[19], 0);
}

static void
test_startup_locality_only_first_and_once(void **state)
{
    (void)state;
    static const uint8_t locality[] = "StartupLocality\0\3";
    const struct bulla_bytes data = { locality, sizeof locality - 1 };

    for (int variant = 0; variant < 4; variant++) {
        BL_AUTO(bulla_buffer) log = { 0 };
        struct bl_writer w = bl_writer(&log);
        bl_event_log_write_header(&w);
        if (variant == 0) /* after an extension of PCR 0 */
            bl_event_log_write(&w, 0, 1, digest_a, BL_LITERAL(""));
        if (variant == 1) /* twice */
            bl_event_log_write(&w, 0, BL_EV_NO_ACTION, digest_a, data);
        bl_event_log_write(&w, variant == 2 ? 1 : 0, BL_EV_NO_ACTION, digest_a,
                           (struct bulla_bytes){ data.data, data.size - (variant == 3) });
        expect_refused(&log, BL_SHA256, BULLA_E_MALFORMED);
    }
}

static void
test_second_separator_is_seen(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (unsigned count = 2; count <= 3; count++) {
        BL_AUTO(bulla_buffer) log = { 0 };
        struct bl_writer w = bl_writer(&log);
        struct bl_replay replay;
        bl_event_log_write_header(&w);
        for (unsigned i = 0; i < count; i++)
            measure(&w, 4, BL_EV_SEPARATOR, BL_BYTES_OF(zeros));
        assert_ok(bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA256, &replay, &err), &err);
        assert_int_equal(replay.separators, 0);
        assert_int_equal(replay.duplicate_separators, 0x10);
        assert_ok(bl_replay_check_separators(&replay, BL_PCR_MASK_ALL & ~0x10u, &err), &err);
        assert_cause(bl_replay_check_separators(&replay, 0x10, &err),
                     BULLA_CAUSE_SEPARATOR_REPEATED, &err);
        bulla_error_clear(&err);
    }
}

static enum bulla_status
replay_one(uint32_t pcr, uint32_t type, struct bulla_bytes measured, struct bl_replay *replay,
           struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_writer w = bl_writer(&log);

    bulla_error_clear(err);
    bl_event_log_write_header(&w);
    measure(&w, pcr, type, measured);
    return bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA256, replay, err);
}

/* Types are in no digest: what is relabelled as a separator still extends what it did. */
static void
test_relabelled_as_a_separator(void **state)
{
    (void)state;
    const struct bulla_bytes good[] = { BL_BYTES_OF(zeros), BL_BYTES_OF(ones),
                                        BL_BYTES_OF(failed) };
    struct bulla_error err = { 0 };
    struct bl_replay replay;

    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        for (size_t i = 0; i < BL_COUNT_OF(good); i++) {
            assert_ok(replay_one(pcr, BL_EV_SEPARATOR, good[i], &replay, &err), &err);
            assert_int_equal(replay.separators, 1u << pcr);
        }
        assert_cause(replay_one(pcr, BL_EV_SEPARATOR, BL_LITERAL("a loader"), &replay, &err),
                     BULLA_CAUSE_LOG_MISMATCH, &err);
    }
    /* Beyond the firmware's, systems draw their lines as they like. */
    assert_ok(replay_one(12, BL_EV_SEPARATOR, BL_LITERAL("WBCL"), &replay, &err), &err);
}

/* Nor does a separator become something else. */
static void
test_separator_under_another_name(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_replay replay;

    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        assert_ok(replay_one(pcr, 1, BL_BYTES_OF(zeros), &replay, &err), &err);
        assert_int_equal(replay.disguised_separators, 1u << pcr);
        assert_cause(bl_replay_check_separators(&replay, BL_PCR_MASK_BOOT, &err),
                     BULLA_CAUSE_LOG_MISMATCH, &err);
        assert_ok(replay_one(pcr, 1, BL_BYTES_OF(ones), &replay, &err), &err);
        assert_int_equal(replay.disguised_separators, 1u << pcr);
        /* The digest of "failed" is also that of a boot order with one entry. */
        assert_ok(replay_one(pcr, 1, BL_BYTES_OF(failed), &replay, &err), &err);
        assert_int_equal(replay.disguised_separators, 0);
    }
    assert_ok(replay_one(9, 1, BL_BYTES_OF(zeros), &replay, &err), &err);
    assert_int_equal(replay.disguised_separators, 0);
}

/* Real firmware measures four zeros besides its separator: that one is labelled, and all is well. */
static void
test_zeros_beside_a_separator(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_writer w = bl_writer(&log);
    struct bl_replay replay;
    struct bulla_error err = { 0 };

    bl_event_log_write_header(&w);
    measure(&w, 0, 7, BL_BYTES_OF(zeros));
    measure(&w, 0, BL_EV_SEPARATOR, BL_BYTES_OF(zeros));
    assert_ok(bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA256, &replay, &err), &err);
    assert_int_equal(replay.separators, 1);
    assert_ok(bl_replay_check_separators(&replay, BL_PCR_MASK_BOOT, &err), &err);
}

/* 3: started there. 4: an H-CRTM sequence came first, and its event is the first in PCR 0. */
static void
test_startup_localities(void **state)
{
    (void)state;
    uint8_t data[] = "StartupLocality\0";

    for (unsigned locality = 0; locality < 256; locality++) {
        BL_AUTO(bulla_buffer) log = { 0 };
        struct bl_writer w = bl_writer(&log);
        struct bl_replay replay;
        struct bl_pcr_bank expected;
        struct bulla_error err = { 0 };
        data[16] = (uint8_t)locality;
        bl_event_log_write_header(&w);
        bl_event_log_write(&w, 0, BL_EV_NO_ACTION, digest_a, (struct bulla_bytes){ data, 17 });
        bl_event_log_write(&w, 0, 0x80000010u, digest_b, BL_LITERAL("HCRTM"));
        enum bulla_status status =
            bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA256, &replay, &err);
        if (locality != 0 && locality != 3 && locality != 4) {
            assert_int_equal(status, BULLA_E_MALFORMED);
            continue;
        }
        assert_ok(status, &err);
        assert_ok(bl_pcr_bank_start(BL_SHA256, (uint8_t)locality, &expected, &err), &err);
        assert_ok(bl_pcr_extend(&expected, 0, BL_BYTES_OF(digest_b), &err), &err);
        assert_bytes_equal(bl_pcr_value(&replay.bank, 0), bl_pcr_value(&expected, 0));
    }
}

/* GHSA-9r4w-jg96-92mv: hashes smuggled in through the header of a signature list. The data of an
 * event is in no digest and steers nothing: whatever it is, the values stay what they were. */
static void
test_ghsa_9r4w_the_data_of_an_event_says_nothing(void **state)
{
    (void)state;
    struct bl_replay honest, forged;
    struct bulla_error err = { 0 };
    /* EFI_SIGNATURE_LIST: type, list size, header size 48 that hides a hash, signature size */
    uint8_t list[28 + 48 + 48] = { 0x26, 0x16, 0xc4, 0xc1 };

    list[16] = sizeof list;
    list[20] = 48;
    list[24] = 48;
    for (int variant = 0; variant < 2; variant++) {
        BL_AUTO(bulla_buffer) log = { 0 };
        struct bl_writer w = bl_writer(&log);
        bl_event_log_write_header(&w);
        bl_event_log_write(&w, 7, 0x80000001u, digest_a,
                           variant == 0 ? BL_LITERAL("db") : BL_BYTES_OF(list));
        assert_ok(bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA256,
                                      variant == 0 ? &honest : &forged, &err),
                  &err);
    }
    forged.size = honest.size;
    assert_memory_equal(&honest, &forged, sizeof honest);
}

/* The header of a TDX guest's log is of index 1; of no other. */
static void
test_index_of_the_header(void **state)
{
    (void)state;

    for (uint8_t index = 0; index < 3; index++) {
        BL_AUTO(bulla_buffer) log = { 0 };
        struct bl_replay replay;
        struct bulla_error err = { 0 };
        build_log(&log);
        log.data[0] = index;
        enum bulla_status status =
            bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA256, &replay, &err);
        assert_int_equal(status == BULLA_OK, index < 2);
    }
}

static void
test_header_is_strict(void **state)
{
    (void)state;
    /* offset in the Spec ID event (its data starts at 32), value: what must not pass */
    static const struct {
        size_t offset;
        uint8_t value;
    } faults[] = {
        { 32 + 24, 0 },    /* no algorithm */
        { 32 + 24, 9 },    /* more than a TPM has */
        { 32 + 24, 2 },    /* more than are listed */
        { 32 + 27, 0x80 }, /* a huge count */
        { 32 + 30, 20 },   /* SHA-256 of 20 bytes */
        { 32 + 30, 0 },    /* of no bytes */
        { 32 + 32, 1 },    /* vendor info that is not there */
        { 28, 32 },        /* event one byte short */
        { 28, 0xff },      /* event larger than the log */
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        BL_AUTO(bulla_buffer) log = { 0 };
        struct bl_writer w = bl_writer(&log);
        bl_event_log_write_header(&w);
        log.data[faults[i].offset] = faults[i].value;
        expect_refused(&log, BL_SHA256, BULLA_E_MALFORMED);
    }
}

static void
test_digests_of_an_event_are_strict(void **state)
{
    (void)state;
    /* offset from the start of the event, value */
    static const struct {
        size_t offset;
        uint8_t value;
    } faults[] = {
        { 8, 0 },     /* no digest */
        { 8, 2 },     /* more than algorithms */
        { 11, 0x80 }, /* very many */
        { 12, 0x04 }, /* SHA-1, which the header does not list */
        { 46, 0xff }, /* data beyond the end */
        { 49, 0xff }, /* far beyond */
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        BL_AUTO(bulla_buffer) log = { 0 };
        struct bl_writer w = bl_writer(&log);
        bl_event_log_write_header(&w);
        size_t start = log.size;
        bl_event_log_write(&w, 1, 1, digest_a, BL_LITERAL("data"));
        log.data[start + faults[i].offset] = faults[i].value;
        expect_refused(&log, BL_SHA256, BULLA_E_MALFORMED);
    }
}

/* A legacy log: no Spec ID; SHA-1 only. */
static void
test_legacy_log(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_writer w = bl_writer(&log);
    struct bulla_error err = { 0 };
    struct bl_replay replay;
    struct bl_pcr_bank expected;
    static const uint8_t sha1[20] = { 0x11 };

    for (uint32_t pcr = 0; pcr < 2; pcr++) {
        bl_write_u32le(&w, pcr);
        bl_write_u32le(&w, 1);
        bl_write_bytes(&w, BL_BYTES_OF(sha1));
        bl_write_u32le(&w, 3);
        bl_write_bytes(&w, BL_LITERAL("abc"));
    }
    assert_ok(bl_writer_finish(&w, &err), &err);
    assert_ok(bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA1, &replay, &err), &err);
    assert_ok(bl_pcr_bank_start(BL_SHA1, 0, &expected, &err), &err);
    assert_ok(bl_pcr_extend(&expected, 1, BL_BYTES_OF(sha1), &err), &err);
    assert_bytes_equal(bl_pcr_value(&replay.bank, 1), bl_pcr_value(&expected, 1));
    assert_int_equal(replay.touched, 0x3);
    assert_int_equal(replay.event_count, 2);
    expect_refused(&log, BL_SHA256, BULLA_E_UNSUPPORTED);
    expect_refused(&log, BL_HASH_NONE, BULLA_E_UNSUPPORTED);
}

static void
test_size_is_bounded(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };
    uint8_t *start = NULL;

    assert_ok(bulla_buffer_extend(&log, BL_EVENT_LOG_SIZE_MAX + 1, &start, &err), &err);
    expect_refused(&log, BL_SHA256, BULLA_E_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay_extends_what_is_extended),
        cmocka_unit_test(test_every_truncation_is_malformed_or_ends_at_an_event),
        cmocka_unit_test(test_padding_ends_the_log_and_nothing_else_does),
        cmocka_unit_test(test_pcr_indexes_are_bounded),
        cmocka_unit_test(test_an_event_of_no_pcr),
        cmocka_unit_test(test_startup_locality_in_a_legacy_log),
        cmocka_unit_test(test_startup_locality_only_first_and_once),
        cmocka_unit_test(test_second_separator_is_seen),
        cmocka_unit_test(test_relabelled_as_a_separator),
        cmocka_unit_test(test_separator_under_another_name),
        cmocka_unit_test(test_zeros_beside_a_separator),
        cmocka_unit_test(test_startup_localities),
        cmocka_unit_test(test_ghsa_9r4w_the_data_of_an_event_says_nothing),
        cmocka_unit_test(test_index_of_the_header),
        cmocka_unit_test(test_header_is_strict),
        cmocka_unit_test(test_digests_of_an_event_are_strict),
        cmocka_unit_test(test_legacy_log),
        cmocka_unit_test(test_size_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

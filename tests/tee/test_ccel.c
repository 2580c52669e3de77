/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>

#include "base/fault.h"
#include "codec/writer.h"
#include "measure/event_log.h"
#include "tee/ccel/log.h"

#define EV_ACTION 0x80000007u
#define EV_BLOB2 0x8000000au
#define UNNAMED                                 \
    ")Fv(XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX)" \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define NAMED                                   \
    ")Fv(48DB5E17-707C-472D-91CD-1613E7EF51B0)" \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

/* A log, and the registers that it comes to. */
struct fixture {
    struct bulla_buffer log, quote;
    struct bl_pcr_bank bank;
};

static void
write_header(struct bl_writer *w, uint16_t algorithm, uint16_t size)
{
    bl_write_u32le(w, 1); /* as firmware of TDX guests has it */
    bl_write_u32le(w, BL_EV_NO_ACTION);
    bl_write_bytes(w, (struct bulla_bytes){ (const uint8_t[20]){ 0 }, 20 });
    bl_write_u32le(w, 33);
    bl_write_bytes(w, BL_LITERAL("Spec ID Event03\0\0\0\0\0\0\2\0\2\1\0\0\0"));
    bl_write_u16le(w, algorithm);
    bl_write_u16le(w, size);
    bl_write_u8(w, 0);
}

/* An event that measures `measured` and says `data`. */
static void
add_event(struct fixture *f, uint32_t index, uint32_t type, struct bulla_bytes measured,
          struct bulla_bytes data)
{
    struct bl_writer w = bl_writer(&f->log);
    struct bulla_error err = { 0 };
    uint8_t digest[48];

    assert_ok(bl_hash_once(BL_SHA384, measured, digest, &err), &err);
    bl_write_u32le(&w, index);
    bl_write_u32le(&w, type);
    bl_write_u32le(&w, 1);
    bl_write_u16le(&w, 0x000c);
    bl_write_bytes(&w, BL_BYTES_OF(digest));
    bl_write_u32le(&w, (uint32_t)data.size);
    bl_write_bytes(&w, data);
    assert_ok(bl_writer_finish(&w, &err), &err);
    if (index < BL_PCR_COUNT && type != BL_EV_NO_ACTION)
        assert_ok(bl_pcr_extend(&f->bank, index, BL_BYTES_OF(digest), &err), &err);
}

static void
add_separator(struct fixture *f, uint32_t index)
{
    add_event(f, index, BL_EV_SEPARATOR, BL_LITERAL("\0\0\0\0"), BL_LITERAL("\0\0\0\0"));
}

static void
begin(struct fixture *f, struct bulla_bytes volume)
{
    struct bl_writer w;
    struct bulla_error err = { 0 };

    bulla_buffer_clear(&f->log);
    w = bl_writer(&f->log);
    write_header(&w, 0x000c, 48);
    assert_ok(bl_pcr_bank_start(BL_SHA384, 0, &f->bank, &err), &err);
    add_event(f, 1, EV_BLOB2, BL_LITERAL("variables"), volume);
    add_event(f, 2, EV_ACTION, BL_LITERAL("Calling EFI Application from Boot Option"),
              BL_LITERAL("Calling EFI Application from Boot Option"));
    add_event(f, 3, 0xd, BL_LITERAL("linux"), BL_LITERAL("linux"));
}

static void
honest(struct fixture *f)
{
    begin(f, BL_LITERAL(NAMED));
    add_separator(f, 1);
    add_separator(f, 2);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    honest(f);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    bulla_buffer_done(&f->log);
    bulla_buffer_done(&f->quote);
    free(f);
    return 0;
}

static enum bulla_status
inspect(const struct fixture *f, size_t quotes, struct bl_claims *claims, struct bulla_error *err)
{
    const struct bl_part parts[] = { { "quote", bulla_buffer_bytes(&f->quote) },
                                     { "quote", bulla_buffer_bytes(&f->quote) } };
    const struct bl_verification v = { .evidence = bulla_buffer_bytes(&f->log),
                                       .parts = parts,
                                       .part_count = quotes };

    bulla_error_clear(err);
    return bl_ccel_inspect(&v, claims, err);
}

static void
refused(const struct fixture *f, size_t quotes, enum bulla_cause cause)
{
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };

    assert_cause(inspect(f, quotes, &claims, &err), cause, &err);
    assert_null(claims.kind);
}

static void
accepted(const struct fixture *f, size_t quotes, struct bl_claims *claims)
{
    struct bulla_error err = { 0 };

    assert_ok(inspect(f, quotes, claims, &err), &err);
    assert_string_equal(claims->kind, "ccel");
    assert_int_equal(claims->platform_class, BL_CLASS_ABSENT);
}

static void
test_a_log_alone(void **state)
{
    struct fixture *f = *state;
    struct bl_claims claims;
    size_t whole = 0;

    accepted(f, 0, &claims);
    for (size_t size = 0, all = f->log.size; size < all; size++) {
        f->log.size = size;
        struct bl_claims none = { 0 };
        whole += inspect(f, 0, &none, &(struct bulla_error){ 0 }) == BULLA_OK;
        assert_int_equal(none.kind != NULL, whole > 0 && none.kind != NULL);
        f->log.size = all;
    }
    assert_in_range(whole, 5, 5 + 5 * 3); /* at the end of an event, or before a zero of the next */
    struct bulla_error err = { 0 };
    assert_ok(bulla_buffer_append(&f->log, BL_LITERAL("\1"), &err), &err);
    refused(f, 0, BULLA_CAUSE_MALFORMED);
    bulla_buffer_clear(&f->log);
    refused(f, 0, BULLA_CAUSE_MALFORMED);
}

static void
test_sha384_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint16_t algorithm, size;
    } others[] = { { 0x0004, 20 }, { 0x000b, 32 }, { 0x000d, 64 }, { 0x0012, 32 } };
    static const uint8_t legacy[32] = { 1 };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < BL_COUNT_OF(others); i++) {
        bulla_buffer_clear(&f->log);
        struct bl_writer w = bl_writer(&f->log);
        write_header(&w, others[i].algorithm, others[i].size);
        refused(f, 0, BULLA_CAUSE_MALFORMED);
    }
    bulla_buffer_clear(&f->log);
    assert_ok(bulla_buffer_append(&f->log, BL_BYTES_OF(legacy), &err), &err);
    refused(f, 0, BULLA_CAUSE_MALFORMED);
}

static void
test_registers_there_are(void **state)
{
    struct fixture *f = *state;
    struct bl_claims claims;

    for (uint32_t index = 0; index < BL_PCR_COUNT; index++) {
        honest(f);
        add_event(f, index, 0xd, BL_LITERAL("x"), BL_LITERAL("x"));
        if (index <= 4)
            accepted(f, 0, &claims);
        else
            refused(f, 0, BULLA_CAUSE_MALFORMED);
    }
}

static void
test_separators(void **state)
{
    struct fixture *f = *state;
    struct bl_claims claims;

    for (uint32_t index = 1; index <= 2; index++) {
        honest(f);
        add_separator(f, index);
        refused(f, 0, BULLA_CAUSE_SEPARATOR_REPEATED);
    }
    begin(f, BL_LITERAL(NAMED));
    add_separator(f, 1);
    add_separator(f, 1); /* that of RTMR 1, under another index */
    refused(f, 0, BULLA_CAUSE_SEPARATOR_REPEATED);
    begin(f, BL_LITERAL(NAMED));
    add_event(f, 1, BL_EV_SEPARATOR, BL_LITERAL("a driver"), BL_LITERAL("\0\0\0\0"));
    refused(f, 0, BULLA_CAUSE_LOG_MISMATCH);
    begin(f, BL_LITERAL(NAMED));
    add_event(f, 2, EV_ACTION, BL_LITERAL("\0\0\0\0"), BL_LITERAL("an action"));
    refused(f, 0, BULLA_CAUSE_LOG_MISMATCH);
    begin(f, BL_LITERAL(NAMED));
    accepted(f, 0, &claims); /* none at all */
}

/* The firmware that writes both of its separators into RTMR 0: just these two. */
static void
test_separators_of_the_upstream_firmware(void **state)
{
    struct fixture *f = *state;
    struct bl_claims claims;

    begin(f, BL_LITERAL(UNNAMED));
    add_separator(f, 1);
    add_separator(f, 1);
    accepted(f, 0, &claims);
    add_separator(f, 1);
    refused(f, 0, BULLA_CAUSE_SEPARATOR_REPEATED); /* a third */
    begin(f, BL_LITERAL(UNNAMED));
    add_separator(f, 1);
    add_separator(f, 1);
    add_separator(f, 2);
    refused(f, 0, BULLA_CAUSE_SEPARATOR_REPEATED); /* and one where the others put it */
    begin(f, BL_LITERAL(UNNAMED));
    add_separator(f, 2);
    add_separator(f, 2);
    refused(f, 0, BULLA_CAUSE_SEPARATOR_REPEATED);
}

/* -- beside a quote ------------------------------------------------------------------------------ */

/* A TDX quote, version 4, of these registers: all but them is filler. */
static void
quote_registers(struct fixture *f, const struct bl_pcr_bank *bank, uint32_t tee_type)
{
    struct bl_writer w;
    struct bulla_error err = { 0 };
    static const uint8_t filler[584] = { 0x5a },
                         vendor[] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                      0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };

    bulla_buffer_clear(&f->quote);
    w = bl_writer(&f->quote);
    bl_write_u16le(&w, 4);
    bl_write_u16le(&w, 2);
    bl_write_u32le(&w, tee_type);
    bl_write_u32le(&w, 0);
    bl_write_bytes(&w, BL_BYTES_OF(vendor));
    bl_write_bytes(&w, (struct bulla_bytes){ filler, 20 });
    if (tee_type == 0x81) {
        bl_write_bytes(&w, (struct bulla_bytes){ filler, 328 });
        for (unsigned i = 1; i <= 4; i++)
            bl_write_bytes(&w, bl_pcr_value(bank, i));
        bl_write_bytes(&w, (struct bulla_bytes){ filler, 64 });
    } else {
        bl_write_bytes(&w, (struct bulla_bytes){ filler, 384 });
    }
    bl_write_u32le(&w, 64 + 64 + 6 + 384 + 64 + 2 + 6 + 4); /* authentication data */
    bl_write_bytes(&w, (struct bulla_bytes){ filler, 128 });
    bl_write_u16le(&w, 6);
    bl_write_u32le(&w, 384 + 64 + 2 + 6 + 4);
    bl_write_bytes(&w, (struct bulla_bytes){ filler, 448 });
    bl_write_u16le(&w, 0);
    bl_write_u16le(&w, 5);
    bl_write_u32le(&w, 4);
    bl_write_bytes(&w, BL_LITERAL("none"));
    assert_ok(bl_writer_finish(&w, &err), &err);
}

static void
test_registers_of_the_quote(void **state)
{
    struct fixture *f = *state;
    struct bl_claims claims;

    quote_registers(f, &f->bank, 0x81);
    accepted(f, 1, &claims);
    assert_int_equal(claims.unchecked_count, 0);
    for (unsigned i = 1; i <= 3; i++) {
        struct bl_pcr_bank other = f->bank;
        other.values[i][47] ^= 1;
        quote_registers(f, &other, 0x81);
        refused(f, 1, BULLA_CAUSE_LOG_MISMATCH);
    }
    struct bl_pcr_bank runtime = f->bank;
    runtime.values[4][0] = 1; /* extended, and logged elsewhere */
    quote_registers(f, &runtime, 0x81);
    accepted(f, 1, &claims);
    assert_int_equal(claims.unchecked_count, 1);
    assert_string_equal(claims.unchecked[0], "rtmr3");
    add_event(f, 4, 6, BL_LITERAL("app"), BL_LITERAL("app"));
    refused(f, 1, BULLA_CAUSE_LOG_MISMATCH); /* logged here, and otherwise */
    quote_registers(f, &f->bank, 0x81);
    accepted(f, 1, &claims);
}

/* A log from which a register is left out altogether explains nothing of the quote. */
static void
test_register_that_is_left_out(void **state)
{
    struct fixture *f = *state;

    quote_registers(f, &f->bank, 0x81);
    bulla_buffer_clear(&f->log);
    struct bl_writer w = bl_writer(&f->log);
    write_header(&w, 0x000c, 48);
    refused(f, 1, BULLA_CAUSE_LOG_MISMATCH);
}

static void
test_what_is_no_quote_of_a_td(void **state)
{
    struct fixture *f = *state;

    refused(f, 1, BULLA_CAUSE_MALFORMED); /* empty: not the same as none */
    quote_registers(f, &f->bank, 0x81);
    refused(f, 2, BULLA_CAUSE_MALFORMED); /* which of them? */
    for (f->quote.size--; f->quote.size > 0; f->quote.size--) {
        struct bl_claims claims = { 0 };
        assert_true(bulla_status_is_finding(inspect(f, 1, &claims, &(struct bulla_error){ 0 })));
        assert_null(claims.kind);
    }
    quote_registers(f, &f->bank, 0);
    refused(f, 1, BULLA_CAUSE_MALFORMED); /* of an enclave */
}

static void
test_what_it_says(void **state)
{
    struct fixture *f = *state;
    const struct bl_verification v = { .evidence = bulla_buffer_bytes(&f->log) };
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bl_json_writer j = bl_json_writer(&text);
    struct bulla_error err = { 0 };

    bl_json_open_object(&j, NULL);
    assert_ok(bl_ccel_describe(&v, &j, &err), &err);
    bl_json_close(&j);
    assert_ok(bl_json_finish(&j, &err), &err);
    assert_ok(bulla_buffer_append(&text, BL_LITERAL("\0"), &err), &err);
    assert_non_null(strstr((char *)text.data, "{\"events\":5,\"bytes_used\":"));
    assert_non_null(strstr((char *)text.data, "\"algorithms\":[\"sha384\"],\"final\":{\"sha384\":"
                                              "{\"rtmr0\":\""));
    assert_non_null(strstr((char *)text.data, "\"rtmr2\":\""));
    assert_null(strstr((char *)text.data, "rtmr3"));
    assert_null(strstr((char *)text.data, "linux")); /* the data of an event is no claim */
}

static void
test_every_allocation_may_fail(void **state)
{
    struct fixture *f = *state;
    bool reached = true;

    quote_registers(f, &f->bank, 0x81);
    for (uint64_t nth = 1; reached; nth++) {
        struct bl_claims claims = { 0 };
        struct bulla_error err = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, nth, /* forever= */ false);
        enum bulla_status status = inspect(f, 1, &claims, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status == BULLA_OK, !reached);
        assert_int_equal(claims.kind != NULL, status == BULLA_OK);
    }
}

int
main(void)
{
#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        LOG_TEST(test_a_log_alone),
        LOG_TEST(test_sha384_and_nothing_else),
        LOG_TEST(test_registers_there_are),
        LOG_TEST(test_separators),
        LOG_TEST(test_separators_of_the_upstream_firmware),
        LOG_TEST(test_registers_of_the_quote),
        LOG_TEST(test_register_that_is_left_out),
        LOG_TEST(test_what_is_no_quote_of_a_td),
        LOG_TEST(test_what_it_says),
        LOG_TEST(test_every_allocation_may_fail),
    };
#undef LOG_TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_ccel.h: the event log of a TD on paper, and the RTMRs that it comes to.
 */
#ifndef TESTS_TEE_PAPER_CCEL_H
#define TESTS_TEE_PAPER_CCEL_H

#include "unit.h"

#include "codec/writer.h"
#include "measure/event_log.h"

#define PAPER_RTMR_OFFSET 328 /* in the body of a quote */

struct paper_ccel {
    struct bulla_buffer log;
    struct bl_pcr_bank bank; /* by index of the log: RTMR 0 is 1 */
};

static inline void
paper_ccel_event(struct paper_ccel *c, unsigned rtmr, uint32_t type, const char *what)
{
    struct bl_writer w = bl_writer(&c->log);
    struct bulla_error err = { 0 };
    uint8_t digest[48];

    assert_ok(bl_hash_once(BL_SHA384, text_bytes(what), digest, &err), &err);
    bl_write_u32le(&w, rtmr + 1);
    bl_write_u32le(&w, type);
    bl_write_u32le(&w, 1);
    bl_write_u16le(&w, 0x000c);
    bl_write_bytes(&w, BL_BYTES_OF(digest));
    bl_write_u32le(&w, (uint32_t)strlen(what));
    bl_write_bytes(&w, text_bytes(what));
    assert_ok(bl_writer_finish(&w, &err), &err);
    assert_ok(bl_pcr_extend(&c->bank, rtmr + 1, BL_BYTES_OF(digest), &err), &err);
}

/* Firmware, loader and system; nothing in RTMR 3. */
static inline void
paper_ccel_make(struct paper_ccel *c)
{
    struct bl_writer w = bl_writer(&c->log);
    struct bulla_error err = { 0 };

    bulla_buffer_clear(&c->log);
    bl_write_u32le(&w, 1);
    bl_write_u32le(&w, BL_EV_NO_ACTION);
    bl_write_bytes(&w, (struct bulla_bytes){ (const uint8_t[20]){ 0 }, 20 });
    bl_write_u32le(&w, 33);
    bl_write_bytes(&w, BL_LITERAL("Spec ID Event03\0\0\0\0\0\0\2\0\2\1\0\0\0\x0c\0\x30\0\0"));
    assert_ok(bl_writer_finish(&w, &err), &err);
    assert_ok(bl_pcr_bank_start(BL_SHA384, 0, &c->bank, &err), &err);
    paper_ccel_event(c, 0, 0x80000001u, "SecureBoot");
    paper_ccel_event(c, 1, 0x80000003u, "boot loader");
    paper_ccel_event(c, 2, 0x0000000du, "kernel");
}

/* Quoted from now on: into the body of a quote. */
static inline void
paper_ccel_quote(const struct paper_ccel *c, uint8_t *body)
{
    for (unsigned i = 0; i < 4; i++)
        memcpy(body + PAPER_RTMR_OFFSET + 48 * i, bl_pcr_value(&c->bank, i + 1).data, 48);
}

#endif

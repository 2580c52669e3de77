/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/reader.h: a cursor over untrusted bytes.
 *
 * Guarantees: never reads outside the view; after the first failure every read yields zeros and
 * the cursor stays put, so a decoder reads straight down its spec table and checks once, at
 * bl_reader_finish(). Values read must not steer a loop or a size before bl_reader_ok().
 */
#ifndef BL_CODEC_READER_H
#define BL_CODEC_READER_H

#include "bulla/status.h"

struct bl_reader {
    struct bulla_bytes input;
    size_t offset;      /* next byte to read; offset <= input.size, always */
    const char *where;  /* static name of the structure, for errors */
    const char *failed; /* NULL while all is well, else what went wrong (static) */
};

struct bl_reader bl_reader(struct bulla_bytes input, const char *where);

uint8_t bl_read_u8(struct bl_reader *r);
uint16_t bl_read_u16le(struct bl_reader *r);
uint32_t bl_read_u32le(struct bl_reader *r);
uint64_t bl_read_u64le(struct bl_reader *r);
uint16_t bl_read_u16be(struct bl_reader *r);
uint32_t bl_read_u32be(struct bl_reader *r);
uint64_t bl_read_u64be(struct bl_reader *r);

/** The next `size` bytes, borrowed from the input. Empty after a failure. */
struct bulla_bytes bl_read_view(struct bl_reader *r, size_t size);
/** Copy the next `size` bytes to `out`, or fill `out` with zeros. */
void bl_read_into(struct bl_reader *r, void *out, size_t size);
/** A reader confined to the next `size` bytes; failed from the start if they are not there. */
struct bl_reader bl_read_part(struct bl_reader *r, size_t size, const char *where);
/** Pass over reserved bytes. */
void bl_skip(struct bl_reader *r, size_t size);
/** Bytes not read yet. */
size_t bl_reader_left(const struct bl_reader *r);
/** Record a failure of the format itself, seen by the decoder at the present offset. */
void bl_reader_fail(struct bl_reader *r, const char *what);

/** BULLA_E_MALFORMED if any read so far failed. Call before a value read steers anything. */
enum bulla_status bl_reader_ok(const struct bl_reader *r, struct bulla_error *err) BULLA_CHECKED;
/** As bl_reader_ok(), and every byte of the input must have been consumed. */
enum bulla_status bl_reader_finish(struct bl_reader *r, struct bulla_error *err) BULLA_CHECKED;

#endif

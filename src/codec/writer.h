/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/writer.h: append integers and bytes to a buffer; one check at the end.
 *
 * After the first failure every write is ignored; bl_writer_finish() tells.
 */
#ifndef BL_CODEC_WRITER_H
#define BL_CODEC_WRITER_H

#include "base/buffer.h"

struct bl_writer {
    struct bulla_buffer *buffer; /* borrowed */
    enum bulla_status status;    /* the first failure */
};

struct bl_writer bl_writer(struct bulla_buffer *buffer);

void bl_write_u8(struct bl_writer *w, uint8_t value);
void bl_write_u16be(struct bl_writer *w, uint16_t value);
void bl_write_u32be(struct bl_writer *w, uint32_t value);
void bl_write_u64be(struct bl_writer *w, uint64_t value);
void bl_write_u16le(struct bl_writer *w, uint16_t value);
void bl_write_u32le(struct bl_writer *w, uint32_t value);
void bl_write_u64le(struct bl_writer *w, uint64_t value);
void bl_write_bytes(struct bl_writer *w, struct bulla_bytes bytes);
/** A TPM2B: 16-bit big-endian size, then the bytes; fails beyond 65535 bytes. */
void bl_write_sized_u16be(struct bl_writer *w, struct bulla_bytes bytes);

enum bulla_status bl_writer_finish(const struct bl_writer *w,
                                   struct bulla_error *err) BULLA_CHECKED;

#endif

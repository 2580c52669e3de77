/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/stream.h: where bytes come from and go to: a descriptor, or memory.
 */
#ifndef BL_SEAL_STREAM_H
#define BL_SEAL_STREAM_H

#include "base/buffer.h"
#include "base/secret.h"

struct bl_source {
    /** Up to `size` bytes; *size_out < size means the end. */
    enum bulla_status (*read)(void *context, void *out, size_t size, size_t *size_out,
                              struct bulla_error *err);
    void *context;
    uint64_t size_max; /* no more bytes than this will come; UINT64_MAX: nobody knows */
};

struct bl_sink {
    enum bulla_status (*write)(void *context, struct bulla_bytes bytes, struct bulla_error *err);
    void *context;
};

/** Bytes in memory being read from the front; the context of bl_source_bytes(). */
struct bl_bytes_cursor {
    struct bulla_bytes left;
};
/** A secret being filled from the front; the context of bl_sink_secret(). */
struct bl_secret_cursor {
    struct bl_secret *secret; /* as large as what is to come */
    size_t filled;            /* bytes */
};

/** A source of which the beginning was read ahead; the context of bl_source_ahead(). */
struct bl_ahead {
    struct bl_source source;
    struct bl_secret head; /* what was read, the first `size` bytes of it */
    size_t size;           /* bytes */
    size_t taken;          /* bytes, of those */
};
/** Read up to `size` bytes of `source`; ahead->size < size: these were all. */
enum bulla_status bl_ahead_fill(struct bl_ahead *ahead, const struct bl_source *source, size_t size,
                                struct bulla_error *err) BULLA_CHECKED;
void bl_ahead_done(struct bl_ahead *ahead);
/** All of the source from its beginning, once. */
struct bl_source bl_source_ahead(struct bl_ahead *ahead);

struct bl_source bl_source_fd(int *fd);
struct bl_source bl_source_bytes(struct bl_bytes_cursor *cursor);
struct bl_sink bl_sink_fd(int *fd);
struct bl_sink bl_sink_buffer(struct bulla_buffer *buffer);
struct bl_sink bl_sink_secret(struct bl_secret_cursor *cursor);
/** Takes everything and keeps nothing. */
struct bl_sink bl_sink_nowhere(void);

#endif

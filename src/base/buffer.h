/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/buffer.h: owned, growable bytes. Not for secrets: see base/secret.h.
 *
 * Does not wipe. A failed append leaves the content as it was.
 */
#ifndef BL_BASE_BUFFER_H
#define BL_BASE_BUFFER_H

#include "base/cleanup.h"
#include "bulla/status.h"

struct bulla_buffer {
    uint8_t *data;
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
};

#define BL_BUFFER_SIZE_MAX ((size_t)1 << 30) /* bytes: 1 GiB; larger data is streamed, not held */

/** Append; BULLA_E_MEMORY, or BULLA_E_LIMIT beyond BL_BUFFER_SIZE_MAX. */
enum bulla_status bulla_buffer_append(struct bulla_buffer *buffer, struct bulla_bytes bytes,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Append `size` zero bytes and give their place in *start_out (valid until the next append). */
enum bulla_status bulla_buffer_extend(struct bulla_buffer *buffer, size_t size, uint8_t **start_out,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Forget the content, keep the memory. */
void bulla_buffer_clear(struct bulla_buffer *buffer);
/** Release; accepts what is already empty. */
void bulla_buffer_done(struct bulla_buffer *buffer);
/** Move: the source is left empty. */
struct bulla_buffer bulla_buffer_take(struct bulla_buffer *buffer);

static inline struct bulla_bytes
bulla_buffer_bytes(const struct bulla_buffer *buffer)
{
    return (struct bulla_bytes){ buffer->data, buffer->size };
}

#endif

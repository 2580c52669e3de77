/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/pipeline.h: one stream turned into another, batch by batch; where there is much of it by two
 * threads, which read by turns, write by turns, and work at the same time.
 *
 * Guarantees: batches are read and written in their order, each whole; of several failures the one of
 * the first batch counts, and nothing of that batch or after it is written. A short stream is done by
 * the calling thread alone.
 */
#ifndef BL_SEAL_PIPELINE_H
#define BL_SEAL_PIPELINE_H

#include "seal/stream.h"

/** Batches that the calling thread does alone, before there is a second one. */
#define BL_PIPELINE_ALONE_COUNT 4

struct bl_pipeline_steps {
    /** Where a batch is read to: `batch_size` bytes. */
    uint8_t *(*room)(void *worker);
    /** Work on batch `number` (from 0), which has `size` bytes; fewer than a full one: the last.
     *  *result_out is what is to be written, and stays as it is until the worker's next batch. */
    enum bulla_status (*work)(void *worker, uint64_t number, size_t size,
                              struct bulla_bytes *result_out, struct bulla_error *err);
    /** A second worker; where there can be none, the first goes on alone. */
    enum bulla_status (*make_second)(void *first, void **second_out, struct bulla_error *err);
    void (*free_second)(void *second);
};

/** Run until the source ends. *written_out is the number of bytes written. */
enum bulla_status bl_pipeline_run(const struct bl_pipeline_steps *steps, void *first,
                                  size_t batch_size, const struct bl_source *source,
                                  const struct bl_sink *sink, uint64_t *written_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif

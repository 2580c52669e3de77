/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/output_log.h: what an enclave writes to its standard output and error, kept in two files of at
 * most half the size allowed each: `PATH` and, before it, `PATH.1`.
 *
 * Does not: interpret it. It is the enclave's text, and may be anything.
 */
#ifndef BL_ENCLAVE_OUTPUT_LOG_H
#define BL_ENCLAVE_OUTPUT_LOG_H

#include "base/cleanup.h"
#include "bulla/status.h"

struct bl_output_log {
    int fd; /* -1: none */
    char *path;
    char *older_path;
    uint64_t size;     /* bytes in `path` */
    uint64_t size_max; /* of it */
};
#define BL_OUTPUT_LOG_NONE \
    {                      \
        .fd = -1           \
    }

/** Go on in the file of `path` (0600), made if it is missing. Both files together hold at most
 *  `size_max` bytes. */
enum bulla_status bl_output_log_open(struct bl_output_log *log, const char *path, uint64_t size_max,
                                     struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_output_log_append(struct bl_output_log *log, struct bulla_bytes bytes,
                                       struct bulla_error *err) BULLA_CHECKED;
void bl_output_log_done(struct bl_output_log *log);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/helper.h: a process that the vault asks: one question, one answer, over a stream socket.
 *
 * Both ends of what appraiser and fetcher have in common. An answer is a CBOR array: [0, result], or
 * [cause] for a refusal.
 */
#ifndef BL_BROKER_HELPER_H
#define BL_BROKER_HELPER_H

#include <pthread.h>

#include "codec/cbor.h"

#define BL_HELPER_MESSAGE_SIZE_MAX ((size_t)4 << 20) /* bytes: evidence, and every anchor */

/** The vault's end. Calls from several threads take turns. */
struct bl_helper {
    pthread_mutex_t mutex;
    int fd;            /* -1: the process is not there */
    const char *where; /* static, for errors: "appraiser" */
};
/** Takes `fd` over; it may be -1. */
void bl_helper_start(struct bl_helper *helper, const char *where, int fd);
/** Speak to another process from now on: the old one died. Takes `fd` over. */
void bl_helper_replace(struct bl_helper *helper, int fd);
void bl_helper_done(struct bl_helper *helper);

/** Ask. *answer holds the bytes and *result_out stands at the result. BULLA_E_UNREACHABLE if nobody
 *  answered (the connection is then given up); the helper's own cause if it refused. */
enum bulla_status bl_helper_ask(struct bl_helper *helper, struct bulla_bytes question,
                                struct bulla_buffer *answer, struct bl_reader *result_out,
                                struct bulla_error *err) BULLA_CHECKED;

/** The process: hand each question to `answer`, which writes the result, until `fd` ends. */
enum bulla_status bl_helper_serve(int fd,
                                  enum bulla_status (*answer)(struct bulla_bytes question,
                                                              struct bl_writer *result,
                                                              struct bulla_error *err),
                                  struct bulla_error *err) BULLA_CHECKED;

#endif

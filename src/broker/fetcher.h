/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/fetcher.h: issuer certificates from outside, in a process that holds nothing.
 *
 * The vault has no network; it asks here, and only for URLs on hosts that an administrator wrote
 * beside an anchor. What comes back is one more hostile input for the appraiser.
 */
#ifndef BL_BROKER_FETCHER_H
#define BL_BROKER_FETCHER_H

#include "base/buffer.h"

/** The vault's end. Calls from several threads take turns. */
struct bl_fetcher;
/** `fd` is a connected stream socket, taken over; -1: none yet. */
enum bulla_status bl_fetcher_new(int fd, struct bl_fetcher **fetcher_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Speak to another process from now on. Takes `fd` over. */
void bl_fetcher_replace(struct bl_fetcher *fetcher, int fd);
void bl_fetcher_free(struct bl_fetcher *fetcher);
BL_DEFINE_FREEP(bl_fetcher)

/** Append the document at `url`. BULLA_E_UNREACHABLE and what bl_fetch() says. */
enum bulla_status bl_fetcher_get(struct bl_fetcher *fetcher, struct bulla_bytes url,
                                 struct bulla_buffer *out, struct bulla_error *err) BULLA_CHECKED;

/** The process: answer questions on `fd` until it ends. */
enum bulla_status bl_fetcher_run(int fd, struct bulla_error *err) BULLA_CHECKED;

#endif

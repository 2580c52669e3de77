/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/fuse_internal.h: between the loop (fuse.c) and the answers (fuse_answers.c).
 */
#ifndef BL_AGENT_FUSE_INTERNAL_H
#define BL_AGENT_FUSE_INTERNAL_H

#include "agent/fuse.h"
#include "codec/reader.h"

#define BL_FUSE_DATA_MAX ((size_t)128 << 10) /* bytes of one read or write */
#define BL_FUSE_NO_ANSWER (-1)               /* the protocol wants none */

/** One request, taken apart, and room for its answer. */
struct bl_fuse_request {
    const struct bl_fuse_plan *plan;
    uint64_t node;
    struct bl_reader reader;     /* behind the header */
    struct bulla_buffer *answer; /* empty at first */
    int64_t now_ns;
    struct bulla_error err; /* why the volume refused */
};

/** An errno, 0 with the answer, or BL_FUSE_NO_ANSWER. ENOSYS for what is not offered: the kernel
 *  then does without. */
int bl_fuse_answer(struct bl_fuse_request *request, uint32_t opcode);

#endif

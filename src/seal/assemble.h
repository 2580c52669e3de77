/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/assemble.h: the bytes of a header from its parts, authenticated.
 */
#ifndef BL_SEAL_ASSEMBLE_H
#define BL_SEAL_ASSEMBLE_H

#include "seal/keys.h"

struct bl_blob_header_parts {
    struct bl_preamble *facts; /* flags and, with areas, slots_size are the caller's choice */
    const struct bl_blob_binding *binding;
    const struct bl_secret *prk;
    struct bulla_bytes core;
};

/** Append one area that holds `slots`, MAC and check included: facts->slots_size bytes. */
enum bulla_status bl_area_assemble(const struct bl_blob_header_parts *parts,
                                   struct bulla_bytes slots, uint64_t slots_epoch,
                                   struct bulla_buffer *out, struct bulla_error *err) BULLA_CHECKED;
/** Append the whole header. Without areas facts->slots_size and facts->slots_epoch are set here. */
enum bulla_status bl_header_assemble(const struct bl_blob_header_parts *parts,
                                     struct bulla_bytes slots, uint64_t slots_epoch,
                                     struct bulla_buffer *out,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/pem.h: labelled Base64 blocks (RFC 7468, the strict grammar of its figure 3).
 *
 * Guarantees: lines of 64 characters, only the last one shorter; LF or CR LF; matching labels;
 * strict Base64; nothing but empty lines outside the blocks; no headers, so no encrypted keys.
 * Does not: know what a label means.
 */
#ifndef BL_CODEC_PEM_H
#define BL_CODEC_PEM_H

#include "base/buffer.h"
#include "base/secret.h"
#include "codec/reader.h"

struct bl_pem_block {
    struct bulla_bytes label; /* borrowed, as the body is */
    struct bulla_bytes body;  /* the Base64 lines with their ends */
};

/** True if there is one more block in the text of `r`: bl_reader_finish() then settles, after the
 *  last one, that nothing but blocks was there. */
bool bl_pem_next(struct bl_reader *r, struct bl_pem_block *block_out);
/** The same for what others wrote and is public: the lines of a block may have any one length up to 76
 *  characters, only the last one shorter (RFC 7468 section 2 leaves it to parsers). */
bool bl_pem_next_wide(struct bl_reader *r, struct bl_pem_block *block_out);
/** Append the content of a block. */
enum bulla_status bl_pem_content(const struct bl_pem_block *block, struct bulla_buffer *bytes_out,
                                 struct bulla_error *err) BULLA_CHECKED;

/** Append the content of a text that is one block with this label and nothing else. */
enum bulla_status bl_pem_decode(struct bulla_bytes text, const char *label,
                                struct bulla_buffer *bytes_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** The same for a secret; *bytes_out must be empty. */
enum bulla_status bl_pem_decode_secret(struct bulla_bytes text, const char *label,
                                       struct bl_secret *bytes_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Append one block. */
enum bulla_status bl_pem_encode(struct bulla_bytes bytes, const char *label,
                                struct bulla_buffer *text_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** The same for a secret; *text_out must be empty. */
enum bulla_status bl_pem_encode_secret(struct bulla_bytes bytes, const char *label,
                                       struct bl_secret *text_out,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif

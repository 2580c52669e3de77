/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_CODEC_HEX_H
#define BL_CODEC_HEX_H

#include "base/buffer.h"

/** Append the lower-case hexadecimal form of `bytes` (two characters a byte, no terminator). */
enum bulla_status bl_hex_encode(struct bulla_bytes bytes, struct bulla_buffer *text_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** Append the bytes of `text`: an even number of digits of either case, nothing else;
 *  BULLA_E_MALFORMED. On failure *bytes_out has its former content. */
enum bulla_status bl_hex_decode(struct bulla_bytes text, struct bulla_buffer *bytes_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** Exactly `size` bytes into `out`; BULLA_E_MALFORMED, `out` untouched. */
enum bulla_status bl_hex_decode_exact(struct bulla_bytes text, uint8_t *out, size_t size,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif

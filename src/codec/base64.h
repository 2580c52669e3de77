/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/base64.h: Base64 (RFC 4648 sections 4 and 5), strictly.
 *
 * Guarantees: one text for one value: the standard alphabet always with its padding, the URL one
 * never with it; no white space, no line ends; the bits that pad the last character are zero.
 * No table is indexed by a character, so that the cache does not learn a secret's text.
 */
#ifndef BL_CODEC_BASE64_H
#define BL_CODEC_BASE64_H

#include "base/buffer.h"
#include "base/secret.h"

enum bl_base64 {
    BL_BASE64_STANDARD = 1, /* + and /, padded with = */
    BL_BASE64_URL           /* - and _, not padded */
};

/** Append the text of `bytes`, without a terminator. */
enum bulla_status bl_base64_encode(enum bl_base64 alphabet, struct bulla_bytes bytes,
                                   struct bulla_buffer *text_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Append the bytes of `text`; BULLA_E_MALFORMED. On failure *bytes_out has its former content. */
enum bulla_status bl_base64_decode(enum bl_base64 alphabet, struct bulla_bytes text,
                                   struct bulla_buffer *bytes_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** The same for secrets; *text_out and *bytes_out must be empty. An empty text is refused. */
enum bulla_status bl_base64_encode_secret(enum bl_base64 alphabet, struct bulla_bytes bytes,
                                          struct bl_secret *text_out,
                                          struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_base64_decode_secret(enum bl_base64 alphabet, struct bulla_bytes text,
                                          struct bl_secret *bytes_out,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif

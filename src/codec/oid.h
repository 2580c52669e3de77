/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/oid.h: object identifiers: the content bytes of ASN.1 DER (X.690 section 8.19) and the dotted
 * text that people write.
 */
#ifndef BL_CODEC_OID_H
#define BL_CODEC_OID_H

#include "base/buffer.h"

#define BL_OID_SIZE_MAX 64                         /* content bytes that are written */
#define BL_OID_TEXT_SIZE_MAX (5 * BL_OID_SIZE_MAX) /* characters */

/** Content bytes of the dotted text; their number, or 0 if it is none or longer than there is room. */
size_t bl_oid_from_text(const char *text, uint8_t content_out[BL_OID_SIZE_MAX]);
/** True if the content bytes are those of the dotted text. */
bool bl_oid_is(struct bulla_bytes content, const char *text);
/** Append the dotted text; BULLA_E_MALFORMED for content that is none, BULLA_E_LIMIT for numbers
 *  above 64 bits. */
enum bulla_status bl_oid_to_text(struct bulla_bytes content, struct bulla_buffer *text_out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/der.h: ASN.1 DER (ITU-T X.690), read strictly over a bl_reader and written.
 *
 * Guarantees: definite lengths in the fewest bytes; minimal INTEGER and OBJECT IDENTIFIER; BOOLEAN
 * 00 or ff; unused bits of a BIT STRING zero; times as RFC 5280 has them, and dates that exist.
 * After the first failure every read yields zero and the cursor stays put (codec/reader.h).
 * Does not: know tags above 30, REAL, or the order of SET OF; check the inside of what is read as
 * a view (bl_der_skip() does, to BL_DER_DEPTH_MAX).
 */
#ifndef BL_CODEC_DER_H
#define BL_CODEC_DER_H

#include "codec/reader.h"
#include "codec/writer.h"

#define BL_DER_DEPTH_MAX 32 /* nested parts; a certificate needs about 10 */

enum bl_der_tag {
    BL_DER_BOOLEAN = 0x01,
    BL_DER_INTEGER = 0x02,
    BL_DER_BIT_STRING = 0x03,
    BL_DER_OCTET_STRING = 0x04,
    BL_DER_NULL = 0x05,
    BL_DER_OID = 0x06,
    BL_DER_UTF8_STRING = 0x0c,
    BL_DER_PRINTABLE_STRING = 0x13,
    BL_DER_IA5_STRING = 0x16,
    BL_DER_UTC_TIME = 0x17,
    BL_DER_GENERALIZED_TIME = 0x18,
    BL_DER_SEQUENCE = 0x30,
    BL_DER_SET = 0x31
};

/** Tag byte of [n]: constructed (EXPLICIT, or IMPLICIT over a SEQUENCE), or primitive. n <= 30. */
#define BL_DER_CONTEXT(n) ((uint8_t)(0xa0 | (n)))
#define BL_DER_CONTEXT_PRIMITIVE(n) ((uint8_t)(0x80 | (n)))

/** True if the next item has this tag byte; does not move. For OPTIONAL and DEFAULT. */
bool bl_der_next_is(const struct bl_reader *r, uint8_t tag);
/** Content of the next item, which must have this tag byte. */
struct bulla_bytes bl_der_read(struct bl_reader *r, uint8_t tag);
/** A reader confined to that content; settle it with bl_reader_finish(). Failed if it is absent. */
struct bl_reader bl_der_enter(struct bl_reader *r, uint8_t tag, const char *where);
/** Pass over one item of any tag, checking the shape of all that is inside; its encoded bytes. */
struct bulla_bytes bl_der_skip(struct bl_reader *r);

bool bl_der_read_bool(struct bl_reader *r);
void bl_der_read_null(struct bl_reader *r);
/** Magnitude of an INTEGER >= 0, big-endian without leading zeros (one byte 0 for zero), of at most
 *  `size_max` bytes. */
struct bulla_bytes bl_der_read_unsigned(struct bl_reader *r, size_t size_max);
uint64_t bl_der_read_u64(struct bl_reader *r);
/** Content of an OBJECT IDENTIFIER, checked; compare it with a literal of its bytes. */
struct bulla_bytes bl_der_read_oid(struct bl_reader *r);
struct bulla_bytes bl_der_read_octets(struct bl_reader *r, size_t size_max);
/** A BIT STRING of whole bytes: a key or a signature. */
struct bulla_bytes bl_der_read_bits(struct bl_reader *r, size_t size_max);
/** A BIT STRING of at most 32 named bits, bit 0 of the format as the highest of the result. */
uint32_t bl_der_read_named_bits(struct bl_reader *r);
/** UTCTime (1950 to 2049) or GeneralizedTime, in seconds since 1970. */
int64_t bl_der_read_time_s(struct bl_reader *r);

/** One item with this content. */
void bl_der_write(struct bl_writer *w, uint8_t tag, struct bulla_bytes content);
/** Begin an item whose content is written next; give what this returns to bl_der_close(). */
size_t bl_der_open(struct bl_writer *w, uint8_t tag);
void bl_der_close(struct bl_writer *w, size_t mark);
void bl_der_write_bool(struct bl_writer *w, bool value);
void bl_der_write_null(struct bl_writer *w);
/** INTEGER from a big-endian magnitude; leading zeros are dropped. */
void bl_der_write_unsigned(struct bl_writer *w, struct bulla_bytes magnitude);
void bl_der_write_bits(struct bl_writer *w, struct bulla_bytes bits);

#endif

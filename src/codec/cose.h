/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/cose.h: COSE_Sign1 (RFC 9052 section 4.2) as bytes, and the bytes that it signs.
 *
 * Guarantees (of ours): deterministic CBOR inside and out; the algorithm is read from the protected header
 * alone; header parameters that are not listed in struct bl_cose_sign1 are refused, and so is one
 * that stands in both headers.
 * Messages of foreign make (attestation tokens) have a decoder of their own: maps in any order,
 * header parameters that nobody asked about passed over; the algorithm is read from the protected
 * header alone there, too.
 * Does not: sign or verify (crypto/cose_sign1.h); detached payloads.
 */
#ifndef BL_CODEC_COSE_H
#define BL_CODEC_COSE_H

#include "codec/cbor.h"

enum bl_cose_algorithm { /* IANA "COSE Algorithms" */
                         BL_COSE_NONE = 0,
                         BL_COSE_ES256 = -7,
                         BL_COSE_EDDSA = -8,
                         BL_COSE_ES384 = -35
};

#define BL_COSE_TAG_MAC0 17
#define BL_COSE_TAG_SIGN1 18
#define BL_COSE_KEY_ID_SIZE_MAX 64        /* bytes: the longest digest */
#define BL_COSE_CONTENT_TYPE_SIZE_MAX 128 /* bytes: a media type */
#define BL_COSE_SIGNATURE_SIZE_MAX 96     /* bytes: ES384 */

struct bl_cose_sign1 {
    enum bl_cose_algorithm algorithm; /* protected */
    struct bulla_bytes content_type;  /* protected; text; may be empty */
    struct bulla_bytes key_id;        /* unprotected (or protected); a hint, never trusted */
    struct bulla_bytes protected;     /* encoded protected header, as it was signed */
    struct bulla_bytes unprotected;   /* encoded, of foreign make only; never trusted */
    struct bulla_bytes payload;
    struct bulla_bytes signature;
};

/** Views into `bytes`, which are one message and nothing else; with tag 18 or without it.
 *  BULLA_E_MALFORMED; BULLA_E_UNSUPPORTED for another algorithm. */
enum bulla_status bl_cose_sign1_decode(struct bulla_bytes bytes, struct bl_cose_sign1 *message_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** The same for a message of foreign make; content_type and key_id stay empty. Causes besides:
 *  MESSAGE_AUTHENTICATION_CODE for a COSE_Mac0 (who can check one can forge it), ALGORITHM_MISSING
 *  if the protected header names none, whatever the other one says. */
enum bulla_status bl_cose_foreign_decode(struct bulla_bytes bytes,
                                         struct bl_cose_sign1 *message_out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** Append the encoded protected header of algorithm and content type (may be empty). */
enum bulla_status bl_cose_protected(enum bl_cose_algorithm algorithm,
                                    struct bulla_bytes content_type,
                                    struct bulla_buffer *protected_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** Append the message, with tag 18; `protected`, `key_id` (may be empty), `payload` and
 *  `signature` are used. */
enum bulla_status bl_cose_sign1_encode(const struct bl_cose_sign1 *message,
                                       struct bulla_buffer *bytes_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Append the Sig_structure (RFC 9052 section 4.4): the bytes that are signed. */
enum bulla_status bl_cose_sig_structure(struct bulla_bytes protected,
                                        struct bulla_bytes external_aad, struct bulla_bytes payload,
                                        struct bulla_buffer *bytes_out,
                                        struct bulla_error *err) BULLA_CHECKED;

#endif

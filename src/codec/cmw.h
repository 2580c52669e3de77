/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/cmw.h: conceptual message wrappers (draft-ietf-rats-msg-wrap-23): evidence, endorsements and
 * so on with the media type of each, alone or in collections; as CBOR or as JSON.
 *
 *   record      [type, value, ? ind]     type: a media type, or a CoAP content format (CBOR only)
 *   tag         #6.TN(cf)(bytes)         RFC 9277 appendix B; CBOR only
 *   collection  { ? "__cmwc_t": type, + label => wrapper }
 *
 * A wrapper is a list here, in preorder: the first item is the outermost, each of the others names
 * the collection that it is in.
 * Guarantees: nothing left over; every label once; depth, items and sizes bounded; types have the
 * form of a type; indicators are of the registered bits, at least one. In CBOR: shortest heads, maps
 * of any order, maps and records of definite or indefinite length, strings of definite length only.
 * The encoder sorts, so that one wrapper has one encoding.
 * Does not: believe or look into any message; a wrapper protects nothing. Signed wrappers (COSE, JWS).
 */
#ifndef BL_CODEC_CMW_H
#define BL_CODEC_CMW_H

#include "base/cleanup.h"
#include "codec/cbor.h"

#define BL_CMW_SIZE_MAX ((size_t)8 << 20) /* bytes of one wrapper: evidence of 4 MiB in Base64 */
#define BL_CMW_ITEM_COUNT_MAX 64          /* all together; a label is held against all before it */
#define BL_CMW_DEPTH_MAX 4                /* collections in each other; those known need two */
#define BL_CMW_TYPE_SIZE_MAX 255          /* bytes of a media type or of a collection's type */
#define BL_CMW_LABEL_SIZE_MAX 127         /* bytes */
#define BL_CMW_CONTENT_FORMAT_MAX 65535   /* RFC 7252 section 12.3; in a tag at most 65024 */

enum bl_cmw_encoding { BL_CMW_ENCODING_NONE = 0, BL_CMW_CBOR, BL_CMW_JSON };

enum bl_cmw_form { BL_CMW_FORM_NONE = 0, BL_CMW_RECORD, BL_CMW_TAG, BL_CMW_COLLECTION };

/** Bits of `indicator`: what kinds of message are in a record. */
enum bl_cmw_indicator {
    BL_CMW_REFERENCE_VALUES = 1,
    BL_CMW_ENDORSEMENTS = 2,
    BL_CMW_EVIDENCE = 4,
    BL_CMW_ATTESTATION_RESULTS = 8,
    BL_CMW_APPRAISAL_POLICY = 16,
    BL_CMW_INDICATOR_MAX = 31
};

struct bl_cmw_item {
    enum bl_cmw_form form;
    size_t parent;            /* index of the collection it is in; of the first item: 0 */
    struct bl_cbor_key label; /* in that collection */
    struct bulla_bytes type;  /* media type, or a collection's; text; empty: none */
    bool has_content_format;  /* in place of a media type */
    uint16_t content_format;
    struct bulla_bytes value; /* of a record or tag */
    uint32_t indicator;       /* of a record; 0: none */
};

/** Borrows from what was decoded, or from what was added. */
struct bl_cmw {
    struct bl_cmw_item items[BL_CMW_ITEM_COUNT_MAX];
    size_t count;
    struct bulla_buffer text; /* what JSON had in another form: owned, and borrowed by the items */
};
void bl_cmw_done(struct bl_cmw *cmw);

/** How a wrapper that starts with this byte is encoded, and its form; NONE if none does. */
enum bl_cmw_encoding bl_cmw_encoding_of(uint8_t first, enum bl_cmw_form *form_out);

/** One wrapper and nothing else; *cmw_out is untouched on failure. MALFORMED, LIMIT, MEMORY. */
enum bulla_status bl_cmw_decode(struct bulla_bytes bytes, struct bl_cmw *cmw_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** The item with this text label in the collection `parent`; NULL if there is none. */
const struct bl_cmw_item *bl_cmw_find(const struct bl_cmw *cmw, size_t parent, const char *label);
/** The same by number. */
const struct bl_cmw_item *bl_cmw_find_number(const struct bl_cmw *cmw, size_t parent,
                                             int64_t label);

/** Make *cmw, which is empty, a collection of this type (static; NULL: none). */
void bl_cmw_start(struct bl_cmw *cmw, const char *type);
/** Put a record into the collection that bl_cmw_start() made. All is borrowed; `label` and
 *  `media_type` are terminated. BULLA_E_LIMIT. */
enum bulla_status bl_cmw_add(struct bl_cmw *cmw, const char *label, const char *media_type,
                             struct bulla_bytes value, enum bl_cmw_indicator indicator,
                             struct bulla_error *err) BULLA_CHECKED;
/** Append the encoding, which bl_cmw_decode() takes. BULLA_E_ARGUMENT for what is no wrapper, and for
 *  what JSON cannot have (tags, content formats, labels that are numbers, empty values). On failure
 *  *out has its former content. */
enum bulla_status bl_cmw_encode(const struct bl_cmw *cmw, enum bl_cmw_encoding encoding,
                                struct bulla_buffer *out, struct bulla_error *err) BULLA_CHECKED;

/** RFC 9277 appendix B: the tag of a content format of at most 65024. */
uint64_t bl_cmw_tag_of(uint16_t content_format);
/** The content format of a tag; false if it is no such tag. */
bool bl_cmw_content_format_of(uint64_t tag, uint16_t *content_format_out);

/** Content-Type of RFC 9193: type/subtype and parameters. */
bool bl_cmw_is_media_type(struct bulla_bytes text);
/** An absolute URI or an object identifier. */
bool bl_cmw_is_collection_type(struct bulla_bytes text);

#endif

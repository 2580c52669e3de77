/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cose.h"

static const char where[] = "COSE_Sign1";

/* IANA "COSE Header Parameters" */
#define LABEL_ALGORITHM 1
#define LABEL_CONTENT_TYPE 3
#define LABEL_KEY_ID 4

#define PROTECTED_COUNT_MAX 3
#define UNPROTECTED_COUNT_MAX 1

/* The key identifier may stand in either header, but in one of them only (RFC 9052 section 3:
 * "Labels in each of the maps MUST be unique"). */
static void
read_key_id(struct bl_reader *r, struct bl_cose_sign1 *message)
{
    if (message->key_id.size != 0)
        bl_reader_fail(r, "header parameter in both headers");
    message->key_id = bl_cbor_read_bytes(r, BL_COSE_KEY_ID_SIZE_MAX);
    if (r->failed == NULL && message->key_id.size == 0)
        bl_reader_fail(r, "empty key identifier");
}

static void
read_protected(struct bl_reader *r, struct bl_cose_sign1 *message, int64_t *algorithm)
{
    struct bl_cbor_map map = bl_cbor_read_map(r, PROTECTED_COUNT_MAX);
    uint64_t label;

    while (bl_cbor_map_next_uint(r, &map, &label)) {
        if (label == LABEL_ALGORITHM)
            *algorithm = bl_cbor_read_int(r);
        else if (label == LABEL_CONTENT_TYPE)
            message->content_type = bl_cbor_read_text(r, BL_COSE_CONTENT_TYPE_SIZE_MAX);
        else if (label == LABEL_KEY_ID)
            read_key_id(r, message);
        else
            bl_reader_fail(r, "unknown protected header parameter");
    }
}

static void
read_unprotected(struct bl_reader *r, struct bl_cose_sign1 *message)
{
    struct bl_cbor_map map = bl_cbor_read_map(r, UNPROTECTED_COUNT_MAX);
    uint64_t label;

    while (bl_cbor_map_next_uint(r, &map, &label)) {
        if (label == LABEL_KEY_ID)
            read_key_id(r, message);
        else
            bl_reader_fail(r, "unknown unprotected header parameter");
    }
}

static bool
is_known(int64_t algorithm)
{
    return algorithm == BL_COSE_ES256 || algorithm == BL_COSE_ES384 || algorithm == BL_COSE_EDDSA;
}

enum bulla_status
bl_cose_sign1_decode(struct bulla_bytes bytes, struct bl_cose_sign1 *message_out,
                     struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, where);
    struct bl_cose_sign1 message = { 0 };
    int64_t algorithm = BL_COSE_NONE;

    if (bl_cbor_peek(&r) == BL_CBOR_TAG)
        bl_cbor_read_tag(&r, BL_COSE_TAG_SIGN1);
    if (bl_cbor_read_array(&r, 4) != 4)
        bl_reader_fail(&r, "not four parts");
    message.protected = bl_cbor_read_bytes(&r, SIZE_MAX);
    read_unprotected(&r, &message);
    message.payload = bl_cbor_read_bytes(&r, SIZE_MAX);
    message.signature = bl_cbor_read_bytes(&r, BL_COSE_SIGNATURE_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));

    struct bl_reader header = bl_reader(message.protected, "COSE_Sign1 protected header");
    read_protected(&header, &message, &algorithm);
    if (algorithm == BL_COSE_NONE)
        bl_reader_fail(&header, "no algorithm");
    BL_TRY(bl_reader_finish(&header, err));
    if (!is_known(algorithm))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "another algorithm", 0);
    message.algorithm = (enum bl_cose_algorithm)algorithm;
    *message_out = message;
    return BULLA_OK;
}

enum bulla_status
bl_cose_protected(enum bl_cose_algorithm algorithm, struct bulla_bytes content_type,
                  struct bulla_buffer *protected_out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(protected_out);

    if (!is_known(algorithm) || content_type.size > BL_COSE_CONTENT_TYPE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no such algorithm or content type", 0);
    bl_cbor_write_map(&w, content_type.size > 0 ? 2 : 1);
    bl_cbor_write_uint(&w, LABEL_ALGORITHM);
    bl_cbor_write_int(&w, algorithm);
    if (content_type.size > 0) {
        bl_cbor_write_uint(&w, LABEL_CONTENT_TYPE);
        bl_cbor_write_text(&w, content_type);
    }
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_cose_sign1_encode(const struct bl_cose_sign1 *message, struct bulla_buffer *bytes_out,
                     struct bulla_error *err)
{
    struct bl_writer w = bl_writer(bytes_out);

    bl_cbor_write_tag(&w, BL_COSE_TAG_SIGN1);
    bl_cbor_write_array(&w, 4);
    bl_cbor_write_bytes(&w, message->protected);
    bl_cbor_write_map(&w, message->key_id.size > 0 ? 1 : 0);
    if (message->key_id.size > 0) {
        bl_cbor_write_uint(&w, LABEL_KEY_ID);
        bl_cbor_write_bytes(&w, message->key_id);
    }
    bl_cbor_write_bytes(&w, message->payload);
    bl_cbor_write_bytes(&w, message->signature);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_cose_sig_structure(struct bulla_bytes protected, struct bulla_bytes external_aad,
                      struct bulla_bytes payload, struct bulla_buffer *bytes_out,
                      struct bulla_error *err)
{
    static const uint8_t context[] = "Signature1";
    struct bl_writer w = bl_writer(bytes_out);

    bl_cbor_write_array(&w, 4);
    bl_cbor_write_text(&w, (struct bulla_bytes){ context, sizeof context - 1 });
    bl_cbor_write_bytes(&w, protected);
    bl_cbor_write_bytes(&w, external_aad);
    bl_cbor_write_bytes(&w, payload);
    return bl_writer_finish(&w, err);
}

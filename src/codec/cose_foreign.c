/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/cose_foreign.c: COSE_Sign1 as others write it: RFC 9052, but for what is refused by name.
 */
#include "codec/cose.h"

static const char where[] = "COSE message";

/* IANA "COSE Header Parameters" */
#define LABEL_ALGORITHM 1
#define LABEL_CRITICAL 2

/* IANA "COSE Algorithms": HMAC 256/64 to HMAC 512/512 */
#define ALGORITHM_HMAC_FIRST 4
#define ALGORITHM_HMAC_LAST 7

struct header {
    bool has_algorithm;
    bool is_number; /* of the algorithm: text is allowed, and nothing that we know */
    bool has_critical;
    int64_t algorithm;
};

static void
read_algorithm(struct bl_reader *r, struct header *header)
{
    header->has_algorithm = true;
    header->is_number = bl_cbor_peek(r) != BL_CBOR_TEXT;
    if (header->is_number)
        header->algorithm = bl_cbor_read_int(r);
    else
        (void)bl_cbor_skip_foreign(r);
}

static struct header
read_header(struct bl_reader *r)
{
    struct bl_cbor_keyed_map map;
    struct header header = { 0 };
    struct bl_cbor_key key;

    bl_cbor_read_keyed_map(r, &map);
    while (bl_cbor_keyed_next(r, &map, &key)) {
        if (!key.is_text && key.number == LABEL_ALGORITHM) {
            read_algorithm(r, &header);
            continue;
        }
        header.has_critical |= !key.is_text && key.number == LABEL_CRITICAL;
        (void)bl_cbor_skip_foreign(r);
    }
    return header;
}

/* RFC 9052 section 3: an empty map is a byte string of no bytes. */
static enum bulla_status
read_protected(struct bulla_bytes bytes, struct header *header, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "protected header of a COSE message");

    *header = (struct header){ 0 };
    if (bytes.size == 0)
        return BULLA_OK;
    *header = read_header(&r);
    return bl_reader_finish(&r, err);
}

static enum bulla_status
refuse_code(struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_MESSAGE_AUTHENTICATION_CODE, where,
                            "a message authentication code: who can check it can forge it");
}

static enum bulla_status
check_algorithm(const struct header *protected, const struct header *unprotected,
                struct bl_cose_sign1 *message, struct bulla_error *err)
{
    if (!protected->has_algorithm)
        return bulla_fail_cause(err, BULLA_CAUSE_ALGORITHM_MISSING, where,
                                "the protected header names no algorithm");
    if (unprotected->has_algorithm)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "algorithm in both headers", 0);
    if (protected->has_critical || unprotected->has_critical)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "critical header parameters", 0);
    if (protected->is_number && protected->algorithm >= ALGORITHM_HMAC_FIRST &&
        protected->algorithm <= ALGORITHM_HMAC_LAST)
        return refuse_code(err);
    if (!protected->is_number ||
        (protected->algorithm != BL_COSE_ES256 && protected->algorithm != BL_COSE_ES384))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "another algorithm", 0);
    message->algorithm = (enum bl_cose_algorithm) protected->algorithm;
    return BULLA_OK;
}

enum bulla_status
bl_cose_foreign_decode(struct bulla_bytes bytes, struct bl_cose_sign1 *message_out,
                       struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, where);
    struct bl_cose_sign1 message = { 0 };
    struct header protected;

    if (bl_cbor_read_if_tag(&r, BL_COSE_TAG_MAC0))
        return refuse_code(err);
    if (bl_cbor_peek(&r) == BL_CBOR_TAG)
        bl_cbor_read_tag(&r, BL_COSE_TAG_SIGN1);
    if (bl_cbor_read_array(&r, 4) != 4)
        bl_reader_fail(&r, "not four parts");
    message.protected = bl_cbor_read_bytes(&r, SIZE_MAX);
    size_t start = r.offset;
    struct header unprotected = read_header(&r);
    message.unprotected = (struct bulla_bytes){ r.input.data + start, r.offset - start };
    message.payload = bl_cbor_read_bytes(&r, SIZE_MAX);
    message.signature = bl_cbor_read_bytes(&r, BL_COSE_SIGNATURE_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(read_protected(message.protected, &protected, err));
    BL_TRY(check_algorithm(&protected, &unprotected, &message, err));
    *message_out = message;
    return BULLA_OK;
}

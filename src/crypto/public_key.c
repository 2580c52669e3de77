/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/public_key.h"

#include <string.h>

#include "base/memory.h"
#include "codec/base64.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/pem.h"

#define COORDINATE_SIZE_MAX 48  /* bytes: P-384 */
#define JWK_SIZE_MAX 4096       /* bytes: a key with a long identifier */
#define POINT_UNCOMPRESSED 0x04 /* SEC 1 2.3.3 */

/* A key of an elliptic curve in parts, as both forms have it. */
struct point {
    enum bl_key_kind kind;
    struct bulla_bytes x, y;
};

static enum bulla_status
key_from_point(const struct point *point, const char *where, struct bl_key **key_out,
               struct bulla_error *err)
{
    uint8_t raw[1 + 2 * COORDINATE_SIZE_MAX] = { POINT_UNCOMPRESSED };
    size_t size = point->kind == BL_KEY_P256 ? 32 : 48;

    if (point->kind == BL_KEY_NONE)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "no key on P-256 or P-384", 0);
    if (point->x.size != size || point->y.size != size)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "coordinates of another size", 0);
    memcpy(raw + 1, point->x.data, size);
    memcpy(raw + 1 + size, point->y.data, size);
    return bl_key_from_raw_public(point->kind, (struct bulla_bytes){ raw, 1 + 2 * size }, key_out,
                                  err);
}

/* -- COSE_Key: IANA "COSE Key Common Parameters" and "COSE Key Type Parameters" ------------------ */

#define COSE_KEY_TYPE 1
#define COSE_ALGORITHM 3
#define COSE_CURVE (-1)
#define COSE_X (-2)
#define COSE_Y (-3)
#define COSE_D (-4)

#define COSE_TYPE_EC2 2
#define COSE_P256 1
#define COSE_P384 2
#define COSE_ES256 (-7)
#define COSE_ES384 (-35)

struct cose_key {
    int64_t type, curve, algorithm; /* 0: absent */
    struct bulla_bytes x, y;
};

static void
read_parameter(struct bl_reader *r, const struct bl_cbor_key *label, struct cose_key *key)
{
    switch (label->is_text ? 0 : label->number) {
    case COSE_KEY_TYPE:
        key->type = bl_cbor_read_int(r);
        break;
    case COSE_ALGORITHM:
        key->algorithm = bl_cbor_read_int(r);
        break;
    case COSE_CURVE:
        key->curve = bl_cbor_read_int(r);
        break;
    case COSE_X:
        key->x = bl_cbor_read_bytes(r, COORDINATE_SIZE_MAX);
        break;
    case COSE_Y:
        key->y = bl_cbor_read_bytes(r, COORDINATE_SIZE_MAX);
        break;
    case COSE_D:
        bl_reader_fail(r, "a private key");
        break;
    default:
        (void)bl_cbor_skip_foreign(r);
        break;
    }
}

static enum bl_key_kind
cose_kind(const struct cose_key *key)
{
    if (key->type != COSE_TYPE_EC2)
        return BL_KEY_NONE;
    if (key->curve == COSE_P256 && (key->algorithm == 0 || key->algorithm == COSE_ES256))
        return BL_KEY_P256;
    if (key->curve == COSE_P384 && (key->algorithm == 0 || key->algorithm == COSE_ES384))
        return BL_KEY_P384;
    return BL_KEY_NONE;
}

enum bulla_status
bl_key_from_cose(struct bulla_bytes bytes, struct bl_key **key_out, struct bulla_error *err)
{
    static const char where[] = "COSE_Key";
    struct bl_reader r = bl_reader(bytes, where);
    struct bl_cbor_keyed_map map;
    struct cose_key key = { 0 };
    struct bl_cbor_key label;

    bl_cbor_read_keyed_map(&r, &map);
    while (bl_cbor_keyed_next(&r, &map, &label))
        read_parameter(&r, &label, &key);
    BL_TRY(bl_reader_finish(&r, err));
    struct point point = { .kind = cose_kind(&key), .x = key.x, .y = key.y };
    return key_from_point(&point, where, key_out, err);
}

/* -- JWK: RFC 7518 section 6.2 ------------------------------------------------------------------- */

static enum bulla_status
jwk_text(const struct bl_json *jwk, const char *name, struct bulla_bytes *text_out,
         struct bulla_error *err)
{
    const struct bl_json *value = NULL;

    BL_TRY(bl_json_require(jwk, name, &value, err));
    return bl_json_as_text(value, name, JWK_SIZE_MAX, text_out, err);
}

static enum bulla_status
jwk_coordinate(const struct bl_json *jwk, const char *name, struct bulla_buffer *out,
               struct bulla_error *err)
{
    struct bulla_bytes text = { NULL, 0 };

    BL_TRY(jwk_text(jwk, name, &text, err));
    return bl_base64_decode(BL_BASE64_URL, text, out, err);
}

static enum bulla_status
jwk_kind(const struct bl_json *jwk, enum bl_key_kind *kind_out, struct bulla_error *err)
{
    struct bulla_bytes type = { NULL, 0 }, curve = { NULL, 0 };

    BL_TRY(jwk_text(jwk, "kty", &type, err));
    *kind_out = BL_KEY_NONE;
    if (!bl_equal(type, BL_LITERAL("EC")))
        return BULLA_OK;
    BL_TRY(jwk_text(jwk, "crv", &curve, err));
    if (bl_equal(curve, BL_LITERAL("P-256")))
        *kind_out = BL_KEY_P256;
    else if (bl_equal(curve, BL_LITERAL("P-384")))
        *kind_out = BL_KEY_P384;
    return BULLA_OK;
}

enum bulla_status
bl_key_from_jwk(struct bulla_bytes text, struct bl_key **key_out, struct bulla_error *err)
{
    static const char where[] = "JWK";
    BL_AUTO_FREE(bl_json) jwk = NULL;
    BL_AUTO(bulla_buffer) x = { 0 };
    BL_AUTO(bulla_buffer) y = { 0 };
    struct point point = { 0 };

    BL_TRY(bl_json_parse(text, where, JWK_SIZE_MAX, &jwk, err));
    BL_TRY(bl_json_as_object(jwk, where, err));
    if (bl_json_find(jwk, "d") != NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a private key", 0);
    BL_TRY(jwk_kind(jwk, &point.kind, err));
    if (point.kind != BL_KEY_NONE) {
        BL_TRY(jwk_coordinate(jwk, "x", &x, err));
        BL_TRY(jwk_coordinate(jwk, "y", &y, err));
    }
    point.x = bulla_buffer_bytes(&x);
    point.y = bulla_buffer_bytes(&y);
    return key_from_point(&point, where, key_out, err);
}

/* -- files --------------------------------------------------------------------------------------- */

static enum bulla_status
key_from_pem(struct bulla_bytes text, struct bl_key **key_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) der = { 0 };

    BL_TRY(bl_pem_decode(text, "PUBLIC KEY", &der, err));
    return bl_key_from_spki(bulla_buffer_bytes(&der), key_out, err);
}

enum bulla_status
bl_key_from_public_file(struct bulla_bytes content, struct bl_key **key_out,
                        struct bulla_error *err)
{
    if (content.size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "public key", "an empty file", 0);
    switch (content.data[0]) {
    case '-':
        return key_from_pem(content, key_out, err);
    case '{':
        return bl_key_from_jwk(content, key_out, err);
    case 0x30: /* SEQUENCE */
        return bl_key_from_spki(content, key_out, err);
    default:
        return bl_key_from_cose(content, key_out, err);
    }
}

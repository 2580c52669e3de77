/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/private_key.h"

#include "base/memory.h"
#include "codec/der.h"
#include "codec/pem.h"

static const char where[] = "private key";

/* Contents of the OIDs. */
#define OID_EC_PUBLIC_KEY "\x2a\x86\x48\xce\x3d\x02\x01"
#define OID_P256 "\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define OID_P384 "\x2b\x81\x04\x00\x22"
#define OID_ED25519 "\x2b\x65\x70"

static enum bl_key_kind
kind_of_curve(struct bulla_bytes oid)
{
    if (bl_equal(oid, BL_LITERAL(OID_P256)))
        return BL_KEY_P256;
    return bl_equal(oid, BL_LITERAL(OID_P384)) ? BL_KEY_P384 : BL_KEY_NONE;
}

static enum bulla_status
make(enum bl_key_kind kind, struct bulla_bytes raw, struct bl_key **key_out,
     struct bulla_error *err)
{
    if (kind == BL_KEY_NONE)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "of another kind", 0);
    return bl_key_from_raw_private(kind, raw, key_out, err);
}

/* ECPrivateKey: the curve is in there, or in what stands around it. */
static enum bulla_status
read_sec1(struct bulla_bytes der, enum bl_key_kind kind, struct bl_key **key_out,
          struct bulla_error *err)
{
    struct bl_reader r = bl_reader(der, where);
    struct bl_reader sequence = bl_der_enter(&r, BL_DER_SEQUENCE, where);

    if (bl_der_read_u64(&sequence) != 1)
        bl_reader_fail(&sequence, "not of version 1");
    struct bulla_bytes raw = bl_der_read_octets(&sequence, 48);
    if (bl_der_next_is(&sequence, BL_DER_CONTEXT(0))) {
        struct bl_reader curve = bl_der_enter(&sequence, BL_DER_CONTEXT(0), where);
        enum bl_key_kind named = kind_of_curve(bl_der_read_oid(&curve));
        BL_TRY(bl_reader_finish(&curve, err));
        if (kind != BL_KEY_NONE && kind != named)
            bl_reader_fail(&sequence, "two curves");
        kind = named;
    }
    if (bl_der_next_is(&sequence, BL_DER_CONTEXT(1)))
        (void)bl_der_skip(&sequence);
    BL_TRY(bl_reader_finish(&sequence, err));
    BL_TRY(bl_reader_finish(&r, err));
    return make(kind, raw, key_out, err);
}

static enum bulla_status
read_content(struct bulla_bytes algorithm, struct bulla_bytes curve, struct bulla_bytes content,
             struct bl_key **key_out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(content, where);

    if (bl_equal(algorithm, BL_LITERAL(OID_EC_PUBLIC_KEY)) && kind_of_curve(curve) != BL_KEY_NONE)
        return read_sec1(content, kind_of_curve(curve), key_out, err);
    if (!bl_equal(algorithm, BL_LITERAL(OID_ED25519)) || curve.size != 0)
        return make(BL_KEY_NONE, content, key_out, err);
    struct bulla_bytes raw = bl_der_read_octets(&r, 32);
    BL_TRY(bl_reader_finish(&r, err));
    return make(BL_KEY_ED25519, raw, key_out, err);
}

/* PrivateKeyInfo. */
static enum bulla_status
read_pkcs8(struct bulla_bytes der, struct bl_key **key_out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(der, where);
    struct bl_reader sequence = bl_der_enter(&r, BL_DER_SEQUENCE, where);
    struct bulla_bytes curve = { NULL, 0 };

    if (bl_der_read_u64(&sequence) != 0)
        bl_reader_fail(&sequence, "not of version 1");
    struct bl_reader algorithm = bl_der_enter(&sequence, BL_DER_SEQUENCE, where);
    struct bulla_bytes oid = bl_der_read_oid(&algorithm);
    if (bl_der_next_is(&algorithm, BL_DER_OID))
        curve = bl_der_read_oid(&algorithm);
    else if (bl_reader_left(&algorithm) > 0)
        (void)bl_der_skip(&algorithm); /* of a kind that is refused below */
    struct bulla_bytes content = bl_der_read(&sequence, BL_DER_OCTET_STRING);
    if (bl_der_next_is(&sequence, BL_DER_CONTEXT(0)))
        (void)bl_der_skip(&sequence); /* attributes */
    BL_TRY(bl_reader_finish(&algorithm, err));
    BL_TRY(bl_reader_finish(&sequence, err));
    BL_TRY(bl_reader_finish(&r, err));
    return read_content(oid, curve, content, key_out, err);
}

enum bulla_status
bl_key_from_private_pem(struct bulla_bytes text, struct bl_key **key_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) der = { 0 };

    if (text.size > BL_PRIVATE_KEY_FILE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too long", BL_PRIVATE_KEY_FILE_SIZE_MAX);
    enum bulla_status status = bl_pem_decode_secret(text, "PRIVATE KEY", &der, NULL);
    if (status == BULLA_OK)
        return read_pkcs8(bl_secret_bytes(&der), key_out, err);
    if (status == BULLA_E_MEMORY)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    BL_TRY(bl_pem_decode_secret(text, "EC PRIVATE KEY", &der, err));
    return read_sec1(bl_secret_bytes(&der), BL_KEY_NONE, key_out, err);
}

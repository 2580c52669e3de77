/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/der_signature.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/pkey.h"

static const char where[] = "signature algorithm";

/* Contents of OBJECT IDENTIFIERs. */
#define OID_PKCS1 "\x2a\x86\x48\x86\xf7\x0d\x01\x01"  /* 1.2.840.113549.1.1 */
#define OID_ECDSA_SHA2 "\x2a\x86\x48\xce\x3d\x04\x03" /* 1.2.840.10045.4.3 */
#define OID_SHA2 "\x60\x86\x48\x01\x65\x03\x04\x02"   /* 2.16.840.1.101.3.4.2 */
#define OID(text)                                 \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }
static const struct bulla_bytes oid_pss = OID(OID_PKCS1 "\x0a");
static const struct bulla_bytes oid_mgf1 = OID(OID_PKCS1 "\x08");

struct named_algorithm {
    struct bulla_bytes oid;
    struct bl_der_algorithm algorithm;
};
#define ECDSA(last, h)               \
    {                                \
        OID(OID_ECDSA_SHA2 last),    \
        {                            \
            true, BL_SCHEME_ECDSA, h \
        }                            \
    }
#define ED25519                                          \
    {                                                    \
        OID("\x2b\x65\x70"), /* 1.3.101.112, RFC 8410 */ \
        {                                                \
            true, BL_SCHEME_ED25519, BL_HASH_NONE        \
        }                                                \
    }
#define RSASSA(last, h)               \
    {                                 \
        OID(OID_PKCS1 last),          \
        {                             \
            true, BL_SCHEME_RSASSA, h \
        }                             \
    }
static const struct named_algorithm algorithms[] = {
    ECDSA("\x02", BL_SHA256),
    ECDSA("\x03", BL_SHA384),
    ECDSA("\x04", BL_SHA512),
    RSASSA("\x0b", BL_SHA256),
    RSASSA("\x0c", BL_SHA384),
    RSASSA("\x0d", BL_SHA512),
    ED25519,
};

/* A hash AlgorithmIdentifier: parameters absent or NULL (RFC 4055 section 2.1). */
static enum bl_hash
read_hash(struct bl_reader *r)
{
    static const struct {
        struct bulla_bytes oid;
        enum bl_hash hash;
    } hashes[] = {
        { OID(OID_SHA2 "\x01"), BL_SHA256 },
        { OID(OID_SHA2 "\x02"), BL_SHA384 },
        { OID(OID_SHA2 "\x03"), BL_SHA512 },
    };
    struct bl_reader part = bl_der_enter(r, BL_DER_SEQUENCE, where);
    struct bulla_bytes oid = bl_der_read_oid(&part);

    if (bl_reader_left(&part) > 0)
        bl_der_read_null(&part);
    if (bl_reader_finish(&part, NULL) != BULLA_OK)
        return BL_HASH_NONE;
    for (size_t i = 0; i < BL_COUNT_OF(hashes); i++)
        if (bl_equal(oid, hashes[i].oid))
            return hashes[i].hash;
    return BL_HASH_NONE;
}

/* [0], [1] around one item. */
static struct bl_reader
enter_explicit(struct bl_reader *r, unsigned n)
{
    return bl_der_enter(r, BL_DER_CONTEXT(n), where);
}

/* RSASSA-PSS-params, RFC 4055 section 3.1. The defaults mean SHA-1: they are not for us. */
static enum bl_hash
read_pss(struct bl_reader *r)
{
    struct bl_reader params = bl_der_enter(r, BL_DER_SEQUENCE, where);
    struct bl_reader hash_part = enter_explicit(&params, 0);
    enum bl_hash hash = read_hash(&hash_part);
    struct bl_reader mask_part = enter_explicit(&params, 1);
    struct bl_reader mask = bl_der_enter(&mask_part, BL_DER_SEQUENCE, where);
    bool is_mgf1 = bl_equal(bl_der_read_oid(&mask), oid_mgf1);
    enum bl_hash mask_hash = read_hash(&mask);
    struct bl_reader salt_part = enter_explicit(&params, 2);
    uint64_t trailer = 1;

    (void)bl_der_read_u64(&salt_part); /* its size shows in the signature itself */
    if (bl_der_next_is(&params, BL_DER_CONTEXT(3))) {
        struct bl_reader trailer_part = enter_explicit(&params, 3);
        trailer = bl_der_read_u64(&trailer_part);
        if (bl_reader_finish(&trailer_part, NULL) != BULLA_OK)
            return BL_HASH_NONE;
    }
    struct bl_reader *const parts[] = { &hash_part, &mask, &mask_part, &salt_part, &params };
    for (size_t i = 0; i < BL_COUNT_OF(parts); i++)
        if (bl_reader_finish(parts[i], NULL) != BULLA_OK)
            return BL_HASH_NONE;
    return is_mgf1 && mask_hash == hash && trailer == 1 ? hash : BL_HASH_NONE;
}

struct bulla_bytes
bl_der_read_algorithm(struct bl_reader *r, struct bl_der_algorithm *algorithm_out)
{
    const struct bulla_bytes encoded = bl_der_skip(r);
    struct bl_reader whole = bl_reader(encoded, where);
    struct bl_reader part = bl_der_enter(&whole, BL_DER_SEQUENCE, where);
    const struct bulla_bytes oid = bl_der_read_oid(&part);

    *algorithm_out = (struct bl_der_algorithm){ 0 };
    if (r->failed == NULL && bl_reader_ok(&part, NULL) != BULLA_OK)
        bl_reader_fail(r, "not an AlgorithmIdentifier");
    if (r->failed != NULL)
        return (struct bulla_bytes){ NULL, 0 };
    if (bl_equal(oid, oid_pss)) {
        enum bl_hash hash = read_pss(&part);
        *algorithm_out = (struct bl_der_algorithm){ .is_known = hash != BL_HASH_NONE,
                                                    .scheme = BL_SCHEME_RSAPSS,
                                                    .hash = hash };
        return encoded;
    }
    for (size_t i = 0; i < BL_COUNT_OF(algorithms); i++)
        if (bl_equal(oid, algorithms[i].oid))
            *algorithm_out = algorithms[i].algorithm;
    if (bl_reader_left(&part) > 0)
        bl_der_read_null(&part);
    if (bl_reader_finish(&part, NULL) != BULLA_OK)
        *algorithm_out = (struct bl_der_algorithm){ 0 };
    return encoded;
}

/* Ecdsa-Sig-Value (RFC 3279 section 2.2.3) to r|s. False if it is none of this size. */
static bool
ecdsa_raw(struct bulla_bytes der, uint8_t *raw, size_t coordinate_size)
{
    struct bl_reader r = bl_reader(der, where);
    struct bl_reader pair = bl_der_enter(&r, BL_DER_SEQUENCE, where);

    memset(raw, 0, 2 * coordinate_size);
    for (size_t i = 0; i < 2; i++) {
        struct bulla_bytes number = bl_der_read_unsigned(&pair, coordinate_size);
        if (number.size > 0)
            memcpy(raw + (i + 1) * coordinate_size - number.size, number.data, number.size);
    }
    return bl_reader_finish(&pair, NULL) == BULLA_OK && bl_reader_finish(&r, NULL) == BULLA_OK;
}

enum bulla_status
bl_der_signature_verify(const struct bl_key *key, const struct bl_der_algorithm *algorithm,
                        struct bulla_bytes message, struct bulla_bytes signature,
                        enum bulla_cause cause, struct bulla_error *err)
{
    const struct bl_key_traits *traits = bl_key_traits(bl_key_kind(key));
    uint8_t digest[BL_HASH_SIZE_MAX], raw[2 * BL_COORDINATE_SIZE_MAX];

    if (!algorithm->is_known)
        return bulla_fail_cause(err, BULLA_CAUSE_UNTRUSTED, "signature",
                                "made with an algorithm that proves nothing");
    if (algorithm->scheme == BL_SCHEME_ECDSA && traits != NULL && traits->curve != NULL) {
        if (!ecdsa_raw(signature, raw, traits->private_size))
            return bulla_fail_cause(err, cause, "signature", "not a pair of numbers of this curve");
        signature = (struct bulla_bytes){ raw, 2 * traits->private_size };
    }
    struct bulla_error why = { 0 };
    enum bulla_status status = BULLA_E_SIGNATURE;
    if (algorithm->scheme == BL_SCHEME_ED25519) {
        status = bl_key_kind(key) == BL_KEY_ED25519
                     ? bl_key_verify(key, &message, 1, signature, &why)
                     : bulla_fail(&why, BULLA_E_SIGNATURE, "signature",
                                  "scheme does not fit the key", 0);
    } else {
        BL_TRY(bl_hash_once(algorithm->hash, message, digest, err));
        status = bl_key_verify_digest(key, algorithm->scheme, algorithm->hash,
                                      (struct bulla_bytes){ digest, bl_hash_size(algorithm->hash) },
                                      signature, &why);
    }
    if (status == BULLA_E_SIGNATURE)
        return bulla_fail_cause(err, cause, why.where, why.what);
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = why;
    return status;
}

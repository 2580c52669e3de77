/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/key.c: keys made, read and written. Every public key comes in by the functions
 * named ..._from_point() or by bl_key_from_rsa_public(), which check it; the SubjectPublicKeyInfo of all kinds
 * but RSA is a constant prefix and the raw form, so that it has one encoding only.
 */
#include "crypto/key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/fault.h"
#include "base/memory.h"
#include "crypto/library.h"
#include "crypto/pkey.h"
#include "crypto/spare.h"

#define POINT_SIZE_MAX (1 + 2 * BL_COORDINATE_SIZE_MAX)
#define POINT_UNCOMPRESSED 0x04 /* SEC 1 2.3.3 */
#define SPKI_SIZE_MAX 1024      /* bytes: RSA-4096 needs 550 */
#define RSA_EXPONENT_MIN 65537  /* FIPS 186-5 A.1.1 */
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096

/* SEQUENCE { SEQUENCE { algorithm [, curve] }, BIT STRING { 0 unused bits, raw form } } */
static const uint8_t ed25519_prefix[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                          0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
static const uint8_t x25519_prefix[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                         0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00 };
static const uint8_t p256_prefix[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };
static const uint8_t p384_prefix[] = { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                                       0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00 };

static const struct bl_key_traits traits_table[] = {
    [BL_KEY_ED25519] = { .algorithm = "ED25519",
                         .private_size = 32,
                         .public_size = 32,
                         .spki_prefix = { ed25519_prefix, sizeof ed25519_prefix } },
    [BL_KEY_P256] = { .algorithm = "EC",
                      .curve = "P-256",
                      .curve_nid = NID_X9_62_prime256v1,
                      .hash = BL_SHA256,
                      .private_size = 32,
                      .public_size = 65,
                      .spki_prefix = { p256_prefix, sizeof p256_prefix },
                      .order = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 } },
    [BL_KEY_P384] = { .algorithm = "EC",
                      .curve = "P-384",
                      .curve_nid = NID_secp384r1,
                      .hash = BL_SHA384,
                      .private_size = 48,
                      .public_size = 97,
                      .spki_prefix = { p384_prefix, sizeof p384_prefix },
                      .order = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37,
                                 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a,
                                 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73 } },
    [BL_KEY_X25519] = { .algorithm = "X25519",
                        .private_size = 32,
                        .public_size = 32,
                        .spki_prefix = { x25519_prefix, sizeof x25519_prefix } },
};

const struct bl_key_traits *
bl_key_traits(enum bl_key_kind kind)
{
    if ((size_t)kind >= sizeof traits_table / sizeof *traits_table || kind == BL_KEY_NONE)
        return NULL;
    return &traits_table[kind];
}

bool
bl_scalar_in_range(const struct bl_key_traits *traits, const uint8_t *scalar)
{
    unsigned borrow = 0;

    for (size_t i = traits->private_size; i-- > 0;)
        borrow = (((unsigned)scalar[i] - traits->order[i] - borrow) >> 8) & 1;
    return borrow == 1 && !bl_all_zero((struct bulla_bytes){ scalar, traits->private_size });
}

static bool
is_on_curve(enum bl_key_kind kind)
{
    const struct bl_key_traits *traits = bl_key_traits(kind);

    return traits != NULL && traits->curve != NULL;
}

/* Take over `pkey`, also on failure. */
static enum bulla_status
wrap(enum bl_key_kind kind, bool has_private, EVP_PKEY *pkey, struct bl_key **key_out,
     struct bulla_error *err)
{
    struct bl_key *key = bl_alloc(1, sizeof *key);

    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return bulla_fail(err, BULLA_E_MEMORY, "key", "out of memory", 0);
    }
    *key = (struct bl_key){ .kind = kind, .has_private = has_private, .pkey = pkey };
    *key_out = key;
    return BULLA_OK;
}

void
bl_key_free(struct bl_key *key)
{
    if (key == NULL)
        return;
    if (is_on_curve(key->kind) && !key->has_private)
        bl_spare_give(key->kind, key->pkey);
    else
        EVP_PKEY_free(key->pkey);
    bl_free(key);
}

enum bl_key_kind
bl_key_kind(const struct bl_key *key)
{
    return key->kind;
}

bool
bl_key_has_private(const struct bl_key *key)
{
    return key->has_private;
}

enum bulla_status
bl_key_generate(enum bl_key_kind kind, struct bl_key **key_out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    const struct bl_key_traits *traits = bl_key_traits(kind);

    if (traits == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "key", "this kind is not generated", (size_t)kind);
    BL_TRY(bl_library(&library, err));
    EVP_PKEY *pkey = NULL;
    if (!bl_fault_point(BL_FAULT_RANDOM))
        pkey = EVP_PKEY_Q_keygen(library->context, NULL, traits->algorithm, traits->curve);
    if (pkey == NULL)
        return bl_library_failed(err, "key", "cannot be generated");
    return wrap(kind, /* has_private= */ true, pkey, key_out, err);
}

/* A key from libcrypto's parameters, or NULL. */
static EVP_PKEY *
from_params(const struct bl_library *library, const char *algorithm, int selection,
            OSSL_PARAM *params)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(library->context, algorithm, NULL);
    EVP_PKEY *pkey = NULL;

    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, selection, params) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return pkey;
}

/* All of these curves have cofactor 1: a point on the curve, other than infinity (which has
 * another encoding), is in the group, so that the quick check proves as much as the full one. */
static bool
public_is_valid(const struct bl_library *library, EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(library->context, pkey, NULL);
    bool valid = context != NULL && EVP_PKEY_public_check_quick(context) == 1;

    EVP_PKEY_CTX_free(context);
    return valid;
}

/* NULL if it is no point of the curve: libcrypto takes no coordinate that is not below the field's
 * prime, and no point that is not on the curve. */
static EVP_PKEY *
public_from_point(const struct bl_library *library, enum bl_key_kind kind, const uint8_t *point)
{
    EVP_PKEY *pkey = bl_spare_take(library, kind);

    if (pkey != NULL &&
        EVP_PKEY_set1_encoded_public_key(pkey, point, bl_key_traits(kind)->public_size) == 1)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

/* `private_native` is the private value in the byte order of this machine. */
static EVP_PKEY *
pair_from_point(const struct bl_library *library, const struct bl_key_traits *traits,
                const uint8_t *point, struct bl_secret *private_native)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                         bl_library_unconst(traits->curve), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bl_library_unconst(point),
                                          traits->public_size),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, private_native->data,
                                private_native->size),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *pkey = from_params(library, traits->algorithm, EVP_PKEY_KEYPAIR, params);

    if (pkey != NULL && !public_is_valid(library, pkey)) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    return pkey;
}

enum bulla_status
bl_key_from_raw_public(enum bl_key_kind kind, struct bulla_bytes raw, struct bl_key **key_out,
                       struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    const struct bl_key_traits *traits = bl_key_traits(kind);

    if (traits == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "public key", "this kind has no raw form",
                          (size_t)kind);
    if (raw.size != traits->public_size)
        return bulla_fail(err, BULLA_E_MALFORMED, "public key", "wrong size", raw.size);
    if (traits->curve != NULL && raw.data[0] != POINT_UNCOMPRESSED)
        return bulla_fail(err, BULLA_E_MALFORMED, "public key", "not an uncompressed point", 0);
    BL_TRY(bl_library(&library, err));
    EVP_PKEY *pkey = traits->curve != NULL
                         ? public_from_point(library, kind, raw.data)
                         : EVP_PKEY_new_raw_public_key_ex(library->context, traits->algorithm, NULL,
                                                          raw.data, raw.size);
    if (pkey == NULL)
        return bl_library_refused(err, BULLA_CAUSE_MALFORMED, "public key", "not a valid point");
    return wrap(kind, /* has_private= */ false, pkey, key_out, err);
}

enum bulla_status
bl_key_from_rsa_public(struct bulla_bytes modulus, uint32_t exponent, struct bl_key **key_out,
                       struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    uint8_t native[RSA_BITS_MAX / 8];

    while (modulus.size > 0 && modulus.data[0] == 0)
        modulus = (struct bulla_bytes){ modulus.data + 1, modulus.size - 1 };
    if (modulus.size * 8 > RSA_BITS_MAX || modulus.size * 8 < RSA_BITS_MIN ||
        (modulus.size * 8 == RSA_BITS_MIN && modulus.data[0] < 0x80))
        return bulla_fail(err, BULLA_E_MALFORMED, "RSA key", "modulus of unsupported size",
                          modulus.size);
    if (modulus.data[modulus.size - 1] % 2 == 0 || exponent % 2 == 0 || exponent < RSA_EXPONENT_MIN)
        return bulla_fail(err, BULLA_E_MALFORMED, "RSA key", "even modulus or weak exponent", 0);
    BL_TRY(bl_library(&library, err));
    BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.size, NULL);
    bool converted = n != NULL && BN_bn2nativepad(n, native, sizeof native) == sizeof native;
    BN_free(n);
    if (!converted)
        return bl_library_failed(err, "RSA key", "cannot be read");
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, native, sizeof native),
        OSSL_PARAM_construct_uint32(OSSL_PKEY_PARAM_RSA_E, &exponent),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *pkey = from_params(library, "RSA", EVP_PKEY_PUBLIC_KEY, params);
    if (pkey == NULL)
        return bl_library_failed(err, "RSA key", "cannot be read");
    return wrap(BL_KEY_RSA, /* has_private= */ false, pkey, key_out, err);
}

/* point = scalar * base point, in the uncompressed form. */
static bool
multiply_base(const struct bl_library *library, const struct bl_key_traits *traits,
              const BIGNUM *scalar, uint8_t *point_out)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name_ex(library->context, NULL, traits->curve_nid);
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    BN_CTX *numbers = BN_CTX_secure_new_ex(library->context);
    bool done = point != NULL && numbers != NULL &&
                EC_POINT_mul(group, point, scalar, NULL, NULL, numbers) == 1 &&
                EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, point_out,
                                   traits->public_size, numbers) == traits->public_size;

    EC_POINT_free(point);
    EC_GROUP_free(group);
    BN_CTX_free(numbers);
    return done;
}

static enum bulla_status
from_scalar(const struct bl_library *library, const struct bl_key_traits *traits,
            struct bulla_bytes raw, EVP_PKEY **pkey_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) native = { 0 };
    uint8_t point[POINT_SIZE_MAX];

    if (!bl_scalar_in_range(traits, raw.data))
        return bulla_fail(err, BULLA_E_MALFORMED, "private key", "zero, or not below the order", 0);
    BL_TRY(bl_secret_new(&native, raw.size, err));
    BIGNUM *scalar = BN_secure_new();
    if (scalar != NULL && BN_bin2bn(raw.data, (int)raw.size, scalar) != NULL &&
        BN_bn2nativepad(scalar, native.data, (int)native.size) == (int)native.size) {
        BN_set_flags(scalar, BN_FLG_CONSTTIME);
        if (multiply_base(library, traits, scalar, point))
            *pkey_out = pair_from_point(library, traits, point, &native);
    }
    BN_clear_free(scalar);
    return *pkey_out != NULL ? BULLA_OK : bl_library_failed(err, "private key", "cannot be read");
}

enum bulla_status
bl_key_from_raw_private(enum bl_key_kind kind, struct bulla_bytes raw, struct bl_key **key_out,
                        struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    const struct bl_key_traits *traits = bl_key_traits(kind);
    EVP_PKEY *pkey = NULL;

    if (traits == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "private key", "this kind has no raw form",
                          (size_t)kind);
    if (raw.size != traits->private_size)
        return bulla_fail(err, BULLA_E_MALFORMED, "private key", "wrong size", raw.size);
    BL_TRY(bl_library(&library, err));
    if (traits->curve != NULL) {
        BL_TRY(from_scalar(library, traits, raw, &pkey, err));
    } else {
        pkey = EVP_PKEY_new_raw_private_key_ex(library->context, traits->algorithm, NULL, raw.data,
                                               raw.size);
        if (pkey == NULL)
            return bl_library_failed(err, "private key", "cannot be read");
    }
    return wrap(kind, /* has_private= */ true, pkey, key_out, err);
}

enum bulla_status
bl_key_raw_public(const struct bl_key *key, struct bulla_buffer *out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    const struct bl_key_traits *traits = bl_key_traits(key->kind);
    uint8_t raw[POINT_SIZE_MAX];
    size_t size = 0;

    if (traits == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "public key", "this kind has no raw form",
                          (size_t)key->kind);
    BL_TRY(bl_library(&library, err));
    if (EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof raw,
                                        &size) != 1 ||
        size != traits->public_size)
        return bl_library_failed(err, "public key", "cannot be written");
    return bulla_buffer_append(out, (struct bulla_bytes){ raw, size }, err);
}

/* The private value of a NIST curve into `out`, big-endian. */
static bool
write_scalar(const struct bl_key *key, struct bl_secret *out)
{
    BIGNUM *scalar = BN_secure_new();
    bool done = scalar != NULL &&
                EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1 &&
                BN_bn2binpad(scalar, out->data, (int)out->size) == (int)out->size;

    BN_clear_free(scalar);
    return done;
}

enum bulla_status
bl_key_raw_private(const struct bl_key *key, struct bl_secret *out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    const struct bl_key_traits *traits = bl_key_traits(key->kind);
    BL_AUTO(bl_secret) raw = { 0 };

    if (traits == NULL || !key->has_private || out->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "private key", "absent, or output is in use", 0);
    BL_TRY(bl_library(&library, err));
    BL_TRY(bl_secret_new(&raw, traits->private_size, err));
    size_t size = raw.size;
    bool done = traits->curve != NULL
                    ? write_scalar(key, &raw)
                    : EVP_PKEY_get_raw_private_key(key->pkey, raw.data, &size) == 1;
    if (!done || size != raw.size)
        return bl_library_failed(err, "private key", "cannot be written");
    *out = bl_secret_take(&raw);
    return BULLA_OK;
}

static enum bulla_status
rsa_spki(const struct bl_key *key, struct bulla_buffer *out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    unsigned char *der = NULL;

    BL_TRY(bl_library(&library, err));
    int size = i2d_PUBKEY(key->pkey, &der);
    if (size <= 0)
        return bl_library_failed(err, "public key", "cannot be written");
    enum bulla_status status =
        bulla_buffer_append(out, (struct bulla_bytes){ der, (size_t)size }, err);
    OPENSSL_free(der);
    return status;
}

enum bulla_status
bl_key_spki(const struct bl_key *key, struct bulla_buffer *out, struct bulla_error *err)
{
    const struct bl_key_traits *traits = bl_key_traits(key->kind);
    BL_AUTO(bulla_buffer) spki = { 0 };

    if (traits == NULL)
        return rsa_spki(key, out, err);
    BL_TRY(bulla_buffer_append(&spki, traits->spki_prefix, err));
    BL_TRY(bl_key_raw_public(key, &spki, err));
    return bulla_buffer_append(out, bulla_buffer_bytes(&spki), err);
}

/* The kind whose SubjectPublicKeyInfo starts like this and has this size, or BL_KEY_NONE. */
static enum bl_key_kind
spki_kind(struct bulla_bytes der)
{
    for (int kind = BL_KEY_ED25519; kind <= BL_KEY_X25519; kind++) {
        const struct bl_key_traits *traits = &traits_table[kind];
        if (der.size == traits->spki_prefix.size + traits->public_size &&
            memcmp(der.data, traits->spki_prefix.data, traits->spki_prefix.size) == 0)
            return (enum bl_key_kind)kind;
    }
    return BL_KEY_NONE;
}

/* Modulus and exponent of a key that libcrypto decoded, made into a key of ours. */
static enum bulla_status
take_rsa(EVP_PKEY *pkey, struct bl_key **key_out, struct bulla_error *err)
{
    uint8_t modulus[RSA_BITS_MAX / 8];
    BIGNUM *n = NULL, *e = NULL;
    enum bulla_status status = BULLA_E_MALFORMED;

    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
        status = bl_library_failed(err, "RSA key", "cannot be read");
    else if (BN_num_bits(n) > RSA_BITS_MAX || BN_num_bits(e) > 32)
        status = bulla_fail(err, BULLA_E_MALFORMED, "RSA key", "modulus or exponent too large", 0);
    else if (BN_bn2binpad(n, modulus, sizeof modulus) != sizeof modulus)
        status = bl_library_failed(err, "RSA key", "cannot be read");
    else
        status =
            bl_key_from_rsa_public(BL_BYTES_OF(modulus), (uint32_t)BN_get_word(e), key_out, err);
    BN_free(n);
    BN_free(e);
    return status;
}

static enum bulla_status
rsa_from_spki(struct bulla_bytes der, struct bl_key **key_out, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    const unsigned char *end = der.data;
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) canonical = { 0 };

    BL_TRY(bl_library(&library, err));
    EVP_PKEY *pkey = d2i_PUBKEY_ex(NULL, &end, (long)der.size, library->context, NULL);
    if (pkey == NULL)
        return bl_library_refused(err, BULLA_CAUSE_MALFORMED, "public key",
                                  "not a SubjectPublicKeyInfo");
    enum bulla_status status = BULLA_E_MALFORMED;
    if (end != der.data + der.size)
        status = bulla_fail(err, BULLA_E_MALFORMED, "public key", "bytes left over", 0);
    else if (EVP_PKEY_is_a(pkey, "RSA") != 1)
        status = bulla_fail(err, BULLA_E_UNSUPPORTED, "public key", "unsupported algorithm", 0);
    else
        status = take_rsa(pkey, &key, err);
    EVP_PKEY_free(pkey);
    BL_TRY(status);
    BL_TRY(rsa_spki(key, &canonical, err));
    if (!bl_equal(der, bulla_buffer_bytes(&canonical)))
        return bulla_fail(err, BULLA_E_MALFORMED, "public key", "not its canonical DER", 0);
    *key_out = key;
    key = NULL;
    return BULLA_OK;
}

enum bulla_status
bl_key_from_spki(struct bulla_bytes der, struct bl_key **key_out, struct bulla_error *err)
{
    if (der.size == 0 || der.size > SPKI_SIZE_MAX)
        return bulla_fail(err, BULLA_E_MALFORMED, "public key", "empty or too large", der.size);
    enum bl_key_kind kind = spki_kind(der);
    if (kind == BL_KEY_NONE)
        return rsa_from_spki(der, key_out, err);
    const size_t prefix_size = traits_table[kind].spki_prefix.size;
    return bl_key_from_raw_public(
        kind, (struct bulla_bytes){ der.data + prefix_size, der.size - prefix_size }, key_out, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/pkey.h: what a key is inside this folder.
 */
#ifndef BL_CRYPTO_PKEY_H
#define BL_CRYPTO_PKEY_H

#include <openssl/evp.h>

#include "crypto/key.h"

#define BL_COORDINATE_SIZE_MAX 48 /* bytes: P-384 */

struct bl_key {
    enum bl_key_kind kind;
    bool has_private;
    EVP_PKEY *pkey; /* who takes a reference gives it back before the key goes (crypto/spare.h) */
};

/** What is fixed for a kind of key. */
struct bl_key_traits {
    const char *algorithm; /* libcrypto's name */
    const char *curve;     /* libcrypto's name; NULL unless ECDSA and ECDH on NIST curves */
    int curve_nid;         /* libcrypto's number of it */
    enum bl_hash hash;     /* for signatures of ours */
    size_t private_size;   /* bytes; the size of a coordinate, too */
    size_t public_size;    /* bytes of the raw form */
    struct bulla_bytes spki_prefix;        /* DER before the raw form in a SubjectPublicKeyInfo */
    uint8_t order[BL_COORDINATE_SIZE_MAX]; /* of the curve's base point, big-endian */
};

/** NULL for BL_KEY_NONE, BL_KEY_RSA and values outside the enumeration. */
const struct bl_key_traits *bl_key_traits(enum bl_key_kind kind);

/** 0 < scalar < order, in constant time; `scalar` has traits->private_size bytes. */
bool bl_scalar_in_range(const struct bl_key_traits *traits, const uint8_t *scalar);

#endif

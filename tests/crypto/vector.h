/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/crypto/vector.h: known answers written as hexadecimal text.
 */
#ifndef TESTS_CRYPTO_VECTOR_H
#define TESTS_CRYPTO_VECTOR_H

#include "unit.h"

#include "base/buffer.h"
#include "codec/hex.h"
#include "crypto/key.h"

/** The bytes of a hexadecimal text, owned by the caller. */
static inline struct bulla_buffer
from_hex(const char *text)
{
    struct bulla_error err = { 0 };
    struct bulla_buffer bytes = { 0 };

    assert_ok(bl_hex_decode(text_bytes(text), &bytes, &err), &err);
    return bytes;
}

/** The key pair of a hexadecimal private key, owned by the caller. */
static inline struct bl_key *
key_from_hex(enum bl_key_kind kind, const char *text)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) raw = from_hex(text);
    struct bl_key *key = NULL;

    assert_ok(bl_key_from_raw_private(kind, bulla_buffer_bytes(&raw), &key, &err), &err);
    return key;
}

#define assert_hex(actual, text)                                           \
    do {                                                                   \
        BL_AUTO(bulla_buffer) vector_expected_ = from_hex(text);           \
        assert_bytes_equal(actual, bulla_buffer_bytes(&vector_expected_)); \
    } while (0)

#endif

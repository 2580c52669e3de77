/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cose_sign1.h"

#include "base/memory.h"

static const char where[] = "COSE_Sign1";

static enum bl_cose_algorithm
algorithm_of(const struct bl_key *key)
{
    switch (bl_key_kind(key)) {
    case BL_KEY_ED25519:
        return BL_COSE_EDDSA;
    case BL_KEY_P256:
        return BL_COSE_ES256;
    case BL_KEY_P384:
        return BL_COSE_ES384;
    case BL_KEY_NONE:
    case BL_KEY_X25519:
    case BL_KEY_RSA:
        break;
    }
    return BL_COSE_NONE;
}

enum bulla_status
bl_cose_sign1_sign(const struct bl_key *key, const struct bl_cose_context *context,
                   struct bulla_bytes key_id, struct bulla_bytes payload,
                   struct bulla_buffer *bytes_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) protected = { 0 };
    BL_AUTO(bulla_buffer) to_sign = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    if (algorithm_of(key) == BL_COSE_NONE)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a key of this kind does not sign", 0);
    if (key_id.size > BL_COSE_KEY_ID_SIZE_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "key identifier too long", 0);
    BL_TRY(bl_cose_protected(algorithm_of(key), context->content_type, &protected, err));
    BL_TRY(bl_cose_sig_structure(bulla_buffer_bytes(&protected), context->external_aad, payload,
                                 &to_sign, err));
    struct bulla_bytes part = bulla_buffer_bytes(&to_sign);
    BL_TRY(bl_key_sign(key, &part, 1, &signature, err));

    struct bl_cose_sign1 message = { .protected = bulla_buffer_bytes(&protected),
                                     .key_id = key_id,
                                     .payload = payload,
                                     .signature = bulla_buffer_bytes(&signature) };
    BL_TRY(bl_cose_sign1_encode(&message, &bytes, err));
    return bulla_buffer_append(bytes_out, bulla_buffer_bytes(&bytes), err);
}

enum bulla_status
bl_cose_message_verify(const struct bl_key *key, struct bulla_bytes external_aad,
                       const struct bl_cose_sign1 *message, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) signed_bytes = { 0 };

    if (message->algorithm == BL_COSE_NONE || message->algorithm != algorithm_of(key))
        return bulla_fail(err, BULLA_E_SIGNATURE, where, "an algorithm that is not the key's", 0);
    BL_TRY(bl_cose_sig_structure(message->protected, external_aad, message->payload, &signed_bytes,
                                 err));
    struct bulla_bytes part = bulla_buffer_bytes(&signed_bytes);
    return bl_key_verify(key, &part, 1, message->signature, err);
}

enum bulla_status
bl_cose_sign1_verify(const struct bl_key *key, const struct bl_cose_context *context,
                     struct bulla_bytes bytes, struct bl_cose_sign1 *message_out,
                     struct bulla_error *err)
{
    struct bl_cose_sign1 message = { 0 };

    BL_TRY(bl_cose_sign1_decode(bytes, &message, err));
    BL_TRY(bl_cose_message_verify(key, context->external_aad, &message, err));
    if (!bl_equal(message.content_type, context->content_type))
        return bulla_fail(err, BULLA_E_MISMATCH, where, "another content type", 0);
    *message_out = message;
    return BULLA_OK;
}

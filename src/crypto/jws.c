/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/jws.h"

#include <string.h>

#include "base/memory.h"
#include "codec/base64.h"
#include "codec/json.h"

static const char where[] = "JWS";

/* RFC 7518 section 3.1. */
static const char *
algorithm_of(const struct bl_key *key)
{
    switch (bl_key_kind(key)) {
    case BL_KEY_P256:
        return "ES256";
    case BL_KEY_P384:
        return "ES384";
    case BL_KEY_NONE:
    case BL_KEY_ED25519:
    case BL_KEY_X25519:
    case BL_KEY_RSA:
        break;
    }
    return NULL;
}

static enum bulla_status
write_header(const char *algorithm, const char *type, struct bulla_buffer *out,
             struct bulla_error *err)
{
    struct bl_json_writer j = bl_json_writer(out);

    bl_json_open_object(&j, NULL);
    bl_json_write_word(&j, "alg", algorithm);
    bl_json_write_word(&j, "typ", type);
    bl_json_close(&j);
    return bl_json_finish(&j, err);
}

enum bulla_status
bl_jws_sign(const struct bl_key *key, const char *type, struct bulla_bytes payload,
            struct bulla_buffer *text_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) header = { 0 };
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };

    if (algorithm_of(key) == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a key of this kind does not sign", 0);
    BL_TRY(write_header(algorithm_of(key), type, &header, err));
    BL_TRY(bl_base64_encode(BL_BASE64_URL, bulla_buffer_bytes(&header), &text, err));
    BL_TRY(bulla_buffer_append(&text, BL_LITERAL("."), err));
    BL_TRY(bl_base64_encode(BL_BASE64_URL, payload, &text, err));
    struct bulla_bytes part = bulla_buffer_bytes(&text);
    BL_TRY(bl_key_sign(key, &part, 1, &signature, err));
    BL_TRY(bulla_buffer_append(&text, BL_LITERAL("."), err));
    BL_TRY(bl_base64_encode(BL_BASE64_URL, bulla_buffer_bytes(&signature), &text, err));
    return bulla_buffer_append(text_out, bulla_buffer_bytes(&text), err);
}

struct parts {
    struct bulla_bytes header, payload, signature, to_sign;
};

static enum bulla_status
split(struct bulla_bytes text, struct parts *parts, struct bulla_error *err)
{
    const uint8_t *first = text.size == 0 ? NULL : memchr(text.data, '.', text.size);
    size_t at = first == NULL ? text.size : (size_t)(first - text.data) + 1;
    const uint8_t *second = at == text.size ? NULL : memchr(text.data + at, '.', text.size - at);

    if (second == NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "not of three parts", 0);
    size_t end = (size_t)(second - text.data);
    parts->header = (struct bulla_bytes){ text.data, at - 1 };
    parts->payload = (struct bulla_bytes){ text.data + at, end - at };
    parts->to_sign = (struct bulla_bytes){ text.data, end };
    parts->signature = (struct bulla_bytes){ second + 1, text.size - end - 1 };
    return BULLA_OK;
}

/* A header says how the signature was made, never who made it. */
static enum bulla_status
check_header(const struct bl_key *key, struct bulla_bytes encoded, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO_FREE(bl_json) header = NULL;
    const struct bl_json *value = NULL;
    struct bulla_bytes algorithm;

    BL_TRY(bl_base64_decode(BL_BASE64_URL, encoded, &text, err));
    BL_TRY(bl_json_parse(bulla_buffer_bytes(&text), where, BL_JWS_HEADER_SIZE_MAX, &header, err));
    BL_TRY(bl_json_as_object(header, where, err));
    if (bl_json_find(header, "crit") != NULL)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "a critical header parameter", 0);
    BL_TRY(bl_json_require(header, "alg", &value, err));
    BL_TRY(bl_json_as_text(value, "alg", 16, &algorithm, err));
    const char *own = algorithm_of(key);
    if (own == NULL ||
        !bl_equal(algorithm, (struct bulla_bytes){ (const uint8_t *)own, strlen(own) }))
        return bulla_fail(err, BULLA_E_SIGNATURE, where, "an algorithm that is not the key's", 0);
    return BULLA_OK;
}

enum bulla_status
bl_jws_verify(const struct bl_key *key, struct bulla_bytes text, struct bulla_buffer *payload_out,
              struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) signature = { 0 };
    struct parts parts = { 0 };

    BL_TRY(split(text, &parts, err));
    BL_TRY(check_header(key, parts.header, err));
    BL_TRY(bl_base64_decode(BL_BASE64_URL, parts.signature, &signature, err));
    BL_TRY(bl_key_verify(key, &parts.to_sign, 1, bulla_buffer_bytes(&signature), err));
    return bl_base64_decode(BL_BASE64_URL, parts.payload, payload_out, err);
}

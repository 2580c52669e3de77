/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64.h"

#define PADDING '='

static const char where[] = "Base64 text";

static char
last_characters(enum bl_base64 alphabet, unsigned value)
{
    if (alphabet == BL_BASE64_URL)
        return value == 62 ? '-' : '_';
    return value == 62 ? '+' : '/';
}

/* All ones if low <= c <= high, else zero; without a branch. */
static unsigned
range_mask(unsigned c, unsigned low, unsigned high)
{
    return 0u - (((c - low) | (high - c)) >> 31 ^ 1u);
}

static uint8_t
character_of(enum bl_base64 alphabet, unsigned value)
{
    unsigned c = range_mask(value, 0, 25) & (value + 'A');

    c |= range_mask(value, 26, 51) & (value - 26 + 'a');
    c |= range_mask(value, 52, 61) & (value - 52 + '0');
    c |= range_mask(value, 62, 62) & (unsigned)last_characters(alphabet, 62);
    c |= range_mask(value, 63, 63) & (unsigned)last_characters(alphabet, 63);
    return (uint8_t)c;
}

/* 0 to 63, or a value with higher bits set. */
static unsigned
value_of(enum bl_base64 alphabet, unsigned c)
{
    unsigned c62 = (unsigned)last_characters(alphabet, 62);
    unsigned c63 = (unsigned)last_characters(alphabet, 63);
    unsigned known = 0, value = 0;

    value |= range_mask(c, 'A', 'Z') & (c - 'A');
    value |= range_mask(c, 'a', 'z') & (c - 'a' + 26);
    value |= range_mask(c, '0', '9') & (c - '0' + 52);
    value |= range_mask(c, c62, c62) & 62;
    value |= range_mask(c, c63, c63) & 63;
    known |= range_mask(c, 'A', 'Z') | range_mask(c, 'a', 'z') | range_mask(c, '0', '9');
    known |= range_mask(c, c62, c62) | range_mask(c, c63, c63);
    return value | ~known;
}

static size_t
encoded_size(enum bl_base64 alphabet, size_t size)
{
    size_t rest = size % 3;

    if (alphabet == BL_BASE64_STANDARD)
        return (size + 2) / 3 * 4;
    return size / 3 * 4 + (rest == 0 ? 0 : rest + 1);
}

static void
encode(enum bl_base64 alphabet, struct bulla_bytes bytes, uint8_t *text)
{
    size_t at = 0;

    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t size = bytes.size - i < 3 ? bytes.size - i : 3;
        unsigned group = (unsigned)bytes.data[i] << 16;
        group |= size > 1 ? (unsigned)bytes.data[i + 1] << 8 : 0;
        group |= size > 2 ? bytes.data[i + 2] : 0;
        for (size_t j = 0; j <= size; j++)
            text[at++] = character_of(alphabet, group >> (18 - 6 * j) & 63);
        for (size_t j = size; j < 3 && alphabet == BL_BASE64_STANDARD; j++)
            text[at++] = PADDING;
    }
}

/* `text` without its padding, which must be the right one. */
static enum bulla_status
without_padding(enum bl_base64 alphabet, struct bulla_bytes *text, struct bulla_error *err)
{
    if (alphabet == BL_BASE64_STANDARD) {
        if (text->size % 4 != 0)
            return bulla_fail(err, BULLA_E_MALFORMED, where, "not a multiple of four characters",
                              text->size);
        for (int i = 0; i < 2 && text->size > 0 && text->data[text->size - 1] == PADDING; i++)
            text->size--;
    }
    if (text->size % 4 == 1)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "one character too many or too few",
                          text->size);
    return BULLA_OK;
}

/* text.size / 4 * 3 bytes, and one less than the characters that are left over. */
static size_t
decoded_size(struct bulla_bytes text)
{
    return text.size / 4 * 3 + (text.size % 4 == 0 ? 0 : text.size % 4 - 1);
}

static enum bulla_status
decode(enum bl_base64 alphabet, struct bulla_bytes text, uint8_t *bytes, struct bulla_error *err)
{
    size_t at = 0;

    for (size_t i = 0; i < text.size; i += 4) {
        size_t size = text.size - i < 4 ? text.size - i : 4;
        unsigned group = 0, wrong = 0;
        for (size_t j = 0; j < size; j++) {
            unsigned value = value_of(alphabet, text.data[i + j]);
            wrong |= value >> 6;
            group |= (value & 63) << (18 - 6 * j);
        }
        if (wrong != 0)
            return bulla_fail(err, BULLA_E_MALFORMED, where, "character outside the alphabet", i);
        for (size_t j = 0; j + 1 < size; j++)
            bytes[at++] = (uint8_t)(group >> (16 - 8 * j));
        if (size < 4 && (group & (0xffffffu >> (8 * (size - 1)))) != 0)
            return bulla_fail(err, BULLA_E_MALFORMED, where, "bits after the last byte", i);
    }
    return BULLA_OK;
}

enum bulla_status
bl_base64_encode(enum bl_base64 alphabet, struct bulla_bytes bytes, struct bulla_buffer *text_out,
                 struct bulla_error *err)
{
    uint8_t *text = NULL;

    if (bytes.size > BL_BUFFER_SIZE_MAX / 2)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too long", 0);
    BL_TRY(bulla_buffer_extend(text_out, encoded_size(alphabet, bytes.size), &text, err));
    encode(alphabet, bytes, text);
    return BULLA_OK;
}

enum bulla_status
bl_base64_decode(enum bl_base64 alphabet, struct bulla_bytes text, struct bulla_buffer *bytes_out,
                 struct bulla_error *err)
{
    size_t before = bytes_out->size;
    uint8_t *bytes = NULL;

    BL_TRY(without_padding(alphabet, &text, err));
    BL_TRY(bulla_buffer_extend(bytes_out, decoded_size(text), &bytes, err));
    enum bulla_status status = decode(alphabet, text, bytes, err);
    if (status != BULLA_OK)
        bytes_out->size = before;
    return status;
}

enum bulla_status
bl_base64_encode_secret(enum bl_base64 alphabet, struct bulla_bytes bytes,
                        struct bl_secret *text_out, struct bulla_error *err)
{
    if (bytes.size > BL_SECRET_SIZE_MAX / 2)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too long", 0);
    BL_TRY(bl_secret_new(text_out, encoded_size(alphabet, bytes.size), err));
    encode(alphabet, bytes, text_out->data);
    return BULLA_OK;
}

enum bulla_status
bl_base64_decode_secret(enum bl_base64 alphabet, struct bulla_bytes text,
                        struct bl_secret *bytes_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) bytes = { 0 };

    BL_TRY(without_padding(alphabet, &text, err));
    if (text.size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "empty", 0);
    BL_TRY(bl_secret_new(&bytes, decoded_size(text), err));
    BL_TRY(decode(alphabet, text, bytes.data, err));
    *bytes_out = bl_secret_take(&bytes);
    return BULLA_OK;
}

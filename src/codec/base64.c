/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64.h"

#include <string.h>

#include "base/memory.h"

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

#define CHUNK_SIZE 64 /* characters: a number that compilers make vectors of */

/* All ones if low <= c <= high, else zero; in bytes, so that many go at once. */
static inline uint8_t
byte_mask(uint8_t c, uint8_t low, uint8_t high)
{
    return (uint8_t)(0u - (unsigned)((uint8_t)(c - low) <= (uint8_t)(high - low)));
}

/* Of each character its value, 0 to 63; the result has a bit above these if one is none. */
static uint8_t
values_of(enum bl_base64 alphabet, const uint8_t text[CHUNK_SIZE], uint8_t values[CHUNK_SIZE])
{
    const uint8_t c62 = (uint8_t)last_characters(alphabet, 62);
    const uint8_t c63 = (uint8_t)last_characters(alphabet, 63);
    uint8_t wrong = 0;

    for (size_t i = 0; i < CHUNK_SIZE; i++) {
        const uint8_t c = text[i];
        const uint8_t upper = byte_mask(c, 'A', 'Z'), lower = byte_mask(c, 'a', 'z'),
                      digit = byte_mask(c, '0', '9'), is62 = byte_mask(c, c62, c62),
                      is63 = byte_mask(c, c63, c63);
        values[i] = (uint8_t)((upper & (c - 'A')) | (lower & (c - 'a' + 26)) |
                              (digit & (c - '0' + 52)) | (is62 & 62) | (is63 & 63));
        wrong |= (uint8_t) ~(upper | lower | digit | is62 | is63);
    }
    return wrong;
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

/* Groups of four values to three bytes; of the last group `rest` characters count, unless that is 0. Not
 * 0 if a bit is set behind the last byte. */
static unsigned
join(const uint8_t *values, size_t whole, size_t rest, uint8_t *bytes)
{
    unsigned left_over = 0;

    for (size_t i = 0; i < whole + (rest != 0 ? 4 : 0); i += 4) {
        const unsigned group = (unsigned)values[i] << 18 | (unsigned)values[i + 1] << 12 |
                               (unsigned)values[i + 2] << 6 | values[i + 3];
        const size_t size = i < whole ? 4 : rest;
        for (size_t j = 0; j + 1 < size; j++)
            *bytes++ = (uint8_t)(group >> (16 - 8 * j));
        if (size < 4)
            left_over = group & (0xffffffu >> (8 * (size - 1)));
    }
    return left_over;
}

/* At most a chunk, of which the last four characters may be fewer. */
static enum bulla_status
decode_chunk(enum bl_base64 alphabet, struct bulla_bytes text, uint8_t *bytes,
             struct bulla_error *err)
{
    uint8_t padded[CHUNK_SIZE], values[CHUNK_SIZE];
    const size_t rest = text.size % 4;

    memset(padded, 'A', sizeof padded);
    memcpy(padded, text.data, text.size);
    const uint8_t wrong = values_of(alphabet, padded, values);
    const unsigned left_over = join(values, text.size - rest, rest, bytes);
    bl_wipe(padded, sizeof padded);
    bl_wipe(values, sizeof values);
    if (wrong != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "character outside the alphabet", 0);
    if (left_over != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "bits after the last byte", 0);
    return BULLA_OK;
}

static enum bulla_status
decode(enum bl_base64 alphabet, struct bulla_bytes text, uint8_t *bytes, struct bulla_error *err)
{
    for (size_t at = 0; at < text.size; at += CHUNK_SIZE) {
        const size_t left = text.size - at;
        const struct bulla_bytes chunk = { text.data + at, left < CHUNK_SIZE ? left : CHUNK_SIZE };
        BL_TRY(decode_chunk(alphabet, chunk, bytes + at / 4 * 3, err));
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

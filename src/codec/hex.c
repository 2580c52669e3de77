/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/hex.h"

#include <string.h>

enum bulla_status
bl_hex_encode(struct bulla_bytes bytes, struct bulla_buffer *text_out, struct bulla_error *err)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *text = NULL;

    if (bytes.size > BL_BUFFER_SIZE_MAX / 2)
        return bulla_fail(err, BULLA_E_LIMIT, "hexadecimal text", "too long", 0);
    BL_TRY(bulla_buffer_extend(text_out, 2 * bytes.size, &text, err));
    for (size_t i = 0; i < bytes.size; i++) {
        text[2 * i] = (uint8_t)digits[bytes.data[i] >> 4];
        text[2 * i + 1] = (uint8_t)digits[bytes.data[i] & 0x0f];
    }
    return BULLA_OK;
}

/* 0 to 15, or -1. */
static int
digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum bulla_status
bl_hex_decode(struct bulla_bytes text, struct bulla_buffer *bytes_out, struct bulla_error *err)
{
    size_t before = bytes_out->size;
    uint8_t *bytes = NULL;

    if (text.size % 2 != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "hexadecimal text", "odd number of digits",
                          text.size);
    BL_TRY(bulla_buffer_extend(bytes_out, text.size / 2, &bytes, err));
    for (size_t i = 0; i < text.size / 2; i++) {
        int high = digit_value(text.data[2 * i]);
        int low = digit_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            bytes_out->size = before;
            return bulla_fail(err, BULLA_E_MALFORMED, "hexadecimal text", "not a hexadecimal digit",
                              2 * i + (high < 0 ? 0 : 1));
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return BULLA_OK;
}

enum bulla_status
bl_hex_decode_exact(struct bulla_bytes text, uint8_t *out, size_t size, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };

    if (text.size / 2 != size)
        return bulla_fail(err, BULLA_E_MALFORMED, "hexadecimal text", "wrong length", text.size);
    BL_TRY(bl_hex_decode(text, &bytes, err));
    if (size > 0)
        memcpy(out, bytes.data, size);
    return BULLA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/utf8.h"

/* Unicode 15, table 3-7: a lead byte settles the length and the range of the byte after it. */
static const struct {
    uint8_t lead_min, lead_max;
    uint8_t second_min, second_max;
    uint8_t size; /* bytes of the whole character */
    uint8_t lead_mask;
} forms[] = {
    { 0xc2, 0xdf, 0x80, 0xbf, 2, 0x1f }, { 0xe0, 0xe0, 0xa0, 0xbf, 3, 0x0f },
    { 0xe1, 0xec, 0x80, 0xbf, 3, 0x0f }, { 0xed, 0xed, 0x80, 0x9f, 3, 0x0f },
    { 0xee, 0xef, 0x80, 0xbf, 3, 0x0f }, { 0xf0, 0xf0, 0x90, 0xbf, 4, 0x07 },
    { 0xf1, 0xf3, 0x80, 0xbf, 4, 0x07 }, { 0xf4, 0xf4, 0x80, 0x8f, 4, 0x07 },
};

size_t
bl_utf8_next(struct bulla_bytes text, uint32_t *character_out)
{
    if (text.size == 0)
        return 0;
    uint8_t lead = text.data[0];
    if (lead < 0x80) {
        *character_out = lead;
        return 1;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (lead < forms[i].lead_min || lead > forms[i].lead_max)
            continue;
        if (text.size < forms[i].size || text.data[1] < forms[i].second_min ||
            text.data[1] > forms[i].second_max)
            return 0;
        uint32_t character = (uint32_t)(lead & forms[i].lead_mask) << 6 | (text.data[1] & 0x3f);
        for (size_t at = 2; at < forms[i].size; at++) {
            if ((text.data[at] & 0xc0) != 0x80)
                return 0;
            character = character << 6 | (text.data[at] & 0x3f);
        }
        *character_out = character;
        return forms[i].size;
    }
    return 0;
}

size_t
bl_utf8_valid_size(struct bulla_bytes text)
{
    size_t at = 0;

    while (at < text.size) {
        uint32_t character = 0;
        size_t size =
            bl_utf8_next((struct bulla_bytes){ text.data + at, text.size - at }, &character);
        if (size == 0)
            break;
        at += size;
    }
    return at;
}

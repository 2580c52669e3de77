/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/oid.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"

static const char where[] = "object identifier";

/* A number of any size that fits: groups of seven bits, the lowest first. UUIDs are written as one. */
struct number {
    uint8_t groups[BL_OID_SIZE_MAX];
    size_t size; /* groups in use, at least one */
};

/* number = factor * number + addend; false if it does not fit. */
static bool
scale(struct number *number, unsigned factor, unsigned addend)
{
    unsigned carry = addend;

    for (size_t i = 0; i < number->size; i++) {
        carry += factor * number->groups[i];
        number->groups[i] = (uint8_t)(carry & 0x7f);
        carry >>= 7;
    }
    for (; carry > 0; carry >>= 7) {
        if (number->size == sizeof number->groups)
            return false;
        number->groups[number->size++] = (uint8_t)(carry & 0x7f);
    }
    return true;
}

/* Digits without leading zeros; false at anything else. */
static bool
take_number(const char **text, struct number *number_out)
{
    const char *at = *text;

    *number_out = (struct number){ .size = 1 };
    if (*at < '0' || *at > '9' || (at[0] == '0' && at[1] >= '0' && at[1] <= '9'))
        return false;
    for (; *at >= '0' && *at <= '9'; at++)
        if (!scale(number_out, 10, (unsigned)(*at - '0')))
            return false;
    *text = at;
    return true;
}

/* The first two numbers share one: 40 times the first, and the second, which is then below 40 unless
 * the first is 2. */
static bool
take_first(const char **text, struct number *number_out)
{
    struct number root;

    return take_number(text, &root) && root.size == 1 && root.groups[0] <= 2 && *(*text)++ == '.' &&
           take_number(text, number_out) &&
           (root.groups[0] == 2 || (number_out->size == 1 && number_out->groups[0] < 40)) &&
           scale(number_out, 1, 40u * root.groups[0]);
}

size_t
bl_oid_from_text(const char *text, uint8_t content_out[BL_OID_SIZE_MAX])
{
    struct number number;
    size_t size = 0;
    bool is_one = take_first(&text, &number);

    while (is_one && number.size <= BL_OID_SIZE_MAX - size) {
        for (size_t i = number.size; i-- > 0;)
            content_out[size++] = (uint8_t)(number.groups[i] | (i > 0 ? 0x80u : 0u));
        if (*text == '\0')
            return size;
        is_one = *text++ == '.' && take_number(&text, &number);
    }
    return 0;
}

bool
bl_oid_is(struct bulla_bytes content, const char *text)
{
    uint8_t wanted[BL_OID_SIZE_MAX];
    const size_t size = bl_oid_from_text(text, wanted);

    return size > 0 && bl_equal(content, (struct bulla_bytes){ wanted, size });
}

static enum bulla_status
append_number(struct bulla_buffer *out, const char *before, uint64_t number,
              struct bulla_error *err)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%s%" PRIu64, before, number);

    return bulla_buffer_append(out, (struct bulla_bytes){ (const uint8_t *)text, (size_t)size },
                               err);
}

/* The first two numbers share one: 40 times the first, and the second. */
static enum bulla_status
append_component(struct bulla_buffer *out, bool is_first, uint64_t number, struct bulla_error *err)
{
    if (!is_first)
        return append_number(out, ".", number, err);
    const uint64_t root = number < 80 ? number / 40 : 2;
    BL_TRY(append_number(out, "", root, err));
    return append_number(out, ".", number - 40 * root, err);
}

enum bulla_status
bl_oid_to_text(struct bulla_bytes content, struct bulla_buffer *text_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    uint64_t number = 0;
    bool is_inside = false;

    if (content.size == 0 || content.size > BL_OID_SIZE_MAX ||
        (content.data[content.size - 1] & 0x80) != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "not one", content.size);
    for (size_t i = 0; i < content.size; i++) {
        const uint8_t byte = content.data[i];
        if (!is_inside && byte == 0x80)
            return bulla_fail(err, BULLA_E_MALFORMED, where, "a number not in the fewest bytes", i);
        if (number > UINT64_MAX >> 7)
            return bulla_fail(err, BULLA_E_LIMIT, where, "a number is too large", i);
        number = number << 7 | (byte & 0x7fu);
        is_inside = (byte & 0x80) != 0;
        if (is_inside)
            continue;
        BL_TRY(append_component(&text, text.size == 0, number, err));
        number = 0;
    }
    return bulla_buffer_append(text_out, bulla_buffer_bytes(&text), err);
}

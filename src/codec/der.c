/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/der.h"

#include <string.h>

#define TAG_NUMBER 0x1f /* these five bits all set announce a tag number above 30 */
#define TAG_CONSTRUCTED 0x20
#define LENGTH_LONG 0x80
#define LENGTH_BYTES_MAX 4 /* 4 GiB: more than we hold */

static const struct bulla_bytes nothing = { NULL, 0 };

/* The item at the cursor: its tag, and content that is there. */
struct item {
    uint8_t tag;
    size_t head_size;    /* bytes */
    size_t content_size; /* bytes */
};

/* X.690 sections 8.1.3 and 10.1: definite, in the fewest bytes. NULL, or what is wrong. */
static const char *
peek_item(const struct bl_reader *r, struct item *item)
{
    size_t left = bl_reader_left(r);

    if (left < 2)
        return "too short";
    const uint8_t *at = r->input.data + r->offset;
    if ((at[0] & TAG_NUMBER) == TAG_NUMBER)
        return "tag number above 30";
    *item = (struct item){ .tag = at[0], .head_size = 2, .content_size = at[1] };
    if (at[1] >= LENGTH_LONG) {
        size_t bytes = at[1] & 0x7f;
        if (bytes == 0)
            return "indefinite length";
        if (bytes > LENGTH_BYTES_MAX)
            return "length of too many bytes";
        if (left < 2 + bytes)
            return "too short";
        item->content_size = 0;
        for (size_t i = 0; i < bytes; i++)
            item->content_size = item->content_size << 8 | at[2 + i];
        if (at[2] == 0 || item->content_size < LENGTH_LONG)
            return "length not in the fewest bytes";
        item->head_size += bytes;
    }
    if (item->content_size > left - item->head_size)
        return "too short";
    return NULL;
}

bool
bl_der_next_is(const struct bl_reader *r, uint8_t tag)
{
    return r->failed == NULL && bl_reader_left(r) > 0 && r->input.data[r->offset] == tag;
}

struct bulla_bytes
bl_der_read(struct bl_reader *r, uint8_t tag)
{
    struct item item = { 0 };

    if (r->failed != NULL)
        return nothing;
    const char *wrong = peek_item(r, &item);
    if (wrong == NULL && item.tag != tag)
        wrong = "another tag";
    if (wrong != NULL) {
        bl_reader_fail(r, wrong);
        return nothing;
    }
    bl_skip(r, item.head_size);
    return bl_read_view(r, item.content_size);
}

struct bl_reader
bl_der_enter(struct bl_reader *r, uint8_t tag, const char *where)
{
    struct bl_reader part = bl_reader(bl_der_read(r, tag), where);

    part.failed = r->failed;
    return part;
}

/* Recursion is bounded by BL_DER_DEPTH_MAX. Failures inside are those of the whole. */
static void
skip_item(struct bl_reader *r, unsigned depth)
{
    struct item item = { 0 };
    const char *wrong = peek_item(r, &item);

    if (wrong == NULL && depth == BL_DER_DEPTH_MAX)
        wrong = "nested too deeply";
    if (wrong != NULL) {
        bl_reader_fail(r, wrong);
        return;
    }
    if ((item.tag & TAG_CONSTRUCTED) == 0) {
        bl_skip(r, item.head_size + item.content_size);
        return;
    }
    bl_skip(r, item.head_size);
    struct bl_reader inside = bl_reader(bl_read_view(r, item.content_size), r->where);
    while (inside.failed == NULL && bl_reader_left(&inside) > 0)
        skip_item(&inside, depth + 1);
    if (inside.failed != NULL)
        bl_reader_fail(r, inside.failed);
}

struct bulla_bytes
bl_der_skip(struct bl_reader *r)
{
    size_t start = r->offset;

    if (r->failed == NULL)
        skip_item(r, 0);
    if (r->failed != NULL) {
        r->offset = start;
        return nothing;
    }
    return (struct bulla_bytes){ r->input.data + start, r->offset - start };
}

/* Content of an item, settled by `wrong`: NULL, or what is wrong, which puts the cursor back. */
static struct bulla_bytes
settle(struct bl_reader *r, size_t start, struct bulla_bytes content, const char *wrong)
{
    if (r->failed == NULL && wrong == NULL)
        return content;
    bl_reader_fail(r, wrong);
    r->offset = start;
    return nothing;
}

bool
bl_der_read_bool(struct bl_reader *r)
{
    size_t start = r->offset;
    struct bulla_bytes content = bl_der_read(r, BL_DER_BOOLEAN);
    bool fits = content.size == 1 && (content.data[0] == 0x00 || content.data[0] == 0xff);

    content = settle(r, start, content, fits ? NULL : "not 00 or ff");
    return content.size == 1 && content.data[0] == 0xff;
}

void
bl_der_read_null(struct bl_reader *r)
{
    size_t start = r->offset;
    struct bulla_bytes content = bl_der_read(r, BL_DER_NULL);

    (void)settle(r, start, content, content.size == 0 ? NULL : "NULL with content");
}

/* X.690 section 8.3.2: the first nine bits are neither all ones nor all zero. */
static const char *
check_unsigned(struct bulla_bytes content)
{
    if (content.size == 0)
        return "INTEGER without content";
    if (content.data[0] >= 0x80)
        return "negative INTEGER";
    if (content.size > 1 && content.data[0] == 0 && content.data[1] < 0x80)
        return "INTEGER not in the fewest bytes";
    return NULL;
}

struct bulla_bytes
bl_der_read_unsigned(struct bl_reader *r, size_t size_max)
{
    size_t start = r->offset;
    struct bulla_bytes content = bl_der_read(r, BL_DER_INTEGER);

    content = settle(r, start, content, check_unsigned(content));
    if (content.size > 1 && content.data[0] == 0) {
        content.data++;
        content.size--;
    }
    return settle(r, start, content, content.size > size_max ? "INTEGER too large" : NULL);
}

uint64_t
bl_der_read_u64(struct bl_reader *r)
{
    struct bulla_bytes magnitude = bl_der_read_unsigned(r, 8);
    uint64_t value = 0;

    for (size_t i = 0; i < magnitude.size; i++)
        value = value << 8 | magnitude.data[i];
    return value;
}

/* X.690 section 8.19: arcs in base 128, whose first byte is never 80 and whose last is below 80. */
static const char *
check_oid(struct bulla_bytes content)
{
    bool starts_arc = true;

    for (size_t i = 0; i < content.size; i++) {
        if (starts_arc && content.data[i] == 0x80)
            return "OBJECT IDENTIFIER not in the fewest bytes";
        starts_arc = content.data[i] < 0x80;
    }
    return content.size == 0 || !starts_arc ? "OBJECT IDENTIFIER cut off" : NULL;
}

struct bulla_bytes
bl_der_read_oid(struct bl_reader *r)
{
    size_t start = r->offset;
    struct bulla_bytes content = bl_der_read(r, BL_DER_OID);

    return settle(r, start, content, check_oid(content));
}

struct bulla_bytes
bl_der_read_octets(struct bl_reader *r, size_t size_max)
{
    size_t start = r->offset;
    struct bulla_bytes content = bl_der_read(r, BL_DER_OCTET_STRING);

    return settle(r, start, content, content.size > size_max ? "OCTET STRING too long" : NULL);
}

struct bulla_bytes
bl_der_read_bits(struct bl_reader *r, size_t size_max)
{
    size_t start = r->offset;
    struct bulla_bytes content = bl_der_read(r, BL_DER_BIT_STRING);
    bool whole = content.size > 0 && content.data[0] == 0;

    content = settle(r, start, content, whole ? NULL : "BIT STRING not of whole bytes");
    if (content.size > 0) {
        content.data++;
        content.size--;
    }
    return settle(r, start, content, content.size > size_max ? "BIT STRING too long" : NULL);
}

/* X.690 sections 8.6.2 and 11.2: unused bits are zero, and named bits end with a one. */
static const char *
check_named_bits(struct bulla_bytes content)
{
    if (content.size == 0 || content.size > 1 + 4 || content.data[0] > 7)
        return "not a BIT STRING of at most 32 bits";
    if (content.size == 1)
        return content.data[0] == 0 ? NULL : "not a BIT STRING of at most 32 bits";
    unsigned last = content.data[content.size - 1];
    if ((last & ((1u << (content.data[0] + 1)) - 1)) != 1u << content.data[0])
        return "BIT STRING with bits after its last one";
    return NULL;
}

uint32_t
bl_der_read_named_bits(struct bl_reader *r)
{
    size_t start = r->offset;
    struct bulla_bytes content = bl_der_read(r, BL_DER_BIT_STRING);
    uint32_t bits = 0;

    content = settle(r, start, content, check_named_bits(content));
    for (size_t i = 1; i < content.size; i++)
        bits |= (uint32_t)content.data[i] << (32 - 8 * i);
    return bits;
}

/* Two decimal digits, or a value that no field of a date has. */
static unsigned
two_digits(const uint8_t *text)
{
    unsigned high = text[0] - (unsigned)'0', low = text[1] - (unsigned)'0';

    return high > 9 || low > 9 ? 100 : 10 * high + low;
}

static bool
is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01 to the first day of the year; years 0 to 9999. */
static int64_t
days_before_year(unsigned year)
{
    int64_t y = (int64_t)year - 1;
    int64_t leap_days = y < 0 ? -1 : y / 4 - y / 100 + y / 400;

    return 365 * ((int64_t)year - 1970) + leap_days - 477; /* leap days before 1970 */
}

/* `text` is MMDDHHMMSSZ. */
static const char *
parse_time(unsigned year, const uint8_t *text, int64_t *time_s)
{
    static const unsigned month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    unsigned month = two_digits(text), day = two_digits(text + 2);
    unsigned hour = two_digits(text + 4), minute = two_digits(text + 6);
    unsigned second = two_digits(text + 8);

    if (text[10] != 'Z' || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59)
        return "not a time as RFC 5280 has it";
    unsigned days_in_month = month_days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
    if (day < 1 || day > days_in_month)
        return "a day that does not exist";
    int64_t days = days_before_year(year) + day - 1;
    for (unsigned m = 1; m < month; m++)
        days += month_days[m - 1] + (m == 2 && is_leap(year) ? 1 : 0);
    *time_s = ((days * 24 + hour) * 60 + minute) * 60 + second;
    return NULL;
}

int64_t
bl_der_read_time_s(struct bl_reader *r)
{
    size_t start = r->offset;
    bool general = bl_der_next_is(r, BL_DER_GENERALIZED_TIME);
    struct bulla_bytes text = bl_der_read(r, general ? BL_DER_GENERALIZED_TIME : BL_DER_UTC_TIME);
    const char *wrong = "not a time as RFC 5280 has it";
    int64_t time_s = 0;

    if (general && text.size == 15) {
        unsigned century = two_digits(text.data), year = two_digits(text.data + 2);
        if (century < 100 && year < 100)
            wrong = parse_time(100 * century + year, text.data + 4, &time_s);
    } else if (!general && text.size == 13) {
        unsigned year = two_digits(text.data);
        if (year < 100) /* RFC 5280 section 4.1.2.5.1 */
            wrong = parse_time(year + (year < 50 ? 2000 : 1900), text.data + 2, &time_s);
    }
    (void)settle(r, start, text, wrong);
    return r->failed == NULL ? time_s : 0;
}

/* The length of an item; its bytes in `out`, how many are returned. */
static size_t
encode_length(size_t length, uint8_t out[1 + LENGTH_BYTES_MAX])
{
    size_t bytes = 0;

    if (length < LENGTH_LONG) {
        out[0] = (uint8_t)length;
        return 1;
    }
    for (size_t rest = length; rest > 0; rest >>= 8)
        bytes++;
    out[0] = (uint8_t)(LENGTH_LONG | bytes);
    for (size_t i = 0; i < bytes; i++)
        out[bytes - i] = (uint8_t)(length >> (8 * i));
    return 1 + bytes;
}

void
bl_der_write(struct bl_writer *w, uint8_t tag, struct bulla_bytes content)
{
    size_t mark = bl_der_open(w, tag);

    bl_write_bytes(w, content);
    bl_der_close(w, mark);
}

size_t
bl_der_open(struct bl_writer *w, uint8_t tag)
{
    bl_write_u8(w, tag);
    return w->buffer->size;
}

/* Buffers end at BL_BUFFER_SIZE_MAX, so that a length fits into LENGTH_BYTES_MAX. */
void
bl_der_close(struct bl_writer *w, size_t mark)
{
    uint8_t length[1 + LENGTH_BYTES_MAX];

    if (w->status != BULLA_OK)
        return;
    size_t content_size = w->buffer->size - mark;
    size_t size = encode_length(content_size, length);
    bl_write_bytes(w, (struct bulla_bytes){ length, size });
    if (w->status != BULLA_OK)
        return;
    uint8_t *start = w->buffer->data + mark;
    memmove(start + size, start, content_size);
    memcpy(start, length, size);
}

void
bl_der_write_bool(struct bl_writer *w, bool value)
{
    uint8_t content = value ? 0xff : 0x00;

    bl_der_write(w, BL_DER_BOOLEAN, (struct bulla_bytes){ &content, 1 });
}

void
bl_der_write_null(struct bl_writer *w)
{
    bl_der_write(w, BL_DER_NULL, nothing);
}

void
bl_der_write_unsigned(struct bl_writer *w, struct bulla_bytes magnitude)
{
    size_t mark = bl_der_open(w, BL_DER_INTEGER);

    while (magnitude.size > 0 && magnitude.data[0] == 0) {
        magnitude.data++;
        magnitude.size--;
    }
    if (magnitude.size == 0 || magnitude.data[0] >= 0x80)
        bl_write_u8(w, 0);
    bl_write_bytes(w, magnitude);
    bl_der_close(w, mark);
}

void
bl_der_write_bits(struct bl_writer *w, struct bulla_bytes bits)
{
    size_t mark = bl_der_open(w, BL_DER_BIT_STRING);

    bl_write_u8(w, 0);
    bl_write_bytes(w, bits);
    bl_der_close(w, mark);
}

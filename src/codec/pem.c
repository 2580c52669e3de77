/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/pem.h"

#include <string.h>

#include "codec/base64.h"

#define LINE_SIZE 64          /* characters of Base64: RFC 7468 section 2 */
#define WIDE_LINE_SIZE_MAX 76 /* of those that MIME's habits make */
#define LABEL_SIZE_MAX 64     /* bytes: the longest in use, "X509 CRL" and its like, is shorter */

static const char where[] = "PEM text";
static const char begin[] = "-----BEGIN ";
static const char end[] = "-----END ";
static const char dashes[] = "-----";

/* The next line without its end, which must be there or be the end of the text. */
static struct bulla_bytes
read_line(struct bl_reader *r)
{
    size_t left = bl_reader_left(r);
    const uint8_t *start = r->input.data + r->offset;
    const uint8_t *newline = left == 0 ? NULL : memchr(start, '\n', left);

    if (newline == NULL)
        return bl_read_view(r, left);
    struct bulla_bytes line = bl_read_view(r, (size_t)(newline - start));
    bl_skip(r, 1);
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

static bool
take_literal(struct bulla_bytes *line, const char *literal)
{
    size_t size = strlen(literal);

    if (line->size < size || memcmp(line->data, literal, size) != 0)
        return false;
    line->data += size;
    line->size -= size;
    return true;
}

/* The label of a line like "-----BEGIN label-----"; empty if it is no such line. RFC 7468 section
 * 3: printable characters without the dash, and single spaces or dashes only between them. */
static struct bulla_bytes
boundary_label(struct bulla_bytes line, const char *opening)
{
    struct bulla_bytes none = { NULL, 0 };
    size_t tail = strlen(dashes);

    if (!take_literal(&line, opening) || line.size <= tail ||
        memcmp(line.data + line.size - tail, dashes, tail) != 0)
        return none;
    line.size -= tail;
    bool separated = true; /* before the first and after the last character there is nothing */
    for (size_t i = 0; i < line.size; i++) {
        bool separator = line.data[i] == ' ' || line.data[i] == '-';
        if (line.data[i] < 0x20 || line.data[i] > 0x7e || (separator && separated))
            return none;
        separated = separator;
    }
    return separated || line.size > LABEL_SIZE_MAX ? none : line;
}

/* Lines of `width` (0: of the first one's) up to the one that begins with a dash; their bytes, and
 * that line in *after. */
static struct bulla_bytes
read_body(struct bl_reader *r, size_t width, struct bulla_bytes *after)
{
    size_t start = r->offset, stop = start;
    bool short_line = false;

    for (;;) {
        size_t line_start = r->offset;
        if (bl_reader_left(r) == 0) {
            bl_reader_fail(r, "block without its end");
            return (struct bulla_bytes){ NULL, 0 };
        }
        struct bulla_bytes line = read_line(r);
        if (line.size > 0 && line.data[0] == '-') {
            stop = line_start;
            *after = line;
            break;
        }
        if (width == 0 && line.size <= WIDE_LINE_SIZE_MAX)
            width = line.size;
        if (line.size == 0 || line.size > width || short_line) {
            r->offset = line_start;
            bl_reader_fail(r, "line that is not 64 characters long");
            return (struct bulla_bytes){ NULL, 0 };
        }
        short_line = line.size < width;
    }
    return (struct bulla_bytes){ r->input.data + start, stop - start };
}

static bool
next_block(struct bl_reader *r, size_t width, struct bl_pem_block *block_out)
{
    struct bulla_bytes line = { NULL, 0 };
    size_t start = r->offset;

    *block_out = (struct bl_pem_block){ 0 };
    while (r->failed == NULL && line.size == 0 && bl_reader_left(r) > 0) {
        start = r->offset;
        line = read_line(r);
    }
    if (r->failed != NULL || line.size == 0)
        return false;
    struct bl_pem_block block = { .label = boundary_label(line, begin) };
    if (block.label.size == 0) {
        r->offset = start;
        bl_reader_fail(r, "something else than -----BEGIN ...-----");
        return false;
    }
    block.body = read_body(r, width, &line);
    if (r->failed != NULL)
        return false;
    struct bulla_bytes label = boundary_label(line, end);
    if (label.size != block.label.size || memcmp(label.data, block.label.data, label.size) != 0 ||
        block.body.size == 0) {
        r->offset = start;
        bl_reader_fail(r, block.body.size == 0 ? "empty block" : "end without its beginning");
        return false;
    }
    *block_out = block;
    return true;
}

bool
bl_pem_next(struct bl_reader *r, struct bl_pem_block *block_out)
{
    return next_block(r, LINE_SIZE, block_out);
}

bool
bl_pem_next_wide(struct bl_reader *r, struct bl_pem_block *block_out)
{
    return next_block(r, 0, block_out);
}

/* Move the body's characters together; how many there are. `out` has room for all of it. */
static size_t
join_lines(struct bulla_bytes body, uint8_t *out)
{
    size_t size = 0;

    while (body.size > 0) {
        size_t line = body.size < LINE_SIZE ? body.size : LINE_SIZE;
        const uint8_t *newline = memchr(body.data, '\n', body.size);
        if (newline != NULL)
            line = (size_t)(newline - body.data);
        size_t passed = newline != NULL ? line + 1 : line;
        if (line > 0 && body.data[line - 1] == '\r')
            line--;
        memcpy(out + size, body.data, line);
        size += line;
        body.data += passed;
        body.size -= passed;
    }
    return size;
}

enum bulla_status
bl_pem_content(const struct bl_pem_block *block, struct bulla_buffer *bytes_out,
               struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) joined = { 0 };
    uint8_t *text = NULL;

    BL_TRY(bulla_buffer_extend(&joined, block->body.size, &text, err));
    joined.size = join_lines(block->body, text);
    return bl_base64_decode(BL_BASE64_STANDARD, bulla_buffer_bytes(&joined), bytes_out, err);
}

/* The one block of a text that is to have this label. */
static enum bulla_status
only_block(struct bulla_bytes text, const char *label, struct bl_pem_block *block_out,
           struct bulla_error *err)
{
    struct bl_reader r = bl_reader(text, where);
    struct bl_pem_block second;

    if (!bl_pem_next(&r, block_out)) {
        bl_reader_fail(&r, "no block");
        return bl_reader_ok(&r, err);
    }
    struct bulla_bytes found = block_out->label;
    if (found.size != strlen(label) || memcmp(found.data, label, found.size) != 0)
        bl_reader_fail(&r, "block with another label");
    else if (bl_pem_next(&r, &second))
        bl_reader_fail(&r, "more than one block");
    return bl_reader_finish(&r, err);
}

enum bulla_status
bl_pem_decode(struct bulla_bytes text, const char *label, struct bulla_buffer *bytes_out,
              struct bulla_error *err)
{
    struct bl_pem_block block;

    BL_TRY(only_block(text, label, &block, err));
    return bl_pem_content(&block, bytes_out, err);
}

enum bulla_status
bl_pem_decode_secret(struct bulla_bytes text, const char *label, struct bl_secret *bytes_out,
                     struct bulla_error *err)
{
    BL_AUTO(bl_secret) joined = { 0 };
    struct bl_pem_block block;

    BL_TRY(only_block(text, label, &block, err));
    BL_TRY(bl_secret_new(&joined, block.body.size, err));
    bl_secret_shorten(&joined, join_lines(block.body, joined.data));
    return bl_base64_decode_secret(BL_BASE64_STANDARD, bl_secret_bytes(&joined), bytes_out, err);
}

static uint8_t *
put(uint8_t *out, const void *bytes, size_t size)
{
    memcpy(out, bytes, size);
    return out + size;
}

static uint8_t *
put_boundary(uint8_t *out, const char *opening, const char *label)
{
    out = put(out, opening, strlen(opening));
    out = put(out, label, strlen(label));
    out = put(out, dashes, strlen(dashes));
    return put(out, "\n", 1);
}

static size_t
encoded_size(size_t text_size, const char *label)
{
    size_t boundaries = strlen(begin) + strlen(end) + 2 * (strlen(label) + strlen(dashes) + 1);

    return boundaries + text_size + (text_size + LINE_SIZE - 1) / LINE_SIZE;
}

static void
encode(struct bulla_bytes text, const char *label, uint8_t *out)
{
    out = put_boundary(out, begin, label);
    for (size_t at = 0; at < text.size; at += LINE_SIZE) {
        size_t size = text.size - at < LINE_SIZE ? text.size - at : LINE_SIZE;
        out = put(out, text.data + at, size);
        out = put(out, "\n", 1);
    }
    (void)put_boundary(out, end, label);
}

enum bulla_status
bl_pem_encode(struct bulla_bytes bytes, const char *label, struct bulla_buffer *text_out,
              struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    uint8_t *out = NULL;

    BL_TRY(bl_base64_encode(BL_BASE64_STANDARD, bytes, &text, err));
    BL_TRY(bulla_buffer_extend(text_out, encoded_size(text.size, label), &out, err));
    encode(bulla_buffer_bytes(&text), label, out);
    return BULLA_OK;
}

enum bulla_status
bl_pem_encode_secret(struct bulla_bytes bytes, const char *label, struct bl_secret *text_out,
                     struct bulla_error *err)
{
    BL_AUTO(bl_secret) text = { 0 };

    BL_TRY(bl_base64_encode_secret(BL_BASE64_STANDARD, bytes, &text, err));
    BL_TRY(bl_secret_new(text_out, encoded_size(text.size, label), err));
    encode(bl_secret_bytes(&text), label, text_out->data);
    return BULLA_OK;
}

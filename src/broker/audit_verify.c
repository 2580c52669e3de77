/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/audit_verify.c: hold a log against itself and its signed head, in constant memory.
 */
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "broker/audit_head.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "sys/call.h"

struct line_reader {
    int fd;
    uint8_t bytes[64 * 1024];
    size_t start;
    size_t end;
};

/* The next line without its end; size 0 and *more_out false at the end of the log. */
static enum bulla_status
next_line(struct line_reader *reader, struct bulla_bytes *line_out, bool *more_out,
          struct bulla_error *err)
{
    for (;;) {
        size_t held = reader->end - reader->start;
        uint8_t *newline = memchr(reader->bytes + reader->start, '\n', held);
        if (newline != NULL) {
            size_t size = (size_t)(newline - (reader->bytes + reader->start));
            *line_out = (struct bulla_bytes){ reader->bytes + reader->start, size };
            reader->start += size + 1;
            *more_out = true;
            return BULLA_OK;
        }
        if (held >= BL_AUDIT_LINE_SIZE_MAX)
            return bulla_fail_cause(err, BULLA_CAUSE_AUDIT_ALTERED, "audit log",
                                    "a line is longer than any of ours");
        memmove(reader->bytes, reader->bytes + reader->start, held);
        reader->start = 0;
        reader->end = held;
        ssize_t got =
            BL_CALL(FILE, read(reader->fd, reader->bytes + held, sizeof reader->bytes - held));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return bl_fail_errno(err, "audit log", "cannot be read");
        if (got == 0 && held > 0)
            return bulla_fail_cause(err, BULLA_CAUSE_AUDIT_ALTERED, "audit log",
                                    "the last line is not whole");
        if (got == 0) {
            *more_out = false;
            return BULLA_OK;
        }
        reader->end += (size_t)got;
    }
}

static bool
takes(struct bulla_bytes *rest, struct bulla_bytes expected)
{
    if (rest->size < expected.size ||
        !bl_equal((struct bulla_bytes){ rest->data, expected.size }, expected))
        return false;
    rest->data += expected.size;
    rest->size -= expected.size;
    return true;
}

/* The number at the start: digits without a leading zero. */
static bool
takes_number(struct bulla_bytes *rest, uint64_t *number_out)
{
    uint64_t number = 0;
    size_t digits = 0;

    while (digits < rest->size && digits < 18 && rest->data[digits] >= '0' &&
           rest->data[digits] <= '9') {
        number = number * 10 + (uint64_t)(rest->data[digits] - '0');
        digits++;
    }
    if (digits == 0 || (rest->data[0] == '0' && digits > 1))
        return false;
    rest->data += digits;
    rest->size -= digits;
    *number_out = number;
    return true;
}

/* Past the end quotation mark of a text of ours, in which none can stand. */
static bool
takes_text(struct bulla_bytes *rest)
{
    const uint8_t *end = memchr(rest->data, '"', rest->size);

    if (end == NULL)
        return false;
    rest->size -= (size_t)(end + 1 - rest->data);
    rest->data = end + 1;
    return true;
}

/* Refusals, those with a record of their own and those that one record counts. False: a count that
 * is not one. `line` is known to be a record. */
static bool
count_refusals(struct bulla_bytes line, struct bl_audit_report *report)
{
    uint64_t number = 0;
    bool is_begun = takes(&line, BL_LITERAL("{\"seq\":")) && takes_number(&line, &number) &&
                    takes(&line, BL_LITERAL(",\"time\":")) && takes_number(&line, &number) &&
                    takes(&line, BL_LITERAL(",\"event\":\""));

    if (is_begun && takes(&line, BL_LITERAL("refused\",")))
        report->refused_count++;
    if (!is_begun || !takes(&line, BL_LITERAL(BL_AUDIT_EVENT_REFUSED_MANY "\",")))
        return is_begun;
    if (!takes(&line, BL_LITERAL("\"causes\":\"")) || !takes_text(&line) ||
        !takes(&line, BL_LITERAL(",\"count\":")) || !takes_number(&line, &number) ||
        !takes(&line, BL_LITERAL(",")) || number == 0 ||
        number > UINT64_MAX - report->counted_count)
        return false;
    report->counted_count += number;
    report->counted_record_count++;
    return true;
}

static const char altered_line[] = "the next line was chained to another content of it";

/* Does the line stand at `seq` and name the hash of the one before it? */
static const char *
line_fault(struct bulla_bytes line, uint64_t seq, const uint8_t previous[BL_AUDIT_HASH_SIZE])
{
    static const size_t tail_size = sizeof(",\"prev\":\"") - 1 + 64 + sizeof("\"}") - 1;
    uint8_t named[BL_AUDIT_HASH_SIZE];
    uint64_t found = 0;
    struct bulla_bytes start = line;

    if (line.size < tail_size || !takes(&start, BL_LITERAL("{\"seq\":")) ||
        !takes_number(&start, &found) || !takes(&start, BL_LITERAL(",\"time\":")))
        return "a line is not a record";
    struct bulla_bytes tail = { line.data + line.size - tail_size, tail_size };
    if (!takes(&tail, BL_LITERAL(",\"prev\":\"")))
        return "a line is not a record";
    struct bulla_bytes hexadecimal = { tail.data, 64 };
    tail = (struct bulla_bytes){ tail.data + 64, tail.size - 64 };
    if (!bl_equal(tail, BL_LITERAL("\"}")) ||
        bl_hex_decode_exact(hexadecimal, named, sizeof named, NULL) != BULLA_OK)
        return "a line is not a record";
    if (found != seq)
        return "a line is missing, inserted or out of its order";
    if (!bl_equal(BL_BYTES_OF(named), (struct bulla_bytes){ previous, BL_AUDIT_HASH_SIZE }))
        return altered_line;
    return NULL;
}

static enum bulla_status
altered(struct bl_audit_report *report, uint64_t line, const char *what, struct bulla_error *err)
{
    report->bad_line = line;
    return bulla_fail_cause(err, BULLA_CAUSE_AUDIT_ALTERED, "audit log", what);
}

static enum bulla_status
check_head(const struct bl_audit_head *head, bool head_hash_seen, bool head_hash_equal,
           struct bl_audit_report *report, struct bulla_error *err)
{
    if (report->line_count < head->seq) {
        enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_AUDIT_TRUNCATED, "audit log",
                                                    "it ends before its signed head");
        bulla_error_values(err, bulla_value_number(report->line_count),
                           bulla_value_number(head->seq));
        return status;
    }
    if (!head_hash_seen || !head_hash_equal)
        return altered(report, head->seq, "the line that the signed head vouches for was altered",
                       err);
    return BULLA_OK;
}

enum bulla_status
bl_audit_verify(int log_fd, struct bulla_bytes head_bytes, const struct bl_key *root,
                struct bl_audit_report *report_out, struct bulla_error *err)
{
    struct bl_audit_report *report = report_out;
    struct bl_audit_head head = { 0 };
    bool head_hash_seen = false;
    bool head_hash_equal = false;

    *report = (struct bl_audit_report){ 0 };
    if (head_bytes.size > 0) {
        BL_TRY(bl_audit_head_open(head_bytes, root, &head, err));
        report->head_is_present = true;
        report->head_seq = head.seq;
    }
    struct line_reader *reader = bl_alloc(1, sizeof *reader);
    if (reader == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "audit log", "out of memory", 0);
    reader->fd = log_fd;

    enum bulla_status status = BULLA_OK;
    for (bool more = true; status == BULLA_OK && more;) {
        struct bulla_bytes line = { NULL, 0 };
        status = next_line(reader, &line, &more, err);
        if (status != BULLA_OK || !more)
            break;
        uint64_t seq = report->line_count + 1;
        const char *fault = line_fault(line, seq, report->last_hash);
        if (fault != NULL)
            status = altered(report, fault == altered_line && seq > 1 ? seq - 1 : seq, fault, err);
        else
            status = bl_hash_once(BL_SHA256, line, report->last_hash, err);
        if (status == BULLA_OK && !count_refusals(line, report))
            status = altered(report, seq, "a line is not a record", err);
        if (status == BULLA_OK)
            report->line_count = seq;
        if (status == BULLA_OK && seq == head.seq) {
            head_hash_seen = true;
            head_hash_equal = bl_equal(BL_BYTES_OF(head.hash), BL_BYTES_OF(report->last_hash));
        }
    }
    bl_free(reader);
    BL_TRY(status);
    if (!report->head_is_present && report->line_count > 0)
        return bulla_fail_cause(err, BULLA_CAUSE_AUDIT_HEAD_MISSING, "audit log",
                                "there is no signed head");
    if (!report->head_is_present)
        return BULLA_OK;
    return check_head(&head, head_hash_seen, head_hash_equal, report, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/audit.c: append to the log. A line is {"seq":N,"time":T,"event":"E",...,"prev":"HEX"},
 * where HEX is the SHA-256 of the line before it (without its end), 64 zeros for the first.
 */
#include "broker/audit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "broker/audit_head.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/path.h"

struct bl_audit {
    pthread_mutex_t mutex;
    int fd;
    char *head_path;
    const struct bl_key *audit_key; /* borrowed */
    const struct bl_key *root_key;  /* borrowed */
    uint64_t line_count;
    uint8_t last_hash[BL_AUDIT_HASH_SIZE];
    struct bulla_error failure; /* of the last record; BULLA_OK: it was written */
    uint64_t failed_count;      /* records since the last that was written */
    bool is_closed;             /* nobody knows what is on the disk */
};

static bool
is_shown_as_it_is(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static enum bulla_status
append_text(struct bulla_buffer *line, struct bulla_bytes text, struct bulla_error *err)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = is_shown_as_it_is(text.data[i]) ? text.data[i] : (uint8_t)'?';
        BL_TRY(bulla_buffer_append(line, (struct bulla_bytes){ &c, 1 }, err));
    }
    return BULLA_OK;
}

static struct bulla_bytes
c_text(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text, strlen(text) };
}

static enum bulla_status
append_number(struct bulla_buffer *line, uint64_t number, struct bulla_error *err)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return bulla_buffer_append(line, c_text(text), err);
}

static enum bulla_status
append_field(struct bulla_buffer *line, const struct bl_audit_field *field, struct bulla_error *err)
{
    BL_TRY(bulla_buffer_append(line, BL_LITERAL(",\""), err));
    BL_TRY(bulla_buffer_append(line, c_text(field->name), err));
    BL_TRY(bulla_buffer_append(line, BL_LITERAL("\":"), err));
    if (field->kind == BL_AUDIT_NUMBER)
        return append_number(line, field->number, err);
    BL_TRY(bulla_buffer_append(line, BL_LITERAL("\""), err));
    if (field->kind == BL_AUDIT_BYTES)
        BL_TRY(bl_hex_encode(field->bytes, line, err));
    else
        BL_TRY(append_text(line, field->bytes, err));
    return bulla_buffer_append(line, BL_LITERAL("\""), err);
}

static enum bulla_status
make_line(const struct bl_audit *audit, int64_t now_s, const char *event,
          const struct bl_audit_field *fields, size_t field_count, struct bulla_buffer *line,
          struct bulla_error *err)
{
    BL_TRY(bulla_buffer_append(line, BL_LITERAL("{\"seq\":"), err));
    BL_TRY(append_number(line, audit->line_count + 1, err));
    BL_TRY(bulla_buffer_append(line, BL_LITERAL(",\"time\":"), err));
    BL_TRY(append_number(line, now_s > 0 ? (uint64_t)now_s : 0, err));
    BL_TRY(bulla_buffer_append(line, BL_LITERAL(",\"event\":\""), err));
    BL_TRY(append_text(line, c_text(event), err));
    BL_TRY(bulla_buffer_append(line, BL_LITERAL("\""), err));
    for (size_t i = 0; i < field_count; i++)
        BL_TRY(append_field(line, &fields[i], err));
    BL_TRY(bulla_buffer_append(line, BL_LITERAL(",\"prev\":\""), err));
    BL_TRY(bl_hex_encode(BL_BYTES_OF(audit->last_hash), line, err));
    BL_TRY(bulla_buffer_append(line, BL_LITERAL("\"}"), err));
    if (line->size >= BL_AUDIT_LINE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "audit log", "the record is too long", line->size);
    return BULLA_OK;
}

/* Line and head on the disk, in this order: a head never vouches for a line that may be lost. */
static enum bulla_status
put_on_disk(struct bl_audit *audit, struct bulla_bytes line, struct bulla_bytes head,
            struct bulla_error *err)
{
    BL_TRY(bl_fd_write(audit->fd, line, err));
    if (BL_CALL(FILE, fsync(audit->fd)) != 0) {
        audit->is_closed = true; /* the kernel may have dropped the pages: no second try tells */
        return bl_fail_errno(err, "audit log", "cannot be made durable");
    }
    return bl_file_replace(audit->head_path, 0644, head, BL_FILE_REPLACE_EXISTING, err);
}

/* Back to the last whole record, so that the next one may be tried. */
static void
take_back(struct bl_audit *audit, off_t size, enum bulla_status why)
{
    if (why == BULLA_E_OUTCOME_UNKNOWN || BL_CALL(FILE, ftruncate(audit->fd, size)) != 0 ||
        BL_CALL(FILE, fsync(audit->fd)) != 0)
        audit->is_closed = true;
}

static enum bulla_status
write_line(struct bl_audit *audit, int64_t now_s, struct bulla_buffer *line,
           struct bulla_error *err)
{
    uint8_t hash[BL_AUDIT_HASH_SIZE];
    BL_AUTO(bulla_buffer) head = { 0 };

    BL_TRY(bl_hash_once(BL_SHA256, bulla_buffer_bytes(line), hash, err));
    BL_TRY(bulla_buffer_append(line, BL_LITERAL("\n"), err));
    const struct bl_audit_head fresh = { .seq = audit->line_count + 1, .time_s = now_s };
    BL_TRY(bl_audit_head_sign(&fresh, hash, audit->audit_key, audit->root_key, &head, err));
    const off_t size = BL_CALL(FILE, lseek(audit->fd, 0, SEEK_END));
    if (size < 0)
        return bl_fail_errno(err, "audit log", "its size cannot be learnt");
    enum bulla_status status =
        put_on_disk(audit, bulla_buffer_bytes(line), bulla_buffer_bytes(&head), err);
    if (status != BULLA_OK) {
        if (!audit->is_closed)
            take_back(audit, size, status);
        return status;
    }
    audit->line_count++;
    memcpy(audit->last_hash, hash, sizeof hash);
    return BULLA_OK;
}

static enum bulla_status
append_record(struct bl_audit *audit, int64_t now_s, const char *event,
              const struct bl_audit_field *fields, size_t field_count, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) line = { 0 };

    BL_TRY(make_line(audit, now_s, event, fields, field_count, &line, err));
    if (audit->is_closed)
        return bulla_fail(err, BULLA_E_IO, "audit log", "an earlier record could not be written",
                          0);
    struct bulla_error failure = { 0 };
    enum bulla_status status = write_line(audit, now_s, &line, &failure);
    audit->failure = failure;
    if (status != BULLA_OK) {
        audit->failed_count++;
        if (err != NULL)
            *err = failure;
    }
    return status;
}

/* After a time in which records failed, first one that says so. */
static enum bulla_status
resume(struct bl_audit *audit, int64_t now_s, struct bulla_error *err)
{
    const struct bl_audit_field field = { .name = "attempts_failed",
                                          .kind = BL_AUDIT_NUMBER,
                                          .number = audit->failed_count };

    if (audit->failed_count == 0)
        return BULLA_OK;
    BL_TRY(append_record(audit, now_s, "resumed", &field, 1, err));
    audit->failed_count = 0;
    return BULLA_OK;
}

enum bulla_status
bl_audit_append(struct bl_audit *audit, int64_t now_s, const char *event,
                const struct bl_audit_field *fields, size_t field_count, struct bulla_error *err)
{
    if (field_count > BL_AUDIT_FIELD_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "audit log", "too many fields", field_count);
    pthread_mutex_lock(&audit->mutex);
    enum bulla_status status = resume(audit, now_s, err);
    if (status == BULLA_OK)
        status = append_record(audit, now_s, event, fields, field_count, err);
    pthread_mutex_unlock(&audit->mutex);
    return status;
}

enum bulla_status
bl_audit_state(struct bl_audit *audit, struct bulla_error *err)
{
    pthread_mutex_lock(&audit->mutex);
    const struct bulla_error failure = audit->failure;
    pthread_mutex_unlock(&audit->mutex);
    if (failure.status != BULLA_OK && err != NULL)
        *err = failure;
    return failure.status;
}

void
bl_audit_free(struct bl_audit *audit)
{
    if (audit == NULL)
        return;
    if (audit->fd >= 0)
        close(audit->fd);
    pthread_mutex_destroy(&audit->mutex);
    bl_free(audit->head_path);
    bl_free(audit);
}

/* A crash may have left an unfinished last line: cut it off; *torn_out is how much that was. */
static enum bulla_status
cut_torn_line(int fd, size_t *torn_out, struct bulla_error *err)
{
    uint8_t tail[BL_AUDIT_LINE_SIZE_MAX + 1];
    struct stat information;

    *torn_out = 0;
    if (BL_CALL(FILE, fstat(fd, &information)) != 0)
        return bl_fail_errno(err, "audit log", "cannot be examined");
    size_t size = (size_t)information.st_size;
    size_t take = size < sizeof tail ? size : sizeof tail;
    ssize_t got = BL_CALL(FILE, pread(fd, tail, take, (off_t)(size - take)));
    if (got != (ssize_t)take)
        return bl_fail_errno(err, "audit log", "cannot be read");
    size_t torn = 0;
    while (torn < take && tail[take - 1 - torn] != '\n')
        torn++;
    if (torn == 0)
        return BULLA_OK;
    if (torn == sizeof tail)
        return bulla_fail_cause(err, BULLA_CAUSE_AUDIT_ALTERED, "audit log", "not our lines");
    if (BL_CALL(FILE, ftruncate(fd, (off_t)(size - torn))) != 0)
        return bl_fail_errno(err, "audit log", "the torn line cannot be cut off");
    *torn_out = torn;
    return BULLA_OK;
}

/* Bring the chain to where the disk says; at most one line may be ahead of its head. */
static enum bulla_status
take_up(struct bl_audit *audit, bool is_first_start, uint64_t *ahead_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) head = { 0 };
    struct bl_audit_report report = { 0 };
    struct bulla_error missing = { 0 };
    enum bulla_status status =
        bl_file_read(audit->head_path, BL_AUDIT_HEAD_SIZE_MAX, &head, &missing);

    if (status == BULLA_E_NOT_FOUND && !is_first_start)
        return bulla_fail_cause(err, BULLA_CAUSE_AUDIT_HEAD_MISSING, "audit log",
                                "there is no signed head");
    if (status != BULLA_OK && status != BULLA_E_NOT_FOUND) {
        if (err != NULL)
            *err = missing;
        return status;
    }
    if (BL_CALL(FILE, lseek(audit->fd, 0, SEEK_SET)) != 0)
        return bl_fail_errno(err, "audit log", "cannot be read");
    struct bulla_error failure = { 0 };
    status =
        bl_audit_verify(audit->fd, bulla_buffer_bytes(&head), audit->root_key, &report, &failure);
    /* A crash after the first line and before the first head leaves one line without a head. */
    bool first_only =
        is_first_start && report.line_count <= 1 && failure.cause == BULLA_CAUSE_AUDIT_HEAD_MISSING;
    if (status != BULLA_OK && !first_only) {
        if (err != NULL)
            *err = failure;
        return status;
    }
    if (report.line_count > report.head_seq + 1)
        return bulla_fail_cause(err, BULLA_CAUSE_AUDIT_ALTERED, "audit log",
                                "more lines than the head can be behind");
    audit->line_count = report.line_count;
    memcpy(audit->last_hash, report.last_hash, sizeof audit->last_hash);
    *ahead_out = report.line_count - report.head_seq;
    return BULLA_OK;
}

static enum bulla_status
open_log(struct bl_audit *audit, const char *log_path, bool is_first_start, struct bulla_error *err)
{
    size_t torn = 0;
    uint64_t ahead = 0;

    audit->fd = BL_CALL(
        FILE,
        open(log_path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (is_first_start ? O_CREAT : 0),
             0640));
    if (audit->fd < 0)
        return bl_fail_errno(err, "audit log", "cannot be opened");
    BL_TRY(cut_torn_line(audit->fd, &torn, err));
    BL_TRY(take_up(audit, is_first_start, &ahead, err));
    if (torn == 0 && ahead == 0)
        return BULLA_OK;
    const struct bl_audit_field fields[] = {
        { .name = "bytes_cut_off", .kind = BL_AUDIT_NUMBER, .number = torn },
        { .name = "lines_taken_in", .kind = BL_AUDIT_NUMBER, .number = ahead },
    };
    return bl_audit_append(audit, bl_clock_now_s(), "recovered", fields, 2, err);
}

enum bulla_status
bl_audit_open(const char *directory, bool is_first_start, const struct bl_key *audit_key,
              const struct bl_key *root_key, struct bl_audit **audit_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_audit) audit = bl_alloc(1, sizeof *audit);

    if (audit == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "audit log", "out of memory", 0);
    pthread_mutex_init(&audit->mutex, NULL);
    audit->fd = -1;
    audit->audit_key = audit_key;
    audit->root_key = root_key;
    audit->head_path = bl_path_join(directory, "audit.head");
    char *log_path = audit->head_path == NULL ? NULL : bl_path_join(directory, "audit.log");
    if (log_path == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "audit log", "out of memory", 0);
    enum bulla_status status = open_log(audit, log_path, is_first_start, err);
    bl_free(log_path);
    BL_TRY(status);
    *audit_out = audit;
    audit = NULL;
    return BULLA_OK;
}

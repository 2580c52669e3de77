/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: what it records, how a crash is healed, and every way to alter it. G14.
 */
#include "sys/directory.h"

#include <fcntl.h>

#include "base/fault.h"
#include "broker/audit_head.h"
#include "sys/file.h"

static struct bl_key *audit_key;
static struct bl_key *root;
static struct bl_key *foreign;

static int
make_keys(void **state)
{
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_key_generate(BL_KEY_ED25519, &audit_key, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_ED25519, &root, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_ED25519, &foreign, &err), &err);
    return 0;
}

static int
free_keys(void **state)
{
    (void)state;
    bl_key_free(audit_key);
    bl_key_free(root);
    bl_key_free(foreign);
    return 0;
}

static const char *
log_path(void)
{
    return test_path(0, "audit.log");
}

static const char *
head_path(void)
{
    return test_path(1, "audit.head");
}

static enum bulla_status
open_audit(bool is_first, struct bl_audit **audit_out, struct bulla_error *err)
{
    return bl_audit_open(test_directory, is_first, audit_key, root, audit_out, err);
}

static enum bulla_status
append(struct bl_audit *audit, uint64_t number, struct bulla_error *err)
{
    const struct bl_audit_field fields[] = {
        { .name = "number", .kind = BL_AUDIT_NUMBER, .number = number },
        { .name = "what", .kind = BL_AUDIT_TEXT, .bytes = BL_LITERAL("a \"quoted\"\n\\line\xff") },
        { .name = "which", .kind = BL_AUDIT_BYTES, .bytes = BL_LITERAL("\x01\xab") },
    };

    return bl_audit_append(audit, 1700000000 + (int64_t)number, "tested", fields, 3, err);
}

/* A log of `count` records. */
static void
make_log(uint64_t count)
{
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_audit) audit = NULL;

    assert_ok(open_audit(true, &audit, &err), &err);
    for (uint64_t i = 1; i <= count; i++)
        assert_ok(append(audit, i, &err), &err);
}

static void
read_file(const char *path, struct bulla_buffer *content)
{
    struct bulla_error err = { 0 };

    bulla_buffer_clear(content);
    assert_ok(bl_file_read(path, 1 << 20, content, &err), &err);
}

static void
write_file(const char *path, struct bulla_bytes content)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_file_replace(path, 0640, content, BL_FILE_REPLACE_EXISTING, &err), &err);
}

static enum bulla_status
verify(const struct bl_key *by, struct bl_audit_report *report, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) head = { 0 };
    struct bl_audit_report ignored;

    if (access(head_path(), F_OK) == 0)
        read_file(head_path(), &head);
    int fd = open(log_path(), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    enum bulla_status status =
        bl_audit_verify(fd, bulla_buffer_bytes(&head), by, report != NULL ? report : &ignored, err);
    close(fd);
    return status;
}

/* Where line `number` (from 1) starts. */
static size_t
line_start(const struct bulla_buffer *log, unsigned number)
{
    size_t at = 0;

    while (--number > 0)
        at = (size_t)((uint8_t *)memchr(log->data + at, '\n', log->size - at) - log->data) + 1;
    return at;
}

static void
test_records_are_what_was_said(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_audit_report report = { 0 };
    static const char first[] =
        "{\"seq\":1,\"time\":1700000001,\"event\":\"tested\",\"number\":1,"
        "\"what\":\"a ?quoted???line?\",\"which\":\"01ab\",\"prev\":\""
        "0000000000000000000000000000000000000000000000000000000000000000\"}\n";

    make_log(3);
    read_file(log_path(), &log);
    assert_true(log.size > sizeof first - 1);
    assert_memory_equal(log.data, first, sizeof first - 1);
    assert_ok(verify(root, &report, &err), &err);
    assert_int_equal(report.line_count, 3);
    assert_int_equal(report.head_seq, 3);
    assert_int_equal(report.bad_line, 0);
    assert_true(report.head_is_present);
}

static void
test_it_goes_on_where_it_was(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_audit_report report = { 0 };

    make_log(2);
    BL_AUTO_FREE(bl_audit) audit = NULL;
    assert_ok(open_audit(false, &audit, &err), &err);
    assert_ok(append(audit, 3, &err), &err);
    assert_ok(verify(root, &report, &err), &err);
    assert_int_equal(report.line_count, 3);
}

static void
test_edited_bytes_are_found(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };

    make_log(3);
    read_file(log_path(), &log);
    for (size_t i = 0; i < log.size; i++) {
        struct bl_audit_report report = { 0 };
        log.data[i] ^= 0x01;
        write_file(log_path(), bulla_buffer_bytes(&log));
        bulla_error_clear(&err);
        assert_int_not_equal(verify(root, &report, &err), BULLA_OK);
        assert_true(err.cause == BULLA_CAUSE_AUDIT_ALTERED ||
                    err.cause == BULLA_CAUSE_AUDIT_TRUNCATED);
        log.data[i] ^= 0x01;
    }
    write_file(log_path(), bulla_buffer_bytes(&log));
    bulla_error_clear(&err);
    assert_ok(verify(root, NULL, &err), &err);
}

/* Put together a log of these lines of a log of four. */
static void
arrange(const struct bulla_buffer *log, const char *lines)
{
    BL_AUTO(bulla_buffer) altered = { 0 };
    struct bulla_error err = { 0 };

    for (; *lines != '\0'; lines++) {
        unsigned number = (unsigned)(*lines - '0');
        size_t start = line_start(log, number);
        size_t end = line_start(log, number + 1);
        assert_ok(bulla_buffer_append(&altered,
                                      (struct bulla_bytes){ log->data + start, end - start }, &err),
                  &err);
    }
    write_file(log_path(), bulla_buffer_bytes(&altered));
}

static void
test_lines_moved_about_are_found(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_audit_report report = { 0 };
    static const struct {
        const char *lines;
        enum bulla_cause cause;
        uint64_t bad_line;
    } cases[] = {
        { "134", BULLA_CAUSE_AUDIT_ALTERED, 2 },   { "234", BULLA_CAUSE_AUDIT_ALTERED, 1 },
        { "1324", BULLA_CAUSE_AUDIT_ALTERED, 2 },  { "12234", BULLA_CAUSE_AUDIT_ALTERED, 3 },
        { "12344", BULLA_CAUSE_AUDIT_ALTERED, 5 }, { "123", BULLA_CAUSE_AUDIT_TRUNCATED, 0 },
        { "1", BULLA_CAUSE_AUDIT_TRUNCATED, 0 },   { "", BULLA_CAUSE_AUDIT_TRUNCATED, 0 },
    };

    make_log(4);
    read_file(log_path(), &log);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        arrange(&log, cases[i].lines);
        assert_cause(verify(root, &report, &err), cases[i].cause, &err);
        assert_int_equal(report.bad_line, cases[i].bad_line);
        /* and nothing is appended to it */
        BL_AUTO_FREE(bl_audit) audit = NULL;
        assert_cause(open_audit(false, &audit, &err), cases[i].cause, &err);
        assert_null(audit);
    }
    /* its own last line, made anew with a right chain, is not the one that the head vouches for */
    arrange(&log, "123");
    unlink(head_path());
    BL_AUTO(bulla_buffer) again = { 0 };
    read_file(log_path(), &again);
    bulla_error_clear(&err);
    arrange(&log, "1234");
    assert_cause(verify(root, &report, &err), BULLA_CAUSE_AUDIT_HEAD_MISSING, &err);
}

/* Somebody with the file alone rewrites the last record and its chain: only the head tells. */
static void
test_a_rewritten_chain_is_not_the_heads(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_audit_report report = { 0 };

    make_log(3);
    read_file(log_path(), &log);
    size_t last = line_start(&log, 3);
    uint8_t *number = memmem(log.data + last, log.size - last, "\"number\":3", 10);
    assert_non_null(number);
    number[9] = '4'; /* no line follows that would name this one's hash */
    write_file(log_path(), bulla_buffer_bytes(&log));
    assert_cause(verify(root, &report, &err), BULLA_CAUSE_AUDIT_ALTERED, &err);
    assert_int_equal(report.bad_line, 3);
}

static void
test_heads_of_others_and_older_heads(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) old_head = { 0 };
    BL_AUTO(bulla_buffer) head = { 0 };
    BL_AUTO(bulla_buffer) forged = { 0 };
    struct bl_audit_report report = { 0 };

    make_log(2);
    read_file(head_path(), &old_head);
    {
        BL_AUTO_FREE(bl_audit) audit = NULL;
        assert_ok(open_audit(false, &audit, &err), &err);
        assert_ok(append(audit, 3, &err), &err);
        assert_ok(append(audit, 4, &err), &err);
    }
    assert_fails(verify(foreign, &report, &err), BULLA_E_SIGNATURE, &err);
    read_file(head_path(), &head);
    for (size_t i = 0; i < head.size; i++) {
        head.data[i] ^= 0x01;
        write_file(head_path(), bulla_buffer_bytes(&head));
        bulla_error_clear(&err);
        assert_int_not_equal(verify(root, &report, &err), BULLA_OK);
        head.data[i] ^= 0x01;
    }
    /* signed by a key that this root never endorsed */
    const struct bl_audit_head claim = { .seq = 4, .time_s = 1 };
    bulla_error_clear(&err);
    assert_ok(bl_audit_head_sign(&claim, report.last_hash, audit_key, foreign, &forged, &err),
              &err);
    write_file(head_path(), bulla_buffer_bytes(&forged));
    assert_fails(verify(root, &report, &err), BULLA_E_SIGNATURE, &err);
    /* an older head still holds for what it vouched for; but we never run two lines ahead of it */
    write_file(head_path(), bulla_buffer_bytes(&old_head));
    bulla_error_clear(&err);
    assert_ok(verify(root, &report, &err), &err);
    assert_int_equal(report.head_seq, 2);
    assert_int_equal(report.line_count, 4);
    BL_AUTO_FREE(bl_audit) audit = NULL;
    assert_cause(open_audit(false, &audit, &err), BULLA_CAUSE_AUDIT_ALTERED, &err);
    unlink(head_path());
    assert_cause(open_audit(false, &audit, &err), BULLA_CAUSE_AUDIT_HEAD_MISSING, &err);
    unlink(log_path());
    assert_fails(open_audit(false, &audit, &err), BULLA_E_NOT_FOUND, &err);
}

static void
test_one_line_ahead_is_taken_in(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) head = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_audit_report report = { 0 };
    BL_AUTO_FREE(bl_audit) audit = NULL;

    make_log(2);
    read_file(head_path(), &head);
    assert_ok(open_audit(false, &audit, &err), &err);
    assert_ok(append(audit, 3, &err), &err);
    bl_audit_free(audit);
    audit = NULL;
    write_file(head_path(), bulla_buffer_bytes(&head)); /* killed between line and head */
    assert_ok(open_audit(false, &audit, &err), &err);
    assert_ok(verify(root, &report, &err), &err);
    assert_int_equal(report.line_count, 4);
    read_file(log_path(), &log);
    assert_non_null(memmem(log.data, log.size, "\"lines_taken_in\":1", 18));
}

static void
test_a_torn_line_is_cut_off_and_said(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) whole = { 0 };

    make_log(2);
    read_file(log_path(), &whole);
    for (size_t torn = 1; torn < 40; torn += 3) {
        BL_AUTO(bulla_buffer) log = { 0 };
        BL_AUTO(bulla_buffer) head = { 0 };
        BL_AUTO_FREE(bl_audit) audit = NULL;
        struct bl_audit_report report = { 0 };
        char said[40];
        read_file(head_path(), &head);
        read_file(log_path(), &log);
        assert_ok(bulla_buffer_append(&log, (struct bulla_bytes){ whole.data, torn }, &err), &err);
        write_file(log_path(), bulla_buffer_bytes(&log));
        assert_cause(verify(root, &report, &err), BULLA_CAUSE_AUDIT_ALTERED, &err);
        bulla_error_clear(&err);
        assert_ok(open_audit(false, &audit, &err), &err);
        assert_ok(verify(root, &report, &err), &err);
        read_file(log_path(), &log);
        snprintf(said, sizeof said, "\"bytes_cut_off\":%zu,", torn);
        assert_non_null(memmem(log.data, log.size, said, strlen(said)));
    }
}

static void
test_what_is_not_a_line_of_ours(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_audit_report report = { 0 };
    static uint8_t long_line[BL_AUDIT_LINE_SIZE_MAX * 2];
    static const char *const lines[] = {
        "\n",
        "{}\n",
        "{\"seq\":2,\"time\":\n",
        "{\"seq\":02,\"time\":1,\"event\":\"x\",\"prev\":\"0000000000000000000000000000000000000000"
        "000000000000000000000000\"}\n",
        "{\"seq\":-2,\"time\":1,\"event\":\"x\",\"prev\":\"0000000000000000000000000000000000000000"
        "000000000000000000000000\"}\n",
        "{\"seq\":2,\"time\":1,\"event\":\"x\",\"prev\":\"000000000000000000000000000000000000000g"
        "000000000000000000000000\"}\n",
    };

    make_log(1);
    read_file(log_path(), &log);
    size_t good = log.size;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        log.size = good;
        bulla_error_clear(&err);
        assert_ok(bulla_buffer_append(&log, text_bytes(lines[i]), &err), &err);
        write_file(log_path(), bulla_buffer_bytes(&log));
        assert_cause(verify(root, &report, &err), BULLA_CAUSE_AUDIT_ALTERED, &err);
        assert_int_equal(report.bad_line, 2);
    }
    log.size = good;
    memset(long_line, 'x', sizeof long_line);
    bulla_error_clear(&err);
    assert_ok(bulla_buffer_append(&log, BL_BYTES_OF(long_line), &err), &err);
    write_file(log_path(), bulla_buffer_bytes(&log));
    assert_cause(verify(root, &report, &err), BULLA_CAUSE_AUDIT_ALTERED, &err);
    BL_AUTO_FREE(bl_audit) audit = NULL;
    assert_cause(open_audit(false, &audit, &err), BULLA_CAUSE_AUDIT_ALTERED, &err);
}

static void
test_records_have_limits(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static uint8_t large[BL_AUDIT_LINE_SIZE_MAX];
    struct bl_audit_field fields[BL_AUDIT_FIELD_COUNT_MAX + 1];
    BL_AUTO_FREE(bl_audit) audit = NULL;

    for (size_t i = 0; i < BL_AUDIT_FIELD_COUNT_MAX + 1; i++)
        fields[i] = (struct bl_audit_field){ .name = "n", .kind = BL_AUDIT_NUMBER };
    memset(large, 'x', sizeof large);
    const struct bl_audit_field too_long = { .name = "n",
                                             .kind = BL_AUDIT_TEXT,
                                             .bytes = BL_BYTES_OF(large) };
    assert_ok(open_audit(true, &audit, &err), &err);
    assert_fails(bl_audit_append(audit, 1, "x", fields, BL_AUDIT_FIELD_COUNT_MAX + 1, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(bl_audit_append(audit, 1, "x", &too_long, 1, &err), BULLA_E_LIMIT, &err);
    bulla_error_clear(&err);
    assert_ok(append(audit, 1, &err), &err); /* it was never half written */
    assert_ok(verify(root, NULL, &err), &err);
}

/* The record that a failure hit is gone as if it had never been tried, the next one follows and is
 * preceded by one that says so; or the log refuses from then on, and opens again whole. */
static bool
goes_on_after(struct bl_audit **audit, uint64_t number)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };
    char lost[40];

    snprintf(lost, sizeof lost, "\"number\":%llu,", (unsigned long long)number);
    assert_int_not_equal(bl_audit_state(*audit, &err), BULLA_OK);
    bulla_error_clear(&err);
    bool goes_on = append(*audit, 1, &err) == BULLA_OK;
    if (goes_on) {
        assert_ok(bl_audit_state(*audit, &err), &err);
        read_file(log_path(), &log);
        assert_null(memmem(log.data, log.size, lost, strlen(lost)));
        assert_non_null(memmem(log.data, log.size, "\"resumed\",\"attempts_failed\":1,", 30));
        return true;
    }
    assert_int_equal(err.status, BULLA_E_IO);
    bulla_error_clear(&err);
    assert_fails(append(*audit, 1, &err), BULLA_E_IO, &err); /* until it is opened again */
    assert_int_not_equal(bl_audit_state(*audit, NULL), BULLA_OK);
    bl_audit_free(*audit);
    *audit = NULL;
    bulla_error_clear(&err);
    assert_ok(open_audit(false, audit, &err), &err);
    return false;
}

static unsigned
fail_every_call(bool forever)
{
    struct bulla_error err = { 0 };
    bool reached = true;
    unsigned went_on = 0;
    unsigned refused = 0;

    make_log(1);
    for (uint64_t n = 1; reached; n++) {
        struct bl_audit_report before = { 0 };
        struct bl_audit_report after = { 0 };
        BL_AUTO_FREE(bl_audit) audit = NULL;
        assert_ok(open_audit(false, &audit, &err), &err);
        assert_ok(verify(root, &before, &err), &err);
        bl_fault_arm(BL_FAULT_FILE, n, forever);
        enum bulla_status status = append(audit, 100 + n, &err);
        reached = bl_fault_disarm();
        bulla_error_clear(&err);
        if (!reached)
            assert_int_equal(status, BULLA_OK);
        else if (status != BULLA_OK)
            goes_on_after(&audit, 100 + n) ? went_on++ : refused++;
        assert_ok(verify(root, &after, &err), &err);
        assert_true(after.line_count >= before.line_count);
        assert_true(after.head_seq == after.line_count);
        assert_true(n < 100);
    }
    assert_true(went_on > 0);
    return refused;
}

static void
test_every_failing_call_leaves_it_whole(void **state)
{
    (void)state;
    /* fsync of the log, and of the directory that the head is in: nobody knows what is on the disk */
    assert_int_equal(fail_every_call(/* forever= */ false), 2);
}

static void
test_a_failure_that_stays_leaves_it_whole(void **state)
{
    (void)state;
    assert_true(fail_every_call(/* forever= */ true) > 2); /* also what cannot be taken back */
}

static void
append_refusals(struct bl_audit *audit, const char *event, const char *causes_name, uint64_t count)
{
    struct bulla_error err = { 0 };
    const struct bl_audit_field fields[] = {
        { .name = causes_name, .kind = BL_AUDIT_TEXT, .bytes = BL_LITERAL("301:2 803:1") },
        { .name = "count", .kind = BL_AUDIT_NUMBER, .number = count },
    };

    assert_ok(bl_audit_append(audit, 1, event, fields, 2, &err), &err);
}

static void
test_counted_refusals_are_added_up(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_audit_report report = { 0 };
    BL_AUTO_FREE(bl_audit) audit = NULL;

    assert_ok(open_audit(true, &audit, &err), &err);
    append_refusals(audit, "refused", "what", 9);
    append_refusals(audit, BL_AUDIT_EVENT_REFUSED_MANY, "causes", 3);
    append_refusals(audit, "refused", "what", 9);
    append_refusals(audit, BL_AUDIT_EVENT_REFUSED_MANY, "causes", 40000000000);
    append_refusals(audit, "refused_many_more", "causes", 5); /* of another kind */
    assert_ok(verify(root, &report, &err), &err);
    assert_int_equal(report.refused_count, 2);
    assert_int_equal(report.counted_count, 40000000003);
    assert_int_equal(report.counted_record_count, 2);
}

/* Chained and signed, and still not a record of ours: whoever wrote it was not this program. */
static void
test_a_count_that_is_none(void **state)
{
    struct bulla_error err = { 0 };
    struct bl_audit_report report = { 0 };
    static const struct {
        const char *first;
        uint64_t count;
    } cases[] = { { "what", 3 }, { "causes", 0 }, { "causes", UINT64_MAX } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        BL_AUTO_FREE(bl_audit) audit = NULL;
        assert_ok(open_audit(true, &audit, &err), &err);
        append_refusals(audit, BL_AUDIT_EVENT_REFUSED_MANY, cases[i].first, cases[i].count);
        assert_cause(verify(root, &report, &err), BULLA_CAUSE_AUDIT_ALTERED, &err);
        assert_int_equal(report.bad_line, 1);
        bulla_error_clear(&err);
        unlink(log_path());
        unlink(head_path());
    }
    (void)state;
}

/* A first start that fails anywhere can be made again. */
static void
test_every_failing_call_of_an_opening(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    bool reached = true;

    make_log(2);
    for (uint64_t n = 1; reached; n++) {
        BL_AUTO_FREE(bl_audit) audit = NULL;
        bl_fault_arm(BL_FAULT_FILE, n, false);
        enum bulla_status status = open_audit(false, &audit, &err);
        reached = bl_fault_disarm();
        assert_true(reached ? status != BULLA_OK || audit != NULL : status == BULLA_OK);
        bulla_error_clear(&err);
        assert_ok(verify(root, NULL, &err), &err);
        assert_true(n < 100);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_records_are_what_was_said),
        test_in_directory(test_it_goes_on_where_it_was),
        test_in_directory(test_edited_bytes_are_found),
        test_in_directory(test_lines_moved_about_are_found),
        test_in_directory(test_a_rewritten_chain_is_not_the_heads),
        test_in_directory(test_heads_of_others_and_older_heads),
        test_in_directory(test_one_line_ahead_is_taken_in),
        test_in_directory(test_a_torn_line_is_cut_off_and_said),
        test_in_directory(test_what_is_not_a_line_of_ours),
        test_in_directory(test_records_have_limits),
        test_in_directory(test_every_failing_call_leaves_it_whole),
        test_in_directory(test_a_failure_that_stays_leaves_it_whole),
        test_in_directory(test_counted_refusals_are_added_up),
        test_in_directory(test_a_count_that_is_none),
        test_in_directory(test_every_failing_call_of_an_opening),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}

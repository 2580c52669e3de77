/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/audit.h: the audit log: one JSON object a line, each chained to the one before, and a
 * signed head.
 *
 * Format: docs/formats/audit-log.md. Guarantees: a record is on the disk before the call returns;
 * an edited, removed, inserted or reordered line, and a log that ends before its signed head, are
 * found by bl_audit_verify() offline; values of secrets are never in it.
 * Does not: notice that log and head were put back together to an older pair, unless a later head
 * was kept elsewhere (`bulla audit export`).
 */
#ifndef BL_BROKER_AUDIT_H
#define BL_BROKER_AUDIT_H

#include "crypto/key.h"

#define BL_AUDIT_LINE_SIZE_MAX 8192 /* bytes, with its end */
#define BL_AUDIT_FIELD_COUNT_MAX 16
#define BL_AUDIT_HEAD_SIZE_MAX 1024 /* bytes of a signed head */
#define BL_AUDIT_HASH_SIZE 32
#define BL_AUDIT_EVENT_REFUSED_MANY "refused_many" /* broker/refusals.h */

/** A field of a record: text (printable ASCII; anything else is replaced), a number, or bytes shown
 *  in hexadecimal. */
struct bl_audit_field {
    const char *name; /* static, [a-z_]+; fields of a record ascend by name */
    enum { BL_AUDIT_TEXT = 1, BL_AUDIT_NUMBER, BL_AUDIT_BYTES } kind;
    struct bulla_bytes bytes;
    uint64_t number;
};

struct bl_audit; /* an open log; calls from several threads take turns */

/** Open `directory`/audit.log and audit.head; both must be there unless this is the broker's first
 *  start (AUDIT_HEAD_MISSING: missing is not empty). A torn last line (a crash in the middle of an
 *  append) is cut off and one whole valid line after the head is taken in; a record says so.
 *  BULLA_E_INTEGRITY if the log does not verify: nothing is appended to a broken chain. The keys
 *  are borrowed and outlive the log. */
enum bulla_status bl_audit_open(const char *directory, bool is_first_start,
                                const struct bl_key *audit_key, const struct bl_key *root_key,
                                struct bl_audit **audit_out, struct bulla_error *err) BULLA_CHECKED;
void bl_audit_free(struct bl_audit *audit);
BL_DEFINE_FREEP(bl_audit)

/** Append one record durably: `event` is static. What cannot be recorded must not happen. A record
 *  that failed is taken back, and the next may succeed (a disk that was full); a "resumed" record
 *  then says how many attempts failed. If it cannot be taken back, or nobody knows what is on the disk, the
 *  log refuses everything until it is opened again. */
enum bulla_status bl_audit_append(struct bl_audit *audit, int64_t now_s, const char *event,
                                  const struct bl_audit_field *fields, size_t field_count,
                                  struct bulla_error *err) BULLA_CHECKED;

/** BULLA_OK while records can be written, else the last failure. */
enum bulla_status bl_audit_state(struct bl_audit *audit, struct bulla_error *err) BULLA_CHECKED;

/** What a verification found. */
struct bl_audit_report {
    uint64_t line_count;           /* lines that are in order */
    uint64_t bad_line;             /* the first that is not, from 1; 0: none */
    uint64_t head_seq;             /* lines that the signed head vouches for */
    uint64_t refused_count;        /* refusals with a record of their own */
    uint64_t counted_count;        /* refusals that were only counted */
    uint64_t counted_record_count; /* records that hold those counts */
    bool head_is_present;
    uint8_t last_hash[BL_AUDIT_HASH_SIZE];
};
/** Verify a log of `log_fd` with the signed head (bytes of audit.head, or empty) and the pinned
 *  root key. *report_out is filled also on failure. Causes: AUDIT_ALTERED (an edited, inserted,
 *  removed or reordered line), AUDIT_TRUNCATED (ends before the head), SIGNATURE (the head, or the
 *  audit key in the first record, is not this broker's), AUDIT_HEAD_MISSING, MALFORMED. */
enum bulla_status bl_audit_verify(int log_fd, struct bulla_bytes head, const struct bl_key *root,
                                  struct bl_audit_report *report_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif

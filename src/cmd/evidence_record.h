/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/evidence_record.h: recorded evidence: a small file that names evidence, all that goes with it, and when it
 * was verified. docs/formats/evidence-record.md.
 */
#ifndef BL_CMD_EVIDENCE_RECORD_H
#define BL_CMD_EVIDENCE_RECORD_H

#include "cmd/arguments.h"
#include "tee/claims.h"

#define BL_EVIDENCE_RECORD_WORD_COUNT_MAX 256 /* words of the command that a record stands for */
#define BL_EVIDENCE_RECORD_COUNT_MAX 4096     /* records of one replay */

/** What a record says, as the command that would verify its evidence. */
struct bl_evidence_record {
    struct bl_arguments arguments; /* of bulla verify; borrows the words */
    enum bl_binding binding;       /* what the evidence was bound to when it was recorded */
    char *words[BL_EVIDENCE_RECORD_WORD_COUNT_MAX];
    size_t word_count;
};
void bl_evidence_record_done(struct bl_evidence_record *record);
/** Read one; *record_out must be zeroed. Paths in it are relative to its own directory. MALFORMED,
 *  UNSUPPORTED (another format), LIMIT, NOT_FOUND. */
enum bulla_status bl_evidence_record_read(const char *path, struct bl_evidence_record *record_out,
                                          struct bulla_error *err) BULLA_CHECKED;

/** Paths of records, in order. */
struct bl_evidence_record_list {
    char *paths[BL_EVIDENCE_RECORD_COUNT_MAX];
    size_t count;
};
void bl_evidence_record_list_done(struct bl_evidence_record_list *list);
/** Add a record, or all files NAME.record.yaml of a directory and of those in it, sorted. LIMIT,
 *  NOT_FOUND, IO. */
enum bulla_status bl_evidence_record_list_add(struct bl_evidence_record_list *list,
                                              const char *path,
                                              struct bulla_error *err) BULLA_CHECKED;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/verify_outcome.h: all that `bulla verify` found, and its two forms: JSON and a page for people.
 */
#ifndef BL_CMD_VERIFY_OUTCOME_H
#define BL_CMD_VERIFY_OUTCOME_H

#include "appraise/appraise.h"
#include "appraise/baseline.h"
#include "cmd/evidence_files.h"
#include "cmd/page.h"

struct bl_verify_outcome {
    const struct bl_evidence_files *files;
    bool is_inspection;
    struct bulla_error failure; /* status OK: genuine, or well-formed */
    struct bl_claims claims;
    struct bl_baseline baseline;
    const struct bl_appraisal_policy *policy; /* NULL: none was given, and there is no verdict */
    struct bl_verdict verdict;
};

static inline bool
bl_outcome_is_genuine(const struct bl_verify_outcome *outcome)
{
    return outcome->failure.status == BULLA_OK;
}
static inline bool
bl_outcome_is_fresh(const struct bl_verify_outcome *outcome)
{
    return outcome->files->verification.binding != BL_BINDING_ABSENT &&
           outcome->files->verification.binder.size > 0;
}

/** One object on one line, appended to *text. */
enum bulla_status bl_outcome_write_json(const struct bl_verify_outcome *outcome,
                                        struct bulla_buffer *text,
                                        struct bulla_error *err) BULLA_CHECKED;
/** Verdict, checks, what was not checked, what to do next, what the evidence says; 80 columns. */
enum bulla_status bl_outcome_print(const struct bl_verify_outcome *outcome, struct bl_page *page,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Members of an open object: "permitted", "tier", "checks". */
void bl_verdict_write_json(const struct bl_verdict *verdict, struct bl_json_writer *j);

#endif

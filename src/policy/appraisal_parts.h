/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal_parts.h: what the canonical forms of both formats of a policy write and read alike.
 */
#ifndef BL_POLICY_APPRAISAL_PARTS_H
#define BL_POLICY_APPRAISAL_PARTS_H

#include "codec/cbor.h"
#include "policy/appraisal.h"

/* The keys that every policy begins with. */
enum bl_policy_key {
    BL_POLICY_KEY_FORMAT = 1,
    BL_POLICY_KEY_NAME,
    BL_POLICY_KEY_VERSION,
    BL_POLICY_KEY_SUBJECT,
    BL_POLICY_KEY_BINDING
};

void bl_policy_write_head(struct bl_writer *w, uint64_t format,
                          const struct bl_appraisal_policy *policy);
/** The value of a key of the head; false, and nothing read, for another key. The format is skipped:
 *  it chose the reader. */
bool bl_policy_read_head(struct bl_reader *r, uint64_t key, struct bl_appraisal_policy *policy);

/** Text for people: not empty, no NUL. */
struct bulla_bytes bl_policy_read_text(struct bl_reader *r, size_t size_max);
/** Of a size that digests have. */
struct bulla_bytes bl_policy_read_digest(struct bl_reader *r);

void bl_policy_write_pcr(struct bl_writer *w, struct bl_pcr_selection pcr);
/** Bank and index: one PCR. */
struct bl_pcr_selection bl_policy_read_pcr(struct bl_reader *r);

#endif

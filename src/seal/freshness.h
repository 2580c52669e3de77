/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/freshness.h: whether a blob is the newest one of its line, by a counter in a TPM.
 *
 * A blob carries the value that the counter is to have and an id of its own; the index beside the
 * counter is the pin: the ids of the present writing and of the one before (device/tpm.h). Writing:
 *
 *     bl_freshness_begin()      value = counter + 1, a fresh id
 *     ... write the blob under another name, durably ...
 *     bl_freshness_publish()    the pin: this id, and the one before
 *     ... rename, make the directory durable ...
 *     bl_freshness_commit()     counter + 1
 *
 * Many blobs may carry one anchor: one commit for all of them.
 * Guarantees: wherever this is interrupted, the blob that is in place opens, old or new, and the next
 * opening or writing completes or replaces it; once another was published, what was interrupted never
 * opens again; what has a lower value never opens again before TPM2_Clear, whoever writes the pin.
 * Does not: tell the two apart between publish and commit, when both open (the fork window, one
 * version); notice slots of a blob that were put back; help where the TPM's own state can be put back.
 * Format: docs/formats/sealed-blob.md, core key 8.
 */
#ifndef BL_SEAL_FRESHNESS_H
#define BL_SEAL_FRESHNESS_H

#include "seal/entropy.h"
#include "seal/seal.h"

#define BL_FRESHNESS_TPM 1 /* kind: a TPM counter and its pin */
/* NV indices of counters that are made here, each with its pin behind it. */
#define BL_FRESHNESS_INDEX_FIRST 0x01800b20u
#define BL_FRESHNESS_INDEX_LAST 0x01800bfeu

enum bl_freshness_verdict {
    BL_FRESHNESS_CURRENT = 1,
    BL_FRESHNESS_PENDING,   /* in place, but not counted yet: its writing was interrupted */
    BL_FRESHNESS_OLD,       /* a newer one was counted */
    BL_FRESHNESS_ABANDONED, /* its writing was interrupted, and another took its place */
    BL_FRESHNESS_AHEAD      /* the counter was never so high */
};
/** Pure. */
enum bl_freshness_verdict bl_freshness_judge(const struct bl_freshness_anchor *anchor,
                                             uint64_t counter, const struct bl_tpm_pin *pin);
/** Look at the TPM. COUNTER_MISSING. */
enum bulla_status bl_freshness_look(const struct bl_freshness_anchor *anchor, struct bl_tpm *tpm,
                                    enum bl_freshness_verdict *verdict_out, uint64_t *counter_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** What `requirements` demand of an authentic blob with this anchor (kind 0: none); completes what was
 *  interrupted. ROLLED_BACK, COUNTER_BEHIND, COUNTER_MISSING, NO_FRESHNESS, UNSUPPORTED. */
enum bulla_status bl_freshness_demand(const struct bl_freshness_anchor *anchor,
                                      const struct bl_unseal_requirements *requirements,
                                      struct bl_tpm *tpm, struct bulla_error *err) BULLA_CHECKED;

/** Make a new line: a counter and its pin at the first indices that are free. NOT_FOUND if none is. */
enum bulla_status bl_freshness_define(struct bl_tpm *tpm, uint32_t *index_out,
                                      struct bulla_error *err) BULLA_CHECKED;
/** The anchor of the next writing. `in_place` is what the blob that it replaces says of itself (kind 0:
 *  there is none): if that was written and not counted, it is counted first, because what is written now
 *  takes its place in the pin before it does on the disk. */
enum bulla_status bl_freshness_begin(struct bl_tpm *tpm, uint32_t index,
                                     const struct bl_freshness_anchor *in_place,
                                     const struct bl_entropy *entropy,
                                     struct bl_freshness_anchor *anchor_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** BUSY if somebody else wrote under this line meanwhile. */
enum bulla_status bl_freshness_publish(struct bl_tpm *tpm, const struct bl_freshness_anchor *anchor,
                                       struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_freshness_commit(struct bl_tpm *tpm, const struct bl_freshness_anchor *anchor,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif

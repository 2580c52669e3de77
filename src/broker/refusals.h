/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/refusals.h: how refusals come into the audit log, so that strangers cannot fill the disk.
 *
 * A refusal of a peer that has proved who it is (an enrolled platform, an admin, a TPM that gave a
 * credential back) is a record of its own, always. Of all others, the first few of an interval are;
 * the rest is counted by cause, and one record an interval, "refused_many", says how many there were.
 * Guarantees: strangers make the log grow by less than BL_REFUSALS_HOUR_SIZE_MAX bytes in any hour;
 * every refusal is recorded or counted, and a count stays until it is on the disk.
 * Does not: keep counts through a kill -9 or a power cut; those of one interval are lost then.
 */
#ifndef BL_BROKER_REFUSALS_H
#define BL_BROKER_REFUSALS_H

#include "broker/audit.h"

#define BL_REFUSALS_INTERVAL_S 300
#define BL_REFUSALS_SINGLE_MAX 30           /* of all causes together, in one interval */
#define BL_REFUSALS_SINGLE_PER_CAUSE_MAX 10 /* so that one cause does not hide the others */

/* Sizes of records in bytes, with their ends: what the bound rests on. */
#define BL_REFUSAL_SIZE_MAX 512
#define BL_REFUSALS_COUNTED_SIZE_MAX 5120
#define BL_REFUSAL_WORDS_SIZE_MAX 96 /* `what` and `where` each; longer ones are cut */
/* An hour touches one interval more than fits into it. */
#define BL_REFUSALS_HOUR_SIZE_MAX          \
    ((3600 / BL_REFUSALS_INTERVAL_S + 1) * \
     (BL_REFUSALS_SINGLE_MAX * BL_REFUSAL_SIZE_MAX + BL_REFUSALS_COUNTED_SIZE_MAX))

struct bl_refusals; /* calls from several threads take turns */

/** The audit log is borrowed and outlives it. */
enum bulla_status bl_refusals_new(struct bl_audit *audit, struct bl_refusals **out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Counts that were not recorded are gone: bl_refusals_settle() comes first. */
void bl_refusals_free(struct bl_refusals *refusals);
BL_DEFINE_FREEP(bl_refusals)

struct bl_refusals_moment {
    int64_t now_s;  /* Unix, for the records */
    int64_t now_ms; /* monotonic, for the intervals */
};
struct bl_refusals_moment bl_refusals_now(void);

/** Record or count one. A peer that went away in good order is no refusal. */
void bl_refusals_add(struct bl_refusals *refusals, bool peer_is_proved, const char *peer,
                     const struct bulla_error *why, struct bl_refusals_moment now);
/** Record the counts if their interval is over, or `at_once`. On failure they are kept. */
enum bulla_status bl_refusals_settle(struct bl_refusals *refusals, bool at_once,
                                     struct bl_refusals_moment now,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif

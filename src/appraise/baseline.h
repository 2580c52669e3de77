/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appraise/baseline.h: what the built-in default-deny baseline says of genuine evidence without a
 * policy: debug off, TCB up to date, VMPL 0, no migration, life cycle secured, no SHA-1, the boot PCRs
 * covered. Identity and freshness are not part of it.
 */
#ifndef BL_APPRAISE_BASELINE_H
#define BL_APPRAISE_BASELINE_H

#include "tee/claims.h"

#define BL_BASELINE_REASON_COUNT_MAX 8

struct bl_baseline {
    bool accepted; /* false while any reason stands, and for claims that were never verified */
    const char *reasons[BL_BASELINE_REASON_COUNT_MAX]; /* static */
    size_t reason_count;
};
void bl_baseline_judge(const struct bl_claims *claims, struct bl_baseline *baseline_out);

#endif

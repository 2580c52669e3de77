/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appraise/checks.h: what the files of appraise/ share. Each function records the checks that its name
 * says, passed or not; a check that is not recorded has not passed.
 */
#ifndef BL_APPRAISE_CHECKS_H
#define BL_APPRAISE_CHECKS_H

#include "appraise/appraise.h"

/** What every check sees. */
struct bl_appraisal {
    const struct bl_claims *claims;
    const struct bl_appraisal_policy *policy;
    int64_t now_s;
    struct bl_verdict *verdict;
    uint64_t recorded; /* bit 1 << enum bl_check_id */
};

/** Add a check; the record, to be completed. Never NULL: what there is no room for is recorded over
 *  the last one, and too many checks refuse. */
struct bl_check *bl_check_record(struct bl_appraisal *a, enum bl_check_id id, bool passed,
                                 struct bulla_value found, struct bulla_value expected);
/** A value that is absent is shown as such, never as zero or as an empty string of bytes. */
struct bulla_value bl_value_shown(struct bulla_bytes bytes);
/** One value against a list of accepted ones. */
struct bl_check *bl_check_list(struct bl_appraisal *a, enum bl_check_id id,
                               const struct bl_policy_list *list, struct bulla_bytes value);
/** One number against a floor. */
struct bl_check *bl_check_floor(struct bl_appraisal *a, enum bl_check_id id,
                                const struct bl_floor *floor, struct bl_claim_number found);
/** Lift a check that has failed, if an exception for `word` and `value` holds for this platform now. */
void bl_check_except(struct bl_appraisal *a, struct bl_check *check, const char *word,
                     struct bulla_bytes value);

/* appraise/condition.c: how the platform is */
void bl_check_debug(struct bl_appraisal *a);
void bl_check_life_cycle(struct bl_appraisal *a);
void bl_check_endorsements(struct bl_appraisal *a);
void bl_check_tcb(struct bl_appraisal *a); /* TCB_STATUS, _ADVISORY, _DATE, _EVALUATION */
void bl_check_collateral_age(struct bl_appraisal *a);                  /* COLLATERAL_AGE */
void bl_check_module(struct bl_appraisal *a);                          /* TDX_MODULE */
void bl_check_firmware(struct bl_appraisal *a);                        /* FIRMWARE, MITIGATIONS */
void bl_check_flags(struct bl_appraisal *a, enum bl_policy_kind kind); /* ATTRIBUTES */
void bl_check_guest(struct bl_appraisal *a);                           /* PLATFORM_INFO, VMPL */
void bl_check_migration(struct bl_appraisal *a);                       /* MIGRATION */
void bl_check_service_td(struct bl_appraisal *a);                      /* SERVICE_TD */

/* appraise/measured.c: what was measured */
void bl_check_platform_pcrs(struct bl_appraisal *a);
void bl_check_registers(struct bl_appraisal *a);
void bl_check_events(struct bl_appraisal *a, enum bl_policy_kind kind);

#endif

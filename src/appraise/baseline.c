/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/baseline.h"

static void
refuse(struct bl_baseline *baseline, const char *reason)
{
    if (baseline->reason_count < BL_BASELINE_REASON_COUNT_MAX)
        baseline->reasons[baseline->reason_count++] = reason;
}

static void
judge_tpm(const struct bl_tpm_claims *tpm, struct bl_baseline *baseline)
{
    if (tpm->signature_hash == BL_SHA1)
        refuse(baseline, "sha1 signature");
    if (tpm->selection.bank == BL_SHA1)
        refuse(baseline, "sha1 PCR bank");
    if ((tpm->selection.mask & BL_PCR_MASK_BOOT) != BL_PCR_MASK_BOOT)
        refuse(baseline, "boot PCRs (0 to 7) not quoted");
    if (tpm->pcrs.mask == 0)
        refuse(baseline, "PCR values not given");
}

void
bl_baseline_judge(const struct bl_claims *claims, struct bl_baseline *baseline_out)
{
    struct bl_baseline baseline = { .accepted = false };

    if (claims->kind == NULL)
        refuse(&baseline, "evidence not verified");
    if (claims->platform_class == BL_CLASS_ABSENT)
        refuse(&baseline, "no platform class");
    if (claims->debug.is_present && claims->debug.value)
        refuse(&baseline, "debug");
    if (claims->tcb.is_rated && claims->tcb.status != BL_TCB_UP_TO_DATE)
        refuse(&baseline, claims->tcb.status == BL_TCB_ABSENT ? "TCB not rated" : "TCB status");
    if (claims->vmpl.is_present && claims->vmpl.value != 0)
        refuse(&baseline, "not at VMPL 0");
    if (claims->migratable.is_present && claims->migratable.value)
        refuse(&baseline, "state may be migrated");
    if (claims->secured.is_present && !claims->secured.value)
        refuse(&baseline, "life cycle not secured");
    if (claims->platform.is_present)
        judge_tpm(&claims->platform, &baseline);
    else if (claims->enclave.is_present)
        refuse(&baseline, "nothing measures the monitor");
    baseline.accepted = baseline.reason_count == 0;
    *baseline_out = baseline;
}

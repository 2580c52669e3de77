/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEV-SNP evidence: what decodes lies within the input, and can be shown as JSON; what nobody signed
 * is never believed; refusals are findings.
 */
#include "fuzz_scheme.h"

#include "tee/snp/structures.h"
#include "tee/snp/verify.h"

static bool
is_within(struct bulla_bytes part, struct bulla_bytes whole)
{
    return part.size == 0 || (part.data >= whole.data && part.size <= whole.size &&
                              (size_t)(part.data - whole.data) <= whole.size - part.size);
}

static void
check_table(struct bulla_bytes evidence)
{
    struct bulla_bytes report = { NULL, 0 };
    struct bl_snp_table table;
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_snp_evidence_split(evidence, &report, &table, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return;
    }
    FUZZ_ASSERT(report.data == evidence.data && report.size == BL_SNP_REPORT_SIZE);
    FUZZ_ASSERT(is_within(table.vcek, evidence) && is_within(table.vlek, evidence));
    FUZZ_ASSERT(is_within(table.ask, evidence) && is_within(table.ark, evidence));
    FUZZ_ASSERT(is_within(table.crl, evidence));
}

static void
check_shown(const struct bl_verification *v)
{
    struct bulla_error err = { 0 };
    enum bulla_status status = fuzz_describe(bl_snp_describe, v, &err);

    if (status != BULLA_OK) /* a leaf beside the report that is none */
        fuzz_check_refusal(status, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bl_verification v = { .evidence = { data, size }, .now_s = 1800000000 };
    struct bl_claims claims = { .kind = NULL };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_snp_verify(&v, &claims, &err);

    fuzz_check_refusal(status, &err);
    FUZZ_ASSERT(claims.kind == NULL);
    check_table(v.evidence);
    bulla_error_clear(&err);
    status = bl_snp_inspect(&v, &claims, &err);
    if (status == BULLA_OK) {
        FUZZ_ASSERT(claims.platform_class == BL_CLASS_ABSENT && claims.anchor == NULL);
        check_shown(&v);
    } else {
        fuzz_check_refusal(status, &err);
    }
    return 0;
}

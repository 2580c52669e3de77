/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Azure's envelope and runtime data: what decodes lies within the input, one after the other, and
 * nothing but zeros follows; what nobody signed is never believed; refusals are findings.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "tee/azure/verify.h"

static void
check_runtime(struct bulla_bytes text)
{
    BL_AUTO_FREE(bl_json) runtime = NULL;
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_azure_runtime_parse(text, &runtime, &err);

    if (status == BULLA_OK)
        status = bl_azure_runtime_key(runtime, &key, &err);
    if (status == BULLA_OK)
        FUZZ_ASSERT(bl_key_kind(key) == BL_KEY_RSA);
    else
        fuzz_check_refusal(status, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bl_verification v = { .evidence = { data, size }, .now_s = 1800000000 };
    struct bl_claims claims = { .kind = NULL };
    struct bl_azure_report report;
    struct bulla_error err = { 0 };

    fuzz_check_refusal(bl_azure_verify(&v, &claims, &err), &err);
    FUZZ_ASSERT(claims.kind == NULL);
    bulla_error_clear(&err);
    enum bulla_status status = bl_azure_report_decode(v.evidence, &report, &err);
    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        check_runtime(v.evidence);
        return 0;
    }
    FUZZ_ASSERT(report.hardware.data == data + 32);
    const size_t end = (size_t)(report.runtime_data.data - data) + report.runtime_data.size;
    FUZZ_ASSERT(end <= size && bl_all_zero((struct bulla_bytes){ data + end, size - end }));
    check_runtime(report.runtime_data);
    return 0;
}

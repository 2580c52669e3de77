/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report that decodes is accounted for to the last byte: signed, signature, padding. Without a
 * chain of certificates, none is believed.
 */
#include "fuzz.h"

#include "tee/nvidia/structures.h"
#include "tee/nvidia/verify.h"

static bool
is_within(struct bulla_bytes part, struct bulla_bytes whole)
{
    return part.size == 0 ||
           (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

static void
check(const struct bl_nvidia_report *report, struct bulla_bytes bytes)
{
    FUZZ_ASSERT(report->signed_bytes.data == bytes.data);
    FUZZ_ASSERT(report->signature.data == bytes.data + report->signed_bytes.size);
    FUZZ_ASSERT(report->signature.size == BL_NVIDIA_SIGNATURE_SIZE);
    FUZZ_ASSERT(report->signed_bytes.size + report->signature.size + report->trailing_size ==
                bytes.size);
    FUZZ_ASSERT(is_within(report->nonce, report->signed_bytes));
    FUZZ_ASSERT(is_within(report->responder_nonce, report->signed_bytes));
    for (size_t i = 0; i < report->measurement_count; i++)
        FUZZ_ASSERT(is_within(report->measurements[i].value, report->signed_bytes));
    for (size_t i = 0; i < report->opaque_count; i++)
        FUZZ_ASSERT(is_within(report->opaque[i].value, report->signed_bytes));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_verification v = { .evidence = { data, size } };
    static struct bl_nvidia_report report;
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_nvidia_report_decode(v.evidence, &report, &err);

    if (status == BULLA_OK)
        check(&report, v.evidence);
    else
        fuzz_check_refusal(status, &err);
    FUZZ_ASSERT(bl_nvidia_verify(&v, &claims, NULL) ==
                (status == BULLA_OK ? BULLA_E_UNTRUSTED : status));
    FUZZ_ASSERT(claims.kind == NULL);
    return 0;
}

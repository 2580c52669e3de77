/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A digest and a signature of an RSA key's size are told apart to the byte. Without a nonce, or a key
 * to trust, nothing is believed.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "tee/optee/structures.h"
#include "tee/optee/verify.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bl_part nonce = { "nonce", BL_LITERAL("nonce") };
    struct bl_verification v = { .evidence = { data, size } };
    struct bl_optee_report report = { 0 };
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_optee_decode(v.evidence, &report, &err);

    if (status == BULLA_OK) {
        FUZZ_ASSERT(report.digest.data == data && report.digest.size == 32);
        FUZZ_ASSERT(report.signature.data == data + 32 && report.signature.size == size - 32);
        FUZZ_ASSERT(report.signature.size >= 256 && report.signature.size <= 512);
        FUZZ_ASSERT(bl_optee_verify(&v, &claims, NULL) == BULLA_E_MISMATCH);
        v.parts = &nonce;
        v.part_count = 1;
        FUZZ_ASSERT(bl_optee_verify(&v, &claims, NULL) == BULLA_E_UNTRUSTED);
    } else {
        FUZZ_ASSERT(report.digest.data == NULL);
        fuzz_check_refusal(status, &err);
        FUZZ_ASSERT(bl_optee_verify(&v, &claims, NULL) == status);
    }
    FUZZ_ASSERT(claims.kind == NULL);
    return 0;
}

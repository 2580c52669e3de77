/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence that decodes has one encoding: encoded again, it is the same bytes.
 */
#include "fuzz.h"

#include "tee/tpm/evidence.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bl_tpm_evidence evidence;
    struct bulla_error err = { 0 };
    struct bulla_bytes bytes = { data, size };
    enum bulla_status status = bl_tpm_evidence_decode(bytes, &evidence, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(evidence.platform.is_present || evidence.enclave.is_present);
    FUZZ_ASSERT(bl_tpm_evidence_encode(&evidence, &again, &err) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&again), bytes));
    return 0;
}
